"""Several dimensions: one step size for components of different curvature and noise."""

import numpy as np
import scipy

import nqmbench as nq


def rate(eta, h):
    """The rate per step of one component, |1 - eta h|, as the spectral radius of the recursion."""
    return nq.spectral_radius(nq.sgd(lr=eta), h)[0]


def second_moment(k, h, eta, B, sigma, w0):
    """The true E w_k^2 of one component."""
    forget = (1 - eta * h) ** (2 * k)
    return forget * w0**2 + eta * h / (B * (2 - eta * h)) * sigma**2 * (1 - forget)


suite = nq.Suite(
    "dimensions",
    summary="two components under one step size: rates, noise levels, the balancing act",
    source="first text, section 4",
)

TWO = nq.NoisyQuadratic(h=[1.0, 0.1])

suite.figure(
    "The convergence of the components",
    panels=lambda: {
        name: {
            f"component {i + 1}, h = {TWO.h[i]:g}": (
                nq.Experiment(TWO, method, batch=10, steps=1000),
                f"w2[{i}]",
            )
            for i in (0, 1)
        }
        for name, method in (
            ("SGD", nq.sgd(lr=0.1)),
            ("momentum", nq.heavy_ball(lr=0.1, momentum=0.9)),
        )
    },
    of="w2[0]",
    single=True,
    doc="At B = 10. Under SGD the steep component forgets its start ten times as fast and keeps "
    "more noise. Under momentum both shrink at one rate, and swing.",
)

# -- rates -----------------------------------------------------------------------------------------


def nearly_noiseless(eta: float) -> nq.Experiment:
    """So little noise that E w_k^2 is what is left of the start."""
    problem = nq.NoisyQuadratic(h=[1.0, 0.1], sigma=0.01)
    return nq.Experiment(problem, nq.sgd(lr=eta), steps=20)


suite.ordering(
    "the steeper component forgets its start first",
    ref="T1-12",
    smaller="w2[0]",
    larger="w2[1]",
    of=nearly_noiseless(0.5),
    at=(3, 8),
    expect="confirmed",
    doc="For a step size below 1/h1, as the text has it; here eta = 0.5, h = (1, 0.1).",
)


@suite.check(
    "the steeper component has the better rate", ref="T1-12", kind="bound", expect="confirmed"
)
def steeper_is_faster():
    """For every step size below 1/h1 component 1 shrinks by more per step than component 2."""
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
    doc="""The figure's caption names no condition on the step size. At eta = 1.9, which is stable,
    component 1 shrinks by 0.90 per step and component 2 by 0.81.""",
)

suite.ordering(
    "the steeper component still forgets first beyond 1/h1",
    mends="T1-12",
    smaller="w2[0]",
    larger="w2[1]",
    of=nearly_noiseless(1.7),
    at=(3, 8),
    expect="confirmed",
    doc="The text's condition is more than is needed: at eta = 1.7 < 2/(h1 + h2) = 1.818 it is so.",
)


@suite.check(
    "the steeper component is faster exactly below 2/(h1 + h2)",
    mends="T1-12",
    kind="existence",
    expect="confirmed",
)
def exact_condition():
    """|1 - eta h1| < |1 - eta h2| if and only if eta < 2/(h1 + h2)."""
    cases = [(eta, h2) for eta in (0.1, 0.9, 1.1, 1.5, 1.8, 1.9, 1.99) for h2 in (0.01, 0.1, 0.7)]
    claimed = [eta < 2 / (1 + h2) for eta, h2 in cases]
    return claimed, [rate(eta, 1.0) < rate(eta, h2) for eta, h2 in cases]


def rate_ratio(eta, h1, h2):
    """How many times as fast component 1 is: the ratio of the logarithms of the rates."""
    return np.log(rate(eta, h1)) / np.log(rate(eta, h2))


@suite.check(
    "the ratio of the rates is the condition number", ref="T1-13", kind="rate", expect="refuted"
)
def ratio_at_the_script():
    """The text: the ratio of the rates depends on h1/h2. At eta = 0.1 it is 10.48, not 10."""
    return 10.0, rate_ratio(0.1, 1.0, 0.1)


