"""Fault: a suite file with a syntax error, without a suite, raising at import, or duplicate claim
ids; one that exits, is not UTF-8, is empty, is no file.

Promise: exit 2 with file and line; the other suites are listed as not run.
"""

import os
import sys

import pytest
from inside import GOOD, HEAD, everything_in, run_inside, suites_at

# What the file holds, the line that is named (None: no line is the right one), what is said.
BROKEN = {
    "syntax error": ("x = 1\ndef f(:\n", 2, "invalid syntax"),
    "indentation": ("def f():\nx = 1\n", 2, "expected an indented block"),
    "never closed": ("x = 1\n\ny = (1,\n", 3, "'(' was never closed"),
    "deeply nested": ("\nx = " + 300 * "(" + 300 * ")", 2, "too many nested parentheses"),
    "syntax error in a string": ("x = 1\n\nexec('y = (')\n", 3, "'(' was never closed"),
    "without a suite": ("import nqmbench as nq\n\nx = nq.sgd(0.1)\n", 1, "defines no suite"),
    "empty": ("", 1, "defines no suite; allowed: suite = nq.Suite('name', ...)"),
    "only blanks": ("\n\n  \n", 1, "defines no suite"),
    "raises": ("x = 1\n\n\nx / 0\n", 4, "ZeroDivisionError: division by zero"),
    "raises far away": (
        "import json\n\njson.loads('{')\n", 3, "JSONDecodeError: Expecting property name",
    ),
    "missing module": ("\nimport no_such_module\n", 2, "ModuleNotFoundError: No module named"),
    "exits": ("import sys\nsys.exit(0)\n", 2, "SystemExit: 0"),
    "exits without a word": ("\n\nraise SystemExit\n", 3, "SystemExit"),
    "stops a generator": ("raise GeneratorExit\n", 1, "GeneratorExit"),
    "raises what is no Exception": (
        "class Mine(BaseException):\n    pass\n\nraise Mine('no')\n", 4, "Mine: no",
    ),
    "raises what cannot be shown": (
        "class Mine(Exception):\n    def __str__(self):\n        return 1 / 0\n\nraise Mine\n", 5,
        "Mine: its text cannot be shown",
    ),
    "recursion": ("def f():\n    return f()\n\nf()\n", 2, "RecursionError: maximum recursion"),
    "not UTF-8": (b"x = 1\n\ny = 'caf\xe9'\n", 3, "'utf-8' codec can't decode byte 0xe9"),
    "UTF-16": ("import nqmbench as nq\n".encode("utf-16"), 1, "null bytes"),
    "unknown encoding": (b"# coding: nonsense\n", 1, "unknown encoding: nonsense"),
    "binary": (bytes(range(256)), None, ""),
    "duplicate claim": (
        HEAD + "suite.check('c')(print)\nsuite.check('c')(print)\n", 8,
        "name: got 'c'; allowed: a name that suite 's' does not have yet",
    ),
    "duplicate figure": (
        HEAD + "for _ in range(2):\n    suite.figure('f', panels={'p': {'c': halving}})\n", 8,
        "name: got 'f'; allowed: a name that suite 's' does not have yet",
    ),
    "duplicate number": (
        HEAD + "suite.outside('T1', 'a', 'b')\nsuite.outside('T1', 'a', 'b')\n", 8,
        "ref: got 'T1'; allowed: a ref that suite 's' does not list yet",
    ),
    "duplicate suite": (
        HEAD + "other = nq.Suite('s')\n", 7, "suite 's' is already defined in bad.py",
    ),
    "suite of another file": (
        HEAD.replace("'s'", "'z'").replace('"s"', '"good"'), 6,
        "suite 'good' is already defined in also.py",
    ),
    "wrong claim": (
        HEAD + "\n@suite.claim('c', of='speed')\ndef c(k):\n    return k\n", 8,
        "of: got 'speed'; allowed: 'error', 'loss'",
    ),
    "its path is gone": ("import sys\nsys.path.clear()\n\nx / 0\n", 4, "NameError: name 'x'"),
}  # fmt: skip


def folder_with(tmp_path, content):
    """A folder with a broken file and two good ones."""
    names = {"also": "good", "more": "better"}
    good = {file: HEAD.replace('"s"', f'"{name}"') + GOOD for file, name in names.items()}
    return suites_at(tmp_path / "suites", bad=content, **good)


@pytest.mark.parametrize("kind", BROKEN)
def test_file_and_line_and_the_suites_that_are_not_run(tmp_path, kind):
    content, line, said = BROKEN[kind]
    folder = folder_with(tmp_path, content).resolve()
    before, path = set(sys.modules), sys.path.copy()
    done = run_inside("run", "good", "--suites", folder, "--out", tmp_path / "run")
    assert sys.path in (path, [])
    sys.path[:] = path
    assert done.code == 2
    first, *_, last = done.stderr.splitlines()
    start = f"error: {folder / 'bad.py'}:"
    assert first.startswith(start if line is None else f"{start}{line}: ")
    assert said in done.stderr
    broken_twice = {"suite of another file": "better, good", "duplicate suite": "better, good, s"}
    names = broken_twice.get(kind, "better, good")
    assert last == f"nothing was run; suites that do load: {names}"
    assert not (tmp_path / "run").exists()
    assert not [name for name in set(sys.modules) - before if name.startswith("nqmbench_suite")]


def broken_link(place):
    place.symlink_to("nowhere.py")


def endless_link(place):
    place.symlink_to(place.name)


def pipe(place):
    os.mkfifo(place)


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes of Unix")
@pytest.mark.parametrize("make", [os.mkdir, broken_link, endless_link, pipe])
def test_what_is_called_like_a_file_and_is_none(tmp_path, make):
    folder = folder_with(tmp_path, "").resolve()
    (folder / "bad.py").unlink()
    make(folder / "bad.py")
    done = run_inside("list", "--suites", folder)
    assert done.code == 2
    assert done.stderr.splitlines() == [
        f"error: {folder / 'bad.py'}:1: cannot be read: it is no file, or a link to none",
        "nothing was run; suites that do load: better, good",
    ]


@pytest.mark.parametrize("command", [["list"], ["show", "good"], ["run", "good"]])
def test_each_command_says_it(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    folder_with(tmp_path, "1 / 0\n")
    done = run_inside(*command, "--suites", "suites")
    assert done.code == 2
    assert "suites/bad.py:1: ZeroDivisionError" in done.stderr.replace(os.sep, "/")
    assert done.stdout == ""
    assert not [name for name in everything_in(tmp_path) if name.startswith("reports")]


def test_all_broken_files_are_named_at_once(tmp_path):
    folder = suites_at(tmp_path, a="1 / 0\n", b="def (\n", c="", d=HEAD)
    done = run_inside("list", "--suites", folder)
    lines = done.stderr.splitlines()
    assert [line.rpartition(os.sep)[2].partition(":")[0] for line in lines[:3]] == [
        "a.py", "b.py", "c.py",
    ]  # fmt: skip
    assert lines[3] == "nothing was run; suites that do load: s"


def test_ctrl_c_while_a_file_is_loaded_is_no_mistake_of_the_file(tmp_path):
    # Nobody can tell it from one that the file raises itself.
    done = run_inside("list", "--suites", folder_with(tmp_path, "raise KeyboardInterrupt\n"))
    assert done.code == 130


def test_the_negative_control_is_run(tmp_path):
    folder = folder_with(tmp_path, "# café\n" + HEAD + GOOD)
    done = run_inside("list", "--suites", folder)
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["better", "good", "s"]
