"""Whether and how fast the mean settles: eigenvalues of the closed loop.

The noise is additive, so the mean is stable exactly when every moment is that the noise has.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nqmbench.arguments import Arguments
from nqmbench.errors import InvalidArguments
from nqmbench.method import Method
from nqmbench.recursion import open_loop

__all__ = ["radius", "spectral_radius", "stability_limit"]

Floats = NDArray[np.float64]


def spectral_radius(method: Method, h: Any) -> Floats:
    """The rate of the mean per step: the largest modulus of an eigenvalue of A, for each curvature.

    Args:
        method: a method with constant parameters.
        h: curvatures, shape (d,) or a number.

    Returns:
        Shape (d,); the mean error shrinks like radius^k (times a polynomial at a double root).

    Raises:
        InvalidArguments: the method has a schedule, or a curvature is not positive.

    >>> from nqmbench.methods import heavy_ball
    >>> spectral_radius(heavy_ball(0.1, 0.81), [1.0, 0.1]).round(12).tolist()
    [0.9, 0.9]
    """
    _refuse_schedules(method, "spectral_radius")
    checks = Arguments("spectral_radius")
    curvature = checks.vector("h", h, "finite numbers > 0", lambda x: x > 0)
    checks.done()
    lam = curvature ** (1 - method.power)
    return radius(open_loop(method, 1).closed(lam)[0])


def radius(A: Floats) -> Floats:
    """The largest modulus of an eigenvalue of each matrix, shape (d, n, n) -> (d,)."""
    return np.asarray(np.abs(np.linalg.eigvals(A)).max(axis=1), dtype=np.float64)


def stability_limit(method: Method) -> float:
    """The largest lam = eta h^(1-p) for which the method is stable: mean and moments stay bounded.

    SGD 2; heavy ball 2(1+beta); Nesterov (both forms) 2(1+beta)/(1+2beta). The noise is additive,
    so stability of the mean is stability of every moment that the noise has. inf when no step of
    the method is too large.

    Raises:
        InvalidArguments: the method has a schedule.

    >>> from nqmbench.methods import nesterov
    >>> round(stability_limit(nesterov(lr=0.3, momentum=0.9)), 9)
    1.357142857
    """
    _refuse_schedules(method, "stability_limit")
    loop = open_loop(method, 1)
    lr = float(method.values(1)["lr"][0])

    def unstable(lam: float) -> bool:
        return float(radius(loop.closed(np.array([lam / lr]))[0])[0]) > 1.0

    # Walk up by 5 % at a time, from far below any limit to 10^6, until the radius exceeds one;
    # then halve the interval to rounding.
    first = next((x for x in 0.01 * 1.05 ** np.arange(400) if unstable(x)), np.inf)
    return bisect(unstable, low=0.0, high=float(first)) if np.isfinite(first) else np.inf


def bisect(above: Callable[[float], bool], low: float, high: float) -> float:
    """The point between low and high at which `above` turns true, to rounding."""
    while high - low > 4e-16 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if above(middle) else (middle, high)
    return high


def _refuse_schedules(method: Method, what: str) -> None:
    checks = Arguments(what)
    checks.instance("method", method, Method, "a Method, such as nqmbench.sgd(lr=0.1)")
    checks.done()
    if not method.constant:
        raise InvalidArguments(f"{what}: {method.label} changes with the step; constants only")
