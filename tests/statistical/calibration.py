"""Measure how often verdicts are wrong: hundreds of suites whose truth is known, each with a seed.

    python tests/statistical/calibration.py --families 400

(from the top of the repository, with nqmbench installed or PYTHONPATH=.; minutes on two cores.)
Prints one table of rates with intervals of 95 %; `test_calibration.py` measures a short form of it.
"""

import argparse
import time
from functools import partial

from families import GAUSSIAN, TAILED, WIDE, at_the_margin, claims, orderings
from judged import EARLY, REAL, Outcome, Setting, judge, of_each, planned
from scipy.special import betaincinv

from nqmbench.threads import usable_cores
from nqmbench.verdicts import ALPHA

BOUNDS = ("upper bound", "lower bound")
SHAPES = ("skewness", "kurtosis")
PLANTED = frozenset({"mean of error", "variance of w2[0]"})


def three_margins(claim, number, cell):
    return 3.0 * at_the_margin(claim, number, cell) if claim in PLANTED else 0.0


SPENT = {"sizes": EARLY, "shares": len(EARLY)}  # the level is used up by these looks
SMALL, LARGE = EARLY[:11], EARLY[4:]  # to 131,072 trajectories, from 16,384 on
FEWER = REAL[:9]  # to 1,048,576 trajectories
FEW = GAUSSIAN[:3]

SETTINGS = (
    Setting("formulas exact, no margin", partial(claims, GAUSSIAN, margin=0.0), **SPENT),
    Setting("off by the margin", partial(claims, GAUSSIAN, at_the_margin), **SPENT),
    Setting("bounds, reached", partial(claims, GAUSSIAN, margin=0.0, kinds=BOUNDS), **SPENT),
    Setting("skewed noise, no margin", partial(claims, TAILED, margin=0.0), **SPENT),
    Setting("skewed noise, off by the margin", partial(claims, TAILED, at_the_margin), **SPENT),
    Setting(
        "skewness and kurtosis, no margin",
        partial(claims, FEW[2:], margin=0.0, statistics=SHAPES), LARGE, len(LARGE),
    ),
    Setting("orderings of equals, no margin", partial(orderings, 0.0), SMALL, len(SMALL)),
    Setting("orderings at the margin", partial(orderings, WIDE), SMALL, len(SMALL)),
    Setting("real looks: exact, no margin", partial(claims, FEW, margin=0.0), FEWER),
    Setting("real looks: off by the margin", partial(claims, FEW, at_the_margin), FEWER),
    Setting("real looks: exact", partial(claims, FEW), REAL, edge=False),
    Setting(
        "real looks: 2 claims off by 3 margins",
        partial(claims, FEW, three_margins), REAL, planted=PLANTED, edge=False,
    ),
    Setting("control: every look at 1.96", partial(claims, GAUSSIAN, margin=0.0), EARLY, 0),
)  # fmt: skip


def outcomes(seed):
    """How one family comes out in every setting."""
    known = {}
    return [Outcome.of(*judge(setting, seed, known)) for setting in SETTINGS]


def measured(seeds, workers):
    """The outcomes of each setting, one for every seed, found by so many processes."""
    rows = of_each(outcomes, seeds, workers)
    return dict(zip(SETTINGS, zip(*rows, strict=True), strict=True))


def rate(count, families):
    """A count as a rate in per cent with Clopper and Pearson's interval of 95 %.

    >>> rate(0, 400), rate(13, 400)
    ('0.0 (0.0 to 0.9)', '3.2 (1.7 to 5.5)')
    """
    missed = families - count
    low = betaincinv(count, missed + 1, 0.025) if count else 0.0
    high = betaincinv(count + 1, missed, 0.975) if missed else 1.0
    return f"{100 * count / families:.1f} ({100 * low:.1f} to {100 * high:.1f})"


def row(setting, found):
    """A setting's row: names, numbers of cells and looks, rates, what is allowed."""
    n = len(found)
    counts = [
        sum(bool(o.refuted - setting.planted) for o in found),
        sum(bool(o.touched if setting.edge else o.touched & setting.planted) for o in found),
        sum(o.wrong(setting) for o in found),
    ]
    # The level is the same at every look, so fewer looks than it is shared out over use a part.
    share = min(1.0, len(setting.sizes) / setting.shares) if setting.shares else 1.0
    cells = planned(setting)[0].cells("family")
    return [
        setting.name, str(cells), str(len(setting.sizes)), *(rate(c, n) for c in counts),
        f"{100 * ALPHA * share:.1f}" if setting.shares else "-",
    ]  # fmt: skip


HEAD = (
    "% of families (95 % interval)", "cells", "looks", "falsely REFUTED", "falsely CONFIRMED",
    "either", "allowed",
)  # fmt: skip


def columns(rows):
    """Rows of texts, one under the other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(t.ljust(w) for t, w in zip(r, widths, strict=True)) for r in rows]
    return "\n".join(line.rstrip() for line in lines)


def table(found):
    """The rates as text, and what else was seen."""
    rows = [HEAD, *(row(setting, outcomes) for setting, outcomes in found.items())]
    lines = [columns(rows)]
    for setting, all_outcomes in found.items():
        if not setting.edge:
            whole = planned(setting)[0].claims
            right = frozenset(claim.item.name for claim in whole) - setting.planted
            good = sum(o.refuted == setting.planted and o.confirmed == right for o in all_outcomes)
            lines.append(f"{setting.name}: every verdict as it should be in {good} families")
    # the control is meant to go wrong
    promised = [o for setting, seen in found.items() if setting.shares for o in seen]
    lines.append(f"decisions that a later look opposed: {sum(o.conflicts for o in promised)}")
    lines.append(f"contradictions of exact theory: {sum(o.contradictions for o in promised)}")
    return "\n".join(lines)


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--families", type=int, default=400, help="how many seeds (400)")
    parser.add_argument("--seed", type=int, default=0, help="of the first family (0)")
    parser.add_argument("--workers", type=int, default=usable_cores(), help="processes")
    args = parser.parse_args()
    started = time.perf_counter()
    seeds = range(args.seed, args.seed + args.families)
    found = measured(seeds, args.workers)
    print(f"{args.families} families, seeds {seeds[0]} to {seeds[-1]}")
    print(table(found))
    print(f"{time.perf_counter() - started:.0f} s with {args.workers} processes")


if __name__ == "__main__":
    main()
