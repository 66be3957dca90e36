"""Which figure a claim or a suite gets, and its two files."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from nqmbench.report.canvas import files, style
from nqmbench.report.content import SuiteFigure
from nqmbench.report.curves import curve_figure
from nqmbench.report.fingerprint import Drawable
from nqmbench.report.forest import forest_figure
from nqmbench.report.panels import panels_figure
from nqmbench.report.words import verdict_in_words

__all__ = ["draw", "figure_of"]


def draw(subject: Drawable) -> dict[str, bytes]:
    """The figure of one claim, or one of a suite.

    Args:
        subject: a claim whose `figure` is not None, or a suite's figure.

    Returns:
        The contents of the files by ending: {"svg": ..., "png": ...}.
    """
    if isinstance(subject, SuiteFigure):
        title = f"{subject.suite}: {subject.name}"
    else:
        title = f"{subject.ref} {subject.name}: {verdict_in_words(subject.verdict)}".strip()
    with style(), np.errstate(all="ignore"):
        return files(figure_of(subject), title)


def figure_of(subject: Drawable) -> Figure:
    """The figure before it becomes files; to be called inside `style`."""
    if isinstance(subject, SuiteFigure):
        return panels_figure(subject)
    over_steps = any(
        c.curve is not None and len(set(c.curve.step.tolist())) > 1 for c in subject.cases
    )
    return curve_figure(subject) if over_steps else forest_figure(subject)
