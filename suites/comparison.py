"""The first text's comparison: momentum, averaging and preconditioning, each beside SGD."""

import math

from _six_methods import BATCHES, METHODS, RAISING, repeated, steps_to, trial, trials

import nqmbench as nq

suite = nq.Suite(
    "comparison",
    summary="six methods side by side under the same noise: speed, and what is left at the end",
    source="first text, section 8",
)

suite.figure(
    "Six methods side by side",
    panels=lambda: {f"B = {B}": {name: trial(name, B) for name in METHODS} for B in BATCHES},
    single=True,
    doc="The expected squared error of the six methods. The text plots one single run of each, "
    "which scatters about its mean by as much as the mean itself.",
)
suite.figure(
    "The batch size, method by method",
    panels=lambda: {name: {f"B = {B}": trial(name, B) for B in BATCHES} for name in METHODS},
    doc="Every method ends in a variance proportional to 1/B; how fast it gets there does not "
    "depend on B.",
)

# -- SGD -------------------------------------------------------------------------------------------

suite.ordering(
    "SGD has the highest variance of all",
    ref="T1-42a",
    smaller=lambda: trials(*[name for name in METHODS if name != "SGD"]),
    larger=lambda: repeated("SGD", 5),
    of="error",
    at="last",
    expect="refuted",
    doc="SGD converges slowly and has a high steady-state variance: the other five improve on it.",
)
suite.ordering(
    "only averaging has a lower variance than SGD",
    mends="T1-42a",
    smaller=lambda: trials("averaging", "momentum and averaging"),
    larger=lambda: repeated("SGD", 2),
    of="error",
    at="last",
    expect="confirmed",
    doc="The two averaged methods end below SGD: .0071 and .0104 against .0577 at B = 1.",
)
suite.ordering(
    "three of the five methods have a higher variance than SGD",
    mends="T1-42a",
    smaller=lambda: repeated("SGD", 3),
    larger=lambda: trials(*RAISING),
    of="error",
    at="last",
    expect="confirmed",
    doc="Momentum, preconditioning and both together end above SGD: .564, .0687 and .673.",
)
suite.ordering(
    "SGD converges slowly",
    ref="T1-42a",
    smaller=lambda: trials(*RAISING, batches=(100,)),
    larger=lambda: repeated("SGD", 3, batches=(100,)),
    of="error",
    at=(30, 50, 100),
    expect="confirmed",
    doc="At B = 100, where noise matters little, the three that are meant to be faster are.",
)

# -- momentum --------------------------------------------------------------------------------------


@suite.check(
    "momentum reaches a level sooner, at every batch size",
    ref="T1-42b",
    kind="bound",
    expect="refuted",
)
def accelerates():
    """Momentum accelerates: an expected error of .1 is reached in fewer steps than by SGD."""
    return steps_to(0.1, "SGD", BATCHES), steps_to(0.1, "momentum", BATCHES)


@suite.check(
    "momentum reaches a level sooner where its noise allows",
    ref="T1-42b",
    kind="bound",
    expect="confirmed",
)
def accelerates_above_its_floor():
    """At B = 10 and 100, where its floor .564/B lies below .1: 32 and 21 steps, SGD 118 and 115."""
    return steps_to(0.1, "SGD", (10, 100)), steps_to(0.1, "momentum", (10, 100))


@suite.check(
    "momentum ever settles below .5 at B = 1", mends="T1-42b", kind="existence", expect="confirmed"
)
def never():
    """It does not: the noise alone leaves an expected error of .564."""
    return False, steps_to(0.5, "momentum", (1,))[0] < math.inf


suite.ordering(
    "momentum accelerates",
    ref="T1-42b",
    smaller=lambda: trials("momentum", batches=(10, 100)),
    larger=lambda: trials("SGD", batches=(10, 100)),
    of="error",
    at=(15, 30, 50),
    expect="confirmed",
    doc="The same in simulated error, at B = 10 and 100.",
)
suite.ordering(
    "momentum is behind SGD from step 33 on, at B = 1",
    mends="T1-42b",
    smaller=lambda: trials("SGD"),
    larger=lambda: trials("momentum"),
    of="error",
    at=(50, 100, 1000),
    expect="confirmed",
    doc="At B = 1 its floor is met early, and SGD is ahead for good: .422 against .568 at k = 50.",
)
suite.ordering(
    "momentum increases the variance",
    ref="T1-42b",
    smaller=lambda: trials("SGD", batches=BATCHES),
    larger=lambda: trials("momentum", batches=BATCHES),
    of="error",
    at="last",
    expect="confirmed",
    doc="The error that is left in the end is higher than SGD's, at every batch size.",
)


@suite.check("momentum helps most at large batches", ref="T1-42b", kind="bound", expect="confirmed")
def large_batches():
    """The share of SGD's steps to an error of .1 that it needs shrinks: 32/118, then 21/115."""
    ten, hundred = (
        steps_to(0.1, "momentum", (B,))[0] / steps_to(0.1, "SGD", (B,))[0] for B in (10, 100)
    )
    return ten, hundred


# -- averaging -------------------------------------------------------------------------------------

