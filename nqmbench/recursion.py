"""From the textbook update to a linear recursion.

Evaluating a method's step on unit vectors gives its **open loop**

    z' = F_t z + b_t g(c_t . z)

with the state z, the gradient g and the point c.z at which the step asks for it. The open loop
knows no problem. On the noisy quadratic model g(x) = lam (x - noise) with lam = h^(1-p), which
**closes** the loop, coordinate by coordinate:

    z' = A_t z + lam b_t (-noise),    A_t = F_t + lam b_t c_t^T

The **sequential form** is the same recursion as a program would run it: rows in a fixed order, each
allowed to use rows that are already updated where that saves terms.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nqmbench.arguments import told
from nqmbench.errors import InvalidArguments
from nqmbench.method import Method

__all__ = ["OpenLoop", "Sequential", "open_loop", "sequential"]

Floats = NDArray[np.float64]

FEW_STATES = 5  # 120 orders; beyond, the order in which the method lists its states is taken
ROUNDING = 1e-12  # relative; a textbook step loses a few units in the last place
AT_ONCE = 4096  # steps of a schedule
CANCELLED = 1e-14  # relative; a difference of two equal numbers after a few roundings


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
        return len(self.F) == 1

    def at(self, t: int) -> tuple[Floats, Floats, Floats]:
        """F, b and c of step t."""
        i = 0 if self.constant else t
        return self.F[i], self.b[i], self.c[i]

    def closed(self, lam: Floats, t: int = 0) -> tuple[Floats, Floats]:
        """A = F + lam b c^T, shape (d, n, n), and the response to the noise, -lam b, shape (d, n).

        Args:
            lam: h^(1-p), shape (d,).
            t: the step.
        """
        F, b, c = self.at(t)
        gain = lam[:, None] * b
        return F + gain[:, :, None] * c, -gain

    @property
    def translation_invariant(self) -> bool:
        """True when it can rest at any point without gradient; then w* may be shifted away."""
        rest = np.einsum("tij,j->ti", self.F, self.starts) - self.starts
        point = self.c @ self.starts - 1
        return max(float(np.abs(rest).max()), float(np.abs(point).max())) < ROUNDING


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
    F, b, c = np.empty((length, n, n)), np.empty((length, n)), np.empty((length, n))
    for first in range(0, length, AT_ONCE):
        part = slice(first, first + AT_ONCE)
        some = {name: table[part] for name, table in parameters.items()}
        F[part], b[part], c[part] = probed(method, some)
    starts = np.array([float(method.starts[name]) for name in names])
    return OpenLoop(F, b, c, starts, names.index(method.readout), names)


def probed(method: Method, parameters: dict[str, Floats]) -> tuple[Floats, Floats, Floats]:
    """F, b and c of some steps, from one evaluation of the step at all points.

    Args:
        method: the method.
        parameters: their values at these steps, shape (T,).
    """
    places, slopes, scales = points(len(method.starts))
    n, T = len(places), parameters["lr"].size
    shape = slopes.size, T
    states = np.broadcast_to(places[:, :, None], (n, *shape)).copy()  # a step may work in place
    answers = np.broadcast_to(slopes[:, None], shape).copy()
    new, asked = evaluate_step(method, parameters, states, answers)
    F, c = np.ascontiguousarray(new[:, :n].transpose(2, 0, 1)), np.ascontiguousarray(asked[:n].T)
    b = np.ascontiguousarray(new[:, n].T)
    with np.errstate(all="ignore"):
        told = (F @ places).transpose(1, 2, 0) + b.T[:, None] * slopes[:, None]
        wanted = (c @ places).T
        room = ROUNDING * n * (scales * (1 + np.abs(F).max() + np.abs(b).max()))[:, None]
        linear = (np.abs(new - told) <= room).all() and (np.abs(asked - wanted) <= room).all()
    if np.isinf(room).any() and np.isfinite(F).all() and np.isfinite(b).all():
        raise InvalidArguments(f"{method.label}: the step overflows; allowed: smaller parameters")
    if not (linear and np.isfinite(room).all()):
        raise InvalidArguments(
            f"{method.title}: the step is not linear in the state and the gradient; allowed: "
            "linear steps (no sign, no clipping, no division by a gradient, no offset)"
        )
    return F, b, c


@cache
def points(n: int) -> tuple[Floats, Floats, Floats]:
    """Where a step of n states is evaluated.

    At every unit vector without a gradient, at zero with a unit gradient, and, to see whether the
    step is linear, at random points of many sizes, some with their negatives (|w| is linear on one
    side). A step that is linear passes for every seed.

    Returns:
        The states, shape (n, P), the gradients and the sizes, shape (P,).
    """
    rng = np.random.default_rng(20190708)
    sizes = np.array([1.0, 1e3, 1e-3, 1e6])
    z, g = sizes * rng.normal(size=(n, 4)), sizes * rng.normal(size=4)
    places = np.hstack([np.eye(n), np.zeros((n, 1)), z, -z[:, :2]])
    slopes = np.concatenate([np.zeros(n), [1.0], g, -g[:2]])
    return places, slopes, np.concatenate([np.ones(n + 1), sizes, sizes[:2]])


def evaluate_step(
    method: Method, parameters: dict[str, Floats], state: Floats, slope: Floats
) -> tuple[Floats, Floats]:
    """One textbook step from `state`, shape (n, ..., T), where the gradient answers `slope`.

    Args:
        method: the method.
        parameters: their values, shape (T,).
        state: in the order of the method's starts.
        slope: shape (..., T).

    Returns:
        The new state, shape (n, ..., T), and the point at which the step asked for the gradient.

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
    try:
        with np.errstate(all="ignore"):
            new: Any = method.step(named, gradient, eta, **rest)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a user's code may do anything
        raise InvalidArguments(
            f"{method.title}: the step raised {told(error)}; a step is called as "
            f"step(state, gradient, eta{''.join(', ' + name for name in rest)}) with arrays, so it "
            "takes these arguments and uses arithmetic only, no `if`"
        ) from error
    if len(asked) != 1:
        raise InvalidArguments(
            f"{method.title}: the step called the gradient {len(asked)} times; it must do so once"
        )
    if not isinstance(new, Mapping) or set(new) != set(method.starts):
        kind = f"no mapping but {type(new).__name__}"
        returned = f"the states {sorted(map(str, new))}" if isinstance(new, Mapping) else kind
        raise InvalidArguments(
            f"{method.title}: the step returned {returned}; "
            f"the method declares {sorted(method.starts)}"
        )
    rows = [np.broadcast_to(np.asarray(new[s], dtype=np.float64), slope.shape) for s in named]
    return np.array(rows), asked[0]


