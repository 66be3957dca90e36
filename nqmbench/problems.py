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
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nqmbench.arguments import Arguments, distinct
from nqmbench.noise import NoiseLaw, noise_law

__all__ = ["NoisyQuadratic"]


@dataclass(frozen=True, eq=False, init=False, repr=False)
class NoisyQuadratic:
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
    def noiseless(self) -> bool:
        """True when every trajectory is the same: no gradient noise and a fixed start."""
        return not (distinct(self.sigma).any() or distinct(self.w0_std).any())

    def __repr__(self) -> str:
        def short(x: NDArray[np.float64]) -> str:
            if x.size > 1 and (distinct(x) == x[0]).all():
                x = x[:1]
            shown = ", ".join(f"{v:g}" for v in x[:4])
            return f"({shown}{', ...' if x.size > 4 else ''})" if x.size > 1 else shown

        parts = [f"h={short(self.h)}" + (f" d={self.d}" if self.d > 4 else "")]
        defaults = {"sigma": 1.0, "w0": 1.0, "w0_std": 0.0, "optimum": 0.0}
        for name, default in defaults.items():
            value = getattr(self, name)
            if (distinct(value) != default).any():
                parts.append(f"{name}={short(value)}")
        if self.noise.name != "gaussian":
            parts.append(str(self.noise))
        return f"NoisyQuadratic({', '.join(parts)})"
