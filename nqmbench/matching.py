"""What a suite sets side by side: the sides of an ordering, and the curves of a figure.

Both are checked here once: at the line of the suite file where they are written, or, where a
function gives them, when the suite runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nqmbench.agreement import mismatch
from nqmbench.arguments import choices, count, is_text, shorten
from nqmbench.errors import FormulaError
from nqmbench.experiment import Experiment, Quantity
from nqmbench.observables import ERRORS, is_observable

__all__ = ["beyond", "curves_of", "match", "out_of_range", "quantities"]


def match(
    smaller: Sequence[Any], larger: Sequence[Any], of: Any
) -> list[tuple[Quantity, Quantity]]:
    """The pairs that an ordering compares.

    Args:
        smaller: experiments in which `of` is observed, or observables of the experiment `of`.
        larger: as many of them, matched pairwise.
        of: the name of an observable, or an experiment.

    Raises:
        FormulaError: a side is something else, or two cannot meet the same noise.
    """
    if len(smaller) != len(larger):
        raise FormulaError(
            f"smaller has {count(len(smaller), 'side')}, larger has {len(larger)}; "
            "allowed: lists of equal length, matched pairwise"
        )
    pairs: list[tuple[Quantity, Quantity]] = []
    for a, b in zip(smaller, larger, strict=True):
        left, right = quantities("smaller", a, of), quantities("larger", b, of)
        problem = mismatch(left[0][0], right[0][0], "side")
        if problem:
            raise FormulaError(problem)
        if len(left) != len(right):
            raise FormulaError(
                f"{shorten(a)} and {shorten(b)} do not stand for as many coordinates"
            )
        pairs += zip(left, right, strict=True)
    if not pairs:
        raise FormulaError("no case: the lists of sides are empty")
    return pairs


def quantities(name: str, side: Any, of: Any) -> list[Quantity]:
    """What one side is about: an observable of an experiment, or several ("w2[i]").

    Args:
        name: "smaller" or "larger", for the message.
        side: an experiment in which `of` is observed, or an observable of the experiment `of`.
        of: the other one.

    Raises:
        FormulaError: it is something else, or the experiment has no such observable.
    """
    if isinstance(of, str):
        experiment, observable, where, allowed = side, of, "of", "an Experiment, or a list of them"
    else:
        experiment, observable, where = of, side, name
        allowed = "the name of an observable, or a list of them"
    if not isinstance(of, str | Experiment):
        raise FormulaError(
            f"of: got {shorten(of)}; allowed: the observable of two experiments, or an Experiment"
        )
    if not isinstance(experiment, Experiment) or not isinstance(observable, str):
        raise FormulaError(f"{name}: got {shorten(side)}; allowed: {allowed}")
    if not is_observable(observable):
        raise FormulaError(f"{where}: got {shorten(observable)}; allowed: {ERRORS.allowed()}")
    problem = out_of_range(observable, experiment)
    if problem:
        raise FormulaError(problem)
    return [(experiment, o) for o in experiment.problem.parse(observable)]


def curves_of(panels: Any, of: str) -> dict[str, dict[str, Quantity]]:
    """The curves of a figure: by the title of their panel and by their label.

    Args:
        panels: {title: {label: Experiment}}, or (Experiment, observable) in the place of an
            Experiment; no panel is empty, and the experiments of a panel can meet the same noise.
        of: the observable of every curve that does not name its own.

    Raises:
        FormulaError: it is something else, or an observable is not one number.
    """
    if not isinstance(panels, Mapping) or not panels or not all(map(well_formed, panels.values())):
        raise FormulaError(
            f"panels: got {shorten(panels)}; allowed: {{title: {{label: Experiment}}}}, none of "
            "them empty, or (Experiment, observable) in the place of an Experiment"
        )
    found: dict[str, dict[str, Quantity]] = {}
    for text in [*panels, *(label for curves in panels.values() for label in curves)]:
        if not is_text(text):
            raise FormulaError(f"panels: got {shorten(text)}; allowed: titles and labels are texts")
    for title, curves in panels.items():
        drawn = {str(name): curve(title, str(name), c, of) for name, c in curves.items()}
        first, *others = (experiment for experiment, _ in drawn.values())
        for other in others:
            problem = mismatch(first, other, "curve")
            if problem:
                raise FormulaError(f"panel {title!r}: {problem}; show them in panels of their own")
        found[str(title)] = drawn
    return found


def well_formed(curves: Any) -> bool:
    """True for a mapping of labels to an experiment, or to an experiment and an observable."""
    if not isinstance(curves, Mapping) or not curves:
        return False
    pairs = [c if isinstance(c, tuple) else (c, "error") for c in curves.values()]
    return all(
        len(p) == 2 and isinstance(p[0], Experiment) and isinstance(p[1], str) for p in pairs
    )


def curve(title: Any, label: str, written: Any, of: str) -> Quantity:
    """What one curve shows."""
    experiment, name = written if isinstance(written, tuple) else (written, of)
    problem = experiment.problem
    observables = problem.parse(name)
    if len(observables) != 1 or "[i]" in name:
        power = "2" if 2 in problem.vocabulary.powers else ""
        raise FormulaError(
            f"panel {title!r}, curve {label!r}: got {name!r}; allowed: "
            f"{choices(problem.vocabulary.sums)}, or one coordinate below {problem.d} such as "
            f"'w{power}[0]'"
        )
    return experiment, observables[0]


def out_of_range(name: str, experiment: Experiment) -> str:
    """What is wrong with an observable of an experiment, or ""."""
    problem, d = experiment.problem, experiment.problem.d
    if problem.stands_for(name):
        return ""
    if not problem.vocabulary.stands_for(name, 10**9):
        allowed = problem.vocabulary.allowed(d)
        return f"{problem.title} has no observable {name!r}; allowed: {allowed}"
    return f"the observable {name!r} is beyond the {count(d, 'coordinate')} of {experiment.label}"


def beyond(at: str | tuple[int, ...] | None, experiment: Experiment) -> str:
    """What is wrong with the steps of `at` on an experiment, or ""."""
    if not isinstance(at, tuple) or at[-1] <= experiment.steps:
        return ""
    steps = count(experiment.steps, "step")
    return f"the step {at[-1]} of `at` is beyond the {steps} of {experiment.label}"
