"""The state of every cell during a run: what is decided, and what is still open.

The first decision on a cell is kept, with the estimate of that look. An experiment is simulated
further only while a cell on it is open whose claim may still change: a refuted claim asks for
nothing more.
"""

from __future__ import annotations

from nqmbench.comparisons import SideMoments, difference, frequency
from nqmbench.looks import Record
from nqmbench.moments import Moments
from nqmbench.one_pass import PairedMoments
from nqmbench.passes import Contrast
from nqmbench.plan import Case, Plan, PlannedClaim
from nqmbench.samples import samples
from nqmbench.stopping import INTERRUPTED, TERMINATED
from nqmbench.verdicts import Verdict, combine, critical_value

__all__ = ["Ledger"]


class Ledger:
    """All records of a run: of claims by task, of orderings by contrast.

    Args:
        plan: what there is to judge.
        until: go on with an experiment until every interval reaches at most this share of its
            scale to either side, decided or not; None stops at decisions.
    """

    def __init__(self, plan: Plan, until: float | None = None) -> None:
        self.plan = plan
        self.until = until
        self.ending = ""  # why the run has ended before it was done
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
        return any(map(self.is_open, self.by_task[task]))

    def undecided(self, contrast: Contrast) -> bool:
        """True while an ordering about this contrast has such a cell."""
        return any(map(self.is_open, self.by_contrast.get(contrast, ())))

    def is_open(self, record: Record) -> bool:
        """True while more trajectories may decide a cell, or its interval is too wide."""
        if self.until is not None and record.width > self.until:
            return True
        return (
            record.verdict is None
            and record.claim.item.identity not in self.refuted
            and not (record.sample is not None and record.sample.doubt)
        )

    def hear(self, task: str, moments: Moments, precision: str) -> None:
        """Take a look at every cell of a task, at the decided ones for conflicts."""
        experiment = self.plan.experiments[task]
        asked = {r.statistic for r in self.by_task[task]}
        tables = {s: samples(experiment, moments, s, precision) for s in asked}
        step_index = {k: s for s, k in enumerate(experiment.checkpoints)}
        column = {o.name: i for i, o in enumerate(experiment.observed)}
        for record in self.by_task[task]:
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
        """Take a look at every cell of the orderings that are about a contrast."""
        step_index = {k: s for s, k in enumerate(smaller.experiment.checkpoints)}
        for record in self.by_contrast.get(contrast, ()):
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
    def hurried(self) -> bool:
        """True if somebody waits for the run to end: what takes long is left out then."""
        return self.ending in (INTERRUPTED, TERMINATED)

    @property
    def conflicts(self) -> list[str]:
        """Where a later look contradicts a decision, in words."""
        return [
            f"{r.claim.item.suite}::{r.claim.item.name}, {r.case.label}: {r.conflict}"
            for r in self.records
            if r.conflict
        ]

    @property
    def wide(self) -> int:
        """The number of cells that are not known as precisely as was asked for."""
        until = self.until
        return 0 if until is None else sum(r.width > until for r in self.records)

    @property
    def decided(self) -> int:
        """The number of cells that need no more work."""
        return sum(
            r.verdict is not None or r.claim.item.identity in self.refuted for r in self.records
        )
