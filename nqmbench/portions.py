"""How the trajectories of an increment are shared out, so that the sum has the bits of the whole.

The superblocks of an increment are merged in one fixed binary tree by number (`moments.MergeTree`).
A **portion** is 2^l superblocks whose first number is a multiple of 2^l: a subtree. Whoever
simulates it merges its superblocks as they would be merged in the whole tree, and has one node of
it; the nodes merged in a tree by their number are the whole tree. The last portion may be shorter:
its nodes wait for siblings that never come, and are merged from the smallest to the largest, which
is what the whole tree does with its own end. So portions may be simulated anywhere, in any order
and more than once, and nobody sees it in the digits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Portion", "height", "portions"]


@dataclass(frozen=True)
class Portion:
    """A subtree of an increment.

    Args:
        first: index of its first trajectory in the increment. trials: how many it has.
    """

    first: int
    trials: int


def height(superblock: int, wanted: float) -> int:
    """The l with which a portion has `wanted` trajectories or more, and no smaller one has.

    Args:
        superblock: trajectories of a superblock.
        wanted: trajectories, any number.

    >>> [height(1024, wanted) for wanted in (0.0, 1024, 1025, 5000)]
    [0, 0, 1, 3]
    """
    level = 0
    while superblock << level < wanted:
        level += 1
    return level


def portions(trials: int, superblock: int, level: int) -> Iterator[Portion]:
    """The portions of 2^level superblocks of an increment, in order.

    Args:
        trials: of the increment.
        superblock: trajectories of a superblock.
        level: the height of the subtrees, 0 or more.

    >>> [(p.first, p.trials) for p in portions(5000, 1024, 1)]
    [(0, 2048), (2048, 2048), (4096, 904)]
    """
    size = superblock << level
    for first in range(0, trials, size):
        yield Portion(first, min(size, trials - first))
