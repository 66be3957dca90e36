"""Steady states as formulas: equal to the numeric ones, and the known ratios of wrong claims."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from method_table import METHODS, WRAPPERS, wrapped

import nqmbench as nq
from nqmbench.symbolic import (
    asymptotic,
    evaluate,
    mathml,
    plain,
    ratio,
    steady_variance,
    symbol,
    tidy,
    typeset,
)
from nqmbench.theory import steady_state

ROUNDING = 1e-12  # relative

k, h, eta, B, sigma, w0, beta, gamma, p = (
    symbol(name) for name in ("k", "h", "eta", "B", "sigma", "w0", "beta", "gamma", "p")
)


@given(
    share=st.floats(0.05, 0.9), b=st.floats(0.0, 0.9), g=st.floats(0.0, 0.9),
    batch=st.integers(1, 99),
)  # fmt: skip
@settings(derandomize=True, max_examples=10, deadline=None)
@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("name", METHODS)
def test_the_formula_is_the_numeric_steady_state(name, wrapper, share, b, g, batch):
    entry, (power, decay) = METHODS[name], WRAPPERS[wrapper]
    curvature, s = 0.4, 1.3
    lr = share * entry.limit(b) / curvature ** (1 - (power or 0))
    method = wrapped(entry.build(lr, b), power, None if decay is None else g)
    experiment = nq.Experiment(nq.NoisyQuadratic(curvature, s), method, batch)
    formula = steady_variance(method)
    known = {**experiment.symbols, "h": curvature, "sigma": s}
    value = float(formula.subs({x: known[x.name] for x in formula.free_symbols}))
    assert value == pytest.approx(steady_state(experiment).mean[0, 0], rel=100 * ROUNDING)


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("name", METHODS)
def test_the_formula_depends_on_the_structure_and_not_on_the_numbers(name, wrapper):
    power, decay = WRAPPERS[wrapper]
    one, other = (
        steady_variance(wrapped(METHODS[name].build(lr, b), power, decay))
        for lr, b in ((0.1, 0.9), (0.3, 0.2))
    )
    assert one == other
    allowed = {h, eta, B, sigma, beta, gamma, p}
    assert one.free_symbols <= allowed


MOMENTUM = nq.heavy_ball(0.1, 0.9)
a = 1 - eta * h
BOXED = a ** (2 * k) * w0**2 + eta * h**2 / (B * (2 - eta * h)) * sigma**2 * (1 - a ** (2 * k))
WITH_MOMENTUM = (1 - eta * h / (1 - beta)) ** (2 * k) * w0**2 + eta * h**2 * sigma**2 / (
    B * (2 - eta * h)
) * (1 + beta) / (1 - beta)
TRUE_SGD = eta * h * sigma**2 / (B * (2 - eta * h))
AVERAGE_FACTOR = (1 - gamma) * (1 + a * gamma) / ((1 + gamma) * (1 - a * gamma))
AVERAGED = a ** (2 * k) * w0**2 + TRUE_SGD * h * AVERAGE_FACTOR
LAM = eta * h ** (1 - p)
PRECONDITIONED = (1 - LAM) ** (2 * k) * w0**2 + eta * h ** (2 - p) * sigma**2 / (B * (2 - LAM))
MOMENTUM_RATIO = (2 * (1 + beta) - eta * h) / (2 - eta * h)


@pytest.mark.parametrize(
    ("claimed", "method", "expected"),
    [
        pytest.param(BOXED, nq.sgd(0.1), h, id="T1-08"),
        pytest.param(WITH_MOMENTUM, MOMENTUM, h * MOMENTUM_RATIO, id="T1-22"),
        pytest.param(TRUE_SGD * (1 + beta) / (1 - beta), MOMENTUM, MOMENTUM_RATIO, id="T1-24"),
        pytest.param(AVERAGED, nq.averaged(nq.sgd(0.1), 0.99), h, id="T1-29"),
        pytest.param(PRECONDITIONED, nq.preconditioned(nq.sgd(0.1), 0.5), h, id="T1-38"),
        pytest.param(TRUE_SGD, nq.sgd(0.1), 1, id="true"),
        pytest.param(TRUE_SGD * AVERAGE_FACTOR, nq.averaged(nq.sgd(0.1), 0.9), 1, id="T1-30"),
    ],
)
def test_wrong_claims_are_off_by_the_known_ratio(claimed, method, expected):
    found = ratio(claimed, method)
    assert sp.simplify(found - expected) == 0


def test_ratios_are_written_with_positive_factors():
    assert str(ratio(BOXED, nq.sgd(0.1))) == "h"
    found = ratio(WITH_MOMENTUM, MOMENTUM)
    point = {eta: sp.Rational(1, 100), h: sp.Rational(1, 90), beta: sp.Rational(1, 80)}
    assert all(factor.subs(point) > 0 for factor in sp.Mul.make_args(found))


@pytest.mark.parametrize(
    ("claimed", "method"),
    [
        (BOXED, nq.sgd(nq.inverse_sqrt(0.1))),
        (a ** (2 * k) * w0**2, nq.sgd(0.1)),
        (TRUE_SGD + 1 / (k + 1), nq.sgd(0.1)),
        (sp.nan, nq.sgd(0.1)),
        (sp.oo, nq.sgd(0.1)),
    ],
    ids=["schedule", "pure transient", "k outside an exponent", "nan", "infinite"],
)
def test_there_is_no_ratio_without_two_steady_states(claimed, method):
    assert ratio(sp.sympify(claimed), method) is None


def test_asymptotic_drops_powers_and_exponentials_of_k_only():
    assert asymptotic(3 + h ** (2 * k) + sp.exp(-k * h) + h**2 + sp.exp(h)) == 3 + h**2 + sp.exp(h)


def test_a_method_of_the_users_own_with_floats_and_quotients_has_a_formula():
    def step(state, gradient, eta, momentum):
        v = momentum * state["v"] + 0.5 * gradient(state["w"]) / (1 - momentum)
        return {"w": state["w"] - eta * v, "v": v}

    method = nq.Method("mine", step, {"lr": 0.1, "momentum": 0.5}, {"w": 1.0, "v": 0.0})
    formula = steady_variance(method)
    scaled = steady_variance(MOMENTUM).subs(eta, eta / (2 * (1 - beta)))
    assert sp.simplify(formula - scaled) == 0


def test_a_step_that_does_not_run_on_symbols_has_no_formula():
    def step(state, gradient, eta):
        return {"w": state["w"] - np.sqrt(eta) * gradient(state["w"])}

    method = nq.Method("mine", step, {"lr": 0.1})
    assert steady_variance(method) is None
    assert ratio(TRUE_SGD, method) is None


@pytest.mark.parametrize(
    ("formula", "names"),
    [
        (lambda experiment: 1.0, ("experiment",)),
        (lambda h: 1.0 if h > 1 else 2.0, ("h",)),
        (lambda h: np.linalg.norm(h), ("h",)),
        (lambda h: "text", ("h",)),
    ],
    ids=["asks for the experiment", "branches", "numpy", "no number"],
)
def test_a_formula_that_cannot_be_written_as_one_expression_is_none(formula, names):
    assert evaluate(formula, names) is None


def test_a_formula_with_the_functions_of_the_package_becomes_an_expression():
    found = evaluate(
        lambda k, h: nq.exp(-h * k) + nq.where(h > 1, nq.sqrt(h), nq.log(h)), ("k", "h")
    )
    assert float(found.subs({k: 2, h: 4})) == pytest.approx(np.exp(-8.0) + 2, rel=ROUNDING)


def test_plain_text_is_what_a_person_would_type():
    assert plain(BOXED.subs(k, 0)) == "w0^2"
    assert plain(ratio(WITH_MOMENTUM, MOMENTUM)) == "h*(2 + 2*beta - eta*h)/(2 - eta*h)"


def test_expressions_are_typeset_with_the_letters_of_the_texts():
    assert typeset(symbol("eta0") * symbol("w0") ** 2) == r"\eta_0 w_0^{2}"
    assert mathml(h / 2) == "<math><mrow><mfrac><mi>h</mi><mn>2</mn></mfrac></mrow></math>"


@pytest.mark.parametrize(
    "expression",
    [sp.Integer(3), -h, 1 / (eta * h - 2) + 0 * h, sp.Piecewise((h, h > 1), (1, True))],
)
def test_tidying_changes_the_writing_and_not_the_value(expression):
    point = {h: sp.Rational(1, 3), eta: sp.Rational(1, 7)}
    assert tidy(expression).subs(point) == expression.subs(point)
