"""The noisy quadratic model.

    L(w) = 1/2 sum_i h_i (w_i - w*_i)^2,      gradient of one sample:  h_i (w_i - w*_i - x_i)

with uncorrelated x_i of mean 0 and variance sigma_i^2; a batch averages B independent samples, so
its noise has variance sigma_i^2 / B. The curvature matrix is diagonal, therefore the coordinates
never mix, and the law of each is exact by itself. The x_i of one sample are independent too, except
under "intermittent" noise, where they are not and the variance of a sum of squares shows it.

Source: first text, "Problem setup"; Zhang et al. 2019 (NeurIPS).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nqmbench.arguments import Arguments, distinct, repeated
from nqmbench.method import Method
from nqmbench.noise import NoiseLaw, noise_law
from nqmbench.observables import ERRORS, Observable
from nqmbench.problem import Problem, shown

__all__ = ["NoisyQuadratic"]


@dataclass(frozen=True, eq=False, init=False, repr=False)
class NoisyQuadratic(Problem):
    """A separable quadratic whose gradient is observed with additive noise.

    Args:
        h: curvatures h_i > 0, shape (d,) or a single number (d = 1).
        sigma: standard deviation of the noise of ONE sample, >= 0; a number or shape (d,).
        w0: mean of the start; a number or shape (d,).
        w0_std: standard deviation of the Gaussian start, >= 0; 0 is a fixed start.
        optimum: the minimiser w*; a number or shape (d,).
        noise: "gaussian", "uniform", "rademacher", "laplace", "exponential" (Exp(1) - 1),
            "intermittent" (0 in all coordinates or a random sign times sqrt(2) in each, evenly) or
            ("student", nu) with nu > 2, all standardised to variance 1.

    Raises:
        InvalidArguments: names every wrong field, what was given and what is allowed.

    >>> problem = NoisyQuadratic(h=[1.0, 0.1], sigma=2.0)
    >>> problem.d, problem.sigma.tolist(), problem.noise.name
    (2, [2.0, 2.0], 'gaussian')
    """

    title = "the noisy quadratic"
    vocabulary = ERRORS
    per_coordinate: ClassVar[tuple[str, ...]] = ("h", "sigma", "w0", "w0_std")
    separable = True

    h: NDArray[np.float64]
    sigma: NDArray[np.float64]
    w0: NDArray[np.float64]
    w0_std: NDArray[np.float64]
    optimum: NDArray[np.float64]
    noise: NoiseLaw

    def __init__(
        self,
        h: ArrayLike,
        sigma: ArrayLike = 1.0,
        w0: ArrayLike = 1.0,
        w0_std: ArrayLike = 0.0,
        optimum: ArrayLike = 0.0,
        noise: Any = "gaussian",
    ) -> None:
        checks = Arguments("NoisyQuadratic")
        curvature = checks.vector("h", h, "finite numbers > 0", lambda x: x > 0)
        d = curvature.size
        anything = "finite numbers"
        nonnegative = "finite numbers >= 0"
        values: dict[str, Any] = {
            "h": curvature,
            "sigma": checks.vector("sigma", sigma, nonnegative, lambda x: x >= 0, d),
            "w0": checks.vector("w0", w0, anything, np.isfinite, d),
            "w0_std": checks.vector("w0_std", w0_std, nonnegative, lambda x: x >= 0, d),
            "optimum": checks.vector("optimum", optimum, anything, np.isfinite, d),
            "noise": noise_law(noise, checks),
        }
        checks.done()
        with np.errstate(over="ignore"):
            start = distinct(values["w0"]) - distinct(values["optimum"])
        if not np.isfinite(start).all():
            checks.complain("w0 - optimum", start, anything)
        checks.done()
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def d(self) -> int:
        """The number of coordinates."""
        return int(self.h.size)

    @property
    def minimiser(self) -> NDArray[np.float64]:
        """w*, shape (d,)."""
        return self.optimum

    @property
    def curvatures(self) -> NDArray[np.float64]:
        """The h_i."""
        return self.h

    def preconditioned(self, power: float) -> NDArray[np.float64]:
        """h^(1-p): the curvature that a preconditioned method meets, shape (d,)."""
        with np.errstate(over="ignore", under="ignore"):
            return repeated(distinct(self.h) ** (1 - power), self.d)

    def noiseless(self, batch: NDArray[np.float64]) -> bool:
        """True when every trajectory is the same: no gradient noise and a fixed start."""
        return not (distinct(self.sigma).any() or distinct(self.w0_std).any())

    def still(self, coordinate: int | None, batch: NDArray[np.float64]) -> tuple[bool, bool]:
        """Without a spread of the start, and without noise too."""
        fixed = self.w0_std == 0
        quiet = fixed & (self.sigma == 0)
        if coordinate is None:
            return bool(fixed.all()), bool(quiet.all())
        return bool(fixed[coordinate]), bool(quiet[coordinate])

    def rounding(self, observable: Observable, unit: float) -> float:
        """That of the start, since the read-out comes from it."""
        i = observable.coordinate
        with np.errstate(over="ignore"):
            size = unit * np.abs(self.w0 - self.optimum)
            chosen = size if i is None else size[i : i + 1]
            return float(chosen**observable.power @ observable.weights(self.h))

    def has_moment(self, coordinate: int | None, order: int) -> bool:
        """Whether the noise law has it, or there is no noise."""
        noisy = self.sigma.any() if coordinate is None else self.sigma[coordinate] > 0
        return not noisy or self.noise.has_moment(order)

    def draws(self, batch: float) -> float:
        """One number per coordinate; where samples are drawn one by one, one for each of them."""
        return self.d * (1.0 if self.noise.name == "gaussian" else batch)

    def working(self, states: int, checkpoints: int) -> int:
        """A few numbers per coordinate and checkpoint."""
        return 8 * 7 * self.d * checkpoints

    def check(self, checks: Arguments, method: Method, batch: NDArray[np.float64]) -> None:
        """The curvature that a preconditioned method meets must be a number > 0."""
        curvature = distinct(self.preconditioned(method.power))
        if not (np.isfinite(curvature) & (curvature > 0)).all():
            checks.complain("method", method.label, "a power with h^(1 - power) neither 0 nor inf")

    def shift(self) -> str:
        """The start may be shifted instead."""
        return "shift w0 by the optimum instead" if distinct(self.optimum).any() else ""

    @cached_property
    def symbols(self) -> dict[str, float]:
        """d, L = max h, mu = min h."""
        return {"d": float(self.d), "L": float(self.h.max()), "mu": float(self.h.min())}

    def of_coordinate(self, i: int) -> dict[str, float]:
        """h, sigma, w0 (start minus optimum) and w0_std."""
        start = self.w0[i] - self.optimum[i]
        return {"h": self.h[i], "sigma": self.sigma[i], "w0": start, "w0_std": self.w0_std[i]}

    def content(self, power: float) -> tuple[list[NDArray[Any]], str]:
        """Its vectors, the curvature that the method meets, and the noise law."""
        vectors = [self.h, self.sigma, self.w0, self.w0_std, self.optimum]
        return [*vectors, self.preconditioned(power)], repr(self.noise)

    @property
    def label(self) -> str:
        """What is not as by default."""
        return repr(self).removeprefix("NoisyQuadratic(").removesuffix(")")

    def coordinate_label(self, i: int | None) -> str:
        """As "i=1 (h=0.1)"."""
        return "" if i is None or self.d == 1 else f"i={i} (h={self.h[i]:g})"

    def __repr__(self) -> str:
        parts = [f"h={shown(self.h)}" + (f" d={self.d}" if self.d > 4 else "")]
        defaults = {"sigma": 1.0, "w0": 1.0, "w0_std": 0.0, "optimum": 0.0}
        for name, default in defaults.items():
            value = getattr(self, name)
            if (distinct(value) != default).any():
                parts.append(f"{name}={shown(value)}")
        if self.noise.name != "gaussian":
            parts.append(str(self.noise))
        return f"NoisyQuadratic({', '.join(parts)})"
