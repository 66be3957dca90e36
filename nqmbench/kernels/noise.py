"""The noise of a block: a stretch of steps at a time, into memory.

Noise is made apart from the recursions that it drives.  A stretch of some steps stays in the
innermost cache, where reading it is free beside the arithmetic, and several methods can be driven
by it.  There is one kernel per law, and it knows nothing of any method.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from nqmbench.kernels.formats import F32, F64
from nqmbench.kernels.job import tables_of, work_of
from nqmbench.kernels.lanes import splat
from nqmbench.kernels.laws import DRAWS, FACTORS, GAUSSIAN, normals, radius_squared
from nqmbench.kernels.memory import load, places, store, wide_vectors
from nqmbench.kernels.options import jit_named
from nqmbench.kernels.random import next_words

PATIENCE = 2**18  # draws of a lane between two looks at whether to stop: some milliseconds


@cache
def noise_kernel(law: int, noise: int, state: int) -> Any:
    """Return the compiled ``kernel(job, b, begin, end)``, which draws the noise of a block.

    The block is number b of its group, the steps are ``begin``, ..., ``end - 1``, at least one.
    Its generators are advanced, and row ``t - begin`` of the job's ``drawn`` gets the L numbers of
    step t from column ``L b`` on: one normal for each lane, or the sum of ``draws[t]`` draws of
    another law. Where the law has a common factor its generators are kept behind those of the
    coordinate's own stream, ``4 W`` words on, and are advanced with them.

    Args:
        law: number of the noise law.
        noise: bits of the noise, 32 or 64.
        state: bits of the numbers in ``drawn``.
    """
    if law == GAUSSIAN:
        return _gaussian(noise, state)
    return _summed(law, noise, state)


def _gaussian(noise: int, state: int) -> Any:
    L = (F32 if noise == 32 else F64).lanes

    def kernel(job: Any, b: Any, begin: Any, end: Any) -> None:
        wide_vectors()
        work = work_of(job, noise, state)
        s = places(load(work.words, 0, L), 4)
        for i in range(4):
            s[i] = load(work.words, (4 * b + i) * L, L)
        place = L * b
        # The words and logarithms of the next step are computed beside the root, sine and cosine
        # of this one: two short chains of operations keep the processor busier than a long one.
        coming = next_words(s)
        coming_square = radius_squared(coming)
        for _ in range(end - begin - 1):
            now, square = coming, coming_square
            coming = next_words(s)
            coming_square = radius_squared(coming)
            store(work.drawn, place, normals(now, square))
            place += work.width
        store(work.drawn, place, normals(coming, coming_square))
        for i in range(4):
            store(work.words, (4 * b + i) * L, s[i])

    return jit_named(kernel, noise, state)


def _summed(law: int, noise: int, state: int) -> Any:
    form = F32 if noise == 32 else F64
    L, nothing = form.lanes, form.real(-0.0)  # -0 + x is x for every x, 0 too
    draw: Any = DRAWS[law]
    factor: Any = FACTORS.get(law)
    common = factor is not None  # known to the compiler: other laws get the code without it

    def kernel(job: Any, b: Any, begin: Any, end: Any) -> None:
        wide_vectors()
        work, tables = work_of(job, noise, state), tables_of(job, noise, state)
        s = places(load(work.words, 0, L), 4)
        for i in range(4):
            s[i] = load(work.words, (4 * b + i) * L, L)
        if common:
            shared = places(load(work.words, 0, L), 4)
            for i in range(4):
                shared[i] = load(work.words, 4 * work.width + (4 * b + i) * L, L)
        place = L * b
        for t in range(begin, end):
            x = splat(nothing, L)
            missing = tables.draws[t * tables.draw_rows]
            while missing > 0 and not work.stop[0]:
                for _ in range(min(missing, PATIENCE)):
                    if common:
                        x = x + factor(shared) * draw(s, tables.nu)
                    else:
                        x = x + draw(s, tables.nu)
                missing -= PATIENCE
            store(work.drawn, place, x)
            place += work.width
        for i in range(4):
            store(work.words, (4 * b + i) * L, s[i])
            if common:
                store(work.words, 4 * work.width + (4 * b + i) * L, shared[i])

    return jit_named(kernel, law, noise, state)
