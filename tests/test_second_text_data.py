"""The second text's data: its recipes give its numbers, and exact theory the known answers."""

import importlib
from types import SimpleNamespace

import numpy as np
import pytest

import nqmbench as nq
from nqmbench.simulation import Conditions, run_increment
from nqmbench.suites import shipped_folder
from nqmbench.verdicts import GATE

PRINTED = 5e-6  # relative: the known answers have five or six digits
FEW_DIGITS = 5e-3  # relative: those with two to four


@pytest.fixture(scope="module")
def text():
    """The suites' own modules: the data, and what rows say by formula."""
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(shipped_folder())
        names = (
            "_data",
            "_rows",
            "_second_text",
            "optimisers",
            "noisy_data",
            "batch_sizes",
            "sparse_features",
        )
        yield SimpleNamespace(**{name.strip("_"): importlib.import_module(name) for name in names})


def close(seen, known, relative=PRINTED):
    """Equal up to the last digit of a known answer."""
    return seen == pytest.approx(known, rel=relative)


# -- recipes ---------------------------------------------------------------------------------------


def test_the_points_are_the_texts(text):
    _, points = text.data.point_rows()
    assert close(points.var(), 8.52589)
    assert close(points.mean(), 4.902566)


def test_the_line_is_the_texts(text):
    rows = text.data.line_rows()
    assert close(text.rows.least(rows), [2.4874, -0.9556], FEW_DIGITS)
    assert close(text.rows.descent(rows, 0.1, 50)[-1], [1.2836, -0.3455], 1e-4)
    mu, L = text.rows.curvatures(rows)
    assert close(mu, 0.1341, FEW_DIGITS)
    assert close(2 / L, 0.8067, 1e-4)


def test_the_sparse_rows_and_the_scripts_own_run_are_the_texts(text):
    x, y, drawn = text.data.sparse_script()
    assert x.shape == (1000, 1000)
    assert (np.count_nonzero(x, axis=1) == 10).all()
    assert close(np.mean(y**2), 9.1704, 1e-5)
    for gamma, end in ((0.0, 8.6414), (0.9, 9.8599)):
        w, v = np.zeros(1000), np.zeros(1000)
        for i in drawn:
            v = gamma * v + 0.01 * 2 * (x[i] @ w - y[i]) * x[i]
            w = w - v
        assert close(np.mean((x @ w - y) ** 2), end, 1e-5)
        assert (w == 0).mean() == 0.414


def test_the_sparse_problem_is_kept_sparse_and_is_that_of_the_rows(text):
    problem = text.data.sparse_problem()
    assert problem.sparse
    assert problem.x.nnz == 10_000
    assert (problem.x.toarray() == text.data.sparse_rows()[0]).all()


def test_another_seed_would_be_noticed(text):
    points = np.random.RandomState(43).uniform(0, 10, 1000)
    assert not close(points.var(), 8.52589)


def test_drawing_data_leaves_the_global_generator_alone(text):
    before = np.random.get_state()[1].copy()
    text.data.sparse_script.__wrapped__()
    text.data.line_rows.__wrapped__()
    assert (np.random.get_state()[1] == before).all()


# -- exact theory ----------------------------------------------------------------------------------


def means(experiment, observable, steps):
    return nq.exact(experiment.observed_at(steps, [observable])).mean[:, 0]


def variances(experiment, observable, steps):
    return nq.exact(experiment.observed_at(steps, [observable])).variance[:, 0]


def test_the_demonstration_of_minibatches(text):
    rows, sgd = text.data.point_rows(), nq.sgd(lr=0.1)
    known = {(1, True): 0.947321, (32, False): 0.0286851, (32, True): 0.0296038}
    for (B, replacement), variance in known.items():
        e = text.data.run(rows, sgd, B, replacement=replacement)
        assert close(variances(e, "w[0]", [50]), [variance])
        assert close(means(e, "w[0]", [50]), [4.902496], 5e-7)


def test_the_comparison_of_optimisers(text):
    o = text.optimisers
    assert close(means(o.full_batch(), "loss", [10, 20, 50]), [0.213285, 0.161724, 0.073388], 1e-5)
    assert close(means(o.single_rows(), "loss", [10, 20, 50]), [0.247963, 0.187017, 0.085257], 1e-5)
    assert close(means(o.batches(), "loss", [10, 20, 50]), [0.214019, 0.162259, 0.073636], 1e-5)
    assert close(
        means(o.momentum(), "loss", [5, 20, 30, 50]), [0.3208, 0.0194, 0.0318, 0.0091], FEW_DIGITS
    )
    assert close(
        means(o.momentum(o.NESTEROV), "loss", [20, 30, 50]), [0.0085, 0.0161, 0.0081], FEW_DIGITS
    )


