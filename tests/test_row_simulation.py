"""Simulated least squares has the moments of all paths together, and can be compared."""

import numpy as np
import pytest
from kernels_by_hand import same
from rows_by_hand import data, drawn_rows, every_path, step_by_step, tiny
from scipy.special import ndtri

import nqmbench as nq
from nqmbench.executors.task import make_task, run_task
from nqmbench.kernels.rows.draws import TAG
from nqmbench.noiseless import run_noiseless
from nqmbench.one_pass import run_pass
from nqmbench.portions import Portion
from nqmbench.programs import compile_bundle, compile_program
from nqmbench.simulation import Conditions, run_increment

pytestmark = pytest.mark.needs_compiler

SEED, TRIALS = 3, 200_000
CONDITIONS = Conditions(SEED, 1, "mixed")


def deviations(e, mean, variance, trials=TRIALS):
    """How many standard errors the estimates are off, means and variances."""
    moments = run_increment(e, 0, trials, CONDITIONS)
    off = []
    for estimate, true in (
        (moments.mean_estimate(), mean),
        (moments.variance_estimate(), variance),
    ):
        off.append((estimate.value - true) / estimate.error)
    return np.abs(np.array(off))


def level(comparisons, alarm=1e-6):
    """The deviation that some of so many comparisons exceed with this probability."""
    return -ndtri(alarm / (2 * comparisons))


CASES = {
    "sgd": tiny(),
    "momentum": tiny(nq.heavy_ball(0.1, 0.9)),
    "nesterov, batches": tiny(nq.nesterov(0.1, 0.5), batch=2, steps=2, checkpoints=[1, 2]),
    "without replacement": tiny(batch=2, replacement=False),
    "more than half": tiny(nq.averaged(nq.sgd(0.1), 0.8), batch=3, replacement=False),
}


@pytest.mark.parametrize("name", CASES)
def test_mean_and_variance_are_those_of_all_paths(name):
    # False alarms: 1e-6 for each of five cases, over all their comparisons.
    e = CASES[name]
    off = deviations(e, *every_path(e))
    assert off.max() < level(off.size)


def test_a_wrong_factor_for_finite_populations_is_noticed():
    # the negative control: with replacement, batches of 2 of 4 rows vary half as much again
    e = CASES["without replacement"]
    wrong = every_path(tiny(batch=2, replacement=True))
    assert deviations(e, *wrong)[1].min() > 20


@pytest.mark.parametrize("bits", ["mixed", "f64"])
def test_gaussian_rows_have_their_exact_moments(bits):
    # False alarms: 1e-6 for each of two precisions and two methods.
    problem = nq.GaussianRows([1.0, 0.3, 0.1], label_std=0.5, w0=[1.0, -1.0, 2.0], optimum=0.5)
    for method in (nq.sgd(0.05), nq.heavy_ball(0.05, 0.9)):
        e = nq.Experiment(problem, method, batch=2, steps=20, checkpoints=[0, 1, 20],
                          observables=["loss", "distance", "w[i]"])  # fmt: skip
        moments = run_increment(e, 0, 100_000, Conditions(SEED, 1, bits))
        true, estimate = nq.exact(e), moments.mean_estimate()
        np.testing.assert_allclose(estimate.value[0], true.mean[0], rtol=1e-12)
        off = np.abs(estimate.value - true.mean)[1:] / estimate.error[1:]
        spread = moments.variance_estimate()
        known = np.isfinite(true.variance[1:])
        off2 = (np.abs(spread.value - true.variance)[1:] / spread.error[1:])[known]
        assert max(off.max(), off2.max()) < level(off.size + off2.size)


def test_gaussian_rows_are_normal_and_independent():
    # After one step from w = 0 with w* = 0 and eta = 1/2 the weights are label times row: what
    # `w / s` shows is x xi, whose mean is 0, variance 1, and fourth moment 9.
    problem = nq.GaussianRows([1.0, 1.0], label_std=1.0, w0=0.0)
    e = nq.Experiment(problem, nq.sgd(0.5), steps=1, checkpoints=[1], observables=["w[i]"])
    moments = run_increment(e, 0, TRIALS, CONDITIONS)
    fourth = moments.central[2] / moments.count
    error = np.sqrt((105**2 - 81) / TRIALS)  # of a mean of (x xi)^4
    assert np.abs(fourth - 9).max() < level(2) * error
    assert deviations(e, np.zeros((1, 2)), np.ones((1, 2))).max() < level(4)


def test_gaussian_rows_keep_their_bits_in_any_company():
    problem = nq.GaussianRows([1.0, 0.3], label_std=0.5)
    one, other = (
        nq.Experiment(problem, nq.sgd(eta), batch=3, steps=50, checkpoints=[7, 50])
        for eta in (0.1, 0.11)
    )
    alone = run_increment(one, 0, 2100, CONDITIONS)
    assert same(alone, run_increment(one, 0, 2100, Conditions(SEED, 2, "mixed")))
    both = run_pass([other, one], [((0, 0), (1, 0))], 0, 2100, CONDITIONS)
    assert same(alone, both.members[1])
    # common rows: the difference varies less than either side
    assert both.contrasts[0].difference.central[0, 0] < 0.5 * alone.central[0, 0]


