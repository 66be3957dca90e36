"""The examination of an installation: each trouble is named, with what to do about it."""

import importlib.metadata
import json
import sqlite3
import tempfile
from types import SimpleNamespace

import pytest
from examined import by_name, run_doctor

from nqmbench.cli import main
from nqmbench.doctor import (
    Finding,
    as_json,
    examine,
    exit_code,
    places,
    print_findings,
    processor,
    software,
    speed,
    threads,
)
from nqmbench.doctor.examine import PARTS

needs_compiler = pytest.mark.needs_compiler


@pytest.fixture(autouse=True)
def _no_wishes(monkeypatch):
    for name in ("NQMBENCH_KERNELS", "NQMBENCH_THREADS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def at_once(monkeypatch):
    """The speed is not measured for two seconds."""
    monkeypatch.setattr(speed, "SECONDS", 0.001)


# -- as a whole ------------------------------------------------------------------------------------


@needs_compiler
def test_the_command_names_every_part_and_exits_with_0_where_all_is_well(capsys, at_once):
    with pytest.raises(SystemExit) as stop:
        main(["doctor", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert {f["part"] for f in told["findings"]} == set(PARTS)
    troubles = [f for f in told["findings"] if f["verdict"] == "trouble"]
    assert (troubles, told["exit_code"], stop.value.code) == ([], 0, 0)
    assert all(f["advice"] for f in told["findings"] if f["verdict"] != "ok")
    names = {f["name"] for f in told["findings"]}
    assert {"Python", "nqmbench", "numba", "scipy", "matplotlib", "cache", "vectors"} <= names


def test_trouble_exits_with_1_and_is_named_at_the_end(capsys):
    findings = [Finding("one", "fine"), Finding("two", "slow", "notice", "wait")]
    assert exit_code(findings) == 0
    findings.append(Finding("three", "broken", "trouble", "mend it"))
    assert print_findings(findings) == findings
    assert exit_code(findings) == json.loads(as_json(findings))["exit_code"] == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "1 needs attention: three (see above); 1 notice"
    broken = lines.index(next(line for line in lines if line.startswith("trouble")))
    assert lines[broken].split() == ["trouble", "three", "broken"]
    assert lines[broken + 1].strip() == "-> mend it"
    assert lines[broken].index("broken") == lines[broken + 1].index("->")


def test_without_a_terminal_a_finding_is_one_line_however_long_it_is(capsys):
    print_findings([Finding("name", "x" * 300, "ok", "y " * 200)])
    assert len(capsys.readouterr().out.splitlines()) == 2 + 1 + 2


def test_markup_in_what_was_seen_is_shown_as_it_is(capsys):
    print_findings([Finding("name", "[red]folder[/red]")])
    assert "[red]folder[/red]" in capsys.readouterr().out


def test_a_part_that_fails_is_a_finding_and_the_rest_is_still_looked_at():
    def broken():
        yield Finding("first", "seen")
        raise RuntimeError("gears\n  stuck")

    found = list(examine({"a": broken, "b": lambda: [Finding("last", "seen")]}))
    assert [(f.part, f.name, f.verdict) for f in found] == [
        ("a", "first", "ok"),
        ("a", "a", "trouble"),
        ("b", "last", "ok"),
    ]
    assert found[1].seen == "RuntimeError: gears stuck"


# -- software --------------------------------------------------------------------------------------


def test_a_package_that_is_too_old_or_missing_is_trouble(monkeypatch):
    def version(name):
        if name == "jinja2":
            raise importlib.metadata.PackageNotFoundError(name)
        return {"numba": "0.60.9"}.get(name, "99.1")

    monkeypatch.setattr(
        software, "requires", lambda _: ["numba>=0.61", "jinja2>=3.1", 'pytest>=8; extra == "test"']
    )
    monkeypatch.setattr("nqmbench.describe.version", version)
    found = by_name(software.software())
    assert {f.name for f in found.values() if f.verdict == "trouble"} == {"numba", "jinja2"}
    assert found["numba"].seen == "0.60.9, and 0.61 is needed"
    assert found["numba"].advice == "pip install -U 'numba>=0.61'"
    assert found["jinja2"].advice == "pip install 'jinja2>=3.1'"


def test_an_old_sqlite_is_trouble(monkeypatch):
    monkeypatch.setattr(sqlite3, "sqlite_version", "3.7.17")
    assert by_name(software.software())["SQLite"].verdict == "trouble"
    assert software.sqlite("3.24.0").verdict == "ok"


@pytest.mark.parametrize(
    ("name", "verdict"),
    [("utf-8", "ok"), ("ascii", "notice"), ("iso8859-1", "notice"), (None, "notice")],
)
def test_an_output_that_cannot_show_the_letters_of_texts_is_a_notice(name, verdict):
    found = software.encoding(name)
    assert found.verdict == verdict
    assert found.seen.isascii()


# -- places ----------------------------------------------------------------------------------------


def test_a_place_that_cannot_be_written_is_trouble(tmp_path):
    (tmp_path / "file").write_text("in the way")
    found = places.reports(tmp_path / "file" / "reports")
    assert found.verdict == "trouble"
    assert "choose --out" in found.advice
    assert places.reports(tmp_path / "new" / "reports").verdict == "ok"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]  # nothing was created


@pytest.mark.parametrize(
    ("free", "verdict"), [(10 * 2**20, "trouble"), (50 * 2**20, "notice"), (2**40, "ok")]
)
def test_a_tiny_folder_for_temporary_files_is_told(monkeypatch, free, verdict):
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=free))
    assert places.temporary().verdict == verdict


