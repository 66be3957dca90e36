"""Heavy-ball momentum: its second moment, and how large its steps may be."""

from _first_text import BATCHES, MOMENTUM, SGD, components, line_up

import nqmbench as nq

suite = nq.Suite(
    "momentum",
    summary="heavy ball: its second moment, and its largest step",
    source="first text, section 5",
    experiments=lambda: line_up("momentum", batches=BATCHES),
)

suite.figure(
    "What momentum does",
    panels=lambda: components({"SGD": SGD, "momentum": MOMENTUM}, batch=10),
    of="w2[0]",
    single=True,
    doc="At B = 10. Momentum hastens the flat component, and both of them swing; where it is steep "
    "it is not faster than SGD. Both end with some ten times SGD's variance.",
)


def settled(k, experiment):
    """The cells in the steady state: the mean has shrunk to nothing."""
    radius = nq.spectral_radius(experiment.method, experiment.problem.h).max()
    return radius**k < 1e-6


@suite.claim(
    "second moment with momentum",
    ref="T1-22",
    of="w2[i]",
    kind="approximation",
    when=lambda k: k >= 100,
    expect="refuted",
)
def text(k, h, eta, beta, B, sigma, w0):
    """For small eta and large k the text has (1 - eta h/(1 - beta))^(2k) w0^2 + eta h^2 s2/(2 - eta
    h) times (1 + beta)/(1 - beta), where s2 = sigma^2/B. At large k its shifted index is harmless.
    """
    slow = (1 - eta * h / (1 - beta)) ** (2 * k) * w0**2
    return slow + eta * h**2 / (B * (2 - eta * h)) * (1 + beta) / (1 - beta) * sigma**2


@suite.claim(
    "steady-state variance with momentum",
    mends="T1-22",
    of="w[i]",
    statistic="variance",
    when=settled,
    expect="confirmed",
)
def true_variance(h, eta, beta, B, sigma):
    """In the steady state V = lam s2 (1 + beta) / ((1 - beta) (2 (1 + beta) - lam)), where lam =
    eta h and s2 = sigma^2/B.
    """
    lam = eta * h
    return lam * sigma**2 / B * (1 + beta) / ((1 - beta) * (2 * (1 + beta) - lam))


@suite.claim(
    "second moment with momentum, by its recursion",
    mends="T1-22",
    of="w2[i]",
    experiments=lambda: line_up("momentum"),
    expect="confirmed",
)
def true_moment(k, h, eta, beta, B, sigma, w0):
    """The mean and the covariance of (w, v), stepped one by one, give E w_k^2 at every step. At the
    text's own parameters the roots are complex, and no single real rate describes the start.
    """
    w, v, ww, wv, vv = w0, 0.0, 0.0, 0.0, 0.0
    for _ in range(int(k)):
        v = beta * v + h * w
        w = w - eta * v
        vv = beta**2 * vv + 2 * beta * h * wv + h**2 * ww + h**2 * sigma**2 / B
        wv, ww = beta * wv + h * ww, ww  # covariances of (w, v') and w before w moves
        ww, wv = ww - 2 * eta * wv + eta**2 * vv, wv - eta * vv
    return w**2 + ww


# -- a larger stable step --------------------------------------------------------------------------


def one_component(lam: float, steps: int) -> list[nq.Experiment]:
    """Momentum 0.9, where the limit is eta h = 3.8."""
    method = nq.heavy_ball(lr=lam, momentum=0.9)
    return [nq.Experiment(nq.NoisyQuadratic(h=1.0), method, steps=steps)]


@suite.claim(
    "momentum is stable beyond SGD's largest step, at 3.7/h",
    ref="T1-21",
    of="w[0]",
    statistic="variance",
    at="last",
    experiments=lambda: one_component(3.7, 300),
    expect="confirmed",
)
def stable_variance(h, eta, beta, B, sigma):
    """At eta h = 3.7 and beta = 0.9 the variance settles at 703; SGD diverges beyond eta h = 2."""
    return true_variance(h, eta, beta, B, sigma)


@suite.claim(
    "momentum diverges just beyond eta = 2 (1 + beta)/h",
    ref="T1-21",
    of="w2[0]",
    kind="lower bound",
    experiments=lambda: one_component(3.9, 50),
    expect="confirmed",
)
def diverging(k, h, eta, beta, w0):
    """At eta h = 3.9 the mean grows by the larger root of z^2 - (1 + beta - lam) z + beta."""
    half = (eta * h - 1 - beta) / 2
    return (half + nq.sqrt(half**2 - beta)) ** (2 * k) * w0**2


@suite.check(
    "momentum is stable exactly below eta = 2 (1 + beta)/h", ref="T1-21", expect="confirmed"
)
def largest_step():
    """The step size at which the recursion ceases to be stable is eta h = 2 (1 + beta): 2 without
    momentum, 3.8 at beta = 0.9.
    """
    betas = [0.0, 0.3, 0.5, 0.9, 0.99]
    limits = [nq.stability_limit(nq.heavy_ball(lr=0.1, momentum=beta)) for beta in betas]
    return [2 * (1 + beta) for beta in betas], limits
