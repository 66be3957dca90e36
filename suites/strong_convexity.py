"""Gradient descent with strong convexity: the geometric rate, its true condition, an example."""

from collections.abc import Callable

import numpy as np
from _second_text import CONVEX

import nqmbench as nq

suite = nq.Suite(
    "strong_convexity",
    summary="gradient descent on strongly convex functions: (1 - eta mu)^t, and when it is true",
    source="second text, strongly convex case",
)


def spread(eta: float, h: tuple[float, ...] = (2.0, 0.2)) -> nq.Experiment:
    """Gradient descent with the curvatures h, from a distance of 1 in each direction."""
    return nq.Experiment(nq.NoisyQuadratic(h=h, sigma=0.0), nq.sgd(lr=eta), steps=50)


suite.figure(
    "The squared distance at four step sizes, curvatures 2 and 0.2",
    panels=lambda: {
        "L = 2, mu = 0.2": {f"eta = {eta:g}": spread(eta) for eta in (0.1, 0.5, 0.9, 0.99)}
    },
    doc="Up to eta = 2/(L + mu) = 0.909 a larger step is faster, as 1 - eta mu says. At 0.99 the "
    "steep direction has the rate 0.98, and it is slower by far.",
)

# -- the definition --------------------------------------------------------------------------------


@suite.check(
    "strongly convex functions lie above a parabola", ref="T2-18", kind="bound",
    expect="confirmed",
)  # fmt: skip
def above_a_parabola():
    """f(b) >= f(a) + f'(a) (b - a) + mu/2 (b - a)^2 for all pairs of a grid: two parabolas and a
    logistic loss with a penalty.
    """
    a, b = (x.ravel() for x in np.meshgrid(np.linspace(-4, 4, 17), np.linspace(-3.9, 4.1, 17)))
    strong = [f for f in CONVEX if f.mu > 0]
    below = [f.value(a) + f.slope(a) * (b - a) + f.mu / 2 * (b - a) ** 2 for f in strong]
    return [f.value(b) for f in strong], below


@suite.check(
    "mu is the smallest curvature of a quadratic function", ref="T2-18", expect="confirmed"
)
def smallest_curvature():
    """The largest mu for which that holds is the smallest eigenvalue of the Hessian: the smallest
    of 2 (f(b) - f(a) - f'(a) (b - a)) / |b - a|^2, reached along its eigenvector.
    """
    random = np.random.default_rng(18)
    rows = random.normal(size=(30, 4))
    H = rows.T @ rows / 30
    values, vectors = np.linalg.eigh(H)
    a = random.normal(size=4)
    b = a + np.concatenate([random.normal(size=(200, 4)), vectors.T])
    f = lambda w: np.einsum("...i,ij,...j", w, H, w) / 2  # noqa: E731
    largest = 2 * (f(b) - f(a) - (b - a) @ H @ a) / ((b - a) ** 2).sum(1)
    return values[0], largest.min()


# -- the rate --------------------------------------------------------------------------------------


def below_two() -> list[nq.Experiment]:
    """Step sizes below 2/L, as the text asks for."""
    return [spread(0.25), spread(0.5), spread(0.949), spread(0.99), spread(0.75, (2.0,))]


@suite.claim(
    "|w - w*|^2 <= (1 - eta mu)^t R^2 for 0 < eta < 2/L",
    ref="T2-19",
    of="error",
    kind="upper bound",
    experiments=lambda: below_two()[:-1],
    expect="refuted",
)
def text_bound(k, eta, mu, w0):
    """At eta = 0.99 and curvatures 2 and 0.2 the true value is 4,100 times the bound after 50
    steps.
    """
    return (1 - eta * mu) ** k * w0**2


@suite.check(
    "the bound is one where mu = L, for 0 < eta < 2/L",
    ref="T2-19",
    kind="bound",
    expect="refuted",
)
def negative_bound():
    """At mu = L = 2 and eta = 0.75 the bound on a square is negative after every odd number of
    steps: -0.5 after the first, where a quarter of the squared distance is left.
    """
    eta, mu, steps = 0.75, 2.0, np.arange(1, 6)
    return (1 - eta * mu) ** steps, (1 - eta * mu) ** (2 * steps)


