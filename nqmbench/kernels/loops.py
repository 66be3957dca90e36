"""The loops over superblocks: one after the other, or on threads.

Superblocks are independent and each writes to a place of its own, so the threads that run them
leave no trace in the digits.
"""

from __future__ import annotations

from typing import Any

import numba

from nqmbench.kernels.memory import pointer, take
from nqmbench.kernels.options import jit, jit_parallel
from nqmbench.kernels.superblock import call_superblock


@jit
def run_serial(
    code: Any, jobs: Any, first_block: Any, counts: Any, blocks: Any, means: Any, central: Any
) -> None:
    """Run superblocks one after the other: without a threading layer, without a lock.

    Args:
        code: address of the superblock's code.
        jobs: shape (threads, words), the job of each thread.
        first_block: the first block of the first superblock.
        counts: shape (K,), trajectories of each superblock.
        blocks: of a full superblock.
        means: shape (K, S, columns), filled.
        central: shape (11, K, S, columns), filled.
    """
    job, mean, sums = pointer(jobs, 0), pointer(means, 0), pointer(central, 0)
    for g in range(counts.size):
        place = first_block + g * blocks, counts[g], g, counts.size
        call_superblock(code, (job, *place, mean, sums))


@jit_parallel
def run_parallel(
    counter: Any,
    code: Any,
    jobs: Any,
    first_block: Any,
    counts: Any,
    blocks: Any,
    means: Any,
    central: Any,
) -> None:
    """Run superblocks on threads: as `run_serial`, with ``counter`` one int64 that is 0.

    Every thread takes the next superblock that waits.  Dealt out beforehand, half of them would
    wait for a thread whose core a neighbour keeps busy.
    """
    for thread in numba.prange(jobs.shape[0]):
        job = pointer(jobs, thread * jobs.shape[1])
        mean, sums = pointer(means, 0), pointer(central, 0)
        g = take(counter)
        while g < counts.size:
            place = first_block + g * blocks, counts[g], g, counts.size
            call_superblock(code, (job, *place, mean, sums))
            g = take(counter)
