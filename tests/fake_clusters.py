"""Clusters that are threads of the test, and do what a test wants of them."""

import threading
import time
from concurrent.futures import CancelledError, ThreadPoolExecutor

import numpy as np

from nqmbench.moments import merge_tree, of_values

LANES = 32


class KilledWorker(Exception):  # noqa: N818 - the name by which dask reports it
    """Too many workers died with a task."""


class FakeClient:
    """A client whose workers are threads; `before(n, task)` is called before the n-th task runs."""

    def __init__(self, workers=2, before=lambda number, task: None):
        self.status, self.workers, self.before = "running", workers, before
        self.pool, self.lock = ThreadPoolExecutor(max(workers, 1)), threading.Lock()
        self.tasks, self.most, self.current, self.cancelled = [], 0, 0, 0

    def nthreads(self, callback_timeout):
        return {f"tcp://{n}": 1 for n in range(self.workers)}

    def submit(self, function, task, *, pure, retries):
        assert not pure
        with self.lock:
            number = len(self.tasks)
            self.tasks.append(task)
            self.current += 1
            self.most = max(self.most, self.current)

        def call():
            try:
                self.before(number, task)
                return function(task)
            finally:
                with self.lock:
                    self.current -= 1

        return self.pool.submit(call)

    def close(self, timeout):
        self.status = "closed"

    def cancel(self, futures):
        self.cancelled += len(futures)
        for future in futures:
            future.cancel()


def fake_kernels(bundle, seed, first_block, trials, threads=1, progress=None, kernels="fast"):
    """What `kernels.simulate` promises, with numbers from elsewhere."""
    S, size = len(bundle.programs[0].checkpoints), bundle.superblock

    def superblocks():
        for first in range(0, trials, size):
            block = first_block + first // LANES
            x = np.random.default_rng([seed, block]).gamma(0.3, size=(S, bundle.columns, size))
            yield of_values(x[..., : trials - first])
            if progress is not None:
                progress(min(first + size, trials))

    return merge_tree(superblocks())


def scheduler_lost(number, task):
    """What happens to the futures when the scheduler dies."""
    raise CancelledError


def sometimes_slow(number, task):
    """Let answers arrive in another order than tasks were sent."""
    time.sleep(0.004 * (number * 7 % 5))
