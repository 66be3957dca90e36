"""Where lanes live: registers, memory, and pointers to it.

A kernel keeps its lanes in `places`, which become registers, and moves them from and to memory with
`load` and `store`.  Kernels get pointers, not arrays: passing an array makes Numba count its users
up and down, which takes longer than a short kernel.  The caller keeps the arrays alive.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core.cgutils import alloca_once
from numba.core.errors import TypingError

from nqmbench.kernels.lanes import FLOAT_OF, WORD_OF, Lanes, constant, lanes_of
from nqmbench.kernels.options import intrinsic


def _element_pointer(context: Any, builder: Any, kind: Any, memory: Any, index: Any) -> Any:
    """Return the address of element ``index`` of a pointer, or a contiguous array seen as flat."""
    if not isinstance(kind, types.CPointer):
        memory = context.make_array(kind)(context, builder, memory).data
    return builder.gep(memory, [index])


def _contiguous(kind: Any) -> Any:
    """Return the type if it is of a pointer or of a contiguous array; else a typing error."""
    if not isinstance(kind, types.CPointer) and getattr(kind, "layout", "") not in ("C", "F"):
        raise TypingError(f"a pointer or a contiguous array is needed here, not {kind}")
    return kind


@intrinsic
def load(context: Any, array: Any, index: Any, count: Any) -> Any:
    """Return ``count`` (a constant) lanes from element ``index`` on.

    ``array`` is a pointer or a contiguous array, which counts as flat.  There are no bounds checks.
    """
    lanes = Lanes(_contiguous(array).dtype, constant(count))

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = _element_pointer(context, builder, array, *args[:2])
        vector = context.get_value_type(lanes)
        return builder.load(
            builder.bitcast(place, vector.as_pointer()), align=array.dtype.bitwidth // 8
        )

    return lanes(array, types.int64, count), codegen


@intrinsic
def store(context: Any, array: Any, index: Any, x: Any) -> Any:
    """Put lanes into memory from element ``index`` on: see `load`.

    Lanes of float32 may go into an array of float64.
    """
    wider = [types.float32] if _contiguous(array).dtype == types.float64 else []
    lanes = lanes_of(x, array.dtype, *wider)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = _element_pointer(context, builder, array, *args[:2])
        vector = context.get_value_type(lanes.of(array.dtype))
        value = args[2] if args[2].type == vector else builder.fpext(args[2], vector)
        place = builder.bitcast(place, vector.as_pointer())
        builder.store(value, place, align=array.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(array, types.int64, lanes), codegen


@intrinsic
def pointer(context: Any, array: Any, index: Any) -> Any:
    """Return where element ``index`` of a contiguous array, seen as flat, is."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _element_pointer(context, builder, array, *args)

    return types.CPointer(_contiguous(array).dtype)(array, types.int64), codegen


@intrinsic
def take(context: Any, counter: Any) -> Any:
    """Return ``counter[0]``, an int64, and add 1 to it; no two threads get the same number."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = context.make_array(counter)(context, builder, args[0]).data
        return builder.atomic_rmw("add", place, ir.Constant(ir.IntType(64), 1), "monotonic")

    return types.int64(counter), codegen


@intrinsic
def places(context: Any, like: Any, count: Any) -> Any:
    """Return ``count`` (a constant) variables for lanes of the type of ``like``.

    They are numbered, ``s[0]``, ``s[1]``, ..., live in the function's own frame and become
    registers when every number is a constant.  They are not initialised.
    """
    lanes, number = lanes_of(like, *FLOAT_OF, *WORD_OF), constant(count)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = context.get_value_type(lanes)
        whole = alloca_once(builder, ir.ArrayType(vector, number))
        return builder.bitcast(whole, vector.as_pointer())

    return types.CPointer(lanes)(lanes, count), codegen


@intrinsic
def wide_vectors(context: Any) -> Any:
    """Mark the function that calls this: vectors of 512 bits, and never inlined elsewhere.

    LLVM limits itself to 256 bits on processors whose clock used to drop under wide vectors.
    These loops gain a third from the full width.  The mark is an attribute of one function: the
    rest of the process, the user's own kernels included, keeps LLVM's choice.  Where the
    processor has no 512-bit vectors the mark changes nothing.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        attributes = builder.function.attributes
        attributes.add("noinline")
        # llvmlite knows only the attributes without a value; a set it is, so add the text.
        set.add(attributes, '"prefer-vector-width"="512"')
        return context.get_dummy_value()

    return types.void(), codegen
