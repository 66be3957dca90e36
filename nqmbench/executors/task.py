"""A task of a cluster: a portion of an increment as plain data, and the pure function that does it.

What travels is what the kernels read: tables of numbers. An experiment does not: its method may be
a function of somebody's suite file, which a worker cannot import. The answer depends on the task
alone, so it does not matter who does it, nor how often.
"""

from __future__ import annotations

import time
from dataclasses import fields
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nqmbench.address import code_digest
from nqmbench.errors import UsageError
from nqmbench.moments import ORDERS
from nqmbench.portions import Portion

if TYPE_CHECKING:
    from nqmbench.kernels import AnyBundle

__all__ = ["Answer", "make_task", "other_sources", "run_task", "traffic"]

Task = dict[str, Any]


class Answer(NamedTuple):
    """What a worker found.

    Args:
        trials, mean, central: the moments of the portion. seconds: that it took.
    """

    trials: int
    mean: NDArray[np.float64]
    central: NDArray[np.float64]
    seconds: float


def make_task(
    bundle: AnyBundle, seed: int, first_block: int, portion: Portion, kernels: str = "fast"
) -> Task:
    """A portion of an increment as plain data.

    Args:
        bundle: what is simulated.
        seed: 0..2^64-1.
        first_block: of the increment.
        portion: of the increment; it begins with a block.
        kernels: "fast" or "plain".
    """
    return {
        "code": code_digest(),
        "programs": [
            (type(p).__name__, {f.name: getattr(p, f.name) for f in fields(p)})
            for p in bundle.programs
        ],
        "contrasts": [list(c) for c in bundle.contrasts],
        "seed": seed,
        "first_block": first_block + portion.first // bundle.lanes,
        "trials": portion.trials,
        "kernels": kernels,
    }


def run_task(task: Task) -> Answer:
    """Simulate a portion on one thread: the pure function that workers call.

    Raises:
        UsageError: this worker's sources are not those of whoever sent the task.
    """
    if task["code"] != code_digest():
        raise UsageError(other_sources(task["code"], code_digest()))
    from nqmbench import kernels

    programs = tuple(kernels.PROGRAMS[name](**tables) for name, tables in task["programs"])
    contrasts = tuple(kernels.Contrast(*c) for c in task["contrasts"])
    bundle = kernels.bundle_of(programs, contrasts)
    begin = time.perf_counter()
    found = kernels.simulate(
        bundle, task["seed"], task["first_block"], task["trials"], kernels=task["kernels"]
    )
    seconds = time.perf_counter() - begin
    return Answer(found.count, found.mean, found.central, seconds)


def other_sources(here: str, there: str) -> str:
    """What to say of a worker whose numbers might be others."""
    return (
        f"the cluster's workers have other sources of nqmbench ({there}) than this process "
        f"({here}), and might give other digits: install the same version there"
    )


def traffic(bundle: AnyBundle) -> int:
    """The bytes of a task and of its answer, nearly."""
    tables = [getattr(p, f.name) for p in bundle.programs for f in fields(p)]
    sent = sum(t.nbytes for t in tables if isinstance(t, np.ndarray))
    cells = len(bundle.checkpoints) * bundle.columns
    return sent + 8 * (1 + len(ORDERS)) * cells
