"""The command line inside this process: what it returns and says, and the files that it writes."""

import contextlib
import io
from dataclasses import dataclass
from unittest import mock

from nqmbench.cli import main
from nqmbench.report import write_report

HEAD = """
import nqmbench as nq

problem = nq.NoisyQuadratic(1.0, sigma=0.0)
halving = nq.Experiment(problem, nq.sgd(0.5), steps=4)
suite = nq.Suite("s", experiments=[halving])
"""

GOOD = """

@suite.claim("halves at each step", of="w[0]", expect="confirmed")
def halves(k, w0):
    return w0 / 2**k
"""


@dataclass(frozen=True)
class Done:
    """What a command returned and said."""

    code: int
    stdout: str
    stderr: str


def run_inside(*arguments):
    """Run a command; whatever it is, it ends with an exit code and never with a traceback."""
    stdout, stderr = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
        try:
            main([str(a) for a in arguments])
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
    done = Done(code, stdout.getvalue(), stderr.getvalue())
    for said in (done.stdout, done.stderr):
        assert "Traceback" not in said, said
        assert "internal error" not in said, said
    return done


def suites_at(folder, *texts, **named):
    """A folder with suite files: s.py, or those that are named, as text or as bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {"s": "".join(texts)} if texts else named
    for name, text in files.items():
        content = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        (folder / f"{name}.py").write_bytes(content)
    return folder


def judge(folder, *texts, options=(), draw=False):
    """Run a suite of these texts at quick, without a results file; the run is in folder/run.

    Without `draw` the report has no figures, which take most of the time.
    """
    place = suites_at(folder / "suites", *texts)
    always = "--suites", place, "--preset", "quick", "--no-cache", "--out", folder / "run"

    def fast(*arguments, **options):
        write_report(*arguments, **options | {"draw": draw})

    with mock.patch("nqmbench.report.write_report", fast):
        return run_inside("run", "all", *always, *options)


def rows(folder, table, *words):
    """The lines of a table of the run that have all these words, as they are in the file."""
    lines = (folder / "run" / f"{table}.csv").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if all(word in line for word in words)]


def everything_in(folder):
    """Every path below a folder, relative to it."""
    return {str(p.relative_to(folder)) for p in folder.rglob("*")}
