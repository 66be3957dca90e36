"""Superblocks: trajectories in, central moments out.

A superblock is a run of blocks whose observables fit the processor's cache.  Its trajectories go
through the steps in groups, coordinate by coordinate and stretch by stretch: first the noise of a
stretch is drawn, then every member of the bundle is driven by it.  Each cell of the buffer is then
condensed to a mean and five central sums.  Superblocks are independent and each writes to a place
of its own, so the threads that run them leave no trace in the digits.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np

from nqmbench.kernels.entry import call_noise, call_update
from nqmbench.kernels.lanes import splat
from nqmbench.kernels.laws import START_TAG
from nqmbench.kernels.memory import (
    keep,
    load,
    places,
    pointer,
    pointers,
    store,
    take,
    wide_vectors,
)
from nqmbench.kernels.options import jit, jit_parallel, jit_small
from nqmbench.kernels.random import seed_block

STRETCH = 64  # steps whose noise is drawn at a time: 16 kB, which the innermost cache holds
WIDTH = 32  # partial sums per moment: four vectors of eight hide the latency of the additions
SUMS = 5  # orders 2 to 6


class Work(NamedTuple):
    """What a superblock is told beside its own place.

    Attributes:
        lanes, width: trajectories of a block, and of a group.
        words, reals: empty arrays, of the types of the generators' words and of the states.
        noise, start: addresses of the noise kernel of the law, and of the Gaussian one; 0 for
            the latter where no start is random.
        updates: (M,) uint64, addresses of the members' update kernels.
        seed, tag: uint64; the law's number in the random stream's address.
        stop: (1,) uint8; as soon as it is not 0 the work is abandoned.
    """

    lanes: int
    width: int
    words: Any
    reals: Any
    noise: Any
    start: Any
    updates: Any
    seed: Any
    tag: Any
    stop: Any


@jit
def in_turn(x: Any, total: Any) -> Any:
    """Return ``total`` plus the numbers of a short array, in order."""
    for value in x:
        total += value
    return total


@jit
def block_moments(values: Any, n: Any, sums: Any) -> Any:
    """Return the mean of ``values[:n]`` and put its central sums of orders 2..6 into ``sums``.

        m = mean(x);  m += mean(x - m);  M_p = sum (x - m)^p

    The sums run in 32 interleaved partial sums, whatever the processor: without fast-math a
    single sum would not be vectorised, and with it the digits would depend on the vector width.
    """
    wide_vectors()
    whole = n // WIDTH * WIDTH
    part = np.empty(WIDTH)
    mean = 0.0
    for _ in range(2):
        x = splat(0.0, WIDTH)
        for place in range(0, whole, WIDTH):
            x = x + (load(values, place, WIDTH) - mean)
        store(part, 0, x)
        total = 0.0
        for place in range(whole, n):
            total += values[place] - mean
        mean += in_turn(part, total) / n
    s = places(splat(0.0, WIDTH), SUMS)
    for p in range(SUMS):
        s[p] = splat(0.0, WIDTH)
    for place in range(0, whole, WIDTH):
        y = load(values, place, WIDTH) - mean
        power = y
        for p in range(SUMS):
            power = power * y
            s[p] = s[p] + power
    for p in range(SUMS):
        total = 0.0
        for place in range(whole, n):
            y = values[place] - mean
            total += y ** (p + 2)
        store(part, 0, s[p])
        sums[p] = in_turn(part, total)
    return mean


@jit
def compare(minuend: Any, subtrahend: Any, buffer: Any) -> None:
    """Fill the last columns: the difference of each contrast, and whether it is below 0."""
    first = buffer.shape[1] - 2 * minuend.size
    for k in range(buffer.shape[0]):
        for c in range(minuend.size):
            for lane in range(buffer.shape[2]):
                difference = buffer[k, minuend[c], lane] - buffer[k, subtrahend[c], lane]
                buffer[k, first + 2 * c, lane] = difference
                buffer[k, first + 2 * c + 1, lane] = 1.0 if difference < 0.0 else 0.0


@jit_small
def start_states(bare: Any, W: Any, i: Any, normals: Any, states: Any) -> None:
    """Set the states of a group: ``starts[r] (w0 + w0_std x)`` with normals x."""
    for m in range(bare.members):
        w0, w0_std = bare.w0[m * bare.d + i], bare.w0_std[m * bare.d + i]
        for r in range(bare.states):
            start, row = bare.starts[m * bare.states + r], (m * bare.states + r) * W
            for lane in range(W):
                states[row + lane] = start * (w0 + w0_std * normals[lane])


@jit
def trajectories(work: Any, tables: Any, first_block: Any, trials: Any, buffer: Any) -> None:
    """Simulate at least ``trials`` trajectories from block ``first_block`` on, a uint64.

    ``buffer[checkpoint, column, trajectory]``, zero before, is filled; its rows have room for
    whole groups.
    """
    bare, L, W = pointers(tables), work.lanes, work.width
    stop, updates = pointer(work.stop), pointer(work.updates)
    kept_words = np.empty(4 * W, work.words.dtype)
    kept_noise = np.zeros(STRETCH * W, work.reals.dtype)
    kept_states = np.zeros(bare.members * bare.states * W, work.reals.dtype)
    generators, noise, states = pointer(kept_words), pointer(kept_noise), pointer(kept_states)
    observed, pitch = pointer(buffer), buffer.shape[2]
    last = bare.checkpoints[bare.S - 1]
    for column in range(0, trials, W):
        blocks = min((trials - column + L - 1) // L, W // L)
        block = first_block + np.uint64(column // L)
        for i in range(bare.d):
            if work.start != 0:
                for b in range(blocks):
                    address = np.uint64(START_TAG), block + np.uint64(b), np.uint64(i)
                    seed_block(generators, 4 * L * b, work.seed, *address)
                    source = generators, 4 * L * b, bare.nu, bare.draws, 0
                    call_noise(work.start, (*source, 0, 1, noise, L * b, W))
            start_states(bare, W, i, noise, states)
            for b in range(blocks):
                address = work.tag, block + np.uint64(b), np.uint64(i)
                seed_block(generators, 4 * L * b, work.seed, *address)
            k, begin = 0, 0
            while k < bare.S and not stop[0]:
                end = min(begin + STRETCH, last)
                for b in range(blocks if begin < end else 0):
                    source = generators, 4 * L * b, bare.nu, bare.draws, bare.draw_rows
                    call_noise(work.noise, (*source, begin, end, noise, L * b, W))
                for m in range(bare.members):
                    stretch = bare, m, i, k, begin, end
                    call_update(updates[m], (*stretch, states, noise, observed, pitch, column))
                while k < bare.S and bare.checkpoints[k] <= end:
                    k += 1
                begin = end
    keep((kept_words, kept_noise, kept_states))
    compare(tables.minuend, tables.subtrahend, buffer)


@jit
def superblock(
    work: Any, tables: Any, first_block: Any, trials: Any, mean: Any, central: Any
) -> None:
    """Simulate ``trials`` trajectories from block ``first_block`` on and condense them.

    Args:
        work, tables: the same for all superblocks.
        first_block: uint64.
        trials: how many trajectories count; surplus lanes of the last block are dropped.
        mean: shape (S, O), filled.
        central: shape (5, S, O), filled.
    """
    # A row is longer than its trajectories by one cache line: rows at a multiple of 4096 bytes
    # would all fall into the same few places of the cache.
    pitch = (trials + work.width - 1) // work.width * work.width + 8
    buffer = np.zeros((mean.shape[0], mean.shape[1], pitch))
    trajectories(work, tables, first_block, trials, buffer)
    sums = np.empty(SUMS)
    for k in range(mean.shape[0]):
        for o in range(mean.shape[1]):
            mean[k, o] = block_moments(buffer[k, o], trials, sums)
            for p in range(SUMS):
                central[p, k, o] = sums[p]


@jit
def run_serial(
    work: Any, tables: Any, first_block: Any, counts: Any, size: Any, means: Any, central: Any
) -> None:
    """Run superblocks one after the other: without a threading layer, without a lock.

    Args:
        work, tables: what all of them are told.
        first_block: uint64, the first block of the first superblock.
        counts: shape (K,), trajectories of each superblock.
        size: trajectories of a full superblock, a multiple of a block's.
        means: shape (K, S, O), filled.
        central: shape (5, K, S, O), filled.
    """
    for g in range(counts.size):
        block = first_block + np.uint64(g) * np.uint64(size // work.lanes)
        superblock(work, tables, block, counts[g], means[g], central[:, g])


@jit
def run_waiting(
    counter: Any,
    work: Any,
    tables: Any,
    first_block: Any,
    counts: Any,
    size: Any,
    means: Any,
    central: Any,
) -> None:
    """Run superblocks as long as any is waiting; ``counter[0]`` is the number of the next."""
    g = take(counter)
    while g < counts.size:
        block = first_block + np.uint64(g) * np.uint64(size // work.lanes)
        superblock(work, tables, block, counts[g], means[g], central[:, g])
        g = take(counter)


@jit_parallel
def run_parallel(
    threads: Any,
    counter: Any,
    work: Any,
    tables: Any,
    first_block: Any,
    counts: Any,
    size: Any,
    means: Any,
    central: Any,
) -> None:
    """Run superblocks on threads: as `run_serial`, with ``counter`` one int64 that is 0.

    Every thread takes the next superblock that waits.  Dealt out beforehand, half of them would
    wait for a thread whose core a neighbour keeps busy.
    """
    for _ in numba.prange(threads):
        run_waiting(counter, work, tables, first_block, counts, size, means, central)
