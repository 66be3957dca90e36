"""Fault: fork and spawn, both.

Promise: same bytes or a clear error; never a hang or an abort.

A program that has simulated starts children, by either method, and these simulate and run suites.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from small import SUITE

import nqmbench

pytestmark = pytest.mark.needs_compiler

ROOT = Path(nqmbench.__file__).parents[1]
LONGEST = 300.0  # seconds, on a busy machine; a hang would last for ever

PROGRAM = """
import multiprocessing, sys
import nqmbench as nq

def simulated(threads):
    experiment = nq.Experiment(nq.NoisyQuadratic([1.0, 0.1]), nq.heavy_ball(0.1, 0.9), steps=100)
    moments = nq.simulate(experiment, 20_000, threads=threads).moments
    return moments.mean.tobytes() + moments.central.tobytes()

def judged(threads, results=None):
    run = nq.run("small", preset="quick", suites=sys.argv[1], threads=threads, results=results)
    return run.verdicts.to_csv() + run.cells.to_csv() + run.estimates.to_csv()

def work(threads):
    return simulated(threads), judged(threads, f"{sys.argv[1]}/../{sys.argv[2]} {threads}.sqlite")

if __name__ == "__main__":
    expected = simulated(2), judged(2)
    context = multiprocessing.get_context(sys.argv[2])
    with context.Pool(1 if sys.argv[2] == "spawn" else 2) as pool:  # each spawned one imports all
        found = pool.map_async(work, [1, 2]).get(250)
    assert found == [expected] * 2
    assert (simulated(2), judged(1)) == expected  # the parent is as good as before
    print("the same")
"""


def run(folder, method, **environment):
    """Run the program; the children are started by that method."""
    (folder / "suites").mkdir()
    (folder / "suites" / "small.py").write_text(SUITE)
    (folder / "program.py").write_text(PROGRAM)
    return subprocess.run(
        [sys.executable, folder / "program.py", folder / "suites", method],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True, text=True, check=False, timeout=LONGEST,
    )  # fmt: skip


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_fork_where_the_threads_do_not_survive_it(tmp_path):
    done = run(tmp_path, "fork", NUMBA_THREADING_LAYER="omp")
    if "No threading layer could be loaded" in done.stderr:
        pytest.skip("this Numba has no OpenMP")
    assert (done.returncode, done.stdout) == (0, "the same\n"), done.stderr


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_fork_and_spawn(tmp_path, method):
    if method == "fork" and not hasattr(os, "fork"):
        pytest.skip("this system does not fork")
    done = run(tmp_path, method)
    assert (done.returncode, done.stdout) == (0, "the same\n"), done.stderr
