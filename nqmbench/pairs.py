"""From an ordering to its cases: which two quantities are compared, and where.

Two experiments are compared in the observable that both have, or two observables in one experiment.
Lists are matched pairwise, and "w2[i]" stands for every coordinate.
"""

from __future__ import annotations

from typing import Any

from nqmbench.agreement import mismatch
from nqmbench.claims import Ordering
from nqmbench.errors import InvalidArguments
from nqmbench.experiment import (
    ALLOWED_OBSERVABLES,
    Experiment,
    Observable,
    is_observable,
    parse_observable,
)
from nqmbench.formulas import FormulaError

__all__ = ["Quantity", "label", "matched"]

# What one side of a comparison is about.
Quantity = tuple[Experiment, Observable]


def matched(ordering: Ordering) -> list[tuple[Quantity, Quantity]]:
    """The pairs (smaller, larger) that an ordering compares.

    Raises:
        FormulaError: a function of the suite raised, or gave something else; the sides do not match
            or cannot meet the same noise.
    """
    smaller, larger, of = (
        called(side) for side in (ordering.smaller, ordering.larger, ordering.of)
    )
    left, right = (list(s) if isinstance(s, list | tuple) else [s] for s in (smaller, larger))
    if len(left) != len(right):
        raise FormulaError(f"{len(left)} smaller and {len(right)} larger sides; allowed: as many")
    pairs = []
    for a, b in zip(left, right, strict=True):
        found = quantities(a, of), quantities(b, of)
        problem = mismatch(found[0][0][0], found[1][0][0])
        if problem:
            raise FormulaError(f"the sides differ in {problem}, so they cannot meet the same noise")
        if len(found[0]) != len(found[1]):
            raise FormulaError(f"{a!r:.60} and {b!r:.60} do not stand for as many coordinates")
        pairs += list(zip(*found, strict=True))
    if not pairs:
        raise FormulaError("no case: the lists of sides are empty")
    return pairs


def called(side: Any) -> Any:
    """What a side is, or what the function that stands for it returns."""
    if not callable(side):
        return side
    try:
        return side()
    except InvalidArguments as error:
        raise FormulaError(str(error)) from error
    except Exception as error:  # a user's function may raise anything; the run goes on
        raise FormulaError(f"a side raised {type(error).__name__}: {error}") from error


def quantities(side: Any, of: Any) -> list[Quantity]:
    """One side: an experiment in which `of` is observed, or an observable of experiment `of`."""
    experiment, name = (of, side) if isinstance(side, str) else (side, of)
    if not isinstance(experiment, Experiment) or not isinstance(name, str):
        raise FormulaError(
            f"a side is {side!r:.60} of {of!r:.60}; allowed: an Experiment and a name"
        )
    if not is_observable(name):
        raise FormulaError(f"got {name!r:.60}; allowed: {ALLOWED_OBSERVABLES}")
    observables = parse_observable(name, experiment.problem.d)
    if not observables:
        raise FormulaError(f"of={name!r}, but {experiment.label} has d={experiment.problem.d}")
    return [(experiment, observable) for observable in observables]


def label(smaller: Quantity, larger: Quantity) -> str:
    """What is compared, in words: what differs on each side, then what both share.

    >>> import nqmbench as nq
    >>> one, ten = (nq.Experiment(nq.NoisyQuadratic(1.0), nq.sgd(0.1), batch=B) for B in (1, 10))
    >>> (error,) = parse_observable("error", 1)
    >>> label((ten, error), (one, error))
    'B=10 below B=1, SGD(lr=0.1), h=1'
    """
    rows = [(*e.label_parts, o.name) for e, o in (smaller, larger)]
    own = [[x for x, y in zip(row, other, strict=True) if x != y]
           for row, other in (rows, rows[::-1])]  # fmt: skip
    shared = [x for x, y in zip(*rows, strict=True) if x == y and x in smaller[0].label_parts]
    if not own[0]:  # nothing differs that a label shows
        own, shared = [[rows[0][0]], [rows[1][0]]], shared[1:]
    i = smaller[1].coordinate
    if smaller[1] == larger[1] and i is not None and smaller[0].problem.d > 1:
        shared.append(f"i={i} (h={smaller[0].problem.h[i]:g})")
    sides = " below ".join(", ".join(side) for side in own)
    return ", ".join([sides, *shared])
