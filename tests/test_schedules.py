"""Schedules against their formulas, term by term."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nqmbench as nq
from nqmbench.errors import InvalidArguments

ROUNDING = 1e-13  # relative

T = 40
# The formulas of the reference's conventions; t = 0, 1, ..., the horizon itself is never applied.
FORMULAS = {
    "linear": (nq.linear(0.3, T), lambda t: 0.3 * (1 - t / T)),
    "step_decay": (nq.step_decay(0.3, 0.5, 7), lambda t: 0.3 * 0.5 ** math.floor(t / 7)),
    "cosine": (nq.cosine(0.3, T), lambda t: 0.3 * (1 + math.cos(math.pi * t / T)) / 2),
    "inverse_time": (nq.inverse_time(0.3, 2.5), lambda t: 0.3 / (1 + t / 2.5)),
    "exponential": (nq.exponential(0.3, 0.9), lambda t: 0.3 * 0.9**t),
    "inverse_sqrt": (nq.inverse_sqrt(0.3), lambda t: 0.3 / math.sqrt(1 + t)),
    "warmup_cosine": (
        nq.warmup_cosine(0.3, 5, T),
        lambda t: (
            0.3 * (t + 1) / 5 if t < 5 else 0.3 * (1 + math.cos(math.pi * (t - 5) / (T - 5))) / 2
        ),
    ),
    "uniform_average": (nq.uniform_average(), lambda t: t / (t + 1)),
    "schedule": (nq.schedule(np.arange(T) + 0.5), lambda t: t + 0.5),
    "a constant formula": (nq.Schedule("mine", lambda t: np.float64(0.25)), lambda t: 0.25),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_values_are_those_of_the_formula(name):
    schedule, formula = FORMULAS[name]
    expected = [formula(t) for t in range(T)]
    assert schedule.values(T) == pytest.approx(expected, rel=ROUNDING)
    assert schedule.values(3).tolist() == schedule.values(T)[:3].tolist()
    assert schedule.values(0).shape == (0,)


@given(lr=st.floats(1e-6, 10.0), steps=st.integers(1, 500))
@settings(derandomize=True, max_examples=50, deadline=None)
def test_linear_and_cosine_have_the_same_sum(lr, steps):
    """Both sum to eta0 (T + 1) / 2: the second text, T2-55."""
    for build in (nq.linear, nq.cosine):
        assert build(lr, steps).values(steps).sum() == pytest.approx(
            lr * (steps + 1) / 2, rel=1e-12
        )


@given(lr=st.floats(1e-6, 10.0), steps=st.integers(2, 300), data=st.data())
@settings(derandomize=True, max_examples=50, deadline=None)
def test_warmup_rises_to_the_full_step_and_then_falls(lr, steps, data):
    warmup = data.draw(st.integers(1, steps - 1))
    values = nq.warmup_cosine(lr, warmup, steps).values(steps)
    assert [values[warmup - 1], values.max()] == pytest.approx([lr, lr], rel=ROUNDING)
    assert (np.diff(values[:warmup]) > 0).all()
    assert (np.diff(values[warmup:]) <= 0).all()
    assert (values > 0).all()


def test_step_decay_and_exponential_underflow_to_zero_quietly():
    assert nq.exponential(1.0, 0.1).values(1000)[-1] == 0.0
    assert nq.step_decay(1.0, 0.1, 1).values(1000)[-1] == 0.0


@pytest.mark.parametrize("name", ["linear", "cosine", "warmup_cosine", "schedule"])
def test_more_steps_than_the_horizon_are_refused(name):
    schedule, _ = FORMULAS[name]
    with pytest.raises(
        InvalidArguments, match=f"steps: got {T + 1}; allowed: at most the schedule's"
    ):
        schedule.values(T + 1)
    with pytest.raises(
        InvalidArguments, match=f"steps: got {T + 1}; allowed: at most {T}, the hor"
    ):
        nq.Experiment(nq.NoisyQuadratic(1.0), nq.sgd(schedule), steps=T + 1)


def test_a_formula_of_the_wrong_shape_is_refused():
    schedule = nq.Schedule("mine", lambda t: t[:2])
    with pytest.raises(
        InvalidArguments, match=r"formula: got 'shape \(2,\)'; allowed: shape \(\) or"
    ):
        schedule.values(5)


def test_a_schedule_prints_its_numbers():
    assert str(nq.cosine(0.1, 100)) == "cosine(0.1, 100)"
    assert str(nq.warmup_cosine(0.1, 5, 100)) == "warmup_cosine(0.1, 5, 100)"
    assert str(nq.uniform_average()) == "uniform_average()"


RATES = [0, -1, math.nan, math.inf, "0.1", True, None, 10**400]
COUNTS = [0, -1, 2.5, math.nan, "5", True, None, 10**400, math.inf]
FRACTIONS = [0, -0.5, 1.5, math.nan, "0.5", True, None]
CALLS = {
    "linear": (nq.linear, {"lr": 0.1, "steps": 5}),
    "step_decay": (nq.step_decay, {"lr": 0.1, "factor": 0.5, "every": 5}),
    "cosine": (nq.cosine, {"lr": 0.1, "steps": 5}),
    "inverse_time": (nq.inverse_time, {"lr": 0.1, "t0": 2.0}),
    "exponential": (nq.exponential, {"lr": 0.1, "rate": 0.5}),
    "inverse_sqrt": (nq.inverse_sqrt, {"lr": 0.1}),
    "warmup_cosine": (nq.warmup_cosine, {"lr": 0.1, "warmup": 2, "steps": 5}),
}
KINDS = {
    "lr": RATES, "t0": RATES, "steps": COUNTS, "every": COUNTS, "warmup": COUNTS,
    "factor": FRACTIONS, "rate": FRACTIONS,
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "field", "wrong"),
    [(n, f, w) for n, (_, legal) in CALLS.items() for f in legal for w in KINDS[f]],
)
def test_a_wrong_argument_is_named_with_what_is_allowed(name, field, wrong):
    function, legal = CALLS[name]
    with pytest.raises(InvalidArguments) as caught:
        function(**{**legal, field: wrong})
    lines = str(caught.value).splitlines()
    assert lines[0] == f"{name}:"
    assert [line.split(":")[0].strip() for line in lines[1:]] == [field]
    assert "; allowed: a" in lines[1]


@pytest.mark.parametrize("name", CALLS)
def test_all_wrong_arguments_of_a_schedule_are_named_at_once(name):
    function, legal = CALLS[name]
    with pytest.raises(InvalidArguments) as caught:
        function(**dict.fromkeys(legal, math.nan))
    named = [line.split(":")[0].strip() for line in str(caught.value).splitlines()[1:]]
    assert sorted(named) == sorted(legal)


@pytest.mark.parametrize(("warmup", "steps"), [(5, 5), (6, 5), (1, 1)])
def test_a_warmup_as_long_as_the_run_is_refused(warmup, steps):
    with pytest.raises(InvalidArguments, match="allowed: an integer"):
        nq.warmup_cosine(0.1, warmup, steps)


@pytest.mark.parametrize(
    "wrong", [[], 0.1, None, "abc", [1.0, math.nan], [[1.0]], [True], [10**400]]
)
def test_a_wrong_table_of_values_is_refused(wrong):
    if wrong == 0.1:  # one number is a table of length one
        assert nq.schedule(wrong).values(1).tolist() == [0.1]
        return
    with pytest.raises(InvalidArguments, match=r"values: got .*; allowed: a non-empty sequence of"):
        nq.schedule(wrong)
