"""Single samples of the second text's three points, 1, 3 and 5: every sequence of them counted."""

from itertools import permutations, product

import numpy as np
from _second_text import ENDLESS

import nqmbench as nq

POINTS = np.array([1.0, 3.0, 5.0])
MINIMUM, SPREAD = 3.0, 8 / 3  # their mean and their variance
ORDER = (1.0, 5.0, 3.0)  # of the text's three steps

# f(w) = mean (w - x)^2 has h = 2. Means and variances depend on the noise's variance alone.
PROBLEM = nq.NoisyQuadratic(h=2.0, sigma=SPREAD**0.5, w0=0.0, optimum=MINIMUM)


def walk(points: tuple[float, ...], eta: float = 0.1) -> np.ndarray:
    """SGD from w = 0 that takes these points in turn: w' = w - 2 eta (w - x)."""
    w = [0.0]
    for x in points:
        w.append(w[-1] - eta * 2 * (w[-1] - x))
    return np.array(w)


def sequences(length: int) -> np.ndarray:
    """The walks with every sequence of points, drawn with replacement, shape (3^n, n + 1)."""
    return np.array([walk(points) for points in product(POINTS, repeat=length)])


def epochs() -> np.ndarray:
    """The walks with the six orders of the three points, each taken once."""
    return np.array([walk(points) for points in permutations(POINTS)])


suite = nq.Suite(
    "sampling",
    summary="three points, one drawn at each step: exact counts, and what is left in the end",
    source="second text, stochastic gradient descent",
)

suite.figure(
    "One of three points at each step",
    panels=lambda: {
        "f(w) = mean (w - x)^2": {
            "gradient descent": still(steps=60),
            "single samples": drawn(steps=60),
            "single samples, eta = 1/(2t + 2)": drawn(DECREASING, steps=60),
        },
    },
    doc="The squared distance from 3. With a constant step 0.296 stays on average; with a step "
    "that falls like 1/t nothing does.",
)

DECREASING = nq.inverse_time(0.5, t0=1)


def drawn(lr: float | nq.Schedule = 0.1, steps: int = 200) -> nq.Experiment:
    """Single samples, with noise of the points' variance."""
    return nq.Experiment(PROBLEM, nq.sgd(lr=lr), steps=steps)


def still(steps: int) -> nq.Experiment:
    """Gradient descent on the same loss."""
    return nq.Experiment(PROBLEM, nq.sgd(lr=0.1), batch=ENDLESS, steps=steps)


# -- the loss of three points ----------------------------------------------------------------------


@suite.check("the full gradient is 2 (w - 3)", ref="T2-28", expect="confirmed")
def full_gradient():
    """The mean of 2 (w - 1), 2 (w - 3) and 2 (w - 5), at eight places."""
    w = np.linspace(-2.0, 5.0, 8)
    return 2 * (w - 3), np.mean([2 * (w - x) for x in POINTS], axis=0)


@suite.check("the minimum is at 3", ref="T2-28", expect="confirmed")
def minimum():
    """Of 801 places the lowest mean squared distance is at w = 3. It is not 0 there but 8/3, the
    variance of the points.
    """
    w = np.linspace(-1.0, 7.0, 801)
    losses = np.mean([(w - x) ** 2 for x in POINTS], axis=0)
    return [3.0, 8 / 3], [w[losses.argmin()], losses.min()]


@suite.check("the text's three steps", ref="T2-29", expect="confirmed")
def three_steps():
    """With the points 1, 5, 3 the gradients are -2, -9.6 and -3.68, and w is 0.2, 1.16, 1.528."""
    w = walk(ORDER)
    return [0.2, 1.16, 1.528, -2, -9.6, -3.68], [*w[1:], *(2 * (w[:-1] - np.array(ORDER)))]


# -- which points are touched ----------------------------------------------------------------------


@suite.check(
    "three steps did not touch all three points", ref="T2-30", kind="existence", expect="refuted"
)
def untouched():
    """Not all points were touched systematically, the text says of its own three steps. They take
    1, 5 and 3: each exactly once, as a pass over the data in random order does.
    """
    return True, set(ORDER) != set(POINTS)


@suite.check(
    "three draws touch all three points in 6 of 27 cases", mends="T2-30", expect="confirmed"
)
def how_often():
    """Of all sequences drawn with replacement 6/27 do; without replacement all of them."""
    touched = [len(set(points)) == 3 for points in product(POINTS, repeat=3)]
    return 6 / 27, np.mean(touched)


