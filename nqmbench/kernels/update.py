"""The recursion: a group of trajectories through a stretch of steps.

For each state r, in order, with the noisy displacement u that the gradient sees,

    u = c . z - s x
    z_r += sum_j D[r,j] z_j (old) + sum_{j<r} L[r,j] z_j (new) + e[r] lam u

One factory makes all kernels.  The facts of the `Structure` are constants of the closure, the short
loops over states are unrolled, and a test such as ``chain[r, j]`` is decided by the compiler.
States are added to, never multiplied: in float32 ``w = a w + c x`` loses what ``a`` loses when it
is rounded, and a slow recursion drifts.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from nqmbench.kernels.job import tables_of, work_of
from nqmbench.kernels.lanes import fma, widened
from nqmbench.kernels.memory import load, places, store, wide_vectors
from nqmbench.kernels.options import jit_named
from nqmbench.kernels.program import Structure


@cache
def update_kernel(structure: Structure) -> Any:
    """Return the compiled ``kernel(job, m, i, k, begin, end, column)``.

    It takes member ``m`` at coordinate ``i`` of a group of W trajectories from step ``begin`` to
    step ``end``.  The job holds the states and the noise of these steps.  At the checkpoints on the
    way, ``k`` the first of them, the observables are added to
    ``buffer[checkpoint, observable, column:column + W]``.
    """
    n, W, bits = len(structure.point), structure.width, structure.bits
    increment = np.array(structure.increments, dtype=np.bool_)
    chain = np.array(structure.chain, dtype=np.bool_)
    point = np.array(structure.point, dtype=np.bool_)
    unit = np.array(structure.unit, dtype=np.bool_)  # an entry 1 of c
    push = np.array(structure.push, dtype=np.bool_)
    head, readout, scheduled = structure.head, structure.readout, structure.scheduled

    def kernel(job: Any, m: Any, i: Any, k: Any, begin: Any, end: Any, column: Any) -> None:
        wide_vectors()
        work, tables = work_of(job, bits, bits), tables_of(job, bits, bits)
        states = m * tables.states * W
        z, old = places(load(work.states, 0, W), n), places(load(work.states, 0, W), n)
        for r in range(n):
            z[r] = load(work.states, states + r * W, W)
        entries, first = tables.entries, tables.first_row[m]
        here = m * tables.d + i
        lam, sigma = tables.lam[here], tables.sigma[here]
        # A member has d + 1 entries of feeds_start: m (d + 1) + i is here + m.
        feeds = tables.feeds_start[here + m], tables.feeds_start[here + m + 1]
        now = begin
        for checkpoint in range(k, tables.S):
            goal = min(tables.checkpoints[checkpoint], end)
            for t in range(now, goal):
                row = (first + (t if scheduled else 0)) * tables.length
                for r in range(n):
                    old[r] = z[r]
                # u = c . z - s x; the entries of a row stand in the order in which they are used
                p = 1
                if unit[head]:
                    u = old[head]
                else:
                    u = entries[row + p] * old[head]
                    p += 1
                for j in range(head + 1, n):
                    if unit[j]:
                        u = u + old[j]
                    elif point[j]:
                        u = fma(entries[row + p], old[j], u)
                        p += 1
                u = fma(-(sigma * entries[row]), load(work.drawn, (t - begin) * W, W), u)
                # z_r += sum_j D[r,j] z_j (old) + sum_{j<r} L[r,j] z_j (new) + e[r] lam u
                for r in range(n):
                    new = old[r]
                    for j in range(n):
                        if increment[r, j]:
                            new = fma(entries[row + p], old[j], new)
                            p += 1
                        if chain[r, j]:
                            new = fma(entries[row + p], z[j], new)
                            p += 1
                    if push[r]:
                        new = fma(entries[row + p] * lam, u, new)
                        p += 1
                    z[r] = new
            now = max(now, goal)
            if tables.checkpoints[checkpoint] > end:
                break
            w = widened(z[readout])
            for f in range(feeds[0], feeds[1]):
                value = w
                for _ in range(1, tables.feeds_power[f]):
                    value = value * w
                cell = checkpoint * tables.columns + tables.feeds_observable[f]
                place = cell * work.pitch + column
                so_far = load(work.buffer, place, W)
                store(work.buffer, place, fma(tables.feeds_weight[f], value, so_far))
        for r in range(n):
            store(work.states, states + r * W, z[r])

    return jit_named(kernel, structure)
