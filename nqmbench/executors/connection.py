"""The way to a cluster: opened and checked, asked whether it lives, and closed for sure."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from nqmbench.address import code_digest
from nqmbench.errors import ClusterError, UsageError
from nqmbench.executors.task import other_sources

__all__ = ["GOES_ON", "connected", "quiet", "slots", "translated"]

CONNECT = 10.0  # seconds in which a scheduler answers
STARTING = 60.0  # seconds in which workers appear
ANSWER = 5.0  # seconds in which a scheduler says who its workers are
POLL = 0.1
GOES_ON = "and repeat the command, which goes on from what its results file holds"

UNKNOWN = ("No module named 'nqmbench", "deserialization of the task graph")  # how it is said
LOGGERS = ("distributed", "distributed.client", "tornado.application", "asyncio")


@contextmanager
def connected(
    address: str,
    least: int = 1,
    starting: float = STARTING,
    check: Callable[[], object] = lambda: None,
) -> Iterator[Any]:
    """A client of the scheduler at an address, whose workers have the sources of this process.

    Args:
        address: tcp://HOST:PORT.
        least: threads of workers to wait for.
        starting: seconds after which the wait is given up.
        check: called while waiting; raises what makes it useless.

    Raises:
        ClusterError: nobody answers there, or there are fewer workers.
        UsageError: the sources differ.
    """
    from distributed import Client

    try:
        client = Client(address, timeout=CONNECT, set_as_default=False, name="nqmbench")
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"no scheduler answers at {address}: start it (`dask scheduler`) {GOES_ON}"
        ) from error
    try:
        begin = time.monotonic()
        while (found := slots(client)) < least:
            check()
            if time.monotonic() - begin > starting:
                raise ClusterError(
                    f"the cluster at {address} has {found} workers after {starting:.0f} s: start "
                    f"some (`dask worker {address} --nthreads 1`) {GOES_ON}"
                )
            time.sleep(POLL)
        check_sources(client)
        yield client
    finally:
        with suppress(OSError, TimeoutError):
            client.close(timeout=1)


def slots(client: Any) -> int:
    """The number of tasks that a cluster runs at once, 0 if it does not answer."""
    try:
        return sum(client.nthreads(callback_timeout=ANSWER).values())
    except (OSError, TimeoutError, RuntimeError, ValueError):  # as a closed client answers
        return 0


def check_sources(client: Any) -> None:
    """See that all present workers have the sources of this process.

    Those that come later are found out by their first task.

    Raises:
        UsageError: a worker has others, or none.
    """
    for said in client.run(code_digest, on_error="return").values():
        if isinstance(said, Exception):
            raise translated(said) from said
        if said != code_digest():
            raise UsageError(other_sources(code_digest(), said))


def translated(error: Exception) -> Exception:
    """What to raise where something that was sent ended with an error: a clearer one, if there is.

    A task's function travels by name, and the scheduler looks at it too.
    """
    text = str(error)
    if any(sign in text for sign in UNKNOWN):
        return UsageError(
            "the cluster's scheduler and its workers need nqmbench as well: install the same "
            f"version there ({text.splitlines()[0]})"
        )
    return error


@contextmanager
def quiet() -> Iterator[None]:
    """Let the libraries of the cluster log nothing: what matters is said by an exception."""
    import distributed  # noqa: F401 - its import sets the levels

    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.CRITICAL + 1)
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
