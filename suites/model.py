"""The noisy quadratic model itself: its loss, its gradient and the noise of the gradient."""

from collections.abc import Callable
from typing import Any

from _first_text import PROBLEM

import nqmbench as nq


def step(state: dict[str, Any], gradient: Callable[[Any], Any], eta: float) -> dict[str, Any]:
    """Stand still and keep the gradient: what is read out is one sample gradient at w0."""
    return {"w": state["w"], "g": gradient(state["w"])}


SAMPLE = nq.Method("one gradient", step, {"lr": 1.0}, {"w": 1.0, "g": 0.0}, readout="g")
# Divided by h the gradient h (w - x) is the distance to the sample, and its loss the sample's loss.
DISTANCE = nq.preconditioned(SAMPLE, power=1.0)

PLACES = (
    {"w0": 1.0},
    {"w0": [2.0, -3.0], "sigma": [1.0, 2.0]},
)


def one_gradient(
    method: nq.Method, place: dict[str, Any], noise: str = "gaussian", B: int = 1
) -> nq.Experiment:
    """What one batch shows at one place."""
    problem = nq.NoisyQuadratic(h=PROBLEM.h, noise=noise, **place)
    return nq.Experiment(problem, method, batch=B, steps=1, checkpoints=[1])


def sample_losses() -> list[nq.Experiment]:
    return [
        one_gradient(DISTANCE, place, law) for place in PLACES for law in ("gaussian", "laplace")
    ]


def gradients() -> list[nq.Experiment]:
    """Laplace batches are drawn sample by sample."""
    return [
        one_gradient(SAMPLE, place, noise, B)
        for place in PLACES
        for noise, B in (("gaussian", 1), ("laplace", 1), ("laplace", 10))
    ]


suite = nq.Suite(
    "model",
    summary="the noisy quadratic model: loss, gradient, noise, and how independent it is",
    source="first text, section 2",
    experiments=gradients,
)


# -- loss and gradient -----------------------------------------------------------------------------


@suite.claim(
    "the population loss",
    ref="T1-01",
    of="loss",
    experiments=sample_losses,
    expect="confirmed",
)
def population_loss(w0, sigma):
    """The average of 1/2 sum h_i (x_i - w_i)^2 over the samples is 1/2 sum h_i (w_i^2 + sigma_i^2):
    1.1 at w = (1, 1).
    """
    return w0**2 + sigma**2


suite.ordering(
    "the population loss is lower at 0 than at three other points",
    ref="T1-01",
    smaller=lambda: [one_gradient(DISTANCE, {"w0": 0.0})] * 3,
    larger=lambda: [
        one_gradient(DISTANCE, {"w0": w}) for w in ([1.0, 1.0], [0.5, 0.0], [0.0, -2.0])
    ],
    of="loss",
    margin=0.0,
    expect="confirmed",
    doc="As 0 is the minimiser, the average loss there is lower than at (1, 1), at (0.5, 0) and at "
    "(0, -2), on the same samples.",
)


@suite.claim(
    "the sample gradient is unbiased",
    ref="T1-02",
    of="w[i]",
    scale=lambda h, w0: abs(h * w0),
    expect="confirmed",
)
def unbiased(h, w0):
    """The mean of the sample gradients is the gradient h_i w_i of the population loss."""
    return h * w0


@suite.claim(
    "the variances of the gradient noise",
    ref="T1-03",
    of="w[i]",
    statistic="variance",
    expect="confirmed",
)
def gradient_noise(h, B, sigma):
    """The noise of one sample's gradient has the variances h_i^2 sigma_i^2, so proportional to
    h_i^2 too; that of a batch has 1/B of them.
    """
    return (h * sigma) ** 2 / B


def far_out() -> list[nq.Experiment]:
    """Far from the optimum |g|^2 is nearly linear in the noise, with equal weights."""
    place = {"w0": [10.0, 1000.0]}
    return [one_gradient(SAMPLE, place, law) for law in ("gaussian", "laplace")]


@suite.claim(
    "the noise of two coordinates is uncorrelated",
    ref="T1-03",
    of="error",
    statistic="variance",
    margin=0.05,
    experiments=far_out,
    expect="confirmed",
)
def diagonal(h, sigma, w0, experiment):
    """Beside the variances the covariance matrix of the gradient noise has zeros. So the variance
    of |g|^2 is the sum of those of its terms: here, far from the optimum and with equal terms, a
    correlation rho of the two coordinates would multiply it by 1 + rho.
    """
    V, kurtosis = (h * sigma) ** 2, experiment.problem.noise.cumulant(4)
    return 4 * (h * w0) ** 2 * V + (2 + kurtosis) * V**2


# -- uncorrelated is not independent ---------------------------------------------------------------


def settled() -> list[nq.Experiment]:
    """Uncorrelated coordinates: a sample hits both together, with random signs, or none."""
    problem = nq.NoisyQuadratic(h=PROBLEM.h, w0=0.0, noise="intermittent")
    return [nq.Experiment(problem, nq.sgd(lr=0.9), steps=70, checkpoints=[70])]


def variance_of_square(h, eta, sigma, kurtosis=-1.0):
    """The variance of w^2 in the steady state: kappa_4 + 2 kappa_2^2, from the law's own."""
    lam, a = eta * h, 1 - eta * h
    second = lam**2 * sigma**2 / (1 - a**2)
    return kurtosis * lam**4 * sigma**4 / (1 - a**4) + 2 * second**2


@suite.claim(
    "uncorrelated coordinates are independent",
    ref="T1-04",
    of="error",
    statistic="variance",
    margin=0.008,
    experiments=settled,
    expect="refuted",
)
def sum_of_variances(h, eta, sigma):
    """The text calls coordinates independent when E x_1 x_2 = 0. Were that enough, the variance of
    the squared error would be the sum of those of its terms: 0.6869.
    """
    return variance_of_square(h, eta, sigma)


@suite.claim(
    "the variance of the error, with uncorrelated coordinates",
    mends="T1-04",
    of="error",
    statistic="variance",
    margin=0.008,
    experiments=settled,
    expect="confirmed",
)
def dependent(experiment, eta):
    """Beside the sum of variances stands what the coordinates share: 2 sum_{i<j} of the sums over
    all steps of c_i^2 c_j^2, times kappa_22 = 1 of this noise. Together 0.7001, 1.9 % more.
    """
    h1, h2 = experiment.problem.h
    a1, a2 = 1 - eta * h1, 1 - eta * h2
    together = 2 * (eta * h1) ** 2 * (eta * h2) ** 2 / (1 - (a1 * a2) ** 2)
    return variance_of_square(h1, eta, 1.0) + variance_of_square(h2, eta, 1.0) + together


@suite.claim(
    "the expected error needs no independence",
    ref="T1-04",
    of="error",
    experiments=settled,
    expect="confirmed",
)
def expected_error(h, eta, sigma):
    """With this dependent noise the expected error is the same sum of lam s2/(2 - lam): second
    moments need no more than noise that is uncorrelated with earlier steps.
    """
    return eta * h / (2 - eta * h) * sigma**2
