"""Where the coefficients of the fast logarithm, sine, cosine and exponential come from.

Each function is approximated by a polynomial whose *largest* error, weighted as the kernel feels
it, is as small as possible.  Lawson's method finds it with nothing but least squares: solve, look
where the residual is large, give those points more weight, repeat.  The weights converge to the
minimax solution.  The fit runs in double precision; what is printed at the end is the error of
the single precision evaluation, with the coefficients already rounded, term by term as the kernel
does it (Horner's rule with a fused multiply-add).

Run ``python -m nqmbench.kernels.fit`` to repeat the fit and the measurement.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]

SQRT_HALF = float(np.sqrt(0.5))


def lawson(basis: Reals, target: Reals, weight: Reals, rounds: int = 400) -> Reals:
    """Return the coefficients that make ``max |weight (basis @ c - target)|`` nearly minimal.

    Args:
        basis: shape (points, terms), the values of the basis functions.
        target: shape (points,).
        weight: shape (points,), how much an error at each point counts, > 0.
        rounds: number of reweighted least-squares solves.
    """
    share = np.full(target.size, 1.0 / target.size)
    best, best_error = np.zeros(basis.shape[1]), np.inf
    for _ in range(rounds):
        root = np.sqrt(share) * weight
        solution = np.linalg.lstsq(basis * root[:, None], target * root, rcond=None)[0]
        residual = np.abs(weight * (basis @ solution - target))
        if residual.max() < best_error:
            best, best_error = solution, float(residual.max())
        share = share * residual
        share /= share.sum()
    return best


def grid(low: float, high: float, count: int = 4001) -> Reals:
    """Return Chebyshev points of ``[low, high]``, dense near the ends where minimax errors peak."""
    angle = np.pi * (np.arange(count) + 0.5) / count
    return 0.5 * (low + high) - 0.5 * (high - low) * np.cos(angle)


def fit_log(terms: int) -> Reals:
    """Fit ``q`` with ``q(f) f ~ -2 log(1 + f)`` for ``1 + f`` in [sqrt(1/2), sqrt(2)].

    The quotient has no zero, so that near ``f = 0`` the product keeps its *relative* accuracy.
    """
    f = grid(SQRT_HALF - 1.0, 2.0 * SQRT_HALF - 1.0)
    target = -2.0 * np.log1p(f) / f
    return lawson(np.vander(f, terms, increasing=True), target, np.abs(1.0 / target))


def fit_sine(terms: int) -> Reals:
    """Fit ``s`` with ``x s(x^2) ~ sin(pi x / 2)`` for ``|x| <= 1``."""
    x = grid(0.0, 1.0)
    target = np.sin(0.5 * np.pi * x) / x
    return lawson(np.vander(x * x, terms, increasing=True), target, x)


def fit_cosine(terms: int) -> Reals:
    """Fit ``c`` with ``c(x^2) ~ cos(pi x / 2)`` for ``|x| <= 1``."""
    x = grid(0.0, 1.0)
    return lawson(
        np.vander(x * x, terms, increasing=True), np.cos(0.5 * np.pi * x), np.ones(x.size)
    )


def fit_exp(terms: int) -> Reals:
    """Fit ``p`` with ``r p(r) ~ exp(r) - 1`` for ``|r| <= log(2) / 2``, in relative error."""
    r = grid(-0.5 * np.log(2.0), 0.5 * np.log(2.0), 4000)  # an even number: without 0
    target = np.expm1(r) / r
    return lawson(np.vander(r, terms, increasing=True), target, 1.0 / target)


def horner(coefficients: Reals, x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Evaluate as the kernel does: f32 coefficients, each step rounded once (emulates the fma)."""
    wide = x.astype(np.float64)
    value = np.full(x.shape, np.float32(coefficients[-1]), dtype=np.float32)
    for c in coefficients[-2::-1]:
        value = (value * wide + np.float64(np.float32(c))).astype(np.float32)
    return value


def measured_errors(
    log: Reals, sine: Reals, cosine: Reals, exp: Reals
) -> dict[str, tuple[float, float]]:
    """Return (largest, root mean square) error in f32: relative for log and exp, else absolute."""
    f = np.linspace(SQRT_HALF - 1.0, 2.0 * SQRT_HALF - 1.0, 200_001).astype(np.float32)
    f = f[f != 0.0]
    true_log = -2.0 * np.log1p(f.astype(np.float64))
    e_log = (horner(log, f) * f).astype(np.float64) / true_log - 1.0
    x = np.linspace(0.0, 1.0, 200_001).astype(np.float32)
    angle = 0.5 * np.pi * x.astype(np.float64)
    e_sin = (horner(sine, x * x) * x).astype(np.float64) - np.sin(angle)
    e_cos = horner(cosine, x * x).astype(np.float64) - np.cos(angle)
    r = np.linspace(-0.3465, 0.3465, 200_000).astype(np.float32)
    e_exp = (horner(exp, r) * r).astype(np.float64) / np.expm1(r.astype(np.float64)) - 1.0
    errors = (("log", e_log), ("sine", e_sin), ("cosine", e_cos), ("exp", e_exp))
    return {name: (float(np.abs(e).max()), float(np.sqrt(np.mean(e * e)))) for name, e in errors}


def main() -> None:
    """Print the coefficients as the kernel's tables and the errors measured in f32."""
    tables = {"log": fit_log(8), "sine": fit_sine(5), "cosine": fit_cosine(5), "exp": fit_exp(6)}
    for name, table in tables.items():
        print(f"{name.upper()} = (")
        for value in table:
            print(f"    {value!r},".replace("np.float64(", "").replace(")", ""))
        print(")")
    for name, (largest, rms) in measured_errors(**tables).items():
        print(f"{name}: largest error {largest:.2e}, root mean square {rms:.2e}")


if __name__ == "__main__":
    main()
