"""The figure of a claim over the steps: the quantity above, its relative deviation below.

    above   points with intervals: Monte Carlo;  dashed: the formula;  thin line: exact theory
    below   (estimate - formula) / scale with its interval, and the margin as a shaded band;
            the thin line is exact theory here too

Where there are a few steps only, exact theory is a ring and the formula a level at each of them: a
line would tell something about the steps in between.

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
from nqmbench.report.deviations import draw_deviations, sideways
from nqmbench.report.frame import heading, heading_height, make_room, note_of
from nqmbench.report.labels import common_and_own
from nqmbench.report.legend import add_legend, legend_height
from nqmbench.report.palette import INK
from nqmbench.report.rulers import LABEL_PAD, LINE_HEIGHT, name_axis, rule
from nqmbench.report.scales import FEW, places_of_steps, set_steps, set_values
from nqmbench.report.strokes import DASHED, LEVEL, Look, bars, relative_words, stroke, theory

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
    shared, own = common_and_own(
        [legible(case.name) for case in cases], 84 if len(cases) > 1 else 10**3, brief=True
    )
    labels = own if len(cases) > 1 else []
    stride = 2 if len(curves) > 3 and max(c.step.size for c in curves) > 20 else 1
    thinned = "points at every other step" if stride > 1 else ""
    note = note_of(claim, cases, shared if labels else own[0], thinned)

    bottom = 0.82 + legend_height(labels)
    head = heading_height(note)
    figure = sheet(head + UPPER + GAP + LOWER + bottom)
    height = figure.get_figheight()
    heading(figure, claim, note)
    top = 1 - head / height
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
    few = np.unique(steps).size <= FEW
    shifts = sideways(len(curves), float(steps.max()) / first, few)
    places = [places_of_steps(curve.step, first) for curve in curves]
    for i, (curve, look, marks) in enumerate(zip(curves, looks, marked, strict=True)):
        ink = INK if ordering or not labels else look.colour
        moved = shifts[i] if few else 1.0
        draw_values(above, curve, places[i], marks, look, ink, moved=moved, few=few)
    span = draw_deviations(
        below, curves, looks, marked, places, shifts, relative_words(claim), few=few
    )
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
    add_legend(figure, left, claim, labels, looks, exactly, few)
    return figure


def points_of(curve: Curve, stride: int, i: int) -> Marks:
    """Which points of the i-th curve to mark: all or alternating ones, and always the worst."""
    keep = (np.arange(curve.step.size) + i) % stride == 0
    size = np.nan_to_num(np.abs(curve.relative(curve.estimate)), nan=-1.0, posinf=-1.0)
    keep[np.argmax(size)] = True
    return np.asarray(keep & np.isfinite(curve.estimate))


def draw_values(
    axes: Axes, curve: Curve, x: Floats, marks: Marks, look: Look, ink: str, *,
    moved: float, few: bool,
) -> None:  # fmt: skip
    """Estimates, formula and exact values of one case.

    Args:
        axes: where.
        curve: the case.
        x: places of its steps.
        marks: which points to draw.
        look: of the case.
        ink: the colour of the formula.
        moved: a factor of x, so that cases do not hide each other.
        few: whether there are so few steps that nothing is drawn between them.
    """
    keep = np.isfinite(curve.exact)
    theory(axes, moved * x[keep], curve.exact[keep], look.colour, few)
    keep = np.isfinite(curve.formula)
    dashed = look.dashed if look.dashes else {**DASHED, "linewidth": 1.0}
    if few and look.dashes:
        stroke(axes, moved * x[keep], curve.formula[keep], color=ink, zorder=2.5, **LEVEL)
    elif few and keep.any() and np.ptp(curve.formula[keep]) == 0:  # no difference, at any step
        axes.axhline(float(curve.formula[keep][0]), color=ink, zorder=1.5, **dashed)
    else:
        stroke(axes, x[keep], curve.formula[keep], color=ink, zorder=3, **dashed)
    x = moved * x[marks]
    bars(axes, x, curve.low[marks], curve.high[marks], look.colour, zorder=3.5)
    stroke(axes, x, curve.estimate[marks], zorder=4, **look.point)
