"""From the moments of a simulation to what is known of each cell, and whether it can be trusted.

A cell without noise (its coordinates have neither gradient noise nor a random start, or all values
came out equal) is **deterministic**: it is compared, not estimated. A cell is in **doubt** where
its interval would rest on something that does not exist: a moment that the noise law lacks, a
spread of which only rounding is left, the skewness of a constant, or powers beyond all numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nqmbench.experiment import Experiment
from nqmbench.influence import HIGHEST, estimate
from nqmbench.moments import Moments
from nqmbench.observables import Observable
from nqmbench.verdicts import ROUNDING, Sample

__all__ = ["SampleTable", "samples"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

TINY = 2.0**-40  # a relative spread below this is rounding


@dataclass(frozen=True, eq=False)
class SampleTable:
    """Samples of one statistic for every checkpoint and observable.

    Args:
        estimate, error, skewness, rms: shape (S, O).
        deterministic, diverged: shape (S, O).
        doubts: why an interval would not be trusted -> where, shape (S, O).
        floor: the absolute rounding of an observable, shape (O,).
        lacking: the order of the moment that the noise lacks, or 0; shape (O,).
        count: the number of trajectories.
    """

    estimate: Floats
    error: Floats
    skewness: Floats
    rms: Floats
    deterministic: Bools
    diverged: Bools
    doubts: Mapping[str, Bools]
    floor: Floats
    lacking: NDArray[np.int64]
    count: int

    def at(self, place: tuple[int, int]) -> Sample:
        """The sample of one cell."""
        doubt = ""
        if self.lacking[place[1]]:
            doubt = f"heavy tails: the noise has no moment of order {self.lacking[place[1]]}"
        else:
            doubt = next((why for why, where in self.doubts.items() if where[place]), "")
        return Sample(
            float(self.estimate[place]),
            float(self.error[place]),
            float(self.skewness[place]),
            self.count,
            bool(self.deterministic[place]),
            bool(self.diverged[place]),
            float(self.rms[place]),
            float(self.floor[place[1]]),
            doubt,
        )


def samples(
    experiment: Experiment, moments: Moments, statistic: str, precision: str = "mixed"
) -> SampleTable:
    """The samples of a statistic of an experiment.

    Args:
        experiment: what was simulated.
        moments: of its observables at its checkpoints.
        statistic: "mean", "variance", "skewness" or "kurtosis".
        precision: of the simulation; decides what counts as rounding.
    """
    variance, shape = statistic == "variance", statistic in ("skewness", "kurtosis")
    found = estimate(moments, statistic)
    with np.errstate(all="ignore"):
        spread = np.sqrt(moments.central[0] / moments.count)
        negligible = spread <= TINY * np.abs(moments.mean)
        rms = np.hypot(moments.mean, spread)  # without underflow of the squares
    constant = without_noise(experiment) | (spread == 0)
    deterministic = constant if variance else constant | negligible
    doubts = {"only rounding is left of the spread": negligible & ~deterministic}
    if shape:  # a constant has none that could be compared
        order = 3 * HIGHEST[statistic]
        unknown = ~np.isfinite(moments.standardised(order)).all(axis=0) & ~moments.diverged
        doubts = {
            f"a constant has no {statistic}": deterministic,
            "only rounding is left of the spread": negligible,
            f"too large or too small for powers of order {order}": unknown,
        }
        deterministic = np.zeros_like(deterministic)
    observed = experiment.observed
    with np.errstate(over="ignore"):  # a start beyond 1e77 has no fourth power
        floor = np.array([rounding(experiment, o, precision) for o in observed])
        floor = floor ** (2 if variance else 1)
    return SampleTable(
        estimate=np.where(constant, 0.0, found.value) if variance else found.value,
        error=np.where(constant, 0.0, found.error),
        skewness=found.skewness,
        rms=rms,
        deterministic=deterministic,
        diverged=moments.diverged,
        doubts=doubts,
        floor=floor,
        lacking=np.array([lacking_moment(experiment, o, statistic) for o in observed]),
        count=moments.count,
    )


def without_noise(experiment: Experiment) -> Bools:
    """True where every trajectory has the same value: no noise, or a fixed start at k = 0."""
    mask = np.empty((len(experiment.checkpoints), len(experiment.observed)), dtype=np.bool_)
    for o, observable in enumerate(experiment.observed):
        start, always = still(experiment, observable)
        mask[:, o] = [always or (k == 0 and start) for k in experiment.checkpoints]
    return mask


def still(experiment: Experiment, observable: Observable) -> tuple[bool, bool]:
    """Whether every trajectory has the same value at k = 0, and whether at every checkpoint."""
    return experiment.problem.still(observable.coordinate, experiment.batch_sizes)


def rounding(experiment: Experiment, observable: Observable, precision: str) -> float:
    """The absolute error of an observable from rounding w relative to its start.

    Where terms cancel, as with a step size of exactly 1/h, what should be 0 is this large.
    """
    return experiment.problem.rounding(observable, ROUNDING[precision])


def lacking_moment(experiment: Experiment, observable: Observable, statistic: str) -> int:
    """The order of the noise moment that the estimate's standard error needs and that is missing.

    The mean of w^p needs order 2p, its variance 4p, skewness 6p and kurtosis 8p; 0 when the noise
    has it, or when there is none.
    """
    order = observable.power * 2 * HIGHEST[statistic]
    return 0 if experiment.problem.has_moment(observable.coordinate, order) else order
