"""Several experiments in one pass of the same noise, and their differences.

Each keeps the bits that it has alone, whatever is observed of the others.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nqmbench.arguments import Arguments
from nqmbench.experiment import Experiment
from nqmbench.moments import Moments, of_constant
from nqmbench.programs import Columns, compile_bundle
from nqmbench.simulation import Conditions, check_kernels, run_increment

__all__ = ["PairedMoments", "PassMoments", "run_pass"]


@dataclass(frozen=True, eq=False)
class PairedMoments:
    """The moments of a contrast, left - right.

    Args:
        difference: of the difference, shape (S, 1).
        below: of the event left < right (1 or 0), shape (S, 1); NaN where a trajectory's difference
            is (both sides have diverged), since nothing is known there.
    """

    difference: Moments
    below: Moments


@dataclass(frozen=True, eq=False)
class PassMoments:
    """The moments of the experiments of a pass, and of their differences.

    Args:
        members: of each experiment, shape (S, O).
        contrasts: of each comparison.
    """

    members: tuple[Moments, ...]
    contrasts: tuple[PairedMoments, ...]


def run_pass(
    members: Sequence[Experiment],
    contrasts: Sequence[Columns],
    first: int,
    trials: int,
    conditions: Conditions,
    progress: Callable[[int], None] | None = None,
    run: Callable[..., Moments] | None = None,
) -> PassMoments:
    """The moments of the trajectories first..first+trials-1 of several experiments in one pass.

    Args:
        members: one or more that can meet the same noise; all with noise, or none. On rows some may
            have none: each of the others' trajectories is compared with their numbers.
        contrasts: what is subtracted: (position in `members`, position among its observables) of
            the left side, and of the right one.
        first: index of the first trajectory, a multiple of 32.
        trials: how many.
        conditions: seed, threads and precision.
        progress: called with the number of trajectories done, between calls of the kernel.
        run: runs the kernels, as `kernels.simulate` does; None for that itself.
    """
    if all(e.noiseless for e in members):
        alone = [run_increment(e, first, trials, conditions, progress) for e in members]
        sides = [(alone[a].mean[:, [o]], alone[b].mean[:, [p]]) for (a, o), (b, p) in contrasts]
        return PassMoments(tuple(alone), tuple(_still(trials, x, y) for x, y in sides))
    from nqmbench.kernels import simulate

    bundle = compile_bundle(members, conditions.precision, contrasts)
    block, kernels = first // bundle.lanes, check_kernels(Arguments("simulate"))
    seed, threads = conditions.seed, conditions.threads
    moments = (run or simulate)(bundle, seed, block, trials, threads, progress, kernels)
    begin = bundle.first_observable
    own = tuple(
        of_constant(trials, moments.mean[:, a:b]) if e.noiseless else _columns(moments, a, b)
        for e, (a, b) in zip(members, itertools.pairwise(begin), strict=True)
    )
    pairs = range(begin[-1], bundle.columns, 2)
    paired = (PairedMoments(_columns(moments, c), _columns(moments, c + 1)) for c in pairs)
    return PassMoments(own, tuple(paired))


def _columns(moments: Moments, begin: int, end: int | None = None) -> Moments:
    chosen = slice(begin, begin + 1 if end is None else end)
    return Moments(moments.count, moments.mean[:, chosen], moments.central[:, :, chosen])


def _still(trials: int, left: NDArray[np.float64], right: NDArray[np.float64]) -> PairedMoments:
    """The contrast of two sides without noise."""
    with np.errstate(invalid="ignore"):
        difference = left - right
    below = np.where(np.isnan(difference), np.nan, left < right)
    return PairedMoments(of_constant(trials, difference), of_constant(trials, below))
