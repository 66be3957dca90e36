"""The noise of a batch: the sign with which it enters, its variance and its law."""

from _first_text import PROBLEM

import nqmbench as nq

suite = nq.Suite(
    "batches",
    summary="the noise of a batch: its sign, its variance, how normal it is",
    source="first text, section 3",
)


def skewed() -> list[nq.Experiment]:
    """Exponential noise: what its third cumulant does to w shows the sign with which it enters."""
    problem = nq.NoisyQuadratic(h=[1.0, 0.5], noise="exponential")
    return [nq.Experiment(problem, nq.sgd(lr=0.1), steps=100, checkpoints=[100])]


def third_cumulant(k, h, eta, sigma):
    """kappa_3 of w_k for SGD under Exp(1) - 1, whose own is 2: 2 lam^3 (1 - a^(3k))/(1 - a^3)."""
    lam, a = eta * h, 1 - eta * h
    return 2 * lam**3 * sigma**3 * (1 - a ** (3 * k)) / (1 - a**3)


def standard_deviation(k, h, eta, sigma):
    """The standard deviation of w_k at B = 1."""
    lam, a = eta * h, 1 - eta * h
    return lam * sigma * nq.sqrt((1 - a ** (2 * k)) / (1 - a**2))


@suite.claim(
    "the noise enters with a plus sign",
    ref="T1-05",
    of="w[i]",
    statistic="skewness",
    experiments=skewed,
    expect="refuted",
)
def plus_noise(k, h, eta, sigma):
    """The text updates w' = (w - eta grad L) + eta eps, where eps = -h x is the gradient's noise.
    Then w would lean to the other side than x, with a skewness of -0.611 at h = 1.
    """
    return -third_cumulant(k, h, eta, sigma) / standard_deviation(k, h, eta, sigma) ** 3


@suite.claim(
    "the noise enters with a minus sign",
    mends="T1-05",
    of="w[i]",
    statistic="skewness",
    experiments=skewed,
    expect="confirmed",
)
def minus_noise(k, h, eta, sigma):
    """With w' = (w - eta grad L) - eta eps the iterate leans to the side of x: a skewness of
    +0.611. Second moments, and noise that is symmetric, do not show the sign.
    """
    return third_cumulant(k, h, eta, sigma) / standard_deviation(k, h, eta, sigma) ** 3


def two_laws() -> list[nq.Experiment]:
    """A skewed law and a symmetric one."""
    (first,) = skewed()
    symmetric = nq.NoisyQuadratic(h=first.problem.h, noise="laplace")
    return [first, nq.Experiment(symmetric, first.method, steps=100, checkpoints=[100])]


@suite.claim(
    "the sign of the noise does not show in the variance",
    mends="T1-05",
    of="w[i]",
    statistic="variance",
    experiments=two_laws,
    expect="confirmed",
)
def either_sign(k, h, eta, sigma):
    """With the text's sign the variance would be the same, the sum of (+eta h a^j)^2 sigma^2, a = 1
    - eta h, instead of (-eta h a^j)^2 sigma^2: here for a skewed law and for a symmetric one.
    """
    return standard_deviation(k, h, eta, sigma) ** 2


@suite.claim(
    "the sign of symmetric noise does not show",
    mends="T1-05",
    of="w[i]",
    statistic="skewness",
    experiments=lambda: two_laws()[1:],
    scale=lambda: 1.0,
    expect="confirmed",
)
def no_lean():
    """With Laplace noise w leans to neither side: its skewness is 0, whatever the sign."""
    return 0.0


def batch_mean(law: str | tuple[str, float], B: int) -> nq.Experiment:
    """With eta h = 1 and a start at 0 one step shows the mean of the batch itself."""
    problem = nq.NoisyQuadratic(1.0, w0=0.0, noise=law)
    return nq.Experiment(problem, nq.sgd(lr=1.0), batch=B, steps=1, checkpoints=[1])


LAWS = (
    "gaussian",
    "uniform",
    "rademacher",
    "laplace",
    "exponential",
    "intermittent",
    ("student", 10),
)


@suite.claim(
    "the variance of the noise falls like 1/B",
    ref="T1-06",
    of="w[i]",
    statistic="variance",
    experiments=lambda: [batch_mean(law, B) for law in LAWS for B in (1, 2, 10)],
    expect="confirmed",
)
def variance_of_a_batch(B, sigma):
    """The mean of a batch has the variance sigma^2/B, exactly and at every B: independence is all
    that it takes. Here for the normal law and six others.
    """
    return sigma**2 / B


def bounded_laws() -> list[nq.Experiment]:
    """Laws of bounded samples: a kurtosis is estimated from eighth powers."""
    return [batch_mean(law, B) for law in ("uniform", "rademacher") for B in (2, 4)]


@suite.claim(
    "the noise of a batch is normal, as the central limit theorem has it",
    ref="T1-06",
    of="w[i]",
    statistic="kurtosis",
    experiments=bounded_laws,
    expect="refuted",
)
def normal_noise():
    """The text ascribes the 1/B to the central limit theorem. Were that at work in a batch of 2 or
    4 samples, the excess kurtosis of its mean would be 0.
    """
    return 0.0


@suite.claim(
    "the excess kurtosis of a batch falls like 1/B",
    mends="T1-06",
    of="w[i]",
    statistic="kurtosis",
    experiments=bounded_laws,
    expect="confirmed",
)
def kurtosis_of_a_batch(B, experiment):
    """The mean of a batch has the excess kurtosis kappa_4/B, for a law with variance 1. This is
    what tends to normality; the variance has its 1/B from the first sample on.
    """
    return experiment.problem.noise.cumulant(4) / B


def drawn_batches() -> list[nq.Experiment]:
    """Batches drawn sample by sample, of three laws."""
    return [
        nq.Experiment(
            nq.NoisyQuadratic(h=PROBLEM.h, noise=noise),
            nq.sgd(lr=eta),
            batch=B,
            steps=100,
            checkpoints=[100],
        )
        for noise, eta in (("rademacher", 0.1), ("laplace", 0.5), ("exponential", 0.1))
        for B in (1, 2, 10)
    ]


@suite.claim(
    "batches divide the variance by B",
    ref="T1-11",
    of="w[i]",
    statistic="variance",
    experiments=drawn_batches,
    expect="confirmed",
)
def one_over_batch(k, h, eta, B, sigma):
    """For each of three laws the variance after 100 steps is 1/B of that with single samples."""
    a = 1 - eta * h
    single = (eta * h * sigma) ** 2 * (1 - a ** (2 * k)) / (1 - a**2)
    return single / B
