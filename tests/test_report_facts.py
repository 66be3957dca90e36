"""How a run was made, as the report tells it."""

from __future__ import annotations

import shlex
from typing import Any

import fake_runs
import pytest

from nqmbench.cli import judging
from nqmbench.report.content import Report
from nqmbench.report.facts import command, facts
from nqmbench.report.reading import read
from nqmbench.results import Run

REAL = {"names": ["all"], "preset": "quick", "seed": 0, "precision": "mixed", "suites": "shipped"}


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({}, "python -m nqmbench run all --preset quick --seed 0"),
        ({"names": ["sgd", "mom*"]}, "python -m nqmbench run sgd 'mom*' --preset quick --seed 0"),
        (
            {"precision": "f32", "suites": "my suites"},
            "python -m nqmbench run all --preset quick --seed 0 --precision f32 "
            "--suites 'my suites'",
        ),
    ],
)
def test_the_command_gives_the_run_again(changed: dict[str, Any], line: str) -> None:
    assert command(Report((), REAL | changed)) == line


@pytest.mark.needs_compiler
def test_the_command_of_a_real_run_is_understood(quick_run: Run) -> None:
    line = command(read(quick_run))
    assert line == "python -m nqmbench run all --preset quick --seed 0"
    context = judging.run.make_context("run", shlex.split(line)[4:])
    assert context.params["names"] == ("all",)
    assert (context.params["preset"], int(context.params["seed"])) == ("quick", 0)


@pytest.mark.needs_compiler
def test_runs_made_by_hand_are_described_like_real_ones(quick_run: Run) -> None:
    made = fake_runs.everything().about
    assert set(made["run"]) == set(quick_run.about["run"])
    assert set(made["machine"]) == set(quick_run.about["machine"])


def test_facts_are_words() -> None:
    listed = dict(facts(read(fake_runs.everything())))
    assert listed["Suites"] == "all of the suites that come with the program"
    assert listed["Preset"].replace("\u00a0", " ") == (
        "standard: the margin is 1 % for a mean and 5 % for a variance"
    )
    assert listed["Simulated"].replace("\u202f", " ") == (
        "123 456 789 trajectories in 21 experiments, at most 67 108 864 in one"
    )
    assert listed["Time"] == "12.5 seconds on 2 threads"
    assert listed["Software"] == "Python 3.11.7, numpy 2.4.6, on Linux"


def test_nothing_is_told_of_what_is_not_known() -> None:
    assert facts(Report(())) == []
    assert command(Report(())) == "python -m nqmbench run all"
