"""Every method and every wrapper against the textbook, contract by contract."""

from __future__ import annotations

import numpy as np
import pytest
import textbook
from hypothesis import given, settings
from hypothesis import strategies as st
from method_table import METHODS, WRAPPERS, wrapped

import nqmbench as nq
from nqmbench.errors import InvalidArguments
from nqmbench.theory import exact, steady_state

ROUNDING = 1e-12  # relative

every_method = pytest.mark.parametrize("name", METHODS)
every_wrapper = pytest.mark.parametrize("wrapper", WRAPPERS)


def replayed(experiment: nq.Experiment, noise: np.ndarray) -> list[float]:
    """The read-outs of one coordinate when the open loop is fed with the given noise."""
    loop, lam = experiment.open_loop, experiment.curvature
    z = loop.starts * (experiment.problem.w0[0] - experiment.problem.optimum[0])
    answers = [z[loop.readout]]
    for t, x in enumerate(noise):
        A, q = loop.closed(lam, t)
        z = A[0] @ z + q[0] * x
        answers.append(z[loop.readout])
    return answers


@every_wrapper
@every_method
@given(
    lr=st.floats(0.01, 1.0), beta=st.floats(0.0, 0.99), gamma=st.floats(0.0, 0.99),
    h=st.floats(0.1, 1.5), seed=st.integers(0, 2**32 - 1), changing=st.booleans(),
)  # fmt: skip
@settings(derandomize=True, max_examples=10, deadline=None)
def test_the_open_loop_steps_as_the_textbook_does(
    name, wrapper, lr, beta, gamma, h, seed, changing
):
    power, decay = WRAPPERS[wrapper]
    rng, steps = np.random.default_rng(seed), 12
    noise = rng.normal(size=steps)
    eta, betas, gammas = [lr] * steps, [beta] * steps, [gamma] * steps
    if changing:
        eta, betas, gammas = (
            (np.array(x) * rng.uniform(0.5, 1.0, steps)).tolist() for x in (eta, betas, gammas)
        )
    rates = (eta, betas, gammas) if changing else (lr, beta, gamma)
    method = METHODS[name].build(*rates[:2])
    method = wrapped(method, power, None if decay is None else rates[2])
    experiment = nq.Experiment(nq.NoisyQuadratic(h, w0=1.5), method, steps=steps)
    truth = textbook.trajectory(
        METHODS[name].rule, 1.5, noise.tolist(), h ** (1 - (power or 0)), eta, betas,
        None if decay is None else gammas,
    )  # fmt: skip
    np.testing.assert_allclose(
        replayed(experiment, noise), truth, rtol=0, atol=ROUNDING * np.abs(truth).max()
    )


@every_method
def test_the_order_of_wrapping_does_not_matter(name):
    build = METHODS[name].build
    problem = nq.NoisyQuadratic([1.0, 0.1], noise="exponential")
    inside = nq.averaged(nq.preconditioned(build(0.1, 0.9), 0.5), 0.99)
    outside = nq.preconditioned(nq.averaged(build(0.1, 0.9), 0.99), 0.5)
    one, other = (nq.Experiment(problem, m, 2, 100) for m in (inside, outside))
    assert inside.label == outside.label
    assert inside.symbols == outside.symbols
    assert one.key == other.key
    assert exact(one).mean.tolist() == exact(other).mean.tolist()
    assert exact(one).variance.tolist() == exact(other).variance.tolist()


@every_method
def test_powers_of_nested_preconditioners_add_up(name):
    problem = nq.NoisyQuadratic([1.0, 0.1])
    method = METHODS[name].build(0.1, 0.9)
    twice = nq.preconditioned(nq.preconditioned(method, 0.25), 0.5)
    once = nq.preconditioned(method, 0.75)
    assert nq.Experiment(problem, twice).key == nq.Experiment(problem, once).key


@every_method
def test_the_full_preconditioner_makes_all_coordinates_alike(name):
    problem = nq.NoisyQuadratic([1.0, 0.25, 16.0])
    method = nq.preconditioned(METHODS[name].build(0.1, 0.9), 1)
    mean = exact(nq.Experiment(problem, method, observables=["w2[i]"])).mean
    np.testing.assert_allclose(mean[:, 1:], mean[:, :1].repeat(2, axis=1), rtol=ROUNDING)


