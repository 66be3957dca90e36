"""One trajectory without noise, by the textbook step itself: all others are the same.

What has no noise is not simulated by the compiled kernels: nothing is random, and the step as it
stands in the book is the better witness.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nqmbench.experiment import Experiment
from nqmbench.least_squares import LeastSquares
from nqmbench.problems import NoisyQuadratic

__all__ = ["run_noiseless"]

Floats = NDArray[np.float64]
Field = Callable[[Floats], Floats]  # of the error e = w - w*


def run_noiseless(experiment: Experiment) -> Floats:
    """One trajectory without noise; shape (S, O)."""
    method, loop = experiment.method, experiment.open_loop
    gradient, observe = field(experiment.problem, experiment)
    tables = method.values(experiment.steps)
    start = experiment.problem.w0 - experiment.problem.minimiser
    state: Mapping[str, Any] = {
        name: factor * start for name, factor in zip(loop.states, loop.starts, strict=True)
    }
    observed = np.empty((len(experiment.checkpoints), len(experiment.observed)))
    now = 0
    with np.errstate(over="ignore", invalid="ignore"):
        for s, checkpoint in enumerate(experiment.checkpoints):
            for t in range(now, checkpoint):
                at = {name: table[t if table.size > 1 else 0] for name, table in tables.items()}
                state = method.step(state, gradient, at.pop("lr"), **at)
            now = checkpoint
            observed[s] = observe(state[method.readout])
    return observed


@singledispatch
def field(problem: Any, experiment: Experiment) -> tuple[Field, Field]:
    """The gradient at an error e, and the values of the observables there."""
    raise NotImplementedError(f"{problem} always has noise")


@field.register
def _(problem: NoisyQuadratic, experiment: Experiment) -> tuple[Field, Field]:
    curvature = experiment.curvature

    def observe(w: Floats) -> Floats:
        values = []
        for observable in experiment.observed:
            i = observable.coordinate
            chosen = w if i is None else w[i : i + 1]
            values.append(chosen**observable.power @ observable.weights(problem.h))
        return np.array(values)

    return lambda w: curvature * w, observe


@field.register
def _(problem: LeastSquares, experiment: Experiment) -> tuple[Field, Field]:
    x, across = problem.x, problem.x.T

    # Not by `@` of arrays: a library's order of additions may depend on its number of threads.
    def product(matrix: Any, vector: Floats) -> Floats:
        if problem.sparse:
            return np.asarray(matrix @ vector)
        return np.asarray(np.einsum("ij,j->i", matrix, vector))

    def gradient(e: Floats) -> Floats:  # the residuals at w* are orthogonal to the columns of x
        return (2 / problem.n) * product(across, product(x, e))

    def observe(e: Floats) -> Floats:
        sums = {
            "loss": lambda: problem.floor + float(np.mean(product(x, e) ** 2)),
            "distance": lambda: float(np.sum(e**2)),
        }
        return np.array(
            [
                sums[o.name]() if o.coordinate is None else (e + problem.optimum)[o.coordinate]
                for o in experiment.observed
            ]
        )

    return gradient, observe
