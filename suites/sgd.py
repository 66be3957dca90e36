"""Constant-step SGD on the noisy quadratic model."""

from _first_text import BATCHES, PROBLEM, sgd_variance

import nqmbench as nq


def grid() -> list[nq.Experiment]:
    return [
        nq.Experiment(PROBLEM, nq.sgd(lr=eta), batch=B, steps=1000)
        for eta, B in ((0.1, 1), (0.1, 10), (0.1, 100), (0.5, 1))
    ]


suite = nq.Suite(
    "sgd",
    summary="constant-step SGD: the boxed second moment, its limit, stability",
    source="first text, sections 2 to 4",
    experiments=grid,
)

suite.figure(
    "Step size and batch size",
    panels=lambda: {
        "three step sizes, B = 1": {
            f"eta = {eta:g}": nq.Experiment(PROBLEM, nq.sgd(lr=eta), steps=1000)
            for eta in (0.02, 0.1, 0.5)
        },
        "three batch sizes, eta = 0.1": {
            f"B = {B}": nq.Experiment(PROBLEM, nq.sgd(lr=0.1), batch=B, steps=1000) for B in BATCHES
        },
    },
    doc="A larger step forgets the start sooner and keeps more of the noise. A larger batch keeps "
    "less of the noise, and forgets the start no sooner.",
)


def boxed(k, h, eta, B, sigma, w0):
    """The right-hand side of the box with the exponent 2k."""
    forget = (1 - eta * h) ** (2 * k)
    return forget * w0**2 + eta * h**2 / (B * (2 - eta * h)) * sigma**2 * (1 - forget)


# -- one step --------------------------------------------------------------------------------------


def one_step() -> list[nq.Experiment]:
    """One step from a fixed start; Laplace batches are drawn sample by sample."""
    return [
        nq.Experiment(
            nq.NoisyQuadratic(h=[1.0, 0.1], sigma=[1.0, 2.0], w0=[1.0, 3.0], noise=noise),
            nq.sgd(lr=0.1),
            batch=B,
            steps=1,
            checkpoints=[1],
        )
        for noise, B in (("gaussian", 1), ("laplace", 1), ("laplace", 10))
    ]


def displacement(h, eta, w0):
    """What one step of gradient descent moves: the margins of its mean are relative to this."""
    return abs(eta * h * w0)


@suite.claim(
    "the component-wise update, its mean",
    ref="T1-07",
    of="w[i]",
    experiments=one_step,
    scale=displacement,
    expect="confirmed",
)
def update_mean(h, eta, w0):
    """On average one step multiplies each component by 1 - eta h."""
    return (1 - eta * h) * w0


@suite.claim(
    "the component-wise update, its noise",
    ref="T1-07",
    of="w[i]",
    statistic="variance",
    experiments=one_step,
    expect="confirmed",
)
def update_noise(h, eta, B, sigma):
    """What one step adds to each component is eta h x, with the variance (eta h sigma)^2/B."""
    return (eta * h * sigma) ** 2 / B


# -- the boxed formula and what is wrong with it ---------------------------------------------------


@suite.claim(
    "boxed second moment, as printed",
    ref="T1-08",
    of="w2[i]",
    experiments=lambda: grid()[:1],
    expect="refuted",
)
def as_printed(k, h, eta, B, sigma, w0):
    """The text's boxed formula gives E w_{k+1}^2 with the exponent 2k: after k updates that is the
    exponent 2 (k - 1). Its noise term has eta h^2.
    """
    return boxed(k - 1, h, eta, B, sigma, w0)


def small_curvature() -> list[nq.Experiment]:
    problem = nq.NoisyQuadratic(h=0.1)
    return [nq.Experiment(problem, nq.sgd(lr=0.1), batch=B, steps=1000) for B in (1, 10)]


@suite.claim(
    "boxed second moment, the noise term",
    ref="T1-08",
    of="w2[i]",
    experiments=small_curvature,
    expect="refuted",
)
def noise_term(k, h, eta, B, sigma, w0):
    """The text's noise term has eta h^2 where it should have eta h: here at h = 0.1, the index
    mended.
    """
    return boxed(k, h, eta, B, sigma, w0)


@suite.claim(
    "boxed second moment, the index",
    ref="T1-08",
    of="w2[i]",
    at=1,
    when=lambda h: h == 1,
    experiments=lambda: grid()[:1],
    expect="refuted",
)
def index(k, h, eta, B, sigma, w0):
    """The text's index says that the first step changes nothing: here at h = 1, where the noise
    term is right.
    """
    return boxed(k - 1, h, eta, B, sigma, w0)


