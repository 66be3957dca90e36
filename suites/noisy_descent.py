"""SGD on the second text's noisy parabola, and how fast it comes down with which step sizes."""

from collections.abc import Callable
from functools import cache

import numpy as np
from _second_text import DESCENT, ENDLESS, NOISY_PARABOLA, PARABOLA, Convex, huber

import nqmbench as nq

suite = nq.Suite(
    "noisy_descent",
    summary="SGD on (w - 3)^2 with noise: the script, and the rate 1/sqrt(t)",
    source="second text, stochastic gradient descent",
)


def script() -> dict[str, nq.Experiment]:
    """The text's noisy descent beside the smooth one."""
    smooth = nq.Experiment(NOISY_PARABOLA, DESCENT, batch=ENDLESS, steps=50)
    return {"gradient descent": smooth, "SGD": nq.Experiment(NOISY_PARABOLA, DESCENT, steps=50)}


suite.figure(
    "Noisy descent beside smooth descent on (w - 3)^2",
    panels=lambda: {"the iterate, w - 3": script()},
    of="w[0]",
    single=True,
    doc="In the mean SGD takes the path of gradient descent; one single run scatters about it with "
    "a standard deviation of 1/6.",
)
suite.figure(
    "The loss of noisy and of smooth descent",
    panels=lambda: {"(w - 3)^2": script()},
    of="loss",
    doc="What the mean of the iterate hides the expected loss shows: gradient descent's goes to 0, "
    "that of SGD stays at 0.028.",
)

# -- the script: unit gradient noise, eta = 0.1, 50 steps ------------------------------------------


def noisy() -> list[nq.Experiment]:
    return [nq.Experiment(NOISY_PARABOLA, DESCENT, steps=50)]


@suite.claim(
    "the mean of the noisy path is the smooth path", ref="T2-36", of="w[0]", experiments=noisy,
    expect="confirmed",
)  # fmt: skip
def noisy_mean(k, eta, h, w0):
    """E w - 3 = -3 x 0.8^t: after 50 steps E w is 2.999957."""
    return (1 - eta * h) ** k * w0


@suite.claim(
    "the variance of the noisy path",
    ref="T2-36",
    of="w[0]",
    statistic="variance",
    experiments=noisy,
    expect="confirmed",
)
def noisy_variance(k, eta, h):
    """Gradient noise of variance 1 makes eta^2/(1 - 0.64) = 0.0278 in the end: what the script's
    path jumps about, after a few steps already.
    """
    a = (1 - eta * h) ** 2
    return eta**2 * (1 - a**k) / (1 - a)


@suite.claim(
    "the noisy path makes progress all the same", ref="T2-36", of="loss", experiments=noisy,
    expect="confirmed",
)  # fmt: skip
def noisy_loss(k, eta, h, w0):
    """E (w - 3)^2 falls from 9 to 0.0278, and no further."""
    a = (1 - eta * h) ** 2
    return a**k * w0**2 + eta**2 * (1 - a**k) / (1 - a)


# -- the rate 1/sqrt(t) ----------------------------------------------------------------------------

Steps = Callable[[np.ndarray], np.ndarray]  # the step size at t = 0, 1, ...

CONSTANT: Steps = lambda t: np.full(t.size, 0.1)  # noqa: E731
ROOT: Steps = lambda t: 0.5 / np.sqrt(t + 1)  # noqa: E731
FAST: Steps = lambda t: 1 / (t + 1)  # noqa: E731
SLOW: Steps = lambda t: 0.1 / (t + 1)  # noqa: E731


@cache  # several checks ask for the same million steps
def suboptimality(steps: Steps, last: int) -> float:
    """E f - f* after so many steps, at h = sigma = w0 = 1, in one pass over the steps.

    What is left of the noise of step t is the product of all later 1 - eta; these products are
    sums of logarithms from the end.
    """
    eta = steps(np.arange(last, dtype=np.float64))
    with np.errstate(divide="ignore"):
        kept = np.cumsum(np.log(np.abs(1 - eta))[::-1])[::-1]
    later = np.append(kept[1:], 0.0)
    return float((np.exp(2 * kept[0]) + (eta**2 * np.exp(2 * later)).sum()) / 2)


LATE, LAST = 10_000, 1_000_000


def bounded(steps: Steps) -> tuple[float, float]:
    """sqrt(t) (E f - f*) at 10^4 and 10^6 steps: under O(1/sqrt(t)) it must not grow."""
    return tuple(t**0.5 * suboptimality(steps, t) for t in (LATE, LAST))


def slope(steps: Steps) -> float:
    """The exponent of t in E f - f* after a million steps."""
    before = LAST * 9 // 10
    ratio = suboptimality(steps, LAST) / suboptimality(steps, before)
    return float(np.log(ratio) / np.log(LAST / before))


@suite.check(
    "the suboptimality is O(1/sqrt(t)), whatever the steps", ref="T2-37", kind="bound",
    expect="refuted",
)  # fmt: skip
def any_steps():
    """The text allows constant steps and steps that fall. From 10^4 to 10^6 steps sqrt(t) times
    the suboptimality would not grow. It grows 10-fold with eta = 0.1, and 4-fold with 0.1/(t + 1).
    """
    pairs = [bounded(steps) for steps in (CONSTANT, ROOT, FAST, SLOW)]
    return [early for early, _ in pairs], [late for _, late in pairs]


