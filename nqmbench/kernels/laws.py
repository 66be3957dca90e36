"""From random bits to noise with mean 0 and variance 1.

Gaussian noise comes in pairs (Box and Muller, 1958): ``R cos(a)`` and ``R sin(a)`` with
``R^2 = -2 log U`` and a uniform angle.  The cosine goes to lane l, the sine to lane l + 16.
The angle covers only half a circle, where cosine and sine are short polynomials, and a spare bit
gives ``R`` a sign, which supplies the other half.  The tail ends at 6.56 standard deviations; the
root mean square error of a normal is about 1e-7.

Student's noise is Bailey's (1994): ``sqrt(nu (U^(-2/nu) - 1)) cos(2 pi V)``, of which only the
cosine is taken, since cosine and sine would be uncorrelated but not independent.  Its ``U`` has 62
bits: with 31 a kurtosis at nu = 5 would miss a hundredth of its value in the tail.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nqmbench.kernels.bits import bits_of_float, float_from_bits, fma, signed_float
from nqmbench.kernels.elementary import TWO31, UNIT, cosine, exp_minus_one, sine, surprisal
from nqmbench.kernels.options import jit_inline, jit_small
from nqmbench.kernels.random import LANES, next_word

# The number of a law is its tag in the random stream's address; never renumber.
LAWS = {"gaussian": 1, "uniform": 2, "rademacher": 3, "laplace": 4, "exponential": 5, "student": 6}
HALF = LANES // 2
START_TAG = 64  # the stream of the Gaussian starts

GAUSSIAN, UNIFORM, RADEMACHER, LAPLACE, EXPONENTIAL, STUDENT = range(1, 7)

LOW31, SIGN = np.uint32(0x7FFFFFFF), np.uint32(0x80000000)
ONE = np.uint32(1)
ONE_BITS = np.uint32(0x3F800000)
UNIFORM_STEP = np.float32(np.sqrt(3.0) * 2.0**-31)
LAPLACE_SCALE = np.float32(np.sqrt(0.125) * UNIT)
EXPONENTIAL_SCALE = np.float32(0.5 * UNIT)
STUDENT_SCALE = np.float32(UNIT)
RADIUS_SCALE = np.float32(1.0 / UNIT)


@jit_small
def open_unit(word: Any) -> Any:
    """Return a uniform number of (0, 2^31] from the low 31 bits: odd integers, never 0."""
    return signed_float(np.uint32((word & LOW31) | ONE))


@jit_small
def with_sign(magnitude: Any, word: Any) -> Any:
    """Return the float32 ``magnitude`` with its sign flipped by the top bit of ``word``."""
    return float_from_bits(bits_of_float(magnitude) ^ (word & SIGN))


@jit_small
def normal_pair(first: Any, second: Any) -> Any:
    """Return two independent standard normals from two words: ``R cos(a)``, ``R sin(a)``.

    The unit of ``R`` is in the cosine and the sine.
    """
    radius = with_sign(np.sqrt(surprisal(open_unit(first))), first)
    x = signed_float(second) * TWO31
    square = x * x
    return radius * cosine(square), radius * sine(x, square)


@jit_small
def laplace(word: Any) -> Any:
    """Return ``+-(-log U) / sqrt(2)``."""
    return with_sign(surprisal(open_unit(word)) * LAPLACE_SCALE, word)


@jit_small
def exponential(word: Any) -> Any:
    """Return ``-log U - 1``."""
    return fma(surprisal(open_unit(word)), EXPONENTIAL_SCALE, np.float32(-1.0))


@jit_small
def student(first: Any, second: Any, third: Any, nu: Any) -> Any:
    """Return Student's t with ``nu > 2`` degrees of freedom, scaled to variance 1.

    ``sqrt((nu - 2) (exp(-2 log(U) / nu) - 1)) cos(pi x / 2)`` with a random sign.
    """
    u = signed_float(first & LOW31) + open_unit(second) * TWO31
    growth = exp_minus_one(surprisal(u) * (STUDENT_SCALE / nu))
    radius = with_sign(np.sqrt(((nu - np.float32(2.0)) * RADIUS_SCALE) * growth), first)
    x = signed_float(third) * TWO31
    return radius * cosine(x * x)


@jit_inline
def add_draws(law: Any, nu: Any, words: Any, x: Any, lanes: Any, half: Any) -> Any:
    """Add one draw of ``law`` to each lane of ``x``.

    Inlined as source, since a loop over lanes must be compiled within the kernel to be as wide
    as the kernel's; ``law`` is a constant there and the other branches vanish.
    """
    if law == GAUSSIAN:
        for lane in range(half):
            a, b = normal_pair(next_word(words, lane), next_word(words, lane + 16))
            x[lane] += a
            x[lane + 16] += b
    elif law == UNIFORM:
        for lane in range(lanes):
            x[lane] += signed_float(next_word(words, lane)) * UNIFORM_STEP
    elif law == RADEMACHER:
        for lane in range(lanes):
            x[lane] += float_from_bits((next_word(words, lane) & SIGN) | ONE_BITS)
    elif law == LAPLACE:
        for lane in range(lanes):
            x[lane] += laplace(next_word(words, lane))
    elif law == EXPONENTIAL:
        for lane in range(lanes):
            x[lane] += exponential(next_word(words, lane))
    else:
        for lane in range(lanes):
            first = next_word(words, lane)
            second = next_word(words, lane)
            x[lane] += student(first, second, next_word(words, lane), nu)


@jit_small
def add_normals(words: Any, x: Any) -> None:
    """Add a standard normal to each lane of ``x``."""
    add_draws(GAUSSIAN, np.float32(0.0), words, x, LANES, HALF)
