"""Exponential moving averages of SGD's iterates: less noise, but not for free."""

import numpy as np
from _first_text import AVERAGING, PROBLEM, SGD, components, line_up, sgd_variance

import nqmbench as nq

suite = nq.Suite(
    "averaging",
    summary="averaged SGD: its second moment, and how much of the noise it saves",
    source="first text, section 6",
    experiments=lambda: line_up("averaging", batches=(1, 10)),
)

suite.figure(
    "What averaging does",
    panels=lambda: components({"SGD": SGD, "its average": AVERAGING}, batch=1),
    of="w2[0]",
    single=True,
    doc="At B = 1. The average has less noise in the end, but forgets the start more slowly than "
    "SGD: hundreds of steps pass before it pays.",
)


def reduction(h, eta, gamma):
    """The factor by which averaging reduces the steady-state variance."""
    a = 1 - eta * h
    return (1 - gamma) * (1 + a * gamma) / ((1 + gamma) * (1 - a * gamma))


@suite.claim(
    "second moment of the average",
    ref="T1-29",
    of="w2[i]",
    kind="approximation",
    when=lambda k: k >= 100,
    expect="refuted",
)
def text(k, h, eta, gamma, B, sigma, w0):
    """For large k the text has (1 - eta h)^(2k) w0^2 + eta h^2 s2/(2 - eta h) times the factor of
    the reduction, s2 = sigma^2/B. Here at its own decay of 0.99.
    """
    noise = eta * h**2 / (B * (2 - eta * h)) * reduction(h, eta, gamma) * sigma**2
    return (1 - eta * h) ** (2 * k) * w0**2 + noise


def condition() -> list[nq.Experiment]:
    """Decays that satisfy the text's condition gamma < 1 - eta h in every coordinate."""
    return [
        nq.Experiment(PROBLEM, nq.averaged(nq.sgd(lr=0.1), decay=g), steps=1000) for g in (0.5, 0.8)
    ]


@suite.claim(
    "second moment of the average, under its condition",
    ref="T1-29",
    of="w2[i]",
    kind="approximation",
    experiments=condition,
    at="last",
    expect="refuted",
)
def text_condition(k, h, eta, gamma, B, sigma, w0):
    """Where the text's condition gamma < 1 - eta h holds, its formula is off by the factor h all
    the same: here in the steady state.
    """
    return text(k, h, eta, gamma, B, sigma, w0)


@suite.claim(
    "what the average keeps of the start, under its condition",
    ref="T1-29",
    of="w2[i]",
    kind="approximation",
    at=(20, 30),
    experiments=lambda: [
        nq.Experiment(
            nq.NoisyQuadratic(h=PROBLEM.h, sigma=0.01),
            nq.averaged(nq.sgd(lr=0.1), decay=0.8),
            steps=30,
            checkpoints=[20, 30],
        )
    ],
    expect="refuted",
)
def text_start(k, h, eta, gamma, B, sigma, w0):
    """With little noise the text's formula is what is left of the start, (1 - eta h)^(2k) w0^2. It
    lacks the factor ((1 - gamma) a/(a - gamma))^2, a = 1 - eta h: 3.24 at h = 1 and gamma = 0.8.
    """
    return text(k, h, eta, gamma, B, sigma, w0)


@suite.claim(
    "mean of the average",
    mends="T1-29",
    of="w[i]",
    expect="confirmed",
    experiments=lambda: condition()[1:] + line_up("averaging", batches=(10,)),
    when=lambda h, eta, gamma: abs(1 - eta * h - gamma) > 1e-9,
)
def true_mean(k, h, eta, gamma, w0):
    """The mean of the average is w0 (gamma^k + (1 - gamma) a (a^k - gamma^k)/(a - gamma)), where a
    = 1 - eta h is not gamma.
    """
    a = 1 - eta * h
    return w0 * (gamma**k + (1 - gamma) * a * (a**k - gamma**k) / (a - gamma))


@suite.claim(
    "second moment of the average, exactly",
    mends="T1-29",
    of="w2[i]",
    expect="confirmed",
    experiments=lambda: condition()[1:] + line_up("averaging"),
    when=lambda h, eta, gamma: abs(1 - eta * h - gamma) > 1e-9,
)
def true_moment(k, h, eta, gamma, B, sigma, w0):
    """To the squared mean comes s2 (c_0^2 + ... + c_{k-1}^2), where the noise of j steps ago has
    the weight c_j = eta h (1 - gamma)(a^(j+1) - gamma^(j+1))/(a - gamma), a = 1 - eta h and s2 =
    sigma^2/B.
    """
    a = 1 - eta * h
    squares = a**2 * (1 - a ** (2 * k)) / (1 - a**2)
    mixed = a * gamma * (1 - (a * gamma) ** k) / (1 - a * gamma)
    averages = gamma**2 * (1 - gamma ** (2 * k)) / (1 - gamma**2)
    weight = (eta * h * (1 - gamma) / (a - gamma)) ** 2
    variance = sigma**2 / B * weight * (squares - 2 * mixed + averages)
    return true_mean(k, h, eta, gamma, w0) ** 2 + variance


