"""The noise of a gradient that comes from rows, on means and second moments.

A row x with target y has, at the error a = w - w*, the gradient 2 x (x . a + r) with the residual
r = x . w* - y of the optimum. Over the rows its mean is H a. Where a has mean m and covariance P,
the covariance of one row's gradient about H a is

    N(m, P) = E 4 x x' q - H (m m' + P) H,    q = (x . m + r)^2 + x' P x,

and a batch has a share of it, `RowProblem.variance_factor`. Three kinds of rows know how to find
it, and P H: dense ones and sparse ones with matrices P of shape (d, d), and Gaussian rows that are
never met again, for which E x x' M x x' = 2 S M S + S tr(S M) is so simple with S = diag(l) that
the diagonal of P is closed in itself:

    N_ii = 4 l_i^2 M_ii + 4 l_i (sum_j l_j M_jj + s^2),    M = P + m m'.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nqmbench.gaussian_rows import GaussianRows
from nqmbench.least_squares import LeastSquares
from nqmbench.problem import RowProblem

__all__ = ["DenseRows", "Rows", "SparseRows", "StreamedRows", "rows_of"]

Floats = NDArray[np.float64]


class Rows(Protocol):
    """What the recursion of the second moments asks of rows; P is of shape `shape`."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a covariance: (d, d), or (d,) where its diagonal suffices."""

    def hessian(self, m: Floats) -> Floats:
        """H m, shape (d,)."""

    def pushed(self, P: Floats) -> Floats:
        """P H."""

    def noise(self, m: Floats, P: Floats, HPH: Floats) -> Floats:
        """N(m, P), where H P H is known already."""

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

    def pushed(self, P: Floats) -> Floats:
        """P H."""
        return P @ self.H

    def noise(self, m: Floats, P: Floats, HPH: Floats) -> Floats:
        """As squares about the mean gradient, which cancel nothing, and the part of P."""
        n = len(self.x)
        g = 2 * self.x * (self.x @ m + self.r)[:, None] - self.H @ m
        q = ((self.x @ P) * self.x).sum(axis=1)
        return np.asarray((g.T @ g + 4 * self.x.T @ (self.x * q[:, None])) / n - HPH)

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
    """Rows of a data set in a sparse matrix: H = (2/n) X' X is applied and never formed.

    Args:
        x: a CSR matrix, shape (n, d). back: its transpose, in rows too. r: shape (n,).
    """

    x: Any
    back: Any
    r: Floats

    @property
    def shape(self) -> tuple[int, ...]:
        """(d, d)."""
        d = int(self.x.shape[1])
        return d, d

    def hessian(self, m: Floats) -> Floats:
        """H m."""
        return np.asarray(self.back @ (self.x @ m) * (2 / self.x.shape[0]))

    def pushed(self, P: Floats) -> Floats:
        """P H = (H P')'."""
        inner = self.x @ np.ascontiguousarray(P.T)
        inner *= 2 / self.x.shape[0]
        return np.asarray((self.back @ inner).T)

    def noise(self, m: Floats, P: Floats, HPH: Floats) -> Floats:
        """The only dense terms are H P H and the square of the mean gradient."""
        n = self.x.shape[0]
        XP = self.x @ np.ascontiguousarray(P)
        q = (self.x @ m + self.r) ** 2 + np.asarray(self.x.multiply(XP).sum(axis=1)).ravel()
        mean = self.hessian(m)
        found = np.multiply.outer(mean, -mean)
        found -= HPH
        weighted = self.x.multiply(q[:, None] * (4 / n)).tocsr()
        spread = (self.back @ weighted).tocoo()
        found[spread.row, spread.col] += spread.data  # no place twice: it is a product
        return np.asarray(found)

    def trace(self, P: Floats) -> float:
        """tr(H P), from the entries of P where H has any."""
        H = (self.back @ self.x).tocoo()
        total = float(H.data @ P[H.row, H.col])
        return total * 2 / int(self.x.shape[0])

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

    def pushed(self, P: Floats) -> Floats:
        """P H."""
        return 2 * self.spectrum * P

    def noise(self, m: Floats, P: Floats, HPH: Floats) -> Floats:
        """The diagonal of N(m, P)."""
        l, M = self.spectrum, P + m**2  # noqa: E741 - the letter of the formula
        return 4 * l**2 * M + 4 * l * (l @ M + self.label_std**2)

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


def rows_of(problem: RowProblem) -> Rows:
    """The rows of a problem, in the form in which its second moments are cheapest.

    >>> rows_of(GaussianRows([1.0, 0.5])).noise(np.ones(2), np.zeros(2), np.zeros(2)).tolist()
    [10.0, 4.0]
    """
    if isinstance(problem, GaussianRows):
        return StreamedRows(problem.spectrum, problem.label_std)
    assert isinstance(problem, LeastSquares)
    if problem.sparse:
        return SparseRows(problem.x, problem.x.T.tocsr(), problem.residuals)
    return DenseRows(problem.x, problem.residuals, problem.hessian)
