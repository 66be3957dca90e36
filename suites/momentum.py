"""Heavy-ball momentum: the text's second moment and its two factors."""

import nqmbench as nq

TWO = nq.NoisyQuadratic(h=[1.0, 0.1])


def script() -> list[nq.Experiment]:
    """The first text's own parameters, for three batch sizes."""
    method = nq.heavy_ball(lr=0.1, momentum=0.9)
    return [nq.Experiment(TWO, method, batch=B, steps=1000) for B in (1, 10, 100)]


suite = nq.Suite(
    "momentum",
    summary="heavy ball: its second moment and how much momentum multiplies the variance",
    source="first text, section 5",
    experiments=script,
)


def settled(k, experiment):
    """The cells in the steady state: the mean has shrunk to nothing."""
    radius = nq.spectral_radius(experiment.method, experiment.problem.h).max()
    return radius**k < 1e-6


def sgd_variance(h, eta, B, sigma):
    """The true steady-state variance of SGD with the same step size."""
    return eta * h / (B * (2 - eta * h)) * sigma**2


@suite.claim(
    "second moment with momentum",
    ref="T1-22",
    of="w2[i]",
    kind="approximation",
    when=lambda k: k >= 100,
    expect="refuted",
)
def text(k, h, eta, beta, B, sigma, w0):
    """The text's approximation for small eta and large k (where its shifted index is harmless)."""
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
    """V = lam s2 (1 + beta) / ((1 - beta) (2 (1 + beta) - lam)), lam = eta h, s2 = sigma^2/B."""
    lam = eta * h
    return lam * sigma**2 / B * (1 + beta) / ((1 - beta) * (2 * (1 + beta) - lam))


@suite.claim(
    "second moment with momentum, by its recursion",
    mends="T1-22",
    of="w2[i]",
    experiments=lambda: script()[:1],
    expect="confirmed",
)
def true_moment(k, h, eta, beta, B, sigma, w0):
    """E w_k^2 by stepping the mean and the covariance of (w, v); at the text's own parameters the
    roots are complex, and no single real rate describes the start.
    """
    w, v, ww, wv, vv = w0, 0.0, 0.0, 0.0, 0.0
    for _ in range(int(k)):
        v = beta * v + h * w
        w = w - eta * v
        vv = beta**2 * vv + 2 * beta * h * wv + h**2 * ww + h**2 * sigma**2 / B
        wv, ww = beta * wv + h * ww, ww  # covariances of (w, v') and w before w moves
        ww, wv = ww - 2 * eta * wv + eta**2 * vv, wv - eta * vv
    return w**2 + ww


def two_momenta() -> list[nq.Experiment]:
    """Momentum .9 and .5, to tell (1 + beta)/(1 - beta) from 1/(1 - beta)."""
    return [
        nq.Experiment(TWO, nq.heavy_ball(lr=0.1, momentum=beta), steps=1000, checkpoints=[1000])
        for beta in (0.9, 0.5)
    ]


@suite.claim(
    "momentum multiplies the variance by (1 + beta)/(1 - beta)",
    ref="T1-24",
    of="w[i]",
    statistic="variance",
    experiments=two_momenta,
    expect="refuted",
)
def text_factor(h, eta, beta, B, sigma):
    """19 times at beta = 0.9, over the (true) variance of SGD with the same step size."""
    return sgd_variance(h, eta, B, sigma) * (1 + beta) / (1 - beta)


@suite.claim(
    "the variance's true factor over SGD",
    mends="T1-24",
    of="w[i]",
    statistic="variance",
    experiments=two_momenta,
    expect="confirmed",
)
def true_factor(h, eta, beta, B, sigma):
    """(1 + beta)(2 - lam) / ((1 - beta)(2 (1 + beta) - lam)): 9.76 and 9.98 in the script."""
    lam = eta * h
    factor = (1 + beta) * (2 - lam) / ((1 - beta) * (2 * (1 + beta) - lam))
    return sgd_variance(h, eta, B, sigma) * factor


@suite.claim(
    "momentum multiplies the variance by at most 1/(1 - beta)",
    mends="T1-24",
    of="w[i]",
    statistic="variance",
    kind="upper bound",
    margin=0.0,
    when=lambda h: h == 1,
    experiments=two_momenta,
    expect="confirmed",
)
def largest_factor(h, eta, beta, B, sigma):
    """Never more than 10 times at beta = 0.9: 9.76 times at h = 1, without any margin."""
    return sgd_variance(h, eta, B, sigma) / (1 - beta)
