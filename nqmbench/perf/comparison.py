"""Two records, benchmark by benchmark, to find what became slower.

Every time is divided by the calibration beside it. The rounds of a turn share whatever was going on
just then, so they are not independent; the turns lie far apart and nearly are. Each turn is
therefore condensed to its median, and the medians are what is tested:

    ratio = median over turns after / median over turns before

A benchmark is a regression if three things hold together, and an improvement if their mirror
images do:

1. ratio > 1 + threshold: it matters;
2. the bootstrap interval of the ratio (percentiles, 99 %, 2,000 draws of a fixed seed) lies above
   1 as a whole: it is there in this sample;
3. the Mann-Whitney test says so at 1 %, after Holm's correction over all benchmarks: it would be
   there in another one.

"No change" is said where the interval lies within the threshold; else it is too noisy to exclude
that much. 8 turns, as of `compile`, show a change of 30 % only where their noise is small: for p to
pass the correction over all benchmarks, the turns before and after must hardly overlap.

Source: Efron & Tibshirani 1993, chapter 13 (percentiles); Holm 1979; Kalibera & Jones 2013, for
the levels of repetition.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nqmbench.arguments import Arguments
from nqmbench.errors import UsageError
from nqmbench.perf.record import Floats, Record, Samples

__all__ = ["ALPHA", "Change", "Comparison", "Outcome", "compare", "holm"]

ALPHA = 0.01
LEVEL = 0.99
DRAWS = 2000
SEED = 0


class Outcome(enum.Enum):
    """What is said of one benchmark."""

    REGRESSION = "REGRESSION"
    IMPROVEMENT = "improvement"
    SAME = "no change"
    UNCLEAR = "too noisy"
    FEW = "too few turns"
    OTHER = "other work"


@dataclass(frozen=True)
class Change:
    """One benchmark in both records.

    Args:
        name: the benchmark.
        before, after: median times in seconds, as they were on the clock.
        ratio: after / before, of the medians over turns. low, high: its bootstrap interval.
        p: of the Mann-Whitney test, after Holm's correction.
        outcome: what is said of it.
    """

    name: str
    before: float
    after: float
    ratio: float
    low: float
    high: float
    p: float
    outcome: Outcome


@dataclass(frozen=True)
class Comparison:
    """All benchmarks of two records.

    Args:
        changes: the benchmarks that both hold, in the order of the older record.
        only_before, only_after: the names that only one of them holds.
        threshold: what counts as slower, 0.1 for 10 %.
    """

    changes: tuple[Change, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    threshold: float

    @property
    def regressions(self) -> tuple[str, ...]:
        """The names of the benchmarks that became slower."""
        return tuple(c.name for c in self.changes if c.outcome is Outcome.REGRESSION)


def compare(before: Record, after: Record, threshold: float = 0.1) -> Comparison:
    """Compare two records; nothing is run.

    Args:
        before: the older record.
        after: the newer one.
        threshold: how much slower matters, in 0..10; 0.1 is 10 %.

    Raises:
        InvalidArguments: the threshold is not such a number.
        UsageError: the calibrations are of different versions, or no benchmark is in both records.
    """
    checks = Arguments("compare")
    limit = 1 + checks.number(
        "threshold", threshold, "a number in 0..10, such as 0.1", lambda x: 0 <= x <= 10, 0.1
    )
    checks.done()
    versions = [record.facts["calibration"] for record in (before, after)]
    if versions[0] != versions[1]:
        raise UsageError(
            f"the calibration is of version {versions[0]} in {before.place} and {versions[1]} in "
            f"{after.place}, so their times have no common unit; run the benchmarks of both "
            "revisions with the same version"
        )
    names = [name for name in before.samples if name in after.samples]
    if not names:
        raise UsageError(f"{before.place} and {after.place} have no benchmark in common")
    pairs = [(before.samples[name], after.samples[name]) for name in names]
    p = holm([mann_whitney(a.turns, b.turns) for a, b in pairs])
    changes = [
        change(name, a, b, adjusted, limit, len(names))
        for name, (a, b), adjusted in zip(names, pairs, p, strict=True)
    ]
    return Comparison(
        tuple(changes),
        tuple(name for name in before.samples if name not in after.samples),
        tuple(name for name in after.samples if name not in before.samples),
        limit - 1,
    )


def change(name: str, a: Samples, b: Samples, p: float, limit: float, family: int) -> Change:
    """What became of one benchmark.

    Args:
        name: the benchmark.
        a: its samples before.
        b: its samples after.
        p: the corrected p-value.
        limit: the ratio that matters.
        family: the number of benchmarks.
    """
    old, new = a.turns, b.turns
    ratio = float(np.median(new) / np.median(old))
    low, high = bootstrap(old, new)
    if (a.work, a.unit, a.threads) != (b.work, b.unit, b.threads):
        outcome = Outcome.OTHER
    elif smallest_p(old.size, new.size) * family >= ALPHA:
        outcome = Outcome.FEW
    elif p < ALPHA and low > 1 and ratio > limit:
        outcome = Outcome.REGRESSION
    elif p < ALPHA and high < 1 and ratio < 1 / limit:
        outcome = Outcome.IMPROVEMENT
    elif 1 / limit < low and high < limit:
        outcome = Outcome.SAME
    else:
        outcome = Outcome.UNCLEAR
    medians = float(np.median(a.times)), float(np.median(b.times))
    return Change(name, *medians, ratio, low, high, p, outcome)


def bootstrap(a: Floats, b: Floats) -> tuple[float, float]:
    """The percentile interval of median(b) / median(a), both samples drawn again."""
    rng = np.random.default_rng(SEED)
    medians = [np.median(rng.choice(x, (DRAWS, x.size)), axis=1) for x in (a, b)]
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(medians[1] / medians[0], (tail, 1 - tail))
    return float(low), float(high)


def mann_whitney(a: Floats, b: Floats) -> float:
    """The two-sided p-value of the Mann-Whitney test."""
    from scipy.stats import mannwhitneyu

    return float(mannwhitneyu(a, b, alternative="two-sided").pvalue)


def smallest_p(n: int, m: int) -> float:
    """The least two-sided p-value that samples of n and m can give: all of one above the other.

    >>> round(smallest_p(8, 8), 6)
    0.000155
    """
    return 2 / math.comb(n + m, n)


def holm(p: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values: the least times n, the next times n - 1, ..., never decreasing.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    adjusted = [0.0] * len(p)
    largest = 0.0
    for rank, i in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        largest = max(largest, min(1.0, (len(p) - rank) * p[i]))
        adjusted[i] = largest
    return adjusted
