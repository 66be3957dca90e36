"""An experiment: a problem, a method, a batch size, a number of steps, and what is observed when.

Two experiments with the same key have the same numbers, whatever they are called: the key is a
digest of the recursion itself, the problem, the batch sizes, the checkpoints and the observables.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nqmbench.arguments import Arguments
from nqmbench.method import Method
from nqmbench.observables import ERRORS, Observable, is_observable
from nqmbench.problem import Problem
from nqmbench.problems import NoisyQuadratic
from nqmbench.recursion import OpenLoop, open_loop
from nqmbench.schedules import Schedule, as_parameter

__all__ = ["Experiment", "Quantity", "log_checkpoints"]

# What experiments with the same trajectories share, once one of them has found it.
SAME_TRAJECTORIES = ("open_loop", "batch_sizes", "recursion_key", "symbols", "noiseless")


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
        problem: a NoisyQuadratic, LeastSquares or GaussianRows.
        method: the optimiser with its parameters.
        batch: samples or rows per gradient, an integer >= 1 or a schedule of such.
        steps: number of updates, >= 1 and at most a schedule's horizon.
        checkpoints: increasing steps in 0..steps, the state after so many updates; by default
            `log_checkpoints(steps, 40)`.
        observables: names of what is observed there; None is ("error",) on the noisy quadratic,
            which knows error, loss, w[i], w2[i] and w3[i], and ("loss",) on the others, which know
            loss, distance and w[i]; see `nqmbench.observables`.

    Raises:
        InvalidArguments: names every wrong field, what was given and what is allowed.

    >>> import nqmbench as nq
    >>> e = nq.Experiment(nq.NoisyQuadratic([1.0, 0.1]), nq.sgd(0.1), batch=10, steps=100)
    >>> e.label
    'SGD(lr=0.1), B=10, h=(1, 0.1)'
    """

    problem: Problem
    method: Method
    batch: int | Schedule
    steps: int
    checkpoints: tuple[int, ...]
    observables: tuple[str, ...]

    def __init__(
        self,
        problem: Problem,
        method: Method,
        batch: Any = 1,
        steps: int = 1000,
        checkpoints: Iterable[int] | None = None,
        observables: Iterable[str] | None = None,
    ) -> None:
        checks = Arguments("Experiment")
        given: Any = (problem, method)
        known = [isinstance(x, t) for x, t in zip(given, (Problem, Method), strict=True)]
        if not known[0]:
            checks.complain("problem", problem, "a NoisyQuadratic, LeastSquares or GaussianRows")
        if not known[1]:
            checks.complain("method", method, "a Method, such as nqmbench.sgd(lr=0.1)")
        before = len(checks.complaints)
        total = checks.integer("steps", steps, 1)
        counted = len(checks.complaints) == before
        batch = _batch(checks, batch, total if counted else 1)
        if known[1] and counted:
            method.check_schedules(total, checks)
        wanted = _checkpoints(checks, checkpoints, total)
        names = _observables(checks, observables, problem if known[0] else None)
        checks.done()
        values = (problem, method, batch, total, wanted, names)
        for name, value in zip(self.__dataclass_fields__, values, strict=True):
            object.__setattr__(self, name, value)
        problem.check(checks, method, self.batch_sizes)
        checks.done()
        hint = problem.shift()
        if hint and not self.open_loop.translation_invariant:
            checks.complain(
                "problem.optimum",
                getattr(problem, "optimum", "elsewhere"),
                f"0 with {method.title}, which pulls towards zero: {hint}",
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

    @cached_property
    def noiseless(self) -> bool:
        """True when every trajectory is the same."""
        return self.problem.noiseless(self.batch_sizes)

    @property
    def quadratic(self) -> NoisyQuadratic:
        """The problem, for what is defined on the noisy quadratic alone.

        Raises:
            InvalidArguments: it is another one.
        """
        if not isinstance(self.problem, NoisyQuadratic):
            checks = Arguments("Experiment")
            checks.complain("problem", self.problem, "here only a NoisyQuadratic")
            checks.done()
        assert isinstance(self.problem, NoisyQuadratic)
        return self.problem

    @property
    def curvature(self) -> NDArray[np.float64]:
        """h^(1-p) of a noisy quadratic: what the preconditioned method meets, shape (d,)."""
        return self.quadratic.preconditioned(self.method.power)

    @cached_property
    def observed(self) -> tuple[Observable, ...]:
        """The observables in the order given, "w[i]" expanded over the coordinates."""
        return tuple(dict.fromkeys(o for n in self.observables for o in self.problem.parse(n)))

    @cached_property
    def recursion_key(self) -> str:
        """A digest of everything but checkpoints and observables: of the trajectories."""
        loop, (data, rest) = self.open_loop, self.problem.content(self.method.power)
        arrays = [*data, loop.F, loop.b, loop.c, loop.starts, self.batch_sizes]
        digest = hashlib.sha256()
        for array in arrays:
            digest.update(repr(array.shape).encode() + np.ascontiguousarray(array).tobytes())
        digest.update(repr((rest, loop.readout, self.steps)).encode())
        return digest.hexdigest()

    @cached_property
    def key(self) -> str:
        """A digest of everything that a number of this experiment depends on."""
        text = repr((self.recursion_key, self.checkpoints, [o.name for o in self.observed]))
        return hashlib.sha256(text.encode()).hexdigest()

    @cached_property
    def symbols(self) -> dict[str, float]:
        """The scalars that a formula may ask for, under the texts' letters: B, eta, L, mu, d, n."""
        batch: dict[str, float] = {}
        if isinstance(self.batch, Schedule):
            for symbol, value in self.batch.symbols.items():
                batch["B0" if symbol == "0" else f"B_{symbol}"] = value
        else:
            batch["B"] = float(self.batch)
        return {**self.method.symbols, **batch, **self.problem.symbols}

    @property
    def label(self) -> str:
        """Method, batch size and problem in one line."""
        return ", ".join(self.label_parts)

    def coordinate_label(self, i: int | None) -> str:
        """Coordinate i in words, as "i=1 (h=0.1)"; "" for None and where there is only one."""
        return self.problem.coordinate_label(i)

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
        return self.method.label, f"B={self.batch}", self.problem.label


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


def _observables(checks: Arguments, seen: Any, problem: Problem | None) -> tuple[str, ...]:
    if seen is None:
        return problem.vocabulary.sums[:1] if problem else ()
    text = isinstance(seen, str) or not isinstance(seen, Iterable)
    listed = [seen] if text else list(seen)
    for name in listed:
        if problem and not problem.stands_for(name):
            checks.complain("observables", name, problem.vocabulary.allowed(problem.d))
        elif not is_observable(name):
            checks.complain("observables", name, ERRORS.allowed())
    if not listed or len(set(map(str, listed))) != len(listed):
        checks.complain("observables", listed, "a non-empty sequence without repetition")
    return tuple(map(str, listed))
