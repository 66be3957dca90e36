"""Preconditioned SGD with P = diag(h^p)."""

import numpy as np
from _first_text import PROBLEM, SGD, component_curves

import nqmbench as nq


def grid() -> list[nq.Experiment]:
    return [
        nq.Experiment(PROBLEM, nq.preconditioned(SGD, power=p), batch=B, steps=1000)
        for p, B in ((0.5, 1), (0.5, 10), (1.0, 1))
    ]


suite = nq.Suite(
    "preconditioning",
    summary="SGD preconditioned with powers of the curvature",
    source="first text, section 7",
    experiments=grid,
)


suite.figure(
    "What preconditioning does",
    panels=lambda: {
        f"p = {p:g}": component_curves(nq.preconditioned(SGD, power=p), batch=10)
        for p in (0.0, 0.5, 1.0)
    },
    of="w2[0]",
    single=True,
    doc="At B = 10. The larger the power, the closer the rates of the two components, and the more "
    "noise is left in the flat one.",
)


def one_step() -> list[nq.Experiment]:
    problem = nq.NoisyQuadratic(h=[2.0, 0.1], w0=[1.0, 3.0])
    return [
        nq.Experiment(problem, nq.preconditioned(SGD, power=p), steps=1, checkpoints=[1])
        for p in (0.25, 0.5, 1.0)
    ]


@suite.claim(
    "the preconditioned update, its mean",
    ref="T1-37",
    of="w[i]",
    experiments=one_step,
    scale=lambda h, eta, p, w0: eta * h ** (1 - p) * abs(w0),
    expect="confirmed",
)
def update_mean(h, eta, p, w0):
    """On average one step multiplies each component by 1 - eta h^(1-p). The margin is relative to
    the displacement.
    """
    return w0 - eta * h ** (1 - p) * w0


@suite.claim(
    "the preconditioned update, its noise",
    ref="T1-37",
    of="w[i]",
    statistic="variance",
    experiments=one_step,
    expect="confirmed",
)
def update_noise(h, eta, p, B, sigma):
    """What one step adds to each component is eta h^(1-p) x, with the variance (eta h^(1-p)
    sigma)^2/B.
    """
    return (eta * h ** (1 - p) * sigma) ** 2 / B


@suite.check(
    "full preconditioning makes all rates equal", ref="T1-37", kind="rate", expect="confirmed"
)
def equal_rates():
    """With p = 1 every component converges at the rate 1 - eta per step, whatever its curvature."""
    method = nq.preconditioned(SGD, power=1.0)
    return [0.9, 0.9, 0.9], nq.spectral_radius(method, [10.0, 1.0, 0.01])


@suite.claim(
    "second moment with preconditioning",
    ref="T1-38",
    of="w2[i]",
    kind="approximation",
    when=lambda k: k >= 100,
    expect="refuted",
)
def text(k, h, eta, p, B, sigma, w0):
    """At large k the text has eta h^(2-p) in the noise term, where it should have eta h^(1-p)."""
    lam = eta * h ** (1 - p)
    return (1 - lam) ** (2 * k) * w0**2 + eta * h ** (2 - p) / (B * (2 - lam)) * sigma**2


def first_steps() -> list[nq.Experiment]:
    problem = nq.NoisyQuadratic(h=1.0, w0=0.1)
    method = nq.preconditioned(SGD, power=0.5)
    return [nq.Experiment(problem, method, steps=2, checkpoints=[1, 2])]


@suite.claim(
    "second moment with preconditioning, in the first steps",
    ref="T1-38",
    of="w2[i]",
    kind="approximation",
    experiments=first_steps,
    expect="refuted",
)
def text_at_once(k, h, eta, p, B, sigma, w0):
    """At small k the text's formula has the whole noise at once: it lacks the factor (1 - a^(2k)),
    a = 1 - eta h^(1-p). Here at h = 1, where the power of h is right.
    """
    return text(k, h, eta, p, B, sigma, w0)


