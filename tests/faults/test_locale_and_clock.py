"""Fault: locale, time zone, clock jumping (de_DE, Kathmandu), and whatever else a shell may set.

Promise: same bytes; durations from a monotonic clock.
"""

import ast
import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from unittest import mock

import pytest
from inside import run_inside, suites_at

import nqmbench
from nqmbench.report import write_report

PACKAGE = Path(nqmbench.__file__).parent

SUITE = '''
import nqmbench as nq

problem = nq.NoisyQuadratic([1.0, 0.1], noise="uniform")
plain, heavy = (nq.Experiment(problem, method, steps=8)
                for method in (nq.sgd(0.5), nq.heavy_ball(0.1, 0.9)))
suite = nq.Suite("s", summary="größer, 1.5 \u2264 2,5", experiments=[plain])


@suite.claim("second moment of η", of="w2[i]", ref="T1-1", expect="confirmed")
def second(k, eta, h, w0, sigma):
    """Größe in Ångström: 1234567.5."""
    forget = (1 - eta * h) ** (2 * k)
    return forget * w0**2 + eta * h / (2 - eta * h) * sigma**2 * (1 - forget)


suite.check("fails")(lambda: 1 / 0)
suite.figure("Bild", panels={"p": {"plain": plain, "heavy": heavy}}, single=True)
'''

# A clock that jumps by years, forwards and backwards, each time that somebody looks at it.
JUMPING = """
import itertools, time
true, jumps = time.time, itertools.cycle([0.0, 4e9, -1.2e9, 7e5, -3.0])
time.time = lambda: true() + next(jumps)
time.time_ns = lambda: int(1e9 * time.time())
gmtime, localtime = time.gmtime, time.localtime
time.gmtime = lambda seconds=None: gmtime(time.time() if seconds is None else seconds)
time.localtime = lambda seconds=None: localtime(time.time() if seconds is None else seconds)
"""
# A program that embeds this one may have set its locale; numbers then have a decimal comma.
GERMAN = """
import locale
locale.setlocale(locale.LC_ALL, "")
assert locale.localeconv()["decimal_point"] == ","
"""
PLAIN = {
    "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "LANGUAGE": "", "TZ": "UTC", "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1", "PYTHONIOENCODING": "utf-8", "COLUMNS": "80",
}  # fmt: skip


# Neither compiled nor drawn: a start that takes less time.
LIGHT = SUITE.partition("suite.figure")[0].replace('noise="uniform"', "sigma=0.0")
UNDRAWN = """
import functools
import nqmbench.report
nqmbench.report.write_report = functools.partial(nqmbench.report.write_report, draw=False)
"""
COMMAND = "run", "all", "--suites", "suites", "--preset", "quick", "--out", "run"


def command(folder, text, before, **environment):
    """Run a suite in a process of its own; returns what it said."""
    suites_at(folder / "suites", text)
    code = f"{before}\nimport sys\nfrom nqmbench.cli import main\nmain(sys.argv[1:])"
    set_ = {name: value for name, value in environment.items() if value is not None}
    unset = {name for name, value in environment.items() if value is None}
    done = subprocess.run(
        [sys.executable, "-c", code, *COMMAND],
        env={k: v for k, v in (os.environ | PLAIN | set_).items() if k not in unset},
        cwd=folder,
        capture_output=True,
        check=False,
    )
    assert b"Traceback" not in done.stderr, done.stderr
    return done


undrawn = partial(write_report, draw=False)


def exports(folder):
    """The bytes of all that a run leaves but its facts of time, memory and machine."""
    run = folder / "run"
    files = {str(p.relative_to(run)): p.read_bytes() for p in run.rglob("*") if p.is_file()}
    about = json.loads(files.pop("run.json"))
    about.pop("machine")
    files["run.json without its machine"] = json.dumps(about).encode()
    files.pop("run.sqlite", None)  # its bytes depend on history
    for page in ("report.html", "report.md"):
        lines = files[page].splitlines()
        files[page] = b"\n".join(line for line in lines if b"seconds on" not in line)
    return files


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    """The files of the run inside this process, where nothing is odd."""
    folder = tmp_path_factory.mktemp("usual")
    suites_at(folder / "suites", SUITE)
    with contextlib.chdir(folder):
        done = run_inside(*COMMAND)
    assert done.code == 1, done.stderr  # for the check that fails
    return exports(folder)


