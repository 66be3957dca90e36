"""Steps to a level, against known values and against stepping one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from method_table import METHODS, WRAPPERS, wrapped

import nqmbench as nq
from nqmbench.crossing import expectations
from nqmbench.errors import InvalidArguments
from nqmbench.observables import ERRORS

ROUNDING = 1e-12  # relative: what a recursion of some hundred steps may lose
NEXT_STEP = 1  # a known crossing lies between two steps, and is met at the next whole one
INF = math.inf

TWO = nq.NoisyQuadratic([1.0, 0.1])
SGD, MOMENTUM = nq.sgd(0.1), nq.heavy_ball(0.1, 0.9)

# The known values of the first text's comparison: the steps until E err <= 0.1 for good, and for
# B = 100 the steps to 0.01.
TABLE = {
    "SGD": (SGD, (158, 118, 115), 233),
    "momentum": (MOMENTUM, (INF, 32, 21), 52),
    "averaged": (nq.averaged(SGD, 0.99), (247, 243, 242), None),
    "preconditioned": (nq.preconditioned(SGD, 0.5), (54, 37, 37), 73),
    "momentum, averaged": (nq.averaged(MOMENTUM, 0.99), (159, 154, 154), None),
    "momentum, preconditioned": (nq.preconditioned(MOMENTUM, 0.5), (INF, 39, 23), 59),
}


@pytest.mark.parametrize("name", TABLE)
def test_the_first_texts_comparison_has_the_known_crossings(name):
    method, tenth, hundredth = TABLE[name]
    experiments = [nq.Experiment(TWO, method, batch=B) for B in (1, 10, 100)]
    assert tuple(nq.steps_to(e, 0.1) for e in experiments) == tenth
    if hundredth:
        assert nq.steps_to(experiments[-1], 0.01) == hundredth


@pytest.mark.parametrize("B", [10, 100])
def test_preconditioned_momentum_is_the_first_to_one_half(B):
    methods = [method for method, _, _ in TABLE.values()]
    reached = [nq.steps_to(nq.Experiment(TWO, m, batch=B), 0.5) for m in methods]
    assert min(reached) == reached[-1] == 5


def test_averaged_momentum_reaches_one_half_later_than_sgd():
    averaged = nq.averaged(MOMENTUM, 0.99)
    assert nq.steps_to(nq.Experiment(TWO, SGD), 0.5) == 41
    assert nq.steps_to(nq.Experiment(TWO, averaged), 0.5) == 74


def test_a_swinging_error_is_below_the_level_before_it_stays_there():
    experiment = nq.Experiment(TWO, MOMENTUM, batch=10)
    first = nq.steps_to(experiment, 0.1, settled=False)
    last = nq.steps_to(experiment, 0.1, settled=True)
    steps = range(1001)
    error = nq.exact(nq.Experiment(TWO, MOMENTUM, batch=10, checkpoints=steps)).mean[:, 0]
    assert first < last
    assert error[int(first) - 1] > 0.1 >= error[int(first)]
    assert error[int(last) - 1] > 0.1
    assert (error[int(last) :] <= 0.1).all()


# Steps to E err <= 0.02, tuned: the known values for SGD (the crossing of the curve, between two
# steps) and for momentum (from a coarse grid), and settings found here.
TUNED = {
    1: (951, 901, 0.0302, 0.00122753, 0.96),
    2: (482, 356, 0.0590, 0.00114017, 0.98296),
    5: (200, 134, 0.1400, 0.00768970, 0.95463),
    10: (106, 72, 0.2610, 0.0286769, 0.91370),
    30: (43, 23, 0.5900, 0.2157, 0.7696),
    100: (21, 8, 1.0163, 0.95362, 0.56763),
    1000: (11.5, 4, 1.5500, 2.0052, 0.40068),
}


@pytest.mark.parametrize("B", TUNED)
def test_tuned_sgd_and_momentum_need_the_known_steps_or_fewer(B):
    sgd, momentum, near, lr, beta = TUNED[B]
    grid = [nq.sgd(near * factor) for factor in np.linspace(0.9, 1.1, 21)]
    fewest = min(nq.steps_to(nq.Experiment(TWO, m, batch=B), 0.02) for m in grid)
    assert fewest == pytest.approx(sgd, abs=NEXT_STEP)
    tuned = nq.Experiment(TWO, nq.heavy_ball(lr, beta), batch=B, steps=3000)
    assert nq.steps_to(tuned, 0.02) <= momentum + NEXT_STEP


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("name", METHODS)
def test_expectations_are_those_of_exact_at_every_step(name, wrapper):
    power, decay = WRAPPERS[wrapper]
    method = wrapped(METHODS[name].build(0.3, 0.8), power, decay)
    problem = nq.NoisyQuadratic([1.0, 0.3], [1.0, 2.0], w0=[1.0, -2.0], noise="exponential")
    observables = ["error", "loss", "w[1]", "w2[0]", "w3[1]"]
    few = range(0, 301, 7)  # so few that they are found another way
    experiment = nq.Experiment(problem, method, 3, 300, few, observables)
    wanted = nq.exact(experiment).mean
    for column, name_of in enumerate(observables):
        (observable,) = ERRORS.parse(name_of, 2)
        found = np.concatenate(list(expectations(experiment, observable)))
        assert found.size == 301
        assert found[few] == pytest.approx(wanted[:, column], rel=ROUNDING, abs=ROUNDING)


@pytest.mark.parametrize("limit", [5, 32])
@pytest.mark.parametrize("batch", [10, nq.step_decay(40, 0.5, every=50)])
def test_the_answer_does_not_depend_on_the_pieces(monkeypatch, limit, batch):
    experiments = [
        nq.Experiment(TWO, method, batch=batch, steps=80)
        for method in (SGD, MOMENTUM, nq.sgd(nq.cosine(0.1, steps=80)))
    ]
    wanted = [nq.steps_to(e, 0.5) for e in experiments]
    monkeypatch.setattr("nqmbench.doubling.LONGEST", limit)
    assert [nq.steps_to(e, 0.5) for e in experiments] == wanted
    assert 32 < max(wanted) < INF


def test_a_schedule_is_followed():
    drop = nq.Experiment(nq.NoisyQuadratic(1.0), nq.sgd(nq.step_decay(0.5, 0.1, every=50)))
    steps = range(1001)
    error = nq.exact(nq.Experiment(drop.problem, drop.method, checkpoints=steps)).mean[:, 0]
    level = 0.05  # below the floor 1/3 of the first step size, above that of the second
    assert nq.steps_to(drop, level) == np.flatnonzero(error > level)[-1] + 1 > 50


@pytest.mark.parametrize("settled", [True, False])
def test_a_level_that_is_kept_from_the_start_takes_no_step(settled):
    assert nq.steps_to(nq.Experiment(TWO, SGD), 2.5, settled=settled) == 0


def test_the_last_step_counts_and_one_step_fewer_is_not_enough():
    assert nq.steps_to(nq.Experiment(TWO, SGD, steps=158), 0.1) == 158
    assert nq.steps_to(nq.Experiment(TWO, SGD, steps=157), 0.1) == INF


@pytest.mark.parametrize("settled", [True, False])
def test_a_method_that_diverges_never_arrives_and_overflow_is_no_arrival(settled):
    unstable = nq.Experiment(nq.NoisyQuadratic(1.0), nq.heavy_ball(50.0, 0.9), steps=5000)
    assert nq.steps_to(unstable, 0.5, settled=settled) == INF


def test_a_signed_observable_is_held_against_a_signed_level():
    below = nq.Experiment(nq.NoisyQuadratic(1.0, w0=-1.0), nq.sgd(0.5))
    assert nq.steps_to(below, -0.2, "w[0]", settled=False) == 0
    assert nq.steps_to(below, -0.2, "w[0]") == INF


def test_infinite_moments_are_above_every_level():
    heavy = nq.NoisyQuadratic(1.0, noise=("student", 2.5))
    assert nq.steps_to(nq.Experiment(heavy, SGD), 0.1) < INF
    assert nq.steps_to(nq.Experiment(heavy, SGD), 1e9, "w3[0]") == INF


def test_a_long_and_wide_problem_is_taken_in_small_pieces():
    wide = nq.NoisyQuadratic(1.0 / np.arange(1, 2001))
    experiment = nq.Experiment(wide, nq.heavy_ball(0.5, 0.9), batch=1000, steps=1000)
    reached = nq.steps_to(experiment, 1500.0)
    around = [int(reached) - 1, int(reached)]
    before, after = nq.exact(
        nq.Experiment(wide, experiment.method, 1000, 1000, checkpoints=around)
    ).mean[:, 0]
    assert before > 1500.0 >= after


def test_wrong_arguments_are_named_together():
    with pytest.raises(InvalidArguments) as caught:
        nq.steps_to(nq.Experiment(TWO, SGD), math.nan, observable="w[i]", settled="yes")
    message = str(caught.value)
    assert "level: got nan; allowed: a finite number" in message
    assert "observable: got 'w[i]'; allowed: one of 'error'" in message
    assert "settled: got 'yes'; allowed: True or False" in message
    with pytest.raises(InvalidArguments, match="experiment: got 3; allowed: an Experiment"):
        nq.steps_to(3, 0.1)
