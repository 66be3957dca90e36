"""A small suite that simulates, run by the command line in a process of its own."""

import os
import re
import subprocess
import sys

SUITE = """
import nqmbench as nq

suite = nq.Suite("small", experiments=[
    nq.Experiment(nq.NoisyQuadratic(1.0), nq.sgd(0.5), steps=4)])


@suite.claim("halves at each step", of="w[0]", expect="confirmed")
def halves(k, w0):
    return w0 / 2**k
"""

TABLES = "verdicts.csv", "cells.csv", "estimates.csv"


def command(suites, out, *options, before=None, **environment):
    """Run the suite; `environment` changes variables, None removes one.

    Args:
        suites: the folder of the suite file, which is written if it is not there.
        out: the folder of the run.
        options: more of the command line.
        before: code that the process runs first.
    """
    suites.mkdir(exist_ok=True)
    if not (suites / "small.py").exists():
        (suites / "small.py").write_text(SUITE)
    code = f"{before or ''}\nimport sys\nfrom nqmbench.cli import main\nmain(sys.argv[1:])"
    always = "--suites", str(suites), "--preset", "quick", "--out", str(out)
    changed = os.environ | environment
    return subprocess.run(
        [sys.executable, "-c", code, "run", "small", *always, *options],
        env={k: v for k, v in changed.items() if v is not None},
        capture_output=True,
        text=True,
        check=False,
    )


def tables(out):
    """The bytes of a run's tables."""
    return {name: (out / name).read_bytes() for name in TABLES}


def notes(done):
    """The lines of the error output but those of progress."""
    progress = re.compile(r"claims of |\d+ of \d+ cells decided|figure \d+ of \d+")
    return [line for line in done.stderr.splitlines() if not progress.match(line)]
