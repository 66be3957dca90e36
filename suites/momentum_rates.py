"""What momentum does to the speed: which components gain, which lose, and when it swings."""

import numpy as np
from _first_text import MOMENTUM, PROBLEM, SGD

import nqmbench as nq


def early(method: nq.Method) -> nq.Experiment:
    """The first text's own problem, with little noise."""
    return nq.Experiment(PROBLEM, method, batch=100, steps=100)


suite = nq.Suite(
    "momentum_rates",
    summary="heavy ball: which components it accelerates, when it oscillates, its effective step",
    source="first text, section 5",
)

suite.figure(
    "How momentum swings",
    panels=lambda: {
        f"component {i + 1}, h = {PROBLEM.h[i]:g}": {
            "SGD": (early(SGD), f"w[{i}]"),
            "momentum": (early(MOMENTUM), f"w[{i}]"),
        }
        for i in (0, 1)
    },
    of="w[0]",
    doc="The iterate itself at B = 100. Under SGD it comes down without a swing; with momentum it "
    "crosses the optimum again and again, and both components shrink at one rate.",
)

# -- acceleration ----------------------------------------------------------------------------------

suite.ordering(
    "momentum accelerates the flat component",
    ref="T1-19",
    smaller=early(MOMENTUM),
    larger=early(SGD),
    of="w2[1]",
    at=(50, 100),
    expect="confirmed",
    doc="At the text's parameters the rate of component 2 (h = 0.1) improves from 0.99 to 0.94868.",
)

suite.ordering(
    "momentum accelerates every component",
    ref="T1-19",
    smaller=early(MOMENTUM),
    larger=early(SGD),
    of="w2[i]",
    at=(50, 100),
    expect="refuted",
    doc="The text's summary and the caption of its figure name no exception. Component 1 (h = 1) "
    "is slowed down: its rate worsens from 0.90 to 0.94868.",
)


@suite.check("every component's rate improves", ref="T1-19", kind="bound", expect="refuted")
def every_rate():
    """Were every component accelerated, the rates of SGD, 0.90 and 0.99, would be upper bounds."""
    h = [1.0, 0.1]
    return nq.spectral_radius(SGD, h), nq.spectral_radius(MOMENTUM, h)


@suite.check(
    "momentum accelerates exactly where eta h < 1 - sqrt(beta) or eta h > 1 + sqrt(beta)",
    mends="T1-19",
    kind="existence",
    expect="confirmed",
)
def accelerated():
    """The rate is better than SGD's if and only if eta h is below 1 - sqrt(beta) or above 1 +
    sqrt(beta): tested on both sides of the two limits, and far from them.
    """
    far = [1e-4, 0.01, 0.1, 0.35, 1.0, 1.6, 1.8, 3.0]
    claimed, true = [], []
    for beta in (0.5, 0.9):
        low, high = 1 - beta**0.5, 1 + beta**0.5
        lam = np.array([*far, *(x * near for x in (low, high) for near in (1 - 1e-6, 1 + 1e-6))])
        claimed.append((lam < low) | (lam > high))
        momentum = nq.heavy_ball(lr=1.0, momentum=beta)
        true.append(nq.spectral_radius(momentum, lam) < nq.spectral_radius(nq.sgd(lr=1.0), lam))
    return claimed, true


# -- oscillations ----------------------------------------------------------------------------------


def steep(method: nq.Method) -> nq.Experiment:
    """One component with h = 2, almost without noise."""
    return nq.Experiment(nq.NoisyQuadratic(h=2.0, sigma=0.1), method, batch=100, steps=20)


suite.ordering(
    "momentum damps the oscillations that SGD has at eta h = 1.8",
    ref="T1-20",
    smaller=steep(nq.heavy_ball(lr=0.9, momentum=0.5)),
    larger=steep(nq.sgd(lr=0.9)),
    of="w2[0]",
    at=(10, 15),
    expect="confirmed",
    doc="At eta h = 1.8 SGD overshoots at every step, at the rate 0.8; beta = 0.5 improves the "
    "rate to 0.707. Where SGD overshoots momentum has the better rate once eta h > 1 + sqrt(beta).",
)

