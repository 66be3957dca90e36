"""Lanes: every operator and function against NumPy, at the edges of memory, on other processors."""

import functools
import re
from fractions import Fraction

import numba
import numpy as np
import pytest
from kernels_by_hand import lanewise

from nqmbench.kernels import lanes as L  # noqa: N812 - so short that formulas stay readable
from nqmbench.kernels.memory import load, places, pointer, store, take, wide_vectors
from nqmbench.kernels.options import jit
from nqmbench.kernels.polynomial import LONG, polynomial

pytestmark = pytest.mark.needs_compiler

COUNTS = [1, 2, 16, 32, 128]
FLOATS = [np.float32, np.float64]
WORDS = [np.uint32, np.uint64]
SIZE = 256  # a multiple of every count


def named(kind):
    return np.dtype(kind).name


def floats(kind, seed):
    """Return numbers of all sizes, the special ones among them."""
    rng, info = np.random.default_rng(seed), np.finfo(kind)
    x = rng.normal(size=SIZE) * 10.0 ** rng.uniform(-5, 5, SIZE)
    special = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, info.max, -info.max, info.tiny,
               info.smallest_subnormal, info.eps]  # fmt: skip
    x[rng.permutation(SIZE)[: 5 * len(special)]] = special * 5
    return x.astype(kind)


