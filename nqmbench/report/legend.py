"""The legend below a figure: one row on how to read the lines, then the cases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nqmbench.report.content import ClaimPart
from nqmbench.report.palette import INK, MUTED
from nqmbench.report.strokes import (
    DASHED,
    LEVEL,
    Look,
    case_key,
    exact_key,
    formula_words,
    margin_key,
    point,
)

__all__ = ["add_legend", "legend_height"]

FARTHEST = 0.1  # of the figure's width: the legend begins here or farther left
PLACE: Any = {"loc": "lower left", "borderaxespad": 0, "borderpad": 0, "handlelength": 2.2}


def columns(labels: Sequence[str]) -> int:
    """Two columns if there are several labels and all are short."""
    return 2 if len(labels) > 2 and max(map(len, labels)) <= 46 else 1


def legend_height(labels: Sequence[str]) -> float:
    """The height of the rows of cases in inches; 0 if there are none."""
    return 0.168 * -(-len(labels) // columns(labels)) + 0.08 if labels else 0.0


def add_legend(
    figure: Figure,
    left: float,
    claim: ClaimPart,
    labels: Sequence[str],
    looks: Sequence[Look],
    exact: bool,
    few: bool = False,
) -> None:
    """Write the legend at the bottom of the figure.

    Args:
        figure: where.
        left: its left edge, as a part of the figure's width.
        claim: whose figure it is.
        labels: one per case; empty if there is one case only.
        looks: of each case.
        exact: whether exact theory is drawn.
        few: whether there are so few steps that nothing is drawn between them.
    """
    height = figure.get_figheight()
    left = min(left, FARTHEST)
    alone = not labels
    colour, marker = (looks[0].colour, looks[0].marker) if alone else (MUTED, "o")
    words = formula_words(claim.kind, claim.statistic)
    ink = INK if alone or claim.kind == "ordering" else MUTED
    level = few and claim.kind != "ordering"  # no difference is 0 at every step
    handles: list[Any] = [
        figure.axes[0].errorbar(
            [np.nan], [np.nan], [1.0], elinewidth=1.1, label="Monte Carlo with interval",
            **point(colour, marker, 4.5),
        ),
        Line2D([], [], color=ink, label=words, **(LEVEL if level else DASHED)),
    ]  # fmt: skip
    if exact:
        handles.append(exact_key(colour, few))
    handles.append(margin_key(claim.kind))
    bottom = (0.08 + legend_height(labels)) / height
    figure.legend(
        handles=handles, bbox_to_anchor=(left, bottom), ncols=4, columnspacing=1.8, **PLACE
    )
    if labels:
        cases = [case_key(look, label, few) for look, label in zip(looks, labels, strict=True)]
        figure.legend(
            handles=cases,
            bbox_to_anchor=(left, 0.08 / height),
            ncols=columns(labels),
            labelspacing=0.36,
            **PLACE,
        )
