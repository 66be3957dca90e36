"""The axis of relative deviations: a factor of thousand and a margin of one percent on one scale.

It is linear if that shows both; else it is linear inside the margin and logarithmic outside
(symlog), with at least a third of its length for the margin. What lies beyond the last decade shown
is drawn as an arrow at the edge.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis, YAxis
from matplotlib.ticker import FixedFormatter, FixedLocator
from numpy.typing import NDArray

from nqmbench.report.scales import CHARACTER, finite, inches
from nqmbench.report.words import SUPERSCRIPTS, percent

__all__ = ["Deviations", "Extent", "extent_of", "set_deviations"]

Floats = NDArray[np.float64]
FARTHEST = 1e4  # relative deviation, a million percent; beyond it an arrow
LABEL = "relative deviation"
LINEAR = 4.0  # of an ordering, and without a margin: the largest one shown on a linear axis
SYMLOG = {"y": "symlog outside margin", "x": "symmetric-log outside the margin"}
DYNAMIC = 1e5  # the largest deviation shown over the width of the linear part
SAME = 0.02  # of a margin
MOST = {"y": 6, "x": 7}  # evenly spaced ticks
# Distances of ticks; labels have two digits, so that 2.5 is for tenths only.
STEPS = [m * 10.0**e for e in range(-9, 6) for m in ((1, 2, 2.5, 5) if e == -1 else (1, 2, 5))]


@dataclass(frozen=True)
class Deviations:
    """The range of a deviation axis: beyond `low` or `high` a point becomes an arrow.

    Args:
        margin: half-width of the band. low, high: ends of the axis. words: its label.
    """

    margin: float
    low: float
    high: float
    words: str

    def same(self, ends: Floats) -> bool:
        """True if the ends of margins are numbers that no eye tells apart.

        The tables' 12 digits blur a margin of 1e-9, that of cells without noise, by a hundredth.
        """
        return float(np.ptp(ends)) <= SAME * self.margin  # False for NaN


@dataclass(frozen=True)
class Extent:
    """What an axis of deviations has to show.

    Args:
        low, high: the smallest and the largest deviation, 0 included.
        margin: half-width of the band, or what stands in for a margin of zero.
        banded: whether there is a margin.
        linear: whether a linear axis shows it all.
    """

    low: float
    high: float
    margin: float
    banded: bool
    linear: bool

    @property
    def far(self) -> float:
        """The largest deviation in size."""
        return max(-self.low, self.high)

    @property
    def near(self) -> bool:
        """True if everything lies within a few margins."""
        return self.far <= 4 * self.margin


def extent_of(
    values: Iterable[Floats], bands: Floats, widths: Floats, ordering: bool = False
) -> Extent:
    """What an axis of deviations has to show.

    Args:
        values: deviations to be shown, and ends of intervals.
        bands: relative edges of the margin, infinite ones included.
        widths: half-widths of the relative intervals, which stand in for a margin of zero.
        ordering: whether the axis is linear unless it goes beyond a factor of five, as it is
            without a margin.
    """
    edges = finite(np.abs(bands))
    edges = edges[edges > 0]
    seen = np.clip(finite(*values), -FARTHEST, FARTHEST)
    low, high = float(seen.min(initial=0.0)), float(seen.max(initial=0.0))
    noise = finite(widths)
    stand_in = max(float(np.median(noise)) if noise.size else 0.0, max(-low, high) / 1e3)
    margin = float(edges.max()) if edges.size else stand_in or 0.01
    far = max(-low, high)
    linear = far <= 4 * margin or ((ordering or not edges.size) and far <= LINEAR)
    return Extent(low, high, margin, bool(edges.size), linear)


def set_deviations(axes: Axes, extent: Extent, which: str = "y", words: str = "") -> Deviations:
    """The scale of relative deviations, in percent.

    Args:
        axes: where.
        extent: what to show.
        which: "y" or "x".
        words: of an ordering, which shows no deviation from a formula: what its difference is
            relative to.

    Returns:
        The range that was chosen.
    """
    low, high, margin, far = extent.low, extent.high, extent.margin, extent.far
    label = words or LABEL
    set_scale, set_limits = (
        (axes.set_yscale, axes.set_ylim) if which == "y" else (axes.set_xscale, axes.set_xlim)
    )
    axis, length = axes.yaxis if which == "y" else axes.xaxis, inches(axes, which)
    if extent.linear:
        pad = 1.3 if extent.near else 1.12
        shown = max(margin if extent.banded or extent.near else 0.0, 0.08 * far)
        span = Deviations(margin, min(low, -shown) * pad, max(high, shown) * pad, label)
        set_limits(span.low, span.high)
        banded = extent.near and extent.banded
        ticks = even(axis, span, length, [j * margin for j in (1, 2, 4)] if banded else STEPS)
        if banded:  # the edges of the band have labels in any case
            ticks = apart(axis, [-margin, margin, 0.0, *ticks], span, length)
    else:
        linthresh = max(1.5 * margin, far / DYNAMIC)
        most = 3 if which == "y" else 2
        decades = [math.log10(max(side, linthresh) / linthresh) for side in (-low, high)]
        linscale = max(0.55, (0.36 if which == "y" else 0.6) * sum(decades))
        set_scale("symlog", linthresh=linthresh, linscale=linscale, base=10)
        span = Deviations(
            margin,
            -linthresh if -low <= linthresh else low * 2.2,
            linthresh if high <= linthresh else high * 2.2,
            f"{label}\n({SYMLOG[which] if extent.banded else 'symmetric-log'})",
        )
        set_limits(span.low, span.high)
        sides = [-margin, margin] if extent.banded and margin > linthresh / 3 else []
        sides += [
            *_decades(linthresh, span.high, most),
            *(-t for t in _decades(linthresh, -span.low, most)),
        ]
        ticks = apart(axis, [0.0, *sides] if which == "y" else [*sides, 0.0], span, length)
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_major_formatter(FixedFormatter([_percent_label(t) for t in ticks]))
    return span


def even(axis: Axis, span: Deviations, length: float, steps: Sequence[float]) -> list[float]:
    """Evenly spaced ticks on a linear axis, as many as have room."""
    for step in steps:
        first, last = math.ceil(span.low / step - 1e-9), math.floor(span.high / step + 1e-9)
        if last - first >= MOST["y" if isinstance(axis, YAxis) else "x"]:
            continue
        ticks = [step * j for j in range(first, last + 1)]
        gap = length * step / (span.high - span.low)
        room = room_on(axis)
        if all(gap >= room(a, b) for a, b in itertools.pairwise(ticks)):
            return ticks
    return [0.0]


def apart(axis: Axis, ticks: Sequence[float], span: Deviations, length: float) -> list[float]:
    """The ticks whose labels have room on an axis of so many inches; the first ones win."""
    place = axis.get_transform().transform
    ends = place(np.array([span.low, span.high]))
    room = room_on(axis)
    kept: dict[float, float] = {}
    for tick in ticks:
        inside = span.low <= tick <= span.high
        at = length * float((place(np.array([tick]))[0] - ends[0]) / (ends[1] - ends[0]))
        if inside and all(abs(at - other) >= room(tick, old) for old, other in kept.items()):
            kept[tick] = at
    return sorted(kept)


def room_on(axis: Axis) -> Callable[[float, float], float]:
    """How many inches two ticks of an axis must be apart."""
    if isinstance(axis, YAxis):
        return lambda one, other: 0.13
    return lambda one, other: (
        CHARACTER * (len(_percent_label(one)) + len(_percent_label(other)) + 3.5) / 2
    )


def _percent_label(value: float) -> str:
    exponent = math.floor(math.log10(100 * abs(value)) + 1e-9) if value else 0
    if exponent < 4:
        return percent(value, 2) if value else "0"
    return f"{'+' if value > 0 else '−'}10{str(exponent).translate(SUPERSCRIPTS)}\u00a0%"


def rounded(value: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is not above a positive number.

    >>> rounded(0.42), rounded(9.9), rounded(1.0)
    (0.2, 5.0, 1.0)
    """
    power = 10.0 ** math.floor(math.log10(value) + 1e-9)
    return max(m * power for m in (1.0, 2.0, 5.0) if m * power <= value * (1 + 1e-9))


def _decades(linthresh: float, end: float, most: int) -> list[float]:
    """At most so many powers of ten outside the linear part, the last one included."""
    if end <= linthresh:
        return []
    if math.floor(math.log10(end)) < math.ceil(math.log10(2.2 * linthresh)):
        between = rounded(end)  # no power of ten in between
        return [between] if between > 1.6 * linthresh else []
    powers = range(math.ceil(math.log10(2.2 * linthresh)), math.floor(math.log10(end)) + 1)
    stride = max(1, math.ceil(len(powers) / most))
    return [10.0**j for j in list(powers)[::-1][::stride]]
