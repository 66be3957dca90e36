"""How functions are compiled: every option of the compiler, decided here once.

- ``cache=True``, unless no folder can be written: a kernel is compiled once per machine.  Numba
  itself does not notice an edit in another file than the caller's; `nqmbench.kernels.cache` does.
- ``fastmath`` stays off: the digits must not depend on the vector width.  Where fusing pays, the
  source says so (`nqmbench.kernels.lanes.fma`).
- ``error_model="numpy"``: a division by zero gives inf, as the moments of a diverged run need;
  Python's model would also put a branch into every loop that divides.
- ``nogil=True``: other Python threads run meanwhile; without it Ctrl-C would not be heard.
- ``boundscheck=False``: explicit, so that NUMBA_BOUNDSCHECK cannot change what is compiled.
- ``parallel=True`` only for the loop over superblocks, never for the kernels inside it: it costs
  a second of compile time each.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numba.extending

from nqmbench.kernels import cache

Function = TypeVar("Function", bound=Callable[..., Any])

OPTIONS: dict[str, Any] = {
    "cache": cache.PLACE.kept,
    "error_model": "numpy",
    "nogil": True,
    "boundscheck": False,
}


# Numba compiles an overload when it meets a call, where `cache.selected` does not reach: a cached
# one would be kept in the user's own folder, and go on giving the old numbers after an edit.
INLINE = {**OPTIONS, "cache": False, "forceinline": True}


def _compile(function: Function, **options: Any) -> Function:
    with cache.selected():
        code = numba.njit(**OPTIONS, **options)(function)
    if cache.PLACE.kept and not numba.config.DISABLE_JIT:
        cache.keep_if_possible(code)
    return cast(Function, code)


def jit(function: Function) -> Function:
    """Compile ``function`` with the package's options."""
    return _compile(function)


def jit_named(function: Function, *facts: object) -> Function:
    """Compile a function that a factory made; ``facts`` are what it differs by from its siblings.

    Siblings have one name in Python, and machine code is found by name: two that were compiled in
    different processes, and met in a third, would be taken for one another.  So the facts are made
    part of the name.
    """
    digest = hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
    name = f"{function.__name__}_{digest}"
    function.__qualname__ = f"{function.__qualname__.partition('.')[0]}.{name}"
    function.__name__ = name
    return _compile(function)


def jit_small(function: Function) -> Function:
    """Compile a helper that LLVM puts into its caller, so that `places` stay in registers."""
    return _compile(function, forceinline=True)


def jit_parallel(function: Function) -> Function:
    """Compile ``function`` with the package's options and run its ``prange`` loops on threads."""
    return _compile(function, parallel=True)


def intrinsic(function: Callable[..., Any]) -> Any:
    """Turn a code generator into a function that jitted code can call."""
    return numba.extending.intrinsic(function)
