"""Momentum with its best settings: what it gains for large batches and large condition numbers."""

from functools import cache

import numpy as np
from _first_text import BATCHES, MOMENTUM, PROBLEM, SGD, ahead_from
from _search import lowest

import nqmbench as nq

LEVEL = 0.02  # the expected error to be reached, from 2 at the start

suite = nq.Suite(
    "momentum_tuned",
    summary="heavy ball with tuned step size and momentum, beside tuned SGD",
    source="first text, section 5",
)

# -- the fastest settings without noise ------------------------------------------------------------


def best_settings(kappa: float) -> tuple[float, float]:
    """Polyak's optimum for curvatures 1 and 1/kappa: (step size, momentum)."""
    root = kappa**0.5
    return (2 / (1 + 1 / root)) ** 2, ((root - 1) / (root + 1)) ** 2


def fastest_settings(kappa: float) -> tuple[float, float]:
    """The step size and the momentum with the best rate of all, found by trying them.

    The step size enters only as eta h: one call takes many step sizes, as if they were curvatures.
    """

    def best_step(beta: float) -> tuple[float, float]:
        method, eta, width = nq.heavy_ball(lr=1.0, momentum=beta), 2.5, 1.5
        for _ in range(2):
            etas = np.linspace(eta - width, eta + width, 200)
            rates = nq.spectral_radius(method, np.concatenate([etas, etas / kappa]))
            slower = np.maximum(rates[:200], rates[200:])  # the worse of the two components
            eta, width = etas[slower.argmin()], width / 50
        return eta, slower.min()

    beta = lowest(lambda beta: best_step(beta)[1], 0.0, 0.99, close=1e-5).x
    return best_step(beta)[0], beta


@suite.check(
    "the best momentum and its step depend on the condition number, by Polyak's formulas",
    ref="T1-26",
    kind="optimum",
    expect="confirmed",
)
def best_momentum():
    """Without noise the best momentum is ((sqrt(kappa) - 1)/(sqrt(kappa) + 1))^2, that is 0.111,
    0.444 and 0.819 for kappa = 4, 25 and 400; the best step size is (2/(sqrt(h1) + sqrt(h2)))^2.
    """
    kappas = (4, 25, 400)
    return [best_settings(kappa) for kappa in kappas], [fastest_settings(k) for k in kappas]


@suite.check(
    "the best rates depend on the condition number", ref="T1-26", kind="rate", expect="confirmed"
)
def best_rates():
    """With its best settings momentum has the rate (sqrt(kappa) - 1)/(sqrt(kappa) + 1), SGD (kappa
    - 1)/(kappa + 1), and Nesterov's momentum 1 - 2/sqrt(3 kappa + 1): here kappa = 4, 25 and 400.
    """
    claimed, true = [], []
    for kappa in (4.0, 25.0, 400.0):
        root, third = kappa**0.5, (3 * kappa + 1) ** 0.5
        claimed += [(root - 1) / (root + 1), (kappa - 1) / (kappa + 1), 1 - 2 / third]
        nesterov = nq.nesterov(lr=4 / (3 + 1 / kappa), momentum=(third - 2) / (third + 2))
        plain, momentum = tuned_rates(kappa)
        true += [momentum, plain, nq.spectral_radius(nesterov, [1.0, 1 / kappa]).max()]
    return claimed, true


def tuned_rates(kappa: float) -> list[float]:
    """The rates of SGD and of momentum, each with its best settings."""
    eta, beta = best_settings(kappa)
    plain, momentum = nq.sgd(lr=2 / (1 + 1 / kappa)), nq.heavy_ball(lr=eta, momentum=beta)
    return [nq.spectral_radius(method, [1.0, 1 / kappa]).max() for method in (plain, momentum)]


@suite.check(
    "tuned momentum gains more at larger condition numbers",
    ref="T1-28",
    kind="bound",
    expect="confirmed",
)
def gains():
    """With both at their best settings momentum is 2.2 times as fast at kappa = 4, 5.1 times at 25,
    20 times at 400. Each gain bounds the one at the next smaller kappa.
    """
    gain = []
    for kappa in (2, 4, 25, 100, 400):
        plain, momentum = tuned_rates(kappa)
        gain.append(np.log(momentum) / np.log(plain))
    return gain[1:], gain[:-1]


