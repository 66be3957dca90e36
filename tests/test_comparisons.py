"""What is known of a paired difference, and when it is believed."""

import math
from collections import Counter

import numpy as np
import pytest
from synthetic import drawn, drawn_fast
from two_sides import N, experiment, judged, noise, sides_of

import nqmbench as nq
from nqmbench.comparisons import SideMoments, difference
from nqmbench.ledger import Ledger
from nqmbench.moments import of_constant
from nqmbench.one_pass import PairedMoments
from nqmbench.plan import make_plan
from nqmbench.verdicts import PRESETS, Region, Sample, Verdict, decide

pytestmark = pytest.mark.once

ROUNDING = 1e-9  # relative, of a sum of thousands of numbers
# The spread of 2,000 samples is off by 1.6 %, 6 of which have probability 1e-8, and by the next
# order of the formula, 3 %.
OF_A_SPREAD = 6 * 0.016 + 0.03
LARGER_BY_CHANCE = 1e-3  # relative: a mean of 4096 numbers 100 +- 1, 6 standard errors


def test_a_difference_has_the_spread_of_the_differences_and_the_size_of_the_sides():
    x = noise()
    left, right = (x + 0.1) ** 2, x**2
    sample = difference(*sides_of(left, right), 0, "mixed")
    assert sample.estimate == pytest.approx((left - right).mean(), rel=ROUNDING)
    assert sample.error == pytest.approx((left - right).std(ddof=1) / math.sqrt(N))
    assert sample.error < 0.2 * right.std() / math.sqrt(N)  # what pairing is for
    assert sample.rms == pytest.approx(max(np.sqrt((v**2).mean()) for v in (left, right)))
    assert (sample.count, sample.deterministic, sample.diverged, sample.doubt) == (
        N,
        False,
        False,
        "",
    )


@pytest.mark.parametrize("problem", [{"sigma": 0.0}, {"checkpoint": 0}])
def test_without_noise_on_either_side_a_difference_is_a_point(problem):
    sample = difference(*sides_of(2.0, 3.0, **problem), 0, "mixed")
    assert (sample.estimate, sample.error, sample.deterministic) == (-1.0, 0.0, True)
    assert sample.interval(5.0) == (-1.0, -1.0)


def test_a_random_start_is_noise_also_at_the_start():
    sample = difference(*sides_of(noise(1), noise(2), checkpoint=0, w0_std=1.0), 0, "mixed")
    assert not sample.deterministic


def test_methods_that_are_the_same_are_equal_and_never_larger():
    x = noise() ** 2
    for margin in (None, 0.0):
        record = judged(x, x, margin=margin)
        assert (record.sample.deterministic, record.sample.estimate) == (True, 0.0)
        assert record.verdict is Verdict.CONFIRMED


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("margin", [None, 0.0])
def test_methods_that_differ_by_rounding_are_not_told_apart(sign, margin):
    # SGD and momentum at their first step: the same number, computed in another order.
    x = noise() ** 2
    left = x * (1 + sign * 2.0**-52 * (np.arange(N) % 3))
    record = judged(left, x, margin=margin)
    assert record.sample.deterministic
    assert record.verdict is Verdict.CONFIRMED
    event = judged(left, x, statistic="probability", margin=margin)
    assert event.verdict is None
    assert event.sample.doubt == "only rounding tells the sides apart"


def test_what_is_rounding_in_single_precision_is_not_in_double():
    x = noise() ** 2
    left = x * (1 + 2.0**-24 * (np.arange(N) % 2))
    assert difference(*sides_of(left, x), 0, "f32").deterministic
    assert not difference(*sides_of(left, x), 0, "mixed").deterministic
    assert judged(left, x, "f32", statistic="probability").sample.doubt
    assert not judged(left, x, "mixed", statistic="probability").sample.doubt


def test_a_constant_difference_beyond_rounding_is_refuted():
    # The negative control of the two tests above: the noise cancels, the difference does not.
    x = 1000 + noise()
    for shift, verdict in ((1e-8, Verdict.REFUTED), (-1e-8, Verdict.CONFIRMED)):
        assert judged(x + shift, x, of="w[0]", margin=0.0).verdict is verdict


