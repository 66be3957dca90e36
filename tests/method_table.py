"""One table of all methods, each beside the textbook's rule for it, for tests of every contract."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import textbook

import nqmbench as nq


@dataclass(frozen=True)
class Entry:
    """A method: how it is built, and what the textbook says about it.

    Args:
        build: from lr and momentum. rule: its name in `textbook.trajectory`.
        limit: the largest stable lam as a function of beta.
        steady: steady variance / (sigma^2/B) as a function of lam, beta.
        ar2: (phi1, phi2) of the iterates if they are an AR(2) process, as a function of lam, beta.
    """

    build: Callable[[Any, Any], nq.Method]
    rule: str
    limit: Callable[[float], float]
    steady: Callable[[float, float], float]
    ar2: Callable[[float, float], tuple[float, float]] | None


def nesterov_limit(beta: float) -> float:
    return 2 * (1 + beta) / (1 + 2 * beta)


METHODS = {
    "sgd": Entry(
        lambda lr, momentum: nq.sgd(lr),
        "SGD",
        lambda beta: 2.0,
        lambda lam, beta: textbook.steady_sgd(lam),
        lambda lam, beta: (1 - lam, 0.0),
    ),
    "heavy_ball": Entry(
        lambda lr, momentum: nq.heavy_ball(lr, momentum),
        "heavy ball, gradient velocity",
        lambda beta: 2 * (1 + beta),
        textbook.steady_heavy_ball,
        lambda lam, beta: (1 + beta - lam, -beta),
    ),
    "heavy_ball_step": Entry(
        lambda lr, momentum: nq.heavy_ball(lr, momentum, velocity="step"),
        "heavy ball, step velocity",
        lambda beta: 2 * (1 + beta),
        textbook.steady_heavy_ball,
        lambda lam, beta: (1 + beta - lam, -beta),
    ),
    "nesterov": Entry(
        lambda lr, momentum: nq.nesterov(lr, momentum),
        "Nesterov, look-ahead",
        nesterov_limit,
        textbook.steady_nesterov,
        lambda lam, beta: ((1 + beta) * (1 - lam), -beta * (1 - lam)),
    ),
    "nesterov_pytorch": Entry(
        lambda lr, momentum: nq.nesterov(lr, momentum, form="pytorch"),
        "Nesterov, PyTorch",
        nesterov_limit,
        textbook.steady_nesterov_pytorch,
        None,  # its innovations are not white
    ),
}

# Wrappers as (preconditioning power or None, averaging decay or None).
WRAPPERS = {
    "plain": (None, None),
    "preconditioned": (0.5, None),
    "averaged": (None, 0.9),
    "preconditioned averaged": (0.5, 0.9),
}


def wrapped(method: nq.Method, power: float | None, decay: Any) -> nq.Method:
    """The method inside the wrappers that are not None."""
    if power is not None:
        method = nq.preconditioned(method, power)
    return method if decay is None else nq.averaged(method, decay)


# Every noise law, as a problem takes it.
ALL_LAWS = [
    "gaussian", "uniform", "rademacher", "laplace", "exponential", ("student", 9), ("student", 5),
    "intermittent",
]  # fmt: skip
