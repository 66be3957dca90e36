"""Exact moments of streaming rows against formulas, quadrature, and a plain simulation."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import rows_textbook as textbook

import nqmbench as nq

ALL = ("loss", "distance", "w[i]")


def test_the_second_moments_of_sgd_follow_their_closed_recursion():
    l, s, eta, B = np.array([1.0, 0.3, 0.05]), 0.7, 0.1, 3  # noqa: E741
    w0, optimum = np.array([1.0, -2.0, 0.5]), np.array([0.3, 0.1, 0.2])
    problem = nq.GaussianRows(l, s, w0, optimum)
    found = nq.exact(nq.Experiment(problem, nq.sgd(eta), B, 50, [1, 2, 50], ALL))
    mean, M = w0 - optimum, (w0 - optimum) ** 2
    for k in range(1, 51):
        mean = (1 - 2 * eta * l) * mean
        kept = 1 - 4 * eta * l + 4 * eta**2 * l**2 * (1 + 1 / B)
        M = M * kept + 4 * eta**2 * l / B * (l @ M + s**2)
        if k in (1, 2, 50):
            row = [1, 2, 50].index(k)
            assert found.mean[row, 0] == pytest.approx(s**2 + l @ M, rel=1e-12)
            assert found.mean[row, 1] == pytest.approx(M.sum(), rel=1e-12)
            assert found.mean[row, 2:] == pytest.approx(optimum + mean, rel=1e-12)
            assert found.variance[row, 2:] == pytest.approx(M - mean**2, rel=1e-10)


def test_all_moments_of_two_steps_are_those_of_a_finer_quadrature():
    l, s, eta, beta = np.array([1.0, 0.4]), 0.5, 0.1, 0.6  # noqa: E741
    w0, optimum = np.array([1.0, -1.0]), np.array([0.2, 0.0])
    nodes, mass = np.polynomial.hermite_e.hermegauss(7)
    mass = mass / mass.sum()
    once = [
        (np.sqrt(l) * np.array(z[:2]), float(np.sqrt(l) * z[:2] @ optimum + s * z[2]), m)
        for z, m in zip(
            itertools.product(nodes, repeat=3),
            np.prod(list(itertools.product(mass, repeat=3)), axis=1),
            strict=True,
        )
    ]
    x = np.array([row[0] for row in once])
    y, p = np.array([row[1] for row in once]), np.array([row[2] for row in once])
    # heavy ball, step velocity, all pairs of rows at once
    v1 = eta * 2 * x * (x @ w0 - y)[:, None]
    w1 = w0 - v1
    g = 2 * x[None] * (w1 @ x.T - y)[:, :, None]
    w2 = (w1 - beta * v1)[:, None] - eta * g
    weight = np.multiply.outer(p, p)
    e = w2 - optimum
    values = {
        "loss": s**2 + (l * e**2).sum(axis=-1), "distance": (e**2).sum(axis=-1),
        "w[0]": w2[..., 0], "w[1]": w2[..., 1],
    }  # fmt: skip
    problem = nq.GaussianRows(l, s, w0, optimum)
    found = nq.exact(nq.Experiment(problem, nq.heavy_ball(eta, beta, "step"), 1, 2, [2], ALL))
    for column, name in enumerate(found.observables):
        mean = float((weight * values[name]).sum())
        variance = float((weight * (values[name] - mean) ** 2).sum())
        assert found.mean[0, column] == pytest.approx(mean, rel=1e-11)
        assert found.variance[0, column] == pytest.approx(variance, rel=1e-11)


def deviations(B_claimed):
    """z-scores of mean and variance of a plain simulation, if its batch were `B_claimed`."""
    l, s, eta, beta, trials = np.array([1.0, 0.4]), 0.5, 0.05, 0.6, 40_000  # noqa: E741
    w0, optimum = np.array([1.0, -1.0]), np.array([0.2, 0.0])
    rng = np.random.default_rng(20)
    *_, w = textbook.simulated_streams(rng, l, s, w0, optimum, 4, 12, eta, beta, trials)
    e = w - optimum
    values = [s**2 + (l * e**2).sum(axis=1), (e**2).sum(axis=1), w[:, 0], w[:, 1]]
    method, problem = nq.heavy_ball(eta, beta, "step"), nq.GaussianRows(l, s, w0, optimum)
    found, z = nq.exact(nq.Experiment(problem, method, B_claimed, 12, [12], ALL)), []
    for column, x in enumerate(values):
        c = x - x.mean()
        z.append((x.mean() - found.mean[0, column]) / np.sqrt(c.var() / trials))
        square = c**2
        z.append((square.mean() - found.variance[0, column]) / np.sqrt(square.var() / trials))
    return np.abs(z)


def test_a_plain_simulation_agrees():
    # 8 comparisons with normal z: false alarm below 8 * 6.3e-5 = 5e-4, at a fixed seed
    assert deviations(4).max() < 4.0
    assert deviations(5).max() > 8.0  # the negative control


def test_many_coordinates_cost_their_number_and_not_its_square():
    problem = nq.GaussianRows(np.geomspace(1e-3, 1.0, 20_000), 0.1)
    e = nq.Experiment(problem, nq.heavy_ball(1e-4, 0.5), 8, 20, [20], ("loss", "w[0]"))
    found = nq.exact(e)
    assert found.mean[0, 0] < problem.floor + problem.spectrum.sum()
    assert np.isnan(found.variance[0, 0])
    assert found.variance[0, 1] > 0
