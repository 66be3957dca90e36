"""Fault: Ctrl-C, SIGTERM.

Promise: during compute and during a commit, twice; a partial report, how to resume, exit 130 / 143,
within a second.
"""

import json
import signal
import subprocess
import sys

import pytest
from small import tables
from warm import LINUX, start

pytestmark = [
    pytest.mark.needs_compiler,
    LINUX,
]

SIGNALS = {"SIGINT": (130, "interrupted"), "SIGTERM": (143, "terminated")}
PROMPT = 10.0  # seconds, on a busy machine too; a quiet one takes a fraction of one

# The process presses its own keys: at the N-th call of a function, where a person might.
PRESS = """
import importlib, os, signal, sys, time
module = importlib.import_module("nqmbench.{module}")
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job would ignore it

def pressed(*arguments, **options):
    pressed.calls += 1
    if pressed.calls == {call}:
        pressed.at = time.monotonic()
        for name in {signals}:
            os.kill(os.getpid(), getattr(signal, name))
    return original(*arguments, **options)

pressed.calls = 0
original = module.{name}
module.{name} = pressed
import atexit
atexit.register(lambda: print("took", time.monotonic() - pressed.at, file=sys.stderr))
"""

MOMENTS = {
    "before anything is simulated": ("simulator", "run_pass", 1),
    "while it computes": ("simulator", "run_pass", 2),
    "during a commit": ("database", "transaction", 4),
    "after the last look": ("runner", "single_runs", 1),
    "while tables are written": ("results", "write_files", 1),
    "while pages are written": ("report.write", "write_pages", 1),
    "while figures are drawn": ("report.write", "drawn", 1),
}
JUDGED = "while tables are written", "while pages are written", "while figures are drawn"

SUITE = """
import nqmbench as nq

suite = nq.Suite("small", summary="two experiments", experiments=[
    nq.Experiment(nq.NoisyQuadratic(1.0), nq.sgd(eta), steps=4) for eta in (0.5, 0.25)])


@suite.claim("halves at each step", of="w[0]", at=(1, 2), expect="confirmed",
             when=lambda eta: eta == 0.5)
def halves(k, w0):
    return w0 / 2**k


@suite.claim("the steady state is reached", of="w2[0]", at="last", margin=1e-3)
def steady(eta):
    return eta / (2 - eta)


suite.figure("one of them", panels={"": {"SGD": suite.experiments[0]}}, single=True)


@suite.check("one and one", expect="confirmed")
def sum_():
    return 2.0, 1 + 1
"""


def command(suites, out, *options, before=""):
    """Run the suite; `before` is code that the process runs first."""
    always = "--suites", suites, "--preset", "quick", "--out", out
    return start("run", "small", *always, *options, before=before).wait()


@pytest.fixture(scope="module")
def suites(tmp_path_factory):
    folder = tmp_path_factory.mktemp("suites")
    (folder / "small.py").write_text(SUITE)
    return folder


@pytest.fixture(scope="module")
def undisturbed(suites, tmp_path_factory):
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    assert command(suites, out, "--threads", "1").returncode == 0
    return tables(out)


@pytest.mark.parametrize(
    ("moment", "name"),
    [
        ("before anything is simulated", "SIGTERM"),
        ("while it computes", "SIGINT"),
        ("during a commit", "SIGTERM"),
        ("during a commit", "SIGINT"),
        ("after the last look", "SIGINT"),
        ("while tables are written", "SIGTERM"),
        ("while pages are written", "SIGINT"),
        ("while figures are drawn", "SIGTERM"),
    ],
)
def test_an_ended_run_leaves_a_report_and_goes_on(suites, undisturbed, tmp_path, moment, name):
    module, function, call = MOMENTS[moment]
    code, word = SIGNALS[name]
    before = PRESS.format(module=module, name=function, call=call, signals=[name])
    done = command(suites, tmp_path / "out", before=before)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert took(done) < PROMPT
    about = json.loads((tmp_path / "out" / "run.json").read_text())["run"]
    page = (tmp_path / "out" / "report.html").read_text()
    assert page.rstrip().endswith("</html>")
    if moment in JUDGED:
        assert about["ending"] == ""
        assert f"{word}: every claim is judged" in done.stderr
        assert tables(tmp_path / "out") == undisturbed
    else:
        assert about["ending"] == word
        assert f"{word}: the report says what is known; repeat the command to go on" in done.stderr
        assert f"The run is not complete ({word}): the same command goes on from here." in page
    again = command(suites, tmp_path / "out", "--threads", "2")
    assert again.returncode == 0, again.stderr
    assert tables(tmp_path / "out") == undisturbed
    assert json.loads((tmp_path / "out" / "run.json").read_text())["run"]["ending"] == ""


