"""Orderings as a user would write them, right and wrong, from the suite file to the exit code."""

import math

import pytest

import nqmbench as nq
from nqmbench.showing import show_statement
from nqmbench.suites import load_suites, select

ORDERINGS = """
import nqmbench as nq

suite = nq.Suite("planted")
P = nq.NoisyQuadratic([1.0, 0.5])
one, ten = (nq.Experiment(P, nq.sgd(0.1), batch=B, steps=50, checkpoints=[1, 5, 50])
            for B in (1, 10))
close = nq.Experiment(P, nq.sgd(0.1005), steps=50, checkpoints=[1, 5, 50])
plain, ball = (nq.Experiment(nq.NoisyQuadratic([1.0, 0.1]), method, steps=50)
               for method in (nq.sgd(0.1), nq.heavy_ball(0.1, 0.9)))
twins = nq.Experiment(nq.NoisyQuadratic([1.0, 1.0]), nq.sgd(0.1), steps=50, checkpoints=[50])
start = nq.Experiment(nq.NoisyQuadratic(1.0, w0=0.0), nq.sgd(0.1), steps=5, checkpoints=[0, 5])
wild, wilder = (nq.Experiment(P, nq.sgd(lr), steps=3000, checkpoints=[3000]) for lr in (3.0, 4.0))

def no_grid():
    raise RuntimeError("no such grid")

suite.ordering("right", smaller=ten, larger=one, of="error", expect="confirmed", ref="X-1")
suite.ordering("reversed", smaller=one, larger=ten, of="error", at="last", expect="refuted")
suite.ordering("equals, strictly", smaller="w2[0]", larger="w2[1]", of=twins, margin=0.0)
suite.ordering("within the margin", smaller=close, larger=one, of="error", expect="confirmed")
suite.ordering("equal at the first step", smaller=plain, larger=ball, of="error", at=1,
               expect="confirmed")
suite.ordering("itself", smaller=one, larger=one, of="error", margin=0.0, expect="confirmed")
suite.ordering("nothing beside nothing", smaller=start, larger=start, of="error", at=0,
               expect="confirmed")
suite.ordering("often", smaller=ten, larger=one, of="error", at="last", statistic="probability",
               probability=0.7, expect="confirmed", doc="Seven times out of ten.")
suite.ordering("always", smaller=ten, larger=one, of="error", at="last", statistic="probability",
               probability=0.999, margin=0.0, expect="refuted")
suite.ordering("raises", smaller=no_grid, larger=one, of="error")
suite.ordering("diverges", smaller=wild, larger=wilder, of="error", at="last")
suite.ordering("which diverges", smaller=wild, larger=wilder, of="error", at="last",
               statistic="probability")
"""

VERDICTS = {
    "right": "CONFIRMED", "reversed": "REFUTED", "equals, strictly": "INCONCLUSIVE",
    "within the margin": "CONFIRMED", "equal at the first step": "CONFIRMED",
    "itself": "CONFIRMED", "nothing beside nothing": "CONFIRMED", "often": "CONFIRMED",
    "always": "REFUTED", "raises": "ERROR", "diverges": "DIVERGED", "which diverges": "DIVERGED",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("orderings")
    (place / "planted.py").write_text(ORDERINGS)
    return place


@pytest.fixture(scope="module")
def judged(folder):
    return nq.run("planted", preset="quick", suites=folder, threads=2)


def entry(run, name):
    (suite,) = run.about["suites"]
    return next(c for c in suite["claims"] if c["name"] == name)


def row(run, name):
    (found,) = run.verdicts[run.verdicts["claim"] == name].itertuples()
    return found


@pytest.mark.needs_compiler
def test_orderings_are_judged_right(judged):
    # 0.05 bounds the probability of any wrong verdict, all of it that of the equals.
    assert {c["name"]: c["verdict"] for c in judged.about["suites"][0]["claims"]} == VERDICTS


@pytest.mark.needs_compiler
@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("right", "smaller; nearest at k = "),
        ("reversed", "not smaller but larger by at least "),
        ("equals, strictly", "budget used: between "),
        ("within the margin", "not larger, within 5 %; nearest at k = "),
        ("equal at the first step", "equal to rounding at k = 1, and never larger"),
        ("itself", "equal at k = 1, and never larger"),
        ("nothing beside nothing", "equal at k = 0, and never larger"),
        ("often", "smaller in "),
        ("raises", "smaller raised RuntimeError: no such grid"),
        ("diverges", "diverged: beyond 1e40 or not finite from k = 3000 on"),
        ("which diverges", "diverged: beyond 1e40 or not finite from k = 3000 on"),
    ],
)
def test_the_reason_is_said(judged, name, start):
    assert entry(judged, name)["reason"].startswith(start)


