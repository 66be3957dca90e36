"""What all figures of claims have around their panels: the title, the verdict in words, a note."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from nqmbench.report.canvas import legible
from nqmbench.report.content import Case, ClaimPart
from nqmbench.report.palette import INK, MUTED, VERDICT_COLOURS
from nqmbench.report.words import SYMBOLS, shorten, verdict_in_words

__all__ = ["heading", "note_of"]


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
    verdict = f"{SYMBOLS.get(claim.verdict, '·')} {verdict_in_words(claim.verdict)}"
    found = claim.reason.partition(": claimed")[0]  # the figure itself shows the numbers
    line = shorten(legible(f"{verdict}: {found}" if found else verdict), 104)
    figure.text(
        0.012,
        1 - 0.10 / height,
        title,
        va="top",
        ha="left",
        fontsize=11,
        fontweight="bold",
        color=INK,
    )
    figure.text(
        0.012,
        1 - 0.335 / height,
        line,
        va="top",
        ha="left",
        fontsize=9,
        color=VERDICT_COLOURS.get(claim.verdict, MUTED),
    )
    figure.text(
        0.012, 1 - 0.525 / height, shorten(note, 118), va="top", ha="left", fontsize=8, color=MUTED
    )
    return 0.80 if note else 0.62


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