def test_no_folder_for_temporary_files_at_all_is_trouble(monkeypatch):
    def none():
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", none)
    assert places.temporary().verdict == "trouble"


def test_memory_is_what_system_and_control_group_leave(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "address_space", list)

    def write(name, text):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    assert places.memory(tmp_path).seen == "unknown"
    write("proc/meminfo", "MemTotal:  8000000 kB\nMemAvailable:  4000000 kB\n")
    assert places.free_memory(tmp_path) == 4_000_000 * 1024
    write("proc/self/cgroup", "0::/job\n")
    write("sys/fs/cgroup/memory.max", "max\n")
    write("sys/fs/cgroup/job/memory.max", f"{2**30}\n")
    write("sys/fs/cgroup/job/memory.current", f"{2**29}\n")
    assert places.free_memory(tmp_path) == 2**29
    assert places.memory(tmp_path).verdict == "trouble"
    write("proc/self/cgroup", "4:memory:/job\n")
    write("sys/fs/cgroup/memory/job/memory.limit_in_bytes", f"{2**30 + 2**29}\n")
    write("sys/fs/cgroup/memory/job/memory.usage_in_bytes", f"{2**29}\n")
    assert places.free_memory(tmp_path) == 2**30
    assert places.memory(tmp_path).verdict == "notice"
    monkeypatch.setattr(places, "address_space", lambda: [2**20])
    assert places.free_memory(tmp_path) == 2**20


# -- processor -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bits", "fused", "present", "verdict"),
    [
        (512, True, {"avx512f", "avx2", "fma"}, "ok"),
        (256, True, {"avx2", "fma"}, "ok"),
        (256, True, {"avx512f", "avx2", "fma"}, "notice"),
        (128, True, {"avx2", "fma"}, "notice"),
        (256, False, {"avx2", "fma"}, "notice"),
        (128, False, {"sse4.2"}, "notice"),
        (128, True, {"neon"}, "ok"),
    ],
)
def test_vectors_shorter_than_they_could_be_are_told(bits, fused, present, verdict):
    found = processor.vectors(bits, fused, frozenset(present))
    assert found.verdict == verdict
    assert f"{bits} bits" in found.seen


@needs_compiler
def test_a_processor_named_to_the_compiler_shows():
    found = run_doctor("processor", NUMBA_CPU_NAME="nehalem", NUMBA_CPU_FEATURES="+sse2,+sse4.2")
    if "fma" in found["features"]["seen"]:
        assert found["vectors"]["verdict"] == "notice"
        assert "unset NUMBA_CPU_NAME" in found["vectors"]["advice"]
        assert "128 bits, without fused" in found["vectors"]["seen"]


@needs_compiler
def test_denormals_that_are_made_0_are_trouble(monkeypatch):
    from nqmbench.kernels import machine

    assert machine.keeps_denormals()
    monkeypatch.setattr(machine, "keeps_denormals", lambda: False)
    assert by_name(processor.processor())["denormals"].verdict == "trouble"


# -- threads ---------------------------------------------------------------------------------------


def test_the_limits_are_told_with_their_names():
    found = threads.granted({"cores": 8, "cgroup": 3, "SLURM_CPUS_PER_TASK": 4}, 64)
    assert found.seen == ("3 of 64 cores (affinity 8, control group 3, SLURM_CPUS_PER_TASK 4)")


@pytest.mark.parametrize("text", ["0", "-1", "abc", ""])
def test_a_wrong_number_in_the_environment_is_trouble(monkeypatch, text, at_once):
    monkeypatch.setenv("NQMBENCH_THREADS", text)
    found = by_name(threads.threads())["used"]
    assert found.verdict == "trouble"
    assert "NQMBENCH_THREADS: got" in found.seen
    assert list(speed.speed()) == []  # no run begins


def test_more_threads_than_there_are_is_a_notice(monkeypatch):
    assert threads.used(2, 2, 2).verdict == "ok"
    monkeypatch.setenv("NQMBENCH_THREADS", "1000")
    assert threads.used(1000, 8, 8).verdict == "notice"
    assert threads.used(8, 8, 2).verdict == "notice"


@needs_compiler
@pytest.mark.parametrize(
    ("layer", "verdict"), [("omp", "notice"), ("workqueue", "ok"), ("nonsense", "trouble")]
)
def test_the_threading_layer_is_told_with_what_it_forbids(layer, verdict):
    found = run_doctor("threads", NUMBA_THREADING_LAYER=layer)["threading layer"]
    if layer != "omp" or "omp" in found["seen"]:  # OpenMP is not there on every system
        assert found["verdict"] == verdict
        assert "NUMBA_THREADING_LAYER" in found["advice"]
