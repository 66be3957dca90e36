"""The whole command, forked from a process that has imported everything.

A start of Python with compiler and plotting costs seconds, and most faults strike later: here
`python -m nqmbench ...` is forked, from its arguments to its exit code.
"""

import atexit
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path

import pytest
from small import SUITE

import nqmbench
from nqmbench.store import Store

ROOT = Path(nqmbench.__file__).parents[1]
LONGEST = 300.0  # seconds that a command may take, on a busy machine, before it counts as hung

LINUX = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="forks, limits and users as on Linux"
)

# Nine looks, each of them written to the results file: the claim is wrong by exactly the margin.
GROWS = """
import nqmbench as nq

suite = nq.Suite("grows", experiments=[
    nq.Experiment(nq.NoisyQuadratic([1.0, 0.5]), nq.sgd(0.1), batch=B, steps=30,
                  checkpoints=range(1, 31)) for B in (1, 4)])

@suite.claim("at the margin", of="w2[1]", expect="inconclusive")
def edge(k, h, eta, B):
    forget = (1 - eta * h) ** (2 * k)
    return (forget + eta * h / (B * (2 - eta * h)) * (1 - forget)) / 1.05
"""

TIME = re.compile(r"[0-9.e+]+ seconds on [0-9]+ threads?")  # all that a report says of its own run

# One claim and one figure: between them they import whatever a run and its report may need.
FIGURE = """
both = [nq.Experiment(nq.NoisyQuadratic(1.0), nq.sgd(eta), steps=4) for eta in (0.5, 0.25)]
suite.figure("two", panels={"both": dict(zip("ab", both))}, single=True)
"""

# Requests and answers are lines of JSON. A child leaves the loop, and is the command.
SERVER = """
import atexit, gc, json, os, sys, threading, traceback
from nqmbench.cli import main

said, nowhere = sys.stdout, open(os.devnull, "w")
sys.stdout = sys.stderr = nowhere
try:
    main(sys.argv[1:])  # imports what a run needs, and compiles
except SystemExit:
    pass
sys.stdout, sys.stderr = said, sys.__stderr__
gc.collect()
gc.freeze()  # a child that ends need not look through what is shared with its parent

for line in sys.stdin:
    asked = json.loads(line)
    if "poll" in asked:
        pid, status = os.waitpid(asked["poll"], os.WNOHANG)
        print(json.dumps(os.waitstatus_to_exitcode(status) if pid else None), flush=True)
        continue
    child = os.fork()
    if child:
        print(child, flush=True)
        continue
    for name, number in (("stdin", 0), ("stdout", 1), ("stderr", 2)):
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC if number else os.O_RDONLY
        os.dup2(os.open(asked[name], flags), number)
    os.chdir(asked["folder"])
    os.environ.update(asked["environment"])
    code = 1
    try:
        exec(asked["before"])
        main(asked["arguments"])
        code = 0
    except SystemExit as stop:
        code = stop.code or 0
    except BaseException:
        traceback.print_exc()
    threading._shutdown()
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
    except OSError:
        code = 120  # as the interpreter would
    os._exit(code)  # without the last collection of garbage, which copies what is shared
"""


