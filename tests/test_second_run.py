"""The same command once more: nothing is simulated, nothing is drawn, the bytes are the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from nqmbench.cli import main

pytestmark = pytest.mark.needs_compiler

SUITE = """
import nqmbench as nq

PLAIN, HEAVY = (
    nq.Experiment(nq.NoisyQuadratic(1.0), method, steps=20)
    for method in (nq.sgd(0.5), nq.heavy_ball(0.5, 0.5))
)
suite = nq.Suite("small", experiments=[PLAIN])


@suite.claim("halves at each step", of="w[0]", expect="confirmed")
def halves(k, w0):
    return w0 / 2**k


suite.figure("side by side", panels={"both": {"SGD": PLAIN, "momentum": HEAVY}}, single=True)
"""
UNWANTED = "numba", "matplotlib", "seaborn"
CODE = f"""
import atexit, sys
atexit.register(lambda: print(*({set(UNWANTED)} & set(sys.modules)), file=sys.stderr))
from nqmbench.cli import main
main(sys.argv[1:])
"""
CHANGING = "run.json", "report.html", "report.md", "run.sqlite"  # times, or a history


def files(out: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name not in CHANGING
    }


def test_a_second_run_neither_simulates_nor_draws_nor_loads_what_it_does_not_need(
    tmp_path: Path,
) -> None:
    suites, out = tmp_path / "suites", tmp_path / "out"
    suites.mkdir()
    (suites / "small.py").write_text(SUITE)
    options = ["run", "small", "--preset", "quick", "--suites", str(suites), "--out", str(out)]
    with pytest.raises(SystemExit) as ended:
        main(options)
    assert ended.value.code == 0
    assert {"numba", "matplotlib"} <= set(sys.modules)  # the first run needs them
    first = files(out)
    assert len([name for name in first if name.endswith(".svg")]) == 2
    again = [sys.executable, "-c", CODE, *options]
    done = subprocess.run(again, capture_output=True, text=True, check=True)
    assert ", 0 simulated" in done.stdout
    assert done.stderr.splitlines()[-1] == ""
    assert files(out) == first