@suite.check(
    "the ratio of the rates is the condition number, for small steps",
    ref="T1-13",
    kind="rate",
    expect="confirmed",
)
def ratio_for_small_steps():
    """In the limit of small steps, here eta h1 = 1e-6, and the more so the larger h1/h2."""
    kappas = [2.0, 10.0, 100.0]
    return kappas, [rate_ratio(1e-6, 1.0, 1 / kappa) for kappa in kappas]


@suite.check(
    "the ratio of the rates depends on the step too", mends="T1-13", kind="rate", expect="confirmed"
)
def true_ratio():
    """It is ln|1 - eta h1| / ln|1 - eta h2|; at eta = 1/h1 it is infinite."""
    steps = [1e-3, 0.1, 0.9, 1.5]
    claimed = [np.log(abs(1 - eta)) / np.log(abs(1 - 0.1 * eta)) for eta in steps]
    return claimed, [rate_ratio(eta, 1.0, 0.1) for eta in steps]


# -- noise levels ----------------------------------------------------------------------------------


def from_the_optimum(sigma=1.0) -> nq.Experiment:
    """Started at the optimum, E w_k^2 is the variance; after 200 steps it has settled."""
    problem = nq.NoisyQuadratic(h=[1.0, 0.1], sigma=sigma, w0=0.0)
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
    """The text: eta h^2 sigma^2 / (B (2 - eta h)), which is too large by the factor h."""
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
    """lam sigma^2 / (B (2 - lam)) with lam = eta h: proportional to sigma^2 of that component."""
    return eta * h / (B * (2 - eta * h)) * sigma**2


suite.ordering(
    "the noisier component has the larger variance",
    ref="T1-14",
    smaller=from_the_optimum(sigma=1.0),
    larger=from_the_optimum(sigma=2.0),
    of="w2[i]",
    at="last",
    expect="confirmed",
    doc="In the steady state the variance grows with the component's noise level sigma_i.",
)

suite.ordering(
    "the steeper component has the larger variance",
    ref="T1-18",
    smaller="w2[1]",
    larger="w2[0]",
    of=from_the_optimum(),
    at="last",
    expect="confirmed",
    doc="With equal noise levels, as in the text's figure: lam/(2 - lam) increases with lam.",
)

suite.ordering(
    "the steeper component has the larger variance, whatever the noise",
    ref="T1-18",
    smaller="w2[1]",
    larger="w2[0]",
    of=from_the_optimum(sigma=[1.0, 5.0]),
    at="last",
    expect="refuted",
    doc="The problem leaves sigma_1 and sigma_2 open. With sigma = (1, 5) the order is reversed.",
)

suite.ordering(
    "the steeper component has the larger variance up to a noise ratio",
    mends="T1-18",
    smaller="w2[1]",
    larger="w2[0]",
    of=from_the_optimum(sigma=[1.0, 3.0]),
    at="last",
    expect="confirmed",
    doc="""It has while sigma_2^2/sigma_1^2 < lam_1 (2 - lam_2) / (lam_2 (2 - lam_1)), which is 13
    at eta = 0.5; here the ratio is 9.""",
)


@suite.check(
    "the steeper component has the larger variance exactly up to that ratio",
    mends="T1-18",
    kind="existence",
    expect="confirmed",
)
def noise_ratio():
    """V_1 > V_2 if and only if sigma_2^2/sigma_1^2 < lam_1 (2 - lam_2) / (lam_2 (2 - lam_1))."""
    ratios = [0.5, 1.0, 12.0, 12.9, 13.1, 25.0]
    claimed = [r < 0.5 * (2 - 0.05) / (0.05 * (2 - 0.5)) for r in ratios]
    settled = [
        nq.steady_state(
            nq.Experiment(
                nq.NoisyQuadratic(h=[1.0, 0.1], sigma=[1.0, r**0.5]),
                nq.sgd(lr=0.5),
                observables=["w[i]"],
            )
        ).variance[0]
        for r in ratios
    ]
    return claimed, [V1 > V2 for V1, V2 in settled]


