"""What figures of claims have around their panels: title, verdict, note, room for labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nqmbench.report.canvas import legible
from nqmbench.report.content import Case, ClaimPart
from nqmbench.report.palette import INK, MUTED, VERDICT_COLOURS
from nqmbench.report.rulers import width_of
from nqmbench.report.words import SYMBOLS, shorten, verdict_in_words

__all__ = [
    "EDGE", "heading", "heading_height", "lines_of", "make_room", "note_of", "set_apart",
    "verdict_line", "write_heading",
]  # fmt: skip

EDGE = 0.012  # of the figure's width: what stands farthest left
LINE = 104  # characters of the verdict's line
NOTE = 118  # characters of a line of the note
NOTE_LINE = 0.15  # inches of the note's second line
TITLE_SIZES = (11.0, 8.5)  # points: of a title, and of a long one
SECOND = 9.0  # points: of the line below the title, if it fits
BOLD = 1.14  # how much wider bold letters are


def heading_height(note: str) -> float:
    """The height in inches of a claim's heading."""
    return (0.80 if note else 0.62) + NOTE_LINE * (len(note) > NOTE)


def heading(figure: Figure, claim: ClaimPart, note: str) -> None:
    """Write the title, the verdict and the note at the top left.

    Args:
        figure: where.
        claim: whose title.
        note: what is drawn, in at most two lines.
    """
    ref = claim.ref or (f"mends {claim.mends}:" if claim.mends else "")
    colour = VERDICT_COLOURS.get(claim.verdict, MUTED)
    third = "\n".join(wrapped(note, min(NOTE, len(note) // 2 + 15))) if len(note) > NOTE else note
    write_heading(figure, legible(f"{ref}  {claim.name}".strip()), legible(verdict_line(claim)),
                  third, colour)  # fmt: skip


def lines_of(text: str, width: float) -> int:
    """How many lines `write_heading` makes of a text below the title: none, one or two.

    Args:
        text: as it is drawn.
        width: of the figure, in inches.
    """
    return (width_of(text, SECOND) > room_of(width)) + bool(text)


def room_of(width: float) -> float:
    """The points that a line of the heading has."""
    return (1 - 2 * EDGE) * width * 72


def write_heading(figure: Figure, title: str, second: str, third: str, colour: str = MUTED) -> None:
    """Write three lines at the top left; a long second line runs on in the third.

    Args:
        figure: where.
        title: in bold, smaller if it is long, and cut only if it is very long.
        second: below it, in `colour`.
        third: small.
        colour: of the second line.
    """
    height = figure.get_figheight()
    room = room_of(figure.get_figwidth())
    if not third and width_of(second, SECOND) > room:
        widths = range(LINE + 14, LINE // 2, -2)
        pairs = (wrapped(second, width) for width in widths)
        second, third = next(
            (pair for pair in pairs if max(width_of(line, 8.5) for line in pair) <= room),
            wrapped(second, widths[-1]),
        )
        looks = [{"fontsize": 8.5, "color": colour}, {"fontsize": 8.5, "color": colour}]
    else:
        looks = [{"fontsize": SECOND, "color": colour}, {"fontsize": 8, "color": MUTED}]
    title = shorten(title, 96)
    largest, smallest = TITLE_SIZES
    size = min(largest, largest * room / max(BOLD * width_of(title, largest), 1.0))
    if size < smallest:
        size, title = smallest, shorten(title, int(len(title) * size / smallest))
    lines: tuple[tuple[float, str, dict[str, Any]], ...] = (
        (0.10, title, {"fontsize": size, "fontweight": "bold", "color": INK}),
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


def set_apart(first: Axes, second: Axes, gap: float) -> None:
    """Leave `gap` inches between two panels side by side, at the cost of the second one."""
    one, other = first.get_position(), second.get_position()
    figure: Any = first.get_figure(root=True)
    x0 = one.x1 + gap / figure.get_figwidth()
    second.set_position((x0, other.y0, other.x1 - x0, other.height))
