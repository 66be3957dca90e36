"""How many trajectories should decide, and so how much work is left.

The planning formula: a cell with relative spread c of one value, critical value z, margin d and
relative deviation r from what is claimed is decided after about

    n = (c (z + 1.3) / |d - |r||)^2

trajectories. A plan may use exact theory for c and r before anything is simulated; verdicts never
do.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from nqmbench.claims import BOUNDS
from nqmbench.experiment import Experiment
from nqmbench.ledger import Ledger
from nqmbench.looks import Record
from nqmbench.passes import Pass
from nqmbench.theory import ExactMoments

__all__ = ["Forecast", "trials_needed", "work_per_trial"]

# Standard errors of the estimate itself: decided with a probability of 90 %, near the middle of a
# region with two ends of 80 %.
SLACK = 1.3
AT_THE_MARGIN = 0.02  # of the margin: so near to it nothing is decided in reasonable time
KURTOSIS = 15.0  # of the square of a normal number: what is expected of a variance beforehand


def trials_needed(record: Record) -> float:
    """How many more trajectories should decide a cell; 0 when it lies at the margin itself.

    To the spread of a difference that of its margin is added, as in `decide`.
    """
    sample = record.sample
    assert sample is not None
    spread = (sample.error + record.blur) * math.sqrt(sample.count) / record.scale
    total = total_needed(record, spread, record.deviation)
    return max(total - sample.count, 0.0) if math.isfinite(total) else 0.0


def total_needed(record: Record, spread: float, deviation: float) -> float:
    """The planning formula; infinite at the margin itself, where nothing is ever decided.

    Args:
        record: gives the margin, the kind of claim and the critical value.
        spread: of one value, relative to the scale.
        deviation: (truth - claimed) / scale.
    """
    room = distance_to_edge(record, deviation)
    if spread == 0:
        return 0.0
    if not room > AT_THE_MARGIN * record.claim.margin or not math.isfinite(spread):
        return math.inf
    return square(spread * (record.z + SLACK) / room)


def square(x: float) -> float:
    """x^2, infinite where a power would raise."""
    return x * x


def distance_to_edge(record: Record, deviation: float) -> float:
    """How far a deviation is from the nearest end of the region, relative to the scale."""
    margin, shape = record.claim.margin, record.claim.item.shape
    if shape in BOUNDS:
        return abs(margin - (deviation if shape == "upper bound" else -deviation))
    return abs(margin - abs(deviation))


def clear_of_edge(record: Record, deviation: float, error: float) -> float:
    """The deviation, moved away from the region's end by one standard error if it is nearer.

    So near to the end the estimate does not know on which side it is, nor how far from it.
    """
    room = distance_to_edge(record, deviation)
    return deviation if room >= error else math.copysign(abs(deviation) + error - room, deviation)


def work_per_trial(experiment: Experiment) -> float:
    """What one trajectory draws over all its steps; see `Problem.draws`."""
    return experiment.problem.draws(float(experiment.batch_sizes.mean())) * experiment.steps


class Forecast:
    """The work of a run in samples to draw: what is done, and what is likely to come.

    Args:
        ledger: what is open.
        looks: the affordable looks of every pass.
        truths: exact moments by task.
    """

    def __init__(
        self,
        ledger: Ledger,
        looks: Mapping[Pass, Sequence[int]],
        truths: Mapping[str, ExactMoments],
    ) -> None:
        self.ledger, self.looks, self.truths = ledger, looks, truths
        self.done = 0.0
        # Claims that theory expects to be refuted: their other cells will ask for nothing.
        self._doomed = {
            r.claim.item.identity for r in ledger.records if self._refutes(r, self._by_theory(r)[1])
        }
        self._left = {
            pass_: self._work(pass_, self._target(pass_, known=0)) for pass_ in looks
        }  # fmt: skip

    @property
    def left(self) -> float:
        """The samples that are likely to be drawn still."""
        return sum(self._left.values())

    def looked(self, whole: Pass, part: Pass, before: int, now: int) -> None:
        """A part of a pass has gone from `before` to `now` trajectories."""
        self.done += self._work(part, now - before)
        self._left[whole] = self._work(part, self._target(whole, now) - now)

    def ended(self, whole: Pass) -> None:
        """Nothing of a pass is wanted any more."""
        self._left[whole] = 0.0

    def _work(self, pass_: Pass, trials: float) -> float:
        experiments = self.ledger.plan.experiments
        return trials * sum(work_per_trial(experiments[task]) for task in pass_.tasks)

    def _target(self, whole: Pass, known: int) -> int:
        """The look at which a pass is likely to be decided."""
        looks = self.looks[whole]
        ahead = [n for n in looks if n > known]
        if not ahead:
            return known
        wanted = max((self._expected(r, looks[-1]) for r in self._open(whole)), default=0.0)
        if known and not wanted:
            return known
        return next((n for n in ahead if n >= wanted), ahead[-1])

    def _open(self, whole: Pass) -> Iterable[Record]:
        ledger = self.ledger
        for task in whole.tasks:
            yield from filter(ledger.is_open, ledger.by_task[task])
        for contrast in whole.contrasts:
            yield from filter(ledger.is_open, ledger.by_contrast.get(contrast, ()))

    def _expected(self, record: Record, most: int) -> float:
        """The trajectories that should decide a cell, and bring it to the wanted precision."""
        spread, deviation = self._by_theory(record)
        if record.sample is not None:
            if not record.scale > 0:
                return most
            error = (record.sample.error + record.blur) / record.scale
            spread = error * math.sqrt(record.sample.count)
            if math.isnan(deviation):
                deviation = clear_of_edge(record, record.deviation, error)
        if math.isnan(deviation):
            return 0.0  # the first look will tell
        needed = 0.0
        alone = record.claim.item.identity not in self._doomed
        if record.verdict is None and (alone or self._refutes(record, deviation)):
            needed = total_needed(record, spread, deviation)
        if self.ledger.until is not None:
            needed = max(needed, square(record.z * spread / self.ledger.until))
        return min(needed, most)

    def _refutes(self, record: Record, deviation: float) -> bool:
        """True if a cell that deviates so much refutes its claim."""
        margin, shape = record.claim.margin, record.claim.item.shape
        if shape in BOUNDS:
            return (deviation if shape == "upper bound" else -deviation) > margin
        return margin < abs(deviation) < math.inf

    def _by_theory(self, record: Record) -> tuple[float, float]:
        """Relative spread and deviation of a cell by exact theory; NaN where it does not know."""
        if record.statistic not in ("mean", "variance"):
            return math.nan, math.nan
        mean, variance = self._exact(record, record.case.task, record.case.observable.name)
        spread, exact, natural = math.sqrt(max(variance, 0.0)), mean, abs(record.cell.claimed)
        if record.statistic == "variance":
            spread, exact = math.sqrt(KURTOSIS - 1) * variance, variance
        elif record.case.contrast is not None:
            larger, more = self._exact(record, *record.case.contrast.larger)
            # The noise that both share makes it less.
            spread = math.sqrt(max(variance, 0.0) + max(more, 0.0))
            exact, natural = mean - larger, larger
        elif not record.case.observable.nonnegative:
            natural = math.hypot(mean, spread)
        scale = record.cell.scale or natural
        if not (scale > 0 and math.isfinite(scale)) or math.isnan(spread):
            return math.nan, math.nan
        return spread / scale, (exact - record.cell.claimed) / scale

    def _exact(self, record: Record, task: str, name: str) -> tuple[float, float]:
        """The exact mean and variance of an observable at the step of a cell."""
        experiment, truth = self.ledger.plan.experiments[task], self.truths[task]
        place = experiment.checkpoints.index(record.cell.step), truth.observables.index(name)
        return float(truth.mean[place]), float(truth.variance[place])
