"""Gradient descent on the second text's line: its gradient, its curvature, what it reaches."""

import numpy as np
from _data import line_rows, run
from _rows import curvatures, descent, gradient, hessian, least, loss
from _second_text import everywhere

import nqmbench as nq

RATES = (0.02, 0.05, 0.1, 0.2)

suite = nq.Suite(
    "linear_regression",
    summary="the loss of a line through 100 points: gradient, convexity, speed of descent",
    source="second text, application 1",
)


def trained(eta: float = 0.1, steps: int = 50) -> nq.Experiment:
    """Full-batch gradient descent on the line, from w = b = 0."""
    return run(line_rows(), nq.sgd(lr=eta), None, steps)


suite.figure(
    "The loss over the epochs",
    panels=lambda: {
        "the text's step size and others": {f"eta = {eta:g}": trained(eta) for eta in RATES}
    },
    of="loss",
    doc="The mean squared error falls smoothly, the faster the larger the step is.",
)
suite.figure(
    "The weights over the epochs",
    panels=lambda: {
        "eta = 0.1": {
            "w, the slope": (trained(), "w[0]"),
            "b, the intercept": (trained(), "w[1]"),
        }
    },
    doc="After the text's 50 epochs the weights are still far from the best line, w = 2.487 and b "
    "= -0.956.",
)

# -- gradient and curvature ------------------------------------------------------------------------

PLACES = (np.array([0.0, 0.0]), np.array([2.5, -1.0]), np.array([-4.0, 7.0]))


@suite.check("the gradients of the mean squared error", ref="T2-59", expect="confirmed")
def gradients_of_the_loss():
    """2/n sum (w x + b - y) x and 2/n sum (w x + b - y) are the slopes of the loss along w and b,
    found by central differences, at three places.
    """
    rows = line_rows()
    (x, y), claimed, true = rows, [], []
    for place in PLACES:
        error = x @ place - y
        claimed += [2 * np.mean(error * x[:, 0]), 2 * np.mean(error)]
        true += [(loss(rows, place + e) - loss(rows, place - e)) / 2 for e in np.eye(2)]
    return claimed, true


@suite.check("gradient descent takes these steps", ref="T2-59", expect="confirmed")
def steps_along_the_gradient():
    """The program's own full-batch step with eta = 1 subtracts this gradient, at three places."""
    rows, claimed, true = line_rows(), [], []
    for place in PLACES:
        e = run(rows, nq.sgd(lr=1.0), None, steps=1, w0=place)
        after = nq.exact(e.observed_at([1], ["w[0]", "w[1]"])).mean[0]
        claimed += list(gradient(rows, place))
        true += list(place - after)
    return claimed, true


@suite.check("the mean squared error is convex", ref="T2-60", kind="bound", expect="confirmed")
def convex():
    """The smallest curvature, an eigenvalue of 2/n X'X, is not negative (0.134), and on 20 chords
    the loss in the middle is below the mean of the ends.
    """
    rows, draws = line_rows(), np.random.RandomState(1)
    ends = draws.normal(0, 3, (20, 2, 2))
    chords = [(loss(rows, a) + loss(rows, b)) / 2 for a, b in ends]
    middles = [loss(rows, (a + b) / 2) for a, b in ends]
    return [0.0, *chords], [-curvatures(rows)[0], *middles]


# -- the loss over the epochs ----------------------------------------------------------------------


@suite.check("the loss falls at every step", ref="T2-61", kind="bound", expect="confirmed")
def falls():
    """At eta = 0.1 none of the 50 losses is above the one before."""
    losses = everywhere(trained(), "loss")
    return losses[:-1], losses[1:]


@suite.check("convexity alone is not the reason", mends="T2-61", kind="bound", expect="confirmed")
def not_by_convexity():
    """The loss falls because eta = 0.1 is below 2/L = 0.8067. The same convex loss has grown after
    50 steps of 0.85, and not of 0.76.
    """
    limit, start = 2 / curvatures(line_rows())[-1], loss(line_rows(), np.zeros(2))
    above, below = (everywhere(trained(eta), "loss")[-1] for eta in (0.85, 0.76))
    return [0.85, above, start, limit], [limit, start, below, 0.76]


@suite.check(
    "after 50 epochs half of the slow direction is left", mends="T2-61", expect="confirmed"
)
def half_way():
    """The weights are at w = 1.2836, b = -0.3455, the best ones at 2.4874, -0.9556: along the
    direction of the smallest curvature mu the share (1 - eta mu)^50 = 0.509 of the way is left.
    """
    rows = line_rows()
    mu, directions = np.linalg.eigh(hessian(rows))
    at_end = [everywhere(trained(), f"w[{i}]")[-1] for i in (0, 1)]
    left = directions[:, 0] @ (np.array(at_end) - least(rows))
    return (1 - 0.1 * mu[0]) ** 50 * (directions[:, 0] @ -least(rows)), left


@suite.check("the speed depends on the step size", ref="T2-62", kind="bound", expect="confirmed")
def larger_steps():
    """After 50 epochs the loss is the lower the larger eta is, of 0.02, 0.05, 0.1 and 0.2."""
    ends = [everywhere(trained(eta), "loss")[-1] for eta in RATES]
    return ends[:-1], ends[1:]


@suite.check("the path of the script", ref="T2-62", expect="confirmed")
def path_of_the_script():
    """The program's weights and losses at every epoch are those of the script's own loop."""
    path, rows = descent(line_rows(), 0.1, 50), line_rows()
    claimed = [*path[:, 0], *path[:, 1], *(loss(rows, w) for w in path)]
    return claimed, [x for name in ("w[0]", "w[1]", "loss") for x in everywhere(trained(), name)]
