"""Several dimensions: one step size for components of different curvature and noise."""

import numpy as np
from _first_text import MOMENTUM, PROBLEM, SGD, component_curves

import nqmbench as nq

suite = nq.Suite(
    "dimensions",
    summary="two components under one step size: rates, noise levels, the largest step",
    source="first text, section 4",
)

suite.figure(
    "The convergence of the components",
    panels=lambda: {
        "SGD": component_curves(SGD, batch=10),
        "momentum": component_curves(MOMENTUM, batch=10),
    },
    of="w2[0]",
    single=True,
    doc="At B = 10. Under SGD the steep component forgets its start ten times as fast and keeps "
    "more noise. Under momentum both shrink at one rate, and swing.",
)

# -- rates -----------------------------------------------------------------------------------------


def rate(eta: float, h: float) -> float:
    """The rate per step of one component, |1 - eta h|, as the spectral radius of the recursion."""
    return float(nq.spectral_radius(nq.sgd(lr=eta), h)[0])


def nearly_noiseless(eta: float) -> nq.Experiment:
    """So little noise that E w_k^2 is what is left of the start."""
    problem = nq.NoisyQuadratic(h=PROBLEM.h, sigma=0.01)
    return nq.Experiment(problem, nq.sgd(lr=eta), steps=20)


suite.ordering(
    "below a step of 1/h1 the steeper component forgets its start first",
    ref="T1-12",
    smaller="w2[0]",
    larger="w2[1]",
    of=nearly_noiseless(0.5),
    at=(3, 8),
    expect="confirmed",
    doc="For a fixed step size below 1/h1 component 1 forgets its start faster. Here eta = 0.5 and "
    "h = (1, 0.1).",
)


@suite.check(
    "below a step of 1/h1 the steeper component has the better rate",
    ref="T1-12",
    kind="bound",
    expect="confirmed",
)
def steeper_is_faster():
    """At five step sizes below 1/h1 component 1 shrinks by more per step than component 2."""
    steps = [0.01, 0.1, 0.5, 0.9, 0.99]
    return [rate(eta, 0.1) for eta in steps], [rate(eta, 1.0) for eta in steps]


suite.ordering(
    "the steeper component forgets first, whatever the step",
    ref="T1-12",
    smaller="w2[0]",
    larger="w2[1]",
    of=nearly_noiseless(1.9),
    at=(3, 8),
    expect="refuted",
    doc="The caption of the text's figure names no condition on the step size. At eta = 1.9, which "
    "is stable, one step leaves 0.90 of component 1 and 0.81 of component 2.",
)

suite.ordering(
    "the steeper component still forgets first at a step of 1.7/h1",
    mends="T1-12",
    smaller="w2[0]",
    larger="w2[1]",
    of=nearly_noiseless(1.7),
    at=(3, 8),
    expect="confirmed",
    doc="Beyond the text's condition, at eta = 1.7 < 2/(h1 + h2) = 1.818, component 1 still "
    "forgets its start first.",
)


@suite.check(
    "the steeper component is faster exactly below a step of 2/(h1 + h2)",
    mends="T1-12",
    kind="existence",
    expect="confirmed",
)
def exact_condition():
    """Component 1 has the better rate, |1 - eta h1| < |1 - eta h2|, if and only if eta < 2/(h1 +
    h2): tested on both sides of that step size, and far from it.
    """
    curvatures = (0.01, 0.1, 0.7)
    cases = [(eta, h2) for eta in (0.1, 0.9, 1.99) for h2 in curvatures]
    cases += [(2 / (1 + h2) * near, h2) for near in (1 - 1e-6, 1 + 1e-6) for h2 in curvatures]
    claimed = [eta < 2 / (1 + h2) for eta, h2 in cases]
    return claimed, [rate(eta, 1.0) < rate(eta, h2) for eta, h2 in cases]


def rate_ratio(eta: float, h1: float, h2: float) -> float:
    """How many times as fast component 1 is: the ratio of the logarithms of the rates."""
    return float(np.log(rate(eta, h1)) / np.log(rate(eta, h2)))


@suite.check(
    "the ratio of the rates is the condition number", ref="T1-13", kind="rate", expect="refuted"
)
def ratio_at_the_script():
    """The ratio of the two rates depends on the condition number h1/h2, says the text. At eta = 0.1
    and h1/h2 = 10 it is 10.48.
    """
    return 10.0, rate_ratio(0.1, 1.0, 0.1)


@suite.check(
    "the ratio of the rates is the condition number, for small steps",
    ref="T1-13",
    kind="rate",
    expect="confirmed",
)
def ratio_for_small_steps():
    """In the limit of small steps component 1 is h1/h2 times as fast, so that a larger condition
    number makes the rates more disparate. Here eta h1 = 1e-6.
    """
    kappas = [2.0, 10.0, 100.0]
    return kappas, [rate_ratio(1e-6, 1.0, 1 / kappa) for kappa in kappas]


@suite.check(
    "the ratio of the rates depends on the step too", mends="T1-13", kind="rate", expect="confirmed"
)
def true_ratio():
    """The ratio is ln|1 - eta h1| / ln|1 - eta h2|, which is infinite at eta = 1/h1."""
    steps = [1e-3, 0.1, 0.9, 1.5]
    claimed = [np.log(abs(1 - eta)) / np.log(abs(1 - 0.1 * eta)) for eta in steps]
    return claimed, [rate_ratio(eta, 1.0, 0.1) for eta in steps]


# -- noise levels ----------------------------------------------------------------------------------


def from_the_optimum(sigma: float | list[float] = 1.0) -> nq.Experiment:
    """Started at the optimum, E w_k^2 is the variance; after 200 steps it has settled."""
    problem = nq.NoisyQuadratic(h=PROBLEM.h, sigma=sigma, w0=0.0)
    return nq.Experiment(problem, nq.sgd(lr=0.5), steps=200, checkpoints=[200])


