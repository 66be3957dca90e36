"""The sentences and tables that both pages share, as plain text."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nqmbench.report.content import ClaimPart, Report, SuitePart
from nqmbench.report.words import (
    MEANINGS,
    clean,
    count,
    integer,
    number,
    percent,
    quantity,
    verdict_in_words,
)

__all__ = [
    "Table",
    "case_table",
    "command",
    "counts",
    "deviation",
    "facts",
    "found",
    "suite_notes",
    "summary",
]

MOST_ROWS = 60
NOUNS = {"ERROR": "in error"}
FIGURE_HELP = (
    "How to read a figure: points with bars are the simulation with its interval, the dashed line "
    "is the formula, the thin line is exact theory. The lower (or right) panel shows how far the "
    "simulation lies from the formula; the shaded band is the margin. A bar inside the band "
    "confirms, a bar outside refutes. Far outside the band the scale is logarithmic. One method "
    "has one colour everywhere."
)


@dataclass(frozen=True)
class Table:
    """The cases of a claim, ready to print.

    Args:
        columns: the headings. rows: texts; the first column is the case, the second the bare
        verdict. note: what was left out; empty if nothing.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def counts(claims: Iterable[ClaimPart]) -> dict[str, int]:
    """How many claims have each verdict, from good to bad, without those that do not occur."""
    number_of = Counter(claim.verdict for claim in claims)
    known = {verdict: number_of[verdict] for verdict in MEANINGS if number_of[verdict]}
    others = number_of.total() - sum(known.values())
    return known | ({"": others} if others else {})


def summary(report: Report) -> str:
    """The paragraph at the top."""
    claims = [claim for claim in report.every() if not claim.mends]
    mending = [claim for claim in report.every() if claim.mends]
    if not claims and not mending:
        return "This run holds no claims yet."
    sentences = [f"Of {count(len(claims), 'claim')}, {_listed(counts(claims))}."]
    if mending:
        sentences.append(
            f"Beside them {count(len(mending), 'statement says', 'statements say')} what is true "
            f"instead; of these, {_listed(counts(mending))}."
        )
    surprises = [c for c in report.every() if not c.as_expected]
    if surprises:
        named = "; ".join(f"{c.suite}::{c.name}" for c in surprises[:5]) + (
            "; …" if len(surprises) > 5 else ""
        )
        verdicts = count(len(surprises), "verdict is", "verdicts are")
        sentences.append(f"{verdicts} not what the suite expects: {named}.")
    elif any(c.expected for c in report.every()):
        sentences.append("Every verdict is as its suite expects.")
    margins = report.run.get("margins")
    if isinstance(margins, Mapping) and margins:
        words = _and(
            [f"{percent(v).removeprefix('+')} for a {clean(k)}" for k, v in margins.items()]
        )
        preset = f" (preset {clean(report.run.get('preset'))})" if report.run.get("preset") else ""
        sentences.append(f"The margin is {words}{preset}, unless a claim states its own accuracy.")
    alpha = report.run.get("alpha")
    if isinstance(alpha, int | float):
        sentences.append(
            "The probability that a suite holds even one wrong CONFIRMED or REFUTED is at most "
            f"{percent(alpha)[1:]}, over all its claims, steps and looks together."
        )
    return " ".join(sentences)


def found(claim: ClaimPart) -> str:
    """The reason of a verdict, with a capital letter and a full stop."""
    text = claim.reason
    return text[:1].upper() + text[1:] + ("" if text[-1:] in ".!?…" else ".") if text else ""


def deviation(claim: ClaimPart) -> str:
    """The largest deviation of a claim; a dash where it would mean nothing."""
    return "–" if claim.verdict in ("DIVERGED", "ERROR") else percent(claim.deviation)


