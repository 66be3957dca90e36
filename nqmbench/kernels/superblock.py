"""Superblocks: trajectories in, central moments out.

A superblock is a run of blocks whose observables fit the processor's cache.  Its trajectories go
through the steps in groups, coordinate by coordinate and stretch by stretch: first the noise of a
stretch is drawn, then every member of the bundle is driven by it.  Each cell of the buffer is then
condensed to a mean and eleven central sums.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numba import types

from nqmbench.kernels.condense import LOW, block_mean, high_sums, low_sums
from nqmbench.kernels.entry import JOB, address_of, call_noise, call_update, calling
from nqmbench.kernels.job import INTEGER, tables_of, work_of
from nqmbench.kernels.lanes import select
from nqmbench.kernels.laws import COMMON, START_TAG
from nqmbench.kernels.memory import load, store
from nqmbench.kernels.options import jit, jit_named, jit_small
from nqmbench.kernels.random import seed_block

STRETCH = 64  # steps whose noise is drawn at a time: 32 kB, which the innermost cache holds
PITCH = 8  # rows of the buffer are whole vectors of so many numbers


@jit_small
def trajectories(job: Any, work: Any, tables: Any, block: Any, trials: Any, column: Any) -> None:
    """Simulate a group of trajectories into ``buffer[checkpoint, :, column:column + W]``."""
    L, W = work.lanes, work.width
    blocks = min((trials - column + L - 1) // L, W // L)
    first = block + column // L
    last = tables.checkpoints[tables.S - 1]
    for i in range(tables.d):
        if work.start != 0:
            for b in range(blocks):
                seed_block(work.words, 4 * L * b, work.seed, START_TAG, first + b, i)
                call_noise(work.start, (job, b, 0, 1))
        start_states(work, tables, i, L * blocks)
        for b in range(blocks):
            seed_block(work.words, 4 * L * b, work.seed, work.tag, first + b, i)
            if work.common != 0:  # the same numbers beside every coordinate
                place = 4 * (W + L * b)
                seed_block(work.words, place, work.seed, work.tag, first + b, COMMON)
        k, begin = 0, 0
        while k < tables.S and not work.stop[0]:
            end = min(begin + STRETCH, last)
            for b in range(blocks if begin < end else 0):
                call_noise(work.noise, (job, b, begin, end))
            for m in range(tables.members):
                call_update(work.updates[m], (job, m, i, k, begin, end, column))
            while k < tables.S and tables.checkpoints[k] <= end:
                k += 1
            begin = end


@jit_small
def start_states(work: Any, tables: Any, i: Any, used: Any) -> None:
    """Set the states of a group: ``starts[r] (w0 + w0_std x)``, x the first row of noise.

    Where no start is random ``w0_std`` is 0, and x is whatever noise is left.  Lanes beyond the
    ``used`` ones have no noise: their states would decay until they are denormal, and computing
    with such numbers is a hundred times slower.  So they are NaN, with which it is not.
    """
    W = work.width
    for m in range(tables.members):
        w0, w0_std = tables.w0[m * tables.d + i], tables.w0_std[m * tables.d + i]
        for r in range(m * tables.states, (m + 1) * tables.states):
            for lane in range(W):
                start = w0 + w0_std * work.drawn[lane] if lane < used else np.nan
                work.states[r * W + lane] = tables.starts[r] * start


@jit_small
def compare(work: Any, tables: Any) -> None:
    """Fill the last columns: the difference of each contrast, and whether it is below 0.

    Where the difference is NaN, inf - inf say, so is the answer.
    """
    for k in range(tables.S):
        row = k * tables.columns
        for c in range(tables.contrasts):
            a = (row + tables.minuend[c]) * work.pitch
            b = (row + tables.subtrahend[c]) * work.pitch
            out = (row + tables.columns - 2 * (tables.contrasts - c)) * work.pitch
            for lane in range(0, work.pitch, PITCH):
                difference = load(work.buffer, a + lane, PITCH) - load(work.buffer, b + lane, PITCH)
                below = select(difference < 0.0, 1.0, select(difference >= 0.0, 0.0, difference))
                store(work.buffer, out + lane, difference)
                store(work.buffer, out + work.pitch + lane, below)


@jit
def condense(work: Any, cells: Any, trials: Any, g: Any, K: Any, means: Any, central: Any) -> None:
    """Put the moments of every row of the buffer into row ``g`` of the results."""
    for cell in range(cells):
        row, out = cell * work.pitch, g * cells + cell
        means[out] = block_mean(work.buffer, row, trials)
        pitch = K * cells
        low_sums(work.buffer, row, trials, means[out], central, out, pitch)
        high_sums(work.buffer, row, trials, means[out], central, out + LOW * pitch, pitch)


@cache
def superblock(noise: int, state: int) -> Any:
    """Return the compiled ``superblock(job, block, trials, g, K, means, central)``.

    It simulates ``trials`` trajectories from ``block`` on and condenses them.  This is number ``g``
    of ``K`` superblocks: row g of ``means`` (K, S, columns) is filled, and rows (p, g) of
    ``central`` (11, K, S, columns).

    Args:
        noise: bits of the noise's numbers, 32 or 64.
        state: bits of the states.
    """

    def superblock(
        job: Any, block: Any, trials: Any, g: Any, K: Any, means: Any, central: Any
    ) -> None:
        work, tables = work_of(job, noise, state), tables_of(job, noise, state)
        cells = tables.S * tables.columns
        for place in range(cells * work.pitch):
            work.buffer[place] = 0.0
        for column in range(0, trials, work.width):
            trajectories(job, work, tables, block, trials, column)
        compare(work, tables)
        condense(work, cells, trials, g, K, means, central)

    return jit_named(superblock, noise, state)


ARGUMENTS = (JOB, *(INTEGER,) * 4, *(types.CPointer(types.float64),) * 2)
call_superblock = calling(ARGUMENTS, "Call the superblock's code at an address.")


@cache
def superblock_address(noise: int, state: int) -> int:
    """Return the address of the superblock's code."""
    return address_of(superblock(noise, state), ARGUMENTS)
