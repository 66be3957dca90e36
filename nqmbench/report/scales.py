"""The axes of steps and of quantities.

Step 0 has a place of its own on the logarithmic axis of steps, left of the first step; a few steps
are labelled one by one. A quantity that decays without end is shown over a dozen decades.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import XAxis
from matplotlib.ticker import (
    FixedFormatter,
    FixedLocator,
    FuncFormatter,
    LogLocator,
)
from numpy.typing import NDArray

from nqmbench.report.rulers import small_ticks
from nqmbench.report.words import SUPERSCRIPTS, number

__all__ = [
    "CHARACTER", "FEW", "finite", "inches", "places_of_steps", "set_decades", "set_steps",
    "set_values",
]  # fmt: skip

Floats = NDArray[np.float64]
FEW = 5  # steps: so few are labelled one by one, and nothing is drawn between them
# The first digits that are labelled on an axis of at least so many decades.
DIGITS = (
    (2.5, (1.0,)), (1.2, (1.0, 2.0, 5.0)), (0.7, (1.0, 2.0, 3.0, 5.0)),
    (0.35, (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0)), (0.0, tuple(np.arange(1.0, 10.0, 0.5))),
)  # fmt: skip
SMALLEST = 1e-120  # of what a logarithmic axis shows, so that ratios remain numbers
DECADES = 12  # of a quantity that decays without end
CLOSEST = 0.06  # of the axis: the least distance between steps that are labelled
CHARACTER = 0.075  # inches of a tick label's character, with some air


def finite(*arrays: Floats) -> Floats:
    """All finite numbers of the arrays."""
    joined = np.concatenate([np.ravel(a) for a in arrays]) if arrays else np.empty(0)
    return np.asarray(joined[np.isfinite(joined)])


def places_of_steps(steps: Floats, first: float) -> Floats:
    """Where the steps stand on a logarithmic axis: 0 at half the first positive one."""
    return np.asarray(np.where(steps > 0, steps, first / 2), dtype=np.float64)


def set_steps(axes: Axes, steps: Floats, most: int = 9) -> None:
    """A logarithmic axis of steps with at most so many plain labels, and a 0 if there is step 0.

    A few steps are labelled themselves, unless they are too close.
    """
    positive = np.unique(steps[steps > 0])
    first, last = (positive[0], positive[-1]) if positive.size else (1.0, 1.0)
    axes.set_xscale("log")
    start = first / 2 if (steps == 0).any() else first
    few = 1 < positive.size <= FEW and len(set(steps)) <= FEW
    pad = max((last / start) ** (0.09 if few else 0.035), 1.06)
    axes.set_xlim(start / pad, last * pad)
    decades = math.log10(last / first) if last > first else 0
    subs = next(digits for least, digits in DIGITS if decades >= least)
    ticks = [
        t
        for t in LogLocator(subs=subs, numticks=50).tick_values(first, last)
        if first <= t <= last * 1.001
    ]
    thinned = [t for t in ticks if t == round(t)] or [first, last]
    while len(thinned) > most:
        thinned = thinned[::2]
    if few and np.diff(np.log(positive)).min() > CLOSEST * math.log(last / start):
        thinned = [float(step) for step in positive]
    labels = [step_label(t) for t in thinned]
    if (steps == 0).any():
        thinned, labels = [start, *thinned], ["0", *labels]
    axes.xaxis.set_major_locator(FixedLocator(thinned))
    axes.xaxis.set_major_formatter(FixedFormatter(labels))
    between = (
        LogLocator(subs=tuple(range(2, 10)), numticks=50).tick_values(first, last)
        if decades <= 7
        else []
    )
    small_ticks(axes, "x", [t for t in between if first < t < last])


def step_label(step: float) -> str:
    """A step as a label: 1000, 20 000, 10⁶."""
    exponent = round(math.log10(step)) if step > 0 else 0
    if step >= 1e5 and step == 10.0**exponent:
        return f"10{str(exponent).translate(SUPERSCRIPTS)}"
    return f"{round(step):,}".replace(",", "\u202f") if step >= 1e4 else f"{step:g}"


def set_values(
    axes: Axes,
    measured: Sequence[Floats],
    formula: Sequence[Floats],
    widths: Floats,
    which: str = "y",
) -> None:
    """The scale of the quantity: logarithmic if it is positive over more than a decade.

    Args:
        axes: where.
        measured: estimates and exact values, each array by step.
        formula: it stretches the axis, but not so far that the measured values could no longer be
            told apart.
        widths: half-widths of the intervals; a signed quantity is logarithmic outside the noise.
        which: "y" or "x".
    """
    seen, claimed = finite(*measured), finite(*formula)
    everything = np.concatenate([seen, claimed])
    axis = axes.yaxis if which == "y" else axes.xaxis
    set_scale, set_limits = (
        (axes.set_yscale, axes.set_ylim) if which == "y" else (axes.set_xscale, axes.set_xlim)
    )
    if not seen.size:
        seen = claimed if claimed.size else np.array([0.0, 1.0])
    low, high = float(seen.min()), float(seen.max())
    positive = np.clip(everything[everything > 0] if low > 0 else seen, SMALLEST, 1 / SMALLEST)
    if low > 0 and positive.max() / positive.min() > 10:
        top = min(float(positive.max()), high * 1e3)
        bottom = max(float(positive.min()), low / 1e3)
        if which == "y":
            starts = [float(a[np.isfinite(a)][0]) for a in measured if np.isfinite(a).any()]
            bottom = max(bottom, min(top / 10.0**DECADES, *starts, high))
        pad = (top / bottom) ** 0.06
        set_decades(axes, bottom / pad, top * pad, which)
        return
    noise = finite(widths)
    floor = float(np.median(noise[noise > 0])) if (noise > 0).any() else 0.0
    size = max(abs(low), abs(high))
    if low < 0 < high and floor and size / floor > 1e4:
        set_scale("symlog", linthresh=max(size / 1e4, floor), linscale=0.5)
        return
    span = max(high - low, 0.08 * max(abs(low), abs(high))) or 1.0
    reach = max(1.5 * span, 2 * size)
    bottom = max(float(everything.min(initial=low)), low - reach)
    top = min(float(everything.max(initial=high)), high + reach)
    pad = max(0.07 * (top - bottom), (span - (top - bottom)) / 2)
    set_limits(bottom - pad, top + pad)
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(value, 5)))
    bins = 5 if which == "y" else min(4, max(1, int(inches(axes, which) / (7 * CHARACTER))))
    axes.locator_params(axis="y" if which == "y" else "x", nbins=bins)


def set_decades(axes: Axes, bottom: float, top: float, which: str = "y") -> None:
    """A logarithmic axis from `bottom` to `top`, both positive, with ticks at powers of ten."""
    if which == "y":
        axes.set_yscale("log")
        axes.set_ylim(bottom, top)
    else:
        axes.set_xscale("log")
        axes.set_xlim(bottom, top)
    _decade_ticks(axes, which, bottom, top)


def inches(axes: Axes, which: str) -> float:
    """The length of an axis."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    box = axes.get_position()
    return float(
        box.height * figure.get_figheight() if which == "y" else box.width * figure.get_figwidth()
    )


