"""Few coordinates: trajectories in lanes, each with a row of its own.

The states of all coordinates stay in registers, or near them, through a stretch of steps.  A row
has its residual behind its numbers, so that one look at memory brings both.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from nqmbench.kernels.entry import address_of
from nqmbench.kernels.lanes import fma, splat
from nqmbench.kernels.memory import load, places, store, wide_vectors
from nqmbench.kernels.options import jit_named
from nqmbench.kernels.rows.gather import QUAD, gather_quad
from nqmbench.kernels.rows.job import LANES, MOVE_ARGUMENTS, member_of
from nqmbench.kernels.rows.program import DISTANCE, LOSS
from nqmbench.kernels.rows.structure import ABSENT, UNIT, RowStructure

WIDTH = {"fast": 16, "plain": QUAD}  # trajectories that are moved together


@cache
def narrow_kernel(structure: RowStructure, d: int, width: int) -> Any:
    """Return the compiled ``kernel(job, block, k, begin, end, column, used)``.

    It takes the trajectories of a block from step ``begin`` to step ``end``; the source has drawn
    the rows of these steps.  At the checkpoints on the way, ``k`` the first of them, the
    observables are put into ``buffer[checkpoint, observable, column:column + used]``.  Lanes
    beyond the ``used`` ones are computed where they share a vector with one of these.

    Args:
        structure: of the program.
        d: coordinates.
        width: trajectories that are moved together.
    """
    n, W, quads, stay = len(structure.b), width, -(-(d + 1) // QUAD), structure.readout
    F, b = np.array(structure.F), np.array(structure.b)
    c = np.array(structure.c)
    scheduled, complement = structure.scheduled, structure.complement
    numbers, cells = n * d, QUAD * quads  # of all states, and of a row

    def kernel(job: Any, block: Any, k: Any, begin: Any, end: Any, column: Any, used: Any) -> None:
        wide_vectors()
        m = member_of(job, 32, 64)
        z, old = places(splat(0.0, W), numbers), places(splat(0.0, W), n)
        a, g = places(splat(0.0, W), d), places(splat(0.0, W), d)
        x = places(splat(0.0, W), cells)
        for lane in range(0, used, W):
            home = lane * numbers
            for i in range(numbers):
                if begin == 0:
                    z[i] = splat(m.starts[i // d] * m.w0[i % d], W)
                else:
                    z[i] = load(m.states, home + i * W, W)
            now, place = begin, lane
            for checkpoint in range(k, m.S):
                goal = min(m.checkpoints[checkpoint], end)
                for t in range(now, goal):
                    step = t if scheduled else 0
                    row = step * m.length
                    for j in range(d):
                        point = splat(0.0, W)
                        for r in range(n):
                            if c[r] == UNIT:
                                point = point + z[r * d + j]
                            elif c[r] != ABSENT:
                                point = fma(m.entries[row + c[r]], z[r * d + j], point)
                        a[j] = point
                        g[j] = splat(0.0, W)
                    for _ in range(m.draws[step]):
                        for q in range(quads):
                            gather_quad(x, q * QUAD, m.values, m.drawn, place, cells, q * QUAD)
                        place += LANES
                        u = x[d]
                        for j in range(d):
                            u = fma(x[j], a[j], u)
                        for j in range(d):
                            g[j] = fma(x[j], u, g[j])
                    if complement and m.complemented[step]:
                        # X'X a = n A'A a of all rows, less what the rows left out give
                        for j in range(d):
                            g[j] = splat(0.0, W) - g[j]
                        for i in range(m.factor_rows):
                            u = splat(0.0, W)
                            for j in range(d):
                                u = fma(m.factor[i * m.stride + j], a[j], u)
                            u = u * np.float64(m.n)
                            for j in range(d):
                                g[j] = fma(m.factor[i * m.stride + j], u, g[j])
                    for j in range(d):
                        push = m.entries[row] * g[j]
                        for r in range(n):
                            old[r] = z[r * d + j]
                        for r in range(n):
                            new = splat(0.0, W)
                            for s in range(n):
                                if F[r, s] == UNIT:
                                    new = new + old[s]
                                elif F[r, s] != ABSENT:
                                    new = fma(m.entries[row + F[r, s]], old[s], new)
                            if b[r] == UNIT:
                                new = new + push
                            elif b[r] != ABSENT:
                                new = fma(m.entries[row + b[r]], push, new)
                            z[r * d + j] = new
                now = max(now, goal)
                if m.checkpoints[checkpoint] > end:
                    break
                for o in range(m.observables):
                    what = m.observed[o]
                    value = splat(m.floor[0], W)
                    if what == LOSS:
                        for i in range(m.factor_rows):
                            u = splat(0.0, W)
                            for j in range(d):
                                u = fma(m.factor[i * m.stride + j], z[stay * d + j], u)
                            value = fma(u, u, value)
                    elif what == DISTANCE:
                        value = splat(0.0, W)
                        for j in range(d):
                            value = fma(z[stay * d + j], z[stay * d + j], value)
                    else:
                        for j in range(d):
                            if what == j:
                                value = z[stay * d + j] + m.optimum[j]
                    cell = checkpoint * m.columns + m.first + o
                    store(m.buffer, cell * m.pitch + column + lane, value)
            for i in range(numbers):
                store(m.states, home + i * W, z[i])

    return jit_named(kernel, "narrow", structure, d, width)


@cache
def narrow_address(structure: RowStructure, d: int, kernels: str) -> int:
    """Return the address of the kernel, "fast" or "plain": four lanes at a time."""
    return address_of(narrow_kernel(structure, d, WIDTH[kernels]), MOVE_ARGUMENTS)
