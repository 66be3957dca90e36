"""Where the coefficients of the fast logarithm, sine, cosine and exponential come from.

Each function is approximated by the polynomial whose *largest* error is as small as possible.
That polynomial is known by its error curve (Chebyshev, 1859): with n coefficients the error swings
between plus and minus its largest size at n + 1 points at least.  The exchange of Remez (1934)
finds it: choose n + 1 points, solve the linear equations "the error at the i-th is (-1)^i E" for
the coefficients and for E, move each point to the largest error nearby, repeat until none moves.

Powers of x resemble each other so much that in double precision the equations would lose ten
digits, so that they are solved with 50 (by mpmath, which comes with sympy).  The errors that count
in the end are those of the evaluation in f32 and f64, with the coefficients scaled and rounded and
each step rounded as the kernels do it; they are measured here against the true function.

Run ``python -m nqmbench.kernels.fit`` to repeat the fit and the measurement; it prints the tables
as they stand in `nqmbench.kernels.coefficients`, in about a quarter of a minute.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from mpmath import mp
from numpy.typing import NDArray

from nqmbench.kernels.coefficients import LONG

Reals = NDArray[np.floating[Any]]
Table = tuple[float, ...]

DIGITS = 50
ROUNDS = 50  # of the exchange; fewer than ten are used
POINTS = 2000  # at 100 to a swing of the error, its top is missed by one part in 10^4
SAMPLES = 20_000
TYPES: dict[str, type[np.floating[Any]]] = {"f32": np.float32, "f64": np.float64}
UNITS = {"f32": 2.0 * np.log(2.0) / 2.0**23, "f64": 2.0 * np.log(2.0) / 2.0**52}  # of logarithms


@dataclass(frozen=True)
class Approximation:
    """A function on [low, high] and the form ``sum_k c_k x^(first + step k)`` that is to meet it.

    Attributes:
        text: what is approximated, for the reader of the tables.
        function: the function, of multiple precision numbers.
        low: the lower end of the interval.
        high: the upper end of the interval.
        first: the first power: 1 for a function that vanishes at 0, of which the polynomial is
            the quotient by x, so that the error near 0 vanishes with it.
        step: 2 for an even or odd function, whose polynomial is one in x^2, else 1.
        relative: whether errors are relative to the function, or absolute.
        units: the power of the unit of logarithms by which the kernels scale the coefficients.
        terms: the number of coefficients, for each precision.
    """

    text: str
    function: Callable[[Any], Any]
    low: float
    high: float
    first: int
    step: int
    relative: bool
    units: float
    terms: dict[str, int]


ROOT_HALF = float(np.sqrt(0.5))
HALF_LOG_TWO = 0.5 * float(np.log(2.0))

# The numbers of terms in f64 are the least that hold about 2e-15.  One term less would multiply the
# error before rounding by 6 (LOG), 70 (EXP) or more than 400 (SINE, COSINE).  The cosine would be
# held by 8, but a normal is this error times the radius, up to 9.35, and is to hold 5e-15.
APPROXIMATIONS = {
    "LOG": Approximation(
        "q(f) f = -2 log(1 + f), sqrt(1/2) <= 1 + f <= sqrt(2)",
        lambda f: -2 * mp.log1p(f),
        low=ROOT_HALF - 1.0,
        high=2.0 * ROOT_HALF - 1.0,
        first=1,
        step=1,
        relative=True,
        units=-1.0,
        terms={"f32": 8, "f64": 18},
    ),
    "SINE": Approximation(
        "x s(x^2) = sin(pi x / 2), |x| <= 1",
        lambda x: mp.sinpi(x / 2),
        low=0.0,
        high=1.0,
        first=1,
        step=2,
        relative=False,
        units=0.5,
        terms={"f32": 5, "f64": 8},
    ),
    "COSINE": Approximation(
        "c(x^2) = cos(pi x / 2), |x| <= 1",
        lambda x: mp.cospi(x / 2),
        low=0.0,
        high=1.0,
        first=0,
        step=2,
        relative=False,
        units=0.5,
        terms={"f32": 5, "f64": 9},
    ),
    "EXP": Approximation(
        "r p(r) = exp(r) - 1, |r| <= log(2) / 2",
        mp.expm1,
        low=-HALF_LOG_TWO,
        high=HALF_LOG_TWO,
        first=1,
        step=1,
        relative=True,
        units=0.0,
        terms={"f32": 6, "f64": 10},
    ),
}


def minimax(goal: Approximation, terms: int) -> tuple[Table, float]:
    """Return the coefficients of the smallest largest error, in increasing powers, and that error.

    The points to choose from are the Chebyshev points of the interval, dense towards its ends as
    the swings of the error are.  Their number is even, so that none is the 0 in a middle.
    """
    with mp.workdps(DIGITS):
        middle, half = mp.mpf(goal.low + goal.high) / 2, mp.mpf(goal.high - goal.low) / 2
        points = [middle - half * mp.cospi(mp.mpf(i) / (POINTS - 1)) for i in range(POINTS)]
        values = [goal.function(x) for x in points]
        weights = [1 / v if goal.relative else mp.one for v in values]
        chosen = np.linspace(1, POINTS - 1, terms + 1).astype(int)
        for _ in range(ROUNDS):
            rows = mp.matrix(terms + 1)
            for i, j in enumerate(chosen):
                for k in range(terms):
                    rows[i, k] = weights[j] * points[j] ** (goal.first + goal.step * k)
                rows[i, terms] = (-1) ** i
            solution = mp.lu_solve(rows, mp.matrix([weights[j] * values[j] for j in chosen]))
            downwards = list(solution)[-2::-1]
            errors = np.array(
                [
                    float(w * (x**goal.first * mp.polyval(downwards, x**goal.step) - v))
                    for x, v, w in zip(points, values, weights, strict=True)
                ]
            )
            exchanged = tops_of_swings(errors, terms + 1)
            if np.array_equal(exchanged, chosen):
                return tuple(float(c) for c in downwards[::-1]), float(np.abs(errors).max())
            chosen = exchanged
    raise ArithmeticError(
        f"the exchange for {goal.text} with {terms} terms has not settled in {ROUNDS} rounds: "
        f"with so many terms the error may be below {DIGITS} digits, so raise DIGITS"
    )


def tops_of_swings(errors: Reals, count: int) -> NDArray[np.intp]:
    """Return where the swings of a curve, its runs of one sign, are largest, for ``count`` of them.

    There may be a few more swings; then the smaller of the two at the ends goes.

    >>> tops_of_swings(np.array([0.1, -1.0, -3.0, 2.0, 5.0, 2.0, -4.0]), 3)
    array([2, 4, 6])
    """
    size = np.abs(errors)
    runs = np.split(np.arange(errors.size), np.flatnonzero(np.diff(errors > 0.0)) + 1)
    tops = [run[np.argmax(size[run])] for run in runs]
    while len(tops) > count:
        tops.pop(0 if size[tops[0]] < size[tops[-1]] else -1)
    return np.array(tops)


def fma(a: Reals, b: Reals, c: Reals) -> Reals:
    """Return ``a b + c`` rounded once, as the machine's fused multiply-add does, for f32 or f64.

    In f32 the product is exact in f64.  In f64, product and sum are each taken with the error
    that their rounding leaves (Dekker, 1971; Knuth's TwoSum), which is a number too, and the
    errors are added at the end.  Both can differ from the machine where the sum lies next to the
    middle of two numbers, about once in 2^29 and 2^50 cases.
    """
    if a.dtype == np.float32:
        return (a.astype(np.float64) * b + c).astype(np.float32)
    a_high, b_high = (x * 134217729.0 - (x * 134217729.0 - x) for x in (a, b))  # 2^27 + 1
    a_low, b_low = a - a_high, b - b_high
    product = a * b
    product_error = a_low * b_low - (product - a_high * b_high - a_low * b_high - a_high * b_low)
    total = product + c
    c_part = total - product
    total_error = (product - (total - c_part)) + (c - c_part)
    return total + (total_error + product_error)


def horner(table: Sequence[float], x: Reals) -> Reals:
    """Evaluate ``sum_k c_k x^k`` from the top, in the precision of ``x``: one chain of fmas."""
    value = np.full_like(x, table[-1])
    for c in table[-2::-1]:
        value = fma(value, x, np.full_like(x, c))
    return value


def polynomial(table: Sequence[float], x: Reals) -> Reals:
    """Evaluate as the kernels do: even and odd powers of a long one apart, in x^2."""
    if len(table) < LONG:
        return horner(table, x)
    square = x * x
    return fma(horner(table[1::2], square), x, horner(table[0::2], square))


def measured_error(
    goal: Approximation, table: Sequence[float], precision: str, samples: int = SAMPLES
) -> tuple[float, float]:
    """Return (largest, root mean square) error of what a kernel computes in ``precision``.

    The largest is that of a sample: among 2 million arguments it was up to a ninth larger.

    Args:
        goal: the function and the form.
        table: the coefficients, which are scaled and rounded to the precision first.
        precision: "f32" or "f64".
        samples: the number of equidistant arguments; even, without 0 in the middle.
    """
    x = np.linspace(goal.low, goal.high, samples + 2)[1:-1].astype(TYPES[precision])
    scale = float(UNITS[precision] ** goal.units)
    value = polynomial([c * scale for c in table], x**goal.step) * x**goal.first
    with mp.workdps(DIGITS):
        true = [scale * goal.function(mp.mpf(float(v))) for v in x]
        nearest = np.array([float(t) for t in true])
        remainder = np.array([float(t - n) for t, n in zip(true, nearest.tolist(), strict=True)])
    error = (value.astype(np.float64) - nearest - remainder) / (nearest if goal.relative else scale)
    return float(np.abs(error).max()), float(np.sqrt(np.mean(error * error)))


def table_text(name: str) -> str:
    """Return one function's tables as Python text, with the errors measured in each precision."""
    goal = APPROXIMATIONS[name]
    lines = [f"# {goal.text}; {'relative' if goal.relative else 'absolute'} errors", f"{name} = {{"]
    for precision, terms in goal.terms.items():
        table, _ = minimax(goal, terms)
        largest, rms = measured_error(goal, table, precision)
        lines += [f'    "{precision}": (  # largest error {largest:.1e}, rms {rms:.1e}']
        lines += [*(f"        {c!r}," for c in table), "    ),"]
    return "\n".join([*lines, "}"])


if __name__ == "__main__":
    for name in APPROXIMATIONS:
        print(table_text(name))
