"""An experiment: a problem, a method, a batch size, a number of steps, and what is observed when.

Two experiments with the same key have the same numbers, whatever they are called: the key is a
digest of the recursion itself, the problem, the batch sizes, the checkpoints and the observables.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nqmbench.arguments import Arguments, distinct, repeated
from nqmbench.method import Method
from nqmbench.problems import NoisyQuadratic
from nqmbench.recursion import OpenLoop, open_loop
from nqmbench.schedules import Schedule, as_parameter

__all__ = ["Experiment", "Observable", "Quantity", "log_checkpoints"]

ALLOWED_OBSERVABLES = "'error', 'loss', 'w[i]', 'w2[i]', 'w3[i]' with a coordinate 0 <= i < d"

SUMS = "error", "loss"
COORDINATE = re.compile(r"w([23]?)\[(i|[0-9]{1,9})\]")

# What experiments with the same trajectories share, once one of them has found it.
SAME_TRAJECTORIES = ("open_loop", "batch_sizes", "recursion_key", "symbols")


@dataclass(frozen=True)
class Observable:
    """One observed quantity, with w the read-out minus the optimum.

    error = sum_i w_i^2,   loss = 1/2 sum_i h_i w_i^2,   w[i], w2[i] = w_i^2, w3[i] = w_i^3

    Args:
        name: as the user writes it.
        power: the power of w_i in it.
        coordinate: i, or None for a sum over all coordinates.
    """

    name: str
    power: int
    coordinate: int | None = None

    @property
    def nonnegative(self) -> bool:
        """True when the quantity is a sum of squares; then |mean| is its natural scale."""
        return self.power == 2

    def weights(self, h: NDArray[np.float64]) -> NDArray[np.float64]:
        """The factor of w_i^power for each coordinate that takes part, shape (d,) or (1,)."""
        if self.coordinate is not None:
            return np.ones(1)
        return h / 2 if self.name == "loss" else np.ones(h.size)


def stands_for(name: Any, d: int) -> int:
    """How many observables a name stands for; 0 if it is none.

    >>> stands_for("w2[i]", 10**9), stands_for("w2[7]", 7), stands_for("loss", 7)
    (1000000000, 0, 1)
    """
    if not isinstance(name, str):
        return 0
    if name in SUMS:
        return 1
    match = COORDINATE.fullmatch(name)
    if not match:
        return 0
    return d if match[2] == "i" else int(int(match[2]) < d)


def parse_observable(name: Any, d: int) -> list[Observable]:
    """The observables that a name stands for; "w2[i]" with the letter i means every coordinate.

    >>> [o.name for o in parse_observable("w2[i]", 2)], parse_observable("speed", 2)
    (['w2[0]', 'w2[1]'], [])
    """
    if not stands_for(name, d):
        return []
    match = COORDINATE.fullmatch(name)
    if not match:
        return [Observable(name, 2)]
    stem, power = "w" + match[1], int(match[1] or 1)
    chosen = range(d) if match[2] == "i" else [int(match[2])]
    return [Observable(f"{stem}[{i}]", power, i) for i in chosen]


def is_observable(name: Any) -> bool:
    """True for a name that is an observable in some dimension.

    >>> is_observable("w2[i]"), is_observable("w2[7]"), is_observable("w4[0]"), is_observable(None)
    (True, True, False, False)
    """
    return bool(stands_for(name, 10**9))


def log_checkpoints(steps: int, count: int) -> tuple[int, ...]:
    """The distinct rounded values of a geometric sequence from 1 to `steps`.

    Args:
        steps: the last checkpoint, >= 1.
        count: how many values before rounding, >= 1.

    >>> log_checkpoints(100, 5), len(log_checkpoints(1000, 40))
    ((1, 3, 10, 32, 100), 35)
    """
    checks = Arguments("log_checkpoints")
    last, n = checks.integer("steps", steps, 1), checks.integer("count", count, 1)
    checks.done()
    return _spread(last, n)


@lru_cache(maxsize=256)  # most experiments have the same
def _spread(last: int, n: int) -> tuple[int, ...]:
    values = np.geomspace(1, last, n) if n > 1 else np.array([last])
    return tuple(sorted({round(float(v)) for v in values}))


@dataclass(frozen=True, eq=False, init=False)
class Experiment:
    """What is simulated, and what its exact moments are computed for.

    Args:
        problem: the noisy quadratic.
        method: the optimiser with its parameters.
        batch: samples per gradient, an integer >= 1 or a schedule of such.
        steps: number of updates, >= 1 and at most a schedule's horizon.
        checkpoints: increasing steps in 0..steps, the state after so many updates; by default
            `log_checkpoints(steps, 40)`.
        observables: names of what is observed there; see `Observable`.

    Raises:
        InvalidArguments: names every wrong field, what was given and what is allowed.

    >>> import nqmbench as nq
    >>> e = nq.Experiment(nq.NoisyQuadratic([1.0, 0.1]), nq.sgd(0.1), batch=10, steps=100)
    >>> e.label
    'SGD(lr=0.1), B=10, h=(1, 0.1)'
    """

    problem: NoisyQuadratic
    method: Method
    batch: int | Schedule
    steps: int
    checkpoints: tuple[int, ...]
    observables: tuple[str, ...]

    def __init__(
        self,
        problem: NoisyQuadratic,
        method: Method,
        batch: Any = 1,
        steps: int = 1000,
        checkpoints: Iterable[int] | None = None,
        observables: Iterable[str] = ("error",),
    ) -> None:
        checks = Arguments("Experiment")
        given: Any = (problem, method)
        known = [isinstance(x, t) for x, t in zip(given, (NoisyQuadratic, Method), strict=True)]
        if not known[0]:
            checks.complain("problem", problem, "a NoisyQuadratic")
        if not known[1]:
            checks.complain("method", method, "a Method, such as nqmbench.sgd(lr=0.1)")
        before = len(checks.complaints)
        total = checks.integer("steps", steps, 1)
        counted = len(checks.complaints) == before
        batch = _batch(checks, batch, total if counted else 1)
        if known[1] and counted:
            method.check_schedules(total, checks)
        wanted = _checkpoints(checks, checkpoints, total)
        names = _observables(checks, observables, problem.d if known[0] else None)
        checks.done()
        values = (problem, method, batch, total, wanted, names)
        for name, value in zip(self.__dataclass_fields__, values, strict=True):
            object.__setattr__(self, name, value)
        curvature = distinct(self.curvature)
        if not (np.isfinite(curvature) & (curvature > 0)).all():
            checks.complain("method", method.label, "a power with h^(1 - power) neither 0 nor inf")
            checks.done()
        if distinct(problem.optimum).any() and not self.open_loop.translation_invariant:
            checks.complain(
                "problem.optimum",
                problem.optimum,
                f"0 with {method.title}, which pulls towards zero: shift w0 by the optimum instead",
            )
        checks.done()

    @cached_property
    def open_loop(self) -> OpenLoop:
        """The method's linear recursion over this experiment's steps."""
        return open_loop(self.method, self.steps)

    @cached_property
    def batch_sizes(self) -> NDArray[np.float64]:
        """B_t, shape (1,) when constant, else (steps,)."""
        if isinstance(self.batch, Schedule):
            return self.batch.values(self.steps)
        return np.array([float(self.batch)])

    @property
    def curvature(self) -> NDArray[np.float64]:
        """h^(1-p): the curvature that the preconditioned method meets, shape (d,)."""
        h = self.problem.h
        with np.errstate(over="ignore", under="ignore"):
            return repeated(distinct(h) ** (1 - self.method.power), h.size)

    @cached_property
    def observed(self) -> tuple[Observable, ...]:
        """The observables in the order given, "w[i]" expanded over the coordinates."""
        parsed = [o for name in self.observables for o in parse_observable(name, self.problem.d)]
        return tuple(dict.fromkeys(parsed))

    @cached_property
    def recursion_key(self) -> str:
        """A digest of everything but checkpoints and observables: of the trajectories."""
        problem, loop = self.problem, self.open_loop
        arrays = [
            problem.h, problem.sigma, problem.w0, problem.w0_std, problem.optimum,
            loop.F, loop.b, loop.c, loop.starts, self.curvature, self.batch_sizes,
        ]  # fmt: skip
        digest = hashlib.sha256()
        for array in arrays:
            digest.update(repr(array.shape).encode() + np.ascontiguousarray(array).tobytes())
        digest.update(repr((problem.noise, loop.readout, self.steps)).encode())
        return digest.hexdigest()

    @cached_property
    def key(self) -> str:
        """A digest of everything that a number of this experiment depends on."""
        text = repr((self.recursion_key, self.checkpoints, [o.name for o in self.observed]))
        return hashlib.sha256(text.encode()).hexdigest()

    @cached_property
    def symbols(self) -> dict[str, float]:
        """The scalars that a formula may ask for, under the texts' letters: B, eta, L, mu, d."""
        batch: dict[str, float] = {}
        if isinstance(self.batch, Schedule):
            for symbol, value in self.batch.symbols.items():
                batch["B0" if symbol == "0" else f"B_{symbol}"] = value
        else:
            batch["B"] = float(self.batch)
        h = self.problem.h
        return {
            **self.method.symbols, **batch,
            "d": float(h.size), "L": float(h.max()), "mu": float(h.min()),
        }  # fmt: skip

    @property
    def label(self) -> str:
        """Method, batch size and problem in one line."""
        return ", ".join(self.label_parts)

    def coordinate_label(self, i: int | None) -> str:
        """Coordinate i in words, as "i=1 (h=0.1)"; "" for None and where there is only one."""
        if i is None or self.problem.d == 1:
            return ""
        return f"i={i} (h={self.problem.h[i]:g})"

    def observed_at(self, steps: Iterable[int], names: Iterable[str] | None = None) -> Experiment:
        """The same trajectories, looked at elsewhere.

        Args:
            steps: the checkpoints.
            names: of the observables; None keeps them.
        """
        kept = self.observables if names is None else names
        other = Experiment(self.problem, self.method, self.batch, self.steps, steps, kept)
        known = {name: vars(self)[name] for name in SAME_TRAJECTORIES if name in vars(self)}
        vars(other).update(known)
        return other

    @property
    def label_parts(self) -> tuple[str, str, str]:
        """Method, batch size and problem, in words."""
        problem = repr(self.problem).removeprefix("NoisyQuadratic(").removesuffix(")")
        return self.method.label, f"B={self.batch}", problem


