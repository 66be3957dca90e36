"""The gradient of a few rows as an estimate of the whole: its mean, and the mean path of SGD."""

import itertools

import numpy as np
from _data import comparison_rows, run
from _rows import descent, gradient, rows_of

import nqmbench as nq

ETA = 0.1
PLACES = ([0.0, 0.0], [3.0, -2.0])
SMALL = np.array([1.0, 3.0, 5.0])  # the text's three points, f(w) = mean (w - x)^2

suite = nq.Suite(
    "unbiased",
    summary="the gradient of a random row: its mean, and where SGD is on average",
    source="second text, stochastic gradient descent",
)


def one_step(B: int | None, replacement: bool = True) -> list[nq.Experiment]:
    """One step from each of two places: it subtracts eta times the gradient."""
    return [
        run(comparison_rows(), nq.sgd(lr=ETA), B, steps=1, replacement=replacement, w0=place)
        for place in PLACES
    ]


def gradient_size(eta: float) -> float:
    """What a margin is relative to: a step along a gradient of 1, wherever it begins."""
    return eta


def after_one_step(experiment: nq.Experiment) -> np.ndarray:
    """w0 minus eta times the gradient of all rows there."""
    w0 = experiment.problem.w0
    return w0 - ETA * gradient(rows_of(experiment), w0)


# -- one gradient ----------------------------------------------------------------------------------


@suite.check("the full gradient is the mean over the rows", ref="T2-27", expect="confirmed")
def full_gradient():
    """One step of full-batch descent subtracts eta times the gradient of f, whose slopes are found
    by central differences: it is the mean of the gradients of the rows.
    """
    claimed, true = [], []
    for e in one_step(None):
        x, y = rows_of(e)
        w0 = e.problem.w0
        for i, direction in enumerate(np.eye(2)):
            up, down = (np.mean((x @ (w0 + s * direction) - y) ** 2) for s in (1, -1))
            true.append((up - down) / 2)  # exact for a quadratic
            step = nq.exact(e.observed_at([1], [f"w[{i}]"])).mean[0, 0]
            claimed.append((w0[i] - step) / ETA)
    return claimed, true


for i in (0, 1):

    @suite.claim(
        f"the mean over the rows, weight {i}",
        ref="T2-27",
        of=f"w[{i}]",
        scale=gradient_size,
        experiments=lambda: one_step(1),
        expect="confirmed",
    )
    def mean_over_rows(experiment, i=i):
        """A step along the gradient of one random row ends on average at w0 minus eta times the
        full gradient, the mean of the gradients of the rows.
        """
        return after_one_step(experiment)[i]

    @suite.claim(
        f"a batch's gradient is unbiased, weight {i}",
        ref="T2-32",
        of=f"w[{i}]",
        scale=gradient_size,
        experiments=lambda: [
            e for B, replacement in ((1, True), (32, True), (32, False))
            for e in one_step(B, replacement)
        ],
        expect="confirmed",
    )  # fmt: skip
    def unbiased(experiment, i=i):
        """The mean of the gradient of an index drawn uniformly, or of 32 of them drawn with or
        without replacement, is the gradient of f, wherever w is.
        """
        return after_one_step(experiment)[i]


# -- within an epoch -------------------------------------------------------------------------------


def slopes(w: float) -> np.ndarray:
    """The gradient of (w - x)^2 for each of the three points."""
    return 2 * (w - SMALL)


@suite.check("within an epoch the second gradient has a bias", mends="T2-32", expect="confirmed")
def within_an_epoch():
    """Where each row is drawn once in an epoch, the second gradient knows the first: given row i
    before it, its mean is not f' but f' + (f' - g_i)/(n - 1), each taken at the present w. Here by
    listing the orders of the text's three points.
    """
    claimed, true, n = [], [], SMALL.size
    for w0, i in itertools.product((0.0, 1.0, 4.0), range(n)):
        w = w0 - 0.1 * slopes(w0)[i]
        g = slopes(w)
        claimed.append(g.mean() + (g.mean() - g[i]) / (n - 1))
        true.append(np.mean([g[j] for j in range(n) if j != i]))
    return claimed, true


@suite.check("with independent draws the second gradient has none", ref="T2-32", expect="confirmed")
def independent_draws():
    """Where the second row is drawn from all of them again, the mean of its gradient is f' at the
    present w, whichever row came first.
    """
    claimed, true = [], []
    for w0, i in itertools.product((0.0, 1.0, 4.0), range(SMALL.size)):
        w = w0 - 0.1 * slopes(w0)[i]
        claimed.append(2 * (w - SMALL.mean()))
        true.append(np.mean([slopes(w)[j] for j in range(SMALL.size)]))
    return claimed, true


# -- the mean path ---------------------------------------------------------------------------------


def on_the_way() -> list[nq.Experiment]:
    """Single rows, and batches of 32 without replacement; plain and with momentum."""
    return [
        run(comparison_rows(), method, B, replacement=replacement)
        for method in (nq.sgd(lr=0.1), nq.heavy_ball(lr=0.1, momentum=0.9, velocity="step"))
        for B, replacement in ((1, True), (32, False))
    ]


for i in (0, 1):

    @suite.claim(
        f"on average SGD follows gradient descent, weight {i}",
        ref="T2-33",
        of=f"w[{i}]",
        at=(5, 20, 50),
        experiments=on_the_way,
        expect="confirmed",
    )
    def mean_path(k, experiment, i=i):
        """The average direction leads towards the minimum, says the text. For a quadratic more is
        true: E w_t is the iterate of gradient descent itself, for every batch size, and the same
        with momentum.
        """
        parameters = experiment.method.parameters
        eta, momentum = parameters["lr"], parameters.get("momentum", 0.0)
        return descent(rows_of(experiment), eta, int(k), momentum)[-1, i]


@suite.check(
    "the mean path is another where f is not quadratic",
    mends="T2-33",
    kind="existence",
    expect="confirmed",
)
def mean_path_of_quartics():
    """With (w - x)^4 in the place of (w - x)^2 the mean of w_2 over the nine sequences of draws is
    not the second iterate of gradient descent: the mean of a gradient is the gradient at the mean
    only if the gradient is linear.
    """
    eta = 0.005

    def slope(w, x):
        return 4 * (w - x) ** 3

    ends = []
    for first, second in itertools.product(SMALL, repeat=2):
        w = 0.0 - eta * slope(0.0, first)
        ends.append(w - eta * slope(w, second))
    w = 0.0 - eta * slope(0.0, SMALL).mean()
    plain = w - eta * slope(w, SMALL).mean()
    return True, abs(np.mean(ends) - plain) > 1e-3
