"""Many coordinates: one trajectory at a time, its coordinates in vectors.

A row is a stretch of memory, multiplied with the point and added to the gradient.  Each sum over
coordinates runs in 16 interleaved partial sums, whatever the processor.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from nqmbench.kernels.entry import address_of
from nqmbench.kernels.lanes import add_in_turn, fma, lower, splat, upper
from nqmbench.kernels.memory import load, store, wide_vectors
from nqmbench.kernels.options import jit_named, jit_small
from nqmbench.kernels.rows.job import LANES, MOVE_ARGUMENTS, member_of
from nqmbench.kernels.rows.observe import GLANCE, observe
from nqmbench.kernels.rows.structure import ABSENT, UNIT, RowStructure

PARTS = 16  # partial sums; rows, states and points are padded with zeros to a multiple


@jit_small
def inner(one: Any, at: Any, other: Any, place: Any, count: Any) -> Any:
    """Return the sum of the products of ``count`` numbers, from two places on."""
    total = splat(0.0, PARTS)
    for j in range(0, count, PARTS):
        total = fma(load(one, at + j, PARTS), load(other, place + j, PARTS), total)
    half = lower(total) + upper(total)
    quarter = lower(half) + upper(half)
    return add_in_turn(0.0, lower(quarter) + upper(quarter))


@jit_small
def add_scaled(factor: Any, one: Any, at: Any, to: Any, place: Any, count: Any) -> None:
    """Add ``factor`` times ``count`` numbers to as many others."""
    for j in range(0, count, PARTS):
        so_far = load(to, place + j, PARTS)
        store(to, place + j, fma(factor, load(one, at + j, PARTS), so_far))


@cache
def wide_kernel(structure: RowStructure) -> Any:
    """Return the compiled ``kernel(job, block, k, begin, end, column, used)``: see `narrow`."""
    n, stay = len(structure.b), structure.readout
    F, b, c = np.array(structure.F), np.array(structure.b), np.array(structure.c)
    scheduled, complement = structure.scheduled, structure.complement

    def kernel(job: Any, block: Any, k: Any, begin: Any, end: Any, column: Any, used: Any) -> None:
        wide_vectors()
        m = member_of(job, 32, 64)
        entries, states, scratch, stride = m.entries, m.states, m.scratch, m.stride
        point, gradient, fresh, points = 0, stride, 2 * stride, (2 + n) * stride
        size = n * stride

        for lane in range(used if begin == 0 else 0):
            for r in range(n):
                for j in range(m.d):
                    states[lane * size + r * stride + j] = m.starts[r] * m.w0[j]
        for group in range(0, used, GLANCE):
            last = min(group + GLANCE, used)
            now, passed = begin, 0
            for checkpoint in range(k, m.S):
                goal = min(m.checkpoints[checkpoint], end)
                place = passed
                for lane in range(group, last):
                    home, place = lane * size, passed
                    for t in range(now, goal):
                        step = t if scheduled else 0
                        row = step * m.length
                        for j in range(0, stride, PARTS):
                            a = splat(0.0, PARTS)
                            for r in range(n):
                                z = load(states, home + r * stride + j, PARTS)
                                if c[r] == UNIT:
                                    a = a + z
                                elif c[r] != ABSENT:
                                    a = fma(entries[row + c[r]], z, a)
                            store(scratch, point + j, a)
                            store(scratch, gradient + j, splat(0.0, PARTS))
                        sign = 1.0
                        if complement and m.complemented[step]:
                            # X'X a = n A'A a of all rows, less what the rows left out give
                            sign = -1.0
                            for i in range(m.factor_rows):
                                u = inner(m.factor, i * stride, scratch, point, stride)
                                u *= np.float64(m.n)
                                add_scaled(u, m.factor, i * stride, scratch, gradient, stride)
                        for q in range(m.draws[step]):
                            one = np.int64(m.drawn[(place + q) * LANES + lane])
                            u = inner(m.values, one * stride, scratch, point, stride)
                            u = sign * (u + m.residuals[one])
                            add_scaled(u, m.values, one * stride, scratch, gradient, stride)
                        place += m.draws[step]
                        for j in range(0, stride, PARTS):
                            push = entries[row] * load(scratch, gradient + j, PARTS)
                            for r in range(n):
                                new = splat(0.0, PARTS)
                                for s in range(n):
                                    z = load(states, home + s * stride + j, PARTS)
                                    if F[r, s] == UNIT:
                                        new = new + z
                                    elif F[r, s] != ABSENT:
                                        new = fma(entries[row + F[r, s]], z, new)
                                if b[r] == UNIT:
                                    new = new + push
                                elif b[r] != ABSENT:
                                    new = fma(entries[row + b[r]], push, new)
                                store(scratch, fresh + r * PARTS, new)
                            for r in range(n):
                                new = load(scratch, fresh + r * PARTS, PARTS)
                                store(states, home + r * stride + j, new)
                passed = place
                now = max(now, goal)
                if m.checkpoints[checkpoint] > end:
                    break
                for lane in range(group, last):
                    home = lane * size + stay * stride
                    for j in range(m.d):
                        scratch[points + j * GLANCE + lane - group] = states[home + j]
                observe(m, points, checkpoint, column + group, False)

    return jit_named(kernel, "wide", structure)


@cache
def wide_address(structure: RowStructure) -> int:
    """Return the address of the kernel."""
    return address_of(wide_kernel(structure), MOVE_ARGUMENTS)
