"""Exact moments against 50-digit references, enumeration of all noise paths, and closed forms."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import textbook
from method_table import ALL_LAWS, METHODS, WRAPPERS, wrapped

import nqmbench as nq
from nqmbench import noise
from nqmbench.noise import NoiseLaw
from nqmbench.theory import exact

ROUNDING = 1e-12  # relative: what a recursion of a thousand steps may lose
CANCELLATION = 1e-13  # absolute: a mean of order 1 that has decayed towards 0
LONG_ROUNDING = 1e-10  # relative: ten thousand steps with a double root

# ---- enumeration of every path of the noise --------------------------------------------


@pytest.fixture
def skewed_law(monkeypatch):
    """A two-point law as a noise law: 2 with probability 1/5, else -1/2."""
    moments = {
        **noise.MOMENTS,
        "two-point": lambda r, nu: sum(v**r * p for v, p in textbook.SKEWED),
    }
    monkeypatch.setattr(noise, "MOMENTS", moments)
    monkeypatch.setattr(noise, "LAWS", tuple(moments))
    return "two-point"


H, SIGMA, W0 = (1.0, 0.25), (0.5, 2.0), (1.0, -0.75)
OBSERVABLES = ("error", "loss", "w[i]", "w2[i]", "w3[i]")


def enumerate_observables(entry, law, batches, eta, beta, gamma, power, w0_std=0):
    """Mean and variance of OBSERVABLES after each step: exact rationals for rational input."""
    coordinates = []
    for h, sigma, w0 in zip(H, SIGMA, W0, strict=True):
        lam = Fraction(h) if power is None else Fraction(math.sqrt(h))
        starts = [(Fraction(w0), 1)]
        if w0_std:
            starts = [(w0 + w0_std * x, p) for x, p in textbook.standard_normal()]

        def walk(means, start, lam=lam, sigma=Fraction(sigma)):
            x = [sigma * mean for mean in means]
            if isinstance(start, float):
                x = [float(value) for value in x]
            return textbook.trajectory(entry.rule, start, x, lam, eta, beta, gamma)

        coordinates.append(textbook.enumerated(walk, law, batches, starts))
    table = []
    for k in range(len(batches) + 1):
        laws = [c[k] for c in coordinates]
        columns = [
            textbook.weighted_squares(laws, (1, 1)),
            textbook.weighted_squares(laws, [Fraction(h) / 2 for h in H]),
        ]
        columns += [[(w**r, p) for w, p in law] for r in (1, 2, 3) for law in laws]
        table.append([textbook.mean_and_variance(column) for column in columns])
    return np.array(table, dtype=np.float64)  # (k, observable, mean or variance)


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("law", ["rademacher", "skewed"])
def test_moments_equal_the_enumeration_of_all_noise_paths(name, wrapper, law, skewed_law):
    entry, (power, decay) = METHODS[name], WRAPPERS[wrapper]
    steps, lr, momentum = 3, 0.375, 0.75  # binary fractions, so that both sides mean the same
    decay = None if decay is None else 0.875
    problem = nq.NoisyQuadratic(
        H, SIGMA, W0, noise=NoiseLaw(skewed_law if law == "skewed" else "rademacher")
    )
    method = wrapped(entry.build(lr, momentum), power, decay)
    experiment = nq.Experiment(
        problem, method, steps=steps, checkpoints=range(steps + 1), observables=OBSERVABLES
    )
    expected = enumerate_observables(
        entry,
        textbook.SKEWED if law == "skewed" else textbook.RADEMACHER,
        [1] * steps,
        [Fraction(lr)] * steps,
        [Fraction(momentum)] * steps,
        None if decay is None else [Fraction(decay)] * steps,
        power,
    )
    moments = exact(experiment)
    np.testing.assert_allclose(moments.mean, expected[..., 0], rtol=ROUNDING, atol=1e-15)
    np.testing.assert_allclose(moments.variance, expected[..., 1], rtol=ROUNDING, atol=1e-15)


@pytest.mark.parametrize("name", METHODS)
def test_schedules_of_step_size_momentum_decay_and_batch_equal_the_enumeration(name, skewed_law):
    entry = METHODS[name]
    batches, eta, beta, gamma = [1, 2, 1], [0.5, 0.25, 0.75], [0.5, 0.75, 0.25], [0.0, 0.5, 0.75]
    method = nq.averaged(entry.build(nq.schedule(eta), beta), gamma)
    problem = nq.NoisyQuadratic(H, SIGMA, W0, noise=NoiseLaw(skewed_law))
    experiment = nq.Experiment(problem, method, batches, 3, [0, 1, 2, 3], OBSERVABLES)
    rationals = [[Fraction(x) for x in values] for values in (eta, beta, gamma)]
    expected = enumerate_observables(entry, textbook.SKEWED, batches, *rationals, power=None)
    moments = exact(experiment)
    np.testing.assert_allclose(moments.mean, expected[..., 0], rtol=ROUNDING, atol=1e-15)
    np.testing.assert_allclose(moments.variance, expected[..., 1], rtol=ROUNDING, atol=1e-15)


@pytest.mark.parametrize("name", METHODS)
def test_a_gaussian_start_equals_the_enumeration(name, skewed_law):
    entry, steps = METHODS[name], 2
    problem = nq.NoisyQuadratic(H, SIGMA, W0, w0_std=0.5, noise=NoiseLaw(skewed_law))
    experiment = nq.Experiment(
        problem, entry.build(0.375, 0.75), steps=steps, checkpoints=[0, 1, 2],
        observables=OBSERVABLES,
    )  # fmt: skip
    expected = enumerate_observables(
        entry, textbook.SKEWED, [1] * steps, [0.375] * steps, [0.75] * steps, None, None, w0_std=0.5
    )
    moments = exact(experiment)
    np.testing.assert_allclose(moments.mean, expected[..., 0], rtol=ROUNDING, atol=1e-14)
    np.testing.assert_allclose(moments.variance, expected[..., 1], rtol=ROUNDING, atol=1e-14)


# ---- closed forms ----------------------------------------------------------------------


@pytest.mark.parametrize("law", ALL_LAWS, ids=str)
def test_sgd_has_the_scalar_closed_form_under_every_law(law):
    h, sigma, w0, lr, batch, k = 0.7, 1.3, -0.4, 0.6, 3, 17
    problem = nq.NoisyQuadratic(h, sigma, w0, noise=law)
    experiment = nq.Experiment(
        problem, nq.sgd(lr), batch, k, [k], observables=["w[0]", "w2[0]", "error", "loss"]
    )
    lam, a = lr * h, 1 - lr * h
    one, two, three, four = (
        lam**r * sigma**r * problem.noise.cumulant(r) / batch ** (r - 1)
        * (1 - a ** (r * k)) / (1 - a**r)
        for r in (1, 2, 3, 4)
    )  # fmt: skip
    mu = a**k * w0 + one
    mean2 = mu**2 + two
    variance2 = four + 4 * mu * three + 2 * two**2 + 4 * mu**2 * two
    moments = exact(experiment)
    assert moments.mean[0] == pytest.approx([mu, mean2, mean2, h / 2 * mean2], rel=ROUNDING)
    expected = [two, variance2, variance2, h**2 / 4 * variance2]
    assert moments.variance[0] == pytest.approx(expected, rel=ROUNDING)


@pytest.mark.parametrize("k", [1, 2, 7, 100])
def test_uniform_average_has_the_formula_of_polyak_and_ruppert(k):
    h, sigma, w0, lr, batch = 0.5, 1.5, 2.0, 0.8, 4
    lam, a, s2 = lr * h, 1 - lr * h, sigma**2 / batch
    experiment = nq.Experiment(
        nq.NoisyQuadratic(h, sigma, w0), nq.averaged(nq.sgd(lr), nq.uniform_average()), batch, k,
        [k], ["w[0]"],
    )  # fmt: skip
    bias = w0 * a * (1 - a**k) / (k * lam)
    inside = k - 2 * a * (1 - a**k) / (1 - a) + a**2 * (1 - a ** (2 * k)) / (1 - a**2)
    moments = exact(experiment)
    assert moments.mean[0, 0] == pytest.approx(bias, rel=ROUNDING)
    assert moments.variance[0, 0] == pytest.approx(s2 / k**2 * inside, rel=ROUNDING)


def second_moments_step_by_step(A, q, state, s2, steps):
    """Mean and variance of the answer after z' = A z + q x, repeated in plain Python."""
    n = len(A)
    mean, P = list(state), [[0.0] * n for _ in range(n)]
    for _ in range(steps):
        mean = [sum(A[i][j] * mean[j] for j in range(n)) for i in range(n)]
        AP = [[sum(A[i][j] * P[j][k] for j in range(n)) for k in range(n)] for i in range(n)]
        P = [
            [sum(AP[i][j] * A[k][j] for j in range(n)) + q[i] * q[k] * s2 for k in range(n)]
            for i in range(n)
        ]
    return mean[-1], P[-1][-1]