suite.ordering(
    "momentum damps the steep direction at the text's parameters",
    ref="T1-20",
    smaller=early(MOMENTUM),
    larger=early(SGD),
    of="w2[0]",
    at=(10, 20),
    expect="refuted",
    doc="In directions of high curvature momentum dampens oscillations, says the text. At its own "
    "eta h1 = 0.1 SGD has none, and with beta = 0.9 w swings through 0.",
)


@suite.claim(
    "momentum does not overshoot where SGD does not",
    ref="T1-20",
    of="w[0]",
    kind="lower bound",
    at=10,
    experiments=lambda: [early(MOMENTUM)],
    expect="refuted",
)
def no_overshoot():
    """At eta h = 0.1 SGD's mean stays on its side of the optimum, and so would that of momentum."""
    return 0.0


def overshoots(method: nq.Method, lam: list[float]) -> np.ndarray:
    """Whether the mean ever crosses the optimum, for each lam = h (the method has eta = 1)."""
    e = nq.Experiment(
        nq.NoisyQuadratic(h=lam), method, steps=1000, checkpoints=range(1001), observables=["w[i]"]
    )
    return nq.exact(e).mean.min(axis=0) < 0


@suite.check(
    "momentum overshoots exactly beyond eta h = (1 - sqrt(beta))^2",
    mends="T1-20",
    kind="existence",
    expect="confirmed",
)
def when_it_swings():
    """SGD crosses the optimum if and only if eta h > 1, momentum once eta h > (1 - sqrt(beta))^2:
    from 0.0026 on at beta = 0.9, where its roots become complex. It creates the oscillations.
    """
    lam = [0.001, 0.0025, 0.0028, 0.01, 0.08, 0.09, 0.2, 0.99, 1.01, 1.9]
    claimed, true = [np.array(lam) > 1], [overshoots(nq.sgd(lr=1.0), lam)]
    for beta in (0.5, 0.9):
        claimed.append(np.array(lam) > (1 - beta**0.5) ** 2)
        true.append(overshoots(nq.heavy_ball(lr=1.0, momentum=beta), lam))
    return claimed, true


# -- the effective step ----------------------------------------------------------------------------


def speed_up(lam: float, beta: float) -> float:
    """How many times as fast as SGD: the ratio of the logarithms of the rates."""
    momentum = nq.spectral_radius(nq.heavy_ball(lr=1.0, momentum=beta), lam)[0]
    return float(np.log(momentum) / np.log1p(-lam))


@suite.check("momentum is 1/(1 - beta) times as fast", ref="T1-23", kind="rate", expect="refuted")
def ten_times():
    """The text has 10 times at beta = 0.9. At its own eta h = 0.01 it is 5.2 times, and at its own
    eta h = 0.1 half as fast.
    """
    return [10.0, 10.0], [speed_up(lam, 0.9) for lam in (0.01, 0.1)]


@suite.check(
    "momentum is 1/(1 - beta) times as fast, for small steps",
    ref="T1-23",
    kind="rate",
    expect="confirmed",
)
def ten_times_in_the_limit():
    """In the limit of small steps, far below eta h = (1 - sqrt(beta))^2, the factor is 1/(1 -
    beta). Here eta h = 1e-9.
    """
    betas = [0.1, 0.5, 0.9]
    return [1 / (1 - beta) for beta in betas], [speed_up(1e-9, beta) for beta in betas]


def effective(k, h, eta, beta, w0):
    """SGD's mean with the step eta/(1 - beta)."""
    return (1 - eta * h / (1 - beta)) ** k * w0


