"""The same command where nothing has changed: the run that is there stands."""

import json
import shutil

import pytest

import nqmbench as nq
from nqmbench import runner, unchanged
from nqmbench.cli import main
from nqmbench.errors import DamagedRunError

pytestmark = pytest.mark.needs_compiler

TABLES = "verdicts.csv", "cells.csv", "estimates.csv", "curves.csv"


def command(out, *more):
    with pytest.raises(SystemExit) as ended:
        main(["run", "descent", "--preset", "quick", "--out", str(out), *more])
    return ended.value.code


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A finished run of a shipped suite."""
    out = tmp_path_factory.mktemp("made") / "out"
    assert command(out) == 0
    return out


@pytest.fixture
def out(made, tmp_path):
    """A copy of it."""
    return shutil.copytree(made, tmp_path / "out")


@pytest.fixture
def judged(monkeypatch):
    """How often a run was judged anew."""
    calls = []
    original = runner.pursue
    monkeypatch.setattr(runner, "pursue", lambda *a, **k: calls.append(1) or original(*a, **k))
    return calls


def test_a_run_stands_where_nothing_has_changed(out, judged, capsys):
    before = {name: (out / name).read_bytes() for name in (*TABLES, "run.json", "report.html")}
    assert command(out) == 0
    assert judged == []
    assert {name: (out / name).read_bytes() for name in before} == before
    assert "looks found in the results file, 0 simulated" in capsys.readouterr().out


def test_a_missing_page_is_written_again(out, judged):
    page = (out / "report.html").read_bytes()
    (out / "report.html").unlink()
    assert command(out, "--threads", "1") == 0
    assert (out / "report.html").read_bytes() == page
    assert judged == []


@pytest.mark.parametrize("name", [*TABLES, "run.json"])
def test_a_damaged_table_is_made_again(out, judged, name):
    before = (out / name).read_bytes()
    (out / name).write_bytes(before[:-9] + bytes([before[-9] ^ 1]) + before[-8:])
    assert command(out) == 0
    assert judged
    if name in TABLES:
        assert (out / name).read_bytes() == before


@pytest.mark.parametrize("more", [["--preset", "standard"], ["--until", "50%"], ["--no-cache"]])
def test_another_command_is_judged(out, judged, more):
    assert command(out, *more) == 0
    assert judged


@pytest.mark.parametrize("changed", ["sources", "libraries", "results"])
def test_what_a_run_depends_on_is_looked_at(out, judged, changed, monkeypatch, tmp_path):
    if changed == "sources":
        package = shutil.copytree(unchanged.PACKAGE, tmp_path / "package")
        (package / "report" / "page.css").write_text("p { color: red }\n")
        monkeypatch.setattr(unchanged, "PACKAGE", package)
    elif changed == "libraries":
        monkeypatch.setattr(unchanged, "version", lambda name: "0.0")
    else:
        (out / "run.sqlite").unlink()
    assert command(out) == 0
    assert judged


def test_a_part_of_a_run_does_not_stand(out, judged):
    about = json.loads((out / "run.json").read_text())
    about["run"]["ending"] = "interrupted"
    (out / "run.json").write_text(json.dumps(about))
    assert command(out) == 0
    assert judged


def test_a_damaged_results_file_is_told(made, tmp_path):
    out = shutil.copytree(made, tmp_path / "out")
    (out / "run.sqlite").write_bytes((out / "run.sqlite").read_bytes()[:1000])
    arguments = json.loads((out / "run.json").read_text())["run"]
    with pytest.raises(DamagedRunError):
        unchanged.standing(out, arguments)


def test_suites_of_a_user_are_always_judged(planted, tmp_path, judged):
    first = nq.run("planted", preset="quick", suites=planted, results=tmp_path / "run.sqlite")
    assert first.about["machine"]["made_from"] == ""
    first.save(tmp_path)
    options = {"preset": "quick", "suites": planted, "results": tmp_path / "run.sqlite"}
    again = nq.run("planted", **options, finished=tmp_path)
    assert len(judged) == 2
    assert again.verdicts.equals(first.verdicts)
