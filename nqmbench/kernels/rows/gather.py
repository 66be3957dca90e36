"""Rows of a table, one for each lane, turned into columns, and the numbers of such rows.

A processor without a fast gather reads a number for each lane and puts the vectors together one by
one.  Four neighbouring numbers of a row are one vector: four rows are four loads, and eight
shuffles turn them into four columns.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core.cgutils import get_or_insert_function
from numba.core.errors import TypingError

from nqmbench.kernels.lanes import Lanes, lanes_of, repeated
from nqmbench.kernels.options import intrinsic

QUAD = 4  # numbers of a row that are read at a time: rows are padded to a multiple of it


@intrinsic
def gather_quad(
    context: Any, out: Any, first: Any, table: Any, rows: Any, at: Any, stride: Any, offset: Any
) -> Any:
    """Put four columns of the rows of a table into ``out[first]``, ..., ``out[first + 3]``.

    Lane ``l`` of column ``c`` is ``table[rows[at + l] * stride + offset + c]``.  ``out`` are
    places for lanes of float64, a multiple of four lanes; ``table`` is a pointer to float64 and
    ``rows`` one to uint32.  There are no bounds checks.
    """
    lanes = getattr(out, "dtype", None)
    if not isinstance(lanes, Lanes) or lanes.count % QUAD or lanes.element != types.float64:
        raise TypingError(f"places for 4, 8, ... lanes of float64 are needed here, not {out}")
    count = lanes.count

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        out, first, table, rows, at, stride, offset = args
        wide, quad = ir.IntType(64), ir.VectorType(ir.DoubleType(), QUAD)

        def shuffled(a: Any, b: Any, chosen: list[int]) -> Any:
            mask = ir.Constant(ir.VectorType(ir.IntType(32), len(chosen)), chosen)
            return builder.shuffle_vector(a, b, mask)

        def row(lane: int) -> Any:
            place = builder.gep(rows, [builder.add(at, wide(lane))])
            number = builder.zext(builder.load(place), wide)
            start = builder.add(builder.mul(number, stride), offset)
            memory = builder.gep(table, [start])
            return builder.load(builder.bitcast(memory, quad.as_pointer()), align=8)

        columns: list[list[Any]] = [[] for _ in range(QUAD)]
        for lane in range(0, count, QUAD):
            a, b, c, d = (row(lane + i) for i in range(QUAD))
            even_ab, odd_ab = shuffled(a, b, [0, 4, 2, 6]), shuffled(a, b, [1, 5, 3, 7])
            even_cd, odd_cd = shuffled(c, d, [0, 4, 2, 6]), shuffled(c, d, [1, 5, 3, 7])
            columns[0].append(shuffled(even_ab, even_cd, [0, 1, 4, 5]))
            columns[1].append(shuffled(odd_ab, odd_cd, [0, 1, 4, 5]))
            columns[2].append(shuffled(even_ab, even_cd, [2, 3, 6, 7]))
            columns[3].append(shuffled(odd_ab, odd_cd, [2, 3, 6, 7]))
        for c, pieces in enumerate(columns):
            while len(pieces) > 1:
                pieces = [
                    shuffled(x, y, list(range(2 * x.type.count)))
                    for x, y in zip(pieces[::2], pieces[1::2], strict=True)
                ]
            builder.store(pieces[0], builder.gep(out, [builder.add(first, wide(c))]))
        return context.get_dummy_value()

    whole = (out, types.int64, table, rows, *(types.int64,) * 3)
    return types.void(*whole), codegen


@intrinsic
def scaled_words(context: Any, words: Any, n: Any) -> Any:
    """Return the integers ``words n / 2^32``, rounded down: from 0 to n - 1.

    ``words`` are lanes of uint32, and ``1 <= n < 2^32``.
    """
    lanes = lanes_of(words, types.uint32)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        wide = ir.VectorType(ir.IntType(64), lanes.count)
        factor = repeated(builder, lanes.of(types.uint64), args[1])
        product = builder.mul(builder.zext(args[0], wide), factor)
        half = ir.Constant(wide, [32] * lanes.count)
        return builder.trunc(builder.lshr(product, half), args[0].type)

    return lanes(lanes, types.int64), codegen


@intrinsic
def prefetch(context: Any, memory: Any, index: Any) -> Any:
    """Ask for the cache line of element ``index`` of a pointer, which will be read soon."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        shape = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        ask = get_or_insert_function(builder.module, shape, "llvm.prefetch.p0")
        place = builder.bitcast(builder.gep(args[0], [args[1]]), byte)
        builder.call(ask, [place, number(0), number(3), number(1)])
        return context.get_dummy_value()

    return types.void(memory, types.int64), codegen
