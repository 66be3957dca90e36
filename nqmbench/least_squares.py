"""Least squares on a fixed data set, from which every step draws some rows.

    f(w) = 1/n sum_i (x_i . w - y_i)^2,      gradient of a batch:  2 mean_b x (x . w - y)

The noise of the gradient comes from the choice of the rows alone: it is larger where the residuals
are, it vanishes where all of them do, and with all n rows in every batch there is none. The choices
of different steps are independent. Within a step the rows are drawn with replacement, so that the
variance of the gradient is that of one row / B, or without, so that it is (n - B) / (B (n - 1))
of it.

Source: second text, "Mini-Batch Gradient Descent" and its linear regressions.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nqmbench.arguments import Arguments, all_finite, as_array, distinct
from nqmbench.method import Method
from nqmbench.problem import RowProblem, shown

__all__ = ["LeastSquares"]

Floats = NDArray[np.float64]

DENSE = 3000  # rows or coordinates: up to here a decomposition of the whole matrix is affordable
GRAM = 1000  # the smaller of both: up to here, of a larger sparse matrix, one of its products is
MATRIX = "finite numbers in an array of shape (n, d), n and d >= 1, or a scipy.sparse matrix"


@dataclass(frozen=True, eq=False, init=False, repr=False)
class LeastSquares(RowProblem):
    """Least squares on n fixed rows.

    Args:
        x: the rows, shape (n, d), or a matrix of scipy.sparse, which is kept in rows (CSR); an
            array is never made sparse, however many zeros it has.
        y: the targets, shape (n,).
        w0: the start; a number or shape (d,).
        replacement: True to draw the rows of a batch with replacement; False for B different ones,
            B <= n, where B = n is gradient descent without noise.

    Attributes:
        optimum: w*, the least-squares solution of the smallest norm, shape (d,).

    Raises:
        InvalidArguments: names every wrong field, what was given and what is allowed.

    >>> problem = LeastSquares([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], [1.0, 2.0, 3.0])
    >>> problem.n, problem.d, problem.optimum.round(12).tolist(), round(problem.floor, 12)
    (3, 2, [1.0, 2.0], 0.0)
    """

    title = "least squares"

    x: Any
    y: Floats
    w0: Floats
    replacement: bool

    def __init__(
        self, x: ArrayLike | Any, y: ArrayLike, w0: ArrayLike = 0.0, replacement: bool = True
    ) -> None:
        checks = Arguments("LeastSquares")
        rows = checked_rows(checks, x)
        n, d = (0, 0) if rows is None else rows.shape
        anything = "finite numbers"
        shape = as_array(y).shape
        if rows is not None and shape != (n,):
            checks.complaints.append(f"y: got shape {shape}; allowed: shape ({n},), as x has rows")
            targets = np.zeros(n)
        else:
            targets = checks.vector("y", y, f"{anything}, one per row", np.isfinite)
        if rows is not None:
            refuse_overflow(checks, "x", rows.data if sparse_matrix(rows) else rows)
            refuse_overflow(checks, "y", targets)
        start = checks.vector("w0", w0, anything, np.isfinite, d or None, of="x has columns")
        checks.instance("replacement", replacement, bool | np.bool_, "True or False")
        checks.done()
        values = {"x": rows, "y": targets, "w0": start, "replacement": bool(replacement)}
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def n(self) -> int:
        """The number of rows."""
        return int(self.x.shape[0])

    @property
    def d(self) -> int:
        """The number of coordinates."""
        return int(self.x.shape[1])

    @property
    def sparse(self) -> bool:
        """True when x is kept as a sparse matrix."""
        return sparse_matrix(self.x)

    @property
    def entries(self) -> float:
        """The mean number of entries of a row that are kept."""
        return self.x.nnz / self.n if self.sparse else float(self.d)

    @cached_property
    def optimum(self) -> Floats:  # type: ignore[override] # computed when it is first asked for
        """w*, the least-squares solution of the smallest norm, shape (d,)."""
        if self.huge:
            from scipy.sparse.linalg import lsqr

            found = lsqr(self.x, self.y, atol=1e-16, btol=1e-16, conlim=0, iter_lim=20 * self.d)[0]
        else:
            found = np.linalg.lstsq(self.dense, self.y, rcond=None)[0]
        found.flags.writeable = False
        return np.asarray(found, dtype=np.float64)

    @property
    def dense(self) -> Floats:
        """The rows as an array."""
        return np.asarray(self.x.toarray() if self.sparse else self.x, dtype=np.float64)

    @cached_property
    def residuals(self) -> Floats:
        """x_i . w* - y_i, shape (n,)."""
        return np.asarray(self.x @ self.optimum - self.y, dtype=np.float64)

    @property
    def floor(self) -> float:
        """f* = f(w*)."""
        return float(np.mean(self.residuals**2))

    @cached_property
    def hessian(self) -> Floats:
        """H = (2/n) X' X as an array, shape (d, d)."""
        product = self.x.T @ self.x
        return np.asarray(product.toarray() if self.sparse else product) * (2 / self.n)

    @cached_property
    def curvatures(self) -> Floats:
        """The eigenvalues of H that are not 0; of a huge sparse matrix the largest one only."""
        rounding = np.finfo(np.float64).eps * max(self.x.shape)
        if not self.huge:
            singular = np.linalg.svd(self.dense, compute_uv=False)
            squares = singular[singular > rounding * singular.max()] ** 2
        elif min(self.x.shape) <= GRAM:
            product = self.x.T @ self.x if self.d < self.n else self.x @ self.x.T
            squares = np.linalg.eigvalsh(product.toarray())
            squares = squares[squares > rounding * squares.max()]
        else:
            from scipy.sparse.linalg import svds

            squares = svds(self.x, k=1, return_singular_vectors=False, random_state=0) ** 2
        found = (2 / self.n) * squares
        return found if found.size else np.zeros(1)

    @property
    def huge(self) -> bool:
        """True for a sparse matrix that is never made an array."""
        return self.sparse and max(self.x.shape) > DENSE

    @property
    def all_curvatures(self) -> bool:
        """True where `curvatures` has every eigenvalue of H that is not 0."""
        return not self.huge or min(self.x.shape) <= GRAM

    @property
    def flat(self) -> bool:
        """True where rows leave a direction untouched, as far as that is known."""
        if not self.all_curvatures:
            return self.n < self.d
        return int(np.count_nonzero(self.curvatures)) < self.d

    def noiseless(self, batch: Floats) -> bool:
        """True for full batches without replacement, and for a single row."""
        return self.n == 1 or (not self.replacement and bool((batch == self.n).all()))

    def variance_factor(self, batch: float) -> float:
        """1/B with replacement, (n - B) / (B (n - 1)) without; 0 of a single row.

        >>> x, y = np.eye(4), np.zeros(4)
        >>> [LeastSquares(x, y, replacement=r).variance_factor(2.0) for r in (True, False)]
        [0.5, 0.3333333333333333]
        """
        if self.n == 1:
            return 0.0
        if self.replacement:
            return 1 / batch
        return (self.n - batch) / (batch * (self.n - 1))

    def draws(self, batch: float) -> float:
        """Every entry of every row of the batch."""
        return batch * self.entries

    def working(self, states: int, checkpoints: int) -> int:
        """Second moments of all states and coordinates, d x d numbers for each pair of states."""
        return 8 * states**2 * self.d**2

    def check(self, checks: Arguments, method: Method, batch: Floats) -> None:
        """No preconditioning, and without replacement no more rows than there are."""
        super().check(checks, method, batch)
        if not self.replacement and (batch > self.n).any():
            allowed = f"at most n = {self.n}, as rows are drawn without replacement"
            checks.complain("batch", int(batch.max()), allowed)

    def shift(self) -> str:
        """The targets may be shifted instead."""
        return "shift y by the predictions of the optimum instead"

    @cached_property
    def symbols(self) -> Mapping[str, float]:
        """n, d, and L and mu, the largest and the smallest curvature that is not 0, where known."""
        known = {"n": float(self.n), "d": float(self.d), "L": float(self.curvatures.max())}
        return {**known, "mu": float(self.curvatures.min())} if self.all_curvatures else known

    def content(self, power: float) -> tuple[list[NDArray[Any]], str]:
        """The data, the start, and how rows are drawn."""
        data = [self.x]
        if self.sparse:
            places = (self.x.indptr, self.x.indices)
            data = [self.x.data, *(p.astype(np.int64) for p in places), np.array(self.x.shape)]
        return [*data, self.y, self.w0], f"least squares, replacement={self.replacement}"

    @property
    def label(self) -> str:
        """The size of the data, and what is not as by default."""
        parts = [f"least squares n={self.n} d={self.d}"]
        if distinct(self.w0).any():
            parts.append(f"w0={shown(self.w0)}")
        if not self.replacement:
            parts.append("without replacement")
        return ", ".join(parts)

    def __repr__(self) -> str:
        return f"LeastSquares({self.label.removeprefix('least squares ')})"


