"""Fault: a worker, then the scheduler, of a cluster killed.

Promise: recomputed, same bytes; all gone: exit 75, and a repeated command goes on.
"""

import random
import re
from dataclasses import dataclass, field

import psutil
import pytest
from clusters import LOOPBACK, processes

import nqmbench as nq
from nqmbench.cli import main
from nqmbench.errors import ClusterError
from nqmbench.executors import cluster, connection, local_cluster, open_executor
from nqmbench.observer import Silent

SUITE = """
import nqmbench as nq

suite = nq.Suite("sent", experiments=[
    nq.Experiment(nq.NoisyQuadratic([1.0, 0.1]), nq.sgd(0.1), steps=100, checkpoints=[1, 100])])


@suite.claim("too tight for quick", of="error", margin=1e-6)
def steady(k, h, eta, B, sigma, w0):
    q = (1 - eta * h) ** (2 * k)
    return q * w0**2 + eta * h / (B * (2 - eta * h)) * sigma**2 * (1 - q)
"""
TABLES = "verdicts.csv", "cells.csv", "estimates.csv"


@pytest.fixture
def sent(monkeypatch):
    """The tasks that are sent: of 32 superblocks each, thirty in a run."""
    tasks, make_task = [], cluster.make_task

    def spy(*arguments):
        tasks.append(make_task(*arguments))
        return tasks[-1]

    monkeypatch.setattr(cluster, "make_task", spy)
    monkeypatch.setattr(cluster, "SECONDS", 32 * 1024 * 400 / cluster.RATE)
    monkeypatch.setattr(cluster, "SHORTEST", 1e9)  # no worker seems faster
    return tasks


@dataclass
class Fate(Silent):
    """Does something at each of some moments, counted in messages of progress."""

    act: object
    moments: list = field(default_factory=list)
    heard: int = 0

    def simulated(self, experiment, trials, of):
        self.heard += 1
        if self.moments and self.heard == self.moments[0]:
            self.moments.pop(0)
            self.act()


def run(suites, executor="local", **arguments):
    return nq.run("sent", preset="quick", suites=suites, executor=executor, **arguments)


def tables(result, folder):
    """The bytes of a run's tables."""
    folder.mkdir()
    result.save(folder)
    return {name: (folder / name).read_bytes() for name in TABLES}


@pytest.fixture(scope="module")
def suites(tmp_path_factory):
    folder = tmp_path_factory.mktemp("suites")
    (folder / "sent.py").write_text(SUITE)
    return folder


@pytest.fixture(scope="module")
def expected(suites, tmp_path_factory):
    """What one thread of this process finds."""
    return tables(run(suites, threads=1), tmp_path_factory.mktemp("local") / "run")


@pytest.mark.needs_compiler
def test_a_worker_and_then_the_scheduler_are_killed(suites, expected, sent, tmp_path):
    with processes(tmp_path, workers=2) as started:
        executor = f"dask={started.address}"
        fate = Fate(started.workers[0].kill, [10])
        found = run(suites, executor, observer=fate)
        assert fate.moments == []
        assert len(sent) == 30
        assert started.workers[0].poll() is not None
        assert tables(found, tmp_path / "one worker") == expected
        about = found.about["machine"]["executor"]  # as many workers as were there at first
        assert re.fullmatch(
            rf"dask, (1 thread|2 threads) of the cluster at {started.address}", about
        )

        fate = Fate(started.scheduler.kill, [10])
        kept = tmp_path / "run.sqlite"
        with pytest.raises(ClusterError, match="does not answer any more: start it again") as said:
            run(suites, executor, observer=fate, results=kept)
        assert said.value.exit_code == 75
    resumed = run(suites, results=kept)
    assert resumed.about["machine"]["found"] > 0
    assert resumed.about["machine"]["simulated"] > 0
    assert tables(resumed, tmp_path / "resumed") == expected


def test_no_scheduler_answers(suites, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(connection, "CONNECT", 0.2)
    address = f"tcp://{LOOPBACK}:1"
    arguments = ["run", "sent", "--suites", str(suites), "--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit) as end:
        main([*arguments, "--executor", f"dask={address}"])
    assert end.value.code == 75
    assert f"no scheduler answers at {address}" in capsys.readouterr().err


def test_a_cluster_of_this_machine_is_for_itself_and_ends():
    me = psutil.Process()
    before = set(me.children(recursive=True))
    with open_executor("dask", 1) as executor:
        workers = set(me.children(recursive=True)) - before
        assert len(workers) == executor.threads == 1
        listening = [
            c.laddr.ip
            for process in [me, *workers]
            for c in process.net_connections(kind="inet")
            if c.status == psutil.CONN_LISTEN
        ]
        assert len(listening) >= 2
        assert set(listening) == {LOOPBACK}
    assert not [worker for worker in workers if worker.is_running()]


def test_a_worker_of_this_machine_that_cannot_start_says_why(monkeypatch):
    monkeypatch.setattr(local_cluster, "CODE", "raise SystemExit('a library is missing')")
    with (
        pytest.raises(ClusterError, match="does not start: a library is missing"),
        open_executor("dask", 2),
    ):
        pass


@pytest.mark.slow
@pytest.mark.needs_compiler
def test_a_cluster_of_this_machine_finds_the_same(suites, expected, sent, tmp_path):
    found = run(suites, "dask", threads=2)
    assert len(sent) == 30
    assert tables(found, tmp_path / "run") == expected


@pytest.mark.slow
@pytest.mark.needs_compiler
def test_workers_are_killed_again_and_again(suites, expected, sent, tmp_path):
    chance = random.Random(0)
    with processes(tmp_path, workers=3) as started:

        def kill_and_start():
            victim = chance.randrange(3)
            started.workers[victim].kill()
            started.workers[victim].wait()
            started.workers[victim] = started.start_worker()

        for number in range(3):
            fate = Fate(kill_and_start, sorted(chance.sample(range(2, 25), 4)))
            found = run(suites, f"dask={started.address}", observer=fate)
            assert fate.moments == []
            assert tables(found, tmp_path / f"run {number}") == expected