@suite.claim("second moment", mends="T1-08", of="w2[i]", expect="confirmed")
def second_moment(k, h, eta, B, sigma, w0):
    """After k updates E w_k^2 is a^(2k) w0^2 + lam s2/(2 - lam) (1 - a^(2k)), where lam = eta h, a
    = 1 - lam and s2 = sigma^2/B.
    """
    forget = (1 - eta * h) ** (2 * k)
    return forget * w0**2 + sgd_variance(h, eta, B, sigma) * (1 - forget)


@suite.claim(
    "second moment, summed over the coordinates",
    mends="T1-08",
    of="error",
    experiments=lambda: grid()[:1],
    expect="confirmed",
)
def squared_error(k, h, eta, B, sigma, w0):
    """The expected squared distance is the sum of the second moments over the coordinates."""
    return second_moment(k, h, eta, B, sigma, w0)


# -- what follows from it --------------------------------------------------------------------------


def noise_free() -> list[nq.Experiment]:
    problem = nq.NoisyQuadratic(h=[1.0, 0.1], sigma=0.0)
    return [nq.Experiment(problem, nq.sgd(lr=eta), steps=200) for eta in (0.1, 1.9)]


@suite.claim(
    "the start is forgotten geometrically",
    ref="T1-09",
    of="w2[i]",
    experiments=noise_free,
    expect="confirmed",
)
def forgetting(k, h, eta, w0):
    """What is left of the start is (1 - eta h)^(2k) w0^2, here without noise."""
    return (1 - eta * h) ** (2 * k) * w0**2


@suite.check("rate of the mean", ref="T1-09", kind="rate", expect="confirmed")
def rate():
    """The mean shrinks by |1 - eta h| per step: the spectral radius of the recursion."""
    h = [1.0, 0.1, 2.5]
    return [abs(1 - 0.5 * x) for x in h], nq.spectral_radius(nq.sgd(lr=0.5), h)


@suite.claim(
    "limit of the noise term",
    ref="T1-10",
    of="w2[i]",
    at="last",
    expect="refuted",
    when=lambda k, h, eta: (1 - eta * h) ** (2 * k) < 1e-6,
)
def limit(h, eta, B, sigma):
    """The text lets the noise term approach eta h^2 sigma^2 / (B (2 - eta h)), which is too large
    by the factor h.
    """
    return eta * h**2 / (B * (2 - eta * h)) * sigma**2


@suite.claim(
    "limit of the variance",
    mends="T1-10",
    of="w[i]",
    statistic="variance",
    at="last",
    when=lambda k, h, eta: (1 - eta * h) ** (2 * k) < 1e-6,
    expect="confirmed",
)
def true_limit(h, eta, B, sigma):
    """The steady-state variance is lam s2/(2 - lam), where lam = eta h and s2 = sigma^2/B."""
    return sgd_variance(h, eta, B, sigma)


# -- stability -------------------------------------------------------------------------------------


def near_the_limit(lam: float, sigma: float) -> list[nq.Experiment]:
    """Step sizes with eta h = lam in the steepest coordinate."""
    problem = nq.NoisyQuadratic(h=PROBLEM.h, sigma=sigma)
    flat = nq.NoisyQuadratic(h=0.1, sigma=2 * sigma, w0=3.0)
    return [nq.Experiment(problem, nq.sgd(lr=lam)), nq.Experiment(flat, nq.sgd(lr=lam / 0.1))]


@suite.claim(
    "just below eta = 2/h the second moment stays bounded",
    ref="T1-15",
    of="w2[i]",
    kind="upper bound",
    experiments=lambda: near_the_limit(1.99, sigma=1.0),
    expect="confirmed",
)
def bounded(h, eta, B, sigma, w0):
    """At eta h = 1.99 the second moment never exceeds w0^2 plus the steady-state variance."""
    return w0**2 + sgd_variance(h, eta, B, sigma)


@suite.claim(
    "just above eta = 2/h the second moment grows",
    ref="T1-15",
    of="w2[i]",
    experiments=lambda: near_the_limit(2.01, sigma=0.0),
    when=lambda h, eta: eta * h > 2,
    expect="confirmed",
)
def growing(k, h, eta, w0):
    """At eta h = 2.01 and without noise the second moment grows like 1.01^(2k); noise only adds."""
    return (1 - eta * h) ** (2 * k) * w0**2


@suite.check(
    "SGD is stable exactly below eta = 2/h", ref="T1-15", kind="identity", expect="confirmed"
)
def stable_step():
    """The step size at which the recursion ceases to be stable is eta h = 2."""
    return 2.0, nq.stability_limit(nq.sgd(lr=0.1))
