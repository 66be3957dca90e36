"""The public face of the simulation, and its agreement with exact theory."""

import numpy as np
import pytest

import nqmbench as nq
from nqmbench.consistency import contradictions
from nqmbench.errors import InvalidArguments
from nqmbench.methods import Method
from nqmbench.simulation import PRECISIONS, Conditions, run_increment, run_noiseless
from nqmbench.verdicts import critical_value

ROUNDING = 1e-12
COLUMNS = ["step", "observable", "mean", "variance", "mean_se", "variance_se", "trials"]
ALL = ["error", "loss", "w[i]", "w2[i]", "w3[i]"]
TRIALS = 2**17

TWO = nq.NoisyQuadratic([1.0, 0.25])
PLAIN = nq.Experiment(TWO, nq.sgd(0.1), steps=20, checkpoints=[0, 3, 20], observables=ALL)

needs_compiler = pytest.mark.needs_compiler


# -- noiseless experiments need no compiler --------------------------------------------------------


def textbook(method, h, w0, steps):
    """The read-out after each step, by the textbook update itself."""
    state = {name: start * np.array(w0) for name, start in method.starts.items()}
    curve = [state[method.readout]]
    for t in range(steps):
        now = {n: p.values(steps)[t] if isinstance(p, nq.Schedule) else p
               for n, p in method.parameters.items()}  # fmt: skip
        eta = now.pop("lr")
        state = method.step(state, lambda w: np.array(h) ** (1 - method.power) * w, eta, **now)
        curve.append(state[method.readout])
    return np.array(curve)


@pytest.mark.parametrize(
    "method",
    [
        nq.sgd(0.3),
        nq.heavy_ball(0.1, 0.9, velocity="step"),
        nq.averaged(nq.nesterov(nq.cosine(0.2, 40), 0.9), nq.uniform_average()),
        nq.preconditioned(nq.heavy_ball(0.1, nq.schedule([0.1, 0.5, 0.9] * 20)), 0.5),
    ],
)
def test_without_noise_one_textbook_trajectory_says_everything(method):
    h, w0, optimum = [1.0, 0.25], [2.0, -1.0], [0.5, 0.5]
    problem = nq.NoisyQuadratic(h, sigma=0.0, w0=w0, optimum=optimum)
    e = nq.Experiment(problem, method, steps=30, checkpoints=[0, 1, 7, 30], observables=ALL)
    table = nq.simulate(e, trials=10**9).to_frame()
    w = textbook(method, h, np.array(w0) - optimum, 30)[[0, 1, 7, 30]]
    expected = np.column_stack([(w**2).sum(1), (np.array(h) / 2 * w**2).sum(1), w, w**2, w**3])
    assert table["mean"].to_numpy() == pytest.approx(expected.ravel(), rel=ROUNDING, abs=1e-15)
    assert (table["variance"] == 0).all()
    assert (table["mean_se"] == 0).all()
    assert (table["trials"] == 10**9).all()
    exact = nq.exact(e).to_frame()
    assert table["mean"].to_numpy() == pytest.approx(exact["mean"].to_numpy(), rel=1e-9, abs=1e-15)


def test_a_noiseless_run_that_diverges_is_infinite_and_silent():
    problem = nq.NoisyQuadratic(1.0, sigma=0.0)
    e = nq.Experiment(problem, nq.sgd(4.0), steps=3000, checkpoints=[1, 3000])
    values = run_noiseless(e)
    assert values[0, 0] == 9.0
    assert not np.isfinite(values[1, 0])


# -- the face --------------------------------------------------------------------------------------


@needs_compiler
def test_the_frame_has_a_row_for_each_step_and_observable_as_given():
    table = nq.simulate(PLAIN, trials=100).to_frame()
    assert list(table.columns) == COLUMNS
    names = ["error", "loss", "w[0]", "w[1]", "w2[0]", "w2[1]", "w3[0]", "w3[1]"]
    assert table["observable"].tolist() == names * 3
    assert table["step"].tolist() == [0] * 8 + [3] * 8 + [20] * 8
    exact = nq.exact(PLAIN).to_frame()
    assert table[["step", "observable"]].equals(exact[["step", "observable"]])


@needs_compiler
@pytest.mark.parametrize("trials", [1, 31, 32, 33, 1000, 1024, 1025, 5000])
def test_the_number_of_trials_is_exact(trials):
    whole = nq.simulate(PLAIN, trials=trials, seed=3)
    assert (whole.to_frame()["trials"] == trials).all()
    assert whole.moments.count == trials
    if trials < 5000:  # the last trajectory alone changes the mean: none is left out or added
        more = nq.simulate(PLAIN, trials=trials + 1, seed=3)
        assert (more.moments.mean[1:] != whole.moments.mean[1:]).all()


@needs_compiler
@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_bits_do_not_depend_on_the_number_of_threads(precision):
    runs = [
        nq.simulate(PLAIN, trials=20_001, seed=5, threads=t, precision=precision).moments
        for t in (1, 2, 3, 1000)
    ]
    for other in runs[1:]:
        assert other.mean.tobytes() == runs[0].mean.tobytes()
        assert other.central.tobytes() == runs[0].central.tobytes()


