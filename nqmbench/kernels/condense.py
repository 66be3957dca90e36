"""Many values in, a mean and eleven central sums out.

    m = mean(x);  m += mean(x - m);  M_p = sum (x - m)^p,  p = 2..12

The sums run in 32 interleaved partial sums, whatever the processor: without fast-math a single sum
would not be vectorised, and with it the digits would depend on the vector width.

The low orders and the high ones have a loop each: the partial sums of five or six orders fill the
registers.
"""

from __future__ import annotations

from typing import Any

from nqmbench.kernels.lanes import add_in_turn, splat
from nqmbench.kernels.memory import load, places, wide_vectors
from nqmbench.kernels.options import jit, jit_small

PARTIAL_SUMS = 32  # four vectors of eight hide the latency of the additions
LOW = 5  # orders 2 to 6: what the mean and the variance need
HIGH = 6  # orders 7 to 12: what the skewness and the kurtosis need besides
SUMS = LOW + HIGH


@jit_small
def block_mean(values: Any, start: Any, n: Any) -> Any:
    """Return the mean of ``values[start:start + n]``, corrected once."""
    whole, end = start + n // PARTIAL_SUMS * PARTIAL_SUMS, start + n
    mean = 0.0
    for _ in range(2):
        x = splat(0.0, PARTIAL_SUMS)
        for place in range(start, whole, PARTIAL_SUMS):
            x = x + (load(values, place, PARTIAL_SUMS) - mean)
        total = 0.0
        for place in range(whole, end):
            total += values[place] - mean
        mean += add_in_turn(total, x) / n
    return mean


@jit
def low_sums(values: Any, start: Any, n: Any, mean: Any, sums: Any, place: Any, pitch: Any) -> None:
    """Put ``sum (x - mean)^p`` for p = 2..6 into ``sums[place]``, ``sums[place + pitch]``, ..."""
    wide_vectors()
    whole, end = start + n // PARTIAL_SUMS * PARTIAL_SUMS, start + n
    s = places(splat(0.0, PARTIAL_SUMS), LOW)
    for p in range(LOW):
        s[p] = splat(0.0, PARTIAL_SUMS)
    for at in range(start, whole, PARTIAL_SUMS):
        y = load(values, at, PARTIAL_SUMS) - mean
        power = y
        for p in range(LOW):
            power = power * y
            s[p] = s[p] + power
    for p in range(LOW):
        total = 0.0
        for at in range(whole, end):
            y = values[at] - mean
            power = y
            for _ in range(p + 1):
                power = power * y
            total += power
        sums[place + p * pitch] = add_in_turn(total, s[p])


@jit
def high_sums(
    values: Any, start: Any, n: Any, mean: Any, sums: Any, place: Any, pitch: Any
) -> None:
    """Put ``sum (x - mean)^p`` for p = 7..12 into ``sums[place]``, ``sums[place + pitch]``, ..."""
    wide_vectors()
    whole, end = start + n // PARTIAL_SUMS * PARTIAL_SUMS, start + n
    s = places(splat(0.0, PARTIAL_SUMS), HIGH)
    for p in range(HIGH):
        s[p] = splat(0.0, PARTIAL_SUMS)
    for at in range(start, whole, PARTIAL_SUMS):
        y = load(values, at, PARTIAL_SUMS) - mean
        cube = y * y * y
        power = cube * cube
        for p in range(HIGH):
            power = power * y
            s[p] = s[p] + power
    for p in range(HIGH):
        total = 0.0
        for at in range(whole, end):
            y = values[at] - mean
            cube = y * y * y
            power = cube * cube
            for _ in range(p + 1):
                power = power * y
            total += power
        sums[place + p * pitch] = add_in_turn(total, s[p])
