"""Step-size schedules of the second text: their formulas, and when they are better than none."""

from typing import Any

import numpy as np
from _second_text import on_parabola

import nqmbench as nq

ETA, STEPS = 0.1, 100  # the text's own

CONSTANT = nq.sgd(lr=ETA)
SCHEDULES = {
    "linear": nq.linear(ETA, STEPS),
    "step decay": nq.step_decay(ETA, factor=0.1, every=30),
    "cosine": nq.cosine(ETA, STEPS),
}

suite = nq.Suite(
    "schedules",
    summary="linear, step and cosine decay: formulas, divergence, and the error they leave",
    source="second text, learning rates and schedules",
)


def shown(state: dict[str, Any], gradient: Any, eta: Any) -> dict[str, Any]:
    """Stand still at w = 1, and keep eta w: what is read out is the step size of the last step."""
    w = state["w"] + 0.0 * gradient(state["w"])
    return {"w": w, "r": eta * w}


def step_size(lr: nq.Schedule) -> nq.Experiment:
    method = nq.Method("step size", shown, {"lr": lr}, {"w": 1.0, "r": 0.0}, readout="r")
    return nq.Experiment(nq.NoisyQuadratic(h=1.0, sigma=0.0), method, steps=STEPS)


suite.figure(
    "The step sizes of three schedules",
    panels=lambda: {
        "eta_0 = 0.1, 100 steps": {name: step_size(lr) for name, lr in SCHEDULES.items()}
    },
    of="w[0]",
    doc="What is read out here is the step size with which each iterate was reached. The last one "
    "is that of t = 99: the value at t = T, which is 0 for two of them, is never used.",
)

# -- the formulas ----------------------------------------------------------------------------------


def taken(lr: nq.Schedule) -> np.ndarray:
    """The step sizes that 100 steps take."""
    e = step_size(lr)
    full = nq.Experiment(e.problem, e.method, 1, STEPS, range(1, STEPS + 1), ["w[0]"])
    return nq.exact(full).mean[:, 0]


@suite.check("linear decay", ref="T2-53", expect="confirmed")
def linear():
    """From eta_0 to 0 at the end: T steps take eta_0 (1 - t/T) for t = 0 to T - 1, so that the last
    one is eta_0/T and the next would be 0.
    """
    t = np.arange(STEPS)
    lr = nq.linear(ETA, STEPS)
    end = float(np.asarray(lr.formula(np.array([float(STEPS)])))[0])
    return [*(ETA * (1 - t / STEPS)), 0.0], [*taken(lr), end]


@suite.check("step decay", ref="T2-54", expect="confirmed")
def stairs():
    """eta_0 gamma^floor(t/k) with gamma = 0.1 and k = 30: a tenth of it after each 30 steps. What
    the text calls reducing by a factor of 0.1 is multiplying by it.
    """
    claimed = [0.1] * 30 + [0.01] * 30 + [0.001] * 30 + [0.0001] * 10
    return claimed, taken(nq.step_decay(ETA, factor=0.1, every=30))


