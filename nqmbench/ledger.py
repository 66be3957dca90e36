"""The state of every cell during a run: what is decided, and what is still open.

The first decision on a cell is kept, with the estimate of that look. An experiment is simulated
further only while a cell on it is open whose claim may still change: a refuted claim asks for
nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from nqmbench.comparisons import Scale, SideMoments, difference, frequency
from nqmbench.moments import Moments
from nqmbench.one_pass import PairedMoments
from nqmbench.passes import Contrast
from nqmbench.plan import Case, Cell, Plan, PlannedClaim
from nqmbench.samples import samples
from nqmbench.verdicts import (
    DETERMINISTIC,
    SMALLEST,
    Region,
    Sample,
    Verdict,
    combine,
    critical_value,
    decide,
    region,
)

__all__ = ["Ledger", "Record"]


@dataclass(eq=False)
class Record:
    """One cell and what is known of it.

    Args:
        claim, case, cell: what it is. z: the critical value of its suite.
        verdict: None while open. sample: the estimate of the deciding (or last) look.
        target: the region at that look. scale: what the margin was relative to.
        blur: the standard error of the region's end at that look.
    """

    claim: PlannedClaim
    case: Case
    cell: Cell
    z: float
    verdict: Verdict | None = None
    sample: Sample | None = None
    target: Region | None = None
    scale: float = np.nan
    blur: float = 0.0

    def hear(self, sample: Sample, precision: str, larger: Scale | None = None) -> Verdict | None:
        """Take a look: decide the cell if the sample allows it.

        Args:
            sample: the estimate.
            precision: of the simulation; decides what counts as rounding.
            larger: of an ordering: the size of its larger side.
        """
        self.sample = sample
        size = larger.value if larger is not None else np.nan
        self.scale = self.cell.scale or self._natural_scale(sample, size)
        margin = self._tolerance(precision) if sample.deterministic else self.claim.margin
        self.target = region(self.claim.item.shape, self.cell.claimed, self.scale, margin)
        # Without noise, what should be equal may differ by the rounding of a start of order 1.
        room = sample.floor + SMALLEST[precision] if sample.deterministic else 0.0
        if larger is not None and self.relative_to_larger and margin > 0:
            return self._hear_difference(sample, larger, margin, room)
        self.verdict = decide(sample, self.target.widened(room), self.z)
        return self.verdict

    def _hear_difference(
        self, sample: Sample, larger: Scale, margin: float, room: float
    ) -> Verdict | None:
        """Decide a difference whose margin rests on an estimate of the same sample.

        The margin is taken at both ends of the interval of the larger side: small to confirm, large
        to refute. Where that interval cannot be trusted the size may be anything from 0 on: what is
        smaller is confirmed, and nothing is refuted.
        """
        self.blur = margin * larger.error
        if larger.sample.doubt and not sample.doubt:
            self.sample = replace(sample, doubt=larger.sample.doubt)
            return None
        sizes = larger.interval(self.z) if larger.trusted else (0.0, np.inf)
        shape, claimed = self.claim.item.shape, self.cell.claimed
        small, large = (
            region(shape, claimed, max(size, 0.0), margin).widened(room) for size in sizes
        )
        self.verdict = decide(sample, small, self.z, large)
        return self.verdict

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

    def _tolerance(self, precision: str) -> float:
        """The relative tolerance without noise: rounding, unless the claim states its own.

        An ordering keeps its margin: "not larger" is meant up to it, with noise or without.
        """
        item = self.claim.item
        loose = item.kind in ("approximation", "ordering")
        stated = loose or getattr(item, "margin", None) is not None
        return self.claim.margin if stated else DETERMINISTIC[precision]

    @property
    def statistic(self) -> str:
        """What the claim is about: "mean", "variance", "skewness", "kurtosis", "probability"."""
        return str(getattr(self.claim.item, "statistic", "mean"))

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


class Ledger:
    """All records of a run: of claims by task, of orderings by contrast."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.records: list[Record] = []
        self.by_task: dict[str, list[Record]] = {key: [] for key in plan.experiments}
        self.by_contrast: dict[Contrast, list[Record]] = {}
        levels = {s.name: critical_value(plan.cells(s.name)) for s in plan.suites}
        for claim in plan.claims:
            for case in claim.cases:
                for cell in case.cells:
                    record = Record(claim, case, cell, levels[claim.item.suite])
                    self.records.append(record)
                    if case.contrast is None:
                        self.by_task[case.task].append(record)
                    else:
                        self.by_contrast.setdefault(case.contrast, []).append(record)
        self.refuted: set[str] = set()

    def wanted(self, task: str) -> bool:
        """True while the task has an open cell that more trajectories may decide.

        Cells of refuted claims need no decision, and cells in doubt get none.
        """
        return any(map(self._open, self.by_task[task]))

    def undecided(self, contrast: Contrast) -> bool:
        """True while an ordering about this contrast has such a cell."""
        return any(map(self._open, self.by_contrast.get(contrast, ())))

    def _open(self, record: Record) -> bool:
        return (
            record.verdict is None
            and record.claim.item.identity not in self.refuted
            and not (record.sample is not None and record.sample.doubt)
        )

    def hear(self, task: str, moments: Moments, precision: str) -> None:
        """Take a look at every open cell of a task."""
        experiment = self.plan.experiments[task]
        asked = {r.statistic for r in self.by_task[task] if r.verdict is None}
        tables = {s: samples(experiment, moments, s, precision) for s in asked}
        step_index = {k: s for s, k in enumerate(experiment.checkpoints)}
        column = {o.name: i for i, o in enumerate(experiment.observed)}
        for record in self.by_task[task]:
            if record.verdict is None:
                place = (step_index[record.cell.step], column[record.case.observable.name])
                sample = tables[record.statistic].at(place)
                self._note(record, record.hear(sample, precision))

    def compare(
        self,
        contrast: Contrast,
        paired: PairedMoments,
        smaller: SideMoments,
        larger: SideMoments,
        precision: str,
    ) -> None:
        """Take a look at every open cell of the orderings that are about a contrast."""
        step_index = {k: s for s, k in enumerate(smaller.experiment.checkpoints)}
        for record in self.by_contrast.get(contrast, ()):
            if record.verdict is None:
                s = step_index[record.cell.step]
                judged = difference if record.relative_to_larger else frequency
                sample = judged(paired, smaller, larger, s, precision)
                self._note(record, record.hear(sample, precision, larger.scale(s)))

    def shapes(self, task: str) -> list[tuple[str, int, str]]:
        """The skewnesses and kurtoses of a task that claims are about, each once."""
        found = {
            (r.statistic, r.cell.step, r.case.observable.name): None
            for r in self.by_task[task]
            if r.statistic in ("skewness", "kurtosis")
        }
        return list(found)

    def _note(self, record: Record, verdict: Verdict | None) -> None:
        if verdict is Verdict.REFUTED:
            self.refuted.add(record.claim.item.identity)

    def of_case(self, claim: PlannedClaim, case: Case) -> list[Record]:
        """The records of one case, by step."""
        contrast = case.contrast
        among = self.by_task[case.task] if contrast is None else self.by_contrast[contrast]
        return [r for r in among if r.claim is claim and r.case is case]

    def verdict(self, records: list[Record]) -> Verdict:
        """The verdict on several cells together."""
        return combine(r.verdict or Verdict.INCONCLUSIVE for r in records)

    @property
    def decided(self) -> int:
        """The number of cells that need no more work."""
        return sum(
            r.verdict is not None or r.claim.item.identity in self.refuted for r in self.records
        )
