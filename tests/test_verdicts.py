"""The table of verdicts: intervals, regions, gate, looks, levels."""

import itertools
import math

import mpmath
import numpy as np
import pytest
from scipy.stats import norm

from nqmbench.verdicts import (
    ALPHA,
    GATE,
    LOOKS,
    PRESETS,
    Region,
    Sample,
    Verdict,
    combine,
    critical_value,
    decide,
    hall_interval,
    look_sizes,
    region,
)

ROUNDING = 1e-12  # relative, of a formula with a few operations
VANISHING = 1e-6  # what a skewness of 1e-8 standard errors may change
N = 10**6


def high_precision_t(z, k):
    with mpmath.workdps(50):
        z, k = mpmath.mpf(z), mpmath.mpf(k)
        inner = 1 + k * (z - k / 6)
        root = mpmath.sign(inner) * mpmath.cbrt(abs(inner))
        return 3 / k * (root - 1)


@pytest.mark.parametrize("z", [0.5, 2.0, 4.818, 7.0])
@pytest.mark.parametrize("skewness", [-40.0, -3.0, -1e-3, 1e-3, 3.0, 40.0])
def test_halls_interval_agrees_with_fifty_digits(z, skewness):
    low, high = hall_interval(2.0, 0.1, skewness, N, z)
    k = skewness / math.sqrt(N)
    assert low == pytest.approx(float(2 - 0.1 * high_precision_t(z, k)), rel=ROUNDING)
    assert high == pytest.approx(float(2 - 0.1 * high_precision_t(-z, k)), rel=ROUNDING)


def test_halls_interval_takes_the_real_root_of_a_negative_number():
    # 1 + k (z - k/6) = -0.5 - 1/24 for k = 0.5, z = -3: a fractional power would give NaN
    low, high = hall_interval(0.0, 1.0, 0.5, 1, 3.0)
    assert high == pytest.approx(float(-high_precision_t(-3, 0.5)), rel=ROUNDING)
    assert low < 0 < high


@pytest.mark.parametrize("k", [1e-10, -1e-10, 0.0, 1e-8, -1e-8])
def test_without_skewness_the_interval_is_the_normal_one(k):
    interval = hall_interval(5.0, 2.0, k * math.sqrt(N), N, 3.0)
    assert interval == pytest.approx((-1.0, 11.0), rel=VANISHING)


def test_the_interval_leans_to_the_side_of_the_long_tail():
    low, high = hall_interval(0.0, 1.0, 20.0, N, 4.0)
    assert high > 4.0
    assert -4.0 < low < 0
    mirrored = hall_interval(0.0, 1.0, -20.0, N, 4.0)
    assert mirrored == pytest.approx((-high, -low), rel=ROUNDING)


