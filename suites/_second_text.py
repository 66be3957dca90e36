"""The second text's own functions and parameters, gradient descent on them, and its two demos."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import nqmbench as nq

# -- the text's example ----------------------------------------------------------------------------

# f(w) = (w - 3)^2 from w = 0 is the loss 1/2 h (w - 3)^2 with h = 2, and so L = mu = 2.
PARABOLA = nq.NoisyQuadratic(h=2.0, sigma=0.0, w0=0.0, optimum=3.0)
# Its gradient with noise of variance 1: the noise of the model is multiplied by h.
NOISY_PARABOLA = nq.NoisyQuadratic(h=2.0, sigma=0.5, w0=0.0, optimum=3.0)

# A batch so large that no noise is seen: gradient descent in one panel with single samples.
ENDLESS = 10**18

DESCENT = nq.sgd(lr=0.1)
MOMENTUM = nq.heavy_ball(lr=0.1, momentum=0.9, velocity="step")
NESTEROV = nq.nesterov(lr=0.1, momentum=0.9)


def on_parabola(eta: float = 0.1, steps: int = 50, start: float = 0.0) -> nq.Experiment:
    """Gradient descent on (w - 3)^2."""
    problem = nq.NoisyQuadratic(h=2.0, sigma=0.0, w0=start, optimum=3.0)
    return nq.Experiment(problem, nq.sgd(lr=eta), steps=steps)


def everywhere(e: nq.Experiment, observable: str) -> np.ndarray:
    """The exact mean of one observable at every step from 0 on."""
    full = nq.Experiment(e.problem, e.method, e.batch, e.steps, range(e.steps + 1), [observable])
    return nq.exact(full).mean[:, 0]


# -- convex functions of one number ----------------------------------------------------------------

Function = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Convex:
    """A convex function of one number with its derivative, which changes at most L times as much
    as the number and at least mu times; the minimum is 0, at 0.
    """

    name: str
    value: Function
    slope: Function
    L: float
    mu: float = 0.0

    def path(self, eta: float, start: float, steps: int) -> np.ndarray:
        """The iterates of gradient descent, w' = w - eta f'(w)."""
        w = [start]
        for _ in range(steps):
            w.append(float(w[-1] - eta * self.slope(w[-1])))
        return np.array(w)

    def gaps(self, eta: float, start: float, steps: int) -> np.ndarray:
        """The values above the minimum along that path."""
        return self.value(self.path(eta, start, steps))


def parabola(h: float) -> Convex:
    return Convex(f"parabola {h:g}", lambda w: h * w**2 / 2, lambda w: h * w, L=h, mu=h)


def huber(knee: float) -> Convex:
    """A parabola of curvature 1 up to the knee, then a straight line."""
    return Convex(
        f"Huber {knee:g}",
        lambda w: np.where(abs(w) < knee, w * w / 2, knee * abs(w) - knee**2 / 2),
        lambda w: np.clip(w, -knee, knee),
        L=1.0,
    )


LOG_COSH = Convex("log cosh", lambda w: np.log(np.cosh(w)), np.tanh, L=1.0)
LOGISTIC = Convex(
    "logistic with a penalty",
    lambda w: np.log1p(np.exp(-w)) + np.log1p(np.exp(w)) - 2 * np.log(2) + 0.05 * w**2,
    lambda w: np.tanh(w / 2) + 0.1 * w,
    L=0.6,
    mu=0.1,
)
CONVEX = (parabola(2.0), parabola(0.1), huber(0.3), LOG_COSH, LOGISTIC)


def power(p: int) -> Convex:
    """w^p, whose curvature is at most p (p - 1) between -1 and 1."""
    return Convex(f"w^{p}", lambda w: w**p, lambda w: p * w ** (p - 1), L=p * (p - 1))


# -- paths -----------------------------------------------------------------------------------------


def overshoot(e: nq.Experiment) -> float:
    """How far the mean goes beyond the optimum, from a start below it; 0 if it never does."""
    return max(0.0, float(everywhere(e, "w[0]").max()))
