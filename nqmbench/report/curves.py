"""The figure of a claim over the steps: the quantity above, its relative deviation below.

    above   points with intervals: Monte Carlo;  dashed: the formula;  thin line: exact theory
    below   (estimate - formula) / scale with its interval, and the margin as a shaded band;
            the thin line is exact theory here too

A point whose interval lies inside the band confirms the formula at that step, a point whose interval
lies outside refutes it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from nqmbench.report.canvas import despine, legible, sheet
from nqmbench.report.content import Case, ClaimPart, Curve
from nqmbench.report.frame import BAND, heading, note_of
from nqmbench.report.labels import common_and_own
from nqmbench.report.palette import INK, MARKERS, MUTED, colour_of, shades
from nqmbench.report.scales import Deviations, finite, places_of_steps, set_deviations, set_steps, set_values
from nqmbench.report.words import quantity

__all__ = ["chosen", "curve_figure"]

Floats = NDArray[np.float64]
MOST = 6  # cases in one figure
FORMULA_WORDS = {"upper bound": "formula (upper bound)", "lower bound": "formula (lower bound)"}


def chosen(cases: Sequence[Case], most: int) -> list[Case]:
    """The cases to draw: the worst ones, and some from all over the rest; in their own order.

    >>> chosen([], 6)
    []
    """
    drawable = [case for case in cases if case.curve is not None and case.curve.drawable]
    if len(drawable) <= most:
        return drawable
    by_size = sorted(drawable, key=lambda c: -abs(c.deviation) if c.deviation == c.deviation else 0.0)
    worst = by_size[: 2 * most // 3]
    rest = [case for case in drawable if case not in worst]
    spread = np.linspace(0, len(rest) - 1, most - len(worst)).round().astype(int)
    keep = [*worst, *(rest[i] for i in spread)]
    return [case for case in drawable if case in keep]


def styles(cases: Sequence[Case]) -> list[tuple[str, str]]:
    """(colour, marker) of each case: the method's colour, shaded if several cases share it."""
    shared = Counter(case.method for case in cases)
    supply = {method: iter(shades(colour_of(method), n)) for method, n in shared.items()}
    return [(next(supply[case.method]), MARKERS[i % len(MARKERS)]) for i, case in enumerate(cases)]


def curve_figure(claim: ClaimPart) -> Figure:
    """Draw a claim whose cases have several steps.

    Args:
        claim: a claim with at least one drawable curve.
    """
    cases = chosen(claim.cases, MOST)
    shared, own = common_and_own([legible(case.name) for case in cases], 84)
    labelled = len(cases) > 1
    curves = [case.curve for case in cases if case.curve is not None]
    looks = styles(cases)
    stride = 2 if len(curves) > 3 and max(c.step.size for c in curves) > 20 else 1
    marked = [points_of(curve, stride, i) for i, curve in enumerate(curves)]
    bottom = 0.82 + legend_height(own if labelled else [])
    figure = sheet(0.80 + 2.45 + 1.75 + bottom)
    height = figure.get_figheight()
    note = note_of(claim, cases, shared if labelled else own[0], "points at every other step" if stride > 1 else "")
    top = 1 - heading(figure, claim, note) / height
    grid = figure.add_gridspec(2, 1, height_ratios=(2.45, 1.75), hspace=0.09, left=0.128, right=0.982,
                               top=top, bottom=bottom / height)  # fmt: skip
    above = figure.add_subplot(grid[0])
    below = figure.add_subplot(grid[1], sharex=above)

    steps = np.concatenate([c.step[np.isfinite(c.estimate)] for c in curves])
    first = float(steps[steps > 0].min(initial=np.inf)) if (steps > 0).any() else 1.0
    set_values(above, [*(c.estimate for c in curves), *(c.exact for c in curves)], [c.formula[c.step <= steps.max()] for c in curves],
               np.concatenate([(c.high - c.low) / 2 for c in curves]))  # fmt: skip
    for curve, look, marks in zip(curves, looks, marked, strict=True):
        draw_values(above, curve, places_of_steps(curve.step, first), marks, *look, alone=not labelled)
    draw_deviations(below, curves, looks, marked, first)
    set_steps(above, steps)
    above.tick_params(axis="x", which="both", bottom=False, labelbottom=False)
    above.set_ylabel(axis_words(cases, claim))
    below.set_ylabel("relative deviation")
    below.set_xlabel("step k", labelpad=2)
    figure.align_ylabels([above, below])
    for axes in (above, below):
        despine(axes)
        axes.grid(True, axis="both", which="major")
    add_legend(figure, claim, own if labelled else [], looks, curves)
    return figure


