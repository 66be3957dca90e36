"""Everything that is counted while normals stream by; the memory does not grow with their number.

A chunk has the shape (4, steps, lanes): four streams at neighbouring addresses, which differ from
the first in the block, in the coordinate and in the seed.
"""

import numpy as np
from expected import moment, normal_moment, tail
from judging import by_chi_square, by_kolmogorov, by_normal, by_poisson, by_squares, correlation
from scipy.special import ndtr

ORDERS = range(1, 9)
BOUNDS = (3.0, 4.0, 4.5, 5.0, 6.0)
GRID = 2**20  # equally probable cells, for Kolmogorov and Smirnov's distance
BINS = 2**10  # equally probable cells for the chi-square
PIECE = 2**16  # values that stay in the processor's cache
NEIGHBOURS = ("block", "coordinate", "seed")


def standard_square(x):
    """Return (x^2 - 1) / sqrt(2), with mean 0 and variance 1 as x."""
    return (x * x - 1.0) * np.sqrt(0.5)


class Tally:
    """Sums over a stream of normals, and the checks that they allow."""

    def __init__(self, bits, lanes):
        """Start from nothing; ``bits`` says which recipe is expected."""
        self.bits, self.lanes, self.count = bits, lanes, 0
        self.powers = np.zeros(len(ORDERS))
        self.grid = np.zeros(GRID, dtype=np.int64)
        self.above = np.zeros(len(BOUNDS), dtype=np.int64)
        self.below = np.zeros(len(BOUNDS), dtype=np.int64)
        self.lane_sums = {}
        self.lane_products = {}
        self.pairs = {}

    def add(self, chunk):
        """Count a chunk of normals, shape (4, steps, lanes)."""
        x = chunk.astype(float)
        self.count += x.size
        for first in range(0, x.size, PIECE):
            self._add_values(x.reshape(-1)[first : first + PIECE])
        for what, y in (("", x), ("squares of ", standard_square(x))):
            rows = y.reshape(-1, self.lanes)
            self.lane_sums[what] = self.lane_sums.get(what, 0.0) + rows.sum(axis=0)
            self.lane_products[what] = self.lane_products.get(what, 0.0) + rows.T @ rows
            self._add_pairs(what + "next step", y[:, :-1], y[:, 1:])
            self._add_pairs(what + "next step but one", y[:, :-2], y[:, 2:])
            for neighbour, stream in zip(NEIGHBOURS, y[1:], strict=True):
                self._add_pairs(what + "next " + neighbour, y[0], stream)

    def _add_values(self, x):
        power = np.ones_like(x)
        for m in ORDERS:
            power *= x
            self.powers[m - 1] += power.sum()
        np.add.at(self.grid, np.minimum(ndtr(x) * GRID, GRID - 1).astype(np.int64), 1)
        for i, bound in enumerate(BOUNDS):
            self.above[i] += np.count_nonzero(x > bound)
            self.below[i] += np.count_nonzero(x < -bound)

    def _add_pairs(self, name, a, b):
        products, count = self.pairs.get(name, (0.0, 0))
        self.pairs[name] = products + np.sum(a * b), count + a.size

    def checks(self):
        """Return all comparisons with independent numbers of the expected law."""
        return [*self._law(), *self._lanes(), *self._pairs()]

    def _law(self):
        n = self.count
        for m, total in zip(ORDERS, self.powers, strict=True):
            error = np.sqrt((normal_moment(2 * m) - normal_moment(m) ** 2) / n)
            yield by_normal(f"moment {m}", total / n, moment(m, self.bits), error)
        distances = np.cumsum(self.grid) / n - np.arange(1, GRID + 1) / GRID
        yield by_kolmogorov("Kolmogorov-Smirnov, sqrt(n) D", np.abs(distances).max(), n)
        in_bins = self.grid.reshape(BINS, -1).sum(axis=1)
        statistic = np.sum((in_bins - n / BINS) ** 2) / (n / BINS)
        yield by_chi_square(f"chi-square of {BINS} bins", statistic, BINS - 1)
        for bound, above, below in zip(BOUNDS, self.above, self.below, strict=True):
            one_side = n * tail(bound, self.bits)
            yield by_poisson(f"beyond {bound:g} sigma", above + below, 2 * one_side)
            yield by_poisson(f"above {bound:g} sigma", above, one_side)
            yield by_poisson(f"below -{bound:g} sigma", below, one_side)

    def _lanes(self):
        rows, half = self.count // self.lanes, self.lanes // 2
        for what, sums in self.lane_sums.items():
            yield by_squares(f"{what}every lane, mean", sums / np.sqrt(rows))
        for what, products in self.lane_products.items():
            partners = np.trace(products, offset=half)
            yield correlation(f"{what}cosine and sine", partners, rows * half)
            neighbours = np.trace(products, offset=1)
            yield correlation(f"{what}next lane", neighbours, rows * (self.lanes - 1))
            all_pairs = products[np.triu_indices(self.lanes, 1)]
            yield by_squares(f"{what}every two lanes", all_pairs / np.sqrt(rows))

    def _pairs(self):
        for name, (products, count) in self.pairs.items():
            yield correlation(name, products, count)
