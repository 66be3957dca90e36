"""The simulation agrees with exact theory: every method, law, schedule and start."""

import numpy as np
import pytest

import nqmbench as nq
from nqmbench.consistency import contradictions
from nqmbench.methods import Method
from nqmbench.verdicts import critical_value

ROUNDING = 1e-12
COLUMNS = ["step", "observable", "mean", "variance", "mean_se", "variance_se", "trials"]
ALL = ["error", "loss", "w[i]", "w2[i]", "w3[i]"]
TRIALS = 2**17

TWO = nq.NoisyQuadratic([1.0, 0.25])
PLAIN = nq.Experiment(TWO, nq.sgd(0.1), steps=20, checkpoints=[0, 3, 20], observables=ALL)

needs_compiler = pytest.mark.needs_compiler


def shrunk(lr, shrink):
    """A method of a user: weight decay."""

    def step(state, gradient, eta, shrink):
        w = state["w"]
        return {"w": w - eta * (gradient(w) + shrink * w)}

    return Method("weight decay", step, {"lr": lr, "shrink": shrink}, {"w": 1.0})


# Every method, law, schedule, kind of start and composition appears. The columns: method at a step
# size, law, batch, what else the problem has.
TABLE = {
    "sgd": (nq.sgd, "gaussian", 1, {}),
    "sgd, many": (nq.sgd, "gaussian", 7, {"sigma": [0.3, 2.0], "w0": [3.0, -1.0]}),
    "sgd, uniform": (nq.sgd, "uniform", 2, {"w0": 0.0}),
    "sgd, rademacher": (nq.sgd, "rademacher", 3, {}),
    "sgd, laplace": (nq.sgd, "laplace", 2, {"w0_std": 1.0}),
    "sgd, exponential": (nq.sgd, "exponential", 2, {"w0": -1.0}),
    "sgd, student": (nq.sgd, ("student", 20.0), 1, {}),
    "sgd, intermittent": (nq.sgd, "intermittent", 1, {"w0_std": [0.0, 1.0]}),
    "sgd, start": (nq.sgd, "gaussian", 1, {"w0_std": [2.0, 0.5], "optimum": [1.0, -2.0]}),
    "start alone": (nq.sgd, "gaussian", 1, {"sigma": 0.0, "w0_std": 2.0, "w0": 0.5}),
    "linear": (lambda lr: nq.sgd(nq.linear(2 * lr, 64)), "gaussian", 1, {}),
    "cosine": (lambda lr: nq.sgd(nq.cosine(2 * lr, 64)), "exponential", 1, {}),
    "warm-up": (lambda lr: nq.sgd(nq.warmup_cosine(2 * lr, 5, 64)), "gaussian", 2, {}),
    "inverse time": (lambda lr: nq.sgd(nq.inverse_time(2 * lr, 9)), "gaussian", 1, {}),
    "inverse root": (lambda lr: nq.sgd(nq.inverse_sqrt(4 * lr)), "gaussian", 1, {}),
    "exponential": (lambda lr: nq.sgd(nq.exponential(2 * lr, 0.98)), "gaussian", 1, {}),
    "step decay": (lambda lr: nq.sgd(nq.step_decay(2 * lr, 0.5, 20)), "gaussian", 1, {}),
    "ramp": (nq.sgd, "gaussian", nq.schedule(range(1, 65)), {}),
    "ramp, laplace": (nq.sgd, "laplace", nq.schedule([1] * 30 + [4] * 34), {}),
    "ramp, intermittent": (
        lambda lr: nq.averaged(nq.heavy_ball(nq.cosine(2 * lr, 64), 0.5), 0.5), "intermittent",
        nq.schedule([1] * 30 + [3] * 34), {"optimum": [1.0, -2.0]}),
    "heavy ball": (lambda lr: nq.heavy_ball(lr, 0.9), "gaussian", 1, {}),
    "heavy ball, step": (
        lambda lr: nq.heavy_ball(nq.linear(lr, 80), 0.8, velocity="step"), "uniform", 1, {}),
    "heavy ball, beta_t": (
        lambda lr: nq.heavy_ball(lr, nq.schedule(np.linspace(0, 0.9, 64))), "gaussian", 1, {}),
    "nesterov": (lambda lr: nq.nesterov(lr, 0.9), "rademacher", 1, {"optimum": 3.0}),
    "nesterov, pytorch": (
        lambda lr: nq.nesterov(lr, 0.8, form="pytorch"), "laplace", 4, {"w0_std": 0.5}),
    "averaged": (lambda lr: nq.averaged(nq.sgd(lr), 0.9), "gaussian", 1, {}),
    "averaged, all alike": (
        lambda lr: nq.averaged(nq.sgd(lr), nq.uniform_average()), "exponential", 1, {}),
    "averaged twice": (
        lambda lr: nq.averaged(nq.averaged(nq.sgd(lr), 0.5), 0.9), "gaussian", 1, {}),
    "preconditioned": (lambda lr: nq.preconditioned(nq.sgd(lr), 1.0), "gaussian", 1, {}),
    "everything": (
        lambda lr: nq.averaged(
            nq.preconditioned(nq.heavy_ball(nq.cosine(2 * lr, 64), 0.9), 0.5), 0.9),
        "exponential", nq.schedule([1, 2] * 32), {"w0_std": 1.0, "optimum": [1.0, 0.0]}),
    "averaged nesterov": (
        lambda lr: nq.averaged(nq.preconditioned(nq.nesterov(lr, 0.9), 0.25), 0.8),
        ("student", 20.0), 1, {}),
    "a user's own": (lambda lr: shrunk(lr, 0.1), "gaussian", 1, {}),
}  # fmt: skip
CHECKPOINTS = [0, 1, 5, 30, 64]
QUANTITIES = len(TABLE) * 2 * len(CHECKPOINTS) * 8  # mean and variance of 8 observables
LEVEL = 1e-4  # the false-alarm rate of the whole table, in each precision
Z = critical_value(QUANTITIES, alpha=LEVEL, looks=1)


