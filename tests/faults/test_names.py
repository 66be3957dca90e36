"""Fault: names like ../x, /etc, CON, 300 characters, NUL, right-to-left, emoji.

Suites, claims, figures, panels, curves, methods and what the command line is given are named so.
Promise: files stay inside the run folder. What can be no name or no path is refused with exit 2.
"""

import os
import re

import pytest
from inside import GOOD, HEAD, everything_in, judge, run_inside, suites_at

from nqmbench.report.reading import read
from nqmbench.results import load_run

NAMES = {
    "parent": "../x",
    "far up": "../../../../../../tmp/x",
    "absolute": "/etc",
    "Windows": "C:\\x",
    "device": "CON",
    "device with an ending": "nul.txt",
    "hidden": ".x",
    "long": 199 * "x",
    "right-to-left": "\u202egnp.x",
    "emoji": "\U0001f600",
    "two lines": "a\nb",
    "carriage return": "a\rb",
    "escape": "\x1b[31mred",
    "control": "\x01\x08",
    "space": " x ",
    "dots": "..",
    "Rich": "[/red] :smile: [bold]",
    "format": "{0} %s $x",
    "glob": "*",
    "option": "--out",
}
REFUSED = {"too long": 300 * "x", "NUL": "a\0b", "surrogate": "\ud800", "empty": "", "blank": "  "}
SAFE = re.compile(r"figures/[a-z0-9][a-z0-9-]{0,79}\.(svg|png)")
FILES = {
    "cells.csv", "curves.csv", "estimates.csv", "figures", "report.html", "report.md", "run.json",
    "statements.html", "statements.md", "trust.html", "trust.md", "verdicts.csv",
}  # fmt: skip

CLAIM = "suite.claim(X, of='w[0]', ref=X, expect='confirmed')(lambda k, w0: w0 / 2**k)\n"
EACH = """
for X in {names!r}:
    suite.claim(X, of="w[0]", ref=X, mends="m" + X)(lambda k, w0: w0 / 2**k)
    suite.check(X + "!", ref=X)(lambda: (1, 1))
    suite.outside(X, X, X)
    own = nq.Experiment(problem, nq.Method(X, halving.method.step, {{"lr": 0.5}}), steps=4)
    suite.figure(X, panels={{X: {{X: halving, "own": own}}}}, doc=X)
"""
# Where a name is written, and the slots into which it goes.
SLOTS = {
    "suite": "suite = nq.Suite(X)",
    "summary": "suite = nq.Suite('t', summary=X, source=X)",
    "claim": CLAIM,
    "check": "suite.check(X)(lambda: (1, 1))",
    "ref": "suite.check('c', ref=X)(lambda: (1, 1))",
    "mends": "suite.check('c', mends=X)(lambda: (1, 1))",
    "ordering": "suite.ordering(X, smaller=halving, larger=halving, of='error')",
    "doc": "suite.ordering('o', smaller=halving, larger=halving, of='error', doc=X)",
    "figure": "suite.figure(X, panels={'p': {'c': halving}})",
    "panel": "suite.figure('f', panels={X: {'c': halving}})",
    "curve": "suite.figure('f', panels={'p': {X: halving}})",
    "method": "nq.Method(X, halving.method.step, {'lr': 0.5})",
    "parameter": "nq.Method('m', halving.method.step, {'lr': 0.5, X: 1.0})",
    "state": "nq.Method('m', halving.method.step, {'lr': 0.5}, {'w': 1.0, X: 0.0})",
    "outside": "suite.outside(X, 'a', 'b')",
}
# Texts of any length; of these, none may be empty of the last two.
TEXTS = {"summary", "ref", "mends", "doc", "panel", "curve", "parameter", "state"}
TITLES = {"method", "outside"}


def named(root, names, draw):
    """A run of claims and figures with these names, two levels below an empty folder."""
    place = root / "one" / "two"
    place.mkdir(parents=True)
    done = judge(place, HEAD, EACH.format(names=names), draw=draw)
    assert done.code == 0, done.stderr
    return root, done


