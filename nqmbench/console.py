"""What the terminal shows while a run goes on: a bar, or now and then a line."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from nqmbench.amounts import time_left
from nqmbench.arguments import count
from nqmbench.experiment import Experiment
from nqmbench.forecast import Forecast
from nqmbench.ledger import Ledger
from nqmbench.plan import Plan
from nqmbench.stability import spectral_radius
from nqmbench.summary import AS_WRITTEN, PLAIN_WIDTH

__all__ = ["Clock", "Watcher"]

SECONDS_BETWEEN_LINES = 5.0


class Watcher:
    """A progress bar over the cells of the run; plain lines where there is no terminal.

    Args:
        before: called with the plan when it is made and nothing is simulated yet.
    """

    def __init__(self, before: Callable[[Plan], None] = lambda _: None) -> None:
        self.before = before
        width = None if sys.stderr.isatty() else PLAIN_WIDTH
        self.console = Console(stderr=True, width=width, **AS_WRITTEN)
        self.bar: Progress | None = None
        self.task: Any = None
        self.last = time.monotonic()
        self.clock = Clock()

    def __enter__(self) -> Watcher:
        if self.console.is_terminal:
            self.bar = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TextColumn("{task.fields[cells]}", markup=False),
                TimeElapsedColumn(),
                TextColumn("{task.fields[left]}", markup=False),
                console=self.console,
                transient=True,
            )
            self.task = self.bar.add_task("planning", total=1, cells="", left="")
            self.bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.bar:
            self.bar.stop()

    def planned(self, plan: Plan) -> None:
        """Say how much there is to do."""
        self.before(plan)
        cells = sum(plan.cells(s.name) for s in plan.suites)
        names = ", ".join(s.name for s in plan.suites)
        self.console.print(
            f"claims of {names}: {len(plan.claims)}; cells: {cells}; "
            f"figures: {len(plan.figures)}; experiments: {len(plan.experiments)}",
            highlight=False,
        )
        for experiment in plan.experiments.values():
            if experiment.method.constant:
                radius = spectral_radius(experiment.method, experiment.problem.curvatures).max()
                if radius > 1:
                    text = f"note: {experiment.label} is unstable: the mean grows {radius:.6g}-fold"
                    self.console.print(f"{text} at each step", highlight=False)
        if self.bar:
            self.bar.update(self.task, total=max(cells, 1), description="simulating")

    def simulated(self, experiment: Experiment, trials: int, of: int) -> None:
        """Show the experiment that is being simulated."""
        self.clock.simulates()
        if self.bar:
            text = f"{experiment.method.title}, {trials:,} of {of:,} trajectories"
            self.bar.update(self.task, description=text)

    def looked(
        self, ledger: Ledger, experiment: Experiment, trials: int, forecast: Forecast
    ) -> None:
        """Move the bar, or print a line now and then."""
        left = self.clock.left(forecast)
        if not (self.bar or self.due):
            return  # counting the cells takes longer than finding a look in the results file
        decided, cells = ledger.decided, len(ledger.records)
        if self.bar:
            told = f"{decided}/{cells} cells" if cells else ""
            self.bar.update(self.task, completed=decided, cells=told, left=left)
        elif cells:
            self.say(f"{decided} of {count(cells, 'cell')} decided{left and ', ' + left}")
        else:
            self.say(f"simulated for figures: {experiment.label}")

    @property
    def due(self) -> bool:
        """True if another plain line may be written."""
        return time.monotonic() - self.last > SECONDS_BETWEEN_LINES

    def say(self, text: str) -> None:
        """One line, or the description of the bar."""
        if self.bar:
            self.bar.update(self.task, description=text)
        elif self.due:
            self.last = time.monotonic()
            self.console.print(text, highlight=False)


class Clock:
    """Tells how long a run will take, from the work that is left and the speed so far.

    What is found in the results file takes no time and says nothing about speed.
    """

    def __init__(self) -> None:
        self.drawn, self.seconds, self.fresh = 0.0, 0.0, False
        self.before, self.known = time.monotonic(), 0.0

    def simulates(self) -> None:
        """The current look is being simulated, and not only found."""
        self.fresh = True

    def left(self, forecast: Forecast) -> str:
        """At the end of a look: "about 3 min left", or nothing while the speed is not known."""
        now = time.monotonic()
        if self.fresh:
            self.drawn += forecast.done - self.known
            self.seconds += now - self.before
        self.before, self.known, self.fresh = now, forecast.done, False
        if not self.drawn:
            return ""
        return f"about {time_left(forecast.left * self.seconds / self.drawn)} left"