def suite_notes(suite: SuitePart) -> str:
    """Source, number of cells and level of a suite."""
    notes = [f"Source: {suite.source}." if suite.source else ""]
    if suite.cells == suite.cells:
        level = (
            f", each judged at {number(suite.level)} standard errors"
            if suite.level == suite.level
            else ""
        )
        notes.append(f"{count(int(suite.cells), 'cell')} (a quantity at a step){level}.")
    return " ".join(note for note in notes if note)


def case_table(claim: ClaimPart) -> Table:
    """The cases of a claim; the worst ones if there are too many for a page."""
    order = {verdict: i for i, verdict in enumerate(MEANINGS)}
    cases: Sequence[Any] = claim.cases
    note = ""
    if len(cases) > MOST_ROWS:
        size = {id(c): abs(c.deviation) if c.deviation == c.deviation else 0.0 for c in cases}
        cases = sorted(cases, key=lambda c: (-order.get(c.verdict, 9), -size[id(c)]))[:MOST_ROWS]
        note = f"The {MOST_ROWS} worst of {len(claim.cases)} cases; all are in verdicts.csv."
    several = len({quantity(c.of, c.statistic, brief=True) for c in cases}) > 1
    reasons = len({case.reason for case in cases if case.reason} | {claim.reason}) > 1
    more = ("what was found",) if reasons else ()
    if not claim.simulated:
        columns = ("case", "verdict", "claimed", "true", "difference", *more)
        rows: list[tuple[str, ...]] = [
            (
                case.name or "–",
                case.verdict,
                number(case.formula, 6),
                number(case.exact, 6),
                percent(case.deviation),
            )
            for case in cases
        ]
    else:
        columns = (
            "case",
            "verdict",
            "worst step",
            "formula",
            "exact",
            "simulated",
            "interval",
            "deviation",
            "trajectories",
            *more,
        )
        rows = [
            (
                ", ".join(
                    filter(None, (case.name, quantity(case.of, case.statistic) if several else ""))
                )
                or "–",
                case.verdict,
                integer(case.step),
                number(case.formula),
                number(case.exact),
                number(case.estimate),
                f"{number(case.low)} … {number(case.high)}",
                percent(case.deviation),
                integer(case.trials),
            )
            for case in cases
        ]
    if reasons:
        rows = [(*row, case.reason) for row, case in zip(rows, cases, strict=True)]
    return Table(columns, tuple(rows), note)


def facts(report: Report) -> list[tuple[str, str]]:
    """How the report's run was made, as pairs of a name and a value."""
    listed: list[tuple[str, str]] = []
    for key, value in [*report.run.items(), *report.machine.items()]:
        if key in ("counts", "exit_code"):
            continue  # they stand in the summary
        if isinstance(value, Mapping):
            text = ", ".join(f"{clean(k)} {_plain(v)}" for k, v in value.items())
        elif isinstance(value, list | tuple):
            text = ", ".join(clean(v) for v in value)
        else:
            text = _plain(value)
        if text:
            listed.append((clean(key).replace("_", " "), text))
    return listed


def command(report: Report) -> str:
    """The command that gives this run again."""
    run = report.run
    suites = run.get("suites") or [suite.name for suite in report.suites]
    words = ["python", "-m", "nqmbench", "run", *(clean(s) for s in suites if clean(s))]
    for key in ("preset", "seed", "precision", "budget"):
        if run.get(key) is not None and clean(run[key]):
            words += [f"--{key}", clean(run[key])]
    return " ".join(shlex.quote(word) for word in words)


def _listed(numbers: Mapping[str, int]) -> str:
    many = [
        f"{integer(n)} {NOUNS.get(verdict, verdict_in_words(verdict))}"
        for verdict, n in numbers.items()
    ]
    if not many:
        return "none is judged"
    n, _, rest = many[0].partition(" ")
    return _and([f"{n} {'is' if n == '1' else 'are'} {rest}", *many[1:]])


def _and(words: Sequence[str]) -> str:
    return ", ".join(words[:-1]) + (" and " if len(words) > 1 else "") + words[-1]


def _plain(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10_000:
        return integer(value)
    return clean(value)
