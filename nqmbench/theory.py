"""Exact moments of the noisy quadratic model, from the recursion itself.

Other problems have theories of their own (`row_theory.py`), to which `exact` and `steady_state`
lead.

Per coordinate the read-out is a share of the start plus the noise of every step so far
(`responses.py`). Cumulants of independent terms add, so with mu_0 and s_0 the mean and the spread
of the Gaussian start

    kappa_1 = s_k mu_0,    kappa_2 = s_k^2 s_0^2 + noise,    kappa_r = noise, r >= 3,

for every schedule, every noise law, a fixed or a Gaussian start. Constant steps are composed by
doubling (`doubling.py`), scheduled ones traced back one by one. What is observed is a polynomial in
the read-out; its mean and variance follow from the cumulants of order up to 4 (`cumulants.py`), its
skewness and kurtosis from those up to 8, or 12 for a cube, which are found only when asked for.
Where the noise makes coordinates dependent, a sum's variance gains what their squares have in
common (`dependence.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nqmbench.arguments import Arguments
from nqmbench.cumulants import power_cumulant
from nqmbench.dependence import pairs_variance
from nqmbench.doubling import constant_responses, crowded_responses, settled_responses
from nqmbench.exact_moments import ExactMoments
from nqmbench.experiment import Experiment
from nqmbench.observables import Observable
from nqmbench.problem import RowProblem
from nqmbench.responses import Responses, scheduled_responses
from nqmbench.row_steady import steady_on_rows
from nqmbench.row_theory import exact_on_rows
from nqmbench.stability import radius

__all__ = ["ExactMoments", "exact", "observable_cumulants", "readout_cumulants", "steady_state"]

Floats = NDArray[np.float64]

MANY = 100  # checkpoints
LARGEST_TENSOR = 10**5  # entries: beyond, tracing every step back is faster than doubling


def exact(experiment: Experiment) -> ExactMoments:
    """Mean and variance of the observables of an experiment at its checkpoints, to rounding.

    Args:
        experiment: any experiment.

    Returns:
        The moments; `.to_frame()` gives a table. On rows the variances of loss and distance are
        NaN, not known, where there are more than a few coordinates; see `row_theory`.

    Source: the recursion above; for SGD E w_k^2 = a^(2k) w0^2 + lam s2/(2 - lam) (1 - a^(2k)) with
    a = 1 - lam, s2 = sigma^2/B.

    >>> import nqmbench as nq
    >>> e = nq.Experiment(nq.NoisyQuadratic(1.0), nq.sgd(0.1), steps=1000, checkpoints=[1, 1000])
    >>> nq.exact(e).to_frame().round(6)
       step observable      mean  variance
    0     1      error  0.820000   0.03260
    1  1000      error  0.052632   0.00554
    """
    check_experiment("exact", experiment)
    if isinstance(experiment.problem, RowProblem):
        return exact_on_rows(experiment)
    steps = np.array(experiment.checkpoints, dtype=np.float64)
    return summarise(experiment, steps, lambda highest: readout_cumulants(experiment, highest))


def steady_state(experiment: Experiment) -> ExactMoments:
    """The limit of the moments for k -> infinity, with constant parameters and a stable method.

    Raises:
        InvalidArguments: the experiment has a schedule, its method is not stable on the problem (on
            rows: in mean square), or it has too many coordinates on rows.

    >>> import nqmbench as nq
    >>> e = nq.Experiment(nq.NoisyQuadratic(1.0), nq.sgd(0.5))
    >>> float(nq.steady_state(e).mean[0, 0])  # lam / (2 - lam)
    0.3333333333333333
    """
    check_experiment("steady_state", experiment)
    checks = Arguments("steady_state")
    if not (experiment.method.constant and isinstance(experiment.batch, int)):
        checks.complain("experiment", experiment.label, "one without schedules")
    elif isinstance(experiment.problem, RowProblem):
        return steady_on_rows(experiment)
    elif not (radius(experiment.open_loop.closed(experiment.curvature)[0]) < 1).all():
        checks.complain("experiment", experiment.label, "a stable method: a smaller step size")
    checks.done()

    def settled(highest: int) -> list[Floats]:
        responses = settled_responses(experiment, finite_orders(experiment, highest))
        return cumulants(experiment, responses, highest)

    return summarise(experiment, np.array([np.inf]), settled)


def summarise(
    experiment: Experiment, steps: Floats, find: Callable[[int], list[Floats]]
) -> ExactMoments:
    """The moments of each observable from the read-out's cumulants.

    Args:
        experiment: the experiment.
        steps: shape (S,).
        find: gives the read-out's cumulants up to an order; those beyond the mean and the variance
            cost more, and are asked for only when a skewness or a kurtosis is.
    """

    def tables(highest: int) -> list[Floats]:
        """The cumulants 1..highest of the observables, each of shape (S, O)."""
        kappa = find(max(highest * o.power for o in experiment.observed))
        settled = bool(np.isinf(steps).all())
        columns = [
            observable_cumulants(experiment, o, kappa, highest, settled)
            for o in experiment.observed
        ]
        return [np.stack([c[r] for c in columns], axis=1) for r in range(highest)]

    def shape() -> tuple[Floats, Floats]:
        _, variance, third, fourth = tables(4)
        with np.errstate(all="ignore"):
            return third / variance**1.5, fourth / variance**2

    mean, variance = tables(2)
    names = tuple(o.name for o in experiment.observed)
    return ExactMoments(steps, names, mean, variance, shape)


def observable_cumulants(
    experiment: Experiment,
    observable: Observable,
    kappa: list[Floats],
    highest: int,
    settled: bool = False,
) -> list[Floats]:
    """Cumulants 1..highest of an observable, each of shape (S,).

    Independent coordinates add: kappa_r(sum_i c_i w_i^p) = sum_i c_i^r kappa_r(w_i^p). For
    dependent ones the mean is this too, the variance gains the covariances, and the orders from 3
    on are NaN: they are not known here.

    Args:
        experiment: the experiment.
        observable: one of its observables.
        kappa: the read-out's cumulants from `readout_cumulants`.
        highest: the largest r wanted; kappa must reach order power * highest.
        settled: kappa is that of the steady state.
    """
    weights = observable.weights(experiment.quadratic.h)
    chosen = kappa
    if observable.coordinate is not None:
        chosen = [k[:, observable.coordinate, None] for k in kappa]
    with np.errstate(over="ignore"):
        found = [
            power_cumulant(chosen, observable.power, r) @ weights**r for r in range(1, highest + 1)
        ]
    if observable.coordinate is None and highest > 1 and dependent(experiment):
        found[1] = found[1] + pairs_variance(experiment, weights, settled)
        found[2:] = [np.full_like(f, np.nan) for f in found[2:]]
    return found


def readout_cumulants(experiment: Experiment, highest: int) -> list[Floats]:
    """kappa_1..kappa_highest of the read-out minus the optimum, each of shape (S, d).

    Args:
        experiment: any experiment.
        highest: the largest order wanted; 4 gives every mean and variance of a square, 8 also the
            third and fourth cumulant of the error.
    """
    orders = finite_orders(experiment, highest)
    small = experiment.open_loop.n**highest <= LARGEST_TENSOR
    respond = scheduled_responses
    if is_constant(experiment) and small:
        respond = crowded_responses if crowded(experiment) else constant_responses
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        return cumulants(experiment, respond(experiment, orders), highest)


def cumulants(experiment: Experiment, responses: Responses, highest: int) -> list[Floats]:
    """kappa_1..kappa_highest of the read-out from its responses; inf where the noise has none.

    Infinite cumulants stay out of the responses, where 0 inf would turn sums into NaN; they reach
    every read-out that the noise has reached.
    """
    problem, law = experiment.quadratic, experiment.quadratic.noise

    def share(of: Floats) -> Floats:
        """The start's share; nothing of nothing, even where the response has overflowed."""
        return np.where(of == 0, 0.0, responses.start * of)

    kappa = [share(problem.w0 - problem.optimum)]
    for r in range(2, highest + 1):
        noise = responses.noise.get(r, np.zeros_like(responses.start))
        if law.cumulant(r) == np.inf:
            noise = np.where(responses.noise[2] > 0, np.inf, 0.0)
        kappa.append(noise + share(problem.w0_std) ** 2 if r == 2 else noise)
    return kappa


def finite_orders(experiment: Experiment, highest: int) -> tuple[int, ...]:
    """The orders >= 2 with a finite cumulant that is not 0: for Gaussian noise only the second."""
    law = experiment.quadratic.noise
    return tuple(r for r in range(2, highest + 1) if law.cumulant(r) not in (0, np.inf))


def dependent(experiment: Experiment) -> bool:
    """True when two coordinates with noise meet samples that are not independent."""
    problem = experiment.quadratic
    return not problem.noise.independent and int(np.count_nonzero(problem.sigma)) > 1


def check_experiment(what: str, seen: Any) -> None:
    """Refuse anything that is not an experiment."""
    checks = Arguments(what)
    checks.instance("experiment", seen, Experiment, "an Experiment")
    checks.done()


def crowded(experiment: Experiment) -> bool:
    """True when so many steps are checkpoints that all of them are found sooner."""
    checkpoints = experiment.checkpoints
    return len(checkpoints) >= MANY and checkpoints[-1] < 4 * len(checkpoints)


def is_constant(experiment: Experiment) -> bool:
    """True when every step has the same effect."""
    return experiment.open_loop.constant and experiment.batch_sizes.size == 1
