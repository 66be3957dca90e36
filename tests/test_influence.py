"""The statistics' derivatives and what follows from them, against slow and exact ways."""

import itertools
import math

import numpy as np
import pytest

from nqmbench.influence import HIGHEST, STATISTICS, influence

STEP = 1e-4
DIFFERENCES = 1e-6  # of derivatives by differences at this step
ROUNDING = 1e-12
SKEWED = np.array([0.0, 1.0, 2.0, 5.0])  # equally probable values without any symmetry


def theta(statistic, raw):
    """The statistic as a function of the raw moments m_1, ..., m_4."""
    m1, m2, m3, m4 = raw
    c2 = m2 - m1**2
    c3 = m3 - 3 * m1 * m2 + 2 * m1**3
    c4 = m4 - 4 * m1 * m3 + 6 * m1**2 * m2 - 3 * m1**4
    return {"mean": m1, "variance": c2, "skewness": c3 / c2**1.5, "kurtosis": c4 / c2**2}[statistic]


def standardised(values, weights=None):
    """The values as z, and the moments E z^0, ..., E z^12."""
    mean = np.average(values, weights=weights)
    z = (values - mean) / math.sqrt(np.average((values - mean) ** 2, weights=weights))
    return z, [float(np.average(z**p, weights=weights)) for p in range(13)]


@pytest.mark.parametrize("statistic", STATISTICS)
def test_derivatives_by_the_raw_moments_are_those_by_differences(statistic):
    g, b = 0.7, 4.2
    at, unit = np.array([0.0, 1.0, g, b]), STEP * np.eye(4)
    first, second = STATISTICS[statistic].first(g, b), STATISTICS[statistic].second(g, b)

    def value(shift):
        return theta(statistic, at + shift)

    for j in range(4):
        slope = (value(unit[j]) - value(-unit[j])) / (2 * STEP)
        assert first.get(j + 1, 0.0) == pytest.approx(slope, abs=DIFFERENCES)
        for k in range(j, 4):
            corners = [
                s * t * value(s * unit[j] + t * unit[k])
                for s, t in itertools.product((1, -1), repeat=2)
            ]
            bend = sum(corners) / (4 * STEP**2)
            assert second.get((j + 1, k + 1), 0.0) == pytest.approx(bend, abs=10 * DIFFERENCES)


@pytest.mark.parametrize("statistic", STATISTICS)
def test_expectations_over_pairs_of_values_equal_sums_over_all_pairs(statistic):
    z, m = standardised(SKEWED)
    first, second = (d(m[3], m[4]) for d in vars(STATISTICS[statistic]).values())
    centred = {j: z**j - m[j] for j in range(1, 5)}
    L = sum(slope * centred[j] for j, slope in first.items())
    Q = np.zeros((z.size, z.size))
    for (j, k), bend in second.items():
        for a, b in {(j, k), (k, j)}:
            Q += bend * np.outer(centred[a], centred[b])
    V, q = (L**2).mean(), (np.outer(L, L) * Q).mean()
    found = influence(statistic, m)
    assert float(found.variance) == pytest.approx(V, rel=ROUNDING)
    assert float(found.curvature) == pytest.approx((Q**2).mean() / 2, rel=ROUNDING)
    assert float(found.skewness) == pytest.approx(
        ((L**3).mean() + 1.5 * q) / V**1.5, rel=1e3 * ROUNDING
    )
    assert float(found.shift) == pytest.approx(
        q / (4 * V) - np.trace(Q) / z.size / 2, rel=1e3 * ROUNDING
    )


def test_of_normal_values_the_known_standard_errors_and_biases_come_out():
    normal = [1, 0, 1, 0, 3, 0, 15, 0, 105, 0, 945, 0, 10395]
    found = {s: influence(s, normal) for s in STATISTICS}
    assert [float(f.variance) for f in found.values()] == [1, 2, 6, 24]
    assert [float(f.shift) for f in found.values()] == [0, 1, 0, 6]  # of c2 and c4 / c2^2 - 3
    assert float(found["skewness"].skewness) == 0.0


def test_the_variance_agrees_with_its_own_formulas():
    _, m = standardised(SKEWED)
    V = m[4] - 1
    found = influence("variance", m)
    assert float(found.variance) == pytest.approx(V, rel=ROUNDING)
    assert float(found.curvature) == 2.0
    skewness = (m[6] - 3 * m[4] + 2) / V**1.5  # of one summand; the mean's own error adds the rest
    assert float(found.skewness) == pytest.approx(skewness - 3 * m[3] ** 2 / V**1.5, rel=ROUNDING)


def test_where_the_influence_vanishes_the_curvature_is_left():
    # two values with equal probability: the excess is g^2 - 2 with g = 2 N(0, 1) / sqrt(n)
    with np.errstate(invalid="ignore"):
        found = influence("kurtosis", [np.float64(p % 2 == 0) for p in range(13)])
    assert float(found.variance) == 0.0
    assert float(found.curvature) == 32.0  # the variance of 4 chi^2


def test_the_highest_powers_are_those_of_the_derivatives():
    for statistic, derivatives in STATISTICS.items():
        assert max(derivatives.first(1.0, 1.0)) == HIGHEST[statistic]
