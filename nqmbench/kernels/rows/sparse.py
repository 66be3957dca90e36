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
from nqmbench.kernels.lanes import fma
from nqmbench.kernels.memory import wide_vectors
from nqmbench.kernels.options import jit_named, jit_small
from nqmbench.kernels.rows.job import LANES, MOVE_ARGUMENTS, member_of
from nqmbench.kernels.rows.observe import GLANCE, observe
from nqmbench.kernels.rows.program import ABSENT, UNIT, RowStructure

POWERS = 256  # of F in the table; more missed steps are made 256 at a time


@jit_small
def catch_up(m: Any, old: Any, n: Any, place: Any, at: Any, t: Any) -> None:
    """Bring a coordinate, whose ``n`` states are at ``place``, to step t."""
    missed = t - m.touched[at]
    m.touched[at] = t
    while missed > 0:
        power = min(missed, POWERS)
        missed -= power
        for r in range(n):
            old[r] = m.states[place + r]
        for r in range(n):
            new = 0.0
            for s in range(n):
                new = fma(m.powers[(power * n + r) * n + s], old[s], new)
            m.states[place + r] = new


@jit_small
def peek(m: Any, old: Any, n: Any, place: Any, missed: Any, readout: Any) -> Any:
    """Return a coordinate's observed state ``missed`` steps on, and leave it where it is.

    Whoever looks must not change the digits of what comes after.
    """
    for r in range(n):
        old[n + r] = m.states[place + r]
    while missed > 0:
        power = min(missed, POWERS)
        missed -= power
        for r in range(n):
            old[r] = old[n + r]
        for r in range(n):
            new = 0.0
            for s in range(n):
                new = fma(m.powers[(power * n + r) * n + s], old[s], new)
            old[n + r] = new
    return old[n + readout]


@cache
def sparse_kernel(structure: RowStructure) -> Any:
    """Return the compiled ``kernel(job, block, k, begin, end, column, used)``: see `narrow`."""
    n, stay = len(structure.b), structure.readout
    F, b, c = np.array(structure.F), np.array(structure.b), np.array(structure.c)
    scheduled = structure.scheduled
    lazy = structure.resting and not structure.still
    eager = not structure.resting

    def kernel(
        job: Any, block: Any, k: Any, begin: Any, end: Any, column: Any, used: Any
    ) -> None:
        wide_vectors()
        m = member_of(job, 32, 64)
        entries, states, scratch = m.entries, m.states, m.scratch
        old = np.empty(2 * n)
        points, size = 0, n * m.d
        residuals = points + GLANCE * m.d  # of a batch at its point

        for lane in range(used if begin == 0 else 0):
            for j in range(m.d):
                for r in range(n):
                    states[lane * size + j * n + r] = m.starts[r] * m.w0[j]
                m.touched[lane * m.d + j] = 0
        for group in range(0, used, GLANCE):
            last = min(group + GLANCE, used)
            now, passed = begin, 0
            for checkpoint in range(k, m.S):
                goal = min(m.checkpoints[checkpoint], end)
                place = passed
                for lane in range(group, last):
                    home, own, place = lane * size, lane * m.d, passed
                    for t in range(now, goal):
                        step = t if scheduled else 0
                        row, batch = step * m.length, m.draws[step]
                        for q in range(batch):
                            i = np.int64(m.drawn[(place + q) * LANES + lane])
                            u = m.residuals[i]
                            for p in range(m.begins[i], m.begins[i + 1]):
                                j = m.indices[p]
                                if lazy:
                                    catch_up(m, old, n, home + j * n, own + j, t)
                                point = 0.0
                                for r in range(n):
                                    if c[r] == UNIT:
                                        point += states[home + j * n + r]
                                    elif c[r] != ABSENT:
                                        entry = entries[row + c[r]]
                                        point = fma(entry, states[home + j * n + r], point)
                                u = fma(m.values[p], point, u)
                            scratch[residuals + q] = entries[row] * u
                        if eager:
                            for j in range(home, home + size, n):
                                for r in range(n):
                                    old[r] = states[j + r]
                                for r in range(n):
                                    new = 0.0
                                    for s in range(n):
                                        if F[r, s] == UNIT:
                                            new += old[s]
                                        elif F[r, s] != ABSENT:
                                            new = fma(entries[row + F[r, s]], old[s], new)
                                    states[j + r] = new
                        for q in range(batch):
                            i = np.int64(m.drawn[(place + q) * LANES + lane])
                            u = scratch[residuals + q]
                            for p in range(m.begins[i], m.begins[i + 1]):
                                j = m.indices[p]
                                if lazy:
                                    catch_up(m, old, n, home + j * n, own + j, t + 1)
                                push = u * m.values[p]
                                for r in range(n):
                                    here = home + j * n + r
                                    if b[r] == UNIT:
                                        states[here] += push
                                    elif b[r] != ABSENT:
                                        entry = entries[row + b[r]]
                                        states[here] = fma(entry, push, states[here])
                        place += batch
                passed = place
                now = max(now, goal)
                if m.checkpoints[checkpoint] > end:
                    break
                for lane in range(group, last):
                    for j in range(m.d):
                        home, at = lane * size + j * n, lane * m.d + j
                        missed = now - m.touched[at] if lazy else 0
                        point = peek(m, old, n, home, missed, stay)
                        scratch[points + j * GLANCE + lane - group] = point
                observe(m, points, checkpoint, column + group, True)

    return jit_named(kernel, "sparse", structure)


@cache
def sparse_address(structure: RowStructure) -> int:
    """Return the address of the kernel; it uses long vectors only to observe."""
    return address_of(sparse_kernel(structure), MOVE_ARGUMENTS)
