import math

import numpy as np
import pytest
from synthetic import drawn, ledger_of, one_experiment, sample_of

import nqmbench as nq
from nqmbench.forecast import trials_needed
from nqmbench.verdicts import Verdict
from nqmbench.wording import percent, reason, worst

MANY = 10**8


def said(formula, *looks, checkpoints=(1,), ratio="", **claim):
    """The verdict and the reason of a claim after some looks."""
    suite = nq.Suite("demo", experiments=[one_experiment(checkpoints)])
    suite.claim("claim", **{"of": "w2[i]", **claim})(formula)
    ledger, task = ledger_of(suite)
    for moments in looks:
        ledger.hear(task, moments, "mixed")
    (planned,) = ledger.plan.claims
    (case,) = planned.cases
    records = ledger.of_case(planned, case)
    verdict = ledger.verdict(records)
    return reason(case, records, verdict, False, ratio), records


@pytest.mark.parametrize(
    ("x", "signed", "text"),
    [
        (0.0, False, "0 %"), (0.0123, False, "1.2 %"), (-0.5, True, "-50 %"), (0.5, True, "+50 %"),
        (0.09999, False, "10 %"), (0.996, False, "100 %"), (17.04, False, "1700 %"),
        (1e9, False, "1e+09 times"), (-1e9, True, "-1e+09 times"),
        (math.inf, False, "infinitely much"), (math.nan, True, "infinitely much"),
    ],
)  # fmt: skip
def test_percent_has_two_digits(x, signed, text):
    assert percent(x, signed) == text


