"""The simulation of a plan, look by look, until every claim is decided or the budget is used.

At each look every pass that is still wanted is simulated up to the next number of trajectories, and
its open cells are judged. Looks are the same for every budget and number of threads, so are the
numbers. What only a figure shows is looked at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nqmbench.comparisons import SideMoments
from nqmbench.consistency import (
    contradictions,
    paired_contradictions,
    self_test_level,
    shape_contradictions,
)
from nqmbench.experiment import Experiment
from nqmbench.forecast import Forecast, work_per_trial
from nqmbench.ledger import Ledger
from nqmbench.passes import Pass
from nqmbench.simulator import Found, Simulator
from nqmbench.stopping import Stopped
from nqmbench.theory import ExactMoments
from nqmbench.verdicts import LOOKS, Preset, look_sizes

__all__ = ["affordable", "pursue"]


def pursue(
    simulator: Simulator,
    truths: Mapping[str, ExactMoments],
    preset: Preset,
    until: float | None = None,
) -> tuple[Ledger, Found]:
    """Look at the passes until every claim is decided, the budget is used or the run is to end.

    Args:
        simulator: with the plan.
        truths: exact moments by task, for the self-test.
        preset: gives the budget.
        until: see `Ledger`.

    Returns:
        The ledger, and what was found: the moments are those of the last looks. If the run was to
        end before it was done, the ledger's `ending` says why, and all that was looked at is there.
    """
    plan = simulator.plan
    ledger, found = Ledger(plan, until), Found()
    unseen = {task for f in plan.figures for panel in f.panels for task in panel.tasks}
    # All of the run, whichever share of it is simulated here.
    contrasts = {case.contrast for claim in plan.claims for case in claim.cases} - {None}
    comparisons = sum(len(plan.experiments[c.smaller[0]].checkpoints) for c in contrasts if c)
    shapes = sum(len(ledger.shapes(task)) for task in plan.experiments)
    z = self_test_level(plan.experiments.values(), comparisons + shapes)
    looks = {p: affordable([plan.experiments[t] for t in p.tasks], preset) for p in plan.passes}
    forecast = Forecast(ledger, looks, truths)
    wanted = list(plan.passes)
    try:
        simulator.stopping.check()
        for number in range(LOOKS):
            for whole in tuple(wanted):
                simulator.stopping.check()
                part = wanted_part(ledger, whole, unseen)
                if not part.tasks or number >= len(looks[whole]):
                    forecast.ended(whole)
                    wanted.remove(whole)
                    continue
                first, size = ([0, *looks[whole]])[number : number + 2]
                found.add(simulator.trajectories(part, first, size - first))
                look(ledger, found, part, truths, z, simulator.conditions.precision)
                unseen.difference_update(part.tasks)
                forecast.looked(whole, part, first, size)
                simulator.watch.looked(ledger, plan.experiments[part.tasks[0]], size, forecast)
    except Stopped as stop:
        ledger.ending = str(stop)
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
    pass_: Pass,
    truths: Mapping[str, ExactMoments],
    z: float,
    precision: str,
) -> None:
    """Judge the open cells of a pass, and note where it contradicts exact theory."""
    experiments, moments = ledger.plan.experiments, found.moments
    for task in pass_.tasks:
        ledger.hear(task, moments[task], precision)
        known = experiments[task], moments[task], truths[task]
        said = contradictions(*known, z, precision)
        said += shape_contradictions(*known, ledger.shapes(task), z, precision)
        found.bugs.setdefault(task, []).extend(said)
    for contrast in pass_.contrasts:
        paired = found.paired[contrast]
        smaller, larger = (
            SideMoments.of(experiments[task], name, moments[task])
            for task, name in (contrast.smaller, contrast.larger)
        )
        ledger.compare(contrast, paired, smaller, larger, precision)
        exact = truths[contrast.smaller[0]], truths[contrast.larger[0]]
        said = paired_contradictions(paired, (smaller, larger), exact, z, precision)
        found.bugs.setdefault(contrast, []).extend(said)


def affordable(members: Sequence[Experiment], preset: Preset) -> list[int]:
    """The looks of a pass within the preset's budget; none if the first is beyond it.

    All members have the same ones, those of the largest. Without noise one trajectory says
    everything. The work counts every sample that is drawn.
    """
    noisy = [e for e in members if not e.noiseless]
    if not noisy:
        return [1]
    sizes = look_sizes(max(e.problem.d for e in noisy), noisy[0].steps)
    work = max(work_per_trial(e) for e in noisy)
    return [n for n in sizes if n <= preset.trials and n * work <= preset.work]
