"""Vectors as values: many trajectories in one variable.

A kernel's loop is the same for every trajectory, and the processor can do it for 8 or 16 of them
at once.  A compiler finds that by itself only sometimes.  Here it is said: a value of type
``Lanes(float32, 32)`` is 32 numbers, ``a * x + y`` is the sum of 32 products, and a function of
lanes reads like the formula for one number.

    >>> from numba import float32
    >>> Lanes(float32, 32)
    lanes(float32 x 32)

Four kinds of element exist: float32 and float64 for numbers, uint32 and uint64 for bits.  Numbers
have ``+ - * /`` and ``< <= > >=``, whose answer is for `select`; bits have ``+ - * & | ^ << >>``,
which wrap and shift in zeros.  A plain number on either side is converted to the element type and
repeated.  Everything else is one of the functions below, each a few instructions at most but for
`add_in_turn`.

The number of lanes is free: LLVM cuts a value into as many registers as the processor needs, so the
same source runs with 512, 256 or 128 bits and gives the same digits.  Nothing is fused unless it
is written as `fma`, and `fma` rounds once everywhere, also where it has to be emulated.

These functions exist only in compiled code: with ``NUMBA_DISABLE_JIT=1`` this module imports, but
nothing that uses it can run.
"""

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.cgutils import get_or_insert_function
from numba.core.datamodel import models
from numba.core.errors import TypingError
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import register_model

from nqmbench.kernels.options import intrinsic

FLOAT_OF = {types.uint32: types.float32, types.uint64: types.float64}
WORD_OF = {real: word for word, real in FLOAT_OF.items()}

NUMBERS = {
    operator.add: "fadd",
    operator.sub: "fsub",
    operator.mul: "fmul",
    operator.truediv: "fdiv",
}
COMPARISONS = {operator.lt: "<", operator.le: "<=", operator.gt: ">", operator.ge: ">="}
BITS = {
    operator.add: "add",
    operator.sub: "sub",
    operator.mul: "mul",
    operator.and_: "and_",
    operator.or_: "or_",
    operator.xor: "xor",
    operator.lshift: "shl",
    operator.rshift: "lshr",
}


class Lanes(types.Type):
    """The type of ``count`` numbers of type ``element`` that are computed with together."""

    def __init__(self, element: Any, count: int) -> None:
        self.element, self.count = element, count
        super().__init__(name=f"lanes({element} x {count})")

    def of(self, element: Any) -> Lanes:
        """Return the type of as many lanes of another element."""
        return Lanes(element, self.count)


@register_model(Lanes)
class LanesModel(models.PrimitiveModel):  # type: ignore[misc]  # Numba ships no types
    """Lanes are a vector of LLVM."""

    def __init__(self, manager: Any, lanes: Lanes) -> None:
        element = manager.lookup(lanes.element).get_value_type()
        super().__init__(manager, lanes, ir.VectorType(element, lanes.count))


def repeated(builder: Any, lanes: Lanes, scalar: Any) -> Any:
    """Return the vector whose lanes all are ``scalar``."""
    vector = ir.VectorType(scalar.type, lanes.count)
    if isinstance(scalar, ir.Constant):
        return ir.Constant(vector, [scalar] * lanes.count)
    first = builder.insert_element(ir.Constant(vector, ir.Undefined), scalar, ir.IntType(32)(0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), lanes.count), None)
    return builder.shuffle_vector(first, ir.Constant(vector, ir.Undefined), zeros)


def _as_lanes(builder: Any, lanes: Lanes, kind: Any, value: Any) -> Any:
    return value if isinstance(kind, Lanes) else repeated(builder, lanes, value)


def _common(arguments: tuple[Any, ...]) -> Lanes | None:
    """Return the one lane type among the arguments; None if there are two, or none."""
    found = {a for a in arguments if isinstance(a, Lanes)}
    others = [a for a in arguments if not isinstance(a, Lanes)]
    if len(found) != 1 or not all(isinstance(a, types.Number) for a in others):
        return None
    return found.pop()


