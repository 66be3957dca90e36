"""Sentences of a suite as a page shows them: sigma_i^2 becomes σᵢ².

Docstrings are written with the letters of a keyboard. What has a character of its own is replaced
by it: names of Greek letters, small indices and exponents, roots, comparisons. The rest is left as
it was written, so that nothing is guessed.
"""

from __future__ import annotations

import re

__all__ = ["typeset"]

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "eps": "ε", "eta": "η", "kappa": "κ", "lam": "λ",
    "lambda": "λ", "rho": "ρ", "sigma": "σ",
}  # fmt: skip
RAISED = dict(zip("0123456789+-−ijknp()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻ⁱʲᵏⁿᵖ⁽⁾", strict=True))
LOWERED = dict(zip("0123456789+-−ijkn", "₀₁₂₃₄₅₆₇₈₉₊₋₋ᵢⱼₖₙ", strict=True))
SIGNS = ((">=", "≥"), ("<=", "≤"), ("!=", "≠"), ("sqrt(", "√("))
LETTER = re.compile(rf"(?<![\w.])({'|'.join(GREEK)})(?![A-Za-z0-9.]\w|\(\w*=)(?=\W|_|$)")
SUM = re.compile(r"\bsum (?=\(?[a-zα-ω]_[ijk])")
INDEX = re.compile(r"(?<!\w)([A-Za-zα-ω])_(?:(\d{1,2}|[ijkn])(?![A-Za-z0-9])|\{([^{}\s]{1,5})\})")
ROOT = re.compile(r"√\((\w)\)")
EXPONENT = re.compile(r"(?<=[\w)|])\^(?:(\d{1,3}|[ijknp])(?!\w)|\(([^()\s]{1,5})\))")


def typeset(text: str) -> str:
    """The text with the characters of mathematics that it names.

    >>> typeset("h_i^2 sigma_i^2 for one sample; eta <= 2/h, E w_{k+1}^2 = (1 - eta h)^(2k) w0^2")
    'hᵢ² σᵢ² for one sample; η ≤ 2/h, E wₖ₊₁² = (1 - η h)²ᵏ w0²'
    >>> typeset("averaging_tuned, x^(k/2), my_i, a beta(a=1) law, sum h_i (w_i^2 + sqrt(2))")
    'averaging_tuned, x^(k/2), my_i, a beta(a=1) law, Σ hᵢ (wᵢ² + √2)'
    """
    for written, sign in SIGNS:
        text = text.replace(written, sign)
    text = LETTER.sub(lambda match: GREEK[match[1]], text)
    text = SUM.sub("Σ ", text)
    text = INDEX.sub(lambda match: match[1] + shifted(match, LOWERED), text)
    text = EXPONENT.sub(lambda match: shifted(match, RAISED), text)
    return ROOT.sub(r"√\1", text)


def shifted(match: re.Match[str], letters: dict[str, str]) -> str:
    """The last two groups of a match in raised or lowered letters, or as they were written."""
    inside = match[match.re.groups - 1] or match[match.re.groups] or ""
    if all(letter in letters for letter in inside):
        return "".join(letters[letter] for letter in inside)
    return match[0][len(match[1]) :] if letters is LOWERED else match[0]
