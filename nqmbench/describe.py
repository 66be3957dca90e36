"""The description of a run for run.json: arguments, claims with their formulas, machine."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, cast

from nqmbench.claims import BOUNDS, Check, Claim
from nqmbench.explain import Explanation, explanation
from nqmbench.ledger import Ledger
from nqmbench.moments import Moments
from nqmbench.pairs import label
from nqmbench.passes import Contrast
from nqmbench.pictures import PlannedFigure
from nqmbench.plan import Case, Plan, PlannedClaim
from nqmbench.results import without_nan
from nqmbench.verdicts import ALPHA, PRESETS, Verdict, combine, critical_value
from nqmbench.wording import worst

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["describe"]

PACKAGES = ("nqmbench", "numba", "llvmlite", "numpy", "scipy", "pandas", "sympy")


def describe(
    ledger: Ledger,
    verdicts: pd.DataFrame,
    moments: Mapping[str, Moments],
    arguments: Mapping[str, Any],
    threads: int,
    seconds: float,
    bugs: Mapping[str | Contrast, Sequence[str]],
    tails: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """Everything about a run that is not a table.

    Args:
        ledger: the records.
        verdicts: their table.
        moments: of every experiment, by task.
        arguments: of the run.
        threads: how many were used.
        seconds: how long the run took.
        bugs: contradictions between simulation and theory by task, those of experiments that only
            a figure shows included, and by contrast.
        tails: sentences by suite; see `tails.tails`.

    Returns:
        {"run": ..., "suites": [...], "machine": ...}; only "machine" depends on time and threads.
        The exit code is 1 too if a figure's own code failed; its entry then has an "error".
    """
    preset = PRESETS[arguments["preset"]]
    rows = rows_by_claim(verdicts)
    suites = []
    entries = []
    for suite in ledger.plan.suites:
        planned = [c for c in ledger.plan.claims if c.item.suite == suite.name]
        claims = [claim_entry(ledger, c, rows[c.item.suite, c.item.name]) for c in planned]
        entries += claims
        suites.append(
            {
                "name": suite.name,
                "summary": suite.summary,
                "source": suite.source,
                "cells": ledger.plan.cells(suite.name),
                "level": critical_value(ledger.plan.cells(suite.name)),
                "claims": claims,
                "tails": list(tails.get(suite.name, ())),
                "figures": [
                    figure_entry(f) for f in ledger.plan.figures if f.figure.suite == suite.name
                ],
                "outside": [
                    {"ref": o.ref, "statement": o.statement, "reason": o.reason}
                    for o in suite.outsiders
                ],
            }
        )
    contradictions = [f"{name_of(ledger.plan, k)}: {said[0]}" for k, said in bugs.items() if said]
    run = {
        **arguments,
        "alpha": ALPHA,
        "margins": {"mean": preset.mean, "variance": preset.variance},
        "largest_trials": preset.trials,
        "experiments": len(ledger.plan.experiments),
        "trials": sum(m.count for m in moments.values()),
        "counts": {v.value: sum(e["verdict"] == v.value for e in entries) for v in Verdict},
        "contradictions": contradictions,
        "conflicts": ledger.conflicts,
        "wide": ledger.wide,
        "ending": ledger.ending,
        "exit_code": int(
            bool(contradictions or ledger.conflicts)
            or not all(e["as_expected"] for e in entries)
            or any(f.error for f in ledger.plan.figures)
        ),
    }
    return {"run": run, "suites": suites, "machine": machine(threads, seconds)}


def typeset_claims(plan: Plan) -> None:
    """Typeset all formulas now, so that a run that is interrupted later need not."""
    for claim in plan.claims:
        if isinstance(claim.item, Claim):
            own_formula(claim, claim.item)


def name_of(plan: Plan, key: str | Contrast) -> str:
    """An experiment or a comparison in words, by the key of its task or its contrast."""
    if isinstance(key, str):
        return plan.experiments[key].label
    smaller, larger = (
        (plan.experiments[task], plan.experiments[task].problem.parse(name)[0])
        for task, name in (key.smaller, key.larger)
    )
    return label(smaller, larger)


def rows_by_claim(verdicts: pd.DataFrame) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """The verdict rows of each claim, by its suite and its name."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in cast("list[dict[str, Any]]", verdicts.to_dict("records")):
        found.setdefault((row["suite"], row["claim"]), []).append(row)
    return found


