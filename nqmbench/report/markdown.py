"""The report as Markdown, for repositories and terminals; the same content as the page.

Texts of others are escaped so that they are shown as they were written, whatever Markdown or HTML
they hold. Formulas stand between dollar signs if they were understood as formulas, else as code.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from nqmbench.report import trust
from nqmbench.report.cases import case_table
from nqmbench.report.content import ClaimPart, Report
from nqmbench.report.facts import command, facts
from nqmbench.report.formulas import Formula
from nqmbench.report.statements import (
    STANDINGS,
    Statement,
    evidence,
    first_sentence,
    headline,
    sources,
)
from nqmbench.report.story import (
    FIGURE_HELP,
    TAILS,
    UNDRAWN,
    about_case,
    counts,
    deviation,
    figure_alt,
    figure_caption,
    found,
    found_in_brief,
    mended_elsewhere,
    ratios,
    suite_counts,
    suite_notes,
    summary,
)  # fmt: skip
from nqmbench.report.words import MEANINGS, SYMBOLS, shorten, statement_of, verdict_in_words

__all__ = ["code", "escaped", "markdown", "statements_markdown"]

ESCAPES = {ord(c): f"\\{c}" for c in r"\`*_[]!|~$"} | {
    ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;",
}  # fmt: skip
OPENING = re.compile(r"^([-+#](?=\s)|=|\d+[.)](?=\s))")
OPEN_TABLE = 6  # longer tables are folded


def escaped(text: str) -> str:
    r"""The text as it reads, without any meaning to Markdown or HTML.

    >>> escaped("<b> a|b *c* [x](y) x-y (z)")
    '&lt;b&gt; a\\|b \\*c\\* \\[x\\](y) x-y (z)'
    """
    plain = text.translate(ESCAPES)
    return OPENING.sub(lambda m: m[0][:-1] + "\\" + m[0][-1], plain)


def code(text: str) -> str:
    """The text as code, fenced by more backticks than it holds.

    >>> code("a"), code("a`b")
    ('`a`', '`` a`b ``')
    """
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {text} {fence}" if longest else f"{fence}{text}{fence}"


def fenced(text: str) -> str:
    """A line for a shell, as a block of code."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}sh\n{text}\n{fence}"


def markdown(report: Report) -> str:
    """The whole report.

    Args:
        report: what to say.

    Returns:
        Markdown in the dialect of GitHub (tables, dollar formulas, folded sections).
    """
    blocks = ["# Formulas against simulation", escaped(summary(report))]
    listed = sources(report)
    if listed:
        blocks.append(f"[All statements by number](statements.md): {escaped(headline(listed))}")
    tally = counts(claim for claim in report.every() if not claim.mends)
    if tally:
        blocks.append(_table([_verdict(v) for v in tally], [[str(n) for n in tally.values()]]))
    if len(report.suites) > 1:
        blocks.append(
            "\n".join(
                f"- [{escaped(s.name)}](#{s.anchor}): {suite_counts(s)}" for s in report.suites
            )
        )
    blocks += [
        "## What a verdict means",
        "\n".join(f"- {_verdict(v)}: {text}" for v, text in MEANINGS.items()),
    ]
    blocks.append("[What a verdict is worth](trust.md): how it is made, and how often it is wrong.")
    blocks.append(FIGURE_HELP)
    if report.suites:
        blocks += ["## Verdicts", _verdict_table(report)]
    for suite in report.suites:
        blocks += [
            f'<a id="{suite.anchor}"></a>\n\n## {escaped(suite.name)}',
            escaped(suite.summary),
            escaped(suite_notes(suite)),
        ]
        for figure in suite.figures:
            alt = escaped(shorten(figure_alt(figure), 300))
            image = _image(alt, figure.figure, report.undrawn)
            blocks.append(f'<a id="{figure.anchor}"></a>\n\n{image}')
            blocks.append(escaped(figure_caption(figure)))
        for claim in suite.claims:
            blocks += _claim(claim, "###", report.undrawn)
            if elsewhere := mended_elsewhere(report, claim):
                named = [f"{_link(c)} ({_verdict(c.verdict)})" for c in elsewhere]
                blocks.append(f"What is true instead: {'; '.join(named)}.")
            for better in claim.mended_by:
                blocks += _claim(better, "####", report.undrawn)
        if suite.tails:
            told = "\n".join(f"- {escaped(sentence)}" for sentence in suite.tails)
            blocks += [f"### {TAILS}", told]
    blocks += ["## How it was run"]
    if known := facts(report):
        blocks.append("\n".join(f"- {escaped(name)}: {escaped(value)}" for name, value in known))
    blocks += ["To reproduce it:", fenced(command(report))]
    return "\n\n".join(block for block in blocks if block) + "\n"


def trust_markdown(report: Report) -> str:
    """The page about what a verdict is worth.

    Args:
        report: whose margins and level are told.
    """
    blocks = ["# What a verdict is worth"]
    blocks.append("\n".join(f"- {_verdict(v)}: {text}" for v, text in MEANINGS.items()))
    for section in trust.sections(report):
        blocks += [f"## {section.title}", *map(escaped, section.paragraphs)]
        if section.title == trust.MEASURED:
            blocks.append(_table(list(trust.HEADINGS), trust.rows()))
    return "\n\n".join(blocks) + "\n"


