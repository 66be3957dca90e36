"""The same textbook step on symbols: the steady state as a formula, and what a wrong one is off by.

Evaluating a method's step on SymPy symbols gives the symbolic A and q of one coordinate; the
steady second moment P solves the linear equations

    P = A P A^T + q q^T sigma^2 / B

in the entries of P. The **ratio** claimed / steady state, in lowest terms, says how a refuted
steady-state formula is wrong: "too large by the factor h".
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import sympy as sp

from nqmbench.method import Method, letter_of

__all__ = [
    "asymptotic", "evaluate", "mathml", "plain", "ratio", "steady_variance", "symbol", "typeset",
]  # fmt: skip

# How the letters are known: positive where the model demands it, so that roots and powers simplify.
POSITIVE = {"h", "eta", "sigma", "B", "L", "mu", "d", "T", "eta0"}
WRITTEN = "none"  # SymPy's own order of terms: 2 - eta*h; its default would print -eta*h + 2
LATEX = {"w0": "w_0", "w0_std": "s_0", "eta0": r"\eta_0", "mu": r"\mu", "B0": "B_0", "t0": "t_0"}


def symbol(name: str) -> sp.Symbol:
    """The SymPy symbol of a letter of the texts."""
    if name == "k":
        return sp.Symbol("k", integer=True, nonnegative=True)
    return sp.Symbol(name, positive=True) if name in POSITIVE else sp.Symbol(name, real=True)


def evaluate(formula: Callable[..., Any], names: tuple[str, ...]) -> sp.Expr | None:
    """The formula on symbols, or None when it cannot be written as one expression.

    Args:
        formula: a claim's function.
        names: its argument names.

    >>> evaluate(lambda k, eta, h: (1 - eta * h) ** (2 * k), ("k", "eta", "h"))
    (-eta*h + 1)**(2*k)
    """
    if "experiment" in names:
        return None
    try:
        value = formula(**{name: symbol(name) for name in names})
        return sp.sympify(value, strict=True)
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException:  # whatever a user's numeric code does on symbols: it just is not symbolic
        return None


def asymptotic(formula: sp.Expr) -> sp.Expr:
    """The formula for k -> infinity: every power (or exponential) whose exponent has k is set to 0.

    >>> k, a = symbol("k"), symbol("h")
    >>> asymptotic(3 + a ** (2 * k))
    3
    """
    k = symbol("k")

    def decays(e: sp.Expr) -> bool:
        return bool((e.is_Pow and e.exp.has(k)) or (isinstance(e, sp.exp) and e.has(k)))

    return formula.replace(decays, lambda e: sp.Integer(0))


def steady_variance(method: Method) -> sp.Expr | None:
    """The steady variance of one coordinate of the read-out, as a formula in the texts' letters.

    Args:
        method: any method; its numbers do not matter, its structure does. A preconditioned method
            has its curvature h^(1-p).

    Returns:
        The formula, or None for a method with schedules (there is no steady state) and for a step
        whose code does not run on symbols.

    >>> from nqmbench.methods import heavy_ball, sgd
    >>> steady_variance(sgd(0.1))
    eta*h*sigma**2/(B*(-eta*h + 2))
    >>> steady_variance(heavy_ball(0.1, 0.9))
    eta*h*sigma**2*(beta + 1)/(B*(1 - beta)*(2*beta - eta*h + 2))
    """
    if not method.constant:
        return None
    return _steady_variance(
        method.step, tuple(method.starts), method.readout,
        tuple(method.parameters), method.power != 0,
    )  # fmt: skip


@lru_cache(maxsize=256)
def _steady_variance(
    step: Callable[..., Any],
    states: tuple[str, ...],
    readout: str,
    parameters: tuple[str, ...],
    preconditioned: bool,
) -> sp.Expr | None:
    lam = sp.Symbol("lam", positive=True)  # stands for h^(1-p) until the equations are solved
    try:
        A, q = symbolic_recursion(step, states, parameters, lam)
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException:  # whatever a user's numeric code does on symbols: it just is not symbolic
        return None
    variance = solve_lyapunov(A, q, states.index(readout))
    h, B, sigma, p = (symbol(name) for name in ("h", "B", "sigma", "p"))
    curvature = h ** (1 - p) if preconditioned else h
    return tidy(variance.subs(lam, curvature) * sigma**2 / B)


def symbolic_recursion(
    step: Callable[..., Any], states: tuple[str, ...], parameters: tuple[str, ...], lam: sp.Symbol
) -> tuple[sp.Matrix, sp.Matrix]:
    """A and q of z' = A z + q x for the gradient lam (point - x), read off the symbolic step."""
    x = sp.Symbol("x")
    z = {name: sp.Symbol(f"z_{name}") for name in states}
    named: Mapping[str, sp.Symbol] = {name: symbol(letter_of(name)) for name in parameters}
    rest = {name: value for name, value in named.items() if name != "lr"}
    new = step(z, lambda point: lam * (point - x), named["lr"], **rest)
    rows = [sp.nsimplify(sp.expand(new[name]), rational=True) for name in states]
    A = sp.Matrix([[row.coeff(z[name]) for name in states] for row in rows])
    return A, sp.Matrix([row.coeff(x) for row in rows])


