"""Preconditioned SGD with P = diag(h^p)."""

import nqmbench as nq

TWO = nq.NoisyQuadratic(h=[1.0, 0.1])


def grid() -> list[nq.Experiment]:
    return [
        nq.Experiment(TWO, nq.preconditioned(nq.sgd(lr=0.1), power=p), batch=B, steps=1000)
        for p, B in ((0.5, 1), (0.5, 10), (1.0, 1))
    ]


suite = nq.Suite(
    "preconditioning",
    summary="SGD preconditioned with powers of the curvature",
    source="first text, section 7",
    experiments=grid,
)


def one_step() -> list[nq.Experiment]:
    problem = nq.NoisyQuadratic(h=[2.0, 0.1], w0=[1.0, 3.0])
    return [
        nq.Experiment(problem, nq.preconditioned(nq.sgd(lr=0.1), power=p), steps=1, checkpoints=[1])
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
    """w' = w - eta h^(1-p) (w - x), averaged; the margin is relative to the displacement."""
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
    """The variance of eta h^(1-p) x."""
    return (eta * h ** (1 - p) * sigma) ** 2 / B


@suite.check(
    "full preconditioning makes all rates equal", ref="T1-37", kind="rate", expect="confirmed"
)
def equal_rates():
    """With p = 1 every coordinate converges at 1 - eta per step."""
    method = nq.preconditioned(nq.sgd(lr=0.1), power=1.0)
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
    """The text's approximation; its noise term has eta h^(2-p)."""
    lam = eta * h ** (1 - p)
    return (1 - lam) ** (2 * k) * w0**2 + eta * h ** (2 - p) / (B * (2 - lam)) * sigma**2


@suite.claim(
    "second moment with preconditioning, exactly", mends="T1-38", of="w2[i]", expect="confirmed"
)
def true_moment(k, h, eta, p, B, sigma, w0):
    """a^(2k) w0^2 + lam s2/(2 - lam) (1 - a^(2k)) with lam = eta h^(1-p), at every k."""
    lam = eta * h ** (1 - p)
    forget = (1 - lam) ** (2 * k)
    return forget * w0**2 + lam / (B * (2 - lam)) * sigma**2 * (1 - forget)
