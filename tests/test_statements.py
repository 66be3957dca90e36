"""Every statement of the texts is judged, and its verdict is the known one.

The truth about each statement is in `data/statements.csv`. The verdicts are those of one run at the
quick preset with a fixed seed; the probability of any wrong one is at most 5 % for each suite, and
at margins this wide far below.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import pytest

pytestmark = pytest.mark.needs_compiler

HERE = Path(__file__).parent
COLUMNS = ("id", "verdict", "evidence")


def rows_of(file):
    with file.open(newline="", encoding="utf-8") as lines:
        return {r["id"]: {name: r[name] for name in COLUMNS} for r in csv.DictReader(lines)}


STATEMENTS = rows_of(HERE / "data" / "statements.csv")
TESTABLE = sorted(ref for ref, row in STATEMENTS.items() if row["evidence"] != "none")


def letters(ref):
    """The letters of a statement's parts: F and C for "F/C", T and F for "T here, F there".

    T is true, F false, C true on a condition, V vague, and O outside of what is measured.
    """
    words = STATEMENTS[ref]["verdict"].replace("/", " ").replace(",", " ").split()
    return {word for word in words if word in set("TFCVO")}


def problem(ref, verdicts):
    """What is wrong with the verdicts on a statement, or ""."""
    if not verdicts:
        return "not judged"
    undecided = set(verdicts) - {"CONFIRMED", "REFUTED"}
    if undecided & {"ERROR", "INCONSISTENT"}:
        return f"{ref} is {undecided}"
    true = letters(ref)
    if true == {"T"} and set(verdicts) != {"CONFIRMED"}:
        return f"true, but {verdicts}"
    if "F" in true and "REFUTED" not in verdicts:
        return f"false, but {verdicts}"
    if {"T", "F"} <= true and "CONFIRMED" not in verdicts:
        return f"true in part, but {verdicts}"
    if "C" in true and not {"CONFIRMED", "REFUTED"} <= set(verdicts):
        return f"true on a condition, but {verdicts}"
    return "" if {"CONFIRMED", "REFUTED"} & set(verdicts) else f"not decided: {verdicts}"


@pytest.fixture(scope="module")
def judged(quick_run):
    """The verdicts of every claim by the number of its statement."""
    found = defaultdict(list)
    for suite in quick_run.about["suites"]:
        for claim in suite["claims"]:
            if claim["ref"]:
                found[claim["ref"]].append(claim["verdict"])
    return found


@pytest.mark.parametrize("ref", TESTABLE)
def test_the_verdict_on_every_statement_is_the_known_one(judged, ref):
    assert problem(ref, judged[ref]) == ""


@pytest.mark.parametrize("ref", sorted(set(STATEMENTS) - set(TESTABLE)))
def test_a_statement_that_need_not_be_judged_has_the_known_verdict_if_it_is(judged, ref):
    assert not judged[ref] or problem(ref, judged[ref]) == ""


def test_a_missing_or_wrong_verdict_would_be_noticed():
    assert problem("T1-08", []) == "not judged"
    assert problem("T1-08", ["CONFIRMED"]).startswith("false, but")
    assert problem("T1-09", ["CONFIRMED", "REFUTED"]).startswith("true, but")
    assert problem("T1-09", ["INCONCLUSIVE"]).startswith("true, but")
    assert problem("T1-14", ["REFUTED"]).startswith("true in part, but")
    assert problem("T1-12", ["CONFIRMED"]).startswith("true on a condition, but")
    assert problem("T1-36", ["INCONCLUSIVE"]).startswith("not decided")
    assert problem("T1-12", ["CONFIRMED", "REFUTED"]) == ""


def test_what_no_run_can_judge_is_listed_with_its_reason(quick_run):
    outside = [o for suite in quick_run.about["suites"] for o in suite["outside"]]
    listed = {o["ref"] for o in outside}
    assert all(o["reason"] and o["statement"] for o in outside)
    judged = {c["ref"] for suite in quick_run.about["suites"] for c in suite["claims"]}
    assert {ref for ref in STATEMENTS if ref not in TESTABLE} <= listed | judged
    assert not listed & judged


def test_beside_everything_refuted_stands_what_is_true_in_the_same_suite(quick_run):
    for suite in quick_run.about["suites"]:
        mended = {c["mends"] for c in suite["claims"] if c["verdict"] == "CONFIRMED"}
        refuted = {c["ref"] for c in suite["claims"] if c["verdict"] == "REFUTED"}
        assert refuted <= mended, suite["name"]


def test_no_claim_cites_a_statement_that_the_texts_do_not_have(quick_run):
    cited = {c["ref"] or c["mends"] for s in quick_run.about["suites"] for c in s["claims"]}
    assert cited - {""} <= set(STATEMENTS)
