"""The random numbers: known answers, moments and distribution, independence, addresses."""

import numpy as np
import pytest
from scipy.special import ndtr

from nqmbench.kernels import (
    LAWS,
    digest,
    elementary,
    fit,
    generator_state,
    generator_words,
    normals,
)
from nqmbench.kernels.elementary import exp_minus_one
from nqmbench.kernels.random import mix

pytestmark = pytest.mark.needs_compiler

NU = 20.0  # the fourth moment's standard error needs the eighth
FOURTH_CUMULANT = {
    "gaussian": 0.0,
    "uniform": -6 / 5,
    "rademacher": -2.0,
    "laplace": 3.0,
    "exponential": 6.0,
    "student": 6 / (NU - 4),
}


def many(law, blocks=8, count=8192, nu=NU):
    """Return 2 million draws, shape (blocks, count, 32)."""
    return np.stack([normals(law, nu, 2024, b, 0, count) for b in range(blocks)]).astype(float)


def test_xoshiro128_plus_plus_gives_its_known_answers():
    # the authors' generator from the state 1, 2, 3, 4
    expected = [641, 1573767, 3222811527, 3517856514, 836907274, 4247214768, 3867114732]
    assert generator_words((1, 2, 3, 4), 7).tolist() == expected


def test_the_hash_is_that_of_splitmix64():
    golden = 0x9E3779B97F4A7C15
    found = [int(mix(np.uint64((1234567 + i * golden) % 2**64))) for i in (1, 2, 3)]
    assert found == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_the_first_draws_are_what_they_have_always_been():
    # a change here changes every result ever stored
    assert digest(10_000) == "fa4e4b48f037d261"


def test_no_two_addresses_share_a_state():
    # by chance with probability 1e-29
    addresses = [
        (seed, tag, block, coordinate)
        for seed in (0, 1, 2**32, 2**64 - 1)
        for tag in (*LAWS.values(), 64)
        for block in (0, 1, 2, 2**32, 2**63 - 1)
        for coordinate in (0, 1, 9_999)
    ]
    states = np.concatenate([generator_state(*a).T for a in addresses])
    assert len(np.unique(states, axis=0)) == len(addresses) * 32
    assert not (states == 0).all(axis=1).any()


def normal_by_formula(words_first, words_second):
    """Return R cos a and R sin a in double precision, of a U that is rounded to 24 bits."""
    u = ((words_first & 0x7FFFFFFF) | 1).astype(np.float32).astype(float) / 2**31
    radius = np.sqrt(-2.0 * np.log(u)) * np.where(words_first >> 31, -1.0, 1.0)
    angle = 0.5 * np.pi * words_second.astype(np.int32).astype(float) / 2**31
    return radius * np.cos(angle), radius * np.sin(angle)


def test_normals_are_those_of_the_formula_to_single_precision():
    count = 20_000
    drawn = normals("gaussian", 0.0, 5, 0, 0, count).astype(float)
    state = generator_state(5, LAWS["gaussian"], 0, 0)
    errors = []
    for lane in range(4):
        first, second = (generator_words(tuple(state[:, i]), count) for i in (lane, lane + 16))
        cosine, sine = normal_by_formula(first, second)
        errors += [drawn[:, lane] - cosine, drawn[:, lane + 16] - sine]
    error = np.concatenate(errors)
    assert np.sqrt(np.mean(error**2)) < 2e-7
    assert np.abs(error).max() < 2e-6


def test_the_logarithm_of_one_is_exactly_zero():
    def minus_two_log(u):
        return elementary.surprisal(np.float32(2.0**31 * u)) * elementary.UNIT

    assert minus_two_log(1.0) == 0.0
    assert minus_two_log(1.0 - 2.0**-24) == pytest.approx(2.0**-23, rel=3e-7)
    for u in (0.99, 0.5, 2.0**-0.5, 0.1, 2.0**-31, 2.0**-62):
        assert minus_two_log(u) == pytest.approx(-2.0 * np.log(np.float32(u)), rel=4e-7)


def test_the_exponential_keeps_its_relative_accuracy():
    for y in (1e-30, 1e-6, 0.01, 0.34, 0.35, 1.0, 7.7, 43.0):
        y = np.float32(y)
        assert exp_minus_one(y) == pytest.approx(np.expm1(float(y)), rel=4e-7)
    assert exp_minus_one(np.float32(0.0)) == 0.0


