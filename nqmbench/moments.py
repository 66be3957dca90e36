r"""Central moments of a sample, merged without losing digits.

A sample of n values is kept as n, its mean and the central sums ``M_p = sum (x - mean)^p`` for
p = 2, ..., 12.  Two samples are merged exactly (Pebay, 2008): with ``D = mean_B - mean_A``,

    M_p = M_p^A + M_p^B
          + sum_{k=1}^{p-2} C(p,k) [(-n_B D/n)^k M_{p-k}^A + (n_A D/n)^k M_{p-k}^B]
          + (n_A n_B D/n)^p [n_B^{1-p} - (-n_A)^{1-p}].

Sums of raw powers would lose every digit of M_4 at a hundred million values; these lose none.

Floating-point addition is not associative, so the order of merging is part of the result: samples
with numbers 0, 1, 2, ... are merged in one fixed binary tree by number, in whatever portions they
arrive.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Bools = NDArray[np.bool_]

ORDERS = tuple(range(2, 13))  # the kurtosis is of order 4, its interval needs 3 times that
LOW = 5  # orders 2 to 6, which the mean and the variance need

# By k: C(p, k) for p = k + 2, ..., 12, along the axis of the orders.
CHOICES = {
    k: np.array([float(comb(p, k)) for p in ORDERS if p >= k + 2]).reshape(-1, 1, 1, 1)
    for k in range(1, ORDERS[-1])
}

# Beyond this the sixth powers overflow: the trajectories diverge.
DIVERGED = 1e40

# A power of the spread below this has lost digits, or is on the way to it.
SMALLEST = 1e-290


@dataclass(frozen=True, eq=False)
class Estimate:
    """An estimated quantity per cell.

    Attributes:
        value: the estimate.
        error: its standard error.
        skewness: the skewness g of one term of the average behind it, for Hall's correction.

    What cannot be computed is NaN.
    """

    value: Reals
    error: Reals
    skewness: Reals


@dataclass(frozen=True, eq=False)
class Moments:
    """Count, means and central sums of every cell (checkpoint, observable).

    Attributes:
        count: number of values n, the same in all cells.
        mean: shape (S, O).
        central: shape (11, S, O), the sums ``M_2, ..., M_12``.
    """

    count: int
    mean: Reals
    central: Reals

    @property
    def diverged(self) -> Bools:
        """Return, per cell, whether its mean is beyond 1e40 or a sum to order 6 is not finite.

        The higher orders overflow from 1e25 on: that costs a skewness, not the cell.
        """
        finite = np.isfinite(self.mean) & np.isfinite(self.central[:LOW]).all(axis=0)
        with np.errstate(invalid="ignore"):
            return ~finite | (np.abs(self.mean) > DIVERGED)

    def moment(self, order: int) -> Reals:
        """Return the central moment ``c_p = M_p / n`` for p in 2..12."""
        return np.asarray(self.central[order - 2] / self.count)

    def mean_estimate(self) -> Estimate:
        """Estimate the mean: ``SE = sqrt(c2 / (n - 1))`` and ``g = c3 / c2^1.5``."""
        with np.errstate(all="ignore"):
            c2, c3 = self.moment(2), self.moment(3)
            return Estimate(self.mean, np.sqrt(c2 / (self.count - 1)), c3 / c2**1.5)

    def variance_estimate(self) -> Estimate:
        """Estimate the variance, without bias.

        With ``V = c4 - c2^2``: value ``c2 n / (n - 1)``, ``SE^2 = V/n + 2 c2^2 / (n (n - 1))`` and
        ``g = (c6 - 3 c4 c2 + 2 c2^3) / V^1.5``. The second term of the SE is all there is for noise
        of two values, where V = 0.
        """
        with np.errstate(all="ignore"):
            c2, c4, c6 = self.moment(2), self.moment(4), self.moment(6)
            spread = c4 - c2 * c2
            skewness = (c6 - 3.0 * c4 * c2 + 2.0 * c2**3) / spread**1.5
            n, rest = np.float64(self.count), np.float64(self.count - 1)
            error = np.hypot(np.sqrt(spread / n), c2 * np.sqrt(2 / (n * rest)))
            return Estimate(c2 * (n / rest), error, skewness)

    def skewness(self) -> Reals:
        """Return the sample's skewness ``c3 / c2^1.5`` per cell."""
        with np.errstate(all="ignore"):
            return np.asarray(self.moment(3) / self.moment(2) ** 1.5)

    def standardised(self, highest: int) -> list[Reals]:
        """Return ``E z^p`` for p = 0, ..., highest with ``z = (x - mean) / sqrt(c2)``.

        NaN where a central moment to this order is not finite, or so small that digits are lost.
        """
        with np.errstate(all="ignore"):
            spread = np.sqrt(self.moment(2))
            sums = self.central[: highest - 1]
            lost = ~np.isfinite(sums).all(axis=0) | (spread**highest < SMALLEST)
            powers = [np.ones_like(spread), np.zeros_like(spread), np.ones_like(spread)]
            powers += [self.moment(p) / spread**p for p in range(3, highest + 1)]
            return [np.where(lost, np.nan, power) for power in powers]


