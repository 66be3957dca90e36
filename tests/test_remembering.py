"""A run goes on where it was: what the results file knows is not simulated again."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest
from planted import CLAIMS

import nqmbench as nq
from nqmbench import simulator
from nqmbench.errors import UsageError
from nqmbench.observer import Silent

pytestmark = pytest.mark.needs_compiler

TABLES = ("verdicts", "cells", "estimates", "curves")
EXTRA = """
ONE, TEN = (nq.Experiment(nq.NoisyQuadratic([1.0, 0.5]), nq.sgd(0.1), batch=B, steps=50)
            for B in (1, 10))
suite.ordering("larger batches are better", smaller=TEN, larger=ONE, of="error", at="last",
               expect="confirmed")
suite.figure("side by side", panels={"both": {"one": ONE, "ten": TEN}}, single=True)
"""
STILL = """
import nqmbench as nq

suite = nq.Suite("still", experiments=[
    nq.Experiment(nq.NoisyQuadratic(1.0, sigma=0.0), nq.sgd(0.5), steps=4)])


@suite.claim("halves at each step", of="w[0]")
def halves(k, w0):
    return w0 / 2**k
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("suites")
    (place / "planted.py").write_text(CLAIMS + EXTRA)
    return place


@pytest.fixture(scope="module")
def undisturbed(folder, tmp_path_factory):
    return exported(judged(folder, threads=1), tmp_path_factory.mktemp("undisturbed"))


def judged(folder, results=None, **options):
    return nq.run("planted", preset="quick", suites=folder, results=results, **options)


def exported(run, place):
    run.save(place)
    return {name: (place / f"{name}.csv").read_bytes() for name in TABLES}


def counted(run):
    return run.about["machine"]["found"], run.about["machine"]["simulated"]


def test_a_second_run_simulates_nothing_and_has_the_same_bytes(
    folder, undisturbed, tmp_path, monkeypatch
):
    first = judged(folder, tmp_path / "run.sqlite", threads=2)
    found, simulated = counted(first)
    assert found == 0
    assert simulated > 5
    monkeypatch.setattr(simulator, "run_pass", None)
    second = judged(folder, tmp_path / "run.sqlite", threads=1)
    assert counted(second) == (simulated, 0)
    assert exported(first, tmp_path) == exported(second, tmp_path) == undisturbed


def test_what_has_no_noise_counts_as_neither_found_nor_simulated(tmp_path):
    """It is computed anew each time, which costs nothing."""
    (tmp_path / "still.py").write_text(STILL)
    for _ in range(2):
        run = nq.run("still", suites=tmp_path, results=tmp_path / "run.sqlite")
        assert counted(run) == (0, 0)
        assert set(run.verdicts["verdict"]) == {"CONFIRMED"}


def test_another_claim_or_preset_finds_what_is_known(folder, tmp_path):
    results = tmp_path / "run.sqlite"
    _, before = counted(judged(folder, results))
    more = tmp_path / "more"
    more.mkdir()
    claim = """
@suite.claim("another", of="w3[i]", at="last")
def another():
    return 0.0
"""
    (more / "planted.py").write_text(CLAIMS + EXTRA + claim)
    found, simulated = counted(judged(more, results))
    assert found >= before - 1  # all but the looks of the experiment in which w3 is observed now
    assert simulated > 0
    run = nq.run("planted", preset="standard", suites=more, results=results)
    assert counted(run)[0] >= before


class Impatient(Silent):
    """Presses Ctrl-C after so many looks."""

    def __init__(self, looks):
        self.left = looks

    def looked(self, ledger, experiment, trials, forecast):
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("looks", [0, 1])
def test_an_interrupted_run_goes_on_with_the_same_bytes(folder, undisturbed, tmp_path, looks):
    results = tmp_path / "run.sqlite"
    with pytest.raises(KeyboardInterrupt):
        judged(folder, results, observer=Impatient(looks))
    run = judged(folder, results)
    assert counted(run)[0] > looks
    assert exported(run, tmp_path) == undisturbed


KILLED = "import sys, nqmbench as nq; nq.run('planted', preset='quick', suites=sys.argv[1], " \
    "results=sys.argv[2], threads=2)"  # fmt: skip


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_run_that_is_killed_goes_on_with_the_same_bytes(folder, undisturbed, tmp_path):
    """Killed in the second, the third and the fourth second; a fixed seed chooses the moments."""
    results, moments = tmp_path / "run.sqlite", random.Random(8)
    for second in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, folder, results],
            env=os.environ, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(1.5 + second + moments.random())
        process.kill()
        process.wait()
    assert exported(judged(folder, results), tmp_path) == undisturbed


def test_a_file_of_another_seed_or_precision_is_refused(folder, tmp_path):
    results = tmp_path / "run.sqlite"
    judged(folder, results)
    with pytest.raises(UsageError, match="choose another --out"):
        judged(folder, results, seed=1)
    with pytest.raises(UsageError, match="holds results of precision mixed, not of precision f32"):
        judged(folder, results, precision="f32")
