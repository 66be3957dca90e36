"""A run: suites in, verdicts out.

Suites are loaded, planned, simulated (`pursuit.py`) and written down as tables. Nothing here knows
how a verdict is made or what a report looks like.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from nqmbench.arguments import Arguments
from nqmbench.capacity import available_memory, free_space
from nqmbench.checks import judge_checks
from nqmbench.claims import Check
from nqmbench.describe import describe, typeset_claims
from nqmbench.estimate import Limits, check_size
from nqmbench.executors import check_executor, open_executor
from nqmbench.ledger import Ledger
from nqmbench.moments import Moments
from nqmbench.observer import Observer, Silent
from nqmbench.plan import Plan, make_plan
from nqmbench.pursuit import pursue
from nqmbench.remembering import Remembering
from nqmbench.results import Run
from nqmbench.shares import share_of
from nqmbench.simulation import Conditions, check_conditions, usable_threads
from nqmbench.simulator import Simulator
from nqmbench.stopping import Stopped, Stopping
from nqmbench.store import Store
from nqmbench.suites import load_suites, select
from nqmbench.tables import cell_table, curve_table, estimate_table, verdict_table
from nqmbench.tails import tails
from nqmbench.theory import exact
from nqmbench.unchanged import made_from, standing
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
    budget: float | None = None,
    until: float | None = None,
    shard: tuple[int, int] | None = None,
    observer: Observer | None = None,
    results: str | Path | None = None,
    stopping: Stopping | None = None,
    executor: str = "local",
    force: bool = False,
    finished: Path | None = None,
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
        budget: seconds, > 0, after which no more is simulated; claims that are open then stay so.
        until: 0 < until < 1: simulate, within the preset's budget, until every interval reaches at
            most this share of its scale to either side, decided or not. Verdicts keep the estimate
            that decided; `estimates` has the last one.
        shard: (i, n), 1 <= i <= n: simulate the i-th of n shares only; see `shards.merge`.
        observer: is told about the progress.
        results: the results file, in which what is known is found and what is simulated is kept;
            None keeps nothing.
        stopping: may end the run before it is done; None knows the budget only.
        executor: who simulates: "local", "dask" (a cluster of this machine) or
            "dask=tcp://HOST:PORT"; the numbers are the same.
        force: start a run even if it is hopelessly large; see `estimate.check_size`.
        finished: a folder whose run is returned if nothing that it depends on has changed; see
            `unchanged.standing`.

    Returns:
        The tables and a description of the run. Nothing else is written. A run that was ended says
        why in about["run"]["ending"]; the same call goes on with what its results file has.

    Raises:
        InvalidArguments: wrong arguments. UsageError, SuiteError: no such suite, or a broken file.
        UsageError: the run is too large for this machine; gives the numbers.
        UsageError, LockedError, DamagedRunError, OutputError, DiskError: the results file is of
            another seed or precision, in use, damaged, or cannot be written.
        Stopped: the run was ended before anything could be simulated.
        ClusterError: the cluster does not answer, or has no workers any more. UsageError: dask is
            not installed, or a worker has another version of this program.
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
    check_limits(checks, budget, until, shard)
    conditions = check_conditions(checks, seed, threads, precision)
    named = check_executor(checks, executor)
    checks.done()
    arguments = {
        "names": list(patterns),
        "preset": preset,
        "seed": conditions.seed,
        "precision": precision,
        "suites": "shipped" if suites is None else str(suites),
        "until": until,
        "shard": None if shard is None else list(shard),
    }
    stands = None if finished is None else standing(finished, arguments)
    if stands is not None:
        return stands
    clock = time.monotonic()
    stop = stopping or Stopping()
    watch = observer or Silent()
    with stop.interruptible():
        chosen = select(load_suites(suites), patterns)
        if not force:
            space = None if results is None else free_space(Path(results))
            shares = 1 if shard is None else shard[1]
            limits = Limits(available_memory(), space, shares * conditions.threads)
            check_size(chosen, PRESETS[preset], limits)
        plan = make_plan(chosen, PRESETS[preset])
        if shard is not None:
            plan = share_of(plan, *shard)
    watch.planned(plan)
    with stop.interruptible():
        truths = {key: exact(e) for key, e in plan.experiments.items()}
        typeset_claims(plan)
        told = {suite.name: tails(plan, suite.name) for suite in plan.suites}
    left = None if budget is None else budget - (time.monotonic() - clock)
    opened = simulator_for(plan, conditions, watch, stop, results, named)
    with opened as simulator, stop.within(left):
        checked = (claim.item for claim in plan.claims if isinstance(claim.item, Check))
        judged = judge_checks(checked, stop)
        ledger, found = pursue(simulator, truths, PRESETS[preset], until)
        singles = {} if ledger.ending else last_pictures(simulator, ledger)
    verdicts = verdict_table(ledger, truths, found.bugs, judged)
    seconds = time.monotonic() - clock
    workers = usable_threads(conditions.threads)
    about = describe(ledger, verdicts, found.moments, arguments, workers, seconds, found.bugs, told)
    about["machine"] |= {"executor": simulator.executor.about, "made_from": made_from(arguments)}
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


def check_limits(
    checks: Arguments,
    budget: float | None,
    until: float | None,
    shard: tuple[int, int] | None,
) -> None:
    """Complain about limits that cannot be meant."""
    if budget is not None:
        checks.number("budget", budget, "seconds, > 0", lambda x: x > 0, 1.0)
    if until is not None:
        checks.number("until", until, "a share between 0 and 1", lambda x: 0 < x < 1, 0.5)
    if shard is None:
        return
    pair = shard if isinstance(shard, Sequence) and len(shard) == 2 else (0, 0)
    if not all(type(x) is int for x in pair) or not 1 <= pair[0] <= pair[1]:
        checks.complain("shard", shard, "(i, n) with 1 <= i <= n, such as (1, 4)")


@contextmanager
def simulator_for(
    plan: Plan,
    conditions: Conditions,
    watch: Observer,
    stop: Stopping,
    results: str | Path | None,
    named: str,
) -> Iterator[Simulator]:
    """A simulator with the executor of that name, and with the results file if there is one."""
    with ExitStack() as stack:
        store = None if results is None else stack.enter_context(Store.open(results))
        if store is not None:
            store.expect(seed=conditions.seed, precision=conditions.precision)
        with stop.interruptible():  # the start of a cluster takes its time
            executor = stack.enter_context(open_executor(named, conditions.threads))
        if store is None:
            yield Simulator(plan, conditions, watch, stop, executor)
        else:
            yield Remembering(plan, conditions, watch, stop, executor, store=store)


def last_pictures(simulator: Simulator, ledger: Ledger) -> dict[str, Moments]:
    """The single runs that figures show; none, and the ledger says why, if the run is to end."""
    try:
        return single_runs(simulator)
    except Stopped as stop:
        ledger.ending = str(stop)
        return {}


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