@needs_compiler
def test_the_seed_changes_every_number_and_repeats_them():
    a, b, again = (nq.simulate(PLAIN, trials=500, seed=s).moments.mean for s in (1, 2, 1))
    assert (a[1:] != b[1:]).all()
    assert (a[0] == b[0]).all()  # the start is fixed
    assert a.tobytes() == again.tobytes()
    for seed in (0, 2**64 - 1):
        assert np.isfinite(nq.simulate(PLAIN, trials=32, seed=seed).moments.mean).all()


@needs_compiler
def test_methods_observables_and_checkpoints_meet_the_same_noise():
    few = nq.Experiment(TWO, nq.sgd(0.1), steps=20, checkpoints=[20], observables=["w2[1]"])
    table = nq.simulate(PLAIN, trials=1000, seed=7).to_frame()
    row = table[(table["step"] == 20) & (table["observable"] == "w2[1]")]
    alone = nq.simulate(few, trials=1000, seed=7).to_frame()
    assert alone["mean"].tolist() == row["mean"].tolist()
    assert alone["variance"].tolist() == row["variance"].tolist()


@needs_compiler
def test_an_increment_continues_where_the_first_one_ended():
    whole = run_increment(PLAIN, 0, 4096, Conditions(1, 1, "mixed"))
    first, rest = (
        run_increment(PLAIN, at, n, Conditions(1, 1, "mixed"))
        for at, n in ((0, 1024), (1024, 3072))
    )
    joint = (1024 * first.mean + 3072 * rest.mean) / 4096
    assert joint == pytest.approx(whole.mean, rel=ROUNDING, abs=1e-15)


@needs_compiler
def test_progress_is_told_the_trajectories_done():
    told = []
    run_increment(PLAIN, 0, 100_000, Conditions(0, 1, "mixed"), progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 100_000


@needs_compiler
def test_the_start_is_what_was_given():
    problem = nq.NoisyQuadratic([1.0, 0.25], w0=[3.0, -1.0], optimum=[1.0, 1.0])
    e = nq.Experiment(problem, nq.sgd(0.1), steps=1, checkpoints=[0], observables=["w[i]", "error"])
    table = nq.simulate(e, trials=1000).to_frame()
    assert table["mean"].tolist() == [2.0, -2.0, 8.0]
    assert table["variance"].tolist() == [0.0, 0.0, 0.0]


# -- bad arguments ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        *[("trials", x) for x in (0, -1, 1.5, "many", None, True, float("nan"), 2**40 + 1)],
        *[("seed", x) for x in (-1, 2**64, 0.5, "zero", None, False, float("inf"))],
        *[("threads", x) for x in (0, -1, 1025, "abc", 1.5, True)],
        *[("precision", x) for x in ("double", "", None, 32)],
        *[("experiment", x) for x in (None, 5, "sgd", TWO)],
    ],
)
def test_a_wrong_argument_is_named_with_what_was_given_and_what_is_allowed(field, bad):
    arguments = {"experiment": PLAIN, "trials": 10, field: bad}
    with pytest.raises(InvalidArguments, match=rf"^simulate:\n  {field}: got .*; allowed: "):
        nq.simulate(**arguments)


def test_all_wrong_arguments_are_named_at_once():
    with pytest.raises(InvalidArguments) as caught:
        nq.simulate(PLAIN, trials=0, seed=-1, threads=0, precision="double")
    assert [line.split(":")[0].strip() for line in str(caught.value).splitlines()] == [
        "simulate", "trials", "seed", "precision", "threads",
    ]  # fmt: skip


WRONG = {"NQMBENCH_THREADS": "0 -1 1025 abc 1.5 two ", "NQMBENCH_KERNELS": "x fast,plain "}
ALLOWED = {"NQMBENCH_THREADS": "an integer in 1..1024", "NQMBENCH_KERNELS": "fast, plain"}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n in WRONG for v in WRONG[n].split(" ")])
def test_a_wrong_environment_variable_is_named(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    for simulate, what in ((nq.simulate, PLAIN), (nq.simulate_shared, [PLAIN])):
        with pytest.raises(InvalidArguments) as caught:
            simulate(what, trials=10)
        said = f"{simulate.__name__}:\n  {name}: got {value!r}; allowed: {ALLOWED[name]}, or unset"
        assert str(caught.value) == said


@needs_compiler
def test_the_argument_comes_before_the_environment_variable(monkeypatch):
    monkeypatch.setenv("NQMBENCH_THREADS", "abc")
    nq.simulate(PLAIN, trials=10, threads=1)
    monkeypatch.setenv("NQMBENCH_THREADS", "2")
    nq.simulate(PLAIN, trials=10)


# -- agreement with exact theory -------------------------------------------------------------------


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


@pytest.mark.needs_compiler
def test_a_number_does_not_depend_on_what_else_is_observed_and_when():
    problem, method = nq.NoisyQuadratic([1.0, 0.1]), nq.heavy_ball(0.1, 0.9)
    few = nq.Experiment(problem, method, steps=300, checkpoints=[300], observables=["error"])
    many = nq.Experiment(
        problem, method, steps=300, checkpoints=range(301), observables=["w[i]", "error", "w2[i]"]
    )
    one, all_ = (nq.simulate(e, 2500, seed=9).moments for e in (few, many))
    np.testing.assert_array_equal(one.mean[0, 0], all_.mean[-1, 2])
    np.testing.assert_array_equal(one.central[:, 0, 0], all_.central[:, -1, 2])