def _decade_ticks(axes: Axes, which: str, bottom: float, top: float) -> None:
    axis, length = axes.yaxis if which == "y" else axes.xaxis, inches(axes, which)
    decades = math.log10(top / bottom)
    if decades < 1.6:
        subs = (1.0, 2.0, 5.0)
        ticks = [
            s * 10.0**j
            for j in range(
                math.floor(math.log10(bottom)),
                math.ceil(math.log10(top)) + 1,
            )
            for s in subs
        ]
    else:
        stride = max(1, math.ceil(decades / 6))
        ticks = [
            10.0**j
            for j in range(math.ceil(math.log10(bottom)), math.floor(math.log10(top)) + 1)
            if j % stride == 0
        ]
    shown = [t for t in ticks if bottom <= t <= top]
    if isinstance(axis, XAxis):
        while len(shown) > 2 and length / len(shown) < 5 * CHARACTER:
            shown = shown[::2]
    axis.set_major_locator(FixedLocator(shown))
    axis.set_major_formatter(FixedFormatter([_value_label(t) for t in shown]))
    between = range(math.floor(math.log10(bottom)), math.ceil(math.log10(top)) + 1)
    small = [m * 10.0**j for j in between for m in range(2, 10)] if 1.6 <= decades <= 6 else []
    small_ticks(axes, which, [t for t in small if bottom <= t <= top])


def _value_label(value: float) -> str:
    exponent = math.floor(math.log10(value) + 1e-9)
    if -3 <= exponent <= 3:
        return number(value, 2)
    mantissa = round(value / 10.0**exponent)
    power = f"10{str(exponent).translate(SUPERSCRIPTS)}"
    return power if mantissa == 1 else f"{mantissa}×{power}"
