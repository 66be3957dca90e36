"""The random numbers: known answers, and the formulas that they follow.

Their distribution and independence are the matter of tests/statistical.
"""

import numpy as np
import pytest
from kernels_by_hand import intermittent, lanewise, top_bits

from nqmbench.kernels import (
    KNOWN_DIGESTS,
    LAWS,
    digest,
    elementary,
    generator_state,
    generator_words,
    normals,
    start_normals,
)
from nqmbench.kernels.formats import F32, F64
from nqmbench.kernels.laws import COMMON, START_TAG
from nqmbench.kernels.random import mix

pytestmark = pytest.mark.needs_compiler

FORMATS = {32: F32, 64: F64}


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
    assert {bits: digest(bits=bits) for bits in (32, 64)} == KNOWN_DIGESTS
    first = normals("gaussian", 0.0, seed=0, block=0, coordinate=0, count=1, bits=64)[0]
    assert first[[0, 8]].tolist() == [1.005319562324444, -0.9503618227186453]


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
    form = FORMATS[bits]
    starts = start_normals(5, 3, 1, bits)
    state = generator_state(5, START_TAG, 3, 1, bits)
    words = np.stack([generator_words(tuple(lane), 1, bits)[0] for lane in state.T])
    expected = np.concatenate(normal_by_formula(*np.split(words, 2), form))
    assert starts.shape == expected.shape == (form.lanes,)
    assert np.abs(starts - expected).max() < NORMAL_ERROR[bits][1]
    assert not np.isin(starts, normals("gaussian", 0.0, 5, 3, 1, 100, bits)).any()


@pytest.mark.parametrize("bits", FORMATS)
def test_intermittent_noise_is_a_sign_of_its_own_times_a_factor_of_the_common_stream(bits):
    hits = top_bits(5, 3, COMMON, 300, bits)
    assert 0.4 < hits.mean() < 0.6
    for coordinate in (0, 1, 2**40):
        drawn = normals("intermittent", 0.0, 5, 3, coordinate, 300, bits)
        assert np.array_equal(drawn, intermittent(5, 3, coordinate, 300, bits))
        assert np.array_equal(drawn != 0, hits == 1)
    other = normals("intermittent", 0.0, 5, 4, 0, 300, bits)
    assert not np.array_equal(other != 0, hits == 1)


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