@suite.claim(
    "second moment of the average at the double root, by its recursion",
    mends="T1-29",
    of="w2[1]",
    experiments=lambda: line_up("averaging"),
    expect="confirmed",
)
def double_root_moment(k, h, eta, gamma, B, sigma, w0):
    """The mean and the covariance of (w, m), stepped one by one, give E m_k^2 for any decay: here
    gamma = a, as in the text's second component.
    """
    a, noise = 1 - eta * h, (eta * h * sigma) ** 2 / B
    w, m, ww, wm, mm = w0, w0, 0.0, 0.0, 0.0
    for _ in range(int(k)):
        w, ww, wm = a * w, a**2 * ww + noise, a * wm  # w', and its covariance with m
        m = gamma * m + (1 - gamma) * w
        mm = gamma**2 * mm + 2 * gamma * (1 - gamma) * wm + (1 - gamma) ** 2 * ww
        wm = gamma * wm + (1 - gamma) * ww
    return m**2 + mm


def settled(k, h, eta, gamma):
    """The cells in the steady state."""
    return nq.maximum(1 - eta * h, gamma) ** k * k < 1e-3


@suite.claim(
    "averaging reduces the steady-state variance by the stated factor",
    ref="T1-30",
    of="w[i]",
    statistic="variance",
    at="last",
    when=settled,
    expect="confirmed",
    experiments=lambda: (
        condition() + [nq.Experiment(PROBLEM, AVERAGING, batch=B, steps=1500) for B in (1, 10)]
    ),
)
def stated_factor(h, eta, gamma, B, sigma):
    """The average has (1 - gamma)(1 + a gamma) / ((1 + gamma)(1 - a gamma)) of SGD's true variance,
    a = 1 - eta h, at any gamma.
    """
    return sgd_variance(h, eta, B, sigma) * reduction(h, eta, gamma)


def many_curvatures() -> list[nq.Experiment]:
    problem = nq.NoisyQuadratic(h=[15.0, 10.0, 3.0, 1.0, 0.3, 0.1], w0=0.0)
    return [
        nq.Experiment(problem, nq.averaged(nq.sgd(lr=0.1), decay=g), steps=1000, checkpoints=[1000])
        for g in (0.9, 0.99)
    ]


@suite.claim(
    "averaging reduces the steady-state variance at every curvature",
    ref="T1-31",
    of="w[i]",
    statistic="variance",
    kind="upper bound",
    margin=0.0,
    experiments=many_curvatures,
    expect="confirmed",
)
def below_sgd(h, eta, B, sigma):
    """The text finds the factor strictly below 1. Here the variance is below SGD's own at six
    curvatures, from eta h = 0.01 to 1.5.
    """
    return sgd_variance(h, eta, B, sigma)


@suite.check(
    "the factor of the reduction is below one", ref="T1-31", kind="bound", expect="confirmed"
)
def below_one():
    """On a grid of curvatures and decays the exact steady-state variance of averaged SGD is
    strictly below that of SGD.
    """
    problem = nq.NoisyQuadratic(h=[0.01, 1.0, 5.0, 10.0, 15.0, 19.99])
    plain = nq.Experiment(problem, nq.sgd(lr=0.1), observables=["w[i]"])
    averages = [
        nq.Experiment(problem, nq.averaged(plain.method, decay=g), observables=["w[i]"])
        for g in (0.01, 0.5, 0.9, 0.999)
    ]
    factors = [nq.steady_state(e).variance / nq.steady_state(plain).variance for e in averages]
    strictly_below = 1 - 1e-6
    return [[[strictly_below] * problem.d]] * len(factors), factors


# -- where averaging helps most --------------------------------------------------------------------


def averaged_variance(eta: float, decay: float) -> nq.Experiment:
    """Averaged SGD from the optimum at h = 1; sigma makes SGD's own steady-state variance 1."""
    problem = nq.NoisyQuadratic(h=1.0, sigma=((2 - eta) / eta) ** 0.5, w0=0.0)
    return nq.Experiment(
        problem, nq.averaged(nq.sgd(lr=eta), decay=decay), steps=500, checkpoints=[500]
    )


suite.ordering(
    "averaging reduces the variance more at larger steps",
    ref="T1-35",
    smaller=[averaged_variance(eta, decay=0.99) for eta in (0.5, 0.1)],
    larger=[averaged_variance(eta, decay=0.99) for eta in (0.1, 0.02)],
    of="error",
    at="last",
    expect="confirmed",
    doc="With SGD's own variance made 1 for every step size, the variance of the average is the "
    "factor of the reduction: 0.0149, 0.0872 and 0.332 for eta h = 0.5, 0.1 and 0.02.",
)


@suite.check(
    "the factor of the reduction falls with the step size",
    ref="T1-35",
    kind="bound",
    expect="confirmed",
)
def falls_with_the_step():
    """On a grid of step sizes and decays the exact factor of the reduction falls: each one bounds
    that of the next larger step.
    """
    etas = [0.001, 0.01, 0.1, 0.5, 1.0, 1.5, 1.9]
    factors = np.array(
        [
            [nq.steady_state(averaged_variance(eta, g)).mean[0, 0] for eta in etas]
            for g in (0.1, 0.5, 0.9, 0.99)
        ]
    )
    return factors[:, :-1], factors[:, 1:]