def test_the_largest_steps_on_single_rows(text):
    limits = text.optimisers.largest_steps()
    assert close(limits["plain"], [0.8078, 0.7185], 1e-4)
    assert close(limits["momentum"], [1.5348, 0.2571], 2e-4)


def test_how_much_the_loss_of_sgd_scatters(text):
    spread = np.sqrt(variances(text.optimisers.single_rows(), "loss", [10, 20, 50]))
    assert close(spread, [0.0545, 0.0399, 0.0212], FEW_DIGITS)


def test_the_formula_for_the_expected_loss_is_exact_theory(text):
    for e in (text.optimisers.single_rows(), text.optimisers.batches()):
        rows, c = text.rows.rows_of(e), text.rows.factor_of(e)
        formula = text.rows.expected_losses(rows, 0.1, 50, c)
        assert formula == pytest.approx(text.second_text.everywhere(e, "loss"), rel=1e-12)


def test_noisy_labels(text):
    n = text.noisy_data
    steps = [5, 10, 20, 50]
    assert close(
        n.way_left(text.data.noisy_rows())[steps], [0.709984, 0.504077, 0.254094, 0.032545], 1e-5
    )
    spread = n.sgd_spread(n.LATE)
    at = [10, 50, n.LATE]
    assert close(n.risks(0.0, n.LATE)[at], [0.9067, 0.0444, 0.0255], FEW_DIGITS)
    assert close(n.risks(spread, n.LATE)[at], [0.9545, 0.0783, 0.0591], FEW_DIGITS)
    end = means(n.single_rows(text.data.noisy_rows(), n.LATE), "loss", [n.LATE])[0]
    assert close(
        end - text.rows.loss(text.data.noisy_rows(), text.rows.least(text.data.noisy_rows())),
        0.03338,
        1e-3,
    )


def test_clean_labels(text):
    n, rows = text.noisy_data, text.data.clean_rows()
    assert close(means(n.full_batch(rows), "loss", [50]), [0.00316], FEW_DIGITS)
    assert close(means(n.single_rows(rows), "loss", [50]), [0.00382], FEW_DIGITS)


def test_batch_sizes(text):
    b = text.batch_sizes
    losses = [means(b.trained(B), "loss", [10])[0] for B in (*b.BATCHES, b.ALL)]
    assert close(losses, [0.39103, 0.37633, 0.37561, 0.37543, 0.37538], 2e-5)
    ends = np.array([means(b.trained(B, 400), "loss", [400])[0] for B in (*b.BATCHES, b.ALL)])
    assert close(ends[:-1] - ends[-1], [0.00129, 7.71e-5, 1.83e-5, 3.64e-6], FEW_DIGITS)


def test_the_spread_of_the_loss_by_batch_size(text):
    b = text.batch_sizes
    (variance,) = variances(b.trained(1), "loss", [20])
    assert close(np.sqrt(variance), 0.0614, FEW_DIGITS)


# -- sparse features -------------------------------------------------------------------------------


def test_the_mean_iterate_of_sparse_features(text):
    s = text.sparse_features
    assert close([s.mean_loss(0.0), s.mean_loss(0.9)], [8.415, 4.415], FEW_DIGITS)


@pytest.mark.needs_compiler
def test_the_gate_is_shut_where_momentum_has_heavy_tails(text):
    s, count = text.sparse_features, 2**16
    e = s.trained(s.MOMENTUM).observed_at([20, 100])
    moments = run_increment(e, 0, count, Conditions(0, 2, "mixed"))
    skewness = moments.moment(3)[:, 0] / moments.moment(2)[:, 0] ** 1.5
    trusted = np.abs(skewness) <= GATE * np.sqrt(count)
    assert trusted.tolist() == [True, False]
    assert skewness[1] > 15  # 81 in the long run, which 2^16 runs do not show yet


@pytest.mark.slow
def test_the_expected_losses_of_sparse_features(text):
    s = text.sparse_features
    assert close(s.expected(s.SGD)[[0, 50, 100]], [9.1704, 8.8312, 8.50819], 1e-5)
    assert close(s.expected(s.MOMENTUM)[[10, 50, 100]], [9.0510, 9.6675, 11.15062], 1e-5)
    slower = nq.heavy_ball(lr=0.002, momentum=0.9, velocity="step")
    assert close(s.expected(slower)[100], 8.153, 1e-4)
    assert close(s.expected(nq.sgd(lr=0.1))[100], 13.16, FEW_DIGITS)
    gain = -np.diff(s.expected(s.SGD))
    assert close(gain[[0, 99]], [0.00695, 0.00631], FEW_DIGITS)
