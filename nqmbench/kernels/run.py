"""From a program and a number of trajectories to moments.

The trajectories are cut into superblocks, by a rule that looks at the program alone.  They are run
in chunks, short enough that a key press interrupts between two of them (compiled code cannot be
interrupted), and merged in a fixed tree by number.  How long a chunk is and how many threads run
it is a matter of time only: the bits are the same.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from nqmbench.kernels.bundle import Bundle
from nqmbench.kernels.entry import noise_address, update_address
from nqmbench.kernels.job import Work, pack
from nqmbench.kernels.laws import GAUSSIAN
from nqmbench.kernels.loops import run_parallel, run_serial
from nqmbench.kernels.program import Program
from nqmbench.kernels.superblock import PITCH, STRETCH, SUMS, superblock_address
from nqmbench.moments import MergeTree, Moments

Reals = NDArray[np.float64]

LARGEST = 1024  # trajectories of a superblock, unless it would be too large or too slow
SMALLEST = 32  # a block in float32, two blocks in float64
BUFFER_BYTES = 8 * 2**20  # of a superblock's buffer: it should stay in the cache
WORK = 2**26  # noise samples of a superblock: a fraction of a second on any machine
CHUNK_SECONDS = 0.1  # of one call of compiled code
UNINTERRUPTED = 2**18  # draws of a lane, or one step, between two looks at whether to stop
CHUNK_BYTES = 16 * 2**20  # of one call's results

# Some threading layers abort the process if two Python threads enter a parallel loop at once.
_one_at_a_time = threading.Lock()


def superblock_size(program: Program) -> int:
    """Return the trajectories per superblock: 1024, or a smaller power of two down to 32.

    Halved while the buffer exceeds 8 MiB or the work 2^26 noise samples.  A function of the
    program alone, since it decides the order in which numbers are added: the members of a bundle
    keep the superblocks that they have alone.
    """
    cells = len(program.checkpoints) * program.observables
    draws = program.draws
    samples = int(draws[0]) * program.steps if len(draws) == 1 else int(draws.sum())
    work = len(program.lam) * max(samples, 1)
    size = LARGEST
    while size > SMALLEST and (cells * size * 8 > BUFFER_BYTES or work * size > WORK):
        size //= 2
    return size


def simulate(
    bundle: Bundle,
    seed: int,
    first_block: int,
    trials: int,
    threads: int = 1,
    progress: Callable[[int], object] | None = None,
) -> Moments:
    """Simulate trajectories and return the moments of every checkpoint and result.

    Args:
        bundle: the programs, one or more, and their contrasts.
        seed: 0 <= seed < 2^64.
        first_block: the number of the first block, >= 0; the next follow. A block has
            ``bundle.format.lanes`` trajectories.
        trials: number of trajectories, >= 1; the last block may count in part.
        threads: number of threads, >= 1; more than Numba has are not an error, and not used.
        progress: called between chunks with the number of trajectories done.

    Returns:
        The moments, shape (S, ``bundle.columns``); the same bits for every ``threads``.

    Raises:
        ValueError: for a seed, a block or a number outside its range.
    """
    lanes = bundle.format.lanes
    if not 0 <= seed < 2**64:
        raise ValueError(f"seed is {seed}; it must be in 0..2^64-1")
    if trials < 1 or threads < 1:
        raise ValueError(f"trials is {trials}, threads is {threads}; both must be at least 1")
    if not 0 <= first_block <= 2**63 - (trials + lanes - 1) // lanes:
        raise ValueError(f"first_block is {first_block}; all blocks must be in 0..2^63-1")
    threads = min(threads, int(numba.config.NUMBA_NUM_THREADS))
    size, shape = superblock_size(bundle.programs[0]), (bundle.tables.S, bundle.columns)
    work = prepare(bundle, seed, size, threads)
    most = max(1, CHUNK_BYTES // (8 * (SUMS + 1) * shape[0] * shape[1]))
    tree, done, chunk = MergeTree(), 0, threads
    while done < trials:
        last = min(done + chunk * size, trials)
        counts = np.minimum(size, last - np.arange(done, last, size)).astype(np.int64)
        means = np.empty((len(counts), *shape))
        central = np.empty((SUMS, len(counts), *shape))
        begin = time.perf_counter()
        block = first_block + done // lanes
        run_superblocks(bundle, work, threads, block, counts, size // lanes, means, central)
        seconds = time.perf_counter() - begin
        tree.add(counts.astype(np.float64), means, central)
        done = last
        # Grow at most fourfold, so that one mismeasured chunk does not make a long one.
        wanted = CHUNK_SECONDS * len(counts) / max(seconds, 1e-6)
        chunk = int(min(max(wanted, 1), 4 * chunk, most))
        chunk += -chunk % threads if chunk > threads else 0
        if progress is not None:
            progress(done)
    return tree.result()


def prepare(bundle: Bundle, seed: int, size: int, threads: int) -> Work:
    """Compile what a bundle needs, and set up the memory that its superblocks work in."""
    form, kernels = bundle.format, os.environ.get("NQMBENCH_KERNELS", "fast")
    if kernels not in ("fast", "plain"):
        raise ValueError(f"NQMBENCH_KERNELS is {kernels!r}; it must be fast or plain, or unset")
    starts = noise_address(GAUSSIAN, form, kernels) if np.any(bundle.tables.w0_std > 0.0) else 0
    updates = [update_address(structure, form, kernels) for structure in bundle.structures]
    tables, width = bundle.tables, form.width
    # A row is longer than its trajectories by one cache line: rows at a multiple of 4096 bytes
    # would all fall into the same few places of the cache.
    pitch = (size + width - 1) // width * width + PITCH
    return Work(
        lanes=form.lanes,
        width=width,
        noise=noise_address(bundle.law, form, kernels),
        start=starts,
        seed=int(np.uint64(seed).view(np.int64)),
        tag=bundle.law,
        pitch=pitch,
        stretch=max(1, min(STRETCH, UNINTERRUPTED // int(tables.draws.max()))),
        updates=np.array(updates, dtype=np.int64),
        stop=np.zeros(1, dtype=np.uint8),
        words=np.zeros((threads, 4 * width), dtype=f"u{form.noise // 8}"),
        drawn=np.zeros((threads, STRETCH * width), dtype=form.real),
        states=np.zeros((threads, tables.members * tables.states * width), dtype=form.real),
        buffer=np.zeros((threads, tables.S * tables.columns * pitch)),
    )


def run_superblocks(bundle: Bundle, work: Work, threads: int, *place: Any) -> None:
    """Run superblocks, so that Ctrl-C is heard however long they take.

    Compiled code does not hear a key press.  So it runs in a thread of its own while the main one
    waits, and is told to stop when the wait is interrupted; it looks every few dozen steps.
    """
    code = superblock_address(bundle.format.noise, bundle.format.state)
    arguments = code, pack(work, bundle.tables), *place
    if threading.current_thread() is not threading.main_thread():
        _call(threads, *arguments)
        return
    failed: list[BaseException] = []
    # An interrupted join would not do: before Python 3.13 it takes the thread for finished.
    finished = threading.Event()

    def call() -> None:
        try:
            _call(threads, *arguments)
        except BaseException as error:
            failed.append(error)
        finally:
            finished.set()

    thread = threading.Thread(target=call)
    try:
        thread.start()
        finished.wait()
    except BaseException:
        work.stop[0] = 1
        if thread.is_alive():
            finished.wait()
        raise
    if failed:
        raise failed[0]


def _call(threads: int, *arguments: Any) -> None:
    """Call the loop: on one thread the serial one, on several the parallel one."""
    if threads == 1:
        run_serial(*arguments)
        return
    with _one_at_a_time:
        _start_threads()
        before = numba.get_num_threads()
        numba.set_num_threads(threads)
        try:
            run_parallel(threads, np.zeros(1, dtype=np.int64), *arguments)
        finally:
            numba.set_num_threads(before)


def _start_threads() -> None:
    """Start Numba's threads, once per process, with TBB, else workqueue, else OpenMP.

    Numba itself prefers OpenMP to workqueue.  But OpenMP's threads spin while they wait, which
    halves the speed beside busy neighbours, and a process forked after using them is killed.
    Whoever chose a layer, by NUMBA_THREADING_LAYER or by an order of their own, gets it.
    """
    before = numba.config.THREADING_LAYER_PRIORITY
    if list(before) == ["tbb", "omp", "workqueue"]:
        numba.config.THREADING_LAYER_PRIORITY = ["tbb", "workqueue", "omp"]
    try:
        numba.get_num_threads()
    finally:
        numba.config.THREADING_LAYER_PRIORITY = before


def trajectory_values(bundle: Bundle, seed: int, first_block: int, trials: int) -> Reals:
    """Return the results of every trajectory, shape (S, columns, trials): for tests and plots."""
    S, columns = bundle.tables.S, bundle.columns
    work = prepare(bundle, seed, trials, threads=1)
    means, central = np.empty((1, S, columns)), np.empty((SUMS, 1, S, columns))
    counts = np.array([trials], dtype=np.int64)
    run_superblocks(bundle, work, 1, first_block, counts, 0, means, central)
    return work.buffer.reshape(S, columns, work.pitch)[:, :, :trials]
