"""The plain kernels: the same without long vectors.

Noise is drawn two lanes at a time, by the same formulas; the recursion runs on plain numbers, one
trajectory after the other.  They take the same arguments and give the same bits.  The tests hold
the fast kernels against them, and where long vectors make trouble they stand in: with
``NQMBENCH_KERNELS=plain`` in the environment every simulation runs on them, some ten times slower.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from nqmbench.kernels.formats import F32, F64
from nqmbench.kernels.job import tables_of, work_of
from nqmbench.kernels.lanes import fma, join, lower, splat, upper
from nqmbench.kernels.laws import DRAWS, FACTORS, GAUSSIAN, normals, radius_squared
from nqmbench.kernels.memory import load, places, store
from nqmbench.kernels.noise import PATIENCE
from nqmbench.kernels.options import jit_named
from nqmbench.kernels.program import Structure
from nqmbench.kernels.random import next_words


@cache
def noise_kernel(law: int, noise: int, state: int) -> Any:
    """Return the plain form of `nqmbench.kernels.noise.noise_kernel`.

    Two lanes are taken at a time, l and l + L/2: those whose normals are drawn together.
    """
    form = F32 if noise == 32 else F64
    L, half, nothing = form.lanes, form.lanes // 2, form.real(-0.0)
    gaussian = law == GAUSSIAN
    draw: Any = DRAWS.get(law)
    factor: Any = FACTORS.get(law)
    common = factor is not None

    def kernel(job: Any, b: Any, begin: Any, end: Any) -> None:
        work, tables = work_of(job, noise, state), tables_of(job, noise, state)
        s = places(splat(work.words[0], 2), 4)
        for lane in range(half):
            for i in range(4):
                word = (4 * b + i) * L + lane
                s[i] = join(load(work.words, word, 1), load(work.words, word + half, 1))
            if common:
                shared = places(splat(work.words[0], 2), 4)
                for i in range(4):
                    word = 4 * work.width + (4 * b + i) * L + lane
                    shared[i] = join(load(work.words, word, 1), load(work.words, word + half, 1))
            for t in range(begin, end):
                x = splat(nothing, 2)
                if gaussian:
                    drawn = next_words(s)
                    x = normals(drawn, radius_squared(drawn))
                else:
                    missing = tables.draws[t * tables.draw_rows]
                    while missing > 0 and not work.stop[0]:
                        for _ in range(min(missing, PATIENCE)):
                            if common:
                                x = x + factor(shared) * draw(s, tables.nu)
                            else:
                                x = x + draw(s, tables.nu)
                        missing -= PATIENCE
                place = (t - begin) * work.width + L * b + lane
                store(work.drawn, place, lower(x))
                store(work.drawn, place + half, upper(x))
            for i in range(4):
                word = (4 * b + i) * L + lane
                store(work.words, word, lower(s[i]))
                store(work.words, word + half, upper(s[i]))
                if common:
                    store(work.words, 4 * work.width + word, lower(shared[i]))
                    store(work.words, 4 * work.width + word + half, upper(shared[i]))

    return jit_named(kernel, "plain", law, noise, state)


@cache
def update_kernel(structure: Structure) -> Any:
    """Return the plain form of `nqmbench.kernels.update.update_kernel`."""
    n, W, bits = len(structure.point), structure.width, structure.bits
    increment = np.array(structure.increments, dtype=np.bool_)
    chain = np.array(structure.chain, dtype=np.bool_)
    point = np.array(structure.point, dtype=np.bool_)
    unit = np.array(structure.unit, dtype=np.bool_)
    push = np.array(structure.push, dtype=np.bool_)
    head, readout, scheduled = structure.head, structure.readout, structure.scheduled
    real: Any = np.float64 if structure.bits == 64 else np.float32

    def kernel(job: Any, m: Any, i: Any, k: Any, begin: Any, end: Any, column: Any) -> None:
        work, tables = work_of(job, bits, bits), tables_of(job, bits, bits)
        entries, here, states = tables.entries, m * tables.d + i, work.states
        old = np.empty(n, real)
        for lane in range(W):
            own, now = m * tables.states * W + lane, begin
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
                    u = fma(-s, work.drawn[(t - begin) * W + lane], u)
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
                    place = cell * work.pitch + column + lane
                    so_far = work.buffer[place]
                    work.buffer[place] = fma(tables.feeds_weight[f], value, so_far)

    return jit_named(kernel, "plain", structure)
