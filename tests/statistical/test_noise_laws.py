"""The laws other than the Gaussian: moments, distribution, symmetry, tails, support; both formats.

Each law and format is one table of checks with the probability RARE = 1e-6 of failing a correct
generator, 16 tables in all: 1.6e-5.
"""

import itertools

import numpy as np
import pytest
from judging import by_kolmogorov, by_normal, by_poisson, correlation, failures, table
from laws import LAWS, ORDERS, RARE_TAILS, clipped_moment, clipped_range

from nqmbench.kernels import normals
from nqmbench.kernels.formats import F32, F64
from nqmbench.noise import MOMENTS, NoiseLaw

pytestmark = pytest.mark.needs_compiler

SEED = 2025
COUNT, BLOCKS = 2**20, 8
FORMATS = {form.bits: form.lanes for form in (F32, F64)}

UNUSED = 1e-4  # the widest gap between the outermost of 2^20 numbers and the end of their range
UNITS = 4.0  # of the last place: rounding of a number from uniform bits
ROUNDING = 1e-12  # of scipy's mean and variance
JOINT_ROUNDING = 1e-6  # of (x^2 - 1)(y^2 - 1) in 32 bits, taken for a standard error
SCIPY = 1e-9  # error of scipy's skewness and kurtosis

# The largest magnitudes, from the smallest U: 2^-31 and 2^-63.
LARGEST = {
    ("laplace", 32): 31 * np.log(2.0) / np.sqrt(2.0),
    ("laplace", 64): 63 * np.log(2.0) / np.sqrt(2.0),
    ("exponential", 32): 31 * np.log(2.0) - 1.0,
    ("exponential", 64): 63 * np.log(2.0) - 1.0,
}


def draw(law, nu, bits, coordinate=0):
    """Return 2^20 draws of several blocks, shape (blocks, steps, lanes)."""
    steps = COUNT // BLOCKS // FORMATS[bits]
    return np.stack([normals(law, nu, SEED, b, coordinate, steps, bits) for b in range(BLOCKS)])


def raw_moment_checks(law, x):
    for m in range(1, law.raw_moments + 1):
        expected, second = (float(MOMENTS[law.name](r, law.nu)) for r in (m, 2 * m))
        error = np.sqrt((second - expected**2) / x.size)
        yield by_normal(f"moment {m}", np.prod([x] * m, axis=0).mean(), expected, error)


def clipped_moment_checks(law, x):
    clipped, power = np.clip(x, *clipped_range(law)), np.ones_like(x)
    for m in ORDERS:
        power *= clipped
        expected = clipped_moment(law, m)
        error = np.sqrt((clipped_moment(law, 2 * m) - expected**2) / x.size)
        yield by_normal(f"clipped moment {m}", power.mean(), expected, error)


def distribution_checks(law, x):
    u, n = law.exact.cdf(np.sort(x)), x.size
    steps = np.arange(n + 1) / n
    distance = max(np.abs(u - steps[1:]).max(), np.abs(u - steps[:-1]).max())
    yield by_kolmogorov("Kolmogorov-Smirnov, sqrt(n) D", distance, n)
    for p in RARE_TAILS:
        above, below = x > law.exact.isf(p), x < law.exact.ppf(p)
        yield by_poisson(f"highest {p:g}", np.count_nonzero(above), n * p)
        yield by_poisson(f"lowest {p:g}", np.count_nonzero(below), n * p)


def dependence_checks(law, x):
    """Compare products of neighbours, clipped so that they have a variance, with 0."""
    mean, square = clipped_moment(law, 1), clipped_moment(law, 2)
    y = (np.clip(x, *clipped_range(law)) - mean) / np.sqrt(square - mean**2)
    half = y.shape[-1] // 2
    pairs = {
        "half the lanes apart": (y[..., :half], y[..., half:]),
        "next lane": (y[..., :-1], y[..., 1:]),
        "next step": (y[:, :-1], y[:, 1:]),
        "next block": (y[:-1], y[1:]),
    }
    for name, (a, b) in pairs.items():
        yield correlation(name, np.sum(a * b), a.size)


def checks_of(law, x):
    """Return all checks of the draws of a law, shape (blocks, steps, lanes)."""
    flat = x.reshape(-1)
    checks = [
        *raw_moment_checks(law, flat),
        *clipped_moment_checks(law, flat),
        *distribution_checks(law, flat),
        *dependence_checks(law, x),
    ]
    if law.symmetric:
        signs = np.sign(flat)
        checks.append(correlation("sign", signs.sum(), flat.size))
    return checks


@pytest.mark.parametrize("bits", FORMATS)
@pytest.mark.parametrize("law", LAWS, ids=str)
def test_a_law_is_that_of_scipy_in_moments_distribution_tails_and_symmetry(law, bits):
    x = draw(law.name, law.nu, bits).astype(float)
    assert np.isfinite(x).all()
    checks = checks_of(law, x)
    assert not failures(checks), table(checks)


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_a_law_with_two_per_cent_more_scale_or_a_cut_tail_is_found(law):
    x = draw(law.name, law.nu, 32).astype(float)
    assert failures(checks_of(law, 1.02 * x))
    high = law.exact.isf(1e-4)
    assert "highest 0.0001" in failures(checks_of(law, np.where(x > high, 0.5 * x, x)))


