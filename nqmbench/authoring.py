"""What the author of a suite may write, checked at the line where it is written.

What only a function knows is checked when the suite runs, by the same rules (`matching.py`).
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nqmbench.arguments import Arguments, is_text
from nqmbench.claims import EXPECTATIONS
from nqmbench.errors import FormulaError
from nqmbench.experiment import Experiment
from nqmbench.matching import beyond, curves_of, match, out_of_range, quantities
from nqmbench.observables import is_observable

__all__ = [
    "check_experiments", "check_fit", "check_function", "check_name", "check_ordering",
    "check_panels", "check_words", "steps_of",
]  # fmt: skip

Steps = str | tuple[int, ...] | None


def check_name(checks: Arguments, name: Any, taken: Sequence[str], suite: str) -> None:
    """Complain about a name that cannot be shown, or that is taken."""
    if not is_text(name) or not name.strip() or len(name) > 200 or "\x00" in name:
        checks.complain("name", name, "1 to 200 characters that UTF-8 can hold, no NUL")
    elif name in taken:
        checks.complain("name", name, f"a name that suite {suite!r} does not have yet")


def check_words(checks: Arguments, ref: Any, expect: Any, mends: Any) -> None:
    """Complain about what every claim, ordering and check may say of itself."""
    checks.text("ref", ref, "a text such as 'T1-08'")
    if mends is not None:
        checks.text("mends", mends, "None or the ref of a false statement")
    if expect is not None:
        checks.choice("expect", expect, EXPECTATIONS)


def check_function(what: str, field: str, seen: Any, allowed: str) -> None:
    """Refuse what is not a function, and a docstring that no file can hold."""
    checks = Arguments(what)
    if not callable(seen):
        checks.complain(field, seen, allowed)
    else:
        checks.text("docstring", inspect.getdoc(seen) or "")
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


def check_fit(checks: Arguments, experiments: Any, of: Any, at: Steps) -> None:
    """Complain about a coordinate or a step that listed experiments do not have."""
    if callable(experiments) or checks.complaints:
        return
    for experiment in experiments:
        problems = [out_of_range(of, experiment), beyond(at, experiment)]
        if any(problems):
            checks.complaints += filter(None, problems)
            return  # the first experiment says it for all


def check_ordering(checks: Arguments, smaller: Any, larger: Any, of: Any, at: Steps) -> None:
    """Complain about sides of an ordering that cannot be compared; functions are called later."""
    before = len(checks.complaints)
    check_sides(checks, smaller, larger, of)
    if len(checks.complaints) > before or callable(of):
        return
    given = {
        name: list(side) if isinstance(side, list | tuple) else [side]
        for name, side in (("smaller", smaller), ("larger", larger))
        if not callable(side)
    }
    try:
        found = [q for name, sides in given.items() for x in sides for q in quantities(name, x, of)]
        if len(given) == 2:
            match(given["smaller"], given["larger"], of)
    except FormulaError as error:
        checks.complaints.append(str(error))
        return
    checks.complaints += [p for p in (beyond(at, experiment) for experiment, _ in found) if p][:1]


def check_sides(checks: Arguments, smaller: Any, larger: Any, of: Any) -> None:
    """Complain about what is neither of the two forms of an ordering."""
    if isinstance(of, str):
        wanted: Any = Experiment
        allowed = "an Experiment, a list of Experiments, or a function returning such"
        if not is_observable(of):
            checks.complain("of", of, "'error', 'loss', 'w[i]', 'w2[i]', 'w3[i]' or one coordinate")
    else:
        wanted = str
        allowed = "the name of an observable, a list of names, or a function returning such"
        if not isinstance(of, Experiment) and not callable(of):
            checks.complain("of", of, "the observable of two experiments, or an Experiment")
    for name, side in (("smaller", smaller), ("larger", larger)):
        listed = side if isinstance(side, list | tuple) else [side]
        if not callable(side) and not (listed and all(isinstance(x, wanted) for x in listed)):
            checks.complain(name, side, allowed)


def check_panels(checks: Arguments, panels: Any, of: Any) -> None:
    """Complain about panels that cannot be drawn; a function is called later."""
    if not is_observable(of) or "[i]" in of:
        checks.complain("of", of, "'error', 'loss', or one coordinate such as 'w2[0]'")
    if not callable(panels) and not isinstance(panels, Mapping):
        checks.complain("panels", panels, "{title: {label: Experiment}} or a function of it")
    elif not callable(panels) and not checks.complaints:
        try:
            curves_of(panels, of)
        except FormulaError as error:
            checks.complaints.append(str(error))


def steps_of(checks: Arguments, at: Any) -> Steps:
    """`at` as None, "last" or a tuple of steps."""
    if at is None or (isinstance(at, str) and at == "last"):
        return at
    listed = list(at) if isinstance(at, Sequence) and not isinstance(at, str | bytes) else [at]
    inner = Arguments("")
    steps = tuple(inner.integer("at", k, 0) for k in listed)
    if inner.complaints or not steps or len(set(steps)) != len(steps):
        checks.complain("at", at, "None, 'last', or distinct steps >= 0")
        return None
    return tuple(int(k) for k in np.sort(np.array(steps, dtype=np.int64)))
