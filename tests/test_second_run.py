"""The same command once more: nothing is simulated, nothing is drawn, the bytes are the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.needs_compiler

SUITE = """
import nqmbench as nq

ONE, TEN = (nq.Experiment(nq.NoisyQuadratic(1.0), nq.sgd(0.5), batch=B, steps=20) for B in (1, 10))
suite = nq.Suite("small", experiments=[ONE])


@suite.claim("halves at each step", of="w[0]", expect="confirmed")
def halves(k, w0):
    return w0 / 2**k


suite.figure("side by side", panels={"both": {"one": ONE, "ten": TEN}}, single=True)
"""
CODE = """
import atexit, sys
heavy = {"numba", "matplotlib", "seaborn"}
atexit.register(lambda: print(*sorted(heavy & set(sys.modules)), file=sys.stderr))
from nqmbench.cli import main
main(sys.argv[1:])
"""
CHANGING = "run.json", "report.html", "report.md", "run.sqlite"  # times, or a history


def run(folder: Path) -> tuple[str, list[str], dict[str, bytes]]:
    """What the run prints, what it has loaded, and its files."""
    suites, out = folder / "suites", folder / "out"
    suites.mkdir(exist_ok=True)
    (suites / "small.py").write_text(SUITE)
    options = ["--preset", "quick", "--suites", str(suites), "--out", str(out)]
    done = subprocess.run(
        [sys.executable, "-c", CODE, "run", "small", *options],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    files = {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name not in CHANGING
    }
    return done.stdout, done.stderr.splitlines()[-1].split(), files


def test_a_second_run_neither_simulates_nor_draws(tmp_path: Path) -> None:
    _, loaded, first = run(tmp_path)
    assert loaded == ["matplotlib", "numba", "seaborn"]
    text, loaded, second = run(tmp_path)
    assert ", 0 simulated" in text
    assert loaded == []
    assert second == first
