"""What the compiler makes of this processor: its features, the width of vectors, the threads."""

from __future__ import annotations

import functools
import re
from typing import Any

import llvmlite.binding
import numba
import numpy as np
from numba.core import config

from nqmbench.kernels.lanes import fma
from nqmbench.kernels.memory import load, store, wide_vectors
from nqmbench.kernels.threads import start_threads

# Of the registers' names in the machine code, the widest first.
WIDTHS = {r"%zmm": 512, r"%ymm": 256, r"%xmm": 128, r"\bv[0-9]+\.[0-9]": 128}


def compiles() -> bool:
    """Return whether there is a compiler: NUMBA_DISABLE_JIT takes it away, and kernels with it."""
    return not config.DISABLE_JIT


def processor_features() -> frozenset[str]:
    """Return the names of the features that the processor has."""
    found = llvmlite.binding.get_host_cpu_features()
    return frozenset(name for name, present in found.items() if present)


@functools.cache
def assembly() -> str:
    """Return the machine code of one line of a kernel: read, multiply and add, write 32 numbers.

    It is compiled at each call of the program: code from the cache cannot be read.
    """

    def kernel(a: Any) -> None:
        wide_vectors()
        x = load(a, 0, 32)
        store(a, 0, fma(x, x, x))

    compiled = numba.njit(kernel)
    compiled(np.zeros(32))
    return str(next(iter(compiled.inspect_asm().values())))


def vector_bits() -> int:
    """Return the bits of the widest registers that kernels use: 512, 256, 128, or 0 if unknown."""
    return next((bits for name, bits in WIDTHS.items() if re.search(name, assembly())), 0)


def fused() -> bool:
    """Return whether a multiply-add is one instruction; without it the same digits cost more."""
    return bool(re.search(r"\bvfn?m(add|sub)|\bfml[as]\b", assembly()))


def keeps_denormals() -> bool:
    """Return whether numbers below the normal range are kept, as IEEE 754 wants, and not made 0.

    The processor's mode decides, and a library compiled with -ffast-math may have set it for the
    whole process.
    """
    # As words: a comparison of numbers would take a denormal for 0 in that mode.
    single = np.array([np.finfo(np.float32).tiny], np.float32) * np.float32(0.5)
    double = np.array([np.finfo(np.float64).tiny], np.float64) * np.float64(0.5)
    return bool(single.view(np.uint32)[0] and double.view(np.uint64)[0])


def threading_layer() -> str:
    """Start Numba's threads, if they are not, and return what they are made of."""
    start_threads()
    return str(numba.threading_layer())
