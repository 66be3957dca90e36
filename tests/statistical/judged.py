"""A family judged by the program's own plan, simulator, looks and ledger.

A real run looks for the first time at 65,536 trajectories (at fewer only where these would take an
hour), and shares its level out over 48 looks of which it sees a few. The EARLY looks begin at
4,096, where the limit theorem on which the intervals rest is worse, and the whole level may be
shared out over them alone: the hardest that can be asked of the rule.
"""

import itertools
import multiprocessing
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from unittest.mock import patch

from families import STANDARD, STEPS

from nqmbench import ledger as ledger_module
from nqmbench import pursuit
from nqmbench.plan import make_plan
from nqmbench.simulation import Conditions
from nqmbench.simulator import Found, Simulator
from nqmbench.suite import Suite
from nqmbench.theory import exact
from nqmbench.verdicts import LOOKS, Verdict, critical_value, look_sizes

EARLY = tuple(itertools.islice(look_sizes(10**4, 10**4), 4, 17))  # 4,096 to 262,144 trajectories
REAL = tuple(itertools.islice(look_sizes(1, STEPS), 11))  # 65,536 to 2,097,152
NAIVE = 1.96  # the critical value of a single look at a single cell


@dataclass(frozen=True, eq=False)
class Setting:
    """What is claimed, and over how many looks it is judged.

    Args:
        name: in words.
        suite: makes the claims.
        sizes: the numbers of trajectories at the looks.
        shares: over how many looks the level is shared out; 0 gives each look of each cell all.
        planted: the names of the claims that are wrong beyond their margin.
        edge: whether every truth is on the edge of what is claimed, so that no decision is right.
    """

    name: str
    suite: Callable[[], Suite]
    sizes: tuple[int, ...]
    shares: int = LOOKS
    planted: frozenset[str] = frozenset()
    edge: bool = True

    def level(self, cells):
        return critical_value(cells, looks=self.shares) if self.shares else NAIVE


@dataclass(frozen=True)
class Outcome:
    """How a family came out, by the names of claims.

    Args:
        refuted, touched: claims with a refuted cell, with a confirmed one.
        confirmed: claims with all cells confirmed.
        conflicts: how many decisions a later look contradicted.
        contradictions: how often simulation and exact theory disagreed.
    """

    refuted: frozenset[str]
    touched: frozenset[str]
    confirmed: frozenset[str]
    conflicts: int
    contradictions: int

    @classmethod
    def of(cls, ledger, found):
        cells = {claim.item.name: [] for claim in ledger.plan.claims}
        for record in ledger.records:
            cells[record.claim.item.name].append(record.verdict)
        return cls(
            frozenset(name for name, seen in cells.items() if Verdict.REFUTED in seen),
            frozenset(name for name, seen in cells.items() if Verdict.CONFIRMED in seen),
            frozenset(name for name, seen in cells.items() if set(seen) == {Verdict.CONFIRMED}),
            len(ledger.conflicts),
            sum(map(len, found.bugs.values())),
        )

    def wrong(self, setting):
        """Whether a decision is wrong; on the edge every one counts as that."""
        if setting.edge:
            return bool(self.refuted or self.touched)
        return bool(self.refuted - setting.planted or self.touched & setting.planted)


@dataclass(frozen=True, eq=False, kw_only=True)
class Remembered(Simulator):
    """Simulates only what it has not simulated before: settings share the trajectories of a seed.

    Args:
        known: moments by experiment or pair of sides, first trajectory and number.
    """

    known: dict

    def trajectories(self, pass_, first, trials):
        def member(task):
            return self.plan.experiments[task].key, first, trials

        def pair(contrast):
            return tuple((*member(task), of) for task, of in (contrast.smaller, contrast.larger))

        asked = [*map(member, pass_.tasks), *map(pair, pass_.contrasts)]
        if any(key not in self.known for key in asked):
            more = super().trajectories(pass_, first, trials)
            self.known.update((member(task), m) for task, m in more.moments.items())
            self.known.update((pair(contrast), m) for contrast, m in more.paired.items())
        return Found(
            {task: self.known[member(task)] for task in pass_.tasks},
            {contrast: self.known[pair(contrast)] for contrast in pass_.contrasts},
        )


@cache
def planned(setting):
    """The plan of a setting, and exact moments by task."""
    plan = make_plan([setting.suite()], STANDARD)
    assert not any(claim.error for claim in plan.claims)
    return plan, {task: exact(e) for task, e in plan.experiments.items()}


@contextmanager
def looks_of(setting):
    """The program with the looks of a setting, and its way to share out the level."""
    with (
        patch.object(pursuit, "look_sizes", lambda d, steps: iter(setting.sizes)),
        patch.object(ledger_module, "critical_value", setting.level),
    ):
        yield


def judge(setting, seed, known=None):
    """The ledger and what was found of a family, after the last look or when all is decided.

    Args:
        setting: what is claimed.
        seed: of the family.
        known: the family's moments, if it was simulated before; is added to.
    """
    plan, truths = planned(setting)
    conditions = Conditions(seed, threads=1, precision="mixed")
    simulator = Remembered(plan, conditions, known={} if known is None else known)
    with looks_of(setting):
        return pursuit.pursue(simulator, truths, STANDARD)


def of_each(function, seeds, workers):
    """What a function of the seed gives for each, in order; tells how far it is.

    Args:
        function: of a module, so that another process finds it.
        seeds: of the families.
        workers: the number of processes; 1 is this one.
    """
    rows = []
    fresh = multiprocessing.get_context("spawn")  # Numba's threads do not outlive a fork
    with ProcessPoolExecutor(workers, fresh) as pool:
        for row in map(function, seeds) if workers == 1 else pool.map(function, seeds):
            rows.append(row)
            if len(rows) % 20 == 0:
                print(f"{len(rows)} of {len(seeds)} families", file=sys.stderr, flush=True)
    return rows