def test_the_tables_have_the_stated_errors_and_the_fit_reproduces_them():
    tables = (elementary.LOG, elementary.SINE, elementary.COSINE, elementary.EXP)
    errors = fit.measured_errors(*(np.array(t, dtype=float) for t in tables))
    stated = {"log": 2.7e-7, "sine": 1.8e-7, "cosine": 1.8e-7, "exp": 1.5e-7}
    assert {name for name, (largest, _) in errors.items() if largest < stated[name]} == set(stated)
    assert np.allclose(fit.fit_sine(5), elementary.SINE, rtol=1e-9, atol=0.0)


def deviations(x, law):
    """Return the errors of mean, variance and fourth cumulant in standard errors."""
    fourth = FOURTH_CUMULANT[law] + 3.0
    powers = {1: (x, 0.0), 2: (x**2, 1.0), 4: (x**4, fourth)}
    out = []
    for power, expected in powers.values():
        # where a power is constant (Rademacher) the error itself must vanish
        spread = max(power.std() / np.sqrt(power.size), 1e-9)
        out.append((power.mean() - expected) / spread)
    return np.abs(out)


@pytest.mark.parametrize("law", FOURTH_CUMULANT)
def test_every_law_has_mean_0_variance_1_and_its_kurtosis(law):
    # 18 comparisons at 5 standard errors: false alarm 1e-5 over all laws
    x = many(law).ravel()
    assert deviations(x, law).max() < 5.0
    # planted mistakes of one per cent are refuted
    assert deviations(x * 1.01, law).max() > 5.0
    assert deviations(x + 0.01, law).max() > 5.0


@pytest.mark.parametrize("law", FOURTH_CUMULANT)
def test_lanes_steps_and_blocks_are_uncorrelated(law):
    # 6 laws x 4 correlations at 5 standard errors: false alarm 1.4e-5
    x = many(law)
    pairs = [
        (x[..., :16], x[..., 16:]),  # the two halves of a Box-Muller pair
        (x[..., :-1], x[..., 1:]),
        (x[:, :-1], x[:, 1:]),
        (x[:-1], x[1:]),
    ]
    for a, b in pairs:
        assert abs(np.mean(a * b)) * np.sqrt(a.size) < 5.0
    a, b = pairs[0]
    assert abs(np.mean(a * (b + 0.01 * a))) * np.sqrt(a.size) > 5.0


def test_squares_of_a_box_muller_pair_are_uncorrelated():
    # cosine and sine share a radius: only the right distribution of the radius hides it.
    # One comparison at 5 standard errors: false alarm 6e-7.
    x = many("gaussian") ** 2 - 1.0
    assert abs(np.mean(x[..., :16] * x[..., 16:])) * np.sqrt(x.size / 2) / 2.0 < 5.0


def test_normals_pass_kolmogorov_smirnov_and_have_their_tails():
    # false alarm 1e-5 for the distance, 6e-7 for each of four tails
    x = np.sort(many("gaussian").ravel())
    n = x.size
    steps = np.arange(n + 1) / n
    distance = max(np.abs(ndtr(x) - steps[1:]).max(), np.abs(ndtr(x) - steps[:-1]).max())
    assert distance * np.sqrt(n) < 2.47
    wrong = ndtr(x * 1.01)
    assert np.abs(wrong - steps[1:]).max() * np.sqrt(n) > 2.47
    for bound in (2.0, 3.0, 4.0, 4.5):
        expected = 2.0 * n * ndtr(-bound)
        assert abs(np.sum(np.abs(x) > bound) - expected) < 5.0 * np.sqrt(expected)


def test_student_has_heavy_tails_and_no_infinities():
    # P(|T| > 10) of the standardised law at nu = 3: one comparison, false alarm 6e-7
    from scipy.special import stdtr

    x = many("student", nu=3.0).ravel()
    expected = 2.0 * x.size * stdtr(3.0, -10.0 * np.sqrt(3.0))
    assert abs(np.sum(np.abs(x) > 10.0) - expected) < 5.0 * np.sqrt(expected)
    assert np.isfinite(x).all()
