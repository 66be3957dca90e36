from fractions import Fraction

import numpy as np
import pytest

from nqmbench.influence import estimate
from nqmbench.moments import MergeTree, Moments, merge, merge_tree, of_values

ROUNDING = 1e-12


def sample(shape, seed, shift=0.0):
    return np.random.default_rng(seed).exponential(size=shape) + shift


def exact(values):
    """Mean and central sums in rational arithmetic."""
    x = [Fraction(float(v)) for v in values]
    mean = sum(x) / len(x)
    return float(mean), [float(sum((v - mean) ** p for v in x)) for p in range(2, 13)]


@pytest.mark.parametrize(("n_a", "n_b"), [(1, 1), (1, 7), (5, 3), (40, 64)])
def test_merging_two_samples_gives_the_rational_moments_of_both(n_a, n_b):
    values = sample(n_a + n_b, seed=n_a, shift=3.0)
    a, b = (of_values(v[None, None]) for v in (values[:n_a], values[n_a:]))
    merged = merge(a, b)
    mean, sums = exact(values)
    assert merged.count == n_a + n_b
    assert merged.mean[0, 0] == pytest.approx(mean, rel=ROUNDING)
    assert merged.central[:, 0, 0] == pytest.approx(sums, rel=1e3 * ROUNDING, abs=ROUNDING)


def test_moments_survive_a_mean_a_million_times_the_spread():
    # raw sums of sixth powers would have lost every digit here
    values = sample(2000, seed=2) + 2.0**20
    tree = merge_tree(of_values(v[None, None]) for v in values.reshape(50, 40))
    _, sums = exact(values)
    assert tree.central[:, 0, 0] == pytest.approx(sums, rel=1e-9)


@pytest.mark.parametrize("portions", [[1] * 37, [37], [5, 32], [36, 1], [2, 3, 5, 7, 11, 9]])
def test_the_portions_of_a_stream_do_not_change_a_bit(portions):
    values = sample((3, 2, 37, 16), seed=4)
    single = [of_values(values[:, :, i]) for i in range(37)]
    whole = merge_tree(single)
    tree, first = MergeTree(), 0
    for size in portions:
        part = single[first : first + size]
        tree.add(
            np.array([float(m.count) for m in part]),
            np.stack([m.mean for m in part]),
            np.stack([m.central for m in part], axis=1),
        )
        first += size
    assert np.array_equal(tree.result().mean, whole.mean)
    assert np.array_equal(tree.result().central, whole.central)
    assert tree.result().count == whole.count == 37 * 16


def test_the_tree_is_the_one_of_the_binary_numbers():
    parts = [of_values(sample((1, 1, 8), seed=i)) for i in range(5)]
    by_hand = merge(merge(merge(parts[0], parts[1]), merge(parts[2], parts[3])), parts[4])
    assert np.array_equal(merge_tree(parts).central, by_hand.central)


def test_equal_values_have_exactly_their_mean_and_no_spread():
    # without the correction of the mean it was 256 standard errors off
    for value in (0.1, 1 / 3, 1e5 + 0.1):
        m = of_values(np.full((1, 1, 65_536), value))
        assert m.mean[0, 0] == value
        assert not m.central.any()
        pair = merge(m, m)
        assert pair.mean[0, 0] == value
        assert not pair.central.any()


