"""An executor that sends portions of an increment to the workers of a dask.distributed cluster.

A portion takes a second or more, so that the cost of sending it, some milliseconds, does not matter
and a worker that is lost takes little with it. The answers are merged in the order of the portions,
whoever gives them and whenever: the bits are those of one thread. The cluster itself never adds
anything up, since its order would be that of arrival. An increment that is not worth two portions
is simulated here.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nqmbench.arguments import count
from nqmbench.executors.executor import Local
from nqmbench.executors.flights import Flights
from nqmbench.executors.task import Answer, make_task, traffic
from nqmbench.moments import Moments, merge_tree
from nqmbench.portions import height, portions

if TYPE_CHECKING:
    from nqmbench.kernels import AnyBundle

__all__ = ["Cluster"]

SECONDS = 1.0  # that a portion takes at least
RATE = 2e9  # work per second of a core, until a faster one has been seen
LARGEST_TRAFFIC = 32 * 2**20  # bytes of a task and its answer; what needs more stays here
SHORTEST = 0.1  # seconds: what took less says nothing about a worker's speed
PATIENCE = 60.0  # seconds that a cluster may be without any worker


@dataclass(eq=False)
class Cluster:
    """The workers of a cluster.

    Args:
        client: of its scheduler.
        place: names the cluster in messages.
        threads: of its workers, at the beginning.
        patience: seconds that it may be without any worker.
        rate: work per second of the fastest worker seen.
    """

    client: Any
    place: str
    threads: int
    patience: float = PATIENCE
    rate: float = RATE

    @property
    def about(self) -> str:
        """Who runs the kernels, in words."""
        return f"dask, {count(self.threads, 'thread')} of {self.place}"

    def simulate(
        self,
        bundle: AnyBundle,
        seed: int,
        first_block: int,
        trials: int,
        threads: int = 1,
        progress: Callable[[int], object] | None = None,
        kernels: str = "fast",
    ) -> Moments:
        """The moments of an increment; arguments and bits are those of `kernels.simulate`.

        Args:
            bundle: the programs and their contrasts.
            seed: 0..2^64-1.
            first_block: the number of the first block.
            trials: how many trajectories.
            threads: of this process, for an increment that is not worth a cluster.
            progress: called with the number of trajectories done, several times a second.
            kernels: "fast" or "plain".

        Raises:
            ClusterError: the cluster is gone, or its workers die one after the other.
            UsageError: a worker has other sources than this process.
        """
        each, superblock = bundle.work, bundle.superblock
        level = height(superblock, self.rate * SECONDS / each)
        if trials <= superblock << level or traffic(bundle) > LARGEST_TRAFFIC:
            return Local().simulate(bundle, seed, first_block, trials, threads, progress, kernels)
        tasks = (
            make_task(bundle, seed, first_block, portion, kernels)
            for portion in portions(trials, superblock, level)
        )
        told = progress or (lambda done: None)
        flights = Flights(self.client, self.place, self.patience)
        with closing(flights.answers(tasks, told)) as answers:
            return merge_tree(self._heard(answer, each) for answer in answers)

    def _heard(self, answer: Answer, each: float) -> Moments:
        """The moments of an answer, after a look at how fast it came; `each` trajectory's work."""
        self.rate = max(self.rate, answer.trials * each / max(answer.seconds, SHORTEST))
        return Moments(answer.trials, answer.mean, answer.central)
