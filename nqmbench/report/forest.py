"""The figure of a claim at one single step: one row per case, as in a forest plot.

left    the quantity: points with intervals, the formula as a tick, exact theory as a thin ring
right   the relative deviation with its interval, and the margin as a shaded band
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from nqmbench.report.canvas import despine, legible, sheet
from nqmbench.report.choice import axis_words, chosen
from nqmbench.report.content import Case, ClaimPart
from nqmbench.report.frame import heading, heading_height, make_room, note_of, set_apart
from nqmbench.report.labels import common_and_own
from nqmbench.report.palette import INK, MUTED, colour_of
from nqmbench.report.rulers import name_axis, rule
from nqmbench.report.scales import set_values
from nqmbench.report.spans import Deviations, extent_of, set_deviations
from nqmbench.report.strokes import (
    BAND,
    DASHED,
    exact_key,
    formula_words,
    margin_key,
    point,
    relative_words,
    stroke,
    theory,
)
from nqmbench.report.words import integer

__all__ = ["forest_figure"]

Floats = NDArray[np.float64]

MOST = 14  # cases in one figure
LABEL = 46  # characters of the label of a row
GAP = 0.36  # inches between the panels, so that labels of their ticks do not meet
BELOW, LINE = 0.86, 0.15  # inches below the panels, and of another line of the name of an axis
ROW = 0.27  # inches
NUMBERS = ("formula", "exact", "estimate", "low", "high", "region_low", "region_high", "scale")
TICK: Any = {"linestyle": "none", "marker": "|", "markersize": 12, "markeredgewidth": 1.6}


def forest_figure(claim: ClaimPart) -> Figure:
    """Draw a claim whose cases have one step each.

    Args:
        claim: a claim with at least one drawable curve.
    """
    cases = chosen(claim, MOST)
    own, note = _labels(claim, cases)
    curves = [case.curve for case in cases if case.curve is not None]
    value = {name: np.array([getattr(c, name)[-1] for c in curves]) for name in NUMBERS}
    ratio = {name: (value[name] - value["formula"]) / value["scale"] for name in NUMBERS[:-1]}

    extent = extent_of(
        [ratio[name] for name in ("estimate", "low", "high", "exact")],
        np.concatenate([ratio["region_low"], ratio["region_high"]]),
        (ratio["high"] - ratio["low"]) / 2,
        claim.kind == "ordering",
    )
    head, below = heading_height(note), BELOW if extent.linear else BELOW + LINE
    figure = sheet(head + ROW * (len(cases) + 0.6) + below)
    height = figure.get_figheight()
    heading(figure, claim, note)
    edges = {"left": 0.1, "right": 0.955, "top": 1 - head / height, "bottom": below / height}
    grid = figure.add_gridspec(1, 2, width_ratios=(1, 1.3), wspace=0.0, **edges)
    values = figure.add_subplot(grid[0])
    deviations = figure.add_subplot(grid[1], sharey=values)
    values.set_ylim(len(cases) - 0.4, -0.6)
    values.set_yticks(range(len(cases)), own)
    for axes in (values, deviations):
        despine(axes, left=True)
    rule(deviations, "y", ticks=False, labels=False, grid=False)
    width = rule(values, "y", ticks=False, grid=False)
    make_room(figure, (values, deviations), width)
    set_apart(values, deviations, GAP)

    seen = [value[name] for name in ("estimate", "exact", "low", "high")]
    set_values(values, seen, [value["formula"]], (value["high"] - value["low"]) / 2, "x")
    if claim.statistic == "probability":  # no axis goes beyond 1
        values.set_xlim(right=min(values.get_xlim()[1], 1.0 + 0.03 * np.ptp(values.get_xlim())))
    span = set_deviations(deviations, extent, "x", relative_words(claim))
    deviations.axvline(0, color=INK, zorder=1.5, **{**DASHED, "linewidth": 0.9})
    colours = [colour_of(case.method) for case in cases]
    for y, colour in enumerate(colours):
        stroke(values, [value["formula"][y]], [y], color=INK, zorder=3, **TICK)
        theory(values, [value["exact"][y]], [y], colour, few=True)
        stroke(values, [value["low"][y], value["high"][y]], [y, y], color=colour, zorder=3.5)
        stroke(values, [value["estimate"][y]], [y], zorder=4, **point(colour, size=5))
        middle = ratio["estimate"][y]
        if span.low <= middle <= span.high:
            stroke(
                deviations, [ratio["low"][y], ratio["high"][y]], [y, y], color=colour, zorder=3.5
            )
            stroke(deviations, [middle], [y], zorder=4, **point(colour, size=5))
        elif np.isfinite(middle):
            edge, arrow = (span.high, ">") if middle > span.high else (span.low, "<")
            stroke(deviations, [edge], [y], clip_on=False, zorder=4, **point(colour, arrow, 6.5))

    _bands(deviations, ratio["region_low"], ratio["region_high"], span)
    for axes, words in ((values, axis_words(cases, claim)), (deviations, span.words)):
        rule(axes, "x")
        name_axis(axes, "x", words, 20.0)
    exactly = bool(np.isfinite(value["exact"]).any())
    _legend(figure, claim, colours[0] if len(set(colours)) == 1 else MUTED, exactly)
    return figure


def _bands(axes: Axes, low: Floats, high: Floats, span: Deviations) -> None:
    """The margin of every row, in one piece if it is the same for all."""
    bottom, top = np.clip(low, span.low, span.high), np.clip(high, span.low, span.high)
    if span.same(bottom) and span.same(top):
        axes.axvspan(float(bottom[0]), float(top[0]), color=BAND, linewidth=0, zorder=0.5)
        return
    for y in np.flatnonzero(~np.isnan(bottom) & ~np.isnan(top)):
        row = (y - 0.5, y + 0.5)
        axes.fill_betweenx(row, bottom[y], top[y], color=BAND, linewidth=0, zorder=0.5)


def _labels(claim: ClaimPart, cases: list[Case]) -> tuple[list[str], str]:
    """The labels of the rows, and the note above them."""
    steps = {float(c.curve.step[-1]) for c in cases if c.curve is not None}
    names = [
        legible(case.name) + (f", k = {integer(case.step)}" if len(steps) > 1 else "")
        for case in cases
    ]
    shared, own = common_and_own(names, LABEL if len(names) > 1 else 10**3, brief=True)
    if len(names) == 1:
        shared, own = own[0], [""]
    at = f"at step k = {integer(next(iter(steps)))}" if len(steps) == 1 else ""
    return own, ", ".join(part for part in (at, note_of(claim, cases, shared)) if part)


def _legend(figure: Figure, claim: ClaimPart, colour: str, exactly: bool) -> None:
    words = formula_words(claim.kind, claim.statistic)
    handles: list[Any] = [
        Line2D([], [], label="Monte Carlo with interval",
               **{**point(colour, size=4.8), "linestyle": "-"}),
        Line2D([], [], color=INK, label=words, **{**TICK, "markersize": 11}),
        exact_key(colour, few=True),
        margin_key(claim.kind),
    ]  # fmt: skip
    if not exactly:
        del handles[2]
    figure.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(0.012, 0.09 / figure.get_figheight()),
        ncols=4, borderaxespad=0, borderpad=0, handlelength=2.0, columnspacing=1.8,
    )  # fmt: skip
