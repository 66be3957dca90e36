"""What the terminal shows of a suite without running it: `python -m nqmbench show`."""

from __future__ import annotations

import difflib
import math

from nqmbench.arguments import choices, count
from nqmbench.capacity import available_memory
from nqmbench.claims import Check, Claim, Ordering
from nqmbench.errors import UsageError
from nqmbench.estimate import Limits, check_size
from nqmbench.pictures import PlannedFigure
from nqmbench.plan import Plan, PlannedClaim, make_plan
from nqmbench.suite import Suite
from nqmbench.verdicts import PRESETS

__all__ = ["show_statement", "show_suite"]

NEAREST = 3  # how many names are suggested for one that does not exist


def show_suite(suite: Suite) -> str:
    """The suite's claims and figures, one line each, and what it calls out of scope."""
    plan = plan_of(suite)
    lines = [f"{suite.name}: {suite.summary}", f"source: {suite.source}" if suite.source else ""]
    cells, experiments = plan.cells(suite.name), len(plan.experiments)
    lines += [f"{count(cells, 'cell')} on {count(experiments, 'experiment')}", ""]
    for item in suite.items:
        ref = item.ref or (f"mends {item.mends}" if item.mends else "")
        lines.append(f"  {ref:<12}  {item.name}  [{item.kind}; expected: {item.expect or 'open'}]")
    if suite.figures:
        lines += ["", "figures:"]
        lines += [f"  {f.figure.name}  [{panels(f)}]" for f in plan.figures]
    if suite.outsiders:
        lines += ["", "out of scope:"]
        lines += [f"  {o.ref:<12}  {o.statement} ({o.reason})" for o in suite.outsiders]
    return "\n".join(lines)


def plan_of(suite: Suite) -> Plan:
    """The plan of a suite, however long it would be simulated.

    Raises:
        UsageError: it is too large to be listed.
    """
    check_size([suite], PRESETS["standard"], Limits(available_memory(), seconds=math.inf))
    return make_plan([suite], PRESETS["standard"])


def panels(planned: PlannedFigure) -> str:
    """How many panels a figure has, or why it has none."""
    return planned.error or count(len(planned.panels), "panel")


def show_statement(suite: Suite, name: str) -> str:
    """What the claim, ordering, check or figure of that name says.

    Raises:
        UsageError: the suite has none; names the nearest ones.
    """
    plan = plan_of(suite)
    claims = [c for c in plan.claims if c.item.name == name]
    figures = [f for f in plan.figures if f.figure.name == name]
    if not claims and not figures:
        known = [item.name for item in suite.items] + [figure.name for figure in suite.figures]
        raise UsageError(f"claim: got {name!r}; {nearest(name, known, suite.name)}")
    described = [show_claim(c) for c in claims] + [show_figure(f) for f in figures]
    return "\n\n".join("\n".join(lines) for lines in described)


def nearest(name: str, known: list[str], suite: str) -> str:
    """What to write instead of a name that does not exist."""
    lowered = {other.lower(): other for other in known}
    close = difflib.get_close_matches(name.lower(), lowered, NEAREST, 0.4)
    close += [low for low in lowered if name.lower() in low and low not in close]
    everything = f"`show {suite}` lists all {len(known)}"
    if not close:
        return f"nothing of suite {suite!r} is called so; {everything}"
    return f"nearest: {choices(lowered[low] for low in close[:NEAREST])}; {everything}"


def show_claim(planned: PlannedClaim) -> list[str]:
    """One claim, ordering or check: as a formula where it has one, and on what it is tested."""
    item = planned.item
    lines = [f"{item.identity}  {item.ref}".rstrip(), *([item.doc] if item.doc else []), ""]
    if isinstance(item, Check):
        lines.append(f"{item.kind} check, without simulation")
    else:
        lines += statement(item)
        cells, cases = count(planned.cells, "cell"), count(len(planned.cases), "case")
        lines += ["", planned.error or f"{cells} in {cases}:"]
        lines += [f"  {case.label}" for case in planned.cases]
    return [*lines, f"expected: {item.expect or 'open'}"]


def statement(item: Claim | Ordering) -> list[str]:
    """What a claim or an ordering says of numbers, where, and within which margin."""
    if isinstance(item, Ordering):
        said = ordering_words(item)
    else:
        from nqmbench.symbolic import evaluate, plain

        formula = evaluate(item.formula, item.arguments)
        written = plain(formula) if formula is not None else "a Python function"
        said = [f"{item.statistic} of {item.of}, {item.kind}:", f"  {written}"]
    return [*said, f"at: {steps(item)}", f"margin: {margin(item)}"]


def ordering_words(ordering: Ordering) -> list[str]:
    """What is compared with what, and how."""
    if ordering.statistic == "mean":
        said = "ordering: E smaller <= E larger, trajectory by trajectory under one noise"
    else:
        share = f"at least {ordering.probability:g} of the trajectories"
        said = f"ordering: smaller < larger in {share}, under one noise"
    sides = [("smaller", ordering.smaller), ("larger", ordering.larger), ("of", ordering.of)]
    return [said, *(f"  {name}: {side_words(side)}" for name, side in sides)]


def side_words(side: object) -> str:
    """One side as it is written: experiments by their labels; a function shows in the cases."""
    if callable(side):
        return "a function; see the cases"
    listed = side if isinstance(side, list | tuple) else [side]
    return "; ".join(str(getattr(x, "label", x)) for x in listed)


def steps(item: Claim | Ordering) -> str:
    """The steps at which a claim or an ordering is tested."""
    if item.at is None:
        return "every checkpoint"
    return "the last checkpoint" if isinstance(item.at, str) else ", ".join(map(str, item.at))


def margin(item: Claim | Ordering) -> str:
    """The margin of a claim or an ordering, where it does not depend on the preset."""
    if item.margin is not None:
        return f"{100 * item.margin:g} %" if item.margin else "none"
    if isinstance(item, Claim) and item.kind == "approximation":
        return f"{100 * item.accuracy:g} %, its accuracy"
    return "the preset's"


def show_figure(planned: PlannedFigure) -> list[str]:
    """A figure: what is to be seen, and the curves of each panel."""
    figure = planned.figure
    lines = [f"{figure.suite}::{figure.name}", *([figure.doc] if figure.doc else []), ""]
    alone = ", with one single run of each" if figure.single else ""
    lines.append(f"figure: {panels(planned)}{alone}")
    for panel in planned.panels:
        lines.append(f"  {panel.title}:")
        lines += [
            f"    {curve.label}: {curve.observable.name} of {curve.experiment.label}"
            for curve in panel.curves
        ]
    return lines
