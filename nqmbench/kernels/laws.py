"""From random bits to noise with mean 0 and variance 1.

Gaussian noise comes in pairs (Box and Muller, 1958): ``R cos(a)`` and ``R sin(a)`` with
``R^2 = -2 log U`` and a uniform angle.  The cosine goes to the first half of the lanes, the sine
to the second.  The angle covers only half a circle, where cosine and sine are short polynomials,
and a spare bit gives ``R`` a sign, which supplies the other half.  In float32 the tail ends at
6.56 standard deviations and the root mean square error of a normal is about 1e-7; in float64 at
9.35, with an error of some 1e-15.

Student's noise is Bailey's (1994): ``sqrt(nu (U^(-2/nu) - 1)) cos(2 pi V)``, of which only the
cosine is taken, since cosine and sine would be uncorrelated but not independent.  Its ``U`` has two
words: with the 31 bits of one a kurtosis at nu = 5 would miss a hundredth of its value in the tail.

Intermittent noise is a sign times a factor that all coordinates of a sample have in common. The
sign comes from the coordinate's own stream, the factor from one that belongs to no coordinate, and
is drawn anew, with the same result, beside each of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nqmbench.kernels.elementary import cosine, exp_minus_one, sine, surprisal, unit
from nqmbench.kernels.formats import Format, by_format
from nqmbench.kernels.lanes import as_floats, as_words, fma, join, lower, signed, sqrt, upper
from nqmbench.kernels.random import next_words

# The number of a law is its tag in the random stream's address; never renumber.
GAUSSIAN, UNIFORM, RADEMACHER, LAPLACE, EXPONENTIAL, STUDENT, INTERMITTENT = range(1, 8)
LAWS = {
    "gaussian": GAUSSIAN,
    "uniform": UNIFORM,
    "rademacher": RADEMACHER,
    "laplace": LAPLACE,
    "exponential": EXPONENTIAL,
    "student": STUDENT,
    "intermittent": INTERMITTENT,
}
START_TAG = 64  # the stream of the Gaussian starts
COMMON = 2**63 - 1  # in the place of a coordinate: the stream of a common factor


@by_format
def open_unit(form: Format) -> Any:
    """``open_unit(word)``: a uniform number of (0, one] from all bits but the sign; never 0."""
    low = form.low

    def open_unit(word: Any) -> Any:
        return signed((word & low) | 1)

    return open_unit


@by_format
def with_sign(form: Format) -> Any:
    """``with_sign(magnitude, word)``: the magnitude, its sign flipped by the word's top bit."""
    sign = form.sign

    def with_sign(magnitude: Any, word: Any) -> Any:
        return as_floats(as_words(magnitude) ^ (word & sign))

    return with_sign


@by_format
def radius_squared(form: Format) -> Any:
    """``radius_squared(words)``: R^2 of the normals that these words give, in its unit."""

    def radius_squared(words: Any) -> Any:
        return surprisal(open_unit(lower(words)))

    return radius_squared


@by_format
def normals(form: Format) -> Any:
    """``normals(words, radius_squared)``: ``R cos(a)``, then ``R sin(a)``: independent normals.

    The unit of ``R`` is in the cosine and the sine.
    """
    half_turns = form.real(1.0 / form.one)

    def normals(words: Any, radius_squared: Any) -> Any:
        radius = with_sign(sqrt(radius_squared), lower(words))
        x = signed(upper(words)) * half_turns
        square = x * x
        return join(radius * cosine(square), radius * sine(x, square))

    return normals


@by_format
def uniform(form: Format) -> Any:
    """``uniform(s, nu)``: uniform between -sqrt(3) and sqrt(3)."""
    step = form.real(np.sqrt(3.0) / float(form.one))

    def uniform(s: Any, nu: Any) -> Any:
        return signed(next_words(s)) * step

    return uniform


@by_format
def rademacher(form: Format) -> Any:
    """``rademacher(s, nu)``: -1 or 1."""
    sign, one = form.sign, form.bits_of(1.0)

    def rademacher(s: Any, nu: Any) -> Any:
        return as_floats((next_words(s) & sign) | one)

    return rademacher


@by_format
def laplace(form: Format) -> Any:
    """``laplace(s, nu)``: ``+-(-log U) / sqrt(2)``."""
    scale = form.real(np.sqrt(0.125) * unit(form))

    def laplace(s: Any, nu: Any) -> Any:
        word = next_words(s)
        return with_sign(surprisal(open_unit(word)) * scale, word)

    return laplace


@by_format
def exponential(form: Format) -> Any:
    """``exponential(s, nu)``: ``-log U - 1``."""
    scale = form.real(0.5 * unit(form))

    def exponential(s: Any, nu: Any) -> Any:
        return fma(surprisal(open_unit(next_words(s))), scale, -1.0)

    return exponential


@by_format
def student(form: Format) -> Any:
    """``student(s, nu)``: Student's t with ``nu > 2`` degrees of freedom, scaled to variance 1.

    ``sqrt((nu - 2) (exp(-2 log(U) / nu) - 1)) cos(pi x / 2)`` with a random sign.
    """
    low, shrink = form.low, form.real(1.0 / form.one)
    per_unit, units = form.real(unit(form)), form.real(1.0 / unit(form))

    def student(s: Any, nu: Any) -> Any:
        first = next_words(s)
        u = fma(open_unit(next_words(s)), shrink, signed(first & low))
        growth = exp_minus_one(surprisal(u) * (per_unit / nu))
        radius = with_sign(sqrt(growth * ((nu - 2.0) * units)), first)
        x = signed(next_words(s)) * shrink
        return radius * cosine(x * x)

    return student


@by_format
def all_or_none(form: Format) -> Any:
    """``all_or_none(s)``: 0 or sqrt(2), which multiplies the draw of every coordinate."""
    hit, top = form.bits_of(np.sqrt(2.0)), form.bits - 1

    def all_or_none(s: Any) -> Any:
        return as_floats((next_words(s) >> top) * hit)

    return all_or_none


# One draw for each lane from the generators in places, ``draw(s, nu)``; only Student's noise has a
# parameter.
DRAWS = {
    UNIFORM: uniform,
    RADEMACHER: rademacher,
    LAPLACE: laplace,
    EXPONENTIAL: exponential,
    STUDENT: student,
    INTERMITTENT: rademacher,
}
# Laws whose draws are multiplied by a factor common to all coordinates, ``factor(s)``, with the
# generators of the stream at COMMON in places.
FACTORS = {INTERMITTENT: all_or_none}
