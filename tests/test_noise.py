"""The noise laws: their cumulants against published values and against quadrature."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import integrate

import nqmbench as nq
from nqmbench.arguments import Arguments
from nqmbench.errors import InvalidArguments
from nqmbench.noise import LAWS, MOMENTS, NoiseLaw, noise_law

ITERATION = 1e-7  # relative: adaptive quadrature of densities with heavy tails

# Cumulants of orders 2, 4, 6, 8 of the standardised laws whose odd ones vanish.
EVEN = {
    "gaussian": (1, 0, 0, 0, 0, 0),
    # 12^(r/2) B_r / r with Bernoulli's numbers B_10 = 5/66 and B_12 = -691/2730
    "uniform": (1, -6 / 5, 48 / 7, -432 / 5, 12**5 / 132, -(12**5) * 691 / 2730),
    "rademacher": (1, -2, 16, -272, 7936, -353792),  # the tangent numbers
    "laplace": (1, 3, 30, 630, 22680, 1247400),  # 2 (r - 1)! / 2^(r/2)
    # 2 (tangent numbers) / 2^(r/2): it is the sum of two Rademacher samples over sqrt(2)
    "intermittent": (1, -1, 4, -34, 496, -11056),
}


@pytest.mark.parametrize("name", EVEN)
def test_symmetric_laws_have_the_published_cumulants(name):
    law = NoiseLaw(name)
    assert tuple(law.cumulant(r) for r in range(2, 13, 2)) == EVEN[name]
    assert [law.cumulant(r) for r in range(1, 13, 2)] == [0.0] * 6


def test_exponential_noise_has_factorial_cumulants():
    law = NoiseLaw("exponential")
    assert law.cumulant(1) == 0.0
    assert [law.cumulant(r) for r in range(2, 13)] == [math.factorial(r - 1) for r in range(2, 13)]


@pytest.mark.parametrize("nu", [2.5, 3, 4, 4.5, 5.3, 6, 8, 8.5, 30, 1e5])
def test_student_cumulants_exist_below_nu_and_follow_the_formulas(nu):
    law = NoiseLaw("student", nu)
    assert [math.isinf(law.cumulant(r)) for r in range(1, 13)] == [r >= nu for r in range(1, 13)]
    assert law.cumulant(2) == 1.0
    if nu > 4:
        assert law.cumulant(4) == pytest.approx(6 / (nu - 4), rel=1e-15)
    if nu > 6:
        assert law.cumulant(6) == pytest.approx(240 / ((nu - 4) * (nu - 6)), rel=1e-14)
    if nu > 8:
        eighth = 5040 * (5 * nu - 22) / ((nu - 4) ** 2 * (nu - 6) * (nu - 8))
        assert law.cumulant(8) == pytest.approx(eighth, rel=1e-14)


DENSITIES = {
    "gaussian": lambda x: math.exp(-(x**2) / 2) / math.sqrt(2 * math.pi),
    "uniform": lambda x: (abs(x) <= math.sqrt(3)) / (2 * math.sqrt(3)),
    "laplace": lambda x: math.exp(-math.sqrt(2) * abs(x)) / math.sqrt(2),
    "exponential": lambda x: math.exp(-(x + 1)) if x > -1 else 0.0,
    "student": lambda x: (
        math.gamma(6) / (math.sqrt(11 * math.pi) * math.gamma(5.5) * math.sqrt(9 / 11))
        * (1 + x**2 / 9) ** -6
    ),
}  # fmt: skip


@pytest.mark.parametrize("order", range(9))
@pytest.mark.parametrize("name", DENSITIES)
def test_raw_moments_are_the_integrals_of_the_density(name, order):
    """Student's law here has 11 degrees of freedom, scaled by sqrt(9/11)."""
    edges = [-2000, -40, -math.sqrt(3), -1, 0, math.sqrt(3), 40, 2000]
    pieces = [
        integrate.quad(lambda x: x**order * DENSITIES[name](x), a, b, epsabs=1e-12, limit=200)[0]
        for a, b in itertools.pairwise(edges)
    ]
    expected = 1.0 if order == 0 else float(MOMENTS[name](order, 11.0))
    assert sum(pieces) == pytest.approx(expected, rel=ITERATION, abs=ITERATION)


