"""What the terminal shows: progress while a run goes on, the verdict table at its end."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from nqmbench.arguments import count
from nqmbench.experiment import Experiment
from nqmbench.ledger import Ledger
from nqmbench.plan import Plan
from nqmbench.results import Run
from nqmbench.stability import spectral_radius

__all__ = ["Watcher", "print_summary"]

COLOURS = {
    "CONFIRMED": "green",
    "REFUTED": "red",
    "INCONCLUSIVE": "yellow",
    "DIVERGED": "yellow",
    "ERROR": "bold magenta",
    "INCONSISTENT": "bold magenta",
}
PLAIN_WIDTH = 160  # where the output is not a terminal, and nobody's window wraps it
SECONDS_BETWEEN_LINES = 5.0


class Watcher:
    """A progress bar over the cells of the run; plain lines where there is no terminal.

    Args:
        before: called with the plan when it is made and nothing is simulated yet.
    """

    def __init__(self, before: Callable[[Plan], None] = lambda _: None) -> None:
        self.before = before
        self.console = Console(stderr=True, width=None if sys.stderr.isatty() else PLAIN_WIDTH)
        self.bar: Progress | None = None
        self.task: Any = None
        self.last = time.monotonic()

    def __enter__(self) -> Watcher:
        if self.console.is_terminal:
            self.bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.fields[cells]}"),
                TimeElapsedColumn(),
                TextColumn("about"),
                TimeRemainingColumn(),
                TextColumn("left"),
                console=self.console,
                transient=True,
            )
            self.task = self.bar.add_task("planning", total=1, cells="")
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
                radius = spectral_radius(experiment.method, experiment.problem.h).max()
                if radius > 1:
                    text = f"note: {experiment.label} is unstable: the mean grows {radius:.6g}-fold"
                    self.console.print(f"{text} at each step", highlight=False)
        if self.bar:
            self.bar.update(self.task, total=max(cells, 1), description="simulating")

    def simulated(self, experiment: Experiment, trials: int, of: int) -> None:
        """Show the experiment that is being simulated."""
        if self.bar:
            text = f"{experiment.method.title}, {trials:,} of {of:,} trajectories"
            self.bar.update(self.task, description=text)

    def looked(self, ledger: Ledger, experiment: Experiment, trials: int) -> None:
        """Move the bar, or print a line now and then."""
        decided, cells = ledger.decided, len(ledger.records)
        if self.bar:
            told = f"{decided}/{cells} cells" if cells else ""
            self.bar.update(self.task, completed=decided, cells=told)
        elif cells:
            self.say(f"{decided} of {count(cells, 'cell')} decided")
        else:
            self.say(f"simulated for figures: {experiment.label}")

    def say(self, text: str) -> None:
        """One line, or the description of the bar."""
        if self.bar:
            self.bar.update(self.task, description=text)
        elif time.monotonic() - self.last > SECONDS_BETWEEN_LINES:
            self.last = time.monotonic()
            self.console.print(text, highlight=False)


def print_summary(run: Run, place: Path) -> None:
    """The verdict table, what was unexpected, and where the report is."""
    out = Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("ref", no_wrap=True)
    table.add_column("claim", max_width=48)
    table.add_column("verdict", no_wrap=True)
    table.add_column("why")
    for suite in run.about["suites"]:
        table.add_row(
            "", Text(suite["name"], style="bold"), "", Text(suite["summary"], style="dim")
        )
        for claim in suite["claims"]:
            style = COLOURS[claim["verdict"]]
            broken = claim["expected"] and not claim["as_expected"]
            mark = f" (expected {claim['expected']})" if broken else ""
            ref = claim["ref"] or (f"mends {claim['mends']}" if claim["mends"] else "")
            table.add_row(
                Text(ref),
                Text(claim["name"]),
                Text(claim["verdict"] + mark, style=style),
                Text(claim["reason"]),
            )
    out.print(table)
    counts = {v: n for v, n in run.about["run"]["counts"].items() if n}
    machine = run.about["machine"]
    figures = sum(len(suite.get("figures", ())) for suite in run.about["suites"])
    total = ", ".join(f"{n} {v}" for v, n in counts.items())
    total = total or f"no claim to judge, {count(figures, 'figure')}"
    trials = run.about["run"]["trials"]
    done = "1 trajectory" if trials == 1 else f"{trials:.3g} trajectories"
    out.print(
        f"\n{total}; {done} in {machine['seconds']:.0f} s on {count(machine['threads'], 'thread')}",
        highlight=False,
    )
    if "found" in machine:
        known, new = machine["found"], machine["simulated"]
        looks = f"{count(known, 'look')} found in the results file, {new} simulated"
        out.print(looks, highlight=False)
    for sentence in machine.get("damaged", ()):
        out.print(f"note: {sentence}", highlight=False, soft_wrap=True)
    for suite in run.about["suites"]:
        for figure in suite.get("figures", ()):
            if figure.get("error"):
                out.print(
                    f"figure {suite['name']}::{figure['name']}: {figure['error']}",
                    style=COLOURS["ERROR"],
                    highlight=False,
                    markup=False,
                    soft_wrap=True,
                )
    for said in run.about["run"].get("contradictions", ()):
        out.print(
            f"the program contradicts itself: {said}; please report this",
            style=COLOURS["INCONSISTENT"],
            highlight=False,
            markup=False,
        )
    over = [s["name"] for s in run.about["suites"] if s["cells"] > 1000]
    if over:
        names = ", ".join(over)
        out.print(f"note: {names}: the error rates were measured for up to 1,000 cells of a suite")
    out.print(f"report: {place / 'report.html'}", highlight=False, soft_wrap=True)