def test_halls_interval_repairs_the_one_sided_errors_of_the_t_interval():
    # Means of 400 exponential values, 40,000 times: each tail should miss in 0.5 % of them. The
    # bound allows 10 % more (Hall's next order) and 5 binomial standard errors: false-alarm rate
    # below 1e-6 for the two tails.
    random, n, repeats, z = np.random.default_rng(1), 400, 40_000, float(norm.ppf(0.995))
    hall, plain = np.zeros(2), np.zeros(2)
    for _ in range(10):
        x = random.exponential(size=(repeats // 10, n))
        mean, spread = x.mean(axis=1), x.std(axis=1)
        skew = ((x - mean[:, None]) ** 3).mean(axis=1) / spread**3
        error = spread / math.sqrt(n - 1)
        for m, s, g in zip(mean, error, skew, strict=True):
            low, high = hall_interval(m, s, g, n, z)
            hall += low > 1, high < 1
        plain += (mean - z * error > 1).sum(), (mean + z * error < 1).sum()
    allowed = 1.1 * 0.005 * repeats + 5 * math.sqrt(0.005 * repeats)
    assert (hall < allowed).all()
    assert plain[1] > allowed  # the negative control: the plain interval misses too often


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [
        ("equality", 9.0, 11.0),
        ("approximation", 9.0, 11.0),
        ("upper bound", -math.inf, 11.0),
        ("lower bound", 9.0, math.inf),
    ],
)
def test_regions_of_every_kind(kind, low, high):
    assert region(kind, 10.0, 20.0, 0.05) == Region(low, high)
    assert region(kind, 10.0, 20.0, 0.0).widened(1.0) == Region(low, high)


@pytest.mark.parametrize("claimed", [math.inf, -math.inf])
def test_an_infinite_claim_has_no_margin(claimed):
    assert region("equality", claimed, math.inf, 0.01) == Region(claimed, claimed)
    assert region("upper bound", claimed, math.inf, 0.01) == Region(-math.inf, claimed)
    assert region("lower bound", claimed, math.inf, 0.01) == Region(claimed, math.inf)


SURE = Sample(1.0, 1e-4, 2.0, N)  # interval about 1 -+ 5e-4 at z = 4.8


@pytest.mark.parametrize(
    ("target", "verdict"),
    [
        (Region(0.99, 1.01), Verdict.CONFIRMED),
        (Region(-math.inf, 1.01), Verdict.CONFIRMED),
        (Region(0.99, math.inf), Verdict.CONFIRMED),
        (Region(-math.inf, math.inf), Verdict.CONFIRMED),
        (Region(1.01, 1.02), Verdict.REFUTED),
        (Region(-math.inf, 0.99), Verdict.REFUTED),
        (Region(math.inf, math.inf), Verdict.REFUTED),
        (Region(-math.inf, -math.inf), Verdict.REFUTED),
        (Region(1.0, 1.01), None),
        (Region(-math.inf, 1.0001), None),
        (Region(1.0, 1.0), None),
    ],
)
def test_inside_confirms_outside_refutes_across_goes_on(target, verdict):
    assert decide(SURE, target, z=4.8) is verdict


def test_the_edges_belong_to_the_region():
    low, high = SURE.interval(4.8)
    assert decide(SURE, Region(low, high), 4.8) is Verdict.CONFIRMED
    assert decide(SURE, Region(high, 2.0), 4.8) is None


@pytest.mark.parametrize(
    ("skewness", "error"),
    [
        (1.001 * GATE * 1000, 1e-9), (-1.001 * GATE * 1000, 1e-9),
        (math.inf, 1e-9), (math.nan, 1e-9), (0.0, math.inf), (0.0, math.nan),
    ],
)  # fmt: skip
@pytest.mark.parametrize("target", [Region(0.9, 1.1), Region(5.0, 6.0)])
def test_the_gate_lets_nothing_skewed_or_infinite_through(skewness, error, target):
    sample = Sample(1.0, error, skewness, N)
    assert not sample.trusted
    assert decide(sample, target, 4.8) is None


def test_the_gate_is_open_up_to_its_limit():
    sample = Sample(1.0, 1e-9, GATE * 1000, N)
    assert sample.trusted
    assert decide(sample, Region(0.9, 1.1), 4.8) is Verdict.CONFIRMED


def test_a_deterministic_cell_is_a_point_and_needs_no_gate():
    sample = Sample(1.0, math.nan, math.nan, 1, deterministic=True)
    assert sample.interval(4.8) == (1.0, 1.0)
    assert decide(sample, Region(1.0, 1.0), 4.8) is Verdict.CONFIRMED
    assert decide(sample, Region(1.0 + 1e-9, 2.0), 4.8) is Verdict.REFUTED


def test_a_diverged_cell_is_diverged_whatever_is_claimed():
    sample = Sample(math.inf, 0.0, 0.0, N, deterministic=True, diverged=True)
    for target in (Region(0.0, 1.0), Region(math.inf, math.inf), Region(-math.inf, math.inf)):
        assert decide(sample, target, 4.8) is Verdict.DIVERGED


def test_the_critical_value_splits_the_level_over_cells_and_looks():
    assert round(critical_value(720), 3) == 4.818
    for m in (1, 17, 720, 10**6):
        z = critical_value(m)
        assert 2 * m * LOOKS * norm.sf(z) == pytest.approx(ALPHA, rel=1e-9)
    assert critical_value(0) == critical_value(1)
    assert critical_value(720, alpha=1e-6) > critical_value(720)
    assert critical_value(1, alpha=0.05, looks=1) == pytest.approx(1.959964, abs=1e-6)


@pytest.mark.parametrize(
    ("d", "steps", "n0"),
    [
        (1, 1, 2**16),
        (2, 1000, 2**16),
        (10**4, 1000, 2**13),
        (10**4, 10**5, 2**10),
        (10**9, 10**9, 2**10),
    ],
)
def test_there_are_48_looks_that_double_every_second_time(d, steps, n0):
    sizes = list(look_sizes(d, steps))
    assert len(sizes) == LOOKS == 48
    assert sizes[0::2] == [n0 * 2**j for j in range(24)]
    assert sizes[1::2] == [3 * n0 * 2**j // 2 for j in range(24)]
    assert all(a < b for a, b in itertools.pairwise(sizes))
    assert all(n % 32 == 0 for n in sizes)  # a look begins with a block of 32 trajectories
    assert n0 == 2**10 or n0 * d * steps <= 2**37


def test_the_presets_sharpen_the_margins_and_raise_the_budget():
    quick, standard, strict = (PRESETS[name] for name in ("quick", "standard", "strict"))
    assert (quick.margin("mean"), quick.margin("variance"), quick.trials) == (0.05, 0.20, 2**20)
    assert (standard.margin("mean"), standard.margin("variance")) == (0.01, 0.05)
    for preset in (quick, standard, strict):
        assert preset.margin("skewness") == preset.margin("kurtosis") == preset.variance
    assert (standard.trials, strict.trials) == (2**26, 2**33)
    assert (strict.margin("mean"), strict.margin("variance")) == (0.001, 0.005)
    assert quick.work < standard.work < strict.work


def test_the_whole_is_as_grave_as_its_gravest_part():
    gravest_first = [
        Verdict.ERROR, Verdict.INCONSISTENT, Verdict.REFUTED,
        Verdict.DIVERGED, Verdict.INCONCLUSIVE, Verdict.CONFIRMED,
    ]  # fmt: skip
    for a, b in itertools.combinations_with_replacement(gravest_first, 2):
        assert combine([a, b]) is combine([b, a]) is a
    assert combine(gravest_first[::-1]) is Verdict.ERROR
