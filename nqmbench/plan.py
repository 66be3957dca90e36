"""From suites to work: the cells of every claim, and the distinct experiments that they need.

Two claims (of one suite or of several) about the same trajectories share one **task**: its
checkpoints and observables are the union of what they ask for. The number of cells of each suite is
fixed here, before anything is simulated, because the level of its verdicts depends on it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from nqmbench.claims import Check, Claim, Suite
from nqmbench.errors import InvalidArguments
from nqmbench.experiment import Experiment, Observable, parse_observable
from nqmbench.formulas import FormulaError, applies, claimed_value, given_scale
from nqmbench.verdicts import Preset

__all__ = ["Case", "Cell", "Plan", "PlannedClaim", "Task", "make_plan"]


@dataclass(frozen=True)
class Cell:
    """One quantity at one checkpoint, and what the claim says of it.

    Args:
        step: the checkpoint. claimed: the formula's value.
        scale: given by the claim, or None for the natural one.
    """

    step: int
    claimed: float
    scale: float | None


@dataclass(frozen=True, eq=False)
class Case:
    """A claim on one experiment and one observable.

    Args:
        label: the experiment and the coordinate in words.
        task: the key of the task that simulates it. observable: what is observed.
        cells: by step.
    """

    label: str
    experiment: Experiment
    task: str
    observable: Observable
    cells: tuple[Cell, ...]


@dataclass(frozen=True, eq=False)
class PlannedClaim:
    """A claim or check, ready to be judged.

    Args:
        item: the claim or check. margin: relative.
        cases: empty for a check. error: why it cannot be judged, else "".
    """

    item: Claim | Check
    margin: float
    cases: tuple[Case, ...] = ()
    error: str = ""

    @property
    def cells(self) -> int:
        """The number of cells."""
        return sum(len(case.cells) for case in self.cases)


@dataclass(eq=False)
class Task:
    """What has to be simulated once: trajectories, and all checkpoints and observables wanted."""

    template: Experiment
    steps: set[int] = field(default_factory=set)
    names: dict[str, None] = field(default_factory=dict)

    def experiment(self) -> Experiment:
        """The experiment with the union of what was wanted."""
        e = self.template
        return Experiment(
            e.problem, e.method, e.batch, e.steps, sorted(self.steps), list(self.names)
        )


@dataclass(frozen=True, eq=False)
class Plan:
    """All claims, and the distinct experiments by key, in the order of their first mention."""

    suites: tuple[Suite, ...]
    claims: tuple[PlannedClaim, ...]
    experiments: dict[str, Experiment]

    def cells(self, suite: str) -> int:
        """m: the number of cells over which the level of a suite is split."""
        return sum(c.cells for c in self.claims if c.item.suite == suite)


def make_plan(suites: Iterable[Suite], preset: Preset) -> Plan:
    """Expand the claims of the suites.

    Args:
        suites: what is to be run.
        preset: gives the margins.

    Returns:
        The plan. A claim whose own code fails carries its error; the others go on.
    """
    chosen = tuple(suites)
    tasks: dict[str, Task] = {}
    planned = [plan_item(suite, item, preset, tasks) for suite in chosen for item in suite.items]
    experiments = {key: task.experiment() for key, task in tasks.items() if task.steps}
    return Plan(chosen, tuple(planned), experiments)


def plan_item(
    suite: Suite, item: Claim | Check, preset: Preset, tasks: dict[str, Task]
) -> PlannedClaim:
    """One claim with its cells; what it needs is added to the tasks."""
    if isinstance(item, Check):
        return PlannedClaim(item, margin=0.0)
    margin = item.accuracy if item.kind == "approximation" else preset.margin(item.statistic)
    margin = item.margin if item.margin is not None else margin
    try:
        cases = tuple(c for e in experiments_of(suite, item) for c in plan_cases(item, e))
    except (FormulaError, InvalidArguments) as error:
        return PlannedClaim(item, margin, error=str(error))
    if not any(case.cells for case in cases):
        return PlannedClaim(
            item, margin, error="no cell: no experiment, or `when` excludes them all"
        )
    for case in cases:
        if case.cells:
            task = tasks.setdefault(case.task, Task(case.experiment))
            task.steps.update(cell.step for cell in case.cells)
            task.names[case.observable.name] = None
    return PlannedClaim(item, margin, distinct([c for c in cases if c.cells]))


def experiments_of(suite: Suite, claim: Claim) -> list[Experiment]:
    """The experiments on which a claim is tested.

    Raises:
        FormulaError: the suite's function for them raised, or gave something else.
    """
    try:
        experiments = suite.experiments_of(claim)
    except Exception as error:  # a user's function may raise anything; the run goes on
        raise FormulaError(f"experiments raised {type(error).__name__}: {error}") from error
    for e in experiments:
        if not isinstance(e, Experiment):
            raise FormulaError(f"experiments gave {e!r:.80}; allowed: Experiments")
    return experiments


def plan_cases(claim: Claim, experiment: Experiment) -> list[Case]:
    """The claim on one experiment: a case for each observable it speaks of.

    Raises:
        FormulaError: the claim's code failed.
    """
    observables = parse_observable(claim.of, experiment.problem.d)
    if not observables:
        raise FormulaError(f"of={claim.of!r}, but {experiment.label} has d={experiment.problem.d}")
    cases = []
    for observable in observables:
        cells = [
            Cell(
                step,
                claimed_value(claim, experiment, observable, step),
                given_scale(claim, experiment, observable, step),
            )
            for step in steps_wanted(claim, experiment)
            if applies(claim, experiment, observable, step)
        ]
        label = experiment.label
        if observable.coordinate is not None and experiment.problem.d > 1:
            i = observable.coordinate
            label += f", i={i} (h={experiment.problem.h[i]:g})"
        cases.append(Case(label, experiment, experiment.recursion_key, observable, tuple(cells)))
    return cases


def steps_wanted(claim: Claim, experiment: Experiment) -> tuple[int, ...]:
    """The checkpoints at which the claim is held against the experiment.

    Raises:
        FormulaError: `at` has a step beyond the experiment's last one.
    """
    if claim.at is None:
        return experiment.checkpoints
    if claim.at == "last":
        return experiment.checkpoints[-1:]
    steps = tuple(int(k) for k in claim.at)
    if steps[-1] > experiment.steps:
        raise FormulaError(f"at={claim.at}, but {experiment.label} has {experiment.steps} steps")
    return steps


def distinct(cases: list[Case]) -> tuple[Case, ...]:
    """The cases with labels that tell them apart.

    Where labels are equal the number of steps is added if it differs, then the start of the
    experiment's key, then, for an experiment that is listed twice, a number.
    """
    labels = [case.label for case in cases]
    steps = [f", steps={case.experiment.steps}" for case in cases]
    keys = [f" [{case.task[:8]}]" for case in cases]
    for values in (steps, keys):
        groups: dict[str, set[str]] = {}
        for label, value in zip(labels, values, strict=True):
            groups.setdefault(label, set()).add(value)
        labels = [
            label + value if len(groups[label]) > 1 else label
            for label, value in zip(labels, values, strict=True)
        ]
    counts: Counter[str] = Counter()
    renamed = []
    for case, label in zip(cases, labels, strict=True):
        counts[label] += 1
        name = f"{label} (#{counts[label]})" if counts[label] > 1 else label
        renamed.append(replace(case, label=name))
    return tuple(renamed)
