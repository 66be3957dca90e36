"""Compare the rule of `nqmbench/verdicts.py` with others: how often they are wrong, what they cost.

    python tests/statistical/other_rules.py --families 200 --preset standard --seeds 3

(from the top of the repository, with nqmbench installed or PYTHONPATH=.; a quarter of an hour.)
Every rule judges the same recorded looks: families as in `calibration.py`, and the shipped suites
at a preset, where the work counts that `pursue` asks for.

A rule gives look j of a cell a critical value for refuting and one for confirming. The present one
shares the level equally over 48 looks and m cells. The others

- spend 1/j^2 or 1/(j + 4)^2 of it at look j;
- correct confirmations for the number of claims, or of cases (a claim on one experiment), instead
  of cells: a claim is CONFIRMED only if all its cells are, so one cell that is off and not
  confirmed protects it. Single cells, and with "claims" cases, are then confirmed wrongly more
  often than promised;
- give every claim an equal part of the level, whole for either verdict ("undivided"): a claim that
  is right can only be refuted wrongly, one that is wrong only be confirmed wrongly;
- take a normal mixture (Robbins, Annals of Mathematical Statistics 1970), whose level holds for all
  n together: z^2 = (1 + r/n) (log(1 + n/r) + 2 log(m / alpha)), r a multiple of the first look.
"""

import argparse
import itertools
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from unittest.mock import patch

import numpy as np
from calibration import columns
from families import GAUSSIAN, at_the_margin, claims
from judged import EARLY, REAL, Outcome, Remembered, Setting, judge, of_each, planned
from scipy.special import ndtri

from nqmbench import ledger as ledger_module
from nqmbench import looks as looks_module
from nqmbench import pursuit
from nqmbench.plan import make_plan
from nqmbench.simulation import Conditions
from nqmbench.suites import load_suites
from nqmbench.theory import exact
from nqmbench.threads import usable_cores
from nqmbench.verdicts import ALPHA, LOOKS, PRESETS, Verdict, decide

SPENDING = {
    "equally": lambda j: np.ones_like(j),
    "1/j^2": lambda j: j**-2,
    "1/(j + 4)^2": lambda j: (j + 4) ** -2,
}


@cache
def share(spending, j, looks):
    """The part of the level that look j = 1, 2, ... of so many has."""
    weights = SPENDING[spending](np.arange(1.0, looks + 1))
    return float(weights[j - 1] / weights.sum())


class Level(float):
    """A critical value for refuting, and another for confirming; as a number the larger one."""

    def __new__(cls, refute, confirm):
        made = super().__new__(cls, max(refute, confirm))
        made.refute, made.confirm = refute, confirm
        return made


@dataclass(frozen=True)
class Rule:
    """How the level is shared out.

    Args:
        name: in words.
        spending: over the looks.
        over: what confirmations are corrected for: "cells", "cases" or "claims".
        undivided: whether each of these has its part of the level whole for either verdict.
        mixture: r in first looks, or 0 for critical values by look.
    """

    name: str
    spending: str = "equally"
    over: str = "cells"
    undivided: bool = False
    mixture: float = 0.0

    def level(self, counts, own, j, n, looks):
        """The critical values of a look.

        Args:
            counts: the numbers of cells, cases and claims of the suite.
            own: the number of cells of the cell's own cell (1), case and claim.
            j: the number of the look, from 1 on. n: its size, in first looks.
            looks: over how many the level is shared out.
        """
        among, part = counts[self.over], own[self.over]
        if self.mixture:
            r = self.mixture
            z2 = (1 + r / n) * (np.log(1 + n / r) + 2 * np.log(counts["cells"] / ALPHA))
            return Level(z2**0.5, z2**0.5)
        alpha = ALPHA * share(self.spending, j, looks)
        if self.undivided:
            return Level(-ndtri(alpha / (2 * among * part)), -ndtri(alpha / among))
        return Level(-ndtri(alpha / (2 * counts["cells"])), -ndtri(alpha / (2 * among)))


RULES = (
    Rule("the present one"),
    Rule("1/j^2", "1/j^2"),
    Rule("1/(j + 4)^2", "1/(j + 4)^2"),
    Rule("over cases", over="cases"),
    Rule("over claims", over="claims"),
    Rule("over cases, undivided", over="cases", undivided=True),
    Rule("over claims, undivided", over="claims", undivided=True),
    Rule("mixture", mixture=0.25),
    Rule("1/j^2, over claims", "1/j^2", "claims"),
    Rule("1/(j + 4)^2, over claims, undivided", "1/(j + 4)^2", "claims", undivided=True),
)


def counts_of(plan):
    """By suite: the numbers of its cells, cases and claims."""
    found = {}
    for suite in plan.suites:
        mine = [c for c in plan.claims if c.item.suite == suite.name and c.cases]
        cases = sum(len(c.cases) for c in mine)
        found[suite.name] = {"cells": plan.cells(suite.name), "cases": cases, "claims": len(mine)}
    return found


def decide_by(sample, target, z, outer=None):
    """`decide`, with the two critical values of a rule."""
    verdict = decide(sample, target, z.confirm, outer)
    if verdict in (Verdict.CONFIRMED, Verdict.DIVERGED):
        return verdict
    verdict = decide(sample, target, z.refute, outer)
    return verdict if verdict is Verdict.REFUTED else None


