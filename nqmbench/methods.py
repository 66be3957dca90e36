"""The optimisers, each one written once, as the update in a textbook, and what can wrap them.

A new linear optimiser is one function like `heavy_ball` below; nothing else has to know it.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nqmbench.arguments import Arguments, choices
from nqmbench.method import Gradient, Method, State, Step, checked_parameters
from nqmbench.schedules import Parameter

__all__ = ["Method", "averaged", "heavy_ball", "nesterov", "preconditioned", "sgd"]


def sgd(lr: Parameter) -> Method:
    """Stochastic gradient descent.

    w' = w - eta g(w)

    Args:
        lr: step size eta > 0, a number or a schedule.

    Returns:
        The method. Its only state is w.

    Source: first text, "Minibatch SGD".

    >>> sgd(lr=0.1).label
    'SGD(lr=0.1)'
    """
    return Method("SGD", sgd_step, {"lr": lr})


def sgd_step(state: State, gradient: Gradient, eta: Any) -> State:
    """The update of `sgd`."""
    w = state["w"]
    return {"w": w - eta * gradient(w)}


def heavy_ball(lr: Parameter, momentum: Parameter, velocity: str = "gradient") -> Method:
    """Polyak's momentum, with the velocity in units of the gradient or of the step.

    "gradient":  v' = beta v + g(w),      w' = w - eta v'    (first text; PyTorch)
    "step":      v' = beta v + eta g(w),  w' = w - v'        (second text)

    The iterates are the same for a constant step size and differ under a schedule: the first form
    multiplies the OLD velocity, too, by the new step size.

    Args:
        lr: step size eta > 0, a number or a schedule.
        momentum: beta in [0, 1), a number or a schedule.
        velocity: "gradient" or "step".

    Raises:
        InvalidArguments: names every wrong argument.

    Source: Polyak 1964; first text, "Momentum"; second text, "Momentum".

    >>> heavy_ball(lr=0.1, momentum=0.9).label
    'heavy ball(lr=0.1, momentum=0.9)'
    """
    forms = {
        "gradient": ("heavy ball", gradient_velocity_step),
        "step": ("heavy ball, step velocity", step_velocity_step),
    }
    return _with_velocity("heavy_ball", lr, momentum, "velocity", velocity, forms)


def gradient_velocity_step(state: State, gradient: Gradient, eta: Any, momentum: Any) -> State:
    """The update of `heavy_ball` with the velocity in units of the gradient."""
    v = momentum * state["v"] + gradient(state["w"])
    return {"w": state["w"] - eta * v, "v": v}


def step_velocity_step(state: State, gradient: Gradient, eta: Any, momentum: Any) -> State:
    """The update of `heavy_ball` with the velocity in units of the step."""
    v = momentum * state["v"] + eta * gradient(state["w"])
    return {"w": state["w"] - v, "v": v}


def nesterov(lr: Parameter, momentum: Parameter, form: str = "lookahead") -> Method:
    """Nesterov's momentum, in the look-ahead form or in PyTorch's.

    "lookahead":  v' = beta v + eta g(w - beta v),  w' = w - v'          (second text)
    "pytorch":    v' = beta v + g(w),               w' = w - eta (g(w) + beta v')

    PyTorch's iterate is the look-ahead point w - beta v of the first form, not its w.

    Args:
        lr: step size eta > 0, a number or a schedule.
        momentum: beta in [0, 1), a number or a schedule.
        form: "lookahead" or "pytorch".

    Raises:
        InvalidArguments: names every wrong argument.

    Source: Nesterov 1983; second text, "Nesterov".

    >>> nesterov(lr=0.1, momentum=0.9, form="pytorch").name
    'Nesterov, PyTorch form'
    """
    forms = {
        "lookahead": ("Nesterov", lookahead_step),
        "pytorch": ("Nesterov, PyTorch form", pytorch_nesterov_step),
    }
    return _with_velocity("nesterov", lr, momentum, "form", form, forms)


def lookahead_step(state: State, gradient: Gradient, eta: Any, momentum: Any) -> State:
    """The update of `nesterov` that takes the gradient at the look-ahead point."""
    w, v = state["w"], state["v"]
    v = momentum * v + eta * gradient(w - momentum * v)
    return {"w": w - v, "v": v}


def pytorch_nesterov_step(state: State, gradient: Gradient, eta: Any, momentum: Any) -> State:
    """The update of `nesterov` as torch.optim.SGD(nesterov=True) writes it."""
    g = gradient(state["w"])
    v = momentum * state["v"] + g
    return {"w": state["w"] - eta * (g + momentum * v), "v": v}


def preconditioned(method: Method, power: float) -> Method:
    """The method on gradients multiplied by P^-1, P = diag(h^power).

    On the noisy quadratic model it meets the curvature h^(1-p) in place of h, noise included:
    power 1 makes every eigenvalue 1. Powers of nested preconditioners add up.

    Args:
        method: any method.
        power: p, a finite number; the text takes 0 <= p <= 1.

    Source: first text, "Preconditioning".

    >>> preconditioned(sgd(lr=0.1), power=0.5).title
    'preconditioned SGD'
    """
    checks = Arguments("preconditioned")
    _check_method(checks, method)
    p = checks.number("power", power, "a finite number", np.isfinite, 0.0)
    checks.done()
    return replace(method, power=method.power + p)


def averaged(method: Method, decay: Parameter) -> Method:
    """The exponential moving average of a method's iterates (EMA); the method itself is unchanged.

    m' = gamma m + (1 - gamma) w',    m_0 = w_0

    With decay = `uniform_average()` it is the plain mean of the iterates. An average (the weights
    sum to one) is not a trace (v' = beta v + g, whose weights sum to 1/(1-beta)).

    Args:
        method: any method.
        decay: gamma in [0, 1), a number or a schedule.

    Source: first text, "Exponential moving averages"; Polyak & Juditsky 1992.

    >>> averaged(sgd(lr=0.1), decay=0.99).label
    'averaged SGD(lr=0.1, decay=0.99)'
    """
    checks = Arguments("averaged")
    _check_method(checks, method)
    checked_parameters(checks, {"decay": decay})
    checks.done()
    taken = {*method.starts, *method.parameters}
    suffixes = itertools.chain([""], map(str, itertools.count(2)))
    average, weight = next(
        (f"m{s}", f"decay{s}") for s in suffixes if not taken & {f"m{s}", f"decay{s}"}
    )
    return replace(
        method,
        step=AveragedStep(method.step, method.readout, average, weight),
        parameters={**method.parameters, weight: decay},
        starts={**method.starts, average: 1.0},
        readout=average,
        averages=method.averages + 1,
    )


@dataclass(frozen=True)
class AveragedStep:
    """The update of `averaged`: a step of the method, then of the average of what it reads out.

    Args:
        step: the update of the averaged method.
        readout: the state of it that is averaged.
        average: the name of the new state.
        weight: the name of the parameter gamma.
    """

    step: Step
    readout: str
    average: str
    weight: str

    def __call__(self, state: State, gradient: Gradient, eta: Any, **parameters: Any) -> State:
        gamma = parameters.pop(self.weight)
        new = self.step(state, gradient, eta, **parameters)
        m = gamma * state[self.average] + (1 - gamma) * new[self.readout]
        return {**new, self.average: m}


def _check_method(checks: Arguments, seen: Any) -> None:
    if not isinstance(seen, Method):
        checks.complain("method", seen, "a Method, such as nqmbench.sgd(lr=0.1)")


def _with_velocity(
    what: str, lr: Any, momentum: Any, field_name: str, form: Any, forms: Mapping[str, Any]
) -> Method:
    checks = Arguments(what)
    parameters = checked_parameters(checks, {"lr": lr, "momentum": momentum})
    if not isinstance(form, str) or form not in forms:
        checks.complain(field_name, form, choices(forms))
    checks.done()
    name, step = forms[form]
    return Method(name, step, parameters, {"w": 1.0, "v": 0.0})
