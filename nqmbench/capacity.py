"""What this machine grants a process: memory, and space on a disk.

The smallest of the limits that are set counts: the memory of the machine, that of the process's
control group and every group above it (containers and batch systems limit a process so), and what
its address space may still grow by (`ulimit -v`).
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from nqmbench.threads import ROOT, positive, read, upwards

if sys.platform != "win32":
    import resource

__all__ = ["available_memory", "free_space"]


def available_memory(root: Path = ROOT) -> int | None:
    """The bytes that a process may have; None where the system does not say.

    >>> available_memory() is None or available_memory() > 0
    True
    """
    return min(memory_limits(root), default=None)


def memory_limits(root: Path = ROOT) -> Iterator[int]:
    """Every limit that is set, in bytes."""
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    mount = root / "sys/fs/cgroup"
    for line in read(root / "proc/self/cgroup").splitlines():
        _, _, named = line.partition(":")
        controllers, _, path = named.partition(":")
        if controllers == "":
            mounts, name = [mount, mount / "unified"], "memory.max"
        elif "memory" in controllers.split(","):
            mounts, name = [mount / "memory"], "memory.limit_in_bytes"
        else:
            continue
        for group in upwards(mounts, path):
            limit = positive(read(group / name))  # "max", or a number of 19 digits, is no limit
            if limit is not None:
                yield limit
    if sys.platform != "win32":
        most, _ = resource.getrlimit(resource.RLIMIT_AS)
        if most != resource.RLIM_INFINITY:
            pages = positive(read(root / "proc/self/statm").partition(" ")[0]) or 0
            yield max(most - pages * os.sysconf("SC_PAGE_SIZE"), 0)


def free_space(path: Path) -> int | None:
    """The bytes that are free where a file is, or will be; None where the system does not say.

    >>> free_space(Path("no", "such", "folder", "yet")) > 0
    True
    """
    for folder in path.absolute().parents:
        # One whose name is too long, or whose parent may not be read, is none for this purpose.
        with suppress(OSError):
            if folder.is_dir():
                return shutil.disk_usage(folder).free
    return None
