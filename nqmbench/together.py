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
from nqmbench.simulation import check_kernels, compile_program, run_increment

__all__ = ["PairedMoments", "Place", "Together", "run_together"]

# The position of an experiment in the pass, and that of one of its observables.
Place = tuple[int, int]


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
class Together:
    """The moments of experiments that were simulated together.

    Args:
        members: of each experiment, shape (S, O).
        contrasts: of each comparison.
    """

    members: tuple[Moments, ...]
    contrasts: tuple[PairedMoments, ...]


def run_together(
    members: Sequence[Experiment],
    contrasts: Sequence[tuple[Place, Place]],
    first: int,
    trials: int,
    seed: int,
    threads: int,
    precision: str,
    progress: Callable[[int], None] | None = None,
) -> Together:
    """The moments of the trajectories first..first+trials-1 of several experiments in one pass.

    Args:
        members: one or more that can meet the same noise; all with noise, or none.
        contrasts: pairs of places, left and right.
        first: index of the first trajectory, a multiple of 32.
        trials: how many.
        seed: 0..2^64-1.
        threads: 1 or more.
        precision: "mixed", "f32" or "f64".
        progress: called with the number of trajectories done, between calls of the kernel.
    """
    if all(e.problem.noiseless for e in members):
        alone = [
            run_increment(e, first, trials, seed, threads, precision, progress) for e in members
        ]
        sides = [(alone[a].mean[:, [o]], alone[b].mean[:, [p]]) for (a, o), (b, p) in contrasts]
        return Together(tuple(alone), tuple(_still(trials, x, y) for x, y in sides))
    from nqmbench.kernels import Bundle, Contrast
    from nqmbench.kernels import simulate as run_blocks

    programs = tuple(compile_program(e, precision) for e in members)
    bundle = Bundle(programs, tuple(Contrast(*a, *b) for a, b in contrasts))
    block, kernels = first // bundle.format.lanes, check_kernels(Arguments("simulate"))
    moments = run_blocks(bundle, seed, block, trials, threads, progress, kernels)
    begin = bundle.first_observable
    own = tuple(_columns(moments, a, b) for a, b in itertools.pairwise(begin))
    pairs = range(begin[-1], bundle.columns, 2)
    paired = (PairedMoments(_columns(moments, c), _columns(moments, c + 1)) for c in pairs)
    return Together(own, tuple(paired))


def _columns(moments: Moments, begin: int, end: int | None = None) -> Moments:
    chosen = slice(begin, begin + 1 if end is None else end)
    return Moments(moments.count, moments.mean[:, chosen], moments.central[:, :, chosen])


def _still(trials: int, left: NDArray[np.float64], right: NDArray[np.float64]) -> PairedMoments:
    """The contrast of two sides without noise."""
    with np.errstate(invalid="ignore"):
        difference = left - right
    below = np.where(np.isnan(difference), np.nan, left < right)
    return PairedMoments(of_constant(trials, difference), of_constant(trials, below))
