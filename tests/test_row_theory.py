"""Exact moments on drawn rows: against every batch of every step, and 40-digit values."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import rows_textbook as textbook
import scipy.sparse as sp

import nqmbench as nq
from nqmbench.row_shapes import batch_factors

ROUNDING = 1e-12  # relative
HERE = Path(__file__).parent
SHARED = HERE.parents[1] / "shared" / "reference" / "reference_lsq.json"
X = np.array([[1.0, 0.5], [-0.3, 1.2], [0.8, -0.7], [0.1, 0.4]])
Y = np.array([1.0, -0.5, 0.7, 0.2])
W0 = np.array([0.4, -0.2])
ALL = ("loss", "distance", "w[i]")

RULES = {
    "SGD": lambda eta, beta: nq.sgd(eta),
    "heavy ball, gradient velocity": nq.heavy_ball,
    "heavy ball, step velocity": lambda eta, beta: nq.heavy_ball(eta, beta, velocity="step"),
    "Nesterov, look-ahead": nq.nesterov,
    "Nesterov, PyTorch": lambda eta, beta: nq.nesterov(eta, beta, form="pytorch"),
}


def enumerated(rule, sizes, replacement, eta, beta, gamma=None):
    """Mean and variance of every observable over all sequences of batches."""
    answers = textbook.all_answers(rule, X, Y, W0, sizes, replacement, eta, beta, gamma)
    optimum = np.linalg.lstsq(X, Y, rcond=None)[0]
    known = textbook.observables(X, Y, optimum)
    return {name: textbook.moments([of(w) for w in answers]) for name, of in known.items()}


def assert_exact(experiment, truth):
    frame = nq.exact(experiment).to_frame()
    assert set(frame["observable"]) == set(truth)
    for row in frame.itertuples():
        mean, variance = truth[row.observable]
        assert row.mean == pytest.approx(mean, rel=ROUNDING, abs=1e-15)
        assert row.variance == pytest.approx(variance, rel=ROUNDING, abs=1e-15)


@pytest.mark.parametrize("replacement", [True, False])
@pytest.mark.parametrize("average", [None, 0.8])
@pytest.mark.parametrize("rule", RULES)
def test_moments_are_those_over_all_batches(rule, average, replacement):
    eta, beta, steps = 0.15, 0.6, 3
    method = RULES[rule](eta, beta)
    if average is not None:
        method = nq.averaged(method, average)
    problem = nq.LeastSquares(X, Y, W0, replacement)
    e = nq.Experiment(problem, method, 2, steps, [steps], ALL)
    args = ([2] * steps, replacement, [eta] * steps, [beta] * steps, average)
    assert_exact(e, enumerated(rule, *args))


@pytest.mark.parametrize("replacement", [True, False])
def test_schedules_and_growing_batches_are_exact(replacement):
    eta = [0.2, 0.1, 0.05]
    sizes = [1, 2, 4] if not replacement else [1, 2, 3]
    method = nq.heavy_ball(nq.schedule(eta), 0.6)
    problem = nq.LeastSquares(X, Y, W0, replacement)
    e = nq.Experiment(problem, method, nq.schedule(sizes), 3, [3], ALL)
    truth = enumerated("heavy ball, gradient velocity", sizes, replacement, eta, [0.6] * 3)
    assert_exact(e, truth)


def test_without_replacement_is_not_with_it():  # the negative control of the two above
    e = nq.Experiment(nq.LeastSquares(X, Y, W0, True), nq.sgd(0.15), 2, 2, [2], ALL)
    truth = enumerated("SGD", [2, 2], False, [0.15] * 2, [0.0] * 2)
    with pytest.raises(AssertionError):
        assert_exact(e, truth)


def test_a_full_batch_without_replacement_is_gradient_descent():
    e = nq.Experiment(nq.LeastSquares(X, Y, W0, False), nq.sgd(0.15), 4, 30, [0, 30], ALL)
    found, w = nq.exact(e), W0
    for _ in range(30):
        w = w - 0.15 * textbook.gradient(X, Y, range(4), w)
    assert e.noiseless
    assert not found.variance.any()
    assert found.mean[1, 2:] == pytest.approx(w, rel=ROUNDING)
    assert found.mean[1, 0] == pytest.approx(np.mean((X @ w - Y) ** 2), rel=ROUNDING)


def test_the_start_is_known_exactly():
    e = nq.Experiment(nq.LeastSquares(X, Y, W0), nq.sgd(0.15), 1, 1, [0], ALL)
    found = nq.exact(e)
    assert not found.variance.any()
    assert found.mean[0, 2:] == pytest.approx(W0, rel=ROUNDING)


@pytest.mark.parametrize("B", [1, 2, 3, 4, 5])
def test_what_a_batch_leaves_of_the_moments_is_that_over_all_batches(B):
    values = np.array([2.0, -1.0, 0.5, 3.0, -4.5])  # of sum 0
    for replacement in (True, False):
        problem = nq.LeastSquares(np.ones((5, 1)), values, 0.0, replacement)
        means = [values[list(rows)].mean() for rows in textbook.batches(5, B, replacement)]
        f, D2 = batch_factors(problem, float(B)), np.mean(values**2)
        expected = [np.mean(np.array(means) ** r) for r in (2, 3, 4)]
        fourth = f.f4 * np.mean(values**4) + 3 * f.f22 * D2**2
        found = [f.f2 * D2, f.f3 * np.mean(values**3), fourth]
        assert found == pytest.approx(expected, rel=ROUNDING, abs=1e-13)


@pytest.mark.parametrize("method", [nq.sgd(0.1), nq.heavy_ball(0.02, 0.9), nq.nesterov(0.02, 0.9)])
@pytest.mark.parametrize("replacement", [True, False])
def test_sparse_rows_have_the_moments_of_dense_ones(method, replacement):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(30, 12)) * (rng.random((30, 12)) < 0.2)
    y = x @ rng.normal(size=12) + rng.normal(size=30)
    dense, sparse = (
        nq.exact(
            nq.Experiment(
                nq.LeastSquares(rows, y, 0.5, replacement), method, 3, 40, observables=ALL
            )
        )
        for rows in (x, sp.csr_matrix(x))
    )
    assert sparse.mean == pytest.approx(dense.mean, rel=1e-10)
    known = ~np.isnan(dense.variance)
    assert known[:, 2:].all()
    assert sparse.variance[known] == pytest.approx(dense.variance[known], rel=1e-9, abs=1e-14)


def test_in_many_dimensions_the_variance_of_a_loss_is_not_known():
    x = np.random.default_rng(0).normal(size=(20, 10))
    e = nq.Experiment(nq.LeastSquares(x, np.ones(20)), nq.sgd(0.01), 1, 5, [0, 5], ("loss", "w[0]"))
    variance = nq.exact(e).variance
    assert variance[0].tolist() == [0.0, 0.0]
    assert np.isnan(variance[1, 0])
    assert variance[1, 1] > 0


def test_the_shape_of_a_weight_is_that_over_all_batches():
    e = nq.Experiment(nq.LeastSquares(X, Y, W0), nq.sgd(0.3), 1, 3, [3], ["w[1]"])
    args = ([1] * 3, True, [0.3] * 3, [0.0] * 3)
    values = textbook.all_answers("SGD", X, Y, W0, *args)[:, 1]
    centred = values - values.mean()
    spread = np.sqrt(np.mean(centred**2))
    found = nq.exact(e)
    assert found.skewness[0, 0] == pytest.approx(np.mean(centred**3) / spread**3, rel=1e-10)
    assert found.kurtosis[0, 0] == pytest.approx(np.mean(centred**4) / spread**4 - 3, rel=1e-10)


# ---- the steady state ----


@pytest.mark.parametrize("method", [nq.sgd(0.2), nq.averaged(nq.heavy_ball(0.05, 0.5), 0.9)])
@pytest.mark.parametrize(
    "problem",
    [nq.LeastSquares(X[:3], Y[:3], W0, False), nq.GaussianRows(1.0, label_std=0.5)],
)
def test_the_steady_state_is_where_long_runs_end(problem, method):
    e = nq.Experiment(problem, method, 2, 400, [400], ALL)
    settled, late = nq.steady_state(e), nq.exact(e)
    assert settled.mean == pytest.approx(late.mean, rel=1e-9, abs=1e-12)
    assert settled.variance == pytest.approx(late.variance, rel=1e-8)
    assert settled.kurtosis[:, 2:] == pytest.approx(late.kurtosis[:, 2:], rel=1e-6, abs=1e-9)


def test_without_mean_square_stability_there_is_no_steady_state():
    e = nq.Experiment(nq.GaussianRows(1.0, label_std=1.0), nq.sgd(0.4))  # the mean is stable
    with pytest.raises(nq.errors.InvalidArguments, match="stable in mean square"):
        nq.steady_state(e)
    wide = nq.Experiment(nq.LeastSquares(np.eye(60), np.ones(60)), nq.sgd(0.1))
    with pytest.raises(nq.errors.InvalidArguments, match="fewer coordinates"):
        nq.steady_state(wide)


def test_a_loss_without_a_fourth_moment_of_the_weights_has_no_variance():
    stream = nq.GaussianRows(1.0, label_std=1.0)
    found = nq.steady_state(nq.Experiment(stream, nq.sgd(0.25), observables=ALL))
    assert np.isinf(found.variance[0, :2]).all()
    assert np.isfinite(found.variance[0, 2])
    assert np.isfinite(found.mean).all()


# ---- against values computed apart, with 40 digits ----


def experiment_of(config, datasets):
    data, eta, gamma = datasets[config["dataset"]], float(config["eta"]), float(config["gamma"])
    x, y = (np.array(data[name], dtype=float) for name in ("X", "y"))
    method = {
        "sgd": lambda: nq.sgd(eta),
        "hb": lambda: nq.heavy_ball(eta, gamma, velocity="step"),
        "nag": lambda: nq.nesterov(eta, gamma),
    }[config["method"]]()
    problem = nq.LeastSquares(x, y, replacement=config["with_replacement"])
    return nq.Experiment(problem, method, config["B"], config["t"], [config["t"]], ALL)


def worst(path):
    """The largest relative deviation from the values of a reference, and how many there are."""
    reference = json.loads(path.read_text())
    largest = 0.0
    for config in reference["configs"]:
        found = nq.exact(experiment_of(config, reference["datasets"]))
        values = {
            "E_loss": found.mean[0, 0], "Var_loss": found.variance[0, 0],
            "E_dist2": found.mean[0, 1], "Var_dist2": found.variance[0, 1],
            "E_w": found.mean[0, 2:],
        }  # fmt: skip
        for name, value in values.items():
            largest = max(largest, float(np.abs(value / np.array(config[name], float) - 1).max()))
    return largest, len(reference["configs"])


def test_some_configurations_agree_with_the_40_digit_reference():
    largest, count = worst(HERE / "data" / "reference_lsq.json")
    assert count == 12
    assert largest < ROUNDING


@pytest.mark.skipif(not SHARED.exists(), reason="the whole reference is not here")
def test_all_122_configurations_agree_with_the_40_digit_reference():
    largest, count = worst(SHARED)
    assert count == 122
    assert largest < ROUNDING


# ---- the second text's sparse regression ----


def sparse_text_data():
    """1000 rows of 1000 coordinates with 10 entries each, as the text's script draws them."""
    rng, x = np.random.RandomState(42), np.zeros((1000, 1000))
    for i in range(1000):
        places = rng.choice(1000, 10, replace=False)
        x[i, places] = rng.randn(10)
    truth = rng.randn(1000)
    return sp.csr_matrix(x), x @ truth + rng.randn(1000) * 0.1


def test_the_first_step_of_the_sparse_script_gains_what_the_text_s_numbers_say():
    e = nq.Experiment(nq.LeastSquares(*sparse_text_data()), nq.sgd(0.01), 1, 1, [0, 1])
    start, after = nq.exact(e).mean[:, 0]
    assert start == pytest.approx(9.1704, abs=5e-5)
    assert start - after == pytest.approx(0.00695, abs=5e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "loss"), [(nq.sgd(0.01), 8.50819), (nq.heavy_ball(0.01, 0.9), 11.15062)]
)
def test_in_expectation_momentum_raises_the_loss_of_the_sparse_script(method, loss):
    e = nq.Experiment(nq.LeastSquares(*sparse_text_data()), method, 1, 100, [0, 100])
    assert nq.exact(e).mean[:, 0] == pytest.approx([9.1704, loss], abs=5e-5)
