"""Polynomials of lanes.

Horner's rule takes the fewest operations, but each waits for the one before.  A long polynomial is
halved: ``p(x) = even(x^2) + x odd(x^2)``, and the halves are computed side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from nqmbench.kernels.coefficients import LONG
from nqmbench.kernels.lanes import WORD_OF, call, lanes_of, repeated
from nqmbench.kernels.options import intrinsic


def polynomial(coefficients: Sequence[Any]) -> Any:
    """Return the function ``x -> c_0 + c_1 x + c_2 x^2 + ...`` of lanes, all of it in fma.

    Args:
        coefficients: two or more, in increasing powers, already rounded to the element type.
    """

    def typing(context: Any, x: Any) -> Any:
        lanes = lanes_of(x, *WORD_OF)

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            element, x = context.get_value_type(lanes.element), args[0]

            def horner(values: Sequence[Any], x: Any) -> Any:
                *rest, total = (
                    repeated(builder, lanes, ir.Constant(element, float(c))) for c in values
                )
                for c in reversed(rest):
                    total = call(builder, "llvm.fma", total, x, c)
                return total

            if len(coefficients) < LONG:
                return horner(coefficients, x)
            square = builder.fmul(x, x)
            even, odd = horner(coefficients[0::2], square), horner(coefficients[1::2], square)
            return call(builder, "llvm.fma", odd, x, even)

        return lanes(lanes), codegen

    return intrinsic(typing)
