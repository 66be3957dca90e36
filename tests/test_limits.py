"""Runs with limits: a time budget, a wanted precision, one share of several; and their files."""

import json

import pytest

import nqmbench as nq
from nqmbench import simulator
from nqmbench.cli import main
from nqmbench.errors import InvalidArguments
from nqmbench.forecast import work_per_trial
from nqmbench.plan import make_plan
from nqmbench.shares import share_of
from nqmbench.suites import load_suites
from nqmbench.verdicts import PRESETS

TABLES = "verdicts.csv", "cells.csv", "estimates.csv", "curves.csv"


def judged(folder, results=None, **options):
    return nq.run("planted", preset="quick", suites=folder, results=results, **options)


def command(*words):
    try:
        main(list(map(str, words)))
    except SystemExit as stop:
        return stop.code
    return 0


def run_of(folder, out, *more):
    return command("run", "planted", "--suites", folder, "--preset", "quick", "--out", out, *more)


def tables(folder):
    return {name: (folder / name).read_bytes() for name in TABLES}


@pytest.mark.needs_compiler
def test_a_used_budget_leaves_claims_open_and_the_next_run_goes_on(planted, tmp_path):
    results = tmp_path / "run.sqlite"
    run = judged(planted, results, budget=1e-6)
    assert run.about["run"]["ending"] == "time budget used"
    assert set(run.verdicts["verdict"]) == {"INCONCLUSIVE"}
    assert set(run.verdicts["reason"]) == {
        "not simulated: time budget used before its turn came",
        "not judged: time budget used before its turn came",
    }
    assert run.exit_code == 0
    whole = judged(planted, results, budget=1e6)
    assert whole.about["run"]["ending"] == ""
    assert whole.verdicts.equals(judged(planted).verdicts)


@pytest.mark.needs_compiler
def test_a_wanted_precision_narrows_the_estimates_and_changes_no_verdict(planted):
    usual, precise = judged(planted), judged(planted, until=0.04)
    same = ["verdict", "estimate", "trials"]
    assert precise.verdicts[same].equals(usual.verdicts[same])
    assert (precise.estimates["trials"] > usual.estimates["trials"]).all()
    error = precise.estimates["mean_se"] / precise.estimates["mean"].abs()
    of_squares = precise.estimates["observable"].isin(["w2[0]", "w2[1]", "error"])
    assert (error[of_squares] * 4 < 0.04).all()  # an interval reaches z = 4.2 standard errors
    assert precise.about["run"]["wide"] == usual.about["run"]["wide"] == 0
    finer = judged(planted, until=1e-4)
    assert 0 < finer.about["run"]["wide"] <= len(finer.cells)
    assert not (usual.estimates["mean_se"] * 4 < 0.04 * usual.estimates["mean"].abs()).all()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("budget", 0), ("budget", -1.0), ("budget", "soon"), ("budget", True),
        ("budget", float("nan")), ("until", 0), ("until", 1.0), ("until", "1%"),
        ("shard", (0, 4)), ("shard", (5, 4)), ("shard", (1.0, 2)), ("shard", "half"),
        ("shard", (1, 2, 3)),
    ],
)  # fmt: skip
def test_a_limit_that_cannot_be_meant_is_refused(planted, name, value):
    with pytest.raises(InvalidArguments, match=f"run:\n  {name}: got .*; allowed: "):
        judged(planted, **{name: value})


@pytest.mark.parametrize(
    ("option", "text", "allowed"),
    [
        ("--budget", "soon", "seconds, > 0"),
        ("--budget", "0s", "seconds, > 0"),
        ("--until", "150%", "a share between 0 and 1"),
        ("--shard", "5/4", r"(i, n) with 1 <= i <= n, such as (1, 4)"),
        ("--shard", "a quarter", r"(i, n) with 1 <= i <= n, such as (1, 4)"),
    ],
)
def test_a_limit_that_nobody_means_is_wrong_usage(planted, tmp_path, capsys, option, text, allowed):
    assert run_of(planted, tmp_path / "out", option, text) == 2
    said = capsys.readouterr().err
    assert f"{option.removeprefix('--')}: got " in said
    assert f"allowed: {allowed}" in said
    assert not (tmp_path / "out").exists()


def test_the_shares_of_a_run_have_every_pass_once_and_about_the_same_work():
    plan = make_plan(load_suites(), PRESETS["quick"])
    shares = [share_of(plan, i, 4) for i in (1, 2, 3, 4)]
    assert sorted(p.tasks for s in shares for p in s.passes) == sorted(p.tasks for p in plan.passes)
    loads = [
        sum(work_per_trial(plan.experiments[t]) for p in s.passes for t in p.tasks) for s in shares
    ]
    largest = max(sum(work_per_trial(plan.experiments[t]) for t in p.tasks) for p in plan.passes)
    assert max(loads) - min(loads) <= largest
    assert all(s.claims is plan.claims for s in shares)  # so that the level is that of the whole
    for share in shares:
        here = {t for p in share.passes for t in p.tasks}
        assert here.isdisjoint(share.elsewhere)
        assert here | share.elsewhere == set(plan.experiments)


