"""Exact skewness and kurtosis of the read-out and of its powers."""

from __future__ import annotations

import math

import numpy as np
import pytest

import nqmbench as nq
from nqmbench import theory
from nqmbench.theory import ExactMoments, exact, readout_cumulants, steady_state

ROUNDING = 1e-12  # relative: what a recursion of a thousand steps may lose
CANCELLATION = 1e-13  # absolute: a mean of order 1 that has decayed towards 0
LONG_ROUNDING = 1e-10  # relative: ten thousand steps with a double root


def test_skewed_noise_makes_a_skewed_read_out():
    """T1-05: kappa_3 = 2 lam^3 (1 - a^(3k)) / (1 - a^3), skewness +.611; the text's sign, -.611."""
    problem = nq.NoisyQuadratic(1.0, noise="exponential")
    moments = exact(nq.Experiment(problem, nq.sgd(0.1), 1, 100, [100], ["w[0]"]))
    lam, a, k = 0.1, 0.9, 100
    third = 2 * lam**3 * (1 - a ** (3 * k)) / (1 - a**3)
    second = lam**2 * (1 - a ** (2 * k)) / (1 - a**2)
    assert third == pytest.approx(0.00738, abs=5e-6)
    assert moments.skewness[0, 0] == pytest.approx(third / second**1.5, rel=ROUNDING)
    assert moments.skewness[0, 0] == pytest.approx(0.611, abs=5e-4)


@pytest.mark.parametrize("law", ["uniform", "rademacher", "laplace", "exponential", ("student", 9)])
@pytest.mark.parametrize("batch", [1, 4, 100])
def test_the_mean_of_a_batch_has_the_excess_kurtosis_of_a_sample_over_b(law, batch):
    """T1-06: one step from 0 with eta h = 1 leaves the batch mean itself."""
    problem = nq.NoisyQuadratic(1.0, noise=law, w0=0.0)
    moments = exact(nq.Experiment(problem, nq.sgd(1.0), batch, 1, [1], ["w[0]"]))
    fourth, third = problem.noise.cumulant(4), problem.noise.cumulant(3)
    assert moments.kurtosis[0, 0] == pytest.approx(fourth / batch, rel=ROUNDING)
    assert moments.skewness[0, 0] == pytest.approx(third / math.sqrt(batch), rel=ROUNDING)


@pytest.mark.parametrize("method", ["heavy_ball", "averaged"])
def test_powers_of_a_normal_read_out_have_the_shapes_of_normal_powers(method):
    """From raw moments: the cube of N(0, v) has E z^6 = 15, E z^12 = 10395; kurtosis 46.2 - 3."""
    build = nq.heavy_ball(0.1, 0.9)
    method = nq.averaged(build, 0.9) if method == "averaged" else build
    problem = nq.NoisyQuadratic([1.0, 0.1], w0=0.0)
    names = ("w[1]", "w2[1]", "w3[1]")
    experiment = nq.Experiment(problem, method, 1, 20, [1, 20], names)
    for moments in (
        exact(experiment),
        steady_state(nq.Experiment(problem, build, 1, 20, [20], names)),
    ):
        for row in moments.skewness:
            assert row.tolist() == pytest.approx([0.0, math.sqrt(8), 0.0], rel=ROUNDING)
        for row in moments.kurtosis:
            assert row.tolist() == pytest.approx([0.0, 12.0, 10395 / 225 - 3], rel=ROUNDING)


def test_the_shape_of_a_sum_is_that_of_its_independent_terms():
    """error = sum c_i^2 chi^2_1: kappa_r = 2^(r-1) (r-1)! sum v_i^r."""
    problem = nq.NoisyQuadratic([1.0, 0.1, 0.01], w0=0.0)
    moments = exact(nq.Experiment(problem, nq.sgd(0.5), 3, 30, [30], ["error", "w2[i]"]))
    v = moments.mean[0, 1:]
    cumulants = [2 ** (r - 1) * math.factorial(r - 1) * np.sum(v**r) for r in (2, 3, 4)]
    assert moments.skewness[0, 0] == pytest.approx(cumulants[1] / cumulants[0] ** 1.5, rel=ROUNDING)
    assert moments.kurtosis[0, 0] == pytest.approx(cumulants[2] / cumulants[0] ** 2, rel=ROUNDING)


def test_what_has_no_shape_has_nan_or_inf_and_raises_nothing():
    fixed = exact(nq.Experiment(nq.NoisyQuadratic(1.0), nq.sgd(0.1), 1, 5, [0, 5], ["w[0]"]))
    assert np.isnan([fixed.skewness[0, 0], fixed.kurtosis[0, 0]]).all()
    assert np.isfinite([fixed.skewness[1, 0], fixed.kurtosis[1, 0]]).all()
    heavy = nq.NoisyQuadratic(1.0, noise=("student", 3.5))
    heavy = exact(nq.Experiment(heavy, nq.sgd(0.1), 1, 5, [5], ["w[0]"]))
    assert (heavy.skewness[0, 0], heavy.kurtosis[0, 0]) == (0.0, math.inf)
    bare = ExactMoments(fixed.steps, fixed.observables, fixed.mean, fixed.variance)
    assert np.isnan(bare.of("kurtosis")).all()


def test_mean_and_variance_do_not_compute_a_shape(monkeypatch):
    wanted = []
    monkeypatch.setattr(
        theory, "readout_cumulants", lambda e, r: wanted.append(r) or readout_cumulants(e, r)
    )
    moments = exact(nq.Experiment(nq.NoisyQuadratic(1.0), nq.sgd(0.1)))
    moments.to_frame()
    assert wanted == [4]
    moments.skewness, moments.kurtosis  # noqa: B018 - they are computed once, for both
    assert wanted == [4, 8]
