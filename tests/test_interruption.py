"""Interruptions, threads and child processes: what a simulation is exposed to in a real session.

Compiled code hears neither Ctrl-C nor another thread; each test runs in a process of its own.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import nqmbench

pytestmark = pytest.mark.needs_compiler

PROMPT = 10.0  # seconds from Ctrl-C to the end; on a busy machine too, and far from minutes
ROOT = Path(nqmbench.__file__).parents[1]

# Minutes of work on any machine.
LONG = {
    "many superblocks": 'nq.NoisyQuadratic([1.0, 0.1]), nq.sgd(0.1), steps=1000), 10**9',
    "one superblock":
        'nq.NoisyQuadratic(1.0), nq.sgd(0.1), steps=10**10, checkpoints=[10**10]), 32',
    "many coordinates": 'nq.NoisyQuadratic([1.0] * 10**4), nq.sgd(0.1), steps=10**5), 10**6',
    "large batches":
        'nq.NoisyQuadratic(1.0, noise="laplace"), nq.sgd(0.1), batch=10**6, steps=10**5), 10**4',
}  # fmt: skip

SIMULATE = """
import os, threading, time
import nqmbench as nq

def little():
    e = nq.Experiment(nq.NoisyQuadratic(1.0), nq.sgd(0.1), steps=1)
    nq.simulate(e, 10, threads=THREADS)

first = threading.Lock()

def started(*event):  # by a thread of the simulation: it is about to enter compiled code
    if first.acquire(blocking=False):
        print("ready", flush=True)

little()
long = nq.Experiment(EXPERIMENT
threading.settrace(started)
try:
    nq.simulate(*long, threads=THREADS)
except KeyboardInterrupt:
    print(time.time(), flush=True)
    threading.settrace(None)
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(PROMPT)
    print(threading.active_count(), flush=True)
    little()  # the process is as good as new
    print("again", flush=True)
    os._exit(0)  # without waiting for a thread that has been left behind
"""


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
@pytest.mark.parametrize(
    ("what", "threads"),
    [
        ("many superblocks", 2),
        ("one superblock", 1),
        ("one superblock", 2),
        ("many coordinates", 1),
        ("many coordinates", 2),
        ("large batches", 1),
    ],
)
def test_ctrl_c_is_heard_at_once(what, threads):
    code = SIMULATE.replace("EXPERIMENT", LONG[what]).replace("THREADS", str(threads))
    code = code.replace("PROMPT", str(PROMPT))
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n", process.stderr.read()
    time.sleep(0.1)  # by now or soon it computes
    assert process.poll() is None
    pressed = time.time()
    process.send_signal(signal.SIGINT)
    try:
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0, err
    interrupted, threads_left, again = out.splitlines()
    assert float(interrupted) - pressed < PROMPT
    # Python's own join reports at once, and leaves the compiled code running behind its back.
    assert threads_left == "1"
    assert again == "again"


TWO_THREADS = """
import threading
import nqmbench as nq

e = nq.Experiment(nq.NoisyQuadratic([1.0, 0.1]), nq.heavy_ball(0.1, 0.9), steps=300)
work = [(seed, threads) for seed in (1, 2) for threads in (1, 2)]
alone = {w: nq.simulate(e, 20_000, w[0], w[1]).moments.mean.tobytes() for w in work}
together = {}

def simulate(w):
    together[w] = nq.simulate(e, 20_000, w[0], w[1]).moments.mean.tobytes()

for _ in range(3):
    together.clear()
    workers = [threading.Thread(target=simulate, args=(w,)) for w in work]
    for t in workers:
        t.start()
    simulate_main = nq.simulate(e, 20_000, 1, 2).moments.mean.tobytes()
    for t in workers:
        t.join()
    assert together == alone
    assert simulate_main == alone[1, 1] == alone[1, 2] != alone[2, 1]
print("done")
"""

FORK = """
import os
import nqmbench as nq

e = nq.Experiment(nq.NoisyQuadratic([1.0, 0.1]), nq.sgd(0.1), steps=300)
expected = nq.simulate(e, 20_000, threads=2).moments.mean.tobytes()
for threads in (1, 2):
    child = os.fork()
    if child == 0:
        found = nq.simulate(e, 20_000, threads=threads).moments.mean.tobytes()
        os._exit(0 if found == expected else 3)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0, threads
assert nq.simulate(e, 20_000, threads=2).moments.mean.tobytes() == expected
print("done")
"""


def run(code):
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_several_python_threads_simulate_at_the_same_time():
    done = run(TWO_THREADS)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_child_that_is_forked_after_a_parallel_run_simulates():
    done = run(FORK)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
