"""The words and numbers of a report: what a verdict means, how a quantity or 0.001 is written.

Texts come from suite files, which anybody may write. `clean` takes out of them what no page or
figure can carry: control characters, halves of surrogate pairs, switches of the writing direction.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

__all__ = [
    "KINDS", "MEANINGS", "SYMBOLS", "clean", "count", "integer", "listing", "measured", "named",
    "number", "ordered", "percent", "quantity", "shorten", "statement_of", "typographic",
    "verdict_in_words",
]  # fmt: skip

# The gravest first: the one order of verdicts in counts, tables and lists of a report.
MEANINGS = {
    "ERROR": "The formula could not be evaluated (it raised, or gave no number), so the claim was "
    "not judged.",
    "INCONSISTENT": "Simulation and exact theory disagree. That is a fault of this program, never "
    "of the text; please report it.",
    "REFUTED": "In at least one case the whole interval lies outside the margin: the formula is "
    "wrong there by more than the margin, and chance does not explain it.",
    "DIVERGED": "The trajectories overflow: the step size lies beyond the limit of stability, so "
    "there is no number to hold the formula against.",
    "INCONCLUSIVE": "The interval straddles the edge of the margin when the budget is used up. "
    "More trajectories may decide; the reason says about how many.",
    "CONFIRMED": "The whole interval of the simulation lies within the margin around the formula, "
    "in every case. It does not say that the formula is exact: an error below the margin passes.",
}
SYMBOLS = {
    "ERROR": "!", "INCONSISTENT": "≠", "REFUTED": "✗", "DIVERGED": "∞", "INCONCLUSIVE": "?",
    "CONFIRMED": "✓",
}  # fmt: skip
KINDS = {
    "equality": "is claimed to equal",
    "approximation": "is claimed to be close to",
    "upper bound": "is claimed to be at most",
    "lower bound": "is claimed to be at least",
}
# What an ordering says of its two sides, by its statistic.
ORDERINGS = {
    "mean": "is claimed to be lower on the first side than on the second, on average over paired "
    "runs",
    "probability": "is claimed to be lower on the first side than on the second in at least the "
    "stated share of paired runs",
}
STATISTICS = {
    "mean": ("E", "expected"), "variance": ("Var", "variance of"),
    "skewness": ("skewness of", "skewness of"),
    "kurtosis": ("excess kurtosis of", "excess kurtosis of"),
}  # fmt: skip
OBSERVABLES = {
    "error": ("Σ w²", "squared error"),
    "loss": ("f(w)", "loss"),  # 1/2 Σ h w² on the noisy quadratic, a mean of squares on rows
    "distance": ("|w − w*|²", "squared distance"),
}
POWERS = {"w": "w", "w2": "w²", "w3": "w³"}
ROUNDING = 1e-9  # relative: the tolerance of what is exact
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
POWER = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)e([-+]?\d+)(?![\w.])")
STEP = re.compile(r"\bk = (?=\d)")
MINUS = re.compile(r"(?<![\w)\]}-])-(?=[\w(.∞])")
# Switches of the writing direction and the zero-width characters that can disguise a text.
HIDDEN = dict.fromkeys(
    [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF]
)


def clean(text: Any) -> str:
    r"""The text on one line, without anything that cannot be shown.

    >>> clean("two\n lines\x00"), clean(float("nan")), clean(None)
    ('two lines', '', '')
    """
    if text is None or (isinstance(text, float) and math.isnan(text)):
        return ""
    text = str(text)
    if text.isprintable():  # none of what is taken out below is, and most texts are
        return " ".join(text.split())
    whole = text.encode("utf-8", "replace").decode("utf-8").translate(HIDDEN)
    return " ".join(
        "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in whole).split()
    )


def typographic(text: str) -> str:
    r"""The text with true minus signs and powers of ten; per cent signs and steps are kept whole.

    >>> typographic("off by -1 % at 5.5e-04, in a non-linear h*(2 - h)").replace(chr(0xA0), "_")
    'off by −1_% at 5.5×10⁻⁴, in a non-linear h*(2 − h)'
    """
    if "e" in text:
        text = POWER.sub(lambda m: f"{m[1]}×10{str(int(m[2])).translate(SUPERSCRIPTS)}", text)
    if "-" in text:
        text = MINUS.sub("−", text).replace(" - ", " − ")
    text = text.replace(" %", "\u00a0%")
    return STEP.sub("k\u00a0=\u00a0", text) if "k = " in text else text


def shorten(text: str, width: int) -> str:
    """The text, cut at a word if possible, at most `width` characters long.

    >>> shorten("the boxed second moment", 16)
    'the boxed …'
    """
    if len(text) <= width:
        return text
    head = text[: width - 1]
    at = head.rfind(" ")
    return (head[:at] + " …") if at > width // 2 else head + "…"


def number(value: Any, digits: int = 4) -> str:
    """A number as a person writes it, with so many significant digits; a dash if there is none.

    >>> number(0.0576567), number(5.02512e-4), number(float("inf")), number(None), number(-1e188)
    ('0.05766', '5.025×10⁻⁴', '∞', '–', '−1×10¹⁸⁸')
    """
    if value is None or math.isnan(value := float(value)):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    power = int(exponent)
    if value == 0 or -4 < power < 6:
        text = f"{value:.{max(digits - 1 - power, 0)}f}" if value else "0"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        text = f"{mantissa}×10{str(power).translate(SUPERSCRIPTS)}"
    return text.replace("-", "−")


def integer(value: Any) -> str:
    """A whole number in groups of three digits; a dash if there is none.

    >>> integer(1048576.0).replace(chr(0x202f), "_"), integer(float("nan"))
    ('1_048_576', '–')
    """
    if value is None or not math.isfinite(float(value)):
        return "–"
    return f"{int(value):,}".replace(",", "\u202f")


def percent(value: Any, digits: int = 2) -> str:
    """A signed relative number in percent; what is only rounding is 0.

    >>> percent(0.0123) == "+1.2\N{NO-BREAK SPACE}%", percent(float("nan"))
    (True, '–')
    """
    if value is None or math.isnan(float(value)):
        return "–"
    value = 0.0 if abs(float(value)) < ROUNDING else float(value)
    text = number(100 * value, digits)
    return f"{'+' if value > 0 else ''}{text} %".replace(" %", "\u00a0%")


def count(n: int, one: str, many: str = "") -> str:
    """A counted noun.

    >>> count(1, "claim"), count(3, "claim"), count(2, "is", "are")
    ('1 claim', '3 claims', '2 are')
    """
    return f"{integer(n)} {one if n == 1 else many or one + 's'}"


def quantity(of: str, statistic: str, *, brief: bool = False) -> str:
    """What was measured, in symbols and words; `brief` leaves the words out.

    >>> quantity("w2[1]", "mean"), quantity("w[2]", "variance"), quantity("error", "mean")
    ('E w², coordinate 1', 'Var w, coordinate 2', 'E Σ w², expected squared error')
    >>> quantity("w2[i]", "mean"), quantity("my own", "mean")
    ('E w², each coordinate', 'mean of my own')
    """
    letter, word = STATISTICS.get(statistic, (statistic, f"{statistic} of"))
    if match := re.fullmatch(r"(w[23]?)\[(\w+)\]", of):
        where = "each coordinate" if match[2] == "i" else f"coordinate {match[2]}"
        return f"{letter} {POWERS[match[1]]}" + ("" if brief else f", {where}")
    if of in OBSERVABLES:
        symbol, noun = OBSERVABLES[of]
        return f"{letter} {symbol}" + ("" if brief or letter == word else f", {word} {noun}")
    return f"{statistic} of {of}" if of else statistic


def ordered(of: str, statistic: str, *, brief: bool = False) -> str:
    """What an ordering measures: the difference of its sides, or how often the first is lower.

    >>> ordered("error", "mean"), ordered("w2[1] - w2[0]", "mean")
    ('difference of E Σ w²', 'E (w²[1] − w²[0])')
    >>> ordered("w2[1]", "mean"), ordered("w2[1]", "mean", brief=True)
    ('difference of E w² of coordinate 1', 'difference of E w²')
    >>> ordered("error", "probability"), ordered("w2[1] - w2[0]", "probability", brief=True)
    ('P(first lower), Σ w²', 'P(first lower)')
    """
    sides = [named(side) for side in of.split(" - ")] if of else []
    if statistic == "probability":
        listed = " against ".join(sides)
        return "P(first lower)" + ("" if brief or not listed else f", {listed}")
    if len(sides) > 1:
        letters = [POWERS.get(name, name) + where for name, where in map(indexed, of.split(" - "))]
        return f"E ({' − '.join(letters)})"
    if not sides:
        return "difference of means"
    return "difference of E " + (POWERS.get(indexed(of)[0], sides[0]) if brief else sides[0])


def indexed(of: str) -> tuple[str, str]:
    """An observable and its coordinate in brackets: "w2", "[0]" of w2[0]."""
    name, bracket, where = of.partition("[")
    return name, bracket + where


def named(of: str) -> str:
    """An observable in symbols.

    >>> named("error"), named("w2[0]"), named("my own")
    ('Σ w²', 'w² of coordinate 0', 'my own')
    """
    if match := re.fullmatch(r"(w[23]?)\[(\w+)\]", of):
        where = "each coordinate" if match[2] == "i" else f"coordinate {match[2]}"
        return f"{POWERS[match[1]]} of {where}"
    return OBSERVABLES.get(of, (of,))[0]


def measured(kind: str, of: str, statistic: str, *, brief: bool = False) -> str:
    """What was measured for a claim or an ordering.

    >>> measured("ordering", "error", "mean"), measured("equality", "error", "mean", brief=True)
    ('difference of E Σ w²', 'E Σ w²')
    """
    name = ordered if kind == "ordering" else quantity
    return name(of, statistic, brief=brief)


def listing(words: Sequence[str]) -> str:
    """Words in a row.

    >>> listing(["a"]), listing(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return ", ".join(words[:-1]) + (" and " if len(words) > 1 else "") + words[-1] if words else ""


def verdict_in_words(verdict: str) -> str:
    """The verdict as it stands in a sentence or a title.

    >>> verdict_in_words("REFUTED"), verdict_in_words("")
    ('refuted', 'not decided')
    """
    return verdict.lower() or "not decided"


def statement_of(kind: str, of: str, statistic: str) -> str:
    """The words that lead to a claim's formula.

    >>> statement_of("upper bound", "error", "mean")
    'E Σ w², expected squared error, is claimed to be at most'
    >>> statement_of("ordering", "w2[1] - w2[0]", "mean")
    'w² of coordinate 1 is claimed to be lower than w² of coordinate 0 on average'
    >>> statement_of("rate", "", "")
    'an exact check (rate), decided without simulation'
    """
    if kind in KINDS:
        return f"{quantity(of, statistic)}, {KINDS[kind]}"
    if kind == "ordering" and statistic in ORDERINGS:
        sides = [named(side) for side in of.split(" - ")]
        if len(sides) > 1:
            often = (
                " on average" if statistic == "mean" else " in at least the stated share of runs"
            )
            return f"{sides[0]} is claimed to be lower than {' and '.join(sides[1:])}{often}"
        return f"{sides[0] or 'the quantity'} {ORDERINGS[statistic]}"
    if kind == "ordering":
        return "an ordering, decided by simulation"
    return f"an exact check ({kind}), decided without simulation"
