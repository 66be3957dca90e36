"""Tasks under way: sent a few at a time, sent again where that helps, called back at the end."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

from nqmbench.errors import ClusterError
from nqmbench.executors.connection import GOES_ON, slots, translated
from nqmbench.executors.task import Answer, Task, run_task

__all__ = ["Flights"]

AHEAD = 2  # tasks per thread of a worker: one that runs, and one that waits at its door
MOST_AHEAD = 16  # tasks per thread from the oldest one under way to the newest one sent
RETRIES = 3  # of a task that failed, on whatever worker
LIVES = 3  # how often a task may cost the cluster as many workers as its scheduler allows
TICK = 0.25  # seconds between two looks around while nothing lands
LOOK = 1.0  # seconds between two looks at the workers
FETCH = 10.0  # seconds in which an answer is fetched, unless its worker is lost meanwhile


@dataclass(eq=False)
class Flight:
    """A task under way.

    Args:
        task: what is sent. future: of its answer, when it is sent. answer: when it has landed.
        lives: how often it may still be given up for all the workers that it cost.
    """

    task: Task
    future: Any = None
    answer: Answer | None = None
    lives: int = LIVES


class Flights:
    """The tasks of one increment, on a cluster.

    Args:
        client: of the scheduler.
        place: names the cluster in messages.
        patience: seconds that it may be without any worker.
    """

    def __init__(self, client: Any, place: str, patience: float) -> None:
        self.client, self.place, self.patience = client, place, patience
        self.order: deque[Flight] = deque()
        self.landed: SimpleQueue[Flight] = SimpleQueue()
        self.threads = 1  # of all workers
        self.alive, self.looked = time.monotonic(), 0.0

    def answers(
        self, tasks: Iterable[Task], tick: Callable[[int], object]
    ) -> Generator[Answer, None, None]:
        """The answers, in the order of the tasks.

        Args:
            tasks: any number; they are drawn when they are sent.
            tick: called with the number of trajectories done, every `TICK` seconds at least.

        Raises:
            ClusterError: the cluster is gone, or its workers die one after the other.
            UsageError: a worker has other sources than this process.
        """
        waiting, flying, done = iter(tasks), 0, 0
        try:
            while True:
                self._look()
                while flying < AHEAD * self.threads and len(self.order) < MOST_AHEAD * self.threads:
                    task = next(waiting, None)
                    if task is None:
                        break
                    self.order.append(Flight(task))
                    self._send(self.order[-1])
                    flying += 1
                if not self.order:
                    return
                answer = self._next_landed()
                if answer is not None:
                    flying, done = flying - 1, done + answer.trials
                tick(done)
                while self.order and (first := self.order[0].answer) is not None:
                    self.order.popleft()
                    yield first
        finally:
            self._call_back()

    def _send(self, flight: Flight) -> None:
        """Send a task; its flight lands when it has ended, well or not."""
        # Its key is new each time: a second run must not be given what a scheduler remembers.
        flight.future = self.client.submit(run_task, flight.task, pure=False, retries=RETRIES)
        flight.future.add_done_callback(lambda _: self.landed.put(flight))

    def _next_landed(self) -> Answer | None:
        """The next answer, or None if none has come for a moment or a task was sent again."""
        try:
            flight = self.landed.get(timeout=TICK)
        except Empty:
            return None
        future = flight.future
        try:
            flight.answer = future.result(timeout=FETCH)
            flight.future = None  # the cluster may forget it
        except TimeoutError:  # its worker was lost after it had ended: it is done again
            future.add_done_callback(lambda _: self.landed.put(flight))
        except CancelledError as error:
            raise self._gone("does not answer any more: start it again") from error
        except Exception as error:
            if type(error).__name__ != "KilledWorker":
                raise translated(error) from error
            flight.lives -= 1
            if not flight.lives:
                raise self._gone(
                    "loses every worker that one task is given to, perhaps for lack of memory: "
                    "start fewer workers per machine"
                ) from error
            self._send(flight)
        return flight.answer

    def _look(self) -> None:
        """See once in a while how many workers there are.

        Raises:
            ClusterError: the scheduler is lost, or there has been no worker for too long.
        """
        now = time.monotonic()
        if self.client.status != "running":
            raise self._gone("does not answer any more: start it again")
        if now - self.looked < LOOK:
            return
        threads, self.looked = slots(self.client), now
        if threads:
            self.threads, self.alive = threads, now
        elif now - self.alive > self.patience:
            raise self._gone("has no worker any more: see that it has some")

    def _gone(self, what: str) -> ClusterError:
        return ClusterError(f"{self.place} {what} {GOES_ON}")

    def _call_back(self) -> None:
        """Cancel what is under way."""
        futures = [flight.future for flight in self.order if flight.future is not None]
        self.order.clear()
        if futures and self.client.status == "running":
            with suppress(Exception):  # of a cluster that is gone in this moment
                self.client.cancel(futures)
