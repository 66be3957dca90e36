"""The figure of a suite: panels side by side, one colour per curve, steps and quantity logarithmic.

marks        the mean over many runs, with its 95 % interval as a band
thin line    the exact mean
faint line   one single run, where there is one: it scatters about the mean
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from nqmbench.report.canvas import WIDTH, despine, legible, sheet
from nqmbench.report.content import MeanCurve, SuiteFigure
from nqmbench.report.frame import EDGE, lines_of, write_heading
from nqmbench.report.palette import INK, MARKERS, MUTED, colour_of, gradation, shades
from nqmbench.report.rulers import LABEL_PAD, LINE_HEIGHT, name_axis, rule, width_of
from nqmbench.report.scales import finite, places_of_steps, set_decades, set_steps, set_values
from nqmbench.report.strokes import Look, point
from nqmbench.report.words import integer, quantity, shorten

__all__ = ["panels_figure"]

Floats = NDArray[np.float64]

COLUMNS = 3  # panels side by side; more go into further rows
HEIGHT, TITLE, BELOW = 2.75, 0.30, 0.46  # inches: a panel, what is above it and below it
GAP = 0.27  # inches between panels
MARKS, POINTS = 10, 120  # of a curve: marks, points of its lines
TITLE_SIZE = 9.5  # points, if all titles fit
BOLD = 1.14  # how much wider bold letters are
ROW = 0.172  # inches of a row of the legend
DARKEST = 0.4  # of a method's colour, for the last of its curves
FAINT: Any = {"linewidth": 0.7, "alpha": 0.34, "zorder": 2.0}
EXACT: Any = {"linewidth": 1.1, "zorder": 3.0}
BAND: Any = {"alpha": 0.25, "linewidth": 0, "zorder": 2.5}
BELOW_MEANS = 25.0  # how far below the smallest mean a single run is followed


def panels_figure(subject: SuiteFigure) -> Figure:
    """Draw a suite's figure.

    Args:
        subject: with at least one panel.
    """
    looks = looks_of(subject)
    columns = min(COLUMNS, len(subject.panels))
    rows = -(-len(subject.panels) // columns)
    keys = list(looks)
    legend = ROW * (1 + -(-len(keys) // key_columns(keys))) + 0.16
    doc = legible(shorten(subject.doc, 230))
    head = (0.36, 0.55, 0.72)[lines_of(doc, WIDTH)]
    figure = sheet(head + rows * (TITLE + HEIGHT + BELOW) + legend)
    height = figure.get_figheight()
    write_heading(figure, legible(subject.name), doc, "")

    curves = [curve for panel in subject.panels for curve in panel.curves]
    signed = not curves or subject.signed
    words = quantity(subject.of, "mean")
    labels, left, panels = 0.0, 0.0, []
    for i, panel in enumerate(subject.panels):
        axes = figure.add_axes((0.1, 0.1, 0.5, 0.5))
        panels.append(axes)
        despine(axes)
        set_range(axes, curves, signed, subject.narrow)
        steps = np.concatenate([c.step for c in panel.curves]) if panel.curves else np.ones(1)
        set_steps(axes, steps, most=5)
        first = float(steps[steps > 0].min()) if (steps > 0).any() else 1.0
        for j, curve in enumerate(panel.curves):
            draw_curve(axes, curve, looks[curve.label], first, j / len(panel.curves))
        if i % columns == 0:
            labels = max(labels, rule(axes, "y"))
        else:
            rule(axes, "y", labels=False)
        rule(axes, "x")
        name_axis(axes, "x", "step k", 19.0)
    left = EDGE + (labels + LABEL_PAD + LINE_HEIGHT) / 72 / WIDTH
    gap = GAP / WIDTH
    titles = [legible(shorten(panel.title, 60)) for panel in subject.panels]
    wide = (0.985 - left - gap * (columns - 1)) / columns
    widest = max((BOLD * width_of(title, TITLE_SIZE) for title in titles), default=1.0)
    size = TITLE_SIZE * min(1.0, wide * WIDTH * 72 / max(widest, 1.0))
    for i, axes in enumerate(panels):
        row, column = divmod(i, columns)
        top = head + row * (TITLE + HEIGHT + BELOW) + TITLE
        place = (left + column * (wide + gap), 1 - (top + HEIGHT) / height, wide, HEIGHT / height)
        axes.set_position(place)
        write_title(axes, titles[i], size)
        if column == 0:
            name_axis(axes, "y", legible(shorten(words, 40)), labels + LABEL_PAD)
    add_keys(figure, subject, looks, left)
    return figure


def write_title(axes: Axes, title: str, size: float) -> None:
    """Write a panel's title above it, in the size in which all titles fit."""
    axes.text(
        0.0, 1.0 + 0.09 / HEIGHT, title,
        transform=axes.transAxes, fontsize=size, fontweight="bold", color=INK, va="bottom",
    )  # fmt: skip