# -- step sizes ------------------------------------------------------------------------------------


def largest_step(kappa: float) -> nq.Experiment:
    """Near the largest stable step, eta = 1.9/h1."""
    problem = nq.NoisyQuadratic(h=[1.0, 1 / kappa], sigma=0.1)
    return nq.Experiment(problem, nq.sgd(lr=1.9), steps=100, checkpoints=[100])


suite.ordering(
    "a large condition number leaves the flat component behind",
    ref="T1-16",
    smaller=largest_step(10.0),
    larger=largest_step(1000.0),
    of="w2[1]",
    at="last",
    expect="confirmed",
    doc="After 100 steps at eta = 1.9/h1, component 2 of h1/h2 = 1000 has hardly moved.",
)


@suite.claim(
    "at any stable step the flat component keeps most of its start",
    ref="T1-16",
    of="w2[1]",
    kind="lower bound",
    experiments=lambda: [largest_step(1000.0)],
    expect="confirmed",
)
def hardly_moved(k, L, mu):
    """Since eta < 2/h1, E w_k^2 >= (1 - 2 h2/h1)^(2k) w0^2: two thirds of it after 100 steps."""
    return (1 - 2 * mu / L) ** (2 * k)


@suite.check("the slowest rate at the largest step", ref="T1-16", kind="rate", expect="confirmed")
def slowest_rate():
    """At the limit eta = 2/h1 component 2 shrinks by 1 - 2 h2/h1 per step."""
    kappas = [10.0, 1e3, 1e5]
    return [1 - 2 / kappa for kappa in kappas], [rate(2.0, 1 / kappa) for kappa in kappas]


# -- the balancing act -----------------------------------------------------------------------------


def imbalance(eta, k, w0):
    """E w_k^2 of component 1 minus that of component 2, with h = (1, 0.1), sigma = 1 and B = 1."""
    first = second_moment(k, 1.0, eta, 1, 1.0, w0[0])
    return first - second_moment(k, 0.1, eta, 1, 1.0, w0[1])


def balanced(k, w0):
    """True if some step size in (0, 2/h1) balances the two components; eta = 0 does not count."""
    sign = np.sign(imbalance(np.linspace(0.001, 1.999, 2000), k, w0))
    return len(set(sign)) > 1


@suite.check("a balancing step may not exist", ref="T1-17", kind="existence", expect="confirmed")
def no_balance():
    """With the starts w0 = (3, 0.1) and one step, no step size balances the components."""
    return False, balanced(1, [3.0, 0.1])


@suite.check("balancing is generally impossible", ref="T1-17", kind="existence", expect="refuted")
def impossible():
    """The text: impossible when the curvatures differ much. With equal starts it is possible."""
    return [False, False], [balanced(k, [1.0, 1.0]) for k in (10, 100)]


def balancing_experiments() -> list[nq.Experiment]:
    """With equal starts and noise: eta = 0.526226 for k = 10, 0.134969 for k = 100."""
    return [
        nq.Experiment(
            nq.NoisyQuadratic(h=[1.0, 0.1]),
            nq.sgd(
                lr=scipy.optimize.brentq(imbalance, 0.02, 1.5, args=(k, [1.0, 1.0]), xtol=1e-12)
            ),
            steps=k,
            checkpoints=[k],
        )
        for k in (10, 100)
    ]


@suite.claim(
    "a balancing step for equal starts",
    mends="T1-17",
    of="w2[i]",
    experiments=balancing_experiments,
    expect="confirmed",
)
def same_moment(k, eta, B, L):
    """With equal starts and noise a step size in (0, 2/h1) gives both components the second moment
    of the first: 0.526226 for k = 10 and 0.134969 for k = 100 at h = (1, 0.1).
    """
    return second_moment(k, L, eta, B, sigma=1.0, w0=1.0)
