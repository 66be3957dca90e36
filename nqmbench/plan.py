"""From suites to work: the cells of every claim, and the distinct experiments that they need.

Two claims (of one suite or of several) about the same trajectories share one **task**: its
checkpoints and observables are the union of what they ask for. The number of cells of each suite is
fixed here, before anything is simulated, because the level of its verdicts depends on it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from nqmbench.arguments import shorten
from nqmbench.claims import Check, Claim, Item, Ordering
from nqmbench.errors import InvalidArguments
from nqmbench.experiment import Experiment, Quantity
from nqmbench.formulas import FormulaError, applies, claimed_value, given_scale, own_list
from nqmbench.matching import beyond, out_of_range
from nqmbench.observables import Observable
from nqmbench.pairs import label, matched
from nqmbench.passes import Contrast, Pass, Task, arrange
from nqmbench.pictures import PlannedFigure, plan_figure
from nqmbench.suite import Suite
from nqmbench.verdicts import Preset

__all__ = ["Case", "Cell", "Plan", "PlannedClaim", "make_plan"]


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
        versus: of an ordering: the larger side; the fields above are about the smaller one.
    """

    label: str
    experiment: Experiment
    task: str
    observable: Observable
    cells: tuple[Cell, ...]
    versus: Quantity | None = None

    @property
    def contrast(self) -> Contrast | None:
        """The two sides of an ordering by their tasks; None for a claim."""
        if self.versus is None:
            return None
        experiment, observable = self.versus
        return Contrast(
            (self.task, self.observable.name), (experiment.recursion_key, observable.name)
        )

    @property
    def of(self) -> str:
        """The observable; of an ordering of two different ones their difference."""
        if self.versus is None or self.versus[1] == self.observable:
            return self.observable.name
        return f"{self.observable.name} - {self.versus[1].name}"


@dataclass(frozen=True, eq=False)
class PlannedClaim:
    """A claim, ordering or check, ready to be judged.

    Args:
        item: the claim, ordering or check. margin: relative.
        cases: empty for a check. error: why it cannot be judged, else "".
    """

    item: Item
    margin: float
    cases: tuple[Case, ...] = ()
    error: str = ""

    @property
    def cells(self) -> int:
        """The number of cells."""
        return sum(len(case.cells) for case in self.cases)


@dataclass(frozen=True, eq=False)
class Plan:
    """All claims and figures, and the distinct experiments by key, in the order of their mention.

    Args:
        suites, claims, figures: what is to be judged and shown.
        experiments: by the key of their task. passes: which of them are simulated together.
        elsewhere: the tasks that other shards of the run simulate, and this one does not.
    """

    suites: tuple[Suite, ...]
    claims: tuple[PlannedClaim, ...]
    figures: tuple[PlannedFigure, ...]
    experiments: dict[str, Experiment]
    passes: tuple[Pass, ...]
    elsewhere: frozenset[str] = frozenset()

    def cells(self, suite: str) -> int:
        """m: the number of cells over which the level of a suite is split."""
        return sum(c.cells for c in self.claims if c.item.suite == suite)


def make_plan(suites: Iterable[Suite], preset: Preset) -> Plan:
    """Expand the claims of the suites.

    Args:
        suites: what is to be run.
        preset: gives the margins.

    Returns:
        The plan. A claim or a figure whose own code fails carries its error; the others go on.
    """
    chosen = tuple(suites)
    tasks: dict[str, Task] = {}
    planned = [plan_item(suite, item, preset, tasks) for suite in chosen for item in suite.items]
    figures = [plan_figure(figure, tasks) for suite in chosen for figure in suite.figures]
    contrasts = [c.contrast for claim in planned for c in claim.cases if c.contrast is not None]
    groups: list[tuple[str, ...]] = [(c.smaller[0], c.larger[0]) for c in contrasts]
    groups += [panel.tasks for figure in figures for panel in figure.panels]
    passes = arrange(tasks, groups, contrasts)
    experiments = {key: task.experiment() for key, task in tasks.items()}
    return Plan(chosen, tuple(planned), tuple(figures), experiments, passes)