@pytest.mark.parametrize("bits", FORMATS)
def test_rademacher_is_one_or_minus_one_evenly(bits):
    x = draw("rademacher", 0.0, bits).astype(float)
    assert np.unique(x).tolist() == [-1.0, 1.0]
    half = x.shape[-1] // 2
    checks = [
        correlation("sign", x.sum(), x.size),
        correlation("half the lanes apart", np.sum(x[..., :half] * x[..., half:]), x.size // 2),
        correlation("next lane", np.sum(x[..., :-1] * x[..., 1:]), x[..., 1:].size),
        correlation("next step", np.sum(x[:, :-1] * x[:, 1:]), x[:, 1:].size),
        correlation("next block", np.sum(x[:-1] * x[1:]), x[1:].size),
    ]
    assert not failures(checks), table(checks)


def neighbours(x):
    """Return pairs of draws of one coordinate that must be independent."""
    half = x.shape[-1] // 2
    return {
        "half the lanes apart": (x[..., :half], x[..., half:]),
        "next lane": (x[..., :-1], x[..., 1:]),
        "next step": (x[:, :-1], x[:, 1:]),
        "next block": (x[:-1], x[1:]),
    }


def intermittent_checks(coordinates):
    """Return all checks of intermittent noise; x^2 - 1 is 1 or -1 evenly, so of variance 1."""
    for i, x in enumerate(coordinates):
        yield correlation(f"sum, coordinate {i}", x.sum(), x.size)
        yield correlation(f"hits, coordinate {i}", np.sum(x**2 - 1.0), x.size)
        yield by_normal(f"fourth moment, {i}", np.mean(x**4), 2.0, 2.0 / np.sqrt(x.size))
        for name, (a, b) in neighbours(x).items():
            yield correlation(f"{name}, coordinate {i}", np.sum(a * b), a.size)
            squares = np.sum((a**2 - 1.0) * (b**2 - 1.0))
            yield correlation(f"squares, {name}, {i}", squares, a.size)
    for (i, x), (j, y) in itertools.combinations(enumerate(coordinates), 2):
        # Both are hit in half of the samples: the product is 0 or +-2, of variance 2.
        yield by_normal(f"coordinates {i}, {j}", np.mean(x * y), 0.0, np.sqrt(2.0 / x.size))
        joint = np.mean((x**2 - 1.0) * (y**2 - 1.0))  # kappa_22, exactly, up to sqrt(2)'s rounding
        yield by_normal(f"squares of {i}, {j}", joint, 1.0, JOINT_ROUNDING)


@pytest.mark.parametrize("bits", FORMATS)
def test_intermittent_noise_hits_all_coordinates_of_a_sample_or_none(bits):
    coordinates = [draw("intermittent", 0.0, bits, i).astype(float) for i in (0, 1, 5)]
    for x in coordinates:
        assert np.unique(np.abs(x)).tolist() == [0.0, float(np.sqrt(2.0).astype(f"f{bits // 8}"))]
    checks = list(intermittent_checks(coordinates))
    assert not failures(checks), table(checks)


def test_intermittent_noise_with_a_factor_or_a_sign_of_the_wrong_stream_is_found():
    x, y = (draw("intermittent", 0.0, 32, i).astype(float) for i in (0, 1))
    moved = np.roll(y, 1, axis=1)  # a factor of its own for each coordinate
    assert failures(list(intermittent_checks([x, moved]))) == ["squares of 0, 1"]
    assert failures(list(intermittent_checks([x, x]))) == ["coordinates 0, 1"]  # one sign for all
    lanes = np.abs(x[..., :1]) / np.sqrt(2.0)  # one factor for a whole block
    assert "squares, next lane, 0" in failures(list(intermittent_checks([x * lanes, y * lanes])))


@pytest.mark.parametrize("bits", FORMATS)
def test_no_draw_leaves_the_support(bits):
    rounding = UNITS * np.finfo(f"f{bits // 8}").eps
    uniform = draw("uniform", 0.0, bits).astype(float)
    assert np.abs(uniform).max() <= np.sqrt(3.0) * (1.0 + rounding)
    exponential = draw("exponential", 0.0, bits).astype(float)
    assert exponential.min() >= -1.0
    assert exponential.max() <= LARGEST["exponential", bits] * (1.0 + rounding)
    laplace = draw("laplace", 0.0, bits).astype(float)
    assert np.abs(laplace).max() <= LARGEST["laplace", bits] * (1.0 + rounding)
    # The range is used: a gap of UNUSED at an end would be a chance of e^-30 for the uniform law,
    # and of e^-100 for the exponential one.
    assert max(np.sqrt(3.0) - uniform.max(), uniform.min() + np.sqrt(3.0)) < UNUSED
    assert exponential.min() + 1.0 < UNUSED


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_theory_and_scipy_know_the_same_moments(law):
    # mean 0 and variance 1, and the cumulants of exact theory, where they exist
    theory = NoiseLaw(law.name, law.nu)
    mean, variance, skewness, kurtosis = law.exact.stats(moments="mvsk")
    assert mean == pytest.approx(0.0, abs=ROUNDING)
    assert variance == pytest.approx(1.0, rel=ROUNDING)
    if theory.has_moment(3):
        assert theory.cumulant(3) == pytest.approx(float(skewness), abs=SCIPY)
    if theory.has_moment(4):
        assert theory.cumulant(4) == pytest.approx(float(kurtosis), rel=SCIPY)
