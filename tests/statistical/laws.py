"""What scipy says about the laws of the noise, standardised to mean 0 and variance 1.

Powers of heavy-tailed numbers have no standard error, or one that is ruled by a single number.
So numbers are clipped where one in a thousand lies outside, and all moments of the clipped ones
are compared, to order 6.  What lies outside is counted.  Together they are the whole law.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from scipy import stats
from scipy.integrate import quad

ORDERS = range(1, 7)
OUTSIDE = 1e-3  # the probability outside the clipped range
RARE_TAILS = (1e-3, 1e-4, 1e-5)  # on each side


class Law(NamedTuple):
    """A law of the noise, its parameter, and its distribution in scipy."""

    name: str
    nu: float
    exact: object
    raw_moments: int = 4  # orders whose sample means are normal at 1e6 numbers
    symmetric: bool = True

    def __str__(self):
        """Return a name for a test."""
        return f"{self.name}{self.nu:g}" if self.nu else self.name


def student(nu, raw_moments):
    """Return Student's law scaled to variance 1."""
    return Law("student", nu, stats.t(nu, scale=np.sqrt((nu - 2.0) / nu)), raw_moments)


# Rademacher's law is two points: see its own test. Student's: no mean of x^m beyond 4 m < nu.
LAWS = [
    Law("uniform", 0.0, stats.uniform(-np.sqrt(3.0), 2.0 * np.sqrt(3.0))),
    Law("laplace", 0.0, stats.laplace(scale=np.sqrt(0.5))),
    Law("exponential", 0.0, stats.expon(loc=-1.0), symmetric=False),
    student(3.0, raw_moments=0),
    student(5.0, raw_moments=1),
    student(10.0, raw_moments=2),
]


@cache
def clipped_range(law):
    """Return the bounds at which numbers are clipped."""
    return law.exact.ppf(OUTSIDE / 2), law.exact.isf(OUTSIDE / 2)


@cache
def clipped_moment(law, order):
    """Return E clip(x)^order."""
    low, high = clipped_range(law)
    between, _ = quad(
        lambda x: x**order * law.exact.pdf(x), low, high, epsabs=1e-10, epsrel=1e-11, points=[0.0]
    )
    return between + OUTSIDE / 2 * (low**order + high**order)