@pytest.mark.parametrize("steps", [1, 2, 3, 64, 1000, 12345])
@pytest.mark.parametrize("root", ["heavy ball", "average"])
def test_doubling_equals_stepping_at_defective_double_roots(steps, root):
    """The first text's script sits exactly on such a root, where diagonalisation fails."""
    if root == "heavy ball":  # lam = (1 - sqrt beta)^2
        beta = 0.9
        lam = (1 - math.sqrt(beta)) ** 2
        method = nq.heavy_ball(1.0, beta)
        A, q, start = [[beta, lam], [-beta, 1 - lam]], [-lam, lam], [0.0, 1.0]
    else:  # gamma = 1 - lam
        lam, gamma = 0.01, 0.99
        method = nq.averaged(nq.sgd(1.0), gamma)
        A = [[1 - lam, 0.0], [(1 - gamma) * (1 - lam), gamma]]
        q, start = [lam, (1 - gamma) * lam], [1.0, 1.0]
    experiment = nq.Experiment(nq.NoisyQuadratic(lam), method, 1, steps, [steps], ["w[0]"])
    mean, variance = second_moments_step_by_step(A, q, start, 1.0, steps)
    moments = exact(experiment)
    assert moments.mean[0, 0] == pytest.approx(mean, rel=LONG_ROUNDING, abs=CANCELLATION)
    assert moments.variance[0, 0] == pytest.approx(variance, rel=ROUNDING)


