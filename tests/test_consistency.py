"""The self-test that makes a run INCONSISTENT."""

import math

import numpy as np
import pytest
from synthetic import drawn, one_experiment, sample_of

import nqmbench as nq
from nqmbench.consistency import contradictions, self_test_level, shape_contradictions
from nqmbench.theory import ExactMoments
from nqmbench.verdicts import LOOKS, SELF_TEST_ALPHA, critical_value

EXPERIMENT = one_experiment((1,))  # its only observable is the error
N = 10**6
Z = self_test_level([EXPERIMENT])


def truth(mean, variance):
    return ExactMoments(np.array([1.0]), ("error",), np.array([[mean]]), np.array([[variance]]))


def found(moments, mean, variance, precision="mixed"):
    return contradictions(EXPERIMENT, moments, truth(mean, variance), Z, precision)


def test_the_level_is_one_in_a_million_for_everything_that_a_run_looks_at():
    experiments = [EXPERIMENT, one_experiment((1, 2, 3))]
    assert self_test_level(experiments) == critical_value(2 * 1 + 2 * 3, alpha=SELF_TEST_ALPHA)
    assert SELF_TEST_ALPHA == 1e-6
    assert LOOKS == 48


def test_agreement_is_silent_and_disagreement_names_the_quantity():
    sample = sample_of(2.0, 1.0, N)
    assert found(sample, 2.0, 1.0) == []
    (line,) = found(sample, 2.02, 1.0)
    assert line.startswith("mean of error at k = 1: simulated [1.99")
    assert line.endswith("exact 2.02")
    (line,) = found(sample, 2.0, 1.03)
    assert line.startswith("variance of error at k = 1")


def test_an_estimate_is_free_within_its_interval():
    error = 1 / math.sqrt(N)
    assert not found(sample_of(2.0, 1.0, N), 2.0 + 0.99 * Z * error, 1.0)
    assert found(sample_of(2.0, 1.0, N), 2.0 + 1.01 * Z * error, 1.0)


@pytest.mark.parametrize(("precision", "allowed"), [("mixed", 1e-6), ("f32", 1e-5)])
def test_rounding_is_allowed_so_much_and_no_more(precision, allowed):
    equal = drawn(np.full(1024, 3.0))
    assert not found(equal, 3.0 * (1 + 0.9 * allowed), 0.0, precision)
    assert found(equal, 3.0 * (1 + 1.1 * allowed), 0.0, precision)
    assert found(equal, 3.0, allowed * 9, precision)  # but no such spread where there is none


def test_a_wrong_variance_is_seen_beside_a_large_mean():
    # B = 100, h = 0.1, one step: the spread is a thousandth of the mean
    sample = sample_of(0.99, 1e-6, N)
    assert not found(sample, 0.99, 1e-6)
    for factor in (0.98, 1.02):  # 14 standard errors
        assert found(sample, 0.99, factor * 1e-6)


def test_what_has_died_out_is_no_contradiction_for_its_last_digits():
    assert not found(drawn(np.full(1024, 1.01e-320)), 1e-320, 0.0)
    assert not found(drawn(np.full(1024, 0.0)), 1e-50, 0.0, "f32")


def test_untrusted_and_diverging_quantities_are_passed_over():
    assert not found(sample_of(2.0, 1.0, 100, skewness=100.0), 5.0, 1.0)
    assert not found(drawn([1.0, math.inf]), 1e35, math.inf)


def test_what_is_finite_on_one_side_only_is_a_contradiction():
    assert found(drawn([1.0, math.inf]), 5.0, 1.0)
    assert found(sample_of(2.0, 1.0, N), math.inf, math.inf)
    assert found(sample_of(2.0, 1.0, N), math.nan, 1.0)


def test_honest_samples_raise_no_alarm():
    # 4,000 families of 2 cells at the level 1e-6 / 48 each: false-alarm rate 1e-4.
    random = np.random.default_rng(8)
    for _ in range(4000):
        assert not found(drawn(5 + random.standard_normal(2000)), 5.0, 1.0)


@pytest.mark.needs_compiler
def test_a_judged_skewness_or_kurtosis_is_tested_too():
    e = nq.Experiment(
        nq.NoisyQuadratic(1.0, noise="uniform"), nq.sgd(0.5), steps=5, checkpoints=[5],
        observables=["w[0]"],
    )  # fmt: skip
    moments, exact = nq.simulate(e, 2**20, seed=2).moments, nq.exact(e)
    shapes = [("skewness", 5, "w[0]"), ("kurtosis", 5, "w[0]")]
    z = self_test_level([e], len(shapes))
    assert shape_contradictions(e, moments, exact, shapes, z, "mixed") == []
    # The negative control: the kurtosis of another law.
    other = nq.exact(
        nq.Experiment(
            nq.NoisyQuadratic(1.0), nq.sgd(0.5), steps=5, checkpoints=[5], observables=["w[0]"]
        )
    )
    (said,) = shape_contradictions(e, moments, other, shapes, z, "mixed")
    assert said.startswith("kurtosis of w[0] at k = 5: simulated [-")
