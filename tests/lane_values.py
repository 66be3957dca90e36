"""Numbers and words of all sizes to compute with, and equality to the bit."""

import numpy as np

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
