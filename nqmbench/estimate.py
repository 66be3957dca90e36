"""What a run needs at least, before anything of its size is made.

An allocation that is far too large may succeed, and the process be killed when it uses it; a grid
may have more experiments than can be listed. So a run is estimated from its suites first: the
experiments are looked at one by one and not kept, coordinates are counted and not listed. The
constants were measured and are rounded down: what an estimate forbids is hopeless.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from dataclasses import dataclass, replace
from typing import Any

from nqmbench.amounts import byte_size, time_left
from nqmbench.arguments import count
from nqmbench.claims import Claim, Ordering
from nqmbench.errors import FormulaError, UsageError
from nqmbench.experiment import Experiment
from nqmbench.formulas import own
from nqmbench.suite import Suite
from nqmbench.verdicts import Preset, look_sizes

__all__ = ["Estimate", "Limits", "check_size", "estimate"]

SPEED = 1e9  # coordinate steps per second and thread
EXPERIMENT_SECONDS, CELL_SECONDS = 5e-3, 5e-4  # of planning, theory, judging, tables
EXPERIMENT_BYTES, CELL_BYTES = 5000, 1500  # of memory, kept to the end
STORED_BYTES, TABLE_BYTES = 250, 400  # on the disk, per observable and checkpoint, and per cell

# What nobody means without saying so.
LONGEST = 24 * 3600.0  # seconds until every experiment has had its first look
MOST_EXPERIMENTS = 20_000  # of one list

Wish = tuple[str, str | tuple[int, ...] | None]  # what a claim is about: its `of` and its `at`


@dataclass(frozen=True)
class Limits:
    """What a run may need.

    Args:
        memory, disk: in bytes; None where it is not known.
        threads: on which it simulates.
        seconds: until every experiment has had its first look.
    """

    memory: int | None = None
    disk: int | None = None
    threads: int = 1
    seconds: float = LONGEST


@dataclass(frozen=True)
class Estimate:
    """What a run needs at least; d coordinates, S checkpoints, O observables of an experiment.

    Lists of experiments may repeat each other, so of several the largest need counts.

    Args:
        cells: sum over claims and experiments of O S, before `when` leaves any out; for an ordering
            that of its smaller sides.
        experiments: how many a list has.
        working: bytes for the largest experiment at a time: `Problem.working` for its exact theory,
            56 d S on the noisy quadratic, or 200 d + 1000 O S for its simulation.
        work: what the first looks of a list draw, n0 steps draws with n0 trajectories and
            `Problem.draws` at a step; nothing where that is beyond the preset's work, since it is
            not simulated then.
        stored: bytes of one look at every experiment of a list in the results file, 250 O S each.
        complete: False if the counting was given up.
    """

    cells: int = 0
    experiments: int = 0
    working: int = 0
    work: float = 0.0
    stored: int = 0
    complete: bool = True

    @property
    def memory(self) -> int:
        """In bytes: `working` + 5000 per experiment + 1500 per cell."""
        return self.working + EXPERIMENT_BYTES * self.experiments + CELL_BYTES * self.cells

    def seconds(self, threads: int) -> float:
        """In seconds: `work` / (10^9 threads) + 0.005 per experiment + 0.0005 per cell."""
        rest = EXPERIMENT_SECONDS * self.experiments + CELL_SECONDS * self.cells
        return self.work / (SPEED * threads) + rest

    @property
    def disk(self) -> int:
        """In bytes: `stored` + 400 per cell in tables."""
        return self.stored + TABLE_BYTES * self.cells

    def beyond(self, limits: Limits) -> bool:
        """True where there is less than it needs, or it needs more than anybody may mean."""
        return (
            self.experiments > MOST_EXPERIMENTS
            or self.seconds(limits.threads) > limits.seconds
            or (limits.memory is not None and self.memory > limits.memory)
            or (limits.disk is not None and self.disk > limits.disk)
        )

    def beside(self, other: Estimate) -> Estimate:
        """Two lists: their claims are different ones, their experiments may be the same."""
        larger = {
            name: max(getattr(self, name), getattr(other, name))
            for name in ("experiments", "working", "work", "stored")
        }
        return Estimate(
            self.cells + other.cells, complete=self.complete and other.complete, **larger
        )


def check_size(suites: Iterable[Suite], preset: Preset, limits: Limits) -> None:
    """Refuse a run that cannot end well.

    Raises:
        UsageError: it needs more memory or disk than there is, more than a day before every
            experiment has had its first look, or has more than 20,000 experiments in one list.
    """
    found = estimate(suites, preset, limits)
    if found.beyond(limits):
        raise UsageError(told(found, limits))


def told(found: Estimate, limits: Limits) -> str:
    """The numbers, beside what there is."""
    least = "at least" if found.complete else "more than"
    threads = count(limits.threads, "thread")
    lines = {
        "cells": f"{least} {found.cells:,}",
        "experiments": f"{least} {found.experiments:,}, of {MOST_EXPERIMENTS:,}",
        "memory": f"{least} {byte_size(found.memory)}, of {byte_size(limits.memory)}",
        "time": f"{least} {time_left(found.seconds(limits.threads))} on {threads}, of 24 h",
        "disk": f"{least} {byte_size(found.disk)}, of {byte_size(limits.disk)}",
    }
    return "\n".join(
        [
            "this run is too large:",
            *(f"  {name:<12} {text}" for name, text in lines.items()),
            "take fewer experiments, coordinates, steps or checkpoints, or name fewer suites; "
            "--force (in Python force=True) starts it all the same",
        ]
    )


def estimate(suites: Iterable[Suite], preset: Preset, limits: Limits | None = None) -> Estimate:
    """What a run of these suites needs at least.

    A function of a suite that fails, or gives something else, counts for nothing: the plan will say
    so.

    Args:
        suites: what is to be run.
        preset: gives the budget.
        limits: where experiments come one by one, the counting ends beyond them.

    >>> import nqmbench as nq
    >>> from nqmbench.verdicts import PRESETS
    >>> problem = nq.NoisyQuadratic([1.0] * 1000)
    >>> suite = nq.Suite("wide", experiments=[nq.Experiment(problem, nq.sgd(0.1), steps=100)])
    >>> @suite.claim("constant", of="w2[i]", at="last")
    ... def constant():
    ...     return 1.0
    >>> found = estimate([suite], PRESETS["quick"])
    >>> found.cells, found.experiments, found.memory, round(found.seconds(threads=2), 1)
    (1000, 1, 2705000, 3.8)
    """
    whole = Estimate()
    for suite in suites:
        for source, wishes in wishes_of(suite):
            found = listed(source)
            one = Estimate()
            for experiment in experiments_in(found):
                one = with_experiment(one, experiment, wishes, preset)
                if limits and not isinstance(found, Sized) and one.beyond(limits):
                    return replace(whole.beside(one), complete=False)
            whole = whole.beside(one)
    return whole


def wishes_of(suite: Suite) -> list[tuple[Any, list[Wish]]]:
    """The lists of experiments of a suite, or the functions for them, and who looks at what."""
    groups: dict[int, tuple[Any, list[Wish]]] = {}
    for item in suite.items:
        source: Any
        if isinstance(item, Claim):
            source = suite.experiments if item.experiments is None else item.experiments
            groups.setdefault(id(source), (source, []))[1].append((item.of, item.at))
        elif isinstance(item, Ordering) and isinstance(item.of, str):
            source = item.smaller
            groups.setdefault(id(source), (source, []))[1].append((item.of, item.at))
    return list(groups.values())


def listed(source: Any) -> Iterable[Any]:
    """What a list holds, or the function that stands for it gives; nothing where it fails."""
    try:
        found = own("experiments", source)
    except FormulaError:
        return ()
    if isinstance(found, Experiment):
        return (found,)
    return found if isinstance(found, Iterable) else ()


def experiments_in(found: Iterable[Any]) -> Iterator[Experiment]:
    """The experiments, up to where a function of the suite fails."""
    items: Iterator[Any] | None = None
    while True:
        try:
            items = iter(found) if items is None else items
            item = next(items)
        except KeyboardInterrupt:
            raise
        except BaseException:  # the end, or whatever a user's code raises: the plan will say so
            return
        if isinstance(item, Experiment):
            yield item


def with_experiment(
    known: Estimate, experiment: Experiment, wishes: Iterable[Wish], preset: Preset
) -> Estimate:
    """The estimate with one more experiment, of which somebody wants to know something."""
    problem, steps = experiment.problem, experiment.steps
    columns: dict[str, int] = {}
    cells = checkpoints = 0
    for of, at in wishes:
        number = len(experiment.checkpoints) if at is None else len(at) if at != "last" else 1
        columns[of] = problem.stands_for(of)
        cells += columns[of] * number
        checkpoints = max(checkpoints, number)
    observed = sum(columns.values()) * checkpoints
    batch = experiment.batch if isinstance(experiment.batch, int) else 1
    work = problem.draws(batch) * steps
    if not experiment.noiseless:
        work *= next(look_sizes(problem.d, steps))
    theory = problem.working(len(experiment.method.starts), checkpoints)
    return Estimate(
        known.cells + cells,
        known.experiments + 1,
        max(known.working, theory, 200 * problem.d + 1000 * observed),
        known.work + (work if work <= preset.work else 0),
        known.stored + STORED_BYTES * observed,
    )
