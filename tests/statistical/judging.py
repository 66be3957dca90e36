"""Many checks, one verdict: each has a p value, and the smallest is held against RARE / checks.

By Bonferroni a correct generator then fails with probability RARE at most, however the checks
depend on each other.  What a check prints as z is its p value as a normal deviate (for counts: the
error over the root of the expectation), so that all rows of a table can be compared.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import chdtr, chdtrc, kolmogorov, ndtr, ndtri, pdtr, pdtrc

RARE = 1e-6  # the probability that a table of checks fails a correct generator


class Check(NamedTuple):
    """One comparison: what was seen, what is expected, the deviation and its probability."""

    name: str
    seen: float
    expected: float
    z: float
    p: float


def two_sided(below, above):
    """Return the p value of a statistic of which both extremes are suspicious."""
    return min(1.0, 2.0 * min(below, above))


def by_normal(name, seen, expected, error):
    """Compare an estimate with what it estimates, by its standard error."""
    z = (seen - expected) / error
    return Check(name, seen, expected, z, 2.0 * ndtr(-abs(z)))


def by_poisson(name, count, expected):
    """Compare a count of rare events with its expectation, exactly however few there are."""
    above = pdtrc(count - 1, expected) if count else 1.0
    p = two_sided(pdtr(count, expected), above)
    return Check(name, count, expected, (count - expected) / np.sqrt(expected), p)


def by_chi_square(name, statistic, freedom):
    """Compare a chi-square; one that is too small is as suspicious as one that is too large."""
    below, above = chdtr(freedom, statistic), chdtrc(freedom, statistic)
    z = ndtri(below) if below < above else -ndtri(above)
    return Check(name, statistic, freedom, z, two_sided(below, above))


def by_squares(name, deviations):
    """Compare many deviations in standard errors at once, by the sum of their squares."""
    return by_chi_square(name, float(np.sum(np.square(deviations))), np.size(deviations))


def by_kolmogorov(name, distance, count):
    """Compare the largest distance of two distribution functions (times the root of the count)."""
    statistic = distance * np.sqrt(count)
    p = kolmogorov(statistic)
    return Check(name, statistic, 0.8687, -ndtri(p), p)  # the mean is sqrt(pi / 2) log 2


def correlation(name, products, count):
    """Compare a sum of ``count`` products of independent variables of variance 1 with 0."""
    return by_normal(name, products / count, 0.0, 1.0 / np.sqrt(count))


def failures(checks):
    """Return the names of the checks that a correct generator would hardly fail."""
    return [c.name for c in checks if not c.p >= RARE / len(checks)]


def table(checks):
    """Return the checks as text, and the verdict on all of them."""
    lines = [f"{'check':<38}{'seen':>19}{'expected':>19}{'z':>8}{'p':>11}"]
    lines += [f"{c.name:<38}{c.seen:>19.10g}{c.expected:>19.10g}{c.z:>8.2f}{c.p:>11.2g}"
              for c in checks]  # fmt: skip
    least = min(checks, key=lambda c: c.p)
    failed = failures(checks)
    lines.append(
        f"{len(checks)} checks; smallest p {least.p:.2g} ({least.name}), times {len(checks)}: "
        f"{min(1.0, least.p * len(checks)):.2g}; "
        + (f"FAILED at {RARE:g}: {', '.join(failed)}" if failed else f"passed at {RARE:g}")
    )
    return "\n".join(lines)
