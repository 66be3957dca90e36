"""How each thing is drawn, the same in every figure: points, intervals, formulas, margins."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

__all__ = ["BAND", "DASHED", "EXACT", "bars", "case_key", "formula_words", "margin_key", "point"]

Floats = NDArray[np.float64]

BAND = "#e4ecf3"
DASHED: Any = {"linewidth": 1.4, "linestyle": (0, (4.5, 2.2))}
EXACT: Any = {"linewidth": 1.0, "alpha": 0.75}


def point(colour: str, marker: str = "o", size: float = 4.0) -> Any:
    """The properties of an estimate's mark."""
    return {
        "linestyle": "none", "color": colour, "marker": marker, "markersize": size,
        "markeredgecolor": "white", "markeredgewidth": 0.5,
    }  # fmt: skip


def bars(axes: Axes, x: Floats, low: Floats, high: Floats, colour: str, zorder: float) -> None:
    """All intervals as one broken line, which keeps the files small."""
    inside = np.isfinite(low) & np.isfinite(high)
    if inside.any():
        gap = np.full(int(inside.sum()), np.nan)
        across = np.column_stack([x[inside], x[inside], gap]).ravel()
        along = np.column_stack([low[inside], high[inside], gap]).ravel()
        axes.plot(across, along, color=colour, linewidth=1.1, zorder=zorder)


def case_key(colour: str, marker: str, label: str) -> Line2D:
    """The legend's sample of a case."""
    return Line2D([], [], **{**point(colour, marker, 4.5), "linestyle": "-"}, label=label)


def margin_key(kind: str) -> Patch:
    """The legend's sample of the shaded band."""
    one_sided = "bound" in kind or kind == "ordering"
    return Patch(color=BAND, linewidth=0, label="allowed side" if one_sided else "margin")


def formula_words(kind: str) -> str:
    """How the legend calls the formula."""
    return f"formula ({kind})" if "bound" in kind else "formula"