@suite.check("cosine annealing", ref="T2-55", expect="confirmed")
def annealing():
    """From eta_0 through eta_0/2 in the middle to 0 at the end."""
    lr = nq.cosine(ETA, STEPS)
    end = float(np.asarray(lr.formula(np.array([float(STEPS)])))[0])
    middle = taken(lr)[[0, STEPS // 2]]
    return [ETA, ETA / 2, 0.0], [*middle, end]


@suite.check("cosine annealing has no jumps", ref="T2-55", kind="bound", expect="confirmed")
def smooth():
    """No step changes it by more than eta_0 pi/(2T), nor is one larger than that before."""
    values = taken(nq.cosine(ETA, STEPS))
    change = np.diff(values)
    rest = np.zeros(STEPS - 1)
    return [np.full(STEPS - 1, ETA * np.pi / (2 * STEPS)), rest], [abs(change), change]


@suite.check(
    "linear decay and cosine annealing take the same steps in sum", ref="T2-55",
    expect="confirmed",
)  # fmt: skip
def sums():
    """Both add up to eta_0 (T + 1)/2."""
    both = [taken(SCHEDULES[name]).sum() for name in ("linear", "cosine")]
    return [ETA * (STEPS + 1) / 2] * 2, both


# -- too small, too large --------------------------------------------------------------------------

suite.ordering(
    "a step size that is too small is slow",
    ref="T2-56",
    smaller=lambda: [on_parabola(0.01), on_parabola(0.1)],
    larger=lambda: [on_parabola(0.001), on_parabola(0.01)],
    of="loss",
    at=(10, 50),
    margin=0.0,
    expect="confirmed",
    doc="On (w - 3)^2 ten times the step size leaves less of the loss after 10 and after 50 steps.",
)
suite.ordering(
    "a step size that is too large bounces or diverges",
    ref="T2-56",
    smaller=lambda: [on_parabola(0.1)] * 3,
    larger=lambda: [on_parabola(eta) for eta in (0.99, 1.0, 1.05)],
    of="loss",
    at=(10, 50),
    margin=0.0,
    expect="confirmed",
    doc="At eta = 0.99 and 1 the iterate jumps across the minimum for a long time or for ever, at "
    "1.05 it leaves.",
)


@suite.check(
    "too large begins at eta = 2/h", ref="T2-56", kind="existence", expect="confirmed"
)  # fmt: skip
def too_large():
    """On both sides of 2/h, for two curvatures: whether the distance grows over 100 steps."""
    claimed, true = [], []
    for h in (2.0, 0.1):
        for share in (1.0, 1.99, 2.01, 3.0):
            e = nq.Experiment(nq.NoisyQuadratic(h=h, sigma=0.0), nq.sgd(lr=share / h), steps=100)
            last = nq.Experiment(e.problem, e.method, steps=100, checkpoints=[100])
            claimed.append(share > 2)
            true.append(nq.exact(last).mean[0, 0] > 1)
    return claimed, true


@suite.claim(
    "under a schedule only the product of all 1 - eta_t h counts",
    ref="T2-56",
    of="w[0]",
    at=(1, 10, 20, 50, 90),
    experiments=lambda: [
        nq.Experiment(
            nq.NoisyQuadratic(h=1.0, sigma=0.0), nq.sgd(lr=nq.cosine(2.5, STEPS)), steps=STEPS
        )
    ],
    expect="confirmed",
)
def temporary(k, w0):
    """Cosine annealing from eta h = 2.5: the iterate grows to 4,400 times the start in 30 steps,
    and has fallen to 3e-12 of it after 60.
    """
    eta = 2.5 * (1 + np.cos(np.pi * np.arange(int(k)) / STEPS)) / 2
    return float(np.prod(1 - eta)) * w0


# -- better than a constant step -------------------------------------------------------------------


def trained(h: float, lr: float | nq.Schedule) -> nq.Experiment:
    """100 steps with gradient noise of variance 1, from a distance of 3."""
    return nq.Experiment(nq.NoisyQuadratic(h=h, sigma=1 / h, w0=3.0), nq.sgd(lr=lr), steps=STEPS)


def scheduled(h: float) -> list[nq.Experiment]:
    return [trained(h, lr) for lr in SCHEDULES.values()]


def constant(h: float) -> list[nq.Experiment]:
    return [trained(h, ETA)] * len(SCHEDULES)


suite.figure(
    "Schedules beside a constant step",
    panels=lambda: {
        f"h = {h:g}": {
            "constant": trained(h, ETA),
            **{name: trained(h, lr) for name, lr in SCHEDULES.items()},
        }
        for h in (2.0, 0.2)
    },
    doc="At h = 2 only noise is left after 20 steps, and smaller steps reduce it. At h = 0.2 a "
    "hundred steps are too few to forget the start, and smaller steps keep more of it.",
)
suite.ordering(
    "a schedule is better than a constant step where noise is what is left",
    ref="T2-57",
    smaller=lambda: scheduled(2.0),
    larger=lambda: constant(2.0),
    of="error",
    at="last",
    expect="confirmed",
    doc="At h = 2 the constant step ends with an expected squared distance of 0.0278; linear decay "
    "with 0.0050, step decay 0.0089, cosine annealing 0.0052.",
)
suite.ordering(
    "a schedule is better than a constant step in a flat direction",
    ref="T2-57",
    smaller=lambda: scheduled(0.2),
    larger=lambda: constant(0.2),
    of="error",
    at="last",
    expect="refuted",
    doc="Start fast and end smooth, says the text, without a condition. At h = 0.2 all three end "
    "with more.",
)
suite.ordering(
    "a constant step is better in a flat direction",
    mends="T2-57",
    smaller=lambda: constant(0.2),
    larger=lambda: scheduled(0.2),
    of="error",
    at="last",
    expect="confirmed",
    doc="At h = 0.2 the constant step ends with 0.41; linear decay with 1.29, step decay 2.50, "
    "cosine annealing 1.31: the start is not forgotten.",
)


@suite.claim(
    "the expected squared distance under a schedule",
    mends="T2-57",
    of="error",
    at=(10, 50, 100),
    experiments=lambda: scheduled(2.0) + scheduled(0.2),
    expect="confirmed",
)
def second_moment(k, h, w0, sigma, experiment):
    """The product of all (1 - eta_t h)^2 times the start, and for each step (eta_t h sigma)^2 times
    the product of the later ones.
    """
    eta = experiment.method.values(STEPS)["lr"][: int(k)]
    total = w0**2
    for lr in eta:
        total = (1 - lr * h) ** 2 * total + (lr * h * sigma) ** 2
    return total


suite.outside(
    "T2-58",
    "A table of when to use which schedule: simple training cycles, plateaus in the loss, "
    "fine-tuned schedules.",
    "No measure is given. The formulas in it are judged as T2-53 to T2-55.",
)