def of_constant(count: int, values: Reals) -> Moments:
    """Return the moments of `count` values that are all the same: ``values``, shape (S, O)."""
    return Moments(count, values, np.zeros((len(ORDERS), *values.shape)))


def of_values(values: Reals) -> Moments:
    """Return the moments of values of shape (S, O, n), in two passes.

    The mean is corrected once, ``m += mean(x - m)``: 65,536 equal values then have exactly their
    mean and no spread.  This is the reference of the compiled block moments.
    """
    with np.errstate(all="ignore"):
        mean = values.mean(axis=-1)
        mean = mean + (values - mean[..., None]).mean(axis=-1)
        centred = values - mean[..., None]
        central = np.stack([(centred**p).sum(axis=-1) for p in ORDERS])
    return Moments(values.shape[-1], mean, central)


def _merged(
    n_a: Reals, mean_a: Reals, sums_a: Reals, n_b: Reals, mean_b: Reals, sums_b: Reals
) -> tuple[Reals, Reals, Reals]:
    """Merge pairs: counts (K,), means (K, S, O), central sums (11, K, S, O)."""
    with np.errstate(all="ignore"):
        n = n_a + n_b
        shape = (-1, *(1,) * (mean_a.ndim - 1))
        share_a, share_b = (n_a / n).reshape(shape), (n_b / n).reshape(shape)
        difference = mean_b - mean_a
        down, up = -share_b * difference, share_a * difference
        mean = mean_a + share_b * difference
        sums = sums_a + sums_b
        # The last term, (n_A n_B D / n)^p [n_B^(1-p) - (-n_A)^(1-p)], written without large
        # powers of the counts: n_A (down)^p + n_B (up)^p.
        count_a, count_b = n_a.reshape(shape), n_b.reshape(shape)
        power_down, power_up = down, up
        for k in range(1, ORDERS[-1]):  # order p = k + 1 is complete when its last term is there
            last = count_a * power_down * down + count_b * power_up * up
            sums[k - 1] += last
            # The share of M_(p-k) in M_p, for all p from k + 2 on at once.
            rest = len(ORDERS) - k
            sums[k:] += CHOICES[k] * (power_down * sums_a[:rest] + power_up * sums_b[:rest])
            power_down, power_up = power_down * down, power_up * up
    return n, mean, sums


def merge(a: Moments, b: Moments) -> Moments:
    """Return the moments of the two samples together, ``a`` first."""
    _, mean, sums = _merged(
        np.array([float(a.count)]),
        a.mean[None],
        a.central[:, None],
        np.array([float(b.count)]),
        b.mean[None],
        b.central[:, None],
    )
    return Moments(a.count + b.count, mean[0], sums[:, 0])


class MergeTree:
    """Merges samples 0, 1, 2, ... in a fixed binary tree, in portions of any size.

    Node ``j`` of level ``l`` covers the samples from ``j 2^l`` to ``(j + 1) 2^l - 1``.  A left
    child waits until its right sibling is there; at the end the waiting nodes are merged from the
    smallest to the largest.  The result does not depend on the portions.
    """

    def __init__(self) -> None:
        """Start with no samples."""
        self._next = 0
        self._waiting: dict[int, tuple[Reals, Reals, Reals]] = {}

    def add(self, counts: Reals, means: Reals, central: Reals) -> None:
        """Add the next samples: counts (K,), means (K, S, O), central sums (11, K, S, O)."""
        nodes, first, level = (np.asarray(counts, dtype=np.float64), means, central), self._next, 0
        self._next += len(nodes[0])
        while len(nodes[0]):
            n, mean, sums = nodes
            if first % 2:  # its left sibling has been waiting
                left_n, left_mean, left_sums = self._waiting.pop(level)
                n = np.concatenate([left_n, n])
                mean = np.concatenate([left_mean, mean])
                sums = np.concatenate([left_sums, sums], axis=1)
                first -= 1
            if len(n) % 2:
                self._waiting[level] = (n[-1:].copy(), mean[-1:].copy(), sums[:, -1:].copy())
                n, mean, sums = n[:-1], mean[:-1], sums[:, :-1]
            if not len(n):
                return
            nodes = _merged(n[0::2], mean[0::2], sums[:, 0::2], n[1::2], mean[1::2], sums[:, 1::2])
            first, level = first // 2, level + 1

    def result(self) -> Moments:
        """Return the moments of all samples so far; the tree may grow further.

        Raises:
            ValueError: if nothing was added.
        """
        if not self._waiting:
            raise ValueError("no samples to merge")
        levels = sorted(self._waiting)
        node = self._waiting[levels[0]]
        for level in levels[1:]:
            node = _merged(*self._waiting[level], *node)
        n, mean, sums = node
        return Moments(int(n[0]), mean[0].copy(), sums[:, 0].copy())


def merge_tree(samples: Iterable[Moments]) -> Moments:
    """Merge samples in the fixed binary tree by their position; streams, keeps O(log) of them."""
    tree = MergeTree()
    for s in samples:
        tree.add(np.array([float(s.count)]), s.mean[None], s.central[:, None])
    return tree.result()