def sparse_matrix(rows: Any) -> bool:
    """True for rows that are kept as a sparse matrix."""
    return not isinstance(rows, np.ndarray)


def refuse_overflow(checks: Arguments, name: str, values: Floats) -> None:
    """Complain about numbers whose squares cannot be added up."""
    with np.errstate(over="ignore"):
        if not np.isfinite(np.sum(values**2)):
            seen = float(values[np.unravel_index(np.abs(values).argmax(), values.shape)])
            checks.complain(name, seen, "numbers with a finite sum of squares")


def checked_rows(checks: Arguments, seen: Any) -> Any:
    """The rows as a read-only array of floats, or as a sparse matrix in rows; None if wrong."""
    sparse = sys.modules.get("scipy.sparse")  # who has a sparse matrix has imported it
    if sparse is not None and sparse.issparse(seen):
        if seen.ndim != 2 or 0 in seen.shape or not all_finite(np.asarray(seen.tocsr().data)):
            checks.complaints.append(f"x: got a sparse matrix {seen.shape}; allowed: {MATRIX}")
            return None
        kept = sparse.csr_array(seen, dtype=np.float64, copy=True)
        kept.sum_duplicates()
        kept.eliminate_zeros()
        return kept
    raw = as_array(seen)
    if raw.ndim != 2 or raw.size == 0:
        checks.complaints.append(f"x: got shape {raw.shape}; allowed: {MATRIX}")
        return None
    if not all_finite(raw):
        checks.complain("x", seen, MATRIX)
        return None
    rows = np.array(raw, dtype=np.float64, order="C")
    rows.flags.writeable = False
    return rows