def row(name, lr=0.1):
    method, law, batch, more = TABLE[name]
    problem = nq.NoisyQuadratic([1.0, 0.25], noise=law, **more)
    return nq.Experiment(
        problem, method(lr), batch=batch, steps=64, checkpoints=CHECKPOINTS, observables=ALL
    )


@needs_compiler
@pytest.mark.parametrize("name", TABLE)
def test_the_simulation_agrees_with_exact_theory_and_not_with_another_step_size(name):
    e = row(name)
    moments = nq.simulate(e, trials=TRIALS, seed=11).moments
    assert contradictions(e, moments, nq.exact(e), Z, "mixed") == []
    other = nq.exact(row(name, lr=0.105))  # the negative control: 5 % off
    assert contradictions(e, moments, other, Z, "mixed") != []


@needs_compiler
@pytest.mark.parametrize("precision", ["f32", "f64"])
@pytest.mark.parametrize("name", ["sgd", "heavy ball", "linear", "averaged", "everything"])
def test_the_other_precisions_agree_with_exact_theory(name, precision):
    e = row(name)
    moments = nq.simulate(e, trials=TRIALS, seed=12, precision=precision).moments
    assert contradictions(e, moments, nq.exact(e), Z, precision) == []


@needs_compiler
def test_the_precisions_differ_by_rounding_only():
    mixed, single = (
        nq.simulate(PLAIN, trials=4096, seed=2, precision=p).moments for p in ("mixed", "f32")
    )
    assert single.mean == pytest.approx(mixed.mean, rel=1e-4, abs=1e-6)
    assert (single.mean[2] != mixed.mean[2]).any()
    # Noise of 64 bits is other noise: another sample, of the same law.  Sixteen comparisons at 5
    # standard errors: false alarm 1e-5.
    double = nq.simulate(PLAIN, trials=4096, seed=2, precision="f64").moments
    a, b = mixed.mean_estimate(), double.mean_estimate()
    assert (a.value[1:] != b.value[1:]).all()
    assert (np.abs(a.value - b.value) <= 5 * np.hypot(a.error, b.error)).all()


@needs_compiler
def test_the_standard_errors_are_those_of_exact_theory():
    # Over 2^17 trials a standard error itself is known to a per cent or so.
    e = row("sgd")
    table, exact = nq.simulate(e, TRIALS, seed=4).to_frame(), nq.exact(e).to_frame()
    noisy = table["step"] > 0
    expected = np.sqrt(exact["variance"][noisy] / TRIALS)
    assert table["mean_se"][noisy].to_numpy() == pytest.approx(expected.to_numpy(), rel=0.05)
    gaussian = noisy & table["observable"].isin(["w[0]", "w[1]"])
    expected = exact["variance"][gaussian] * np.sqrt(2 / TRIALS)
    assert table["variance_se"][gaussian].to_numpy() == pytest.approx(expected.to_numpy(), rel=0.05)


@needs_compiler
def test_float32_states_have_no_bias_over_1e5_small_steps():
    # h = 1e-4, eta = 0.1, 1e5 steps.  In float32 the form w = a w + c z is off by ten standard
    # errors, -1.2e-3 of w and -2.4e-3 of its square, since a = 1 - 1e-5 is no float32.
    # States that are added to, w += c (z - w), have no such bias.
    # Two comparisons at 5 standard errors: false alarm 1.2e-6.
    h, eta, steps = 1e-4, 0.1, 100_000
    e = nq.Experiment(
        nq.NoisyQuadratic(h), nq.sgd(eta), steps=steps, checkpoints=[steps],
        observables=["w[i]", "w2[i]"],
    )  # fmt: skip
    exact = nq.exact(e).mean
    found = nq.simulate(e, trials=4096, seed=3, precision="f32").moments.mean_estimate()
    assert (found.error < 1e-3 * exact).all()
    assert (np.abs(found.value - exact) < 5 * found.error).all()

    multiplied, a, c = np.ones(2048, dtype=np.float32), np.float32(1 - eta * h), np.float32(eta * h)
    rng = np.random.default_rng(3)
    for _ in range(steps):
        multiplied = a * multiplied + c * rng.standard_normal(2048, dtype=np.float32)
    w = multiplied.astype(float)
    sample = np.stack([w, w**2])
    errors = sample.std(axis=1) / np.sqrt(w.size)
    assert (np.abs(sample.mean(axis=1) - exact[0]) > 7 * errors).all()