@pytest.mark.parametrize("bad", [math.nan, math.inf, 1e41])
@pytest.mark.parametrize("side", [0, 1])
def test_a_difference_is_diverged_where_a_side_is(bad, side):
    values = [noise(1) ** 2, noise(2) ** 2]
    values[side] = np.where(np.arange(N) == 7, bad, values[side]) if bad != 1e41 else bad
    assert judged(*values).verdict is Verdict.DIVERGED


def test_heavy_tails_put_a_difference_in_doubt_but_not_a_frequency():
    heavy = {"noise": ("student", 3)}
    x, y = noise(1) ** 2, noise(2) ** 2
    mean = judged(x, y + 100, problem=heavy)
    assert (mean.verdict, mean.sample.doubt) == (
        None, "heavy tails: the noise has no moment of order 4",
    )  # fmt: skip
    event = judged(x, y + 100, problem=heavy, statistic="probability")
    assert (event.verdict, event.sample.doubt) == (Verdict.CONFIRMED, "")


def test_a_skewed_difference_does_not_pass_the_gate():
    x = np.zeros(N)
    x[0] = 1e3
    record = judged(x, np.full(N, 50.0) + 1e-3 * noise())
    assert not record.sample.trusted
    assert record.verdict is None


def test_a_side_that_hides_its_tail_closes_the_gate_of_a_difference_that_looks_normal():
    """E exp(3 x) is 90 for a normal x, but 4,096 values show less than a tenth of its variance."""
    hidden, calm = 1e-3 * np.exp(3 * noise(1)) / math.exp(4.5), 1.0 + 0.1 * noise(2)
    paired, small, large = sides_of(hidden, calm)
    sample = difference(paired, small, large, 0, "mixed")
    alone = drawn(hidden - calm).mean_estimate()
    assert abs(float(alone.skewness[0, 0])) < 0.04 * math.sqrt(N)  # itself it would be believed
    assert not sample.trusted
    assert difference(*sides_of(0.5 + 0.1 * noise(3), calm), 0, "mixed").trusted


# -- scales and margins ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("off", "verdict"), [(-0.5, "CONFIRMED"), (0.5, "CONFIRMED"), (3.0, "REFUTED"), (1.0, None)]
)
def test_a_margin_is_relative_to_the_larger_side(off, verdict):
    larger = 100 + noise(1)
    record = judged(larger * (1 + 0.01 * off), larger)  # the margin of means at standard is 1 %
    assert record.scale == pytest.approx(100, rel=LARGER_BY_CHANCE)
    assert record.target == Region(-math.inf, 0.01 * record.scale)
    assert record.verdict == verdict


def test_a_strict_ordering_has_no_margin():
    larger = 100 + noise(1)
    assert judged(larger * 1.005, larger, margin=0.0).verdict is Verdict.REFUTED
    assert judged(larger * 0.995, larger, margin=0.0).verdict is Verdict.CONFIRMED
    assert judged(larger + 1e-2 * noise(2), larger, margin=0.0).verdict is None


def test_a_margin_that_is_itself_uncertain_decides_nothing():
    # The difference is known exactly, 1 % of the larger mean is not: the truth lies on the edge,
    # and the sample's own mean beside it by chance.
    larger = 1 + 0.5 * noise(1)
    for shift in (-1e-9, 1e-9):
        left = larger + 0.01 * larger.mean() + shift + 1e-6 * noise(2)
        assert judged(left, larger).verdict is None


@pytest.mark.parametrize("of", ["w[0]", "w3[0]"])
@pytest.mark.parametrize("mean", [0.0, -1.0, 1.0])
def test_a_signed_side_has_its_root_mean_square_as_scale(of, mean):
    x, y = np.random.default_rng(1).uniform(-1.7, 1.7, (2, N))  # the gate of x^2 is open
    larger = mean + x
    record = judged(larger + 1e-4 * y, larger, of=of)
    assert record.scale == pytest.approx(np.sqrt((larger**2).mean()))
    assert record.verdict is Verdict.CONFIRMED
    assert judged(larger + 0.1, larger, of=of).verdict is Verdict.REFUTED


