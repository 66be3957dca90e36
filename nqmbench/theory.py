"""Exact moments of the noisy quadratic model, from the recursion itself.

Per coordinate the state obeys z' = A z + q x with q = lam b and x the mean of a batch. Cumulants
do not mix orders under a linear map and add over independent terms, so each order r has its own
recursion for the symmetric tensor K_r of the state,

    K_1' = A K_1,      K_r' = (A x ... x A) K_r + kappa_r(x) q x ... x q,      r >= 2,

with kappa_r(x) = sigma^r kappa_r / B^(r-1). This holds for every schedule, every noise law and a
fixed or Gaussian start. For constant steps k steps are composed by **doubling**: with (A^k, K_r(k))
the effect of k steps, (A^i, K(i)) and (A^j, K(j)) compose to (A^j A^i, A^j K(i) + K(j)). Nothing is
ever diagonalised: at double roots, such as the first text's own parameters, that fails.

What is observed is a polynomial in the read-out; its mean and variance follow from the cumulants of
order up to 4 (`cumulants.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nqmbench.cumulants import power_cumulant
from nqmbench.errors import InvalidArguments
from nqmbench.experiment import Experiment, Observable
from nqmbench.stability import radius

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ExactMoments", "exact", "observable_cumulants", "readout_cumulants", "steady_state"]

Floats = NDArray[np.float64]
Tensors = dict[int, Floats]  # order r -> symmetric tensor, shape (n,) * r + (d,)


@dataclass(frozen=True, eq=False)
class ExactMoments:
    """Exact mean and variance of every observable at every checkpoint.

    Args:
        steps: the checkpoints, shape (S,); inf for the steady state.
        observables: the names, length O.
        mean, variance: shape (S, O); inf where the noise has no such moment.
    """

    steps: Floats
    observables: tuple[str, ...]
    mean: Floats
    variance: Floats

    def to_frame(self) -> pd.DataFrame:
        """Columns step, observable, mean, variance; rows by step, then observables as given."""
        import pandas as pd

        S, O = self.mean.shape  # noqa: E741
        whole = np.isfinite(self.steps).all()
        return pd.DataFrame(
            {
                "step": np.repeat(self.steps.astype(np.int64) if whole else self.steps, O),
                "observable": list(self.observables) * S,
                "mean": self.mean.ravel(),
                "variance": self.variance.ravel(),
            }
        )


def exact(experiment: Experiment) -> ExactMoments:
    """Mean and variance of the observables of an experiment at its checkpoints, to rounding.

    Args:
        experiment: any experiment on the noisy quadratic model.

    Returns:
        The moments; `.to_frame()` gives a table.

    Source: the recursion above; for SGD E w_k^2 = a^(2k) w0^2 + lam s2/(2 - lam) (1 - a^(2k)) with
    a = 1 - lam, s2 = sigma^2/B.

    >>> import nqmbench as nq
    >>> e = nq.Experiment(nq.NoisyQuadratic(1.0), nq.sgd(0.1), steps=1000, checkpoints=[1, 1000])
    >>> nq.exact(e).to_frame().round(6)
       step observable      mean  variance
    0     1      error  0.820000   0.03260
    1  1000      error  0.052632   0.00554
    """
    highest = max(2 * o.power for o in experiment.observed)
    kappa = readout_cumulants(experiment, highest)
    return summarise(experiment, np.array(experiment.checkpoints, dtype=np.float64), kappa)


def steady_state(experiment: Experiment) -> ExactMoments:
    """The limit of the moments for k -> infinity, with constant parameters and a stable method.

    Raises:
        InvalidArguments: the experiment has a schedule, or its method is not stable on the problem.

    >>> import nqmbench as nq
    >>> e = nq.Experiment(nq.NoisyQuadratic(1.0), nq.sgd(0.5))
    >>> float(nq.steady_state(e).mean[0, 0])  # lam / (2 - lam)
    0.3333333333333333
    """
    A, _ = experiment.open_loop.closed(experiment.curvature)
    if not (is_constant(experiment) and (radius(A) < 1).all()):
        raise InvalidArguments(
            f"steady_state: got {experiment.label}; allowed: constant parameters, stable method"
        )
    highest = max(2 * o.power for o in experiment.observed)
    whole = Composition.step(experiment, 0, needed_orders(experiment, highest))
    for _ in range(64):
        whole = whole.then(whole)
    kappa = read_out(experiment, [whole.noise], highest)
    kappa = with_infinite(experiment, kappa, noise=[whole.noise])
    return summarise(experiment, np.array([np.inf]), kappa)


def summarise(experiment: Experiment, steps: Floats, kappa: list[Floats]) -> ExactMoments:
    """Mean and variance of each observable from the read-out's cumulants."""
    columns = [observable_cumulants(experiment, o, kappa, 2) for o in experiment.observed]
    mean, variance = (np.stack([c[r] for c in columns], axis=1) for r in (0, 1))
    return ExactMoments(steps, tuple(o.name for o in experiment.observed), mean, variance)


