"""The noisy quadratic: what it holds and what it refuses."""

from __future__ import annotations

import math

import numpy as np
import pytest

import nqmbench as nq
from nqmbench.errors import InvalidArguments

FIELDS = ("h", "sigma", "w0", "w0_std", "optimum")


def test_numbers_are_repeated_for_every_coordinate():
    problem = nq.NoisyQuadratic([1.0, 0.1, 3], sigma=2, w0=[1, 2, 3], optimum=np.float32(0.5))
    assert problem.d == 3
    assert problem.sigma.tolist() == [2.0] * 3
    assert problem.w0.tolist() == [1.0, 2.0, 3.0]
    assert problem.optimum.tolist() == [0.5] * 3
    assert problem.w0_std.tolist() == [0.0] * 3


def test_one_curvature_may_be_a_number():
    assert nq.NoisyQuadratic(0.5).h.tolist() == [0.5]
    assert nq.NoisyQuadratic(np.array(2)).h.tolist() == [2.0]


def test_a_problem_does_not_change_with_the_array_it_was_made_of():
    h = np.array([1.0, 2.0])
    problem = nq.NoisyQuadratic(h)
    h[0] = 9.0
    assert problem.h.tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        problem.h[0] = 9.0


@pytest.mark.parametrize(
    ("given", "noiseless"),
    [
        ({"sigma": 0}, True),
        ({"sigma": [0, 1]}, False),
        ({"sigma": 0, "w0_std": 1}, False),
        ({}, False),
    ],
)
def test_a_problem_is_noiseless_without_noise_and_with_a_fixed_start(given, noiseless):
    assert nq.NoisyQuadratic([1.0, 2.0], **given).noiseless(np.ones(1)) is noiseless


def test_the_label_shows_what_differs_from_the_default():
    assert repr(nq.NoisyQuadratic(1)) == "NoisyQuadratic(h=1)"
    full = nq.NoisyQuadratic([1, 0.1], 2.0, [1, 2], 0.5, [0, 3], ("student", 5))
    assert repr(full) == (
        "NoisyQuadratic(h=(1, 0.1), sigma=2, w0=(1, 2), w0_std=0.5, optimum=(0, 3), student(5))"
    )
    long = repr(nq.NoisyQuadratic(1 / np.arange(1, 10_001)))
    assert long == "NoisyQuadratic(h=(1, 0.5, 0.333333, 0.25, ...) d=10000)"


# Wrong for every field; then what is wrong for the sign only.
NEVER = [
    math.nan, math.inf, -math.inf, 1e400, 10**400, "1", "1 2", None, True, [1.0, True],
    [1.0, "a"], [], [[1.0, 1.0]], [[1.0], [1.0, 2.0]], [1.0, math.nan], 1j, {}, {1.0}, object(),
    np.array([]), np.array([1.0, np.inf]), np.array(["a", "b"]), np.array([True, False]),
    [np.ones((2, 2)), np.ones((2, 3))],
]  # fmt: skip
WRONG = [(field, value) for field in FIELDS for value in NEVER]
WRONG += [("h", value) for value in (0, -1, 0.0, [1.0, 0.0], np.array([1, -2]))]
WRONG += [(field, value) for field in ("sigma", "w0_std") for value in (-1, [0.5, -0.5], -1e-300)]


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_a_wrong_field_is_named_with_the_value_and_what_is_allowed(field, value):
    given = {"h": [1.0, 0.5], field: value}
    with pytest.raises(InvalidArguments) as caught:
        nq.NoisyQuadratic(**given)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, TypeError)
    lines = str(caught.value).splitlines()
    assert lines[0] == "NoisyQuadratic:"
    assert len(lines) == 2, "only the wrong field is named"
    assert lines[1].startswith(f"  {field}: got ")
    assert "; allowed: finite numbers" in lines[1]
    assert len(lines[1]) < 160


@pytest.mark.parametrize("field", FIELDS[1:])
def test_a_wrong_length_is_refused_with_both_lengths(field):
    with pytest.raises(InvalidArguments) as caught:
        nq.NoisyQuadratic([1.0, 0.5], **{field: [1.0, 2.0, 3.0]})
    assert str(caught.value).endswith(
        f"{field}: got 3 numbers; allowed: 1 or 2 numbers, as h has 2"
    )
    with pytest.raises(InvalidArguments, match="got 2 numbers; allowed: 1 number, as h has 1"):
        nq.NoisyQuadratic(1.0, **{field: [1.0, 2.0]})


def test_a_length_that_fits_the_refused_curvatures_is_not_named():
    with pytest.raises(InvalidArguments) as caught:
        nq.NoisyQuadratic([1.0, -0.5], sigma=[1.0, 2.0])
    assert "sigma" not in str(caught.value)


def test_all_wrong_fields_are_named_at_once():
    with pytest.raises(InvalidArguments) as caught:
        nq.NoisyQuadratic([0.0], -1, "a", math.nan, [1, 2], "white")
    named = [line.split(":")[0].strip() for line in str(caught.value).splitlines()[1:]]
    assert named == [*FIELDS, "noise"]


def test_no_noise_and_a_large_problem_are_legal():
    assert nq.NoisyQuadratic(np.full(100_000, 0.1), sigma=0).d == 100_000
    assert nq.NoisyQuadratic(1e-300, sigma=1e300).h[0] == 1e-300
