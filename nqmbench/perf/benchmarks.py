"""What is measured. A new benchmark is one more entry of `BENCHMARKS`, and nothing else.

Changing what an entry does breaks its history: give it another name instead.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable
from functools import cache, partial

import numpy as np

from nqmbench import theory
from nqmbench.arguments import choices
from nqmbench.errors import UsageError
from nqmbench.experiment import Experiment
from nqmbench.least_squares import LeastSquares
from nqmbench.methods import averaged, heavy_ball, sgd
from nqmbench.perf.benchmark import Benchmark, compiling, process, simulated
from nqmbench.problems import NoisyQuadratic
from nqmbench.schedules import cosine
from nqmbench.shared import simulate_shared
from nqmbench.simulation import PRECISIONS
from nqmbench.threads import available_threads

__all__ = ["BENCHMARKS", "choose", "named"]

PROBLEM = NoisyQuadratic(h=[1.0, 0.1])
LARGE = NoisyQuadratic(h=np.geomspace(1e-4, 1.0, 10_000))
LAPLACE = NoisyQuadratic(h=[1.0, 0.1], noise="laplace")
UNIFORM = NoisyQuadratic(h=[1.0, 0.1], noise="uniform")
STUDENT = NoisyQuadratic(h=[1.0, 0.1], noise=("student", 5.0))

SGD = Experiment(PROBLEM, sgd(lr=0.1), steps=1000)
AVERAGED = Experiment(PROBLEM, averaged(heavy_ball(lr=0.1, momentum=0.9), decay=0.99), steps=1000)
COSINE = Experiment(PROBLEM, sgd(lr=cosine(0.1, steps=1000)), steps=1000)
SCHEDULED = Experiment(
    PROBLEM, averaged(heavy_ball(lr=cosine(0.1, steps=1000), momentum=0.9), decay=0.99), steps=1000
)
COORDINATES = Experiment(
    PROBLEM, sgd(lr=0.1), steps=1000, observables=("w[0]", "w[1]", "w2[0]", "w2[1]")
)


def regression(replacement: bool = True) -> LeastSquares:
    """Least squares in two coordinates on a hundred rows."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(100, 2))
    y = x @ np.array([2.0, -1.0]) + rng.normal(size=100)
    return LeastSquares(x, y, replacement=replacement)


def features() -> LeastSquares:
    """Least squares in a thousand coordinates on as many rows, ten of each row not 0."""
    from scipy.sparse import csr_array

    rng = np.random.default_rng(0)
    columns = np.concatenate([rng.choice(1000, 10, replace=False) for _ in range(1000)])
    begins = np.arange(0, 10_001, 10)
    x = csr_array((rng.normal(size=10_000), columns, begins), shape=(1000, 1000))
    return LeastSquares(x, x @ rng.normal(size=1000) + 0.1 * rng.normal(size=1000))


def on_rows(
    name: str, doc: str, problem: Callable[[], LeastSquares], trials: int, batch: int = 1,
    momentum: float = 0.0,
) -> Benchmark:  # fmt: skip
    """The simulation of 1000 steps on rows, of which the last loss is seen.

    The problem is made when the benchmark is prepared: it takes longer than listing all benchmarks.
    """

    @cache
    def made() -> Benchmark:
        method = heavy_ball(lr=0.01, momentum=momentum) if momentum else sgd(lr=0.01)
        experiment = Experiment(problem(), method, batch, checkpoints=[1000])
        return simulated(name, doc, experiment, trials)

    return Benchmark(name, doc, trials * batch * 1000, "rows", lambda: made().prepare())


TINY = """
import nqmbench as nq
experiment = nq.Experiment(nq.NoisyQuadratic([1.0, 0.1]), nq.sgd(lr=0.1), steps=10)
nq.simulate(experiment, trials=32, threads=1)
"""

# Eight step sizes on the same noise: each sample is drawn once and serves all of them.
SHARED = [Experiment(PROBLEM, sgd(lr=0.02 * k), steps=1000) for k in range(1, 9)]
SHARED_TRIALS = 4096

