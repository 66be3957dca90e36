"""Logarithm, sine, cosine and exponential without branches, in single precision.

The libraries' functions are calls, and a loop with a call is not vectorised.  These are a few
multiply-adds each, with coefficients fitted by `nqmbench.kernels.fit`; the errors that it measures
are stated below.  Arguments come from random bits, so no special values have to be handled.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nqmbench.kernels.bits import bits_of_float, float_from_bits, fma, signed_float
from nqmbench.kernels.options import jit_small

# -2 log(1 + f) / f on [sqrt(1/2) - 1, sqrt(2) - 1]: relative error 2.6e-7, rms 1.2e-7
LOG = (
    -1.999999890619542,
    1.0000073024743978,
    -0.6667011788181352,
    0.49939818083809545,
    -0.39800331178318527,
    0.34501660259027506,
    -0.32445159284986674,
    0.20213786166340023,
)
# sin(pi x / 2) / x in powers of x^2, |x| <= 1: error 1.7e-7, rms 3.7e-8
SINE = (
    1.570796290022472,
    -0.6459633598669949,
    0.07968848054384728,
    -0.004672227927567713,
    0.00015082056636054524,
)
# cos(pi x / 2) in powers of x^2, |x| <= 1: error 1.7e-7, rms 4.7e-8
COSINE = (
    0.9999999534931034,
    -1.2336982150222857,
    0.25365074591009823,
    -0.020810629221017594,
    0.0008581913764048245,
)
# (exp(r) - 1) / r on [-log(2)/2, log(2)/2]: relative error 1.4e-7, rms 4e-8
EXP = (
    1.0000000106279647,
    0.4999999812478244,
    0.16666506219559263,
    0.04166713621298631,
    0.008369068561858758,
    0.0013888872508363032,
)

TWO31 = np.float32(2.0**-31)
SQRT_TWO_BITS = np.uint32(int(np.float32(2.0**31 * np.sqrt(2.0)).view(np.uint32)))
EXPONENT = np.uint32(0xFF800000)
LOG2_E = np.float32(np.log2(np.e))
LOG2_HIGH = np.float32(0.693359375)  # exact in 9 bits, so that k times it is exact
LOG2_LOW = np.float32(np.log(2.0) - 0.693359375)
ROUND = np.float32(1.5 * 2**23)  # adding it rounds to an integer
ROUND_BITS = np.uint32(int(ROUND.view(np.uint32)))

# The unit of `surprisal`: one step of a float's exponent, in which it is read off the bits
# without a multiplication.  Its root is the unit of a radius, and is put into sine and cosine.
UNIT = 2.0 * np.log(2.0) / 2**23


def _f32(values: tuple[float, ...], factor: float = 1.0) -> tuple[np.float32, ...]:
    return tuple(np.float32(v * factor) for v in values)


_LOG = _f32(LOG, 1.0 / UNIT)
_SINE = _f32(SINE, np.sqrt(UNIT))
_COSINE = _f32(COSINE, np.sqrt(UNIT))
_EXP = _f32(EXP)


@jit_small
def surprisal(x: Any) -> Any:
    """Return ``-2 log(x / 2^31) / UNIT`` for a float32 ``x > 0``; exactly 0 at ``x = 2^31``.

    ``x = m / 2^e`` with ``m`` in (sqrt(1/2), sqrt(2)] comes from the bits.  Both are taken
    relative to 2^31, so that near 1 no two large numbers cancel.
    """
    bits = bits_of_float(x)
    e = np.uint32(np.uint32(SQRT_TWO_BITS - bits) & EXPONENT)  # times 2^23
    f = fma(float_from_bits(np.uint32(bits + e)), TWO31, np.float32(-1.0))
    q = fma(_LOG[7], f, _LOG[6])
    q = fma(q, f, _LOG[5])
    q = fma(q, f, _LOG[4])
    q = fma(q, f, _LOG[3])
    q = fma(q, f, _LOG[2])
    q = fma(q, f, _LOG[1])
    q = fma(q, f, _LOG[0])
    return fma(q, f, signed_float(e))


@jit_small
def sine(x: Any, square: Any) -> Any:
    """Return ``sqrt(UNIT) sin(pi x / 2)`` for a float32 ``|x| <= 1`` and its square."""
    p = fma(_SINE[4], square, _SINE[3])
    p = fma(p, square, _SINE[2])
    p = fma(p, square, _SINE[1])
    p = fma(p, square, _SINE[0])
    return p * x


@jit_small
def cosine(square: Any) -> Any:
    """Return ``sqrt(UNIT) cos(pi x / 2)`` for the square of a float32 ``|x| <= 1``."""
    p = fma(_COSINE[4], square, _COSINE[3])
    p = fma(p, square, _COSINE[2])
    p = fma(p, square, _COSINE[1])
    return fma(p, square, _COSINE[0])


@jit_small
def exp_minus_one(y: Any) -> Any:
    """Return ``exp(y) - 1`` for a float32 ``0 <= y <= 80``, with small relative error.

    ``y = k log 2 + r`` and ``exp(y) - 1 = 2^k (exp(r) - 1) + (2^k - 1)``.
    """
    shifted = fma(y, LOG2_E, ROUND)
    k = shifted - ROUND
    r = fma(k, -LOG2_LOW, fma(k, -LOG2_HIGH, y))
    power = float_from_bits(
        np.uint32(
            (np.uint32(bits_of_float(shifted) - ROUND_BITS) + np.uint32(127)) << np.uint32(23)
        )
    )
    p = fma(_EXP[5], r, _EXP[4])
    p = fma(p, r, _EXP[3])
    p = fma(p, r, _EXP[2])
    p = fma(p, r, _EXP[1])
    p = fma(p, r, _EXP[0]) * r
    return fma(power, p, power - np.float32(1.0))
