"""Cumulants of powers against raw moments in exact rationals."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nqmbench import noise
from nqmbench.cumulants import connected_partitions, power_cumulant


def moments_from_cumulants(kappa):
    """Raw moments 1.. of a law with these cumulants: m_r = sum_j C(r-1, j-1) kappa_j m_(r-j)."""
    raw = [Fraction(1)]
    for r in range(1, len(kappa) + 1):
        raw.append(
            sum(math.comb(r - 1, j - 1) * kappa[j - 1] * raw[r - j] for j in range(1, r + 1))
        )
    return raw[1:]


@given(st.lists(st.integers(-3, 3), min_size=8, max_size=8))
@settings(derandomize=True, max_examples=50, deadline=None)
@pytest.mark.parametrize(("power", "highest"), [(1, 8), (2, 4), (3, 2)])
def test_cumulants_of_powers_equal_those_from_raw_moments(power, highest, kappa):
    raw = moments_from_cumulants([Fraction(k) for k in kappa])
    of_power = [raw[power * r - 1] for r in range(1, highest + 1)]
    expected = noise.cumulants_from_moments(of_power)
    found = [
        power_cumulant([np.float64(k) for k in kappa], power, r) for r in range(1, highest + 1)
    ]
    assert [float(f) for f in found] == [float(e) for e in expected]


@pytest.mark.parametrize(
    ("power", "order"), [(1, 4), (2, 1), (2, 2), (2, 3), (2, 4), (3, 2), (3, 4)]
)
def test_connected_partitions_count_the_cumulant_of_a_poisson_power(power, order):
    """All cumulants of Poisson(1) are 1, so the number of partitions is kappa_order(X^power)."""
    bell = moments_from_cumulants([Fraction(1)] * (power * order))
    expected = noise.cumulants_from_moments([bell[power * r - 1] for r in range(1, order + 1)])[-1]
    assert sum(count for _, count in connected_partitions(power, order)) == expected


def set_partitions(n):
    """All partitions of 0..n-1 into blocks."""
    if n == 0:
        yield []
        return
    for blocks in set_partitions(n - 1):
        for i in range(len(blocks)):
            yield [*blocks[:i], [*blocks[i], n - 1], *blocks[i + 1 :]]
        yield [*blocks, [n - 1]]


def connects(blocks, power, order):
    """True when the blocks join the groups {0..p-1}, {p..2p-1}, ... into one."""
    group = list(range(order))
    for block in blocks:
        joined = {group[element // power] for element in block}
        group = [min(joined) if g in joined else g for g in group]
    return len(set(group)) == 1


@pytest.mark.parametrize(("power", "order"), [(1, 4), (2, 2), (2, 3), (2, 4), (3, 2), (3, 3)])
def test_connected_partitions_are_those_found_one_by_one(power, order):
    found = Counter(
        tuple(sorted(map(len, blocks), reverse=True))
        for blocks in set_partitions(power * order)
        if connects(blocks, power, order)
    )
    assert dict(connected_partitions(power, order)) == found


def test_a_vanishing_cumulant_wins_over_an_infinite_one_and_the_highest_decides():
    inf = np.array(math.inf)
    zero, one = np.array(0.0), np.array(1.0)
    assert power_cumulant([zero, one, inf, inf], 2, 2) == math.inf
    assert power_cumulant([-one, one, inf, inf], 2, 2) == math.inf
    assert power_cumulant([-inf], 1, 1) == -math.inf