@suite.claim(
    "steady-state variance of each component",
    ref="T1-14",
    of="w[i]",
    statistic="variance",
    experiments=lambda: [from_the_optimum(sigma=[1.0, 2.0])],
    expect="refuted",
)
def text_variance(h, eta, B, sigma):
    """The text gives eta h^2 sigma^2 / (B (2 - eta h)), which is too large by the factor h."""
    return eta * h**2 / (B * (2 - eta * h)) * sigma**2


@suite.claim(
    "steady-state variance of each component, exactly",
    mends="T1-14",
    of="w[i]",
    statistic="variance",
    experiments=lambda: [from_the_optimum(sigma=s) for s in ([1.0, 2.0], [2.0, 1.0])],
    expect="confirmed",
)
def true_variance(h, eta, B, sigma):
    """Each component has the variance lam sigma^2 / (B (2 - lam)), lam = eta h, in proportion to
    its own sigma^2.
    """
    return eta * h / (B * (2 - eta * h)) * sigma**2


suite.ordering(
    "a component with more noise has a larger variance",
    ref="T1-14",
    smaller=from_the_optimum(sigma=1.0),
    larger=from_the_optimum(sigma=2.0),
    of="w2[i]",
    at="last",
    expect="confirmed",
    doc="In the steady state a component's variance grows with its noise level, here from sigma_i "
    "= 1 to 2.",
)

suite.ordering(
    "with equal noise the steeper component has the larger variance",
    ref="T1-18",
    smaller="w2[1]",
    larger="w2[0]",
    of=from_the_optimum(),
    at="last",
    expect="confirmed",
    doc="With equal noise levels, as in the text's experiments, lam/(2 - lam) increases with lam = "
    "eta h.",
)

suite.ordering(
    "the steeper component has the larger variance, whatever the noise",
    ref="T1-18",
    smaller="w2[1]",
    larger="w2[0]",
    of=from_the_optimum(sigma=[1.0, 5.0]),
    at="last",
    expect="refuted",
    doc="The text's problem leaves sigma_1 and sigma_2 open. With sigma = (1, 5) the order is "
    "reversed.",
)

suite.ordering(
    "the steeper component still has the larger variance at a noise ratio of 9",
    mends="T1-18",
    smaller="w2[1]",
    larger="w2[0]",
    of=from_the_optimum(sigma=[1.0, 3.0]),
    at="last",
    expect="confirmed",
    doc="Component 1 has the larger variance while sigma_2^2/sigma_1^2 < lam_1 (2 - lam_2)/(lam_2 "
    "(2 - lam_1)), which is 13 at eta = 0.5.",
)


@suite.check(
    "the steeper component has the larger variance exactly up to a noise ratio",
    mends="T1-18",
    kind="existence",
    expect="confirmed",
)
def noise_ratio():
    """Component 1 has the larger variance if and only if sigma_2^2/sigma_1^2 < lam_1 (2 -
    lam_2)/(lam_2 (2 - lam_1)): tested on both sides of that ratio.
    """
    claimed, true = [], []
    for eta in (0.1, 0.5, 1.5):
        first, second = eta * PROBLEM.h
        limit = first * (2 - second) / (second * (2 - first))
        for ratio in (0.5, limit * (1 - 1e-6), limit * (1 + 1e-6), 100.0):
            problem = nq.NoisyQuadratic(h=PROBLEM.h, sigma=[1.0, ratio**0.5])
            e = nq.Experiment(problem, nq.sgd(lr=eta), observables=["w[i]"])
            V1, V2 = nq.steady_state(e).variance[0]
            claimed.append(ratio < limit)
            true.append(V1 > V2)
    return claimed, true


# -- the largest step ------------------------------------------------------------------------------


def near_the_largest_step(kappa: float) -> nq.Experiment:
    """At eta = 1.9/h1; the largest stable step size is 2/h1."""
    problem = nq.NoisyQuadratic(h=[1.0, 1 / kappa], sigma=0.1)
    return nq.Experiment(problem, nq.sgd(lr=1.9), steps=100, checkpoints=[100])


suite.ordering(
    "at a large condition number the flat component hardly moves",
    ref="T1-16",
    smaller=near_the_largest_step(10.0),
    larger=near_the_largest_step(1000.0),
    of="w2[1]",
    at="last",
    expect="confirmed",
    doc="When h1 is much larger than h2, the largest stable step makes component 2 very slow: 100 "
    "steps of 1.9/h1 at h1/h2 = 1000, beside h1/h2 = 10.",
)


@suite.claim(
    "at a large condition number the flat component keeps most of its start",
    ref="T1-16",
    of="w2[1]",
    kind="lower bound",
    experiments=lambda: [near_the_largest_step(1000.0)],
    expect="confirmed",
)
def hardly_moved(k, L, mu):
    """As eta < 2/h1, component 2 keeps at least the share (1 - 2 h2/h1)^(2k) of w0^2: two thirds of
    it after 100 steps at h1/h2 = 1000. Here eta = 1.9/h1.
    """
    return (1 - 2 * mu / L) ** (2 * k)


@suite.check(
    "at the largest step the flat component shrinks by the factor 1 - 2 h2/h1",
    ref="T1-16",
    kind="rate",
    expect="confirmed",
)
def slowest_rate():
    """At the limit eta = 2/h1 one step multiplies component 2 by 1 - 2 h2/h1."""
    kappas = [10.0, 1e3, 1e5]
    return [1 - 2 / kappa for kappa in kappas], [rate(2.0, 1 / kappa) for kappa in kappas]
