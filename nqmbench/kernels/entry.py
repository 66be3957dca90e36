"""Kernels by address.

The loop over blocks calls a kernel whose law, or whose recursion, is known only when the program
runs.  A call by name would compile that loop anew, threads and all, for every kernel.  So kernels
are called by the address of their machine code, and the loop is compiled once per precision.  Both
sides take the types of the arguments from here, for a call by address checks nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from numba import types
from numba.core.cgutils import if_unlikely, unpack_tuple
from numba.core.errors import TypingError
from numba.core.types.misc import CPointer

from nqmbench.kernels import noise, plain, update
from nqmbench.kernels.bundle import Tables
from nqmbench.kernels.job import INTEGER, elements, unpacked_type
from nqmbench.kernels.options import intrinsic
from nqmbench.kernels.program import PRECISIONS, Precision, Structure


def noise_arguments(precision: Precision) -> tuple[Any, ...]:
    """Return the types of a noise kernel's arguments."""
    drawn, word, state = elements(precision.noise, precision.state)
    source = CPointer(word), INTEGER, drawn, CPointer(INTEGER), INTEGER
    return (*source, INTEGER, INTEGER, CPointer(state), INTEGER, INTEGER)


def update_arguments(precision: Precision) -> tuple[Any, ...]:
    """Return the types of an update kernel's arguments."""
    state = CPointer(elements(precision.noise, precision.state)[2])
    memory = state, INTEGER, state, INTEGER, CPointer(types.float64), INTEGER, INTEGER
    return (unpacked_type(Tables, precision.noise, precision.state), *(INTEGER,) * 5, *memory)


def address_of(kernel: Any, arguments: tuple[Any, ...]) -> int:
    """Compile a kernel for its arguments, or find it on disk; return where its code begins."""
    kernel.compile(arguments)
    result = kernel.overloads[arguments]
    return int(result.library.get_pointer_to_function(result.fndesc.llvm_func_name))


@cache
def noise_address(law: int, precision: Precision, kernels: str = "fast") -> int:
    """Return the address of the noise kernel of a law, "fast" or "plain"."""
    kernel = (plain if kernels == "plain" else noise).noise_kernel(law, precision.noise)
    return address_of(kernel, noise_arguments(precision))


@cache
def update_address(structure: Structure, precision: Precision, kernels: str = "fast") -> int:
    """Return the address of the update kernel of a structure, "fast" or "plain"."""
    kernel = (plain if kernels == "plain" else update).update_kernel(structure)
    return address_of(kernel, update_arguments(precision))


def calling(known: Sequence[tuple[Any, ...]], what: str) -> Any:
    """Return the function of compiled code that calls code by address: (address, arguments).

    Args:
        known: the types of arguments for which there is code.
        what: its docstring.
    """

    def typing(context: Any, address: Any, given: Any) -> Any:
        arguments = tuple(INTEGER if isinstance(kind, types.Integer) else kind for kind in given)
        if arguments not in known:
            raise TypingError(f"no kernel takes {arguments}")

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            shape = context.call_conv.get_function_type(types.none, arguments)
            function = builder.inttoptr(args[0], shape.as_pointer())
            kinds = zip(unpack_tuple(builder, args[1]), given, arguments, strict=True)
            values = [context.cast(builder, value, have, want) for value, have, want in kinds]
            status, _ = context.call_conv.call_function(
                builder, function, types.none, arguments, values
            )
            with if_unlikely(builder, status.is_error):
                context.call_conv.return_status_propagate(builder, status)
            return context.get_dummy_value()

        return types.void(INTEGER, given), codegen

    typing.__doc__ = what
    return intrinsic(typing)


call_noise = calling(
    [noise_arguments(p) for p in PRECISIONS.values()], "Call the noise kernel at an address."
)
call_update = calling(
    [update_arguments(p) for p in PRECISIONS.values()], "Call the update kernel at an address."
)