def observable_cumulants(
    experiment: Experiment, observable: Observable, kappa: list[Floats], highest: int
) -> list[Floats]:
    """Cumulants 1..highest of an observable, each of shape (S,).

    Independent coordinates add: kappa_r(sum_i c_i w_i^p) = sum_i c_i^r kappa_r(w_i^p).

    Args:
        experiment: the experiment.
        observable: one of its observables.
        kappa: the read-out's cumulants from `readout_cumulants`.
        highest: the largest r wanted; kappa must reach order power * highest.
    """
    weights = observable.weights(experiment.problem.h)
    chosen = kappa
    if observable.coordinate is not None:
        chosen = [k[:, observable.coordinate, None] for k in kappa]
    with np.errstate(over="ignore"):
        return [
            power_cumulant(chosen, observable.power, r) @ weights**r for r in range(1, highest + 1)
        ]


def readout_cumulants(experiment: Experiment, highest: int) -> list[Floats]:
    """kappa_1..kappa_highest of the read-out minus the optimum, each of shape (S, d).

    Args:
        experiment: any experiment.
        highest: the largest order wanted; 4 gives every mean and variance of a square, 8 also the
            third and fourth cumulant of the error.
    """
    orders = needed_orders(experiment, highest)
    start = start_cumulants(experiment, orders)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        kappa = read_out(experiment, advance(experiment, start, orders), highest)
        if experiment.problem.noise.cumulant(highest) != np.inf:
            return kappa
        nothing = {2: np.zeros_like(start[2])}
        return with_infinite(experiment, kappa, noise=advance(experiment, nothing, (2,)))


def needed_orders(experiment: Experiment, highest: int) -> tuple[int, ...]:
    """The orders >= 2 with a finite cumulant that is not 0: for Gaussian noise only the second."""
    law = experiment.problem.noise
    return tuple(r for r in range(2, highest + 1) if law.cumulant(r) not in (0, np.inf))


def with_infinite(
    experiment: Experiment, kappa: list[Floats], noise: list[Tensors]
) -> list[Floats]:
    """The cumulants, those that the noise does not have set to inf where it reached the read-out.

    They stay out of the recursion, where 0 inf would turn entries into NaN.

    Args:
        experiment: the experiment.
        kappa: the read-out's cumulants without the infinite ones.
        noise: the state's second cumulants as far as they come from the noise, per checkpoint.
    """
    law = experiment.problem.noise
    noisy = read_out(experiment, noise, 2)[1] > 0
    return [
        np.where(noisy, np.inf, k) if law.cumulant(r) == np.inf else k
        for r, k in enumerate(kappa, start=1)
    ]


def is_constant(experiment: Experiment) -> bool:
    """True when every step has the same effect."""
    return experiment.open_loop.constant and experiment.batch_sizes.size == 1


def start_cumulants(experiment: Experiment, orders: tuple[int, ...]) -> Tensors:
    """The state at k = 0: mean starts * (w0 - w*), and w0_std^2 as its second cumulant."""
    problem, starts = experiment.problem, experiment.open_loop.starts
    state: Tensors = {1: starts[:, None] * (problem.w0 - problem.optimum)}
    n, d = starts.size, problem.d
    for r in orders:
        spread = problem.w0_std**r if r == 2 else np.zeros(d)
        state[r] = outer(starts[:, None] * np.ones(d), r) * spread
        assert state[r].shape == (n,) * r + (d,)
    return state


