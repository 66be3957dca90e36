"""Exact moments at the edges: moments that do not exist, no noise, divergence, large sizes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from method_table import METHODS, WRAPPERS, wrapped

import nqmbench as nq
from nqmbench.theory import exact, steady_state

ROUNDING = 1e-12  # relative: what a recursion of a thousand steps may lose
LONG_ROUNDING = 1e-10  # relative: ten thousand steps with a double root

OBSERVABLES = ("error", "loss", "w[i]", "w2[i]", "w3[i]")


@pytest.mark.parametrize("w0", [-1.0, 0.0, 1.0])
@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("name", METHODS)
def test_moments_that_student_noise_does_not_have_are_infinite(name, wrapper, w0):
    """Once NaN: 0 inf in the tensor products, and inf - inf for a negative mean."""
    method = wrapped(METHODS[name].build(0.1, 0.5), *WRAPPERS[wrapper])
    problem = nq.NoisyQuadratic([1.0, 0.5], [1.0, 0.0], w0, noise=("student", 3))
    gaussian = nq.NoisyQuadratic([1.0, 0.5], [1.0, 0.0], w0)
    details = (method, 1, 9, [0, 1, 9], ("error", "w[i]", "w3[i]"))
    moments, finite = (exact(nq.Experiment(p, *details)) for p in (problem, gaussian))
    error, first, second, cube, silent = range(5)
    kept = [error, first, second, silent]
    assert moments.mean[:, kept].tolist() == finite.mean[:, kept].tolist()
    assert moments.variance[0].tolist() == [0.0] * 5
    assert moments.mean[1:, cube].tolist() == [math.inf] * 2
    assert moments.variance[1:, error].tolist() == [math.inf] * 2
    assert moments.variance[1:, cube].tolist() == [math.inf] * 2
    assert moments.variance[1:, first].tolist() == finite.variance[1:, first].tolist()
    assert moments.variance[1:, [second, silent]].tolist() == [[0.0, 0.0]] * 2
    limit = steady_state(nq.Experiment(problem, *details))
    assert limit.variance[0, error] == math.inf
    assert np.isfinite(limit.mean[0, error])


def test_student_noise_with_four_but_not_six_moments_has_an_infinite_variance_of_the_cube_only():
    problem = nq.NoisyQuadratic(1.0, noise=("student", 5))
    moments = exact(nq.Experiment(problem, nq.sgd(0.1), 1, 5, [5], ("error", "w3[0]")))
    assert np.isfinite(moments.mean).all()
    assert moments.variance[0, 0] < math.inf == moments.variance[0, 1]


def test_a_gaussian_start_alone_has_all_moments_whatever_the_law_of_the_absent_noise():
    problem = nq.NoisyQuadratic(1.0, sigma=0.0, w0_std=1.0, noise=("student", 3))
    gaussian = nq.NoisyQuadratic(1.0, sigma=0.0, w0_std=1.0)
    one, other = (exact(nq.Experiment(p, nq.sgd(0.1), 1, 5)) for p in (problem, gaussian))
    assert one.variance.tolist() == other.variance.tolist()


@pytest.mark.parametrize("name", METHODS)
def test_only_the_distance_to_the_optimum_matters(name):
    method = nq.averaged(METHODS[name].build(0.3, 0.5), 0.75)
    shifted = nq.NoisyQuadratic([1.0, 0.25], w0=[3.0, 1.0], optimum=[2.0, -1.0], w0_std=0.5)
    centred = nq.NoisyQuadratic([1.0, 0.25], w0=[1.0, 2.0], w0_std=0.5)
    one, other = (
        exact(nq.Experiment(p, method, 1, 9, observables=OBSERVABLES)) for p in (shifted, centred)
    )
    assert one.mean.tolist() == other.mean.tolist()
    assert one.variance.tolist() == other.variance.tolist()


@pytest.mark.parametrize("name", METHODS)
def test_before_the_first_step_there_is_only_the_start(name):
    problem = nq.NoisyQuadratic([1.0, 0.5], w0=[2.0, -1.0], w0_std=[0.0, 0.5])
    method = nq.averaged(METHODS[name].build(0.1, 0.9), 0.99)
    moments = exact(nq.Experiment(problem, method, 1, 1, [0], ("w[i]", "w2[i]")))
    assert moments.mean[0].tolist() == [2.0, -1.0, 4.0, 1.25]
    assert moments.variance[0].tolist() == [0.0, 0.25, 0.0, 2 * 0.25**2 + 4 * 0.25]


def test_without_noise_every_variance_is_zero():
    problem = nq.NoisyQuadratic([1.0, 0.5], sigma=0.0, noise="exponential")
    moments = exact(nq.Experiment(problem, nq.nesterov(0.1, 0.9), 1, 100, observables=OBSERVABLES))
    assert not moments.variance.any()


def test_a_diverging_method_grows_as_the_formula_says_and_then_overflows_without_a_warning():
    problem = nq.NoisyQuadratic(1.0, sigma=1.0)
    experiment = nq.Experiment(
        problem, nq.sgd(3.0), 1, 3000, [10, 3000], ("w[0]", "error", "w3[0]")
    )
    moments = exact(experiment)
    lam, a = 3.0, -2.0
    variance = lam**2 * (1 - a**20) / (1 - a**2)
    assert moments.mean[0, :2] == pytest.approx([a**10, a**20 + variance], rel=ROUNDING)
    assert moments.mean[1].tolist() == [math.inf] * 3
    assert moments.variance[1].tolist() == [math.inf] * 3


def test_ten_thousand_coordinates_and_a_hundred_thousand_steps_agree_with_the_closed_form():
    h = 1 / np.arange(1, 10_001.0)
    lr, k = 0.5, 100_000
    experiment = nq.Experiment(nq.NoisyQuadratic(h), nq.sgd(lr), 1, k, [k])
    a, lam = 1 - lr * h, lr * h
    decayed = np.exp(2 * k * np.log1p(-lam))
    expected = np.sum(decayed + lam / (2 - lam) * (1 - decayed))
    assert np.all(a > 0)
    assert exact(experiment).mean[0, 0] == pytest.approx(expected, rel=LONG_ROUNDING)


def test_a_large_averaged_momentum_experiment_is_in_its_steady_state():
    h = 1 / np.sqrt(np.arange(1, 10_001.0))
    method = nq.averaged(nq.heavy_ball(0.1, 0.9), 0.99)
    experiment = nq.Experiment(nq.NoisyQuadratic(h), method, 1, 100_000, [100_000])
    limit = steady_state(experiment)
    assert exact(experiment).mean[0, 0] == pytest.approx(limit.mean[0, 0], rel=LONG_ROUNDING)


def test_frames_have_one_row_per_step_and_observable():
    problem = nq.NoisyQuadratic([1.0, 0.5])
    experiment = nq.Experiment(problem, nq.sgd(0.1), 1, 10, [0, 10], ("loss", "w[i]"))
    frame = exact(experiment).to_frame()
    assert list(frame.columns) == ["step", "observable", "mean", "variance"]
    assert frame["step"].tolist() == [0, 0, 0, 10, 10, 10]
    assert frame["observable"].tolist() == ["loss", "w[0]", "w[1]"] * 2
    assert frame["step"].dtype.kind == "i"
    assert steady_state(experiment).to_frame()["step"].tolist() == [math.inf] * 3
