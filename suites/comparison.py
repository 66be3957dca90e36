"""The first text's comparison: six methods under the same noise."""

from _first_text import (
    BATCHES,
    METHODS,
    RAISING,
    against,
    experiment,
    line_up,
)

import nqmbench as nq

suite = nq.Suite(
    "comparison",
    summary="six methods side by side: what is left at the end, and what one run shows",
    source="first text, section 8",
)

suite.figure(
    "Six methods side by side",
    panels=lambda: {f"B = {B}": {name: experiment(name, B) for name in METHODS} for B in BATCHES},
    single=True,
    doc="The expected squared error of the six methods. The text plots one single run of each, "
    "which scatters about its mean by as much as the mean itself.",
)
suite.figure(
    "The batch size, method by method",
    panels=lambda: {name: {f"B = {B}": experiment(name, B) for B in BATCHES} for name in METHODS},
    doc="Every method ends in a variance proportional to 1/B; how fast it gets there does not "
    "depend on B.",
)

# -- SGD -------------------------------------------------------------------------------------------

suite.ordering(
    "SGD has the highest variance of all",
    ref="T1-42a",
    smaller=lambda: line_up(*[name for name in METHODS if name != "SGD"]),
    larger=lambda: against("SGD", 5),
    of="error",
    at="last",
    expect="refuted",
    doc="Of SGD the text finds a high steady-state variance, which the other five would improve "
    "on.",
)
suite.ordering(
    "the two averaged methods have a lower variance than SGD",
    mends="T1-42a",
    smaller=lambda: line_up("averaging", "momentum and averaging"),
    larger=lambda: against("SGD", 2),
    of="error",
    at="last",
    expect="confirmed",
    doc="At B = 1 the two averaged methods end at an expected error of 0.0071 and 0.0104, SGD at "
    "0.0577.",
)
suite.ordering(
    "momentum, preconditioning and both together have a higher variance than SGD",
    mends="T1-42a",
    smaller=lambda: against("SGD", 3),
    larger=lambda: line_up(*RAISING),
    of="error",
    at="last",
    expect="confirmed",
    doc="At B = 1 the three end at an expected error of 0.564, 0.0687 and 0.673, SGD at 0.0577.",
)
suite.ordering(
    "SGD converges more slowly than momentum and preconditioning, at B = 100",
    ref="T1-42a",
    smaller=lambda: line_up(*RAISING, batches=(100,)),
    larger=lambda: against("SGD", 3, batches=(100,)),
    of="error",
    at=(30, 50, 100),
    expect="confirmed",
    doc="At B = 100, where noise matters little, SGD is behind momentum, preconditioning and both "
    "together after 30, 50 and 100 steps.",
)

# -- what the six have in common -------------------------------------------------------------------

suite.ordering(
    "smaller batches lead to a higher variance",
    ref="T1-42g",
    smaller=lambda: line_up(*METHODS, batches=(10, 100)),
    larger=lambda: line_up(*METHODS, batches=(1, 10)),
    of="error",
    at="last",
    expect="confirmed",
    doc="Each of the six methods ends with less variance when it has ten times the samples.",
)


@suite.check("the variance is proportional to 1/B", ref="T1-42g", expect="confirmed")
def exactly_inverse():
    """In the steady state of all six methods B samples leave exactly 1/B of the error with single
    samples.
    """

    def floor(name: str, B: int) -> float:
        return nq.steady_state(experiment(name, B)).mean[0, 0]

    grid = [(name, B) for name in METHODS for B in BATCHES]
    return [floor(name, 1) / B for name, B in grid], [floor(name, B) for name, B in grid]


suite.ordering(
    "the methods that are faster than SGD end with a higher variance, at B = 100",
    ref="T1-42g",
    smaller=lambda: against("SGD", 3, batches=(100,)),
    larger=lambda: line_up(*RAISING, batches=(100,)),
    of="error",
    at="last",
    expect="confirmed",
    doc="Faster convergence often costs variance, says the text. Momentum, preconditioning and "
    "both together pay it.",
)

# -- one run is not a mean -------------------------------------------------------------------------


def scatter(h, eta, B, sigma):
    """The variance of w^2 in SGD's steady state, 2 V^2 for Gaussian noise."""
    return 2 * (eta * h / (B * (2 - eta * h)) * sigma**2) ** 2


@suite.claim(
    "one run shows the mean squared error",
    ref="T1-43",
    of="error",
    statistic="variance",
    kind="upper bound",
    at="last",
    experiments=lambda: line_up("SGD"),
    expect="refuted",
)
def one_run(eta, B, experiment):
    """The text plots |w_k|^2 of a single run and calls it the mean squared error. Were that so to
    within a tenth, its standard deviation would be at most a tenth of its mean.
    """
    lam = eta * experiment.problem.h
    return (0.1 * (lam / (2 - lam)).sum() / B) ** 2


@suite.claim(
    "one run scatters by 1.3 times the mean",
    mends="T1-43",
    of="error",
    statistic="variance",
    at="last",
    experiments=lambda: line_up("SGD"),
    expect="confirmed",
)
def one_run_scatters(h, eta, B, sigma):
    """In the steady state the variance of |w_k|^2 is the sum of 2 V_i^2: a standard deviation of
    0.0748 where the mean is 0.0577.
    """
    return scatter(h, eta, B, sigma)


suite.outside(
    "T1-44",
    "Adam, K-FAC and the training of deep networks behave as the model suggests.",
    "Neither adaptive methods nor networks are linear recursions with additive noise, so nothing "
    "here can speak for or against it.",
)
