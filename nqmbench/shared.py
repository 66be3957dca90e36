"""Experiments under the same noise: paired comparisons, and several methods for the price of one.

All experiments meet the same noise anyway: its stream is keyed by the seed and the place of a
trajectory, not by the method. Here several are driven through one pass of it. Each keeps the bits
that it has alone, and trajectory by trajectory their results can be subtracted. The difference of
two similar methods varies far less than either, so an ordering shows with few trajectories.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nqmbench.agreement import differences as differences_of
from nqmbench.arguments import Arguments, choices
from nqmbench.experiment import Experiment
from nqmbench.moments import Moments
from nqmbench.one_pass import PairedMoments, run_pass
from nqmbench.simulation import LARGEST_TRIALS, Estimates, check_conditions

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Paired", "SharedEstimates", "simulate_shared"]

COLUMNS = [
    "left",
    "right",
    "step",
    "difference",
    "difference_se",
    "probability",
    "probability_se",
    "trials",
]

# What is compared: the position of the experiment, and the name of its observable.
Observed = tuple[int, str]


@dataclass(frozen=True, eq=False)
class Paired:
    """A paired comparison: observable of one experiment minus observable of another.

    Args:
        left, right: the sides; the difference is left - right.
        moments: of the difference, and of the event left < right.
    """

    left: Observed
    right: Observed
    moments: PairedMoments

    @property
    def difference(self) -> Moments:
        """The moments of the difference, shape (S, 1)."""
        return self.moments.difference

    @property
    def below(self) -> Moments:
        """The moments of the event left < right (1, 0, or NaN where nothing is known)."""
        return self.moments.below


@dataclass(frozen=True, eq=False)
class SharedEstimates:
    """The estimates of each experiment, and the paired comparisons.

    Args:
        steps: the checkpoints, length S.
        estimates: per experiment, as `nqmbench.simulate` gives them.
        paired: in the order in which they were asked for.
    """

    steps: tuple[int, ...]
    estimates: tuple[Estimates, ...]
    paired: tuple[Paired, ...]

    def to_frame(self) -> pd.DataFrame:
        """The comparisons.

        Columns left, right (as "0:error"), step, difference, difference_se, probability (of
        left < right), probability_se, trials.
        """
        import pandas as pd

        frames = [pd.DataFrame(columns=COLUMNS)]
        for pair in self.paired:
            difference, below = pair.difference.mean_estimate(), pair.below.mean_estimate()
            values: tuple[Any, ...] = (
                ":".join(map(str, pair.left)),
                ":".join(map(str, pair.right)),
                self.steps,
                *(difference.value.ravel(), difference.error.ravel()),
                *(below.value.ravel(), below.error.ravel()),
                pair.difference.count,
            )
            frames.append(pd.DataFrame(dict(zip(COLUMNS, values, strict=True))))
        return pd.concat(frames[1:] or frames, ignore_index=True)


def simulate_shared(
    experiments: Sequence[Experiment],
    trials: int,
    seed: int = 0,
    threads: int | None = None,
    precision: str = "mixed",
    differences: Sequence[tuple[Observed, Observed]] = (),
) -> SharedEstimates:
    """Simulate several experiments in one pass, every trajectory under the same noise.

    Args:
        experiments: one or more with noise. They agree in dimension, noise law, steps and
            checkpoints, and, unless the noise is Gaussian, in the batch size; methods, step sizes,
            spectra, noise levels and starts may differ. On least squares steps and checkpoints are
            enough, and some may be without noise.
        trials: the exact number of trajectories, 1..2^40.
        seed: 0..2^64-1.
        threads: 1 or more; None takes NQMBENCH_THREADS or every core that the process may use.
        precision: "mixed", "f32" or "f64", as in `nqmbench.simulate`.
        differences: pairs of sides, each (position of the experiment, name of an observable).

    Returns:
        Each experiment's estimates with the bits of a run of its own, and the comparisons.

    Raises:
        InvalidArguments: names every wrong argument, what was given and what is allowed.

    >>> import nqmbench as nq
    >>> problem = nq.NoisyQuadratic([1.0, 0.1])
    >>> slow, fast = (nq.Experiment(problem, nq.sgd(lr), checkpoints=[100], steps=100)
    ...               for lr in (0.1, 0.2))
    >>> shared = nq.simulate_shared([slow, fast], 4096,
    ...                             differences=[((0, "error"), (1, "error"))])
    >>> row = shared.to_frame().iloc[0]
    >>> bool(row["difference"] > 9 * row["difference_se"])
    True
    """
    checks = Arguments("simulate_shared")
    members = list(experiments) if isinstance(experiments, Sequence) else []
    if not members or not all(isinstance(e, Experiment) for e in members):
        checks.complain("experiments", experiments, "a list of one or more Experiments")
        members = []
    count = checks.integer("trials", trials, 1, LARGEST_TRIALS)
    conditions = check_conditions(checks, seed, threads, precision)
    _check_agreement(checks, members)
    pairs = list(differences) if isinstance(differences, Sequence) else [differences]
    found = [_check_pair(checks, members, pair) for pair in pairs] if members else []
    checks.done()

    moments = run_pass(members, found, 0, count, conditions)
    estimates = tuple(
        Estimates(e.checkpoints, tuple(o.name for o in e.observed), own)
        for e, own in zip(members, moments.members, strict=True)
    )
    paired = tuple(
        Paired((a, members[a].observed[o].name), (b, members[b].observed[p].name), pair)
        for ((a, o), (b, p)), pair in zip(found, moments.contrasts, strict=True)
    )
    return SharedEstimates(members[0].checkpoints, estimates, paired)


def _check_agreement(checks: Arguments, members: list[Experiment]) -> None:
    """Complain about experiments that cannot meet the same noise at the same checkpoints."""
    for position, e in enumerate(members):
        field, first = f"experiments[{position}]", members[0]
        if e.noiseless and e.problem.separable:  # of rows a side without noise is a number
            checks.complain(field, "no noise at all", "experiments with noise; simulate it alone")
        for what, wanted, seen in differences_of(first, e):
            if what == "batch":
                allowed = (
                    f"{wanted}, as in experiments[0]: batches of this noise are drawn one by one"
                )
                checks.complain(f"{field}, batch", seen, allowed)
            elif what != "noiseless":
                checks.complain(f"{field}, {what}", seen, f"{wanted}, as in experiments[0]")
        if e.checkpoints != first.checkpoints:
            allowed = "those, as in experiments[0]"
            checks.complain(f"{field}, checkpoints", e.checkpoints, allowed)


def _check_pair(
    checks: Arguments, members: list[Experiment], pair: Any
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the positions (experiment, observable) of both sides, or complain."""
    found = []
    for side in pair if isinstance(pair, tuple | list) and len(pair) == 2 else ():
        position, name = side if isinstance(side, tuple | list) and len(side) == 2 else (-1, "")
        if type(position) is not int or not 0 <= position < len(members):
            break
        names = [o.name for o in members[position].observed]
        if name not in names:
            checks.complain(
                "differences", side, f"observables of experiments[{position}]: {choices(names)}"
            )
            return (0, 0), (0, 0)
        found.append((position, names.index(name)))
    if len(found) == 2:
        return found[0], found[1]
    checks.complain(
        "differences",
        pair,
        f'pairs of (position 0..{len(members) - 1}, observable), as ((0, "error"), (1, "error"))',
    )
    return (0, 0), (0, 0)