def claim_entry(
    ledger: Ledger, claim: PlannedClaim, rows: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """One claim: what it says, its verdict as a whole, and how it is wrong."""
    item = claim.item
    verdict = combine(Verdict(row["verdict"]) for row in rows)
    telling = explained_case(ledger, claim) if verdict is Verdict.REFUTED else None
    named = telling[0].label if telling else extreme_case(ledger, claim, verdict)
    conflicts = [row for row in rows if row["reason"].startswith("CONFLICT")]
    same = conflicts or [row for row in rows if row["verdict"] == verdict.value]
    shown = next((row for row in same if row["case"] == named), same[0])
    entry = {
        "name": item.name,
        "ref": item.ref,
        "mends": item.mends or "",
        "kind": item.kind,
        "of": entry_of(claim),
        "statistic": "" if isinstance(item, Check) else item.statistic,
        "doc": item.doc,
        "verdict": verdict.value,
        "expected": (item.expect or "").upper(),
        "as_expected": is_as_expected(verdict, item.expect),
        "reason": str(shown["reason"]),
        "case": str(shown["case"]),
        "deviation": without_nan(float(shown["deviation"])),  # as run.json keeps it
        "margin": None if isinstance(item, Check) else claim.margin,
        "cases": len(rows),
    }
    if isinstance(item, Claim):
        entry |= own_formula(claim, item)
        if verdict is Verdict.REFUTED:
            entry |= ratio_entry(telling[1] if telling else None)
    return entry


def entry_of(claim: PlannedClaim) -> str:
    """What a claim is about: as it was written, or the observables of an ordering."""
    if isinstance(claim.item, Claim):
        return claim.item.of
    return ", ".join(dict.fromkeys(case.of for case in claim.cases))


def figure_entry(planned: PlannedFigure) -> dict[str, Any]:
    """A figure: its panels in order, or why it has none; the curves stand in the table."""
    figure = planned.figure
    panels = [panel.title for panel in planned.panels]
    entry = {"name": figure.name, "doc": figure.doc, "of": figure.of, "panels": panels}
    return entry | ({"error": planned.error} if planned.error else {})


def is_as_expected(verdict: Verdict, expect: str | None) -> bool:
    """True unless the verdict breaks an expectation or the program failed.

    INCONCLUSIVE never breaks an expectation, and a claim without one cannot break it.

    >>> is_as_expected(Verdict.CONFIRMED, "refuted")
    False
    >>> is_as_expected(Verdict.INCONCLUSIVE, "refuted")
    True
    """
    if verdict in (Verdict.ERROR, Verdict.INCONSISTENT):
        return False
    return expect is None or verdict is Verdict.INCONCLUSIVE or verdict.value == expect.upper()


def own_formula(planned: PlannedClaim, claim: Claim) -> Mapping[str, str]:
    """The formula of a claim in three notations; nothing if it fails as it did on numbers."""
    try:
        return formula_entry(claim)
    except MemoryError:
        if planned.error:
            return {}
        raise


@cache
def formula_entry(claim: Claim) -> Mapping[str, str]:
    """The formula as plain text, LaTeX and MathML; empty when it is not one expression."""
    from nqmbench.symbolic import evaluate, mathml, plain, typeset

    expression = evaluate(claim.formula, claim.arguments)
    if expression is None:
        return {}
    return {
        "formula": plain(expression),
        "formula_latex": typeset(expression),
        "formula_mathml": mathml(expression),
    }


def explained_case(ledger: Ledger, claim: PlannedClaim) -> tuple[Case, Explanation] | None:
    """The first refuted case that a symbolic ratio explains."""
    if not isinstance(claim.item, Claim) or ledger.hurried:
        return None
    for case in claim.cases:
        if ledger.verdict(ledger.of_case(claim, case)) is Verdict.REFUTED:
            found = explanation(claim.item, case)
            if found is not None:
                return case, found
    return None


def extreme_case(ledger: Ledger, claim: PlannedClaim, verdict: Verdict) -> str:
    """The case of this verdict that deviates most, or, for a bound, comes closest to it."""
    deviations = {}
    for case in claim.cases:
        records = ledger.of_case(claim, case)
        if ledger.verdict(records) is verdict and all(r.sample for r in records):
            deviation = worst(records).deviation
            if claim.item.shape in BOUNDS and verdict is Verdict.CONFIRMED:
                # A bound is nearest where the deviation is highest (upper) or lowest (lower).
                deviations[case.label] = -deviation if "lower" in claim.item.shape else deviation
            else:
                deviations[case.label] = abs(deviation)
    return max(deviations, key=deviations.__getitem__, default="")


def ratio_entry(found: Explanation | None) -> dict[str, str]:
    """The ratio formula / exact steady state in three notations."""
    from nqmbench.symbolic import mathml, typeset

    if found is None:
        return {}
    return {
        "ratio": found.ratio,
        "ratio_latex": typeset(found.expression),
        "ratio_mathml": mathml(found.expression),
    }


def machine(threads: int, seconds: float) -> dict[str, Any]:
    """What the times depend on, and what the digits may depend on."""
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "cpu": cpu_name(),
        "threads": threads,
        "seconds": round(seconds, 1),
        "versions": {name: package_version(name) for name in PACKAGES},
    }


def cpu_name() -> str:
    """The processor's model, as far as the system tells it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def package_version(name: str) -> str:
    """The installed version of a package."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
