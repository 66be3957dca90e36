"""The statements of a source by number: what the text says, is it true, and what is true instead.

A statement may be judged by several claims, for instance as it is written and under the condition
that it needs. Its own verdict is

    confirmed          all its claims are confirmed
    refuted            some claim is refuted and none is confirmed
    true only in part  some claim is refuted and some is confirmed
    open               otherwise: not decided, or not judged yet
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nqmbench.report.content import ClaimPart, Outside, Report
from nqmbench.report.names import safe_names
from nqmbench.report.words import KINDS, count, listing, shorten

__all__ = ["STANDINGS", "Source", "Statement", "evidence", "first_sentence", "headline", "sources"]

# The verdicts of statements with the symbol of each, in the order in which they are counted.
STANDINGS = {"confirmed": "✓", "true only in part": "◐", "refuted": "✗", "open": "?"}


@dataclass(frozen=True, eq=False)
class Statement:
    """One numbered statement.

    Args:
        ref: its number. anchor: its place on the page.
        claims: those that judge it. mended: the true statements beside it.
    """

    ref: str
    anchor: str
    claims: tuple[ClaimPart, ...]
    mended: tuple[ClaimPart, ...]

    @property
    def standing(self) -> str:
        """The verdict on the statement as a whole, one of STANDINGS."""
        verdicts = {claim.verdict for claim in self.claims}
        if verdicts == {"CONFIRMED"}:
            return "confirmed"
        if "REFUTED" in verdicts:
            return "true only in part" if "CONFIRMED" in verdicts else "refuted"
        return "open"


@dataclass(frozen=True, eq=False)
class Source:
    """One text: its statements that were judged and those that no run can judge, by number."""

    name: str
    statements: tuple[Statement, ...]
    outside: tuple[Outside, ...]


def sources(report: Report) -> list[Source]:
    """The sources of a report by the part of their numbers before the hyphen; empty without any.

    Their names are those that most of their suites give, up to the comma: "first text, section 3"
    belongs to "first text".
    """
    claims: dict[str, list[ClaimPart]] = {}
    mended: dict[str, list[ClaimPart]] = {}
    outside: dict[str, dict[tuple[str, str], Outside]] = {}
    names: dict[str, Counter[str]] = {}
    for suite in report.suites:
        for claim in suite.every():
            if claim.ref and not claim.mends:
                claims.setdefault(claim.ref, []).append(claim)
            if claim.mends:
                mended.setdefault(claim.mends, []).append(claim)
        for item in suite.outside:
            outside.setdefault(prefix(item.ref), {})[item.ref, item.statement] = item
        refs = [*(c.ref or c.mends for c in suite.every()), *(o.ref for o in suite.outside)]
        for found in {prefix(ref) for ref in refs if ref}:
            name = suite.source.partition(",")[0].strip()
            names.setdefault(found, Counter()).update([name] if name else [])
    numbers = sorted({*claims, *mended}, key=natural)
    anchors = safe_names(("statement", ref) for ref in numbers)
    made = [
        Statement(
            ref, anchors["statement", ref],
            tuple(claims.get(ref, ())), tuple(mended.get(ref, ())),
        )
        for ref in numbers
    ]  # fmt: skip
    return [
        Source(
            named(found, names.get(found, Counter())),
            tuple(s for s in made if prefix(s.ref) == found),
            tuple(sorted(outside.get(found, {}).values(), key=lambda o: natural(o.ref))),
        )
        for found in sorted({*map(prefix, numbers), *outside}, key=natural)
    ]


def named(prefix: str, names: Counter[str]) -> str:
    """The name of a source: the one given most often, or its prefix."""
    given = sorted(names, key=lambda name: (-names[name], name))
    return f"{given[0]} ({prefix})" if given and prefix else (given or [prefix or "Statements"])[0]


def prefix(ref: str) -> str:
    """The part of a number that stands for its source.

    >>> prefix("T1-08"), prefix("lemma 3")
    ('T1', '')
    """
    return ref.partition("-")[0] if "-" in ref else ""


def natural(text: str) -> list[tuple[int, int, str]]:
    """A key that sorts the numbers in a text by their size.

    >>> sorted(["T1-10", "T1-42b", "T1-2", "T1-42a", "T1-42"], key=natural)
    ['T1-2', 'T1-10', 'T1-42', 'T1-42a', 'T1-42b']
    """
    pieces = re.split(r"([0-9]{1,15})", text)
    return [(0, int(p), "") if i % 2 else (1, 0, p) for i, p in enumerate(pieces)]


def evidence(claim: ClaimPart) -> str:
    """By which means a claim was judged."""
    if claim.kind == "ordering":
        return "paired ordering"
    return "simulation" if claim.simulated or claim.kind in KINDS else "exact check"


def first_sentence(text: str) -> str:
    """The first sentence, shortened if it is long.

    >>> first_sentence("E w = 0.5 at the end, i.e. half. It falls.")
    'E w = 0.5 at the end, i.e. half.'
    """
    head = re.split(r"(?<=[.!?])\s+(?=[A-Z\u0370-\u03ff(])", text, maxsplit=1)[0]
    return shorten(head, 240)


def headline(found: Iterable[Source]) -> str:
    """How many statements there are and how they stand.

    "Of 40 numbered statements, 20 are wholly confirmed, 5 are true only in part, ..."
    """
    listed = list(found)
    tally = Counter(statement.standing for statement in every(listed))
    words = {
        "confirmed": ("is wholly confirmed", "are wholly confirmed"),
        "true only in part": ("is true only in part", "are true only in part"),
        "refuted": ("is refuted", "are refuted"),
        "open": ("is open", "are open"),
    }
    parts = [count(tally[s], *words[s]) for s in STANDINGS if tally[s]]
    holding = tally["refuted"] + tally["true only in part"]
    beyond = sum(len(source.outside) for source in listed)
    sentences = []
    if parts:
        total = count(tally.total(), "numbered statement")
        sentences.append(f"Of {total} that a run can judge, {listing(parts)}.")
        sentences.append(f"So {count(holding, 'holds', 'hold')} at least one refuted claim.")
    if beyond:
        sentences.append(f"{count(beyond, 'more is', 'more are')} out of scope.")
    return " ".join(sentences)


def every(found: Iterable[Source]) -> Iterator[Statement]:
    """The statements of all sources."""
    for source in found:
        yield from source.statements
