"""Growth of the moments where the noise grows with the error."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import rows_textbook as textbook
import scipy.sparse as sp
from test_row_theory import sparse_text_data

import nqmbench as nq
from nqmbench.errors import InvalidArguments
from nqmbench.mean_square import curvature_moments, growth, krylov_growth
from nqmbench.moment_maps import covariance_map, quartic_map

X = np.array([[1.0, 0.5], [-0.3, 1.2], [0.8, -0.7], [0.1, 0.4]])
Y = np.array([1.0, -0.5, 0.7, 0.2])


def limit(problem, order, method=nq.sgd, batch=1):
    """The step size at which the moment of this order ceases to be bounded."""
    low, high = 1e-3, 4.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        factor = nq.moment_growth(nq.Experiment(problem, method(middle), batch))[order]
        low, high = (middle, high) if factor < 1 else (low, middle)
    return low


@pytest.mark.parametrize(("order", "bound"), [(1, 2.0), (2, 2 / 3), (4, 0.383), (8, 0.207)])
def test_every_order_of_gaussian_rows_has_its_own_limit(order, bound):
    # in units of 2 eta l
    assert 2 * limit(nq.GaussianRows(1.0), order) == pytest.approx(bound, abs=5e-4)
    assert 2 * 5 * limit(nq.GaussianRows(5.0), order) == pytest.approx(bound, abs=5e-4)


def test_the_limits_of_the_comparison_script_are_those_of_its_data():
    rng = np.random.RandomState(42)  # the text's 100 points, with a column for the intercept
    x = np.hstack([rng.rand(100, 1), np.ones((100, 1))])
    problem = nq.LeastSquares(x, 2 * x[:, 0] - 0.5 + rng.randn(100) * 0.1)

    def momentum(lr):
        return nq.heavy_ball(lr, 0.9)

    assert limit(problem, 1) == pytest.approx(0.8078, abs=5e-5)
    assert limit(problem, 2) == pytest.approx(0.7185, abs=5e-5)
    assert limit(problem, 1, momentum) == pytest.approx(1.5348, abs=5e-5)
    assert limit(problem, 2, momentum) == pytest.approx(0.2571, abs=5e-5)
    whole = nq.LeastSquares(x, problem.y, replacement=False)
    assert limit(whole, 2, batch=100) == pytest.approx(0.8078, abs=5e-5)


@pytest.mark.parametrize("replacement", [True, False])
@pytest.mark.parametrize("order", [2, 4])
def test_the_factor_is_the_radius_of_the_mean_of_all_kronecker_powers(order, replacement):
    eta, beta, B = 0.4, 0.5, 2
    drawn = textbook.batches(4, B, replacement)
    powers = []
    for rows in drawn:
        H = 2 * X[list(rows)].T @ X[list(rows)] / B
        K = np.block([[np.eye(2) - eta * H, -eta * beta * np.eye(2)], [H, beta * np.eye(2)]])
        power = K
        for _ in range(order - 1):
            power = np.kron(power, K)
        powers.append(power)
    vector = np.zeros(4**order)  # u^r summed over many u: symmetric, and in the cone
    for signs in itertools.product((-1.0, 1.0, 2.0), repeat=4):
        power = np.array(signs)
        for _ in range(order - 1):
            power = np.kron(power, signs)
        vector += power
    mean = np.mean(powers, axis=0)
    for _ in range(300):
        vector = mean @ vector
        factor = np.linalg.norm(vector)
        vector /= factor
    method = nq.heavy_ball(eta, beta)
    e = nq.Experiment(nq.LeastSquares(X, Y, replacement=replacement), method, B)
    assert nq.moment_growth(e)[order] == pytest.approx(factor, rel=1e-9)
    other = nq.Experiment(nq.LeastSquares(X, Y, replacement=not replacement), method, B)
    assert nq.moment_growth(other)[order] != pytest.approx(factor, rel=1e-3)


@pytest.mark.parametrize(
    "problem",
    [nq.LeastSquares(X[:, :1], Y), nq.LeastSquares(X[:, :1], Y, 0.0, False), nq.GaussianRows(0.7)],
)
def test_in_one_dimension_all_ways_agree(problem):
    for method in (nq.sgd(0.3), nq.averaged(nq.nesterov(0.1, 0.6), 0.9)):
        e = nq.Experiment(problem, method, 3)
        found = nq.moment_growth(e)
        assert found[2] == pytest.approx(growth(covariance_map(e)[0]), rel=1e-9)
        assert found[4] == pytest.approx(growth(quartic_map(e, homogeneous=True)[0]), rel=1e-9)


@pytest.mark.parametrize("replacement", [True, False])
@pytest.mark.parametrize("B", [1, 2, 3])
def test_the_moments_of_a_batch_curvature_are_those_over_all_batches(B, replacement):
    problem = nq.LeastSquares(X[:, :1], Y, replacement=replacement)
    drawn = textbook.batches(4, B, replacement)
    s = np.array([np.mean(2 * X[list(rows), 0] ** 2) for rows in drawn])
    expected = [np.mean(s**k) for k in range(9)]
    assert curvature_moments(problem, B, 8) == pytest.approx(expected, rel=1e-12)


def test_the_moment_of_a_simulated_stream_grows_by_the_factor():
    # E e^2 of SGD with B = 2 on Gaussian rows without label noise: exactly a power of the factor.
    e = nq.Experiment(nq.GaussianRows(1.0), nq.sgd(0.2), 2, 3, [3], ["distance"])
    factor = nq.moment_growth(e)[2]
    assert nq.exact(e).mean[0, 0] == pytest.approx(factor**3, rel=1e-12)


def test_many_coordinates_are_searched_by_arnoldi():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(40, 12)) * (rng.random((40, 12)) < 0.3)
    for rows in (x, sp.csr_matrix(x)):
        e = nq.Experiment(nq.LeastSquares(rows, np.ones(40)), nq.heavy_ball(0.05, 0.9), 2)
        assert krylov_growth(e) == pytest.approx(growth(covariance_map(e)[0]), rel=1e-5)


def test_many_streaming_coordinates_obey_the_secular_equation():
    l, eta, B = np.geomspace(0.01, 1.0, 1500), 0.01, 2  # noqa: E741
    factor = nq.moment_growth(nq.Experiment(nq.GaussianRows(l), nq.sgd(eta), B))[2]
    alone = 1 - 4 * eta * l + 4 * eta**2 * l**2 * (1 + 1 / B)
    assert np.sum(4 * eta**2 * l**2 / B / (factor - alone)) == pytest.approx(1.0, rel=1e-3)


def test_a_direction_that_no_row_touches_stays_as_it_is():
    e = nq.Experiment(nq.LeastSquares([[1.0, 0.0], [0.5, 0.0]], [1.0, 1.0]), nq.sgd(0.1))
    assert nq.moment_growth(e)[1] == nq.moment_growth(e)[2] == 1.0


@pytest.mark.parametrize("eta", [0.02, 0.05, 0.1])
def test_dependent_columns_leave_a_direction_untouched_whatever_the_rounding(eta):
    rows = np.random.default_rng(0).normal(size=(6, 2))
    problem = nq.LeastSquares(np.c_[rows, rows.sum(axis=1)], rows[:, 0] ** 2, w0=1.0)
    e = nq.Experiment(problem, nq.sgd(eta / 2))
    assert set(nq.moment_growth(e).values()) == {1.0}
    with pytest.raises(InvalidArguments, match="no direction untouched"):
        nq.steady_state(e)


def test_what_is_gone_after_one_step_grows_by_nothing():
    signs = nq.LeastSquares([[1.0], [1.0], [-1.0]], [0.0, 1.0, 2.0])
    assert nq.moment_growth(nq.Experiment(signs, nq.sgd(0.5))) == pytest.approx(
        dict.fromkeys((1, 2, 4, 6, 8), 0.0), abs=1e-12
    )
    full = nq.LeastSquares(np.eye(2), [0.0, 1.0], replacement=False)
    assert nq.moment_growth(nq.Experiment(full, nq.sgd(1.0), batch=2))[2] == 0.0
    assert krylov_growth(nq.Experiment(full, nq.sgd(1.0), batch=2)) == 0.0


def test_too_many_ways_to_draw_are_not_gone_through():
    rows = np.random.default_rng(0).normal(size=(2000, 1))
    problem = nq.LeastSquares(rows, rows[:, 0], replacement=False)
    assert set(nq.moment_growth(nq.Experiment(problem, nq.sgd(0.1), batch=1000))) == {1, 2, 4}
    assert set(nq.moment_growth(nq.Experiment(problem, nq.sgd(0.1), batch=100))) == {1, 2, 4, 6, 8}


def test_of_a_long_sparse_matrix_the_mean_decays_as_its_flattest_direction():
    x = sp.random_array((3500, 20), density=0.2, random_state=0, format="csr")
    e = nq.Experiment(nq.LeastSquares(x, np.ones(3500)), nq.sgd(0.1))
    smallest = np.linalg.eigvalsh(e.problem.hessian).min()
    assert nq.moment_growth(e)[1] == pytest.approx(1 - 0.1 * smallest, rel=1e-9)
    assert e.symbols["mu"] == pytest.approx(smallest, rel=1e-9)
    assert not e.problem.flat


@pytest.mark.parametrize(
    ("experiment", "allowed"),
    [
        (nq.Experiment(nq.NoisyQuadratic(1.0), nq.sgd(0.1)), "LeastSquares or GaussianRows"),
        (nq.Experiment(nq.GaussianRows(1.0), nq.sgd(nq.inverse_sqrt(0.1))), "without schedules"),
        (3, "an Experiment"),
    ],
)
def test_other_experiments_are_refused(experiment, allowed):
    with pytest.raises(InvalidArguments, match=allowed):
        nq.moment_growth(experiment)


@pytest.mark.slow
def test_the_sparse_script_with_momentum_is_unstable_in_mean_square():
    e = nq.Experiment(nq.LeastSquares(*sparse_text_data()), nq.heavy_ball(0.01, 0.9))
    found = nq.moment_growth(e)
    assert found[1] <= 1.0 + 1e-9
    assert found[2] == pytest.approx(1.017239, abs=2e-6)  # 1.7 % a step in the long run
