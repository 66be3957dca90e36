"""How wrong arguments are collected and how values are shown in messages."""

from __future__ import annotations

import numpy as np
import pytest

from nqmbench.arguments import Arguments, choices, is_finite, is_real, shorten
from nqmbench.errors import (
    DamagedRunError,
    DiskError,
    InvalidArguments,
    LockedError,
    NqmbenchError,
    OutputError,
    SuiteError,
    UsageError,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError, 2),
        (SuiteError, 2),
        (InvalidArguments, 2),
        (DamagedRunError, 65),
        (OutputError, 73),
        (DiskError, 74),
        (LockedError, 75),
    ],
)
def test_every_error_of_the_users_has_one_root_and_an_exit_code(error, code):
    assert issubclass(error, NqmbenchError)
    assert error.exit_code == code


def test_without_complaints_nothing_is_raised():
    checks = Arguments("thing")
    assert checks.number("x", np.int64(3), "a number", lambda x: x > 0, 1.0) == 3.0
    assert checks.integer("n", 1e6, 1) == 1_000_000
    assert checks.integer("n", np.array(4), 1, 4) == 4
    assert checks.integer("n", 2**63 - 1, 0) == 2**63 - 1
    checks.done()


def test_large_integers_are_not_rounded_on_the_way():
    assert Arguments("thing").integer("n", 2**53 + 1, 0) == 2**53 + 1


def test_all_complaints_are_raised_together_in_order():
    checks = Arguments("thing")
    checks.number("x", "a b", "a number", lambda x: True, 1.0)
    checks.integer("n", 11, 1, 10)
    checks.complain("form", [1, 2], choices(["a", "b"]))
    with pytest.raises(InvalidArguments) as caught:
        checks.done()
    assert str(caught.value) == (
        "thing:\n  x: got 'a b'; allowed: a number\n  n: got 11; allowed: an integer in 1..10\n"
        "  form: got [1, 2]; allowed: 'a', 'b'"
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (np.array([1.0, 2.0]), "[1.0, 2.0]"),
        (np.float64(0.5), "0.5"),
        ("two\nlines \x00", r"'two\nlines \x00'"),
        ((), "()"),
    ],
)
def test_values_are_shown_on_one_line_as_python_writes_them(value, shown):
    assert shorten(value) == shown


def test_long_values_are_cut_and_huge_integers_described():
    text = shorten(list(range(1000)))
    assert text.startswith("[0, 1, 2, 3, ")
    assert text.endswith(" ...")
    assert len(text) == 60
    assert shorten(10**5000) == "a huge int"  # Python refuses to print more than 4300 digits
    with pytest.raises(InvalidArguments, match="n: got a huge int; allowed: an integer >= 1"):
        refuse(10**5000)


def refuse(value):
    checks = Arguments("thing")
    checks.integer("n", value, 1)
    checks.done()


@pytest.mark.parametrize("number", [1, 0.5, np.float32(1), np.int8(3), np.array(2.0)])
def test_numbers_are_real_and_finite(number):
    assert is_real(number)
    assert is_finite(number)


@pytest.mark.parametrize("other", [True, "1", None, 1j, [1], np.array([1.0]), np.bool_(True)])
def test_other_things_are_no_numbers(other):
    assert not is_real(other)
    assert not is_finite(other)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 10**400, np.float64("-inf")])
def test_numbers_that_no_float_can_hold_are_not_finite(number):
    assert is_real(number)
    assert not is_finite(number)
