"""What figures of claims have around their panels: title, verdict, note, room for labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure

from nqmbench.report.canvas import legible
from nqmbench.report.content import Case, ClaimPart
from nqmbench.report.palette import INK, MUTED, VERDICT_COLOURS
from nqmbench.report.words import SYMBOLS, shorten, verdict_in_words

__all__ = ["heading", "make_room", "note_of", "verdict_line"]

EDGE = 0.012  # of the figure's width: what stands farthest left
LINE = 104  # characters of the verdict's line


def heading(figure: Figure, claim: ClaimPart, note: str) -> float:
    """Write the title, the verdict and the note at the top left.

    Args:
        figure: where.
        claim: whose title.
        note: what is drawn, in one line.

    Returns:
        The height in inches that the heading takes.
    """
    height = figure.get_figheight()
    ref = claim.ref or (f"mends {claim.mends}:" if claim.mends else "")
    title = shorten(legible(f"{ref}  {claim.name}".strip()), 72)
    colour = VERDICT_COLOURS.get(claim.verdict, MUTED)
    lines: tuple[tuple[float, str, dict[str, Any]], ...] = (
        (0.10, title, {"fontsize": 11, "fontweight": "bold", "color": INK}),
        (0.335, legible(verdict_line(claim)), {"fontsize": 9, "color": colour}),
        (0.525, shorten(note, 118), {"fontsize": 8, "color": MUTED}),
    )
    for below, text, look in lines:
        figure.text(EDGE, 1 - below / height, text, va="top", ha="left", **look)
    return 0.80 if note else 0.62


def verdict_line(claim: ClaimPart, width: int = LINE) -> str:
    """The verdict, and as many whole clauses of its reason as fit beside it.

    The numbers claimed and simulated are left out, since the figure shows them.
    """
    line = f"{SYMBOLS.get(claim.verdict, '·')} {verdict_in_words(claim.verdict)}"
    mark = ": "
    for clause in claim.reason.partition(": claimed")[0].split("; "):
        if not clause or len(line + mark + clause) > width:
            break
        line, mark = line + mark + clause, "; "
    return line


def note_of(claim: ClaimPart, drawn: Sequence[Case], shared: str, thinned: str = "") -> str:
    """What the drawn cases share, and how many of them are drawn."""
    total = len(claim.cases)
    some = (
        f"{len(drawn)} of {total} cases shown"
        if len(drawn) < total
        else f"{total} cases"
        if total > 1
        else ""
    )
    return ", ".join(part for part in (some, thinned, shared) if part)


def make_room(figure: Figure, panels: Sequence[Axes]) -> float:
    """Move the left edge of the panels so that their labels just fit, whatever the labels are.

    Args:
        figure: where.
        panels: panels with all their ticks and labels, side by side or one above the other.

    Returns:
        The left edge of the panels, as a part of the figure's width.
    """
    renderer: RendererBase = figure.canvas.get_renderer()  # type: ignore[attr-defined]  # of Agg
    old = min(axes.get_position().x0 for axes in panels)
    right = max(axes.get_position().x1 for axes in panels)
    boxes = [axes.yaxis.get_tightbbox(renderer) for axes in panels]
    labels = [box.x0 for box in boxes if box is not None]
    edge = min([*labels, old * figure.bbox.width]) / figure.bbox.width
    left = max(min(old - edge + EDGE, 0.6), 0.05)
    stretch = (right - left) / (right - old)
    for axes in panels:
        place = axes.get_position()
        x0, x1 = (right - (right - x) * stretch for x in (place.x0, place.x1))
        axes.set_position((x0, place.y0, x1 - x0, place.height))
    return float(left)
