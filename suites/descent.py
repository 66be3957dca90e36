"""Gradient descent on the second text's example, (w - 3)^2."""

import numpy as np
from _second_text import everywhere, on_parabola

import nqmbench as nq

suite = nq.Suite(
    "descent",
    summary="gradient descent on (w - 3)^2: its steps, its closed form, its true rate",
    source="second text, gradient descent",
)

suite.figure(
    "Convergence of gradient descent on (w - 3)^2",
    panels=lambda: {
        "the text's step size and others": {
            f"eta = {eta:g}": on_parabola(eta) for eta in (0.01, 0.05, 0.1, 0.95)
        }
    },
    of="loss",
    doc="The value of (w - 3)^2 from w = 0, the text's eta = 0.1 among other step sizes. Every "
    "step multiplies it by (1 - 2 eta)^2; at 0.95 the iterate jumps across the minimum each time.",
)
suite.figure(
    "The iterate itself",
    panels=lambda: {
        "w - 3, from -3": {
            f"eta = {eta:g}": on_parabola(eta, steps=20) for eta in (0.1, 0.95, 1.0, 1.02)
        }
    },
    of="w[0]",
    doc="At eta = 0.95 the iterate jumps across the minimum and comes closer each time. At 1 it is "
    "3 away for ever, with changing sign, and beyond 1 the jumps grow.",
)

# -- the gradient ----------------------------------------------------------------------------------


@suite.check(
    "the gradient is the direction of steepest ascent", ref="T2-01", kind="bound",
    expect="confirmed",
)  # fmt: skip
def steepest():
    """Of 180 directions none has a larger slope than the gradient's own, at three places of two
    functions: slopes by central differences.
    """
    bowl = lambda x: x[0] ** 2 + 3 * x[1] ** 2 + x[0] * x[1]  # noqa: E731
    waves = lambda x: np.sin(x[0]) * np.exp(x[1])  # noqa: E731
    gradients = {
        bowl: lambda x: np.array([2 * x[0] + x[1], 6 * x[1] + x[0]]),
        waves: lambda x: np.exp(x[1]) * np.array([np.cos(x[0]), np.sin(x[0])]),
    }

    def slope(f, x, direction):
        return (f(x + 1e-5 * direction) - f(x - 1e-5 * direction)) / 2e-5

    claimed, true = [], []
    for f, gradient in gradients.items():
        for place in (np.array([1.0, 2.0]), np.array([-0.5, 0.3]), np.array([2.0, -1.0])):
            g = gradient(place)
            ascent = np.arctan2(g[1], g[0])
            turns = ascent + 2 * np.pi * (np.arange(180) + 0.5) / 180
            true += [slope(f, place, np.array([np.cos(t), np.sin(t)])) for t in turns]
            claimed += [slope(f, place, g / np.linalg.norm(g))] * turns.size
    return claimed, true


@suite.check("the gradient of (w - 3)^2 has L = 2", ref="T2-02", expect="confirmed")
def smoothness():
    """The smallest L with |f'(a) - f'(b)| <= L |a - b| is 2: the largest such quotient of a grid of
    pairs, with derivatives by central differences, which are exact for a parabola.
    """
    w = np.linspace(-5, 11, 33)  # steps of 1/2, so that nothing is rounded
    derivative = ((w + 0.25 - 3) ** 2 - (w - 0.25 - 3) ** 2) / 0.5
    a, b = np.triu_indices(w.size, 1)
    return 2.0, (abs(derivative[a] - derivative[b]) / abs(w[a] - w[b])).max()


# -- the steps -------------------------------------------------------------------------------------


@suite.check("the first two steps", ref="T2-04", expect="confirmed")
def first_steps():
    """From w = 0 with eta = 0.1 the first two steps lead to 0.6 and to 1.08."""
    return [0.6, 1.08], 3 + everywhere(on_parabola(steps=2), "w[0]")[1:]


@suite.check("one step as a recurrence", ref="T2-05", expect="confirmed")
def recurrence():
    """One step takes w to (1 - 2 eta) w + 6 eta, from anywhere and with any step size."""
    cases = [(w, eta) for w in (-2.0, 0.0, 1.0, 10.0) for eta in (0.01, 0.1, 0.7, 1.3)]
    claimed = [(1 - 2 * eta) * w + 6 * eta for w, eta in cases]
    return claimed, [3 + everywhere(on_parabola(eta, 1, w), "w[0]")[1] for w, eta in cases]


def step_sizes() -> list[nq.Experiment]:
    return [on_parabola(eta) for eta in (0.1, 0.5, 0.95, 1.0, 1.05)]


@suite.claim(
    "the iterate in closed form",
    ref="T2-06",
    of="w[0]",
    experiments=step_sizes,
    expect="confirmed",
)
def closed_form(k, eta, w0):
    """After t steps w - 3 is (1 - 2 eta)^t times what it was, for every step size: also where it
    does not converge.
    """
    return (1 - 2 * eta) ** k * w0


