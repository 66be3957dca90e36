"""Wrong arguments of methods: every one is named, with what was seen and what is allowed."""

import math

import numpy as np
import pytest
from method_table import METHODS, WRAPPERS

import nqmbench as nq
from nqmbench.errors import InvalidArguments
from nqmbench.methods import sgd_step
from nqmbench.theory import exact

ROUNDING = 1e-12  # relative

every_method = pytest.mark.parametrize("name", METHODS)
every_wrapper = pytest.mark.parametrize("wrapper", WRAPPERS)


NUMBERS = {
    "lr": [0, -0.1, math.nan, math.inf, -math.inf, 1e400, 10**400, "0.1", True, None, 1j],
    "momentum": [1, 1.5, -0.1, math.nan, math.inf, "0.9", False, None, {}, 10**400],
    "decay": [1, 1.5, -0.1, math.nan, "0.9", False, None],
    "power": [math.nan, math.inf, "1", True, None, [0.5]],
}
BUILDERS = {
    "lr": [
        nq.sgd,
        lambda x: nq.heavy_ball(x, 0.9),
        lambda x: nq.nesterov(x, 0.9),
        lambda x: nq.Method("mine", sgd_step, {"lr": x}),
    ],
    "momentum": [lambda x: nq.heavy_ball(0.1, x), lambda x: nq.nesterov(0.1, x, "pytorch")],
    "decay": [lambda x: nq.averaged(nq.sgd(0.1), x)],
    "power": [lambda x: nq.preconditioned(nq.sgd(0.1), x)],
}


@pytest.mark.parametrize(
    ("field", "builder", "wrong"),
    [(f, b, w) for f in NUMBERS for b in range(len(BUILDERS[f])) for w in NUMBERS[f]],
)
def test_a_wrong_number_is_named_with_what_was_seen_and_what_is_allowed(field, builder, wrong):
    with pytest.raises(InvalidArguments) as caught:
        BUILDERS[field][builder](wrong)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, TypeError)
    seen = "1000000" if wrong == 10**400 else repr(wrong)
    assert f"\n  {field}: got {seen}" in str(caught.value)
    assert "allowed: a" in str(caught.value)


@pytest.mark.parametrize("wrong", [[], [[0.1]], [0.1, math.nan], ["a"], (), np.array([])])
def test_a_wrong_sequence_is_named_by_the_parameter_that_it_was_given_for(wrong):
    with pytest.raises(InvalidArguments, match=r"momentum: got .*allowed: a non-empty sequence"):
        nq.heavy_ball(0.1, wrong)


@pytest.mark.parametrize(
    ("call", "fields"),
    [
        (lambda: nq.heavy_ball(-1, 1, "speed"), ["lr", "momentum", "velocity"]),
        (lambda: nq.nesterov("x", math.nan, form=None), ["lr", "momentum", "form"]),
        (lambda: nq.averaged("sgd", 1.0), ["method", "decay"]),
        (lambda: nq.preconditioned(None, "p"), ["method", "power"]),
        (
            lambda: nq.Method("mine", None, {"speed": 1}, {"w": "one"}, power=math.nan),
            ["step", "parameters", "starts", "power"],
        ),
        (lambda: nq.Method("mine", abs, {"lr": 0}, {"w": 1.0}, readout="m"), ["lr", "readout"]),
        (lambda: nq.Method("mine", abs, 3, 4), ["parameters", "starts"]),
    ],
)
def test_all_wrong_arguments_of_one_call_are_named_at_once(call, fields):
    with pytest.raises(InvalidArguments) as caught:
        call()
    named = [line.split(":")[0].strip() for line in str(caught.value).splitlines()[1:]]
    assert sorted(named) == sorted(fields)


def test_an_unknown_form_lists_the_known_ones():
    with pytest.raises(
        InvalidArguments, match="form: got 'classic'; allowed: 'lookahead', 'pytorch'"
    ):
        nq.nesterov(0.1, 0.9, form="classic")


def test_a_zero_dimensional_array_is_a_number_and_not_a_schedule():
    assert nq.sgd(np.array(0.1)).constant
    assert nq.sgd(np.float32(0.5)).label == "SGD(lr=0.5)"


@pytest.mark.parametrize(
    ("lr", "momentum", "message"),
    [
        ([0.1, -0.2], 0.5, "lr at t = 1: got -0.2; allowed: a finite number > 0"),
        (0.1, [0.5, 1.0], r"momentum at t = 1: got 1.0; allowed: a number in \[0, 1\)"),
        (nq.Schedule("mine", lambda t: t / 0.0), 0.5, "lr at t = 0: got nan"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*encountered in divide:RuntimeWarning")
def test_a_schedule_that_leaves_the_range_is_refused_with_the_step(lr, momentum, message):
    method = nq.heavy_ball(lr, momentum)
    with pytest.raises(InvalidArguments, match=message):
        method.values(2)
    with pytest.raises(InvalidArguments, match=message):
        nq.Experiment(nq.NoisyQuadratic(1.0), method, steps=2)


def test_a_schedule_of_step_sizes_may_stop_at_zero():
    moments = exact(nq.Experiment(nq.NoisyQuadratic(1.0), nq.sgd([0.5, 0.0]), 1, 2, [1, 2]))
    assert moments.mean[0].tolist() == moments.mean[1].tolist()