def test_files_stay_inside_the_run_folder(tmp_path):
    names = [NAMES[kind] for kind in ("absolute", "right-to-left", "emoji")]
    named(tmp_path, names, draw=True)
    found = everything_in(tmp_path / "one" / "two" / "run")
    figures = {name for name in found if name.endswith((".svg", ".png"))}
    assert found - figures == FILES | {"figures/drawn.json"}
    assert all(map(SAFE.fullmatch, figures))
    # A claim and a figure of each name, each as SVG and PNG: no name overwrites another.
    assert len(figures) == 2 * 2 * len(names)
    others = everything_in(tmp_path) - {f"one/two/run/{name}" for name in found}
    assert others == {"one", "one/two", "one/two/run", "one/two/suites", "one/two/suites/s.py"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The run of all names, without the pictures, which take long."""
    root, done = named(tmp_path_factory.mktemp("named"), list(NAMES.values()), draw=False)
    assert NAMES["Rich"] in done.stdout
    found = everything_in(root / "one" / "two" / "run")
    assert found == FILES
    return root / "one" / "two" / "run"


def test_names_are_kept_in_the_tables(folder):
    run = load_run(folder)
    kept = run.verdicts["claim"].tolist()
    assert kept == [name for pair in NAMES.values() for name in (pair, f"{pair}!")]
    for column in ("figure", "panel", "curve"):
        assert set(NAMES.values()) <= set(run.curves[column])


def test_every_name_has_a_picture_of_its_own_inside_the_folder(folder):
    names = [figure.figure for figure in read(load_run(folder)).drawable()]
    assert len(set(names)) == len(names) == 2 * len(NAMES)
    assert all(SAFE.fullmatch(f"figures/{name}.svg") for name in names)


@pytest.mark.parametrize("page", ["report.html", "report.md", "statements.html", "statements.md"])
def test_no_name_turns_the_writing_direction_or_moves_a_cursor(folder, page):
    text = (folder / page).read_text(encoding="utf-8")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069]", text)


def illegal(slot):
    """The kinds of names that a slot refuses."""
    if slot in TEXTS:
        return ["surrogate"]
    return ["surrogate", "empty", "blank"] if slot in TITLES else list(REFUSED)


@pytest.mark.parametrize(("slot", "kind"), [(s, k) for s in SLOTS for k in illegal(s)])
def test_what_can_be_no_name_is_refused_with_its_line(tmp_path, slot, kind):
    name = REFUSED[kind]
    lines = HEAD + f"X = {name!r}\n" + SLOTS[slot]
    folder = suites_at(tmp_path, lines)
    done = run_inside("list", "--suites", folder)
    assert done.code == 2
    assert f"s.py:{len(lines.splitlines())}: InvalidArguments: " in done.stderr
    assert "allowed: " in done.stderr


@pytest.mark.parametrize("kind", [*NAMES, *REFUSED])
def test_a_suite_is_named_by_letters_and_digits(tmp_path, kind):
    name = (NAMES | REFUSED)[kind]
    folder = suites_at(tmp_path, HEAD + f"other = nq.Suite({name!r})\n")
    legal = kind in ("device", "option")
    done = run_inside("list", "--suites", folder)
    assert done.code == (0 if legal else 2)
    assert legal or "1 to 60 ASCII letters, digits, '-' and '_'" in done.stderr


ARGUMENTS = {**NAMES, **REFUSED, "bracket": "[", "undecodable": "\udcff"}
NO_PATHS = {"NUL", "surrogate", "empty"}
COMMANDS = {
    "--suites": ["run", "s", "--suites", None],
    "list": ["list", "--suites", None],
    "show": ["show", "s", "--suites", None],
    "report": ["report", None],
    "info": ["cache", "info", None],
    "clear": ["cache", "clear", None],
    "merge": ["merge", None, "--out", "merged"],
    "perf": ["perf", "compare", None, None],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_path_to_nothing_is_wrong_usage(tmp_path, monkeypatch, command):
    (tmp_path / "inner").mkdir()
    monkeypatch.chdir(tmp_path / "inner")
    for kind, text in ARGUMENTS.items():
        if text.startswith("--") or kind in ("absolute", "dots") or text == "../x":
            continue  # these exist, or are options
        done = run_inside(*(text if word is None else word for word in COMMANDS[command]))
        assert done.code == 2, (kind, done.stderr)
        if kind in NO_PATHS:
            assert f"got {text!r}; allowed: a path, not empty and without NUL" in done.stderr
    assert everything_in(tmp_path) <= {"inner", "inner/merged"}


@pytest.mark.parametrize("kind", sorted({*ARGUMENTS} - {"glob", "option"}))
def test_a_pattern_that_matches_nothing_is_wrong_usage(tmp_path, monkeypatch, kind):
    folder = suites_at(tmp_path / "suites", HEAD, GOOD)
    monkeypatch.chdir(tmp_path)
    text = ARGUMENTS[kind]
    for command in (["run", "--suites", folder, text], ["show", "--suites", folder, text]):
        done = run_inside(*command)
        assert done.code == 2
        assert f"got {text!r}; allowed: 'all', a glob, or one of 's'" in done.stderr
    assert everything_in(tmp_path) == {"suites", "suites/s.py"}


@pytest.mark.parametrize("kind", sorted({*NAMES, "undecodable"} - {"absolute", "far up", "option"}))
def test_any_folder_may_hold_a_run(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    text = ARGUMENTS[kind]
    place = tmp_path / "deep" / "deeper"
    place.mkdir(parents=True)
    out = place / text
    done = judge(tmp_path, HEAD, GOOD, options=("--out", out))
    assert done.code == 0, done.stderr
    assert (out / "report.html").is_file()
    shown = str(out / "report.html").replace("\r", "").replace("\b", "")  # these move a cursor
    assert f"report: {shown}\n" in done.stdout


@pytest.mark.parametrize("kind", REFUSED)
def test_a_folder_that_cannot_be_is_refused(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    folder = suites_at(tmp_path / "suites", HEAD, GOOD)
    done = run_inside("run", "all", "--suites", folder, "--out", REFUSED[kind] or "")
    wanted = {"NUL": 2, "surrogate": 2, "empty": 2, "too long": 73, "blank": 0}
    assert done.code == wanted[kind], done.stderr


def test_the_folder_by_default_stays_in_reports(tmp_path, monkeypatch):
    suites_at(tmp_path / "suites", HEAD.replace('"s"', '"CON"'), GOOD)
    monkeypatch.chdir(tmp_path)
    command = ("run", "C?N", "[C]*", "--suites", tmp_path / "suites", "--preset", "quick")
    assert run_inside(*command, "--no-cache").code == 0
    assert [p.name for p in (tmp_path / "reports").iterdir() if not p.is_symlink()] == [
        "C-N--C---quick-0"
    ]
    assert os.readlink(tmp_path / "reports" / "latest") == "C-N--C---quick-0"


def test_a_suites_folder_that_is_no_utf_8_can_be_told_of(tmp_path):
    folder = suites_at(tmp_path / os.fsdecode(b"caf\xe9"), HEAD, GOOD)
    command = ("run", "all", "--suites", folder, "--preset", "quick", "--out", tmp_path / "run")
    assert run_inside(*command, "--no-cache").code == 0
    assert load_run(tmp_path / "run").about["run"]["suites"] == str(folder)
    assert run_inside("report", tmp_path / "run").code == 0


def test_the_progress_bar_shows_names_as_they_are(tmp_path, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # Rich then takes any output for a terminal
    monkeypatch.setenv("COLUMNS", "150")
    name = NAMES["Rich"]
    done = judge(tmp_path, HEAD, f"X = {name!r}\n", CLAIM, draw=True)
    assert done.code == 0
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", done.stderr)
    assert f"figure 1 of 1: s::{name}" in plain


def test_plain_lines_of_progress_show_names_as_they_are(tmp_path, monkeypatch):
    monkeypatch.setattr("nqmbench.console.SECONDS_BETWEEN_LINES", -1.0)
    name = NAMES["Rich"]
    done = judge(tmp_path, HEAD, f"X = {name!r}\n", CLAIM, draw=True)
    assert done.code == 0
    assert f"figure 1 of 1: s::{name}" in done.stderr.splitlines()
