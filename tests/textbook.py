"""The textbook in slow, obvious Python: the reference for methods and exact moments.

Nothing here comes from `nqmbench`. The updates are written out as loops over steps on plain
numbers, so they run on floats and on `fractions.Fraction`; expectations are sums over every path of
the noise.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

# Laws with finitely many values as (value, probability); mean 0 and variance 1.
RADEMACHER = ((Fraction(-1), Fraction(1, 2)), (Fraction(1), Fraction(1, 2)))
SKEWED = ((Fraction(2), Fraction(1, 5)), (Fraction(-1, 2), Fraction(4, 5)))


def trajectory(
    rule: str,
    start: Any,
    noise: Sequence[Any],
    curvature: Any,
    eta: Sequence[Any],
    beta: Sequence[Any],
    gamma: Sequence[Any] | None = None,
) -> list[Any]:
    """The answers after 0, 1, ..., len(noise) updates of one coordinate.

    The gradient at a point is curvature * (point - noise of the step). With `gamma` the answer is
    the exponential moving average of the iterates, else the iterate.
    """
    w, v, m = start, start * 0, start
    answers = [start]
    for t, x in enumerate(noise):
        if rule == "SGD":
            g = curvature * (w - x)
            w = w - eta[t] * g
        elif rule == "heavy ball, gradient velocity":
            g = curvature * (w - x)
            v = beta[t] * v + g
            w = w - eta[t] * v
        elif rule == "heavy ball, step velocity":
            g = curvature * (w - x)
            v = beta[t] * v + eta[t] * g
            w = w - v
        elif rule == "Nesterov, look-ahead":
            ahead = w - beta[t] * v
            g = curvature * (ahead - x)
            v = beta[t] * v + eta[t] * g
            w = w - v
        elif rule == "Nesterov, PyTorch":
            g = curvature * (w - x)
            v = beta[t] * v + g
            w = w - eta[t] * (g + beta[t] * v)
        else:
            raise ValueError(rule)
        if gamma is None:
            answers.append(w)
        else:
            m = gamma[t] * m + (1 - gamma[t]) * w
            answers.append(m)
    return answers


def paths(law: Sequence[tuple[Any, Any]], length: int) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every sequence of `length` independent draws, with its probability."""
    for draws in itertools.product(law, repeat=length):
        yield tuple(value for value, _ in draws), math.prod(p for _, p in draws)


def batch_means(samples: Sequence[Any], batches: Sequence[int]) -> list[Any]:
    """The mean of each batch; the samples are used up in order."""
    ends = list(itertools.accumulate(batches))
    return [sum(samples[e - b : e]) / b for e, b in zip(ends, batches, strict=True)]


def mean_and_variance(outcomes: Sequence[tuple[Any, Any]]) -> tuple[Any, Any]:
    """Mean and variance of (value, probability) pairs, by their definition."""
    mean = sum(value * p for value, p in outcomes)
    return mean, sum((value - mean) ** 2 * p for value, p in outcomes)


def enumerated(
    walk: Callable[[Sequence[Any], Any], list[Any]],
    law: Sequence[tuple[Any, Any]],
    batches: Sequence[int],
    starts: Sequence[tuple[Any, Any]],
) -> list[list[tuple[Any, Any]]]:
    """The law of one coordinate's answer after each number of updates.

    Args:
        walk: the answers for the noise of each step and a start.
        law: of one sample. batches: the batch size of each step. starts: the law of the start.

    Returns:
        For k = 0..len(batches) all (answer, probability) pairs.
    """
    laws: list[list[tuple[Any, Any]]] = [[] for _ in range(len(batches) + 1)]
    for start, chance in starts:
        for samples, probability in paths(law, sum(batches)):
            for k, answer in enumerate(walk(batch_means(samples, batches), start)):
                laws[k].append((answer, probability * chance))
    return laws


def weighted_squares(
    coordinates: Sequence[Sequence[tuple[Any, Any]]], weights: Sequence[Any]
) -> list[tuple[Any, Any]]:
    """The law of sum_i weight_i w_i^2 over independent coordinates."""
    return [
        (
            sum(c * w**2 for c, (w, _) in zip(weights, joint, strict=True)),
            math.prod(p for _, p in joint),
        )
        for joint in itertools.product(*coordinates)
    ]


def standard_normal(points: int = 8) -> list[tuple[float, float]]:
    """A law with finitely many values and the normal moments up to order 2 points - 1."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(points)
    return list(zip(nodes.tolist(), (weights / weights.sum()).tolist(), strict=True))


# Steady variances of one coordinate, divided by sigma^2 / B; lam = eta h^(1-p).


def steady_sgd(lam: float) -> float:
    """Variance of w' = (1 - lam) w + lam x."""
    return lam / (2 - lam)


def steady_heavy_ball(lam: float, beta: float) -> float:
    """The same for Polyak's momentum, both forms."""
    return lam * (1 + beta) / ((1 - beta) * (2 * (1 + beta) - lam))


def steady_nesterov(lam: float, beta: float) -> float:
    """The same for the iterate w of the look-ahead form."""
    a = 1 - lam
    return lam * (1 + beta * a) / ((1 - beta * a) * (1 + a * (1 + 2 * beta)))


def steady_quasi_hyperbolic(alpha_h: float, beta: float, nu: float) -> float:
    """The same for w' = w - alpha ((1-nu) g + nu v'), v' = beta v + (1-beta) g.

    Source: Ma & Yarats 2019.
    """
    t0, t1 = alpha_h * (1 - nu * beta), -alpha_h * beta * (1 - nu)
    phi1, phi2 = 1 + beta - t0, -beta - t1
    top = (t0**2 + t1**2) * (1 - phi2) + 2 * phi1 * t0 * t1
    return top / ((1 + phi2) * ((1 - phi2) ** 2 - phi1**2))


def steady_nesterov_pytorch(lam: float, beta: float) -> float:
    """The same for PyTorch's Nesterov: quasi-hyperbolic with nu = beta, alpha = eta/(1-beta)."""
    return steady_quasi_hyperbolic(lam / (1 - beta), beta, beta)


def averaging_factor(phi1: float, phi2: float, gamma: float) -> float:
    """Var m / Var w for the average of an AR(2) process w (white innovations)."""
    rho1 = phi1 / (1 - phi2)
    lagged = gamma * phi1 + gamma**2 * phi2 + gamma * phi2 * rho1
    return (1 - gamma) / (1 + gamma) * (1 + 2 * lagged / (1 - gamma * phi1 - gamma**2 * phi2))
