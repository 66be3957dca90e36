"""Measure what deciding early costs: trajectories to a decision, beside a test of fixed size.

    python tests/statistical/efficiency.py --families 20

(from the top of the repository, with nqmbench installed or PYTHONPATH=.; a few minutes.)  The cells
are those of `calibration.py`, at the margins of the preset "standard". Each is looked at until it
is decided, from 1,024 trajectories on, so that the first look of a real run hides nothing.

A test of fixed size has the same guarantee (the same level over all cells) and one look: z is
Phi^-1(1 - alpha / (2 m)). Its size has to be chosen before: the least n that decides with the
stated power, if how far the formula is off were known, which it is not. Both keep the gate.
"""

import argparse
import itertools
import time
from functools import partial

import numpy as np
from families import GAUSSIAN, at_the_margin, claims
from judged import Remembered, Setting, planned
from scipy.optimize import brentq
from scipy.special import ndtr

from nqmbench.ledger import Ledger
from nqmbench.simulation import Conditions
from nqmbench.simulator import Found
from nqmbench.verdicts import GATE, critical_value, look_sizes

SIZES = tuple(itertools.islice(look_sizes(10**4, 10**4), 30))  # 1,024 to 50,331,648 trajectories
POWERS = (0.5, 0.9, 0.99, 0.9999)


def off(margins, *place):
    return margins * at_the_margin(*place)


SETTINGS = {
    far: Setting(f"off by {far:g} margins", partial(claims, GAUSSIAN, partial(off, far)), SIZES)
    for far in (0.0, 0.5, 3.0)
}


def decided(setting, seed, known):
    """The records of a family, every cell looked at until it is decided."""
    plan, _ = planned(setting)
    simulator = Remembered(plan, Conditions(seed, 1, "mixed"), known=known)
    ledger, found = Ledger(plan), Found()
    for whole, (first, size) in itertools.product(plan.passes, itertools.pairwise((0, *SIZES))):
        (task,) = whole.tasks
        if any(r.verdict is None for r in ledger.by_task[task]):
            found.add(simulator.trajectories(whole, first, size - first))
            ledger.hear(task, found.moments[task], "mixed")
    assert all(r.verdict is not None for r in ledger.records)
    return ledger.records


def chance(n, spread, room, z):
    """The probability that one look at n trajectories decides.

    Args:
        n: how many.
        spread: of one value, relative to the scale.
        room: from the truth to the two ends of the region, relative to the scale; one is infinite
            where the truth lies outside.
        z: the critical value.
    """
    near, far = (ndtr(r * np.sqrt(n) / spread - z) for r in room)
    return near + far - 1.0


def fixed_size(record, margins, z, power):
    """The least number of trajectories at which a single look decides a cell with this power.

    Args:
        record: the decided cell; gives spread and skewness.
        margins: how far off the formula is.
        z: the critical value.
        power: of the decision.
    """
    sample, margin = record.sample, record.claim.margin
    spread = sample.error * np.sqrt(sample.count) / record.scale
    room = (abs(1 - margins) * margin, (1 + margins) * margin if margins < 1 else np.inf)
    least = (sample.skewness / GATE) ** 2
    wanted = brentq(lambda n: chance(n, spread, room, z) - power, 1.0, 1e12)
    return max(wanted, least)


def sizes_of(margins, records, z):
    """The mean number of trajectories of a cell: of the rule, then of fixed tests by power."""
    fixed = [np.mean([fixed_size(r, margins, z, power) for r in records]) for power in POWERS]
    return np.array([np.mean([r.sample.count for r in records]), *fixed])


def measured(seed):
    """The mean sizes of a family by the number of margins, each as `sizes_of`."""
    known, sizes = {}, []
    for margins, setting in SETTINGS.items():
        z = critical_value(planned(setting)[0].cells("family"), looks=1)
        sizes.append(sizes_of(margins, decided(setting, seed, known), z))
    return np.array(sizes)


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--families", type=int, default=20, help="how many seeds (20)")
    args = parser.parse_args()
    started = time.perf_counter()
    sizes = np.mean([measured(seed) for seed in range(args.families)], axis=0)
    print(
        "mean number of trajectories of a cell; how many times that of a fixed test of this power"
    )
    print(f"{'formulas':<20}{'the rule':>12}" + "".join(f"{p:>20}" for p in POWERS))
    for setting, (rule, *fixed) in zip(SETTINGS.values(), sizes, strict=True):
        beside = "".join(f"{f:>12,.0f} ({rule / f:.2f})" for f in fixed)
        print(f"{setting.name:<20}{rule:>12,.0f}{beside}")
    print(f"{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
