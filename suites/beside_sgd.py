"""The first text's comparison: momentum, averaging and preconditioning, each beside SGD."""

import math

from _first_text import BATCHES, ahead_from, line_up, settling_steps

import nqmbench as nq

suite = nq.Suite(
    "beside_sgd",
    summary="momentum, averaging and preconditioning, each beside SGD: speed, and what is left",
    source="first text, section 8",
)

# -- momentum --------------------------------------------------------------------------------------


@suite.check(
    "momentum reaches an error of 0.1 sooner, at every batch size",
    ref="T1-42b",
    kind="bound",
    expect="refuted",
)
def accelerates():
    """Momentum accelerates, says the text, and names no batch size. At B = 1 it never settles below
    0.1.
    """
    return settling_steps("SGD", 0.1, BATCHES), settling_steps("momentum", 0.1, BATCHES)


@suite.check(
    "momentum reaches an error of 0.1 sooner where its noise allows",
    ref="T1-42b",
    kind="bound",
    expect="confirmed",
)
def accelerates_above_its_floor():
    """At B = 10 and 100 momentum's floor of 0.564/B lies below 0.1, and it needs 32 and 21 steps
    where SGD needs 118 and 115.
    """
    return settling_steps("SGD", 0.1, (10, 100)), settling_steps("momentum", 0.1, (10, 100))


@suite.check(
    "momentum never settles below 0.5 at B = 1",
    mends="T1-42b",
    kind="existence",
    expect="confirmed",
)
def never():
    """At B = 1 the noise alone leaves momentum with an expected error of 0.564."""
    return True, math.isinf(settling_steps("momentum", 0.5, (1,))[0])


suite.ordering(
    "momentum accelerates at B = 10 and 100",
    ref="T1-42b",
    smaller=lambda: line_up("momentum", batches=(10, 100)),
    larger=lambda: line_up("SGD", batches=(10, 100)),
    of="error",
    at=(15, 30, 50),
    expect="confirmed",
    doc="After 15, 30 and 50 steps momentum's simulated error is below SGD's.",
)


@suite.check("momentum is behind SGD from step 33 on, at B = 1", mends="T1-42b", expect="confirmed")
def behind_for_good():
    """At B = 1 momentum meets its floor early: from step 33 on its exact expected error is the
    larger one, and at step 32 it is still the smaller.
    """
    return [33], ahead_from("SGD", "momentum", (1,))


suite.ordering(
    "momentum is behind SGD after 50, 100 and 1000 steps, at B = 1",
    mends="T1-42b",
    smaller=lambda: line_up("SGD"),
    larger=lambda: line_up("momentum"),
    of="error",
    at=(50, 100, 1000),
    expect="confirmed",
    doc="After 50 steps the expected error is 0.568 with momentum and 0.422 with SGD.",
)
suite.ordering(
    "momentum increases the variance",
    ref="T1-42b",
    smaller=lambda: line_up("SGD", batches=BATCHES),
    larger=lambda: line_up("momentum", batches=BATCHES),
    of="error",
    at="last",
    expect="confirmed",
    doc="The error that momentum leaves in the end is higher than SGD's, at every batch size.",
)


@suite.check(
    "momentum helps more at B = 100 than at B = 10", ref="T1-42b", kind="bound", expect="confirmed"
)
def large_batches():
    """To an expected error of 0.1 momentum needs the share 32/118 of SGD's steps at B = 10 and
    21/115 at B = 100.
    """
    ten, hundred = (
        settling_steps("momentum", 0.1, (B,))[0] / settling_steps("SGD", 0.1, (B,))[0]
        for B in (10, 100)
    )
    return ten, hundred


# -- averaging -------------------------------------------------------------------------------------

