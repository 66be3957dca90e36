"""Batches of 1, 16, 64, 256 and all of 1000 rows on the second text's slope."""

import math

import numpy as np
from _data import run, slope_rows
from _rows import covariances, descent, factor_of, gradients, least, rows_of
from _second_text import everywhere

import nqmbench as nq

DESCENT = nq.sgd(lr=0.1)
BATCHES = (1, 16, 64, 256)
SMALL = (1, 16, 64)  # for what takes many steps: drawing 256 rows costs four times as much as 64
ALL = 1000
TINY = 1e-9  # of a variance
SETTLED = 150  # steps after which what is left of the start is 1e-9 of the loss

suite = nq.Suite(
    "batch_sizes",
    summary="the batch size: variance of the gradient, fluctuation, speed, and the plateau",
    source="second text, application 4",
)


def trained(B: int, steps: int = 50, w0: object = 0.0) -> nq.Experiment:
    """Batches without replacement; all rows are gradient descent."""
    return run(slope_rows(), DESCENT, B, steps, replacement=False, w0=w0)


suite.figure(
    "The loss by batch size",
    panels=lambda: {
        "the script's 50 steps": {f"B = {B}": trained(B) for B in (*BATCHES, ALL)},
        "and on to the plateau": {f"B = {B}": trained(B, SETTLED) for B in (*SMALL, ALL)},
    },
    of="loss",
    single=True,
    doc="On average the larger batch has the lower loss at every step, and ends lower. Single runs "
    "of small batches scatter, and are below the others as often as not on the way.",
)
suite.figure(
    "The weight by batch size",
    panels=lambda: {"from 0": {f"B = {B}": trained(B) for B in (*BATCHES, ALL)}},
    of="w[0]",
    single=True,
    doc="The mean path is the same for every batch size.",
)

# -- the variance of one batch ---------------------------------------------------------------------


def one_step(B: int, replacement: bool = False) -> nq.Experiment:
    """With eta = 1 one step from the script's start subtracts the gradient itself."""
    return run(slope_rows(), nq.sgd(lr=1.0), B, steps=1, replacement=replacement)


def row_variance(experiment: nq.Experiment) -> float:
    """sigma^2: the variance of the gradient over the rows, at the start."""
    return float(gradients(rows_of(experiment), experiment.problem.w0).var())


@suite.claim(
    "sigma^2/m without replacement",
    ref="T2-78",
    of="w[0]",
    statistic="variance",
    margin=0.01,
    experiments=lambda: [one_step(B) for B in BATCHES],
    expect="refuted",
)
def one_over_m(experiment, B):
    """The text averages m rows and divides the variance by m; the script draws them without
    replacement.
    """
    return row_variance(experiment) / B


@suite.claim(
    "the factor (n - m)/(n - 1) without replacement",
    mends="T2-78",
    of="w[0]",
    statistic="variance",
    margin=0.01,
    experiments=lambda: [one_step(B) for B in BATCHES],
    expect="confirmed",
)
def finite_population(experiment, B):
    """The variance is sigma^2/m times (n - m)/(n - 1): 0.984985, 0.936937, 0.744745 for 16, 64 and
    256 of 1000 rows.
    """
    n = experiment.problem.y.size
    return row_variance(experiment) / B * (n - B) / (n - 1)


@suite.claim(
    "sigma^2/m with replacement",
    ref="T2-78",
    of="w[0]",
    statistic="variance",
    margin=0.05,
    experiments=lambda: [one_step(B, replacement=True) for B in BATCHES],
    expect="confirmed",
)
def one_over_m_independent(experiment, B):
    """If every sample is a draw of its own, with replacement, the variance is sigma^2/m."""
    return row_variance(experiment) / B


# -- fluctuation and speed -------------------------------------------------------------------------


def at_the_minimum(B: int) -> nq.Experiment:
    """From the minimum all that moves the weight is noise."""
    return trained(B, steps=20, w0=least(slope_rows()))


suite.ordering(
    "small batches fluctuate more",
    ref="T2-79",
    smaller=lambda: [at_the_minimum(B) for B in SMALL[1:]],
    larger=lambda: [at_the_minimum(B) for B in SMALL[:-1]],
    of="distance",
    at="last",
    expect="confirmed",
    doc="After 20 steps from the minimum the mean square of the distance to it.",
)


@suite.claim(
    "the variance of the weight by batch size",
    ref="T2-79",
    of="w[0]",
    statistic="variance",
    at=(20, 50),
    experiments=lambda: [trained(B) for B in SMALL],
    expect="confirmed",
)
def fluctuation(k, eta, experiment):
    """By the recursion of the second moment, proportional to (n - m)/(m (n - 1)) at first."""
    *_, S = covariances(rows_of(experiment), eta, int(k), factor_of(experiment))
    return S[0, 0]


suite.ordering(
    "a single row is ahead of gradient descent in some runs",
    ref="T2-79",
    smaller=lambda: trained(1),
    larger=lambda: trained(ALL),
    of="loss",
    at=(10, 20),
    statistic="probability",
    probability=0.5,
    margin=0.0,
    expect="confirmed",
    doc="Sometimes drop faster, says the text, and in single runs it is so: after 10 steps SGD is "
    "below gradient descent in 52 % of them, after 20 in 53 %.",
)
suite.ordering(
    "a single row drops faster than gradient descent on average",
    ref="T2-79",
    smaller=lambda: trained(1),
    larger=lambda: trained(ALL),
    of="loss",
    at=10,
    margin=0.0,
    expect="refuted",
    doc="As a statement on the expected loss it is false.",
)
suite.ordering(
    "the expected loss falls with the batch size",
    mends="T2-79",
    smaller=lambda: [trained(B, steps=10) for B in (*BATCHES[1:], ALL)],
    larger=lambda: [trained(B, steps=10) for B in (1, 16, 64, 64)],
    of="loss",
    at="last",
    margin=0.0,
    expect="confirmed",
    doc="After 10 steps it is 0.39103, 0.37633, 0.37561, 0.37543 for 1, 16, 64 and 256 rows, and "
    "0.37538 for all.",
)

