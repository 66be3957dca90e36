"""A simulator that looks into the results file before it simulates, and keeps what it simulates.

A number depends on its address alone (`address.py`), so a run that was killed goes on where it was,
and a run with another claim, preset or report finds what is known. What the file lacks is simulated
with the rest of its pass and kept at once, in one transaction. Experiments without noise are not
kept: they cost nothing, and are computed anew.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from nqmbench.address import Address, code_digest, paired_subject
from nqmbench.moments import Moments
from nqmbench.one_pass import PairedMoments
from nqmbench.passes import Contrast, Pass
from nqmbench.records import Record, cut
from nqmbench.simulator import Found, Simulator
from nqmbench.store import Store

__all__ = ["Remembering", "Tally"]

PAIRED = ("difference", "below")  # the columns under which a comparison is kept


@dataclass(eq=False)
class Tally:
    """How many increments of an experiment or a comparison were found, and how many were not.

    Those without noise count as neither.
    """

    hits: int = 0
    misses: int = 0


@dataclass(frozen=True, eq=False, kw_only=True)
class Remembering(Simulator):
    """Runs the passes of a plan, as far as the results file does not know them.

    Args:
        store: the results file. tally: counts what was found there.
    """

    store: Store
    tally: Tally = field(default_factory=Tally)

    def trajectories(self, pass_: Pass, first: int, trials: int) -> Found:
        """The trajectories first..first+trials-1 of a pass, or of a part of one."""
        noisy = sum(not self.plan.experiments[task].noiseless for task in pass_.tasks)
        compared = sum(not self._noiseless(c) for c in pass_.contrasts)
        if not noisy:
            return super().trajectories(pass_, first, trials)  # nothing is drawn, or kept
        known = self._known(pass_, first, trials)
        contrasts = tuple(c for c in pass_.contrasts if c not in known.paired)
        sides = {task for c in contrasts for task, _ in (c.smaller, c.larger)}
        tasks = tuple(t for t in pass_.tasks if t not in known.moments or t in sides)
        hits = len(known.moments) + len(known.paired)
        self.tally.hits += hits
        self.tally.misses += noisy + compared - hits
        if not tasks:
            return known
        more = super().trajectories(Pass(tasks, contrasts), first, trials)
        self.store.put(self._records(more, first, trials))
        moments, paired = known.moments | more.moments, known.paired | more.paired
        return Found(
            {task: moments[task] for task in pass_.tasks},
            {contrast: paired[contrast] for contrast in pass_.contrasts},
        )

    def _known(self, pass_: Pass, first: int, trials: int) -> Found:
        """What the file knows of a pass."""
        found = Found()
        for task in pass_.tasks:
            experiment = self.plan.experiments[task]
            names = [o.name for o in experiment.observed]
            address = self._address(task, first, trials)
            moments = self.store.load(address, experiment.checkpoints, names)
            if moments is not None:
                found.moments[task] = moments
        for contrast in pass_.contrasts:
            steps = self.plan.experiments[contrast.smaller[0]].checkpoints
            address = self._address(subject_of(contrast), first, trials)
            both = self.store.load(address, steps, PAIRED)
            if both is not None:
                found.paired[contrast] = PairedMoments(column(both, 0), column(both, 1))
        return found

    def _records(self, found: Found, first: int, trials: int) -> list[Record]:
        """What is kept of an increment."""
        records: list[Record] = []
        for task, moments in found.moments.items():
            experiment = self.plan.experiments[task]
            if not experiment.noiseless:
                names = [o.name for o in experiment.observed]
                address = self._address(task, first, trials)
                steps = experiment.checkpoints
                records += cut(address, steps, names, moments, experiment.label)
        for contrast, pair in found.paired.items():
            smaller, larger = (
                self.plan.experiments[task] for task, _ in (contrast.smaller, contrast.larger)
            )
            if not self._noiseless(contrast):
                address = self._address(subject_of(contrast), first, trials)
                label = f"{smaller.label} minus {larger.label}"
                records += cut(address, smaller.checkpoints, PAIRED, beside(pair), label)
        return records

    def _noiseless(self, contrast: Contrast) -> bool:
        """True if neither side of a comparison has noise."""
        sides = (contrast.smaller, contrast.larger)
        return all(self.plan.experiments[task].noiseless for task, _ in sides)

    def _address(self, subject: str, first: int, trials: int) -> Address:
        seed, precision = self.conditions.seed, self.conditions.precision
        return Address(code_digest(), subject, seed, precision, first, trials)


def subject_of(contrast: Contrast) -> str:
    """The subject under which a comparison is kept."""
    return paired_subject(contrast.smaller, contrast.larger)


def column(moments: Moments, i: int) -> Moments:
    """One column of a table, shape (S, 1)."""
    return Moments(moments.count, moments.mean[:, [i]], moments.central[:, :, [i]])


def beside(pair: PairedMoments) -> Moments:
    """Difference and event as one table, shape (S, 2)."""
    mean = np.concatenate([pair.difference.mean, pair.below.mean], axis=1)
    central = np.concatenate([pair.difference.central, pair.below.central], axis=2)
    return Moments(pair.difference.count, mean, central)
