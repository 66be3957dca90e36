"""Room on disks and in memory."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from nqmbench.doctor.finding import Finding, Judgement
from nqmbench.threads import ROOT, positive, read, upwards

if TYPE_CHECKING:
    from nqmbench.kept import Tables

__all__ = ["places"]

MIB = 2**20
# In MiB, what is trouble and what is worth a notice. A report with its figures takes some 100, a
# simulation less than 300, with the libraries 700.
REPORTS = 200, 1000
TEMPORARY = 20, 100
MEMORY = 700, 1500


def places() -> Iterator[Finding]:
    """The folder of reports, the one for temporary files, the kept exact tables, and memory."""
    from nqmbench.kept import kept_tables

    yield reports(Path("reports"))
    yield temporary()
    yield exact_tables(kept_tables())
    yield memory()


def reports(folder: Path) -> Finding:
    """Whether reports can be written, and how much room they have."""
    place = next((p for p in (folder, *folder.absolute().parents) if p.exists()), Path(ROOT))
    try:
        with tempfile.TemporaryFile(dir=place):
            free = shutil.disk_usage(place).free
    except OSError as error:
        seen = f"{folder.absolute()}: cannot be written ({error.strerror})"
        return Finding("reports", seen, "trouble", "run elsewhere, or choose --out")
    seen = f"{folder.absolute()}, writable"
    return room("reports", seen, free, REPORTS, "free space, or choose --out on another disk")


def temporary() -> Finding:
    """The folder for temporary files, and its room."""
    try:
        place = tempfile.gettempdir()
    except OSError:
        seen = "no folder for temporary files can be written"
        return Finding("temporary files", seen, "trouble", "set TMPDIR to a folder that can")
    free = shutil.disk_usage(place).free
    return room("temporary files", place, free, TEMPORARY, "set TMPDIR to a larger folder")


def exact_tables(kept: Tables) -> Finding:
    """Where exact tables that took long to find are kept; without them they take long again.

    >>> from nqmbench.kept import Tables
    >>> exact_tables(Tables(Path("cache"), 2, 3 * 2**20))
    Finding(name='exact tables', seen='cache, 3.0 MiB in 2 files', verdict='ok', advice='', part='')
    """
    seen = f"{kept.folder or 'kept nowhere'}, {kept.size / MIB:.1f} MiB in {kept.files} files"
    return Finding("exact tables", seen)


def memory(root: Path = ROOT) -> Finding:
    """The memory that is left for this process."""
    free = free_memory(root)
    if free is None:
        return Finding("memory", "unknown")
    advice = "end other programs, or raise the limit of the container or batch job"
    return room("memory", "", free, MEMORY, advice)


def room(name: str, seen: str, free: int, least: tuple[int, int], advice: str) -> Finding:
    """Free bytes: trouble below the first limit, in MiB, and a notice below the second.

    >>> room("disk", "/data", 50 * 2**20, (20, 100), "free space")
    Finding(name='disk', seen='/data, 50 MiB free', verdict='notice', advice='free space', part='')
    """
    trouble, notice = (level * MIB for level in least)
    verdict: Judgement = "trouble" if free < trouble else "notice" if free < notice else "ok"
    small = free < 10_000 * MIB
    size = f"{free / MIB:,.0f} MiB free" if small else f"{free / 2**30:,.0f} GiB free"
    text = f"{seen}, {size}" if seen else size
    return Finding(name, text, verdict, advice if verdict != "ok" else "")


def free_memory(root: Path = ROOT) -> int | None:
    """The bytes that the system has left, or less if a control group or a limit allows less."""
    available = re.search(r"^MemAvailable: +([0-9]{1,15}) kB", read(root / "proc/meminfo"), re.M)
    found = [int(available[1]) * 1024] if available else []
    mount = root / "sys/fs/cgroup"
    for line in read(root / "proc/self/cgroup").splitlines():
        controllers, _, path = line.partition(":")[2].partition(":")
        if controllers == "":
            for group in upwards([mount, mount / "unified"], path):
                found += left(group / "memory.max", group / "memory.current")
        elif "memory" in controllers.split(","):
            for group in upwards([mount / "memory"], path):
                found += left(group / "memory.limit_in_bytes", group / "memory.usage_in_bytes")
    found += address_space()
    return min(found, default=None)


def left(limit: Path, usage: Path) -> list[int]:
    """What a control group has left, if it has a limit."""
    most, used = positive(read(limit)), positive(read(usage))
    return [max(0, most - (used or 0))] if most is not None else []


def address_space() -> list[int]:
    """The limit of the shell (ulimit -v) in bytes, where there is one."""
    try:
        import resource
    except ImportError:  # Windows
        return []
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return [] if soft == resource.RLIM_INFINITY else [soft]
