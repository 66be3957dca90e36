"""The few machine operations that Numba's Python has no word for.

Numba compiles arithmetic, but it has no fused multiply-add, cannot look at the bits of a float
held in a register, and has no array on the stack.  Each *intrinsic* below adds one such
operation; it is the LLVM instruction itself, so it vectorises like a plus sign.

Intrinsics exist only in compiled code: with ``NUMBA_DISABLE_JIT=1`` this module imports, but
nothing that uses it can run.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.cgutils import alloca_once, if_unlikely
from numba.core.errors import TypingError
from numba.core.types.misc import CPointer

from nqmbench.kernels.options import intrinsic


@intrinsic
def fma(context: Any, a: Any, b: Any, c: Any) -> Any:
    """Return ``a b + c`` rounded once; all three of the same float type.

    An explicit fma keeps the digits the same on every processor: without it the compiler would
    be free to fuse or not to fuse (fast-math), and is not asked to be.
    """
    if not (a == b == c and isinstance(a, types.Float)):
        raise TypingError(f"fma wants three floats of one type, got {a}, {b}, {c}")

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fma(*args)

    return a(a, b, c), codegen


@intrinsic
def rotate_left(context: Any, x: Any, count: Any) -> Any:
    """Return the uint32 ``x`` rotated left by ``count`` (a uint32 below 32)."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        i32 = ir.IntType(32)
        shape = ir.FunctionType(i32, [i32, i32, i32])
        funnel = builder.module.declare_intrinsic("llvm.fshl", [i32], shape)
        return builder.call(funnel, [args[0], args[0], args[1]])

    return types.uint32(types.uint32, types.uint32), codegen


@intrinsic
def float_from_bits(context: Any, bits: Any) -> Any:
    """Return the float32 whose bit pattern is the uint32 ``bits``."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.FloatType())

    return types.float32(types.uint32), codegen


@intrinsic
def bits_of_float(context: Any, x: Any) -> Any:
    """Return the bit pattern of the float32 ``x`` as a uint32."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(32))

    return types.uint32(types.float32), codegen


@intrinsic
def signed_float(context: Any, bits: Any) -> Any:
    """Return the float32 nearest to the uint32 ``bits`` read as a two's complement integer.

    Processors convert signed integers in one instruction, unsigned ones often in several.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.sitofp(args[0], ir.FloatType())

    return types.float32(types.uint32), codegen


@intrinsic
def stack_array(context: Any, kind: Any, count: Any) -> Any:
    """Return an array of ``count`` (a constant) numbers in the function's own frame.

    Nobody else can point at it, so the compiler needs no alias checks, may keep all of it in
    registers, and frees it by returning.  It is not initialised and has no bounds checks.
    ``kind`` is the element type: np.float32, np.float64 or np.uint32.
    """
    if not isinstance(count, types.IntegerLiteral):
        raise TypingError("the size of a stack array is a compile-time constant")
    size, element = count.literal_value, kind.dtype

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        whole = ir.ArrayType(context.get_value_type(element), size)
        place = alloca_once(builder, whole)
        place.align = 64
        return builder.bitcast(place, context.get_value_type(element).as_pointer())

    return CPointer(element)(kind, count), codegen


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


@intrinsic
def trip_count(context: Any, count: Any) -> Any:
    """Return the constant ``count``, seen by LLVM only after its first round of loop unrolling.

    A short loop of constant length is unrolled early, before the vectoriser has seen it, and the
    32 scalar copies are never put together again.  ``llvm.is.constant`` of an address on the
    stack is false, but is decided exactly between the two passes; so the loop is vectorised
    first, then unrolled, and its stack arrays become registers.  (The other branch must be a
    number that LLVM cannot guess, else it concludes that the answer is ``count`` too early.)
    """
    if not isinstance(count, types.IntegerLiteral):
        raise TypingError("the trip count is a compile-time constant")

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        word = ir.IntType(64)
        unguessable = builder.ptrtoint(alloca_once(builder, ir.IntType(8)), word)
        shape = ir.FunctionType(ir.IntType(1), [word])
        decide = builder.module.declare_intrinsic("llvm.is.constant", [word], shape)
        never = builder.call(decide, [unguessable])
        return builder.select(never, unguessable, ir.Constant(word, count.literal_value))

    return types.int64(count), codegen


@intrinsic
def call_kernel(
    context: Any, address: Any, tables: Any, seed: Any, first: Any, blocks: Any, buffer: Any
) -> Any:
    """Call the compiled block kernel whose machine code is at ``address`` (a uint64).

    A call by name would compile the loop over superblocks anew, threads and all, for every
    kernel; by address it is compiled once.
    """
    arguments = (tables, seed, first, blocks, buffer)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        shape = context.call_conv.get_function_type(types.none, arguments)
        function = builder.inttoptr(args[0], shape.as_pointer())
        status, _ = context.call_conv.call_function(
            builder, function, types.none, arguments, args[1:]
        )
        with if_unlikely(builder, status.is_error):
            context.call_conv.return_status_propagate(builder, status)
        return context.get_dummy_value()

    return types.void(address, *arguments), codegen
