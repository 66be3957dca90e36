"""A run: suites in, verdicts out.

The plan lists the distinct experiments. At each look every experiment that is still wanted is
simulated up to the next number of trajectories, and its open cells are judged. Looks are the same
for every budget and number of threads, so are the numbers.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from nqmbench.arguments import Arguments
from nqmbench.consistency import contradictions, self_test_level
from nqmbench.describe import describe
from nqmbench.experiment import Experiment
from nqmbench.ledger import Ledger
from nqmbench.moments import Moments, merge
from nqmbench.plan import Plan, make_plan
from nqmbench.results import Run
from nqmbench.simulation import PRECISIONS, check_kernels, run_increment, usable_threads
from nqmbench.suites import load_suites, select
from nqmbench.tables import cell_table, estimate_table, verdict_table
from nqmbench.theory import ExactMoments, exact
from nqmbench.threads import check_threads
from nqmbench.verdicts import PRESETS, Preset, look_sizes

__all__ = ["Observer", "run"]


class Observer(Protocol):
    """Someone who watches a run, such as a progress bar."""

    def planned(self, plan: Plan) -> None:
        """The plan is made; nothing is simulated yet."""

    def simulated(self, experiment: Experiment, trials: int, of: int) -> None:
        """So many of the trajectories up to the next look are done."""

    def looked(self, ledger: Ledger, experiment: Experiment, trials: int) -> None:
        """An experiment has reached so many trajectories and its cells were judged."""


class Silent:
    """The observer who says nothing."""

    def planned(self, plan: Plan) -> None:
        """Nothing."""

    def simulated(self, experiment: Experiment, trials: int, of: int) -> None:
        """Nothing."""

    def looked(self, ledger: Ledger, experiment: Experiment, trials: int) -> None:
        """Nothing."""


def run(
    names: str | Sequence[str] = "all",
    *,
    preset: str = "standard",
    seed: int = 0,
    threads: int | None = None,
    precision: str = "mixed",
    suites: str | Path | None = None,
    observer: Observer | None = None,
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

    Returns:
        The tables and a description of the run. Nothing is written.

    Raises:
        InvalidArguments: wrong arguments. UsageError, SuiteError: no such suite, or a broken file.
    """
    checks = Arguments("run")
    patterns = [names] if isinstance(names, str) else names
    if not isinstance(patterns, Sequence) or not all(isinstance(n, str) for n in patterns):
        checks.complain("names", names, "a suite's name, a glob, or a list of such")
    if suites is not None:
        checks.instance("suites", suites, str | Path, "a folder")
    checks.choice("preset", preset, PRESETS)
    start = checks.integer("seed", seed, 0, 2**64 - 1)
    checks.choice("precision", precision, PRECISIONS)
    workers = check_threads(checks, threads)
    check_kernels(checks)
    checks.done()
    clock = time.monotonic()
    chosen = select(load_suites(suites), patterns)
    plan = make_plan(chosen, PRESETS[preset])
    watch = observer or Silent()
    watch.planned(plan)
    truths = {key: exact(e) for key, e in plan.experiments.items()}
    ledger, moments, bugs = pursue(plan, truths, PRESETS[preset], start, workers, precision, watch)
    verdicts = verdict_table(ledger, truths, bugs)
    arguments = {
        "names": list(patterns),
        "preset": preset,
        "seed": start,
        "precision": precision,
        "suites": "shipped" if suites is None else str(suites),
    }
    seconds = time.monotonic() - clock
    about = describe(ledger, verdicts, moments, arguments, usable_threads(workers), seconds)
    cells = cell_table(ledger, truths)
    return Run(verdicts, cells, estimate_table(ledger, moments, truths, precision), about)


def pursue(
    plan: Plan,
    truths: dict[str, ExactMoments],
    preset: Preset,
    seed: int,
    threads: int,
    precision: str,
    watch: Observer,
) -> tuple[Ledger, dict[str, Moments], dict[str, list[str]]]:
    """Look at the experiments until every claim is decided or the budget is used.

    Returns:
        The ledger, the moments of every experiment's last look, and contradictions by task.
    """
    ledger = Ledger(plan)
    moments: dict[str, Moments] = {}
    bugs: dict[str, list[str]] = {}
    z = self_test_level(plan.experiments.values())
    looks = {key: iter(affordable(e, preset)) for key, e in plan.experiments.items()}
    while True:
        due = [key for key in looks if ledger.wanted(key)]
        if not due:
            break
        for key in due:
            size = next(looks[key], None)
            if size is None:
                del looks[key]
                continue
            experiment = plan.experiments[key]
            moments[key] = extend(
                experiment, moments.get(key), size, seed, threads, precision, watch
            )
            ledger.hear(key, moments[key], precision)
            found = contradictions(experiment, moments[key], truths[key], z, precision)
            bugs.setdefault(key, []).extend(found)
            watch.looked(ledger, experiment, moments[key].count)
    return ledger, moments, bugs


def affordable(experiment: Experiment, preset: Preset) -> list[int]:
    """The looks of an experiment within the preset's budget; none if the first is beyond it.

    Without noise one trajectory says everything. The work counts every sample that is drawn:
    Gaussian batches are one draw, those of the other laws are drawn sample by sample.
    """
    if experiment.problem.noiseless:
        return [1]
    d, steps = experiment.problem.d, experiment.steps
    literal = experiment.problem.noise.name != "gaussian"
    work = d * steps * (float(experiment.batch_sizes.mean()) if literal else 1.0)
    return [n for n in look_sizes(d, steps) if n <= preset.trials and n * work <= preset.work]


def extend(
    experiment: Experiment,
    moments: Moments | None,
    size: int,
    seed: int,
    threads: int,
    precision: str,
    watch: Observer,
) -> Moments:
    """The moments of the first `size` trajectories: those known, merged with the next ones."""
    first = moments.count if moments is not None else 0

    def progress(done: int) -> None:
        watch.simulated(experiment, first + done, size)

    more = run_increment(experiment, first, size - first, seed, threads, precision, progress)
    return more if moments is None else merge(moments, more)
