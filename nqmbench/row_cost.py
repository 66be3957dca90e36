"""What the exact moments of an experiment on rows cost, from the sizes of what is multiplied."""

from __future__ import annotations

from nqmbench.experiment import Experiment
from nqmbench.least_squares import LeastSquares
from nqmbench.row_recursion import row_problem
from nqmbench.row_shapes import affordable, work

__all__ = ["seconds", "step_seconds"]

# Seconds on a usual core. Where it is twice as fast nothing but a choice of what is kept differs.
STEP = 2.5e-4  # the calls of a step
SPARSE = 1e-9  # a multiplication of a sparse matrix with a dense one
DENSE = 1e-10  # of two dense ones
PASS = 1e-8  # an entry of the covariances at a step: some additions, half of them transposed
TENSOR = 2e-10  # a multiplication of tensors


def seconds(experiment: Experiment) -> float:
    """An estimate of the time for the exact moments.

    >>> import nqmbench as nq
    >>> seconds(nq.Experiment(nq.GaussianRows([1.0, 0.5]), nq.sgd(0.1), steps=100)) < 0.1
    True
    """
    steps = experiment.checkpoints[-1]
    if experiment.noiseless:
        return steps * STEP
    tensors = TENSOR * work(experiment) if affordable(experiment) else 0.0
    return steps * step_seconds(experiment) + tensors


def step_seconds(experiment: Experiment) -> float:
    """An estimate of the time for a step of the covariances."""
    problem, n = row_problem(experiment), experiment.open_loop.n
    d, entries, products = problem.d, problem.d, 0.0
    if isinstance(problem, LeastSquares):
        entries = d * d
        if problem.sparse:
            products = SPARSE * n * 2 * problem.x.nnz * d
        else:
            products = DENSE * (n * d + 3 * problem.n) * d * d
    return STEP + products + PASS * n * n * entries