@pytest.mark.needs_compiler
def test_one_error_makes_the_exit_code_one_and_expectations_alone_do_not(judged, suite_folder):
    assert judged.exit_code == 1
    honest = "\n".join(
        line for line in ORDERINGS.splitlines() if not line.startswith('suite.ordering("raises"')
    )
    assert nq.run("planted", preset="quick", suites=suite_folder(p=honest)).exit_code == 0
    broken = honest.replace('at="last", expect="refuted"', 'at="last", expect="confirmed"')
    assert nq.run("planted", preset="quick", suites=suite_folder(p=broken)).exit_code == 1


@pytest.mark.needs_compiler
def test_the_rows_of_a_mean_read_as_an_upper_bound_of_zero(judged):
    found = row(judged, "reversed")
    assert (found.kind, found.statistic, found.of, found.formula) == (
        "ordering",
        "mean",
        "error",
        0,
    )
    assert found.case == "B=1 below B=10, SGD(lr=0.1), h=(1, 0.5)"
    assert found.low < found.exact < found.high  # false-alarm rate below 0.05 / 12
    cells = judged.cells[judged.cells["claim"] == "reversed"]
    (cell,) = cells.itertuples()
    assert cell.region_low == -math.inf
    assert cell.region_high == pytest.approx(0.05 * cell.scale, rel=1e-9)
    assert found.deviation == pytest.approx(found.estimate / cell.scale, rel=1e-12)


@pytest.mark.needs_compiler
def test_the_rows_of_a_probability_read_as_a_lower_bound_of_it(judged):
    found = row(judged, "often")
    assert (found.kind, found.statistic, found.formula) == ("ordering", "probability", 0.7)
    assert math.isnan(found.exact)
    assert found.low < found.estimate < found.high
    (cell,) = judged.cells[judged.cells["claim"] == "often"].itertuples()
    assert (cell.scale, cell.region_high) == (0.7, math.inf)
    assert cell.region_low == pytest.approx(0.7 * 0.95, rel=1e-12)
    assert row(judged, "equals, strictly").of == "w2[0] - w2[1]"


def test_show_says_what_an_ordering_compares(folder):
    (suite,) = select(load_suites(folder), ["planted"])
    often = show_statement(suite, "often")
    assert "Seven times out of ten." in often
    assert "ordering: smaller < larger in at least 0.7 of the trajectories" in often
    assert "1 cell in 1 case:" in often
    assert "  B=10 below B=1, SGD(lr=0.1), h=(1, 0.5)" in often
    right = show_statement(suite, "right")
    assert right.startswith("planted::right  X-1")
    assert "ordering: E smaller <= E larger, trajectory by trajectory under one noise" in right
    assert right.endswith("expected: confirmed")
    assert "smaller raised RuntimeError: no such grid" in show_statement(suite, "raises")


def test_an_ordering_keeps_its_margin_without_noise(suite_folder):
    text = """
import nqmbench as nq

def at(lr):
    problem = nq.NoisyQuadratic(1.0, sigma=0.0)
    return nq.Experiment(problem, nq.sgd(lr), steps=10, checkpoints=[10])

suite = nq.Suite("quiet")
suite.ordering("a little larger", smaller=at(0.1), larger=at(0.1002), of="error")
suite.ordering("a little larger, strictly", smaller=at(0.1), larger=at(0.1002), of="error",
               margin=0.0)
suite.ordering("much larger", smaller=at(0.1), larger=at(0.12), of="error")
"""
    run = nq.run("quiet", preset="standard", suites=suite_folder(quiet=text))
    assert dict(zip(run.verdicts["claim"], run.verdicts["verdict"], strict=True)) == {
        "a little larger": "CONFIRMED",  # by 0.45 % where 1 % is the margin
        "a little larger, strictly": "REFUTED",
        "much larger": "REFUTED",
    }
