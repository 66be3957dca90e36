"""Experiments: their checks, keys, checkpoints and observables."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from method_table import METHODS

import nqmbench as nq
from nqmbench.errors import InvalidArguments
from nqmbench.observables import Observable

PROBLEM = nq.NoisyQuadratic([1.0, 0.1])


def experiment(**changes):
    """A small experiment with some arguments changed."""
    given = {"problem": PROBLEM, "method": nq.sgd(0.1), "batch": 2, "steps": 20}
    return nq.Experiment(**{**given, **changes})


# ---- checkpoints and observables ----


def test_a_thousand_steps_have_35_logarithmic_checkpoints():
    values = nq.log_checkpoints(1000, 40)
    assert len(values) == 35
    assert values == tuple(sorted({round(x) for x in np.geomspace(1, 1000, 40)}))
    assert experiment(steps=1000).checkpoints == values


@given(steps=st.integers(1, 10**12), count=st.integers(1, 100))
@settings(derandomize=True, max_examples=100, deadline=None)
def test_logarithmic_checkpoints_increase_up_to_the_last_step(steps, count):
    values = nq.log_checkpoints(steps, count)
    assert values[-1] == steps
    assert values[0] == 1 or count == 1
    assert len(values) <= count
    assert list(values) == sorted(set(values))


@pytest.mark.parametrize("field", ["steps", "count"])
@pytest.mark.parametrize("wrong", [0, -1, 1.5, math.nan, math.inf, "10", True, None, 10**400])
def test_logarithmic_checkpoints_refuse_what_is_no_count(field, wrong):
    with pytest.raises(InvalidArguments, match=f"{field}: got .*; allowed: an integer >= 1"):
        nq.log_checkpoints(**{"steps": 10, "count": 5, field: wrong})


@pytest.mark.parametrize(
    "given", [[0], [0, 20], (1, 2, 3), np.array([5, 20]), range(21), 20, [5.0]]
)
def test_checkpoints_from_the_start_to_the_end_are_legal(given):
    assert experiment(checkpoints=given).checkpoints == tuple(np.atleast_1d(list(given) if
        not np.isscalar(given) else given).astype(int).tolist())  # fmt: skip


def test_the_letter_i_stands_for_every_coordinate_and_repetitions_are_dropped():
    e = experiment(observables=("w[i]", "error", "w2[1]", "w2[i]"))
    assert [o.name for o in e.observed] == ["w[0]", "w[1]", "error", "w2[1]", "w2[0]"]
    assert e.observables == ("w[i]", "error", "w2[1]", "w2[i]")


def test_an_observable_knows_its_power_its_weights_and_its_sign():
    e = experiment(observables=("error", "loss", "w[0]", "w2[1]", "w3[1]"))
    assert [o.power for o in e.observed] == [2, 2, 1, 2, 3]
    assert [o.nonnegative for o in e.observed] == [True, True, False, True, False]
    weights = [o.weights(PROBLEM.h).tolist() for o in e.observed]
    assert weights == [[1, 1], [0.5, 0.05], [1], [1], [1]]
    assert e.observed[3] == Observable("w2[1]", 2, 1)


def test_one_observable_may_be_a_bare_name():
    assert experiment(observables="loss").observables == ("loss",)


# ---- keys ----

AVERAGED = nq.averaged(nq.sgd(0.1), 0.9)
DIFFERENT = {
    "read-out": {"method": dataclasses.replace(AVERAGED, readout="w")},
    "lr": {"method": nq.sgd(0.2)},
    "method": {"method": nq.heavy_ball(0.1, 0.9)},
    "velocity": {"method": nq.heavy_ball(0.1, 0.9, "step")},
    "momentum": {"method": nq.heavy_ball(0.1, 0.8)},
    "nesterov": {"method": nq.nesterov(0.1, 0.9)},
    "pytorch": {"method": nq.nesterov(0.1, 0.9, "pytorch")},
    "average": {"method": AVERAGED},
    "decay": {"method": nq.averaged(nq.sgd(0.1), 0.99)},
    "power": {"method": nq.preconditioned(nq.sgd(0.1), 0.5)},
    "schedule": {"method": nq.sgd(nq.inverse_sqrt(0.1))},
    "batch": {"batch": 3},
    "batch ramp": {"batch": [2] * 19 + [3]},
    "steps": {"steps": 21, "checkpoints": [20]},
    "checkpoints": {"checkpoints": [1, 20]},
    "observables": {"observables": ("loss",)},
    "order of observables": {"observables": ("loss", "error")},
    "other order": {"observables": ("error", "loss")},
    "h": {"problem": nq.NoisyQuadratic([1.0, 0.2])},
    "d": {"problem": nq.NoisyQuadratic([1.0, 0.1, 0.1])},
    "sigma": {"problem": nq.NoisyQuadratic([1.0, 0.1], sigma=2.0)},
    "w0": {"problem": nq.NoisyQuadratic([1.0, 0.1], w0=2.0)},
    "w0_std": {"problem": nq.NoisyQuadratic([1.0, 0.1], w0_std=2.0)},
    "optimum": {"problem": nq.NoisyQuadratic([1.0, 0.1], optimum=2.0)},
    "noise": {"problem": nq.NoisyQuadratic([1.0, 0.1], noise="laplace")},
    "student": {"problem": nq.NoisyQuadratic([1.0, 0.1], noise=("student", 5))},
    "degrees": {"problem": nq.NoisyQuadratic([1.0, 0.1], noise=("student", 6))},
}


def test_keys_differ_when_anything_differs_that_a_number_depends_on():
    keys = {name: experiment(**changes).key for name, changes in DIFFERENT.items()}
    keys["unchanged"] = experiment().key
    assert len(set(keys.values())) == len(keys)


@pytest.mark.parametrize("name", METHODS)
def test_keys_are_equal_when_the_recursion_is(name):
    build = METHODS[name].build
    one = experiment(method=build(0.1, 0.9))
    assert one.key == experiment(method=build(np.float64(0.1), np.array(0.9))).key
    renamed = nq.Method("renamed", build(0.1, 0.9).step, build(0.1, 0.9).parameters,
                        build(0.1, 0.9).starts)  # fmt: skip
    assert one.key == experiment(method=renamed).key
    assert one.label != experiment(method=renamed).label


def test_the_recursions_key_ignores_what_is_observed_and_when():
    one, other = experiment(), experiment(checkpoints=[3], observables="loss")
    assert one.recursion_key == other.recursion_key
    assert one.key != other.key


def test_the_same_observables_in_other_words_have_the_same_key():
    assert experiment(observables="w[i]").key == experiment(observables=("w[0]", "w[1]")).key


def test_keys_do_not_change_from_one_interpreter_to_the_next():
    """The results file of one run is resumed by the next."""
    assert experiment().key == nq.Experiment(nq.NoisyQuadratic([1.0, 0.1]), nq.sgd(0.1), 2, 20).key
    assert len(experiment().key) == 64


# ---- labels and symbols ----


def test_labels_are_short_even_for_many_dimensions():
    problem = nq.NoisyQuadratic(1 / np.arange(1, 10_001.0), w0=np.arange(10_000.0))
    label = experiment(problem=problem, method=nq.averaged(nq.heavy_ball(0.1, 0.9), 0.99)).label
    assert label == (
        "averaged heavy ball(lr=0.1, momentum=0.9, decay=0.99), B=2, "
        "h=(1, 0.5, 0.333333, 0.25, ...) d=10000, w0=(0, 1, 2, 3, ...)"
    )


def test_the_symbols_are_the_letters_of_the_texts():
    e = experiment(method=nq.preconditioned(nq.heavy_ball(0.1, 0.9), 0.5))
    assert e.symbols == {
        "eta": 0.1, "beta": 0.9, "p": 0.5, "B": 2.0, "d": 2.0, "L": 1.0, "mu": 0.1,
    }  # fmt: skip
    ramp = nq.Schedule("ramp", lambda t: 1 + t, {"0": 1.0, "slope": 1.0})
    symbols = experiment(batch=ramp).symbols
    assert (symbols["B0"], symbols["B_slope"]) == (1.0, 1.0)
    assert "B" not in symbols


def test_the_curvature_is_that_of_the_preconditioned_problem():
    e = experiment(
        problem=nq.NoisyQuadratic([4.0, 9.0]), method=nq.preconditioned(nq.sgd(0.1), 0.5)
    )
    assert e.curvature.tolist() == [2.0, 3.0]


# ---- wrong arguments ----

COUNTS = [0, -1, 1.5, math.nan, math.inf, "10", True, None, 10**400, 1e400, {}, 1j]
TABLE = [(field, wrong) for field in ("steps", "batch") for wrong in COUNTS]
TABLE += [
    ("checkpoints", wrong)
    for wrong in (
        [], [21], [-1], [1, 1], [2, 1], [1.5], [math.nan], ["1"], "1, 2", [True], [None], 21, {},
        [[1, 2]], [10**400], object(),
    )
]  # fmt: skip
TABLE += [
    ("observables", wrong)
    for wrong in (
        [], "speed", ["w[2]"], ["w4[0]"], ["w[-1]"], ["w[j]"], ["w"], [3], [None], True,
        ["error", "error"], "", ["Error"], [["error"]], [np.array(["error", "loss"])], "w[1.5]",
        ["w[\N{ARABIC-INDIC DIGIT ONE}]"],
    )
]  # fmt: skip
TABLE += [("problem", wrong) for wrong in (None, 3, [1.0, 0.1], "quadratic", nq.NoisyQuadratic)]
TABLE += [("method", wrong) for wrong in (None, 0.1, "sgd", nq.sgd)]


@pytest.mark.parametrize(("field", "wrong"), TABLE)
def test_a_wrong_argument_is_named_with_the_value_and_what_is_allowed(field, wrong):
    with pytest.raises(InvalidArguments) as caught:
        experiment(**{field: wrong})
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, TypeError)
    lines = str(caught.value).splitlines()
    assert lines[0] == "Experiment:"
    assert {line.split(":")[0].strip() for line in lines[1:]} == {field}
    assert all("got " in line and "; allowed: " in line for line in lines[1:])


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ([1] * 19, "steps: got 20; allowed: at most 19, the horizon of batch"),
        ([1] * 5 + [0] * 15, "batch at t = 5: got 0.0; allowed: an integer >= 1"),
        ([1.5] * 20, "batch at t = 0: got 1.5; allowed: an integer >= 1"),
        ([], r"batch: got \[\]; allowed: a non-empty sequence"),
        ([math.nan], r"batch: got \[nan\]"),
        (nq.inverse_sqrt(4), "batch at t = 1: got 2.828427"),
    ],
)
def test_a_wrong_batch_ramp_is_refused_with_the_step(batch, message):
    with pytest.raises(InvalidArguments, match=message):
        experiment(batch=batch)


def test_a_batch_ramp_is_a_sequence_or_a_schedule():
    assert experiment(batch=[1] * 10 + [4] * 10).batch_sizes.tolist() == [1.0] * 10 + [4.0] * 10
    doubling = nq.Schedule("doubling", lambda t: 2.0 ** (t // 5))
    assert experiment(batch=doubling).batch_sizes[-1] == 8.0
    assert experiment(batch=3.0).batch == 3


def test_all_wrong_arguments_are_named_at_once_and_no_right_ones():
    with pytest.raises(InvalidArguments) as caught:
        nq.Experiment("problem", nq.heavy_ball([0.1, 0.1], 0.9), 0, 0, [3], ("w[3]", "speed"))
    named = [line.split(":")[0].strip() for line in str(caught.value).splitlines()[1:]]
    assert named == ["problem", "steps", "batch", "observables"]
    with pytest.raises(InvalidArguments) as caught:
        nq.Experiment(PROBLEM, nq.heavy_ball([0.1, 0.1], 0.9), [1], 20, [30], "loss")
    named = [line.split(":")[0].strip() for line in str(caught.value).splitlines()[1:]]
    assert named == ["steps", "steps", "checkpoints"]


def test_step_zero_may_be_observed_and_one_step_is_enough():
    assert experiment(steps=1, checkpoints=[0, 1]).checkpoints == (0, 1)


@pytest.mark.parametrize("name", ["w[i]", "w2[i]", "w3[i]"])
def test_a_wrong_problem_is_refused_at_once_also_beside_observables_of_every_coordinate(name):
    # Without a problem there is no number of coordinates, and a thousand million were listed.
    with pytest.raises(InvalidArguments, match="problem: got 5; allowed: a NoisyQuadratic"):
        nq.Experiment(5, nq.sgd(0.1), observables=[name])