# -- the plateau -----------------------------------------------------------------------------------

suite.ordering(
    "larger batches stop at a higher loss",
    ref="T2-80",
    smaller=lambda: [trained(B, SETTLED) for B in SMALL[:-1]],
    larger=lambda: [trained(B, SETTLED) for B in SMALL[1:]],
    of="loss",
    at="last",
    margin=0.0,
    expect="refuted",
    doc="The text says that larger batches may plateau earlier, as if they stopped above the "
    "smaller ones.",
)
suite.ordering(
    "the larger the batch, the lower the plateau",
    mends="T2-80",
    smaller=lambda: [trained(B, SETTLED) for B in (*SMALL[1:], ALL)],
    larger=lambda: [trained(B, SETTLED) for B in SMALL],
    of="loss",
    at="last",
    margin=0.0,
    expect="confirmed",
    doc="Above the least loss are left 0.00129, 7.7e-5, 1.8e-5 with 1, 16, 64 rows, and nothing "
    "with all of them.",
)


def settled_from(B: int) -> float:
    """From which step on the exact expected loss is within a tenth of its plateau, or inf: the
    plateau of all rows is the least loss itself, which no step reaches.
    """
    if B == ALL:
        return math.inf
    least_loss, plateau = plateau_of(ALL), plateau_of(B)
    excess = everywhere(trained(B, SETTLED), "loss") - least_loss
    return float(np.flatnonzero(excess > 1.1 * (plateau - least_loss))[-1] + 1)


def plateau_of(B: int) -> float:
    """The exact expected loss in the steady state."""
    return nq.steady_state(trained(B)).mean[0, 0]


@suite.check("larger batches plateau earlier", ref="T2-80", kind="bound", expect="refuted")
def plateau_earlier():
    """Then the expected loss would be within a tenth of its plateau the sooner, the larger the
    batch.
    """
    steps = [settled_from(B) for B in BATCHES]
    return steps[:-1], steps[1:]


@suite.check("larger batches plateau later", mends="T2-80", kind="bound", expect="confirmed")
def plateau_later():
    """All take the same mean path, at the same speed, to a plateau that lies the deeper, the larger
    the batch: so they are on it the later.
    """
    steps = [settled_from(B) for B in (*BATCHES, ALL)]
    return steps[1:], steps[:-1]


@suite.claim(
    "larger batches do not slow down",
    mends="T2-80",
    of="w[0]",
    at=(5, 20, 50),
    experiments=lambda: [trained(B) for B in (*SMALL, ALL)],
    expect="confirmed",
)
def same_mean(k, eta, experiment):
    """E w_t is the same for every batch size."""
    return descent(rows_of(experiment), eta, int(k))[-1, 0]


@suite.check("the plateau of every batch size", mends="T2-80", kind="bound", expect="confirmed")
def plateaus():
    """In the exact steady state the excess of the loss falls with the batch: 0.00129, 7.71e-5,
    1.83e-5 and 3.64e-6 for 1, 16, 64 and 256 rows, and 0 for all.
    """
    ends = [plateau_of(B) for B in (*BATCHES, ALL)]
    return ends[:-1], ends[1:]


# -- the full batch --------------------------------------------------------------------------------


@suite.claim(
    "the full batch has no variance",
    ref="T2-83",
    of="w[0]",
    statistic="variance",
    at=(1, 10, 50),
    scale=lambda: TINY,
    experiments=lambda: [trained(ALL)],
    expect="confirmed",
)
def no_variance():
    """Without replacement all rows are the same batch at every step."""
    return 0.0


@suite.claim(
    "the full batch is exact",
    ref="T2-83",
    of="w[0]",
    at=(1, 10, 50),
    experiments=lambda: [trained(ALL)],
    expect="confirmed",
)
def exactly_descent(k, eta, experiment):
    """Its path is that of gradient descent."""
    return descent(rows_of(experiment), eta, int(k))[-1, 0]


@suite.check("the share of the variance by batch size", mends="T2-83", expect="confirmed")
def shares():
    """Of the variance with replacement (n - m)/(n - 1) is left without, by exact theory: less and
    less for 16, 64 and 256 rows, and nothing for all of them.
    """

    def variance(B: int, replacement: bool) -> float:
        return nq.exact(one_step(B, replacement).observed_at([1], ["w[0]"])).variance[0, 0]

    sizes = (*BATCHES, ALL)
    claimed = [(ALL - B) / (ALL - 1) for B in sizes]
    return claimed, [variance(B, False) / variance(B, True) for B in sizes]


suite.outside(
    "T2-81",
    "Steps with small batches are fast, with the full batch slow.",
    "A statement on the cost of a step, which no count of steps can judge.",
)
suite.outside(
    "T2-82",
    "A large batch can end in a local minimum, or fit patterns of a few rows too closely.",
    "The losses of the text are convex and have no such minima, and it has no data to test a fit "
    "on.",
)
suite.outside(
    "T2-84",
    "The closing section.",
    "It repeats what stands before, where it is judged.",
)