def words(kind, seed):
    """Return words of all sizes, the smallest and largest among them."""
    top, rng = int(np.iinfo(kind).max), np.random.default_rng(seed)
    x = rng.integers(0, top, SIZE, dtype=kind, endpoint=True) >> rng.integers(0, 32, SIZE, kind)
    x[rng.permutation(SIZE)[:40]] = [0, 1, top, top - 1, top // 2, top // 2 + 1, 2, 3] * 5
    return x.astype(kind)


def same_bits(found, expected):
    """Assert equality to the bit; only which NaN it is does not matter."""
    assert found.dtype == expected.dtype
    word = f"u{found.dtype.itemsize}"
    nan = np.isnan(expected) if expected.dtype.kind == "f" else np.zeros(expected.shape, bool)
    if nan.any():
        assert np.isnan(found[nan]).all()
    assert np.array_equal(found[~nan].view(word), expected[~nan].view(word))


# -- numbers ---------------------------------------------------------------------------------------


@functools.cache
def arithmetic(count):
    @jit
    def kernel(a, b, s, out):
        n = a.size
        for i in range(0, n, count):
            x, y = load(a, i, count), load(b, i, count)
            store(out, i, x + y)
            store(out, n + i, x - y)
            store(out, 2 * n + i, x * y)
            store(out, 3 * n + i, x / y)
            store(out, 4 * n + i, x + s)
            store(out, 5 * n + i, s + x)
            store(out, 6 * n + i, x - s)
            store(out, 7 * n + i, s - x)
            store(out, 8 * n + i, x * s)
            store(out, 9 * n + i, s * x)
            store(out, 10 * n + i, x / s)
            store(out, 11 * n + i, s / x)
            store(out, 12 * n + i, x + 1)
            store(out, 13 * n + i, 0.1 * x)
            store(out, 14 * n + i, L.sqrt(x))

    return kernel


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("kind", FLOATS, ids=named)
def test_numbers_are_computed_as_numpy_computes_them(kind, count):
    a, b, s = floats(kind, 1), floats(kind, 2), kind(0.3)
    out = np.empty((15, SIZE), dtype=kind)
    arithmetic(count)(a, b, s, out)
    with np.errstate(all="ignore"):
        expected = [a + b, a - b, a * b, a / b, a + s, s + a, a - s, s - a, a * s, s * a, a / s,
                    s / a, a + kind(1), kind(0.1) * a, np.sqrt(a)]  # fmt: skip
    for row, wanted in zip(out, expected, strict=True):
        same_bits(row, wanted)
    assert (out[4] != a + kind(0.31))[np.isfinite(a)].any()  # the comparison is not empty


@pytest.mark.parametrize("s", [0.3, 3, -2, np.float32(0.1), np.int32(7), np.uint64(2**53)])
def test_a_plain_number_becomes_an_element(s):
    a, out = floats(np.float32, 3), np.empty((15, SIZE), dtype=np.float32)
    arithmetic(16)(a, a, s, out)
    with np.errstate(all="ignore"):
        same_bits(out[5], np.float32(s) + a)
        same_bits(out[11], np.float32(s) / a)


@functools.cache
def choosing(count):
    @jit
    def kernel(a, b, out):
        n = a.size
        for i in range(0, n, count):
            x, y = load(a, i, count), load(b, i, count)
            store(out, i, L.select(x < y, x, y))
            store(out, n + i, L.select(x <= y, x, y))
            store(out, 2 * n + i, L.select(x > 0.5, 1.0, x))
            store(out, 3 * n + i, L.select(x >= y, x, 0.0))

    return kernel


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("kind", FLOATS, ids=named)
def test_lanes_are_chosen_where_a_comparison_holds(kind, count):
    a, b = floats(kind, 1), floats(kind, 2)
    b[::3] = a[::3]
    out = np.empty((4, SIZE), dtype=kind)
    choosing(count)(a, b, out)
    expected = [np.where(a < b, a, b), np.where(a <= b, a, b), np.where(a > 0.5, kind(1), a),
                np.where(a >= b, a, kind(0))]  # fmt: skip
    for row, wanted in zip(out, expected, strict=True):
        same_bits(row, wanted)


def rounded(x, kind):
    """Return the float next to a fraction, the even one of two."""
    near = kind(float(x))
    choices = {near, np.nextafter(near, kind(np.inf)), np.nextafter(near, kind(-np.inf))}
    word = f"u{near.dtype.itemsize}"
    return min(choices, key=lambda v: (abs(Fraction(float(v)) - x), int(v.view(word)) & 1))


def exact_fma(a, b, c):
    kind = a.dtype.type
    triples = zip(*(map(Fraction, v.astype(float).tolist()) for v in (a, b, c)), strict=True)
    return np.array([rounded(p * q + r, kind) for p, q, r in triples])


@functools.cache
def fused(count):
    @jit
    def kernel(a, b, c, s, out):
        n = a.size
        for i in range(0, n, count):
            x, y, z = load(a, i, count), load(b, i, count), load(c, i, count)
            store(out, i, L.fma(x, y, z))
            store(out, n + i, L.fma(s, y, z))
            store(out, 2 * n + i, L.fma(x, s, z))
            store(out, 3 * n + i, L.fma(x, y, s))
            store(out, 4 * n + i, L.fma(s, s, z))
            store(out, 5 * n + i, L.fma(x, 2, -1.0))
        for i in range(n):
            out[6, i] = L.fma(a[i], b[i], c[i])

    return kernel


def cancelling(kind):
    """Return a, b and c that nearly cancel: what a product that is rounded first gets wrong."""
    rng = np.random.default_rng(4)
    a, b = (rng.uniform(-2.0, 2.0, SIZE).astype(kind) for _ in range(2))
    return a, b, (-a * b * (1.0 + rng.normal(size=SIZE) * 1e-6)).astype(kind)


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("kind", FLOATS, ids=named)
def test_fma_rounds_once(kind, count):
    a, b, c = cancelling(kind)
    s, out = kind(0.7), np.empty((7, SIZE), dtype=kind)
    fused(count)(a, b, c, s, out)
    every = np.full(SIZE, s)
    same_bits(out[0], exact_fma(a, b, c))
    same_bits(out[1], exact_fma(every, b, c))
    same_bits(out[2], exact_fma(a, every, c))
    same_bits(out[3], exact_fma(a, b, every))
    same_bits(out[4], exact_fma(every, every, c))
    same_bits(out[5], a * kind(2) - kind(1))  # doubling is exact: one rounding
    same_bits(out[6], out[0])
    assert (out[0] != a * b + c).mean() > 0.5  # two roundings would be seen


def horner(coefficients, x):
    """Return a polynomial's values with one rounding per term."""
    *rest, value = (np.full(SIZE, c) for c in coefficients)
    for c in reversed(rest):
        value = exact_fma(value, x, c)
    return value


@pytest.mark.parametrize("terms", [2, 3, LONG - 1, LONG, LONG + 1])
@pytest.mark.parametrize("kind", FLOATS, ids=named)
def test_a_polynomial_is_horners_rule_and_a_long_one_has_two_halves(kind, terms):
    rng = np.random.default_rng(5)
    c, x = rng.normal(size=terms).astype(kind), rng.uniform(-1.0, 1.0, SIZE).astype(kind)
    found = lanewise(polynomial(c), 16)(x)
    if terms < LONG:
        same_bits(found, horner(c, x))
    else:
        same_bits(found, exact_fma(horner(c[1::2], x * x), x, horner(c[::2], x * x)))


# -- words -----------------------------------------------------------------------------------------


@functools.cache
def bitwise(count):
    @jit
    def kernel(a, b, shifts, s, shift, out):
        n = a.size
        for i in range(0, n, count):
            x, y, k = load(a, i, count), load(b, i, count), load(shifts, i, count)
            store(out, i, x + y)
            store(out, n + i, x - y)
            store(out, 2 * n + i, x * y)
            store(out, 3 * n + i, x & y)
            store(out, 4 * n + i, x | y)
            store(out, 5 * n + i, x ^ y)
            store(out, 6 * n + i, x << k)
            store(out, 7 * n + i, x >> k)
            store(out, 8 * n + i, x + s)
            store(out, 9 * n + i, s - x)
            store(out, 10 * n + i, x * s)
            store(out, 11 * n + i, s & x)
            store(out, 12 * n + i, x | s)
            store(out, 13 * n + i, s ^ x)
            store(out, 14 * n + i, x << shift)
            store(out, 15 * n + i, x >> shift)
            store(out, 16 * n + i, L.rotate_left(x, shift))
            store(out, 17 * n + i, L.rotate_left(x, 7))
            store(out, 18 * n + i, x + 1)
            store(out, 19 * n + i, x - 1)

    return kernel


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("kind", WORDS, ids=named)
def test_words_wrap_around_and_shift_in_zeros(kind, count):
    a, b, bits = words(kind, 1), words(kind, 2), 8 * kind().itemsize
    shifts = (np.arange(SIZE) % bits).astype(kind)
    s, out = words(kind, 3)[0], np.empty((20, SIZE), dtype=kind)
    for shift in (0, 1, bits // 2, bits - 1):
        k, rest = kind(shift), kind((bits - shift) % bits)
        bitwise(count)(a, b, shifts, s, k, out)
        with np.errstate(over="ignore"):
            expected = [
                a + b, a - b, a * b, a & b, a | b, a ^ b, a << shifts, a >> shifts,
                a + s, s - a, a * s, s & a, a | s, s ^ a, a << k, a >> k,
                (a << k) | (a >> rest), (a << kind(7)) | (a >> kind(bits - 7)),
                a + kind(1), a - kind(1),
            ]  # fmt: skip
        for row, wanted in zip(out, expected, strict=True):
            same_bits(row, wanted)


def test_a_negative_number_beside_words_is_its_twos_complement():
    a, out = words(np.uint32, 4), np.empty((20, SIZE), dtype=np.uint32)
    bitwise(16)(a, a, a & np.uint32(31), -1, 3, out)
    same_bits(out[8], a - np.uint32(1))
    same_bits(out[11], a)


def test_one_more_is_an_addition_of_one_in_the_code_handed_to_llvm():
    # LLVM's own choice, to subtract a vector of ones, was rebuilt in each round of a loop whose
    # addition was scalar: two to four times slower.  Here the one is a constant of vectors.
    @numba.njit  # cached code cannot be inspected
    def kernel(a):
        for i in range(0, a.size, 16):
            store(a, i, load(a, i, 16) + 1)

    a = words(np.uint32, 5)
    expected = a + np.uint32(1)
    kernel(a)
    same_bits(a, expected)
    code = next(iter(kernel.inspect_llvm().values()))
    assert re.search(r"add <16 x i32> .*(splat \(i32 1\)|i32 1, i32 1)", code)
    assert not re.search(r"sub <16 x i32>", code)


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
def test_lanes_are_added_in_turn(kind, count):
    @jit
    def kernel(total, a):
        return L.in_turn(total, load(a, 0, count))

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
        store(target, end, load(pointer(source), begin, count))

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
