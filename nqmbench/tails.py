"""Which moments of the error stay bounded where gradients come from rows, in words for a report.

Noise that grows with the error makes heavy tails: the mean may settle while the second moment grows
without end, or the second while the fourth does. At any finite step all moments exist, but an
average over runs is carried by ever fewer of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from nqmbench.experiment import Experiment
from nqmbench.mean_square import moment_growth
from nqmbench.plan import Plan
from nqmbench.problem import RowProblem

__all__ = ["tails", "told_growth"]

ORDERS = {
    1: "the mean", 2: "the second moment", 4: "the fourth", 6: "the sixth", 8: "the eighth",
}  # fmt: skip
MOST = 4  # experiments that are named where all is calm


def tails(plan: Plan, suite: str) -> list[str]:
    """What is known of the tails in the experiments of a suite, each method on each data set once.

    Args:
        plan: the plan.
        suite: the name of one of its suites.

    Returns:
        One sentence for each experiment with a moment that does not stay bounded, and one for all
        others whose moments are known to the same order; none where no gradient comes from rows.
    """
    found: dict[tuple[Any, ...], tuple[Experiment, dict[int, float]]] = {}
    for experiment in experiments_of(plan, suite):
        if not isinstance(experiment.problem, RowProblem) or experiment.noiseless:
            continue
        key = growth_key(experiment)
        if key not in found and experiment.method.constant and isinstance(experiment.batch, int):
            found[key] = experiment, moment_growth(experiment)
    told = [told_growth(e, g) for e, g in found.values() if max(g.values()) >= 1]
    calm: dict[int, list[str]] = {}
    for e, g in found.values():
        if max(g.values()) < 1:
            calm.setdefault(max(g), []).append(e.label)
    for order in sorted(calm):
        named, more = "; ".join(calm[order][:MOST]), len(calm[order]) - MOST
        others = f"; and {more} more" if more > 0 else ""
        told.append(f"All moments to order {order} stay bounded with {named}{others}.")
    return told


def told_growth(experiment: Experiment, factors: dict[int, float]) -> str:
    """Which moments stay bounded and how the others grow.

    Args:
        experiment: the experiment.
        factors: of `moment_growth`, at least one of them 1 or more.

    >>> import nqmbench as nq
    >>> e = nq.Experiment(nq.GaussianRows(1.0), nq.sgd(0.2))
    >>> print(told_growth(e, {1: 0.6, 2: 0.68, 4: 1.128}))
    SGD(lr=0.2), B=1, Gaussian rows l=1: the mean and the second moment stay bounded; the fourth \
grows 1.128-fold at each step.
    """
    bounded = [name for order, name in ORDERS.items() if factors.get(order, 1.0) < 1]
    growing = [
        f"{name} grows {factors[order]:.5g}-fold at each step"
        if factors[order] > 1
        else f"{name} does not decay"
        for order, name in ORDERS.items()
        if factors.get(order, 0.0) >= 1
    ]
    stay = f"{', '.join(bounded[:-1])}{' and ' * (len(bounded) > 1)}{''.join(bounded[-1:])}"
    stay += f" {'stay' if len(bounded) > 1 else 'stays'} bounded"
    return f"{experiment.label}: {'; '.join([*([stay] if bounded else []), *growing])}."


def experiments_of(plan: Plan, suite: str) -> Iterator[Experiment]:
    """The experiments that a suite's claims and orderings are about."""
    for claim in plan.claims:
        for case in claim.cases if claim.item.suite == suite else ():
            yield case.experiment
            if case.versus is not None:
                yield case.versus[0]


def growth_key(experiment: Experiment) -> tuple[Any, ...]:
    """What the growth depends on: the method, the batch, the rows; neither labels nor starts."""
    problem = experiment.problem
    rows: Any = getattr(problem, "x", getattr(problem, "spectrum", None))
    parts = (rows,) if isinstance(rows, np.ndarray) else (rows.data, rows.indices, rows.indptr)
    digest = hashlib.sha256()
    for part in parts:
        digest.update(repr(part.shape).encode() + np.ascontiguousarray(part).tobytes())
    drawn = getattr(problem, "replacement", True)
    return experiment.method.label, experiment.batch, drawn, problem.d, digest.hexdigest()
