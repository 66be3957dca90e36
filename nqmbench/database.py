"""The SQLite file behind the store: opened by one process, whole after any interruption.

One writer, a rollback journal and full synchronisation: a process may be killed, or the power may
fail, at any moment, and the next one to open the file finds every transaction whole or absent.
SQLite's errors become ours, with what to do about them.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from nqmbench.errors import (
    DamagedRunError,
    DiskError,
    LockedError,
    NqmbenchError,
    OutputError,
    UsageError,
    cannot_write,
)
from nqmbench.locks import Lock, lock
from nqmbench.schema import AGAIN, check_header, check_tables, create_marks, create_tables

__all__ = ["MEMORY", "Database"]

MEMORY = Path(":memory:")
WAIT = 10.0  # seconds for a reader, such as a person's sqlite3, to let go

# A fork while a statement runs would leave the child with half of it: forks wait for this lock.
_busy = threading.RLock()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_busy.acquire, after_in_parent=_busy.release, after_in_child=_busy.release
    )


@dataclass(frozen=True, eq=False)
class Database:
    """An open file, for all threads of the process that opened it.

    Args:
        path: absolute, or `MEMORY`.
        connection: to be used inside `session` or `transaction` only.
        lock: of the writer.
        pid: of the process that opened it.
    """

    path: Path
    connection: sqlite3.Connection = field(repr=False)
    lock: Lock | None = field(default=None, repr=False)
    pid: int = field(default_factory=os.getpid, repr=False)

    @classmethod
    def open(cls, path: Path, readonly: bool = False) -> Database:
        """Open or create a file.

        Args:
            path: of the file, or `MEMORY`.
            readonly: nothing is created or changed, and no lock is taken.

        Raises:
            UsageError: `readonly`, and there is nothing to read.
            DamagedRunError: not ours, damaged, or of a newer version; it is left as it is.
            OutputError, DiskError, LockedError: it cannot be written, or is in use.
        """
        if path == MEMORY:
            return cls(path, connect(path))
        place = path.resolve()
        if readonly:
            if not place.is_file():
                raise UsageError(f"{path}: no results file; allowed: one that a run has written")
            return cls(place, connect(place, readonly))
        held = lock(place)
        try:
            # Closing a file drops all locks of this process on it: only the writer may look. What
            # a journal belongs to is for SQLite to restore first.
            if not journal_of(place).exists():
                check_header(place)
            return cls(place, connect(place), held)
        except BaseException:
            held.release()
            raise

    def close(self) -> None:
        """Close the file and release its lock; more than once, or in a fork, does no harm."""
        if self.pid == os.getpid():
            with _busy:
                self.connection.close()
            if self.lock:
                self.lock.release()

    @contextlib.contextmanager
    def session(self) -> Iterator[sqlite3.Connection]:
        """The connection, for one thread at a time, with errors explained.

        Raises:
            UsageError: in a forked process; two processes on one connection would destroy the file.
        """
        if self.pid != os.getpid():
            raise UsageError(
                f"{self.path}: was opened by process {self.pid}, and process {os.getpid()} was "
                "forked from it: use it there, or open it here after it was closed there"
            )
        with _busy, explained(self.path):
            yield self.connection

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A session whose changes are made together at its end, or not at all."""
        with self.session() as connection, transaction(connection):
            yield connection


def journal_of(path: Path) -> Path:
    """Where SQLite keeps what a transaction overwrites."""
    return path.with_name(path.name + "-journal")


def connect(path: Path, readonly: bool = False) -> sqlite3.Connection:
    """A connection to a file that is ours, or has become ours."""
    with explained(path):
        mode = "ro" if readonly else "rwc"
        name = str(MEMORY) if path == MEMORY else f"{path.as_uri()}?mode={mode}"
        connection = sqlite3.connect(
            name, uri=True, timeout=WAIT, isolation_level=None, check_same_thread=False
        )
        try:
            set_up(connection, readonly)
            check_tables(connection, path)
            if not readonly and journal_of(path).exists():
                # SQLite saw that it is no journal, and removes it when something is written.
                with transaction(connection, creates=True):
                    create_marks(connection)
        except BaseException:
            connection.close()
            raise
        return connection


def set_up(connection: sqlite3.Connection, readonly: bool) -> None:
    """Set what holds for a connection, and create the tables of a new file."""
    connection.text_factory = lambda text: text.decode(errors="replace")  # damage is found later
    for setting in ("cell_size_check = ON", "trusted_schema = OFF", "temp_store = MEMORY"):
        connection.execute(f"PRAGMA {setting}")
    if readonly:
        return
    for setting in ("journal_mode = DELETE", "synchronous = FULL"):
        connection.execute(f"PRAGMA {setting}")
    if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        with transaction(connection, creates=True):
            create_tables(connection)


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection, creates: bool = False) -> Iterator[None]:
    """All or nothing: committed at the end, rolled back by any exception.

    Args:
        connection: to the database.
        creates: tables, and not only rows.
    """
    try:
        if connection.in_transaction:  # an interrupt has struck between two statements
            connection.execute("ROLLBACK")
        connection.execute("BEGIN IMMEDIATE")
        before = connection.total_changes
        yield
        # Even an empty commit would have to wait for readers.
        changed = creates or connection.total_changes != before
        connection.execute("COMMIT" if changed else "ROLLBACK")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):  # SQLite may have rolled back by itself
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours; those in the use of SQLite remain, as they are bugs."""
    try:
        yield
    except (sqlite3.ProgrammingError, sqlite3.InterfaceError):
        raise
    except sqlite3.Error as error:
        raise _explanation(path, error) from error


def _explanation(path: Path, error: sqlite3.Error) -> NqmbenchError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    match code & 0xFF:
        case sqlite3.SQLITE_FULL:
            return DiskError(f"disk full at {path}: free space and repeat the command")
        case sqlite3.SQLITE_IOERR:
            return _probe(path) or DiskError(f"{path}: {error}; repeat the command on a sound disk")
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return LockedError(
                f"{path}: in use by another program, such as sqlite3: close it there and repeat"
            )
        case sqlite3.SQLITE_READONLY if code == sqlite3.SQLITE_READONLY_ROLLBACK:
            return OutputError(
                f"{path}: a run was stopped while writing it: repeat that run's command first"
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return OutputError(f"{path}: cannot be written ({error}); choose another --out")
        case _:
            return DamagedRunError(f"{path}: damaged ({error}): {AGAIN}")


def _probe(path: Path) -> NqmbenchError | None:
    """Why a page could not be written: SQLite says "disk I/O error" of limits and quotas too."""
    try:
        with tempfile.TemporaryFile(dir=path.parent) as file:
            file.seek(path.stat().st_size)
            file.write(bytes(2**16))
            file.flush()
            os.fsync(file.fileno())
    except OSError as problem:
        problem.filename = str(path)
        return cannot_write(path, problem)
    return None
