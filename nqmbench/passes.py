"""Which experiments are simulated together.

Experiments that an ordering or a figure sets side by side meet the same noise in one **pass**:
trajectory by trajectory their difference can be taken, and the noise is drawn once. All members of
a pass have its checkpoints. Every other experiment is a pass of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from nqmbench.experiment import Experiment

__all__ = ["Contrast", "Pass", "Task", "arrange", "mismatch"]

# One side of a contrast: the key of the task that is simulated, and the name of its observable.
Side = tuple[str, str]


@dataclass(frozen=True)
class Contrast:
    """A paired comparison: smaller - larger, trajectory by trajectory."""

    smaller: Side
    larger: Side


@dataclass(frozen=True)
class Pass:
    """What is simulated under one noise.

    Args:
        tasks: the keys of its experiments. contrasts: the comparisons between them.
    """

    tasks: tuple[str, ...]
    contrasts: tuple[Contrast, ...] = ()


@dataclass(eq=False)
class Task:
    """What has to be simulated once: trajectories, and all checkpoints and observables wanted."""

    template: Experiment
    steps: set[int] = field(default_factory=set)
    names: dict[str, None] = field(default_factory=dict)

    def want(self, steps: Iterable[int], name: str) -> None:
        """Observe something at these steps too."""
        self.steps.update(steps)
        self.names[name] = None

    def experiment(self) -> Experiment:
        """The experiment with the union of what was wanted."""
        e = self.template
        return Experiment(
            e.problem, e.method, e.batch, e.steps, sorted(self.steps), list(self.names)
        )


def mismatch(a: Experiment, b: Experiment) -> str:
    """Why two experiments cannot meet the same noise, or "".

    >>> import nqmbench as nq
    >>> one, two = (nq.Experiment(nq.NoisyQuadratic(h), nq.sgd(0.1)) for h in (1.0, [1.0, 0.1]))
    >>> mismatch(one, two), mismatch(one, one)
    ('dimensions 1 and 2', '')
    """
    for what, seen, other in (
        ("dimensions", a.problem.d, b.problem.d),
        ("noise laws", a.problem.noise, b.problem.noise),
        ("numbers of steps", a.steps, b.steps),
        ("presences of noise", not a.problem.noiseless, not b.problem.noiseless),
    ):
        if seen != other:
            return f"{what} {seen} and {other}"
    sizes, others = a.batch_sizes, b.batch_sizes
    same = (sizes.size == others.size or 1 in (sizes.size, others.size)) and (sizes == others).all()
    if a.problem.noise.name != "gaussian" and not same:
        return f"batches {a.batch} and {b.batch} of a noise that is drawn sample by sample"
    return ""


def arrange(
    tasks: Mapping[str, Task], together: Iterable[Sequence[str]], contrasts: Iterable[Contrast]
) -> tuple[Pass, ...]:
    """The passes of all tasks, in the order of their first mention.

    The tasks of a pass are given the union of their checkpoints.

    Args:
        tasks: by key.
        together: groups of keys that have to share a pass; groups that overlap become one.
        contrasts: between tasks of one group.
    """
    group = {key: [key] for key in tasks}
    for keys in together:
        for key in keys[1:]:
            joined, other = group[keys[0]], group[key]
            if joined is not other:
                joined += other
                group |= dict.fromkeys(other, joined)
    wanted = list(dict.fromkeys(contrasts))
    order = {key: position for position, key in enumerate(tasks)}
    passes = []
    for members in {id(keys): keys for keys in group.values()}.values():
        keys = tuple(sorted(members, key=order.__getitem__))
        steps = {k for key in keys for k in tasks[key].steps}
        for key in keys:
            tasks[key].steps = set(steps)
        passes.append(Pass(keys, tuple(c for c in wanted if c.smaller[0] in keys)))
    return tuple(passes)
