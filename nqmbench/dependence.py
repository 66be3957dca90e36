"""Uncorrelated but dependent coordinates: what a sum of squares gains in variance.

Under "intermittent" noise the samples x_i and x_j of two coordinates are uncorrelated, and their
joint cumulant kappa_22 = E x_i^2 x_j^2 - 1 is not 0. The read-outs are linear in the noise,

    w_i = s_i w_{0,i} + sum_t c_{i,t} x_{i,t};

cumulants of independent steps add, a batch mean of B samples has kappa_22 / B^3, and the starts,
which are independent, have no joint cumulant, so that

    kappa_22(w_i, w_j) = sum_t c_{i,t}^2 c_{j,t}^2 sigma_i^2 sigma_j^2 kappa_22 / B_t^3.

Leonov and Shiryaev's rule gives Cov(w_i^2, w_j^2) as a sum over the partitions of {i, i, j, j} that
join an i with a j. Apart from the single block these have a block with an i and a j and an odd
number of one of them: {i, j}, {i, i, j} or {i, j, j}. The signs are independent, so the cumulants
of such blocks vanish, whatever the means are that stand beside them. Hence

    Var(sum_i a_i w_i^2) = sum_i a_i^2 Var(w_i^2) + 2 sum_{i<j} a_i a_j kappa_22(w_i, w_j).

The means need the squares alone, and uncorrelated coordinates suffice for them.

Source: first text, "Problem setup", which calls uncorrelated components independent.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nqmbench.experiment import Experiment
from nqmbench.responses import readouts, traced

__all__ = ["pairs_variance"]

Floats = NDArray[np.float64]

SETTLED = 64  # doublings: no stable method of this precision needs 2^64 steps
PORTION = 2**21  # numbers of a table of pairs: 16 MiB


def pairs_variance(experiment: Experiment, weights: Floats, settled: bool = False) -> Floats:
    """The covariances' part of Var(sum_i a_i w_i^2), 2 sum_{i<j} a_i a_j Cov(w_i^2, w_j^2).

    Args:
        experiment: one whose noise has dependent coordinates.
        weights: a_i >= 0, shape (d,).
        settled: in the steady state, of a stable method with constant parameters.

    Returns:
        One value per checkpoint, shape (S,); in the steady state shape (1,).

    >>> import nqmbench as nq
    >>> problem = nq.NoisyQuadratic([1.0, 0.1], noise="intermittent")
    >>> e = nq.Experiment(problem, nq.sgd(0.9))
    >>> pairs_variance(e, np.ones(2), settled=True).round(6).tolist()
    [0.013232]
    """
    scale = weights * experiment.quadratic.sigma**2
    if settled:
        return settled_pairs(experiment, scale)
    constant = experiment.open_loop.constant and experiment.batch_sizes.size == 1
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        total = (constant_pairs if constant else scheduled_pairs)(experiment, scale)
    # A sum of squares is NaN only where a response is, inf - inf: beyond the largest number.
    return np.where(np.isnan(total), np.inf, total)


def joint_cumulant(experiment: Experiment, t: int) -> float:
    """kappa_22 of the mean of step t's batch for sigma = 1, kappa_22 / B_t^3."""
    sizes = experiment.batch_sizes
    B = sizes[t if sizes.size > 1 else 0]
    return float(experiment.quadratic.noise.joint_cumulant / B**3)


def twice_products(y: Floats) -> Floats:
    """2 sum_{i<j} y_i y_j over the last axis, y >= 0; a coordinate at 0 adds nothing to any other.

    Summed as y_j (y_0 + ... + y_{j-1}): in (sum y)^2 - sum y^2 small products would be lost.

    >>> twice_products(np.array([1e9, 1e-9, 0.0])).tolist(), twice_products(np.ones(3)).tolist()
    (2.0, 6.0)
    """
    before, later = np.cumsum(y, axis=-1)[..., :-1], y[..., 1:]
    with np.errstate(over="ignore", invalid="ignore"):  # 0 times what has overflowed is 0
        products = np.where((before == 0) | (later == 0), 0.0, before * later)
    return np.asarray(2 * products.sum(axis=-1))


def scheduled_pairs(experiment: Experiment, scale: Floats) -> Floats:
    """The sum over the steps at every checkpoint, by tracing the read-outs back; any schedule."""
    a = readouts(experiment)
    total = np.zeros(len(a))
    for t, reached, response in traced(experiment, a):
        total[reached] += joint_cumulant(experiment, t) * twice_products(scale * response**2)
    return total


def constant_pairs(experiment: Experiment, scale: Floats) -> Floats:
    """The same for constant steps: the response to the noise of m steps ago is that of A^m q.

    It does not depend on k. Many lags are computed at once, by doubling, and a power of A takes
    them to as many more.
    """
    loop, checkpoints = experiment.open_loop, np.array(experiment.checkpoints)
    A, q = loop.closed(experiment.curvature)
    wanted = min(int(checkpoints[-1]), PORTION // q.size)
    lags = q[:, :, None]  # shape (d, n, m)
    while lags.shape[-1] < wanted:
        lags, A = np.concatenate([lags, A @ lags], axis=-1), A @ A
    m, total, reached = lags.shape[-1], np.zeros(checkpoints.size), 0.0
    for begin in range(0, int(checkpoints[-1]), m):
        added = twice_products(scale * lags[:, loop.readout].T ** 2)
        sums = reached + np.concatenate([[0.0], np.cumsum(added)])  # after begin, begin + 1, ...
        here = (checkpoints >= begin) & (checkpoints <= begin + m)
        total[here] = sums[checkpoints[here] - begin]
        reached, lags = sums[-1], A @ lags
    return joint_cumulant(experiment, 0) * total


def settled_pairs(experiment: Experiment, scale: Floats) -> Floats:
    """The limit for k -> infinity, by doubling, pair by pair.

    With M = A x A and u = q x q, whose read-out is c^2, the sum over the steps
    G_ij = sum_m (M_i^m u_i) (M_j^m u_j)^T of 2 m steps follows from that of m,

        G_ij <- G_ij + M_i^m G_ij (M_j^m)^T.
    """
    loop = experiment.open_loop
    A, q = loop.closed(experiment.curvature)
    n, noisy = loop.n, np.flatnonzero(scale)
    first, second = (noisy[side] for side in np.triu_indices(noisy.size, 1))
    squared = np.einsum("dij,dkl->dikjl", A, A).reshape(-1, n * n, n * n)
    response = np.einsum("di,dj->dij", q, q).reshape(-1, n * n)
    place, total = loop.readout * (n + 1), 0.0
    size = max(1, PORTION // n**4)
    for begin in range(0, first.size, size):
        i, j = first[begin : begin + size], second[begin : begin + size]
        M, G = squared, response[i][:, :, None] * response[j][:, None, :]
        for _ in range(SETTLED):
            G = G + M[i] @ G @ np.swapaxes(M[j], 1, 2)
            M = M @ M
            if not M.any():
                break
        total += float(2 * (scale[i] * scale[j]) @ G[:, place, place])
    return np.array([joint_cumulant(experiment, 0) * total])
