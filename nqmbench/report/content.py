"""What a report says, before it is typeset.

    Report > SuitePart > ClaimPart > Case > Curve
                       > SuiteFigure > Panel > MeanCurve

Both pages and all figures are made from these objects, so they cannot say different things. The run
may come from an interrupted program or an older one: whatever is missing is left out.

The **deviation** is (estimate - formula) / scale: what the simulation says relative to what the
text says, for an exact check (true - claimed) / |claimed|. That of a case belongs to its worst
cell, that of a claim to the case that its reason is about; both are read, not computed again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nqmbench.report.formulas import Formula

__all__ = [
    "Case", "ClaimPart", "Curve", "MeanCurve", "Outside", "Panel", "Report", "SuiteFigure",
    "SuitePart",
]  # fmt: skip

Floats = NDArray[np.float64]


NARROW = 3.0  # on a logarithmic axis of less there is room for one label, or for none


@dataclass(frozen=True, eq=False)
class Curve:
    """One case over the checkpoints; all arrays have the shape (checkpoints,)."""

    step: Floats
    formula: Floats
    exact: Floats
    estimate: Floats
    low: Floats
    high: Floats
    region_low: Floats
    region_high: Floats
    scale: Floats

    def relative(self, values: Floats) -> Floats:
        """(values - formula) / scale; NaN where that is no number."""
        with np.errstate(all="ignore"):
            return np.asarray((values - self.formula) / self.scale)

    @property
    def drawable(self) -> bool:
        """True if some estimate and the formula beside it are numbers."""
        return bool((np.isfinite(self.estimate) & np.isfinite(self.formula)).any())


@dataclass(frozen=True, eq=False)
class Case:
    """One claim on one experiment (and coordinate)."""

    name: str
    method: str
    of: str
    statistic: str
    kind: str
    verdict: str
    reason: str
    step: float
    formula: float
    exact: float
    estimate: float
    low: float
    high: float
    trials: float
    deviation: float
    curve: Curve | None


@dataclass(frozen=True, eq=False)
class ClaimPart:
    """One claim with its verdict, its cases and the true statements that mend it."""

    suite: str
    name: str
    ref: str
    mends: str
    anchor: str
    kind: str
    of: str
    statistic: str
    doc: str
    formula: Formula
    ratio: Formula
    verdict: str
    expected: str
    as_expected: bool
    reason: str
    case: str
    margin: float
    deviation: float
    cases: tuple[Case, ...]
    mended_by: tuple[ClaimPart, ...] = ()

    @property
    def simulated(self) -> bool:
        """False for exact checks, which have a claimed and a true value and no estimate."""
        return any(case.curve is not None for case in self.cases)

    @property
    def figure(self) -> str | None:
        """The file name of the figure without its ending; None if there is nothing to draw."""
        drawable = any(case.curve is not None and case.curve.drawable for case in self.cases)
        return self.anchor if drawable else None


@dataclass(frozen=True, eq=False)
class MeanCurve:
    """The mean over many trajectories by step, and one single trajectory; shape (steps,) each."""

    label: str
    method: str
    step: Floats
    mean: Floats
    low: Floats
    high: Floats
    exact: Floats
    single: Floats


@dataclass(frozen=True, eq=False)
class Panel:
    """One panel of a suite's figure."""

    title: str
    curves: tuple[MeanCurve, ...]


@dataclass(frozen=True, eq=False)
class SuiteFigure:
    """A figure that a suite shows before its claims: methods or parameters side by side.

    Args:
        suite, name, doc: as its suite has them. anchor: of its place on the page.
        of: what is drawn, such as "error". panels: from left to right.
        trials: the fewest trajectories behind a mean; NaN if it is not known.
    """

    suite: str
    name: str
    doc: str
    anchor: str
    of: str
    panels: tuple[Panel, ...]
    trials: float

    @property
    def figure(self) -> str:
        """The file name without its ending."""
        return self.anchor

    @property
    def single(self) -> bool:
        """True if single trajectories are drawn beside the means."""
        return any(np.isfinite(c.single).any() for panel in self.panels for c in panel.curves)

    @property
    def exact(self) -> bool:
        """True if exact means are drawn."""
        return any(np.isfinite(c.exact).any() for panel in self.panels for c in panel.curves)

    @property
    def signed(self) -> bool:
        """True if some mean is 0 or below, so that the quantity has no logarithm."""
        return any((c.mean <= 0).any() for panel in self.panels for c in panel.curves)

    @property
    def narrow(self) -> bool:
        """True if all that is drawn lies within a factor of three, too little for a logarithm."""
        curves = [c for panel in self.panels for c in panel.curves]
        parts = [part for c in curves for part in (c.mean, c.exact, c.high, c.single)]
        drawn = np.concatenate(parts) if parts else np.empty(0)
        drawn = drawn[np.isfinite(drawn) & (drawn > 0)]
        return bool(drawn.size) and float(drawn.max()) < NARROW * float(drawn.min())


@dataclass(frozen=True)
class Outside:
    """A statement of the source that no run can judge, and why."""

    ref: str
    statement: str
    reason: str


@dataclass(frozen=True, eq=False)
class SuitePart:
    """One suite: its source, its figures, and its claims, each followed by those that mend it.

    `tails` says which moments stay bounded where gradients come from rows.
    """

    name: str
    anchor: str
    summary: str
    source: str
    cells: float
    level: float
    claims: tuple[ClaimPart, ...]
    figures: tuple[SuiteFigure, ...] = ()
    outside: tuple[Outside, ...] = ()
    tails: tuple[str, ...] = ()

    def every(self) -> Iterator[ClaimPart]:
        """All claims in reading order, the mending ones right after the one they mend."""
        for claim in self.claims:
            yield claim
            yield from claim.mended_by


@dataclass(frozen=True, eq=False)
class Report:
    """Everything that the pages show.

    Args:
        suites: with their claims and figures. run, machine: how it was made.
        undrawn: the figures that are not there; a sentence stands in their places.
    """

    suites: tuple[SuitePart, ...]
    run: Mapping[str, Any] = field(default_factory=dict)
    machine: Mapping[str, Any] = field(default_factory=dict)
    undrawn: frozenset[str] = frozenset()

    def every(self) -> Iterator[ClaimPart]:
        """All claims of all suites in reading order."""
        for suite in self.suites:
            yield from suite.every()

    def drawable(self) -> Iterator[SuiteFigure | ClaimPart]:
        """All figures in reading order: those of a suite, then those of its claims."""
        for suite in self.suites:
            yield from suite.figures
            yield from (claim for claim in suite.every() if claim.figure)