@suite.check(
    "the suboptimality is O(1/sqrt(t)) with steps c/sqrt(t)", ref="T2-37", kind="bound",
    expect="confirmed",
)  # fmt: skip
def root_steps():
    """With these steps, and with 1/(t + 1), sqrt(t) times the suboptimality does not grow."""
    pairs = [bounded(steps) for steps in (ROOT, FAST)]
    return [early for early, _ in pairs], [late for _, late in pairs]


@suite.check(
    "with steps c/sqrt(t) the suboptimality is c sigma^2/(4 sqrt(t)) in the end",
    mends="T2-37",
    kind="optimum",
    expect="confirmed",
)
def root_constant():
    """At h = sigma = 1 and c = 1/2 it is 0.125/sqrt(t), and 0.12509/sqrt(t) after 10^6 steps."""
    return 0.125, bounded(ROOT)[1]


@suite.check(
    "with a constant step a floor stays, with c/t the rate depends on c",
    mends="T2-37",
    kind="optimum",
    expect="confirmed",
)
def other_rates():
    """The floor is lam/(2 (2 - lam)) at h = sigma = 1, 0.0263 at 0.1. With c/(t + 1) the exponent
    is -1 where 2 c h > 1, and -2 c h where it is less: here 2 and 0.2.
    """
    floor = 0.1 / (2 * (2 - 0.1))
    return [floor, -1.0, -0.2], [suboptimality(CONSTANT, LAST), slope(FAST), slope(SLOW)]


def scheduled(lr: float | nq.Schedule, steps: int = 2000) -> nq.Experiment:
    return nq.Experiment(nq.NoisyQuadratic(h=1.0), nq.sgd(lr=lr), steps=steps)


SCHEDULES = {
    "constant": 0.1,
    "0.5/sqrt(t + 1)": nq.inverse_sqrt(0.5),
    "1/(t + 1)": nq.inverse_time(1.0, t0=1),
    "0.1/(t + 1)": nq.inverse_time(0.1, t0=1),
}

suite.figure(
    "The suboptimality with four kinds of steps",
    panels=lambda: {"h = sigma = 1": {name: scheduled(lr) for name, lr in SCHEDULES.items()}},
    of="loss",
    doc="A constant step comes to a floor. Steps 0.5/sqrt(t + 1) leave a loss that falls like "
    "1/sqrt(t). With 1/(t + 1) it falls faster, with 0.1/(t + 1) like 1/t^0.2: what is left is "
    "mostly the start.",
)


@suite.claim(
    "it converges to a neighbourhood",
    ref="T2-37",
    of="loss",
    at="last",
    experiments=lambda: [scheduled(0.1, steps=200)],
    expect="confirmed",
)
def neighbourhood(eta, h, B, sigma):
    """With a constant step the variance ends at lam/(2 - lam) sigma^2/B, and the suboptimality at
    h/2 of it: 0.0263 here.
    """
    return eta * h / (2 - eta * h) * sigma**2 / B


@suite.claim(
    "steps c/sqrt(t) leave c sigma^2/(4 sqrt(t))",
    mends="T2-37",
    of="loss",
    kind="approximation",
    at=(500, 1000, 2000),
    experiments=lambda: [scheduled(nq.inverse_sqrt(0.5))],
    expect="confirmed",
)
def root_claim(k, eta0):
    """After 500 steps and more, at h = sigma = 1."""
    return eta0 / (4 * nq.sqrt(k))


# -- the text's table: 1/t for gradient descent, 1/sqrt(t) for SGD ---------------------------------


def exponent(values: np.ndarray, t: np.ndarray) -> float:
    """The exponent of t between two steps."""
    return float(np.diff(np.log(values))[0] / np.diff(np.log(t))[0])


@suite.check(
    "gradient descent falls like 1/t, SGD like 1/sqrt(t), on the text's parabola",
    ref="T2-38",
    kind="rate",
    expect="refuted",
)
def table_rates():
    """With the text's step 0.1 gradient descent is geometric and SGD has a floor: the exponents at
    t = 100 are -45 and 0.
    """
    t = np.array([100.0, 101.0])
    smooth, rough = (
        nq.exact(nq.Experiment(p, DESCENT, 1, 101, [100, 101], ["loss"])).mean[:, 0]
        for p in (PARABOLA, NOISY_PARABOLA)
    )
    return [-1.0, -0.5], [exponent(smooth, t), exponent(rough, t)]


def slowest(t: int) -> float:
    """The largest value that any function with L = 1 leaves after t steps of 1, from R = 1."""
    worst: Convex = huber(1 / (2 * t + 1))
    return float(worst.gaps(1.0, 1.0, t)[-1])


@suite.check(
    "1/t and 1/sqrt(t) are the rates of the worst case", ref="T2-38", kind="optimum",
    expect="confirmed",
)  # fmt: skip
def worst_rates():
    """The function with which gradient descent is slowest, a new one for each t, leaves 1/(4t + 2):
    exponent -1. With steps c/sqrt(t) SGD has the exponent -1/2.
    """
    t = np.array([4500.0, 5000.0])
    return [-1.0, -0.5], [exponent(np.array([slowest(int(x)) for x in t]), t), slope(ROOT)]


@suite.check(
    "on a parabola gradient descent is geometric", mends="T2-38", kind="rate", expect="confirmed"
)
def geometric():
    """The factor of the loss per step is (1 - 2 eta)^2 = 0.64."""
    loss = nq.exact(nq.Experiment(PARABOLA, DESCENT, 1, 51, [50, 51], ["loss"])).mean[:, 0]
    return 0.64, loss[1] / loss[0]
