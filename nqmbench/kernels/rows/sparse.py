"""Sparse rows: one trajectory at a time, and of its coordinates only those that a row touches.

A coordinate without gradient moves by F alone.  Where F is the same in all steps, a coordinate is
left behind until a row touches it, or somebody looks, and then makes all missed steps at once with
a power of F from a table.  Where F changes, every coordinate makes every step: a product of the
missed matrices would be no less work, one number after the other.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from nqmbench.kernels.entry import address_of
from nqmbench.kernels.lanes import fma, splat
from nqmbench.kernels.memory import load, places, store, wide_vectors
from nqmbench.kernels.options import jit_named, jit_small
from nqmbench.kernels.rows.gather import prefetch
from nqmbench.kernels.rows.job import LANES, MOVE_ARGUMENTS, member_of
from nqmbench.kernels.rows.observe import GLANCE, observe
from nqmbench.kernels.rows.structure import ABSENT, UNIT, RowStructure

POWERS = 1024  # of F in the table; more missed steps are made as many at a time
AHEAD = 4  # rows: so early is a row's memory asked for


@jit_small
def seen(table: Any, row: Any, states: Any, place: Any, n: Any) -> Any:
    """Return the sum of a coordinate's ``n`` states, each times a number of the table's row."""
    point = table[row] * states[place]
    for r in range(1, n):
        point = fma(table[row + r], states[place + r], point)
    return point


@jit_small
def catch_up(m: Any, old: Any, place: Any, n: Any) -> None:
    """Let a coordinate, whose ``n`` states are at ``place``, make as many steps as the table has.

    ``old`` is memory for n numbers.
    """
    for r in range(n):
        old[r] = m.states[place + r]
    for r in range(n):
        m.states[place + r] = seen(m.powers, POWERS * m.stride + r * n, old, 0, n)


@jit_small
def peek(m: Any, old: Any, place: Any, n: Any, missed: Any, readout: Any) -> Any:
    """Return a coordinate's observed state ``missed`` steps on, and leave it where it is.

    Whoever looks must not change the digits of what comes after.  ``old`` is memory for 2 n
    numbers.
    """
    for r in range(n):
        old[r] = m.states[place + r]
    while missed > POWERS:
        for r in range(n):
            old[n + r] = seen(m.powers, POWERS * m.stride + r * n, old, 0, n)
        for r in range(n):
            old[r] = old[n + r]
        missed -= POWERS
    return seen(m.powers, missed * m.stride + readout * n, old, 0, n)


@jit_small
def lane_by_lane(m: Any, begin: Any, end: Any, used: Any) -> Any:
    """Put the row numbers of each lane one after the other, and return how many a lane has."""
    count = 0
    for t in range(begin, end):
        count += m.draws[t * m.scheduled]
    for q in range(count):
        for lane in range(used):
            m.numbers[lane * count + q] = m.drawn[q * LANES + lane]
    return count


@cache
def sparse_kernel(structure: RowStructure) -> Any:
    """Return the compiled ``kernel(job, block, k, begin, end, column, used)``: see `narrow`."""
    n, stay = len(structure.b), structure.readout
    F, b = np.array(structure.F), np.array(structure.b)
    scheduled, lazy, eager = structure.scheduled, structure.lazy, structure.eager
    asked = structure.asked

    def kernel(job: Any, block: Any, k: Any, begin: Any, end: Any, column: Any, used: Any) -> None:
        wide_vectors()
        m = member_of(job, 32, 64)
        entries, states, scratch, touched = m.entries, m.states, m.scratch, m.touched
        memory = np.empty(2 * n)
        z, push = places(splat(0.0, 1), n), places(splat(0.0, 1), n)
        points, size = 0, n * m.d
        errors = points + GLANCE * m.d  # of the rows of a batch, times 2 / B

        drawn, count = m.numbers, lane_by_lane(m, begin, end, used)
        for lane in range(used if begin == 0 else 0):
            for j in range(m.d):
                for r in range(n):
                    states[lane * size + j * n + r] = m.starts[r] * m.w0[j]
                touched[lane * m.d + j] = np.uint32(0)
        for group in range(0, used, GLANCE):
            last = min(group + GLANCE, used)
            now, passed = begin, 0
            for checkpoint in range(k, m.S):
                goal = min(m.checkpoints[checkpoint], end)
                place = passed
                for lane in range(group, last):
                    home, own, place = lane * size, lane * m.d, passed
                    rows = lane * count
                    for t in range(now, goal):
                        step = t if scheduled else 0
                        row, batch = step * m.length, m.draws[step]
                        looks = step * n
                        for q in range(batch):
                            one = np.int64(drawn[rows + place + q])
                            soon = m.begins[np.int64(drawn[rows + place + q + AHEAD])]
                            prefetch(m.values, soon)
                            prefetch(m.values, soon + 8)
                            prefetch(m.indices, soon)
                            # Two sums: one would be a chain in which each product waits.
                            u, other = m.residuals[one], 0.0
                            for p in range(m.begins[one], m.begins[one + 1]):
                                c = np.int64(m.indices[p])
                                at = home + c * n
                                if lazy:
                                    missed = t - np.int64(touched[own + c])
                                    while missed >= POWERS:
                                        catch_up(m, memory, at, n)
                                        missed -= POWERS
                                        touched[own + c] = np.uint32(t - missed)
                                    looks = missed * m.stride + n * n
                                    point = seen(m.powers, looks, states, at, n)
                                elif asked >= 0:
                                    point = states[at + asked]
                                else:
                                    point = seen(m.looks, looks, states, at, n)
                                u, other = other, fma(m.values[p], point, u)
                            scratch[errors + q] = entries[row] * (u + other)
                        if eager:
                            for at in range(home, home + size, n):
                                for r in range(n):
                                    z[r] = load(states, at + r, 1)
                                for r in range(n):
                                    new = splat(0.0, 1)
                                    for s in range(n):
                                        if F[r, s] == UNIT:
                                            new = new + z[s]
                                        elif F[r, s] != ABSENT:
                                            new = fma(entries[row + F[r, s]], z[s], new)
                                    store(states, at + r, new)
                        for q in range(batch):
                            one = np.int64(drawn[rows + place + q])
                            for r in range(n):
                                push[r] = splat(scratch[errors + q], 1)
                                if b[r] >= 0:
                                    push[r] = entries[row + b[r]] * push[r]
                            for p in range(m.begins[one], m.begins[one + 1]):
                                c = np.int64(m.indices[p])
                                at = home + c * n
                                x = m.values[p]
                                for r in range(n):
                                    z[r] = load(states, at + r, 1)
                                power = 0
                                if lazy:
                                    missed = t + 1 - np.int64(touched[own + c])
                                    power = missed * m.stride
                                    touched[own + c] = np.uint32(t + 1)
                                for r in range(n):
                                    new = z[r]
                                    if lazy:  # the power 0 is the identity
                                        new = m.powers[power + r * n] * z[0]
                                        for s in range(1, n):
                                            new = fma(m.powers[power + r * n + s], z[s], new)
                                    if b[r] != ABSENT:
                                        new = fma(x, push[r], new)
                                    store(states, at + r, new)
                        place += batch
                passed = place
                now = max(now, goal)
                if m.checkpoints[checkpoint] > end:
                    break
                for lane in range(group, last):
                    for j in range(m.d):
                        at = lane * size + j * n
                        if lazy:
                            missed = now - np.int64(touched[lane * m.d + j])
                            point = peek(m, memory, at, n, missed, stay)
                        else:
                            point = states[at + stay]
                        scratch[points + j * GLANCE + lane - group] = point
                observe(m, points, checkpoint, column + group, True)

    return jit_named(kernel, "sparse", structure)


@cache
def sparse_address(structure: RowStructure) -> int:
    """Return the address of the kernel; it uses long vectors only to observe."""
    return address_of(sparse_kernel(structure), MOVE_ARGUMENTS)
