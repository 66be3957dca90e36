"""The self-test of every run: the simulation must agree with exact theory.

No claim is at stake here and there is no margin: a disagreement is a bug of ours. It is tested at
every look of every experiment, for the mean and the variance of each observable at each checkpoint,
at a level of 1e-6 for the whole run, plus an allowance for rounding.

Skewness and kurtosis are tested where a claim is about them: their exact values need the cumulants
to order 8 or 12, which not every experiment should pay for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from nqmbench.comparisons import SideMoments, difference
from nqmbench.experiment import Experiment
from nqmbench.moments import Moments
from nqmbench.one_pass import PairedMoments
from nqmbench.samples import samples
from nqmbench.theory import ExactMoments
from nqmbench.verdicts import ALLOWANCE, SELF_TEST_ALPHA, SMALLEST, Sample, critical_value

MODERATE = 1e30  # an exact value below this is far from diverging (1e40)
BLUR = {"f64": 1e-12, "mixed": 1e-12, "f32": 1e-5}  # relative rounding of a value, over a whole run

__all__ = [
    "Shape", "contradictions", "paired_contradictions", "self_test_level", "shape_contradictions",
]  # fmt: skip

# A skewness or kurtosis that a claim is about: the statistic, the step, the observable's name.
Shape = tuple[str, int, str]


def self_test_level(experiments: Iterable[Experiment], comparisons: int = 0) -> float:
    """The z with which any false alarm in the whole run has probability 1e-6 at most.

    Args:
        experiments: all that are simulated: mean and variance of every observable are tested.
        comparisons: how many other quantities there are: paired differences at every checkpoint,
            skewnesses and kurtoses that claims are about.
    """
    quantities = sum(2 * len(e.checkpoints) * len(e.observed) for e in experiments) + comparisons
    return critical_value(quantities, alpha=SELF_TEST_ALPHA)


def shape_contradictions(
    experiment: Experiment,
    moments: Moments,
    truth: ExactMoments,
    shapes: Iterable[Shape],
    z: float,
    precision: str,
) -> list[str]:
    """Every skewness or kurtosis among `shapes` whose interval excludes the exact value.

    Args:
        experiment: what was simulated.
        moments: the sample.
        truth: the exact moments.
        shapes: (statistic, step, name of the observable) of what claims are about.
        z: from `self_test_level`.
        precision: decides the allowance for rounding.
    """
    found = []
    for statistic, step, name in shapes:
        column = truth.observables.index(name)
        place = experiment.checkpoints.index(step), column
        exact = float(truth.of(statistic)[place])
        sample = samples(experiment, moments, statistic, precision).at(place)
        if math.isnan(exact) or sample.diverged:
            continue  # theory does not know it; whether it may diverge is asked of the mean
        said = contradiction(replace(sample, floor=0.0, rms=1.0), exact, "mean", z, precision)
        if said:
            found.append(f"{statistic} of {name} at k = {step}: {said}")
    return found


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
    # A mean of 0 may diverge by its spread alone, and be the only one of the two that is moderate.
    moderate = np.isnan(truth.variance) | (truth.variance < MODERATE)
    far = ~((np.abs(truth.mean) < MODERATE) & moderate)
    for statistic, exact in (("mean", truth.mean), ("variance", truth.variance)):
        table = samples(experiment, moments, statistic, precision)
        # Where the gate is open, Hall's interval is wider than half the normal one: what lies
        # within that half needs no interval of its own.
        with np.errstate(all="ignore"):
            near = np.abs(table.estimate - exact) <= 0.5 * z * table.error
        unknown = np.isnan(exact) & (statistic == "variance")  # a mean that is no number is wrong
        for s, o in np.argwhere(~near & ~unknown & ~(table.diverged & far)):
            sample, value = table.at((int(s), int(o))), float(exact[s, o])
            said = contradiction(sample, value, statistic, z, precision)
            if said:
                step, name = experiment.checkpoints[s], experiment.observed[o].name
                found.append(f"{statistic} of {name} at k = {step}: {said}")
    return found


def paired_contradictions(
    paired: PairedMoments,
    sides: tuple[SideMoments, SideMoments],
    truths: tuple[ExactMoments, ExactMoments],
    z: float,
    precision: str,
) -> list[str]:
    """Every checkpoint where the difference of two sides excludes that of their exact means.

    Args:
        paired: the sample of the differences.
        sides: smaller and larger.
        truths: the exact moments of their experiments.
        z: from `self_test_level`.
        precision: decides the allowance for rounding.
    """
    found = []
    table, wild = paired.difference.mean_estimate(), paired.difference.diverged[:, 0]
    with np.errstate(all="ignore"):
        left, right = (t.mean[:, side.column] for side, t in zip(sides, truths, strict=True))
        exact = left - right
        near = np.abs(table.value[:, 0] - exact) <= 0.5 * z * table.error[:, 0]  # as above
    # Two sides may diverge alike: whether they may is asked of each alone.
    alone = np.zeros(len(exact), dtype=np.bool_)
    for side in sides:
        alone = alone | side.moments.diverged[:, side.column]
    for s in np.flatnonzero((~near | wild) & ~alone):
        sample = difference(paired, *sides, int(s), precision)
        said = contradiction(sample, float(exact[s]), "mean", z, precision)
        if said:
            step = sides[0].experiment.checkpoints[s]
            found.append(f"paired difference at k = {step}: {said}")
    return found


def contradiction(sample: Sample, exact: float, statistic: str, z: float, precision: str) -> str:
    """How one sample contradicts its exact value, or "" when it does not."""
    if sample.diverged:
        return f"the simulation diverged, exact {exact:.8g}"
    if sample.doubt:
        return ""  # here the exact value may rightly be infinite
    if not math.isfinite(exact):
        return f"simulated {sample.estimate:.8g}, exact {exact}"
    if not (sample.deterministic or sample.trusted):
        return ""
    low, high = sample.interval(z)
    room = sample.floor + SMALLEST[precision]
    if statistic == "mean":
        room += ALLOWANCE[precision] * max(abs(exact), sample.rms)
    else:  # the square of a spread that rounding has blurred
        blur = BLUR[precision] * sample.rms
        room += ALLOWANCE[precision] * abs(exact) + 2 * math.sqrt(abs(exact)) * blur + blur**2
    if low - room <= exact <= high + room:
        return ""
    return f"simulated [{low:.8g}, {high:.8g}], exact {exact:.8g}"
