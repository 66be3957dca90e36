"""The simulation of a plan, look by look, until every claim is decided or the budget is used.

At each look every pass that is still wanted is simulated up to the next number of trajectories, and
its open cells are judged. Looks are the same for every budget and number of threads, so are the
numbers. What only a figure shows is looked at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from nqmbench.comparisons import Side
from nqmbench.consistency import contradictions, paired_contradictions, self_test_level
from nqmbench.experiment import Experiment
from nqmbench.ledger import Ledger
from nqmbench.moments import Moments, merge
from nqmbench.passes import Contrast, Pass
from nqmbench.plan import Plan
from nqmbench.theory import ExactMoments
from nqmbench.together import PairedMoments, run_together
from nqmbench.verdicts import LOOKS, Preset, look_sizes

__all__ = ["Found", "Observer", "Silent", "Simulator", "affordable", "pursue"]


class Observer(Protocol):
    """Someone who watches a run, such as a progress bar."""

    def planned(self, plan: Plan) -> None:
        """The plan is made; nothing is simulated yet."""

    def simulated(self, experiment: Experiment, trials: int, of: int) -> None:
        """So many of the trajectories up to the next look are done."""

    def looked(self, ledger: Ledger, experiment: Experiment, trials: int) -> None:
        """An experiment has reached so many trajectories and its cells were judged."""


class Silent:
    """The observer who says nothing."""

    def planned(self, plan: Plan) -> None:
        """Nothing."""

    def simulated(self, experiment: Experiment, trials: int, of: int) -> None:
        """Nothing."""

    def looked(self, ledger: Ledger, experiment: Experiment, trials: int) -> None:
        """Nothing."""


@dataclass(eq=False)
class Found:
    """What has been simulated so far, and what it says about the program itself.

    Args:
        moments: of every experiment's trajectories so far, by task. paired: by contrast.
        bugs: where the simulation contradicts exact theory, by task.
    """

    moments: dict[str, Moments] = field(default_factory=dict)
    paired: dict[Contrast, PairedMoments] = field(default_factory=dict)
    bugs: dict[str, list[str]] = field(default_factory=dict)

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
        plan: what there is to simulate. seed, threads, precision: as in `nqmbench.simulate`.
        watch: is told about the progress.
    """

    plan: Plan
    seed: int
    threads: int
    precision: str
    watch: Observer = field(default_factory=Silent)

    def trajectories(self, part: Pass, first: int, trials: int) -> Found:
        """The trajectories first..first+trials-1 of a pass, or of a part of one."""
        members = [self.plan.experiments[task] for task in part.tasks]
        places = {
            (task, o.name): (m, column)
            for m, (task, e) in enumerate(zip(part.tasks, members, strict=True))
            for column, o in enumerate(e.observed)
        }

        def progress(done: int) -> None:
            self.watch.simulated(members[0], first + done, first + trials)

        done = run_together(
            members,
            [(places[c.smaller], places[c.larger]) for c in part.contrasts],
            first,
            trials,
            self.seed,
            self.threads,
            self.precision,
            progress,
        )
        return Found(
            dict(zip(part.tasks, done.members, strict=True)),
            dict(zip(part.contrasts, done.contrasts, strict=True)),
        )


def pursue(
    simulator: Simulator, truths: Mapping[str, ExactMoments], preset: Preset
) -> tuple[Ledger, Found]:
    """Look at the passes until every claim is decided or the budget is used.

    Args:
        simulator: with the plan.
        truths: exact moments by task, for the self-test.
        preset: gives the budget.

    Returns:
        The ledger, and what was found: the moments are those of the last looks.
    """
    plan = simulator.plan
    ledger, found = Ledger(plan), Found()
    unseen = {task for f in plan.figures for panel in f.panels for task in panel.tasks}
    comparisons = sum(
        len(p.contrasts) * len(plan.experiments[p.tasks[0]].checkpoints) for p in plan.passes
    )
    z = self_test_level(plan.experiments.values(), comparisons)
    looks = {p: affordable(plan.experiments[p.tasks[0]], preset) for p in plan.passes}
    for number in range(LOOKS):
        for whole in plan.passes:
            part = wanted_part(ledger, whole, unseen)
            if not part.tasks or number >= len(looks[whole]):
                continue
            first, size = ([0, *looks[whole]])[number : number + 2]
            found.add(simulator.trajectories(part, first, size - first))
            look(ledger, found, part, truths, z, simulator.precision)
            unseen.difference_update(part.tasks)
            simulator.watch.looked(ledger, plan.experiments[part.tasks[0]], size)
    return ledger, found


def wanted_part(ledger: Ledger, whole: Pass, unseen: set[str]) -> Pass:
    """What of a pass is simulated further: the rest has been decided, and is left out.

    A member's numbers are the same whoever shares its pass. What is not wanted any more will never
    be wanted again, so no look is missed.

    Args:
        ledger: knows which cells are open.
        whole: the pass.
        unseen: tasks that a figure shows and that were not simulated yet.
    """
    contrasts = [c for c in whole.contrasts if ledger.undecided(c)]
    needed = {task for c in contrasts for task, _ in (c.smaller, c.larger)} | unseen
    tasks = [task for task in whole.tasks if task in needed or ledger.wanted(task)]
    return Pass(tuple(tasks), tuple(contrasts))


def look(
    ledger: Ledger,
    found: Found,
    together: Pass,
    truths: Mapping[str, ExactMoments],
    z: float,
    precision: str,
) -> None:
    """Judge the open cells of a pass, and note where it contradicts exact theory."""
    experiments, moments = ledger.plan.experiments, found.moments
    for task in together.tasks:
        ledger.hear(task, moments[task], precision)
        said = contradictions(experiments[task], moments[task], truths[task], z, precision)
        found.bugs.setdefault(task, []).extend(said)
    for contrast in together.contrasts:
        paired = found.paired[contrast]
        smaller, larger = (
            Side.of(experiments[task], name, moments[task])
            for task, name in (contrast.smaller, contrast.larger)
        )
        ledger.compare(contrast, paired, smaller, larger, precision)
        exact = truths[contrast.smaller[0]], truths[contrast.larger[0]]
        said = paired_contradictions(paired, (smaller, larger), exact, z, precision)
        found.bugs[contrast.smaller[0]].extend(said)


def affordable(experiment: Experiment, preset: Preset) -> list[int]:
    """The looks of an experiment within the preset's budget; none if the first is beyond it.

    All members of a pass have the same ones. Without noise one trajectory says everything. The work
    counts every sample that is drawn: Gaussian batches are one draw, those of the other laws are
    drawn sample by sample.
    """
    if experiment.problem.noiseless:
        return [1]
    d, steps = experiment.problem.d, experiment.steps
    literal = experiment.problem.noise.name != "gaussian"
    work = d * steps * (float(experiment.batch_sizes.mean()) if literal else 1.0)
    return [n for n in look_sizes(d, steps) if n <= preset.trials and n * work <= preset.work]
