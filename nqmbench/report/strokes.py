"""How each thing is drawn, the same in every figure: points, intervals, formulas, margins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from nqmbench.report.content import ClaimPart

__all__ = [
    "BAND", "DASHED", "DASHES", "EXACT", "LEVEL", "RING", "Look", "bars", "case_key", "exact_key",
    "formula_words", "margin_key", "point", "relative_words", "stroke", "theory",
]  # fmt: skip

Floats = NDArray[np.float64]

BAND = "#e4ecf3"
# How the formulas of several cases are dashed; exact theory alone is drawn without gaps.
DASHES = (
    (4.5, 2.2), (1.7, 1.5), (7.0, 1.6, 1.4, 1.6), (9.0, 2.4), (3.6, 1.3, 1.0, 1.3, 1.0, 1.3),
    (1.0, 2.6),
)  # fmt: skip
DASHED: Any = {"linewidth": 1.4, "linestyle": (0, DASHES[0])}
EXACT: Any = {"linewidth": 1.0}
RING: Any = {
    "linestyle": "none", "marker": "o", "markersize": 8.5, "markerfacecolor": "none",
    "markeredgewidth": 0.8,
}  # fmt: skip
LEVEL: Any = {"linestyle": "none", "marker": "_", "markersize": 15, "markeredgewidth": 1.6}


@dataclass(frozen=True)
class Look:
    """What tells a case from the others in its figure.

    Args:
        colour: of everything. marker: of the estimates. dashes: of the formula.
    """

    colour: str
    marker: str = "o"
    dashes: tuple[float, ...] = DASHES[0]

    @property
    def point(self) -> Any:
        """The properties of an estimate's mark."""
        return point(self.colour, self.marker)

    @property
    def dashed(self) -> Any:
        """The properties of the formula's line, without its colour."""
        return DASHED | {"linestyle": (0, self.dashes)}


def point(colour: str, marker: str = "o", size: float = 4.0) -> Any:
    """The properties of a mark."""
    return {
        "linestyle": "none", "color": colour, "marker": marker, "markersize": size,
        "markeredgecolor": "white", "markeredgewidth": 0.5,
    }  # fmt: skip


def stroke(axes: Axes, x: Any, y: Any, **look: Any) -> None:
    """Add one line or row of marks, without the detours of `Axes.plot`."""
    axes.add_line(Line2D(x, y, **look))


def bars(axes: Axes, x: Floats, low: Floats, high: Floats, colour: str, zorder: float) -> None:
    """All intervals as one broken line, which keeps the files small."""
    inside = np.isfinite(low) & np.isfinite(high)
    if inside.any():
        gap = np.full(int(inside.sum()), np.nan)
        across = np.column_stack([x[inside], x[inside], gap]).ravel()
        along = np.column_stack([low[inside], high[inside], gap]).ravel()
        stroke(axes, across, along, color=colour, linewidth=1.1, zorder=zorder)


def theory(axes: Axes, x: Any, y: Any, colour: str, few: bool) -> None:
    """Exact theory: a thin line, or a ring at each of a few steps."""
    if few:
        stroke(axes, x, y, zorder=3, markeredgecolor=colour, **RING)
    else:
        stroke(axes, x, y, zorder=2, color=colour, **EXACT)


def exact_key(colour: str, few: bool) -> Line2D:
    """The legend's sample of exact theory."""
    if few:
        return Line2D([], [], markeredgecolor=colour, label="exact theory", **RING)
    return Line2D([], [], color=colour, label="exact theory", **EXACT)


def case_key(look: Look, label: str, few: bool = False) -> Line2D:
    """The legend's sample of a case."""
    marked = point(look.colour, look.marker, 4.8)
    return Line2D([], [], **({**marked} if few else {**marked, **look.dashed}), label=label)


def margin_key(kind: str) -> Patch:
    """The legend's sample of the shaded band."""
    label = "allowed side" if "bound" in kind or kind == "ordering" else "margin"
    return Patch(color=BAND, linewidth=0, label=label)


def formula_words(kind: str, statistic: str = "") -> str:
    """How the legend calls the formula."""
    if kind == "ordering":
        return "claimed probability" if statistic == "probability" else "no difference"
    return f"formula ({kind})" if "bound" in kind else "formula"


def relative_words(claim: ClaimPart) -> str:
    """What the differences of an ordering are relative to; empty for a formula."""
    if claim.kind != "ordering":
        return ""
    return (
        "relative to the claim" if claim.statistic == "probability" else "difference / larger side"
    )
