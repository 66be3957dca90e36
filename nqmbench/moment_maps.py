"""One step as a linear map on covariances or on moments of order 4, as a matrix where it is small.

Means decay on their own, so what decides about the long run is the step at mean 0: an affine map of
the covariances of all states, and a linear map of the moments up to order 4. Symmetric matrices and
tensors are described by their independent entries, without which the maps would have eigenvalues
that no moment has.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from nqmbench.experiment import Experiment
from nqmbench.row_noise import Rows, rows_of
from nqmbench.row_recursion import Spread, advance, noise_share, row_problem
from nqmbench.row_shapes import batch_factors, gradients, raised

__all__ = ["covariance_map", "covariance_size", "quartic_map", "quartic_size", "step_of_covariance"]

Floats = NDArray[np.float64]


def step_of_covariance(experiment: Experiment, rows: Rows, P: Floats) -> Floats:
    """The covariances of the states after one constant step at mean 0."""
    m = np.zeros((experiment.open_loop.n, experiment.problem.d))
    step, share = experiment.open_loop.at(0), noise_share(experiment, 0)
    return advance(rows, Spread(m, P), step, share).P


def covariance_size(experiment: Experiment) -> int:
    """The number of independent entries of the covariances."""
    n, shape = experiment.open_loop.n, rows_of(row_problem(experiment)).shape
    return n * (n + 1) // 2 * shape[0] if len(shape) == 1 else triangle(n * shape[0])


def triangle(size: int) -> int:
    """The number of independent entries of a symmetric matrix."""
    return size * (size + 1) // 2


def covariance_map(experiment: Experiment) -> tuple[Floats, Floats, list[tuple[int, ...]]]:
    """K and q of P' = K P + q on the independent entries, and their places in P.

    P has the shape that `advance` takes: (n, n, d, d), or (n, n, d).
    """
    n, rows = experiment.open_loop.n, rows_of(row_problem(experiment))
    d, full = rows.shape[0], len(rows.shape) == 2
    if full:
        states = list(itertools.product(range(n), range(d)))
        pairs = list(itertools.combinations_with_replacement(states, 2))
        places: list[tuple[int, ...]] = [(j, k, a, b) for (j, a), (k, b) in pairs]
        mirrors: list[tuple[int, ...]] = [(k, j, b, a) for (j, a), (k, b) in pairs]
    else:
        blocks = itertools.combinations_with_replacement(range(n), 2)
        places = [(j, k, a) for j, k in blocks for a in range(d)]
        mirrors = [(k, j, a) for j, k, a in places]
    own = tuple(np.array(places).T)
    q = step_of_covariance(experiment, rows, np.zeros((n, n, *rows.shape)))[own]
    pure, K = rows.without_residuals(), np.empty((len(places), len(places)))
    for column, (place, mirror) in enumerate(zip(places, mirrors, strict=True)):
        P = np.zeros((n, n, *rows.shape))
        P[place] = P[mirror] = 1.0
        K[:, column] = step_of_covariance(experiment, pure, P)[own]
    return K, q, places


def quartic_size(experiment: Experiment, orders: int = 4) -> int:
    """The number of monomials of this order in the states."""
    N = experiment.open_loop.n * experiment.problem.d
    return int(np.prod([N + i for i in range(orders)]) / np.prod(np.arange(1, orders + 1)))


def quartic_map(
    experiment: Experiment, homogeneous: bool
) -> tuple[Floats, list[tuple[int, int, int, int]]]:
    """The linear map of the moments of order 4 of v = (1, z), at mean 0, and their indices.

    Args:
        experiment: with constant parameters, in a few dimensions.
        homogeneous: True for the order 4 in z alone, with targets that the optimum meets; False for
            all orders up to 4.
    """
    problem, loop = row_problem(experiment), experiment.open_loop
    N = 1 + loop.n * problem.d
    known = gradients(problem, residuals=not homogeneous)
    factors = batch_factors(problem, float(experiment.batch_sizes[0]))
    kinds = range(1 if homogeneous else 0, N)
    places = list(itertools.combinations_with_replacement(kinds, 4))
    own = tuple(np.array(places).T)
    K = np.empty((len(places), len(places)))
    for column, place in enumerate(places):
        T = np.zeros((N, N, N, N))
        for mirror in set(itertools.permutations(place)):
            T[mirror] = 1.0
        new = raised(T.reshape(N * N, -1), known, loop.at(0), np.zeros(problem.d), factors)
        K[:, column] = new.reshape(N, N, N, N)[own]
    return K, places