BENCHMARKS: tuple[Benchmark, ...] = (
    *(simulated(f"sgd-{p}", f"SGD, {p}", SGD, 16384, p) for p in PRECISIONS),
    *(
        simulated(f"averaged-{p}", f"averaged momentum, {p}", AVERAGED, 16384, p)
        for p in PRECISIONS
    ),
    simulated("cosine", "SGD with a cosine schedule", COSINE, 16384),
    simulated("coordinates", "SGD, four observables of single coordinates", COORDINATES, 16384),
    simulated(
        "batch-laplace",
        "SGD, batches of 100 Laplace samples, each one drawn",
        Experiment(LAPLACE, sgd(lr=0.1), batch=100, steps=1000),
        256,
    ),
    simulated(
        "batch-uniform",
        "SGD, batches of 100 uniform samples, each one drawn",
        Experiment(UNIFORM, sgd(lr=0.1), batch=100, steps=1000),
        1024,
    ),
    simulated(
        "batch-student",
        "SGD, batches of 100 Student samples, each one drawn",
        Experiment(STUDENT, sgd(lr=0.1), batch=100, steps=1000),
        128,
    ),
    simulated("long-run", "SGD, 10^6 steps", Experiment(PROBLEM, sgd(lr=0.1), steps=10**6), 32),
    simulated("large-d", "SGD on 10^4 coordinates", Experiment(LARGE, sgd(lr=0.1), steps=50), 96),
    Benchmark(
        "shared",
        "SGD with eight step sizes on the same noise",
        8 * SHARED_TRIALS * PROBLEM.d * 1000,
        "coordinate steps",
        lambda: partial(simulate_shared, SHARED, SHARED_TRIALS, threads=1),
    ),
    on_rows("rows", "least squares, d = 2, single rows", regression, 8192),
    on_rows("rows-batch", "least squares, d = 2, batches of 10 rows", regression, 1024, 10),
    on_rows(
        "rows-subsets",
        "least squares, d = 2, 10 different rows a step",
        partial(regression, replacement=False),
        512,
        10,
    ),
    on_rows("rows-sparse", "least squares, d = 1000, sparse rows", features, 512),
    on_rows("rows-sparse-momentum", "the same with momentum", features, 256, momentum=0.9),
    simulated("two-threads", "averaged momentum, two threads", AVERAGED, 32768, threads=2),
    Benchmark(
        "exact",
        "exact moments of averaged momentum with a cosine schedule",
        SCHEDULED.steps,
        "steps",
        lambda: partial(theory.exact, SCHEDULED),
    ),
    process("import", "import nqmbench", "-c", "import nqmbench"),
    process("list", "python -m nqmbench list", "-m", "nqmbench", "list"),
    process(
        "warm-start", "start and simulate a little, kernels in the cache", "-c", TINY, turns=16
    ),
    compiling("compile", "start and simulate, nothing in the cache", TINY),
)


def named(name: str) -> Benchmark:
    """The benchmark of this name.

    Raises:
        UsageError: there is none.
    """
    return choose([name])[0]


def choose(patterns: Iterable[str]) -> list[Benchmark]:
    """The benchmarks that match any of the patterns and fit on this machine, in their order.

    Args:
        patterns: names or globs; none at all means every benchmark.

    Raises:
        UsageError: a pattern matches nothing, or only what needs more cores.

    >>> [b.name for b in choose(["import", "batch-*"])]
    ['batch-laplace', 'batch-uniform', 'batch-student', 'import']
    """
    wanted = list(patterns) or ["*"]
    cores = available_threads()
    fitting = [b for b in BENCHMARKS if b.threads <= cores]
    for pattern in wanted:
        if not any(fnmatch.fnmatchcase(b.name, pattern) for b in fitting):
            names = choices(b.name for b in fitting)
            raise UsageError(f"benchmark: got {pattern!r}; allowed: a glob, or one of {names}")
    return [b for b in fitting if any(fnmatch.fnmatchcase(b.name, p) for p in wanted)]
