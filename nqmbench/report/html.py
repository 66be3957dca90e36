"""The report as HTML, and its statements by number: no script, one style sheet, figures beside it.

A page forbids itself everything but its own style sheet and images (Content-Security-Policy),
and every text goes through the template's escaping. Only formulas enter as markup; they are
rebuilt from known MathML elements first.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from nqmbench.report import cases, facts, statements, story, trust, words
from nqmbench.report.content import Report
from nqmbench.report.formulas import Formula

__all__ = ["html", "prepare", "statements_html", "trust_html"]

PAGE, STATEMENTS, TRUST = "page.html.j2", "statements.html.j2", "trust.html.j2"


def math(formula: Formula, *, display: bool = True) -> Markup:
    """The formula as MathML, or as code if it cannot be typeset."""
    ready = formula.math(display=display)
    if ready:
        return Markup(ready)  # built from known elements and escaped characters
    return Markup('<code class="formula">{}</code>' if display else "<code>{}</code>").format(
        formula.text
    )


@cache
def _environment() -> tuple[Environment, str]:
    here = files("nqmbench.report")

    def text(name: str) -> str:
        return here.joinpath(name).read_text(encoding="utf-8")

    environment = Environment(
        loader=FunctionLoader(text),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        story=story,
        cases=cases,
        facts=facts,
        words=words,
        statements=statements,
        trust=trust,
        math=math,
    )
    return environment, text("page.css")


def html(report: Report) -> str:
    """The whole page.

    Args:
        report: what to say.
    """
    return _render(PAGE, report)


def statements_html(report: Report) -> str | None:
    """The page of all statements by number, or None if nothing has a number.

    Args:
        report: what to say.
    """
    return _render(STATEMENTS, report) if statements.sources(report) else None


def prepare() -> None:
    """Compile the templates."""
    for name in (PAGE, STATEMENTS, TRUST):
        _environment()[0].get_template(name)


def trust_html(report: Report) -> str:
    """The page about what a verdict is worth.

    Args:
        report: whose margins and level are told.
    """
    return _render(TRUST, report)


def _render(name: str, report: Report) -> str:
    environment, style = _environment()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        environment.get_template(name).render(
            report=report, listed=statements.sources(report), style=Markup(style), digest=digest
        )
        + "\n"
    )
