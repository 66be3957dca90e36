"""Lanes: every operator and function against NumPy, at the edges of memory, on other processors."""

import functools
import re
from fractions import Fraction

import numba
import numpy as np
import pytest
from kernels_by_hand import lanewise
from lane_values import COUNTS, FLOATS, SIZE, WORDS, floats, named, same_bits, words

from nqmbench.kernels import lanes as L  # noqa: N812 - so short that formulas stay readable
from nqmbench.kernels.memory import load, store
from nqmbench.kernels.options import jit
from nqmbench.kernels.polynomial import LONG, polynomial

pytestmark = pytest.mark.needs_compiler

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
