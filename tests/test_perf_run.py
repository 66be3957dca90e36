import errno
import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest
from fake_records import document

from nqmbench import simulation
from nqmbench.cli import main
from nqmbench.errors import DiskError, OutputError, UsageError
from nqmbench.perf import BENCHMARKS, Benchmark, cases, facts, read_record, runner
from nqmbench.perf.benchmarks import choose, named
from nqmbench.perf.plugin import joined
from nqmbench.threads import available_threads


def exit_code(*arguments):
    try:
        main(["perf", "run", *map(str, arguments)])
    except SystemExit as stop:
        return stop.code
    return 0


@pytest.fixture
def pretended(monkeypatch):
    """Let pytest's process end at once, with a document of its own or a failure."""
    asked = {}

    def settle(returncode=0, content=None):
        def process(command, env, **rest):
            asked.update(command=command, env=env, **rest)
            for word in command:
                if word.startswith("--benchmark-json=") and content is not None:
                    Path(word.partition("=")[2]).write_text(json.dumps(content))
            return subprocess.CompletedProcess(command, returncode, "what pytest said")

        monkeypatch.setattr(runner.subprocess, "run", process)
        monkeypatch.setattr(runner, "revision", lambda: None)
        monkeypatch.setattr(runner, "check_environment", lambda: None)
        return asked

    return settle


def test_the_names_are_distinct_and_fit_on_a_command_line():
    names = [b.name for b in BENCHMARKS]
    assert len(set(names)) == len(names)
    assert all(name.replace("-", "").isalnum() and name == name.lower() for name in names)
    assert all(b.work >= 1 and b.doc and b.unit for b in BENCHMARKS)


def test_every_precision_is_measured():
    for precision in simulation.PRECISIONS:
        assert named(f"sgd-{precision}").unit == "coordinate steps"


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(UsageError, match="benchmark: got 'sg'; allowed: a glob, or one of 'sgd-"):
        choose(["import", "sg"])


def test_what_needs_more_cores_is_left_out(monkeypatch):
    monkeypatch.setattr("nqmbench.perf.benchmarks.available_threads", lambda: 1)
    assert "two-threads" not in [b.name for b in choose([])]
    with pytest.raises(UsageError, match="two-threads"):
        choose(["two-threads"])


def test_exact_theory_and_processes_run_without_the_compiler():
    assert len(named("exact").prepare()().steps) > 10
    assert named("list").prepare()().returncode == 0


