"""Dependent coordinates: exact moments against enumeration, and the simulation against both."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import textbook
from method_table import METHODS, WRAPPERS, wrapped

import nqmbench as nq
from nqmbench import dependence
from nqmbench.consistency import contradictions
from nqmbench.dependence import pairs_variance, twice_products
from nqmbench.theory import exact, observable_cumulants, readout_cumulants, steady_state
from nqmbench.verdicts import critical_value

ROUNDING = 1e-12  # relative: what a recursion of a thousand steps may lose
CANCELLATION = 1e-15  # absolute: a variance of 0 by enumeration
PRINTED = 5e-7  # half a unit of the sixth place

# ---- enumeration of every outcome of every sample -----------------------------------------------

H, W0 = (1.0, 0.25), (1.0, -0.75)
SPREAD = (Fraction(1, 2), Fraction(2))  # sigma sqrt(2): a hit is +-SPREAD, exactly
SIGMA = [math.sqrt(0.5) * float(s) for s in SPREAD]
OBSERVABLES = ("error", "loss", "w[i]", "w2[i]")

# One sample of two coordinates, in units of SPREAD.
SAMPLES = [((0, 0), Fraction(1, 2))] + [
    (signs, Fraction(1, 8)) for signs in itertools.product((-1, 1), repeat=2)
]


def enumerated(entry, batches, eta, beta, gamma=None, power=None, starts=((0, 1),)):
    """Mean and variance of OBSERVABLES after each step, over all samples of both coordinates.

    Args:
        entry: of the method table. batches, eta, beta, gamma: one value per step.
        power: of the preconditioner. starts: the law of what is added to each start, which the
            coordinates draw independently.
    """
    exponents = [Fraction(h) if power is None else Fraction(math.sqrt(h)) for h in H]
    outcomes = [[] for _ in range(len(batches) + 1)]
    for added in itertools.product(starts, repeat=2):
        for samples, probability in textbook.paths(SAMPLES, sum(batches)):
            walks = [
                textbook.trajectory(
                    entry.rule,
                    w0 + added[i][0],
                    [s * x for x in textbook.batch_means([x[i] for x in samples], batches)],
                    lam, eta, beta, gamma,
                )
                for i, (w0, s, lam) in enumerate(
                    zip(map(Fraction, W0), SPREAD, exponents, strict=True)
                )
            ]  # fmt: skip
            for k, pair in enumerate(zip(*walks, strict=True)):
                outcomes[k].append((pair, probability * added[0][1] * added[1][1]))
    weights = [(1, 1), [Fraction(h) / 2 for h in H]]
    table = []
    for law in outcomes:
        columns = [
            [(sum(c * w**2 for c, w in zip(a, pair, strict=True)), p) for pair, p in law]
            for a in weights
        ]
        columns += [[(pair[i] ** r, p) for pair, p in law] for r in (1, 2) for i in (0, 1)]
        table.append([textbook.mean_and_variance(column) for column in columns])
    return np.array(table, dtype=np.float64)


def agree(experiment, expected):
    moments = exact(experiment)
    np.testing.assert_allclose(moments.mean, expected[..., 0], rtol=ROUNDING, atol=CANCELLATION)
    np.testing.assert_allclose(moments.variance, expected[..., 1], rtol=ROUNDING, atol=CANCELLATION)


def problem(**more):
    return nq.NoisyQuadratic(H, SIGMA, W0, noise="intermittent", **more)


def independent(experiment):
    """The exact moments if only the law of each coordinate counted."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nqmbench.noise.JOINT_CUMULANTS", {})
        return exact(experiment)


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("name", METHODS)
def test_moments_equal_the_enumeration_of_all_samples(name, wrapper):
    entry, (power, decay) = METHODS[name], WRAPPERS[wrapper]
    steps, lr, momentum = 3, 0.375, 0.75  # binary fractions, so that both sides mean the same
    decay = None if decay is None else 0.875
    method = wrapped(entry.build(lr, momentum), power, decay)
    experiment = nq.Experiment(problem(), method, 1, steps, range(steps + 1), OBSERVABLES)
    each = [[Fraction(x)] * steps for x in (lr, momentum, decay or 0)]
    expected = enumerated(
        entry, [1] * steps, *each[:2], None if decay is None else each[2], power=power
    )
    agree(experiment, expected)
    # The negative control: the covariance of the squares is more than rounding can hide.
    gap = expected[1:, :2, 1] / independent(experiment).variance[1:, :2] - 1
    assert (gap > 1e7 * ROUNDING).all()


@pytest.mark.parametrize("name", METHODS)
def test_schedules_of_step_size_momentum_and_batch_equal_the_enumeration(name):
    entry, batches, eta, beta = METHODS[name], [1, 2], [0.5, 0.25], [0.5, 0.75]
    experiment = nq.Experiment(
        problem(), entry.build(nq.schedule(eta), beta), batches, 2, [0, 1, 2], OBSERVABLES
    )
    agree(experiment, enumerated(entry, batches, *([Fraction(x) for x in v] for v in (eta, beta))))


