"""The random numbers: known answers, moments and distribution, independence, addresses."""

import numpy as np
import pytest
from kernels_by_hand import lanewise
from scipy.special import ndtr, stdtr

from nqmbench.kernels import (
    LAWS,
    digest,
    elementary,
    generator_state,
    generator_words,
    normals,
    start_normals,
)
from nqmbench.kernels.formats import F32, F64
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


FORMATS = {32: F32, 64: F64}


def many(law, blocks=8, count=8192, nu=NU, bits=32):
    """Return 2 million draws, shape (blocks, count, 32), or half as many of 64 bits."""
    drawn = [normals(law, nu, 2024, b, 0, count, bits) for b in range(blocks)]
    return np.stack(drawn).astype(float)


@pytest.mark.parametrize(
    ("bits", "expected"),
    [
        (32, [641, 1573767, 3222811527, 3517856514, 836907274, 4247214768, 3867114732]),
        (
            64,
            [
                41943041,
                58720359,
                3588806011781223,
                3591011842654386,
                9228616714210784205,
                9973669472204895162,
                14011001112246962877,
            ],
        ),
    ],
)
def test_xoshiro_plus_plus_gives_its_known_answers(bits, expected):
    # the authors' generators, 128 and 256 bits of state, from the state 1, 2, 3, 4
    assert generator_words((1, 2, 3, 4), 7, bits).tolist() == expected


def test_the_hash_is_that_of_splitmix64():
    golden = 0x9E3779B97F4A7C15
    found = [int(mix(np.uint64((1234567 + i * golden) % 2**64))) for i in (1, 2, 3)]
    assert found == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_the_first_draws_are_what_they_have_always_been():
    # a change here changes every result ever stored
    assert digest(10_000) == "b716de10a498db74"
    first = normals("gaussian", 0.0, seed=0, block=0, coordinate=0, count=1, bits=64)[0]
    assert first[[0, 8]].tolist() == [1.005319562324444, -0.9503618227186453]


@pytest.mark.parametrize("bits", FORMATS)
def test_no_two_addresses_share_a_state(bits):
    # by chance with probability 1e-29
    addresses = [
        (seed, tag, block, coordinate)
        for seed in (0, 1, 2**32, 2**64 - 1)
        for tag in (*LAWS.values(), 64)
        for block in (0, 1, 2, 2**32, 2**63 - 1)
        for coordinate in (0, 1, 9_999)
    ]
    states = np.concatenate([generator_state(*a, bits).T for a in addresses])
    assert len(np.unique(states, axis=0)) == len(addresses) * FORMATS[bits].lanes
    assert len(np.unique(states)) > 0.999 * states.size  # nor do lanes share single words
    assert not (states == 0).all(axis=1).any()


def normal_by_formula(words_first, words_second, form):
    """Return R cos a and R sin a in double precision, of a U that is rounded to the format."""
    u = ((words_first & form.low) | form.word(1)).astype(form.real).astype(float) / float(form.one)
    negative = words_first >> form.word(form.bits - 1)
    radius = np.sqrt(-2.0 * np.log(u)) * np.where(negative, -1.0, 1.0)
    angle = 0.5 * np.pi * words_second.astype(f"i{form.bits // 8}").astype(float) / float(form.one)
    return radius * np.cos(angle), radius * np.sin(angle)


NORMAL_ERROR = {32: (2e-7, 2e-6), 64: (1e-15, 1e-14)}  # root mean square, and largest


@pytest.mark.parametrize("bits", FORMATS)
def test_normals_are_those_of_the_formula_to_the_precision_of_the_format(bits):
    count, form = 20_000, FORMATS[bits]
    half = form.lanes // 2
    drawn = normals("gaussian", 0.0, 5, 0, 0, count, bits).astype(float)
    state = generator_state(5, LAWS["gaussian"], 0, 0, bits)
    errors = []
    for lane in range(4):
        words = (generator_words(tuple(state[:, i]), count, bits) for i in (lane, lane + half))
        cosine, sine = normal_by_formula(*words, form)
        errors += [drawn[:, lane] - cosine, drawn[:, lane + half] - sine]
    error = np.concatenate(errors)
    typical, largest = NORMAL_ERROR[bits]
    assert np.sqrt(np.mean(error**2)) < typical
    assert np.abs(error).max() < largest


@pytest.mark.parametrize("bits", FORMATS)
def test_starts_are_the_normals_of_a_stream_of_their_own(bits):
    starts = start_normals(5, 3, 1, bits)
    assert starts.shape == (FORMATS[bits].lanes,)
    assert not np.isin(starts, normals("gaussian", 0.0, 5, 3, 1, 100, bits)).any()
    many_starts = np.concatenate([start_normals(5, b, 1, bits) for b in range(1000)])
    # two comparisons at 5 standard errors: false alarm 1e-6
    assert abs(many_starts.mean()) * np.sqrt(many_starts.size) < 5.0
    assert abs(many_starts.var() - 1.0) * np.sqrt(many_starts.size / 2) < 5.0


