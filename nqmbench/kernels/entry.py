"""Kernels by address.

The loop over blocks calls a kernel whose law, or whose recursion, is known only when the program
runs.  A call by name would compile that loop anew, threads and all, for every kernel.  So code is
called by the address of its machine code, with a job and some integers.
"""

from __future__ import annotations

import threading
from functools import cache
from typing import Any

import numba
from numba import types
from numba.core.cgutils import if_unlikely, unpack_tuple

from nqmbench.kernels import noise, plain, update
from nqmbench.kernels.job import INTEGER
from nqmbench.kernels.options import intrinsic
from nqmbench.kernels.program import Precision, Structure

# Between compiling and looking up its name nothing else is loaded.
_one_by_one = threading.RLock()

JOB = types.CPointer(INTEGER)
NOISE_ARGUMENTS = (JOB, *(INTEGER,) * 3)
UPDATE_ARGUMENTS = (JOB, *(INTEGER,) * 6)


def address_of(code: Any, arguments: tuple[Any, ...]) -> int:
    """Compile a function for its arguments, or find it on disk; return where its code begins."""
    if numba.config.DISABLE_JIT:
        raise RuntimeError("NUMBA_DISABLE_JIT is set, and kernels exist only compiled: unset it")
    with _one_by_one:
        code.compile(arguments)
        result = code.overloads[arguments]
        return int(result.library.get_pointer_to_function(result.fndesc.llvm_func_name))


@cache
def noise_address(law: int, precision: Precision, kernels: str = "fast") -> int:
    """Return the address of the noise kernel of a law, "fast" or "plain"."""
    chosen = plain if kernels == "plain" else noise
    kernel = chosen.noise_kernel(law, precision.noise, precision.state)
    return address_of(kernel, NOISE_ARGUMENTS)


@cache
def update_address(structure: Structure, kernels: str = "fast") -> int:
    """Return the address of the update kernel of a structure, "fast" or "plain"."""
    chosen = plain if kernels == "plain" else update
    return address_of(chosen.update_kernel(structure), UPDATE_ARGUMENTS)


def calling(arguments: tuple[Any, ...], what: str) -> Any:
    """Return the function of compiled code that calls code by address: (address, arguments).

    Args:
        arguments: the types of the arguments; what is given is cast to them, since a call by
            address checks nothing.
        what: its docstring.
    """

    def typing(context: Any, address: Any, given: Any) -> Any:
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


call_noise = calling(NOISE_ARGUMENTS, "Call the noise kernel at an address.")
call_update = calling(UPDATE_ARGUMENTS, "Call the update kernel at an address.")
