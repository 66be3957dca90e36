"""Superblocks: trajectories in, central moments out.

A superblock is a run of blocks whose observables fit the processor's cache.  Its trajectories are
simulated into a buffer, then each cell of the buffer is condensed to a mean and five central sums,
in two passes.  Superblocks are independent and each writes to a place of its own, so the threads
that run them leave no trace in the digits.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from nqmbench.kernels.bits import call_kernel, stack_array, trip_count, wide_vectors
from nqmbench.kernels.options import jit, jit_parallel
from nqmbench.kernels.random import LANES

WIDTH = 32  # partial sums per moment: four vectors of eight hide the latency of the additions
SUMS = 5  # orders 2 to 6
ALL_SUMS = SUMS * WIDTH


@jit
def block_moments(values: Any, n: Any, sums: Any) -> Any:
    """Return the mean of ``values[:n]`` and put its central sums of orders 2..6 into ``sums``.

        m = mean(x);  m += mean(x - m);  M_p = sum (x - m)^p

    The sums run in 32 interleaved partial sums, whatever the processor: without fast-math a
    single sum would not be vectorised, and with it the digits would depend on the vector width.
    """
    wide_vectors()
    width = trip_count(WIDTH)
    rows = n // WIDTH
    part = stack_array(np.float64, WIDTH)
    mean = 0.0
    for _ in range(2):
        for lane in range(width):
            part[lane] = 0.0
        for row in range(rows):
            for lane in range(width):
                part[lane] += values[row * WIDTH + lane] - mean
        total = 0.0
        for i in range(rows * WIDTH, n):
            total += values[i] - mean
        for lane in range(WIDTH):
            total += part[lane]
        mean += total / n
    powers = stack_array(np.float64, ALL_SUMS)
    for lane in range(width):
        for p in range(SUMS):
            powers[p * WIDTH + lane] = 0.0
    for row in range(rows):
        for lane in range(width):
            y = values[row * WIDTH + lane] - mean
            power = y
            for p in range(SUMS):
                power = power * y
                powers[p * WIDTH + lane] += power
    for p in range(SUMS):
        total = 0.0
        for i in range(rows * WIDTH, n):
            y = values[i] - mean
            power = y
            for _ in range(p + 1):
                power = power * y
            total += power
        for lane in range(WIDTH):
            total += powers[p * WIDTH + lane]
        sums[p] = total
    return mean


@jit
def superblock(
    address: Any, tables: Any, seed: Any, first_block: Any, trials: Any, mean: Any, central: Any
) -> None:
    """Simulate ``trials`` trajectories from ``first_block`` on and condense them.

    Args:
        address: the machine code of the block kernel.
        tables: its `Tables`.
        seed: uint64.
        first_block: uint64.
        trials: how many trajectories count; surplus lanes of the last block are dropped.
        mean: shape (S, O), filled.
        central: shape (5, S, O), filled.
    """
    blocks = (trials + LANES - 1) // LANES
    # A row is longer than its trajectories by one cache line: rows at a multiple of 4096 bytes
    # would all fall into the same few places of the cache.
    buffer = np.zeros((mean.shape[0], mean.shape[1], blocks * LANES + 8))
    call_kernel(address, tables, seed, first_block, blocks, buffer)
    sums = np.empty(SUMS)
    for k in range(mean.shape[0]):
        for o in range(mean.shape[1]):
            mean[k, o] = block_moments(buffer[k, o], trials, sums)
            for p in range(SUMS):
                central[p, k, o] = sums[p]


@jit
def run_serial(
    address: Any,
    tables: Any,
    seed: Any,
    first_block: Any,
    counts: Any,
    size: Any,
    means: Any,
    central: Any,
) -> None:
    """Run superblocks one after the other: arguments as for `run_parallel`.

    Its loop stands here again because Numba compiles a ``prange`` loop as one or the other: a
    single thread then needs no threading layer, and holds no lock.
    """
    for g in range(counts.size):
        block = first_block + np.uint64(g) * np.uint64(size // LANES)
        superblock(address, tables, seed, block, counts[g], means[g], central[:, g])


@jit_parallel
def run_parallel(
    address: Any,
    tables: Any,
    seed: Any,
    first_block: Any,
    counts: Any,
    size: Any,
    means: Any,
    central: Any,
) -> None:
    """Run superblocks on threads.

    Args:
        address: the machine code of the block kernel.
        tables: its `Tables`.
        seed: uint64.
        first_block: uint64, the first block of the first superblock.
        counts: shape (K,), trajectories of each superblock.
        size: trajectories of a full superblock, a multiple of 32.
        means: shape (K, S, O), filled.
        central: shape (5, K, S, O), filled.
    """
    for g in numba.prange(counts.size):
        block = first_block + np.uint64(g) * np.uint64(size // LANES)
        superblock(address, tables, seed, block, counts[g], means[g], central[:, g])