@pytest.mark.parametrize(
    "moment", ["while it computes", "during a commit", "while tables are written"]
)
def test_whoever_asks_twice_waits_for_nothing_and_loses_nothing(
    suites, undisturbed, tmp_path, moment
):
    module, function, call = MOMENTS[moment]
    signals = ["SIGINT", "SIGINT"]
    before = PRESS.format(module=module, name=function, call=call, signals=signals)
    done = command(suites, tmp_path / "out", before=before)
    assert done.returncode == 130, done.stderr
    assert "Traceback" not in done.stderr
    assert took(done) < PROMPT
    if moment in JUDGED:
        assert tables(tmp_path / "out") == undisturbed  # whole, whoever presses how often
    again = command(suites, tmp_path / "out")
    assert again.returncode == 0, again.stderr
    assert tables(tmp_path / "out") == undisturbed


def test_a_finished_report_is_not_replaced_by_a_part_of_it(suites, undisturbed, tmp_path):
    command(suites, tmp_path / "out")
    (tmp_path / "out" / "run.sqlite").unlink()
    page = (tmp_path / "out" / "report.html").read_bytes()
    before = PRESS.format(module="simulator", name="run_pass", call=2, signals=["SIGINT"])
    done = command(suites, tmp_path / "out", before=before)
    assert done.returncode == 130, done.stderr
    said = f"that of the finished run in {tmp_path / 'out'} stays; repeat the command to go on"
    assert said in done.stderr
    part = json.loads((tmp_path / "out" / "partial" / "run.json").read_text())["run"]
    assert part["ending"] == "interrupted"
    assert tables(tmp_path / "out") == undisturbed
    assert (tmp_path / "out" / "report.html").read_bytes() == page
    assert command(suites, tmp_path / "out").returncode == 0
    assert not (tmp_path / "out" / "partial").exists()


def test_what_was_simulated_before_is_not_simulated_again(suites, tmp_path):
    before = PRESS.format(module="simulator", name="run_pass", call=3, signals=["SIGTERM"])
    command(suites, tmp_path / "out", before=before)
    again = command(suites, tmp_path / "out")
    assert "2 looks found in the results file" in again.stdout


def test_a_signal_before_the_plan_is_made_ends_the_run_with_one_line(suites, tmp_path):
    before = PRESS.format(module="runner", name="make_plan", call=1, signals=["SIGTERM"])
    done = command(suites, tmp_path / "out", before=before)
    assert done.returncode == 143
    assert "terminated: the report was not finished; repeat the command to go on" in done.stderr
    assert "Traceback" not in done.stderr


LONG = SUITE.replace("steps=4", "steps=10**5").replace('at="last"', "at=(10**5,)")


@pytest.mark.parametrize("name", SIGNALS)
def test_a_long_call_of_a_kernel_is_ended_from_outside(tmp_path, name):
    """As a person does it: a signal from another process, in the middle of compiled code."""
    (tmp_path / "suites").mkdir()
    (tmp_path / "suites" / "small.py").write_text(LONG)
    process = subprocess.Popen(
        [sys.executable, "-m", "nqmbench", "run", "small", "--suites", str(tmp_path / "suites"),
         "--out", str(tmp_path / "out")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    for line in process.stderr:
        if line.startswith("claims of "):  # the plan is made; what follows takes minutes
            break
    try:
        process.send_signal(getattr(signal, name))
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    code, word = SIGNALS[name]
    assert process.returncode == code, err
    assert word in err
    assert "Traceback" not in err


def took(done):
    """The seconds from the key press to the end of the process."""
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("took "))
    return float(line.split()[1])
