"""The rulers of a panel: grid, ticks and labels of an axis, drawn from few pieces.

Matplotlib draws each tick from five artists and lays out each of them several times, which takes
half of the time of a figure. Here the grid is one broken line, the ticks of an axis are one row of
marks, and a label's size is looked up, since a report writes the same numbers again and again.
"""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties

# The stubs of matplotlib leave the first two out.
from matplotlib.lines import TICKDOWN, TICKLEFT, Line2D  # type: ignore[attr-defined]
from matplotlib.text import Text
from matplotlib.transforms import ScaledTranslation

from nqmbench.report.both import size_of

__all__ = ["LABEL_PAD", "LINE_HEIGHT", "name_axis", "rule", "small_ticks", "width_of"]

TICK, PAD = 3.5, 3.5  # points: the length of a tick, and the gap between it and its label
LABEL_PAD = 5.0  # points between the labels of the ticks and the name of the axis
LINE_HEIGHT = 11.5  # points of a line of the name of an axis
ABOVE_BAND = 0.55  # the drawing order of the grid, just above the shaded margin


def setting(name: str) -> Any:
    """One of matplotlib's settings, whose names are made up here from the axis's."""
    settings: Any = mpl.rcParams
    return settings[name]


def width_of(text: str, size: float) -> float:
    """The width in points of a text in the figures' font."""
    lines = text.split("\n")
    font = FontProperties(family=mpl.rcParams["font.family"], size=size)
    return max(size_of(line, font, False)[0] for line in lines)


def rule(
    axes: Axes, which: str, *, ticks: bool = True, labels: bool = True, grid: bool = True
) -> float:
    """Draw the grid, the ticks and their labels at the major ticks of an axis.

    Args:
        axes: a panel whose scale, limits, locator and formatter are set.
        which: "x" or "y".
        ticks: whether to draw marks.
        labels: whether to write labels.
        grid: whether to draw lines across the panel.

    Returns:
        The width in points that ticks and labels take beside the panel.
    """
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_visible(False)
    low, high = sorted(axis.get_view_interval())
    slack = 1e-9 * (high - low)
    places = axis.get_majorticklocs()
    named = zip(places, axis.get_major_formatter().format_ticks(list(places)), strict=True)
    shown = [(at, text) for at, text in named if low - slack <= at <= high + slack]
    at = np.array([place for place, _ in shown])
    flat = axes.get_xaxis_transform() if which == "x" else axes.get_yaxis_transform()
    if grid:
        add_grid(axes, which, at)
    if ticks:
        marks(axes, which, at, "major")
    if not labels:
        return 0.0
    away = TICK * ticks + PAD
    shift = (0.0, -away / 72) if which == "x" else (-away / 72, 0.0)
    figure: Any = axes.get_figure(root=True)
    moved = flat + ScaledTranslation(*shift, figure.dpi_scale_trans)
    size = setting(f"{which}tick.labelsize")
    place: Any = (
        {"ha": "center", "va": "top"} if which == "x" else {"ha": "right", "va": "center_baseline"}
    )
    for where, text in shown:
        x, y = (where, 0.0) if which == "x" else (0.0, where)
        axes.add_artist(Text(x, y, text, transform=moved, fontsize=size, clip_on=False, **place))
    return away + max((width_of(text, size) for _, text in shown), default=0.0)


def add_grid(axes: Axes, which: str, at: Any) -> None:
    """All lines of the grid as one broken line."""
    along = np.column_stack([at, at, np.full(at.size, np.nan)]).ravel()
    across = np.tile([0.0, 1.0, np.nan], at.size)
    look: Any = {
        "color": mpl.rcParams["grid.color"], "linewidth": mpl.rcParams["grid.linewidth"],
        "zorder": ABOVE_BAND,
    }  # fmt: skip
    if which == "x":
        axes.add_artist(Line2D(along, across, transform=axes.get_xaxis_transform(), **look))
    else:
        axes.add_artist(Line2D(across, along, transform=axes.get_yaxis_transform(), **look))


def name_axis(axes: Axes, which: str, words: str, away: float) -> None:
    """Write what an axis shows, `away` points from the panel."""
    if not words:
        return
    figure: Any = axes.get_figure(root=True)
    shift = (0.0, -away / 72) if which == "x" else (-away / 72, 0.0)
    moved = axes.transAxes + ScaledTranslation(*shift, figure.dpi_scale_trans)
    size = mpl.rcParams["axes.labelsize"]
    if which == "x":
        text = Text(0.5, 0.0, words, ha="center", va="top", transform=moved, fontsize=size)
    else:
        text = Text(
            0.0, 0.5, words, ha="right", va="center", rotation=90, multialignment="center",
            transform=moved, fontsize=size,
        )  # fmt: skip
    axes.add_artist(text)
    text.set_clip_on(False)


def small_ticks(axes: Axes, which: str, places: Any) -> None:
    """Ticks without labels, between those that have one."""
    marks(axes, which, np.asarray(places, dtype=float), "minor")


def marks(axes: Axes, which: str, at: Any, rank: str) -> None:
    """A row of ticks as one line of marks."""
    zeros = np.zeros(at.size)
    line = Line2D(
        *((at, zeros) if which == "x" else (zeros, at)), linestyle="none",
        transform=axes.get_xaxis_transform() if which == "x" else axes.get_yaxis_transform(),
        marker=TICKDOWN if which == "x" else TICKLEFT, color=setting(f"{which}tick.color"),
        markersize=setting(f"{which}tick.{rank}.size"),
        markeredgewidth=setting(f"{which}tick.{rank}.width"), zorder=2.01,
    )  # fmt: skip
    axes.add_artist(line)
    line.set_clip_on(False)