@dataclass(frozen=True, eq=False)
class Sequential:
    """The open loop as increments, row after row.

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

    Every order of the states is tried. Row r is F_r z + b_r g; subtracting a multiple of ONE
    earlier new row removes old terms or the gradient. With momentum and averaging this finds the
    textbook program v' = beta v + g; w' = w - eta v'; m' = m + (1-gamma) (w' - m).

    >>> from nqmbench.methods import averaged, heavy_ball
    >>> form = sequential(open_loop(averaged(heavy_ball(0.1, 0.9), 0.99), 1))
    >>> form.order, form.terms
    (('v', 'w', 'm'), 6)
    """
    rows = np.concatenate([loop.F, loop.b[:, :, None]], axis=2)  # (T, n, n + 1)
    every = itertools.permutations(range(loop.n))
    orders = every if loop.n <= FEW_STATES else [tuple(range(loop.n))]
    forms = [in_order(loop, rows, order) for order in orders]
    return min(forms, key=lambda form: form.terms)


def in_order(loop: OpenLoop, rows: Floats, order: tuple[int, ...]) -> Sequential:
    """The sequential form that updates the states in the given order."""
    n, length = loop.n, rows.shape[0]
    identity = np.broadcast_to(np.eye(n, n + 1), (length, n, n + 1))
    D, L = np.zeros((length, n, n)), np.zeros((length, n, n))
    e = np.zeros((length, n))
    for r, i in enumerate(order):
        best, best_terms = rows[:, i] - identity[:, i], np.inf
        best_link: tuple[int, Floats] | None = None
        for link in [None, *reusable(rows, order[:r], i)]:
            rest = rows[:, i] - identity[:, i]
            if link is not None:
                j, factor = link
                rest = remainder(rows[:, i], factor[:, None] * rows[:, order[j]], identity[:, i])
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


def remainder(row: Floats, link: Floats, identity: Floats) -> Floats:
    """Row - link - identity, where each entry that is only rounding of its own terms is zero.

    The measure is the entry's terms and no common size: a step size of 1e-14 is small beside a
    state's 1 and yet everything where the curvature is 1e13.
    """
    terms = np.abs(row) + np.abs(link) + identity
    rest = row - link - identity
    return np.where(np.abs(rest) <= CANCELLED * terms, 0.0, rest)
