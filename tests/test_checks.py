import math

import numpy as np
import pytest

import nqmbench as nq
from nqmbench.checks import judge_check
from nqmbench.verdicts import CHECK_TOLERANCE, Verdict
from nqmbench.wording import check_reason


def judged(claimed, true, kind="identity"):
    return judge(lambda: (claimed, true), kind)


def judge(function, kind="identity"):
    suite = nq.Suite("demo")
    suite.check("check", kind=kind)(function)
    return judge_check(suite.items[0])


@pytest.mark.parametrize("kind", ["identity", "rate", "optimum"])
def test_equal_to_the_tolerance_of_its_kind_and_not_beyond(kind):
    t = CHECK_TOLERANCE[kind]
    for sign in (1, -1):
        assert judged(2 * (1 + 0.5 * sign * t), 2.0, kind).verdict is Verdict.CONFIRMED
        assert judged(2 * (1 + 2 * sign * t), 2.0, kind).verdict is Verdict.REFUTED


@pytest.mark.parametrize(
    ("claimed", "true", "verdict"),
    [
        (2.0, 1.0, Verdict.CONFIRMED),
        (2.0, 2.0, Verdict.CONFIRMED),
        (2.0, 2.0 * (1 + 1e-10), Verdict.CONFIRMED),  # rounding
        (2.0, 2.1, Verdict.REFUTED),
        (-2.0, -2.1, Verdict.CONFIRMED),
        (0.0, 1e-9, Verdict.REFUTED),
        (0.0, 0.0, Verdict.CONFIRMED),
        (math.inf, 5.0, Verdict.CONFIRMED),
        (math.inf, math.inf, Verdict.CONFIRMED),
        (5.0, math.inf, Verdict.REFUTED),
        (5.0, -math.inf, Verdict.CONFIRMED),
    ],
)
def test_a_bound_is_the_largest_true_value(claimed, true, verdict):
    assert judged(claimed, true, "bound").verdict is verdict


def test_infinities_are_equal_only_to_themselves():
    assert judged(math.inf, math.inf).verdict is Verdict.CONFIRMED
    assert judged(math.inf, -math.inf).verdict is Verdict.REFUTED
    assert judged(math.inf, 1.0).verdict is Verdict.REFUTED


def test_existence_compares_truth_values():
    assert judged(True, True, "existence").verdict is Verdict.CONFIRMED
    assert judged([True, False], [True, True], "existence").verdict is Verdict.REFUTED


def test_of_several_pairs_the_worst_is_shown():
    result = judged([1.0, 2.0, 3.0], [1.0, 2.5, 3.1])
    assert (result.claimed, result.true) == (2.0, 2.5)
    assert result.deviation == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda: 1 / 0, "the check raised ZeroDivisionError: division by zero"),
        (lambda: None, "the check gave None; allowed: two numbers or arrays: claimed, true"),
        (lambda: (1, 2, 3), "the check gave (1, 2, 3); allowed: two numbers"),
        (lambda: (1.0, "1"), "the check gave (1.0, '1'); allowed: real numbers"),
        (lambda: (1.0, print), "the check raised TypeError"),
        (lambda: (1.0, math.nan), "the check gave NaN"),
        (lambda: ([1.0, math.nan], [1.0, 2.0]), "the check gave NaN"),
        (lambda: ([1.0, 2.0], [1.0]), "shapes (2,) and (1,)"),
        (lambda: ([], []), "shapes (0,) and (0,)"),
        (lambda: (1.0, 1 + 2j), "the check gave (1.0, (1+2j)); allowed: real numbers"),
        (lambda: (np.array([1.0]), np.array([1 + 2j])), "allowed: real numbers"),
    ],
)
def test_a_check_that_cannot_be_judged_is_an_error_with_its_reason(function, reason):
    result = judge(function)
    assert result.verdict is Verdict.ERROR
    assert reason in result.error
    assert check_reason("identity", result) == result.error


@pytest.mark.parametrize(
    ("claimed", "true", "kind", "text"),
    [
        (0.5, 0.5, "identity", "exact: claimed 0.5, true 0.5"),
        (0.5, 0.4, "rate", "off by 20 %: claimed 0.5, true 0.4"),
        (1.0, 1.25, "bound", "exceeded by 25 %: claimed 1, true 1.25"),
        (1.0, math.inf, "identity", "off: claimed 1, true infinite"),
        (158.0, math.inf, "bound", "exceeded: claimed 158, true infinite"),
        (0.001, 4.3, "bound", "exceeded: claimed 0.001, true 4.3"),
        (True, False, "existence", "claimed True, true False"),
    ],
)
def test_the_reason_of_a_check_names_both_numbers(claimed, true, kind, text):
    assert check_reason(kind, judged(claimed, true, kind)) == text