@pytest.fixture(scope="module")
def german(tmp_path_factory):
    """The variables by which a process finds the locale de_DE, and the code that sets it."""
    folder = tmp_path_factory.mktemp("locales")
    known = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout
    name = next((n for n in known.split() if n.lower() in ("de_de.utf8", "de_de.utf-8")), None)
    if name:
        return {"LC_ALL": name, "LANG": name}, GERMAN
    if shutil.which("localedef"):
        name = "de_DE.ISO-8859-1"  # which is made faster than that of UTF-8
        make = ["localedef", "-i", "de_DE", "-f", "ISO-8859-1", str(folder / name)]
        if subprocess.run(make, capture_output=True, check=False).returncode == 0:
            return {"LC_ALL": name, "LANG": name, "LOCPATH": str(folder)}, GERMAN
    return {"LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8"}, ""  # asked for, and not there


@pytest.mark.needs_compiler
@pytest.mark.skipif(sys.platform == "win32", reason="names of locales and of time zones")
def test_locale_time_zone_clock_and_hash_seed(usual, german, tmp_path):
    variables, before = german
    odd = {"TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "4711", "COLUMNS": "31", "LANGUAGE": "de"}
    done = command(tmp_path, SUITE, before + JUMPING, **variables, **odd)
    assert done.returncode == 1, done.stderr
    assert exports(tmp_path) == usual
    about = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    assert 0 < about["machine"]["seconds"] < 600  # the jumps are of days and of years


def test_an_output_that_knows_only_ascii(tmp_path):
    wide, place = tmp_path / "wide", tmp_path / "narrow"
    suites_at(wide / "suites", LIGHT)
    with contextlib.chdir(wide), mock.patch("nqmbench.report.write_report", undrawn):
        expected = run_inside(*COMMAND)
    narrow = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = command(place, LIGHT, UNDRAWN, **narrow, PYTHONIOENCODING="ascii", TZ=None)
    assert done.returncode == expected.code == 1, done.stderr
    assert exports(place) == exports(wide)
    assert b"second moment of \\u03b7" in done.stdout
    assert (done.stdout + done.stderr).isascii()


def test_the_clock_of_the_negative_control_jumps(monkeypatch):
    for name in ("time", "time_ns", "gmtime", "localtime"):
        monkeypatch.setattr(time, name, getattr(time, name))  # to be put back afterwards
    exec(JUMPING, {})
    seconds = [time.time() for _ in range(6)]
    assert max(seconds) - min(seconds) > 1e9
    assert time.gmtime().tm_year != time.gmtime().tm_year


# Where the time of day is asked for, what for, and never to take a difference.
TIME_OF_DAY = {
    ("locks.py", "gmtime"): "when the holder of a lock began, for people",
    ("perf/runner.py", "now"): "the name of a record",
}


def test_durations_are_those_of_a_monotonic_clock():
    asked = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(node, "attr", "")
            owner = ast.unparse(node.value) if isinstance(node, ast.Attribute) else ""
            of_day = owner == "time" and name in ("time", "time_ns", "localtime", "gmtime", "ctime")
            today = owner.endswith(("datetime", "date")) and name in ("now", "utcnow", "today")
            imported = isinstance(node, ast.ImportFrom) and node.module == "time"
            assert not imported, f"{path}: import time, so that it can be seen which clock is meant"
            if of_day or today:
                asked.add((path.relative_to(PACKAGE).as_posix(), name))
    assert asked == set(TIME_OF_DAY)
