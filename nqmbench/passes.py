"""Which experiments share a simulation.

Experiments that an ordering or a figure sets side by side meet the same noise in one **pass**:
trajectory by trajectory their difference can be taken, and the noise is drawn once. All members of
a pass have its checkpoints. Every other experiment is a pass of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from nqmbench.experiment import Experiment

__all__ = ["Contrast", "Pass", "Task", "arrange"]


@dataclass(frozen=True)
class Contrast:
    """A paired comparison: smaller - larger, trajectory by trajectory.

    Args:
        smaller, larger: the key of a task, and the name of an observable.
    """

    smaller: tuple[str, str]
    larger: tuple[str, str]


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
        return self.template.observed_at(sorted(self.steps), list(self.names))


def arrange(
    tasks: Mapping[str, Task], groups: Iterable[Sequence[str]], contrasts: Iterable[Contrast]
) -> tuple[Pass, ...]:
    """The passes of all tasks, in the order of their first mention.

    The tasks of a pass are given the union of their checkpoints.

    Args:
        tasks: by key.
        groups: of keys that have to share a pass; groups that overlap become one.
        contrasts: between tasks of one group.
    """
    shared = {key: [key] for key in tasks}  # by key: those of its pass
    for keys in groups:
        for key in keys[1:]:
            joined, other = shared[keys[0]], shared[key]
            if joined is not other:
                joined += other
                shared |= dict.fromkeys(other, joined)
    wanted = list(dict.fromkeys(contrasts))
    order = {key: position for position, key in enumerate(tasks)}
    passes = []
    for members in {id(keys): keys for keys in shared.values()}.values():
        keys = tuple(sorted(members, key=order.__getitem__))
        steps = {k for key in keys for k in tasks[key].steps}
        for key in keys:
            tasks[key].steps = set(steps)
        passes.append(Pass(keys, tuple(c for c in wanted if c.smaller[0] in keys)))
    return tuple(passes)
