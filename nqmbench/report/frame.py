"""What figures of claims have around their panels: title, verdict, note, room for labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nqmbench.report.canvas import legible
from nqmbench.report.content import Case, ClaimPart
from nqmbench.report.palette import INK, MUTED, VERDICT_COLOURS
from nqmbench.report.words import SYMBOLS, shorten, verdict_in_words

__all__ = ["EDGE", "heading", "make_room", "note_of", "verdict_line", "write_heading"]

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
    ref = claim.ref or (f"mends {claim.mends}:" if claim.mends else "")
    colour = VERDICT_COLOURS.get(claim.verdict, MUTED)
    write_heading(figure, legible(f"{ref}  {claim.name}".strip()), legible(verdict_line(claim)),
                  shorten(note, 118), colour)  # fmt: skip
    return 0.80 if note else 0.62


def write_heading(figure: Figure, title: str, second: str, third: str, colour: str = MUTED) -> None:
    """Write three lines at the top left; a long second line runs on in the third.

    Args:
        figure: where.
        title: in bold.
        second: below it, in `colour`.
        third: small.
        colour: of the second line.
    """
    height = figure.get_figheight()
    if len(second) > LINE + 14 and not third:
        second, third = wrapped(second, LINE + 14)
        looks = [{"fontsize": 8.5, "color": colour}, {"fontsize": 8.5, "color": colour}]
    else:
        looks = [{"fontsize": 9, "color": colour}, {"fontsize": 8, "color": MUTED}]
    lines: tuple[tuple[float, str, dict[str, Any]], ...] = (
        (0.10, shorten(title, 72), {"fontsize": 11, "fontweight": "bold", "color": INK}),
        (0.335, second, looks[0]),
        (0.525, third, looks[1]),
    )
    for below, text, look in lines:
        if text:
            figure.text(EDGE, 1 - below / height, text, va="top", ha="left", **look)


def wrapped(text: str, width: int) -> tuple[str, str]:
    """The text on two lines, the second one shortened.

    >>> wrapped("one two three four", 9)
    ('one two', 'three …')
    """
    at = text.rfind(" ", 0, width + 1)
    at = at if at > 0 else width
    return text[:at].rstrip(), shorten(text[at:].strip(), width)


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


def make_room(figure: Figure, panels: Sequence[Axes], width: float) -> float:
    """Move the left edge of the panels so that what stands beside them just fits.

    Args:
        figure: where.
        panels: side by side or one above the other.
        width: of the labels at the left, in points.

    Returns:
        The left edge of the panels, as a part of the figure's width.
    """
    old = min(axes.get_position().x0 for axes in panels)
    right = max(axes.get_position().x1 for axes in panels)
    left = max(min(width / 72 / figure.get_figwidth() + EDGE, 0.6), 0.05)
    stretch = (right - left) / (right - old)
    for axes in panels:
        place = axes.get_position()
        x0, x1 = (right - (right - x) * stretch for x in (place.x0, place.x1))
        axes.set_position((x0, place.y0, x1 - x0, place.height))
    return float(left)