def at_condition(kappa: float, momentum: bool) -> nq.Experiment:
    """Nearly noiseless, after 60 steps of SGD or of momentum with their best settings."""
    eta, beta = best_settings(kappa)
    plain = nq.sgd(lr=2 / (1 + 1 / kappa))
    method = nq.heavy_ball(lr=eta, momentum=beta) if momentum else plain
    problem = nq.NoisyQuadratic(h=[1.0, 1 / kappa], sigma=0.01)
    return nq.Experiment(problem, method, batch=100, steps=60, checkpoints=[60])


suite.ordering(
    "tuned momentum beats tuned SGD at condition numbers of 100 and 400",
    ref="T1-28",
    smaller=lambda: [at_condition(kappa, momentum=True) for kappa in (100, 400)],
    larger=lambda: [at_condition(kappa, momentum=False) for kappa in (100, 400)],
    of="error",
    at="last",
    expect="confirmed",
    doc="After 60 steps with little noise momentum's expected error is the smaller one, each with "
    "its best settings.",
)

# -- large and small batches -----------------------------------------------------------------------


def steps_of_many(eta: np.ndarray, beta: np.ndarray, B: int, horizon: int) -> np.ndarray:
    """Steps until E err <= LEVEL for good, for many settings of momentum at once: their means and
    covariances of (w, eta v) are stepped together.

    Args:
        eta, beta: settings of the same shape.
    """
    lam = np.multiply.outer(PROBLEM.h, eta)
    w, v, ww, wv, vv = np.ones(lam.shape), *(np.zeros(lam.shape) for _ in range(4))
    kept, crossed, pushed = beta**2, 2 * beta * lam, lam**2
    steps = np.zeros(eta.shape)
    for k in range(1, horizon + 1):
        v = beta * v + lam * w
        w = w - v
        vv = kept * vv + crossed * wv + pushed * (ww + 1 / B)
        wv = beta * wv + lam * ww
        ww, wv = ww - 2 * wv + vv, wv - vv
        met = (w**2 + ww).sum(axis=0) <= LEVEL  # False where it has overflowed
        np.copyto(steps, k + 1, where=~met)
    return steps


def best_setting(
    B: int, horizon: int, widest: float, points: tuple[int, int]
) -> tuple[float, float]:
    """The (eta, beta) that need the fewest steps, on a grid of log(eta/(1 - beta)) and log(1 -
    beta), which is then drawn again round its best point.

    Args:
        horizon: a number of steps beyond the fewest, up to which all settings are followed.
        widest: the largest 1/(1 - beta) on the grid.
        points: of the first grid, in each of the two.
    """
    middle = np.log([0.2, widest**-0.5])  # from 0.01 to 4, and from 1/widest to 1
    half = np.log([20.0, widest**0.5])
    for zoom in range(3):
        axes = [np.linspace(m - s, m + s, n) for m, s, n in zip(middle, half, points, strict=True)]
        effective, rest = np.exp(np.meshgrid(*axes, indexing="ij"))
        with np.errstate(all="ignore"):  # some settings diverge
            steps = steps_of_many(effective * rest, 1 - rest, B, horizon)
        best = np.unravel_index(steps.argmin(), steps.shape)
        if any(n > 1 and i in (0, n - 1) for i, n in zip(best, points, strict=True) if not zoom):
            raise ValueError(f"the best setting for B = {B} lies on the edge of the grid: widen it")
        middle = np.array([axis[i] for axis, i in zip(axes, best, strict=True)])
        half = half / (np.array(points) / 4)  # two points of the grid to each side
    effective, rest = np.exp(middle)
    return effective * rest, 1 - rest


@cache
def tuned() -> dict[str, list[nq.Method]]:
    """SGD and momentum with the settings that need the fewest steps, one for each batch size."""
    horizons = dict(zip(BATCHES, (1000, 400, 100), strict=True))
    plain = [best_setting(B, k, widest=1.0, points=(200, 1)) for B, k in horizons.items()]
    heavy = [best_setting(B, k, widest=1000.0, points=(40, 40)) for B, k in horizons.items()]
    return {
        "SGD": [nq.sgd(lr=eta) for eta, _ in plain],
        "momentum": [nq.heavy_ball(lr=eta, momentum=beta) for eta, beta in heavy],
    }


def tuned_steps(name: str) -> np.ndarray:
    """The steps that the tuned method needs, by exact theory, for each batch size."""
    experiments = [
        nq.Experiment(PROBLEM, method, batch=B, steps=3000)
        for B, method in zip(BATCHES, tuned()[name], strict=True)
    ]
    return np.array([nq.steps_to(e, LEVEL) for e in experiments])


