"""Heavy-ball momentum: its second moment, and how large its steps may be."""

from _first_text import BATCHES, MOMENTUM, PROBLEM, SGD, components, line_up

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


def small_step(steps: int, **problem: float) -> nq.Experiment:
    """eta = 0.001, where eta h = 0.001 and 0.0001 lie well below (1 - sqrt(beta))^2 = 0.0026."""
    method = nq.heavy_ball(lr=0.001, momentum=0.9)
    return nq.Experiment(nq.NoisyQuadratic(PROBLEM.h, **problem), method, steps=steps)


@suite.claim(
    "second moment with momentum, at a small step",
    ref="T1-22",
    of="w2[i]",
    kind="approximation",
    at="last",
    experiments=lambda: [small_step(4000, w0=0.0)],
    expect="refuted",
)
def text_small_step(k, h, eta, beta, B, sigma, w0):
    """The text makes its claim for small steps: there its steady state is h (1 + beta) times the
    true one, 1.90 times at h = 1 and 0.19 times at h = 0.1. Here eta = 0.001.
    """
    return text(k, h, eta, beta, B, sigma, w0)


def transient(k, h, eta, beta, w0):
    """What is left of the start, in the text."""
    return (1 - eta * h / (1 - beta)) ** (2 * k) * w0**2


@suite.claim(
    "momentum forgets the start as the text has it, at a small step",
    mends="T1-22",
    of="w2[1]",
    at=(500, 1000),
    kind="approximation",
    experiments=lambda: [small_step(1000, sigma=0.0)],
    expect="confirmed",
)
def small_transient(k, h, eta, beta, w0):
    """Far below eta h = (1 - sqrt(beta))^2 the start is forgotten like (1 - eta h/(1 - beta))^(2k).
    Here eta h = 0.0001, without noise.
    """
    return transient(k, h, eta, beta, w0)


def noiseless(beta: float, k: int) -> nq.Experiment:
    problem = nq.NoisyQuadratic(h=1.0, sigma=0.0)
    method = nq.heavy_ball(lr=0.1, momentum=beta)
    return nq.Experiment(problem, method, steps=k, checkpoints=[k])


@suite.claim(
    "momentum brings the steep component to the optimum in one step",
    ref="T1-22",
    of="w2[0]",
    experiments=lambda: [noiseless(0.9, 10)],
    scale=lambda w0: w0**2,
    expect="refuted",
)
def in_one_step(k, h, eta, beta, w0):
    """At its own eta h1 = 1 - beta the text's (1 - eta h/(1 - beta))^(2k) is 0 from the first step
    on. In truth the roots are complex: after 10 steps 0.347 w0^2 is left.
    """
    return transient(k, h, eta, beta, w0)


@suite.claim(
    "with a momentum of 0.99 the start grows",
    ref="T1-22",
    of="w2[0]",
    experiments=lambda: [noiseless(0.99, 100)],
    expect="refuted",
)
def growing_start(k, h, eta, beta, w0):
    """Where eta h > 2 (1 - beta) the text's (1 - eta h/(1 - beta))^(2k) grows without bound: beyond
    10^190 after 100 steps at eta h = 0.1 and beta = 0.99. In truth momentum is stable there.
    """
    return transient(k, h, eta, beta, w0)


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


def one_component(lam: float, steps: int, sigma: float = 1.0) -> list[nq.Experiment]:
    """Momentum 0.9, where the limit is eta h = 3.8."""
    method = nq.heavy_ball(lr=lam, momentum=0.9)
    return [nq.Experiment(nq.NoisyQuadratic(h=1.0, sigma=sigma), method, steps=steps)]


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
    experiments=lambda: one_component(3.9, 50, sigma=0.0),
    expect="confirmed",
)
def diverging(k, h, eta, beta, w0):
    """At eta h = 3.9 and without noise E w_k^2 comes to grow by r^2 = 1.73 per step, where r is
    the larger root of z^2 - (1 + beta - lam) z + beta.
    """
    middle = (1 + beta - eta * h) / 2
    r, s = middle - nq.sqrt(middle**2 - beta), middle + nq.sqrt(middle**2 - beta)
    share = (1 - eta * h - s) / (r - s)  # so that w_1 = (1 - eta h) w0
    return (share * r**k + (1 - share) * s**k) ** 2 * w0**2


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