@contextmanager
def ruled(rule, plan, looks):
    """The program with another rule.

    Args:
        rule: the rule.
        plan: of the run.
        looks: over how many the level is shared out.
    """
    counts = counts_of(plan)
    sizes = cache(lambda d, steps: tuple(pursuit.look_sizes(d, steps)))

    class Record(looks_module.Record):
        def hear(self, sample, *more):
            e = self.case.experiment
            known = sizes(e.problem.d, e.steps)
            n = max(sample.count, known[0])  # one trajectory where there is no noise
            j = known.index(n) + 1
            own = {"cells": 1, "cases": len(self.case.cells), "claims": self.claim.cells}
            self.z = rule.level(counts[self.claim.item.suite], own, j, n / known[0], looks)
            return super().hear(sample, *more)

    with (
        patch.object(ledger_module, "Record", Record),
        patch.object(looks_module, "decide", decide_by),
        patch.object(pursuit, "contradictions", lambda *told: []),  # the same under every rule
    ):
        yield


def one_cell(claim, number, cell):
    """One cell of each claim at the margin; the others are exact."""
    return 0.0 if cell else 1.0


LONG = (*EARLY, *REAL[5:])  # to 2,097,152 trajectories
SETTINGS = (
    Setting("exact, no margin", partial(claims, GAUSSIAN, margin=0.0), EARLY, len(EARLY)),
    Setting("at the margin", partial(claims, GAUSSIAN, at_the_margin), EARLY, len(EARLY)),
    Setting("one cell at the margin", partial(claims, GAUSSIAN, one_cell), LONG, len(LONG)),
    Setting("exact", partial(claims, GAUSSIAN), REAL, edge=False),
)


def family(seed):
    """How a family comes out by rule and setting, and how many trajectories it takes."""
    known, found = {}, {}
    for rule, setting in itertools.product(RULES, SETTINGS):
        with ruled(rule, planned(setting)[0], setting.shares):
            ledger, seen = judge(setting, seed, known)
        trials = sum(moments.count for moments in seen.moments.values())
        found[rule.name, setting.name] = Outcome.of(ledger, seen), trials
    return found


HEAD = (
    "% of families with", "false REFUTED", "REFUTED at margin", "cell CONF. there",
    "claim CONF. by one cell", "trajectories if exact",
)  # fmt: skip


def family_rows(seeds, workers):
    """By rule the rates of wrong decisions, and the trajectories beside those of the first rule."""
    families = of_each(family, seeds, workers)
    rows, exact_work = [HEAD], []
    for rule in RULES:
        outcomes = {s.name: [f[rule.name, s.name][0] for f in families] for s in SETTINGS}
        exact_work.append(sum(f[rule.name, "exact"][1] for f in families))
        counts = [
            sum(bool(o.refuted) for o in outcomes["exact, no margin"]),
            sum(bool(o.refuted) for o in outcomes["at the margin"]),
            sum(bool(o.touched) for o in outcomes["at the margin"]),
            sum(bool(o.confirmed) for o in outcomes["one cell at the margin"]),
        ]
        rates = [f"{100 * count / len(families):.1f}" for count in counts]
        rows.append([rule.name, *rates, f"{exact_work[-1] / exact_work[0]:.3f}"])
    return rows


def shipped(preset, seed, workers):
    """By rule: trajectories, coordinate steps and verdicts of the shipped suites."""
    plan = make_plan(load_suites(None), PRESETS[preset])
    truths = {task: exact(e) for task, e in plan.experiments.items()}
    simulator = Remembered(plan, Conditions(seed, workers, "mixed"), known={})
    found = {}
    for rule in RULES:
        with ruled(rule, plan, LOOKS):
            _, seen = pursuit.pursue(simulator, truths, PRESETS[preset])
        trials = {task: m.count for task, m in seen.moments.items()}
        steps = sum(n * drawn(plan.experiments[task]) for task, n in trials.items())
        found[rule.name] = np.array([sum(trials.values()), steps])
    return found


def shipped_rows(preset, seeds, workers):
    """By rule the work of the shipped suites, the mean of some seeds, and relative to the first."""
    found = [shipped(preset, seed, workers) for seed in seeds]
    rows = [("shipped suites", "trajectories", "relative", "coordinate steps", "relative")]
    for rule in RULES:
        trials, steps = np.mean([work[rule.name] for work in found], axis=0)
        less = np.mean([work[rule.name] / work[RULES[0].name] for work in found], axis=0)
        rows.append(
            [rule.name, f"{trials:.3g}", f"{less[0]:.3f}", f"{steps:.3g}", f"{less[1]:.3f}"]
        )
    return rows


def drawn(e):
    """How many coordinate steps a trajectory takes; batches that are not Gaussian count each."""
    literal = e.problem.noise.name != "gaussian"
    return e.problem.d * e.steps * (float(e.batch_sizes.mean()) if literal else 1.0)


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--families", type=int, default=100, help="how many (100)")
    parser.add_argument("--preset", choices=PRESETS, default="standard", help="of shipped suites")
    parser.add_argument("--seeds", type=int, default=3, help="runs of the shipped suites (3)")
    parser.add_argument("--workers", type=int, default=usable_cores(), help="processes, threads")
    args = parser.parse_args()
    started = time.perf_counter()
    if args.families:
        print(columns(family_rows(range(args.families), args.workers)), flush=True)
    if args.seeds:
        print(columns(shipped_rows(args.preset, range(args.seeds), args.workers)))
    print(f"{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