FUNCTION_ERROR = {32: 4e-7, 64: 1e-15}  # relative, of the logarithm and the exponential


@pytest.mark.parametrize("bits", FORMATS)
def test_the_logarithm_of_one_is_exactly_zero_and_others_are_exact_to_rounding(bits):
    form = FORMATS[bits]

    def minus_two_log(u):
        x = np.array(u) * float(form.one)
        found = lanewise(elementary.surprisal)(x.astype(form.real)).astype(float)
        return found * elementary.unit(form)

    assert minus_two_log([1.0])[0] == 0.0
    before_one = 1.0 - 2.0 ** -(form.mantissa + 1)
    u = [before_one, 0.99, 0.5, 2.0**-0.5, 0.1, 2.0**-31, 2.0**-62]
    expected = -2.0 * np.log(np.array(u, dtype=form.real).astype(float))
    assert minus_two_log(u) == pytest.approx(expected, rel=FUNCTION_ERROR[bits])


@pytest.mark.parametrize("bits", FORMATS)
def test_the_exponential_keeps_its_relative_accuracy(bits):
    y = [1e-30, 1e-6, 0.01, 0.34, 0.35, 1.0, 7.7, 43.0, 80.0]
    y = np.array(y, dtype=FORMATS[bits].real)
    found = lanewise(elementary.exp_minus_one)(y)
    assert found == pytest.approx(np.expm1(y.astype(float)), rel=FUNCTION_ERROR[bits])
    assert lanewise(elementary.exp_minus_one)(0.0 * y)[0] == 0.0


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


@pytest.mark.parametrize("bits", FORMATS)
@pytest.mark.parametrize("law", FOURTH_CUMULANT)
def test_every_law_has_mean_0_variance_1_and_its_kurtosis(law, bits):
    # 36 comparisons at 5 standard errors: false alarm 2e-5 over all laws
    x = many(law, bits=bits).ravel()
    assert deviations(x, law).max() < 5.0
    # planted mistakes of one per cent are refuted
    assert deviations(x * 1.01, law).max() > 5.0
    assert deviations(x + 0.01, law).max() > 5.0


@pytest.mark.parametrize("bits", FORMATS)
@pytest.mark.parametrize("law", FOURTH_CUMULANT)
def test_lanes_steps_and_blocks_are_uncorrelated(law, bits):
    # 2 x 6 laws x 4 correlations at 5 standard errors: false alarm 2.8e-5
    x, half = many(law, bits=bits), FORMATS[bits].lanes // 2
    pairs = [
        (x[..., :half], x[..., half:]),  # the two halves of a Box-Muller pair
        (x[..., :-1], x[..., 1:]),
        (x[:, :-1], x[:, 1:]),
        (x[:-1], x[1:]),
    ]
    for a, b in pairs:
        assert abs(np.mean(a * b)) * np.sqrt(a.size) < 5.0
    a, b = pairs[0]
    assert abs(np.mean(a * (b + 0.01 * a))) * np.sqrt(a.size) > 5.0


@pytest.mark.parametrize("bits", FORMATS)
def test_squares_of_a_box_muller_pair_are_uncorrelated(bits):
    # cosine and sine share a radius: only the right distribution of the radius hides it.
    # Two comparisons at 5 standard errors: false alarm 1.2e-6.
    x, half = many("gaussian", bits=bits) ** 2 - 1.0, FORMATS[bits].lanes // 2
    assert abs(np.mean(x[..., :half] * x[..., half:])) * np.sqrt(x.size / 2) / 2.0 < 5.0


@pytest.mark.parametrize("bits", FORMATS)
def test_normals_pass_kolmogorov_smirnov_and_have_their_tails(bits):
    # twice: false alarm 1e-5 for the distance, 6e-7 for each of four tails
    x = np.sort(many("gaussian", bits=bits).ravel())
    n = x.size
    steps = np.arange(n + 1) / n
    distance = max(np.abs(ndtr(x) - steps[1:]).max(), np.abs(ndtr(x) - steps[:-1]).max())
    assert distance * np.sqrt(n) < 2.47
    wrong = ndtr(x * 1.01)
    assert np.abs(wrong - steps[1:]).max() * np.sqrt(n) > 2.47
    for bound in (2.0, 3.0, 4.0, 4.5):
        expected = 2.0 * n * ndtr(-bound)
        assert abs(np.sum(np.abs(x) > bound) - expected) < 5.0 * np.sqrt(expected)


@pytest.mark.parametrize("bits", FORMATS)
def test_student_has_heavy_tails_and_no_infinities(bits):
    # P(|T| > 10) of the standardised law at nu = 3: two comparisons, false alarm 1.2e-6
    x = many("student", nu=3.0, bits=bits).ravel()
    expected = 2.0 * x.size * stdtr(3.0, -10.0 * np.sqrt(3.0))
    assert abs(np.sum(np.abs(x) > 10.0) - expected) < 5.0 * np.sqrt(expected)
    assert np.isfinite(x).all()
