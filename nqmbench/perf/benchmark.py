"""A benchmark: something to prepare once, then a call that is timed again and again.

Each call does the same fixed amount of work, some 20 to 100 ms of it; what starts a process takes
longer. The constructors below are the kinds that there are.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from nqmbench import simulation
from nqmbench.experiment import Experiment
from nqmbench.problems import NoisyQuadratic

__all__ = ["MOST_ROUNDS", "TURNS", "Benchmark", "compiling", "process", "simulated"]

# Where turns scatter by 10 %, the ratio of two medians of 24 has a standard error of
# 1.25 * 10 % * sqrt(2 / 24) = 3.6 %: what is 30 % slower lies eight of them away.
TURNS = 24
MOST_ROUNDS = 200  # of a benchmark, over all turns
# Beside a process: some 0.1 s in all. A single one, of some 15 ms, would be doubled by an
# interruption that the process, half a second or more, hardly feels.
CALIBRATIONS = 8


@dataclass(frozen=True)
class Benchmark:
    """One thing whose time is tracked.

    Args:
        name: lower-case letters, digits and hyphens; records are compared by it.
        doc: what a call does, in a few words.
        work: how much a call does, counted in `unit`.
        unit: "coordinate steps", "noise samples", "rows", "steps", "processes".
        prepare: makes the callable that is timed.
        threads: how many threads it keeps busy; with fewer cores it is left out.
        experiment, trials: what is simulated; None and 0 where nothing is.
        turns: in how many turns it takes part, see `nqmbench.perf.cases`: fewer than `TURNS` only
            where a call takes seconds, but 8 at least, since fewer could not show a difference in
            twenty benchmarks.
        calibrations: how many runs of the calibration stand beside a call; more beside a long one,
            lest the calibration's own noise be the larger.
    """

    name: str
    doc: str
    work: int
    unit: str
    prepare: Callable[[], Callable[[], object]]
    threads: int = 1
    experiment: Experiment | None = None
    trials: int = 0
    turns: int = TURNS
    calibrations: int = 1


def simulated(
    name: str,
    doc: str,
    experiment: Experiment,
    trials: int,
    precision: str = "mixed",
    threads: int = 1,
) -> Benchmark:
    """The simulation of one experiment.

    >>> import nqmbench as nq
    >>> experiment = nq.Experiment(nq.NoisyQuadratic([1.0, 0.1]), nq.sgd(0.1), steps=10)
    >>> benchmark = simulated("sgd", "SGD", experiment, trials=100)
    >>> benchmark.work, benchmark.unit
    (2000, 'coordinate steps')
    """
    work, unit = size(experiment, trials)
    call = partial(simulation.simulate, experiment, trials, threads=threads, precision=precision)
    return Benchmark(name, doc, work, unit, lambda: call, threads, experiment, trials)


def size(experiment: Experiment, trials: int) -> tuple[int, str]:
    """What a simulation draws: a batch of normals is one normal, other batches are drawn in full.

    On least squares it draws rows.

    >>> import nqmbench as nq
    >>> laplace = nq.NoisyQuadratic([1.0, 0.1], noise="laplace")
    >>> size(nq.Experiment(laplace, nq.sgd(0.1), batch=5, steps=10), trials=100)
    (10000, 'noise samples')
    """
    steps = experiment.steps
    if not isinstance(experiment.problem, NoisyQuadratic):
        return trials * int(np.broadcast_to(experiment.batch_sizes, steps).sum()), "rows"
    problem = experiment.problem
    if problem.noise.name == "gaussian":
        return trials * problem.d * steps, "coordinate steps"
    samples = int(np.broadcast_to(experiment.batch_sizes, steps).sum())
    return trials * problem.d * samples, "noise samples"


def process(name: str, doc: str, *arguments: str, turns: int = TURNS) -> Benchmark:
    """A Python process from its start to its end."""
    call = partial(
        subprocess.run, [sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL
    )
    return Benchmark(
        name, doc, 1, "processes", lambda: call, turns=turns, calibrations=CALIBRATIONS
    )


def compiling(name: str, doc: str, code: str) -> Benchmark:
    """A Python process that finds no compiled kernels."""

    def call() -> None:
        with tempfile.TemporaryDirectory(prefix="nqmbench-perf-") as folder:
            environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
            subprocess.run([sys.executable, "-c", code], check=True, env=environment)

    return Benchmark(name, doc, 1, "processes", lambda: call, turns=8, calibrations=CALIBRATIONS)