@suite.claim(
    "the mean moves as with the step eta/(1 - beta)",
    ref="T1-23",
    of="w[1]",
    kind="approximation",
    experiments=lambda: [early(MOMENTUM)],
    at=(30, 50),
    expect="refuted",
)
def effective_step(k, h, eta, beta, w0):
    """At the text's parameters the mean of component 2 would be 0.9^k, where it truly swings with
    the amplitude 0.94868^k.
    """
    return effective(k, h, eta, beta, w0)


def small_curvature() -> list[nq.Experiment]:
    problem = nq.NoisyQuadratic(h=0.001)
    return [nq.Experiment(problem, MOMENTUM, batch=10, steps=1000, checkpoints=[100, 500, 1000])]


@suite.claim(
    "the mean moves as with the step eta/(1 - beta), for small steps",
    ref="T1-23",
    of="w[0]",
    kind="approximation",
    experiments=small_curvature,
    expect="confirmed",
)
def effective_step_in_the_limit(k, h, eta, beta, w0):
    """Far below eta h = (1 - sqrt(beta))^2 = 0.0026 the mean is near (1 - eta h/(1 - beta))^k w0.
    Here eta h = 1e-4.
    """
    return effective(k, h, eta, beta, w0)


@suite.check("the rate of momentum, exactly", mends="T1-23", kind="rate", expect="confirmed")
def true_rate():
    """The rate is the larger root of z^2 - (1 + beta - lam) z + beta while lam = eta h is below (1
    - sqrt(beta))^2, and sqrt(beta) beyond, whatever lam: from there on a larger step no longer
    helps.
    """
    lam = np.array([1e-4, 0.001, 0.0026, 0.003, 0.05, 0.3, 1.0, 3.0])
    claimed, true = [], []
    for beta in (0.5, 0.9):
        half = (1 + beta - lam) / 2
        real = lam < (1 - beta**0.5) ** 2
        root = half + np.sqrt(np.where(real, half**2 - beta, 0.0))
        fast = lam > (1 + beta**0.5) ** 2
        other = -half + np.sqrt(np.where(fast, half**2 - beta, 0.0))
        claimed.append(np.where(real, root, np.where(fast, other, beta**0.5)))
        true.append(nq.spectral_radius(nq.heavy_ball(lr=1.0, momentum=beta), lam))
    return claimed, true


@suite.claim(
    "the mean with momentum, exactly",
    mends="T1-23",
    of="w[i]",
    experiments=lambda: [early(MOMENTUM)],
    when=lambda k: k <= 50,
    expect="confirmed",
)
def true_mean(k, h, eta, beta, w0):
    """With complex roots E w_k = beta^(k/2) (cos(k t) + c sin(k t)) w0, where 2 sqrt(beta) cos t =
    1 + beta - lam and c = (1 - lam - sqrt(beta) cos t) / (sqrt(beta) sin t).
    """
    x = 1 - eta * h
    angle = np.arccos((x + beta) / (2 * beta**0.5))
    c = (x - beta**0.5 * np.cos(angle)) / (beta**0.5 * np.sin(angle))
    return beta ** (k / 2) * (np.cos(k * angle) + c * np.sin(k * angle)) * w0


@suite.check(
    "one gradient moves the iterate by eta/(1 - beta) in all", mends="T1-23", expect="confirmed"
)
def whole_displacement():
    """A gradient of 1 at one step, and none after it, moves w by -eta (1 + beta + beta^2 + ...) =
    -eta/(1 - beta). That is what the effective step means.
    """
    claimed, true = [], []
    for beta in (0.5, 0.9, 0.99):
        state = {"w": 0.0, "v": 0.0}
        for t in range(5000):
            gradient = 1.0 if t == 0 else 0.0
            state = MOMENTUM.step(state, lambda w, g=gradient: g, 0.1, momentum=beta)
        claimed.append(-0.1 / (1 - beta))
        true.append(state["w"])
    return claimed, true
