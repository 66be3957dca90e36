"""The plain kernels: what the fast ones do, one trajectory at a time.

They take the same arguments and give the same bits.  The tests hold the fast kernels against them,
and where explicit vectors make trouble they stand in: with ``NQMBENCH_KERNELS=plain`` in the
environment every simulation runs on them, some ten times slower.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from nqmbench.kernels.formats import F32, F64
from nqmbench.kernels.lanes import fma, join, lower, splat, upper
from nqmbench.kernels.laws import DRAWS, GAUSSIAN, normals, radius_squared
from nqmbench.kernels.memory import load, places, store
from nqmbench.kernels.options import jit
from nqmbench.kernels.program import Structure
from nqmbench.kernels.random import next_words


@cache
def noise_kernel(law: int, bits: int) -> Any:
    """Return the plain form of `nqmbench.kernels.noise.noise_kernel`.

    Two lanes are taken at a time, l and l + L/2: those whose normals are drawn together.
    """
    form = F32 if bits == 32 else F64
    lanes, half, nothing = form.lanes, form.lanes // 2, form.real(-0.0)
    gaussian = law == GAUSSIAN
    draw: Any = DRAWS.get(law)

    def kernel(
        words: Any,
        place: Any,
        nu: Any,
        draws: Any,
        draw_rows: Any,
        begin: Any,
        end: Any,
        out: Any,
        column: Any,
        stride: Any,
    ) -> None:
        for lane in range(half):
            s = places(join(load(words, 0, 1), load(words, 0, 1)), 4)
            for i in range(4):
                first = place + i * lanes + lane
                s[i] = join(load(words, first, 1), load(words, first + half, 1))
            for t in range(begin, end):
                x = splat(nothing, 2)
                if gaussian:
                    drawn = next_words(s)
                    x = normals(drawn, radius_squared(drawn))
                else:
                    for _ in range(draws[t * draw_rows]):
                        x = x + draw(s, nu)
                row = (t - begin) * stride + column + lane
                store(out, row, lower(x))
                store(out, row + half, upper(x))
            for i in range(4):
                first = place + i * lanes + lane
                store(words, first, lower(s[i]))
                store(words, first + half, upper(s[i]))

    return jit(kernel)


@cache
def update_kernel(structure: Structure) -> Any:
    """Return the plain form of `nqmbench.kernels.update.update_kernel`."""
    n, W = len(structure.point), structure.width
    increment = np.array(structure.increments, dtype=np.bool_)
    chain = np.array(structure.chain, dtype=np.bool_)
    point = np.array(structure.point, dtype=np.bool_)
    unit = np.array(structure.unit, dtype=np.bool_)
    push = np.array(structure.push, dtype=np.bool_)
    head, readout, scheduled = structure.head, structure.readout, structure.scheduled
    real: Any = np.float64 if structure.bits == 64 else np.float32

    def kernel(
        tables: Any,
        m: Any,
        i: Any,
        k: Any,
        begin: Any,
        end: Any,
        states: Any,
        mine: Any,
        noise: Any,
        drawn: Any,
        buffer: Any,
        column: Any,
        pitch: Any,
    ) -> None:
        entries, here = tables.entries, m * tables.d + i
        old = np.empty(n, real)
        for lane in range(W):
            own, now = mine + m * tables.states * W + lane, begin
            for checkpoint in range(k, tables.S):
                goal = min(tables.checkpoints[checkpoint], end)
                for t in range(now, goal):
                    row = (tables.first_row[m] + (t if scheduled else 0)) * tables.length
                    for r in range(n):
                        old[r] = states[own + r * W]
                    # u = c . z - s x
                    p = 1
                    u = real(0.0)
                    for j in range(n):
                        if unit[j]:
                            u = old[j] if j == head else u + old[j]
                        elif point[j]:
                            c = entries[row + p]
                            u = c * old[j] if j == head else fma(c, old[j], u)
                            p += 1
                    s = tables.sigma[here] * entries[row]
                    u = fma(-s, noise[drawn + (t - begin) * W + lane], u)
                    # z_r += sum_j D[r,j] z_j (old) + sum_{j<r} L[r,j] z_j (new) + e[r] lam u
                    for r in range(n):
                        new = old[r]
                        for j in range(n):
                            if increment[r, j]:
                                new = fma(entries[row + p], old[j], new)
                                p += 1
                            if chain[r, j]:
                                new = fma(entries[row + p], states[own + j * W], new)
                                p += 1
                        if push[r]:
                            new = fma(entries[row + p] * tables.lam[here], u, new)
                            p += 1
                        states[own + r * W] = new
                now = max(now, goal)
                if tables.checkpoints[checkpoint] > end:
                    break
                w = np.float64(states[own + readout * W])
                for f in range(tables.feeds_start[here + m], tables.feeds_start[here + m + 1]):
                    value = w
                    for _ in range(1, tables.feeds_power[f]):
                        value = value * w
                    cell = checkpoint * tables.columns + tables.feeds_observable[f]
                    place = cell * pitch + column + lane
                    buffer[place] = fma(tables.feeds_weight[f], value, buffer[place])

    return jit(kernel)
