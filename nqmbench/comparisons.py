"""From the paired moments of an ordering to what is known of each of its cells.

The difference smaller - larger is estimated from differences trajectory by trajectory, so what both
sides owe to the same noise cancels. It is judged relative to the size of the larger side. The event
"smaller < larger" is counted, and its frequency needs no moment of the noise at all.

Two methods that are the same in exact arithmetic, such as every method with momentum at its first
step, differ by rounding. There a difference is **deterministic**: 0 up to that rounding; and no
frequency is believed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nqmbench.experiment import Experiment
from nqmbench.moments import Moments
from nqmbench.observables import Observable
from nqmbench.one_pass import PairedMoments
from nqmbench.samples import TINY, lacking_moment, rounding, still
from nqmbench.verdicts import GATE, ROUNDING, Frequency, Sample

__all__ = ["Scale", "SideMoments", "difference", "frequency"]

# |skewness| / sqrt(n) of a side from which on its tail is taken to be hidden: where one trajectory
# makes up the mean it is 1. Below, the differences themselves are asked, as for a single side.
HIDING = 5 * GATE


@dataclass(frozen=True)
class Scale:
    """The size of the larger side, by which a margin is measured; an estimate like any other.

    Args:
        sample: of the mean of x, or of x^2. root: whether the size is the root of that.
    """

    sample: Sample
    root: bool = False

    @property
    def value(self) -> float:
        """The size itself."""
        return self._of(self.sample.estimate)

    @property
    def error(self) -> float:
        """Its standard error."""
        halves = 2 * self.value if self.root else 1.0
        return self.sample.error / halves if halves > 0 else 0.0

    @property
    def trusted(self) -> bool:
        """True if its interval can be trusted."""
        return self.sample.deterministic or self.sample.trusted

    def interval(self, z: float) -> tuple[float, float]:
        """Its confidence interval at critical value z."""
        low, high = self.sample.interval(z)
        return self._of(low), self._of(high)

    def _of(self, x: float) -> float:
        return float(np.sqrt(max(x, 0.0))) if self.root else x


@dataclass(frozen=True, eq=False)
class SideMoments:
    """One side of a comparison: its experiment, its observable, and the experiment's moments."""

    experiment: Experiment
    observable: Observable
    moments: Moments

    @classmethod
    def of(cls, experiment: Experiment, name: str, moments: Moments) -> SideMoments:
        """The side with the observable of this name."""
        (observable,) = (o for o in experiment.observed if o.name == name)
        return cls(experiment, observable, moments)

    @property
    def column(self) -> int:
        """Where the observable stands among the experiment's."""
        return self.experiment.observed.index(self.observable)

    def size(self, s: int) -> float:
        """The root mean square at checkpoint number s."""
        with np.errstate(all="ignore"):
            place = (s, self.column)
            return float(np.hypot(self.moments.mean[place], np.sqrt(self.moments.moment(2)[place])))

    def scale(self, s: int) -> Scale:
        """What a margin is relative to at checkpoint number s.

        The mean of a square; the root mean square of what may cross 0. With m the mean, the square
        of such a value has the central moments

            Var x^2 = c4 + 4 m c3 + 4 m^2 c2 - c2^2,
            E (x^2 - E x^2)^3 = 8 m^3 c3 + 12 m^2 (c4 - c2^2) + 6 m (c5 - 2 c2 c3)
                                + c6 - 3 c2 c4 + 2 c2^3.
        """
        # NumPy's floats: where a side diverges a power overflows to inf, with Python's it raises.
        n, m = self.moments.count, self.moments.mean[s, self.column]
        c2, c3, c4, c5, c6 = (self.moments.moment(p)[s, self.column] for p in range(2, 7))
        signed = not self.observable.nonnegative
        with np.errstate(all="ignore"):
            if signed:
                mean, second = m**2 + c2, c4 + 4 * m * c3 + 4 * m**2 * c2 - c2**2
                third = (
                    8 * m**3 * c3 + 12 * m**2 * (c4 - c2**2) + 6 * m * (c5 - 2 * c2 * c3)
                    + c6 - 3 * c2 * c4 + 2 * c2**3
                )  # fmt: skip
            else:
                mean, second, third = m, c2, c3
            still = bool(c2 == 0)
            error = 0.0 if still else float(np.sqrt(np.maximum(second, 0.0) / (n - 1)))
            skewness = float(third / second**1.5)
        lacking = lacking_moment(self.experiment, self.observable, "variance" if signed else "mean")
        doubt = f"heavy tails: the noise has no moment of order {lacking}" if lacking else ""
        return Scale(
            Sample(float(mean), error, skewness, n, deterministic=still, doubt=doubt), signed
        )

    def diverged(self, s: int) -> bool:
        """True if the mean is beyond all bounds there."""
        return bool(self.moments.diverged[s, self.column])

    def closing(self, s: int) -> float:
        """The skewness of the observable where a few trajectories make up its mean, else 0."""
        c2, c3 = (float(self.moments.moment(p)[s, self.column]) for p in (2, 3))
        with np.errstate(all="ignore"):
            skewness = float(np.float64(c3) / np.float64(c2) ** 1.5)
        return skewness if abs(skewness) > HIDING * self.moments.count**0.5 else 0.0

    def noiseless(self, s: int) -> bool:
        """True if every trajectory has the same value there."""
        start, always = still(self.experiment, self.observable)
        return always or (start and self.experiment.checkpoints[s] == 0)


