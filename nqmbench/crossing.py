"""How many steps a method needs: when the exact expectation has fallen below a level.

The expectation need not fall steadily. With momentum the mean swings, and E w_k^2 with it; with a
large step the noise rises while the start is still being forgotten. So every step is looked at,
hundreds at a time (`doubling.dense_responses`), and two questions are kept apart: when the level
is first met, and from when on it is kept.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nqmbench.arguments import Arguments
from nqmbench.doubling import dense_responses, piece_length
from nqmbench.experiment import Experiment
from nqmbench.observables import ERRORS, Observable
from nqmbench.problems import NoisyQuadratic
from nqmbench.responses import Responses, scheduled_responses
from nqmbench.theory import (
    check_experiment,
    cumulants,
    finite_orders,
    is_constant,
    observable_cumulants,
)

__all__ = ["steps_to"]

Floats = NDArray[np.float64]


def steps_to(
    experiment: Experiment, level: float, observable: str = "error", settled: bool = True
) -> float:
    """The first step from which the exact expectation stays at or below a level.

    Args:
        experiment: any experiment; the steps 0..experiment.steps are looked at, whatever its
            checkpoints and observables.
        level: a finite number.
        observable: "error", "loss", "w[0]", "w2[0]", "w3[0]" (any coordinate); its mean is meant.
        settled: True for the last crossing: at or below the level from there to the last step;
            False for the first step at or below it, whatever comes after.

    Returns:
        A whole number as a float, or inf when there is no such step up to experiment.steps.

    Raises:
        InvalidArguments: names every wrong argument, what was given and what is allowed.

    Source: the recursion of `exact`.

    >>> import nqmbench as nq
    >>> problem, momentum = nq.NoisyQuadratic([1.0, 0.1]), nq.heavy_ball(0.1, 0.9)
    >>> nq.steps_to(nq.Experiment(problem, nq.sgd(0.1)), 0.1)
    158.0
    >>> experiment = nq.Experiment(problem, momentum, batch=10)
    >>> nq.steps_to(experiment, 0.1), nq.steps_to(experiment, 0.1, settled=False)
    (32.0, 23.0)
    >>> nq.steps_to(nq.Experiment(problem, momentum), 0.1)  # the noise alone is above the level
    inf
    """
    check_experiment("steps_to", experiment)
    checks = Arguments("steps_to")
    bound = checks.number("level", level, "a finite number", math.isfinite, 0.0)
    if not isinstance(experiment.problem, NoisyQuadratic):
        checks.complain("experiment", experiment.label, "one on the noisy quadratic")
        checks.done()
    chosen = _observable(checks, observable, experiment.problem.d)
    checks.instance("settled", settled, bool | np.bool_, "True or False")
    checks.done()
    first, k = 0, 0  # first: one after the last step that is known to be above the level
    for values in expectations(experiment, chosen):
        met = values <= bound  # an overflow is inf or NaN, and above
        if settled and not met.all():
            first = k + int(np.flatnonzero(~met)[-1]) + 1
        if not settled and met.any():
            return float(k + int(np.argmax(met)))
        k += values.size
    return float(first) if settled and first <= experiment.steps else math.inf


def expectations(experiment: Experiment, observable: Observable) -> Iterator[Floats]:
    """The mean of an observable at the steps 0..experiment.steps, in consecutive pieces."""
    orders, left = finite_orders(experiment, observable.power), experiment.steps + 1
    for responses in consecutive(experiment, orders):
        with np.errstate(all="ignore"):
            kappa = cumulants(experiment, responses, observable.power)
            mean = observable_cumulants(experiment, observable, kappa, 1)[0]
        yield mean[:left]
        left -= mean.size
        if left <= 0:
            return


def consecutive(experiment: Experiment, orders: tuple[int, ...]) -> Iterator[Responses]:
    """The responses at the steps 0, 1, ... to experiment.steps or beyond, in pieces."""
    steps, length = experiment.steps, piece_length(experiment, orders)
    if is_constant(experiment):
        with np.errstate(all="ignore"):
            yield from dense_responses(experiment, orders, length)
    for start in range(0, steps + 1, length):
        piece = range(start, min(start + length, steps + 1))
        with np.errstate(all="ignore"):
            yield scheduled_responses(experiment.observed_at(piece), orders)


def _observable(checks: Arguments, seen: Any, d: int) -> Observable:
    """The one observable of that name."""
    found = ERRORS.parse(seen, d)
    if len(found) == 1:
        return found[0]
    checks.complain("observable", seen, f"one of {ERRORS.allowed(d)}")
    return Observable("error", 2)
