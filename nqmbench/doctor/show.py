"""The findings on a terminal, in a log, and as JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from rich.console import Console
from rich.text import Text

from nqmbench.doctor.finding import Finding

__all__ = ["as_json", "exit_code", "print_findings"]

COLOURS = {"ok": "green", "notice": "yellow", "trouble": "bold red"}
INDENT = 36  # where what was seen begins, after the verdict and the name
NARROW = 60  # below this width lines are left to the terminal


def print_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Print each finding as it comes, then what needs attention; return all of them.

    Where there is no terminal, a finding is a line, and its advice another.
    """
    out = Console(soft_wrap=True, highlight=False)
    width = out.width if out.is_terminal and out.width > NARROW else None
    seen: list[Finding] = []
    for finding in findings:
        if not seen or seen[-1].part != finding.part:
            out.print(Text(("\n" if seen else "") + finding.part, style="bold"))
        out.print(told(finding, width))
        seen.append(finding)
    out.print(Text("\n" + summary(seen)))
    return seen


def told(finding: Finding, width: int | None = None) -> Text:
    """Verdict, name and what was seen, with the advice below it; wrapped to a width, if any.

    >>> print(told(Finding("cache", "/data", "trouble", "make room")).plain)
    trouble   cache                     /data
                                        -> make room
    """
    text = Text(f"{finding.verdict:<10}", style=COLOURS[finding.verdict])
    text.append(f"{finding.name:<{INDENT - 11}} ", style="default")
    text.append(wrapped(finding.seen, width), style="default")
    if finding.advice:
        text.append("\n" + " " * INDENT + wrapped("-> " + finding.advice, width), style="dim")
    return text


def wrapped(text: str, width: int | None) -> str:
    """The text in lines that fit between the indent and the width."""
    if width is None:
        return text
    return f"\n{' ' * INDENT}".join(textwrap.wrap(text, width - INDENT) or [""])


def summary(findings: Sequence[Finding]) -> str:
    """One line: what needs attention.

    >>> summary([Finding("cache", "no", "trouble"), Finding("threads", "1", "notice")])
    '1 needs attention: cache (see above); 1 notice'
    """
    troubles = [f.name for f in findings if f.verdict == "trouble"]
    notices = sum(f.verdict == "notice" for f in findings)
    verb = "needs" if len(troubles) == 1 else "need"
    said = f"{len(troubles)} {verb} attention: {', '.join(troubles)} (see above)"
    begun = said if troubles else "nothing needs attention"
    return begun + (f"; {notices} notice{'s' * (notices > 1)}" if notices else "")


def as_json(findings: Iterable[Finding]) -> str:
    r"""The findings as a JSON object: exit_code, and findings with all their fields.

    >>> as_json([])
    '{\n "exit_code": 0,\n "findings": []\n}'
    """
    listed = list(findings)
    content = {"exit_code": exit_code(listed), "findings": [asdict(f) for f in listed]}
    return json.dumps(content, indent=1)


def exit_code(findings: Iterable[Finding]) -> int:
    """1 if anything is in trouble, else 0."""
    return int(any(f.verdict == "trouble" for f in findings))