# -- which rows ------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [2, 3])
def test_subsets_are_uniform_and_without_repetition(batch):
    # chi-square over the 10 subsets of 5 rows; false alarms: 1e-6 each. The kernels meet these
    # rows, and not others, by the tests of `test_kernels_rows`.
    from scipy.special import chdtri

    x, y = data(5, 1)
    problem = nq.LeastSquares(x, y, replacement=False)
    program = compile_program(nq.Experiment(problem, nq.sgd(0.1), batch=batch, steps=500), "mixed")
    drawn = [sorted(rows) for lane in range(32) for rows in drawn_rows(program, SEED, lane)]
    assert all(len(set(rows)) == batch for rows in drawn)
    _, counts = np.unique(drawn, axis=0, return_counts=True)
    expected = len(drawn) / 10
    assert len(counts) == 10
    assert np.sum((counts - expected) ** 2 / expected) < chdtri(9, 1e-6)


def test_rows_with_replacement_are_uniform():
    from scipy.special import chdtri

    x, y = data(7, 1)
    e = nq.Experiment(nq.LeastSquares(x, y), nq.sgd(0.1), batch=3, steps=500)
    program = compile_program(e, "mixed")
    drawn = np.array([drawn_rows(program, SEED, lane) for lane in range(32)])
    counts = np.bincount(drawn.ravel(), minlength=7)
    expected = drawn.size / 7
    assert np.sum((counts - expected) ** 2 / expected) < chdtri(6, 1e-6)


def test_batches_and_ways_of_drawing_have_streams_of_their_own():
    assert TAG == 96  # part of every stored result's address
    codes = {
        compile_program(tiny(batch=batch, replacement=replacement), "mixed").code
        for batch in (1, 2, nq.schedule([1, 2, 3]), nq.schedule([1, 2, 4]))
        for replacement in (True, False)
    }
    assert len(codes) == 8
    constant = compile_program(tiny(batch=nq.schedule([2, 2, 2])), "mixed")
    assert constant.code == compile_program(tiny(batch=2), "mixed").code


# -- several in one pass ---------------------------------------------------------------------------


def test_members_of_a_pass_keep_their_bits_and_differences_are_those_of_trajectories():
    members = [tiny(), tiny(nq.heavy_ball(0.1, 0.9)), tiny(batch=3, replacement=False)]
    contrasts = [((0, 0), (1, 0)), ((2, 1), (0, 1))]
    found = run_pass(members, contrasts, 64, 3000, CONDITIONS)
    for e, moments in zip(members, found.members, strict=True):
        assert same(moments, run_increment(e, 64, 3000, CONDITIONS))
    left, right = (
        np.array([step_by_step(e, drawn_rows(compile_program(e, "mixed"), SEED, t))
                  for t in range(64, 64 + 300)])
        for e in members[:2]
    )  # fmt: skip
    some = run_pass(members, contrasts, 64, 300, CONDITIONS).contrasts[0]
    difference = left[:, :, 0] - right[:, :, 0]
    np.testing.assert_allclose(some.difference.mean[:, 0], difference.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(some.below.mean[:, 0], (difference < 0).mean(axis=0), rtol=1e-12)


def test_a_side_without_noise_is_a_number_for_each_trajectory():
    still = tiny(nq.heavy_ball(0.1, 0.9), batch=4, replacement=False)
    found = run_pass([tiny(), still], [((0, 0), (1, 0)), ((1, 0), (0, 0))], 0, 3000, CONDITIONS)
    alone, number = run_increment(tiny(), 0, 3000, CONDITIONS), run_noiseless(still)
    assert same(found.members[0], alone)
    assert same(found.members[1], run_increment(still, 0, 3000, CONDITIONS))
    one, other = found.contrasts
    np.testing.assert_allclose(
        one.difference.mean[:, 0], alone.mean[:, 0] - number[:, 0], rtol=1e-9
    )
    np.testing.assert_allclose(one.below.mean + other.below.mean, 1.0, rtol=1e-12)
    assert 0 < one.below.mean[1, 0] < 1


def test_a_full_batch_without_replacement_is_gradient_descent():
    still = tiny(nq.nesterov(0.1, 0.9), batch=4, replacement=False, steps=30, checkpoints=[0, 30])
    found = run_increment(still, 0, 1000, CONDITIONS)
    wanted = step_by_step(still, [[0, 1, 2, 3]] * 30)
    np.testing.assert_allclose(found.mean, wanted, rtol=1e-13)
    assert not found.central.any()


def test_a_portion_on_a_cluster_has_the_bits_of_the_whole():
    still = tiny(batch=4, replacement=False)
    for members in ([tiny(), still], [tiny(batch=2, replacement=False)]):
        bundle = compile_bundle(members, "mixed")
        answer = run_task(make_task(bundle, SEED, 0, Portion(0, 1500)))
        alone = run_increment(members[0], 0, 1500, CONDITIONS)
        assert answer.mean[:, :4].tobytes() == alone.mean.tobytes()
        assert answer.central[:, :, :4].tobytes() == alone.central.tobytes()
