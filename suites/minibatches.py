"""The second text's mini-batch demonstration: the mean of 1000 points, found by three methods."""

import numpy as np
from _data import point_rows

import nqmbench as nq

ETA, STEPS, BATCH = 0.1, 50, 32


def points() -> np.ndarray:
    """The text's 1000 points, uniform between 0 and 10."""
    return point_rows()[1]


def averaged_samples() -> dict[int, nq.Experiment]:
    """Batches of 1 and 32 independent draws, by the mean and the variance of the points."""
    x = points()
    problem = nq.NoisyQuadratic(h=2.0, sigma=x.std(), w0=0.0, optimum=x.mean())
    return {B: nq.Experiment(problem, nq.sgd(lr=ETA), batch=B, steps=STEPS) for B in (1, BATCH)}


suite = nq.Suite(
    "minibatches",
    summary="batches of one, of 32 and of all points: means and variances after 50 steps",
    source="second text, mini-batch SGD",
    experiments=lambda: list(averaged_samples().values()),
)


def recursion(batch_variance: float) -> tuple[float, float]:
    """Mean and variance of w after the script's steps, step by step."""
    mean, variance, goal = 0.0, 0.0, points().mean()
    for _ in range(STEPS):
        mean -= ETA * 2 * (mean - goal)
        variance = (1 - 2 * ETA) ** 2 * variance + (2 * ETA) ** 2 * batch_variance
    return mean, variance


def variance_of_mean(m: int, replacement: bool) -> float:
    """The variance of the mean of m of the points, from variances and covariances of two draws.

    Without replacement the covariance is the mean of all products of two different points.
    """
    x = points() - points().mean()
    covariance = 0.0 if replacement else (x.sum() ** 2 - (x**2).sum()) / (x.size * (x.size - 1))
    return float((m * (x**2).mean() + m * (m - 1) * covariance) / m**2)


def closed_form(m: int, factor: float) -> float:
    """lam/(2 - lam) sigma^2/m (1 - (1 - lam)^(2k)), times the factor of the sampling."""
    lam = 2 * ETA
    return lam / (2 - lam) * points().var() / m * factor * (1 - (1 - lam) ** (2 * STEPS))


@suite.check("all three paths lead to the mean of the points", ref="T2-44", kind="bound",
             expect="confirmed")  # fmt: skip
def same_mean():
    """The mean of w after 50 steps is the same for batches of 1, 32 and all points, and 7e-5 below
    the mean of the points, 4.902566.
    """
    return [1e-4], [points().mean() - recursion(0.0)[0]]


@suite.check("the variances after 50 steps", ref="T2-44", expect="confirmed")
def variances():
    """0.947 for single samples, 0.0296 for 32 drawn with replacement, 0.0287 without, as the text
    draws them: there the factor (n - m)/(n - 1) belongs to it.
    """
    n, m = points().size, BATCH
    claimed = [closed_form(1, 1.0), closed_form(m, 1.0), closed_form(m, (n - m) / (n - 1))]
    sampled = [(1, True), (m, True), (m, False)]
    return claimed, [recursion(variance_of_mean(*how))[1] for how in sampled]


@suite.claim("the mean of w under single samples and batches", ref="T2-44", of="w[0]",
             expect="confirmed")  # fmt: skip
def mean(k, eta, h, w0):
    """Whatever the batch, E w is gradient descent's w: 4.902496 after 50 steps."""
    return (1 - eta * h) ** k * w0


@suite.claim(
    "the variance of w under single samples and batches of independent draws",
    ref="T2-44",
    of="w[0]",
    statistic="variance",
    expect="confirmed",
)
def variance(k, eta, h, B, sigma):
    """lam/(2 - lam) sigma^2/B (1 - (1 - lam)^(2k)), lam = eta h."""
    return eta * h / (2 - eta * h) * sigma**2 / B * (1 - (1 - eta * h) ** (2 * k))
