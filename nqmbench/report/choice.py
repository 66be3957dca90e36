"""Which cases a figure shows, how they look, and what stands at the axis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from nqmbench.report.canvas import legible
from nqmbench.report.content import Case, ClaimPart
from nqmbench.report.palette import MARKERS, colour_of, shades
from nqmbench.report.words import quantity

__all__ = ["axis_words", "chosen", "looks_of"]


def chosen(cases: Sequence[Case], most: int) -> list[Case]:
    """At most `most` cases with numbers: the worst ones, and some from all over the rest.

    Returns:
        The cases in their own order.
    """
    drawable = [case for case in cases if case.curve is not None and case.curve.drawable]
    if len(drawable) <= most:
        return drawable
    by_size = sorted(drawable, key=lambda c: -abs(c.deviation) if c.deviation == c.deviation else 0)
    worst = by_size[: 2 * most // 3]
    rest = [case for case in drawable if case not in worst]
    spread = np.linspace(0, len(rest) - 1, most - len(worst)).round().astype(int)
    keep = [*worst, *(rest[i] for i in spread)]
    return [case for case in drawable if case in keep]


def looks_of(cases: Sequence[Case]) -> list[tuple[str, str]]:
    """(colour, marker) of each case: the method's colour, shaded if several cases share it."""
    shared = Counter(case.method for case in cases)
    supply = {method: iter(shades(colour_of(method), n)) for method, n in shared.items()}
    return [(next(supply[case.method]), MARKERS[i % len(MARKERS)]) for i, case in enumerate(cases)]


def axis_words(cases: Sequence[Case], claim: ClaimPart) -> str:
    """What stands at the axis of the quantity; symbols alone if the words do not fit."""
    kinds = sorted({(c.of or claim.of, c.statistic or claim.statistic) for c in cases})
    words = quantity(*kinds[0], brief=len(kinds) > 1)
    return legible(words if len(words) <= 34 else quantity(*kinds[0], brief=True))[:40]
