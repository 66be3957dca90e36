"""Stability limits and spectral radii against the published formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest
from method_table import METHODS

import nqmbench as nq
from nqmbench.errors import InvalidArguments

ITERATION = 1e-14  # relative: the bisection ends at rounding
DOUBLE_ROOT = (
    1e-7  # absolute: an eigenvalue at a double root is known to the square root of rounding
)
INSIDE, OUTSIDE = 1 - 1e-6, 1 + 1e-6

BETAS = [0.0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999]


@pytest.mark.parametrize("beta", BETAS)
@pytest.mark.parametrize("lr", [0.1, 3.0])
@pytest.mark.parametrize("name", METHODS)
def test_the_stability_limit_is_the_formula_and_does_not_depend_on_the_step_size(name, lr, beta):
    limit = METHODS[name].limit(beta)
    method = METHODS[name].build(lr, beta)
    assert nq.stability_limit(method) == pytest.approx(limit, rel=ITERATION)
    assert nq.stability_limit(nq.averaged(method, 0.99)) == pytest.approx(limit, rel=ITERATION)
    assert nq.stability_limit(nq.preconditioned(method, 0.5)) == pytest.approx(limit, rel=ITERATION)


@pytest.mark.parametrize("beta", BETAS)
@pytest.mark.parametrize("name", METHODS)
def test_the_radius_crosses_one_at_the_limit(name, beta):
    entry = METHODS[name]
    h = 0.4
    inside = entry.build(INSIDE * entry.limit(beta) / h, beta)
    outside = entry.build(OUTSIDE * entry.limit(beta) / h, beta)
    assert nq.spectral_radius(inside, h)[0] < 1 < nq.spectral_radius(outside, h)[0]
    assert nq.spectral_radius(entry.build(1e-6 / h, beta), h)[0] < 1


def test_the_radii_of_the_first_texts_script_are_those_of_the_catalogue():
    """Claims, table 1G: h = (1, .1), eta = .1, beta = .9, gamma = .99, p = .5, to five places."""
    sgd, momentum = nq.sgd(0.1), nq.heavy_ball(0.1, 0.9)
    table = [
        (sgd, [0.9, 0.99]),
        (momentum, [0.94868, 0.94868]),
        (nq.averaged(sgd, 0.99), [0.99, 0.99]),
        (nq.preconditioned(sgd, 0.5), [0.9, 0.96838]),
        (nq.averaged(momentum, 0.99), [0.99, 0.99]),
        (nq.preconditioned(momentum, 0.5), [0.94868, 0.94868]),
    ]
    for method, radii in table:
        assert nq.spectral_radius(method, [1.0, 0.1]).round(5).tolist() == radii, method.label


@pytest.mark.parametrize("kappa", [4, 25, 400])
def test_tuned_methods_have_their_optimal_rates(kappa):
    L, mu, root = 1.0, 1 / kappa, math.sqrt(kappa)
    sgd = nq.sgd(2 / (L + mu))
    assert nq.spectral_radius(sgd, [L, mu]) == pytest.approx([(kappa - 1) / (kappa + 1)] * 2)
    beta = ((root - 1) / (root + 1)) ** 2
    polyak = nq.heavy_ball((2 / (math.sqrt(L) + math.sqrt(mu))) ** 2, beta)
    assert nq.spectral_radius(polyak, [L, mu]) == pytest.approx(math.sqrt(beta), abs=DOUBLE_ROOT)
    s = math.sqrt(3 * kappa + 1)
    nesterov = nq.nesterov(4 / (3 * L + mu), (s - 2) / (s + 2))
    assert nq.spectral_radius(nesterov, [L, mu]).max() == pytest.approx(1 - 2 / s, abs=DOUBLE_ROOT)


@pytest.mark.parametrize("beta", BETAS)
def test_complex_roots_have_the_modulus_of_the_formula(beta):
    lam = 1.0  # between (1 - sqrt beta)^2 and (1 + sqrt beta)^2
    method = nq.heavy_ball(lam, beta)
    assert nq.spectral_radius(method, 1.0)[0] == pytest.approx(math.sqrt(beta), abs=DOUBLE_ROOT)
    a = 0.3
    low = 4 * beta / (1 + beta) ** 2  # complex where a < low
    if a < low:
        nesterov = nq.nesterov(1 - a, beta)
        assert nq.spectral_radius(nesterov, 1.0)[0] == pytest.approx(math.sqrt(beta * a))


def test_a_method_that_no_step_size_makes_unstable_has_an_infinite_limit():
    def step(state, gradient, eta):
        return {"w": 0.5 * state["w"] + 0 * gradient(state["w"])}

    assert nq.stability_limit(nq.Method("mine", step, {"lr": 0.1})) == math.inf


@pytest.mark.parametrize("function", [nq.stability_limit, lambda m: nq.spectral_radius(m, 1.0)])
def test_schedules_have_neither_a_limit_nor_a_radius(function):
    with pytest.raises(InvalidArguments, match="changes with the step; constants only"):
        function(nq.sgd(nq.inverse_sqrt(0.1)))


@pytest.mark.parametrize("wrong", [0, -1.0, [1.0, math.nan], [], "1", [[1.0]], True, 10**400])
def test_the_radius_refuses_curvatures_that_are_not_positive_numbers(wrong):
    with pytest.raises(InvalidArguments, match=r"h: got .*; allowed: finite numbers > 0"):
        nq.spectral_radius(nq.preconditioned(nq.sgd(0.1), 0.5), wrong)


def test_the_radius_has_one_value_per_curvature():
    radii = nq.spectral_radius(nq.sgd(0.5), np.array([1.0, 2.0, 4.0]))
    assert radii.tolist() == [0.5, 0.0, 1.0]