def test_a_confirmed_equality_says_within_which_margin_and_where_it_is_worst():
    text, _ = said(
        lambda k: 1.0, sample_of([[1.0001], [0.9999], [1.0005]], 1.0, MANY // 4, shape=(3, 1)),
        checkpoints=(1, 2, 3),
    )  # fmt: skip
    assert text == "within 1 %; largest deviation +0.05 % at k = 3"


def test_a_confirmed_equality_says_when_it_is_detectably_not_exact():
    text, _ = said(lambda: 1.0, sample_of(1.005, 1.0, MANY))
    assert text == (
        "within 1 %; largest deviation +0.5 % at k = 1; detectably not exact (+0.5 % at k = 1)"
    )


def test_a_refuted_equality_says_how_far_off_it_is_at_least_and_gives_the_ratio():
    text, _ = said(lambda: 2.0, sample_of(1.0, 1e-8, MANY), ratio="formula / exact = h")
    assert text == ("formula / exact = h; off by at least 50 % at k = 1: claimed 2, simulated 1")


@pytest.mark.parametrize(("kind", "claimed"), [("upper bound", 0.8), ("lower bound", 1.25)])
def test_a_broken_bound_is_called_so(kind, claimed):
    text, _ = said(lambda: claimed, sample_of(1.0, 1e-8, MANY), kind=kind)
    part = percent(abs(1 - claimed) / claimed)
    assert text.startswith(f"{kind} broken by at least {part} at k = 1: claimed {claimed}")


@pytest.mark.parametrize(("kind", "claimed"), [("upper bound", 1.25), ("lower bound", 0.8)])
def test_a_bound_that_holds_says_how_close_it_is(kind, claimed):
    text, _ = said(lambda: claimed, sample_of(1.0, 1e-8, MANY), kind=kind)
    ends = percent((1 - claimed) / claimed, signed=True)
    assert text == f"holds within 1 %; nearest at k = 1: between {ends} and {ends}"


def test_the_closest_value_of_a_bound_is_found_beside_infinite_ones():
    sample = sample_of(1.0, 1e-8, MANY, shape=(3, 1))
    text, _ = said(
        lambda k: nq.where(k == 2, 1.25, math.inf), sample, kind="upper bound",
        checkpoints=(1, 2, 3),
    )  # fmt: skip
    assert text == "holds within 1 %; nearest at k = 2: between -20 % and -20 %"
    text, _ = said(lambda: math.inf, sample_of(1.0, 1e-8, MANY), kind="upper bound")
    assert text == "holds; nothing comes near"


def test_without_noise_the_reason_says_so():
    equal = drawn(np.full(64, 1.0))
    assert said(lambda: 1.0, equal)[0] == "exact: no noise, equal to rounding"
    assert said(lambda: 2.0, equal, kind="upper bound")[0] == "holds, without noise"
    text, _ = said(lambda: 1.05, equal, kind="approximation")
    assert text == "within 10 %; largest deviation -4.8 % at k = 1"


def test_an_infinite_claim_is_infinitely_far_off():
    text, _ = said(lambda: math.inf, sample_of(1.0, 1e-8, MANY))
    assert text == "off at k = 1: claimed inf, simulated 1"


def test_heavy_tails_are_named_with_the_number_that_closed_the_gate():
    text, _ = said(lambda: 1.0, sample_of(1.0, 1.0, 10_000, skewness=50.0))
    assert text == (
        "heavy tails: skewness over sqrt(n) is 0.5 at k = 1, above 0.04, so no interval is trusted"
    )


def test_an_undecided_claim_says_between_what_and_how_many_trajectories_would_decide():
    text, (record,) = said(lambda: 1.0, sample_of(1.002, 1.0, 100_000))
    low, high = record.sample.interval(record.z)
    assert text.startswith(
        f"budget used: between {percent(low - 1, True)} and {percent(high - 1, True)} at k = 1; "
    )
    assert text.endswith("about 2e+05 more trajectories should decide")


def test_the_announced_number_of_trajectories_does_decide():
    _, (record,) = said(lambda: 1.0, sample_of(1.002, 1.0, 100_000))
    enough = 100_000 + trials_needed(record)
    assert said(lambda: 1.0, sample_of(1.002, 1.0, int(enough)))[1][0].verdict is Verdict.CONFIRMED


def test_at_the_margin_itself_no_number_is_announced():
    text, _ = said(lambda: 1.0, sample_of(1.01, 1.0, 100_000))
    assert text.startswith("budget used: between ")
    assert "trajectories" not in text


def test_a_relative_margin_of_zero_asks_for_a_scale():
    text, _ = said(lambda: 0.0, sample_of(0.0, 1.0, 100_000))
    assert text == "the claimed value is 0 at k = 1: a relative margin needs scale="
    text, _ = said(lambda: 0.0, sample_of(1.0, 1.0, MANY))
    assert text == "off at k = 1: claimed 0, simulated 1"


def test_divergence_says_from_where_on():
    sample = sample_of([[1.0], [math.inf], [math.nan]], 1e-8, MANY, shape=(3, 1))
    text, _ = said(lambda: 1.0, sample, checkpoints=(1, 20, 300))
    assert text == "diverged: beyond 1e40 or not finite from k = 20 on"


def test_a_case_that_another_case_refuted_is_not_pursued():
    suite = nq.Suite("demo", experiments=[one_experiment()])
    suite.claim("claim", of="w2[i]")(lambda: 1.0)
    ledger, task = ledger_of(suite)
    (planned,) = ledger.plan.claims
    case, records = planned.cases[0], ledger.records
    inconclusive = (case, records, Verdict.INCONCLUSIVE, True, "")
    assert reason(*inconclusive) == "not simulated: the claim is refuted by another case"
    ledger.hear(task, sample_of(1.002, 1.0, 1000), "mixed")
    assert reason(*inconclusive) == "not pursued: the claim is refuted by another case"


def test_the_worst_record_is_the_refuted_one_that_is_furthest_off():
    sample = sample_of([[1.0], [1.5], [1.2], [1.002]], 1e-8, MANY, shape=(4, 1))
    _, records = said(lambda: 1.0, sample, checkpoints=(1, 2, 3, 4))
    assert worst(records).cell.step == 2
    assert worst([records[0], records[3]]).cell.step == 4
