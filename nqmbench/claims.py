"""What a suite holds: the statements of a source, each in a form that can be judged.

A **claim** is a formula for a statistic of an observable. It is expanded over the experiments of
its suite, over the coordinates where `of` has the letter i, and over the checkpoints; each
combination is a cell, and the claim is confirmed only if every cell is. An **ordering** says that
one of two quantities is the smaller one, and compares them trajectory by trajectory. A **check**
compares two numbers that need no simulation: a rate, an identity, a bound. A **figure** shows
experiments side by side and judges nothing; what no run can judge stands **outside**.

How they are written is the business of `suite.py`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from nqmbench.experiment import Experiment
from nqmbench.influence import HIGHEST

__all__ = [
    "BOUNDS", "CHECK_KINDS", "CLAIM_KINDS", "EXPECTATIONS", "ORDERING_STATISTICS", "POINTS",
    "STATISTICS", "Check", "Claim", "Figure", "Item", "Ordering", "Outside", "Statement",
    "argument_names",
]  # fmt: skip

STATISTICS = tuple(HIGHEST)
ORDERING_STATISTICS = ("mean", "probability")
CLAIM_KINDS = ("equality", "approximation", "upper bound", "lower bound")
POINTS = 100  # steps of a curve, unless its figure says otherwise
BOUNDS = ("upper bound", "lower bound")
CHECK_KINDS = ("identity", "rate", "bound", "existence", "optimum")
EXPECTATIONS = ("confirmed", "refuted", "inconclusive")

Experiments = Sequence[Experiment] | Callable[[], Iterable[Experiment]]


@dataclass(frozen=True, eq=False, kw_only=True)
class Statement:
    """What every statement of a suite says of itself.

    Args:
        suite, name: the suite's name and the statement's own.
        ref: its number in the source. mends: the ref of the false statement beside which this one
            stands as the true one.
        expect: the known verdict of the whole statement, or None.
        doc: the statement in words.
    """

    suite: str
    name: str
    ref: str = ""
    expect: str | None = None
    mends: str | None = None
    doc: str = ""

    @property
    def identity(self) -> str:
        """SUITE::NAME, as the command line names it."""
        return f"{self.suite}::{self.name}"


@dataclass(frozen=True, eq=False, kw_only=True)
class Claim(Statement):
    """A formula for a statistic of an observable.

    Args:
        suite, name, ref, expect, mends, doc: as for every statement (doc: the formula's docstring).
        formula: the function; its argument names say which symbols it wants (an argument with a
            default keeps it).
        of: "error", "loss", "w[i]", "w2[i]", "w3[i]" (the letter i: every coordinate) or with a
            number for one coordinate; on least squares "loss", "distance", "w[i]".
        statistic: "mean", "variance", "skewness" (kappa_3 / kappa_2^1.5) or "kurtosis" (the excess,
            kappa_4 / kappa_2^2).
        kind: "equality", "approximation" (true within `accuracy`), "upper bound", "lower bound".
        experiments: where it is tested; None takes the suite's.
        when: a predicate of the symbols: the cells about which the source speaks.
        at: None for all checkpoints, "last", or steps.
        margin: relative; overrides the preset's. accuracy: of an approximation, relative.
        scale: a number or a function of the symbols that replaces the natural scale of the margin.
    """

    formula: Callable[..., Any]
    of: str
    statistic: str = "mean"
    kind: str = "equality"
    experiments: Experiments | None = None
    when: Callable[..., Any] | None = None
    at: str | tuple[int, ...] | None = None
    margin: float | None = None
    accuracy: float = 0.1
    scale: float | Callable[..., Any] | None = None

    @property
    def shape(self) -> str:
        """The kind of the region: that of the claim."""
        return self.kind

    @property
    def arguments(self) -> tuple[str, ...]:
        """The symbols that the formula asks for."""
        return argument_names(self.formula)


@dataclass(frozen=True, eq=False, kw_only=True)
class Check(Statement):
    """A comparison without simulation; `function` returns (claimed, true).

    Args:
        suite, name, ref, expect, mends, doc: as for every statement.
        function: called without arguments; returns two numbers or arrays of the same shape.
        kind: "identity" (equal to 1e-9), "rate" (to 1e-6), "bound" (true <= claimed), "existence"
            (two truth values are the same), "optimum" (equal to 1e-3).
    """

    function: Callable[[], tuple[Any, Any]]
    kind: str = "identity"

    @property
    def shape(self) -> str:
        """The kind of the check."""
        return self.kind


# One side of an ordering, or several that are matched pairwise: experiments, or observables.
Sides = Experiment | str | Sequence[Experiment | str] | Callable[[], Any]


@dataclass(frozen=True, eq=False, kw_only=True)
class Ordering(Statement):
    """One quantity is claimed to be smaller than another under the same noise.

    Args:
        suite, name, ref, expect, mends, doc: as for every statement. at: as for a claim.
        smaller, larger: two experiments; or two observables of one; or lists of such, matched
            pairwise, each pair a case; or functions that return them (called when the suite runs;
            any iterable will do).
        of: what they share: the observable of two experiments ("w2[i]" takes every coordinate), or
            the experiment of two observables.
        statistic: "mean": E smaller <= E larger; "probability": smaller < larger in one run with at
            least the stated probability.
        margin: relative to the larger side (its mean; the root mean square of a signed observable),
            or to the probability; overrides the preset's. With 0 the ordering has none.
        probability: the least probability claimed.
    """

    smaller: Sides
    larger: Sides
    of: Any
    statistic: str = "mean"
    at: str | tuple[int, ...] | None = None
    margin: float | None = None
    probability: float = 0.5

    @property
    def kind(self) -> str:
        """The word "ordering"."""
        return "ordering"

    @property
    def shape(self) -> str:
        """The kind of the region: the mean difference is at most 0, a probability at least p."""
        return "upper bound" if self.statistic == "mean" else "lower bound"

    @property
    def claimed(self) -> float:
        """The end of the region: 0 for a difference of means, else the probability."""
        return 0.0 if self.statistic == "mean" else self.probability


@dataclass(frozen=True, eq=False)
class Outside:
    """A statement of the source that no run can judge.

    Args:
        ref: its number. statement: what the source says. reason: why it is not judged.
    """

    ref: str
    statement: str
    reason: str


# A panel: the label of each curve, and its experiment, with an observable if not the figure's own.
Panel = Mapping[str, Experiment | tuple[Experiment, str]]


@dataclass(frozen=True, eq=False)
class Figure:
    """Experiments side by side: expected values over the steps, beside exact theory.

    Args:
        suite, name: the suite's name and the figure's own.
        panels: by title; or a function that returns them (called when the suite runs).
        of: the observable of every curve that does not name its own.
        single: whether one single trajectory is shown too, the same noise for every curve.
        points: how many steps of a curve are looked at, before rounding.
        doc: what is to be seen.
    """

    suite: str
    name: str
    panels: Mapping[str, Panel] | Callable[[], Mapping[str, Panel]]
    of: str = "error"
    single: bool = False
    points: int = POINTS
    doc: str = ""


Item = Claim | Ordering | Check


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
