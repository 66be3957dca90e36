"""Nesterov's method: how far it overshoots, up to which step it is stable, what variance it has."""

import numpy as np
from _second_text import DESCENT, MOMENTUM, NESTEROV, NOISY_PARABOLA, PARABOLA, overshoot

import nqmbench as nq

suite = nq.Suite(
    "lookahead",
    summary="Nesterov's method beside momentum and gradient descent",
    source="second text, Nesterov accelerated gradient",
)


def demo(method: nq.Method) -> nq.Experiment:
    """The text's demonstration, long enough to see every swing."""
    return nq.Experiment(PARABOLA, method, steps=60)


def beyond(method: nq.Method) -> nq.Experiment:
    """At eta h = 1.5, from a distance of 1, with a little noise."""
    return nq.Experiment(nq.NoisyQuadratic(h=15.0, sigma=0.1), method, steps=20)


suite.figure(
    "A step that is too large for Nesterov's method alone",
    panels=lambda: {
        "eta h = 1.5, gamma = 0.9": {
            "gradient descent": beyond(DESCENT),
            "momentum": beyond(MOMENTUM),
            "Nesterov": beyond(NESTEROV),
        }
    },
    doc="Gradient descent is stable up to eta h = 2, momentum up to 3.8, Nesterov's method up to "
    "1.357 only.",
)

# -- overshooting ----------------------------------------------------------------------------------


@suite.check(
    "Nesterov's method overshoots less than momentum", ref="T2-48", kind="bound",
    expect="confirmed",
)  # fmt: skip
def overshoots_less():
    """In the demonstration by 0.998, momentum by 2.127."""
    return overshoot(demo(MOMENTUM)), overshoot(demo(NESTEROV))


@suite.check(
    "it overshoots less at every step size up to 1/h", ref="T2-48", kind="bound",
    expect="confirmed",
)  # fmt: skip
def never_more():
    """With eta h from 0.001 to 1, and gamma = 0.5, 0.9 and 0.99."""
    claimed, true = [], []
    for gamma in (0.5, 0.9, 0.99):
        for lam in (0.001, 0.01, 0.1, 0.5, 0.9, 1.0):
            problem = nq.NoisyQuadratic(h=lam, sigma=0.0, w0=-1.0)
            ball, ahead = nq.heavy_ball(1.0, gamma, velocity="step"), nq.nesterov(1.0, gamma)
            claimed.append(overshoot(nq.Experiment(problem, ball, steps=300)))
            true.append(overshoot(nq.Experiment(problem, ahead, steps=300)))
    return claimed, true


@suite.check(
    "its swings shrink by sqrt(gamma (1 - eta h)), those of momentum by sqrt(gamma)",
    ref="T2-48",
    kind="rate",
    expect="confirmed",
)
def swings():
    """While the roots are complex: for gamma = 0.9 at eta h = 0.01, 0.2 and 0.8."""
    lam, gamma = np.array([0.01, 0.2, 0.8]), 0.9
    ball, ahead = nq.heavy_ball(1.0, gamma, velocity="step"), nq.nesterov(1.0, gamma)
    claimed = [np.sqrt(gamma * (1 - lam)), np.full(3, gamma**0.5)]
    return claimed, [nq.spectral_radius(ahead, lam), nq.spectral_radius(ball, lam)]


# -- efficiency ------------------------------------------------------------------------------------

suite.ordering(
    "Nesterov's method is ahead of momentum in the demonstration",
    ref="T2-49",
    smaller=lambda: demo(NESTEROV),
    larger=lambda: demo(MOMENTUM),
    of="loss",
    at=(20, 30, 60),
    expect="confirmed",
    doc="Looking ahead improves convergence, says the text; here it does.",
)
suite.ordering(
    "Nesterov's method is ahead at a larger step, too",
    ref="T2-49",
    smaller=lambda: [beyond(NESTEROV)] * 2,
    larger=lambda: [beyond(DESCENT), beyond(MOMENTUM)],
    of="loss",
    at=(10, 20),
    expect="refuted",
    doc="At eta h = 1.5 it diverges, where the other two converge.",
)


@suite.check(
    "Nesterov's method bears as large a step as gradient descent", ref="T2-49", kind="bound",
    expect="refuted",
)  # fmt: skip
def bears_as_much():
    """Were it more efficient throughout, its limit would not lie below gradient descent's 2/h."""
    momenta = (0.5, 0.9, 0.99)
    limits = [nq.stability_limit(nq.nesterov(0.1, gamma)) for gamma in momenta]
    return limits, [nq.stability_limit(DESCENT)] * len(momenta)


@suite.check(
    "Nesterov's method is stable up to eta h = 2 (1 + gamma)/(1 + 2 gamma)", mends="T2-49",
    kind="rate", expect="confirmed",
)  # fmt: skip
def limits():
    """That is 1.357 at gamma = 0.9, where momentum is stable up to 2 (1 + gamma) = 3.8."""
    momenta = (0.1, 0.5, 0.9, 0.99)
    claimed = [[2 * (1 + g) / (1 + 2 * g), 2 * (1 + g)] for g in momenta]
    methods = [(nq.nesterov(0.1, g), nq.heavy_ball(0.1, g, velocity="step")) for g in momenta]
    return claimed, [[nq.stability_limit(m) for m in pair] for pair in methods]


def settled() -> list[nq.Experiment]:
    """Nesterov's method with noise, at three step sizes, when it has settled."""
    small = nq.NoisyQuadratic(h=[1.0, 8.0])
    noisy = [nq.Experiment(p, NESTEROV, steps=400) for p in (NOISY_PARABOLA, small)]
    return [*noisy, nq.Experiment(NOISY_PARABOLA, nq.nesterov(0.3, 0.5), steps=400)]


@suite.claim(
    "the steady-state variance of Nesterov's method",
    mends="T2-49",
    of="w[i]",
    statistic="variance",
    at="last",
    experiments=settled,
    expect="confirmed",
)
def variance(h, eta, beta, B, sigma):
    """With lam = eta h and a = 1 - lam it is lam s2 (1 + gamma a)/((1 - gamma a)(1 + a (1 + 2
    gamma))), s2 = sigma^2/B.
    """
    lam, a = eta * h, 1 - eta * h
    return lam * sigma**2 / B * (1 + beta * a) / ((1 - beta * a) * (1 + a * (1 + 2 * beta)))


suite.outside(
    "T2-50",
    "Nesterov's method looks ahead before it takes the gradient, momentum moves before it does.",
    "A picture: in the text's own formulas both take a gradient and then step, at two different "
    "points. What follows from that is judged as T2-48.",
)
