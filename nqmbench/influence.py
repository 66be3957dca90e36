r"""The statistics of a sample as functions of its moments: how they vary, and how they lean.

With z = (x - mean)/sd every statistic is a smooth function theta of the raw moments of z, and one
table of its first and second derivatives at the truth says everything that an interval needs. With
m_j = E z^j, g = m_3, b = m_4, and the second-order expansion

    estimate - truth = mean L(z) + 1/2 mean mean Q(z, z') + ...,
    L(z) = sum_j theta_j (z^j - m_j)                                (the influence function)
    Q(z, z') = sum_jk theta_jk (z^j - m_j)(z'^k - m_k)

it is, for each statistic,

    mean        L = z
    variance    L = z^2 - 1
    skewness    L = z^3 - 3/2 g z^2 - 3 z + g/2
    kurtosis    L = z^4 - 2 b z^2 - 4 g z + b                       (the excess, b - 3)

    variance of the estimate    V/n + C/(n (n-1)),    V = E L^2,    C = E Q(z, z')^2 / 2

C is all there is where L vanishes, as for the variance of a sample with two values. The studentised
estimate T has the distribution Phi(t) + n^-1/2 (A + B t^2) phi(t) with

    B = (E L^3 / 3 + q/2) / V^1.5,    A = B/2 + (q/4) / V^1.5 - (E Q(z, z)/2) / V^0.5,
    q = E L(z) L(z') Q(z, z').

Hall's interval is made for A = B/2 = skewness/6, as a mean has it. A statistic with curvature fits
into it with the skewness 3 B and with an estimate that is shifted by (q/(4 V) - E Q(z, z)/2)/n,
which removes the bias of the estimate and of its studentisation.

Source: Hall 1992, The Bootstrap and Edgeworth Expansion, sections 2.4 to 2.6 and 3.9.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nqmbench.moments import Estimate, Moments

__all__ = ["HIGHEST", "STATISTICS", "Influence", "estimate", "influence"]

Reals = NDArray[np.float64]
Polynomial = list[Any]  # coefficients, by power

TWO_VALUES = 1e-9  # a kurtosis so near to its least value, 1 + g^2, is that of two values, rounded
EVEN = 144.0  # n g^2 up to here: the frequencies are within 6 standard errors of 1/2


@dataclass(frozen=True)
class Derivatives:
    """A statistic's derivatives by the raw moments m_1, m_2, ... at mean 0 and variance 1.

    Args:
        first: from (g, b) to theta_j by j.
        second: from (g, b) to theta_jk by (j, k) with j <= k; what is absent is 0.
    """

    first: Callable[[Any, Any], Mapping[int, Any]]
    second: Callable[[Any, Any], Mapping[tuple[int, int], Any]]


STATISTICS = {
    "mean": Derivatives(lambda g, b: {1: 1.0}, lambda g, b: {}),
    "variance": Derivatives(lambda g, b: {2: 1.0}, lambda g, b: {(1, 1): -2.0}),
    "skewness": Derivatives(
        lambda g, b: {1: -3.0, 2: -1.5 * g, 3: 1.0},
        lambda g, b: {(1, 1): 3.0 * g, (1, 2): 1.5, (2, 2): 3.75 * g, (2, 3): -1.5},
    ),
    "kurtosis": Derivatives(
        lambda g, b: {1: -4.0 * g, 2: -2.0 * b, 4: 1.0},
        lambda g, b: {
            (1, 1): 12.0 + 4.0 * b, (1, 2): 8.0 * g, (1, 3): -4.0, (2, 2): 6.0 * b, (2, 4): -2.0,
        },
    ),
}  # fmt: skip

# The highest power of the observable in L; 3 times as high a moment gives E L^3.
HIGHEST = {"mean": 1, "variance": 2, "skewness": 3, "kurtosis": 4}


@dataclass(frozen=True, eq=False)
class Influence:
    """What an interval for a statistic of a standardised sample needs, by cell.

    Args:
        variance: V, n times the variance of the estimate to first order.
        curvature: C, n^2 times its second-order share.
        skewness: 3 B, the skewness for Hall's interval.
        shift: n times what is added to the estimate.
    """

    variance: Reals
    curvature: Reals
    skewness: Reals
    shift: Reals


def influence(statistic: str, m: Sequence[Any], count: float = np.inf) -> Influence:
    """The second-order behaviour of a statistic.

    Args:
        statistic: "mean", "variance", "skewness" or "kurtosis".
        m: the standardised moments m[0] = 1, m[1] = 0, m[2] = 1, m[3], ... up to 3 times the
            statistic's highest power.
        count: n. Of two values that may be equally probable L all but vanishes for the kurtosis
            1 + g^2, whose estimate then has no skewness to speak of: it is off by half of its
            own standard errors for every one that the frequency is off.

    >>> normal = [1, 0, 1, 0, 3, 0, 15, 0, 105, 0, 945, 0, 10395]
    >>> [float(influence(s, normal).variance) for s in STATISTICS]
    [1.0, 2.0, 6.0, 24.0]
    >>> float(influence("kurtosis", normal).shift)  # the mean of the estimate is -6/n
    6.0
    """
    derivatives = STATISTICS[statistic]
    g, b = m[3], m[4] if len(m) > 4 else np.nan
    first, second = derivatives.first(g, b), derivatives.second(g, b)
    L: Polynomial = [0.0] * (HIGHEST[statistic] + 1)
    for j, slope in first.items():
        L[j] = slope
        L[0] = L[0] - slope * m[j]
    square = product(L, L)
    V = np.maximum(expected(square, m), 0.0)  # rounding may leave less than nothing
    third = expected(product(square, L), m)
    # theta_jk for every order of (j, k), the covariances of powers, and E L(z) z^j.
    hessian = {**second, **{(k, j): value for (j, k), value in second.items()}}
    powers = sorted({j for pair in hessian for j in pair})
    covariance = {(j, k): m[j + k] - m[j] * m[k] for j in powers for k in powers}
    with_L = {j: expected([0.0] * j + L, m) for j in powers}
    q: Any = sum(value * with_L[j] * with_L[k] for (j, k), value in hessian.items())
    diagonal: Any = sum(value * covariance[pair] for pair, value in hessian.items())
    C: Any = 0.5 * sum(
        value * other * covariance[j, p] * covariance[k, r]
        for (j, k), value in hessian.items()
        for (p, r), other in hessian.items()
    )
    even = (np.abs(b - 1.0 - g * g) < TWO_VALUES) & (g * g <= EVEN / count)
    spread = V + np.where(even, C / count, 0.0)
    return Influence(
        np.asarray(V),
        np.asarray(C, dtype=np.float64),
        np.where(even & (statistic == "kurtosis"), 0.0, (third + 1.5 * q) / spread**1.5),
        np.asarray(q / (4.0 * spread) - 0.5 * diagonal),
    )


def estimate(moments: Moments, statistic: str) -> Estimate:
    """The estimate of a "mean", "variance", "skewness" or "kurtosis" from a sample, per cell."""
    if statistic in ("mean", "variance"):
        return moments.mean_estimate() if statistic == "mean" else moments.variance_estimate()
    return shape_estimate(moments, statistic)


def shape_estimate(moments: Moments, statistic: str) -> Estimate:
    """The skewness or the excess kurtosis c4 / c2^2 - 3, without bias to 1/n.

    Its standard error and skewness rest on the sample's own moments to order 9 and 12:
    ``SE^2 = V/n + C/(n (n - 1))``.
    """
    power = HIGHEST[statistic]
    with np.errstate(all="ignore"):
        m = moments.standardised(3 * power)
        found = influence(statistic, m, moments.count)
        value = m[power] - (3.0 if power == 4 else 0.0)
        n, rest = np.float64(moments.count), np.float64(moments.count - 1)
        error = np.hypot(np.sqrt(found.variance / n), np.sqrt(found.curvature / (n * rest)))
        return Estimate(value + found.shift / n, error, found.skewness)


def product(a: Polynomial, b: Polynomial) -> Polynomial:
    """The product of two polynomials."""
    result: Polynomial = [0.0] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            result[i + j] = result[i + j] + x * y
    return result


def expected(polynomial: Polynomial, m: Sequence[Any]) -> Any:
    """The mean of a polynomial in z, given the moments of z."""
    return sum(c * m[j] for j, c in enumerate(polynomial))