@every_method
def test_averages_nest_and_keep_their_own_decays(name):
    method = nq.averaged(nq.averaged(METHODS[name].build(0.1, 0.5), 0.9), 0.5)
    assert method.title.startswith("averaged averaged ")
    assert method.symbols["gamma"] == 0.9
    assert method.symbols["gamma2"] == 0.5
    noise = np.random.default_rng(5).normal(size=30)
    experiment = nq.Experiment(nq.NoisyQuadratic(0.7), method, steps=30)
    args = ([0.1] * 30, [0.5] * 30, [0.9] * 30)
    inner = textbook.trajectory(METHODS[name].rule, 1.0, noise.tolist(), 0.7, *args)
    truth, m = [1.0], 1.0
    for value in inner[1:]:
        m = 0.5 * m + 0.5 * value
        truth.append(m)
    np.testing.assert_allclose(replayed(experiment, noise), truth, rtol=0, atol=ROUNDING)


def test_the_two_velocities_agree_for_a_constant_step_size_and_differ_under_a_schedule():
    problem = nq.NoisyQuadratic(1.0)

    def final_variance(lr, velocity):
        method = nq.heavy_ball(lr, 0.9, velocity=velocity)
        return exact(nq.Experiment(problem, method, 1, 100, [100], ["w[0]"])).variance[0, 0]

    assert final_variance(0.1, "gradient") == pytest.approx(final_variance(0.1, "step"), rel=1e-12)
    # Catalogue, T2-45: variance .05985 in the first text's form and .13877 in the second's.
    assert round(final_variance(nq.cosine(0.1, 100), "gradient"), 5) == 0.05985
    assert round(final_variance(nq.cosine(0.1, 100), "step"), 5) == 0.13877


def test_the_iterate_of_pytorch_is_the_look_ahead_point_of_nesterov():
    noise = np.random.default_rng(6).normal(size=25).tolist()
    eta, beta = [0.2] * 25, [0.8] * 25
    ours = nq.Experiment(nq.NoisyQuadratic(0.6), nq.nesterov(0.2, 0.8, form="pytorch"), steps=25)
    w, v, ahead = 1.0, 0.0, [1.0]
    for x in noise:
        v = 0.8 * v + 0.2 * 0.6 * (w - 0.8 * v - x)
        w = w - v
        ahead.append(w - 0.8 * v)
    assert textbook.trajectory("Nesterov, PyTorch", 1.0, noise, 0.6, eta, beta) == pytest.approx(
        ahead
    )
    np.testing.assert_allclose(replayed(ours, np.array(noise)), ahead, rtol=0, atol=ROUNDING)


# ---- methods of the user's own ---------------------------------------------------------


def quasi_hyperbolic_step(state, gradient, eta, momentum, nu):
    g = gradient(state["w"])
    buffer = momentum * state["m"] + (1 - momentum) * g
    return {"w": state["w"] - eta * ((1 - nu) * g + nu * buffer), "m": buffer}


def quasi_hyperbolic(lr, momentum, nu):
    parameters = {"lr": lr, "momentum": momentum, "nu": nu}
    return nq.Method("QHM", quasi_hyperbolic_step, parameters, {"w": 1.0, "m": 0.0})


@given(share=st.floats(0.02, 0.95), beta=st.floats(0.0, 0.9), nu=st.floats(0.0, 1.0))
@settings(derandomize=True, max_examples=30, deadline=None)
def test_a_method_of_the_users_own_has_its_published_steady_state(share, beta, nu):
    h, sigma = 0.4, 1.5
    limit = nq.stability_limit(quasi_hyperbolic(0.1, beta, nu))
    lr = share * limit / h
    problem = nq.NoisyQuadratic(h, sigma)
    experiment = nq.Experiment(problem, quasi_hyperbolic(lr, beta, nu), 1, 200_000, [200_000])
    variance = sigma**2 * textbook.steady_quasi_hyperbolic(lr * h, beta, nu)
    tolerance = 10 * ROUNDING / (1 - share)
    assert steady_state(experiment).mean[0, 0] == pytest.approx(variance, rel=tolerance)
    assert exact(experiment).mean[0, 0] == pytest.approx(variance, rel=tolerance)


def test_quasi_hyperbolic_momentum_with_nu_zero_is_sgd():
    problem = nq.NoisyQuadratic([1.0, 0.2], noise="exponential")
    one, other = (
        exact(nq.Experiment(problem, m, 3, 200))
        for m in (quasi_hyperbolic(0.3, 0.9, 0.0), nq.sgd(0.3))
    )
    np.testing.assert_allclose(one.variance, other.variance, rtol=ROUNDING)