@suite.claim(
    "|w - w*|^2 <= (1 - eta mu)^t R^2 for eta <= (2L - mu)/L^2",
    mends="T2-19",
    of="error",
    kind="upper bound",
    when=lambda eta, mu, L: eta <= (2 * L - mu) / L**2,
    experiments=below_two,
    expect="confirmed",
)
def text_bound_mended(k, eta, mu, w0):
    """With this condition the bound is true: here up to eta = 0.949. It is loose, since up to eta =
    2/(L + mu) the square of 1 - eta mu would do.
    """
    return (1 - eta * mu) ** k * w0**2


@suite.claim(
    "|w - w*|^2 <= max((1 - eta mu)^2, (1 - eta L)^2)^t R^2",
    mends="T2-19",
    of="error",
    kind="upper bound",
    margin=0.0,
    experiments=below_two,
    expect="confirmed",
)
def true_bound(k, eta, mu, L, w0):
    """The true factor per step, for every step size; it is met by the slowest direction alone."""
    return nq.maximum((1 - eta * mu) ** 2, (1 - eta * L) ** 2) ** k * w0**2


@suite.check(
    "the factor 1 - eta mu holds if and only if eta <= (2L - mu)/L^2",
    mends="T2-19",
    kind="existence",
    expect="confirmed",
)
def bound_when():
    """On both sides of that step size, for three pairs of L and mu: the squared rate of the slowest
    direction beside 1 - eta mu.
    """
    claimed, true = [], []
    for L, mu in ((2.0, 0.2), (2.0, 2.0), (1.0, 0.001)):
        limit = (2 * L - mu) / L**2
        for eta in (0.1 / L, 1 / L - 1e-6, limit * (1 - 1e-6), limit * (1 + 1e-6), 1.9999 / L):
            claimed.append(eta <= limit)
            rate = nq.spectral_radius(nq.sgd(lr=eta), [L, mu]).max()
            true.append(rate**2 <= 1 - eta * mu)
    return claimed, true


@suite.check(
    "each step shrinks the distance by a fixed factor", ref="T2-20", kind="bound",
    expect="confirmed",
)  # fmt: skip
def fixed_factor():
    """For 0 < eta < 2/L the factor is the largest |1 - eta h|, below 1: from 50 random places in
    five dimensions, at four step sizes.
    """
    random = np.random.default_rng(20)
    h, w = np.array([2.0, 1.3, 0.7, 0.2, 0.05]), random.normal(size=(50, 5))
    claimed, true = [], []
    for eta in (0.1, 0.5, 0.9, 0.99):
        factor = nq.spectral_radius(nq.sgd(lr=eta), h).max()
        claimed.append([factor * np.linalg.norm(w, axis=1), np.ones(50)])
        true.append([np.linalg.norm(w - eta * h * w, axis=1), np.full(50, factor)])
    return claimed, true


# -- the text's example: mu = 0.1, eta = 1, ten steps ----------------------------------------------


@suite.check("0.9^10 is about 0.35", ref="T2-21", expect="confirmed")
def tenth_power():
    """To two digits, as the text prints it; 0.348678 to six."""
    return 0.35, round(0.9**10, 2)


@suite.check(
    "0.35 is less than a third", ref="T2-22", kind="bound", expect="refuted"
)  # fmt: skip
def less_than_a_third():
    """The text says so of what is left after ten steps. By its own bound it is a little more."""
    return 1 / 3, 0.9**10


@suite.check(
    "the bound is less than a third after 11 steps", mends="T2-22", kind="existence",
    expect="confirmed",
)  # fmt: skip
def eleven():
    """Of 8 to 14 steps it is so from 11 on: 0.314 is left."""
    steps = range(8, 15)
    return [t >= 11 for t in steps], [0.9**t < 1 / 3 for t in steps]


