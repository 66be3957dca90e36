"""A fixed piece of work, whose time says how fast this processor is just now.

The time of a benchmark means little by itself: another machine, a lower clock or a busy neighbour
change it, and no code has changed.  The calibration is run beside every sample, and results are
told as ratios to it.  It must therefore never get faster or slower by an edit of ours, so it calls
nothing of the package, and it feels what the kernels feel: the vector units, the first cache and
the clock.

**Changing anything here, the compiler's options included, makes older records incomparable.**
Raise ``VERSION`` then; a comparison refuses records of different versions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nqmbench.kernels.options import jit

VERSION = 1
PASSES = 120_000  # some 10 to 20 ms on processors of the years around 2020
WIDTH = 256
STEPS = 16


@jit
def work(passes: Any, x: Any) -> Any:
    """Run the work and return a number that depends on the serial half of it.

    A pass is one multiply-add on every element of ``x``, which LLVM makes vector operations, and 16
    steps of Marsaglia's xorshift, each waiting for the one before.

    Args:
        passes: how often.
        x: numbers in 64 bits, changed in place; they tend to 1.
    """
    bits = np.uint64(88172645463325252)
    for _ in range(passes):
        for i in range(x.size):  # a constant length would be unrolled, and not be vectors
            x[i] = x[i] * 0.75 + 0.25
        for _ in range(STEPS):
            bits ^= bits << np.uint64(13)
            bits ^= bits >> np.uint64(7)
            bits ^= bits << np.uint64(17)
    return bits


def calibrate() -> None:
    """Run the fixed amount of work once, on the calling thread and without the interpreter lock."""
    work(PASSES, np.zeros(WIDTH))