def test_averaging_does_not_overwrite_a_state_that_is_called_m_already():
    method = nq.averaged(quasi_hyperbolic(0.1, 0.9, 0.7), 0.95)
    assert list(method.starts) == ["w", "m", "m2"]
    plain = quasi_hyperbolic(0.1, 0.9, 0.7)
    noise = np.random.default_rng(8).normal(size=20)
    problem = nq.NoisyQuadratic(0.5)
    inner = replayed(nq.Experiment(problem, plain, steps=20), noise)
    truth, m = [1.0], 1.0
    for value in inner[1:]:
        m = 0.95 * m + 0.05 * value
        truth.append(m)
    found = replayed(nq.Experiment(problem, method, steps=20), noise)
    np.testing.assert_allclose(found, truth, rtol=0, atol=ROUNDING)
    assert method.title == "averaged QHM"


def test_a_parameter_whose_name_begins_with_decay_is_not_an_average():
    def step(state, gradient, eta, decay_rate):
        return {"w": state["w"] - eta * (gradient(state["w"]) + decay_rate * state["w"])}

    method = nq.Method("weight decay", step, {"lr": 0.1, "decay_rate": 0.5}, {"w": 1.0})
    assert method.label == "weight decay(lr=0.1, decay_rate=0.5)"
    assert nq.averaged(method, 0.5).title == "averaged weight decay"


def weight_decay_step(state, gradient, eta, delta):
    return {"w": state["w"] - eta * (gradient(state["w"]) + delta * state["w"])}


def weight_decay(lr, delta):
    return nq.Method("weight decay", weight_decay_step, {"lr": lr, "delta": delta})


def test_weight_decay_has_its_steady_variance():
    h, delta, eta = 0.5, 0.25, 0.3
    variance = eta * h**2 / ((h + delta) * (2 - eta * (h + delta)))
    experiment = nq.Experiment(nq.NoisyQuadratic(h), weight_decay(eta, delta))
    assert steady_state(experiment).mean[0, 0] == pytest.approx(variance, rel=ROUNDING)


def test_weight_decay_refuses_an_optimum_away_from_zero_and_says_what_to_do():
    with pytest.raises(InvalidArguments) as caught:
        nq.Experiment(nq.NoisyQuadratic([1.0, 0.5], optimum=2.0), weight_decay(0.1, 0.1))
    message = str(caught.value)
    for part in ("problem.optimum: got [2.0, 2.0]", "allowed: 0 with weight decay", "shift w0"):
        assert part in message


# ---- labels and symbols ----------------------------------------------------------------


@every_wrapper
@every_method
def test_labels_are_one_short_line(name, wrapper):
    method = wrapped(METHODS[name].build(0.1234567, 0.9), *WRAPPERS[wrapper])
    assert "\n" not in method.label
    assert len(method.label) < 100
    assert method.title in method.label


def test_labels_and_symbols_of_schedules_show_their_numbers():
    method = nq.averaged(nq.heavy_ball(nq.cosine(0.1, 50), nq.linear(0.5, 60)), 0.9)
    assert method.label == (
        "averaged heavy ball(lr=cosine(0.1, 50), momentum=linear(0.5, 60), decay=0.9)"
    )
    assert method.symbols == {
        "eta0": 0.1, "T": 50, "beta0": 0.5, "beta_T": 60, "gamma": 0.9, "p": 0.0,
    }  # fmt: skip
    assert not method.constant
    assert nq.preconditioned(method, 0.5).label.endswith(", power=0.5)")


def test_values_are_one_long_when_constant_and_as_long_as_the_run_with_a_schedule():
    constant = nq.heavy_ball(0.1, 0.9).values(7)
    assert {name: v.shape for name, v in constant.items()} == {"lr": (1,), "momentum": (1,)}
    changing = nq.heavy_ball(nq.inverse_sqrt(0.1), 0.9).values(7)
    assert {name: v.shape for name, v in changing.items()} == {"lr": (7,), "momentum": (7,)}


# ---- nesting and names ---


def test_averages_nest_as_deep_as_wanted():
    method = METHODS["sgd"].build(0.1, 0.9)
    for _ in range(11):
        method = nq.averaged(method, 0.5)
    assert method.averages == 11
    assert method.symbols["gamma11"] == 0.5
    e = nq.Experiment(nq.NoisyQuadratic(1.0, sigma=0.0), method, steps=1, observables=["w[0]"])
    # one step moves w to 0.9; each average then halves the distance that is left
    assert exact(e).mean[-1, 0] == pytest.approx(1 - 0.1 * 0.5**11, rel=1e-14)


@pytest.mark.parametrize("name", ["k", "h", "B", "sigma", "experiment"])
def test_a_parameter_may_not_hide_a_symbol_of_the_problem(name):
    with pytest.raises(InvalidArguments, match=f"parameters: got '{name}'; allowed: names other"):
        nq.Method("mine", lambda state, gradient, eta: state, {"lr": 0.1, name: 0.5})
