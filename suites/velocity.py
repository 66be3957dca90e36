"""Momentum as the second text writes it: its demonstration, and its form under a schedule."""

import numpy as np
from _second_text import DESCENT, MOMENTUM, NESTEROV, PARABOLA, everywhere, overshoot

import nqmbench as nq


def demo(method: nq.Method) -> nq.Experiment:
    """30 steps of the text's demonstration on (w - 3)^2, without noise."""
    return nq.Experiment(PARABOLA, method, steps=30)


METHODS = {"gradient descent": DESCENT, "momentum": MOMENTUM, "Nesterov": NESTEROV}

suite = nq.Suite(
    "velocity",
    summary="momentum in its own demonstration, in long valleys, and under a schedule",
    source="second text, momentum",
)

suite.figure(
    "The demonstration: three methods on (w - 3)^2",
    panels=lambda: {"w - 3": {name: demo(method) for name, method in METHODS.items()}},
    of="w[0]",
    doc="Gradient descent comes down without a swing and is the first to arrive. Momentum passes "
    "the minimum by 71 % of its distance at the start, Nesterov's method by 33 %.",
)

# -- smoother --------------------------------------------------------------------------------------


@suite.claim(
    "momentum does not overshoot where gradient descent does not",
    ref="T2-46",
    of="w[0]",
    kind="upper bound",
    at=6,
    experiments=lambda: [demo(MOMENTUM)],
    expect="refuted",
)
def no_overshoot():
    """A smoother descent with less zigzag, says the text, with oscillations dampened. In its own
    demonstration gradient descent stays below the minimum, and momentum is 2.13 above it.
    """
    return 0.0


@suite.claim(
    "the iterate of momentum in closed form",
    mends="T2-46",
    of="w[0]",
    experiments=lambda: [demo(MOMENTUM)],
    expect="confirmed",
)
def swinging(k, h, eta, beta, w0):
    """With complex roots w - 3 = beta^(k/2) (cos(k t) + c sin(k t)) times the start, where 2
    sqrt(beta) cos t = 1 + beta - lam and c = (1 - lam - sqrt(beta) cos t)/(sqrt(beta) sin t).
    """
    x = 1 - eta * h
    angle = np.arccos((x + beta) / (2 * beta**0.5))
    c = (x - beta**0.5 * np.cos(angle)) / (beta**0.5 * np.sin(angle))
    return beta ** (k / 2) * (np.cos(k * angle) + c * np.sin(k * angle)) * w0


@suite.check(
    "without a swing below eta h = (1 - sqrt(gamma))^2, with one beyond",
    mends="T2-46",
    kind="existence",
    expect="confirmed",
)
def when_it_swings():
    """Momentum overshoots where gradient descent does not, from eta h = 0.0026 on at gamma = 0.9,
    up to gradient descent's own limit of 1: the demonstration has 0.2.
    """
    claimed, true = [], []
    for lam in (0.001, 0.0025, 0.0028, 0.2, 0.9, 1.1):
        e = nq.Experiment(nq.NoisyQuadratic(h=lam, sigma=0.0, w0=-1.0), nq.sgd(lr=1.0), steps=500)
        ball = nq.heavy_ball(lr=1.0, momentum=0.9, velocity="step")
        claimed.append([lam > 1, lam > (1 - 0.9**0.5) ** 2])
        swung = nq.Experiment(e.problem, ball, steps=500)
        true.append([overshoot(e) > 0, overshoot(swung) > 0])
    return claimed, true


def steep(method: nq.Method) -> nq.Experiment:
    """At eta h = 1.8 gradient descent overshoots at every step."""
    return nq.Experiment(nq.NoisyQuadratic(h=18.0, sigma=0.0), method, steps=20)


suite.ordering(
    "momentum damps the zigzag of a step that is nearly too large",
    mends="T2-46",
    smaller=lambda: steep(nq.heavy_ball(lr=0.1, momentum=0.5, velocity="step")),
    larger=lambda: steep(DESCENT),
    of="error",
    at=(10, 15, 20),
    expect="confirmed",
    doc="At eta h = 1.8, where gradient descent jumps across the minimum at each step, gamma = 0.5 "
    "improves the rate from 0.8 to 0.707.",
)