@suite.claim(
    "with the one curvature 0.1 the squared distance is 0.9^(2t)",
    mends="T2-22",
    of="error",
    experiments=lambda: [spread(1.0, (0.1,))],
    expect="confirmed",
)
def squared_distance(k, eta, mu, w0):
    """The bound speaks of the squared distance. In the direction that it is about the squared
    distance is truly 0.1216 after ten steps, and the distance itself 0.35.
    """
    return (1 - eta * mu) ** (2 * k) * w0**2


@suite.check(
    "a geometric rate is faster than 1/t in the end", ref="T2-23", kind="bound",
    expect="confirmed",
)  # fmt: skip
def in_the_end():
    """Of 0.9^t and 1/t the first is smaller from t = 34 on; of rho^t for every rho below 1 from
    some step on: looked at from (4/(1 - rho)) log(1/(1 - rho)) steps, for four rates.
    """
    claimed, true = [], []
    for rho in (0.5, 0.9, 0.99, 0.9999):
        first = 4 / (1 - rho) * np.log(1 / (1 - rho))
        t = np.ceil(first * np.array([1.0, 2.0, 5.0, 20.0]))
        claimed.append(1 / t)
        true.append(rho**t)
    return claimed, true


# -- where it applies ------------------------------------------------------------------------------


def curvatures(gradient: Callable[[np.ndarray], np.ndarray], w: np.ndarray) -> np.ndarray:
    """The eigenvalues of the Hessian, from central differences of the gradient."""
    steps = 1e-3 * np.eye(w.size)
    H = np.array([(gradient(w + s) - gradient(w - s)) / 2e-3 for s in steps])
    return np.linalg.eigvalsh((H + H.T) / 2)


def twin_columns() -> np.ndarray:
    """Data of which two columns are the same, so that one direction has no curvature."""
    x = np.random.default_rng(24).normal(size=(40, 4))
    return np.column_stack([x, x[:, 0]])


@suite.check("ridge regression is strongly convex", ref="T2-24", kind="rate", expect="confirmed")
def ridge():
    """|Xw - y|^2 + lambda |w|^2 has mu = 2 (lambda + s^2), with s the smallest singular value of X:
    2 lambda where two columns are the same.
    """
    random, claimed, true = np.random.default_rng(4), [], []
    for x in (random.normal(size=(30, 4)), twin_columns()):
        y, s = random.normal(size=len(x)), np.linalg.svd(x, compute_uv=False).min()
        for lam in (0.1, 2.0):
            gradient = lambda w, x=x, y=y, lam=lam: 2 * x.T @ (x @ w - y) + 2 * lam * w  # noqa: E731
            claimed.append(2 * (lam + s**2))
            true.append(curvatures(gradient, random.normal(size=x.shape[1])).min())
    return claimed, true


@suite.check(
    "logistic regression with a penalty is strongly convex", ref="T2-24", kind="bound",
    expect="confirmed",
)  # fmt: skip
def logistic():
    """With lambda/2 |w|^2 every curvature is at least lambda, at ten places; two columns are equal,
    so that without the penalty the smallest one is 0.
    """
    random, x, lam = np.random.default_rng(5), twin_columns(), 0.3
    y = np.sign(random.normal(size=len(x)))

    def gradient(w: np.ndarray) -> np.ndarray:
        return -x.T @ (y / (1 + np.exp(y * (x @ w)))) / len(x) + lam * w

    smallest = [curvatures(gradient, random.normal(size=5)).min() for _ in range(10)]
    return smallest, [lam * (1 - 1e-9)] * 10


suite.outside(
    "T2-25",
    "A table: convex and smooth means O(1/t), strongly convex (1 - eta mu)^t.",
    "Its two rows are T2-10 and T2-19, which are judged.",
)
suite.outside(
    "T2-26",
    "A table of where full gradients are suitable: small data sets, convex and smooth functions, "
    "not deep networks, not large data sets.",
    "A judgement of cost and of networks. What is guaranteed on convex and smooth functions is "
    "judged as T2-17.",
)