def _accepted(lanes: Lanes, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return what the arguments are converted to: lanes stay, numbers become elements."""
    return tuple(lanes if isinstance(a, Lanes) else lanes.element for a in arguments)


def _define(operation: Any) -> None:
    """Teach the compiler one operator of lanes."""

    class Operator(AbstractTemplate):  # type: ignore[misc]  # likewise
        def generic(self, args: Any, kws: Any) -> Any:
            lanes = _common(args)
            known = {**NUMBERS, **COMPARISONS} if lanes and lanes.element in WORD_OF else BITS
            if lanes is None or operation not in known:
                return None
            result = lanes.of(types.boolean) if operation in COMPARISONS else lanes
            return signature(result, *_accepted(lanes, args))

    infer_global(operation)(Operator)

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        lanes = _common(sig.args)
        assert lanes is not None
        a, b = (_as_lanes(builder, lanes, kind, v) for kind, v in zip(sig.args, args, strict=True))
        if operation in COMPARISONS:
            return builder.fcmp_ordered(COMPARISONS[operation], a, b)
        name = (NUMBERS if lanes.element in WORD_OF else BITS)[operation]
        return getattr(builder, name)(a, b)

    lower_builtin(operation, Lanes, Lanes)(lower)
    lower_builtin(operation, Lanes, types.Number)(lower)
    lower_builtin(operation, types.Number, Lanes)(lower)


for _operation in {**NUMBERS, **COMPARISONS, **BITS}:
    _define(_operation)


def lanes_of(value: Any, *elements: Any) -> Lanes:
    """Return the type if it is of lanes with one of the elements; else a typing error."""
    if not isinstance(value, Lanes) or value.element not in elements:
        wanted = " or ".join(str(e) for e in elements)
        raise TypingError(f"lanes of {wanted} are needed here, not {value}")
    return value


def call(builder: Any, name: str, *args: Any) -> Any:
    """Call an operation of LLVM that maps vectors of one type to that type."""
    vector = args[0].type
    letter = {ir.FloatType(): "f32", ir.DoubleType(): "f64"}.get(vector.element)
    suffix = f"v{vector.count}{letter or vector.element}"
    shape = ir.FunctionType(vector, [vector] * len(args))
    return builder.call(get_or_insert_function(builder.module, shape, f"{name}.{suffix}"), args)


def constant(count: Any) -> int:
    """Return the value of a number that must be known when the function is compiled."""
    if not isinstance(count, types.IntegerLiteral):
        raise TypingError("a number of lanes or places is a compile-time constant")
    return int(count.literal_value)


@intrinsic
def fma(context: Any, a: Any, b: Any, c: Any) -> Any:
    """Return ``a b + c`` rounded once.

    All three are lanes of one type, some may be plain numbers; or all are numbers of one type.
    """
    arguments = (a, b, c)
    if a == b == c and a in WORD_OF:
        return a(a, a, a), lambda context, builder, signature, args: builder.fma(*args)
    lanes = _common(arguments)
    if lanes is None or lanes.element not in WORD_OF:
        raise TypingError(f"fma wants lanes of one float type and numbers, got {arguments}")

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kinds = zip(signature.args, args, strict=True)
        operands = (_as_lanes(builder, lanes, kind, v) for kind, v in kinds)
        return call(builder, "llvm.fma", *operands)

    return lanes(*_accepted(lanes, arguments)), codegen


@intrinsic
def sqrt(context: Any, x: Any) -> Any:
    """Return the square root, rounded correctly."""
    lanes = lanes_of(x, *WORD_OF)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return call(builder, "llvm.sqrt", args[0])

    return lanes(lanes), codegen


@intrinsic
def select(context: Any, condition: Any, a: Any, b: Any) -> Any:
    """Return the lanes of ``a`` where ``condition`` holds, those of ``b`` elsewhere.

    ``condition`` comes from a comparison, which NaN never fulfils; one of ``a`` and ``b`` may be a
    plain number.
    """
    truth, lanes = lanes_of(condition, types.boolean), _common((a, b))
    if lanes is None or lanes.count != truth.count:
        raise TypingError(f"select wants lanes as many as its {truth.count} conditions: {a}, {b}")

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kinds = zip(signature.args[1:], args[1:], strict=True)
        return builder.select(args[0], *(_as_lanes(builder, lanes, k, v) for k, v in kinds))

    return lanes(truth, *_accepted(lanes, (a, b))), codegen


@intrinsic
def rotate_left(context: Any, x: Any, count: Any) -> Any:
    """Return the bits rotated left by ``count``, a plain number below their size."""
    lanes = lanes_of(x, *FLOAT_OF)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return call(builder, "llvm.fshl", args[0], args[0], repeated(builder, lanes, args[1]))

    return lanes(lanes, lanes.element), codegen


def _cast(name: str, target: dict[Any, Any], what: str) -> Any:
    """Return a function of lanes that is one cast of LLVM to the element ``target[element]``."""

    def typing(context: Any, x: Any) -> Any:
        lanes = lanes_of(x, *target)
        result = lanes.of(target[lanes.element])

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            wanted = context.get_value_type(result)
            return args[0] if args[0].type == wanted else getattr(builder, name)(args[0], wanted)

        return result(lanes), codegen

    typing.__doc__ = what
    return intrinsic(typing)


as_floats = _cast("bitcast", FLOAT_OF, "Return the numbers whose bits are these.")
as_words = _cast("bitcast", WORD_OF, "Return the bits of these numbers.")
signed = _cast("sitofp", FLOAT_OF, "Return the numbers nearest to these two's complement integers.")
low_words = _cast("trunc", {types.uint64: types.uint32}, "Return the low 32 of 64 bits.")
widened = _cast(
    "fpext",
    {types.float32: types.float64, types.float64: types.float64},
    "Return the same numbers in float64.",
)


def _half(first: bool, what: str) -> Any:
    def typing(context: Any, x: Any) -> Any:
        lanes = lanes_of(x, *FLOAT_OF, *WORD_OF)
        half = lanes.count // 2
        result = Lanes(lanes.element, half)

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            start = 0 if first else half
            chosen = ir.Constant(
                ir.VectorType(ir.IntType(32), half), list(range(start, start + half))
            )
            nothing = ir.Constant(args[0].type, ir.Undefined)
            return builder.shuffle_vector(args[0], nothing, chosen)

        return result(lanes), codegen

    typing.__doc__ = what
    return intrinsic(typing)


lower = _half(True, "Return the first half of the lanes.")
upper = _half(False, "Return the second half of the lanes.")


@intrinsic
def join(context: Any, a: Any, b: Any) -> Any:
    """Return the lanes of ``a`` followed by those of ``b``."""
    lanes = lanes_of(a, *FLOAT_OF, *WORD_OF)
    if a != b:
        raise TypingError(f"only lanes of one type can be joined, not {a} and {b}")
    result = Lanes(lanes.element, 2 * lanes.count)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        every = ir.Constant(ir.VectorType(ir.IntType(32), result.count), list(range(result.count)))
        return builder.shuffle_vector(*args, every)

    return result(a, b), codegen


@intrinsic
def add_in_turn(context: Any, total: Any, x: Any) -> Any:
    """Return the plain number ``total`` plus the lanes, one after the other."""
    lanes = lanes_of(x, *WORD_OF)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        total, vector = args
        for lane in range(lanes.count):
            total = builder.fadd(total, builder.extract_element(vector, ir.IntType(32)(lane)))
        return total

    return lanes.element(lanes.element, lanes), codegen


@intrinsic
def splat(context: Any, value: Any, count: Any) -> Any:
    """Return ``count`` (a constant) lanes that all are ``value``."""
    lanes = Lanes(value, constant(count))

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return repeated(builder, lanes, args[0])

    return lanes(value, count), codegen


@intrinsic
def lane_numbers(context: Any, count: Any) -> Any:
    """Return the uint64 lanes 0, 1, ..., ``count`` - 1; ``count`` is a constant."""
    lanes = Lanes(types.uint64, constant(count))

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return ir.Constant(context.get_value_type(lanes), list(range(lanes.count)))

    return lanes(count), codegen
