"""The optimisers, each one written once, as the update in a textbook.

    step(state, gradient, eta, **parameters) -> state

`state` maps the names of the state variables to their values; `gradient` is a function of the
point and is called exactly once per step, so that look-ahead methods read as in the book. The same
step is evaluated on arrays (to find the linear recursion), on symbols (to find the steady state)
and on floats, so it uses nothing but arithmetic, and its parameters are arguments.

A new linear optimiser is one function like `heavy_ball` below; nothing else has to know it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nqmbench.errors import Checks, choices
from nqmbench.schedules import Parameter, Schedule, as_parameter, parameter

__all__ = ["Method", "averaged", "heavy_ball", "nesterov", "preconditioned", "sgd"]

State = Mapping[str, Any]
Gradient = Callable[[Any], Any]
Step = Callable[..., State]

# The legal values of the parameters that have a meaning here, and the letters of the texts.
RANGES: dict[str, tuple[str, Callable[[NDArray[np.float64]], Any]]] = {
    "lr": ("a finite number > 0", lambda x: x > 0),
    "momentum": ("a number in [0, 1)", lambda x: (x >= 0) & (x < 1)),
    "decay": ("a number in [0, 1)", lambda x: (x >= 0) & (x < 1)),
}
LETTERS = {"lr": "eta", "momentum": "beta", "decay": "gamma"}


@dataclass(frozen=True, eq=False)
class Method:
    """One optimiser with its parameters.

    Args:
        name: how it is called in tables and legends.
        step: the textbook update; called as step(state, gradient, eta, **other parameters).
        parameters: "lr" and the others, each a number or a schedule.
        starts: the state variables and their starts as multiples of w0: 1 for iterates and
            averages, 0 for velocities.
        readout: the state variable that is the method's answer.
        power: the preconditioner P = diag(h^power); 0 is none.

    Raises:
        InvalidArguments: names every parameter outside its range.

    >>> def step(state, gradient, eta, shrink):
    ...     w = state["w"]
    ...     return {"w": w - eta * (gradient(w) + shrink * w)}
    >>> Method("weight decay", step, {"lr": 0.1, "shrink": 0.01}, {"w": 1.0}).label
    'weight decay(lr=0.1, shrink=0.01)'
    """

    name: str
    step: Step
    parameters: Mapping[str, Parameter]
    starts: Mapping[str, float] = field(default_factory=lambda: {"w": 1.0})
    readout: str = "w"
    power: float = 0.0

    def __post_init__(self) -> None:
        checks = Checks(self.name)
        if "lr" not in self.parameters:
            checks.complain("parameters", sorted(self.parameters), "a mapping that contains 'lr'")
        if self.readout not in self.starts:
            checks.complain("readout", self.readout, choices(self.starts))
        checked = {}
        for name, seen in self.parameters.items():
            allowed, legal = RANGES.get(name.rstrip("23456789"), ("a finite number", np.isfinite))
            checked[name] = parameter(checks, name, as_parameter(seen), allowed, legal)
        power = checks.number("power", self.power, "a finite number", np.isfinite, 0.0)
        checks.done()
        object.__setattr__(self, "parameters", checked)
        object.__setattr__(self, "starts", dict(self.starts))
        object.__setattr__(self, "power", power)

    @property
    def constant(self) -> bool:
        """True when no parameter is a schedule."""
        return not any(isinstance(p, Schedule) for p in self.parameters.values())

    def values(self, steps: int) -> dict[str, NDArray[np.float64]]:
        """Every parameter at t = 0..steps-1; shape (steps,), or (1,) when all are constant.

        Raises:
            InvalidArguments: a schedule that is too short or leaves the parameter's range.
        """
        length = 1 if self.constant else steps
        checks = Checks(self.name)
        values = {}
        for name, p in self.parameters.items():
            table = p.values(steps) if isinstance(p, Schedule) else np.full(length, p)
            allowed, legal = RANGES.get(name.rstrip("23456789"), ("a finite number", np.isfinite))
            # A schedule of step sizes may reach zero (by underflow, or to stop); a constant may not.
            stopped = (table == 0) if name == "lr" and isinstance(p, Schedule) else False
            good = (np.asarray(legal(table)) & np.isfinite(table)) | stopped
            if not good.all():
                t = int(np.argmin(good))
                checks.complain(f"{name} at t = {t}", float(table[t]), allowed)
            values[name] = table
        checks.done()
        return values

    @property
    def symbols(self) -> dict[str, float]:
        """The constant parameters under the texts' letters, schedules' numbers under theirs.

        >>> averaged(heavy_ball(lr=0.1, momentum=0.9), decay=0.99).symbols
        {'eta': 0.1, 'beta': 0.9, 'gamma': 0.99, 'p': 0.0}
        """
        found: dict[str, float] = {}
        for name, p in self.parameters.items():
            letter = letter_of(name)
            if isinstance(p, Schedule):
                prefix = "" if name == "lr" else f"{letter}_"
                for symbol, value in p.symbols.items():
                    found[f"{letter}0" if symbol == "0" else prefix + symbol] = value
            else:
                found[letter] = p
        return {**found, "p": self.power}

    @property
    def title(self) -> str:
        """The name with its wrappers, the same for any order of wrapping."""
        averages = sum(name.startswith("decay") for name in self.parameters)
        return "averaged " * averages + "preconditioned " * bool(self.power) + self.name

    @property
    def label(self) -> str:
        """The method with its parameters, as it may be written in Python."""
        shown = ", ".join(
            f"{name}={p if isinstance(p, Schedule) else format(p, 'g')}"
            for name, p in self.parameters.items()
        )
        power = f", power={self.power:g}" if self.power else ""
        return f"{self.title}({shown}{power})"


def letter_of(name: str) -> str:
    """The texts' letter of a parameter: lr -> eta, decay2 -> gamma2, any other name -> itself."""
    base = name.rstrip("23456789")
    return LETTERS[base] + name[len(base) :] if base in LETTERS else name


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
        lr: step size eta > 0. momentum: beta in [0, 1). Numbers or schedules.
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
    name, step = _pick("heavy_ball", "velocity", velocity, forms)
    return Method(name, step, {"lr": lr, "momentum": momentum}, {"w": 1.0, "v": 0.0})


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
        lr: step size eta > 0. momentum: beta in [0, 1). Numbers or schedules.
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
    name, step = _pick("nesterov", "form", form, forms)
    return Method(name, step, {"lr": lr, "momentum": momentum}, {"w": 1.0, "v": 0.0})


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
        method: any method. power: p, a finite number; the text takes 0 <= p <= 1.

    Source: first text, "Preconditioning".

    >>> preconditioned(sgd(lr=0.1), power=0.5).title
    'preconditioned SGD'
    """
    checks = Checks("preconditioned")
    p = checks.number("power", power, "a finite number", np.isfinite, 0.0)
    checks.done()
    return replace(method, power=method.power + p)


def averaged(method: Method, decay: Parameter) -> Method:
    """The exponential moving average of a method's iterates (EMA); the method itself is unchanged.

    m' = gamma m + (1 - gamma) w',    m_0 = w_0

    With decay = `uniform_average()` it is the plain mean of the iterates. An average (the weights
    sum to one) is not a trace (v' = beta v + g, whose weights sum to 1/(1-beta)).

    Args:
        method: any method. decay: gamma in [0, 1), a number or a schedule.

    Source: first text, "Exponential moving averages"; Polyak & Juditsky 1992.

    >>> averaged(sgd(lr=0.1), decay=0.99).label
    'averaged SGD(lr=0.1, decay=0.99)'
    """
    rank = sum(name.startswith("decay") for name in method.parameters) + 1
    suffix = str(rank) if rank > 1 else ""
    average, weight = f"m{suffix}", f"decay{suffix}"
    return replace(
        method,
        step=AveragedStep(method.step, method.readout, average, weight),
        parameters={**method.parameters, weight: decay},
        starts={**method.starts, average: 1.0},
        readout=average,
    )


@dataclass(frozen=True)
class AveragedStep:
    """The update of `averaged`: a step of the method, then of the average of what it reads out.

    Args:
        step, readout: of the averaged method. average: the name of the new state.
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


def _pick(
    what: str, field_name: str, seen: Any, forms: Mapping[str, tuple[str, Step]]
) -> tuple[str, Step]:
    checks = Checks(what)
    if not isinstance(seen, str) or seen not in forms:
        checks.complain(field_name, seen, choices(forms))
    checks.done()
    return forms[seen]
