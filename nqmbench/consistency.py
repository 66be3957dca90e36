"""The self-test of every run: the simulation must agree with exact theory.

No claim is at stake here and there is no margin: a disagreement is a bug of ours. It is tested at
every look of every experiment, for the mean and the variance of each observable at each checkpoint,
at a level of 1e-6 for the whole run, plus an allowance for rounding.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from nqmbench.experiment import Experiment
from nqmbench.ledger import samples
from nqmbench.moments import Moments
from nqmbench.theory import ExactMoments
from nqmbench.verdicts import ALLOWANCE, SELF_TEST_ALPHA, SMALLEST, critical_value

__all__ = ["contradictions", "self_test_level"]


def self_test_level(experiments: Iterable[Experiment]) -> float:
    """The z with which any false alarm in the whole run has probability 1e-6 at most."""
    quantities = sum(2 * len(e.checkpoints) * len(e.observed) for e in experiments)
    return critical_value(quantities, alpha=SELF_TEST_ALPHA)


def contradictions(
    experiment: Experiment, moments: Moments, truth: ExactMoments, z: float, precision: str
) -> list[str]:
    """Every quantity whose interval excludes the exact value, in words.

    Args:
        experiment: what was simulated.
        moments: the sample.
        truth: the exact moments.
        z: from `self_test_level`.
        precision: decides the allowance for rounding.
    """
    found = []
    for statistic, exact in (("mean", truth.mean), ("variance", truth.variance)):
        table = samples(moments, statistic)
        # Where the gate is open, Hall's interval is wider than half the normal one: what lies
        # within that half needs no interval of its own.
        with np.errstate(all="ignore"):
            near = np.abs(table.estimate - exact) <= 0.5 * z * table.error
        for s, o in np.argwhere(~near):
            place = (int(s), int(o))
            sample, value = table.at(place), float(exact[place])
            if sample.diverged or not math.isfinite(value):
                continue
            if not (sample.deterministic or sample.trusted):
                continue
            low, high = sample.interval(z)
            size = sample.rms if statistic == "mean" else sample.rms**2
            room = ALLOWANCE[precision] * max(abs(value), size) + SMALLEST[precision]
            if not low - room <= value <= high + room:
                step, name = experiment.checkpoints[place[0]], experiment.observed[place[1]].name
                found.append(
                    f"{statistic} of {name} at k = {step}: simulated "
                    f"[{low:.8g}, {high:.8g}], exact {value:.8g}"
                )
    return found
