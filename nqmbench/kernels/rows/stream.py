"""Gaussian rows that nobody has seen before, drawn where they are needed.

A row is d normals, each times the root of its variance, and one more for the label: in this order
they come from the generators of the block, which nothing but its address decides.  A row is used at
once and forgotten.  Trajectories are moved in the lanes of the generators.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from nqmbench.kernels.entry import address_of
from nqmbench.kernels.formats import F32, F64
from nqmbench.kernels.lanes import fma, splat, widened
from nqmbench.kernels.laws import normals, radius_squared
from nqmbench.kernels.memory import load, places, store, wide_vectors
from nqmbench.kernels.options import jit_named
from nqmbench.kernels.random import next_words, seed_block
from nqmbench.kernels.rows.job import LANES, MOVE_ARGUMENTS, member_of
from nqmbench.kernels.rows.program import LOSS
from nqmbench.kernels.rows.structure import ABSENT, UNIT, RowStructure

TAG = 97  # "Gaussian rows", in the random stream's address; never renumber


@cache
def stream_kernel(structure: RowStructure, bits: int) -> Any:
    """Return the compiled ``kernel(job, block, k, begin, end, column, used)``: see `narrow`.

    Args:
        structure: of the program.
        bits: of the normals, 32 or 64.
    """
    n, stay = len(structure.b), structure.readout
    F, b, c = np.array(structure.F), np.array(structure.b), np.array(structure.c)
    scheduled, L = structure.scheduled, (F32 if bits == 32 else F64).lanes
    parts = LANES // L  # of a block, with generators that have addresses of their own

    def kernel(job: Any, block: Any, k: Any, begin: Any, end: Any, column: Any, used: Any) -> None:
        wide_vectors()
        m = member_of(job, bits, 64)
        d, entries, states, scratch = m.d, m.entries, m.states, m.scratch
        x, a, g = 0, d * L, 2 * d * L
        old = places(splat(0.0, L), n)
        s = places(load(m.words, 0, L), 4)
        for part in range((used + L - 1) // L):
            words, home = 4 * L * part, part * n * d * L
            if begin == 0:
                seed_block(m.words, words, m.seed, TAG, block * parts + part, m.code)
                for r in range(n):
                    for j in range(d):
                        store(states, home + (r * d + j) * L, splat(m.starts[r] * m.w0[j], L))
            for i in range(4):
                s[i] = load(m.words, words + i * L, L)
            now = begin
            for checkpoint in range(k, m.S):
                goal = min(m.checkpoints[checkpoint], end)
                for t in range(now, goal):
                    step = t if scheduled else 0
                    row = step * m.length
                    if m.stop[0]:
                        break
                    for j in range(d):
                        point = splat(0.0, L)
                        for r in range(n):
                            z = load(states, home + (r * d + j) * L, L)
                            if c[r] == UNIT:
                                point = point + z
                            elif c[r] != ABSENT:
                                point = fma(entries[row + c[r]], z, point)
                        store(scratch, a + j * L, point)
                        store(scratch, g + j * L, splat(0.0, L))
                    for _ in range(m.draws[step]):
                        u = splat(0.0, L)
                        for j in range(d):
                            drawn = next_words(s)
                            normal = widened(normals(drawn, radius_squared(drawn)))
                            normal = normal * m.values[j]
                            store(scratch, x + j * L, normal)
                            u = fma(normal, load(scratch, a + j * L, L), u)
                        drawn = next_words(s)
                        label = widened(normals(drawn, radius_squared(drawn)))
                        u = fma(-m.values[d], label, u)
                        for j in range(d):
                            so_far = load(scratch, g + j * L, L)
                            store(scratch, g + j * L, fma(load(scratch, x + j * L, L), u, so_far))
                    for j in range(d):
                        push = entries[row] * load(scratch, g + j * L, L)
                        for r in range(n):
                            old[r] = load(states, home + (r * d + j) * L, L)
                        for r in range(n):
                            new = splat(0.0, L)
                            for q in range(n):
                                if F[r, q] == UNIT:
                                    new = new + old[q]
                                elif F[r, q] != ABSENT:
                                    new = fma(entries[row + F[r, q]], old[q], new)
                            if b[r] == UNIT:
                                new = new + push
                            elif b[r] != ABSENT:
                                new = fma(entries[row + b[r]], push, new)
                            store(states, home + (r * d + j) * L, new)
                now = max(now, goal)
                if m.checkpoints[checkpoint] > end:
                    break
                for o in range(m.observables):
                    what = m.observed[o]
                    value = splat(m.floor[0] if what == LOSS else 0.0, L)
                    if what < 0:
                        for j in range(d):
                            e = load(states, home + (stay * d + j) * L, L)
                            if what == LOSS:  # l_j e_j^2
                                e = e * m.values[j]
                            value = fma(e, e, value)
                    else:
                        place = home + (stay * d + what) * L
                        value = load(states, place, L) + m.optimum[what]
                    cell = checkpoint * m.columns + m.first + o
                    store(m.buffer, cell * m.pitch + column + part * L, value)
            for i in range(4):
                store(m.words, words + i * L, s[i])

    return jit_named(kernel, "stream", structure, bits)


@cache
def stream_address(structure: RowStructure, bits: int) -> int:
    """Return the address of the kernel."""
    return address_of(stream_kernel(structure, bits), MOVE_ARGUMENTS)
