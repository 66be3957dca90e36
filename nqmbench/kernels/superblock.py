"""Superblocks: trajectories in, central moments out.

A superblock is a run of blocks whose observables fit the processor's cache.  Its trajectories go
through the steps in groups, coordinate by coordinate and stretch by stretch: first the noise of a
stretch is drawn, then every member of the bundle is driven by it.  Each cell of the buffer is then
condensed to a mean and five central sums.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from numba import types
from numba.core.types.misc import CPointer

from nqmbench.kernels.entry import address_of, call_noise, call_update, calling
from nqmbench.kernels.job import INTEGER, tables_of, work_of
from nqmbench.kernels.lanes import in_turn, select, splat
from nqmbench.kernels.laws import START_TAG
from nqmbench.kernels.memory import load, places, store, wide_vectors
from nqmbench.kernels.options import jit, jit_small
from nqmbench.kernels.random import seed_block

STRETCH = 64  # steps whose noise is drawn at a time, at most: 32 kB, for the innermost cache
WIDTH = 32  # partial sums per moment: four vectors of eight hide the latency of the additions
SUMS = 5  # orders 2 to 6
PITCH = 8  # rows of the buffer are whole vectors of so many numbers


@jit_small
def trajectories(work: Any, tables: Any, thread: Any, block: Any, trials: Any, column: Any) -> None:
    """Simulate a group of trajectories into ``buffer[checkpoint, :, column:column + W]``."""
    L, W = work.lanes, work.width
    words, drawn = thread * 4 * W, thread * STRETCH * W
    states = thread * tables.members * tables.states * W
    buffer = thread * tables.S * tables.columns * work.pitch + column
    blocks = min((trials - column + L - 1) // L, W // L)
    block = block + column // L
    last = tables.checkpoints[tables.S - 1]
    for i in range(tables.d):
        if work.start != 0:
            for b in range(blocks):
                place = words + 4 * L * b
                seed_block(work.words, place, work.seed, START_TAG, block + b, i)
                source = work.words, place, tables.nu, tables.draws, 0
                call_noise(work.start, (*source, 0, 1, work.drawn, drawn + L * b, W))
        start_states(work, tables, i, drawn, states)
        for b in range(blocks):
            place = words + 4 * L * b
            seed_block(work.words, place, work.seed, work.tag, block + b, i)
        k, begin = 0, 0
        while k < tables.S and not work.stop[0]:
            end = min(begin + work.stretch, last)
            for b in range(blocks if begin < end else 0):
                source = work.words, words + 4 * L * b, tables.nu, tables.draws, tables.draw_rows
                call_noise(work.noise, (*source, begin, end, work.drawn, drawn + L * b, W))
            for m in range(tables.members):
                stretch = tables, m, i, k, begin, end
                memory = work.states, states, work.drawn, drawn, work.buffer, buffer, work.pitch
                call_update(work.updates[m], (*stretch, *memory))
            while k < tables.S and tables.checkpoints[k] <= end:
                k += 1
            begin = end


@jit_small
def start_states(work: Any, tables: Any, i: Any, drawn: Any, states: Any) -> None:
    """Set the states of a group: ``starts[r] (w0 + w0_std x)`` with the normals x just drawn."""
    W = work.width
    for m in range(tables.members):
        w0, w0_std = tables.w0[m * tables.d + i], tables.w0_std[m * tables.d + i]
        for r in range(tables.states):
            start, row = tables.starts[m * tables.states + r], (m * tables.states + r) * W
            for lane in range(W):
                x = w0 + w0_std * work.drawn[drawn + lane]
                work.states[states + row + lane] = start * x


@jit_small
def compare(work: Any, tables: Any, buffer: Any) -> None:
    """Fill the last columns: the difference of each contrast, and whether it is below 0.

    Where the difference is NaN, inf - inf say, so is the answer.
    """
    contrasts = tables.contrasts
    for k in range(tables.S):
        for c in range(contrasts):
            row = k * tables.columns
            a = buffer + (row + tables.minuend[c]) * work.pitch
            b = buffer + (row + tables.subtrahend[c]) * work.pitch
            out = buffer + (row + tables.columns - 2 * (contrasts - c)) * work.pitch
            for lane in range(0, work.pitch, PITCH):
                difference = load(work.buffer, a + lane, PITCH) - load(work.buffer, b + lane, PITCH)
                below = select(difference < 0.0, 1.0, select(difference >= 0.0, 0.0, difference))
                store(work.buffer, out + lane, difference)
                store(work.buffer, out + work.pitch + lane, below)


@jit_small
def block_mean(values: Any, start: Any, n: Any) -> Any:
    """Return the mean of ``values[start:start + n]``: ``m = mean(x)``, ``m += mean(x - m)``.

    The sum runs in 32 interleaved partial sums, whatever the processor: without fast-math a single
    sum would not be vectorised, and with it the digits would depend on the vector width.
    """
    whole, end = start + n // WIDTH * WIDTH, start + n
    mean = 0.0
    for _ in range(2):
        x = splat(0.0, WIDTH)
        for place in range(start, whole, WIDTH):
            x = x + (load(values, place, WIDTH) - mean)
        total = 0.0
        for place in range(whole, end):
            total += values[place] - mean
        mean += in_turn(total, x) / n
    return mean


@jit
def central_sums(
    values: Any, start: Any, n: Any, mean: Any, sums: Any, place: Any, pitch: Any
) -> None:
    """Put ``sum (x - mean)^p`` for p = 2..6 into ``sums[place]``, ``sums[place + pitch]``, ..."""
    wide_vectors()
    whole, end = start + n // WIDTH * WIDTH, start + n
    s = places(splat(0.0, WIDTH), SUMS)
    for p in range(SUMS):
        s[p] = splat(0.0, WIDTH)
    for at in range(start, whole, WIDTH):
        y = load(values, at, WIDTH) - mean
        power = y
        for p in range(SUMS):
            power = power * y
            s[p] = s[p] + power
    for p in range(SUMS):
        total = 0.0
        for at in range(whole, end):
            y = values[at] - mean
            power = y
            for _ in range(p + 1):
                power = power * y
            total += power
        sums[place + p * pitch] = in_turn(total, s[p])


@cache
def superblock(noise: int, state: int) -> Any:
    """Return the compiled ``superblock(job, thread, block, trials, g, K, means, central)``.

    It simulates ``trials`` trajectories from ``block`` on, in the memory of ``thread``, and
    condenses them.  ``job`` holds the words of the bundle's `Work` and `Tables`.  This is number
    ``g`` of ``K`` superblocks: row g of ``means`` (K, S, columns) is filled, and rows (p, g) of
    ``central`` (5, K, S, columns).

    Args:
        noise: bits of the noise's numbers, 32 or 64.
        state: bits of the states.
    """

    def superblock(
        job: Any,
        thread: Any,
        block: Any,
        trials: Any,
        g: Any,
        K: Any,
        means: Any,
        central: Any,
    ) -> None:
        work, tables = work_of(job, noise, state), tables_of(job, noise, state)
        cells, pitch = tables.S * tables.columns, work.pitch
        first = thread * cells * pitch
        for place in range(first, first + cells * pitch):
            work.buffer[place] = 0.0
        for column in range(0, trials, work.width):
            trajectories(work, tables, thread, block, trials, column)
        compare(work, tables, first)
        for cell in range(cells):
            row = first + cell * pitch
            mean = block_mean(work.buffer, row, trials)
            means[g * cells + cell] = mean
            central_sums(work.buffer, row, trials, mean, central, g * cells + cell, K * cells)

    return jit(superblock)


ARGUMENTS = (CPointer(INTEGER), *(INTEGER,) * 5, *(CPointer(types.float64),) * 2)
call_superblock = calling([ARGUMENTS], "Call the superblock's code at an address.")


@cache
def superblock_address(noise: int, state: int) -> int:
    """Return the address of the superblock's code."""
    return address_of(superblock(noise, state), ARGUMENTS)
