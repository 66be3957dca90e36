"""Least squares on rows that are drawn afresh and never met again.

    x ~ N(0, diag(l)),   y = x . w* + s xi,   xi ~ N(0, 1)
    f(w) = E (x . w - y)^2 = s^2 + sum_i l_i (w_i - w*_i)^2,    H = 2 diag(l)

and a batch of B such rows gives the gradient 2 mean_b x (x . w - y). It is the streaming side of
`LeastSquares`: its noise grows with the error itself, so a step size may be stable for the mean and
not for the variance.

Source: second text, whose linear regressions draw such rows once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nqmbench.arguments import Arguments, distinct
from nqmbench.problem import RowProblem, shown

__all__ = ["GaussianRows"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, init=False, repr=False)
class GaussianRows(RowProblem):
    """Streaming least squares with Gaussian rows of diagonal covariance.

    Args:
        spectrum: the variances l_i > 0 of the entries of a row, shape (d,) or a number (d = 1).
        label_std: the standard deviation s >= 0 of the noise of a target.
        w0: the start; a number or shape (d,).
        optimum: w*; a number or shape (d,).

    Raises:
        InvalidArguments: names every wrong field, what was given and what is allowed.

    >>> problem = GaussianRows([1.0, 0.1], label_std=0.5)
    >>> problem.d, problem.curvatures.tolist(), problem.floor
    (2, [2.0, 0.2], 0.25)
    """

    title = "Gaussian rows"
    per_coordinate: ClassVar[tuple[str, ...]] = ("h", "w0", "optimum")

    spectrum: Floats
    label_std: float
    w0: Floats
    optimum: Floats

    def __init__(
        self,
        spectrum: ArrayLike,
        label_std: float = 0.0,
        w0: ArrayLike = 1.0,
        optimum: ArrayLike = 0.0,
    ) -> None:
        checks = Arguments("GaussianRows")
        anything, of = "finite numbers", "spectrum has"
        variances = checks.vector("spectrum", spectrum, "finite numbers > 0", lambda x: x > 0)
        d = variances.size
        values: dict[str, Any] = {
            "spectrum": variances,
            "label_std": checks.number(
                "label_std", label_std, "a finite number >= 0", lambda x: x >= 0, 0.0
            ),
            "w0": checks.vector("w0", w0, anything, np.isfinite, d, of=of),
            "optimum": checks.vector("optimum", optimum, anything, np.isfinite, d, of=of),
        }
        checks.done()
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def d(self) -> int:
        """The number of coordinates."""
        return int(self.spectrum.size)

    @property
    def curvatures(self) -> Floats:
        """The diagonal of H, 2 l_i."""
        return 2 * self.spectrum

    @property
    def floor(self) -> float:
        """f* = s^2."""
        return self.label_std**2

    def noiseless(self, batch: Floats) -> bool:
        """Never: rows are random."""
        return False

    def variance_factor(self, batch: float) -> float:
        """1/B."""
        return 1 / batch

    def draws(self, batch: float) -> float:
        """D entries of every row, and the noise of its target."""
        return batch * (self.d + 1)

    def working(self, states: int, checkpoints: int) -> int:
        """One number per coordinate for each pair of states."""
        return 8 * states**2 * self.d

    def shift(self) -> str:
        """The start may be shifted instead."""
        return "shift w0 by the optimum instead" if distinct(self.optimum).any() else ""

    @cached_property
    def symbols(self) -> Mapping[str, float]:
        """d, L = 2 max l, mu = 2 min l, and s, the standard deviation of a target's noise."""
        h = self.curvatures
        return {
            "d": float(self.d), "L": float(h.max()), "mu": float(h.min()),
            "label_std": self.label_std,
        }  # fmt: skip

    def of_coordinate(self, i: int) -> dict[str, float]:
        """The coordinate's curvature h = 2 l_i, start and optimum, as they are."""
        return {"h": 2 * float(self.spectrum[i]), **super().of_coordinate(i)}

    def content(self, power: float) -> tuple[list[NDArray[Any]], str]:
        """The vectors and the noise of the targets."""
        return [self.spectrum, self.w0, self.optimum], f"Gaussian rows, {self.label_std!r}"

    @property
    def label(self) -> str:
        """The spectrum, and what is not as by default."""
        parts = [f"Gaussian rows l={shown(self.spectrum)}" + (f" d={self.d}" if self.d > 4 else "")]
        if self.label_std:
            parts.append(f"label_std={self.label_std:g}")
        for name, value, default in (("w0", self.w0, 1.0), ("optimum", self.optimum, 0.0)):
            if (distinct(value) != default).any():
                parts.append(f"{name}={shown(value)}")
        return ", ".join(parts)

    def coordinate_label(self, i: int | None) -> str:
        """As "i=1 (h=0.2)"."""
        return "" if i is None or self.d == 1 else f"i={i} (h={2 * self.spectrum[i]:g})"

    def __repr__(self) -> str:
        return f"GaussianRows({self.label.removeprefix('Gaussian rows ')})"
