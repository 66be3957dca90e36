"""The figure of a claim over the steps: the quantity above, its relative deviation below.

    above   points with intervals: Monte Carlo;  dashed: the formula;  thin line: exact theory
    below   (estimate - formula) / scale with its interval, and the margin as a shaded band;
            the thin line is exact theory here too

A point whose interval lies inside the band confirms the formula at that step, a point whose
interval lies outside refutes it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nqmbench.report.canvas import despine, legible, sheet
from nqmbench.report.choice import axis_words, chosen, looks_of
from nqmbench.report.content import ClaimPart, Curve
from nqmbench.report.deviations import draw_deviations
from nqmbench.report.frame import heading, make_room, note_of
from nqmbench.report.labels import common_and_own
from nqmbench.report.legend import add_legend, legend_height
from nqmbench.report.palette import INK
from nqmbench.report.rulers import LABEL_PAD, LINE_HEIGHT, name_axis, rule
from nqmbench.report.scales import places_of_steps, set_steps, set_values
from nqmbench.report.strokes import DASHED, EXACT, Look, bars, relative_words, stroke

__all__ = ["curve_figure"]

Floats = NDArray[np.float64]
Marks = NDArray[np.bool_]

MOST = 6  # cases in one figure
UPPER, LOWER, GAP = 2.45, 1.75, 0.19  # heights of the panels in inches


def curve_figure(claim: ClaimPart) -> Figure:
    """Draw a claim whose cases have several steps.

    Args:
        claim: a claim with at least one drawable curve.
    """
    cases = chosen(claim, MOST)
    curves = [case.curve for case in cases if case.curve is not None]
    shared, own = common_and_own([legible(case.name) for case in cases], 84)
    labels = own if len(cases) > 1 else []
    stride = 2 if len(curves) > 3 and max(c.step.size for c in curves) > 20 else 1
    thinned = "points at every other step" if stride > 1 else ""
    note = note_of(claim, cases, shared if labels else own[0], thinned)

    bottom = 0.82 + legend_height(labels)
    figure = sheet(0.80 + UPPER + GAP + LOWER + bottom)
    height = figure.get_figheight()
    top = 1 - heading(figure, claim, note) / height
    edges = {"left": 0.1, "right": 0.982, "top": top, "bottom": bottom / height}
    ratios = (UPPER, LOWER)
    grid = figure.add_gridspec(2, 1, height_ratios=ratios, hspace=2 * GAP / sum(ratios), **edges)
    above = figure.add_subplot(grid[0])
    below = figure.add_subplot(grid[1], sharex=above)

    looks = looks_of(cases)
    ordering = claim.kind == "ordering"
    if ordering:  # nothing but the line of no difference is dashed, and all cases share it
        looks = [replace(look, dashes=()) for look in looks]
    marked = [points_of(curve, stride, i) for i, curve in enumerate(curves)]
    steps = np.concatenate([c.step[np.isfinite(c.estimate)] for c in curves])
    first = float(steps[steps > 0].min()) if (steps > 0).any() else 1.0
    until = [c.step <= steps.max() for c in curves]
    exact = [c.exact[inside] for c, inside in zip(curves, until, strict=True)]
    formula = [c.formula[inside] for c, inside in zip(curves, until, strict=True)]
    widths = np.concatenate([(c.high - c.low) / 2 for c in curves])
    set_values(above, [*(c.estimate for c in curves), *exact], formula, widths)
    for curve, look, marks in zip(curves, looks, marked, strict=True):
        x = places_of_steps(curve.step, first)
        ink = INK if ordering or not labels else look.colour
        draw_values(above, curve, x, marks, look, ink)
    span = draw_deviations(below, curves, looks, marked, first, relative_words(claim))
    set_steps(below, steps)

    for axes in (above, below):
        despine(axes)
    rule(above, "x", ticks=False, labels=False)
    away = max(rule(above, "y"), rule(below, "y")) + LABEL_PAD
    rule(below, "x")
    name_axis(above, "y", axis_words(cases, claim), away)
    name_axis(below, "y", span.words, away)
    name_axis(below, "x", "step k", 20.0)
    lines = 1 + span.words.count("\n")
    left = make_room(figure, (above, below), away + lines * LINE_HEIGHT)
    exactly = any(np.isfinite(c.exact).any() for c in curves)
    add_legend(figure, left, claim, labels, looks, exactly)
    return figure


def points_of(curve: Curve, stride: int, i: int) -> Marks:
    """Which points of the i-th curve to mark: all or alternating ones, and always the worst."""
    keep = (np.arange(curve.step.size) + i) % stride == 0
    size = np.nan_to_num(np.abs(curve.relative(curve.estimate)), nan=-1.0, posinf=-1.0)
    keep[np.argmax(size)] = True
    return np.asarray(keep & np.isfinite(curve.estimate))


def draw_values(axes: Axes, curve: Curve, x: Floats, marks: Marks, look: Look, ink: str) -> None:
    """Estimates, formula and exact curve of one case; the formula is drawn in `ink`."""
    keep = np.isfinite(curve.exact)
    stroke(axes, x[keep], curve.exact[keep], color=look.colour, zorder=2, **EXACT)
    keep = np.isfinite(curve.formula)
    dashed = look.dashed if look.dashes else {**DASHED, "linewidth": 1.0}
    stroke(axes, x[keep], curve.formula[keep], color=ink, zorder=3, **dashed)
    bars(axes, x[marks], curve.low[marks], curve.high[marks], look.colour, zorder=3.5)
    stroke(axes, x[marks], curve.estimate[marks], zorder=4, **look.point)
