"""The sentences that both pages share, as plain text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from nqmbench.report.content import ClaimPart, Report, SuiteFigure, SuitePart
from nqmbench.report.facts import margins
from nqmbench.report.formulas import Formula
from nqmbench.report.statements import Statement
from nqmbench.report.words import (
    MEANINGS,
    clean,
    count,
    integer,
    listing,
    number,
    percent,
    quantity,
    shorten,
    typographic,
    verdict_in_words,
)  # fmt: skip

__all__ = [
    "FIGURE_HELP", "TAILS", "UNDRAWN", "about_case", "counts", "deviation", "figure_alt",
    "figure_caption", "found", "found_in_brief", "mended_elsewhere", "ratios", "suite_counts",
    "suite_notes", "summary",
]  # fmt: skip

NOUNS = {"ERROR": "in error"}
FIGURE_HELP = (
    "How to read a figure: points with bars are the simulation with its interval, the dashed line "
    "is the formula, the thin line is exact theory (at a few single steps: a short stroke and a "
    "ring). The lower (or right) panel shows how far the simulation lies from the formula; the "
    "shaded band is the margin. A bar inside the band confirms, a bar outside refutes. Where a "
    "point lies far outside, the scale is linear inside the band and logarithmic outside (symlog). "
    "One method has one colour everywhere; its cases differ by marker and dashes. A deviation is "
    "that of the simulation from the formula at the worst step. The figure of an ordering shows "
    "the difference of its two sides under the same noise, and below (or at the right) that "
    "difference relative to the larger side; for a probability, how often the first side is lower."
)

TAILS = "Which moments of the error stay bounded"
UNDRAWN = "Figure not drawn: python -m nqmbench report, given this run's folder, draws it."


def counts(claims: Iterable[ClaimPart]) -> dict[str, int]:
    """How many claims have each verdict, the gravest first, without those that do not occur."""
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
    if ended := clean(report.run.get("ending")):
        sentences.append(f"The run is not complete ({ended}): the same command goes on from here.")
    if shard := report.run.get("shard"):
        part = " of ".join(clean(number) for number in shard)
        sentences.append(f"This is share {part}: what the others simulate is not judged here.")
    if conflicts := [clean(said) for said in report.run.get("conflicts") or ()]:
        sentences.append(
            f"{count(len(conflicts), 'later look contradicts', 'later looks contradict')} a "
            f"decision: {'; '.join(conflicts[:3])}{'; …' if len(conflicts) > 3 else ''}."
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
    if margin := margins(report.run):
        preset = f" (preset {clean(report.run.get('preset'))})" if report.run.get("preset") else ""
        sentences.append(f"The margin is {margin}{preset}, unless a claim states its own accuracy.")
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


def found_in_brief(claim: ClaimPart) -> str:
    """The reason without the numbers claimed and simulated, for a narrow column."""
    brief = claim.reason.partition(": claimed")[0] if claim.simulated else claim.reason
    return shorten(brief[:1].upper() + brief[1:], 160)


def about_case(claim: ClaimPart) -> str:
    """Which of several cases the reason speaks of; empty if there is one case only."""
    several = len(claim.cases) > 1 and claim.case
    return f"That is the case {claim.case}." if several else ""


def deviation(claim: ClaimPart) -> str:
    """The deviation of a claim; a dash where it would mean nothing."""
    return "–" if claim.verdict in ("DIVERGED", "ERROR") else percent(claim.deviation)


def mended_elsewhere(report: Report, claim: ClaimPart) -> list[ClaimPart]:
    """The true statements beside a refuted claim that do not stand right below it."""
    if claim.verdict != "REFUTED" or not claim.ref or claim.mends:
        return []
    shown = {better.anchor for better in claim.mended_by}
    return [c for c in report.every() if c.mends == claim.ref and c.anchor not in shown]


def ratios(statement: Statement) -> list[Formula]:
    """By which factors the refuted claims of a statement are off, each one once."""
    found = [claim.ratio for claim in statement.claims if claim.ratio and not claim.ratio.one]
    return list({ratio.text: ratio for ratio in found}.values())


def figure_alt(figure: SuiteFigure) -> str:
    """What a figure of a suite shows, for readers who cannot see it."""
    labels = dict.fromkeys(curve.label for panel in figure.panels for curve in panel.curves)
    text = f"{figure.name}: {quantity(figure.of, 'mean')} over the steps for {listing([*labels])}"
    titles = [panel.title for panel in figure.panels]
    return text + (f", in the panels {listing(titles)}" if len(titles) > 1 else "")


def figure_caption(figure: SuiteFigure) -> str:
    """How to read a figure of a suite."""
    runs = f" over {integer(figure.trials)} runs" if figure.trials > 1 else ""
    shared = " and the panels share the vertical one" if len(figure.panels) > 1 else ""
    plain = figure.signed or figure.narrow
    axes = "the axis of steps is" if plain else "both axes are"
    parts = [
        # The figure has room for a short text only.
        figure.doc + ("" if figure.doc[-1:] in ".!?…" else ".") if len(figure.doc) > 230 else "",
        f"How to read it: {axes} logarithmic{shared}; the marks are the mean{runs}, the "
        "band around them (mostly narrower than a mark) is its 95 % interval"
        + (", the thin line the exact mean." if figure.exact else "."),
    ]
    if figure.single:
        parts.append(
            "The faint line in the same colour is one single run: it scatters about the mean, and "
            "only the mean can be compared with a formula."
        )
    return typographic(" ".join(part for part in parts if part))


def suite_counts(suite: SuitePart) -> str:
    """How many claims a suite holds and how many of them are not confirmed."""
    claims = [claim for claim in suite.every() if not claim.mends]
    tally = counts(claims)
    others = [f"{integer(n)} {NOUNS.get(verdict, verdict_in_words(verdict))}"
              for verdict, n in tally.items() if verdict != "CONFIRMED"]  # fmt: skip
    if not claims:
        return "no claims"
    return ", ".join([count(len(claims), "claim"), *(others or ["all confirmed"])])


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


def _listed(numbers: Mapping[str, int]) -> str:
    many = [
        f"{integer(n)} {NOUNS.get(verdict, verdict_in_words(verdict))}"
        for verdict, n in numbers.items()
    ]
    if not many:
        return "none is judged"
    n, _, rest = many[0].partition(" ")
    return listing([f"{n} {'is' if n == '1' else 'are'} {rest}", *many[1:]])
