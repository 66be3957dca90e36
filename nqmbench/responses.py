"""What the read-out is made of: a share of the start, and the noise of every step so far.

    w_k = s_k w_0 + sum_{j<k} c_{k,j} x_j

Independent terms add their cumulants, so the noise contributes sum_j c_{k,j}^r kappa_r(x_j) to the
r-th cumulant of w_k. `doubling.py` finds these sums for constant steps; here they are found for a
schedule, backwards: with a row vector a that starts as the read-out at k,

    g = lam a b_j,    c_{k,j} = -g,    a <- a F_j + g c_j,    j = k-1, ..., 0,    s_k = a (starts),

where a F_j + g c_j is a A_j for the closed loop A = F + lam b c^T.

All checkpoints beyond step j share one pass through its A_j.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nqmbench.experiment import Experiment

__all__ = ["Responses", "batch_cumulant", "readouts", "scheduled_responses", "traced"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Responses:
    """The read-out's make-up at every checkpoint.

    Args:
        start: s_k, the response to a unit start, shape (S, d).
        noise: order r >= 2 -> sum_j c_{k,j}^r kappa_r(x_j), shape (S, d).
    """

    start: Floats
    noise: dict[int, Floats]


def batch_cumulant(experiment: Experiment, t: int, order: int) -> Floats:
    """kappa_r of step t's batch mean, sigma^r kappa_r / B_t^(r-1), shape (d,).

    >>> import nqmbench as nq
    >>> e = nq.Experiment(nq.NoisyQuadratic(1.0, sigma=2.0), nq.sgd(0.1), batch=10)
    >>> batch_cumulant(e, 0, 2).tolist()
    [0.4]
    """
    problem, sizes = experiment.quadratic, experiment.batch_sizes
    B = sizes[t if sizes.size > 1 else 0]
    return np.asarray(problem.sigma**order * problem.noise.cumulant(order) / B ** (order - 1))


def scheduled_responses(experiment: Experiment, orders: tuple[int, ...]) -> Responses:
    """The responses at every checkpoint, one backward pass over the steps; any schedule.

    Args:
        experiment: any experiment.
        orders: the orders r >= 2 of the noise that are wanted.
    """
    a = readouts(experiment)
    noise = {r: np.zeros((len(a), experiment.quadratic.d)) for r in orders}
    for t, reached, response in traced(experiment, a):
        for r, total in noise.items():
            total[reached] += response**r * batch_cumulant(experiment, t, r)
    return Responses(experiment.open_loop.starts @ a, noise)


def readouts(experiment: Experiment) -> Floats:
    """The row vectors a at the checkpoints themselves, shape (S, n, d).

    Coordinates come last: NumPy runs along them.
    """
    loop, checkpoints = experiment.open_loop, experiment.checkpoints
    a = np.zeros((len(checkpoints), loop.n, experiment.quadratic.d))
    a[:, loop.readout] = 1.0
    return a


def traced(experiment: Experiment, a: Floats) -> Iterator[tuple[int, slice, Floats]]:
    """Trace every checkpoint's read-out back to the start, the last step first.

    Args:
        experiment: any experiment.
        a: from `readouts`; changed in place, at the end it is the response to the start.

    Yields:
        A step t, which checkpoints lie beyond it, and their responses c_{k,t} to its noise, shape
        (checkpoints beyond, d).
    """
    loop, lam = experiment.open_loop, experiment.curvature
    checkpoints = np.array(experiment.checkpoints)
    for t in range(int(checkpoints[-1]) - 1, -1, -1):
        reached = slice(int(np.searchsorted(checkpoints, t, side="right")), None)
        F, b, c = loop.at(t)
        g = lam * (b @ a[reached])  # the answer to a unit gradient at step t
        yield t, reached, -g
        a[reached] = F.T @ a[reached] + g[:, None, :] * c[:, None]