def test_estimates_follow_their_definitions():
    values = sample(500, seed=9)
    m = of_values(values[None, None])
    c = {p: np.mean((values - values.mean()) ** p) for p in range(2, 7)}
    n, v = 500, c[4] - c[2] ** 2
    mean, variance = m.mean_estimate(), m.variance_estimate()
    assert mean.value[0, 0] == pytest.approx(values.mean())
    assert mean.error[0, 0] == pytest.approx(values.std(ddof=1) / np.sqrt(n))
    assert mean.skewness[0, 0] == pytest.approx(c[3] / c[2] ** 1.5)
    assert variance.value[0, 0] == pytest.approx(values.var(ddof=1))
    exact_term = 2 * c[2] ** 2 / (n * (n - 1))
    assert variance.error[0, 0] == pytest.approx(np.sqrt(v / n + exact_term))
    expected = (c[6] - 3 * c[4] * c[2] + 2 * c[2] ** 3) / v**1.5
    assert variance.skewness[0, 0] == pytest.approx(expected)
    assert m.skewness()[0, 0] == pytest.approx(c[3] / c[2] ** 1.5)


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan, 1e41, 1e300])
def test_values_beyond_all_bounds_are_marked_and_raise_nothing(bad):
    values = np.ones((1, 2, 64))
    values[0, 1, 7] = 64 * bad
    m = merge(of_values(values), of_values(values))
    assert m.diverged.tolist() == [[False, True]]
    m.mean_estimate()
    m.variance_estimate()


def test_one_value_has_a_mean_and_no_standard_error():
    m = of_values(np.full((1, 1, 1), 2.5))
    assert m.mean_estimate().value[0, 0] == 2.5
    assert not np.isfinite(m.mean_estimate().error[0, 0])


def test_an_empty_tree_has_no_result():
    with pytest.raises(ValueError, match="no samples"):
        merge_tree([])


def test_moments_are_of_orders_two_to_twelve():
    m = Moments(4, np.zeros((1, 1)), np.arange(11.0).reshape(11, 1, 1))
    assert [float(m.moment(p)[0, 0]) for p in range(2, 13)] == [q / 4 for q in range(11)]


@pytest.mark.parametrize("law", ["exponential", "normal", "uniform"])
def test_skewness_and_kurtosis_follow_their_influence_functions(law):
    values = getattr(np.random.default_rng(5), law)(size=20_000)
    z = (values - values.mean()) / values.std()
    g, b, n = (z**3).mean(), (z**4).mean(), z.size
    influences = {
        "skewness": z**3 - 1.5 * g * z**2 - 3 * z + g / 2,
        "kurtosis": z**4 - 2 * b * z**2 - 4 * g * z + b,
    }
    for (statistic, L), plain in zip(influences.items(), (g, b - 3), strict=True):
        found = estimate(of_values(values[None, None]), statistic)
        error = np.sqrt((L**2).mean() / n)
        assert found.error[0, 0] == pytest.approx(error, rel=0.01)  # and a share of order 1/n
        assert abs(found.value[0, 0] - plain) < 0.5 * error  # the bias, of order 1/n


def test_a_shape_does_not_depend_on_place_and_size():
    values = sample(1000, seed=6)
    one, other = (of_values(v[None, None]) for v in (values, 7e-5 * values - 2e-4))
    for statistic in ("skewness", "kurtosis"):
        a, b = estimate(one, statistic), estimate(other, statistic)
        for x, y in ((a.value, b.value), (a.error, b.error), (a.skewness, b.skewness)):
            assert x[0, 0] == pytest.approx(y[0, 0], rel=1e-9)


@pytest.mark.parametrize("size", [1e36, 1e39, 1e-36, 1e-40])
def test_powers_beyond_the_numbers_cost_the_shape_and_nothing_else(size):
    m = of_values(size * sample((1, 1, 64), seed=7))
    m = merge(m, m)
    assert not m.diverged.any()
    assert np.isfinite(m.mean_estimate().error[0, 0])
    assert np.isfinite(m.variance_estimate().value[0, 0])
    for statistic in ("skewness", "kurtosis"):
        assert np.isnan(estimate(m, statistic).error[0, 0])


def test_the_low_orders_do_not_depend_on_the_high_ones():
    a, b = (of_values(sample((2, 1, 40), seed=s)) for s in (8, 9))
    spoilt = [Moments(m.count, m.mean, m.central.copy()) for m in (a, b)]
    for m in spoilt:
        m.central[5:] = np.inf
    assert np.array_equal(merge(*spoilt).central[:5], merge(a, b).central[:5])