# -- faster ----------------------------------------------------------------------------------------

suite.ordering(
    "momentum is faster in the demonstration",
    ref="T2-47",
    smaller=lambda: [demo(MOMENTUM), demo(NESTEROV)],
    larger=lambda: [demo(DESCENT)] * 2,
    of="loss",
    at=(20, 30),
    expect="refuted",
    doc="Memory accelerates, says the text. After 30 steps gradient descent is 0.0037 away from "
    "the minimum, Nesterov's method 0.0088 and momentum 0.132.",
)
suite.ordering(
    "gradient descent is ahead of Nesterov's method, and that of momentum",
    mends="T2-47",
    smaller=lambda: [demo(DESCENT), demo(NESTEROV)],
    larger=lambda: [demo(NESTEROV), demo(MOMENTUM)],
    of="loss",
    at=(20, 30),
    expect="confirmed",
    doc="In the demonstration the order is the reverse of the text's table.",
)


@suite.check("the rates of the three methods", mends="T2-47", kind="rate", expect="confirmed")
def rates():
    """Gradient descent 1 - lam = 0.8; Nesterov's method sqrt(gamma (1 - lam)) = 0.849, momentum
    sqrt(gamma) = 0.949: of two complex roots either has the size of the square root of
    their product.
    """
    claimed = [0.8, 0.9**0.5, (0.9 * 0.8) ** 0.5]
    return claimed, [nq.spectral_radius(m, 2.0)[0] for m in METHODS.values()]


def within(method: nq.Method, distance: float) -> float:
    """The step from which the demonstration stays so close to the minimum."""
    return nq.steps_to(nq.Experiment(PARABOLA, method, steps=500), distance**2)


@suite.check(
    "within 0.03 of the minimum for good: gradient descent first, momentum last",
    mends="T2-47",
    kind="bound",
    expect="confirmed",
)
def arrival():
    """After 21, 28 and 84 steps: gradient descent, Nesterov's method, momentum."""
    first, second, third = (within(m, 0.03) for m in (DESCENT, NESTEROV, MOMENTUM))
    return [second, third], [first, second]


@suite.check(
    "momentum is faster exactly where eta h < 1 - sqrt(gamma) or eta h > 1 + sqrt(gamma)",
    mends="T2-47",
    kind="existence",
    expect="confirmed",
)
def faster_where():
    """In flat directions, so below eta h = 0.051 at gamma = 0.9, and where gradient descent nearly
    diverges; on both sides of the two limits.
    """
    claimed, true = [], []
    for gamma in (0.5, 0.9):
        low, high = 1 - gamma**0.5, 1 + gamma**0.5
        lam = np.array(
            [1e-3, 0.2, 1.0, *(x * f for x in (low, high) for f in (0.999999, 1.000001))]
        )
        ball = nq.heavy_ball(lr=1.0, momentum=gamma, velocity="step")
        claimed.append((lam < low) | (lam > high))
        true.append(nq.spectral_radius(ball, lam) < nq.spectral_radius(nq.sgd(lr=1.0), lam))
    return claimed, true


# -- long narrow valleys ---------------------------------------------------------------------------

KAPPA = 400.0  # how much longer than wide


def valley(method: nq.Method) -> nq.Experiment:
    problem = nq.NoisyQuadratic(h=[1.0, 1 / KAPPA], sigma=0.0)
    return nq.Experiment(problem, method, steps=200)


ROOT = KAPPA**0.5
TUNED = {
    "gradient descent": nq.sgd(lr=2 / (1 + 1 / KAPPA)),
    "momentum": nq.heavy_ball(
        lr=(2 / (1 + 1 / ROOT)) ** 2, momentum=((ROOT - 1) / (ROOT + 1)) ** 2, velocity="step"
    ),
    "Nesterov": nq.nesterov(
        lr=4 / (3 + 1 / KAPPA), momentum=1 - 4 / ((3 * KAPPA + 1) ** 0.5 + 2)
    ),
}  # fmt: skip

