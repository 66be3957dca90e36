"""Least squares in slow, obvious Python: every batch of every step, one trajectory after another.

Nothing here comes from `nqmbench`. The updates are written out on plain arrays.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np


def batches(n: int, size: int, replacement: bool) -> list[tuple[int, ...]]:
    """All batches of rows, each as likely as any other."""
    if replacement:
        return list(itertools.product(range(n), repeat=size))
    return list(itertools.combinations(range(n), size))


def gradient(x, y, rows, w):
    """2 mean_b x (x . w - y), row by row."""
    total = np.zeros_like(w)
    for i in rows:
        total += 2 * x[i] * (x[i] @ w - y[i])
    return total / len(rows)


def trajectory(rule: str, x, y, w0, drawn: Sequence[tuple[int, ...]], eta, beta, gamma=None):
    """The answer after the steps with these batches; eta and beta by step."""
    w, v, m = w0.copy(), np.zeros_like(w0), w0.copy()
    for t, rows in enumerate(drawn):

        def g(at, rows=rows):
            return gradient(x, y, rows, at)

        if rule == "SGD":
            w = w - eta[t] * g(w)
        elif rule == "heavy ball, gradient velocity":
            v = beta[t] * v + g(w)
            w = w - eta[t] * v
        elif rule == "heavy ball, step velocity":
            v = beta[t] * v + eta[t] * g(w)
            w = w - v
        elif rule == "Nesterov, look-ahead":
            v = beta[t] * v + eta[t] * g(w - beta[t] * v)
            w = w - v
        elif rule == "Nesterov, PyTorch":
            now = g(w)
            v = beta[t] * v + now
            w = w - eta[t] * (now + beta[t] * v)
        else:
            raise ValueError(rule)
        if gamma is not None:
            m = gamma * m + (1 - gamma) * w
    return w if gamma is None else m


def all_answers(rule, x, y, w0, sizes: Sequence[int], replacement, eta, beta, gamma=None):
    """The answers of all sequences of batches, shape (number of sequences, d)."""
    every = [batches(len(x), size, replacement) for size in sizes]
    answers = [
        trajectory(rule, x, y, w0, drawn, eta, beta, gamma) for drawn in itertools.product(*every)
    ]
    return np.array(answers)


def observables(x, y, optimum) -> dict[str, Callable]:
    """What is observed of an answer."""
    return {
        "loss": lambda w: float(np.mean([(x[i] @ w - y[i]) ** 2 for i in range(len(x))])),
        "distance": lambda w: float(np.sum((w - optimum) ** 2)),
        **{f"w[{i}]": lambda w, i=i: float(w[i]) for i in range(len(optimum))},
    }


def moments(values) -> tuple[float, float]:
    """Mean and variance of equally likely values."""
    mean = float(np.mean(values))
    return mean, float(np.mean((np.asarray(values) - mean) ** 2))


def simulated_streams(
    rng, spectrum, label_std, w0, optimum, batch, steps, eta, beta, trials
) -> Iterator[np.ndarray]:
    """Heavy ball (step velocity) on fresh Gaussian rows: w after every step, shape (trials, d)."""
    d = len(spectrum)
    w, v = np.tile(w0, (trials, 1)), np.zeros((trials, d))
    for _ in range(steps):
        x = rng.normal(size=(trials, batch, d)) * np.sqrt(spectrum)
        y = x @ optimum + label_std * rng.normal(size=(trials, batch))
        g = 2 * ((np.einsum("tbd,td->tb", x, w) - y)[:, :, None] * x).mean(axis=1)
        v = beta * v + eta * g
        w = w - v
        yield w
