"""The figure of a claim at one single step: one row per case, as in a forest plot.

    left    the quantity: points with intervals, the formula as a tick, exact theory as a thin ring
    right   the relative deviation with its interval, and the margin as a shaded band
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from nqmbench.report.canvas import despine, legible, sheet
from nqmbench.report.content import ClaimPart
from nqmbench.report.curves import FORMULA_WORDS, axis_words, chosen
from nqmbench.report.frame import BAND, heading, note_of
from nqmbench.report.labels import common_and_own
from nqmbench.report.palette import INK, MUTED, colour_of
from nqmbench.report.scales import set_deviations, set_values
from nqmbench.report.words import integer

__all__ = ["forest_figure"]

MOST = 14  # cases in one figure


def forest_figure(claim: ClaimPart) -> Figure:
    """Draw a claim whose cases have one step each.

    Args:
        claim: a claim with at least one drawable curve.
    """
    cases = chosen(claim.cases, MOST)
    curves = [case.curve for case in cases if case.curve is not None]
    steps = {float(c.step[-1]) for c in curves if c.step.size}
    names = [legible(case.name) + (f", k = {integer(case.step)}" if len(steps) > 1 else "") for case in cases]
    shared, own = common_and_own(names, 46) if len(names) > 1 else (names[0], [""])
    note = note_of(claim, cases, shared)
    if len(steps) == 1:
        note = f"at step k = {integer(next(iter(steps)))}" + (f", {note}" if note else "")
    rows = len(cases)
    figure = sheet(0.80 + 0.27 * (rows + 0.6) + 0.95)
    height = figure.get_figheight()
    top = 1 - heading(figure, claim, note) / height
    widest = max(map(len, own))
    left = min(0.06 + 0.0088 * widest, 0.44)
    grid = figure.add_gridspec(1, 2, width_ratios=(1, 1.3), wspace=0.09, left=left, right=0.955, top=top,
                               bottom=0.88 / height)  # fmt: skip
    values = figure.add_subplot(grid[0])
    deviations = figure.add_subplot(grid[1], sharey=values)

    last = {key: np.array([getattr(c, key)[-1] for c in curves])
            for key in ("formula", "exact", "estimate", "low", "high", "region_low", "region_high", "scale")}  # fmt: skip
    y = np.arange(rows, dtype=np.float64)
    colours = [colour_of(case.method) for case in cases]
    with np.errstate(all="ignore"):
        relative = {key: (last[key] - last["formula"]) / last["scale"] for key in last if key != "scale"}
    set_values(values, [last["estimate"], last["exact"], last["low"], last["high"]], [last["formula"]], (last["high"] - last["low"]) / 2, "x")
    span = set_deviations(
        deviations, [relative[key] for key in ("estimate", "low", "high", "exact")],
        np.concatenate([relative["region_low"], relative["region_high"]]), (relative["high"] - relative["low"]) / 2, "x",
    )  # fmt: skip
    for low, high, row in zip(relative["region_low"], relative["region_high"], y, strict=True):
        if not (np.isnan(low) or np.isnan(high)):
            deviations.fill_betweenx([row - 0.5, row + 0.5], max(low, span.low), min(high, span.high), color=BAND,
                                     linewidth=0, zorder=0.5)  # fmt: skip
    deviations.axvline(0, color=INK, linewidth=0.9, linestyle=(0, (4.5, 2.2)), zorder=1.5)
    for i, colour in enumerate(colours):
        at = slice(i, i + 1)
        dot: dict[str, Any] = {"linestyle": "none", "color": colour, "markeredgecolor": "white",
                               "markeredgewidth": 0.5, "zorder": 4}  # fmt: skip
        values.plot(last["formula"][at], y[at], linestyle="none", marker="|", markersize=12, markeredgewidth=1.6,
                    color=INK, zorder=3)  # fmt: skip
        values.plot(last["exact"][at], y[at], linestyle="none", marker="o", markersize=8.5, markerfacecolor="none",
                    markeredgecolor=colour, markeredgewidth=0.8, zorder=3)  # fmt: skip
        for axes, low, mid, high in ((values, last["low"], last["estimate"], last["high"]),
                                     (deviations, relative["low"], relative["estimate"], relative["high"])):  # fmt: skip
            shown = mid[at]
            if axes is deviations and np.isfinite(shown).all() and not (span.low <= shown[0] <= span.high):
                edge, arrow = (span.high, ">") if shown[0] > span.high else (span.low, "<")
                axes.plot([edge], y[at], marker=arrow, markersize=6.5, clip_on=False, **dot)
                continue
            keep = np.isfinite(low[at]) & np.isfinite(high[at])
            if keep.all():
                axes.plot([low[i], high[i]], [y[i], y[i]], color=colour, linewidth=1.5, zorder=3.5)
            axes.plot(shown, y[at], marker="o", markersize=5, **dot)
    values.set_ylim(rows - 0.4, -0.6)
    values.set_yticks(y, own)
    values.set_xlabel(axis_words(cases, claim))
    deviations.set_xlabel("relative deviation")
    for axes in (values, deviations):
        despine(axes, left=True)
        axes.tick_params(axis="y", length=0)
        axes.grid(True, axis="x", which="major")
    deviations.tick_params(labelleft=False)
    mark = colours[0] if len(set(colours)) == 1 else MUTED
    handles: list[Any] = [
        Line2D([], [], color=mark, marker="o", markersize=5, linewidth=1.5, markeredgecolor="white",
               markeredgewidth=0.5, label="Monte Carlo with interval"),
        Line2D([], [], linestyle="none", color=INK, marker="|", markersize=11, markeredgewidth=1.6,
               label=FORMULA_WORDS.get(claim.kind, "formula")),
        Line2D([], [], linestyle="none", marker="o", markersize=8.5, markerfacecolor="none", markeredgecolor=mark,
               markeredgewidth=0.8, label="exact theory"),
        Patch(color=BAND, linewidth=0, label="margin" if "bound" not in claim.kind else "allowed side"),
    ]  # fmt: skip
    figure.legend(handles=handles, loc="lower left", bbox_to_anchor=(0.012, 0.09 / height), ncols=4, borderaxespad=0,
                  borderpad=0, handlelength=2.0, columnspacing=1.8)  # fmt: skip
    return figure
