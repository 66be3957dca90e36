"""Logarithm, sine, cosine and exponential without branches.

The libraries' functions are calls, and calls are not computed in lanes.  These are a few
multiply-adds each, with coefficients fitted by `nqmbench.kernels.fit`, which also measures their
errors (`nqmbench.kernels.coefficients`).  Arguments come from random bits, so no special values
have to be handled.

Logarithms are counted in a unit of their own, in which the exponent of a number is read off its
bits without a multiplication; the square root of the unit is put into sine and cosine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nqmbench.kernels.coefficients import COSINE, EXP, LOG, SINE
from nqmbench.kernels.formats import Format, by_format
from nqmbench.kernels.lanes import as_floats, as_words, fma, signed
from nqmbench.kernels.polynomial import polynomial


def unit(form: Format) -> float:
    """Return the unit of `surprisal`: 2 log(2) / 2^mantissa.

    In it the exponent field, read as an integer, is already -2 log of a power of two.
    """
    return float(2.0 * np.log(2.0) / 2.0**form.mantissa)


def scaled(form: Format, values: Sequence[float], factor: float = 1.0) -> tuple[Any, ...]:
    """Return coefficients times a factor, rounded to the format."""
    return tuple(form.real(v * factor) for v in values)


@by_format
def surprisal(form: Format) -> Any:
    """``surprisal(x)``: ``-2 log(x / one) / unit`` for ``x > 0``; exactly 0 at ``x = one``.

    ``x = m one / 2^e`` with ``m`` in (sqrt(1/2), sqrt(2)] comes from the bits.  Both are taken
    relative to ``one``, so that near it no two large numbers cancel.
    """
    quotient = polynomial(scaled(form, LOG[form.name], 1.0 / unit(form)))
    middle = form.bits_of(float(form.one) * np.sqrt(2.0))
    exponent = form.word((2**form.bits - 2**form.mantissa) % 2**form.bits)
    shrink = form.real(1.0 / form.one)

    def surprisal(x: Any) -> Any:
        bits = as_words(x)
        e = (middle - bits) & exponent
        f = fma(as_floats(bits + e), shrink, -1.0)
        return fma(quotient(f), f, signed(e))

    return surprisal


@by_format
def sine(form: Format) -> Any:
    """``sine(x, square)``: ``sqrt(unit) sin(pi x / 2)`` for ``|x| <= 1`` and its square."""
    quotient = polynomial(scaled(form, SINE[form.name], np.sqrt(unit(form))))

    def sine(x: Any, square: Any) -> Any:
        return quotient(square) * x

    return sine


@by_format
def cosine(form: Format) -> Any:
    """``cosine(square)``: ``sqrt(unit) cos(pi x / 2)`` for the square of ``|x| <= 1``."""
    value = polynomial(scaled(form, COSINE[form.name], np.sqrt(unit(form))))

    def cosine(square: Any) -> Any:
        return value(square)

    return cosine


@by_format
def exp_minus_one(form: Format) -> Any:
    """``exp_minus_one(y)``: ``exp(y) - 1`` for ``0 <= y <= 80``, with small relative error.

    ``y = k log 2 + r`` and ``exp(y) - 1 = 2^k (exp(r) - 1) + (2^k - 1)``.
    """
    quotient = polynomial(scaled(form, EXP[form.name]))
    steps = form.real(np.log2(np.e))
    rounding = form.real(1.5 * 2**form.mantissa)  # adding it rounds to an integer
    rounding_bits = form.bits_of(1.5 * 2**form.mantissa)
    high = form.real(0.693359375)  # log 2 in 9 bits, so that k times it is exact
    low = form.real(np.log(2.0) - 0.693359375)
    if form.bits == 64:  # log 2 in 32 bits, and what is left of it
        high, low = form.real(0.6931471803691238), form.real(1.9082149292705877e-10)
    bias, mantissa = form.word(form.bias), form.mantissa

    def exp_minus_one(y: Any) -> Any:
        shifted = fma(y, steps, rounding)
        k = shifted - rounding
        r = fma(k, -low, fma(k, -high, y))
        power = as_floats((as_words(shifted) - rounding_bits + bias) << mantissa)
        return fma(power, quotient(r) * r, power - 1.0)

    return exp_minus_one
