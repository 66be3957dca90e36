"""The public face of the simulation."""

import numpy as np
import pytest

import nqmbench as nq
from nqmbench.errors import InvalidArguments
from nqmbench.noiseless import run_noiseless
from nqmbench.simulation import PRECISIONS, Conditions, run_increment

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
