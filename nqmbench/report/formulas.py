"""A formula as it was written, as LaTeX and as MathML, whichever of them is known.

HTML gets MathML if the formula can be turned into it, else the plain text; Markdown gets LaTeX if
it was understood, else the plain text. A formula that was not understood never reaches a page
unescaped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nqmbench.report.mathml import checked, from_latex
from nqmbench.report.words import clean

__all__ = ["Formula"]


@dataclass(frozen=True)
class Formula:
    """One formula; false if there is none.

    Args:
        plain: as it reads in Python. latex, mathml: as SymPy typesets it; empty if it cannot.
    """

    plain: str = ""
    latex: str = ""
    mathml: str = ""

    @staticmethod
    def of(about: Mapping[str, Any], key: str) -> Formula:
        """The formula under `key`, `key`_latex and `key`_mathml of a claim's description."""
        mathml = about.get(f"{key}_mathml")
        return Formula(
            clean(about.get(key)),
            clean(about.get(f"{key}_latex")),
            mathml if isinstance(mathml, str) else "",
        )

    def __bool__(self) -> bool:
        return bool(self.plain or self.latex)

    @property
    def one(self) -> bool:
        """True if the formula is the number 1."""
        return self.plain in ("1", "1.0") or self.latex == "1"

    def math(self, *, display: bool = True) -> str | None:
        """The formula as safe MathML, or None."""
        ready = checked(self.mathml, display=display) if self.mathml else None
        return ready or (from_latex(self.latex, display=display) if self.latex else None)

    @property
    def safe_latex(self) -> str | None:
        """The LaTeX with < and > spelt out, or None if it holds anything but a formula."""
        if not self.latex or "$" in self.latex or from_latex(self.latex) is None:
            return None
        return self.latex.replace("<", r"\lt ").replace(">", r"\gt ")

    @property
    def text(self) -> str:
        """The formula as plain text."""
        return self.plain or self.latex
