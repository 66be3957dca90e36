"""From an ordering to its cases: which two quantities are compared, and where.

Two experiments are compared in the observable that both have, or two observables in one experiment.
Lists are matched pairwise, and "w2[i]" stands for every coordinate.
"""

from __future__ import annotations

from nqmbench.claims import Ordering
from nqmbench.experiment import Quantity
from nqmbench.formulas import own, own_list
from nqmbench.matching import match

__all__ = ["label", "matched"]


def matched(ordering: Ordering) -> list[tuple[Quantity, Quantity]]:
    """The pairs (smaller, larger) that an ordering compares; its functions are called.

    Raises:
        FormulaError: a function of the suite raised, or gave something else; the sides do not match
            or cannot meet the same noise.
    """
    smaller, larger = own_list("smaller", ordering.smaller), own_list("larger", ordering.larger)
    return match(smaller, larger, own("of", ordering.of))


def label(smaller: Quantity, larger: Quantity) -> str:
    """What is compared, in words: what differs on each side, then what both share.

    >>> import nqmbench as nq
    >>> one, ten = (nq.Experiment(nq.NoisyQuadratic(1.0), nq.sgd(0.1), batch=B) for B in (1, 10))
    >>> (error,) = one.observed
    >>> label((ten, error), (one, error))
    'B=10 below B=1, SGD(lr=0.1), h=1'
    """
    rows = [(*e.label_parts, o.name) for e, o in (smaller, larger)]
    apart = [[x for x, y in zip(row, other, strict=True) if x != y]
           for row, other in (rows, rows[::-1])]  # fmt: skip
    shared = [x for x, y in zip(*rows, strict=True) if x == y and x in smaller[0].label_parts]
    if not apart[0]:  # nothing differs that a label shows
        apart, shared = [[rows[0][0]], [rows[1][0]]], shared[1:]
    if smaller[1] == larger[1]:
        shared.append(smaller[0].coordinate_label(smaller[1].coordinate))
    sides = " below ".join(", ".join(side) for side in apart)
    return ", ".join(filter(None, [sides, *shared]))
