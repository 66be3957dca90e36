"""The trajectories of a pass, and what is known of a plan once more of them are there."""

from __future__ import annotations

from dataclasses import dataclass, field

from nqmbench.executors import Executor, Local
from nqmbench.moments import Moments, merge
from nqmbench.observer import Observer, Silent
from nqmbench.one_pass import PairedMoments, run_pass
from nqmbench.passes import Contrast, Pass
from nqmbench.plan import Plan
from nqmbench.simulation import Conditions
from nqmbench.stopping import Stopping

__all__ = ["Found", "Simulator"]


@dataclass(eq=False)
class Found:
    """What has been simulated so far, and what it says about the program itself.

    Args:
        moments: of every experiment's trajectories so far, by task. paired: by contrast.
        bugs: where the simulation contradicts exact theory, by task, and by contrast where only a
            difference of two experiments shows it.
    """

    moments: dict[str, Moments] = field(default_factory=dict)
    paired: dict[Contrast, PairedMoments] = field(default_factory=dict)
    bugs: dict[str | Contrast, list[str]] = field(default_factory=dict)

    def add(self, more: Found) -> None:
        """Merge the next trajectories of a pass with those known."""
        for task, moments in more.moments.items():
            known = self.moments.get(task)
            self.moments[task] = moments if known is None else merge(known, moments)
        for contrast, pair in more.paired.items():
            before = self.paired.get(contrast)
            self.paired[contrast] = pair if before is None else merge_paired(before, pair)


def merge_paired(a: PairedMoments, b: PairedMoments) -> PairedMoments:
    """The moments of two samples of a contrast together, `a` first."""
    return PairedMoments(merge(a.difference, b.difference), merge(a.below, b.below))


@dataclass(frozen=True, eq=False)
class Simulator:
    """Runs the passes of a plan.

    Args:
        plan: what there is to simulate.
        conditions: seed, threads and precision.
        watch: is told about the progress.
        stopping: ends a simulation at once if the run is to end.
        executor: runs the kernels.
    """

    plan: Plan
    conditions: Conditions
    watch: Observer = field(default_factory=Silent)
    stopping: Stopping = field(default_factory=Stopping)
    executor: Executor = field(default_factory=Local)

    def trajectories(self, pass_: Pass, first: int, trials: int) -> Found:
        """The trajectories first..first+trials-1 of a pass, or of a part of one.

        Raises:
            Stopped: the run is to end; what was simulated of them is given up.
        """
        members = [self.plan.experiments[task] for task in pass_.tasks]
        columns = {
            (task, o.name): (m, column)
            for m, (task, e) in enumerate(zip(pass_.tasks, members, strict=True))
            for column, o in enumerate(e.observed)
        }
        contrasts = [(columns[c.smaller], columns[c.larger]) for c in pass_.contrasts]

        def progress(done: int) -> None:
            self.watch.simulated(members[0], first + done, first + trials)
            self.stopping.check()

        run = self.executor.simulate
        with self.stopping.interruptible():
            moments = run_pass(members, contrasts, first, trials, self.conditions, progress, run)
        return Found(
            dict(zip(pass_.tasks, moments.members, strict=True)),
            dict(zip(pass_.contrasts, moments.contrasts, strict=True)),
        )
