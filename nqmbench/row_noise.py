"""The noise of a gradient that comes from rows, on means and second moments.

A row x with target y has, at the error a = w - w*, the gradient 2 x (x . a + r) with the residual
r = x . w* - y of the optimum. Over the rows its mean is H a. Where a has mean m and covariance P,
the covariance of one row's gradient about H a is

    N(m, P) = S(m, P) - H P H,    S(m, P) = E 4 x x' q - H m m' H,    q = (x . m + r)^2 + x' P x,

and a batch has a share of it, `RowProblem.variance_factor`. Three kinds of rows know how to find
S, and P H: dense ones and sparse ones with matrices P of shape (d, d), and Gaussian rows that are
never met again, for which E x x' M x x' = 2 L M L + L tr(L M) is so simple with L = diag(l) that
the diagonal of P is closed in itself:

    N_ii = 4 l_i^2 M_ii + 4 l_i (sum_j l_j M_jj + s^2),    M = P + m m'.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nqmbench.gaussian_rows import GaussianRows
from nqmbench.least_squares import LeastSquares
from nqmbench.problem import RowProblem

__all__ = ["DenseRows", "Rows", "SparseRows", "StreamedRows", "added", "combined", "rows_of"]

Floats = NDArray[np.float64]

PANEL = 2**16  # entries of a part of a matrix that stays in a processor's cache
MIN_WIDTH = 16  # columns at least


class Rows(Protocol):
    """What the recursion of the second moments asks of rows; P is of shape `shape`."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a covariance: (d, d), or (d,) where its diagonal suffices."""

    def hessian(self, m: Floats) -> Floats:
        """H m, shape (d,)."""

    def met(self, c: Floats, blocks: Sequence[Floats]) -> tuple[list[Floats], Floats]:
        """P_j H of every block P_j, as arrays of their own, and what rows see of sum_j c_j P_j.

        That is x' P x of every row, shape (n,); of Gaussian rows the diagonal, shape (d,).
        """

    def squared(self, PH: Floats) -> Floats:
        """H P H."""

    def scatter(self, m: Floats, seen: Floats) -> Floats:
        """S(m, P), an array of its own, of what `met` has seen of P."""

    def trace(self, P: Floats) -> float:
        """tr(H P)."""

    def transposed(self, P: Floats) -> Floats:
        """P'."""

    def diagonal(self, P: Floats) -> Floats:
        """The diagonal, shape (d,)."""

    def without_residuals(self) -> Rows:
        """The same rows with targets that the optimum meets: the part that is linear in P."""


@dataclass(frozen=True, eq=False)
class DenseRows:
    """Rows of a data set in an array.

    Args:
        x: shape (n, d). r: the residuals of the optimum, shape (n,). H: shape (d, d).
    """

    x: Floats
    r: Floats
    H: Floats

    @property
    def shape(self) -> tuple[int, ...]:
        """(d, d)."""
        return self.H.shape

    def hessian(self, m: Floats) -> Floats:
        """H m."""
        return self.H @ m

    def met(self, c: Floats, blocks: Sequence[Floats]) -> tuple[list[Floats], Floats]:
        """P_j H, and x' P x."""
        seen = ((self.x @ combined(c, blocks)) * self.x).sum(axis=1)
        return [block @ self.H for block in blocks], seen

    def squared(self, PH: Floats) -> Floats:
        """H P H."""
        return self.H @ PH

    def scatter(self, m: Floats, seen: Floats) -> Floats:
        """As squares about the mean gradient, which cancel nothing, and the part of P."""
        g = 2 * self.x * (self.x @ m + self.r)[:, None] - self.H @ m
        found = g.T @ g + 4 * self.x.T @ (self.x * seen[:, None])
        return np.asarray(found / len(self.x))

    def trace(self, P: Floats) -> float:
        """tr(H P), without a product of matrices."""
        return float((self.H * P).sum())

    def transposed(self, P: Floats) -> Floats:
        """P'."""
        return P.T

    def diagonal(self, P: Floats) -> Floats:
        """The diagonal."""
        return np.diagonal(P)

    def without_residuals(self) -> DenseRows:
        """Residuals of 0."""
        return DenseRows(self.x, np.zeros_like(self.r), self.H)


