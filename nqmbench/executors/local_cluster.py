"""A cluster of this machine, for as long as a run: one worker per core, on loopback only.

Workers are programs of their own and not started through `multiprocessing`, which would import the
caller's script once more. They do not hear Ctrl-C, which is meant for this process; they end with
its scheduler, however this process ends.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO

from nqmbench.errors import ClusterError
from nqmbench.executors.connection import connected
from nqmbench.threads import available_threads

__all__ = ["local_cluster"]

LOOPBACK = "127.0.0.1"
CODE = "import sys; sys.path[:] = {path!r}; from distributed.cli.dask_worker import main; main()"
OPTIONS = (
    "--nthreads=1", "--no-nanny", "--memory-limit=0", "--death-timeout=60", f"--host={LOOPBACK}",
    f"--dashboard-address={LOOPBACK}:0",
)  # fmt: skip
NO_PAGES = {"DASK_DISTRIBUTED__WORKER__HTTP__ROUTES": "[]"}
SETTINGS = {
    "distributed.scheduler.allowed-failures": 1000,  # a task outlives the workers that had it
    "distributed.scheduler.http.routes": [],
}
MANNERS = 0.2  # seconds in which workers that are told to end may do so by themselves


@contextmanager
def local_cluster(workers: int) -> Iterator[Any]:
    """A client of a new cluster of this machine.

    Args:
        workers: 1 or more; not more are started than the machine has cores.

    Raises:
        ClusterError: its workers do not start.
    """
    import dask
    from distributed import LocalCluster

    count = min(workers, available_threads())
    processes: list[subprocess.Popen[bytes]] = []
    with tempfile.TemporaryFile() as log, dask.config.set(SETTINGS):

        def check() -> None:
            if any(process.poll() is not None for process in processes):
                log.seek(0)
                said = log.read().decode(errors="replace").strip().splitlines() or ["no word"]
                raise ClusterError(f"a worker of this machine does not start: {said[-1]}")

        with LocalCluster(
            n_workers=0,
            threads_per_worker=1,
            processes=False,
            protocol="tcp://",
            host=LOOPBACK,
            scheduler_kwargs={"dashboard": False, "dashboard_address": f"{LOOPBACK}:0"},
        ) as cluster:
            address = cluster.scheduler_address
            try:
                processes += [start_worker(address, log) for _ in range(count)]
                with connected(address, count, check=check) as client:
                    yield client
            finally:
                end(processes)


def start_worker(address: str, log: BinaryIO) -> subprocess.Popen[bytes]:
    """A worker of the scheduler at an address."""
    return subprocess.Popen(
        [sys.executable, "-c", CODE.format(path=sys.path), address, *OPTIONS],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        env=os.environ | NO_PAGES,
        start_new_session=True,
    )


def end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """End workers; those that are in the middle of a task are not waited for."""
    for process in processes:
        process.terminate()
    limit = time.monotonic() + MANNERS
    for process in processes:
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, limit - time.monotonic()))
        process.kill()
        process.wait()
