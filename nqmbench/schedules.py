"""Schedules: parameters that change with the step t = 0, 1, 2, ...

A schedule is a formula in t. Step t uses the value at t, so a run of k steps uses t = 0..k-1 and
the value at the horizon T itself is never applied. Any parameter of a method (step size, momentum,
averaging decay) and the batch size may be a schedule.

Source: second text, "Learning rate schedules"; the averages of Polyak & Juditsky (1992).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nqmbench.arguments import Arguments

__all__ = [
    "Parameter",
    "Schedule",
    "cosine",
    "exponential",
    "inverse_sqrt",
    "inverse_time",
    "linear",
    "schedule",
    "step_decay",
    "uniform_average",
    "warmup_cosine",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Schedule:
    """A parameter as a function of the step.

    Args:
        name: how the schedule is called in labels.
        formula: value for an array of steps t, shape (T,) -> (T,).
        symbols: the numbers in the formula under the names by which claims may ask for them;
            "0" stands for the initial value and becomes eta0, beta0, ... there.
        horizon: the number of steps for which the formula makes sense; None is unlimited.

    >>> linear(0.1, steps=4).values(4).tolist()
    [0.1, 0.07500000000000001, 0.05, 0.025]
    """

    name: str
    formula: Callable[[Floats], Floats]
    symbols: Mapping[str, float] = field(default_factory=dict)
    horizon: int | None = None

    def values(self, steps: int) -> Floats:
        """The values at t = 0..steps-1, shape (steps,).

        Raises:
            InvalidArguments: more steps than the horizon, or a formula of the wrong shape.
        """
        if self.shorter_than(steps):
            checks = Arguments(str(self))
            checks.complain("steps", steps, f"at most the schedule's {self.horizon} steps")
            checks.done()
        with np.errstate(under="ignore"):
            values = np.asarray(self.formula(np.arange(steps, dtype=np.float64)), dtype=np.float64)
        if values.shape not in ((), (steps,)):
            checks = Arguments(str(self))
            checks.complain("formula", f"shape {values.shape}", f"shape () or ({steps},)")
            checks.done()
        return np.broadcast_to(values, (steps,))

    def shorter_than(self, steps: int) -> bool:
        """True when a run of so many steps goes beyond the horizon."""
        return self.horizon is not None and self.horizon < steps

    def __str__(self) -> str:
        shown = [f"{v:.12g}" for v in self.symbols.values()]
        if not shown and self.horizon is not None:
            listed = self.values(min(self.horizon, 3))
            shown = [f"{v:g}" for v in listed] + ["..."] * (self.horizon > 3)
        return f"{self.name}({', '.join(shown)})"


Parameter = float | Schedule


def linear(lr: float, steps: int) -> Schedule:
    """Falls linearly to zero at `steps`:  eta_t = lr (1 - t/T).

    >>> float(linear(1.0, 10).values(10)[9])
    0.09999999999999998
    """
    checks = Arguments("linear")
    eta0, total = _positive(checks, "lr", lr), checks.integer("steps", steps, 1)
    checks.done()
    return Schedule("linear", lambda t: eta0 * (1 - t / total), {"0": eta0, "T": total}, total)


def step_decay(lr: float, factor: float, every: int) -> Schedule:
    """Multiplies by `factor` after each `every` steps:  eta_t = lr factor^floor(t/every).

    >>> step_decay(1.0, 0.5, 2).values(5).tolist()
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    checks = Arguments("step_decay")
    eta0, rate = _positive(checks, "lr", lr), _fraction(checks, "factor", factor)
    period = checks.integer("every", every, 1)
    checks.done()
    symbols = {"0": eta0, "factor": rate, "every": period}
    return Schedule("step_decay", lambda t: eta0 * rate ** (t // period), symbols)


def cosine(lr: float, steps: int) -> Schedule:
    """Half a cosine down to zero at `steps`:  eta_t = lr (1 + cos(pi t/T)) / 2.

    >>> cosine(1.0, 2).values(2).tolist()
    [1.0, 0.5]
    """
    checks = Arguments("cosine")
    eta0, total = _positive(checks, "lr", lr), checks.integer("steps", steps, 1)
    checks.done()
    symbols = {"0": eta0, "T": total}
    return Schedule("cosine", lambda t: eta0 * (1 + np.cos(np.pi * t / total)) / 2, symbols, total)


def inverse_time(lr: float, t0: float) -> Schedule:
    """Robbins and Monro's decay:  eta_t = lr / (1 + t/t0).

    >>> inverse_time(1.0, t0=1).values(3).tolist()
    [1.0, 0.5, 0.3333333333333333]
    """
    checks = Arguments("inverse_time")
    eta0, scale = _positive(checks, "lr", lr), _positive(checks, "t0", t0)
    checks.done()
    return Schedule("inverse_time", lambda t: eta0 / (1 + t / scale), {"0": eta0, "t0": scale})


def exponential(lr: float, rate: float) -> Schedule:
    """Shrinks by the same factor at each step:  eta_t = lr rate^t.

    >>> exponential(1.0, 0.5).values(3).tolist()
    [1.0, 0.5, 0.25]
    """
    checks = Arguments("exponential")
    eta0, factor = _positive(checks, "lr", lr), _fraction(checks, "rate", rate)
    checks.done()
    return Schedule("exponential", lambda t: eta0 * factor**t, {"0": eta0, "rate": factor})


def inverse_sqrt(lr: float) -> Schedule:
    """The schedule of the convex worst case:  eta_t = lr / sqrt(1 + t).

    >>> float(inverse_sqrt(1.0).values(4)[3])
    0.5
    """
    checks = Arguments("inverse_sqrt")
    eta0 = _positive(checks, "lr", lr)
    checks.done()
    return Schedule("inverse_sqrt", lambda t: eta0 / np.sqrt(1 + t), {"0": eta0})


def warmup_cosine(lr: float, warmup: int, steps: int) -> Schedule:
    """Rises linearly for `warmup` steps, then follows half a cosine to zero at `steps`.

    eta_t = lr (t+1)/W for t < W, else lr (1 + cos(pi (t-W)/(T-W))) / 2

    >>> warmup_cosine(1.0, warmup=2, steps=4).values(4).tolist()
    [0.5, 1.0, 1.0, 0.5]
    """
    checks = Arguments("warmup_cosine")
    eta0, total = _positive(checks, "lr", lr), checks.integer("steps", steps, 2)
    rise = checks.integer("warmup", warmup, 1, total - 1)
    checks.done()

    def formula(t: Floats) -> Floats:
        fall = eta0 * (1 + np.cos(np.pi * (t - rise) / (total - rise))) / 2
        return np.where(t < rise, eta0 * (t + 1) / rise, fall)

    return Schedule("warmup_cosine", formula, {"0": eta0, "warmup": rise, "T": total}, total)


def schedule(values: Sequence[float]) -> Schedule:
    """Any sequence of values, one per step; its length is its horizon.

    >>> schedule([0.3, 0.2, 0.1]).values(2).tolist()
    [0.3, 0.2]
    """
    checks = Arguments("schedule")
    listed = _listed(checks, "values", values)
    checks.done()
    return listed


def uniform_average() -> Schedule:
    """The decay t/(t+1), with which `averaged` is the plain mean of all iterates so far.

    This is Polyak and Ruppert's average: m_k = (w_1 + ... + w_k) / k.

    >>> uniform_average().values(3).tolist()
    [0.0, 0.5, 0.6666666666666666]
    """
    return Schedule("uniform_average", lambda t: t / (t + 1))


def as_parameter(checks: Arguments, field: str, seen: Any) -> Any:
    """A bare sequence of numbers is a schedule; everything else is left as it is."""
    bare = isinstance(seen, list | tuple) or (isinstance(seen, np.ndarray) and seen.ndim > 0)
    return _listed(checks, field, seen) if bare else seen


def parameter(
    checks: Arguments, field: str, seen: Any, allowed: str, legal: Callable[[Floats], Any]
) -> Parameter:
    """A number for which `legal` holds, or a schedule, whose values are checked when it is used."""
    known = as_parameter(checks, field, seen)
    if isinstance(known, Schedule):
        return known
    return checks.number(
        field, seen, f"{allowed}, or a schedule", lambda x: bool(legal(np.asarray(x))), stand_in=0.5
    )


def _listed(checks: Arguments, field: str, seen: Any) -> Schedule:
    values = checks.vector(field, seen, "a non-empty sequence of finite numbers", np.isfinite)
    return Schedule("schedule", lambda t: values[t.astype(np.int64)], {}, values.size)


def _positive(checks: Arguments, field: str, seen: Any) -> float:
    return checks.number(field, seen, "a finite number > 0", lambda x: x > 0, stand_in=1.0)


def _fraction(checks: Arguments, field: str, seen: Any) -> float:
    return checks.number(field, seen, "a number in (0, 1]", lambda x: 0 < x <= 1, stand_in=1.0)
