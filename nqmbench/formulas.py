"""What a claim's formula says about one cell: its symbols, and the value that it claims.

For one coordinate the formula gets that coordinate's h, sigma, w0 (start minus optimum) and w0_std.
For `error` and `loss` a formula that asks for one of these is taken per coordinate and summed, with
the weights of the observable (their squares for a variance); otherwise it is the value itself.
Skewness and kurtosis do not add: of several coordinates they need a formula for the whole.

On least squares coordinates are coupled and nothing is summed. There a formula for w[i] gets the
coordinate's w0 and optimum as they are, one for a sum only what the whole experiment has.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from nqmbench.arguments import shorten, told
from nqmbench.claims import Claim, argument_names
from nqmbench.errors import FormulaError
from nqmbench.experiment import Experiment
from nqmbench.observables import Observable

__all__ = ["FormulaError", "applies", "claimed_value", "given_scale", "own", "own_list"]


def own(what: str, given: Any) -> Any:
    """What a suite gives, or what the function that stands for it returns.

    Args:
        what: the name of the argument, for the message.
        given: the function, or anything else.

    Raises:
        FormulaError: the function raised.
    """
    if not callable(given):
        return given
    try:
        return given()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a user's function may do anything; the run goes on
        raise FormulaError(f"{what} raised {told(error)}") from error


def own_list(what: str, given: Any) -> list[Any]:
    """The same as a list: of the items of any iterable in an order of its own, or of one thing.

    Raises:
        FormulaError: the function, or the generator that it returned, raised.
    """
    found = own(what, given)
    if not isinstance(found, Iterable) or isinstance(found, str | set | frozenset | Mapping):
        return [found]
    items: list[Any] = own(what, lambda: list(found))
    return items


def claimed_value(claim: Claim, experiment: Experiment, observable: Observable, step: int) -> float:
    """The value that a claim gives for an observable after `step` updates; may be infinite.

    Raises:
        FormulaError: the formula raised, asked for an unknown symbol, or did not return one number.
    """
    if observable.coordinate is not None:
        return call(claim.formula, symbols(experiment, step, observable.coordinate), "formula")
    if not summed(experiment, claim.arguments):
        return call(claim.formula, symbols(experiment, step, None), "formula")
    weights = observable.weights(experiment.quadratic.h)
    if claim.statistic in ("skewness", "kurtosis"):
        if weights.size > 1:
            raise FormulaError(
                f"formula asks for a coordinate's symbol, but the {claim.statistic} of "
                f"{observable.name} is not a sum over coordinates; take `experiment` instead"
            )
        return call(claim.formula, symbols(experiment, step, 0), "formula")
    order = 2 if claim.statistic == "variance" else 1
    shared = symbols(experiment, step, None)
    values = [
        call(claim.formula, {**shared, **of_coordinate(experiment, i)}, "formula")
        for i in range(weights.size)
    ]
    with np.errstate(all="ignore"):
        total = float(np.dot(weights**order, np.array(values)))
    if math.isnan(total):  # each of them is a number, so there are infinities of both signs
        raise FormulaError(f"formula gave both inf and -inf over the coordinates at k = {step}")
    return total


def applies(claim: Claim, experiment: Experiment, observable: Observable, step: int) -> bool:
    """True when the claim speaks about this cell: `when` holds for its symbols."""
    if claim.when is None:
        return True
    i, every = observable.coordinate, summed(experiment, argument_names(claim.when))
    chosen = range(experiment.problem.d) if i is None and every else [i]
    return all(call(claim.when, symbols(experiment, step, c), "when") != 0 for c in chosen)


def summed(experiment: Experiment, names: Iterable[str]) -> bool:
    """True when a formula with these arguments speaks of the coordinates of a sum one by one."""
    problem = experiment.problem
    return problem.separable and not set(problem.per_coordinate).isdisjoint(names)


def given_scale(
    claim: Claim, experiment: Experiment, observable: Observable, step: int
) -> float | None:
    """The scale that the claim gives for its margin, or None for the natural one."""
    if claim.scale is None or isinstance(claim.scale, float):
        return claim.scale
    value = call(claim.scale, symbols(experiment, step, observable.coordinate), "scale")
    if not 0 < value < math.inf:
        raise FormulaError(f"scale gave {value:g} at k = {step}; allowed: a finite number > 0")
    return value


def symbols(experiment: Experiment, step: int, coordinate: int | None) -> Mapping[str, Any]:
    """Everything a formula may ask for, as NumPy floats (so that overflow is inf, not an error)."""
    found: dict[str, Any] = {name: np.float64(v) for name, v in experiment.symbols.items()}
    found |= {"k": np.float64(step), "experiment": experiment}
    if coordinate is not None:
        found |= of_coordinate(experiment, coordinate)
    return found


def of_coordinate(experiment: Experiment, i: int) -> dict[str, Any]:
    """The symbols that belong to coordinate i."""
    return {name: np.float64(v) for name, v in experiment.problem.of_coordinate(i).items()}


def call(function: Callable[..., Any], known: Mapping[str, Any], what: str) -> float:
    """One number from a user's function.

    Raises:
        FormulaError: it raised, asked for something unknown, or returned no single real number.
    """
    wanted = argument_names(function)
    unknown = [name for name in wanted if name not in known]
    if unknown:
        offered = ", ".join(sorted(known))
        raise FormulaError(
            f"{what} asks for {', '.join(unknown)}; this experiment offers {offered}"
        )
    try:
        with np.errstate(all="ignore"):
            value = np.asarray(function(**{name: known[name] for name in wanted}))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a user's code may even exit; the run goes on
        raise FormulaError(f"{what} raised {told(error)}") from error
    if value.size != 1 or value.dtype.kind not in "biuf":
        raise FormulaError(f"{what} gave {shorten(value)}; allowed: one real number")
    number = float(value.reshape(()))
    if math.isnan(number):
        raise FormulaError(f"{what} gave NaN at k = {known['k']:g}")
    return number
