"""Figures of a suite, planned: which experiments each curve needs, and where they are observed.

A figure judges nothing. Its curves ride along with the claims on the same trajectories, or are
simulated for one look where no claim asks for them.
"""

from __future__ import annotations

from dataclasses import dataclass

from nqmbench.arguments import one_line
from nqmbench.claims import Figure
from nqmbench.errors import FormulaError, InvalidArguments
from nqmbench.experiment import Experiment, log_checkpoints
from nqmbench.formulas import own
from nqmbench.matching import curves_of
from nqmbench.observables import Observable
from nqmbench.passes import Task

__all__ = ["PlannedCurve", "PlannedFigure", "PlannedPanel", "plan_figure"]


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
    """A figure of a suite with its panels.

    Args:
        figure: as the suite has it.
        panels: empty if it cannot be drawn. error: why, else "".
    """

    figure: Figure
    panels: tuple[PlannedPanel, ...] = ()
    error: str = ""


def plan_figure(figure: Figure, tasks: dict[str, Task]) -> PlannedFigure:
    """One figure; what it needs is added to the tasks.

    Returns:
        The figure with its panels, or, if the function for them fails or gives something else, with
        its error: the run goes on without it.
    """
    try:
        written = curves_of(own("panels", figure.panels), figure.of)
        panels = tuple(
            PlannedPanel(
                title, tuple(plan_curve(name, *c, figure.points) for name, c in curves.items())
            )
            for title, curves in written.items()
        )
    except (FormulaError, InvalidArguments) as error:
        return PlannedFigure(figure, error=one_line(str(error)))
    for panel in panels:
        for curve in panel.curves:
            task = tasks.setdefault(curve.task, Task(curve.experiment))
            task.want(curve.steps, curve.observable.name)
    return PlannedFigure(figure, panels)


def plan_curve(
    label: str, experiment: Experiment, observable: Observable, points: int
) -> PlannedCurve:
    """One curve of a panel.

    Raises:
        InvalidArguments: the experiment's method is not linear.
    """
    steps = log_checkpoints(experiment.steps, points)
    return PlannedCurve(label, experiment, experiment.recursion_key, observable, steps)
