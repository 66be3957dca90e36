"""What the results file keeps: the moments of one observable over one increment of trajectories.

A record is a table with a column per step; its rows are the mean and the central sums M_2, ...,
M_12. It carries a SHA-256 over its address, its labels and its numbers, since a database notices a
damaged page only where the damage breaks its own structure. Records of one address and observable
are united: what both have must be the same to the bit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nqmbench.address import Address
from nqmbench.errors import DamagedRunError
from nqmbench.moments import ORDERS, Moments

__all__ = ["Record", "cut", "join", "key_of", "unite"]

ROWS = 1 + len(ORDERS)

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Record:
    """The moments of one observable at some steps.

    Args:
        address: what they depend on.
        observable: its name.
        steps: increasing, length S.
        table: the mean and the central sums to order 12, shape (12, S).
        label: what a person calls the experiment; no part of the content.
    """

    address: Address
    observable: str
    steps: tuple[int, ...]
    table: Floats
    label: str = ""

    @property
    def data(self) -> bytes:
        """The numbers as 64-bit floats, little-endian, row by row."""
        return np.ascontiguousarray(self.table, dtype="<f8").tobytes()

    @property
    def key(self) -> tuple[Any, ...]:
        """What the record is found by."""
        return key_of(self.address, self.observable)

    @cached_property
    def sha256(self) -> str:
        """Over address, labels and numbers."""
        labels = json.dumps([*self.key, self.steps])
        return hashlib.sha256(labels.encode() + b"\0" + self.data).hexdigest()

    @property
    def name(self) -> str:
        """How messages call it."""
        what = self.label or self.address.subject[:12]
        return f"{what}, {self.observable}, trajectories {self.address.trajectories}"

    def at(self, steps: Sequence[int]) -> Floats | None:
        """The columns of these steps, shape (12, S), or None if one is missing."""
        column = {step: c for c, step in enumerate(self.steps)}
        if not column.keys() >= set(steps):
            return None
        return self.table[:, [column[step] for step in steps]]

    def to_row(self) -> tuple[Any, ...]:
        """The columns of the results file."""
        return (*self.key, self.label, json.dumps(self.steps), self.data, self.sha256)

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Record | None:
        """The record of a row of the results file, or None if it is not what was written."""
        try:
            code, subject, seed, precision, first, trials, observable, label, steps, data, sha = row
            known = tuple(json.loads(steps))
            table = np.frombuffer(data, dtype="<f8").reshape(ROWS, len(known))
            address = Address(code, subject, int(seed), precision, first, trials)
            record = cls(address, observable, known, table.astype(np.float64), label)
            return record if record.sha256 == sha else None
        except (TypeError, ValueError):  # the damage has changed a type or a length
            return None

    def for_people(self) -> Iterator[tuple[int, float, float, float]]:
        """Step, mean, variance and standard error of the mean, as rows."""
        n, table = self.address.trials, self.table[:, :, None]
        moments = Moments(n, table[0], table[1:])
        mean, variance = moments.mean_estimate(), moments.variance_estimate()
        columns = (mean.value, variance.value, mean.error)
        return zip(self.steps, *(c[:, 0].tolist() for c in columns), strict=True)


def key_of(address: Address, observable: str) -> tuple[Any, ...]:
    """What a record is found by, in columns; a seed may be beyond SQLite's integers."""
    a = address
    return (a.code, a.subject, str(a.seed), a.precision, a.first, a.trials, observable)


def cut(
    address: Address, steps: Sequence[int], names: Sequence[str], moments: Moments, label: str = ""
) -> list[Record]:
    """The records of an increment, one per observable.

    Every NaN becomes the same NaN: it has no digits, and its bits are the processor's whim.

    Args:
        address: of all of them.
        steps: increasing, length S.
        names: of the observables, distinct, length O.
        moments: `address.trials` values per cell, shape (S, O).
        label: for people.

    Raises:
        ValueError: the lengths or the number of values do not fit together.
    """
    shape = (len(steps), len(names))
    if moments.mean.shape != shape or moments.count != address.trials:
        raise ValueError(
            f"moments of {moments.count} values of shape {moments.mean.shape}; "
            f"the labels say {address.trials} and {shape}"
        )
    table = np.concatenate([moments.mean[None], moments.central])
    table = np.where(np.isnan(table), np.nan, table)
    known = tuple(map(int, steps))
    return [Record(address, name, known, table[:, :, o], label) for o, name in enumerate(names)]


def join(records: Sequence[Record], steps: Sequence[int]) -> Moments | None:
    """The moments of several observables of one address, or None if a step is missing.

    >>> from nqmbench.moments import of_constant
    >>> address = Address("c0de", "5ub7", 0, "mixed", 0, 32)
    >>> moments = of_constant(32, np.array([[1.0, 2.0], [3.0, 4.0]]))
    >>> records = cut(address, (10, 20), ("error", "loss"), moments)
    >>> join(records, (20,)).mean
    array([[3., 4.]])
    >>> join(records, (15, 20)) is None
    True
    """
    tables = [record.at(steps) for record in records]
    found = [table for table in tables if table is not None]
    if len(found) < len(tables) or not found:
        return None
    table = np.stack(found, axis=2)
    return Moments(records[0].address.trials, table[0], table[1:])


def unite(known: Record, more: Record, place: str = "") -> Record:
    """The record with the steps of both; `known` itself if it has all of them.

    Args:
        known: what is kept.
        more: of the same address and observable.
        place: where `known` is kept, for the message.

    Raises:
        DamagedRunError: they differ at a step that both have.
    """
    column = dict(zip(known.steps, known.table.T, strict=True))
    for step, now in zip(more.steps, more.table.T, strict=True):
        before = column.setdefault(step, now)
        if before.tobytes() != now.tobytes():
            raise DamagedRunError(
                f"{place}: two results of the same simulation ({known.name}, step {step}): "
                f"mean {before[0]} is stored, {now[0]} was found now. This is damage or a bug of "
                "nqmbench, please report it; to go on choose another --out"
            )
    if len(column) == len(known.steps):
        return known
    steps = tuple(sorted(column))
    return replace(known, steps=steps, table=np.stack([column[step] for step in steps], axis=1))
