"""The lower panel of a figure: relative deviations against the margin."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from nqmbench.report.content import Curve
from nqmbench.report.palette import INK, MUTED
from nqmbench.report.spans import Deviations, extent_of, set_deviations
from nqmbench.report.strokes import BAND, DASHED, Look, bars, point, stroke, theory

__all__ = ["draw_deviations", "sideways"]

Floats = NDArray[np.float64]
Marks = NDArray[np.bool_]


def draw_deviations(
    axes: Axes,
    curves: Sequence[Curve],
    looks: Sequence[Look],
    marked: Sequence[Marks],
    places: Sequence[Floats],
    shifts: Floats,
    words: str,
    *,
    few: bool = False,
) -> Deviations:
    """Zero line, margin, deviations with intervals, and arrows for what lies beyond.

    Args:
        axes: where.
        curves: the cases.
        looks: of each.
        marked: the points to draw of each.
        places: of its steps.
        shifts: factors that move the cases a little apart.
        words: what the differences of an ordering are relative to; empty for a formula.
        few: whether there are so few steps that nothing is drawn between them.

    Returns:
        The range of the axis.
    """
    low = [c.relative(c.low) for c in curves]
    high = [c.relative(c.high) for c in curves]
    middle = [c.relative(c.estimate) for c in curves]
    exact = [c.relative(c.exact) for c in curves]
    edges = np.concatenate(
        [np.column_stack([c.relative(c.region_low), c.relative(c.region_high)]) for c in curves]
    )
    widths = (np.concatenate(high) - np.concatenate(low)) / 2
    extent = extent_of([*middle, *low, *high, *exact], edges, widths, bool(words))
    span = set_deviations(axes, extent, words=words)
    draw_band(axes, np.concatenate(places), edges, span)
    axes.axhline(0, color=INK, zorder=1.5, **{**DASHED, "linewidth": 0.9})
    for i, look in enumerate(looks):
        colour = look.colour
        keep = np.isfinite(exact[i])
        x = places[i][keep] * (shifts[i] if few else 1.0)
        theory(axes, x, np.clip(exact[i][keep], span.low, span.high), colour, few)
        seen = marked[i] & (middle[i] >= span.low) & (middle[i] <= span.high)
        x = (places[i] * shifts[i])[seen]
        bottom, top = (np.clip(end[i], span.low, span.high)[seen] for end in (low, high))
        bars(axes, x, bottom, top, colour, zorder=3)
        stroke(axes, x, middle[i][seen], zorder=4, **look.point)
        above, below = marked[i] & (middle[i] > span.high), marked[i] & (middle[i] < span.low)
        for beyond, edge, arrow in ((above, span.high, "^"), (below, span.low, "v")):
            ys = np.full(int(beyond.sum()), edge)
            stroke(
                axes,
                places[i][beyond] * (shifts[i] if few else 1.0),
                ys,
                clip_on=False,
                zorder=5,
                **point(colour, arrow, 6),
            )
    return span


def sideways(cases: int, ratio: float, few: bool = False) -> Floats:
    """Factors that move the cases a little apart on an axis of this ratio of last to first step.

    A few steps leave room to move them so far that rings do not overlap.
    """
    middle = np.arange(cases) - (cases - 1) / 2
    part = 0.025 * np.log(max(ratio, 1.02)) if few else 0.007 * np.log(max(ratio, 3.0))
    return np.asarray(np.exp(part * middle / max(cases / 3, 1)))


def draw_band(axes: Axes, x: Floats, edges: Floats, span: Deviations) -> None:
    """The margin: one band if it is the same everywhere, else the narrowest one at each step.

    Args:
        axes: where.
        x: places of the cells, shape (n,).
        edges: relative ends of the regions, shape (n, 2), with infinite ones for bounds.
        span: what of the axis is shown.
    """
    keep = ~np.isnan(edges).any(axis=1) & np.isfinite(edges).any(axis=1)
    if not keep.any():
        return
    low, high = np.clip(edges[keep], min(span.low, -span.margin), max(span.high, span.margin)).T
    if span.same(low) and span.same(high):
        bottom, top = float(low.max()), float(high.min())
        axes.axhspan(bottom, top, color=BAND, linewidth=0, zorder=0.5)
        for edge in {bottom, top} - {span.low, span.high}:
            axes.axhline(edge, color=MUTED, linewidth=0.6, zorder=0.6)
        return
    places = np.unique(x[keep])
    bottoms = [low[x[keep] == place].max() for place in places]
    tops = [high[x[keep] == place].min() for place in places]
    axes.fill_between(places, bottoms, tops, color=BAND, linewidth=0, zorder=0.5)