@dataclass(frozen=True, eq=False)
class Composition:
    """The effect of some steps: z -> A z, and the cumulants of the noise that they add.

    Args:
        A: shape (n, n, d), coordinates last so that NumPy runs along them.
        noise: order r -> shape (n,) * r + (d,).
    """

    A: Floats
    noise: Tensors

    @classmethod
    def step(cls, experiment: Experiment, t: int, orders: tuple[int, ...]) -> Composition:
        """The effect of step t."""
        problem = experiment.problem
        A, q = experiment.open_loop.closed(experiment.curvature, t)
        B = experiment.batch_sizes[t if experiment.batch_sizes.size > 1 else 0]
        response = np.ascontiguousarray(np.moveaxis(q, 0, -1))
        noise = {}
        for r in orders:
            kappa = problem.sigma**r * problem.noise.cumulant(r)
            noise[r] = outer(response, r) * (kappa / B ** (r - 1))
        return cls(np.ascontiguousarray(np.moveaxis(A, 0, -1)), noise)

    def then(self, later: Composition) -> Composition:
        """The effect of these steps followed by the later ones."""
        noise = {r: transform(later.A, K) + later.noise[r] for r, K in self.noise.items()}
        return Composition(np.einsum("ijd,jkd->ikd", later.A, self.A), noise)

    def applied(self, state: Tensors) -> Tensors:
        """The cumulants of the state after these steps."""
        new = {r: transform(self.A, K) for r, K in state.items()}
        return {r: K + self.noise[r] if r > 1 else K for r, K in new.items()}


def advance(experiment: Experiment, state: Tensors, orders: tuple[int, ...]) -> list[Tensors]:
    """The state's cumulants at every checkpoint."""
    powers = Doubling(experiment, orders) if is_constant(experiment) else None
    reached, now = [], 0
    for checkpoint in experiment.checkpoints:
        if powers is not None:
            state = powers.applied(state, checkpoint - now)
        else:
            for t in range(now, checkpoint):
                state = Composition.step(experiment, t, orders).applied(state)
        now = checkpoint
        reached.append(state)
    return reached


class Doubling:
    """The effects of 1, 2, 4, ... equal steps, made when first needed."""

    def __init__(self, experiment: Experiment, orders: tuple[int, ...]) -> None:
        self.powers = [Composition.step(experiment, 0, orders)]

    def applied(self, state: Tensors, steps: int) -> Tensors:
        """The state after so many steps: one composition for each binary digit of `steps`."""
        for digit in range(steps.bit_length()):
            if digit == len(self.powers):
                self.powers.append(self.powers[-1].then(self.powers[-1]))
            if steps >> digit & 1:
                state = self.powers[digit].applied(state)
        return state


def transform(A: Floats, K: Floats) -> Floats:
    """A applied to every axis of the symmetric tensor K, coordinate by coordinate.

    Contracting the first axis and putting the result last goes round all axes in K's own order.
    """
    n, d = A.shape[0], A.shape[-1]
    shape = K.shape
    for _ in range(K.ndim - 1):
        K = np.einsum("ijd,jmd->mid", A, K.reshape(n, -1, d)).reshape(shape)
    return K


def outer(q: Floats, r: int) -> Floats:
    """The tensor q x ... x q, r times: shape (n, d) -> (n,) * r + (d,)."""
    product = q
    for _ in range(r - 1):
        product = product[..., None, :] * q
    return product


def read_out(experiment: Experiment, reached: list[Tensors], highest: int) -> list[Floats]:
    """The read-out's cumulants 1..highest, each of shape (S, d); absent orders vanish."""
    i = experiment.open_loop.readout
    zero = np.zeros((len(reached), experiment.problem.d))
    return [
        np.stack([state[r][(i,) * r] for state in reached]) if r in reached[0] else zero
        for r in range(1, highest + 1)
    ]
