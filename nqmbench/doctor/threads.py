"""How many threads run, and why not more."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from nqmbench.arguments import Arguments
from nqmbench.doctor.finding import Finding
from nqmbench.errors import InvalidArguments
from nqmbench.threads import available_threads, check_threads, limits

__all__ = ["threads"]

REASONS = {"cores": "affinity", "cgroup": "control group"}


def threads() -> Iterator[Finding]:
    """What the machine grants, what the environment asks for, what runs, and on which layer."""
    from nqmbench.kernels import usable_threads

    yield granted(limits(), os.cpu_count() or 1)
    checks = Arguments("doctor")
    wanted = check_threads(checks, None)
    try:
        checks.done()
    except InvalidArguments as error:
        said = " ".join(str(error).split()).removeprefix("doctor: ")
        yield Finding("used", said, "trouble", "unset NQMBENCH_THREADS, or mend it")
        return
    yield used(wanted, usable_threads(wanted), available_threads())
    yield from layer()


def granted(limits: Mapping[str, int], cores: int) -> Finding:
    """The smallest limit, with all that are set."""
    least = min(limits.values())
    listed = ", ".join(f"{REASONS.get(name, name)} {n}" for name, n in limits.items())
    return Finding("granted", f"{least} of {cores} cores ({listed})")


def used(wanted: int, usable: int, available: int) -> Finding:
    """The number of threads that a run without --threads uses.

    Args:
        wanted: by NQMBENCH_THREADS or, without it, by the machine.
        usable: of these, by Numba.
        available: what the machine grants.
    """
    by = "as granted" if "NQMBENCH_THREADS" not in os.environ else f"NQMBENCH_THREADS={wanted}"
    seen = f"{usable} ({by})"
    if usable < wanted:
        advice = f"{wanted} are asked for, and Numba has {usable}: see NUMBA_NUM_THREADS"
        return Finding("used", seen, "notice", advice)
    if usable > available:
        advice = f"more than the {available} granted: unset NQMBENCH_THREADS, they only wait"
        return Finding("used", seen, "notice", advice)
    return Finding("used", seen)


def layer() -> Iterator[Finding]:
    """What Numba's threads are made of, and what that forbids."""
    from nqmbench.kernels.machine import threading_layer

    name = "threading layer"
    try:
        found = threading_layer()
    except ValueError as error:  # the user's choice does not exist here
        said = " ".join(str(error).split())
        yield Finding(name, said[:100], "trouble", "unset NUMBA_THREADING_LAYER")
        return
    if found == "omp":
        advice = (
            "a process forked after a simulation simulates on one thread, and waiting threads use"
            " their cores: start processes by spawn, or unset NUMBA_THREADING_LAYER"
        )
        yield Finding(name, found, "notice", advice)
    elif found == "workqueue":
        advice = (
            "only if your own program runs parallel Numba code in another Python thread: set"
            " NUMBA_THREADING_LAYER=omp"
        )
        yield Finding(name, found, "ok", advice)
    else:
        yield Finding(name, found)
