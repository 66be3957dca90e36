"""Which cases a figure shows, how they look, and what stands at the axis."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from nqmbench.report.canvas import legible
from nqmbench.report.content import Case, ClaimPart
from nqmbench.report.palette import MARKERS, colour_of, shades
from nqmbench.report.strokes import DASHES, Look
from nqmbench.report.words import measured

__all__ = ["axis_words", "chosen", "looks_of"]


def chosen(claim: ClaimPart, most: int) -> list[Case]:
    """At most `most` cases with numbers, in their own order.

    First the one that the claim's reason is about, then those that deviate most, then some from
    all over the rest.
    """
    drawable = [case for case in claim.cases if case.curve is not None and case.curve.drawable]
    if len(drawable) <= most:
        return drawable

    def rank(case: Case) -> tuple[bool, float]:
        size = 0.0 if math.isnan(case.deviation) else abs(case.deviation)
        return case.name != claim.case, -size

    worst = sorted(drawable, key=rank)[: 2 * most // 3]
    rest = [case for case in drawable if case not in worst]
    spread = np.linspace(0, len(rest) - 1, most - len(worst)).round().astype(int)
    keep = [*worst, *(rest[i] for i in spread)]
    return [case for case in drawable if case in keep]


def looks_of(cases: Sequence[Case]) -> list[Look]:
    """Each case in its method's colour, with a marker and dashes of its own."""
    shared = Counter(case.method for case in cases)
    supply = {method: iter(shades(colour_of(method), n)) for method, n in shared.items()}
    return [
        Look(next(supply[case.method]), MARKERS[i % len(MARKERS)], DASHES[i % len(DASHES)])
        for i, case in enumerate(cases)
    ]


def axis_words(cases: Sequence[Case], claim: ClaimPart) -> str:
    """What stands at the axis of the quantity; symbols alone if the words do not fit."""
    kinds = sorted({(c.of or claim.of, c.statistic or claim.statistic) for c in cases})
    words = measured(claim.kind, *kinds[0], brief=len(kinds) > 1)
    return legible(words if len(words) <= 34 else measured(claim.kind, *kinds[0], brief=True))[:40]