def legend_columns(own: Sequence[str]) -> int:
    """Two columns if all labels are short."""
    return 2 if len(own) > 2 and max(map(len, own)) <= 46 else 1


def legend_height(own: Sequence[str]) -> float:
    """The height of the legend of cases in inches."""
    return 0.168 * -(-len(own) // legend_columns(own)) + 0.08 if own else 0.0


def points_of(curve: Curve, stride: int, i: int) -> NDArray[np.bool_]:
    """Which points of the i-th curve to mark: all, or alternating ones, and always the worst one."""
    keep = (np.arange(curve.step.size) + i) % stride == 0
    size = np.nan_to_num(np.abs(curve.relative(curve.estimate)), nan=-1.0, posinf=-1.0)
    keep[np.argmax(size)] = True
    return np.asarray(keep & np.isfinite(curve.estimate))


def axis_words(cases: Sequence[Case], claim: ClaimPart) -> str:
    """What stands at the axis of the quantity."""
    kinds = {(case.of or claim.of, case.statistic or claim.statistic) for case in cases}
    if len(kinds) == 1:
        whole = quantity(*next(iter(kinds)))
        return legible(whole if len(whole) <= 34 else quantity(*next(iter(kinds)), brief=True))[:40]
    return legible(quantity(*sorted(kinds)[0], brief=True))[:40]


def bars(axes: Axes, x: Floats, low: Floats, high: Floats, colour: str, **more: Any) -> None:
    """All intervals as one broken line, which keeps the files small."""
    inside = np.isfinite(low) & np.isfinite(high)
    if inside.any():
        gap = np.full(inside.sum(), np.nan)
        xs = np.column_stack([x[inside], x[inside], gap]).ravel()
        axes.plot(xs, np.column_stack([low[inside], high[inside], gap]).ravel(), color=colour, **more)


def draw_values(axes: Axes, curve: Curve, x: Floats, marks: NDArray[np.bool_], colour: str, marker: str, *,
                alone: bool) -> None:  # fmt: skip
    """Estimates, formula and exact curve of one case."""
    keep = np.isfinite(curve.exact)
    axes.plot(x[keep], curve.exact[keep], color=colour, linewidth=1.0, alpha=0.75, zorder=2)
    keep = np.isfinite(curve.formula)
    axes.plot(x[keep], curve.formula[keep], color=INK if alone else colour, linewidth=1.4, linestyle=(0, (4.5, 2.2)),
              zorder=3)  # fmt: skip
    bars(axes, x[marks], curve.low[marks], curve.high[marks], colour, linewidth=1.1, zorder=3.5)
    axes.plot(x[marks], curve.estimate[marks], linestyle="none", color=colour, marker=marker, markersize=4.0,
              markeredgecolor="white", markeredgewidth=0.5, zorder=4)  # fmt: skip


def draw_deviations(axes: Axes, curves: Sequence[Curve], looks: Sequence[tuple[str, str]],
                    marked: Sequence[NDArray[np.bool_]], first: float) -> None:  # fmt: skip
    """The lower panel: zero line, margin, deviations with intervals, arrows for what lies beyond."""
    lows, highs = ([c.relative(side(c)) for c in curves] for side in (lambda c: c.low, lambda c: c.high))
    middles = [c.relative(c.estimate) for c in curves]
    edges = [np.column_stack([c.relative(c.region_low), c.relative(c.region_high)]) for c in curves]
    widths = np.concatenate([(h - lo) / 2 for lo, h in zip(lows, highs, strict=True)])
    exacts = [c.relative(c.exact) for c in curves]
    span = set_deviations(axes, [*middles, *lows, *highs, *exacts], np.concatenate(edges), widths)
    draw_band(axes, [places_of_steps(c.step, first) for c in curves], edges, span)
    axes.axhline(0, color=INK, linewidth=0.9, linestyle=(0, (4.5, 2.2)), zorder=1.5)
    spread = 0.007 * np.log(max(float(finite(*(c.step for c in curves)).max()) / first, 3.0))
    offsets = np.exp(spread * (np.arange(len(curves)) - (len(curves) - 1) / 2) / max(len(curves) / 3, 1))
    rows = zip(curves, looks, marked, middles, lows, highs, offsets, strict=True)
    for curve, (colour, marker), marks, middle, low, high, offset in rows:
        x = places_of_steps(curve.step, first)
        exact = np.clip(curve.relative(curve.exact), span.low, span.high)
        keep = np.isfinite(exact)
        axes.plot(x[keep], exact[keep], color=colour, linewidth=1.0, alpha=0.75, zorder=2)
        seen = marks & (middle >= span.low) & (middle <= span.high)
        bars(axes, (x * offset)[seen], np.clip(low, span.low, span.high)[seen],
             np.clip(high, span.low, span.high)[seen], colour, linewidth=1.1, zorder=3)  # fmt: skip
        common: dict[str, Any] = {"linestyle": "none", "color": colour, "markeredgecolor": "white",
                                  "markeredgewidth": 0.5, "zorder": 4}  # fmt: skip
        axes.plot((x * offset)[seen], middle[seen], marker=marker, markersize=4.0, **common)
        for beyond, edge, arrow in ((marks & (middle > span.high), span.high, "^"), (marks & (middle < span.low), span.low, "v")):
            axes.plot(x[beyond], np.full(beyond.sum(), edge), marker=arrow, markersize=6, clip_on=False, **common)


def draw_band(axes: Axes, xs: Sequence[Floats], edges: Sequence[Floats], span: Deviations) -> None:
    """The margin: one band if it is the same everywhere, else the narrowest one at each step."""
    both = np.concatenate(edges)
    x = np.concatenate(list(xs))
    keep = ~np.isnan(both).any(axis=1) & (both > -np.inf).any(axis=1) | (both < np.inf).any(axis=1) & ~np.isnan(both).any(axis=1)
    if not keep.any():
        return
    clipped = np.clip(both[keep], min(span.low, -span.margin), max(span.high, span.margin))
    low, high = clipped.T
    if np.ptp(low) <= 1e-3 * span.margin and np.ptp(high) <= 1e-3 * span.margin:
        axes.axhspan(float(low.max()), float(high.min()), color=BAND, linewidth=0, zorder=0.5)
        for edge in {float(low.max()), float(high.min())} - {span.low, span.high}:
            axes.axhline(edge, color=MUTED, linewidth=0.6, zorder=0.6)
        return
    places = np.unique(x[keep])
    narrow = np.array([(low[x[keep] == p].max(), high[x[keep] == p].min()) for p in places])
    axes.fill_between(places, narrow[:, 0], narrow[:, 1], color=BAND, linewidth=0, zorder=0.5)


def add_legend(figure: Figure, claim: ClaimPart, own: Sequence[str], looks: Sequence[tuple[str, str]],
               curves: Sequence[Curve]) -> None:  # fmt: skip
    """How to read the lines in one row, and below it one row per case."""
    alone = not own
    colour, marker = looks[0] if alone else (MUTED, "o")
    handles: list[Any] = [
        figure.axes[0].errorbar([np.nan], [np.nan], [1.0], color=colour, marker=marker, markersize=4.5, elinewidth=1.1,
                                linestyle="none", markeredgecolor="white", markeredgewidth=0.5,
                                label="Monte Carlo with interval"),
        Line2D([], [], color=INK if alone else MUTED, linewidth=1.4, linestyle=(0, (4.5, 2.2)),
               label=FORMULA_WORDS.get(claim.kind, "formula")),
    ]  # fmt: skip
    if any(np.isfinite(c.exact).any() for c in curves):
        handles.append(Line2D([], [], color=colour, linewidth=1.0, label="exact theory"))
    handles.append(Patch(color=BAND, linewidth=0, label="margin" if "bound" not in claim.kind else "allowed side"))
    height = figure.get_figheight()
    figure.legend(handles=handles, loc="lower left", bbox_to_anchor=(0.118, (0.08 + legend_height(own)) / height), ncols=4,
                  borderaxespad=0, borderpad=0, handlelength=2.2, columnspacing=1.8)  # fmt: skip
    if own:
        cases: list[Any] = [
            Line2D([], [], color=c, marker=m, markersize=4.5, linewidth=1.1, markeredgecolor="white",
                   markeredgewidth=0.5, label=label)
            for (c, m), label in zip(looks, own, strict=True)
        ]  # fmt: skip
        figure.legend(handles=cases, loc="lower left", bbox_to_anchor=(0.118, 0.08 / height), ncols=legend_columns(own),
                      borderaxespad=0, borderpad=0, handlelength=2.2, labelspacing=0.36)  # fmt: skip
