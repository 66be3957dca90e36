"""Cumulants of powers: from the cumulants of w to those of w, w^2 and w^3.

Leonov and Shiryaev's rule: the r-th cumulant of w^p is the sum over all partitions of p r elements
that connect the r groups of p elements, of the product of kappa_(block size). It adds only
positive multiples of cumulants, where the detour over raw moments would cancel. For example

    Var(w^2) = kappa_4 + 4 mu kappa_3 + 2 kappa_2^2 + 4 mu^2 kappa_2

Source: Leonov & Shiryaev 1959; spec of the second moments in Brillinger 1975, section 2.3.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
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

    >>> connected_partitions(2, 2)
    (((4,), 1), ((3, 1), 4), ((2, 2), 2), ((2, 1, 1), 4))
    """
    found: Counter[tuple[int, ...]] = Counter()
    for blocks in set_partitions(power * order):
        if connects(blocks, power, order):
            found[tuple(sorted((len(b) for b in blocks), reverse=True))] += 1
    return tuple(sorted(found.items(), key=lambda item: (len(item[0]), [-s for s in item[0]])))


def set_partitions(n: int) -> Iterator[list[list[int]]]:
    """All partitions of 0..n-1 into blocks."""
    if n == 0:
        yield []
        return
    for blocks in set_partitions(n - 1):
        for i in range(len(blocks)):
            yield [*blocks[:i], [*blocks[i], n - 1], *blocks[i + 1 :]]
        yield [*blocks, [n - 1]]


def connects(blocks: list[list[int]], power: int, order: int) -> bool:
    """True when the blocks join the groups {0..p-1}, {p..2p-1}, ... into one."""
    group = list(range(order))
    for block in blocks:
        joined = {group[element // power] for element in block}
        group = [min(joined) if g in joined else g for g in group]
    return len(set(group)) == 1