@pytest.mark.needs_compiler
def test_a_record_is_written_by_a_foreign_working_directory(tmp_path, monkeypatch, capfd):
    """With a hostile pytest configuration around it, and nothing else left behind."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    (tmp_path / "conftest.py").write_text("raise RuntimeError('not this one')\n")
    (tmp_path / "random.py").write_text("raise RuntimeError('nor this one')\n")
    monkeypatch.setenv("PYTEST_ADDOPTS", "--benchmark-disable")
    assert exit_code("--quick", "--only", "exact", "--out", "new/a.json") == 0
    progress = [line for line in capfd.readouterr().err.splitlines() if line.startswith("turn")]
    assert progress == [f"turn {turn} of 24" for turn in range(1, 25)]
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "conftest.py", "new", "pytest.ini", "random.py",
    ]  # fmt: skip
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["a.json"]
    record = read_record("new/a.json")
    samples = record.samples["exact"]
    assert set(samples.turn) == set(range(24))
    assert 24 <= samples.times.size <= 200
    known = record.facts
    assert known["calibration"] == 1
    assert known["machine"]["cores"] == available_threads()
    assert {"python", "numba", "llvmlite", "numpy", "nqmbench"} <= set(known["versions"])
    assert known["quick"] is True
    [entry] = json.loads(Path("new/a.json").read_text())["benchmarks"]
    assert entry["extra_info"]["first_call"] > 0
    assert entry["extra_info"]["doc"].startswith("exact moments")
    assert entry["stats"]["rounds"] == samples.times.size
    assert entry["stats"]["max"] == samples.times.max()


@pytest.mark.needs_compiler
def test_the_calibration_is_the_same_work_as_its_plain_source():
    from nqmbench.kernels.calibration import work

    mask = 2**64 - 1
    bits, x = 88172645463325252, np.zeros(256)
    for _ in range(3):
        x = x * 0.75 + 0.25
        for _ in range(16):
            bits ^= bits << 13 & mask
            bits ^= bits >> 7
            bits ^= bits << 17 & mask
    y = np.zeros(256)
    assert work(3, y) == bits
    assert y.tolist() == x.tolist()


def test_the_record_replaces_an_older_one_at_the_end(tmp_path, pretended, capsys):
    asked = pretended(content=document())
    out = tmp_path / "a.json"
    out.write_text("older")
    assert exit_code("--out", out, "--only", "import", "--only", "sgd-*") == 0
    assert f"record: {out}" in capsys.readouterr().out
    assert read_record(out).facts["quick"] is False
    cases = [word.partition("::")[2] for word in asked["command"] if "::" in word]
    names = [*(f"sgd-{p}" for p in simulation.PRECISIONS), "import"]
    assert cases == [f"test_speed[{turn}-{name}]" for turn in range(24) for name in names]


def test_the_default_place_is_named_by_time_and_revision(tmp_path, pretended, monkeypatch):
    pretended(content=document())
    monkeypatch.chdir(tmp_path)
    assert exit_code() == 0
    [file] = (tmp_path / "reports" / "perf").iterdir()
    assert file.name.endswith(f"-{facts.package_version('nqmbench')}.json")
    monkeypatch.setattr(runner, "revision", lambda: {"commit": "abcdef" * 7, "edited": True})
    assert runner.default_place().name.endswith("-abcdefa-edited.json")


def test_each_round_stands_between_two_calibrations(monkeypatch):
    done = []

    class Fixture:
        extra_info: ClassVar = {}

        def pedantic(self, call, teardown, rounds, iterations):
            for _ in range(rounds):
                call()
                teardown()

    options = {"benchmark_max_time": "1e9", "benchmark_min_rounds": "1"}
    request = SimpleNamespace(config=SimpleNamespace(getoption=options.__getitem__))
    case = Benchmark("it", "a list", 5, "items", lambda: lambda: done.append("it"), turns=50)
    monkeypatch.setattr(cases, "named", lambda name: case)
    monkeypatch.setattr(cases, "calibrate", lambda: done.append("calibration"))
    for turn in range(2):
        cases.test_speed(Fixture(), "it", turn, request)
    cases.prepared.cache_clear()
    turn = ["calibration", *4 * ["it", "calibration"]]  # 200 rounds in 50 turns
    assert done == ["it", "calibration", *3 * ["it"], "calibration", *turn, *turn]
    assert len(Fixture.extra_info["calibration"]) == 4
    assert Fixture.extra_info["work"] == 5


def test_every_thread_is_calibrated(monkeypatch):
    met = []
    both = threading.Barrier(2, timeout=60)
    monkeypatch.setattr(cases, "calibrate", lambda: met.append(both.wait()))
    with ThreadPoolExecutor(2) as pool:
        cases.calibrate_on(pool, replace(named("exact"), threads=2, calibrations=3))
    assert sorted(met) == [0, 0, 0, 1, 1, 1]


def test_the_turns_of_a_benchmark_become_one_entry_in_the_order_of_time():
    def entry(name, turn, times):
        extra = {"calibration": [t / 2 for t in times], "work": 7}
        params = {"name": name, "turn": turn}
        return {"params": params, "stats": {"data": times, "min": 0}, "extra_info": extra}

    entries = [entry("a", 0, [3.0, 1.0]), entry("b", 0, [4.0]), entry("a", 2, [2.0])]
    a, b = joined(entries)
    assert (a["param"], b["param"]) == ("a", "b")
    assert a["stats"]["data"] == [3.0, 1.0, 2.0]
    assert (a["stats"]["min"], a["stats"]["median"], a["stats"]["rounds"]) == (1.0, 2.0, 3)
    assert a["extra_info"] == {"calibration": [1.5, 0.5, 1.0], "turn": [0, 0, 2], "work": 7}


def test_a_failing_benchmark_leaves_the_older_record(tmp_path, pretended, capsys):
    pretended(returncode=1, content=document())
    out = tmp_path / "a.json"
    out.write_text("older")
    assert exit_code("--out", out) == 70
    assert "what pytest said" in capsys.readouterr().err
    assert out.read_text() == "older"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_a_full_disk_leaves_the_older_record(tmp_path, monkeypatch):
    out = tmp_path / "a.json"
    out.write_text("older")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(DiskError, match="disk full"):
        runner.write(out, {})
    assert out.read_text() == "older"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_a_place_that_cannot_be_written_is_refused_before_anything_runs(tmp_path, pretended):
    asked = pretended()
    with pytest.raises(UsageError, match="a folder; allowed: the name of a file"):
        runner.run(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        runner.run(tmp_path / "file" / "a.json")
    assert asked == {}


def test_a_missing_plugin_is_told_with_what_to_install(monkeypatch):
    monkeypatch.delenv("NUMBA_DISABLE_JIT", raising=False)
    runner.check_environment()
    monkeypatch.setattr(runner.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"python -m pip install pytest pytest-benchmark$"):
        runner.check_environment()


def test_without_the_compiler_nothing_is_measured(monkeypatch):
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    with pytest.raises(UsageError, match="unset NUMBA_DISABLE_JIT"):
        runner.check_environment()


def git(folder, *arguments):
    names = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    subprocess.run(["git", "-C", folder, *names, *arguments], check=True, capture_output=True)


def test_the_revision_is_of_the_package_and_not_of_what_lies_around_it(tmp_path):
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    assert facts.revision(package) is None
    git(tmp_path, "init")
    (tmp_path / "notes").write_text("")
    git(tmp_path, "add", "notes")
    git(tmp_path, "commit", "-m", "somebody else's")
    assert facts.revision(package) is None
    git(tmp_path, "add", "package")
    git(tmp_path, "commit", "-m", "the package")
    clean = facts.revision(package)
    assert clean["edited"] is False
    assert len(clean["commit"]) == 40
    (tmp_path / "notes").write_text("edited")
    assert facts.revision(package) == clean
    (package / "__init__.py").write_text("edited = 1")
    assert facts.revision(package)["edited"] is True


def test_without_git_there_is_no_revision(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert facts.revision() is None


def test_settings_of_the_compiler_are_facts(monkeypatch):
    monkeypatch.setenv("NUMBA_OPT", "2")
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/somewhere")
    settings = facts.machine_facts()["settings"]
    assert settings["NUMBA_OPT"] == "2"
    assert "NUMBA_CACHE_DIR" not in settings


def test_the_load_is_left_out_where_the_system_does_not_tell(monkeypatch):
    assert len(facts.load_average()) == 3
    monkeypatch.delattr(os, "getloadavg")
    assert facts.load_average() is None


def test_compare_needs_no_compiler():
    code = (
        "import sys, nqmbench.perf.table\n"
        "sys.exit(bool({'numba', 'pytest', 'matplotlib'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
