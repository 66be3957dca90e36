"""What observables need of the covariances, step by step; kept where it was dear to find.

A covariance of a thousand coordinates fills eight megabytes for each pair of states, and a step to
the next takes a fifth of a second. An observable needs no more of it than its diagonal and one
trace. So of each step only these are kept, and in many coordinates those of every step on the way
are remembered: claims, checks, figures and exact theory of one run ask for the same trajectories at
different steps, and find them once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nqmbench.experiment import Experiment
from nqmbench.recent import Recent
from nqmbench.row_cost import seconds
from nqmbench.row_noise import Rows, rows_of
from nqmbench.row_recursion import Spread, row_problem, spreads

__all__ = ["Reading", "reading", "readings"]

Floats = NDArray[np.float64]

DEAR = 0.5  # estimated seconds of all steps
KEPT = 8  # trajectories
LARGEST = 2**26  # bytes of the readings of one of them

_remembered = Recent["list[Reading]"](KEPT)


@dataclass(frozen=True, eq=False)
class Reading:
    """Of one step.

    Args:
        m: the means of all states, shape (n, d).
        diagonal: the variances of the read-out's coordinates, shape (d,).
        trace: tr(H P), with P the read-out's covariance.
        quiet: no noise so far.
    """

    m: Floats
    diagonal: Floats
    trace: float
    quiet: bool


def reading(rows: Rows, readout: int, now: Spread) -> Reading:
    """What observables need of means and covariances of the states, one of which is read."""
    P = now.P[readout, readout]
    quiet = not (P.any() or now.P.any())  # one block tells nearly always
    with np.errstate(over="ignore", invalid="ignore"):
        trace = 0.0 if quiet else rows.trace(P)
    return Reading(now.m, rows.diagonal(P).copy(), trace, quiet)


def readings(experiment: Experiment, steps: Iterable[int]) -> dict[int, Reading]:
    """The readings at some steps, at most the last checkpoint.

    >>> import nqmbench as nq
    >>> problem = nq.LeastSquares([[1.0], [2.0]], [1.0, 3.0])
    >>> found = readings(nq.Experiment(problem, nq.sgd(0.1), steps=2), [0, 2])
    >>> sorted(found), found[0].quiet, found[2].quiet
    ([0, 2], True, False)
    """
    rows, i = rows_of(row_problem(experiment)), experiment.open_loop.readout
    wanted, last = set(steps), experiment.checkpoints[-1]
    if not dear(experiment):
        return {k: reading(rows, i, now) for k, now in spreads(experiment) if k in wanted}
    key = experiment.recursion_key
    known = _remembered.get(key) or []
    if len(known) <= last:
        known = [reading(rows, i, now) for _, now in spreads(experiment)]
    _remembered.put(key, known)
    return {k: known[k] for k in sorted(wanted)}


def dear(experiment: Experiment) -> bool:
    """True where the steps take long, and their readings little memory."""
    d, n, steps = experiment.problem.d, experiment.open_loop.n, experiment.checkpoints[-1] + 1
    return seconds(experiment) >= DEAR and 8 * d * (n + 1) * steps <= LARGEST
