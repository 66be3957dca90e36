"""The results file: what was simulated once need not be simulated again.

Records are found by what their numbers depend on (`nqmbench.address`), never by order, claim or
suite: a new claim, a closer margin or another report uses what is there. Writing is idempotent,
one transaction per increment. A record that no longer fits its SHA-256 counts as missing, is
computed again, and is listed in `damaged`.

    sqlite3 run.sqlite "SELECT * FROM estimates"     what a person reads
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from nqmbench.address import PAIR, Address
from nqmbench.database import MEMORY, Database
from nqmbench.errors import UsageError
from nqmbench.moments import Moments
from nqmbench.records import Record, cut, join, key_of, unite

__all__ = ["Info", "Store"]

KEY = ("code", "subject", "seed", "precision", "first", "trials", "observable")
COLUMNS = (*KEY, "label", "steps", "data", "sha256")
LISTED, MARKS = ", ".join(COLUMNS), ", ".join("?" * len(COLUMNS))

FIND = f"SELECT {LISTED} FROM records WHERE id = ?"
SCAN = f"SELECT id, {', '.join(KEY)} FROM records ORDER BY {', '.join(KEY)}, id"
PUT = f"INSERT OR REPLACE INTO records (id, {LISTED}) VALUES (?, {MARKS})"

Key = tuple[Any, ...]


@dataclass(frozen=True)
class Info:
    """What a results file holds.

    Args:
        path: of the file, or ":memory:".
        size: in bytes.
        records: one per experiment or comparison, increment and observable; damaged ones included.
        experiments: how many; comparisons are none.
        trajectories: of all experiments together.
        damaged: how many of the records are; `Store.damaged` has a sentence for each.
    """

    path: Path
    size: int
    records: int
    experiments: int
    trajectories: int
    damaged: int


@dataclass(eq=False)
class Store:
    """An open results file; made by `Store.open` or `Store.memory`, closed by `with` or `close`.

    All methods may be called from any thread. A forked process gets a clear error.

    >>> import numpy as np
    >>> from nqmbench.moments import of_constant
    >>> address = Address("c0de", "5ub7", 0, "mixed", 0, 32)
    >>> with Store.memory() as store:
    ...     store.save(address, (10, 20), ("error",), of_constant(32, np.array([[0.5], [0.25]])))
    ...     store.load(address, (20,), ("error",)).mean, store.load(address, (20,), ("loss",))
    (array([[0.25]]), None)
    """

    database: Database
    _damaged: dict[str, None] = field(default_factory=dict, repr=False)
    _index: dict[Key, int] | None = field(default=None, repr=False)  # the rows by their keys

    @classmethod
    def open(cls, path: str | Path | None, readonly: bool = False) -> Store:
        """Open a results file, or create it.

        Args:
            path: None keeps the records in memory.
            readonly: for reports; needs no lock, and changes nothing. What a run adds meanwhile
                is found by `records`, not by `load`.

        Raises:
            OutputError: the folder or the file cannot be written.
            LockedError: another process, or this one, has it open for writing.
            DamagedRunError: a foreign, truncated or newer file; it is left untouched.
            DiskError: the disk is full or broken.
            UsageError: `readonly`, and there is no file.
        """
        return cls(Database.open(MEMORY if path is None else Path(path), readonly))

    @classmethod
    def memory(cls) -> Store:
        """A store without a file, for this process only."""
        return cls(Database.open(MEMORY))

    @property
    def path(self) -> Path:
        """Of the file, absolute, or ":memory:"."""
        return self.database.path

    def close(self) -> None:
        """Close the file and release its lock; more than once does no harm."""
        self.database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def damaged(self) -> tuple[str, ...]:
        """A sentence for each damaged record that was met; these are computed again."""
        return tuple(self._damaged)

    def load(self, address: Address, steps: Sequence[int], names: Sequence[str]) -> Moments | None:
        """The stored moments, to the bit, or None if a step or an observable is missing.

        Args:
            address: what they depend on.
            steps: length S.
            names: of the observables, length O; for a comparison whatever it was saved under.

        Returns:
            Moments of shape (S, O), in the order asked for.
        """
        records = []
        with self.database.session() as connection:
            index = self._indexed(connection)
            for name in names:
                key = key_of(address, name)
                record = self._read(connection, key, index.get(key))
                if record is None:
                    return None
                records.append(record)
        return join(records, steps)

    def save(
        self,
        address: Address,
        steps: Sequence[int],
        names: Sequence[str],
        moments: Moments,
        label: str = "",
    ) -> None:
        """Keep the moments of an increment: on the disk when this returns, wholly or not at all.

        What is there already is united with it, step by step.

        Args:
            address: as in `load`.
            steps: increasing, length S.
            names: length O.
            moments: shape (S, O).
            label: how a person calls the experiment.

        Raises:
            DamagedRunError: another number is stored under the same address; nothing is changed.
            DiskError: the disk is full; what was stored is intact.
            ValueError: the labels do not fit the moments.
        """
        self.put(cut(address, steps, names, moments, label))

    def put(self, records: Iterable[Record]) -> None:
        """Keep records in one transaction, such as all of a pass; raises what `save` raises.

        A transaction waits for the disk, far longer than a record takes: fewer are faster.
        """
        with self.database.session() as connection:
            index, self._index = self._indexed(connection), None  # made anew if this fails
            with self.database.transaction():
                for record in records:
                    number = index.get(record.key)
                    known = self._read(connection, record.key, number)
                    united = unite(known, record, str(self.path)) if known else record
                    if united is not known:
                        index[record.key] = self._write(connection, united, number)
            self._index = index

    def expect(self, **facts: Any) -> None:
        """Note what the file is made with, at first; later, refuse anything else.

        Args:
            facts: such as seed=0, precision="mixed"; numbers and words.

        Raises:
            UsageError: the file holds results of another seed or precision; names the difference.
        """
        with self.database.transaction() as connection:
            known = self._facts(connection)
            other = [name for name in facts if known.get(name, facts[name]) != facts[name]]
            if other:
                there = ", ".join(f"{name} {known[name]}" for name in other)
                wanted = ", ".join(f"{name} {facts[name]}" for name in other)
                raise UsageError(
                    f"{self.path}: holds results of {there}, not of {wanted}: "
                    f"choose another --out, or repeat the command with {there}"
                )
            new = {name: value for name, value in facts.items() if name not in known}
            rows = ((k, json.dumps(v), fingerprint(k, v)) for k, v in new.items())
            connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?, ?)", rows)

    @property
    def facts(self) -> dict[str, Any]:
        """What the file is made with, as `expect` has noted it."""
        with self.database.session() as connection:
            return self._facts(connection)

    def records(self) -> Iterator[Record]:
        """All records by address and observable; damaged ones are left out, and noted."""
        with self.database.session() as connection:
            index = self._scanned(connection)
        for key, number in index.items():  # one by one: a writer need not wait for a reader
            with self.database.session() as connection:
                record = self._read(connection, key, number)
            if record:
                yield record

    def codes(self) -> tuple[str, ...]:
        """The versions of the simulation that records are of."""
        with self.database.session() as connection:
            query = "SELECT DISTINCT code FROM records ORDER BY code"
            return tuple(str(row[0]) for row in connection.execute(query))

    def dump(self) -> str:
        """The content as text, a line per record with its SHA-256, the same for every history."""
        return "".join(f"{' '.join(map(str, r.key))} {r.sha256}\n" for r in self.records())

    def info(self) -> Info:
        """What the file holds; every record is read and checked."""
        sound = [record.address for record in self.records()]
        trials = {a: a.trials for a in sound if not a.subject.startswith(PAIR)}
        with self.database.session() as connection:
            size, count = (
                int(connection.execute(query).fetchone()[0])
                for query in (
                    "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
                    "SELECT count(*) FROM records",
                )
            )
        subjects = {address.subject for address in trials}
        return Info(self.path, size, count, len(subjects), sum(trials.values()), count - len(sound))

    def clear(self, keep: str | None = None) -> None:
        """Remove all records and facts, and give the space back.

        Args:
            keep: a code; its records and the facts stay, those of other versions go.
        """
        self._index = None
        with self.database.transaction() as connection:
            if keep is None:
                for table in ("meta", "records", "cells"):
                    connection.execute(f"DELETE FROM {table}")
            else:
                connection.execute("DELETE FROM records WHERE code <> ?", (keep,))
                connection.execute("DELETE FROM cells WHERE record NOT IN (SELECT id FROM records)")
        with self.database.session() as connection:
            connection.execute("VACUUM")
        self._damaged.clear()

    def _indexed(self, connection: Connection) -> dict[Key, int]:
        """The numbers of the rows, by key; this process is the only one to add any."""
        if self._index is None:
            self._index = self._scanned(connection)
        return self._index

    def _scanned(self, connection: Connection) -> dict[Key, int]:
        rows = connection.execute(SCAN)
        return {tuple(map(shared, key)): number for number, *key in rows}

    def _read(self, connection: Connection, key: Key, number: int | None) -> Record | None:
        """The record of a row, or None where damage has put another one, or none."""
        row = None if number is None else connection.execute(FIND, (number,)).fetchone()
        if row is None:
            return None
        record = Record.from_row(row)
        if record is None:
            subject, first, observable, label = row[1], row[4], row[6], row[7]
            self._damaged[
                f"{label or subject}, {observable}, trajectories from {first}: "
                "damaged, and computed again when it is needed"
            ] = None
        return record if record and record.key == key else None

    def _write(self, connection: Connection, record: Record, number: int | None) -> int:
        """Write a row, in the place of another one or a new one; returns its number."""
        written = connection.execute(PUT, (number, *record.to_row())).lastrowid
        if number is not None:
            connection.execute("DELETE FROM cells WHERE record = ?", (number,))
        connection.executemany(
            "INSERT OR REPLACE INTO cells VALUES (?, ?, ?, ?, ?)",
            ((written, *row) for row in record.for_people()),
        )
        return int(written or 0)

    def _facts(self, connection: Connection) -> dict[str, Any]:
        """The facts; a damaged one is noted, and `expect` writes it anew.

        Nothing is lost by that: seed and precision are part of every address.
        """
        found = {}
        for name, value, sha in connection.execute("SELECT key, value, sha256 FROM meta"):
            with contextlib.suppress(TypeError, ValueError):
                known = json.loads(value)
                if fingerprint(name, known) == sha:
                    found[name] = known
                    continue
            self._damaged[f"the file's own {name}: damaged, and noted anew by the next run"] = None
        return found


def shared(value: Any) -> Any:
    """The same text as one object: thousands of keys have few texts."""
    return sys.intern(value) if type(value) is str else value


def fingerprint(name: str, value: Any) -> str:
    """The SHA-256 of a fact."""
    return hashlib.sha256(json.dumps([name, value]).encode()).hexdigest()
