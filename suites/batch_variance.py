"""Mini-batches: how much the variance of the gradient falls, with and without replacement."""

import numpy as np
from _data import as_logged, comparison_rows, point_rows, run
from _rows import descent, factor_of, gradients, least, loss, rows_of

import nqmbench as nq

ETA = 0.1
TINY = 1e-8  # of a variance: with 99 of the 100 rows it is a hundred times as large

suite = nq.Suite(
    "batch_variance",
    summary="mini-batches: the variance of their gradient, and the finite-population factor",
    source="second text, mini-batch SGD",
)

suite.figure(
    "One row, a mini-batch, all rows",
    panels=lambda: {
        "the text's 1000 points": {
            "batch gradient descent": run(point_rows(), nq.sgd(lr=0.1), None),
            "SGD, one row": run(point_rows(), nq.sgd(lr=0.1)),
            "mini-batch of 32": run(point_rows(), nq.sgd(lr=0.1), 32, replacement=False),
        }
    },
    of="w[0]",
    single=True,
    doc="The weight on its way to the mean of the points, 4.9026. On average all three take the "
    "same path; single runs scatter about it, with a standard deviation of 0.97 for one row "
    "and 0.17 for 32.",
)


def one_step(B: int, replacement: bool = False) -> nq.Experiment:
    """One step from the script's start subtracts eta times the gradient; 100 rows."""
    return run(comparison_rows(), nq.sgd(lr=ETA), B, steps=1, replacement=replacement)


def one_step_of_many(B: int, replacement: bool = False) -> nq.Experiment:
    """The same on the 1000 points of the text's demonstration."""
    return run(point_rows(), nq.sgd(lr=ETA), B, steps=1, replacement=replacement)


def row_variance(experiment: nq.Experiment, i: int) -> float:
    """eta^2 sigma^2 of weight i, with the variance of the gradient over the rows, at the start."""
    spread = gradients(rows_of(experiment), experiment.problem.w0).var(axis=0)
    return float(ETA**2 * spread[i])


# -- the variance of one batch ---------------------------------------------------------------------


for i in (0, 1):

    @suite.claim(
        f"sigma^2/m without replacement, n = 100, m = 32, weight {i}",
        ref="T2-40",
        of=f"w[{i}]",
        statistic="variance",
        experiments=lambda: [one_step(32)],
        expect="refuted",
    )
    def one_over_m(experiment, B, i=i):
        """The text draws its batches without replacement and gives their gradient the variance
        sigma^2/m. That is the variance of m independent draws.
        """
        return row_variance(experiment, i) / B

    @suite.claim(
        f"the factor (n - m)/(n - 1) without replacement, n = 100, m = 32, weight {i}",
        mends="T2-40",
        of=f"w[{i}]",
        statistic="variance",
        margin=0.05,
        experiments=lambda: [one_step(32)],
        expect="confirmed",
    )
    def finite_population(experiment, B, i=i):
        """Without replacement the variance is sigma^2/m times (n - m)/(n - 1), as of every sample
        from a finite population: 0.687 for 32 rows of 100.
        """
        n = experiment.problem.y.size
        return row_variance(experiment, i) / B * (n - B) / (n - 1)

    @suite.claim(
        f"sigma^2/m with replacement, n = 100, m = 32, weight {i}",
        ref="T2-40",
        of=f"w[{i}]",
        statistic="variance",
        margin=0.05,
        experiments=lambda: [one_step(32, replacement=True)],
        expect="confirmed",
    )
    def one_over_m_independent(experiment, B, i=i):
        """Under the independence that the text assumes, which is with replacement, the variance is
        sigma^2/m.
        """
        return row_variance(experiment, i) / B

    @suite.claim(
        f"the full batch has no variance, weight {i}",
        ref="T2-42",
        of=f"w[{i}]",
        statistic="variance",
        scale=lambda: TINY,
        experiments=lambda: [one_step(100)],
        expect="confirmed",
    )
    def no_variance():
        """All rows without replacement are the same batch every time."""
        return 0.0

    @suite.claim(
        f"n rows with replacement keep sigma^2/n, weight {i}",
        mends="T2-42",
        of=f"w[{i}]",
        statistic="variance",
        experiments=lambda: [one_step(100, replacement=True)],
        expect="confirmed",
    )
    def variance_of_n(experiment, B, i=i):
        """n rows drawn with replacement are not all the rows: about 37 % of them are missing, and
        the variance is sigma^2/n.
        """
        return row_variance(experiment, i) / B


@suite.claim(
    "sigma^2/m without replacement, n = 1000, m = 32",
    ref="T2-40",
    of="w[0]",
    statistic="variance",
    margin=0.01,
    experiments=lambda: [one_step_of_many(32)],
    expect="refuted",
)
def one_over_m_of_many(experiment, B):
    """In the text's demonstration the missing factor (n - m)/(n - 1) is 0.968969: small, and
    visible.
    """
    return row_variance(experiment, 0) / B