def solve_lyapunov(A: sp.Matrix, q: sp.Matrix, i: int) -> sp.Expr:
    """P[i, i] of the symmetric P with P = A P A^T + q q^T.

    Fraction-free elimination over polynomials: dividing only at the end keeps it below 0.2 s.
    """
    from sympy.polys.matrices import DomainMatrix

    pairs = list(itertools.combinations_with_replacement(range(A.rows), 2))
    unknowns = [sp.Symbol(f"P_{i}{j}") for i, j in pairs]
    P = sp.zeros(A.rows, A.rows)
    for (row, column), unknown in zip(pairs, unknowns, strict=True):
        P[row, column] = P[column, row] = unknown
    difference = P - A * P * A.T - q * q.T
    if any(sp.denom(sp.together(entry)) != 1 for entry in [*A, *q]):
        difference = difference.applyfunc(lambda entry: sp.numer(sp.together(entry)))
    equations = [sp.expand(difference[pair]) for pair in pairs]
    system, right = sp.linear_eq_to_matrix(equations, unknowns)
    ring = sp.ZZ[sorted(system.free_symbols | right.free_symbols, key=str)]
    numerators, denominator = (
        DomainMatrix.from_Matrix(system)
        .convert_to(ring)
        .solve_den(DomainMatrix.from_Matrix(right).convert_to(ring))
    )
    return sp.factor(numerators.to_Matrix()[pairs.index((i, i))] / ring.to_sympy(denominator))


def ratio(claimed: sp.Expr, method: Method) -> sp.Expr | None:
    """Claimed steady state / true steady state in lowest terms; None when there is none.

    Args:
        claimed: the formula of one coordinate's second moment or variance; powers with k in the
            exponent are set to 0.
        method: the method that the claim is about.

    >>> from nqmbench.methods import sgd
    >>> eta, h, B, sigma = (symbol(s) for s in ("eta", "h", "B", "sigma"))
    >>> ratio(eta * h**2 * sigma**2 / (B * (2 - eta * h)), sgd(0.1))
    h
    """
    truth = steady_variance(method)
    limit = asymptotic(claimed)
    if truth is None or limit == 0 or limit.has(symbol("k"), sp.zoo, sp.nan, sp.oo):
        return None
    quotient = sp.factor(sp.powsimp(sp.cancel(sp.together(limit / truth))))
    return tidy(quotient)


def tidy(expression: sp.Expr) -> sp.Expr:
    """Numerator and denominator with a person's signs: 2 - eta h, not eta h - 2."""
    numerator, denominator = sp.fraction(expression)
    small = {
        s: sp.Rational(1, 97 + i) for i, s in enumerate(sorted(expression.free_symbols, key=str))
    }

    def positive(product: sp.Expr) -> sp.Expr:
        factors = [f if f.subs(small) > 0 else -f for f in sp.Mul.make_args(product)]
        return sp.Mul(*factors)

    if not small or not expression.subs(small).is_number:
        return expression
    if not bool(expression.subs(small) > 0):
        return expression
    return positive(numerator) / positive(denominator)


def plain(expression: sp.Expr) -> str:
    """The expression as a person would type it.

    >>> plain(2 * symbol("eta") ** 2 / (2 - symbol("eta") * symbol("h")))
    '2*eta^2/(2 - eta*h)'
    """
    return str(sp.sstr(expression, order=WRITTEN)).replace("**", "^")


def typeset(expression: sp.Expr) -> str:
    r"""The expression in LaTeX, with the texts' letters.

    >>> typeset(symbol("eta") * symbol("w0") ** 2)
    '\\eta w_0^{2}'
    """
    names = {symbol(name): latex for name, latex in LATEX.items()}
    text = sp.latex(expression, symbol_names=names, order=WRITTEN)
    return str(text).replace("{w_0}", "w_0")


def mathml(expression: sp.Expr) -> str:
    """The expression as presentation MathML, which browsers show without any script.

    >>> mathml(symbol("h"))
    '<math><mi>h</mi></math>'
    """
    from sympy.printing.mathml import MathMLPresentationPrinter

    body = MathMLPresentationPrinter({"order": WRITTEN}).doprint(expression)
    return f"<math>{body}</math>"