def test_more_shares_than_there_is_work_are_empty():
    plan = make_plan(load_suites(), PRESETS["quick"])
    assert share_of(plan, 10**9, 10**9).passes == ()
    assert len(share_of(plan, 1, 10**9).passes) == 1


def test_a_share_and_the_whole_do_not_share_a_folder(suite_folder, tmp_path, capsys):
    folder, out = suite_folder(planted=CHECKS), tmp_path / "out"
    assert run_of(folder, out) == 0
    assert run_of(folder, out, "--shard", "1/2") == 2
    said = capsys.readouterr().err
    assert "holds results of the whole run, not of shard 1/2: choose another --out" in said


def test_suites_of_the_same_name_in_another_folder_do_not_share_a_folder(
    suite_folder, tmp_path, capsys
):
    folder, out = suite_folder(planted=CHECKS), tmp_path / "out"
    assert run_of(folder, out) == 0
    other = tmp_path / "other"
    folder.rename(other)
    assert run_of(other, out) == 2
    assert f"holds a run of the suites in {folder}, not of those in" in capsys.readouterr().err


def test_a_budget_that_ends_before_checks_is_told(suite_folder, tmp_path):
    run = nq.run("planted", suites=suite_folder(planted=CHECKS), budget=1e-9)
    assert run.about["run"]["ending"] == "time budget used"


@pytest.mark.needs_compiler
def test_what_is_too_small_for_a_plan_ends_no_run(suite_folder):
    tiny = TWO.replace("return (1 - eta) ** k * w0", "return 1e-200")
    run = nq.run("planted", suites=suite_folder(planted=tiny.replace("w[0]", "w2[0]")),
                 preset="quick", until=0.01)  # fmt: skip
    assert "ERROR" not in set(run.verdicts["verdict"])


CHECKS = """
import nqmbench as nq

suite = nq.Suite("planted")

@suite.check("one and one", expect="confirmed")
def one():
    return 2.0, 1 + 1
"""
TWO = """
import nqmbench as nq

suite = nq.Suite("planted", experiments=[
    nq.Experiment(nq.NoisyQuadratic(1.0), nq.sgd(eta), steps=4) for eta in (0.5, 0.25)])

@suite.claim("decays", of="w[0]", expect="confirmed")
def decays(k, eta, w0):
    return (1 - eta) ** k * w0
"""


@pytest.mark.needs_compiler
def test_shards_that_are_merged_are_the_whole_run(suite_folder, tmp_path, capsys, monkeypatch):
    folder = suite_folder(planted=TWO)
    for i in (1, 2):
        assert run_of(folder, tmp_path / f"part{i}", "--shard", f"{i}/2") == 0
    said = (tmp_path / "part1" / "verdicts.csv").read_text()
    assert said.count("not simulated: another shard has it") == 1
    capsys.readouterr()
    parts = tmp_path / "part1", tmp_path / "part2" / "run.sqlite"
    assert command("merge", *parts, "--out", tmp_path / "whole") == 0
    told = capsys.readouterr().out
    line = next(line for line in told.splitlines() if line.startswith("now judge it: "))
    assert line.startswith("now judge it: python -m nqmbench run planted --preset quick --seed 0")
    assert line.endswith(f"--out {tmp_path / 'whole'}")
    monkeypatch.setattr(simulator, "run_pass", None)  # nothing is left to simulate
    assert command(*line.split()[6:]) == 0
    monkeypatch.undo()
    assert run_of(folder, tmp_path / "alone") == 0
    assert tables(tmp_path / "whole") == tables(tmp_path / "alone")


@pytest.mark.needs_compiler
def test_shards_of_different_runs_are_not_merged(suite_folder, tmp_path, capsys):
    folder = suite_folder(planted=TWO)
    assert run_of(folder, tmp_path / "a", "--shard", "1/2") == 0
    other = "run", "planted", "--suites", folder, "--preset", "standard", "--out", tmp_path / "b"
    assert command(*other, "--shard", "2/2") == 0
    assert command("merge", tmp_path / "a", tmp_path / "b", "--out", tmp_path / "whole") == 2
    assert "merge the shards of one run only" in capsys.readouterr().err
    assert not (tmp_path / "whole").exists()


@pytest.mark.needs_compiler
def test_the_results_file_is_told_and_emptied(suite_folder, tmp_path, capsys):
    out = tmp_path / "out"
    assert run_of(suite_folder(planted=TWO), out) == 0
    capsys.readouterr()
    before = tables(out)
    assert command("cache", "info", out) == 0
    told = capsys.readouterr().out
    assert "made with     seed 0, precision mixed" in told
    assert "records of 2 experiments, " in told
    assert command("cache", "clear", out, "--old") == 0
    assert ": 0 of " in capsys.readouterr().out
    assert command("cache", "clear", out) == 0
    assert " records removed" in capsys.readouterr().out
    assert command("cache", "info", out) == 0
    assert "0 records of 0 experiments" in capsys.readouterr().out
    assert tables(out) == before
    assert json.loads((out / "run.json").read_text())["run"]["ending"] == ""


@pytest.mark.parametrize("words", [("info",), ("clear",)])
def test_without_a_results_file_there_is_nothing_to_tell_or_to_empty(tmp_path, capsys, words):
    assert command("cache", *words, tmp_path) == 2
    assert "no results file; allowed: " in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
