"""The loops that one would write first: a trajectory after another, a number after another.

Compiled by Numba with its own generator; they keep count, mean and sum of squares of the error at
every checkpoint, and nothing else. They are what the kernels are measured against.
"""

import math

import numba
import numpy as np

NU = 5.0  # degrees of freedom of Student's noise


@numba.njit
def seed(number):
    np.random.seed(number)


@numba.njit(error_model="numpy")
def note(sums, s, error):
    sums[0, s] += error
    sums[1, s] += error * error


@numba.njit(error_model="numpy")
def sgd(h, eta, checkpoints, trials, draw, B):
    """w' = w - eta_t h (w - x), x the mean of B samples."""
    sums = np.zeros((2, checkpoints.size))
    w = np.empty(h.size)
    for _ in range(trials):
        w[:] = 1.0
        s = 0
        for t in range(checkpoints[-1]):
            for i in range(h.size):
                w[i] -= eta[t] * h[i] * (w[i] - draw(B))
            if checkpoints[s] == t + 1:
                note(sums, s, np.sum(w * w))
                s += 1
    return sums


@numba.njit(error_model="numpy")
def averaged_heavy_ball(h, eta, checkpoints, trials, beta, gamma):
    """v' = beta v + h (w - x);  w' = w - eta_t v';  m' = gamma m + (1 - gamma) w'."""
    sums = np.zeros((2, checkpoints.size))
    w, v, m = np.empty(h.size), np.empty(h.size), np.empty(h.size)
    for _ in range(trials):
        w[:], v[:], m[:] = 1.0, 0.0, 1.0
        s = 0
        for t in range(checkpoints[-1]):
            for i in range(h.size):
                v[i] = beta * v[i] + h[i] * (w[i] - np.random.normal())
                w[i] -= eta[t] * v[i]
                m[i] = gamma * m[i] + (1.0 - gamma) * w[i]
            if checkpoints[s] == t + 1:
                note(sums, s, np.sum(m * m))
                s += 1
    return sums


@numba.njit
def normal(B):
    """The mean of B standard normals is one normal."""
    return np.random.normal() / math.sqrt(B)


@numba.njit
def laplace(B):
    total = 0.0
    for _ in range(B):
        total += np.random.laplace(0.0, math.sqrt(0.5))
    return total / B


@numba.njit
def uniform(B):
    total = 0.0
    for _ in range(B):
        total += np.random.uniform(-math.sqrt(3.0), math.sqrt(3.0))
    return total / B


@numba.njit
def rademacher(B):
    total = 0.0
    for _ in range(B):
        total += 1.0 if np.random.random() < 0.5 else -1.0
    return total / B


@numba.njit
def exponential(B):
    total = 0.0
    for _ in range(B):
        total += np.random.exponential() - 1.0
    return total / B


@numba.njit
def student(B):
    total = 0.0
    for _ in range(B):
        total += np.random.standard_t(NU) * math.sqrt((NU - 2.0) / NU)
    return total / B