@pytest.mark.parametrize("law", ["gaussian", "exponential", "intermittent"])
@pytest.mark.parametrize("name", METHODS)
def test_a_constant_written_as_a_schedule_gives_the_same_moments(name, law):
    """Doubling on one side, one step after the other on the other."""
    problem = nq.NoisyQuadratic([1.0, 0.1], noise=law)
    build, steps = METHODS[name].build, 50
    constant = exact(nq.Experiment(problem, nq.averaged(build(0.1, 0.9), 0.9), 2, steps))
    listed = nq.averaged(build([0.1] * steps, 0.9), 0.9)
    stepped = exact(nq.Experiment(problem, listed, [2] * steps, steps))
    np.testing.assert_allclose(constant.mean, stepped.mean, rtol=ROUNDING)
    np.testing.assert_allclose(constant.variance, stepped.variance, rtol=ROUNDING)


def test_checkpoints_at_once_equal_checkpoints_one_by_one():
    problem = nq.NoisyQuadratic([1.0, 0.1], noise="laplace")
    checkpoints = [0, 1, 2, 5, 77, 1000]
    at_once = exact(nq.Experiment(problem, nq.heavy_ball(0.1, 0.9), 1, 1000, checkpoints))
    for row, k in enumerate(checkpoints):
        alone = exact(nq.Experiment(problem, nq.heavy_ball(0.1, 0.9), 1, 1000, [k]))
        assert at_once.mean[row] == pytest.approx(alone.mean[0], rel=ROUNDING)
        assert at_once.variance[row] == pytest.approx(alone.variance[0], rel=ROUNDING)


@pytest.mark.parametrize("longest", [64, 4096])
@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("name", METHODS)
def test_many_checkpoints_give_what_few_of_them_give(name, wrapper, longest, monkeypatch):
    """Where most steps are checkpoints, all steps are found, side by side and in pieces."""
    monkeypatch.setattr("nqmbench.doubling.LONGEST", longest)
    power, decay = WRAPPERS[wrapper]
    method = wrapped(METHODS[name].build(0.3, 0.8), power, decay)
    problem = nq.NoisyQuadratic(H, SIGMA, W0, noise="exponential")
    many, few = [*range(3, 200), 300], [3, 64, 128, 199, 300]
    found, wanted = (
        exact(nq.Experiment(problem, method, 3, 300, steps, OBSERVABLES)) for steps in (many, few)
    )
    rows = [many.index(k) for k in few]
    for statistic in ("mean", "variance", "skewness", "kurtosis"):
        one, other = found.of(statistic)[rows], wanted.of(statistic)
        assert one == pytest.approx(other, rel=ROUNDING, abs=CANCELLATION)


def test_moments_do_not_depend_on_the_total_number_of_steps_or_later_checkpoints():
    problem = nq.NoisyQuadratic(0.3)
    short = exact(nq.Experiment(problem, nq.sgd(0.1), 1, 10, [3, 10]))
    long = exact(nq.Experiment(problem, nq.sgd(0.1), 1, 500, [3, 10, 500]))
    assert short.mean.tolist() == long.mean[:2].tolist()
