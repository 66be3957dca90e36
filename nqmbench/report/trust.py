"""How far a verdict can be trusted, in plain words, with the error rates that were measured.

The rates are those of the program's own simulator on suites whose truth is known; measured again by
`python tests/statistical/calibration.py --families 400`.
"""

from __future__ import annotations

from dataclasses import dataclass

from nqmbench.report.content import Report
from nqmbench.report.facts import margins
from nqmbench.report.words import clean, percent

__all__ = ["FAMILIES", "HEADINGS", "MEASURED", "RATES", "Rate", "Section", "rows", "sections"]

MEASURED = "How often a verdict is wrong"  # the section that the table belongs to
HEADINGS = (
    "What the suite claims", "quantities", "looks", "with a wrong REFUTED",
    "with a wrong CONFIRMED", "allowed",
)  # fmt: skip
FAMILIES = 400  # suites in each row below, each with a seed of its own


@dataclass(frozen=True)
class Rate:
    """A row of the table of error rates.

    Args:
        situation: what the suites claimed.
        cells, looks: how many each suite had.
        refuted, confirmed: in how many of the suites anything was wrongly so; None where it could
            not be wrong.
        allowed: the share of suites with any wrong verdict that is promised, in per cent.
    """

    situation: str
    cells: int
    looks: int
    refuted: int | None
    confirmed: int | None
    allowed: float


@dataclass(frozen=True)
class Section:
    """A heading and its paragraphs."""

    title: str
    paragraphs: tuple[str, ...]


# Where nothing can be confirmed, a wrong confirmation is None. The last rows have a smaller level:
# their 9 or 11 looks are those of a run, which shares it out over 48.
RATES: tuple[Rate, ...] = (
    Rate("formulas exact, no margin", 84, 13, 4, None, 5.0),
    Rate("off by the margin", 84, 13, 1, 3, 5.0),
    Rate("bounds, reached", 84, 13, 2, 3, 5.0),
    Rate("skewed noise, no margin", 56, 13, 12, None, 5.0),
    Rate("skewed noise, off by the margin", 56, 13, 8, 3, 5.0),
    Rate("skewness and kurtosis, no margin", 20, 9, 2, None, 5.0),
    Rate("orderings of equals, no margin", 18, 11, 1, 4, 5.0),
    Rate("orderings at the margin", 18, 11, 1, 4, 5.0),
    Rate("real looks: exact, no margin", 36, 9, 2, None, 0.9),
    Rate("real looks: off by the margin", 36, 9, 1, 1, 0.9),
    Rate("real looks: exact", 36, 11, 0, 0, 1.1),
    Rate("real looks: 2 claims off by 3 margins", 36, 11, 0, 0, 1.1),
)


def rows() -> list[list[str]]:
    """The table of rates, as texts under `HEADINGS`."""

    def share(suites: int | None) -> str:
        return "–" if suites is None else f"{100 * suites / FAMILIES:.1f} %"

    return [
        [r.situation, str(r.cells), str(r.looks), share(r.refuted), share(r.confirmed),
         f"{r.allowed:g} %"]
        for r in RATES
    ]  # fmt: skip


def sections(report: Report) -> tuple[Section, ...]:
    """The explanation, with the margins and the level of this run.

    Args:
        report: of the run.
    """
    margin, alpha = margins(report.run), report.run.get("alpha")
    preset = clean(report.run.get("preset"))
    used = f" In this run ({preset}) it is {margin}." if margin and preset else ""
    level = percent(alpha)[1:] if isinstance(alpha, int | float) else "5 %"
    return (
        Section(
            "How a verdict is made",
            (
                "A formula says what a quantity is on average. The program runs the method itself, "
                "thousands to millions of times with independent noise, and takes the average. "
                "That is never exact, so it comes with an interval that holds the true value "
                "nearly always.",
                "Around the formula lies a margin: a difference that nobody would care about."
                f"{used} If the whole interval lies inside the margin, the claim is confirmed "
                "there; if it lies wholly outside, the claim is refuted; and as long as it lies "
                "across the edge, more runs are made, until the budget ends.",
                "A claim is confirmed only if it is so for every quantity, step and setting that "
                "its suite asks about, and refuted if a single one of them refutes it.",
            ),
        ),
        Section(
            MEASURED,
            (
                "Looking at data again and again until they say something is the usual way to be "
                "fooled: with ordinary intervals of 95 % every fourth verdict at the edge of the "
                "margin would be wrong. Here the looks are fixed in advance, and all looks at all "
                f"quantities of a suite share one probability of error: at most {level} that a "
                "suite holds even one wrong CONFIRMED or REFUTED.",
                "The promise was tried on the program's own simulator. Suites were written whose "
                "truth is known, in the hardest places: exactly right without any margin, so that "
                "every refutation is wrong; or wrong by exactly the margin, so that every decision "
                f"is. Each row counts the suites, of {FAMILIES} with different noise, that held "
                "anything wrong at all. With ordinary intervals at every look, all of them did. "
                "Where the formulas were right to within the margin, and where two of them were "
                "off by three margins, every single verdict came out as it should.",
            ),
        ),
        Section(
            "What a verdict does not say",
            (
                "CONFIRMED does not say that a formula is exact, only that it is right to within "
                "the margin; where the simulation can see that it is not exact, the reason says "
                "so. Nor does it speak of settings that the suite does not try.",
                "REFUTED says that the formula is off by more than the margin somewhere. It may be "
                "right elsewhere, or in a limit; often another claim beside it says where.",
                "INCONCLUSIVE is no hint in either direction. Either the truth lies near the edge "
                "of the margin, and a larger budget decides, or the values vary so wildly that "
                "no interval can be trusted at all.",
                "The rates were measured for suites of up to 1,000 quantities. They hold for what "
                "is simulated; a claim that is checked without simulation is compared to rounding.",
            ),
        ),
        Section(
            "Who watches the program",
            (
                "Beside the simulation the program computes every mean and variance exactly, by "
                "another way that shares no code with it. Exact theory never decides a verdict, "
                "but where the two disagree the verdict is INCONSISTENT: a fault of the program, "
                "expected by chance in one of a million runs.",
                "The first decision is kept. If a later look contradicts it, the reason begins "
                "with CONFLICT and the run fails.",
                "The same suites, seed and kind of processor give the same numbers to the last "
                "digit, for any number of threads and after any interruption: another seed is the "
                "way to ask again.",
            ),
        ),
    )
