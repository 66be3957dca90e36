"""Lanes between types, between widths, and between registers and memory."""

import functools

import numpy as np
import pytest
from kernels_by_hand import lanewise
from lane_values import COUNTS, FLOATS, SIZE, WORDS, floats, named, same_bits, words

from nqmbench.kernels import lanes as L  # noqa: N812 - so short that formulas stay readable
from nqmbench.kernels.memory import load, places, pointer, store, take, wide_vectors
from nqmbench.kernels.options import jit

pytestmark = pytest.mark.needs_compiler


# -- from one type to another ----------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 16, 128])
@pytest.mark.parametrize(("word", "real"), list(zip(WORDS, FLOATS, strict=True)), ids=["32", "64"])
def test_bits_become_numbers_and_numbers_bits(word, real, count):
    bits = words(word, 6)
    numbers = lanewise(L.as_floats, count)(bits, like=real)
    assert numbers.tobytes() == bits.tobytes()
    assert lanewise(L.as_words, count)(numbers, like=word).tobytes() == bits.tobytes()
    signed = lanewise(L.signed, count)(bits, like=real)
    same_bits(signed, bits.view(f"i{bits.itemsize}").astype(real))


def test_low_words_and_wider_numbers():
    long, short = words(np.uint64, 7), floats(np.float32, 7)
    same_bits(lanewise(L.low_words, 16)(long, like=np.uint32), long.astype(np.uint32))
    wide = short.astype(np.float64)
    same_bits(lanewise(L.widened, 16)(short, like=np.float64), wide)
    same_bits(lanewise(L.widened, 16)(wide), wide)


@functools.cache
def halves(count):
    @jit
    def kernel(a, b, out):
        n = a.size
        for i in range(0, n, count):
            x, y = load(a, i, count), load(b, i, count)
            both = L.join(x, y)
            store(out, 2 * i, both)
            store(out, 2 * n + i, L.lower(both))
            store(out, 3 * n + i, L.upper(both))

    return kernel


@pytest.mark.parametrize("count", COUNTS[:-1])
@pytest.mark.parametrize("kind", [*FLOATS, *WORDS], ids=named)
def test_lanes_are_joined_and_taken_apart(kind, count):
    a, b = (np.arange(SIZE).astype(kind) + kind(start) for start in (0, SIZE))
    out = np.zeros(4 * SIZE, dtype=kind)
    halves(count)(a, b, out)
    joined = np.concatenate([a.reshape(-1, count), b.reshape(-1, count)], axis=1)
    assert np.array_equal(out[: 2 * SIZE], joined.ravel())
    assert np.array_equal(out[2 * SIZE : 3 * SIZE], a)
    assert np.array_equal(out[3 * SIZE :], b)


@pytest.mark.parametrize("count", [1, 2, 32])
def test_lanes_are_made_of_one_number_or_of_their_own(count):
    @jit
    def kernel(value, out, numbers):
        store(out, 0, L.splat(value, count))
        store(numbers, 0, L.lane_numbers(count))

    for value in (np.float32(0.1), 0.1, np.uint32(5), np.uint64(2**63)):
        out, numbers = np.zeros(count, np.dtype(type(value))), np.zeros(count, np.uint64)
        kernel(value, out, numbers)
        assert np.array_equal(out, np.full(count, value))
        assert np.array_equal(numbers, np.arange(count))


@pytest.mark.parametrize("count", [1, 16, 128])
@pytest.mark.parametrize("kind", FLOATS, ids=named)
def test_lanes_are_added_add_in_turn(kind, count):
    @jit
    def kernel(total, a):
        return L.add_in_turn(total, load(a, 0, count))

    a = np.random.default_rng(9).normal(size=count).astype(kind)
    total = kind(100.0)
    for value in a:
        total = total + value
    assert kernel(kind(100.0), a) == total
    if count == 128:  # another order would be seen
        assert kind(100.0) + a.sum() != total


# -- memory ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 16, 128])
@pytest.mark.parametrize("kind", [*FLOATS, *WORDS], ids=named)
def test_lanes_are_moved_from_and_to_any_place_and_no_neighbour_is_touched(kind, count):
    @jit
    def move(source, begin, target, end):
        store(target, end, load(pointer(source, 0), begin, count))

    source = np.arange(count + 5).astype(kind)
    for begin in range(6):  # the last one reaches the end of the array
        for end in (0, 1, 3, 5):
            target = np.full(count + 5, 77, dtype=kind)
            move(source, begin, target, end)
            expected = np.full(count + 5, 77, dtype=kind)
            expected[end : end + count] = source[begin : begin + count]
            assert np.array_equal(target, expected)


def test_an_array_counts_as_flat():
    @jit
    def kernel(a, out):
        store(out, 4, load(a, 6, 4))

    out = np.zeros((3, 4))
    kernel(np.arange(12.0).reshape(3, 4), out)
    assert out.ravel().tolist() == [0, 0, 0, 0, 6, 7, 8, 9, 0, 0, 0, 0]


@pytest.mark.parametrize("count", [1, 16, 128])
def test_a_store_into_float64_widens_float32(count):
    @jit
    def kernel(a, out):
        store(out, 1, load(a, 0, count))

    a, out = floats(np.float32, 8)[:count], np.full(count + 2, -3.0)
    kernel(a, out)
    same_bits(out[1:-1], a.astype(np.float64))
    assert out[[0, -1]].tolist() == [-3.0, -3.0]


def test_places_are_numbered_variables():
    @jit
    def kernel(a, out):
        wide_vectors()
        s = places(load(a, 0, 8), 3)
        for i in range(3):
            s[i] = load(a, 8 * i, 8)
        s[0], s[2] = s[2], s[0]
        for i in range(3):
            store(out, 8 * i, s[i])

    a, out = np.arange(24.0), np.zeros(24)
    kernel(a, out)
    assert np.array_equal(out.reshape(3, 8), a.reshape(3, 8)[::-1])


def test_a_number_is_taken_once():
    @jit
    def kernel(counter):
        return take(counter), take(counter)

    counter = np.array([5])
    assert kernel(counter) == (5, 6)
    assert counter.tolist() == [7]
