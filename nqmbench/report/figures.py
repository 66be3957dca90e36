"""Which figure a claim gets, and its two files."""

from __future__ import annotations

import numpy as np

from nqmbench.report.canvas import png, style, svg
from nqmbench.report.content import ClaimPart
from nqmbench.report.curves import curve_figure
from nqmbench.report.forest import forest_figure
from nqmbench.report.words import verdict_in_words

__all__ = ["draw"]


def draw(claim: ClaimPart) -> dict[str, bytes]:
    """The figure of one claim.

    Args:
        claim: a claim whose `figure` is not None.

    Returns:
        The contents of the files by ending: {"svg": ..., "png": ...}.
    """
    over_steps = any(
        c.curve is not None and len(set(c.curve.step.tolist())) > 1 for c in claim.cases
    )
    with style(), np.errstate(all="ignore"):
        figure = curve_figure(claim) if over_steps else forest_figure(claim)
        title = f"{claim.ref} {claim.name}: {verdict_in_words(claim.verdict)}".strip()
        return {"svg": svg(figure, title), "png": png(figure)}
