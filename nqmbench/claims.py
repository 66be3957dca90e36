"""Suites and their claims: what a source says, in a form that can be judged.

A **claim** is a formula for the mean, variance, skewness or kurtosis of an observable. It is
expanded over the experiments of its suite, over the coordinates where `of` has the letter i, and
over the checkpoints; each combination is a cell, and the claim is confirmed only if every cell is.
A **check** compares two numbers that need no simulation: a rate, an identity, a bound.

    suite = Suite("sgd", experiments=[...])

    @suite.claim("boxed second moment", of="w2[i]", ref="T1-08", expect="refuted")
    def boxed(k, h, eta, B, sigma, w0):
        return ...
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np

from nqmbench.arguments import Arguments
from nqmbench.experiment import Experiment, parse_observable
from nqmbench.influence import HIGHEST

__all__ = ["BOUNDS", "CHECK_KINDS", "CLAIM_KINDS", "Check", "Claim", "Suite"]

STATISTICS = tuple(HIGHEST)
CLAIM_KINDS = ("equality", "approximation", "upper bound", "lower bound")
BOUNDS = ("upper bound", "lower bound")
CHECK_KINDS = ("identity", "rate", "bound", "existence", "optimum")
EXPECTATIONS = ("confirmed", "refuted", "inconclusive")

Experiments = Sequence[Experiment] | Callable[[], Iterable[Experiment]]
Formula = TypeVar("Formula", bound=Callable[..., Any])


@dataclass(frozen=True, eq=False)
class Claim:
    """A formula for a statistic of an observable.

    Args:
        suite, name: the suite's name and the claim's own.
        formula: the function; its argument names say which symbols it wants (an argument with a
            default keeps it).
        of: "error", "loss", "w[i]", "w2[i]", "w3[i]" (the letter i: every coordinate) or with a
            number for one coordinate.
        statistic: "mean", "variance", "skewness" (kappa_3 / kappa_2^1.5) or "kurtosis" (the excess,
            kappa_4 / kappa_2^2).
        kind: "equality", "approximation" (true within `accuracy`), "upper bound", "lower bound".
        ref: the number of the statement in its source. mends: the ref of the false statement
            beside which this one stands as the true one.
        expect: the known verdict of the whole claim, or None.
        experiments: where it is tested; None takes the suite's.
        when: a predicate of the symbols: the cells about which the source speaks.
        at: None for all checkpoints, "last", or steps.
        margin: relative; overrides the preset's. accuracy: of an approximation, relative.
        scale: a number or a function of the symbols that replaces the natural scale of the margin.
        doc: the formula's docstring: the statement in words.
    """

    suite: str
    name: str
    formula: Callable[..., Any]
    of: str
    statistic: str = "mean"
    kind: str = "equality"
    ref: str = ""
    expect: str | None = None
    mends: str | None = None
    experiments: Experiments | None = None
    when: Callable[..., Any] | None = None
    at: str | tuple[int, ...] | None = None
    margin: float | None = None
    accuracy: float = 0.1
    scale: float | Callable[..., Any] | None = None
    doc: str = ""

    @property
    def identity(self) -> str:
        """SUITE::CLAIM, as the command line names it."""
        return f"{self.suite}::{self.name}"

    @property
    def arguments(self) -> tuple[str, ...]:
        """The symbols that the formula asks for."""
        return argument_names(self.formula)


@dataclass(frozen=True, eq=False)
class Check:
    """A comparison without simulation; `function` returns (claimed, true).

    Args:
        suite, name, ref, expect, mends, doc: as for a claim.
        function: called without arguments; returns two numbers or arrays of the same shape.
        kind: "identity" (equal to 1e-9), "rate" (to 1e-6), "bound" (true <= claimed), "existence"
            (two truth values are the same), "optimum" (equal to 1e-3).
    """

    suite: str
    name: str
    function: Callable[[], tuple[Any, Any]]
    kind: str = "identity"
    ref: str = ""
    expect: str | None = None
    mends: str | None = None
    doc: str = ""

    @property
    def identity(self) -> str:
        """SUITE::CHECK, as the command line names it."""
        return f"{self.suite}::{self.name}"


@dataclass(eq=False)
class Suite:
    """A collection of claims about the same experiments, usually one topic of one source.

    Args:
        name: a word for the command line: letters, digits, "-" and "_".
        summary: one line. source: the text and section.
        experiments: a sequence, or a function that returns one (called when the suite runs, so
            that listing the suites stays fast).

    Raises:
        InvalidArguments: names every wrong field, what was given and what is allowed.

    >>> suite = Suite("demo", summary="a demonstration")
    >>> @suite.check("powers of two", kind="identity")
    ... def powers():
    ...     return 2.0**10, 1024.0
    >>> [item.identity for item in suite.items]
    ['demo::powers of two']
    """

    name: str
    summary: str = ""
    source: str = ""
    experiments: Experiments = ()
    items: list[Claim | Check] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        checks = Arguments("Suite")
        name: Any = self.name
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_-]{1,60}", name):
            checks.complain("name", name, "1 to 60 ASCII letters, digits, '-' and '_'")
        check_experiments(checks, self.experiments)
        checks.done()

    def claim(
        self,
        name: str,
        *,
        of: str,
        statistic: str = "mean",
        kind: str = "equality",
        ref: str = "",
        expect: str | None = None,
        mends: str | None = None,
        experiments: Experiments | None = None,
        when: Callable[..., Any] | None = None,
        at: str | int | Sequence[int] | None = None,
        margin: float | None = None,
        accuracy: float = 0.1,
        scale: float | Callable[..., Any] | None = None,
    ) -> Callable[[Formula], Formula]:
        """Decorate a formula to make it a claim of this suite; see `Claim` for the arguments.

        Raises:
            InvalidArguments: names every wrong argument, and a name that is already taken.
        """
        checks = Arguments(f"claim {name!r}")
        self._check_common(checks, name, ref, expect, mends)
        if not isinstance(of, str) or not parse_observable(of.replace("[i]", "[0]"), 10**9):
            checks.complain("of", of, "'error', 'loss', 'w[i]', 'w2[i]', 'w3[i]' or one coordinate")
        checks.choice("statistic", statistic, STATISTICS)
        checks.choice("kind", kind, CLAIM_KINDS)
        if experiments is not None:
            check_experiments(checks, experiments)
        if when is not None and not callable(when):
            checks.complain("when", when, "a function of the symbols")
        steps = steps_of(checks, at)
        if margin is not None:
            margin = checks.number("margin", margin, "a number >= 0", lambda x: x >= 0, 0.0)
        accuracy = checks.number("accuracy", accuracy, "a number > 0", lambda x: x > 0, 0.1)
        if scale is not None and not callable(scale):
            scale = checks.number(
                "scale", scale, "a number > 0 or a function", lambda x: x > 0, 1.0
            )
        checks.done()

        def register(formula: Formula) -> Formula:
            check_callable(name, formula)
            claim = Claim(
                self.name, name, formula, of, statistic, kind, ref, expect, mends, experiments,
                when, steps, margin, accuracy, scale, inspect.getdoc(formula) or "",
            )  # fmt: skip
            self.items.append(claim)
            return formula

        return register

    def check(
        self,
        name: str,
        *,
        kind: str = "identity",
        ref: str = "",
        expect: str | None = None,
        mends: str | None = None,
    ) -> Callable[[Formula], Formula]:
        """Decorate a function that returns (claimed, true); see `Check` for the kinds.

        Raises:
            InvalidArguments: names every wrong argument, and a name that is already taken.
        """
        checks = Arguments(f"check {name!r}")
        self._check_common(checks, name, ref, expect, mends)
        checks.choice("kind", kind, CHECK_KINDS)
        checks.done()

        def register(function: Formula) -> Formula:
            check_callable(name, function)
            doc = inspect.getdoc(function) or ""
            self.items.append(Check(self.name, name, function, kind, ref, expect, mends, doc))
            return function

        return register

    def experiments_of(self, claim: Claim) -> list[Experiment]:
        """The experiments on which a claim is tested."""
        chosen = self.experiments if claim.experiments is None else claim.experiments
        return list(chosen() if callable(chosen) else chosen)

    def _check_common(
        self, checks: Arguments, name: Any, ref: Any, expect: Any, mends: Any
    ) -> None:
        if not isinstance(name, str) or not name.strip() or len(name) > 200 or "\x00" in name:
            checks.complain("name", name, "1 to 200 characters")
        if any(item.name == name for item in self.items):
            checks.complain("name", name, f"a name that suite {self.name!r} does not have yet")
        if not isinstance(ref, str):
            checks.complain("ref", ref, "a string such as 'T1-08'")
        if mends is not None and not isinstance(mends, str):
            checks.complain("mends", mends, "None or the ref of a false statement")
        if expect is not None:
            checks.choice("expect", expect, EXPECTATIONS)


def argument_names(function: Callable[..., Any]) -> tuple[str, ...]:
    """The names of a function's parameters that have no default of their own.

    >>> argument_names(lambda k, eta, exponent=2: 0)
    ('k', 'eta')
    """
    try:
        return _argument_names(function)
    except TypeError:  # a callable object that cannot be hashed
        return _argument_names.__wrapped__(function)


@lru_cache(maxsize=1024)  # a claim is evaluated for many cells
def _argument_names(function: Callable[..., Any]) -> tuple[str, ...]:
    parameters = inspect.signature(function).parameters.values()
    return tuple(p.name for p in parameters if p.default is p.empty)


def check_callable(name: str, seen: Any) -> None:
    """Refuse what is not a function."""
    checks = Arguments(f"claim {name!r}")
    if not callable(seen):
        checks.complain("formula", seen, "a function of the symbols")
    checks.done()


def check_experiments(checks: Arguments, seen: Any) -> None:
    """Complain unless `seen` is a function or a sequence of experiments."""
    if callable(seen):
        return
    if isinstance(seen, Experiment) or not isinstance(seen, Sequence):
        checks.complain("experiments", seen, "a list of Experiments or a function returning one")
    else:
        for item in seen:
            if not isinstance(item, Experiment):
                checks.complain("experiments", item, "only Experiments in the list")


def steps_of(checks: Arguments, at: Any) -> str | tuple[int, ...] | None:
    """`at` as None, "last" or a tuple of steps."""
    if at is None or (isinstance(at, str) and at == "last"):
        return at
    listed = list(at) if isinstance(at, Sequence) and not isinstance(at, str) else [at]
    inner = Arguments("")
    steps = tuple(inner.integer("at", k, 0) for k in listed)
    if inner.complaints or not steps or len(set(steps)) != len(steps):
        checks.complain("at", at, "None, 'last', or distinct steps >= 0")
    return tuple(int(k) for k in np.sort(np.array(steps, dtype=np.int64)))
