"""The loop: every block of 32 trajectories, coordinate by coordinate, step by step.

The source is scalar: one lane at a time.  LLVM turns each loop over lanes into a few vector
operations; states and generators live in stack arrays, which then become registers, so that
nothing is stored between checkpoints.

One factory makes all kernels.  The facts of the `Structure` are constants of the closure, the
short loops over states are unrolled, and a test such as ``if D[r][j]`` is decided by the compiler.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from nqmbench.kernels.bits import (
    fma,
    stack_array,
    trip_count,
    wide_vectors,
)
from nqmbench.kernels.laws import GAUSSIAN, HALF, START_TAG, add_draws, add_normals
from nqmbench.kernels.options import jit
from nqmbench.kernels.program import Structure
from nqmbench.kernels.random import LANES, WORDS, seed_block

NOTHING = np.float32(-0.0)  # the neutral element of addition: -0 + x is x for every x, 0 too


@cache
def block_kernel(structure: Structure) -> Callable[..., None]:
    """Return the compiled ``kernel(tables, seed, first_block, blocks, buffer)`` of a structure.

    It runs ``blocks`` blocks from ``first_block`` on and adds the observables of trajectory
    ``32 b + lane`` to ``buffer[checkpoint, observable, 32 b + lane]`` (float64, zero before).
    """
    n = len(structure.point)
    size = n * LANES
    has_increment = np.array(structure.increments, dtype=np.bool_)
    has_chain = np.array(structure.chain, dtype=np.bool_)
    has_point = np.array(structure.point, dtype=np.bool_)
    has_push = np.array(structure.push, dtype=np.bool_)
    is_unit = np.array(structure.unit, dtype=np.bool_)
    readout, scheduled, law = structure.readout, structure.scheduled, structure.law
    real: Any = np.float64 if structure.mixed else np.float32

    def kernel(tables: Any, seed: Any, first_block: Any, blocks: Any, buffer: Any) -> None:
        wide_vectors()
        lanes, half = trip_count(LANES), trip_count(HALF)
        words = stack_array(np.uint32, WORDS)
        x = stack_array(np.float32, LANES)
        z = stack_array(real, size)
        old = stack_array(real, n)
        for b in range(blocks):
            block = np.uint64(first_block) + np.uint64(b)
            for i in range(tables.lam.size):
                # Starts: starts[r] (w0 + w0_std times a normal of a stream of its own).
                for lane in range(lanes):
                    x[lane] = NOTHING
                if tables.w0_std[i] > 0.0:
                    seed_block(words, seed, np.uint64(START_TAG), block, np.uint64(i))
                    add_normals(words, x)
                for r in range(n):
                    for lane in range(lanes):
                        start = tables.w0[i] + tables.w0_std[i] * np.float64(x[lane])
                        z[r * LANES + lane] = real(tables.starts[r] * start)
                seed_block(words, seed, np.uint64(law), block, np.uint64(i))
                lam = real(tables.lam[i])
                minus_sigma = real(-tables.sigma[i])
                begin = 0
                for k in range(tables.checkpoints.size):
                    for t in range(begin, tables.checkpoints[k]):
                        row = t if scheduled else 0
                        for lane in range(lanes):
                            x[lane] = NOTHING
                        if law == GAUSSIAN:
                            add_draws(GAUSSIAN, tables.nu, words, x, lanes, half)
                        else:
                            for _ in range(tables.draws[row]):
                                add_draws(law, tables.nu, words, x, lanes, half)
                        minus_s = minus_sigma * tables.scale[row]
                        for lane in range(lanes):
                            for r in range(n):
                                old[r] = z[r * LANES + lane]
                            # u = c . z - s x
                            u = real(NOTHING)
                            for j in range(n):
                                if has_point[j]:
                                    factor = real(1.0) if is_unit[j] else tables.point[row, j]
                                    u = fma(factor, old[j], u)
                            u = fma(minus_s, real(x[lane]), u)
                            # z_r += sum_j D[r,j] z_j(old) + sum_{j<r} L[r,j] z_j(new) + e[r] lam u
                            for r in range(n):
                                new = old[r]
                                for j in range(n):
                                    if has_increment[r, j]:
                                        new = fma(tables.increments[row, r, j], old[j], new)
                                    if has_chain[r, j]:
                                        before = z[j * LANES + lane]
                                        new = fma(tables.chain[row, r, j], before, new)
                                if has_push[r]:
                                    new = fma(tables.push[row, r] * lam, u, new)
                                z[r * LANES + lane] = new
                    begin = tables.checkpoints[k]
                    for f in range(tables.feeds_start[i], tables.feeds_start[i + 1]):
                        o, power = tables.feeds_observable[f], tables.feeds_power[f]
                        weight = tables.feeds_weight[f]
                        for lane in range(lanes):
                            w = np.float64(z[readout * LANES + lane])
                            value = w if power == 1 else (w * w if power == 2 else w * w * w)
                            buffer[k, o, b * LANES + lane] += weight * value

    return jit(kernel)
