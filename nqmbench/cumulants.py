"""Cumulants of powers: from the cumulants of w to those of w, w^2 and w^3.

Leonov and Shiryaev's rule: the r-th cumulant of w^p is the sum over all partitions of p r elements
that connect the r groups of p elements, of the product of kappa_(block size). It adds only
positive multiples of cumulants, where the detour over raw moments would cancel. For example

    Var(w^2) = kappa_4 + 4 mu kappa_3 + 2 kappa_2^2 + 4 mu^2 kappa_2

Source: Leonov & Shiryaev 1959; spec of the second moments in Brillinger 1975, section 2.3.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["power_cumulant"]

Floats = NDArray[np.float64]


def power_cumulant(kappa: Sequence[Floats], power: int, order: int) -> Floats:
    """The cumulant of the given order of w^power.

    Args:
        kappa: kappa[r-1] is kappa_r(w), any shape; power * order of them are needed.
        power: 1, 2 or 3.
        order: r >= 1.

    Returns:
        kappa_order(w^power), in the shape of kappa[0]; inf where the highest cumulant is, since
        a variable whose lower moments alone are infinite does not exist.

    >>> mu, variance = np.array(3.0), np.array(2.0)
    >>> float(power_cumulant([mu, variance, 0 * mu, 0 * mu], power=2, order=2))  # 2 v^2 + 4 mu^2 v
    80.0
    """
    total: Any = 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        for sizes, count in connected_partitions(power, order):
            product: Any = count
            for size in sizes:  # a vanishing cumulant wins over an infinite one: 0 inf = 0
                zero = (kappa[size - 1] == 0) | (product == 0)
                product = np.where(zero, 0.0, product * kappa[size - 1])
            total = total + product
    infinite = (power > 1) & np.isposinf(kappa[power * order - 1])
    return np.asarray(np.where(infinite, np.inf, total), dtype=np.float64)


@lru_cache
def connected_partitions(power: int, order: int) -> tuple[tuple[tuple[int, ...], int], ...]:
    """Block sizes, and their number of occurrences, of all partitions that connect the groups.

    E (w^p)^r counts all partitions of p r elements; kappa_r(w^p) keeps those that connect, and
    follows from these raw moments as every cumulant does:

        kappa_r = m_r - sum_{j<r} C(r-1, j-1) kappa_j m_{r-j}

    >>> connected_partitions(2, 2)
    (((4,), 1), ((3, 1), 4), ((2, 2), 2), ((2, 1, 1), 4))
    """
    raw = [partitions(power * r) for r in range(1, order + 1)]
    cumulants: list[Counter[tuple[int, ...]]] = []
    for r, moment in enumerate(raw, start=1):
        found = Counter(moment)
        for j in range(1, r):
            for blocks, count in cumulants[j - 1].items():
                for others, more in raw[r - j - 1].items():
                    joined = tuple(sorted(blocks + others, reverse=True))
                    found[joined] -= comb(r - 1, j - 1) * count * more
        cumulants.append(+found)  # without what does not connect
    return tuple(
        sorted(cumulants[-1].items(), key=lambda item: (len(item[0]), [-s for s in item[0]]))
    )


@lru_cache
def partitions(n: int) -> Counter[tuple[int, ...]]:
    """How many partitions of n elements have these block sizes, the largest first.

    >>> dict(partitions(3))
    {(3,): 1, (2, 1): 3, (1, 1, 1): 1}
    """
    if n == 0:
        return Counter({(): 1})
    found: Counter[tuple[int, ...]] = Counter()
    for size in range(n, 0, -1):  # of the block that holds the first element
        for others, count in partitions(n - size).items():
            found[tuple(sorted((size, *others), reverse=True))] += comb(n - 1, size - 1) * count
    return found
