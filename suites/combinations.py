"""The first text's comparison: momentum with averaging, and momentum with preconditioning."""

from _first_text import (
    BATCHES,
    METHODS,
    MOMENTUM,
    PROBLEM,
    RAISING,
    against,
    experiment,
    line_up,
    settling_steps,
)

import nqmbench as nq

suite = nq.Suite(
    "combinations",
    summary="momentum with averaging, momentum with preconditioning, beside the other methods",
    source="first text, section 8",
)

BOTH = "preconditioning and momentum"

suite.figure(
    "The first hundred steps",
    panels=lambda: {
        f"B = {B}": {
            name: nq.Experiment(PROBLEM, method, batch=B, steps=100)
            for name, method in METHODS.items()
        }
        for B in (10, 100)
    },
    doc="Preconditioning and momentum are the first below 0.5. At B = 100 momentum alone is the "
    "first to stay below 0.01, and the two averaged methods are the last everywhere.",
)

# -- momentum and averaging ------------------------------------------------------------------------


@suite.check(
    "momentum and averaging are fast to an error of 0.5, at every batch size",
    ref="T1-42e",
    kind="bound",
    expect="refuted",
)
def fast_everywhere():
    """The text finds fast convergence and calls the pair effective across all batch sizes. Then
    they would need no more steps than SGD alone.
    """
    return settling_steps("SGD", 0.5, BATCHES), settling_steps(
        "momentum and averaging", 0.5, BATCHES
    )


suite.ordering(
    "momentum and averaging are behind SGD after 10, 50 and 100 steps",
    mends="T1-42e",
    smaller=lambda: line_up("SGD", batches=BATCHES),
    larger=lambda: line_up("momentum and averaging", batches=BATCHES),
    of="error",
    at=(10, 50, 100),
    expect="confirmed",
    doc="To an error of 0.5 momentum and averaging need 74 steps at B = 1 where SGD needs 41; to "
    "0.1 they need 159, SGD 158.",
)
suite.ordering(
    "momentum and averaging are behind every method without averaging, at B = 100",
    mends="T1-42e",
    smaller=lambda: line_up("SGD", *RAISING, batches=(100,)),
    larger=lambda: against("momentum and averaging", 4, batches=(100,)),
    of="error",
    at=(30, 100),
    expect="confirmed",
    doc="After 30 and after 100 steps the average's memory of the start is all that is seen.",
)
suite.ordering(
    "momentum makes averaging faster",
    mends="T1-42e",
    smaller=lambda: line_up("momentum and averaging", batches=BATCHES),
    larger=lambda: line_up("averaging", batches=BATCHES),
    of="error",
    at=(20, 50, 100, 200),
    expect="confirmed",
    doc="Of the two averaged methods the one with momentum has the lower error after 20 to 200 "
    "steps.",
)
suite.ordering(
    "momentum and averaging have a lower variance than SGD",
    ref="T1-42e",
    smaller=lambda: line_up("momentum and averaging"),
    larger=lambda: line_up("SGD"),
    of="error",
    at="last",
    expect="confirmed",
    doc="The text calls the variance of momentum and averaging moderate: at B = 1 they end at "
    "0.0104, SGD at 0.0577.",
)

# -- preconditioning and momentum ------------------------------------------------------------------


def others_steps(level: float, B: int, besides: str) -> list[float]:
    """The steps in which each of the other five methods settles below a level."""
    return [settling_steps(name, level, (B,))[0] for name in METHODS if name != besides]


@suite.check(
    "preconditioning and momentum are the fastest to an error of 0.01, at B = 100",
    ref="T1-42f",
    kind="bound",
    expect="refuted",
)
def fastest_to_a_hundredth():
    """The text finds the fastest convergence of all, given large batches. Then no other method
    would settle below 0.01 sooner.
    """
    return others_steps(0.01, 100, besides=BOTH), settling_steps(BOTH, 0.01, (100,)) * 5


@suite.check(
    "momentum alone is the fastest to an error of 0.01, at B = 100",
    mends="T1-42f",
    kind="bound",
    expect="confirmed",
)
def momentum_first():
    """At B = 100 momentum needs 52 steps to stay below 0.01, with preconditioning 59, and
    preconditioning alone 73; SGD needs 233.
    """
    name = "momentum"
    return others_steps(0.01, 100, besides=name), settling_steps(name, 0.01, (100,)) * 5


@suite.check(
    "preconditioning and momentum meet an error of 0.5 first, at B = 10 and 100",
    ref="T1-42f",
    kind="bound",
    expect="confirmed",
)
def first_below_a_half():
    """Preconditioning and momentum are the first of the six to have an expected error below 0.5,
    after 5 steps.
    """
    batches = (10, 100)
    rest = [
        min(nq.steps_to(experiment(n, B), 0.5, settled=False) for n in METHODS if n != BOTH)
        for B in batches
    ]
    return rest, [nq.steps_to(experiment(BOTH, B), 0.5, settled=False) for B in batches]


@suite.check(
    "preconditioning leaves momentum's rate as it is, at the text's parameters",
    mends="T1-42f",
    kind="rate",
    expect="confirmed",
)
def same_rate():
    """With and without preconditioning the rate of both components is sqrt(beta): at the text's
    parameters all roots are complex.
    """
    both = nq.spectral_radius(METHODS[BOTH], PROBLEM.h)
    return [0.9**0.5] * 4, [*both, *nq.spectral_radius(MOMENTUM, PROBLEM.h)]


suite.ordering(
    "preconditioning and momentum have the highest variance of all",
    ref="T1-42f",
    smaller=lambda: line_up(*[n for n in METHODS if n != BOTH]),
    larger=lambda: against(BOTH, 5),
    of="error",
    at="last",
    expect="confirmed",
    doc="Preconditioning and momentum need large batches to control the variance, says the text: "
    "of all six they leave the most, 0.673/B.",
)