suite.figure(
    "A long narrow valley, each method with its best settings",
    panels=lambda: {"curvatures 1 and 1/400": {n: valley(m) for n, m in TUNED.items()}},
    doc="Here momentum does what the text says. After 200 steps gradient descent still has 37 % of "
    "the way along the valley before it, momentum less than a millionth.",
)
suite.ordering(
    "tuned momentum is ahead in a long narrow valley",
    ref="T2-51",
    smaller=lambda: [valley(TUNED[name]) for name in ("momentum", "Nesterov")],
    larger=lambda: [valley(TUNED["gradient descent"])] * 2,
    of="error",
    at=(100, 200),
    margin=0.0,
    expect="confirmed",
    doc="At a condition number of 400 and with the best step size and momentum, the rate is 0.905 "
    "with momentum, 0.942 with Nesterov's method, and 0.995 without.",
)


# -- under a schedule ------------------------------------------------------------------------------

ANNEALED = nq.cosine(0.1, steps=100)


def form(velocity: str, lr: float | nq.Schedule = ANNEALED) -> nq.Experiment:
    """Momentum with unit noise at h = 1, in one of its two forms."""
    method = nq.heavy_ball(lr=lr, momentum=0.9, velocity=velocity)
    return nq.Experiment(nq.NoisyQuadratic(h=1.0), method, steps=100)


def of_step_form(k: int) -> tuple[float, float]:
    """Mean and variance of w in the text's form, v' = beta v + eta g, w' = w - v', from w0 = 1:
    what one sample x_t of g = w - x_t does to w at all later steps, squared and summed.
    """
    eta = ANNEALED.values(100)[:k]

    def respond(start: tuple[float, float], first: int) -> float:
        w, v = start
        for t in range(first, k):
            v = 0.9 * v + eta[t] * w
            w -= v
        return w

    hits = [respond((eta[t], -eta[t]), t + 1) for t in range(k)]
    return respond((1.0, 0.0), 0), float(np.square(hits).sum())


@suite.check(
    "with a constant step both forms of momentum are the same", ref="T2-45", expect="confirmed"
)
def same_iterates():
    """v' = gamma v + eta g, w' = w - v', and v' = gamma v + g, w' = w - eta v': the mean and the
    variance of w after 100 steps.
    """
    sides = []
    for velocity in ("step", "gradient"):
        e = form(velocity, lr=0.1)
        last = nq.exact(nq.Experiment(e.problem, e.method, 1, 100, [100], ["w[0]"]))
        sides.append([last.mean[0, 0], last.variance[0, 0]])
    return sides[0], sides[1]


@suite.claim(
    "both forms of momentum are the same under a schedule",
    ref="T2-45",
    of="w[0]",
    statistic="variance",
    at=(50, 100),
    experiments=lambda: [form("gradient")],
    expect="refuted",
)
def same_under_schedule(k):
    """The form with the velocity in units of the gradient multiplies the OLD velocity, too, by the
    new step size, and so ends with less than half of the variance.
    """
    return of_step_form(int(k))[1]


@suite.claim(
    "the variance of the text's form under cosine annealing",
    mends="T2-45",
    of="w[0]",
    statistic="variance",
    at=(50, 100),
    experiments=lambda: [form("step")],
    expect="confirmed",
)
def step_form(k):
    """The sum of squares of what each sample has done: 0.139 after 100 steps, where the other form
    has 0.060.
    """
    return of_step_form(int(k))[1]


@suite.check(
    "the other form is the text's with the momentum gamma eta_t / eta_(t-1)", mends="T2-45",
    expect="confirmed",
)  # fmt: skip
def ratio_of_steps():
    """With that momentum both forms take the same path, from the same start."""
    eta = ANNEALED.values(100)
    momentum = nq.schedule([0.9, *(0.9 * eta[1:] / eta[:-1])])
    method = nq.heavy_ball(lr=ANNEALED, momentum=momentum, velocity="step")
    problem = nq.NoisyQuadratic(h=1.0)
    paths = [
        everywhere(e, name)
        for e in (form("gradient"), nq.Experiment(problem, method, steps=100))
        for name in ("w[0]", "error")
    ]
    return paths[:2], paths[2:]


suite.outside(
    "T2-52",
    "A table: gradient descent is slow, momentum smooths and accelerates, Nesterov's method "
    "overshoots less.",
    "It repeats T2-46 to T2-49, which are judged.",
)