@pytest.mark.parametrize("name", METHODS)
def test_batches_equal_the_enumeration(name):
    entry = METHODS[name]
    experiment = nq.Experiment(problem(), entry.build(0.375, 0.75), 2, 2, [0, 1, 2], OBSERVABLES)
    each = [[Fraction(x)] * 2 for x in (0.375, 0.75)]
    agree(experiment, enumerated(entry, [2, 2], *each))


@pytest.mark.parametrize("name", ["sgd", "nesterov"])
def test_a_gaussian_start_equals_the_enumeration(name):
    entry = METHODS[name]
    experiment = nq.Experiment(
        problem(w0_std=0.5), entry.build(0.375, 0.75), 1, 2, [0, 1, 2], OBSERVABLES
    )
    starts = [(0.5 * x, p) for x, p in textbook.standard_normal(3)]  # exact to order 5
    starts = [(Fraction(x), Fraction(p)) for x, p in starts]
    agree(experiment, enumerated(entry, [1, 1], [0.375] * 2, [0.75] * 2, starts=starts))


# ---- closed forms and limits --------------------------------------------------------------------

CATALOGUE = nq.NoisyQuadratic([1.0, 0.1], noise="intermittent")


def test_the_steady_state_of_the_catalogue_is_not_that_of_independent_coordinates():
    """Claim T1-04: .700141 where independent coordinates have .686909, and equal means."""
    experiment = nq.Experiment(CATALOGUE, nq.sgd(0.9))
    settled = steady_state(experiment)
    alone = [steady_state(nq.Experiment(nq.NoisyQuadratic(h, noise="intermittent"), nq.sgd(0.9)))
             for h in (1.0, 0.1)]  # fmt: skip
    assert settled.variance[0, 0] == pytest.approx(0.700141, abs=PRINTED)
    assert sum(a.variance[0, 0] for a in alone) == pytest.approx(0.686909, abs=PRINTED)
    assert settled.mean[0, 0] == pytest.approx(sum(a.mean[0, 0] for a in alone), rel=ROUNDING)


def test_sgd_has_the_closed_form_of_its_geometric_responses():
    h, sigma, lr, B, k = np.array([1.0, 0.3, 0.1]), np.array([1.0, 0.5, 2.0]), 0.6, 3, 17
    problem = nq.NoisyQuadratic(h, sigma, noise="intermittent")
    experiment = nq.Experiment(problem, nq.sgd(lr), B, k, [k])
    lam = lr * h
    expected = limit = 0.0
    for i, j in itertools.permutations(range(3), 2):
        ratio = ((1 - lam[i]) * (1 - lam[j])) ** 2
        pair = (lam[i] * lam[j] * sigma[i] * sigma[j]) ** 2 / B**3 / (1 - ratio)
        expected, limit = expected + pair * (1 - ratio**k), limit + pair
    ones = np.ones(3)
    assert pairs_variance(experiment, ones).tolist() == [pytest.approx(expected, rel=ROUNDING)]
    assert pairs_variance(experiment, ones, settled=True) == pytest.approx([limit], rel=ROUNDING)


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("name", METHODS)
def test_many_steps_reach_the_steady_state(name, wrapper, monkeypatch):
    monkeypatch.setattr(dependence, "PORTION", 100)  # a few pairs at a time
    problem = nq.NoisyQuadratic([1.0, 0.5, 0.7, 0.6], [1.0, 0.5, 0.0, 2.0], noise="intermittent")
    method = wrapped(METHODS[name].build(0.2, 0.5), *WRAPPERS[wrapper])
    experiment = nq.Experiment(problem, method, 2, 1000, [1000], ("error", "loss", "w2[1]"))
    late, limit = exact(experiment), steady_state(experiment)
    np.testing.assert_allclose(late.variance, limit.variance, rtol=ROUNDING)
    assert (late.variance[0, :2] > independent(experiment).variance[0, :2] * (1 + 1e-4)).all()


def test_portions_of_lags_and_checkpoints_at_their_ends_leave_no_trace(monkeypatch):
    problem = nq.NoisyQuadratic([1.0, 0.5, 0.2], noise="intermittent")
    experiment = nq.Experiment(problem, nq.heavy_ball(0.3, 0.5), 3, 21, range(22))
    at_once = pairs_variance(experiment, np.ones(3))
    monkeypatch.setattr(dependence, "PORTION", 24)  # 4 lags of 2 states in 3 coordinates
    assert pairs_variance(experiment, np.ones(3)) == pytest.approx(at_once, rel=ROUNDING)
    assert (np.diff(at_once) > 0).all()


def test_a_double_root_is_no_special_case():
    beta = 0.9
    h = (1 - math.sqrt(beta)) ** 2
    problem = nq.NoisyQuadratic([h, h], noise="intermittent")
    experiment = nq.Experiment(problem, nq.heavy_ball(1.0, beta), 1, 2000, [2000])
    late, limit = exact(experiment), steady_state(experiment)
    assert late.variance[0, 0] == pytest.approx(limit.variance[0, 0], rel=ROUNDING)


