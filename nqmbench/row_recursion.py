"""Mean and covariance of all states, step by step, where the gradient comes from rows.

The states z_j of the open loop z' = F z + b g(c . z), each a vector of d coordinates relative to
w* (times the state's start), have means m_j and covariances P_jk. The batch gradient g at the point
a = sum_j c_j z_j has, given a, the mean H a; and its covariance about it has the expectation
f N(m_a, P_aa), with f the `variance_factor` of the batch. So with C_j = P_ja H

    m'_j  = sum_l F_jl m_l + b_j H m_a,
    P'_jk = sum_lm F_jl F_km P_lm + b_k sum_l F_jl C_l + b_j sum_m F_km C_m'
            + b_j b_k (H P_aa H + f N(m_a, P_aa)),

exactly, for any linear method and schedule. The expected loss is f* + 1/2 m' H m + 1/2 tr(H P),
since grad f(w*) = 0. Covariances, not second moments about w*, so that nothing cancels where the
noise is small beside the error.

Source: enumeration of all batches agrees to 1e-13; for SGD the recursion of M = E e e' is
M' = M - eta (H M + M H) + eta^2 E g g'.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nqmbench.experiment import Experiment
from nqmbench.problem import RowProblem
from nqmbench.row_noise import Rows, add, added, combined, rows_of

__all__ = ["Spread", "advance", "noise_share", "row_problem", "spreads"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Spread:
    """Means and covariances of the n states.

    Args:
        m: shape (n, d).
        P: shape (n, n, d, d), or (n, n, d) where diagonals suffice; P_kj is the transpose of P_jk.
    """

    m: Floats
    P: Floats


def row_problem(experiment: Experiment) -> RowProblem:
    """The experiment's problem, which is one made of rows."""
    assert isinstance(experiment.problem, RowProblem)
    return experiment.problem


def noise_share(experiment: Experiment, t: int) -> float:
    """Variance of the gradient of step t's batch / that of one row."""
    sizes = experiment.batch_sizes
    return row_problem(experiment).variance_factor(float(sizes[t if sizes.size > 1 else 0]))


def spreads(experiment: Experiment) -> Iterator[tuple[int, Spread]]:
    """The means and covariances at every step 0, 1, ..., experiment.checkpoints[-1]."""
    problem, loop = row_problem(experiment), experiment.open_loop
    rows = rows_of(problem)
    m = np.multiply.outer(loop.starts, problem.start)
    now = Spread(m, np.zeros((loop.n, loop.n, *rows.shape)))
    yield 0, now
    for t in range(experiment.checkpoints[-1]):
        with np.errstate(over="ignore", invalid="ignore"):
            now = advance(rows, now, loop.at(t), noise_share(experiment, t))
        yield t + 1, now


def advance(rows: Rows, now: Spread, step: tuple[Floats, Floats, Floats], share: float) -> Spread:
    """One step of the recursion.

    Args:
        rows: the rows.
        now: means and covariances before it.
        step: F, b and c.
        share: f, the variance of the batch gradient / that of one row; 0 for a full batch.
    """
    F, b, c = step
    m, P, n = now.m, now.P, len(now.m)
    m_a = c @ m
    moved = F @ m + np.multiply.outer(b, rows.hessian(m_a))
    if share == 0 and not P.any():
        return Spread(moved, P)
    to_point = [combined(c, P[j]) for j in range(n)]  # P_ja
    C, seen = rows.met(c, to_point)
    G = gradient_spread(rows, combined(c, C), rows.scatter(m_a, seen), share)
    # G is shared out evenly between the last two sums, which are each other's transposes.
    D = [added([*row, 0.5 * gain], [*C, G]) for row, gain in zip(F, b, strict=True)]
    new, blocks = np.empty_like(P), P.reshape(n * n, *rows.shape)
    for j, k in itertools.combinations_with_replacement(range(n), 2):
        shares, own = np.multiply.outer(F[j], F[k]).ravel(), new[j, k]
        if j == k and b[j]:
            np.add(D[j], rows.transposed(D[j]), out=own)
            own *= b[j]
        else:
            added([b[k], b[j]], [D[j], rows.transposed(D[k])], own)
        add(own, shares, blocks)
        if k > j:
            new[k, j] = rows.transposed(own)
    return Spread(moved, new)


def gradient_spread(rows: Rows, PH: Floats, scatter: Floats, share: float) -> Floats:
    """G = H P H + f N = (1 - f) H P H + f S, written over S; of single rows H P H has no part."""
    if share == 1:
        return scatter
    scatter *= share
    scatter += (1 - share) * rows.squared(PH)
    return scatter
