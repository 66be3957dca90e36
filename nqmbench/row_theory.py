"""Exact moments where the gradient comes from rows: least squares, fixed or streaming.

With e the error of the read-out, of mean m and covariance P, and H the Hessian,

    E loss     = f* + 1/2 m' H m + 1/2 tr(H P),
    E distance = |m|^2 + tr P,
    E w[i]     = w*_i + m_i,      Var w[i] = P_ii

follow from the recursion of the covariances (`row_recursion.py`) in any dimension. The variance of
the loss and of the distance needs the moments of order 4 (`row_shapes.py`), which are affordable in
a few dimensions; elsewhere it is NaN, not known. Skewness and kurtosis of w[i] come with them.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from nqmbench.exact_moments import ExactMoments
from nqmbench.experiment import Experiment
from nqmbench.kept import found_once
from nqmbench.observables import Observable
from nqmbench.problem import RowProblem
from nqmbench.row_cost import seconds
from nqmbench.row_noise import Rows, rows_of
from nqmbench.row_readings import Reading, readings
from nqmbench.row_recursion import row_problem
from nqmbench.row_shapes import affordable, quadratic_variance, tensors

__all__ = ["exact_on_rows", "table"]

Floats = NDArray[np.float64]


def exact_on_rows(experiment: Experiment) -> ExactMoments:
    """Mean and variance of the observables of an experiment on rows, at its checkpoints.

    What takes long is found once and kept (`kept.py`).

    Args:
        experiment: on `LeastSquares` or `GaussianRows`.

    >>> import nqmbench as nq
    >>> problem = nq.LeastSquares([[1.0], [2.0]], [1.0, 2.0])  # the optimum 1 meets both rows
    >>> e = nq.Experiment(problem, nq.sgd(0.1), steps=1)
    >>> exact_on_rows(e).to_frame().round(6)  # w = 0.2 or 0.8
       step observable  mean  variance
    0     1       loss  0.85    0.5625
    """
    return found_once(experiment, seconds(experiment), find)


def find(experiment: Experiment) -> ExactMoments:
    """The moments, by all steps of the recursion."""
    last, wanted = experiment.checkpoints[-1], experiment.checkpoints
    shapes = affordable(experiment) and not experiment.noiseless
    found = readings(experiment, range(last + 1) if shapes else wanted)
    every = enumerate(tensors(experiment, (now.m for now in found.values()))) if shapes else ()
    higher = {k: T for k, T in every if k in set(wanted)}
    steps = np.array(experiment.checkpoints, dtype=np.float64)
    rows = [(found[k], higher.get(k)) for k in experiment.checkpoints]
    return table(experiment, steps, rows)


def table(
    experiment: Experiment, steps: Floats, rows: list[tuple[Reading, Floats | None]]
) -> ExactMoments:
    """The moments of every observable.

    Args:
        experiment: the experiment.
        steps: shape (S,).
        rows: of each step what is read of means and covariances, and the tensor of order 4 if it
            is known.
    """
    problem, observed = row_problem(experiment), experiment.observed
    algebra, i = rows_of(problem), experiment.open_loop.readout
    shape = len(rows), len(observed)
    mean, variance, third, fourth = (np.full(shape, np.nan) for _ in range(4))
    with np.errstate(over="ignore", invalid="ignore"):
        for (s, (now, T)), (o, observable) in itertools.product(
            enumerate(rows), enumerate(observed)
        ):
            m = now.m[i]
            mean[s, o] = expectation(problem, algebra, observable, m, now)
            if observable.coordinate is not None:
                variance[s, o] = now.diagonal[observable.coordinate]
                if T is not None:
                    place = 1 + i * problem.d + observable.coordinate
                    third[s, o], fourth[s, o] = cumulants(T, place)
            elif now.quiet:
                variance[s, o] = 0.0  # no noise so far
            elif T is not None:
                variance[s, o] = quadratic_variance(T, form(experiment, observable, m))

    def standardised() -> tuple[Floats, Floats]:
        with np.errstate(all="ignore"):
            return third / variance**1.5, fourth / variance**2

    return ExactMoments(steps, tuple(o.name for o in observed), mean, variance, standardised)


def expectation(
    problem: RowProblem, rows: Rows, observable: Observable, m: Floats, now: Reading
) -> float:
    """The mean of an observable."""
    i = observable.coordinate
    if i is not None:
        return float(problem.optimum[i] + m[i])
    if observable.name == "distance":
        return float(m @ m + now.diagonal.sum())
    return float(problem.floor + 0.5 * (m @ rows.hessian(m) + now.trace))


def form(experiment: Experiment, observable: Observable, m: Floats) -> Floats:
    """Q with v' Q v = loss or distance up to a constant, where v = (1, z - E z)."""
    problem, loop = row_problem(experiment), experiment.open_loop
    d = problem.d
    H = hessian_of(problem) / 2 if observable.name == "loss" else np.eye(d)
    Q, own = (
        np.zeros((1 + loop.n * d,) * 2),
        slice(1 + loop.readout * d, 1 + (loop.readout + 1) * d),
    )
    Q[own, own] = H
    Q[0, own] = Q[own, 0] = H @ m
    return Q


def hessian_of(problem: RowProblem) -> Floats:
    """H as an array."""
    rows = rows_of(problem)
    return np.stack([rows.hessian(one) for one in np.eye(problem.d)])


def cumulants(T: Floats, place: int) -> tuple[float, float]:
    """The third and the fourth cumulant of one entry of v."""
    N = round(T.shape[0] ** 0.5)
    moments = T.reshape(N, N, N, N)
    second = moments[0, 0, place, place]
    third = moments[0, place, place, place]
    return float(third), float(moments[place, place, place, place] - 3 * second**2)
