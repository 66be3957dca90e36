"""What the terminal shows at the end of a run: the verdicts, and whatever was not as expected."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from nqmbench.arguments import count
from nqmbench.results import Run

__all__ = ["AS_WRITTEN", "PLAIN_WIDTH", "print_summary"]

COLOURS = {
    "CONFIRMED": "green",
    "REFUTED": "red",
    "INCONCLUSIVE": "yellow",
    "DIVERGED": "yellow",
    "ERROR": "bold magenta",
    "INCONSISTENT": "bold magenta",
}
PLAIN_WIDTH = 160  # where the output is not a terminal, and nobody's window wraps it
# Names of claims, methods and folders may hold what Rich would take for its own: "[/]", ":x:".
AS_WRITTEN: dict[str, Any] = {"markup": False, "emoji": False}


def print_summary(run: Run, place: Path, brief: bool = False) -> None:
    """The verdict table, what was unexpected, and where the report is.

    Args:
        run: to be told of.
        place: its folder.
        brief: without the table, for somebody who does not wait.
    """
    out = Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH, **AS_WRITTEN)
    if not brief:
        out.print(verdict_table(run))
    print_work(out, run)
    print_troubles(out, run)
    out.print(f"report: {place / 'report.html'}", highlight=False, soft_wrap=True)


def verdict_table(run: Run) -> Table:
    """A row for each claim."""
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
    return table


def print_work(out: Console, run: Run) -> None:
    """How many verdicts of each kind, and the work behind them."""
    about, machine = run.about["run"], run.about["machine"]
    figures = sum(len(suite.get("figures", ())) for suite in run.about["suites"])
    total = ", ".join(f"{n} {v}" for v, n in about["counts"].items() if n)
    total = total or f"no claim to judge, {count(figures, 'figure')}"
    done = "1 trajectory" if about["trials"] == 1 else f"{about['trials']:.3g} trajectories"
    threads = count(machine["threads"], "thread")
    tell(out, f"\n{total}; {done} in {machine['seconds']:.0f} s on {threads}")
    if "found" in machine:
        known, new = machine["found"], machine["simulated"]
        tell(out, f"{count(known, 'look')} found in the results file, {new} simulated")
    for sentence in machine.get("damaged", ()):
        tell(out, f"note: {sentence}")


def print_troubles(out: Console, run: Run) -> None:
    """Figures that failed, conflicts, contradictions, and where the error rates are unknown."""
    about = run.about["run"]
    for suite in run.about["suites"]:
        for figure in suite.get("figures", ()):
            if figure.get("error"):
                text = f"figure {suite['name']}::{figure['name']}: {figure['error']}"
                tell(out, text, COLOURS["ERROR"])
    if about.get("wide"):
        limit = f"{100 * about['until']:g} %"
        cells = count(about["wide"], "interval")
        tell(out, f"note: {cells} wider than {limit} to either side when the budget was used")
    for said in about.get("conflicts", ()):
        tell(out, f"conflict: {said}", COLOURS["ERROR"])
    for said in about.get("contradictions", ()):
        text = f"the program contradicts itself: {said}; please report this"
        tell(out, text, COLOURS["INCONSISTENT"])
    over = [s["name"] for s in run.about["suites"] if s["cells"] > 1000]
    if over:
        names = ", ".join(over)
        tell(out, f"note: {names}: the error rates were measured for up to 1,000 cells of a suite")


def tell(out: Console, text: str, style: Any = None) -> None:
    """One line as it is: not wrapped, without colours of its own."""
    out.print(text, style=style, highlight=False, soft_wrap=True)
