"""Figures drawn by other processes, since drawing is work for Python and uses one core.

A worker is a fresh Python that reads claims from its input and writes their files to its output,
both pickled; it ends when its input ends, which happens however this process ends, so no worker is
left behind. It is started as a program of its own and not through `multiprocessing`: that would
fork a process whose compiled threads are running, or else import the caller's script once more.
The words are drawn with the same fonts by the same code, so the bytes are the same as without.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from typing import IO, TYPE_CHECKING, Any

from nqmbench.arguments import Arguments
from nqmbench.threads import check_threads

if TYPE_CHECKING:
    from nqmbench.report.fingerprint import Drawable

__all__ = ["Pool", "pool", "worth"]

FEWEST = 8  # figures that are worth a worker: it takes a second to start, some figures take that
MOST = 4  # workers; each takes some 100 MB
CODE = "import sys; sys.path[:] = {path!r}; from nqmbench.report.workers import serve; serve()"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def worth(figures: int, workers: int | None, threads: int | None = None) -> int:
    """How many workers to start; 0 if this process had better draw alone.

    Args:
        figures: how many are to be drawn.
        workers: the number asked for; None takes one per thread, if there are many figures.
        threads: how many may be used; None for every usable one.

    >>> worth(3, None), worth(3, 2), worth(0, 2), worth(99, None, 1), worth(99, None, 2)
    (0, 2, 0, 0, 2)
    """
    if workers is not None:
        return min(workers, figures)
    usable = check_threads(Arguments("write_report"), threads)
    wanted = min(usable, MOST, figures // FEWEST)
    return wanted if wanted > 1 else 0


class Worker:
    """One process; `draw` hands it a figure and waits for the files."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", CODE.format(path=sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # what goes wrong there is done again here
            env=os.environ | ONE_THREAD,
            start_new_session=True,  # Ctrl-C is meant for this process, which ends its workers
        )

    def draw(self, figure: Drawable) -> dict[str, bytes]:
        """The files of a figure.

        Raises:
            OSError, EOFError, pickle.PickleError: the worker has ended or failed.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        pickle.dump(figure, self.process.stdin)
        self.process.stdin.flush()
        answer: dict[str, bytes] = pickle.load(self.process.stdout)
        return answer

    def end(self) -> None:
        """End the process, whatever it is doing."""
        self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(OSError):  # unsent bytes of a worker that has ended
                    pipe.close()
        self.process.wait()


class Pool:
    """Several workers, each with a thread that hands it one figure after the other."""

    def __init__(self, workers: Sequence[Worker]) -> None:
        self.workers = list(workers)
        self.free: SimpleQueue[Worker] = SimpleQueue()
        for worker in self.workers:
            self.free.put(worker)
        self.threads = ThreadPoolExecutor(max(len(self.workers), 1))

    def draw(self, figures: Sequence[Drawable]) -> list[Future[dict[str, bytes]]]:
        """The files of each figure, when they are ready.

        Without workers, and if one fails, its figure is drawn by whoever asks for it; see `files`.
        """
        return [self.threads.submit(self._draw, figure) for figure in figures]

    def _draw(self, figure: Drawable) -> dict[str, bytes]:
        worker = self.free.get()
        try:
            return worker.draw(figure)
        finally:
            self.free.put(worker)

    def end(self) -> None:
        """End all workers and forget what is not drawn."""
        for worker in self.workers:
            worker.end()
        self.threads.shutdown(wait=True, cancel_futures=True)


@contextmanager
def pool(workers: int) -> Iterator[Pool | None]:
    """So many workers, or None if there are to be none or they cannot be started.

    They end with the block, also when it is left by an exception such as Ctrl-C.
    """
    started: list[Worker] = []
    with suppress(OSError):  # no more processes, no more memory: the others draw, or this process
        while len(started) < workers:
            started.append(Worker())
    group = Pool(started)
    try:
        yield group if started else None
    finally:
        group.end()


def serve() -> None:
    """The worker's side: read figures and write their files until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # nothing but answers may go there
    from nqmbench.report.figures import draw

    for figure in received(requests):
        pickle.dump(draw(figure), answers)
        answers.flush()


def received(requests: IO[bytes]) -> Iterator[Any]:
    """Everything that comes in."""
    while True:
        try:
            yield pickle.load(requests)
        except EOFError:
            return
