"""The limit of the moments for k -> infinity on rows, as the fixed point of one step.

The noise there is in the rows, and grows with the error, so a step size for which the mean settles
may be too large for the variance, and one for which the variance settles too large for the variance
of a square. So each order is asked for on its own: without mean-square stability there is no steady
state; without a bounded moment of order 4 the variance of the loss is infinite.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from nqmbench.arguments import Arguments
from nqmbench.exact_moments import ExactMoments
from nqmbench.experiment import Experiment
from nqmbench.least_squares import LeastSquares
from nqmbench.moment_maps import covariance_map, covariance_size, quartic_map, quartic_size
from nqmbench.row_noise import rows_of
from nqmbench.row_readings import reading
from nqmbench.row_recursion import Spread, row_problem
from nqmbench.row_shapes import affordable
from nqmbench.row_theory import table

__all__ = ["steady_on_rows"]

Floats = NDArray[np.float64]

LARGEST = 1000  # independent entries


def steady_on_rows(experiment: Experiment) -> ExactMoments:
    """The steady state of an experiment on rows with constant parameters.

    Raises:
        InvalidArguments: it is not stable in mean square, rows leave a direction untouched, or it
            has too many coordinates.

    >>> import nqmbench as nq
    >>> problem = nq.GaussianRows(1.0, label_std=1.0)
    >>> e = nq.Experiment(problem, nq.sgd(0.05), observables=["distance"])
    >>> round(float(steady_on_rows(e).mean[0, 0]), 12)  # eta / (1 - 3 eta)
    0.058823529412
    """
    checks = Arguments("steady_state")
    problem, size = row_problem(experiment), covariance_size(experiment)
    if isinstance(problem, LeastSquares) and problem.flat:
        allowed = "rows that leave no direction untouched: there the error stays as it starts"
        checks.complain("experiment", experiment.label, allowed)
        checks.done()
    if size > LARGEST:
        checks.complain("experiment", experiment.label, "one with fewer coordinates or states")
        checks.done()
    K, q, places = covariance_map(experiment)
    if growth(K) >= 1:
        allowed = "one that is stable in mean square: a smaller step size"
        checks.complain("experiment", experiment.label, allowed)
        checks.done()
    n, d = experiment.open_loop.n, experiment.problem.d
    rows, i = rows_of(problem), experiment.open_loop.readout
    P = np.zeros((n, n, *rows.shape))
    for place, value in zip(places, np.linalg.solve(np.eye(size) - K, q), strict=True):
        j, k, *rest = place
        P[place] = P[(k, j, *reversed(rest))] = value
    now = Spread(np.zeros((n, d)), P)
    found = table(
        experiment, np.array([np.inf]), [(reading(rows, i, now), settled_tensor(experiment))]
    )
    quadratic = [o.coordinate is None for o in experiment.observed]
    if small(experiment) and growth(quartic_map(experiment, homogeneous=True)[0]) >= 1 and P.any():
        found.variance[:, quadratic] = np.inf
    return found


def growth(K: Floats) -> float:
    """The largest modulus of an eigenvalue."""
    return float(np.abs(np.linalg.eigvals(K)).max())


def small(experiment: Experiment) -> bool:
    """True where the moments of order up to 4 are affordable."""
    return quartic_size(experiment) <= LARGEST and affordable(experiment)


def settled_tensor(experiment: Experiment) -> Floats | None:
    """The tensor of order 4 that a step leaves as it is; None where it is not affordable."""
    if not small(experiment):
        return None
    K, places = quartic_map(experiment, homogeneous=False)
    # The first moment is E 1 = 1; the others solve t = K t.
    right = K[1:, 0]
    found = np.linalg.solve(np.eye(len(right)) - K[1:, 1:], right)
    N = 1 + experiment.open_loop.n * experiment.problem.d
    T = np.zeros((N, N, N, N))
    for place, value in zip(places, [1.0, *found], strict=True):
        for mirror in set(itertools.permutations(place)):
            T[mirror] = value
    return T.reshape(N * N, N * N)
