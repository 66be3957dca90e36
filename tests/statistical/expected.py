"""What the normals should be: the standard normal law, and the law of the recipe in float32.

The recipe's radius is ``R^2 = -2 log U``.  In float32 ``U`` is one of 2^30 values, ``(2j + 1) h/2``
with ``h = 2^-30``, so the tail ends at ``sqrt(62 log 2) = 6.56``.  The functions here take the sum
over these values in place of the integral.  It matters for the count beyond 6 sigma alone, where 16
values of ``U`` are left, and even there it is lost in the scatter of a billion numbers; the moments
change by less than a thousandth of their standard errors.  (That ``U`` and the result are rounded
to 24 bits is left out: it moves the moments by some 1e-8.)  In float64 ``U`` has 63 bits and the
tail ends at 9.35: nothing can be seen.
"""

from functools import cache
from math import factorial, prod

import numpy as np
from scipy.special import gammaincc, ndtr

CELLS = 2**30  # values of U in float32
CHUNK = 2**20


def normal_moment(order):
    """Return E x^order of the standard normal law: 1 * 3 * 5 ... or 0.

    >>> [normal_moment(m) for m in range(1, 9)]
    [0, 1, 0, 3, 0, 15, 0, 105]
    """
    return 0 if order % 2 else prod(range(1, order, 2))


def surprisals(cells):
    """Return -2 log U of the ``cells`` smallest values of U, which belong to the largest R."""
    return -2.0 * np.log((np.asarray(cells) + 0.5) / CELLS)


@cache
def moment(order, bits):
    """Return E x^order of the recipe in float32 (``bits=32``) or float64.

    >>> moment(8, 64)
    105.0
    >>> f"{moment(8, 32) / 105 - 1:.1g}", f"{moment(2, 32) - 1:.1g}"
    ('-7e-07', '-3e-10')
    """
    exact = normal_moment(order)
    if bits == 64 or order % 2:
        return float(exact)
    # E x^2m is proportional to E R^2m = 2^m m!; beyond the first CHUNK values sum and integral
    # agree.
    m = order // 2
    radial = 2.0**m * factorial(m)
    summed = np.sum(surprisals(np.arange(CHUNK)) ** m) / CELLS
    return exact * float(1.0 + summed / radial - gammaincc(m + 1, np.log(CELLS / CHUNK)))


@cache
def tail(bound, bits):
    """Return the probability that one of the recipe's normals exceeds ``bound`` (3 or more).

    >>> [round(tail(bound, 32) / tail(bound, 64), 3) for bound in (4.0, 5.0, 6.0)]
    [1.0, 1.0, 0.994]
    >>> tail(6.56, 32)
    0.0
    """
    if bits == 64:
        return float(ndtr(-bound))
    total, most = 0.0, int(CELLS * np.exp(-0.5 * bound**2)) + 1
    for first in range(0, most, CHUNK):
        radius = np.sqrt(surprisals(np.arange(first, min(first + CHUNK, most))))
        # R cos(a) > bound for angles within arccos(bound / R) on either side of 0
        total += np.sum(np.arccos(np.minimum(bound / radius, 1.0)))
    return float(total / np.pi / CELLS)
