"""The columns and rows of a run's tables, read at once and not group by group.

A table may come from memory or from its file, where some columns have 12 significant digits; here
they have so many in any case, so that both give the same report.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nqmbench.results import ROUNDED

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["numbers", "places", "records", "texts"]


def numbers(table: pd.DataFrame, name: str) -> NDArray[np.float64]:
    """A column of numbers as the file has them; NaN where there is none."""
    import pandas as pd

    if name not in table:
        return np.full(len(table), np.nan)
    found = pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    return np.array([as_written(x) for x in found.tolist()]) if name in ROUNDED else found


def as_written(value: float) -> float:
    """A number with the digits that a table's file has.

    >>> as_written(1 / 3)
    0.333333333333
    """
    return float(f"{value:.12g}")


def texts(table: pd.DataFrame, name: str) -> list[Any]:
    """A column of texts; empty ones where there is none."""
    return table[name].tolist() if name in table else [""] * len(table)


def places(table: pd.DataFrame, keys: Sequence[str]) -> dict[tuple[str, ...], NDArray[np.intp]]:
    """The numbers of the rows that share these texts, in the order of the table."""
    found: dict[tuple[str, ...], list[int]] = {}
    for i, key in enumerate(zip(*(map(str, table[name].tolist()) for name in keys), strict=True)):
        found.setdefault(key, []).append(i)
    return {key: np.array(rows) for key, rows in found.items()}


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows, each as a mapping from the names of the columns."""
    names = [str(name) for name in table.columns]
    columns = [
        [as_written(x) if isinstance(x, float) else x for x in column]
        if name in ROUNDED
        else column
        for name, column in zip(names, (table[c].tolist() for c in table.columns), strict=True)
    ]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
