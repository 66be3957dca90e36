"""How many threads a process may use.

An explicit `threads=` wins over NQMBENCH_THREADS, which wins over what the machine grants.  The
machine grants the smallest of

- the cores that the process may run on (its affinity, which `taskset`, cpusets and, from
  Python 3.13 on, PYTHON_CPU_COUNT narrow),
- the processor time that its control group may use, and every group above it: containers and
  batch systems limit a process so and still show it all cores,
- the cores that Slurm promised its task.

More are accepted, and Numba runs as many as it has (NUMBA_NUM_THREADS): the number changes the time
a run takes and nothing else. A number that nobody can mean is refused.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from nqmbench.arguments import Arguments

__all__ = ["MOST_THREADS", "available_threads", "check_threads", "limits"]

MOST_THREADS = 1024  # more cores than one machine has; a larger number is a slip of the keyboard

ROOT = Path("/")  # where `proc` and `sys` are found; tests give a folder instead


def check_threads(checks: Arguments, seen: Any) -> int:
    """The number of threads asked for: by the argument, by NQMBENCH_THREADS, or all there are.

    Args:
        checks: collects the complaint about a number outside 1..1024.
        seen: the argument; None leaves the choice to the environment.

    >>> check_threads(Arguments("simulate"), 2)
    2
    >>> checks = Arguments("simulate")
    >>> _ = check_threads(checks, -1)
    >>> checks.done()
    Traceback (most recent call last):
        ...
    nqmbench.errors.InvalidArguments: simulate:
      threads: got -1; allowed: an integer in 1..1024
    """
    if seen is not None:
        return checks.integer("threads", seen, 1, MOST_THREADS)
    named = os.environ.get("NQMBENCH_THREADS")
    if named is None:
        return available_threads()
    wanted = positive(named)
    if wanted is None or wanted > MOST_THREADS:
        # An empty value too: whoever sets the variable means something by it.
        allowed = f"an integer in 1..{MOST_THREADS}, or unset"
        checks.complain("NQMBENCH_THREADS", named, allowed)
        return 1
    return wanted


def available_threads() -> int:
    """The number of threads that the machine grants this process, in 1..1024.

    >>> 1 <= available_threads() <= MOST_THREADS
    True
    """
    return min(MOST_THREADS, *limits().values())


def limits(root: Path = ROOT) -> dict[str, int]:
    """Every limit that is set, in threads, by its name; "cores" is always among them."""
    found = {"cores": usable_cores()}
    quotas = list(cgroup_quotas(root))
    if quotas:
        found["cgroup"] = min(quotas)
    # Slurm sets these, not the user, and enforces its promise by affinity or control groups as
    # well: a value that cannot be read is passed over, not a reason to refuse a run.
    # CPUS_ON_NODE counts for all tasks on the node, so the task's own number goes first.
    for name in ("SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE"):
        promised = positive(os.environ.get(name, ""))
        if promised is not None:
            found[name] = promised
            break
    return found


def usable_cores() -> int:
    """The number of cores that this process may run on."""
    counted = getattr(os, "process_cpu_count", None)  # Python 3.13 or newer
    if counted is not None:
        return int(counted() or 1)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cgroup_quotas(root: Path = ROOT) -> Iterator[int]:
    """The cores worth of time that the process's control groups grant, one number per limit.

    A line of /proc/self/cgroup reads `number:controllers:path`; version 2 of control groups names
    no controllers.  A limit holds for all groups below, hence the walk up to the mount.  There a
    container that is shown the path of its host, which does not exist inside, finds its own limit.
    """
    mount = root / "sys/fs/cgroup"
    for line in read(root / "proc/self/cgroup").splitlines():
        _, _, named = line.partition(":")
        controllers, _, path = named.partition(":")
        if controllers == "":
            for group in upwards([mount, mount / "unified"], path):
                quota = read(group / "cpu.max").split()
                yield from cores(*quota) if len(quota) == 2 else ()
        elif "cpu" in controllers.split(","):
            for group in upwards([mount / "cpu", mount / controllers], path):
                quota_us, period_us = group / "cpu.cfs_quota_us", group / "cpu.cfs_period_us"
                yield from cores(read(quota_us), read(period_us))


def upwards(mounts: list[Path], path: str) -> Iterator[Path]:
    """The folders of a control group and of those above it, under each of the mounts."""
    group = PurePosixPath("/", path)
    # A group outside of the process's own name space has a path like /../other.
    inside = group if ".." not in group.parts else PurePosixPath("/")
    for mount in mounts:
        for folder in (inside, *inside.parents):
            yield mount / folder.relative_to("/")


def cores(quota: str, period: str) -> Iterator[int]:
    """The cores that `quota` of time in each `period` amounts to, ceil(quota / period), if any.

    >>> list(cores("150000", "100000")), list(cores("max", "100000")), list(cores("-1", "100000"))
    ([2], [], [])
    """
    granted, each = positive(quota), positive(period)
    if granted is not None and each is not None:
        yield -(-granted // each)


def read(path: Path) -> str:
    """The text of a file, empty if there is none that can be read."""
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except (OSError, ValueError):  # ValueError: a path that no file can have
        return ""


def positive(text: str) -> int | None:
    """The positive whole number that a text consists of, or None.

    >>> [positive(text) for text in ("4", " 08 ", "0", "-1", "1.5", "two", "")]
    [4, 8, None, None, None, None, None]
    """
    # No more than 15 digits: Python refuses to convert some thousands of them, with an exception.
    match = re.fullmatch(r"\s*0*([1-9][0-9]{0,14})\s*", text)
    return int(match[1]) if match else None
