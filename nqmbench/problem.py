"""What a problem is: everything that an experiment, a claim or a report asks of one.

A problem is a quadratic f with a minimiser w* whose gradient is observed with noise. Methods never
see which: they move the error e = w - w*, and the problem answers with a gradient. The kinds are
`NoisyQuadratic` (noise is added), `LeastSquares` (rows of a data set are drawn) and `GaussianRows`
(rows never seen before). The last two are **made of rows**: a batch of rows x with targets y gives
the gradient

    g(w) = 2 mean_b x (x . w - y).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nqmbench.arguments import Arguments, distinct
from nqmbench.method import Method
from nqmbench.observables import WEIGHTS, Observable, Vocabulary

__all__ = ["Problem", "RowProblem", "shown"]

Floats = NDArray[np.float64]


class Problem(ABC):
    """A quadratic whose gradient is observed with noise.

    Attributes:
        title: what this kind of problem is called.
        vocabulary: what can be observed.
        per_coordinate: the symbols that a formula gets of one coordinate.
        separable: True when a sum over coordinates is claimed coordinate by coordinate.
        w0: the start (its mean), shape (d,).
    """

    title: ClassVar[str]
    vocabulary: ClassVar[Vocabulary]
    per_coordinate: ClassVar[tuple[str, ...]]
    separable: ClassVar[bool] = False
    w0: Floats

    @property
    @abstractmethod
    def d(self) -> int:
        """The number of coordinates."""

    @property
    @abstractmethod
    def minimiser(self) -> Floats:
        """w*, of which everything is the error; shape (d,)."""

    @property
    @abstractmethod
    def curvatures(self) -> Floats:
        """The eigenvalues of the Hessian that are not 0, in any order."""

    @abstractmethod
    def noiseless(self, batch: Floats) -> bool:
        """True when every trajectory is the same with these batch sizes."""

    @abstractmethod
    def still(self, coordinate: int | None, batch: Floats) -> tuple[bool, bool]:
        """Whether all trajectories share the value at k = 0, and whether they do at every step.

        Args:
            coordinate: of the observable; None for a sum.
            batch: the batch sizes.
        """

    @abstractmethod
    def rounding(self, observable: Observable, unit: float) -> float:
        """The absolute error of an observable where the read-out is known to `unit`, relative."""

    @abstractmethod
    def has_moment(self, coordinate: int | None, order: int) -> bool:
        """Whether the noise of a coordinate, or of all, has the moment of this order."""

    @abstractmethod
    def draws(self, batch: float) -> float:
        """The random numbers, or the entries of rows, that a trajectory needs for one step."""

    @abstractmethod
    def working(self, states: int, checkpoints: int) -> int:
        """The bytes that exact theory needs at least."""

    @abstractmethod
    def check(self, checks: Arguments, method: Method, batch: Floats) -> None:
        """Complain about a method or batch sizes that do not fit.

        Args:
            checks: takes the complaints.
            method: the method.
            batch: the batch sizes.
        """

    @abstractmethod
    def shift(self) -> str:
        """What to do where a method pulls towards zero and w* may be elsewhere; "" where w* = 0."""

    @property
    @abstractmethod
    def symbols(self) -> Mapping[str, float]:
        """The scalars that a formula may ask for."""

    @abstractmethod
    def of_coordinate(self, i: int) -> dict[str, float]:
        """The values of `per_coordinate` for coordinate i."""

    @abstractmethod
    def content(self, power: float) -> tuple[list[NDArray[Any]], str]:
        """All that trajectories with a preconditioner h^power depend on: arrays, and a text."""

    @property
    @abstractmethod
    def label(self) -> str:
        """The problem in words."""

    @abstractmethod
    def coordinate_label(self, i: int | None) -> str:
        """Coordinate i in words; "" for None and where there is only one."""

    def stands_for(self, name: Any) -> int:
        """How many of its observables a name stands for; 0 if it is none."""
        return self.vocabulary.stands_for(name, self.d)

    def parse(self, name: Any) -> list[Observable]:
        """The observables that a name stands for."""
        return self.vocabulary.parse(name, self.d)


class RowProblem(Problem):
    """f(w) = f* + 1/2 e' H e with e = w - w*, observed through rows: least squares of some kind.

    Starts are fixed and rows have all moments, so every moment exists at every finite step.
    """

    vocabulary = WEIGHTS
    per_coordinate: ClassVar[tuple[str, ...]] = ("w0", "optimum")
    optimum: Floats

    @property
    @abstractmethod
    def floor(self) -> float:
        """f* = f(w*), the least value of the loss."""

    @abstractmethod
    def variance_factor(self, batch: float) -> float:
        """Var of the gradient of a batch / Var of that of one row."""

    @property
    def start(self) -> Floats:
        """The error at the start, w0 - w*, shape (d,)."""
        return self.w0 - self.optimum

    @property
    def minimiser(self) -> Floats:
        """w*, shape (d,)."""
        return self.optimum

    def still(self, coordinate: int | None, batch: Floats) -> tuple[bool, bool]:
        """All share the start; the rest too where every batch has all rows."""
        return True, self.noiseless(batch)

    def rounding(self, observable: Observable, unit: float) -> float:
        """Of the weight itself, of f* + L/2 |e|^2, or of |e|^2."""
        i = observable.coordinate
        if i is not None:
            return unit * float(abs(self.start[i]) + abs(self.optimum[i]))
        size = (unit * float(np.linalg.norm(self.start))) ** 2
        if observable.name != "loss":
            return size
        return unit * self.floor + size * float(self.curvatures.max()) / 2

    def has_moment(self, coordinate: int | None, order: int) -> bool:
        """Always, at finite steps."""
        return True

    def check(self, checks: Arguments, method: Method, batch: Floats) -> None:
        """Refuse preconditioning: it is defined by the curvature of single coordinates."""
        if method.power:
            checks.complain(
                "method", method.label, f"on {self.title} one without preconditioning, power = 0"
            )

    def of_coordinate(self, i: int) -> dict[str, float]:
        """The coordinate's start and optimum, as they are."""
        return {"w0": float(self.w0[i]), "optimum": float(self.optimum[i])}

    def coordinate_label(self, i: int | None) -> str:
        """As "i=1"."""
        return "" if i is None or self.d == 1 else f"i={i}"


def shown(x: Floats) -> str:
    """A vector in short, and one number where all are the same.

    >>> shown(np.array([1.0, 0.1])), shown(np.ones(3)), shown(np.arange(9.0))
    ('(1, 0.1)', '1', '(0, 1, 2, 3, ...)')
    """
    if x.size > 1 and (distinct(x) == x[0]).all():
        x = x[:1]
    text = ", ".join(f"{v:g}" for v in x[:4])
    return f"({text}{', ...' if x.size > 4 else ''})" if x.size > 1 else text