# What one side of a comparison, or a curve, is about.
Quantity = tuple[Experiment, Observable]


def _batch(checks: Arguments, seen: Any, steps: int) -> int | Schedule:
    """The batch size: an integer, or a schedule whose values are integers over all steps."""
    known = as_parameter(checks, "batch", seen)
    if not isinstance(known, Schedule):
        return checks.integer("batch", seen, 1)
    if known.shorter_than(steps):
        checks.complain("steps", steps, f"at most {known.horizon}, the horizon of batch")
        return known
    sizes = known.values(steps)
    good = np.isfinite(sizes) & (sizes >= 1) & (np.floor(sizes) == sizes)
    if not good.all():
        t = int(np.argmin(good))
        checks.complain(f"batch at t = {t}", sizes[t], "an integer >= 1")
    return known


def _checkpoints(checks: Arguments, seen: Any, steps: int) -> tuple[int, ...]:
    if seen is None:
        return log_checkpoints(steps, 40)
    listed = list(seen) if isinstance(seen, Iterable) and not isinstance(seen, str) else [seen]
    inner = Arguments("checkpoints")
    usual = all(type(k) is int and 0 <= k <= steps for k in listed)
    values = listed if usual else [inner.integer("k", k, 0, steps) for k in listed]
    increasing = all(a < b for a, b in itertools.pairwise(values))
    if inner.complaints or not values or not increasing:
        checks.complain("checkpoints", seen, f"increasing integers in 0..{steps}")
    return tuple(values)


def _observables(checks: Arguments, seen: Any, d: int | None) -> tuple[str, ...]:
    text = isinstance(seen, str) or not isinstance(seen, Iterable)
    listed = [seen] if text else list(seen)
    for name in listed:
        if not (stands_for(name, d) if d else is_observable(name)):
            checks.complain("observables", name, ALLOWED_OBSERVABLES + (f" = {d}" if d else ""))
    if not listed or len(set(map(str, listed))) != len(listed):
        checks.complain("observables", listed, "a non-empty sequence without repetition")
    return tuple(map(str, listed))