# ---- edges --------------------------------------------------------------------------------------


def test_products_of_pairs_keep_what_is_small():
    rng = np.random.default_rng(1)
    y = rng.random((4, 5)) * 10.0 ** rng.integers(-9, 9, size=(4, 5))
    pairs = itertools.permutations(range(5), 2)
    assert twice_products(y) == pytest.approx(sum(y[:, i] * y[:, j] for i, j in pairs), rel=1e-14)
    assert twice_products(np.array([1.0])) == 0.0
    assert twice_products(np.array([0.0, math.inf, 0.0])) == 0.0
    assert twice_products(np.array([1.0, math.inf, 0.0])) == math.inf


def test_one_noisy_coordinate_depends_on_nothing():
    for h, sigma in ((1.0, 1.0), ([1.0, 0.5], [1.0, 0.0])):
        problem = nq.NoisyQuadratic(h, sigma, w0_std=0.5, noise="intermittent")
        experiment = nq.Experiment(problem, nq.sgd(0.1), steps=10)
        assert exact(experiment).variance.tolist() == independent(experiment).variance.tolist()


def test_higher_cumulants_of_a_dependent_sum_are_not_claimed_to_be_known():
    experiment = nq.Experiment(CATALOGUE, nq.sgd(0.1), steps=9, checkpoints=[0, 9],
                               observables=("error", "w2[0]"))  # fmt: skip
    kappa = readout_cumulants(experiment, 8)
    error, one = (observable_cumulants(experiment, o, kappa, 4) for o in experiment.observed)
    assert np.isnan(error[2:]).all()
    assert np.isfinite(error[:2]).all()
    assert np.isfinite(one).all()
    assert error[1].tolist() == exact(experiment).variance[:, 0].tolist()


def test_a_diverging_method_overflows_to_infinity_without_a_warning():
    experiment = nq.Experiment(CATALOGUE, nq.sgd(30.0), steps=3000, checkpoints=[10, 3000])
    constant = pairs_variance(experiment, np.ones(2))
    listed = nq.Experiment(CATALOGUE, nq.sgd([30.0] * 3000), steps=3000, checkpoints=[10, 3000])
    assert constant == pytest.approx(pairs_variance(listed, np.ones(2)), rel=ROUNDING)
    assert math.isfinite(constant[0])
    assert constant[1] == math.inf


# ---- the simulation -----------------------------------------------------------------------------

ERRORS = 5.0  # standard errors: a false alarm with probability 6e-7 each, of which there are 2


@pytest.mark.needs_compiler
def test_the_simulation_has_the_variance_of_dependent_coordinates_and_excludes_the_other():
    experiment = nq.Experiment(CATALOGUE, nq.sgd(0.9), steps=100, checkpoints=[100])
    moments = nq.simulate(experiment, trials=1_000_000, seed=4).moments
    mean, variance, settled = (
        moments.mean_estimate(), moments.variance_estimate(), steady_state(experiment)
    )  # fmt: skip
    assert abs(mean.value - settled.mean) < ERRORS * mean.error
    assert abs(variance.value - settled.variance) < ERRORS * variance.error
    assert variance.value - 0.686909 > 30 * variance.error  # independent: 44 errors away


@pytest.mark.needs_compiler
def test_under_a_law_of_the_same_marginal_and_independent_coordinates_the_other_is_right():
    # A batch of 2 signs with sigma sqrt(2) has the values 0 and +-sqrt(2) of one intermittent
    # sample, and its coordinates are independent: the same simulation but for the dependence.
    problem = nq.NoisyQuadratic([1.0, 0.1], sigma=math.sqrt(2), noise="rademacher")
    experiment = nq.Experiment(problem, nq.sgd(0.9), batch=2, steps=100, checkpoints=[100])
    variance = nq.simulate(experiment, trials=1_000_000, seed=4).moments.variance_estimate()
    assert steady_state(experiment).variance[0, 0] == pytest.approx(0.686909, abs=PRINTED)
    assert abs(variance.value - 0.686909) < ERRORS * variance.error
    assert 0.700141 - variance.value > 30 * variance.error


@pytest.mark.needs_compiler
@pytest.mark.parametrize("precision", ["mixed", "f32", "f64"])
def test_the_self_test_accepts_the_dependent_theory_and_refuses_the_independent_one(precision):
    experiment = nq.Experiment(
        CATALOGUE, nq.sgd(nq.schedule([0.9] * 10 + [0.8] * 10)), batch=nq.schedule([1, 2] * 10),
        steps=20, checkpoints=[1, 2, 10, 20], observables=("error", "loss", "w[i]"),
    )  # fmt: skip
    z = critical_value(2 * 4 * 4, alpha=1e-6)  # a false alarm in one of a million runs
    moments = nq.simulate(experiment, trials=200_000, seed=5, precision=precision).moments
    assert contradictions(experiment, moments, exact(experiment), z, precision) == []
    found = contradictions(experiment, moments, independent(experiment), z, precision)
    assert any(line.startswith("variance of error") for line in found)
    assert all("variance of" in line for line in found)  # the means need no independence
