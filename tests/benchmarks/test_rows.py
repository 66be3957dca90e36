"""Least squares on drawn rows beside the loops that one would write, both on one thread."""

from functools import partial

import numba
import numpy as np
import obvious
import obvious_rows
import pytest

from nqmbench.experiment import Experiment
from nqmbench.least_squares import LeastSquares
from nqmbench.methods import heavy_ball, sgd
from nqmbench.perf.benchmarks import features, regression
from nqmbench.simulation import simulate
from nqmbench.theory import exact

STEPS = 1000
METHODS = {"sgd": (sgd, 0.0), "momentum": (partial(heavy_ball, momentum=0.9, velocity="step"), 0.9)}
GOALS = {("dense", "sgd", 1, True): 25, ("dense", "sgd", 10, True): 6,
         ("sparse", "sgd", 1, True): 14, ("sparse", "sgd", 10, True): 4.5}  # fmt: skip


def loop(problem, eta, beta, batch, replacement, trials, steps=STEPS):
    """The obvious loop; it returns the losses of the last step."""
    common = eta, beta, steps, batch, replacement, trials
    if not problem.sparse:
        return partial(obvious_rows.dense, problem.x, problem.y, *common)
    x = problem.x
    tables = x.data, x.indices.astype(np.int64), x.indptr.astype(np.int64)
    return partial(obvious_rows.sparse, *tables, problem.y, problem.d, *common)


@pytest.mark.parametrize("replacement", [True, False], ids=["with", "without"])
@pytest.mark.parametrize("batch", [1, 10])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_rows_beside_the_obvious_loop(beside, kind, method, batch, replacement):
    numba.set_num_threads(1)
    make, beta = METHODS[method]
    eta = 0.01 if kind == "dense" else 0.002
    found = regression() if kind == "dense" else features()
    problem = LeastSquares(found.x, found.y, replacement=replacement)
    experiment = Experiment(problem, make(eta), batch, steps=STEPS, checkpoints=[STEPS])
    # Calls of like length: on a busy machine a short one gets through between two interruptions.
    trials, less = (8192, 256) if kind == "dense" else (512, 64)
    trials, less = trials // batch, less // batch
    reference = loop(problem, eta, beta, batch, replacement, less)
    obvious.seed(1)
    if kind == "dense":  # the loop simulates the same; false alarms: 1e-6 each
        losses = loop(problem, eta, beta, batch, replacement, 2000)()
        expected = exact(experiment).to_frame()["mean"].iloc[-1]
        assert abs(losses.mean() - expected) < 5 * losses.std() / np.sqrt(losses.size)
    call = partial(simulate, experiment, trials, threads=1)
    goal = GOALS.get((kind, method, batch, replacement))
    name = f"{kind}, {method}, B={batch}, {'with' if replacement else 'without'}"
    beside(name, "obvious loop", call, reference, trials / less, goal)