@suite.claim(
    "second moment with preconditioning, exactly", mends="T1-38", of="w2[i]", expect="confirmed"
)
def true_moment(k, h, eta, p, B, sigma, w0):
    """At every k E w_k^2 is a^(2k) w0^2 + lam s2/(2 - lam) (1 - a^(2k)), where lam = eta h^(1-p), a
    = 1 - lam and s2 = sigma^2/B.
    """
    lam = eta * h ** (1 - p)
    forget = (1 - lam) ** (2 * k)
    return forget * w0**2 + lam / (B * (2 - lam)) * sigma**2 * (1 - forget)


# -- rates and variances ---------------------------------------------------------------------------


@suite.check(
    "preconditioning brings the rates together", ref="T1-39", kind="rate", expect="confirmed"
)
def rate_ratios():
    """The logarithms of the rates have the ratio kappa^(1-p) for small steps (here 1e-6); at p = 1
    the rates are the same.
    """
    claimed, true = [], []
    for kappa in (10.0, 1000.0):
        for p in (0.0, 0.25, 0.5, 0.75, 1.0):
            method = nq.preconditioned(nq.sgd(lr=1e-6), power=p)
            first, second = np.log(nq.spectral_radius(method, [1.0, 1 / kappa]))
            claimed.append(kappa ** (1 - p))
            true.append(first / second)
    return claimed, true


def from_the_optimum(h: float, power: float) -> nq.Experiment:
    """Started at the optimum, E w_k^2 is the variance; after 400 steps it has settled."""
    method = nq.preconditioned(SGD, power=power)
    return nq.Experiment(nq.NoisyQuadratic(h, w0=0.0), method, steps=400, checkpoints=[400])


suite.ordering(
    "preconditioning raises the variance at h = 0.1",
    ref="T1-40",
    smaller=from_the_optimum(0.1, power=0.0),
    larger=from_the_optimum(0.1, power=0.5),
    of="error",
    at="last",
    expect="confirmed",
    doc="In the text's second component the variance rises from 0.0050 to 0.0161 at p = 0.5.",
)

suite.ordering(
    "preconditioning raises the variance, whatever the curvature",
    ref="T1-40",
    smaller=from_the_optimum(2.0, power=0.0),
    larger=from_the_optimum(2.0, power=0.5),
    of="error",
    at="last",
    expect="refuted",
    doc="Speaking of an increase in variance, the text names no condition. At h = 2 "
    "preconditioning lowers it, from 0.111 to 0.076.",
)

suite.ordering(
    "preconditioning lowers the variance at h = 2",
    mends="T1-40",
    smaller=from_the_optimum(2.0, power=0.5),
    larger=from_the_optimum(2.0, power=0.0),
    of="error",
    at="last",
    expect="confirmed",
    doc="With the step size left as it is, eta h^(1-p) is smaller than eta h where h > 1.",
)


@suite.check(
    "at h = 1 the variance does not depend on the power", mends="T1-40", expect="confirmed"
)
def same_at_one():
    """At h = 1 the steady-state variance is SGD's own, with p = 0.25, 0.5 and 1."""
    plain, *others = (
        nq.steady_state(from_the_optimum(1.0, p)).mean[0, 0] for p in (0, 0.25, 0.5, 1)
    )
    return [plain] * 3, others


@suite.check(
    "preconditioning raises the variance exactly where h < 1",
    mends="T1-40",
    kind="existence",
    expect="confirmed",
)
def raised_below_one():
    """With p = 0.25, 0.5 or 1 the variance is above SGD's if and only if h < 1: tested on both
    sides of 1, and far from it.
    """
    claimed, true = [], []
    for h in (0.01, 0.5, 1 - 1e-6, 1 + 1e-6, 2.0, 10.0):
        plain, *others = (
            nq.steady_state(from_the_optimum(h, power)).mean[0, 0] for power in (0, 0.25, 0.5, 1)
        )
        claimed += [h < 1] * 3
        true += [plain < V for V in others]
    return claimed, true
