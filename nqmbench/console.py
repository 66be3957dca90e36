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

from nqmbench.claims import Check, Claim, Item, Ordering
from nqmbench.experiment import Experiment
from nqmbench.ledger import Ledger
from nqmbench.plan import Plan, make_plan
from nqmbench.results import Run
from nqmbench.stability import spectral_radius
from nqmbench.suite import Suite
from nqmbench.verdicts import PRESETS

__all__ = ["Watcher", "describe_claim", "describe_suite", "print_summary"]

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
        before: called when the plan is made and nothing is simulated yet.
    """

    def __init__(self, before: Callable[[], None] = lambda: None) -> None:
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
                TextColumn("{task.completed:.0f}/{task.total:.0f} cells"),
                TimeElapsedColumn(),
                TextColumn("about"),
                TimeRemainingColumn(),
                TextColumn("left"),
                console=self.console,
                transient=True,
            )
            self.task = self.bar.add_task("planning", total=1)
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
        self.before()
        cells = sum(plan.cells(s.name) for s in plan.suites)
        names = ", ".join(s.name for s in plan.suites)
        self.console.print(
            f"claims of {names}: {len(plan.claims)}; cells: {cells}; "
            f"experiments: {len(plan.experiments)}",
            highlight=False,
        )
        for experiment in plan.experiments.values():
            if experiment.method.constant:
                radius = spectral_radius(experiment.method, experiment.problem.h).max()
                if radius > 1:
                    text = f"note: {experiment.label} is unstable: the mean grows {radius:.6g}-fold"
                    self.console.print(f"{text} at each step", highlight=False)
        if self.bar:
            self.bar.update(self.task, total=cells, description="simulating")

    def simulated(self, experiment: Experiment, trials: int, of: int) -> None:
        """Show the experiment that is being simulated."""
        if self.bar:
            text = f"{experiment.method.title}, {trials:,} of {of:,} trajectories"
            self.bar.update(self.task, description=text)

    def looked(self, ledger: Ledger, experiment: Experiment, trials: int) -> None:
        """Move the bar, or print a line now and then."""
        if self.bar:
            self.bar.update(self.task, completed=ledger.decided)
        else:
            self.say(f"{ledger.decided} of {len(ledger.records)} cells decided")

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
            mark = "" if claim["as_expected"] else " (expected " + claim["expected"] + ")"
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
    total = ", ".join(f"{n} {v}" for v, n in counts.items())
    out.print(
        f"\n{total}; {run.about['run']['trials']:.3g} trajectories in {machine['seconds']:.0f} s "
        f"on {machine['threads']} threads",
        highlight=False,
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


def describe_suite(suite: Suite) -> str:
    """The suite's claims, one line each."""
    plan = make_plan([suite], PRESETS["standard"])
    lines = [f"{suite.name}: {suite.summary}", f"source: {suite.source}" if suite.source else ""]
    lines += [f"{plan.cells(suite.name)} cells on {len(plan.experiments)} experiments", ""]
    for item in suite.items:
        ref = item.ref or (f"mends {item.mends}" if item.mends else "")
        lines.append(f"  {ref:<12}  {item.name}  [{item.kind}; expected: {item.expect or 'open'}]")
    return "\n".join(lines)


def describe_claim(suite: Suite, item: Item) -> str:
    """What one claim says, as a formula where it has one, and on what it is tested."""
    lines = [f"{item.identity}  {item.ref}", item.doc, ""]
    if isinstance(item, Check):
        lines.append(f"{item.kind} check, without simulation")
    else:
        lines += statement(item)
        plan = make_plan([suite], PRESETS["standard"])
        planned = next(c for c in plan.claims if c.item is item)
        lines += ["", planned.error or f"{planned.cells} cells in {len(planned.cases)} cases:"]
        lines += [f"  {case.label}" for case in planned.cases]
    lines.append(f"expected: {item.expect or 'open'}")
    return "\n".join(lines)


def statement(item: Claim | Ordering) -> list[str]:
    """What a claim or an ordering says of numbers."""
    if isinstance(item, Ordering):
        if item.statistic == "mean":
            return ["ordering: E smaller <= E larger, trajectory by trajectory under one noise"]
        return [f"ordering: smaller < larger in at least {item.probability:g} of the trajectories"]
    from nqmbench.symbolic import evaluate, plain

    formula = evaluate(item.formula, item.arguments)
    written = plain(formula) if formula is not None else "a Python function"
    return [f"{item.statistic} of {item.of}, {item.kind}:", f"  {written}"]