@pytest.mark.parametrize("mean", [0.0, 2.0])
def test_the_standard_error_of_a_scale_is_that_of_many_samples(mean):
    random, repeats = np.random.default_rng(5), 2000
    values = mean + random.standard_exponential((repeats, 400)) - 1
    sides = [SideMoments.of(experiment("w[0]"), "w[0]", drawn(v)) for v in values]
    sizes, errors = np.transpose([(side.scale(0).value, side.scale(0).error) for side in sides])
    assert errors.mean() == pytest.approx(sizes.std(), rel=OF_A_SPREAD)
    squares = [SideMoments.of(experiment("error"), "error", drawn(v**2)) for v in values]
    sizes, errors = np.transpose([(side.scale(0).value, side.scale(0).error) for side in squares])
    assert errors.mean() == pytest.approx(sizes.std(), rel=OF_A_SPREAD)


def test_an_estimated_margin_keeps_the_level():
    """A difference that lies exactly at a margin of half the larger side, without noise of its own.

    All that is random is the size of the larger side, the square of a normal. Of 1,000 families of
    8,192 values, which is where the gate opens, a level of 0.0228 in either tail has 23 wrong ones;
    50 or more have probability 1e-6. The negative control is an interval of 1.5 standard errors.
    """
    random, families, z, true = np.random.default_rng(11), 1000, 2.0, 0.5
    wrong, plain = Counter(), 0
    for _ in range(families):
        larger = drawn_fast(random.standard_normal((1, 1, 8192)) ** 2)
        scale = SideMoments.of(experiment("error"), "error", larger).scale(0)
        sample = Sample(true, 1e-9, 0.0, 8192)
        low, high = scale.interval(z) if scale.trusted else (0.0, np.inf)
        wrong[decide(sample, Region(-np.inf, true * low), z, Region(-np.inf, true * high))] += 1
        plain += true > true * (scale.value + 1.5 * scale.error)
    assert wrong[Verdict.REFUTED] < 50
    assert wrong[Verdict.CONFIRMED] < 50
    assert plain >= 50  # 0.067 of 1,000 are 67


def test_a_margin_in_root_mean_squares_needs_their_moments():
    # The mean of w exists with its error, the mean of w^2 has none.
    heavy = nq.NoisyQuadratic(1.0, noise=("student", 2.5))
    a, b = (
        nq.Experiment(heavy, nq.sgd(lr), steps=20, checkpoints=[20], observables=["w[0]"])
        for lr in (0.1, 0.2)
    )
    for margin, doubted in ((0.5, True), (0.0, False)):
        suite = nq.Suite("demo")
        suite.ordering("o", smaller=a, larger=b, of="w[0]", margin=margin)
        ledger = Ledger(make_plan([suite], PRESETS["quick"]))
        (contrast,) = ledger.by_contrast
        x, y = (drawn(noise(seed)) for seed in (1, 2))
        paired = PairedMoments(drawn(noise(1) - noise(2)), drawn(1.0 * (noise(1) < noise(2))))
        sides = SideMoments(a, a.observed[0], x), SideMoments(b, b.observed[0], y)
        ledger.compare(contrast, paired, *sides, "mixed")
        (record,) = ledger.records
        assert (record.sample.doubt != "") is doubted
        assert not doubted or record.verdict is None


def test_a_side_without_spread_has_a_scale_without_error():
    for of in ("error", "w[0]"):
        still = SideMoments.of(experiment(of), of, of_constant(1, np.array([[3.0]])))
        scale = still.scale(0)
        assert (scale.value, scale.error, scale.trusted) == (3.0, 0.0, True)
        assert scale.interval(5.0) == pytest.approx((3.0, 3.0), rel=1e-15)


def test_a_larger_side_of_zero_leaves_no_margin():
    zero, x = np.zeros(N), np.abs(noise())
    assert judged(x, zero).verdict is Verdict.REFUTED
    assert judged(zero, zero).verdict is Verdict.CONFIRMED
    signed = judged(noise(), zero, of="w[0]")
    assert (signed.scale, signed.verdict) == (0.0, None)