def statements_markdown(report: Report) -> str | None:
    """All statements by number, or None if nothing has a number.

    Args:
        report: what to say.
    """
    listed = sources(report)
    if not listed:
        return None
    blocks = [
        "# Statements by number",
        escaped(headline(listed)),
        "The names lead to the claims in [the report](report.md).",
    ]
    for source in listed:
        blocks.append(f"## {escaped(source.name)}")
        if source.statements:
            columns = ("ref", "verdict", "what the text says", "evidence", "what is true instead")
            rows = [row for statement in source.statements for row in _statement_rows(statement)]
            blocks.append(_table(columns, rows))
        if source.outside:
            heads = ("ref", "statement", "why no run can judge it")
            outside = [[escaped(o.ref), escaped(o.statement), escaped(o.reason)]
                       for o in source.outside]  # fmt: skip
            blocks += ["### Out of scope", _table(heads, outside)]
    return "\n\n".join(blocks) + "\n"


def _statement_rows(statement: Statement) -> Iterator[list[str]]:
    standing = f"{STANDINGS[statement.standing]} {statement.standing}"
    instead = [f"{_link(c, 'report.md')} ({_verdict(c.verdict)})" for c in statement.mended]
    instead += [f"claimed / exact = {_inline(ratio)}" for ratio in ratios(statement)]
    first = [f'<a id="{statement.anchor}"></a>{escaped(statement.ref)}', standing]
    for claim in statement.claims:
        says = filter(None, (_link(claim, "report.md"), escaped(first_sentence(claim.doc))))
        found = filter(None, (f"{_verdict(claim.verdict)} by {evidence(claim)}",
                              escaped(found_in_brief(claim))))  # fmt: skip
        yield [*first, ": ".join(says), ": ".join(found), "; ".join(instead)]
        first, instead = ["", ""], []
    if not statement.claims:
        yield [*first, "–", "–", "; ".join(instead)]


def _link(claim: ClaimPart, page: str = "") -> str:
    return f"[{escaped(claim.name)}]({page}#{claim.anchor})"


def _image(alt: str, name: str, undrawn: Collection[str]) -> str:
    return escaped(UNDRAWN) if name in undrawn else f"![{alt}](figures/{name}.png)"


def _claim(claim: ClaimPart, level: str, undrawn: Collection[str]) -> list[str]:
    heading = " ".join(filter(None, (escaped(claim.ref), escaped(claim.name))))
    blocks = [f'<a id="{claim.anchor}"></a>\n\n{level} {heading}']
    if claim.mended_by:
        blocks.append("*What the text says.*")
    if claim.mends:
        blocks.append(f"*What is true instead of {escaped(claim.mends)}.*")
    blocks += [escaped(claim.doc), _statement(claim)]
    blocks.append(
        " ".join(
            filter(
                None, (f"**{_verdict(claim.verdict)}.**", escaped(found(claim)), _unexpected(claim))
            )
        )
    )
    blocks.append(escaped(about_case(claim)))
    if claim.ratio:
        end = (
            "the formula is right there."
            if claim.ratio.one
            else "the formula is off by this factor."
        )
        blocks.append(f"Steady state: claimed / exact = {_inline(claim.ratio)}; {end}")
    if claim.figure:
        alt = escaped(
            shorten(f"{claim.ref} {claim.name}: {verdict_in_words(claim.verdict)}".strip(), 100)
        )
        blocks.append(_image(alt, claim.figure, undrawn))
    if claim.cases:
        table = case_table(claim)
        text = _table(
            [column.heading for column in table.columns],
            [
                [
                    _verdict(cell) if column.kind == "verdict" else escaped(cell)
                    for column, cell in zip(table.columns, row, strict=True)
                ]
                for row in table.rows
            ],
        )
        if table.note:
            text += f"\n\n{escaped(table.note)}"
        if len(table.rows) > OPEN_TABLE:
            text = f"<details><summary>{len(claim.cases)} cases</summary>\n\n{text}\n\n</details>"
        blocks.append(text)
    return blocks


def _statement(claim: ClaimPart) -> str:
    words = escaped(statement_of(claim.kind, claim.of, claim.statistic))
    words = words[:1].upper() + words[1:]
    if not claim.formula:
        return (
            f"{words}."
            if not claim.simulated or claim.kind == "ordering"
            else f"{words} the values of a program (no single formula)."
        )
    latex = claim.formula.safe_latex
    return f"{words}\n\n$${latex}$$" if latex else f"{words} {code(claim.formula.text)}"


def _inline(formula: Formula) -> str:
    return f"${formula.safe_latex}$" if formula.safe_latex else code(formula.text)


def _verdict(verdict: str) -> str:
    return f"{SYMBOLS.get(verdict, '·')} {verdict if verdict in MEANINGS else 'not decided'}"


def _unexpected(claim: ClaimPart) -> str:
    return (
        ""
        if claim.as_expected
        else f"The suite expects {escaped(claim.expected) or 'something else'}."
    )


def _verdict_table(report: Report) -> str:
    rows = []
    for suite in report.suites:
        rows.append([f"**[{escaped(suite.name)}](#{suite.anchor})**", "", "", "", "", ""])
        for claim in suite.every():
            name = f"[{escaped(claim.name)}](#{claim.anchor})"
            rows.append(
                [
                    escaped(claim.ref),
                    f"↳ {name}" if claim.mends else name,
                    escaped(claim.kind),
                    _verdict(claim.verdict),
                    deviation(claim),
                    " ".join(filter(None, (escaped(found_in_brief(claim)), _unexpected(claim)))),
                ]
            )
    return _table(("ref", "claim", "kind", "verdict", "deviation", "what was found"), rows)


def _table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(columns)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
