"""From a program and a number of trajectories to moments.

The trajectories are cut into superblocks, by a rule that looks at the program alone.  They are run
in chunks, short enough that a key press interrupts between two of them (compiled code cannot be
interrupted), and merged in a fixed tree by number.  How long a chunk is and how many threads run
it is a matter of time only: the bits are the same.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from nqmbench.kernels.blocks import SUMS, run_parallel, run_serial
from nqmbench.kernels.plain import block_kernel
from nqmbench.kernels.program import Program, Structure, Tables
from nqmbench.kernels.random import LANES
from nqmbench.moments import MergeTree, Moments

Reals = NDArray[np.float64]

LARGEST = 1024  # trajectories of a superblock, unless it would be too large or too slow
BUFFER_BYTES = 8 * 2**20  # of a superblock's buffer: it should stay in the cache
WORK = 2**26  # noise samples of a superblock: a fraction of a second on any machine
CHUNK_SECONDS = 0.1  # of one call of compiled code
CHUNK_BYTES = 16 * 2**20  # of one call's results

# Some threading layers abort the process if two Python threads enter a parallel loop at once.
_one_at_a_time = threading.Lock()


@cache
def _entry(structure: Structure) -> int:
    """Compile the kernel of a structure and return the address of its machine code."""
    kernel: Any = block_kernel(structure)
    signature = _signature(structure)
    kernel.compile(signature)
    result = kernel.overloads[signature]
    return int(result.library.get_pointer_to_function(result.fndesc.llvm_func_name))


def _signature(structure: Structure) -> tuple[Any, ...]:
    real = numba.float64 if structure.mixed else numba.float32
    cube, matrix, row = real[:, :, ::1], real[:, ::1], real[::1]
    reals, integers = numba.float64[::1], numba.int64[::1]
    fields = (
        *(cube, cube, matrix, matrix, row, integers, numba.float32),
        *(reals,) * 5,
        *(integers,) * 3,
        *(reals, integers),
    )
    tables = numba.types.NamedTuple(fields, Tables)
    return tables, numba.uint64, numba.uint64, numba.int64, numba.float64[:, :, ::1]


def superblock_size(program: Program) -> int:
    """Return the trajectories per superblock: 1024, or a smaller power of two down to 32.

    Halved while the buffer exceeds 8 MiB or the work 2^26 noise samples.  A function of the
    program alone, since it decides the order in which numbers are added.
    """
    cells = len(program.checkpoints) * program.observables
    draws = program.tables.draws
    samples = int(draws[0]) * program.steps if len(draws) == 1 else int(draws.sum())
    work = len(program.lam) * max(samples, 1)
    size = LARGEST
    while size > LANES and (cells * size * 8 > BUFFER_BYTES or work * size > WORK):
        size //= 2
    return size


def simulate(
    program: Program,
    seed: int,
    first_block: int,
    trials: int,
    threads: int = 1,
    progress: Callable[[int], object] | None = None,
) -> Moments:
    """Simulate trajectories and return the moments of every checkpoint and observable.

    Args:
        program: the experiment.
        seed: 0 <= seed < 2^64.
        first_block: the number of the first block of 32 trajectories, >= 0; the next follow.
        trials: number of trajectories, >= 1; the last block may count in part.
        threads: number of threads, >= 1; more than Numba has are not an error, and not used.
        progress: called between chunks with the number of trajectories done.

    Returns:
        The moments; the same bits for every ``threads``.

    Raises:
        ValueError: for a seed, a block or a number outside its range.
    """
    if not 0 <= seed < 2**64:
        raise ValueError(f"seed is {seed}; it must be in 0..2^64-1")
    if trials < 1 or threads < 1:
        raise ValueError(f"trials is {trials}, threads is {threads}; both must be at least 1")
    if not 0 <= first_block <= 2**63 - (trials + LANES - 1) // LANES:
        raise ValueError(f"first_block is {first_block}; all blocks must be in 0..2^63-1")
    address = _entry(program.structure)
    size = superblock_size(program)
    shape = (len(program.checkpoints), program.observables)
    most = max(1, CHUNK_BYTES // (8 * (SUMS + 1) * shape[0] * shape[1]))
    tree, done, chunk = MergeTree(), 0, threads
    while done < trials:
        last = min(done + chunk * size, trials)
        counts = np.minimum(size, last - np.arange(done, last, size)).astype(np.int64)
        means = np.empty((len(counts), *shape))
        central = np.empty((SUMS, len(counts), *shape))
        begin = time.perf_counter()
        _run(
            threads,
            np.uint64(address),
            program.tables,
            np.uint64(seed),
            np.uint64(first_block + done // LANES),
            counts,
            size,
            means,
            central,
        )
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


def _run(threads: int, *arguments: Any) -> None:
    """Run a chunk on one thread without, on several with a parallel loop."""
    threads = min(threads, int(numba.config.NUMBA_NUM_THREADS))
    if threads == 1:
        run_serial(*arguments)
        return
    with _one_at_a_time:
        before = numba.get_num_threads()
        numba.set_num_threads(threads)
        try:
            run_parallel(*arguments)
        finally:
            numba.set_num_threads(before)


def trajectory_values(program: Program, seed: int, first_block: int, trials: int) -> Reals:
    """Return the observables of every trajectory, shape (S, O, trials): for tests and plots."""
    blocks = (trials + LANES - 1) // LANES
    buffer = np.zeros((len(program.checkpoints), program.observables, blocks * LANES))
    kernel = block_kernel(program.structure)
    kernel(program.tables, np.uint64(seed), np.uint64(first_block), np.int64(blocks), buffer)
    return buffer[:, :, :trials]
