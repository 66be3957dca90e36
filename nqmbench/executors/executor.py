"""What every executor promises, the one that needs nobody else, and the choice by name."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from nqmbench.arguments import Arguments
from nqmbench.errors import UsageError
from nqmbench.moments import Moments

if TYPE_CHECKING:
    from nqmbench.kernels import AnyBundle

__all__ = ["Executor", "Local", "check_executor", "open_executor"]

LOCAL, CLUSTER = "local", "dask"
ADDRESS = re.compile(CLUSTER + r"=((?:tcp|tls)://[^\s/]+:[0-9]{1,5})")
OWN_PATIENCE = 10.0  # seconds; nobody starts workers of this machine again
ALLOWED = f'"{LOCAL}", "{CLUSTER}" (a cluster of this machine) or "{CLUSTER}=tcp://HOST:PORT"'


class Executor(Protocol):
    """Runs the kernels; the bits are the same whoever does."""

    @property
    def about(self) -> str:
        """Who runs the kernels, in words."""

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
        """The moments of an increment; arguments and bits are those of `kernels.simulate`."""


class Local:
    """The threads of this process."""

    about = LOCAL

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
        """The moments of an increment, by `kernels.simulate`."""
        from nqmbench.kernels import simulate

        return simulate(bundle, seed, first_block, trials, threads, progress, kernels)


def check_executor(checks: Arguments, seen: Any) -> str:
    """The executor asked for, by name.

    Args:
        checks: collects the complaint about anything else.
        seen: "local", "dask" or "dask=tcp://HOST:PORT".

    Raises:
        UsageError: a cluster is asked for, and dask.distributed is not installed.

    >>> check_executor(Arguments("run"), "local")
    'local'
    >>> checks = Arguments("run")
    >>> _ = check_executor(checks, "dask=7")
    >>> checks.done()
    Traceback (most recent call last):
        ...
    nqmbench.errors.InvalidArguments: run:
      executor: got 'dask=7'; allowed: "local", "dask" (a cluster of this machine) or
      "dask=tcp://HOST:PORT"
    """
    if not isinstance(seen, str) or (seen not in (LOCAL, CLUSTER) and not ADDRESS.fullmatch(seen)):
        checks.complain("executor", seen, ALLOWED)
        return LOCAL
    if seen != LOCAL and importlib.util.find_spec("distributed") is None:
        raise UsageError("--executor dask needs the extra: pip install 'nqmbench[dask]'")
    return seen


@contextmanager
def open_executor(named: str, threads: int) -> Iterator[Executor]:
    """The executor of that name, until the block is left.

    Args:
        named: as `check_executor` gives it.
        threads: workers of a cluster of this machine.

    Raises:
        ClusterError: the cluster does not answer or has no workers.
        UsageError: its workers have other sources than this process.
    """
    if named == LOCAL:
        yield Local()
        return
    from nqmbench.executors.cluster import Cluster
    from nqmbench.executors.connection import connected, quiet, slots
    from nqmbench.executors.local_cluster import local_cluster

    address = ADDRESS.fullmatch(named)
    if address:
        with quiet(), connected(address[1]) as client:
            yield Cluster(client, f"the cluster at {address[1]}", slots(client))
    else:
        with quiet(), local_cluster(threads) as client:
            yield Cluster(client, "the cluster of this machine", slots(client), OWN_PATIENCE)
