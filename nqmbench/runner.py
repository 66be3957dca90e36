"""A run: suites in, verdicts out.

Suites are loaded, planned, simulated (`pursuit.py`) and written down as tables. Nothing here knows
how a verdict is made or what a report looks like.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from nqmbench.arguments import Arguments
from nqmbench.describe import describe
from nqmbench.moments import Moments
from nqmbench.observer import Observer, Silent
from nqmbench.plan import Plan, make_plan
from nqmbench.pursuit import pursue
from nqmbench.remembering import Remembering
from nqmbench.results import Run
from nqmbench.simulation import Conditions, check_conditions, usable_threads
from nqmbench.simulator import Simulator
from nqmbench.store import Store
from nqmbench.suites import load_suites, select
from nqmbench.tables import cell_table, curve_table, estimate_table, verdict_table
from nqmbench.theory import exact
from nqmbench.verdicts import PRESETS

__all__ = ["run"]


def run(
    names: str | Sequence[str] = "all",
    *,
    preset: str = "standard",
    seed: int = 0,
    threads: int | None = None,
    precision: str = "mixed",
    suites: str | Path | None = None,
    observer: Observer | None = None,
    results: str | Path | None = None,
) -> Run:
    """Judge every claim of the named suites.

    Args:
        names: suite names or globs, or "all".
        preset: "quick" (margins 5 % for means, 20 % for variances, at most 2^20 trajectories),
            "standard" (1 %, 5 %, 2^26) or "strict" (0.1 %, 0.5 %, 2^33).
        seed: 0..2^64-1.
        threads: None takes NQMBENCH_THREADS or every core.
        precision: "mixed", "f32" or "f64".
        suites: the folder of the suite files; None takes the shipped ones.
        observer: is told about the progress.
        results: the results file, in which what is known is found and what is simulated is kept;
            None keeps nothing.

    Returns:
        The tables and a description of the run. Nothing else is written.

    Raises:
        InvalidArguments: wrong arguments. UsageError, SuiteError: no such suite, or a broken file.
        UsageError, LockedError, DamagedRunError, OutputError, DiskError: the results file is of
            another seed or precision, in use, damaged, or cannot be written.
    """
    checks = Arguments("run")
    patterns = [names] if isinstance(names, str) else names
    if not isinstance(patterns, Sequence) or not all(isinstance(n, str) for n in patterns):
        checks.complain("names", names, "a suite's name, a glob, or a list of such")
    if suites is not None:
        checks.instance("suites", suites, str | Path, "a folder")
    if results is not None:
        checks.instance("results", results, str | Path, "a file")
    checks.choice("preset", preset, PRESETS)
    conditions = check_conditions(checks, seed, threads, precision)
    checks.done()
    clock = time.monotonic()
    chosen = select(load_suites(suites), patterns)
    plan = make_plan(chosen, PRESETS[preset])
    watch = observer or Silent()
    watch.planned(plan)
    truths = {key: exact(e) for key, e in plan.experiments.items()}
    with simulator_for(plan, conditions, watch, results) as simulator:
        ledger, found = pursue(simulator, truths, PRESETS[preset])
        singles = single_runs(simulator)
    verdicts = verdict_table(ledger, truths, found.bugs)
    arguments = {
        "names": list(patterns),
        "preset": preset,
        "seed": conditions.seed,
        "precision": precision,
        "suites": "shipped" if suites is None else str(suites),
    }
    seconds = time.monotonic() - clock
    workers = usable_threads(conditions.threads)
    about = describe(ledger, verdicts, found.moments, arguments, workers, seconds, found.bugs)
    if isinstance(simulator, Remembering):
        about["machine"] |= {
            "found": simulator.tally.hits,
            "simulated": simulator.tally.misses,
            "damaged": list(simulator.store.damaged),
        }
    return Run(
        verdicts,
        cell_table(ledger, truths),
        estimate_table(ledger, found.moments, truths, precision),
        about,
        curve_table(plan, found.moments, truths, singles),
    )


@contextmanager
def simulator_for(
    plan: Plan, conditions: Conditions, watch: Observer, results: str | Path | None
) -> Iterator[Simulator]:
    """A simulator, with the results file open if there is one."""
    if results is None:
        yield Simulator(plan, conditions, watch)
        return
    with Store.open(results) as store:
        store.expect(seed=conditions.seed, precision=conditions.precision)
        yield Remembering(plan, conditions, watch, store=store)


def single_runs(simulator: Simulator) -> dict[str, Moments]:
    """Trajectory 0 of every experiment of which a figure shows a single run, by task."""
    plan = simulator.plan
    wanted = {
        task
        for figure in plan.figures if figure.figure.single
        for panel in figure.panels
        for task in panel.tasks
    }  # fmt: skip
    quiet = replace(simulator, watch=Silent())
    found: dict[str, Moments] = {}
    for pass_ in plan.passes:
        if wanted.intersection(pass_.tasks):
            found |= quiet.trajectories(pass_, 0, 1).moments
    return found
