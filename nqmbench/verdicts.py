"""How a verdict on one cell is made.

The estimate gets a confidence interval with Hall's correction for skewness, the claim a region R
around (or to one side of) its value. A cell is CONFIRMED when the interval lies in R, REFUTED when
it is disjoint from R, and goes on to the next look otherwise. The looks are fixed in advance and
the level is split over looks and cells (Bonferroni), so the stated error rate holds however the run
is stopped. No decision is made while the skewness is too large for the interval (the **gate**):
heavy tails end as INCONCLUSIVE instead of as a false verdict.

Source: Hall 1992 (Journal of the Royal Statistical Society B 54), transformation of a t statistic.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.special import betainccinv, betaincinv, ndtr, ndtri

__all__ = [
    "ALPHA", "LOOKS", "PRESETS", "ROUNDING", "Frequency", "Preset", "Region", "Sample",
    "Verdict", "combine", "critical_value", "decide", "decide_check", "excess", "hall_interval",
    "look_sizes", "region",
]  # fmt: skip

ALPHA = 0.05  # the probability of any wrong verdict in a suite
SELF_TEST_ALPHA = 1e-6  # of any false INCONSISTENT in a whole run
LOOKS = 48
GATE = 0.04  # largest |skewness| / sqrt(n) at which the interval is trusted
# By precision. Relative tolerance where there is no noise:
DETERMINISTIC = {"f64": 1e-9, "mixed": 1e-9, "f32": 1e-5}
# Rounding of the simulation against exact theory, that of the normals included:
ALLOWANCE = {"f64": 1e-12, "mixed": 1e-6, "f32": 1e-5}
# Rounding of a state, relative to its start:
ROUNDING = {"f64": 2.0**-45, "mixed": 2.0**-45, "f32": 2.0**-20}
# Below this a number loses its digits one by one:
SMALLEST = {"f64": 1e-300, "mixed": 1e-300, "f32": 1e-37}


# Of checks, relative: rounding; an eigenvalue at a double root; a numerical search.
CHECK_TOLERANCE = {
    "identity": 1e-9, "bound": 1e-9, "rate": 1e-6, "optimum": 1e-3, "existence": 0.0,
}  # fmt: skip


class Verdict(StrEnum):
    """The words of a verdict, the gravest first."""

    ERROR = "ERROR"
    INCONSISTENT = "INCONSISTENT"
    REFUTED = "REFUTED"
    DIVERGED = "DIVERGED"
    INCONCLUSIVE = "INCONCLUSIVE"
    CONFIRMED = "CONFIRMED"


@dataclass(frozen=True)
class Preset:
    """How finely, and with how much work, formulas are judged.

    Args:
        name: what the command line calls it.
        mean, variance: relative margins of an equality; that of a variance holds for skewness and
            kurtosis too.
        trials: the largest number of trajectories of an experiment.
        work: the largest number of trajectory-steps (trajectories x coordinates x steps).
    """

    name: str
    mean: float
    variance: float
    trials: int
    work: int

    def margin(self, statistic: str) -> float:
        """The relative margin of a statistic."""
        return self.mean if statistic == "mean" else self.variance


PRESETS = {
    p.name: p
    for p in (
        Preset("quick", mean=0.05, variance=0.20, trials=2**20, work=2**35),
        Preset("standard", mean=0.01, variance=0.05, trials=2**26, work=2**38),
        Preset("strict", mean=0.001, variance=0.005, trials=2**33, work=2**45),
    )
}


@dataclass(frozen=True)
class Sample:
    """What the simulation knows of one cell.

    Args:
        estimate: of the statistic. error: its standard error.
        skewness: of the estimator's summands (g in the interval).
        count: the number of trajectories.
        deterministic: the spread is only rounding. diverged: beyond 1e40 or not finite.
        rms: root mean square of the observable, the scale of signed quantities.
        floor: what rounding may amount to. doubt: why no interval can be trusted, or "".
    """

    estimate: float
    error: float
    skewness: float
    count: int
    deterministic: bool = False
    diverged: bool = False
    rms: float = 0.0
    floor: float = 0.0
    doubt: str = ""

    @property
    def trusted(self) -> bool:
        """True when the gate is open and nothing else puts the interval in doubt."""
        if self.doubt or not (math.isfinite(self.error) and math.isfinite(self.skewness)):
            return False
        return abs(self.skewness) <= GATE * math.sqrt(self.count)

    def interval(self, z: float) -> tuple[float, float]:
        """The confidence interval at critical value z; a point when deterministic."""
        if self.deterministic:
            return self.estimate, self.estimate
        return hall_interval(self.estimate, self.error, self.skewness, self.count, z)


@dataclass(frozen=True)
class Frequency(Sample):
    """How often an event happened; its interval is exact at every count, so there is no gate.

    >>> [round(end, 3) for end in Frequency.of(80, 100).interval(z=1.96)]
    [0.708, 0.873]
    """

    @classmethod
    def of(
        cls, happened: int, count: int, doubt: str = "", deterministic: bool = False
    ) -> Frequency:
        """The sample of an event that happened so many times among `count` trajectories."""
        p = happened / count
        return cls(p, math.sqrt(p * (1 - p) / count), 0.0, count, deterministic, doubt=doubt)

    @property
    def trusted(self) -> bool:
        """True unless something puts the event itself in doubt."""
        return not self.doubt

    def interval(self, z: float) -> tuple[float, float]:
        """Clopper and Pearson's interval (Biometrika 1934) at the level of z in either tail.

        A point when every trajectory is the same, NaN where some trajectory has no number.
        """
        if self.deterministic or self.diverged:
            return self.estimate, self.estimate
        happened, tail = round(self.estimate * self.count), float(ndtr(-z))
        missed = self.count - happened
        low = float(betaincinv(happened, missed + 1, tail)) if happened else 0.0
        high = float(betainccinv(happened + 1, missed, tail)) if missed else 1.0
        return low, high


@dataclass(frozen=True)
class Region:
    """The values that agree with a claim: low <= value <= high."""

    low: float
    high: float

    def widened(self, by: float) -> Region:
        """The region with `by` added on both sides."""
        return Region(self.low - by, self.high + by)


def region(kind: str, claimed: float, scale: float, margin: float) -> Region:
    """The region of a claim.

    Args:
        kind: "equality" or "approximation": claimed -+ margin scale; "upper bound": up to
            claimed + margin scale; "lower bound": from claimed - margin scale.
        claimed: the formula's value; infinite values have no margin.
        scale: what the margin is relative to, >= 0.
        margin: relative; for an approximation its accuracy.

    >>> region("equality", 2.0, 2.0, 0.01), region("upper bound", 2.0, 2.0, 0.0).low
    (Region(low=1.98, high=2.02), -inf)
    """
    width = margin * scale if math.isfinite(claimed) else 0.0
    low = -math.inf if kind == "upper bound" else claimed - width
    high = math.inf if kind == "lower bound" else claimed + width
    return Region(low, high)


def decide(sample: Sample, target: Region, z: float, outer: Region | None = None) -> Verdict | None:
    """The verdict on one cell at one look, or None to go on.

    Args:
        sample: the estimate.
        target: the claim's region.
        z: from `critical_value`.
        outer: the largest region that the claim may have, where its ends are estimates themselves
            and `target` is the smallest one; None if there is only one region.

    >>> decide(Sample(1.0, 0.001, 0.0, 10**6), Region(0.99, 1.01), z=4.8)
    <Verdict.CONFIRMED: 'CONFIRMED'>
    >>> decide(Sample(1.0, 0.01, 0.0, 10**4), Region(0.99, 1.01), z=4.8) is None
    True
    """
    if sample.diverged:
        return Verdict.DIVERGED
    if not (sample.deterministic or sample.trusted):
        return None
    low, high = sample.interval(z)
    if target.low <= low and high <= target.high:
        return Verdict.CONFIRMED
    largest = outer or target
    if high < largest.low or low > largest.high:
        return Verdict.REFUTED
    return None


def decide_check(kind: str, claimed: float, true: float) -> Verdict:
    """The verdict on a check: CONFIRMED when its numbers are as claimed, up to their rounding.

    >>> decide_check("bound", claimed=1.4, true=2**0.5), decide_check("rate", 0.9, 0.9 + 1e-9)
    (<Verdict.REFUTED: 'REFUTED'>, <Verdict.CONFIRMED: 'CONFIRMED'>)
    """
    holds = claimed == true or excess(kind, claimed, true) <= CHECK_TOLERANCE[kind]
    return Verdict.CONFIRMED if holds else Verdict.REFUTED


def excess(kind: str, claimed: float, true: float) -> float:
    """How far a check is from what it claims, relative to the larger of its numbers.

    A bound is exceeded by true - claimed; every other kind by the distance.
    """
    if claimed == true:
        return 0.0
    difference = true - claimed if kind == "bound" else abs(true - claimed)
    size = max(abs(claimed), abs(true))
    return difference if math.isinf(difference) else difference / size


def hall_interval(
    estimate: float, error: float, skewness: float, count: int, z: float
) -> tuple[float, float]:
    """Hall's interval [est - SE t(z), est - SE t(-z)].

    t(z) = (3/k) (cbrt(1 + k (z - k/6)) - 1) with k = skewness / sqrt(count); z itself as k -> 0.

    >>> low, high = hall_interval(0.0, 1.0, 0.0, 100, 2.0)
    >>> low, high
    (-2.0, 2.0)
    """
    k = skewness / math.sqrt(count)

    def t(x: float) -> float:
        # cbrt(1 + u) - 1 = u / (1 + c + c^2) with c = cbrt(1 + u): no cancellation, no limit.
        c = float(np.cbrt(1 + k * (x - k / 6)))
        return 3 * (x - k / 6) / (1 + c + c * c)

    return estimate - error * t(z), estimate - error * t(-z)


def critical_value(cells: int, alpha: float = ALPHA, looks: int = LOOKS) -> float:
    """The critical value z = Phi^-1(1 - alpha / (2 m J)) for m cells and J looks.

    >>> round(critical_value(720), 3)
    4.818
    """
    return float(-ndtri(alpha / (2 * max(cells, 1) * looks)))


def look_sizes(d: int, steps: int) -> Iterator[int]:
    """The numbers of trajectories at the looks: n0, 1.5 n0, 2 n0, 3 n0, 4 n0, 6 n0, ...

    n0 is the largest power of two with n0 d steps <= 2^37, kept within 2^10..2^16. The looks
    depend on nothing else: neither on a budget nor on a clock.

    >>> import itertools
    >>> list(itertools.islice(look_sizes(2, 1000), 4))
    [65536, 98304, 131072, 196608]
    """
    n0 = 2 ** min(16, max(10, (2**37 // (d * steps)).bit_length() - 1))
    for j in range(LOOKS):
        yield n0 * 2 ** (j // 2) * (3 if j % 2 else 2) // 2


def combine(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict of the whole: the gravest of its parts.

    >>> combine([Verdict.CONFIRMED, Verdict.INCONCLUSIVE])
    <Verdict.INCONCLUSIVE: 'INCONCLUSIVE'>
    """
    order = list(Verdict)
    return min(verdicts, key=order.index)
