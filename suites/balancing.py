"""The balancing act: one step size that brings two components to the same second moment."""

import numpy as np
from _first_text import PROBLEM, component_curves
from _search import root

import nqmbench as nq

suite = nq.Suite(
    "balancing",
    summary="whether one step size can bring two components to the same second moment",
    source="first text, section 4",
)


def second_moment(k, h, eta, B, sigma, w0):
    """The true E w_k^2 of one component."""
    forget = (1 - eta * h) ** (2 * k)
    return forget * w0**2 + eta * h / (B * (2 - eta * h)) * sigma**2 * (1 - forget)


def imbalance(eta: float | np.ndarray, k: int, w0: tuple[float, float]) -> float | np.ndarray:
    """E w_k^2 of component 1 minus that of component 2, with sigma = 1 and B = 1."""
    h1, h2 = PROBLEM.h
    return second_moment(k, h1, eta, 1, 1.0, w0[0]) - second_moment(k, h2, eta, 1, 1.0, w0[1])


def balanced(k: int, w0: tuple[float, float]) -> bool:
    """True if some step size in (0, 2/h1) balances the two components; eta = 0 does not count."""
    sign = np.sign(imbalance(np.linspace(0.001, 1.999, 2000), k, w0))
    return len(set(sign)) > 1


def balancing_step(k: int) -> float:
    """The step size that balances equal starts after k steps, 0.526226 for 10, 0.134969 for 100."""
    return root(lambda eta: imbalance(eta, k, (1.0, 1.0)), 0.02, 1.5, absolute=1e-12)


suite.figure(
    "The balancing step",
    panels=lambda: {
        f"eta = {balancing_step(k):0.3g}, balanced at k = {k}": component_curves(
            nq.sgd(lr=balancing_step(k)), batch=1, steps=2 * k
        )
        for k in (10, 100)
    },
    of="w2[0]",
    doc="At B = 1. The steep component is ahead at first and the flat one in the end; the step "
    "size decides when they meet.",
)


@suite.check("a balancing step may not exist", ref="T1-17", kind="existence", expect="confirmed")
def no_balance():
    """With the starts w0 = (3, 0.1) no step size balances the components after one step."""
    return False, balanced(1, (3.0, 0.1))


@suite.check(
    "no balancing step exists for different curvatures",
    ref="T1-17",
    kind="existence",
    expect="refuted",
)
def impossible():
    """The text calls the balance generally impossible when the curvatures differ much. With equal
    starts and h = (1, 0.1) it is possible, after 10 steps as after 100.
    """
    return [False, False], [balanced(k, (1.0, 1.0)) for k in (10, 100)]


@suite.check(
    "with equal starts a balancing step always exists",
    mends="T1-17",
    kind="existence",
    expect="confirmed",
)
def always_possible():
    """With equal starts and noise some step size in (0, 2/h1) balances h = (1, 0.1), at every k
    tried from 1 to 1000.
    """
    ks = (1, 2, 5, 10, 30, 100, 300, 1000)
    return [True] * len(ks), [balanced(k, (1.0, 1.0)) for k in ks]


def text_moment(k, h, eta, w0):
    """The text's E w_k^2 with sigma = 1 and B = 1: its noise term has eta h^2."""
    forget = (1 - eta * h) ** (2 * k)
    return forget * w0**2 + eta * h**2 / (2 - eta * h) * (1 - forget)


@suite.check(
    "the text's own equation has no balancing step",
    ref="T1-17",
    kind="existence",
    expect="refuted",
)
def impossible_in_the_text():
    """With the text's own second moments, whose noise term has eta h^2, the balance would be
    impossible. With equal starts and h = (1, 0.1) it is possible, after 10 steps as after 100.
    """
    eta = np.linspace(0.001, 1.999, 2000)
    h1, h2 = PROBLEM.h
    differences = [text_moment(k, h1, eta, 1.0) - text_moment(k, h2, eta, 1.0) for k in (10, 100)]
    return [False, False], [len(set(np.sign(d))) > 1 for d in differences]


def balancing_experiments() -> list[nq.Experiment]:
    """With equal starts and equal noise."""
    return [
        nq.Experiment(PROBLEM, nq.sgd(lr=balancing_step(k)), steps=k, checkpoints=[k])
        for k in (10, 100)
    ]


@suite.claim(
    "a balancing step for equal starts",
    mends="T1-17",
    of="w2[i]",
    experiments=balancing_experiments,
    expect="confirmed",
)
def same_moment(k, eta, B, L):
    """With equal starts and noise a step size in (0, 2/h1) gives both components the second moment
    of the first: 0.526226 for k = 10 and 0.134969 for k = 100 at h = (1, 0.1).
    """
    return second_moment(k, L, eta, B, sigma=1.0, w0=1.0)
