import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from mpmath import mp

from nqmbench.kernels import coefficients, fit
from nqmbench.kernels.elementary import unit
from nqmbench.kernels.formats import F32, F64

pytestmark = pytest.mark.once

FIT_ROUNDING = 1e-13  # the ends of an interval may differ by a rounding between machines
STATED_DIGITS = 0.05  # errors are stated with two digits
LARGEST = 0.2  # the largest error of two million arguments was up to 0.13 above the stated one
GRID = 1e-3  # a swing's top may lie between two points
SAMPLES = 1500
NORMAL_ERROR = 5e-15  # among 400,000 normals the largest was 4.6e-15

TABLES = [(name, p) for name in fit.APPROXIMATIONS for p in fit.TYPES]
TRUTH = {
    "LOG": lambda f: -2.0 * np.log1p(f),
    "SINE": lambda x: np.sin(0.5 * np.pi * x),
    "COSINE": lambda x: np.cos(0.5 * np.pi * x),
    "EXP": np.expm1,
}


def table_of(name, precision):
    return getattr(coefficients, name)[precision]


def stated_errors(name, precision):
    """(largest, rms) as the comment beside the table says."""
    text = Path(coefficients.__file__).read_text()
    comment = rf'"{precision}": \(  # largest error (\S+), rms (\S+)'
    return tuple(map(float, re.search(comment, text[text.index(f"\n{name} =") :]).groups()))


def test_the_file_holds_the_text_that_the_fit_prints():
    assert fit.table_text("SINE") in Path(coefficients.__file__).read_text()


def test_the_fit_gives_the_longest_table_again():
    goal = fit.APPROXIMATIONS["LOG"]
    table, error = fit.minimax(goal, goal.terms["f64"])
    assert table == pytest.approx(table_of("LOG", "f64"), rel=FIT_ROUNDING, abs=0.0)
    # rounding adds to the error of the form, which a term less would have multiplied by 6
    assert error < stated_errors("LOG", "f64")[0] < 1.5 * error
    assert fit.minimax(goal, goal.terms["f64"] - 1)[1] > 5.0 * error


@pytest.mark.parametrize(("name", "precision"), TABLES)
def test_a_table_has_as_many_terms_as_planned_and_the_errors_stated_beside_it(name, precision):
    goal, table = fit.APPROXIMATIONS[name], table_of(name, precision)
    assert len(table) == goal.terms[precision]
    largest, rms = stated_errors(name, precision)
    bound = largest * (1.0 + LARGEST)
    measured = fit.measured_error(goal, table, precision, samples=SAMPLES)
    assert measured[0] < bound
    assert measured[1] == pytest.approx(rms, rel=STATED_DIGITS)
    # thirty-two roundings in the second coefficient break the bound
    broken = list(table)
    broken[1] *= 1.0 + 32.0 * float(np.finfo(precision.replace("f", "float")).eps)
    assert fit.measured_error(goal, broken, precision, samples=SAMPLES)[0] > bound


@pytest.mark.parametrize("name", TRUTH)
def test_the_error_swings_as_far_in_every_direction_so_that_no_polynomial_is_better(name):
    # Chebyshev: n + 1 swings of equal size.  The single precision tables, evaluated in double.
    goal, table = fit.APPROXIMATIONS[name], table_of(name, "f32")
    middle, half = 0.5 * (goal.low + goal.high), 0.5 * (goal.high - goal.low)
    x = middle - half * np.cos(np.pi * np.arange(4000) / 3999.0)
    value = x**goal.first * np.polyval(table[::-1], x**goal.step)
    error = (value - TRUTH[name](x)) / (TRUTH[name](x) if goal.relative else 1.0)
    tops = fit.tops_of_swings(error, len(table) + 1)
    assert len(tops) == len(table) + 1
    assert np.abs(error[tops]) == pytest.approx(np.abs(error).max(), rel=GRID)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_emulated_fma_rounds_once(kind):
    rng = np.random.default_rng(1)
    a, b = (rng.uniform(-2.0, 2.0, 2000).astype(kind) for _ in range(2))
    c = (-a * b * (1.0 + rng.normal(size=2000) * 10.0 ** rng.uniform(-7, 0, 2000))).astype(kind)
    triples = zip(*(map(Fraction, x.tolist()) for x in (a, b, c)), strict=True)
    exact = [p * q + r for p, q, r in triples]

    def roundings(result):
        """The largest distance to the exact result, in units of the last digit."""
        distances = [abs(Fraction(v) - t) for v, t in zip(result.tolist(), exact, strict=True)]
        return np.max(np.array(distances, dtype=float) / np.spacing(np.abs(result)))

    assert roundings(fit.fma(a, b, c)) <= 0.5 * (1.0 + 1e-6)
    assert roundings(a * b + c) > 10.0


@pytest.mark.parametrize("form", [F32, F64])
def test_the_errors_are_measured_in_the_unit_that_the_kernels_have(form):
    assert fit.UNITS[form.name] == unit(form)


def largest_normal_error(log, sine, cosine, samples=SAMPLES):
    """The largest error of Box-Muller in f64, evaluated as a kernel does, up to 9.35 sigma."""
    rng = np.random.default_rng(2)
    m = rng.uniform(fit.ROOT_HALF, 2.0 * fit.ROOT_HALF, samples)
    e = rng.integers(1, 64, samples).astype(float)
    e[::3] = rng.integers(1, 3, samples)[::3]  # the radii that occur most
    e[1::3] = 63.0  # and the largest, where U = 2^-63
    x = rng.uniform(-1.0, 1.0, samples)
    step = 2.0 * np.log(2.0)  # the kernels' unit but for a power of two, which rounds nothing
    radius = np.sqrt(fit.fma(fit.polynomial(np.multiply(log, 1.0 / step), m - 1.0), m - 1.0, e))
    normals = (
        radius * (fit.polynomial(np.multiply(sine, np.sqrt(step)), x * x) * x),
        radius * fit.polynomial(np.multiply(cosine, np.sqrt(step)), x * x),
    )
    errors = []
    with mp.workdps(30):
        for i in range(samples):
            true = mp.sqrt(-2 * mp.log(mp.ldexp(float(m[i]), -int(e[i]))))
            angle = mp.mpf(float(x[i])) / 2
            errors.append(abs(float(normals[0][i]) - true * mp.sinpi(angle)))
            errors.append(abs(float(normals[1][i]) - true * mp.cospi(angle)))
    assert radius.max() * np.sqrt(step) > 9.3
    return float(max(errors))


def test_normals_in_double_precision_err_by_less_than_5e_15_up_to_the_end_of_their_tail():
    log, sine, cosine = (table_of(name, "f64") for name in ("LOG", "SINE", "COSINE"))
    assert largest_normal_error(log, sine, cosine) < NORMAL_ERROR
    # one term less in the cosine would not do
    shorter, _ = fit.minimax(fit.APPROXIMATIONS["COSINE"], len(cosine) - 1)
    assert largest_normal_error(log, sine, shorter, samples=300) > NORMAL_ERROR
