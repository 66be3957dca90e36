"""The checked face of the kernels: an experiment in, estimates with their standard errors out.

The experiment becomes tables of numbers (`nqmbench.programs`). The stream of random numbers is
keyed on the noisy quadratic by (seed, noise law, block, coordinate, lane), on least squares by
(seed, batch and replacement, block, lane), and by nothing else: so the numbers are the same to the
last bit for any number of threads, and all methods meet the same noise.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nqmbench.arguments import Arguments
from nqmbench.experiment import Experiment
from nqmbench.moments import Moments, of_constant
from nqmbench.noiseless import run_noiseless
from nqmbench.programs import compile_bundle
from nqmbench.threads import check_threads

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "PRECISIONS",
    "Conditions",
    "Estimates",
    "check_conditions",
    "check_kernels",
    "run_increment",
    "simulate",
    "usable_threads",
]

PRECISIONS = ("mixed", "f32", "f64")
KERNELS = ("fast", "plain")
LARGEST_TRIALS = 2**40

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Conditions:
    """Under which trajectories are simulated; the numbers depend on seed and precision alone.

    Args:
        seed: 0..2^64-1.
        threads: 1 or more.
        precision: "mixed", "f32" or "f64".
    """

    seed: int
    threads: int
    precision: str


def check_conditions(checks: Arguments, seed: Any, threads: Any, precision: Any) -> Conditions:
    """The conditions of a run; complains about what is wrong, and about a wrong NQMBENCH_KERNELS.

    Args:
        checks: takes the complaints.
        seed: 0..2^64-1.
        threads: 1..1024, or None for NQMBENCH_THREADS or every core that the process may use.
        precision: "mixed", "f32" or "f64".
    """
    start = checks.integer("seed", seed, 0, 2**64 - 1)
    checks.choice("precision", precision, PRECISIONS)
    workers = check_threads(checks, threads)
    check_kernels(checks)
    return Conditions(start, workers, precision)


@dataclass(frozen=True, eq=False)
class Estimates:
    """Estimated mean and variance of every observable at every checkpoint.

    Args:
        steps: the checkpoints, length S. observables: the names, length O.
        moments: central moments of the sample, shape (S, O).
    """

    steps: tuple[int, ...]
    observables: tuple[str, ...]
    moments: Moments

    def to_frame(self) -> pd.DataFrame:
        """Columns step, observable, mean, variance, mean_se, variance_se, trials."""
        import pandas as pd

        mean, variance = self.moments.mean_estimate(), self.moments.variance_estimate()
        S, O = len(self.steps), len(self.observables)  # noqa: E741 - the shape (S, O)
        return pd.DataFrame(
            {
                "step": np.repeat(self.steps, O),
                "observable": list(self.observables) * S,
                "mean": mean.value.ravel(),
                "variance": variance.value.ravel(),
                "mean_se": mean.error.ravel(),
                "variance_se": variance.error.ravel(),
                "trials": self.moments.count,
            }
        )


def simulate(
    experiment: Experiment,
    trials: int,
    seed: int = 0,
    threads: int | None = None,
    precision: str = "mixed",
) -> Estimates:
    """Simulate independent trajectories and estimate mean and variance of the observables.

    Args:
        experiment: what to simulate.
        trials: the exact number of trajectories, 1..2^40. Without any noise all are the same, and
            one is run.
        seed: 0..2^64-1; the same seed gives the same numbers, to the bit.
        threads: 1..1024; None takes NQMBENCH_THREADS or every core that the process may use. More
            than one start Numba's threads, see the README for programs that use these themselves.
        precision: "mixed" (noise in 32 bits, states in 64), "f32" or "f64" (both in 32 or in 64).
            On fixed rows all three give the same bits, as a row's number has no precision and
            states are kept in 64 bits; on Gaussian rows "f32" gives those of "mixed".

    Returns:
        The estimates; `.to_frame()` gives a table.

    Raises:
        InvalidArguments: names every wrong argument, what was given and what is allowed.

    >>> import nqmbench as nq
    >>> e = nq.Experiment(nq.NoisyQuadratic(1.0), nq.sgd(0.1), steps=100, checkpoints=[100])
    >>> row = nq.simulate(e, trials=4096, seed=1).to_frame().iloc[0]
    >>> bool(abs(row["mean"] - 0.0526316) < 5 * row["mean_se"]), int(row["trials"])
    (True, 4096)
    """
    checks = Arguments("simulate")
    given: Any = experiment
    if not isinstance(given, Experiment):
        checks.complain("experiment", given, "an Experiment")
    count = checks.integer("trials", trials, 1, LARGEST_TRIALS)
    conditions = check_conditions(checks, seed, threads, precision)
    checks.done()
    moments = run_increment(experiment, 0, count, conditions)
    names = tuple(o.name for o in experiment.observed)
    return Estimates(experiment.checkpoints, names, moments)


def run_increment(
    experiment: Experiment,
    first: int,
    trials: int,
    conditions: Conditions,
    progress: Callable[[int], None] | None = None,
) -> Moments:
    """The moments of the trajectories first..first+trials-1; `first` is a multiple of 32.

    Args:
        experiment: as in `simulate`, already checked.
        first: index of the first trajectory.
        trials: how many.
        conditions: seed, threads and precision.
        progress: called with the number of trajectories done, between calls of the kernel.
    """
    if experiment.noiseless:
        return of_constant(trials, run_noiseless(experiment))  # every trajectory is this one
    from nqmbench.kernels import simulate as run_blocks

    bundle = compile_bundle([experiment], conditions.precision)
    block, kernels = first // bundle.lanes, check_kernels(Arguments("simulate"))
    seed, threads = conditions.seed, conditions.threads
    return run_blocks(bundle, seed, block, trials, threads, progress, kernels)


def usable_threads(wanted: int) -> int:
    """How many of the wanted threads a simulation uses: those that Numba has.

    It has the cores that the process may run on, unless it is told otherwise; only then is it
    loaded and asked, which takes longer than a run that finds all its numbers.
    """
    told = "NUMBA_NUM_THREADS" in os.environ or Path(".numba_config.yaml").exists()
    if "numba" in sys.modules or told or not hasattr(os, "sched_getaffinity"):
        from nqmbench.kernels import usable_threads as usable

        return usable(wanted)
    return min(wanted, len(os.sched_getaffinity(0)))


def check_kernels(checks: Arguments) -> str:
    """Which kernels run, "fast" or "plain", as NQMBENCH_KERNELS chooses."""
    named = os.environ.get("NQMBENCH_KERNELS", "fast")
    if named not in KERNELS:
        checks.complain("NQMBENCH_KERNELS", named, f"{', '.join(KERNELS)}, or unset")
    return named