suite.ordering(
    "averaging reduces the variance",
    ref="T1-42c",
    smaller=lambda: trials("averaging", batches=BATCHES),
    larger=lambda: trials("SGD", batches=BATCHES),
    of="error",
    at="last",
    expect="confirmed",
    doc="After 1000 steps the average is closer to the optimum than the iterate.",
)
suite.ordering(
    "averaging does not affect the convergence rate",
    ref="T1-42c",
    smaller=lambda: trials("averaging", batches=BATCHES),
    larger=lambda: trials("SGD", batches=BATCHES),
    of="error",
    at=(50, 100, 200),
    expect="refuted",
    doc="The average is as fast as the iterate: its error is not the higher one on the way either.",
)
suite.ordering(
    "averaging is behind for hundreds of steps",
    mends="T1-42c",
    smaller=lambda: trials("SGD", batches=BATCHES),
    larger=lambda: trials("averaging", batches=BATCHES),
    of="error",
    at=(10, 50, 100, 200),
    expect="confirmed",
    doc="1.268 against .422 at k = 50 for B = 1; SGD is ahead until k = 283, 430 and beyond 500.",
)
suite.ordering(
    "averaging is behind in nearly every single run, on the way",
    mends="T1-42c",
    smaller=lambda: trials("SGD"),
    larger=lambda: trials("averaging"),
    of="error",
    statistic="probability",
    probability=0.995,
    margin=0.001,
    at=100,
    expect="confirmed",
    doc="At k = 100 and B = 1 the average is the better one in some 15 of 10,000 runs.",
)
suite.ordering(
    "averaging is ahead in most single runs, at the end",
    mends="T1-42c",
    smaller=lambda: trials("averaging"),
    larger=lambda: trials("SGD"),
    of="error",
    statistic="probability",
    probability=0.8,
    margin=0.0,
    at="last",
    expect="confirmed",
    doc="At k = 1000 and B = 1 the average is the better one in about 85 % of the runs.",
)


@suite.check(
    "averaging needs more steps to a level", mends="T1-42c", kind="bound", expect="confirmed"
)
def average_is_later():
    """To an expected error of .1: 247, 243 and 242 steps, SGD itself 158, 118 and 115."""
    return steps_to(0.1, "averaging", BATCHES), steps_to(0.1, "SGD", BATCHES)


# -- preconditioning -------------------------------------------------------------------------------


@suite.check("preconditioning is faster overall", ref="T1-42d", kind="bound", expect="confirmed")
def faster():
    """To an expected error of .1: 54, 37 and 37 steps, SGD 158, 118 and 115."""
    return steps_to(0.1, "SGD", BATCHES), steps_to(0.1, "preconditioning", BATCHES)


@suite.check(
    "preconditioning gains more at a large batch", ref="T1-42d", kind="bound", expect="confirmed"
)
def more_at_large_batches():
    """Of SGD's steps it needs the share 54/158 at B = 1, and 37/115 at B = 100."""
    one, hundred = (
        steps_to(0.1, "preconditioning", (B,))[0] / steps_to(0.1, "SGD", (B,))[0] for B in (1, 100)
    )
    return one, hundred


suite.ordering(
    "preconditioning leads to faster convergence",
    ref="T1-42d",
    smaller=lambda: trials("preconditioning", batches=BATCHES),
    larger=lambda: trials("SGD", batches=BATCHES),
    of="error",
    at=(10, 30, 50, 100),
    expect="confirmed",
    doc="Its simulated error is the lower one all the way down, at every batch size.",
)

# -- what the six have in common -------------------------------------------------------------------

suite.ordering(
    "smaller batches lead to a higher variance",
    ref="T1-42g",
    smaller=lambda: trials(*METHODS, batches=(10, 100)),
    larger=lambda: trials(*METHODS, batches=(1, 10)),
    of="error",
    at="last",
    expect="confirmed",
    doc="For each of the six methods: ten times the samples, less variance in the end.",
)


@suite.check("the variance is proportional to 1/B", ref="T1-42g", expect="confirmed")
def exactly_inverse():
    """Exactly, in the steady state of all six methods."""

    def floor(name: str, B: int) -> float:
        return nq.steady_state(trial(name, B)).mean[0, 0]

    grid = [(name, B) for name in METHODS for B in BATCHES]
    return [floor(name, 1) / B for name, B in grid], [floor(name, B) for name, B in grid]


suite.ordering(
    "what is faster than SGD ends with a higher variance",
    ref="T1-42g",
    smaller=lambda: repeated("SGD", 3, batches=(100,)),
    larger=lambda: trials(*RAISING, batches=(100,)),
    of="error",
    at="last",
    expect="confirmed",
    doc="Faster convergence often costs variance: the three that are faster at B = 100 pay it.",
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
    experiments=lambda: trials("SGD"),
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
    experiments=lambda: trials("SGD"),
    expect="confirmed",
)
def one_run_scatters(h, eta, B, sigma):
    """The variance of |w_k|^2 is the sum of 2 V_i^2: a standard deviation of .0748 where the mean
    is .0577.
    """
    return scatter(h, eta, B, sigma)


suite.outside(
    "T1-44",
    "Adam, K-FAC and the training of deep networks behave as the model suggests.",
    "Neither adaptive methods nor networks are linear recursions with additive noise, so nothing "
    "here can speak for or against it.",
)
