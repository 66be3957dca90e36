"""One cell and what the looks at it say.

The first decision is kept, with the estimate of that look. An experiment may go on for the sake of
other cells: a later interval that contradicts the decision is a **conflict**. The intervals of all
looks of a suite hold together with the probability that its verdicts are promised with, so a
conflict is as rare as a wrong verdict, or else a bug.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from nqmbench.comparisons import Scale
from nqmbench.plan import Case, Cell, PlannedClaim
from nqmbench.verdicts import (
    DETERMINISTIC,
    SMALLEST,
    Region,
    Sample,
    Verdict,
    decide,
    region,
)

__all__ = ["Look", "Record"]

OPPOSED = {Verdict.CONFIRMED: Verdict.REFUTED, Verdict.REFUTED: Verdict.CONFIRMED}


@dataclass(frozen=True)
class Look:
    """What one look says about a cell.

    Args:
        sample: the estimate. target: the claim's region. scale: what the margin is relative to.
        blur: the standard error of the region's end. verdict: None if this look does not decide.
    """

    sample: Sample
    target: Region
    scale: float
    blur: float = 0.0
    verdict: Verdict | None = None


@dataclass(eq=False)
class Record:
    """One cell and what is known of it.

    Args:
        claim, case, cell: what it is. z: the critical value of its suite.
        shown: the deciding look, or the last one while the cell is open.
        latest: the last look, which may come after the deciding one.
        conflict: how a later look contradicts the decision, or "".
    """

    claim: PlannedClaim
    case: Case
    cell: Cell
    z: float
    shown: Look | None = None
    latest: Look | None = None
    conflict: str = ""

    def hear(self, sample: Sample, precision: str, larger: Scale | None = None) -> Verdict | None:
        """Take a look: decide the cell if the sample allows it and nothing else has decided it.

        Args:
            sample: the estimate.
            precision: of the simulation; decides what counts as rounding.
            larger: of an ordering: the size of its larger side.
        """
        self.latest = look = self._look(sample, precision, larger)
        if self.verdict is None:
            self.shown = look
        elif look.verdict is not None and look.verdict is OPPOSED.get(self.verdict):
            self._note_conflict(look)
        return self.verdict

    @property
    def verdict(self) -> Verdict | None:
        """None while the cell is open."""
        return self.shown.verdict if self.shown else None

    @property
    def sample(self) -> Sample | None:
        """The estimate of the deciding look, or of the last one."""
        return self.shown.sample if self.shown else None

    @property
    def target(self) -> Region | None:
        """The claim's region at that look."""
        return self.shown.target if self.shown else None

    @property
    def scale(self) -> float:
        """What the margin was relative to at that look."""
        return self.shown.scale if self.shown else math.nan

    @property
    def blur(self) -> float:
        """The standard error of the region's end at that look."""
        return self.shown.blur if self.shown else 0.0

    @property
    def width(self) -> float:
        """How far the last interval reaches from its estimate at most, relative to the scale.

        0 where there is no interval or it will never be trusted, and infinite before any look.
        """
        look = self.latest
        if look is None:
            return math.inf
        sample = look.sample
        if sample.deterministic or sample.diverged or sample.doubt or not look.scale > 0:
            return 0.0
        if not sample.trusted:
            return math.inf
        low, high = sample.interval(self.z)
        return max(high - sample.estimate, sample.estimate - low) / look.scale

    @property
    def relative_to_larger(self) -> bool:
        """True for a difference of means, whose margin is relative to its larger side."""
        statistic = getattr(self.claim.item, "statistic", "mean")
        return self.case.versus is not None and statistic == "mean"

    @property
    def deviation(self) -> float:
        """(estimate - claimed) / scale, the sample's relative deviation."""
        if self.sample is None:
            return float("nan")
        with np.errstate(all="ignore"):
            return float(np.float64(self.sample.estimate - self.cell.claimed) / self.scale)

    @property
    def statistic(self) -> str:
        """What the claim is about: "mean", "variance", "skewness", "kurtosis", "probability"."""
        return str(getattr(self.claim.item, "statistic", "mean"))

    def _look(self, sample: Sample, precision: str, larger: Scale | None) -> Look:
        """What a sample says, whatever was decided before."""
        size = larger.value if larger is not None else np.nan
        scale = self.cell.scale or self._natural_scale(sample, size)
        margin = self._tolerance(precision) if sample.deterministic else self.claim.margin
        look = Look(sample, region(self.claim.item.shape, self.cell.claimed, scale, margin), scale)
        # Without noise, what should be equal may differ by the rounding of a start of order 1.
        room = sample.floor + SMALLEST[precision] if sample.deterministic else 0.0
        if larger is not None and self.relative_to_larger and margin > 0:
            return self._look_at_difference(look, larger, margin, room)
        return replace(look, verdict=decide(sample, look.target.widened(room), self.z))

    def _look_at_difference(self, look: Look, larger: Scale, margin: float, room: float) -> Look:
        """A difference whose margin rests on an estimate of the same sample.

        The margin is taken at both ends of the interval of the larger side: small to confirm, large
        to refute. Where that interval cannot be trusted the size may be anything from 0 on: what is
        smaller is confirmed, and nothing is refuted.
        """
        sample, look = look.sample, replace(look, blur=margin * larger.error)
        if larger.sample.doubt and not sample.doubt:
            return replace(look, sample=replace(sample, doubt=larger.sample.doubt))
        sizes = larger.interval(self.z) if larger.trusted else (0.0, np.inf)
        shape, claimed = self.claim.item.shape, self.cell.claimed
        small, large = (
            region(shape, claimed, max(size, 0.0), margin).widened(room) for size in sizes
        )
        return replace(look, verdict=decide(sample, small, self.z, large))

    def _note_conflict(self, look: Look) -> None:
        assert self.sample is not None
        self.conflict = (
            f"{self.verdict} at {self.sample.count:,} trajectories, but the interval at "
            f"{look.sample.count:,} says {look.verdict} (k = {self.cell.step})"
        )

    def _tolerance(self, precision: str) -> float:
        """The relative tolerance without noise: rounding, unless the claim states its own.

        An ordering keeps its margin: "not larger" is meant up to it, with noise or without.
        """
        item = self.claim.item
        loose = item.kind in ("approximation", "ordering")
        stated = loose or getattr(item, "margin", None) is not None
        return self.claim.margin if stated else DETERMINISTIC[precision]

    def _natural_scale(self, sample: Sample, larger: float) -> float:
        """|claimed| for squares and variances; the sample's rms where a value may cross 0.

        A difference is relative to the larger side, a probability to the one claimed. Skewness and
        kurtosis are pure numbers: where 0 is claimed of them the scale is 1.
        """
        if self.case.versus is not None:
            return larger if self.relative_to_larger else self.cell.claimed
        if self.statistic in ("skewness", "kurtosis"):
            return abs(self.cell.claimed) or 1.0
        if self.statistic == "variance" or self.case.observable.nonnegative:
            return abs(self.cell.claimed)
        return sample.rms