def looks_of(subject: SuiteFigure) -> dict[str, Look]:
    """A look for each label: its method's colour, in shades where a method has several curves.

    Where the curves do not tell methods apart, since all are of one method or every panel shows
    another one, the labels are steps of a parameter, and so are the colours.
    """
    methods: dict[str, str] = {}
    parameter = False
    for panel in subject.panels:
        for curve in panel.curves:
            parameter |= methods.setdefault(curve.label, curve.method) != curve.method
    if parameter or (len(methods) > 1 and len(set(methods.values())) == 1):
        colours = gradation(len(methods))
        return {
            label: Look(colours[i], MARKERS[i % len(MARKERS)]) for i, label in enumerate(methods)
        }
    shared: dict[str, list[str]] = {}
    for label, method in methods.items():
        shared.setdefault(method, []).append(label)
    own = {
        label: colour
        for method, labels in shared.items()
        for label, colour in zip(
            labels, shades(colour_of(method), len(labels), DARKEST), strict=True
        )
    }
    return {label: Look(own[label], MARKERS[i % len(MARKERS)]) for i, label in enumerate(methods)}


def set_range(axes: Axes, curves: Sequence[MeanCurve], signed: bool, narrow: bool) -> None:
    """The same range of the quantity for every panel; what a single run does far below is cut.

    Args:
        axes: where.
        curves: of all panels.
        signed: some mean has no logarithm.
        narrow: all lies within too small a factor for one; see `SuiteFigure`.
    """
    means = [part for c in curves for part in (c.mean, c.exact, c.high)]
    singles = [c.single for c in curves]
    if signed:
        widths = np.concatenate([(c.high - c.low) / 2 for c in curves]) if curves else np.zeros(1)
        set_values(axes, [*means, *singles], [], widths)
        return
    seen, runs = finite(*means), finite(*singles)
    seen = seen[seen > 0]
    floor = float(seen.min()) / (BELOW_MEANS if runs.size else 1.0)
    runs = runs[runs > 0]
    low = max(floor, float(runs.min(initial=math.inf))) if runs.size else floor
    low = min(low, float(seen.min()))
    high = max(float(seen.max()), float(runs.max(initial=0.0)))
    if narrow:
        set_values(axes, [np.array([low, high])], [], np.zeros(1))
    else:
        set_decades(axes, low / 1.3, high * 1.3)


def spread(step: Floats, most: int, offset: float = 0.0) -> NDArray[np.intp]:
    """Indices of at most so many points, evenly spread over the logarithms of the steps.

    Args:
        step: increasing.
        most: how many.
        offset: in [0, 1), moves the choice by a part of a gap.
    """
    if step.size <= most and not offset:
        return np.arange(step.size)
    places = np.log(np.maximum(step, 0.5))
    gap = (places[-1] - places[0]) / max(most - 1, 1)
    wanted = places[0] + gap * (np.arange(most) + offset)
    nearest = np.abs(places[None, :] - wanted[:, None]).argmin(axis=1)
    ends = [] if offset else [0, step.size - 1]
    return np.unique(np.concatenate([nearest, ends]).astype(np.intp))