@dataclass(frozen=True, eq=False)
class SparseRows:
    """Rows of a data set in a sparse matrix: H P' is (2/n) X' (X P'), and H is never applied.

    Where rows have k entries X and X' cost 2 n k d multiplications, and H with its n k^2 entries
    k / 2 times as many. From X P' also follows x' P x, from the entries where x has some.

    Args:
        x: a CSR matrix, shape (n, d). back: (2/n) X', in rows too. r: shape (n,).
    """

    x: Any
    back: Any
    r: Floats

    @property
    def shape(self) -> tuple[int, ...]:
        """(d, d)."""
        d = int(self.x.shape[1])
        return d, d

    @cached_property
    def rows(self) -> NDArray[np.intp]:
        """The row of every entry of x."""
        return row_numbers(self.x)

    @cached_property
    def columns(self) -> NDArray[np.intp]:
        """The column of every entry of x, in the order of `back`."""
        return row_numbers(self.back)

    @cached_property
    def hessian_entries(self) -> tuple[NDArray[np.intp], Floats]:
        """The places in an array of shape (d, d), row by row, where H may have entries, and H."""
        return entries(self.back @ self.x)

    def hessian(self, m: Floats) -> Floats:
        """H m."""
        return np.asarray(self.back @ (self.x @ m))

    def met(self, c: Floats, blocks: Sequence[Floats]) -> tuple[list[Floats], Floats]:
        """P_j H, and x' P x."""
        n, d = self.x.shape
        found, seen, width = [], np.zeros(n), max(MIN_WIDTH, PANEL // max(n, d))
        for factor, block in zip(c, blocks, strict=True):
            PH = np.empty(self.shape)
            for first in range(0, d, width):
                panel = slice(first, first + width)
                XP = self.x @ block[panel].T
                PH[panel] = (self.back @ XP).T
                if factor:
                    own = slice(self.back.indptr[first], self.back.indptr[min(first + width, d)])
                    i, j = self.back.indices[own], self.columns[own] - first
                    seen += factor * np.bincount(i, self.back.data[own] * XP[i, j], n)
            found.append(PH)
        return found, seen * (n / 2)

    def squared(self, PH: Floats) -> Floats:
        """H P H."""
        return np.asarray(self.back @ (self.x @ PH))

    def scatter(self, m: Floats, seen: Floats) -> Floats:
        """The only dense term is the square of the mean gradient."""
        q = (self.x @ m + self.r) ** 2 + seen
        weighted = self.x.copy()
        weighted.data *= 2 * q[self.rows]
        mean = self.hessian(m)
        found = np.multiply.outer(mean, -mean)
        places, values = entries(self.back @ weighted)
        found.ravel()[places] += values  # no place twice: it is a product
        return found

    def trace(self, P: Floats) -> float:
        """tr(H P), from the entries of P where H has any."""
        places, H = self.hessian_entries
        return float(H @ P.ravel()[places])

    def transposed(self, P: Floats) -> Floats:
        """P'."""
        return P.T

    def diagonal(self, P: Floats) -> Floats:
        """The diagonal."""
        return np.diagonal(P)

    def without_residuals(self) -> SparseRows:
        """Residuals of 0."""
        return SparseRows(self.x, self.back, np.zeros_like(self.r))


@dataclass(frozen=True, eq=False)
class StreamedRows:
    """Gaussian rows that are never met again; of P only the diagonal is kept.

    Args:
        spectrum: l, shape (d,). label_std: s.
    """

    spectrum: Floats
    label_std: float

    @property
    def shape(self) -> tuple[int, ...]:
        """(d,)."""
        return self.spectrum.shape

    def hessian(self, m: Floats) -> Floats:
        """H m."""
        return 2 * self.spectrum * m

    def met(self, c: Floats, blocks: Sequence[Floats]) -> tuple[list[Floats], Floats]:
        """P_j H, and the diagonal of P."""
        return [2 * self.spectrum * block for block in blocks], combined(c, blocks)

    def squared(self, PH: Floats) -> Floats:
        """H P H."""
        return 2 * self.spectrum * PH

    def scatter(self, m: Floats, seen: Floats) -> Floats:
        """The diagonal of S(m, P) = N(m, P) + H P H."""
        l, M = self.spectrum, seen + m**2  # noqa: E741 - the letter of the formula
        return 4 * l**2 * (M + seen) + 4 * l * (l @ M + self.label_std**2)

    def trace(self, P: Floats) -> float:
        """tr(H P)."""
        return float(2 * self.spectrum @ P)

    def transposed(self, P: Floats) -> Floats:
        """A diagonal is its own."""
        return P

    def diagonal(self, P: Floats) -> Floats:
        """It is one."""
        return P

    def without_residuals(self) -> StreamedRows:
        """Targets without noise."""
        return StreamedRows(self.spectrum, 0.0)


def combined(factors: Floats, blocks: Sequence[Floats] | Floats) -> Floats:
    """sum_k f_k X_k; where it is one of them, that one itself, not to be written to."""
    used = np.flatnonzero(factors)
    if used.size == 1 and factors[used[0]] == 1:
        return np.asarray(blocks[used[0]])
    return added(factors, blocks)


def added(
    factors: Sequence[float] | Floats, blocks: Sequence[Floats] | Floats, into: Floats | None = None
) -> Floats:
    """sum_k f_k X_k, in an array of its own or in a given one.

    The X_k whose factor is 0 are not touched: they may be large, or have overflowed.
    """
    total = np.empty(np.shape(blocks[0])) if into is None else into
    used = [k for k, factor in enumerate(factors) if factor]
    if used:
        np.multiply(blocks[used[0]], factors[used[0]], out=total)
    else:
        total[...] = 0.0
    add(total, [factors[k] for k in used[1:]], [blocks[k] for k in used[1:]])
    return total


def add(
    total: Floats, factors: Sequence[float] | Floats, blocks: Sequence[Floats] | Floats
) -> None:
    """Add sum_k f_k X_k to an array, some rows at a time so that products stay in the cache."""
    height = max(1, PANEL // total.shape[-1])
    for factor, block in zip(factors, blocks, strict=True):
        if factor == 1:
            total += block
        elif factor:
            for first in range(0, len(total), height):
                panel = slice(first, first + height)
                total[panel] += factor * block[panel]


def entries(matrix: Any) -> tuple[NDArray[np.intp], Floats]:
    """Places, row by row, and values of the entries of a CSR matrix."""
    return row_numbers(matrix) * matrix.shape[1] + matrix.indices, matrix.data


def row_numbers(matrix: Any) -> NDArray[np.intp]:
    """The row of every entry of a CSR matrix."""
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))


def rows_of(problem: RowProblem) -> Rows:
    """The rows of a problem, in the form in which its second moments are cheapest.

    >>> rows_of(GaussianRows([1.0, 0.5])).scatter(np.ones(2), np.zeros(2)).tolist()
    [10.0, 4.0]
    """
    if isinstance(problem, GaussianRows):
        return StreamedRows(problem.spectrum, problem.label_std)
    assert isinstance(problem, LeastSquares)
    if problem.sparse:
        return SparseRows(problem.x, problem.x.T.tocsr() * (2 / problem.n), problem.residuals)
    return DenseRows(problem.x, problem.residuals, problem.hessian)
