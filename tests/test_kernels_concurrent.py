"""Kernels under several Python threads, in a forked child, under a second key press.

What changes the state of the process runs in a process of its own.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from numba.core import config

import nqmbench
from nqmbench.kernels import cache

ROOT = Path(nqmbench.__file__).parents[1]
TIMEOUT = 120.0  # seconds: a process that hangs, not one on a busy machine


def run(code, act=lambda process: None, **environment):
    """Return (return code, output, errors) of a process, and act on it meanwhile."""
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            act(process)
            output = process.communicate(timeout=TIMEOUT)
        finally:
            process.kill()
    return process.returncode, *output


def succeeds(code, **environment):
    code, out, err = run(code, **environment)
    assert (code, out) == (0, "done\n"), err


# -- the folder of the cache -----------------------------------------------------------------------


@pytest.mark.parametrize("locked", [True, False])
def test_a_thread_that_enters_while_another_is_inside_waits(locked, monkeypatch, tmp_path):
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))
    if not locked:  # what the lock is for
        monkeypatch.setattr(cache, "_selecting", contextlib.nullcontext())
    inside, left = threading.Event(), threading.Event()
    seen = []

    def second():
        with cache.selected():
            inside.set()
            assert left.wait(TIMEOUT)
            seen.append(config.CACHE_DIR)

    thread = threading.Thread(target=second, daemon=True)
    with cache.selected():
        thread.start()
        assert inside.wait(0.2 if locked else TIMEOUT) is not locked
        assert str(cache.FOLDER) == config.CACHE_DIR
    left.set()
    thread.join()
    folders = str(cache.FOLDER), str(tmp_path)
    assert (seen[0], config.CACHE_DIR) == (folders if locked else folders[::-1])


DECORATE = """
import itertools, sys
from concurrent.futures import ThreadPoolExecutor
from numba.core import config
from nqmbench.kernels import cache, update
from nqmbench.kernels.program import Structure

sys.setswitchinterval(1e-5)
config.CACHE_DIR = "the user's own"
structures = [
    Structure(((a, b), (c, d)), ((0, 0), (e, 0)), (1, f), (1, 0), (False, False), 0, False, 64, 64)
    for a, b, c, d, e, f in itertools.product((False, True), repeat=6)
]

def decorate(structure):
    return update.update_kernel(structure).stats.cache_path

with ThreadPoolExecutor(8) as pool:
    paths = list(pool.map(decorate, structures))
assert [p for p in paths if not p.startswith(str(cache.FOLDER))] == []
assert config.CACHE_DIR == "the user's own"
print("done")
"""


@pytest.mark.needs_compiler
def test_kernels_decorated_by_several_threads_at_once_are_kept_in_the_packages_folder():
    succeeds(DECORATE)


# -- forks and numbers of threads ------------------------------------------------------------------

FORK = """
import os, signal, threading
import nqmbench as nq
from nqmbench.kernels import threads

e = nq.Experiment(nq.NoisyQuadratic([1.0, 0.1]), nq.sgd(0.1), steps=300)
expected = nq.simulate(e, 5000, threads=2).moments.mean.tobytes()
go = True
found = []

def simulate():
    while go:
        nq.simulate(e, 50_000, threads=2)

other = threading.Thread(target=simulate)
other.start()
for threads_of_child in (2, 1):
    while not threads._one_at_a_time.locked():
        pass
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # if it hangs
        same = nq.simulate(e, 5000, threads=threads_of_child).moments.mean.tobytes() == expected
        os._exit(0 if same else 3)
    _, status = os.waitpid(child, 0)
    found.append(os.waitstatus_to_exitcode(status))
go = False
other.join()
assert found == [0, 0], found
print("done")
"""


@pytest.mark.needs_compiler
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_child_that_is_forked_while_another_thread_simulates_can_simulate():
    succeeds(FORK)


THREADS = """
import numba
import nqmbench as nq

assert numba.config.NUMBA_NUM_THREADS == 4
e = nq.Experiment(nq.NoisyQuadratic([1.0, 0.1]), nq.heavy_ball(0.1, 0.9), steps=100)
for precision in ("mixed", "f64"):
    frames = [nq.simulate(e, 5000, threads=t, precision=precision).to_frame() for t in (1, 2, 3, 4)]
    assert all(frames[0].equals(frame) for frame in frames[1:]), precision
    assert not frames[0].equals(nq.simulate(e, 5000, seed=1, precision=precision).to_frame())
print("done")
"""


@pytest.mark.needs_compiler
def test_any_number_of_threads_gives_the_same_bits():
    succeeds(THREADS, NUMBA_NUM_THREADS="4")


# -- what ends a simulation ------------------------------------------------------------------------

LONG = """
import nqmbench as nq

e = nq.Experiment(nq.NoisyQuadratic(1.0, noise="laplace"), nq.sgd(0.1), batch=10**6, steps=10**5)
little = nq.Experiment(nq.NoisyQuadratic(1.0, noise="laplace"), nq.sgd(0.1), steps=1)
nq.simulate(little, 10)
print("ready", flush=True)
nq.simulate(e, 10**4)
"""


@pytest.mark.needs_compiler
@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
@pytest.mark.parametrize(("threads", "pause"), [(1, 0.001), (2, 0.001), (1, 0.1)])
def test_a_second_ctrl_c_does_not_crash(threads, pause):
    def press(process):
        assert process.stdout.readline() == "ready\n", process.stderr.read()
        time.sleep(0.5)  # by now it computes
        assert process.poll() is None
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            time.sleep(pause)

    code, _, err = run(LONG, press, NQMBENCH_THREADS=str(threads))
    # Python ends itself by SIGINT, or with 1 if the second press meets it while it ends.
    assert code in (-signal.SIGINT, 1), err
    assert "KeyboardInterrupt" in err


def test_without_a_compiler_the_error_names_the_variable():
    code, _, err = run(LONG, NQMBENCH_THREADS="1", NUMBA_DISABLE_JIT="1")
    assert code == 1
    assert err.splitlines()[-1].startswith("RuntimeError: NUMBA_DISABLE_JIT is set")