def difference(
    paired: PairedMoments, smaller: SideMoments, larger: SideMoments, s: int, precision: str
) -> Sample:
    """The sample of smaller - larger at checkpoint number s; `rms` is the size of the sides.

    Its spread is that of the differences. Where it is only rounding beside the sides' own size,
    the difference is compared, up to that rounding. A side whose mean is made up of a few
    trajectories closes the gate: what its tail has not shown yet is not in the differences either,
    which may look as normal as the other side.
    """
    found, sides = paired.difference.mean_estimate(), (smaller, larger)
    size = max(side.size(s) for side in sides)
    constant = all(side.noiseless(s) for side in sides)
    spread = float(np.sqrt(paired.difference.moment(2)[s, 0]))
    blurred = 0 < spread <= negligible(precision) * size and not constant
    lacking = max(lacking_moment(side.experiment, side.observable, "mean") for side in sides)
    floor = sum(rounding(side.experiment, side.observable, precision) for side in sides)
    return Sample(
        estimate=float(found.value[s, 0]),
        error=0.0 if constant or spread == 0 else float(found.error[s, 0]),
        skewness=max((float(found.skewness[s, 0]), *(x.closing(s) for x in sides)), key=abs),
        count=paired.difference.count,
        deterministic=constant or blurred or spread == 0,
        diverged=any(side.diverged(s) for side in sides) or bool(paired.difference.diverged[s, 0]),
        rms=size,
        floor=max(floor, negligible(precision) * size) if blurred else floor,
        doubt=f"heavy tails: the noise has no moment of order {lacking}" if lacking else "",
    )


def frequency(
    paired: PairedMoments, smaller: SideMoments, larger: SideMoments, s: int, precision: str
) -> Frequency:
    """The sample of the event smaller < larger at checkpoint number s.

    Where the sides differ by rounding alone, nothing is decided.
    """
    mean, count = float(paired.below.mean[s, 0]), paired.below.count
    if not 0 <= mean <= 1:  # some trajectory has no number
        return Frequency(mean, 0.0, 0.0, count, diverged=True)
    room = negligible(precision) * max(side.size(s) for side in (smaller, larger))
    apart = (
        abs(float(paired.difference.mean[s, 0])),
        float(paired.difference.moment(2)[s, 0]) ** 0.5,
    )
    doubt = "only rounding tells the sides apart" if 0 < max(apart) <= room else ""
    constant = smaller.noiseless(s) and larger.noiseless(s)
    return Frequency.of(round(mean * count), count, doubt, constant and not doubt)


def negligible(precision: str) -> float:
    """The spread of a difference, relative to its sides, that is owed to rounding."""
    return max(TINY, ROUNDING[precision])