suite.ordering(
    "averaging reduces the variance",
    ref="T1-42c",
    smaller=lambda: line_up("averaging", batches=BATCHES),
    larger=lambda: line_up("SGD", batches=BATCHES),
    of="error",
    at="last",
    expect="confirmed",
    doc="After 1000 steps the average is closer to the optimum than the iterate.",
)
suite.ordering(
    "averaging does not affect the convergence rate",
    ref="T1-42c",
    smaller=lambda: line_up("averaging", batches=BATCHES),
    larger=lambda: line_up("SGD", batches=BATCHES),
    of="error",
    at=(50, 100, 200),
    expect="refuted",
    doc="Were the average as fast as the iterate, its error would not be the higher one on the "
    "way.",
)
suite.ordering(
    "averaging is behind SGD after 10, 50, 100 and 200 steps",
    mends="T1-42c",
    smaller=lambda: line_up("SGD", batches=BATCHES),
    larger=lambda: line_up("averaging", batches=BATCHES),
    of="error",
    at=(10, 50, 100, 200),
    expect="confirmed",
    doc="After 50 steps at B = 1 the expected error of the average is 1.268, SGD's own 0.422.",
)


@suite.check(
    "averaging gets ahead of SGD only at step 283, 430 and 567", mends="T1-42c", expect="confirmed"
)
def ahead_late():
    """The average's expected error is below SGD's from step 283 on at B = 1, from 430 at B = 10,
    from 567 at B = 100.
    """
    return [283, 430, 567], ahead_from("averaging", "SGD", BATCHES)


suite.ordering(
    "averaging is behind in nearly every single run after 100 steps, at B = 1",
    mends="T1-42c",
    smaller=lambda: line_up("SGD"),
    larger=lambda: line_up("averaging"),
    of="error",
    statistic="probability",
    probability=0.995,
    margin=0.001,
    at=100,
    expect="confirmed",
    doc="After 100 steps at B = 1 the average is the better one in some 15 of 10,000 runs.",
)
suite.ordering(
    "averaging is ahead in most single runs after 1000 steps, at B = 1",
    mends="T1-42c",
    smaller=lambda: line_up("averaging"),
    larger=lambda: line_up("SGD"),
    of="error",
    statistic="probability",
    probability=0.8,
    margin=0.0,
    at="last",
    expect="confirmed",
    doc="After 1000 steps at B = 1 the average is the better one in about 85 % of the runs.",
)


@suite.check(
    "averaging needs more steps to an error of 0.1",
    mends="T1-42c",
    kind="bound",
    expect="confirmed",
)
def average_is_later():
    """To an expected error of 0.1 the average needs 247, 243 and 242 steps at B = 1, 10 and 100,
    SGD itself 158, 118 and 115.
    """
    return settling_steps("averaging", 0.1, BATCHES), settling_steps("SGD", 0.1, BATCHES)


# -- preconditioning -------------------------------------------------------------------------------


@suite.check(
    "preconditioning is faster to an error of 0.1", ref="T1-42d", kind="bound", expect="confirmed"
)
def faster():
    """To an expected error of 0.1 preconditioned SGD needs 54, 37 and 37 steps at B = 1, 10 and
    100, SGD 158, 118 and 115.
    """
    return settling_steps("SGD", 0.1, BATCHES), settling_steps("preconditioning", 0.1, BATCHES)


@suite.check(
    "preconditioning gains more at B = 10 and 100 than at B = 1",
    ref="T1-42d",
    kind="bound",
    expect="confirmed",
)
def more_at_large_batches():
    """Preconditioning is faster especially for large batches, says the text: to an expected error
    of 0.1 it needs 0.342 of SGD's steps at B = 1, and 0.314 and 0.322 at B = 10 and 100, which are
    nearly equal.
    """
    one, ten, hundred = (
        settling_steps("preconditioning", 0.1, (B,))[0] / settling_steps("SGD", 0.1, (B,))[0]
        for B in BATCHES
    )
    return [one, one], [ten, hundred]


suite.ordering(
    "preconditioning is ahead of SGD after 10, 30, 50 and 100 steps",
    ref="T1-42d",
    smaller=lambda: line_up("preconditioning", batches=BATCHES),
    larger=lambda: line_up("SGD", batches=BATCHES),
    of="error",
    at=(10, 30, 50, 100),
    expect="confirmed",
    doc="In the first hundred steps preconditioning has the lower error, at every batch size.",
)


@suite.check(
    "preconditioning falls behind SGD for good at step 224, 339 and 454",
    mends="T1-42d",
    expect="confirmed",
)
def behind_in_the_end():
    """Preconditioning leaves more variance, so that SGD's expected error is the lower one from k =
    224 on at B = 1, from 339 on at B = 10, from 454 on at B = 100.
    """
    return [224, 339, 454], ahead_from("SGD", "preconditioning", BATCHES)