def plan_item(suite: Suite, item: Item, preset: Preset, tasks: dict[str, Task]) -> PlannedClaim:
    """One claim with its cells; what it needs is added to the tasks."""
    if isinstance(item, Check):
        return PlannedClaim(item, margin=0.0)
    margin = item.margin if item.margin is not None else natural_margin(item, preset)
    try:
        cases = cases_of(suite, item)
    except (FormulaError, InvalidArguments) as error:
        return PlannedClaim(item, margin, error=str(error))
    if not cases:
        return PlannedClaim(
            item, margin, error="no cell: no experiment, or `when` excludes them all"
        )
    for case in cases:
        sides = [(case.experiment, case.observable), *([case.versus] if case.versus else [])]
        for experiment, observable in sides:
            task = tasks.setdefault(experiment.recursion_key, Task(experiment))
            task.want([cell.step for cell in case.cells], observable.name)
    return PlannedClaim(item, margin, distinct(cases))


def natural_margin(item: Claim | Ordering, preset: Preset) -> float:
    """The margin of a claim that states none: its own accuracy, or the preset's."""
    if isinstance(item, Claim) and item.kind == "approximation":
        return item.accuracy
    return preset.margin("mean" if isinstance(item, Ordering) else item.statistic)


def cases_of(suite: Suite, item: Claim | Ordering) -> list[Case]:
    """The cases of a claim or ordering that have a cell.

    Raises:
        FormulaError, InvalidArguments: the suite's own code failed.
    """
    if isinstance(item, Ordering):
        return [ordering_case(item, *pair) for pair in matched(item)]
    every = [c for e in experiments_of(suite, item) for c in plan_cases(item, e)]
    return [case for case in every if case.cells]


def ordering_case(ordering: Ordering, smaller: Quantity, larger: Quantity) -> Case:
    """One pair of an ordering; it is looked at where the smaller side's experiment is."""
    experiment, observable = smaller
    cells = [Cell(k, ordering.claimed, None) for k in steps_wanted(ordering, experiment)]
    title, keys = label(smaller, larger), [e.recursion_key for e, _ in (smaller, larger)]
    return Case(title, experiment, keys[0], observable, tuple(cells), larger)


def experiments_of(suite: Suite, claim: Claim) -> list[Experiment]:
    """The experiments on which a claim is tested.

    Raises:
        FormulaError: the suite's function for them raised, or gave something else.
    """
    experiments = own_list("experiments", lambda: suite.experiments_of(claim))
    for e in experiments:
        if not isinstance(e, Experiment):
            raise FormulaError(f"experiments gave {shorten(e)}; allowed: Experiments")
    return experiments


def plan_cases(claim: Claim, experiment: Experiment) -> list[Case]:
    """The claim on one experiment: a case for each observable it speaks of.

    Raises:
        FormulaError: the claim's code failed.
    """
    problem = out_of_range(claim.of, experiment)
    if problem:
        raise FormulaError(problem)
    cases = []
    for observable in experiment.problem.parse(claim.of):
        cells = [
            Cell(
                step,
                claimed_value(claim, experiment, observable, step),
                given_scale(claim, experiment, observable, step),
            )
            for step in steps_wanted(claim, experiment)
            if applies(claim, experiment, observable, step)
        ]
        place = experiment.coordinate_label(observable.coordinate)
        title = f"{experiment.label}, {place}" if place else experiment.label
        cases.append(Case(title, experiment, experiment.recursion_key, observable, tuple(cells)))
    return cases


def steps_wanted(claim: Claim | Ordering, experiment: Experiment) -> tuple[int, ...]:
    """The checkpoints at which the claim is held against the experiment.

    Raises:
        FormulaError: `at` has a step beyond the experiment's last one.
    """
    if claim.at is None:
        return experiment.checkpoints
    if claim.at == "last":
        return experiment.checkpoints[-1:]
    problem = beyond(claim.at, experiment)
    if problem:
        raise FormulaError(problem)
    return tuple(int(k) for k in claim.at)


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
        for text, value in zip(labels, values, strict=True):
            groups.setdefault(text, set()).add(value)
        labels = [
            text + value if len(groups[text]) > 1 else text
            for text, value in zip(labels, values, strict=True)
        ]
    counts: Counter[str] = Counter()
    renamed = []
    for case, text in zip(cases, labels, strict=True):
        counts[text] += 1
        name = f"{text} (#{counts[text]})" if counts[text] > 1 else text
        renamed.append(replace(case, label=name))
    return tuple(renamed)
