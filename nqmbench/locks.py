"""One writer at a time: a lock that dies with its process.

The lock is the operating system's own, on a file beside the one to be protected, so a killed
process leaves at most a file, never a lock. What the file says, who holds the lock and since when,
is for people. A record lock of POSIX belongs to the process: a child does not inherit it, and two
places of one process would both get it; these are told apart by a table.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from nqmbench.errors import LockedError, cannot_write

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

__all__ = ["Holder", "Lock", "lock"]

PATIENCE = 0.5  # seconds in which a new holder has surely written who it is
FAR = 2**30  # the locked byte; Windows forbids others to read what is locked


@dataclass(frozen=True)
class Holder:
    """Who holds a lock.

    Args:
        pid: of the process. host: the name of its machine. started: when it took the lock, in UTC.
    """

    pid: int
    host: str
    started: str

    @classmethod
    def this_process(cls) -> Holder:
        """The one who would hold a lock that is taken now."""
        started = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
        return cls(os.getpid(), platform.node(), started)

    @property
    def alive(self) -> bool:
        """False if it is known that there is no such process."""
        if self.host != platform.node() or sys.platform == "win32":
            return True
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except OSError:
            return True
        return True


@dataclass(frozen=True, eq=False)
class Lock:
    """A lock that is held until `release`, or to the end of a `with`."""

    path: Path
    holder: Holder
    descriptor: int = field(repr=False)

    @property
    def side(self) -> Path:
        """The file that carries the lock."""
        return side_file(self.path)

    def release(self) -> None:
        """Let others have it, and remove the side file; harmless in a forked process."""
        if self.holder.pid != os.getpid() or _held.get(self.path) is not self.holder:
            return
        with contextlib.suppress(OSError):  # whoever comes next uses the file as it is
            self.side.unlink(missing_ok=True)
        os.close(self.descriptor)
        del _held[self.path]

    def __enter__(self) -> Lock:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


_held: dict[Path, Holder] = {}  # by this process, or by the one it was forked from


def side_file(path: Path) -> Path:
    """The file beside `path` that carries its lock.

    >>> side_file(Path("reports/run.sqlite")).name
    'run.sqlite.lock'
    """
    return path.with_name(path.name + ".lock")


def lock(path: Path) -> Lock:
    """Take the lock of a file, without waiting for it.

    Args:
        path: the file to be protected, absolute and without links; it need not be there.

    Raises:
        LockedError: somebody has it; names process and time.
        OutputError, DiskError: the side file cannot be written.

    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> held = lock(Path(folder.name) / "run.sqlite")
    >>> try:
    ...     lock(held.path)
    ... except LockedError as error:
    ...     print(error)
    /...run.sqlite: in use by this process (..., since ... UTC): close it there first
    >>> held.release()
    >>> lock(held.path).release()
    >>> folder.cleanup()
    """
    me = Holder.this_process()
    known = _held.get(path)
    if known and known.pid != me.pid:
        del _held[path]  # the parent's, not ours
    known = _held.setdefault(path, me)  # one step, so that of two threads one gets it
    if known is not me:
        raise LockedError(
            f"{path}: in use by this process ({known.pid}, since {known.started}): "
            "close it there first"
        )
    try:
        return Lock(path, me, _take(path, me))
    except BaseException as error:
        del _held[path]
        if isinstance(error, OSError):
            raise cannot_write(side_file(path), error) from error
        raise


def _take(path: Path, me: Holder) -> int:
    """Lock the side file and write the holder into it; returns its descriptor."""
    side = side_file(path)
    while True:
        descriptor = os.open(side, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            if not _try(descriptor):
                raise _refusal(path, descriptor)
            if _is_at(descriptor, side):
                # On a full disk the lock holds all the same, only without the name of its holder.
                with contextlib.suppress(OSError):
                    os.ftruncate(descriptor, 0)
                    os.write(descriptor, json.dumps(asdict(me)).encode())
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # its holder removed it as we opened it: what we locked is a ghost


def _try(descriptor: int) -> bool:
    """Lock a byte of an open file if nobody else has."""
    try:
        if sys.platform == "win32":
            os.lseek(descriptor, FAR, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            os.lseek(descriptor, 0, os.SEEK_SET)
        else:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, FAR)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _is_at(descriptor: int, side: Path) -> bool:
    """True if the open file is still the one of that name."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(side))
    except FileNotFoundError:
        return False


def _refusal(path: Path, descriptor: int) -> LockedError:
    """The error that names the holder of a lock.

    A process that has just taken it may not have written its name yet: then there is none, or that
    of a dead one.
    """
    who = "unknown process"
    for _ in range(50):
        os.lseek(descriptor, 0, os.SEEK_SET)
        with contextlib.suppress(ValueError, TypeError):
            holder = Holder(**json.loads(os.read(descriptor, 4096)))
            elsewhere = "" if holder.host == platform.node() else f" on {holder.host}"
            who = f"process {holder.pid}{elsewhere}, since {holder.started}"
            if holder.alive:
                break
        time.sleep(PATIENCE / 50)
    return LockedError(
        f"{path}: in use by another run ({who}): "
        "wait until it has ended, stop it, or choose another --out"
    )
