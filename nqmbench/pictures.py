"""Figures of a suite, planned: which experiments each curve needs, and where they are observed.

A figure judges nothing. Its curves ride along with the claims on the same trajectories, or are
simulated for one look where no claim asks for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nqmbench.agreement import mismatch
from nqmbench.claims import Figure
from nqmbench.errors import SuiteError
from nqmbench.experiment import Experiment, Observable, log_checkpoints, parse_observable
from nqmbench.passes import Task

__all__ = ["PlannedCurve", "PlannedFigure", "PlannedPanel", "plan_figure"]

POINTS = 100  # steps of a curve, before rounding


@dataclass(frozen=True, eq=False)
class PlannedCurve:
    """One curve: its label, the key of its task, and what is observed at which steps."""

    label: str
    experiment: Experiment
    task: str
    observable: Observable
    steps: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class PlannedPanel:
    """The curves of one panel; all meet the same noise."""

    title: str
    curves: tuple[PlannedCurve, ...]

    @property
    def tasks(self) -> tuple[str, ...]:
        """The keys of the tasks, which share a pass."""
        return tuple(curve.task for curve in self.curves)


@dataclass(frozen=True, eq=False)
class PlannedFigure:
    """A figure of a suite with its panels."""

    figure: Figure
    panels: tuple[PlannedPanel, ...]


def plan_figure(figure: Figure, tasks: dict[str, Task]) -> PlannedFigure:
    """One figure; what it needs is added to the tasks.

    Raises:
        SuiteError: the figure's own code fails, a panel is empty or holds something else than
            experiments, or its experiments cannot meet the same noise.
    """
    where = f"figure {figure.name!r} of suite {figure.suite!r}"
    try:
        panels: Any = figure.panels() if callable(figure.panels) else figure.panels
    except Exception as error:  # a user's function may raise anything
        raise SuiteError(f"{where}: panels raised {type(error).__name__}: {error}") from error
    if not isinstance(panels, Mapping) or not panels or not all(map(well_formed, panels.values())):
        raise SuiteError(
            f"{where}: panels: got {panels!r:.80}; allowed: {{title: {{label: Experiment}}}}, "
            "or (Experiment, observable) in the place of an Experiment"
        )
    planned = []
    for title, curves in panels.items():
        panel = PlannedPanel(
            str(title),
            tuple(plan_curve(where, figure, str(name), c, tasks) for name, c in curves.items()),
        )
        for curve in panel.curves[1:]:
            problem = mismatch(panel.curves[0].experiment, curve.experiment)
            if problem:
                raise SuiteError(
                    f"{where}: panel {title!r}: the curves differ in {problem}, so they cannot "
                    "meet the same noise; show them in panels of their own"
                )
        planned.append(panel)
    return PlannedFigure(figure, tuple(planned))


def well_formed(curves: Any) -> bool:
    """True for a mapping of labels to an experiment, or to an experiment and an observable."""
    if not isinstance(curves, Mapping) or not curves:
        return False
    pairs = [c if isinstance(c, tuple) else (c, "error") for c in curves.values()]
    return all(
        len(p) == 2 and isinstance(p[0], Experiment) and isinstance(p[1], str) for p in pairs
    )


def plan_curve(
    where: str, figure: Figure, label: str, curve: Any, tasks: dict[str, Task]
) -> PlannedCurve:
    """One curve of a panel."""
    experiment, name = curve if isinstance(curve, tuple) else (curve, figure.of)
    observables = parse_observable(name, experiment.problem.d)
    if len(observables) != 1 or "[i]" in name:
        raise SuiteError(
            f"{where}: curve {label!r}: got {name!r}; allowed: 'error', 'loss', or one coordinate "
            f"below {experiment.problem.d} such as 'w2[0]'"
        )
    steps = log_checkpoints(experiment.steps, POINTS)
    key = experiment.recursion_key
    tasks.setdefault(key, Task(experiment)).want(steps, observables[0].name)
    return PlannedCurve(label, experiment, key, observables[0], steps)
