"""Kernels by address.

The loop over blocks calls a kernel whose law, or whose recursion, is known only when the program
runs.  A call by name would compile that loop anew, threads and all, for every kernel.  So kernels
are called by the address of their machine code, and the loop is compiled once per precision.  Both
sides take the types of the arguments from here, for a call by address checks nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, get_type_hints

import numpy as np
from numba import types
from numba.core.cgutils import if_unlikely, unpack_tuple
from numba.core.errors import TypingError
from numba.core.types.misc import CPointer
from numba.np.numpy_support import from_dtype

from nqmbench.kernels import noise, plain, update
from nqmbench.kernels.bundle import Number, States, Tables
from nqmbench.kernels.options import intrinsic
from nqmbench.kernels.program import PRECISIONS, Integers, Precision, Reals, Structure

INTEGER = types.int64


def noise_arguments(drawn: Any, word: Any, state: Any) -> tuple[Any, ...]:
    """Return the types of a noise kernel's arguments, from three element types."""
    source = CPointer(word), INTEGER, drawn, CPointer(INTEGER), INTEGER
    return (*source, INTEGER, INTEGER, CPointer(state), INTEGER, INTEGER)


def update_arguments(drawn: Any, word: Any, state: Any) -> tuple[Any, ...]:
    """Return the types of an update kernel's arguments, from three element types."""
    arrays = CPointer(state), CPointer(state), CPointer(types.float64)
    return (tables_type(drawn, state), *(INTEGER,) * 5, *arrays, *(INTEGER,) * 2)


def tables_type(drawn: Any, state: Any) -> Any:
    """Return the type of the `Tables` of a precision, with pointers for arrays."""
    kinds = {
        int: INTEGER,
        Number: drawn,
        Integers: CPointer(INTEGER),
        Reals: CPointer(types.float64),
        States: CPointer(state),
    }
    return types.NamedTuple([kinds[hint] for hint in get_type_hints(Tables).values()], Tables)


def _elements(precision: Precision) -> tuple[Any, Any, Any]:
    return (
        from_dtype(np.dtype(f"f{precision.noise // 8}")),
        from_dtype(np.dtype(f"u{precision.noise // 8}")),
        from_dtype(np.dtype(f"f{precision.state // 8}")),
    )


def _address(kernel: Any, arguments: tuple[Any, ...]) -> int:
    """Compile a kernel for its arguments, or find it on disk; return where its code begins."""
    kernel.compile(arguments)
    result = kernel.overloads[arguments]
    return int(result.library.get_pointer_to_function(result.fndesc.llvm_func_name))


@cache
def noise_address(law: int, precision: Precision, kernels: str = "fast") -> int:
    """Return the address of the noise kernel of a law, "fast" or "plain"."""
    kernel = (plain if kernels == "plain" else noise).noise_kernel(law, precision.noise)
    return _address(kernel, noise_arguments(*_elements(precision)))


@cache
def update_address(structure: Structure, precision: Precision, kernels: str = "fast") -> int:
    """Return the address of the update kernel of a structure, "fast" or "plain"."""
    kernel = (plain if kernels == "plain" else update).update_kernel(structure)
    return _address(kernel, update_arguments(*_elements(precision)))


def _calling(arguments_of: Callable[..., tuple[Any, ...]], what: str) -> Any:
    """Return the function of compiled code that calls a kernel by address."""
    known = [arguments_of(*_elements(precision)) for precision in PRECISIONS.values()]

    def typing(context: Any, address: Any, given: Any) -> Any:
        arguments = tuple(INTEGER if isinstance(kind, types.Integer) else kind for kind in given)
        if arguments not in known:
            raise TypingError(f"no kernel takes {arguments}")

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            shape = context.call_conv.get_function_type(types.none, arguments)
            function = builder.inttoptr(args[0], shape.as_pointer())
            values = [
                context.cast(builder, value, have, want)
                for value, have, want in zip(
                    unpack_tuple(builder, args[1]), given, arguments, strict=True
                )
            ]
            status, _ = context.call_conv.call_function(
                builder, function, types.none, arguments, values
            )
            with if_unlikely(builder, status.is_error):
                context.call_conv.return_status_propagate(builder, status)
            return context.get_dummy_value()

        return types.void(types.uint64, given), codegen

    typing.__doc__ = what
    return intrinsic(typing)


call_noise = _calling(noise_arguments, "Call the noise kernel at an address: (address, arguments).")
call_update = _calling(update_arguments, "Call the update kernel at an address, likewise.")
