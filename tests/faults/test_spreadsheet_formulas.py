"""Fault: text cells starting with = + - @ tab, as a spreadsheet would calculate them.

Promise: prefixed in the CSV export, text columns only (a negative number stays a number).
"""

import csv
import math

import pytest
from inside import HEAD, judge

from nqmbench.results import CURVE_COLUMNS, TABLES, load_run

STARTS = ["=", "+", "-", "@", "\t", "\r", "\n"]
NAMES = [f"{start}{rest}" for start in STARTS for rest in ("1+1", "cmd|' /C calc'!A0")]
HARMLESS = ["1=1", "a\t=1", "'=1", "−1", "NA", "1e5", "0x1"]  # they begin with something else

SUITE = """
names = {names!r}
down = nq.Experiment(nq.NoisyQuadratic(1.0, sigma=0.0, w0=-1.0), nq.sgd(0.5), steps=4)
for x in names:
    def broken():
        raise ValueError(x)
    suite.claim(x, of="w[0]", ref=x, mends=x, experiments=[down])(lambda k, w0: w0 / 2**k)
    suite.check(x + "!", ref=x)(broken)
    suite.figure(x, panels={{x: {{x: down}}}}, of="w[0]")
"""
TEXTS = {
    "suite", "claim", "ref", "mends", "case", "of", "statistic", "kind", "verdict", "expected",
    "reason", "method", "experiment", "observable", "figure", "panel", "curve",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("tables")
    assert judge(place, HEAD, SUITE.format(names=NAMES + HARMLESS)).code == 1  # some are errors
    return place / "run"


def cells(folder):
    """Every cell of every table, as a spreadsheet reads it: (column, text)."""
    for table in TABLES:
        with open(folder / f"{table}.csv", encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                yield from row.items()


def test_no_text_cell_begins_a_formula(folder):
    texts = [text for column, text in cells(folder) if column in TEXTS]
    assert not [text for text in texts if text[:1] in ("=", "+", "-", "@", "\r", "\n")]
    for name in NAMES:
        assert "\t" + name in texts
    for name in HARMLESS:
        assert name in texts


def test_numbers_are_numbers(folder):
    numbers = [text for column, text in cells(folder) if column not in TEXTS and text]
    values = [float(text) for text in numbers]
    assert not any(text.startswith("\t") for text in numbers)
    # The start is -1 and halves: negative numbers in every column of values.
    assert {-1.0, -0.5, -0.0625} & set(values) == {-0.5, -0.0625}
    assert {text for text in numbers if text.startswith("-")} >= {"-0.5", "-0.0625"}
    assert all(math.isfinite(value) for value in values)


def test_the_texts_come_back(folder):
    run = load_run(folder)
    every = NAMES + HARMLESS
    claims = [name for x in every for name in (x, f"{x}!")]
    assert run.verdicts["claim"].tolist() == claims
    assert run.verdicts["ref"].tolist() == [x for x in every for _ in range(2)]
    assert run.verdicts["mends"].tolist() == [name for x in every for name in (x, "")]
    for column in ("figure", "panel", "curve"):
        assert list(dict.fromkeys(run.curves[column])) == every
    assert run.curves["mean"].min() == -0.5
    assert set(CURVE_COLUMNS) - TEXTS == {
        "step",
        "mean",
        "low",
        "high",
        "exact",
        "single",
        "trials",
    }
    run.save(folder)
    again = load_run(folder)
    assert again.verdicts.equals(run.verdicts)