def intermittent_samples():
    """Every sample of two coordinates, times 1/sqrt(2), with its probability."""
    return [((0, 0), Fraction(1, 2))] + [
        ((a, b), Fraction(1, 8)) for a, b in itertools.product((-1, 1), repeat=2)
    ]


@pytest.mark.parametrize("order", range(1, 9))
def test_the_moments_of_intermittent_noise_are_those_of_its_three_values(order):
    expected = sum(a**order * p for (a, _), p in intermittent_samples())
    if order % 2 == 0:  # sqrt(2)^order; the odd moments vanish
        expected *= 2 ** (order // 2)
    assert MOMENTS["intermittent"](order, 0.0) == expected


def test_intermittent_noise_is_uncorrelated_and_its_squares_are_not():
    samples = intermittent_samples()
    assert sum(a * b * p for (a, b), p in samples) == 0
    # kappa_22 = E x^2 y^2 - E x^2 E y^2 - 2 (E x y)^2
    squares = sum((2 * a**2) * (2 * b**2) * p for (a, b), p in samples)
    assert NoiseLaw("intermittent").joint_cumulant == squares - 1 == 1
    assert sum(a * b**2 * p for (a, b), p in samples) == 0  # kappa_12: an odd number of the first


def test_only_intermittent_noise_has_dependent_coordinates():
    laws = [NoiseLaw(name, 9.0 if name == "student" else 0.0) for name in LAWS]
    assert [law.name for law in laws if not law.independent] == ["intermittent"]
    assert [law.joint_cumulant for law in laws] == [float(not law.independent) for law in laws]


def test_laws_are_standardised():
    for name in LAWS:
        law = NoiseLaw(name, 9.0 if name == "student" else 0.0)
        assert (law.cumulant(1), law.cumulant(2)) == (0.0, 1.0)


def test_a_law_prints_as_a_person_would_write_it():
    assert [str(NoiseLaw("laplace")), str(NoiseLaw("student", 4.5))] == ["laplace", "student(4.5)"]


@pytest.mark.parametrize("nu", [3, 2.5, np.float64(9), np.int64(5)])
def test_student_noise_is_a_pair_of_name_and_degrees(nu):
    assert nq.NoisyQuadratic(1.0, noise=("student", nu)).noise == NoiseLaw("student", float(nu))
    assert nq.NoisyQuadratic(1.0, noise=["student", nu]).noise.nu == nu
    law = NoiseLaw("student", float(nu))
    assert noise_law(law, Arguments("test")) == law


@pytest.mark.parametrize(
    "wrong",
    [
        "normal", "student", "Gaussian", "", None, 3, True, ("student",), ("student", 2),
        ("student", 1.5), ("student", math.nan), ("student", math.inf), ("student", "9"),
        ("student", True), ("student", 10**400), ("laplace", 3), (3, "student"), ["student", 9, 1],
        NoiseLaw("unknown"), NoiseLaw("student", 1.0), NoiseLaw("laplace", 3.0),
    ],
    ids=repr,
)  # fmt: skip
def test_an_unknown_law_is_refused_with_the_known_ones(wrong):
    with pytest.raises(InvalidArguments) as caught:
        nq.NoisyQuadratic(1.0, noise=wrong)
    message = str(caught.value)
    assert "\n  noise: got " in message
    assert (
        "'gaussian', 'uniform', 'rademacher', 'laplace', 'exponential', 'intermittent' or"
        in message
    )
    assert '("student", nu) with 2 < nu <= 10^6' in message
