"""From the paired moments of an ordering to what is known of each of its cells.

The difference smaller - larger is estimated from differences trajectory by trajectory, so what both
sides owe to the same noise cancels. It is judged relative to the mean of the larger side. The event
"smaller < larger" is counted, and its frequency needs no moment of the noise at all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nqmbench.experiment import Experiment, Observable
from nqmbench.moments import Moments
from nqmbench.samples import TINY, lacking_moment, rounding, without_noise
from nqmbench.together import PairedMoments
from nqmbench.verdicts import Frequency, Sample

__all__ = ["Side", "difference", "frequency"]


@dataclass(frozen=True, eq=False)
class Side:
    """One side of a comparison: its experiment, its observable, and the experiment's moments."""

    experiment: Experiment
    observable: Observable
    moments: Moments

    @classmethod
    def of(cls, experiment: Experiment, name: str, moments: Moments) -> Side:
        """The side with the observable of this name."""
        (observable,) = (o for o in experiment.observed if o.name == name)
        return cls(experiment, observable, moments)

    @property
    def column(self) -> int:
        """Where the observable stands among the experiment's."""
        return self.experiment.observed.index(self.observable)

    def mean(self, s: int) -> float:
        """The mean at checkpoint number s."""
        return float(self.moments.mean[s, self.column])

    def diverged(self, s: int) -> bool:
        """True if the mean is beyond all bounds there."""
        return bool(self.moments.diverged[s, self.column])

    def noiseless(self, s: int) -> bool:
        """True if every trajectory has the same value there."""
        return bool(without_noise(self.experiment)[s, self.column])


def difference(
    paired: PairedMoments, smaller: Side, larger: Side, s: int, precision: str
) -> Sample:
    """The sample of smaller - larger at checkpoint number s; `rms` is the size of the sides.

    Its spread is that of the differences. Where it is only rounding beside the sides' own size,
    nothing is decided, unless neither side has noise.
    """
    found, sides = paired.difference.mean_estimate(), (smaller, larger)
    size = max(abs(side.mean(s)) for side in sides)
    constant = all(side.noiseless(s) for side in sides)
    spread = float(np.sqrt(paired.difference.moment(2)[s, 0]))
    lacking = max(lacking_moment(side.experiment, side.observable, "mean") for side in sides)
    doubt = ""
    if lacking:
        doubt = f"heavy tails: the noise has no moment of order {lacking}"
    elif 0 < spread <= TINY * size and not constant:
        doubt = "only rounding is left of the spread"
    return Sample(
        estimate=float(found.value[s, 0]),
        error=0.0 if constant else float(found.error[s, 0]),
        skewness=float(found.skewness[s, 0]),
        count=paired.difference.count,
        deterministic=constant or spread == 0,
        diverged=any(side.diverged(s) for side in sides) or bool(paired.difference.diverged[s, 0]),
        rms=size,
        floor=sum(rounding(side.experiment, side.observable, precision) for side in sides),
        doubt=doubt,
    )


def frequency(paired: PairedMoments, s: int) -> Sample:
    """The sample of the event smaller < larger at checkpoint number s."""
    mean, count = float(paired.below.mean[s, 0]), paired.below.count
    if not 0 <= mean <= 1:  # some trajectory has no number
        return Frequency(mean, 0.0, 0.0, count, diverged=True)
    return Frequency.of(round(mean * count), count)
