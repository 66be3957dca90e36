"""Calling the loops from Python: interruptible, and from one thread at a time.

Compiled code does not hear a key press.  So it runs in a thread of its own while the main thread
waits, and is told to stop when the wait is interrupted; it looks every few dozen steps.
"""

from __future__ import annotations

import mmap
import os
import threading
from contextlib import suppress
from typing import Any

import numba
import numpy as np

from nqmbench.kernels.loops import run_parallel, run_serial
from nqmbench.kernels.prepared import Prepared
from nqmbench.kernels.program import Integers, Reals

# Some threading layers abort the process if two Python threads enter a parallel loop at once.
_one_at_a_time = threading.Lock()
_launched = 0  # the process that has Numba's threads; a forked one starts its own
_serial = False  # in a process that must not start any

THREAD_BYTES = 12 * 2**20  # a thread's stack, 8 MiB mostly, and what it needs to begin


def _after_fork() -> None:
    """Make a forked process independent of what its parent's threads were doing."""
    global _one_at_a_time, _serial
    _one_at_a_time = threading.Lock()  # nobody would ever release the one that it inherits
    with suppress(ValueError):  # there was no layer
        # GNU's OpenMP ends a forked process that uses it.
        _serial = numba.threading_layer() == "omp"


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def run_superblocks(
    ready: Prepared,
    first_block: int,
    counts: Integers,
    blocks: int,
    means: Reals,
    central: Reals,
) -> None:
    """Run superblocks on the threads that they are prepared for; Ctrl-C ends it at once.

    Args:
        ready: the code and the memory of each thread.
        first_block: the first block of the first superblock.
        counts: shape (K,), trajectories of each superblock.
        blocks: of a full superblock.
        means: shape (K, S, columns), filled.
        central: shape (11, K, S, columns), filled.
    """
    arguments = ready.code, ready.jobs, first_block, counts, blocks, means, central
    if threading.current_thread() is not threading.main_thread():
        _call(*arguments)
        return
    failed: list[BaseException] = []
    # An interrupted join would not do: before Python 3.13 it takes the thread for finished.
    finished = threading.Event()

    # A job holds addresses. While the thread runs it keeps what they point to, even if a second
    # key press ends the wait.
    def call(kept: Any = ready) -> None:
        try:
            _call(*arguments)
        except BaseException as error:
            failed.append(error)
        finally:
            finished.set()

    thread = threading.Thread(target=call)
    try:
        start(thread)
        finished.wait()
    except BaseException:
        ready.stop[0] = 1
        if thread.is_alive():
            finished.wait()
        raise
    if failed:
        raise failed[0]


def _call(code: int, jobs: Integers, *arguments: Any) -> None:
    """Call the loop: on one thread the serial one, on several the parallel one."""
    if len(jobs) == 1 or _serial:
        run_serial(code, jobs, *arguments)
        return
    with _one_at_a_time:
        _launch()
        before = numba.get_num_threads()
        numba.set_num_threads(len(jobs))
        try:
            run_parallel(np.zeros(1, dtype=np.int64), code, jobs, *arguments)
        finally:
            numba.set_num_threads(before)


def start_threads() -> None:
    """Start Numba's threads, if they are not; not while another Python thread does."""
    with _one_at_a_time:
        _launch()


def _launch() -> None:
    """Start Numba's threads, once per process, with TBB, else workqueue, else OpenMP.

    Numba itself prefers OpenMP to workqueue.  But OpenMP's threads spin while they wait, which
    halves the speed beside busy neighbours, and a process forked after using them gets none.
    Whoever chose a layer, by NUMBA_THREADING_LAYER or by an order of their own, gets it.
    """
    global _launched
    if _launched == os.getpid():
        return
    make_room(numba.config.NUMBA_NUM_THREADS)
    before = numba.config.THREADING_LAYER_PRIORITY
    if list(before) == ["tbb", "omp", "workqueue"]:
        numba.config.THREADING_LAYER_PRIORITY = ["tbb", "workqueue", "omp"]
    try:
        numba.get_num_threads()
        _launched = os.getpid()
    finally:
        numba.config.THREADING_LAYER_PRIORITY = before


def start(thread: threading.Thread) -> None:
    """Start a thread.

    Raises:
        MemoryError: the system has no place for it.
    """
    make_room(1)
    try:
        thread.start()
    except RuntimeError as error:
        raise MemoryError("the system refuses another thread") from error


def make_room(threads: int) -> None:
    """See that so many more threads find memory to begin with.

    One that does not hangs the process, or ends it without a word that could be caught.

    Raises:
        MemoryError: there is not enough.
    """
    try:
        mmap.mmap(-1, threads * THREAD_BYTES).close()
    except OSError as error:
        raise MemoryError(f"threads need {threads * THREAD_BYTES >> 20} MiB") from error
