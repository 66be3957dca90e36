"""The table of a claim's cases: what differs is a column, what is the same stands in the note."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from nqmbench.report.content import Case, ClaimPart
from nqmbench.report.labels import common_and_own
from nqmbench.report.words import (
    MEANINGS,
    integer,
    measured,
    number,
    percent,
    verdict_in_words,
)  # fmt: skip

__all__ = ["Column", "Table", "case_table"]

MOST_ROWS = 60
FOUND = "what was found"


@dataclass(frozen=True)
class Column:
    """One column, ready to print.

    Args:
        heading: its name. kind: "text", "verdict" (bare words in capitals) or "number".
        cells: one text per row.
    """

    heading: str
    kind: str
    cells: tuple[str, ...]

    @property
    def constant(self) -> bool:
        """True if all of several rows say the same."""
        return len(self.cells) > 1 and len(set(self.cells)) == 1


@dataclass(frozen=True)
class Table:
    """The cases of a claim, ready to print.

    Args:
        columns: what differs between the cases. note: what does not, and what was left out.
    """

    columns: tuple[Column, ...]
    note: str = ""

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """The texts row by row."""
        return list(zip(*(column.cells for column in self.columns), strict=True))


@lru_cache(maxsize=1024)  # every page and every version of it has the same table
def case_table(claim: ClaimPart) -> Table:
    """The cases of a claim; the worst ones if there are too many for a page."""
    cases, notes = worst_cases(claim)
    words = [measured(claim.kind, c.of, c.statistic) for c in cases]
    several = len({measured(claim.kind, c.of, c.statistic, brief=True) for c in cases}) > 1
    named = [
        case.name + (f", {text}" if several else "")
        for case, text in zip(cases, words, strict=True)
    ]
    shared, own = common_and_own(named, 10**6)
    columns = [Column("case", "text", tuple(text or "–" for text in own))]
    same = [shared] if shared else []

    def add(heading: str, value: Callable[[Case], str], kind: str = "number") -> None:
        columns.append(Column(heading, kind, tuple(map(value, cases))))

    add("verdict", lambda case: case.verdict, "verdict")
    if claim.simulated:
        add("worst step", lambda case: integer(case.step))
        ordering = claim.kind == "ordering"
        if not ordering:
            add("formula", lambda case: number(case.formula))
        elif claim.statistic == "probability":
            add("at least", lambda case: number(case.formula))
        if not ordering or any(not math.isnan(case.exact) for case in cases):
            add("exact difference" if ordering else "exact", lambda case: number(case.exact))
        heading = {"mean": "difference", "probability": "frequency"}
        add(heading.get(claim.statistic, "simulated") if ordering else "simulated",
            lambda case: number(case.estimate))  # fmt: skip
        add("interval", lambda case: f"{number(case.low)} … {number(case.high)}")
        add("of the larger side" if ordering and claim.statistic == "mean" else "deviation",
            lambda case: percent(case.deviation))  # fmt: skip
        add("paired runs" if ordering else "trajectories", lambda case: integer(case.trials))
    else:
        add("claimed", lambda case: number(case.formula, 6))
        add("true", lambda case: number(case.exact, 6))
        add("deviation", lambda case: percent(case.deviation))
    if any(case.verdict != "CONFIRMED" and case.reason != claim.reason for case in cases):
        # The numbers claimed and simulated have columns of their own.
        add(FOUND, lambda case: case.reason.partition(": claimed")[0], "text")
    kept = []
    for column in columns:
        moved = column.constant and column.heading in (
            "verdict",
            "worst step",
            "trajectories",
            "paired runs",
            FOUND,
        )
        if moved:
            same.append(described(column))
        else:
            kept.append(column)
    if same:
        notes.append(f"In every case: {'; '.join(same)}.")
    return Table(tuple(kept), " ".join(notes))


def described(column: Column) -> str:
    """A column whose cells are all the same, in words."""
    text = column.cells[0]
    if column.kind == "verdict":
        return verdict_in_words(text)
    if column.heading in ("trajectories", "paired runs"):
        return f"{text} {column.heading}"
    return text if column.kind == "text" else f"{column.heading} {text}"


def worst_cases(claim: ClaimPart) -> tuple[Sequence[Case], list[str]]:
    """The cases of a page, gravest first if they are too many, and a note that says so."""
    cases = claim.cases
    if len(cases) <= MOST_ROWS:
        return cases, []
    order = {verdict: i for i, verdict in enumerate(MEANINGS)}

    def rank(case: Case) -> tuple[int, float]:
        size = 0.0 if math.isnan(case.deviation) else abs(case.deviation)
        return order.get(case.verdict, len(order)), -size

    note = f"The {MOST_ROWS} worst of {len(cases)} cases; all are in verdicts.csv."
    return sorted(cases, key=rank)[:MOST_ROWS], [note]
