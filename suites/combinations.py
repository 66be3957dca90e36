"""The first text's comparison: momentum with averaging, and momentum with preconditioning."""

from _six_methods import BATCHES, METHODS, MOMENTUM, RAISING, TWO, repeated, steps_to, trial, trials

import nqmbench as nq

suite = nq.Suite(
    "combinations",
    summary="momentum with averaging, momentum with preconditioning, beside the other methods",
    source="first text, section 8",
)

# -- momentum and averaging ------------------------------------------------------------------------


@suite.check(
    "momentum and averaging are fast at every batch size",
    ref="T1-42e",
    kind="bound",
    expect="refuted",
)
def fast_everywhere():
    """Fast convergence at all batch sizes: an error of .5 in fewer steps than SGD's own."""
    return steps_to(0.5, "SGD", BATCHES), steps_to(0.5, "momentum and averaging", BATCHES)


suite.ordering(
    "momentum and averaging are slower than SGD on the way",
    mends="T1-42e",
    smaller=lambda: trials("SGD", batches=BATCHES),
    larger=lambda: trials("momentum and averaging", batches=BATCHES),
    of="error",
    at=(10, 50, 100),
    expect="confirmed",
    doc="To an error of .5 they need 74 steps at B = 1 where SGD needs 41, and to .1 one more.",
)
suite.ordering(
    "at B = 100 they are slower than every method without averaging",
    mends="T1-42e",
    smaller=lambda: trials("SGD", *RAISING, batches=(100,)),
    larger=lambda: repeated("momentum and averaging", 4, batches=(100,)),
    of="error",
    at=(30, 100),
    expect="confirmed",
    doc="For large batches the average's memory is the slowest part of all.",
)
suite.ordering(
    "momentum makes averaging faster",
    ref="T1-42e",
    smaller=lambda: trials("momentum and averaging", batches=BATCHES),
    larger=lambda: trials("averaging", batches=BATCHES),
    of="error",
    at=(20, 50, 100, 200),
    expect="confirmed",
    doc="Of the two averaged methods the one with momentum converges faster.",
)
suite.ordering(
    "momentum and averaging have a moderate variance",
    ref="T1-42e",
    smaller=lambda: trials("momentum and averaging"),
    larger=lambda: trials("SGD"),
    of="error",
    at="last",
    expect="confirmed",
    doc="The variance that is left, .0104, is below SGD's .0577.",
)

# -- preconditioning and momentum ------------------------------------------------------------------


def others_first(level: float, batches: tuple[int, ...]) -> list[float]:
    """The steps in which the fastest of the other five reaches a level."""
    rest = [name for name in METHODS if name != "preconditioning and momentum"]
    return [min(steps_to(level, name, (B,))[0] for name in rest) for B in batches]


@suite.check(
    "preconditioning and momentum are the fastest, to a low level",
    ref="T1-42f",
    kind="bound",
    expect="refuted",
)
def fastest_to_a_hundredth():
    """The fastest convergence of all: at B = 100 no other method reaches .01 sooner."""
    return others_first(0.01, (100,)), steps_to(0.01, "preconditioning and momentum", (100,))


@suite.check(
    "momentum alone is the first at a low level", mends="T1-42f", kind="bound", expect="confirmed"
)
def momentum_first():
    """To .01 at B = 100: momentum 52 steps, with preconditioning 59; preconditioning alone 73."""
    return steps_to(0.01, "preconditioning and momentum", (100,)), steps_to(
        0.01, "momentum", (100,)
    )


@suite.check(
    "preconditioning and momentum meet a high level first",
    ref="T1-42f",
    kind="bound",
    expect="confirmed",
)
def first_below_a_half():
    """At B = 10 and 100 they are the first to be below .5, after 5 steps."""
    name, batches = "preconditioning and momentum", (10, 100)
    rest = [
        min(nq.steps_to(trial(n, B), 0.5, settled=False) for n in METHODS if n != name)
        for B in batches
    ]
    return rest, [nq.steps_to(trial(name, B), 0.5, settled=False) for B in batches]


@suite.check(
    "preconditioning does not change momentum's rate",
    mends="T1-42f",
    kind="rate",
    expect="confirmed",
)
def same_rate():
    """Both rates are sqrt(beta): with these parameters every component has complex roots."""
    both = nq.spectral_radius(METHODS["preconditioning and momentum"], TWO.h)
    return [0.9**0.5] * 4, [*both, *nq.spectral_radius(MOMENTUM, TWO.h)]


suite.ordering(
    "preconditioning and momentum need large batches",
    ref="T1-42f",
    smaller=lambda: trials(*[n for n in METHODS if n != "preconditioning and momentum"]),
    larger=lambda: repeated("preconditioning and momentum", 5),
    of="error",
    at="last",
    expect="confirmed",
    doc="Of all six they leave the highest variance, .673/B.",
)
