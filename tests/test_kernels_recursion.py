"""The compiled loop against the obvious one, trajectory by trajectory, with the same draws."""

import numpy as np
import pytest
from kernels_by_hand import (
    averaged_heavy_ball,
    moments,
    nesterov,
    scheduled_dense,
    sgd,
    step_by_step,
    values,
    vary,
)

from nqmbench.kernels import LAWS, PRECISIONS
from nqmbench.moments import ORDERS, of_values

pytestmark = pytest.mark.needs_compiler

# Rounding, relative to the largest value at the checkpoint; 20 steps of the arithmetic named.
ROUNDING = {"mixed": 1e-13, "f32": 1e-5, "f64": 1e-13}
# Rounding of sums in another order, relative to the largest of all checkpoints: of means, and of
# central moments.
MEAN_ROUNDING, SUM_ROUNDING = 1e-13, 1e-11
STARTS = {"w0_std": [0.0, 0.5]}

METHODS = {
    "sgd": sgd(),
    "averaged heavy ball": averaged_heavy_ball(),
    "nesterov look-ahead": nesterov(**STARTS),
    "dense schedule": scheduled_dense(**STARTS),
}
NOISES = {law: sgd(law=law, batch=3) for law in LAWS}
NOISES["student schedule"] = scheduled_dense(law="student")


def distance(fast, slow):
    scale = np.maximum(np.abs(slow).max(axis=2, keepdims=True), 1e-300)
    return float(np.max(np.abs(fast - slow) / scale))


@pytest.mark.parametrize("precision", ROUNDING)
@pytest.mark.parametrize("method", METHODS)
def test_every_trajectory_is_that_of_the_obvious_loop(method, precision):
    program = vary(METHODS[method], precision=precision)
    slow = step_by_step(program, seed=11, block=2)
    fast = values(program, 11, 2, PRECISIONS[precision].lanes)
    assert distance(fast, slow) < ROUNDING[precision]


@pytest.mark.parametrize("precision", ["mixed", "f64"])
@pytest.mark.parametrize("noise", NOISES)
def test_every_law_draws_and_averages_its_batch(noise, precision):
    program = vary(NOISES[noise], precision=precision)
    slow = step_by_step(program, seed=12, block=0)
    fast = values(program, 12, 0, PRECISIONS[precision].lanes)
    assert distance(fast, slow) < ROUNDING[precision]


def test_the_comparison_would_notice_a_small_mistake():
    program = METHODS["averaged heavy ball"]
    wrong = vary(program, increments=program.increments * (1.0 + 1e-9))
    slow = step_by_step(wrong, seed=11, block=2)
    assert distance(values(program, 11, 2, 32), slow) > 10 * ROUNDING["mixed"]


def test_checkpoint_zero_alone_is_the_start():
    program = sgd(h=(1.0,), w0=[3.0], steps=5, checkpoints=[0])
    found = values(program, 1, 0, 40)
    assert np.array_equal(found[0], np.array([[9.0], [1.5], [27.0]]) * np.ones(40))


def test_a_gaussian_start_has_its_mean_and_spread():
    # two comparisons at 5 standard errors: false alarm 1e-6; a spread off by 2 % is 14 errors
    program = sgd(h=(1.0,), w0=[2.0], w0_std=[0.5], checkpoints=[0])
    w = 2.0 * values(program, 1, 0, 2**17)[0, 1]
    n = w.size
    assert abs(w.mean() - 2.0) < 5 * 0.5 / np.sqrt(n)
    assert abs(w.std() - 0.5) < 5 * 0.5 / np.sqrt(2 * n)
    assert abs(w.std() - 0.51) > 5 * 0.5 / np.sqrt(2 * n)


@pytest.mark.parametrize("trials", [1, 31, 33, 1024, 1025])
def test_moments_are_those_of_exactly_the_trials(trials):
    program = sgd()
    found = moments(program, 21, 4, trials)
    expected = of_values(values(program, 21, 4, trials))
    assert found.count == trials
    scale = np.abs(expected.mean).max(axis=0)  # of each observable
    assert np.all(np.abs(found.mean - expected.mean) <= MEAN_ROUNDING * scale)
    for p in range(len(ORDERS)):
        spread = np.abs(expected.central[p]).max(axis=0)
        assert np.all(np.abs(found.central[p] - expected.central[p]) <= SUM_ROUNDING * spread)
    assert not found.central[:, 0].any()


def test_a_diverging_run_is_marked_and_raises_nothing():
    found = moments(sgd(eta=30.0, steps=400), 1, 0, 64)
    assert found.diverged[-1].all()
    assert not found.diverged[0].any()
