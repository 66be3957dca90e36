"""The loops that one would write first for least squares on drawn rows; see `obvious`.

Trajectories by `prange`, rows by `np.random.randint`, a gradient that starts as zeros in each step,
the loss of the last step, and nothing else.
"""

import numba
import numpy as np


@numba.njit(error_model="numpy")
def draw(n, order, b, replacement):
    """A row, or the next of a shuffle."""
    if replacement:
        return np.random.randint(0, n)
    k = np.random.randint(b, n)
    order[b], order[k] = order[k], order[b]
    return order[b]


@numba.njit(error_model="numpy")
def move(w, v, g, eta, beta):
    """v' = beta v + eta g;  w' = w - v'."""
    if beta == 0.0:
        for j in range(w.size):
            w[j] -= eta * g[j]
    else:
        for j in range(w.size):
            v[j] = beta * v[j] + eta * g[j]
            w[j] -= v[j]


@numba.njit(parallel=True, error_model="numpy")
def dense(x, y, eta, beta, steps, B, replacement, trials):
    """The losses after steps of g = (2 / B) sum x (x.w - y)."""
    n, d = x.shape
    losses = np.empty(trials)
    for trial in numba.prange(trials):
        w, v, order = np.zeros(d), np.zeros(d), np.arange(n)
        for _ in range(steps):
            g = np.zeros(d)
            for b in range(B):
                i = draw(n, order, b, replacement)
                error = -y[i]
                for j in range(d):
                    error += x[i, j] * w[j]
                for j in range(d):
                    g[j] += 2.0 * error * x[i, j] / B
            move(w, v, g, eta, beta)
        losses[trial] = np.mean((np.dot(x, w) - y) ** 2)
    return losses


@numba.njit(parallel=True, error_model="numpy")
def sparse(values, columns, begins, y, d, eta, beta, steps, B, replacement, trials):
    """The same with rows of which only the numbers that are not 0 are kept."""
    n = y.size
    losses = np.empty(trials)
    for trial in numba.prange(trials):
        w, v, order = np.zeros(d), np.zeros(d), np.arange(n)
        for _ in range(steps):
            g = np.zeros(d)
            for b in range(B):
                i = draw(n, order, b, replacement)
                error = -y[i]
                for p in range(begins[i], begins[i + 1]):
                    error += values[p] * w[columns[p]]
                for p in range(begins[i], begins[i + 1]):
                    g[columns[p]] += 2.0 * error * values[p] / B
            move(w, v, g, eta, beta)
        loss = 0.0
        for i in range(n):
            error = -y[i]
            for p in range(begins[i], begins[i + 1]):
                error += values[p] * w[columns[p]]
            loss += error * error / n
        losses[trial] = loss
    return losses
