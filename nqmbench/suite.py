"""How a suite is written: its claims, orderings, checks and figures, each checked as it is added.

    suite = Suite("sgd", experiments=[...])

    @suite.claim("boxed second moment", of="w2[i]", ref="T1-08", expect="refuted")
    def boxed(k, h, eta, B, sigma, w0):
        return ...

What is wrong is said at once, at the line of the suite file; what only shows when the suite runs,
such as a formula that raises, becomes an ERROR of that claim alone, or of that figure.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from nqmbench.arguments import Arguments, is_text
from nqmbench.authoring import (
    check_experiments,
    check_fit,
    check_function,
    check_name,
    check_ordering,
    check_panels,
    check_words,
    steps_of,
)
from nqmbench.claims import (
    CHECK_KINDS,
    CLAIM_KINDS,
    ORDERING_STATISTICS,
    POINTS,
    STATISTICS,
    Check,
    Claim,
    Experiments,
    Figure,
    Item,
    Ordering,
    Outside,
    Panel,
    Sides,
)
from nqmbench.experiment import Experiment
from nqmbench.observables import is_observable

__all__ = ["Suite"]

Formula = TypeVar("Formula", bound=Callable[..., Any])


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
    items: list[Item] = field(default_factory=list, init=False)
    figures: list[Figure] = field(default_factory=list, init=False)
    outsiders: list[Outside] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        checks = Arguments("Suite")
        name: Any = self.name
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_-]{1,60}", name):
            checks.complain("name", name, "1 to 60 ASCII letters, digits, '-' and '_'")
        checks.text("summary", self.summary)
        checks.text("source", self.source)
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
        if not is_observable(of):
            checks.complain("of", of, "'error', 'loss', 'w[i]', 'w2[i]', 'w3[i]' or one coordinate")
        checks.choice("statistic", statistic, STATISTICS)
        checks.choice("kind", kind, CLAIM_KINDS)
        if experiments is not None:
            check_experiments(checks, experiments)
        if when is not None and not callable(when):
            checks.complain("when", when, "a function of the symbols")
        steps = steps_of(checks, at)
        check_fit(checks, self.experiments if experiments is None else experiments, of, steps)
        if margin is not None:
            margin = checks.number("margin", margin, "a number >= 0", lambda x: x >= 0, 0.0)
        accuracy = checks.number("accuracy", accuracy, "a number > 0", lambda x: x > 0, 0.1)
        if scale is not None and not callable(scale):
            scale = checks.number(
                "scale", scale, "a number > 0 or a function", lambda x: x > 0, 1.0
            )
        checks.done()

        def register(formula: Formula) -> Formula:
            check_function(f"claim {name!r}", "formula", formula, "a function of the symbols")
            self.items.append(
                Claim(
                    suite=self.name, name=name, ref=ref, expect=expect, mends=mends,
                    doc=inspect.getdoc(formula) or "", formula=formula, of=of,
                    statistic=statistic, kind=kind, experiments=experiments, when=when, at=steps,
                    margin=margin, accuracy=accuracy, scale=scale,
                )
            )  # fmt: skip
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
            allowed = "a function that returns (claimed, true)"
            check_function(f"check {name!r}", "function", function, allowed)
            self.items.append(
                Check(
                    suite=self.name, name=name, ref=ref, expect=expect, mends=mends,
                    doc=inspect.getdoc(function) or "", function=function, kind=kind,
                )
            )  # fmt: skip
            return function

        return register

    def ordering(
        self,
        name: str,
        *,
        smaller: Sides,
        larger: Sides,
        of: Any,
        statistic: str = "mean",
        at: str | int | Sequence[int] | None = None,
        ref: str = "",
        expect: str | None = None,
        mends: str | None = None,
        margin: float | None = None,
        probability: float | None = None,
        doc: str = "",
    ) -> None:
        """Claim that one quantity is smaller than another; see `Ordering` for the arguments.

        Both sides meet the same noise and are compared trajectory by trajectory, which shows an
        ordering with far fewer of them than two separate estimates. `probability` belongs to
        statistic="probability" alone, and is 0.5 if it is not given.

        Raises:
            InvalidArguments: names every wrong argument, a name that is already taken, and sides
                that do not match or cannot meet the same noise, unless a function gives them.

        >>> import nqmbench as nq
        >>> suite = Suite("demo")
        >>> one, ten = (nq.Experiment(nq.NoisyQuadratic(1.0), nq.sgd(0.1), batch=B, steps=50)
        ...             for B in (1, 10))
        >>> suite.ordering("batches help", smaller=ten, larger=one, of="error", at="last")
        """
        checks = Arguments(f"ordering {name!r}")
        self._check_common(checks, name, ref, expect, mends)
        steps = steps_of(checks, at)
        check_ordering(checks, smaller, larger, of, steps)
        checks.choice("statistic", statistic, ORDERING_STATISTICS)
        if margin is not None:
            margin = checks.number("margin", margin, "a number >= 0", lambda x: x >= 0, 0.0)
        chance = 0.5
        if probability is not None and statistic == "mean":
            checks.complain("probability", probability, 'None with statistic="mean"')
        elif probability is not None:
            allowed = "a number in (0, 1)"
            chance = checks.number("probability", probability, allowed, lambda x: 0 < x < 1, 0.5)
        checks.text("doc", doc)
        checks.done()
        self.items.append(
            Ordering(
                suite=self.name, name=name, ref=ref, expect=expect, mends=mends,
                doc=inspect.cleandoc(doc), smaller=smaller, larger=larger, of=of,
                statistic=statistic, at=steps, margin=margin, probability=chance,
            )
        )  # fmt: skip

    def figure(
        self,
        name: str,
        *,
        panels: Mapping[str, Panel] | Callable[[], Mapping[str, Panel]],
        of: str = "error",
        single: bool = False,
        points: int = POINTS,
        doc: str = "",
    ) -> None:
        """Show experiments side by side; see `Figure` for the arguments.

        The experiments of a panel meet the same noise, so they agree in dimension, noise law and
        number of steps. Every curve shows the mean over at least as many runs as a first look has,
        its interval, and exact theory.

        Raises:
            InvalidArguments: names every wrong argument, a name that is already taken, and panels
                that cannot be drawn. If a function gives them it fails when the suite runs: the
                figure is then left out with its error, the run goes on, and its exit code is 1.
        """
        checks = Arguments(f"figure {name!r}")
        check_name(checks, name, [figure.name for figure in self.figures], self.name)
        check_panels(checks, panels, of)
        checks.instance("single", single, bool, "True or False")
        points = checks.integer("points", points, 1)
        checks.text("doc", doc)
        checks.done()
        self.figures.append(
            Figure(self.name, name, panels, of, single, points, inspect.cleandoc(doc))
        )

    def outside(self, ref: str, statement: str, reason: str) -> None:
        """Note a statement of the source that no run can judge, and why.

        Args:
            ref: its number in the source's list, not empty, given once.
            statement: what the source says.
            reason: why it is not judged.

        Raises:
            InvalidArguments: one of them is not a text, or is empty; the ref is listed already.
        """
        checks = Arguments(f"outside {ref!r}")
        for field_name, seen in (("ref", ref), ("statement", statement), ("reason", reason)):
            if not is_text(seen) or not seen.strip():
                checks.complain(field_name, seen, "a text that is not empty")
        if ref in [o.ref for o in self.outsiders]:
            checks.complain("ref", ref, f"a ref that suite {self.name!r} does not list yet")
        checks.done()
        self.outsiders.append(Outside(ref, statement, reason))

    def experiments_of(self, claim: Claim) -> list[Experiment]:
        """The experiments on which a claim is tested."""
        chosen = self.experiments if claim.experiments is None else claim.experiments
        return list(chosen() if callable(chosen) else chosen)

    def _check_common(
        self, checks: Arguments, name: Any, ref: Any, expect: Any, mends: Any
    ) -> None:
        check_name(checks, name, [item.name for item in self.items], self.name)
        check_words(checks, ref, expect, mends)
