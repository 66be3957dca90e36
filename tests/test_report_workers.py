"""Figures drawn by other processes: the same bytes, and nothing left behind whatever happens."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import fake_runs
import pytest

from nqmbench.report import workers, write_report
from nqmbench.report.workers import Worker, pool, worth
from nqmbench.results import Run

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def run() -> Run:
    return fake_runs.everything()


@pytest.fixture(scope="module")
def alone(run: Run, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    place = tmp_path_factory.mktemp("alone")
    write_report(run, place, workers=0)
    return bytes_of(place)


def bytes_of(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Worker]:
    """Every worker that is started during a test."""
    found: list[Worker] = []
    begin = Worker.__init__

    def remember(self: Worker) -> None:
        begin(self)
        found.append(self)

    monkeypatch.setattr(Worker, "__init__", remember)
    return found


def all_ended(started: list[Worker]) -> bool:
    return all(worker.process.poll() is not None for worker in started)


def test_workers_draw_the_same_bytes(
    run: Run, alone: dict[str, str], tmp_path: Path, started: list[Worker]
) -> None:
    said: list[str] = []
    write_report(run, tmp_path, said.append, workers=2)
    assert bytes_of(tmp_path) == alone
    assert len(started) == 2
    assert all_ended(started)
    assert [line.partition(":")[0] for line in said] == [
        f"figure {i} of {len(said)}" for i in range(1, len(said) + 1)
    ]


def test_a_worker_that_dies_is_replaced_by_this_process(
    run: Run, alone: dict[str, str], tmp_path: Path, started: list[Worker]
) -> None:
    def kill(line: str) -> None:
        started[0].process.kill()

    write_report(run, tmp_path, kill, workers=1)
    assert bytes_of(tmp_path) == alone
    assert all_ended(started)


def test_where_no_process_can_be_started_this_one_draws(
    run: Run, alone: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no more processes")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    write_report(run, tmp_path, workers=2)
    assert bytes_of(tmp_path) == alone


def test_an_interruption_leaves_no_process(run: Run, tmp_path: Path, started: list[Worker]) -> None:
    def interrupt(line: str) -> None:
        if line.startswith("figure 2"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_report(run, tmp_path, interrupt, workers=2)
    assert len(started) == 2
    assert all_ended(started)
    assert (tmp_path / "report.html").exists()


def test_a_worker_ends_when_its_input_ends() -> None:
    worker = Worker()
    try:
        assert worker.process.stdin is not None
        worker.process.stdin.close()
        assert worker.process.wait(timeout=60) == 0
    finally:
        worker.end()


def test_few_figures_are_drawn_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NQMBENCH_THREADS", "2")
    assert worth(10, None) == 0
    assert worth(100, None) == 2
    monkeypatch.setenv("NQMBENCH_THREADS", "1")
    assert worth(100, None) == 0
    monkeypatch.setenv("NQMBENCH_THREADS", "64")
    assert worth(1000, None) == workers.MOST


def test_a_pool_of_none_starts_nothing() -> None:
    with pool(0) as others:
        assert others is None


@pytest.mark.skipif(not hasattr(os, "setsid"), reason="sessions exist on POSIX only")
def test_ctrl_c_of_the_terminal_is_not_meant_for_workers() -> None:
    worker = Worker()
    try:
        assert os.getsid(worker.process.pid) != os.getsid(0)
    finally:
        worker.end()