suite.figure(
    "Tuned momentum beside tuned SGD",
    panels=lambda: {
        f"B = {B}": {
            name: nq.Experiment(PROBLEM, tuned()[name][i], batch=B, steps=steps)
            for name in ("SGD", "momentum")
        }
        for i, (B, steps) in enumerate(zip(BATCHES, (1000, 120, 30), strict=True))
    },
    doc="Each with the settings that bring its expected error to 0.02 in the fewest steps. The "
    "larger the batch, the more momentum is ahead, and it is ahead at B = 1 too.",
)


@suite.check(
    "tuned momentum gains more for larger batches", ref="T1-27", kind="bound", expect="confirmed"
)
def gain_by_batch():
    """With both tuned to reach an expected error of 0.02 soonest, momentum needs 0.69 of SGD's
    steps at B = 1, 0.62 at B = 10, 0.41 at B = 100. Each share bounds the one of the next larger
    batch.
    """
    share = tuned_steps("momentum") / tuned_steps("SGD")
    return share[:-1], share[1:]


@suite.check(
    "tuned momentum gains little for single samples", ref="T1-27", kind="bound", expect="refuted"
)
def little_gain():
    """For small batches the text finds little benefit. Were that at most a tenth at B = 1, tuned
    momentum would save no more than 0.1 of tuned SGD's steps; it saves 0.31.
    """
    return 0.1, 1 - tuned_steps("momentum")[0] / tuned_steps("SGD")[0]


@suite.check(
    "tuned momentum saves nearly a third of the steps even with single samples",
    mends="T1-27",
    kind="bound",
    expect="confirmed",
)
def true_gain():
    """To an expected error of 0.02 tuned momentum needs at most 0.70, 0.63 and 0.42 of tuned SGD's
    steps at B = 1, 10 and 100: 656, 66 and 9 steps where SGD needs 952, 106 and 22.
    """
    return [0.70, 0.63, 0.42], tuned_steps("momentum") / tuned_steps("SGD")


def tuned_experiments(name: str) -> list[nq.Experiment]:
    """After 700, 70 and 10 steps at B = 1, 10 and 100: momentum has arrived, SGD has not."""
    settings = zip(BATCHES, tuned()[name], (700, 70, 10), strict=True)
    return [nq.Experiment(PROBLEM, m, batch=B, steps=k, checkpoints=[k]) for B, m, k in settings]


suite.ordering(
    "tuned momentum beats tuned SGD at every batch size",
    ref="T1-27",
    smaller=lambda: tuned_experiments("momentum"),
    larger=lambda: tuned_experiments("SGD"),
    of="error",
    at="last",
    expect="confirmed",
    doc="When momentum has reached an expected error of 0.02, SGD has not: after 700, 70 and "
    "10 steps at B = 1, 10 and 100.",
)


# -- the text's own settings -----------------------------------------------------------------------


def untuned(method: nq.Method, B: int) -> nq.Experiment:
    return nq.Experiment(PROBLEM, method, batch=B, steps=500, checkpoints=[50, 300, 500])


suite.ordering(
    "at the text's settings momentum pays at B = 100",
    ref="T1-27",
    smaller=untuned(MOMENTUM, 100),
    larger=untuned(SGD, 100),
    of="error",
    at=(50, 500),
    expect="refuted",
    doc="With eta = 0.1 for both and beta = 0.9 momentum is ahead after 50 steps of B = 100. In "
    "the end its expected error is ten times SGD's.",
)

suite.ordering(
    "at the text's settings SGD is ahead of momentum after 300 and 500 steps, at every batch size",
    mends="T1-27",
    smaller=[untuned(SGD, B) for B in BATCHES],
    larger=[untuned(MOMENTUM, B) for B in BATCHES],
    of="error",
    at=(300, 500),
    expect="confirmed",
    doc="The variances of SGD and of momentum are both divided by B, so that a larger batch only "
    "delays the change.",
)


@suite.check(
    "at the text's settings SGD gets ahead of momentum for good at step 33, 149 and 263",
    mends="T1-27",
    expect="confirmed",
)
def ahead_for_good():
    """SGD has the smaller expected error from k = 33 on at B = 1, from 149 on at B = 10, from 263
    on at B = 100.
    """
    return [33, 149, 263], ahead_from("SGD", "momentum", BATCHES)


suite.ordering(
    "at the text's settings SGD is ahead of momentum after 50 steps with single samples",
    mends="T1-27",
    smaller=untuned(SGD, 1),
    larger=untuned(MOMENTUM, 1),
    of="error",
    at=50,
    expect="confirmed",
    doc="After 50 steps at B = 1 SGD has an expected error of 0.422, momentum of 0.568.",
)
