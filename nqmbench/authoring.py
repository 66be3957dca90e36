"""What the author of a suite may write, checked at the line where it is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nqmbench.arguments import Arguments
from nqmbench.experiment import Experiment, is_observable

__all__ = ["check_callable", "check_experiments", "check_name", "check_sides", "steps_of"]


def check_name(checks: Arguments, name: Any, taken: Sequence[str], suite: str) -> None:
    """Complain about a name that cannot be shown, or that is taken."""
    if not isinstance(name, str) or not name.strip() or len(name) > 200 or "\x00" in name:
        checks.complain("name", name, "1 to 200 characters")
    elif name in taken:
        checks.complain("name", name, f"a name that suite {suite!r} does not have yet")


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


def check_sides(checks: Arguments, smaller: Any, larger: Any, of: Any) -> None:
    """Complain about sides of an ordering that cannot be compared; functions are called later."""
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
