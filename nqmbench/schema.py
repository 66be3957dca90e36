"""What a results file looks like from outside: its marks, its version, its tables.

A file that is not ours is recognised by its first hundred bytes, before SQLite could change it.
"""

from __future__ import annotations

from pathlib import Path
from sqlite3 import Connection

from nqmbench.errors import DamagedRunError, cannot_write

__all__ = [
    "AGAIN",
    "APPLICATION",
    "SCHEMA_VERSION",
    "check_header",
    "check_tables",
    "create_marks",
    "create_tables",
]

APPLICATION = int.from_bytes(b"nqmb", "big")
SCHEMA_VERSION = 1

# `data` holds the exact numbers; `cells` repeats what a person wants to read, and is never read by
# us. There is no index on the address: the store makes one when it opens the file, and a damaged
# one could hide a record or replace another.
SCHEMA = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT, sha256 TEXT)",
    """CREATE TABLE records (
    id INTEGER PRIMARY KEY,
    code TEXT, subject TEXT, seed TEXT, precision TEXT, first INTEGER, trials INTEGER,
    observable TEXT, label TEXT, steps TEXT, data BLOB, sha256 TEXT)""",
    """CREATE TABLE cells (
    record INTEGER, step INTEGER, mean REAL, variance REAL, mean_se REAL,
    PRIMARY KEY (record, step)) WITHOUT ROWID""",
    """CREATE VIEW estimates AS
    SELECT label AS experiment, observable, step, first AS first_trajectory, trials,
        mean, variance, mean_se
    FROM cells JOIN records ON records.id = cells.record
    ORDER BY label, observable, step, first""",
)

AGAIN = "delete it and repeat the command (its content is computed again), or choose another --out"


def check_header(path: Path) -> None:
    """Refuse what is not ours by its first bytes; an empty file is one that was just begun.

    Raises:
        DamagedRunError: foreign, damaged, or of a newer version.
        OutputError, DiskError: it cannot be read and written.
    """
    try:
        with path.open("r+b") as file:  # SQLite would be content to read only
            head = file.read(100)
    except FileNotFoundError:
        return
    except OSError as error:
        raise cannot_write(path, error) from error
    if not head:
        return
    if len(head) < 100 or not head.startswith(b"SQLite format 3\0"):
        raise DamagedRunError(f"{path}: not a results file of nqmbench, or damaged: {AGAIN}")
    check_marks(path, *(int.from_bytes(head[at : at + 4], "big") for at in (68, 60)))


def check_marks(path: Path, application: int, version: int) -> None:
    """Refuse another application's number, and versions that this one does not know."""
    if application != APPLICATION or version < 1:
        raise DamagedRunError(
            f"{path}: a database of another program, not of nqmbench: choose another --out"
        )
    if version > SCHEMA_VERSION:
        raise DamagedRunError(
            f"{path}: written by a newer nqmbench (schema {version}, this one knows "
            f"{SCHEMA_VERSION}): update nqmbench, or choose another --out"
        )


def create_tables(connection: Connection) -> None:
    """Make an empty database ours, inside a transaction of the caller."""
    create_marks(connection)
    for statement in SCHEMA:
        connection.execute(statement)


def create_marks(connection: Connection) -> None:
    """Write the marks by which a file of ours is known."""
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def check_tables(connection: Connection, path: Path) -> None:
    """Refuse a database whose marks or tables are not ours; views of a person may be added.

    Raises:
        DamagedRunError: says what to do.
    """
    application, version = (
        connection.execute(f"PRAGMA {mark}").fetchone()[0]
        for mark in ("application_id", "user_version")
    )
    check_marks(path, application, version)
    present = dict(connection.execute("SELECT sql, type FROM sqlite_master"))
    if not present.keys() >= set(SCHEMA) or "trigger" in present.values():
        raise DamagedRunError(f"{path}: its tables are damaged or changed: {AGAIN}")
