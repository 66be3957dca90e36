"""Third and fourth moments of the states where the gradient comes from rows.

A row's gradient minus its mean, delta = 2 x (x . a + r) - H a, is linear in u = (1, a) and has mean
0 over the rows, whatever a is. With A = F + b H c, which closes the loop, a step is

    z' = A z + b mean_batch(delta),

so in T = E v v v v, the tensor of the moments of order up to 4 about the mean (v = (1, z - E z)),

    T' = A A A A T + 6 sym(A A . f2 D2) T + 4 sym(A . f3 D3) T + (f4 D4 + f22 3 sym(D2 D2)) T.

D_r = E_row delta^r is a matrix on the moments of u of order r, found once, and the factors say what
a batch of B rows leaves of it: with replacement f2 = 1/B, f3 = 1/B^2, f4 = 1/B^3,
f22 = (B - 1)/B^3. Gaussian rows are integrated exactly by a product Gauss-Hermite rule.

Tensors are kept as matrices over pairs of indices, (N^2, N^2) with N = 1 + n d.

Source: the recursion is polynomial, so its moments of each order close; enumeration agrees.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nqmbench.experiment import Experiment
from nqmbench.gaussian_rows import GaussianRows
from nqmbench.least_squares import LeastSquares
from nqmbench.problem import RowProblem

__all__ = [
    "BatchFactors",
    "Gradients",
    "affordable",
    "batch_factors",
    "gradients",
    "raised",
    "tensors",
    "work",
]

Floats = NDArray[np.float64]

LARGEST_ROWS = 4 * 10**6  # entries of D4: (d (1 + d))^4
LARGEST_WORK = 2 * 10**10  # multiplications: (1 + n d)^6 at each step, and what calls cost
CALLS = 2 * 10**6  # what the calls of a step cost beside, however small the tensors are


@dataclass(frozen=True)
class BatchFactors:
    """What the mean over a batch leaves of D2, D3, D4, and of the three pairings of D2 D2."""

    f2: float
    f3: float
    f4: float
    f22: float


def batch_factors(problem: RowProblem, batch: float) -> BatchFactors:
    """The factors of a batch.

    Without replacement they follow from the sums of delta over different rows, in which the sum
    over all rows is 0.

    >>> batch_factors(GaussianRows(1.0), 2.0)
    BatchFactors(f2=0.5, f3=0.25, f4=0.125, f22=0.125)
    """
    B, f2 = batch, problem.variance_factor(batch)
    if not isinstance(problem, LeastSquares) or problem.replacement:
        return BatchFactors(f2, 1 / B**2, 1 / B**3, (B - 1) / B**3)
    n, (B2, B3, B4) = problem.n, (falling(B, r) for r in (2, 3, 4))

    def over(number: float, r: int) -> float:
        """Divided by n (n - 1) ... (n - r + 1), and 0 where there are not so many rows."""
        ways = falling(n, r)
        return number / ways if ways else 0.0

    third = B - over(3 * B2 * n, 2) + over(2 * B3 * n, 3)
    fourth = B - over(7 * B2 * n, 2) + over(12 * B3 * n, 3) - over(6 * B4 * n, 4)
    pairs = over(B2 * n**2, 2) - over(2 * B3 * n**2, 3) + over(B4 * n**2, 4)
    return BatchFactors(f2, third / B**3, fourth / B**4, pairs / B**4)


def falling(x: float, r: int) -> float:
    """The falling factorial x (x - 1) ... (x - r + 1)."""
    return float(np.prod([x - i for i in range(r)]))


@dataclass(frozen=True, eq=False)
class Gradients:
    """D_2, D_3, D_4: shape (d^r, (1 + d)^r), and H, shape (d, d)."""

    D2: Floats
    D3: Floats
    D4: Floats
    H: Floats


def gradients(problem: RowProblem, residuals: bool = True) -> Gradients:
    """The moments of one row's centred gradient.

    Args:
        problem: the rows.
        residuals: False for targets that the optimum meets.
    """
    x, r, weights = weighted_rows(problem)
    d = problem.d
    H = 2 * (x * weights[:, None]).T @ x
    delta = np.empty((len(x), d, 1 + d))
    delta[:, :, 0] = 2 * x * (r if residuals else np.zeros_like(r))[:, None]
    delta[:, :, 1:] = 2 * x[:, :, None] * x[:, None, :] - H
    flat = delta.reshape(len(x), -1)
    pairs = (flat[:, :, None] * flat[:, None, :]).reshape(len(x), -1)
    weighted = (pairs * weights[:, None]).T
    return Gradients(
        sorted_out(weights @ pairs, 2, d),
        sorted_out(weighted @ flat, 3, d),
        sorted_out(weighted @ pairs, 4, d),
        H,
    )


def sorted_out(moment: Floats, order: int, d: int) -> Floats:
    """From axes (gradient, point) repeated to all gradients before all points."""
    axes = [*range(0, 2 * order, 2), *range(1, 2 * order, 2)]
    return moment.reshape((d, 1 + d) * order).transpose(axes).reshape(d**order, -1)


def weighted_rows(problem: RowProblem) -> tuple[Floats, Floats, Floats]:
    """Rows, residuals of the optimum and probabilities: shapes (n, d), (n,), (n,).

    Of Gaussian rows the nodes of a rule that is exact to degree 9 in each entry.
    """
    if isinstance(problem, LeastSquares):
        return problem.dense, problem.residuals, np.full(problem.n, 1 / problem.n)
    assert isinstance(problem, GaussianRows)
    nodes, mass = np.polynomial.hermite_e.hermegauss(5)
    label = bool(problem.label_std)
    places = np.array(list(itertools.product(nodes, repeat=problem.d + label)))
    weights = np.array(list(itertools.product(mass / mass.sum(), repeat=problem.d + label)))
    x = places[:, : problem.d] * np.sqrt(problem.spectrum)
    r = -problem.label_std * places[:, -1] if label else np.zeros(len(x))
    return x, r, weights.prod(axis=1)


def affordable(experiment: Experiment) -> bool:
    """True where the tensors take no more than a few seconds and some ten megabytes."""
    problem, d = experiment.problem, experiment.problem.d
    if isinstance(problem, GaussianRows) and d > 4:
        return False
    return (d * (1 + d)) ** 4 <= LARGEST_ROWS and work(experiment) <= LARGEST_WORK


def work(experiment: Experiment) -> int:
    """The multiplications of tensors up to the last checkpoint."""
    N = 1 + experiment.open_loop.n * experiment.problem.d
    return int(experiment.checkpoints[-1] * (N**6 + CALLS))


def tensors(experiment: Experiment, means: Iterable[Floats]) -> Iterator[Floats]:
    """T at every step, shape (N^2, N^2), given the means of all states, shape (n, d), there."""
    problem, loop = experiment.problem, experiment.open_loop
    assert isinstance(problem, RowProblem)
    known, sizes = gradients(problem), experiment.batch_sizes
    T = np.zeros(((1 + loop.n * problem.d) ** 2,) * 2)
    T[0, 0] = 1.0
    for t, m in enumerate(means):
        yield T
        if t == experiment.checkpoints[-1]:
            return
        factors = batch_factors(problem, float(sizes[t if sizes.size > 1 else 0]))
        with np.errstate(over="ignore", invalid="ignore"):
            T = raised(T, known, loop.at(t), loop.at(t)[2] @ m, factors)


def raised(
    T: Floats,
    known: Gradients,
    step: tuple[Floats, Floats, Floats],
    m_a: Floats,
    f: BatchFactors,
) -> Floats:
    """T after one step.

    Args:
        T: before it, shape (N^2, N^2).
        known: of the rows.
        step: F, b and c.
        m_a: the mean of the point of the gradient, shape (d,).
        f: of the batch.
    """
    F, b, c = step
    d, one = len(m_a), np.eye(len(m_a))
    N = 1 + len(F) * d
    A, L, G = np.zeros((N, N)), np.zeros((1 + d, N)), np.zeros((N, d))
    A[0, 0] = L[0, 0] = 1.0
    A[1:, 1:] = kronecker(F, one) + kronecker(np.multiply.outer(b, c), known.H)
    L[1:, 0], L[1:, 1:], G[1:] = m_a, kronecker(c[None], one), kronecker(b[:, None], one)
    A2, L2, G2 = kronecker(A, A), kronecker(L, L), kronecker(G, G)
    four = (N, N, N, N)
    half = T @ L2.T
    new = (A2 @ T @ A2.T).reshape(four)
    # Two places take the noise, in any of six ways.
    X = (f.f2 * (A2 @ half @ known.D2.T @ G2.T)).reshape(four)
    X = X + X.transpose(2, 3, 0, 1)
    new = new + X + X.transpose(0, 2, 1, 3) + X.transpose(0, 2, 3, 1)
    # Three of them, in any of four ways.
    Y = (kronecker(A, L) @ half).reshape(N, -1) @ known.D3.T
    Y = G @ (Y.reshape(N, d, -1) @ G2.T)
    Y = f.f3 * Y.reshape(four)
    new = new + sum(np.moveaxis(Y, 0, place) for place in range(4))
    # All four, with one row or with two.
    point = L2 @ half
    same = f.f4 * (known.D4 @ point.ravel()).reshape(d * d, d * d)
    two = (f.f22 * (known.D2 @ point @ known.D2.T)).reshape(d, d, d, d)
    two = two + two.transpose(0, 2, 1, 3) + two.transpose(0, 2, 3, 1)
    new = new + (G2 @ (same + two.reshape(d * d, -1)) @ G2.T).reshape(four)
    return new.reshape(N * N, N * N)


def kronecker(A: Floats, B: Floats) -> Floats:
    """The Kronecker product of two matrices; for small ones NumPy's own takes ten times as long.

    >>> kronecker(np.eye(2), np.array([[1.0, 2.0]])).tolist()
    [[1.0, 2.0, 0.0, 0.0], [0.0, 0.0, 1.0, 2.0]]
    """
    shape = A.shape[0] * B.shape[0], A.shape[1] * B.shape[1]
    return (A[:, None, :, None] * B[None, :, None, :]).reshape(shape)


def quadratic_variance(T: Floats, form: Floats) -> float:
    """Var of v' Q v, where v = (1, z - E z) has the moments T; shape of Q (N, N)."""
    N = len(form)
    second = T.reshape(N, N, N, N)[0, 0]
    q = form.ravel()
    return float(q @ T @ q - float((form * second).sum()) ** 2)
