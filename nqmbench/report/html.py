"""The report as one HTML page: no script, one small style sheet, figures beside it.

The page forbids itself everything but its own style sheet and images (Content-Security-Policy),
and every text goes through the template's escaping. Only formulas enter as markup; they are
rebuilt from known MathML elements first.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from nqmbench.report import cases, facts, story, words
from nqmbench.report.content import Report
from nqmbench.report.formulas import Formula

__all__ = ["html"]


def math(formula: Formula, *, display: bool = True) -> Markup:
    """The formula as MathML, or as code if it cannot be typeset."""
    ready = formula.math(display=display)
    if ready:
        return Markup(ready)  # built from known elements and escaped characters
    return Markup('<code class="formula">{}</code>' if display else "<code>{}</code>").format(
        formula.text
    )


@cache
def _template() -> tuple[Template, str]:
    here = files("nqmbench.report")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.update(story=story, cases=cases, facts=facts, words=words, math=math)
    style = here.joinpath("page.css").read_text(encoding="utf-8")
    return environment.from_string(here.joinpath("page.html.j2").read_text(encoding="utf-8")), style


def html(report: Report) -> str:
    """The whole page.

    Args:
        report: what to say.
    """
    template, style = _template()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return template.render(report=report, style=Markup(style), digest=digest) + "\n"
