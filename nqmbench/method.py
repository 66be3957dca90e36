"""What an optimiser is: an update as in a textbook, with parameters, states and their starts.

    step(state, gradient, eta, **parameters) -> state

`state` maps the names of the state variables to their values; `gradient` is a function of the
point and is called exactly once per step, so that look-ahead methods read as in the book. The same
step is evaluated on arrays (to find the linear recursion), on symbols (to find the steady state)
and on floats, so it uses nothing but arithmetic, and its parameters are arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nqmbench.arguments import Arguments, choices, is_finite, is_text
from nqmbench.schedules import Parameter, Schedule, parameter

__all__ = ["Gradient", "Method", "State", "Step", "checked_parameters", "letter_of"]

State = Mapping[str, Any]
Gradient = Callable[[Any], Any]
Step = Callable[..., State]

# The legal values of the parameters that have a meaning here, and the letters of the texts.
RANGES: dict[str, tuple[str, Callable[[NDArray[np.float64]], Any]]] = {
    "lr": ("a finite number > 0", lambda x: x > 0),
    "momentum": ("a number in [0, 1)", lambda x: (x >= 0) & (x < 1)),
    "decay": ("a number in [0, 1)", lambda x: (x >= 0) & (x < 1)),
}
DIGITS = "0123456789"
# What a formula knows already; a parameter of this name would hide it.
RESERVED = {"B", "L", "d", "experiment", "h", "k", "mu", "p", "sigma", "w0", "w0_std"}
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
        averages: how many averages wrap the method.

    A number at the end of a parameter's name counts its kind: decay2 is a second decay, with the
    range of decay and the letter gamma2.

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
    averages: int = 0

    def __post_init__(self) -> None:
        given: Any = (self.name, self.step, self.parameters, self.starts)
        title, step, parameters, starts = given
        checks = Arguments(title if is_text(title) else "Method")
        if not is_text(title) or not title.strip():
            checks.complain("name", title, "a text that is not empty")
        if not callable(step):
            checks.complain("step", step, "a function step(state, gradient, eta, ...) -> state")
        if not isinstance(parameters, Mapping) or "lr" not in parameters:
            checks.complain("parameters", parameters, "a mapping that contains 'lr'")
            parameters = {}
        elif not all(map(is_text, parameters)):
            checks.complain("parameters", list(parameters), "names that are texts")
            parameters = {}
        if not isinstance(starts, Mapping) or not all(map(is_finite, starts.values())):
            checks.complain("starts", starts, "a mapping from states to finite multiples of w0")
        elif not all(map(is_text, starts)):
            checks.complain("starts", list(starts), "states whose names are texts")
        elif not isinstance(self.readout, str) or self.readout not in starts:
            checks.complain("readout", self.readout, choices(starts))
        for name in sorted(RESERVED & set(parameters)):
            checks.complain("parameters", name, f"names other than {choices(sorted(RESERVED))}")
        checked = checked_parameters(checks, parameters)
        power = checks.number("power", self.power, "a finite number", np.isfinite, 0.0)
        checks.done()
        object.__setattr__(self, "parameters", checked)
        object.__setattr__(self, "starts", dict(starts))
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
        checks = Arguments(self.name)
        values = self._values(steps, checks)
        checks.done()
        return values

    def check_schedules(self, steps: int, checks: Arguments) -> None:
        """Complain about schedules that are shorter than `steps` or leave a parameter's range."""
        schedules = {n: p for n, p in self.parameters.items() if isinstance(p, Schedule)}
        short = {n: p.horizon for n, p in schedules.items() if p.shorter_than(steps)}
        for name, horizon in short.items():
            checks.complain("steps", steps, f"at most {horizon}, the horizon of {name}")
        if schedules and not short:
            self._values(steps, checks)

    def _values(self, steps: int, checks: Arguments) -> dict[str, NDArray[np.float64]]:
        length = 1 if self.constant else steps
        values = {}
        for name, p in self.parameters.items():
            table = p.values(steps) if isinstance(p, Schedule) else np.full(length, p)
            allowed, legal = range_of(name)
            # A schedule of step sizes may reach zero (by underflow, or to stop); a number may not.
            stopped = (table == 0) if name == "lr" and isinstance(p, Schedule) else False
            good = (np.asarray(legal(table)) & np.isfinite(table)) | stopped
            if not good.all():
                t = int(np.argmin(good))
                checks.complain(f"{name} at t = {t}", float(table[t]), allowed)
            values[name] = table
        return values

    @property
    def symbols(self) -> dict[str, float]:
        """The constant parameters under the texts' letters, schedules' numbers under theirs.

        >>> from nqmbench.methods import averaged, heavy_ball
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
        return "averaged " * self.averages + "preconditioned " * bool(self.power) + self.name

    @property
    def label(self) -> str:
        """The method with its parameters, in one line."""
        shown = ", ".join(
            f"{name}={p if isinstance(p, Schedule) else format(p, '.12g')}"
            for name, p in self.parameters.items()
        )
        power = f", power={self.power:g}" if self.power else ""
        return f"{self.title}({shown}{power})"


def range_of(name: str) -> tuple[str, Callable[[NDArray[np.float64]], Any]]:
    """The legal values of a parameter: in words, and as a test."""
    return RANGES.get(name.rstrip(DIGITS), ("a finite number", np.isfinite))


def checked_parameters(checks: Arguments, parameters: Mapping[str, Any]) -> dict[str, Parameter]:
    """The parameters as numbers and schedules; complaints go to `checks`."""
    return {n: parameter(checks, n, seen, *range_of(n)) for n, seen in parameters.items()}


def letter_of(name: str) -> str:
    """The texts' letter of a parameter: lr -> eta, decay2 -> gamma2, any other name -> itself."""
    base = name.rstrip(DIGITS)
    return LETTERS[base] + name[len(base) :] if base in LETTERS else name
