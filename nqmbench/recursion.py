"""From the textbook update to a linear recursion.

Evaluating a method's step on unit vectors gives its **open loop**

    z' = F_t z + b_t g(c_t . z)

with the state z, the gradient g and the point c.z at which the step asks for it. The open loop knows
no problem. On the noisy quadratic model g(x) = lam (x - noise) with lam = h^(1-p), which **closes**
the loop, coordinate by coordinate:

    z' = A_t z + lam b_t (-noise),    A_t = F_t + lam b_t c_t^T

The **sequential form** is the same recursion as a program would run it: rows in a fixed order, each
allowed to use rows that are already updated where that saves terms.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nqmbench.errors import InvalidArguments
from nqmbench.methods import Method

__all__ = [
    "OpenLoop",
    "Sequential",
    "open_loop",
    "sequential",
    "spectral_radius",
    "stability_limit",
]

Floats = NDArray[np.float64]

ROUNDING = 1e-12  # relative; a textbook step loses a few units in the last place


@dataclass(frozen=True, eq=False)
class OpenLoop:
    """z' = F_t z + b_t g(c_t . z), with T = 1 when nothing changes with the step, else T = steps.

    Args:
        F: shape (T, n, n). b: shape (T, n), the reaction to a unit gradient.
        c: shape (T, n), the point at which the gradient is taken.
        starts: shape (n,), the start as multiples of w0.
        readout: index of the state that is the method's answer.
        states: the names of the states.
    """

    F: Floats
    b: Floats
    c: Floats
    starts: Floats
    readout: int
    states: tuple[str, ...]

    @property
    def n(self) -> int:
        """The number of states."""
        return len(self.states)

    @property
    def constant(self) -> bool:
        """True when every step is the same."""
        return self.F.shape[0] == 1

    def at(self, t: int) -> tuple[Floats, Floats, Floats]:
        """F, b and c of step t."""
        i = 0 if self.constant else t
        return self.F[i], self.b[i], self.c[i]

    def closed(self, lam: Floats, t: int = 0) -> tuple[Floats, Floats]:
        """A = F + lam b c^T, shape (d, n, n), and the response -(-lam b) to the noise, shape (d, n).

        Args:
            lam: h^(1-p), shape (d,).
            t: the step.
        """
        F, b, c = self.at(t)
        gain = lam[:, None] * b
        return F + gain[:, :, None] * c, -gain

    @property
    def translation_invariant(self) -> bool:
        """True when resting at any point with zero gradient is possible (then w* may be shifted away)."""
        rest = np.einsum("tij,j->ti", self.F, self.starts) - self.starts
        point = self.c @ self.starts - 1
        return bool(np.abs(rest).max() < ROUNDING and np.abs(point).max() < ROUNDING)


def open_loop(method: Method, steps: int) -> OpenLoop:
    """The open loop of a method, found by evaluating its step on zero and on unit vectors.

    Args:
        method: the method; its step must be linear in the state and the gradient.
        steps: the number of steps, for schedules.

    Raises:
        InvalidArguments: the step is not linear, asks for the gradient more or less than once, or
            returns other states than it was given.

    >>> from nqmbench.methods import heavy_ball
    >>> loop = open_loop(heavy_ball(lr=0.1, momentum=0.9), steps=10)
    >>> loop.states, loop.b.tolist(), loop.c.tolist()
    (('w', 'v'), [[-0.1, 1.0]], [[1.0, 0.0]])
    """
    parameters = method.values(steps)
    names = tuple(method.starts)
    n, length = len(names), parameters["lr"].size

    def respond(state: Floats, slope: Floats) -> tuple[Floats, Floats]:
        return evaluate_step(method, parameters, state, slope)

    nothing = np.zeros((n, length))
    F = np.empty((length, n, n))
    c = np.empty((length, n))
    for j in range(n):
        unit = nothing.copy()
        unit[j] = 1.0
        new, point = respond(unit, np.zeros(length))
        F[:, :, j], c[:, j] = new.T, point
    b = respond(nothing, np.ones(length))[0].T.copy()

    # Linearity at random points; a step that is linear passes for every seed.
    rng = np.random.default_rng(20190708)
    for scale in (1.0, 1e3):
        z, g = scale * rng.normal(size=(n, length)), scale * rng.normal(size=length)
        new, point = respond(z, g)
        told = np.einsum("tij,jt->it", F, z) + b.T * g
        size = scale * (1 + np.abs(F).max() + np.abs(b).max())
        if not (
            np.allclose(new, told, rtol=0, atol=ROUNDING * size * n)
            and np.allclose(point, np.einsum("tj,jt->t", c, z), rtol=0, atol=ROUNDING * size * n)
        ):
            raise InvalidArguments(
                f"{method.title}: the step is not linear in the state and the gradient; only linear "
                "methods can be simulated (no sign, clipping, division by a gradient, or offset)"
            )
    starts = np.array([float(method.starts[name]) for name in names])
    return OpenLoop(F, b, c, starts, names.index(method.readout), names)


def evaluate_step(
    method: Method, parameters: dict[str, Floats], state: Floats, slope: Floats
) -> tuple[Floats, Floats]:
    """One textbook step from `state`, shape (n, T), where the gradient answers `slope`, shape (T,).

    Returns:
        The new state, shape (n, T), and the point at which the step asked for the gradient.

    Raises:
        InvalidArguments: the step does not call the gradient exactly once or returns other states.
    """
    asked: list[Floats] = []

    def gradient(point: Any) -> Floats:
        asked.append(np.broadcast_to(np.asarray(point, dtype=np.float64), slope.shape))
        return slope

    rest = dict(parameters)
    eta = rest.pop("lr")
    named = dict(zip(method.starts, state, strict=True))
    new = method.step(named, gradient, eta, **rest)
    if len(asked) != 1:
        raise InvalidArguments(
            f"{method.title}: the step called the gradient {len(asked)} times; it must do so once"
        )
    if set(new) != set(method.starts):
        raise InvalidArguments(
            f"{method.title}: the step returned the states {sorted(new)}; "
            f"the method declares {sorted(method.starts)}"
        )
    rows = [np.broadcast_to(np.asarray(new[s], dtype=np.float64), slope.shape) for s in named]
    return np.array(rows), asked[0]


@dataclass(frozen=True, eq=False)
class Sequential:
    """The open loop as increments, row after row:

        g    = gradient at c_t . z
        z_r += sum_j D_t[r,j] z_j(old) + sum_{j<r} L_t[r,j] z_j(new) + e_t[r] g,     r = 0..n-1

    Args:
        D: shape (T, n, n). L: shape (T, n, n), strictly lower. c, e: shape (T, n).
        starts: shape (n,). readout: index of the answer.
        order: the states' names in the order of the rows.
    """

    D: Floats
    L: Floats
    c: Floats
    e: Floats
    starts: Floats
    readout: int
    order: tuple[str, ...]

    @property
    def terms(self) -> int:
        """The number of multiply-adds of one step, all steps of a schedule taken together."""
        tables = (self.D, self.L, self.c, self.e)
        return sum(int((table != 0).any(axis=0).sum()) for table in tables)


def sequential(loop: OpenLoop) -> Sequential:
    """The sequential form with the fewest terms.

    Every order of the states is tried. Row r is F_r z + b_r g; subtracting a multiple of ONE earlier
    new row removes old terms or the gradient. With momentum and averaging this finds the textbook
    program v' = beta v + g; w' = w - eta v'; m' = m + (1-gamma) (w' - m).

    >>> from nqmbench.methods import averaged, heavy_ball
    >>> form = sequential(open_loop(averaged(heavy_ball(0.1, 0.9), 0.99), 1))
    >>> form.order, form.terms
    (('v', 'w', 'm'), 6)
    """
    rows = np.concatenate([loop.F, loop.b[:, :, None]], axis=2)  # (T, n, n + 1)
    forms = [in_order(loop, rows, order) for order in itertools.permutations(range(loop.n))]
    return min(forms, key=lambda form: form.terms)


def in_order(loop: OpenLoop, rows: Floats, order: tuple[int, ...]) -> Sequential:
    """The sequential form that updates the states in the given order."""
    n, length = loop.n, rows.shape[0]
    identity = np.eye(n, n + 1)
    D, L = np.zeros((length, n, n)), np.zeros((length, n, n))
    e = np.zeros((length, n))
    for r, i in enumerate(order):
        best, best_terms = rows[:, i] - identity[i], np.inf
        best_link: tuple[int, Floats] | None = None
        for link in [None, *reusable(rows, order[:r], i)]:
            rest = rows[:, i] - identity[i]
            if link is not None:
                j, factor = link
                rest = clean(rest - factor[:, None] * rows[:, order[j]], np.abs(rows[:, i]).max())
            terms = (rest != 0).any(axis=0).sum() + (link is not None)
            if terms < best_terms:
                best, best_terms, best_link = rest, terms, link
        D[:, r] = best[:, list(order)]
        e[:, r] = best[:, n]
        if best_link is not None:
            L[:, r, best_link[0]] = best_link[1]
    names = tuple(loop.states[i] for i in order)
    index = list(order)
    return Sequential(
        D, L, loop.c[:, index], e, loop.starts[index], order.index(loop.readout), names
    )


def reusable(rows: Floats, earlier: tuple[int, ...], i: int) -> list[tuple[int, Floats]]:
    """Pairs (position of an earlier row, factor) with which that row cancels a term of row i."""
    found = []
    for position, j in enumerate(earlier):
        for column in range(rows.shape[2]):
            divisor = rows[:, j, column]
            if (divisor != 0).all() and rows[:, i, column].any():
                found.append((position, rows[:, i, column] / divisor))
    return found


def clean(values: Floats, size: float) -> Floats:
    """Differences that are only rounding, set to zero."""
    return np.where(np.abs(values) <= ROUNDING * max(size, 1.0), 0.0, values)


def spectral_radius(method: Method, h: Any) -> Floats:
    """The rate of the mean per step: the largest modulus of an eigenvalue of A, for each curvature.

    Args:
        method: a method with constant parameters.
        h: curvatures, shape (d,) or a number.

    Returns:
        Shape (d,); the mean error shrinks like radius^k (times a polynomial at a double root).

    Raises:
        InvalidArguments: the method has a schedule.

    >>> from nqmbench.methods import heavy_ball
    >>> spectral_radius(heavy_ball(0.1, 0.81), [1.0, 0.1]).round(12).tolist()
    [0.9, 0.9]
    """
    _refuse_schedules(method, "spectral_radius")
    lam = np.atleast_1d(np.asarray(h, dtype=np.float64)) ** (1 - method.power)
    A, _ = open_loop(method, 1).closed(lam)
    return np.asarray(np.abs(np.linalg.eigvals(A)).max(axis=1), dtype=np.float64)


def stability_limit(method: Method) -> float:
    """The largest lam = eta h^(1-p) for which the method is stable: mean and moments stay bounded.

    SGD 2; heavy ball 2(1+beta); Nesterov (both forms) 2(1+beta)/(1+2beta). The noise is additive,
    so stability of the mean is stability of every moment that the noise has.

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
        A, _ = loop.closed(np.array([lam / lr]))
        return bool(np.abs(np.linalg.eigvals(A[0])).max() > 1.0)

    # Walk up until the radius exceeds one, then halve the interval to rounding.
    return bisect(
        unstable, low=0.0, high=next(x for x in 0.01 * 1.05 ** np.arange(400) if unstable(x))
    )


def bisect(above: Callable[[float], bool], low: float, high: float) -> float:
    """The point between low and high at which `above` turns true, to rounding."""
    while high - low > 4e-16 * high:
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (low, middle) if above(middle) else (middle, high)
    return high


def _refuse_schedules(method: Method, what: str) -> None:
    if not method.constant:
        raise InvalidArguments(f"{what}: {method.label} changes with the step; constants only")