def draw_curve(axes: Axes, curve: MeanCurve, look: Look, first: float, offset: float) -> None:
    """Single run, interval, exact mean and marks of one curve."""
    x = places_of_steps(curve.step, first)
    low, high = axes.get_ylim()
    keep = spread(curve.step, POINTS)
    keep = keep[np.isfinite(curve.single[keep])]
    run = np.clip(curve.single[keep], low * 0.5 if low > 0 else low, None)
    axes.add_line(line(x[keep], run, look.colour, **FAINT))
    keep = spread(curve.step, POINTS)
    inside = keep[np.isfinite(curve.low[keep]) & np.isfinite(curve.high[keep])]
    if inside.size > 1:
        least, most = low * 0.5 if low > 0 else low, 2 * abs(high)
        bottom, top = (np.clip(end[inside], least, most) for end in (curve.low, curve.high))
        axes.fill_between(x[inside], bottom, top, color=look.colour, **BAND)
    inside = keep[np.isfinite(curve.exact[keep])]
    axes.add_line(line(x[inside], curve.exact[inside], look.colour, **EXACT))
    marks = spread(curve.step, MARKS, offset)
    marks = marks[np.isfinite(curve.mean[marks])]
    axes.add_line(
        Line2D(x[marks], curve.mean[marks], zorder=4, **point(look.colour, look.marker, 4.2))
    )


def line(x: Floats, y: Floats, colour: str, **look: Any) -> Line2D:
    """A line without marks."""
    return Line2D(x, y, color=colour, solid_joinstyle="round", **look)


def key_columns(labels: Sequence[str]) -> int:
    """How many columns the legend of the curves has."""
    widest = max((width_of(legible(label), 8.5) for label in labels), default=0.0) + 34
    return max(1, min(4, len(labels), int(WIDTH * 72 * 0.95 / widest)))


def add_keys(figure: Figure, subject: SuiteFigure, looks: dict[str, Look], left: float) -> None:
    """The legend below: how to read the lines, then the curves."""
    height = figure.get_figheight()
    runs = f"mean over {integer(subject.trials)} runs" if subject.trials > 1 else "mean"
    handles: list[Any] = [
        Line2D([], [], label=runs, **point(MUTED, "o", 4.8)),
        Patch(color=MUTED, alpha=0.3, linewidth=0, label="95 % interval of the mean"),
    ]
    if subject.exact:
        handles.append(line(np.empty(0), np.empty(0), MUTED, label="exact mean", **EXACT))
    if subject.single:
        faint = FAINT | {"linewidth": 1.0, "alpha": 0.6}
        handles.append(line(np.empty(0), np.empty(0), MUTED, label="one single run", **faint))
    keys: list[Any] = [
        Line2D(
            [], [], label=legible(shorten(label, 90)), linewidth=0.9,
            **(point(look.colour, look.marker, 5.0) | {"linestyle": "-"}),
        )
        for label, look in looks.items()
    ]  # fmt: skip
    place: Any = {
        "loc": "lower left", "borderaxespad": 0, "borderpad": 0, "handlelength": 1.9,
        "columnspacing": 1.6, "labelspacing": 0.36,
    }  # fmt: skip
    columns = key_columns(list(looks))
    rows = -(-len(keys) // columns)
    left = min(left, 0.09)
    bottom = (0.1 + ROW * rows + 0.06) / height
    figure.legend(handles=handles, bbox_to_anchor=(left, bottom), ncols=4, **place)
    if keys:
        figure.legend(handles=keys, bbox_to_anchor=(left, 0.1 / height), ncols=columns, **place)
