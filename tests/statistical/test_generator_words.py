"""Keys and raw words: addresses never share a state, and every bit of a word is a fair coin.

The states are hashes; their tests are exact counts and say how probable a coincidence is.
"""

import itertools
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judging import by_chi_square, by_normal, by_squares, failures, table

from nqmbench.kernels import LAWS, generator_state, generator_words
from nqmbench.kernels.formats import F32, F64
from nqmbench.kernels.laws import COMMON, START_TAG

pytestmark = pytest.mark.needs_compiler

FORMATS = {form.bits: form.lanes for form in (F32, F64)}
SEED = 2026
WORDS = 10_000_000
LONGEST = 16  # runs of this length and longer are counted together

TAGS = (*LAWS.values(), START_TAG)
whole = st.integers(0, 2**64 - 1)
addresses = st.tuples(whole, st.sampled_from(TAGS), whole, whole)


def halves(address, bits):
    """Return the first and the second 64 bits (or more) of every lane's state, shape (k, lanes)."""
    state = generator_state(*address, bits).astype(np.uint64)
    if bits == 64:
        return state
    return state[::2] | state[1::2] << np.uint64(32)


@pytest.mark.parametrize("bits", FORMATS)
def test_the_states_of_a_million_neighbouring_addresses_are_distinct(bits):
    # Each 64 bits of the states alone: by chance 2^40 / 2 / 2^64 = 3e-8 for each of six.
    lanes = FORMATS[bits]
    seeds, coordinates = (0, 1, 2, 3, 2**32, 2**64 - 1), (0, 1, 2, 9_999, 2**32, COMMON)
    per_key = 2**20 // lanes // (len(seeds) * len(coordinates) * len(TAGS)) + 1
    blocks = [*range(per_key - 3), 2**31, 2**32, 2**63 - 1]
    table_of_addresses = list(itertools.product(seeds, TAGS, blocks, coordinates))
    states = np.concatenate([halves(a, bits) for a in table_of_addresses], axis=1)
    assert states.shape[1] > 1_000_000
    for words in states:
        assert np.diff(np.sort(words)).all()


@pytest.mark.parametrize("bits", FORMATS)
@settings(derandomize=True, max_examples=200, deadline=None)
@given(addresses, addresses)
def test_two_addresses_share_no_word_of_state(bits, first, second):
    # the generator never starts from the all-zero state, which it cannot leave
    a, b = halves(first, bits), halves(second, bits)
    assert a.all()
    if first != second:
        assert not np.intersect1d(a, b).size


@pytest.mark.parametrize("bits", FORMATS)
@settings(derandomize=True, max_examples=200, deadline=None)
@given(addresses, st.sampled_from((0, 2, 3)), st.integers(0, 63))
def test_one_bit_of_an_address_changes_half_of_the_state(bits, address, place, bit):
    # A binomial of 128 x 32 or 256 x 16 fair bits, within 7 standard deviations: 400 comparisons,
    # false alarm 1e-9.
    other = list(address)
    other[place] ^= 1 << bit
    changed = generator_state(*address, bits) ^ generator_state(*other, bits)
    total = changed.size * bits
    assert abs(int(np.bitwise_count(changed).sum()) - total / 2) < 7.0 * np.sqrt(total) / 2


def drawn_words(bits):
    """Return 1e7 words, one row per lane."""
    lanes = FORMATS[bits]
    states = generator_state(SEED, LAWS["gaussian"], 0, 0, bits)
    return np.stack(
        [generator_words(tuple(states[:, lane]), WORDS // lanes, bits) for lane in range(lanes)]
    )


def octet_counts(words):
    """Return how often each octet occurs at each place of a word, shape (places, 256)."""
    octets = words.reshape(-1, 1).view(np.uint8)
    return np.array([np.bincount(column, minlength=256) for column in octets.T])


def bit_deviations(words):
    """Return for every bit position the excess of ones in standard errors, lowest bit first."""
    little = words if sys.byteorder == "little" else words.byteswap()
    bits_of = np.arange(256)[:, None] >> np.arange(8) & 1
    ones = (octet_counts(little) @ bits_of).reshape(-1)
    return (ones - words.size / 2) / np.sqrt(words.size / 4)


def run_lengths(row_of_bits):
    """Return how long the complete runs of equal bits are, the first and the last left out."""
    return np.diff(np.flatnonzero(np.diff(row_of_bits)))


def runs_check(name, bits_by_lane):
    """Compare the lengths of runs with 2^-length."""
    lengths = np.concatenate([run_lengths(row) for row in bits_by_lane])
    seen = np.bincount(np.minimum(lengths, LONGEST), minlength=LONGEST + 1)[1:]
    expected = lengths.size * 0.5 ** np.minimum(np.arange(1, LONGEST + 1), LONGEST - 1)
    return by_chi_square(name, np.sum((seen - expected) ** 2 / expected), LONGEST - 1)


def word_checks(words):
    """Return the checks of raw words, shape (lanes, count)."""
    size = words.dtype.itemsize * 8
    pairs = {
        "bits": words,
        "next lane": words[:-1] ^ words[1:],
        "half the lanes apart": words[: len(words) // 2] ^ words[len(words) // 2 :],
        "next step (number of runs)": words[:, :-1] ^ words[:, 1:],
        "next bit": (words ^ (words >> words.dtype.type(1)))
        & words.dtype.type(2 ** (size - 1) - 1),
    }
    for name, w in pairs.items():
        deviations = bit_deviations(w)[: size - (name == "next bit")]
        worst = np.argmax(np.abs(deviations))
        yield by_squares(name, deviations)
        # one row for each position would be as strict: the largest counts as that many checks
        check = by_normal(f"{name}, worst", deviations[worst], 0.0, 1.0)
        yield check._replace(p=min(1.0, check.p * deviations.size))
    for place in (0, 1, size // 2, size - 1):
        one = words.dtype.type(1)
        rows = ((words >> words.dtype.type(place)) & one).astype(np.int8)
        yield runs_check(f"runs of bit {place}", rows)
    expected = words.size / 256
    octets = np.sum((octet_counts(words) - expected) ** 2) / expected
    yield by_chi_square("octets", octets, 255 * words.dtype.itemsize)


@pytest.mark.parametrize("bits", FORMATS)
def test_every_bit_of_a_word_is_a_fair_coin(bits):
    checks = list(word_checks(drawn_words(bits)))
    assert not failures(checks), table(checks)


@pytest.mark.parametrize("bits", FORMATS)
def test_words_with_a_weak_bit_or_linked_lanes_are_found(bits):
    words = drawn_words(bits)[:, : 2**16]
    kind = words.dtype.type
    stuck, linked, alternating = words.copy(), words.copy(), words.copy()
    stuck[:, ::50] |= kind(8)  # one bit is 1 in 51 % of the words
    linked[1, ::3] = linked[0, ::3]
    alternating[:, ::2] &= ~kind(1)  # the lowest bit of a congruential generator
    alternating[:, 1::2] |= kind(1)
    assert "bits, worst" in failures(list(word_checks(stuck)))
    assert "next lane" in failures(list(word_checks(linked)))
    assert {"next step (number of runs)", "runs of bit 0"} <= set(
        failures(list(word_checks(alternating)))
    )
