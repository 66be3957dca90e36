"""The open loop, its sequential form, and the steps that are refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from method_table import METHODS, WRAPPERS, wrapped

import nqmbench as nq
from nqmbench.errors import InvalidArguments
from nqmbench.recursion import Sequential, open_loop, sequential
from nqmbench.theory import exact

ROUNDING = 1e-12  # relative


def replay(form: Sequential, z: np.ndarray, t: int, lam: float, noise: float) -> np.ndarray:
    """One step as the program of the sequential form runs it, row after row."""
    row = t if len(form.c) > 1 else 0
    g = lam * (form.c[row] @ z - noise)
    old, z = z.copy(), z.copy()
    for r in range(len(z)):
        z[r] += form.D[row, r] @ old + form.L[row, r, :r] @ z[:r] + form.e[row, r] * g
    return z


def assert_replay_equals_step(method: nq.Method, steps: int, lam: float, seed: int) -> None:
    loop = open_loop(method, steps)
    form = sequential(loop)
    rng = np.random.default_rng(seed)
    at = [loop.states.index(name) for name in form.order]
    assert form.starts.tolist() == loop.starts[at].tolist()
    assert form.order[form.readout] == loop.states[loop.readout]
    assert not np.triu(form.L).any()
    for t in range(steps):
        z, noise = rng.normal(size=loop.n), rng.normal()
        A, q = loop.closed(np.array([lam]), t)
        expected = A[0] @ z + q[0] * noise
        size = np.abs(A[0]) @ np.abs(z) + np.abs(q[0] * noise) + np.abs(z)
        assert np.all(
            np.abs(replay(form, z[at], t, lam, noise) - expected[at]) <= ROUNDING * size[at]
        )


@given(
    lr=st.floats(1e-3, 1.0), beta=st.floats(0.0, 0.99), gamma=st.floats(0.0, 0.999),
    lam=st.floats(0.01, 2.0), seed=st.integers(0, 2**32 - 1), changing=st.booleans(),
)  # fmt: skip
@settings(derandomize=True, max_examples=8, deadline=None)
@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("name", METHODS)
def test_the_sequential_form_replays_the_step(name, wrapper, lr, beta, gamma, lam, seed, changing):
    steps = 5
    if changing:
        lr, beta, gamma = (nq.exponential(x, 0.8) if x else x for x in (lr, beta, gamma))
    power, decay = WRAPPERS[wrapper]
    method = wrapped(METHODS[name].build(lr, beta), power, None if decay is None else gamma)
    assert_replay_equals_step(method, steps, lam, seed)


@pytest.mark.parametrize("name", METHODS)
def test_the_sequential_form_replays_the_step_of_nested_averages(name):
    method = nq.averaged(nq.averaged(METHODS[name].build(0.1, 0.9), 0.99), nq.uniform_average())
    assert_replay_equals_step(method, 4, 0.3, seed=1)


@pytest.mark.parametrize("lr", [1e-14, 1e-9, 1e9])
@pytest.mark.parametrize("name", METHODS)
def test_tiny_step_sizes_survive_the_search_for_cancelled_terms(name, lr):
    """Terms below 1e-12 were once dropped; with curvature 1e14 they are the whole update."""
    method = nq.averaged(METHODS[name].build(lr, 0.9), 0.5)
    assert_replay_equals_step(method, 1, lam=0.3 / lr, seed=2)


@pytest.mark.parametrize(
    ("method", "order", "terms"),
    [
        (nq.sgd(0.1), ("w",), 2),
        (nq.heavy_ball(0.1, 0.9), ("v", "w"), 4),
        (nq.heavy_ball(0.1, 0.9, "step"), ("v", "w"), 4),
        (nq.nesterov(0.1, 0.9), ("v", "w"), 5),
        (nq.averaged(nq.heavy_ball(0.1, 0.9), 0.99), ("v", "w", "m"), 6),
    ],
)
def test_the_sequential_form_finds_the_textbook_program(method, order, terms):
    form = sequential(open_loop(method, 1))
    assert form.order == order
    assert form.terms == terms


def test_the_open_loop_of_the_look_ahead_form_reads_as_in_the_book():
    loop = open_loop(nq.nesterov(lr=0.25, momentum=0.5), 1)
    assert loop.states == ("w", "v")
    assert loop.F.tolist() == [[[1.0, -0.5], [0.0, 0.5]]]
    assert loop.b.tolist() == [[-0.25, 0.25]]
    assert loop.c.tolist() == [[1.0, -0.5]]
    assert loop.translation_invariant
    assert loop.constant


@pytest.mark.parametrize("name", METHODS)
def test_every_method_may_rest_anywhere(name):
    assert open_loop(nq.averaged(METHODS[name].build(0.1, 0.9), 0.9), 1).translation_invariant


# ---- steps that are not linear ---------------------------------------------------------


def sign_sgd(state, gradient, eta):
    return {"w": state["w"] - eta * np.sign(gradient(state["w"]))}


def clipped(state, gradient, eta):
    return {"w": state["w"] - eta * np.clip(gradient(state["w"]), -1, 1)}


def widely_clipped(state, gradient, eta):
    return {"w": state["w"] - eta * np.clip(gradient(state["w"]), -200, 200)}


def normalised(state, gradient, eta):
    g = gradient(state["w"])
    return {"w": state["w"] - eta * g / abs(g)}


def offset(state, gradient, eta):
    return {"w": state["w"] - eta * gradient(state["w"]) + 1e-6}


def offset_point(state, gradient, eta):
    return {"w": state["w"] - eta * gradient(state["w"] + 1e-6)}


def quadratic(state, gradient, eta):
    return {"w": state["w"] - eta * gradient(state["w"]) + 1e-6 * state["w"] ** 2}


def curved_point(state, gradient, eta):
    return {"w": state["w"] - eta * gradient(abs(state["w"]))}


def product_with_gradient(state, gradient, eta):
    return {"w": state["w"] * (1 - eta * gradient(state["w"]))}


@pytest.mark.parametrize(
    "step",
    [sign_sgd, clipped, widely_clipped, normalised, offset, offset_point, quadratic, curved_point,
     product_with_gradient],
)  # fmt: skip
def test_a_step_that_is_not_linear_is_refused(step):
    method = nq.Method("mine", step, {"lr": 0.1})
    experiment = nq.Experiment(nq.NoisyQuadratic(1.0), method)
    with pytest.raises(InvalidArguments, match="mine: the step is not linear in the state and"):
        exact(experiment)


def test_a_schedule_inside_a_step_that_is_nonlinear_at_one_step_only_is_refused():
    def step(state, gradient, eta):
        g = gradient(state["w"])
        return {"w": state["w"] - eta * np.where(eta < 0.05, np.sign(g), g)}

    with pytest.raises(InvalidArguments, match="not linear"):
        open_loop(nq.Method("mine", step, {"lr": [0.1, 0.1, 0.01]}), 3)


def never(state, gradient, eta):
    return {"w": 0.5 * state["w"]}


def twice(state, gradient, eta):
    return {"w": state["w"] - eta * (gradient(state["w"]) + gradient(state["w"]))}


def other_states(state, gradient, eta):
    return {"w": state["w"] - eta * gradient(state["w"]), "v": 0.0}


def no_mapping(state, gradient, eta):
    return state["w"] - eta * gradient(state["w"])


def raising(state, gradient, eta):
    g = gradient(state["w"])
    if np.array([g, g]):
        g = 1.0
    return {"w": state["w"] - eta * g}


def unknown_argument(state, gradient, eta, beta):
    return {"w": state["w"] - eta * gradient(state["w"])}


@pytest.mark.parametrize(
    ("step", "parameters", "message"),
    [
        (never, {}, "called the gradient 0 times; it must do so once"),
        (twice, {}, "called the gradient 2 times; it must do so once"),
        (other_states, {}, r"returned the states \['v', 'w'\]; the method declares \['w'\]"),
        (no_mapping, {}, r"returned no mapping but ndarray; the method declares \['w'\]"),
        (raising, {}, "the step raised ValueError: .* uses arithmetic only, no `if`"),
        (
            unknown_argument,
            {"momentum": 0.5},
            r"raised TypeError.*step\(state, gradient, eta, momentum\)",
        ),
    ],
)
def test_a_step_that_breaks_the_contract_is_refused_with_the_reason(step, parameters, message):
    with pytest.raises(InvalidArguments, match=f"mine: .*{message}"):
        open_loop(nq.Method("mine", step, {"lr": 0.1, **parameters}), 1)


def test_states_may_come_back_in_any_order_and_as_plain_numbers():
    def step(state, gradient, eta):
        return {"v": 0.0, "w": state["w"] - eta * gradient(state["w"])}

    loop = open_loop(nq.Method("mine", step, {"lr": 0.5}, {"w": 1.0, "v": 0.0}), 1)
    assert loop.states == ("w", "v")
    assert loop.F.tolist() == [[[1.0, 0.0], [0.0, 0.0]]]


def test_a_step_may_work_in_place():
    def step(state, gradient, eta, momentum):
        v = state["v"]
        v *= momentum
        v += gradient(state["w"])
        return {"w": state["w"] - eta * v, "v": v}

    method = nq.Method("mine", step, {"lr": 0.5, "momentum": 0.9}, {"w": 1.0, "v": 0.0})
    found, wanted = open_loop(method, 1), open_loop(nq.heavy_ball(0.5, 0.9), 1)
    assert found.F.tolist() == wanted.F.tolist()
    assert found.b.tolist() == wanted.b.tolist()


def test_a_schedule_gives_the_same_in_any_pieces(monkeypatch):
    method = nq.averaged(nq.nesterov(nq.cosine(0.1, 50), 0.9), nq.uniform_average())
    wanted = open_loop(method, 50)
    monkeypatch.setattr("nqmbench.recursion.AT_ONCE", 7)
    found = open_loop(method, 50)
    for name in ("F", "b", "c"):
        assert np.array_equal(getattr(found, name), getattr(wanted, name))


def test_each_step_of_a_schedule_has_the_loop_of_its_own_parameters():
    method = nq.averaged(nq.nesterov(nq.cosine(0.1, 50), 0.9), 0.99)
    loop, lr = open_loop(method, 50), nq.cosine(0.1, 50).values(50)
    for t in (0, 1, 49):
        alone = open_loop(nq.averaged(nq.nesterov(lr[t], 0.9), 0.99), 1)
        for mine, its in zip(loop.at(t), alone.at(0), strict=True):
            assert np.array_equal(mine, its)


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_textbook_steps_of_any_size_pass_the_check(scale):
    for entry in METHODS.values():
        assert np.isfinite(open_loop(entry.build(scale, 0.99), 1).F).all()


def test_the_open_loop_of_a_schedule_has_one_row_per_step():
    loop = open_loop(nq.sgd(nq.linear(0.5, 4)), 4)
    assert loop.b.shape == (4, 1)
    assert loop.at(2)[1].tolist() == [-0.25]
    assert not loop.constant
    assert math.isclose(loop.closed(np.array([2.0]), 2)[0][0, 0, 0], 0.5)