WEIGHTS = 0.2 * 0.8 ** np.arange(3)  # of the three points in w_3, the last one first


@suite.check(
    "three independent draws: mean 1.464, variance 0.2186", mends="T2-30", expect="confirmed"
)
def with_replacement():
    """Over the 27 sequences the mean is 3 - 3 x 0.8^3, gradient descent's; the variance is that of
    a point times the sum of the squared weights.
    """
    w = sequences(3)[:, 3]
    return [3 - 3 * 0.8**3, SPREAD * (WEIGHTS**2).sum()], [w.mean(), w.var()]


@suite.check(
    "each point once, in random order: mean 1.464, variance 0.0104", mends="T2-30",
    expect="confirmed",
)  # fmt: skip
def without_replacement():
    """Over the six orders the mean is the same, and the variance 21 times smaller, since two of n
    points have the covariance -sigma^2/(n - 1).
    """
    w = epochs()[:, 3]
    pairs = WEIGHTS.sum() ** 2 - (WEIGHTS**2).sum()
    variance = SPREAD * ((WEIGHTS**2).sum() - pairs / 2)
    return [3 - 3 * 0.8**3, variance], [w.mean(), w.var()]


# -- moving toward 3 -------------------------------------------------------------------------------


@suite.check(
    "each of the text's three steps comes closer to 3", ref="T2-31", kind="bound",
    expect="confirmed",
)  # fmt: skip
def closer():
    """The distances are 3, 2.8, 1.84 and 1.472: each is a bound of the next."""
    distance = abs(walk(ORDER) - MINIMUM)
    return distance[:-1], distance[1:]


@suite.check(
    "after three steps every sequence is closer to 3 than at the start", ref="T2-31",
    kind="bound", expect="confirmed",
)  # fmt: skip
def all_closer():
    """The 27 sequences end between w = 0.488 and 2.44, at distances from 2.512 down to 0.56."""
    return [3.0] * 27, abs(sequences(3)[:, 3] - MINIMUM)


@suite.claim(
    "in the mean single samples move as gradient descent does",
    ref="T2-31",
    of="w[0]",
    at=(1, 2, 3),
    experiments=lambda: [drawn(steps=3)],
    expect="confirmed",
)
def mean_path(k, eta, h, w0):
    """E w - 3 shrinks by 1 - 2 eta = 0.8 per step."""
    return (1 - eta * h) ** k * w0


@suite.claim(
    "the variance over three draws",
    mends="T2-30",
    of="w[0]",
    statistic="variance",
    at=(1, 2, 3),
    experiments=lambda: [drawn(steps=3)],
    expect="confirmed",
)
def drawn_variance(k):
    """That of all sequences of k points, counted."""
    return sequences(int(k))[:, int(k)].var()


# -- reaching the bottom ---------------------------------------------------------------------------


@suite.claim(
    "single samples with a constant step come to the minimum in the end",
    ref="T2-34",
    of="loss",
    kind="upper bound",
    at="last",
    experiments=lambda: [drawn()],
    expect="refuted",
)
def bottom(w0):
    """Of the loss above its minimum less than a thousandth would be left after 200 steps. With a
    constant step 3.3 % of it stays for ever.
    """
    return 1e-3 * w0**2


@suite.claim(
    "with a constant step a variance of eta h sigma^2/(2 - eta h) stays",
    mends="T2-34",
    of="w[0]",
    statistic="variance",
    at="last",
    experiments=lambda: [drawn()],
    expect="confirmed",
)
def floor(eta, h, B, sigma):
    """In the steady state the variance of w is lam/(2 - lam) sigma^2/B, lam = eta h: 0.2963 for the
    three points.
    """
    return eta * h / (2 - eta * h) * sigma**2 / B


@suite.claim(
    "with steps 1/(2t + 2) the bottom is reached",
    mends="T2-34",
    of="error",
    at=(1, 10, 100, 200),
    experiments=lambda: [drawn(DECREASING)],
    expect="confirmed",
)
def reached(k, B, sigma):
    """With these steps w is the mean of the points drawn so far, and its squared distance sigma^2/k
    falls to 0.
    """
    return sigma**2 / (B * k)


suite.outside(
    "T2-35",
    "Its noise lets SGD escape from saddle points and shallow local minima.",
    "A convex loss has neither, so nothing here can speak for or against it.",
)
suite.outside(
    "T2-39",
    "An update with one sample is much cheaper than one with the full gradient.",
    "A statement on the cost of a step, which no count of steps can judge.",
)