@dataclass(frozen=True)
class Ended:
    """What a command left: its exit code, or minus the signal that ended it, and its output."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def said(self):
        """The error output in one line."""
        return " ".join(self.stderr.split())


@cache
def server():
    """The process, and a folder for the output of its children; both go with this process."""
    folder = Path(tempfile.mkdtemp(prefix="nqmbench-faults-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "suites").mkdir()
    (folder / "suites" / "small.py").write_text(SUITE + FIGURE)
    first = "run", "small", "--suites", folder / "suites", "--preset", "quick", "--threads", "1"
    started = subprocess.Popen(
        [sys.executable, "-c", SERVER, *map(str, first), "--out", str(folder / "first")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    atexit.register(started.kill)
    return started, folder, count()


def ask(**request):
    """One line to the server, and its answer."""
    process, *_ = server()
    process.stdin.write(json.dumps(request) + "\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


@dataclass(eq=False)
class Command:
    """A command that goes on.

    Args:
        pid: of its process. stdout, stderr: the files of its output.
    """

    pid: int
    stdout: Path
    stderr: Path
    code: int | None = None

    @property
    def ended(self):
        """Whether it has ended."""
        if self.code is None:
            self.code = ask(poll=self.pid)
        return self.code is not None

    def kill(self, how=signal.SIGKILL):
        """Send it a signal, if it has not ended."""
        if not self.ended:
            os.kill(self.pid, how)

    def until(self, condition, seconds=LONGEST):
        """Wait until a condition holds or the command has ended; True if the first came first."""
        late = time.monotonic() + seconds
        while not self.ended:
            for _ in range(10):
                if condition():
                    return True
                time.sleep(0.002)
            if time.monotonic() > late:
                self.kill()
                raise TimeoutError(f"not ended after {seconds} s: {self.stderr.read_text()}")
        return False

    def wait(self):
        """Its exit code and its output.

        Raises:
            TimeoutError: it hung, and was killed.
        """
        self.until(lambda: False)
        files = self.stdout, self.stderr  # not there yet if it was killed as it began
        return Ended(self.code, *(f.read_text() if f.exists() else "" for f in files))


def start(*arguments, before="", folder=".", **environment):
    """Fork a command.

    Args:
        arguments: of the command line.
        before: code that the process runs first.
        folder: in which it works.
        environment: variables that are set in it.
    """
    _, place, number = server()
    n = next(number)
    out, err = (place / f"{n}.{name}" for name in ("stdout", "stderr"))
    pid = ask(
        stdin=os.devnull, stdout=str(out), stderr=str(err), folder=str(Path(folder).resolve()),
        arguments=[*map(str, arguments)], before=before, environment=environment,
    )  # fmt: skip
    return Command(pid, out, err)


def run(*arguments, **more):
    """Fork a command and wait for its end."""
    return start(*arguments, **more).wait()


def judge(suites, out, *options, **more):
    """`run all --preset quick --suites SUITES --out OUT`.

    Args:
        suites, out: the folder of the suite files, and that of the run.
        options: more of the command line. more: as in `start`.
    """
    return begin(suites, out, *options, **more).wait()


def begin(suites, out, *options, **more):
    """As `judge`, but without waiting for the end."""
    always = "--preset", "quick", "--suites", suites, "--out", out
    return start("run", "all", *always, *options, **more)


def untraced(done):
    """The command, after a look that it left no traceback and called nothing a bug."""
    for text in (done.stdout, done.stderr):
        assert "Traceback" not in text, text
        assert "internal error" not in text, text
    return done


def exports(out):
    """What a run leaves, as far as it is the same for every history.

    All tables, the report without its time, the figures, and what the results file holds.
    """
    found = {path.name: path.read_bytes() for path in sorted(out.glob("*.csv"))}
    assert len(found) == 4
    found |= {path.name: path.read_bytes() for path in sorted((out / "figures").iterdir())}
    found["report.html"] = TIME.sub("SOME TIME", (out / "report.html").read_text())
    if (out / "run.sqlite").exists():
        with Store.open(out / "run.sqlite", readonly=True) as store:
            found["records"] = store.dump()
    return found


def names(out):
    """Everything in a folder and below."""
    return {str(path.relative_to(out)) for path in out.rglob("*")}


@cache
def undisturbed(text):
    """A run of a suite where nothing is wrong, on one thread.

    Args:
        text: of the suite file.

    Returns:
        The folder of the suite, and that of the run, which are not to be changed.
    """
    place = Path(tempfile.mkdtemp(dir=server()[1]))
    (place / "suites").mkdir()
    (place / "suites" / "suite.py").write_text(text)
    done = judge(place / "suites", place / "out", "--threads", "1")
    assert done.returncode == 0, done
    return place / "suites", place / "out"