@suite.claim(
    "the factor (n - m)/(n - 1) without replacement, n = 1000, m = 32",
    mends="T2-40",
    of="w[0]",
    statistic="variance",
    margin=0.01,
    experiments=lambda: [one_step_of_many(32)],
    expect="confirmed",
)
def finite_population_of_many(experiment, B):
    """With the factor, 0.968969, the variance is that of the simulation."""
    n = experiment.problem.y.size
    return row_variance(experiment, 0) / B * (n - B) / (n - 1)


# -- larger batches --------------------------------------------------------------------------------


def error_of_gradient(B: int | None) -> nq.Experiment:
    """From the minimum one step is eta times the error of the gradient, distance its square."""
    rows = comparison_rows()
    return run(rows, nq.sgd(lr=ETA), B, steps=1, replacement=False, w0=least(rows))


suite.ordering(
    "the variance of the gradient falls with the batch",
    ref="T2-41",
    smaller=lambda: [error_of_gradient(B) for B in (2, 8, 32, 64)],
    larger=lambda: [error_of_gradient(B) for B in (1, 2, 8, 32)],
    of="distance",
    margin=0.0,
    expect="confirmed",
    doc="The mean square of the gradient's error, both weights together, at 1, 2, 8, 32 and 64 "
    "rows of 100.",
)
suite.ordering(
    "the larger batch is the more accurate one",
    ref="T2-43",
    smaller=lambda: [error_of_gradient(B) for B in (8, 32, 64)],
    larger=lambda: [error_of_gradient(B) for B in (1, 8, 32)],
    of="distance",
    statistic="probability",
    probability=0.6,
    margin=0.0,
    expect="confirmed",
    doc="Not only on average: of two gradients at the same place that of the larger batch is "
    "nearer to the full one in more than six runs of ten.",
)


def near_the_mean(method: nq.Method, B: int) -> nq.Experiment:
    """One small step on the 1000 points, from 4; their mean is 4.9."""
    return run(point_rows(), method, B, steps=1, replacement=False, w0=4.0)


suite.ordering(
    "32 rows point towards the minimum in 95 % of the steps",
    ref="T2-43",
    smaller=lambda: near_the_mean(nq.sgd(lr=0.01), 32),
    larger=lambda: near_the_mean(as_logged(lr=0.01), 1000),
    of="distance",
    statistic="probability",
    probability=0.95,
    margin=0.0,
    expect="confirmed",
    doc="A small step leads nearer to the minimum if its direction is right: from 4 towards the "
    "mean, 4.9, in 96 % of the batches of 32.",
)
suite.ordering(
    "one row points away from it in 40 %",
    ref="T2-43",
    smaller=lambda: near_the_mean(as_logged(lr=0.01), 1000),
    larger=lambda: near_the_mean(nq.sgd(lr=0.01), 1),
    of="distance",
    statistic="probability",
    probability=0.4,
    margin=0.0,
    expect="confirmed",
    doc="Every single point below 4 pulls away from the mean, and 42 % of them are.",
)

# -- the demonstration -----------------------------------------------------------------------------


def demonstration() -> list[nq.Experiment]:
    """Single rows, and batches of 32 without replacement, for the text's 50 steps."""
    return [
        run(point_rows(), nq.sgd(lr=0.1), B, replacement=False, steps=50) for B in (1, 32)
    ]  # fmt: skip


@suite.claim(
    "after 50 steps all are at the mean of the points",
    ref="T2-44",
    of="w[0]",
    at="last",
    experiments=demonstration,
    expect="confirmed",
)
def at_the_mean(k, eta, experiment):
    """E w_50 = 4.902496 for one row and for 32 as for all; the mean of the points is 4.902566."""
    return descent(rows_of(experiment), eta, int(k))[-1, 0]


@suite.claim(
    "after 50 steps the variance of the weight",
    ref="T2-44",
    of="w[0]",
    statistic="variance",
    margin=0.05,
    at="last",
    experiments=demonstration,
    expect="confirmed",
)
def spread_at_the_end(k, eta, experiment):
    """The gradient 2 (w - x) has curvature h = 2 and the same noise everywhere, so this is a noisy
    quadratic: the variance is lam/(2 - lam) c s^2 (1 - (1 - lam)^(2k)) with lam = 2 eta and s^2 =
    8.52589 that of the points: 0.947321 for one row, and 0.0286851 for 32, where c = (n - m)/(m (n
    - 1)).
    """
    lam, (_, points) = 2 * eta, rows_of(experiment)
    return lam / (2 - lam) * factor_of(experiment) * points.var() * (1 - (1 - lam) ** (2 * k))


@suite.check(
    "the loss at the minimum is the variance of the points", ref="T2-44", expect="confirmed"
)
def floor_of_the_loss():
    """f is least at the mean of the points, and there it is their variance, 8.52589."""
    x, points = point_rows()
    return [points.mean(), points.var()], [
        least((x, points))[0],
        loss((x, points), np.array([points.mean()])),
    ]
