"""What is known of an event's frequency, and when it is believed."""

import math

import numpy as np
import pytest
from scipy.stats import binom, binomtest, norm
from synthetic import drawn
from two_sides import N, judged, noise, sides_of

from nqmbench.comparisons import frequency
from nqmbench.moments import Moments, merge
from nqmbench.one_pass import PairedMoments
from nqmbench.verdicts import Frequency, Region, Verdict, decide

ROUNDING = 1e-12  # relative, of a formula with a few operations
TAIL = 1e-9  # relative, of a tail probability that an inverse beta function has to meet


@pytest.mark.parametrize("happened", [0, 1, 2, 17, 500, 998, 999, 1000])
@pytest.mark.parametrize("z", [0.5, 1.96, 3.0])  # beyond, 1 - level itself loses digits
def test_a_frequencys_interval_is_clopper_and_pearsons(happened, z):
    test = binomtest(happened, 1000).proportion_ci(1 - 2 * norm.sf(z), method="exact")
    assert Frequency.of(happened, 1000).interval(z) == pytest.approx(tuple(test), rel=ROUNDING)


@pytest.mark.parametrize("z", [4.818, 7.0])
@pytest.mark.parametrize("happened", [0, 3, 10_000])
def test_a_frequencys_ends_solve_their_equations(happened, z):
    # The promise itself: at the low end so many events or more have the probability of one tail.
    n = 10_000
    low, high = Frequency.of(happened, n).interval(z)
    if happened:
        assert binom.sf(happened - 1, n, low) == pytest.approx(norm.sf(z), rel=TAIL)
    else:
        assert low == 0
    if happened < n:
        assert binom.cdf(happened, n, high) == pytest.approx(norm.sf(z), rel=TAIL)
    else:
        assert high == 1


def test_a_frequency_needs_no_gate_and_keeps_a_doubt():
    rare = Frequency.of(1, 10**6)
    assert rare.trusted
    assert decide(rare, Region(0.5, math.inf), 4.8) is Verdict.REFUTED
    assert decide(Frequency.of(1, 10**6, "doubt"), Region(0.5, math.inf), 4.8) is None


def test_a_frequency_counts_how_often_the_smaller_side_is_smaller():
    x, y = noise(1), noise(2)
    sample = frequency(*sides_of(x, y), 0, "mixed")
    assert sample.estimate == (x < y).mean()
    assert (sample.count, sample.doubt, sample.deterministic) == (N, "", False)


@pytest.mark.parametrize(
    ("left", "right", "verdict"),
    [(1.0, 2.0, "CONFIRMED"), (2.0, 1.0, "REFUTED"), (1.0, 1.0, "REFUTED")],
)
@pytest.mark.parametrize("problem", [{"sigma": 0.0}, {"checkpoint": 0}])
def test_without_noise_one_trajectory_decides_an_event(left, right, verdict, problem):
    paired, smaller, larger = sides_of(left, right, **problem)
    sample = frequency(paired, smaller, larger, 0, "mixed")
    assert sample.deterministic
    assert sample.interval(5.0) == (sample.estimate, sample.estimate)
    record = judged(
        left, right, problem=problem, statistic="probability", at=problem.get("checkpoint", 1)
    )
    assert record.verdict == verdict


def test_a_trajectory_without_a_number_makes_an_event_diverged_and_has_no_interval():
    left = np.where(np.arange(N) == 3, np.nan, noise())
    record = judged(left, noise(2), statistic="probability")
    assert record.verdict is Verdict.DIVERGED
    assert all(map(math.isnan, record.sample.interval(4.8)))


def test_a_larger_side_beyond_all_bounds_is_still_larger():
    record = judged(noise(), math.inf, statistic="probability")
    assert (record.sample.estimate, record.verdict) == (1.0, Verdict.CONFIRMED)


@pytest.mark.parametrize(
    ("share", "margin", "verdict"),
    [
        (0.9, 0.0, "CONFIRMED"), (0.7, 0.0, "REFUTED"), (0.8, 0.0, None), (0.78, 0.1, "CONFIRMED"),
        (0.65, 0.1, "REFUTED"), (0.72, 0.1, None), (0.0, 0.0, "REFUTED"), (1.0, 0.0, "CONFIRMED"),
    ],
)  # fmt: skip
def test_a_probability_is_a_lower_bound_with_a_margin_relative_to_itself(share, margin, verdict):
    left = np.where(np.arange(N) < round(share * N), -1.0, 1.0)
    record = judged(left, 0.0, statistic="probability", probability=0.8, margin=margin)
    assert record.scale == 0.8
    assert record.target.low == pytest.approx(0.8 * (1 - margin), rel=ROUNDING)
    assert record.target.high == math.inf
    assert record.verdict == verdict


def test_counts_survive_merging():
    parts = [np.random.default_rng(s).random(1000) < 0.3 for s in range(50)]
    total: Moments | None = None
    for part in parts:
        total = drawn(part) if total is None else merge(total, drawn(part))
    sides = sides_of(noise(1), noise(2))
    sample = frequency(PairedMoments(sides[0].difference, total), *sides[1:], 0, "mixed")
    assert round(sample.estimate * sample.count) == sum(int(part.sum()) for part in parts)