def converges(eta: float) -> bool:
    """Whether nothing is left of the distance after 50,000 steps."""
    problem, last = on_parabola(eta).problem, 50_000
    left = nq.exact(nq.Experiment(problem, nq.sgd(lr=eta), steps=last, checkpoints=[last])).mean
    return bool(left[0, 0] < 1e-18)


STEP_SIZES = (0.01, 0.1, 0.25, 0.49, 0.5, 0.6, 0.95, 0.999, 1.0, 1.001, 1.05, 1.5)


@suite.check(
    "w comes exponentially closer to 3, whatever the step size",
    ref="T2-07",
    kind="existence",
    expect="refuted",
)
def always_closer():
    """The text reads this off the closed form. At eta = 1 the distance stays, beyond it grows."""
    return [True] * len(STEP_SIZES), [converges(eta) for eta in STEP_SIZES]


@suite.claim(
    "w comes exponentially closer to 3 while |1 - 2 eta| < 1",
    ref="T2-07",
    of="loss",
    when=lambda eta: abs(1 - 2 * eta) < 1,
    experiments=step_sizes,
    expect="confirmed",
)
def exponentially(k, eta, w0):
    """The value shrinks by the factor (1 - 2 eta)^2 per step, which is below 1 for eta < 1."""
    return (1 - 2 * eta) ** (2 * k) * w0**2


@suite.check(
    "it converges if and only if |1 - 2 eta| < 1", mends="T2-07", kind="existence",
    expect="confirmed",
)  # fmt: skip
def closer_when():
    """Between eta = 0 and 1, without the ends: at 0.999 still, at 1 no longer."""
    return [abs(1 - 2 * eta) < 1 for eta in STEP_SIZES], [converges(eta) for eta in STEP_SIZES]


@suite.check(
    "it converges for 0 < eta < 1/2", ref="T2-08", kind="existence", expect="confirmed"
)  # fmt: skip
def safe_steps():
    """Every step size below 1/L = 1/2 converges."""
    below = [eta for eta in STEP_SIZES if eta < 0.5]
    return [True] * len(below), [converges(eta) for eta in below]


@suite.check("the largest step size is 1, not 1/2", ref="T2-08", expect="confirmed")
def largest_step():
    """The condition of the text is sufficient, and half of what is possible: the recursion is
    stable up to eta h = 2, that is eta = 1.
    """
    return 1.0, nq.stability_limit(nq.sgd(lr=0.1)) / 2.0


suite.ordering(
    "a closer start is closer after the same number of steps",
    ref="T2-11",
    smaller=lambda: [on_parabola(start=w) for w in (2.0, 1.0, 5.0)],
    larger=lambda: [on_parabola(start=w) for w in (0.0, 0.0, -1.0)],
    of="loss",
    at=(1, 10, 50),
    margin=0.0,
    expect="confirmed",
    doc="The value after t steps is proportional to the squared distance of the start.",
)

# -- the rate --------------------------------------------------------------------------------------


@suite.claim(
    "the loss falls like 1/t",
    ref="T2-09",
    of="loss",
    kind="approximation",
    at=(5, 10, 20, 50),
    experiments=lambda: [on_parabola()],
    expect="refuted",
)
def like_one_over_t(k, w0):
    """In its curve the text recognises the rate 1/t. Of the hyperbolas c/t this is the one that
    meets the curve at t = 5.
    """
    return 5 * w0**2 * 0.8**10 / k


@suite.claim(
    "the loss falls geometrically",
    mends="T2-09",
    of="loss",
    experiments=lambda: [on_parabola()],
    expect="confirmed",
)
def geometric(k, w0):
    """The value is 9 times 0.64^t, with no hyperbola in it."""
    return w0**2 * 0.64**k


def scatter(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """The sum of squares about the straight line through points, and its slope."""
    slope, height = np.polyfit(x, y, 1)
    return float(((y - height - slope * x) ** 2).sum()), float(slope)


def logarithms() -> tuple[np.ndarray, np.ndarray]:
    """The steps 1..50 of the script, and the logarithms of the value there."""
    return np.arange(1.0, 51.0), np.log(everywhere(on_parabola(), "loss")[1:])


@suite.check("the curve is a hyperbola", ref="T2-13", kind="bound", expect="refuted")
def hyperbola():
    """To the text the curve proves the rate 1/t. Were it a power of t, its logarithm would lie
    nearer to a straight line in log t than in t: a smaller sum of squares about it.
    """
    t, log_f = logarithms()
    return scatter(t, log_f)[0], scatter(np.log(t), log_f)[0]


@suite.check(
    "the curve is a straight line against t, in logarithms", mends="T2-13", kind="rate",
    expect="confirmed",
)  # fmt: skip
def straight_line():
    """The slope of log f against t is log 0.64 = -0.4463, and nothing scatters about that line."""
    t, log_f = logarithms()
    left, slope = scatter(t, log_f)
    return [np.log(0.64), 1.0], [slope, 1.0 + left]
