"""Which moments stay bounded where the gradient comes from rows: growth factors per step.

With noise that grows with the error, stability is a matter of the order. The mean of the error
obeys gradient descent; its second moment obeys

    M' = M - eta (H M + M H) + eta^2 E g g'     (SGD, targets that the optimum meets),

and the higher orders are stricter still. Each order's homogeneous part is a linear map of its own,
and its spectral radius is the factor by which that moment grows at every step in the long run: the
moment is bounded if it is below 1. The residuals of the optimum move the floor and not the factor.

Order 2 is found in any dimension, where the map is no small matrix by Arnoldi's method: the map
keeps the cone of covariances, so its largest eigenvalue is real and positive, and the start, the
identity, has a share of its eigenvector. Order 4 is found where its map is a small matrix, and
in one dimension all even orders up to 8 are, since there a batch is a single random number,

    z' = (F + s b c) z,     s = 2 mean_b x^2,

and the moments of s are sums over rows, or those of a chi-square.

Source: for SGD in one dimension E (1 - eta s)^r < 1; second text, its linear regressions.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import NDArray

from nqmbench.arguments import Arguments
from nqmbench.experiment import Experiment
from nqmbench.gaussian_rows import GaussianRows
from nqmbench.kept import numbers_once
from nqmbench.least_squares import LeastSquares
from nqmbench.moment_maps import (
    covariance_map,
    covariance_size,
    quartic_map,
    quartic_size,
    step_of_covariance,
)
from nqmbench.problem import RowProblem
from nqmbench.row_cost import step_seconds
from nqmbench.row_noise import rows_of
from nqmbench.row_recursion import row_problem
from nqmbench.row_shapes import affordable
from nqmbench.stability import radius

__all__ = ["curvature_moments", "moment_growth"]

Floats = NDArray[np.float64]

HIGHEST = 8
LARGEST = 1000  # independent entries of a moment whose map is a matrix
ROUNDING = 1e-6  # of a factor, as accurate as Arnoldi's method leaves it
SUBSETS = 10**6  # rows times batch: so far the ways to draw without replacement are gone through
KRYLOV, SETTLED = 12, 1e-6  # of Arnoldi's method: vectors that are kept, and relative accuracy


def moment_growth(experiment: Experiment) -> dict[int, float]:
    """The factor by which the error's moments grow at each step in the long run, by order.

    Args:
        experiment: on `LeastSquares` or `GaussianRows`, with constant parameters.

    Returns:
        Order -> factor; a moment is bounded where it is below 1. Order 1 (the mean) and 2 always,
        order 4 in a few dimensions, 6 and 8 in one (without replacement of a million rows times
        batch at most). Where rows leave a direction untouched the error stays as it is there, and
        no factor is below 1. Of a huge sparse matrix order 1 is that of the steepest direction.

    Raises:
        InvalidArguments: another problem, or a schedule.

    >>> import nqmbench as nq
    >>> e = nq.Experiment(nq.GaussianRows(1.0), nq.sgd(0.2))
    >>> {order: round(factor, 6) for order, factor in moment_growth(e).items()}
    {1: 0.6, 2: 0.68, 4: 1.128, 6: 11.43712, 8: 353.110592}
    """
    checks = Arguments("moment_growth")
    checks.instance("experiment", experiment, Experiment, "an Experiment")
    checks.done()
    if not isinstance(experiment.problem, RowProblem):
        checks.complain("experiment", experiment.label, "one on LeastSquares or GaussianRows")
    elif not (experiment.method.constant and isinstance(experiment.batch, int)):
        checks.complain("experiment", experiment.label, "one without schedules")
    checks.done()
    problem, loop = row_problem(experiment), experiment.open_loop
    found = {1: float(radius(loop.closed(problem.curvatures)[0]).max())}
    batch = int(experiment.batch_sizes[0])
    if problem.d == 1 and countable(problem, batch):
        moments = curvature_moments(problem, batch, HIGHEST)
        F, b, c = loop.at(0)
        gain = np.multiply.outer(b, c)
        found |= {r: growth(powers_map(F, gain, moments, r)) for r in (2, 4, 6, 8)}
    else:
        small = covariance_size(experiment) <= LARGEST
        found[2] = growth(covariance_map(experiment)[0]) if small else growth_once(experiment)
        if quartic_size(experiment) <= LARGEST and affordable(experiment):
            found[4] = growth(quartic_map(experiment, homogeneous=True)[0])
    return {order: with_flat(experiment, factor) for order, factor in found.items()}


def with_flat(experiment: Experiment, factor: float) -> float:
    """A factor, which is 1 at least where a direction has no gradient: 1 itself up to rounding."""
    problem = experiment.problem
    flat = isinstance(problem, LeastSquares) and problem.flat
    return 1.0 if flat and factor < 1 + ROUNDING else factor


def countable(problem: RowProblem, batch: int) -> bool:
    """True where the ways to draw a batch are gone through in less than a second."""
    if not isinstance(problem, LeastSquares) or problem.replacement:
        return True
    return problem.n * batch <= SUBSETS


def growth(K: Floats) -> float:
    """The largest modulus of an eigenvalue."""
    return float(np.abs(np.linalg.eigvals(K)).max())


def growth_once(experiment: Experiment) -> float:
    """The growth of the second moment in many coordinates, found once and kept (`kept.py`)."""
    key, steps = f"growth-{experiment.recursion_key}", 8 * KRYLOV  # about as many as it takes

    def find() -> Floats:
        return np.array([krylov_growth(experiment)])

    return float(numbers_once(key, steps * step_seconds(experiment), (1,), find)[0])


def krylov_growth(experiment: Experiment) -> float:
    """The growth of the second moment from a few dozen steps, by Arnoldi's method.

    Only the blocks P_jk with j <= k are kept; the others are their transposes.
    """
    from scipy.sparse.linalg import LinearOperator, eigs

    n, rows = experiment.open_loop.n, rows_of(row_problem(experiment)).without_residuals()
    blocks = list(itertools.combinations_with_replacement(range(n), 2))
    P = np.zeros((n, n, *rows.shape))

    def after_a_step(packed: Floats) -> Floats:
        for (j, k), block in zip(blocks, packed.reshape(len(blocks), *rows.shape), strict=True):
            P[j, k] = block
            P[k, j] = rows.transposed(block) if k > j else block
        new = step_of_covariance(experiment, rows, P)
        return np.concatenate([new[j, k].ravel() for j, k in blocks])

    one = np.eye(rows.shape[0]) if len(rows.shape) == 2 else np.ones(rows.shape)
    start = np.concatenate([(one if j == k else np.zeros_like(one)).ravel() for j, k in blocks])
    if not after_a_step(start).any():  # the identity covers every covariance: all are gone at once
        return 0.0
    operator = LinearOperator((start.size, start.size), matvec=after_a_step, dtype=np.float64)
    found = eigs(operator, 1, ncv=KRYLOV, v0=start, tol=SETTLED, return_eigenvectors=False)
    return float(np.abs(found[0]))


def powers_map(F: Floats, gain: Floats, moments: Floats, order: int) -> Floats:
    """The map of the moments of this order of z' = (F + s G) z, on monomials of at most order 8.

    The r-fold Kronecker power of F + s G is a polynomial in s; s^k stands for E s^k. As in
    `moment_maps`, monomials are taken and not all entries of a tensor.

    Args:
        F: shape (n, n).
        gain: G, shape (n, n).
        moments: E s^k for k = 0..order.
        order: r.
    """
    n = len(F)
    kinds = monomials(n, order)
    index = {kind: i for i, kind in enumerate(kinds)}
    K = np.zeros((len(kinds), len(kinds)))
    for row, kind in enumerate(kinds):
        # A polynomial in z and s: exponents of z -> coefficients of s^0, s^1, ...
        product: dict[tuple[int, ...], Floats] = {(0,) * n: np.ones(1)}
        for i, power in enumerate(kind):
            for _ in range(power):
                product = times(product, F[i], gain[i])
        for exponents, coefficients in product.items():
            K[row, index[exponents]] = coefficients @ moments[: coefficients.size]
    return K


def times(
    product: dict[tuple[int, ...], Floats], constant: Floats, slope: Floats
) -> dict[tuple[int, ...], Floats]:
    """A polynomial times the linear form sum_j (constant_j + s slope_j) z_j."""
    found: dict[tuple[int, ...], Floats] = {}
    for exponents, coefficients in product.items():
        for j, factors in enumerate(zip(constant, slope, strict=True)):
            raised = (*exponents[:j], exponents[j] + 1, *exponents[j + 1 :])
            found[raised] = found.get(raised, 0.0) + np.convolve(coefficients, factors)
    return found


def monomials(n: int, order: int) -> list[tuple[int, ...]]:
    """The exponents of all monomials of an order in n variables."""
    if n == 1:
        return [(order,)]
    return [(i, *rest) for i in range(order + 1) for rest in monomials(n - 1, order - i)]


def curvature_moments(problem: RowProblem, batch: int, highest: int) -> Floats:
    """E s^k, k = 0..highest, of a batch's curvature s = 2 mean_b x^2 in one dimension.

    Power series sum_k E S^k t^k / k! of the sum S over a batch: with replacement the B-th power of
    that of one row; without, the coefficient of y^B in prod_i (1 + y exp(t s_i)) over the number of
    batches; of Gaussian rows (1 - 4 l t)^(-B/2).

    >>> curvature_moments(GaussianRows(1.0), 1, 2).tolist()
    [1.0, 2.0, 12.0]
    """
    k = np.arange(highest + 1)
    factorial = np.array([math.factorial(i) for i in k], dtype=np.float64)
    if isinstance(problem, GaussianRows):
        rising = np.cumprod(np.concatenate([[1.0], batch / 2 + k[:-1]]))
        return np.asarray(rising * (4 * float(problem.spectrum[0]) / batch) ** k)
    assert isinstance(problem, LeastSquares)
    curvature = 2 * problem.dense[:, 0] ** 2
    series = curvature[:, None] ** k / factorial  # of each row
    if problem.replacement:
        total, power = np.eye(1, highest + 1)[0], series.mean(axis=0)
        for binary in reversed(f"{batch:b}"):
            if binary == "1":
                total = np.convolve(total, power)[: highest + 1]
            power = np.convolve(power, power)[: highest + 1]
    else:
        chosen = np.zeros((batch + 1, highest + 1))  # by the number of rows drawn so far
        chosen[0, 0] = 1.0
        later = k - k[:, None]
        for i, row in enumerate(series):
            # Of all ways to draw j of i + 1 rows a share of j / (i + 1) contains the last one.
            j = np.arange(1, batch + 1)[:, None]
            more = chosen[:-1] @ np.where(later >= 0, row[later], 0.0)  # products of series
            chosen[1:] = np.where(j <= i + 1, chosen[1:] * (i + 1 - j) + more * j, 0.0) / (i + 1)
        total = chosen[batch]
    return np.asarray(total * factorial / float(batch) ** k)
