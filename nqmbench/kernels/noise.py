"""The noise of a block: a stretch of steps at a time, into memory.

Noise is made apart from the recursions that it drives.  A stretch of some steps stays in the
innermost cache, where reading it is free beside the arithmetic, and several methods can be driven
by it.  There is one kernel per law, and it knows nothing of any method.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from nqmbench.kernels.formats import F32, F64
from nqmbench.kernels.lanes import splat
from nqmbench.kernels.laws import DRAWS, GAUSSIAN, normals, radius_squared
from nqmbench.kernels.memory import load, places, store, wide_vectors
from nqmbench.kernels.options import jit
from nqmbench.kernels.random import load_state, next_words, store_state


@cache
def noise_kernel(law: int, bits: int) -> Any:
    """Return the compiled kernel that draws the noise of a block.

        kernel(words, place, nu, draws, draw_rows, begin, end, out, column, stride)

    The steps are ``begin``, ..., ``end - 1``, at least one.  The generators' states are the 4 L
    words of ``words`` from ``place`` on; they are advanced.  Row ``t - begin`` of ``out``,
    ``stride`` numbers long, gets the L numbers of step ``t`` from ``column`` on: one normal, or the
    sum of ``draws[t * draw_rows]`` draws of another law.

    Args:
        law: number of the noise law.
        bits: 32 or 64, the format of the noise.
    """
    return _gaussian(bits) if law == GAUSSIAN else _summed(law, bits)


def _gaussian(bits: int) -> Any:
    lanes = (F32 if bits == 32 else F64).lanes

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
        wide_vectors()
        s = places(load(words, place, lanes), 4)
        load_state(words, place, s)
        # The words and logarithms of the next step are computed beside the root, sine and cosine
        # of this one: two short chains of operations keep the processor busier than a long one.
        coming = next_words(s)
        coming_square = radius_squared(coming)
        for _ in range(end - begin - 1):
            now, square = coming, coming_square
            coming = next_words(s)
            coming_square = radius_squared(coming)
            store(out, column, normals(now, square))
            column += stride
        store(out, column, normals(coming, coming_square))
        store_state(words, place, s)

    return jit(kernel)


def _summed(law: int, bits: int) -> Any:
    form = F32 if bits == 32 else F64
    lanes, nothing = form.lanes, form.real(-0.0)  # -0 + x is x for every x, 0 too
    draw = DRAWS[law]

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
        wide_vectors()
        s = places(load(words, place, lanes), 4)
        load_state(words, place, s)
        for t in range(begin, end):
            x = splat(nothing, lanes)
            for _ in range(draws[t * draw_rows]):
                x = x + draw(s, nu)
            store(out, column, x)
            column += stride
        store_state(words, place, s)

    return jit(kernel)
