"""The results of a run: four tables and a description, and the folder that keeps them.

    verdicts   one row per claim and case
    cells      one row per cell: a quantity at a checkpoint, its formula, estimate and interval
    estimates  one row per experiment, step and observable
    curves     one row per figure of a suite, panel, curve and step: the mean over all trajectories
               with its 95 % interval, the exact mean, and what one single trajectory did
    about      suites and claims with their typeset formulas; arguments, versions, machine, times

Beside the columns that name a claim and its verdict, `verdicts` and `cells` keep what was compared:

    mends      the ref of the false statement beside which this one stands as the true one
    formula    the value that is claimed: of a claim that of its formula; of an ordering of means 0,
               the claimed upper bound of the difference smaller - larger; of a probability the
               least one claimed; of a check its first number
    exact      by theory: the statistic; of an ordering of means the difference of the exact means,
               of a probability empty, since theory does not know it; of a check its second number
    estimate   by simulation: the statistic; of an ordering the mean difference, trajectory by
               trajectory, or the frequency of "smaller < larger"; of a check empty
    low, high  the interval of the estimate at the level of the suite
    deviation  (estimate - formula) / scale, where the margin is relative to `scale`: the claimed
               value, the mean of the larger side, the claimed probability, or the observable's root
               mean square; of a check (exact - formula) / |formula|

Everything that a report shows is read from here; reports never simulate. Monte Carlo columns are
written by `repr`, exact and formula columns with 12 significant digits, so that the files are the
same to the byte for any number of threads.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nqmbench.arguments import Arguments
from nqmbench.errors import DamagedRunError, UsageError, cannot_write
from nqmbench.files import write_files

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "CELL_COLUMNS", "CURVE_COLUMNS", "ESTIMATE_COLUMNS", "VERDICT_COLUMNS", "Run", "command_of",
    "holds_finished", "load_run",
]  # fmt: skip

VERDICT_COLUMNS = (
    "suite", "claim", "ref", "mends", "case", "of", "statistic", "kind", "verdict", "expected",
    "reason", "margin", "worst_step", "deviation", "formula", "exact", "estimate", "low", "high",
    "trials",
)  # fmt: skip
CELL_COLUMNS = (
    "suite", "claim", "case", "method", "of", "statistic", "step", "formula", "exact", "estimate",
    "low", "high", "region_low", "region_high", "scale", "trials", "verdict",
)  # fmt: skip
ESTIMATE_COLUMNS = (
    "experiment", "step", "observable", "mean", "variance", "mean_se", "variance_se",
    "exact_mean", "exact_variance", "trials",
)  # fmt: skip

CURVE_COLUMNS = (
    "suite", "figure", "panel", "curve", "method", "of", "step", "mean", "low", "high", "exact",
    "single", "trials",
)  # fmt: skip

# Columns that come from formulas: their last digits may differ between versions of libm.
ROUNDED = {"formula", "exact", "exact_mean", "exact_variance", "region_low", "region_high", "scale"}
TABLES = {
    "verdicts": VERDICT_COLUMNS, "cells": CELL_COLUMNS, "estimates": ESTIMATE_COLUMNS,
    "curves": CURVE_COLUMNS,
}  # fmt: skip
# What begins with one of these a spreadsheet takes for a formula, or strips down to one.
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")
LATER = ("curves",)  # tables that folders of older versions do not have


def no_curves() -> pd.DataFrame:
    """The table `curves` of a run without figures of suites."""
    import pandas as pd

    return pd.DataFrame({column: pd.Series(dtype=object) for column in CURVE_COLUMNS})


@dataclass(frozen=True, eq=False)
class Run:
    """A finished run.

    Args:
        verdicts, cells, estimates: the tables, with the columns above.
        about: {"run": arguments, "suites": [...], "machine": {...}}; see `describe.describe`.
        curves: the table behind the figures of suites; empty if there are none.
        stands: True if it was found in its folder, and nothing it depends on had changed.
    """

    verdicts: pd.DataFrame
    cells: pd.DataFrame
    estimates: pd.DataFrame
    about: Mapping[str, Any]
    curves: pd.DataFrame = field(default_factory=no_curves)
    stands: bool = False

    @property
    def exit_code(self) -> int:
        """0 when every verdict is as its suite expects; 1 otherwise.

        With ERROR, INCONSISTENT or a CONFLICT, and where the code of a figure has failed, it is 1.
        """
        return int(self.about["run"]["exit_code"])

    def save(self, folder: Path) -> None:
        """Write the four CSV files and run.json into an existing folder.

        If one cannot be written, what stood there stays.

        Raises:
            OutputError, DiskError: the folder cannot be written, the disk is full.
        """
        try:
            write_files(folder, self._files(), seal="run.json")
        except OSError as error:
            raise cannot_write(folder, error) from error

    def _files(self) -> Iterator[tuple[str, str]]:
        """The names and contents of the files, one after the other; run.json has their digests."""
        digests = {}
        for name, columns in TABLES.items():
            table: pd.DataFrame = getattr(self, name)
            texts = [csv_column(column, table[column]) for column in columns]
            lines = [",".join(columns), *map(",".join, zip(*texts, strict=True))]
            table_text = "\n".join(lines) + "\n"
            digests[name] = hashlib.sha256(table_text.encode()).hexdigest()
            yield f"{name}.csv", table_text
        machine = {**self.about.get("machine", {}), "tables": digests}
        about = without_nan({**self.about, "machine": machine})
        text = json.dumps(about, indent=1, ensure_ascii=False, allow_nan=False)
        yield "run.json", text + "\n"


def load_run(folder: str | Path) -> Run:
    """The run that a folder keeps.

    Args:
        folder: a folder written by `run`, such as "reports/latest"; one of an older version, which
            has no curves.csv, is read as well.

    Raises:
        UsageError: there is no complete run in the folder.
        DamagedRunError: a file of it was damaged or changed.
    """
    import pandas as pd

    checks = Arguments("load_run")
    checks.instance("folder", folder, str | Path, "a run's folder")
    checks.done()
    place = Path(folder)
    needed = ["run.json", *(f"{name}.csv" for name in TABLES if name not in LATER)]
    # os.path: no error where the name is too long, or the folder closed
    missing = [name for name in needed if not os.path.isfile(place / name)]
    if missing:
        raise UsageError(
            f"{place}: not a finished run, {', '.join(missing)} is missing; "
            "allowed: a folder written by `python -m nqmbench run`"
        )
    words = (
        "suite", "claim", "ref", "mends", "case", "of", "statistic", "kind", "verdict",
        "expected", "reason", "method", "experiment", "observable", "figure", "panel", "curve",
    )  # fmt: skip
    texts = dict.fromkeys(words, "str")
    try:
        about = json.loads((place / "run.json").read_text(encoding="utf-8"))
        tables = {
            name: pd.read_csv(
                place / f"{name}.csv", dtype=texts, keep_default_na=False, na_values=[""]
            )
            for name in TABLES
            if name not in LATER or (place / f"{name}.csv").is_file()
        }
    except (ValueError, pd.errors.ParserError) as error:  # what is not JSON, UTF-8 or a table
        raise DamagedRunError(f"{place}: damaged: {error}; run the command again") from error
    for name, table in tables.items():
        if tuple(table.columns) != TABLES[name]:
            raise DamagedRunError(
                f"{place}: {name}.csv has the columns {', '.join(table.columns)}; "
                f"allowed: {', '.join(TABLES[name])}; run the command again"
            )
    for table in tables.values():
        for column in set(texts) & set(table.columns):
            table[column] = table[column].fillna("").str.removeprefix("\t")
        for column in {"worst_step", "step", "trials"} & set(table.columns):
            table[column] = table[column].astype("Int64")
    curves = tables.get("curves", no_curves())
    return Run(tables["verdicts"], tables["cells"], tables["estimates"], about, curves)


def command_of(run: Mapping[str, Any]) -> str:
    """The command that gives a run again, quoted for a shell, without its folder.

    Args:
        run: about["run"]; what is missing is left out.

    >>> command_of({"names": ["sgd", "mom*"], "preset": "quick", "seed": 0, "until": 0.005})
    "python -m nqmbench run sgd 'mom*' --preset quick --seed 0 --until 0.005"
    """
    names = run.get("names")
    words = ["python", "-m", "nqmbench", "run", *(names if isinstance(names, list) else [])]
    if len(words) == 4:
        words.append("all")
    usual = {"precision": "mixed", "suites": "shipped"}
    for option in ("preset", "seed", "precision", "suites", "until"):
        value = run.get(option)
        if value not in (None, "", usual.get(option)):
            words += [f"--{option}", str(value)]
    return shlex.join(words)


def holds_finished(folder: Path) -> bool:
    """True if a folder has a finished run, which a part of one must not replace."""
    try:
        known = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        return not known["run"].get("ending")
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return False


def csv_column(name: str, column: pd.Series[Any]) -> list[str]:
    r"""The fields of a column of a CSV file.

    >>> import pandas as pd
    >>> csv_column("mean", pd.Series([0.1, None])), csv_column("exact", pd.Series([1 / 3]))
    (['0.1', ''], ['0.333333333333'])
    >>> csv_column("reason", pd.Series(["=SUM(A1), twice"]))
    ['"\t=SUM(A1), twice"']
    """
    values = column.tolist()
    if column.dtype == float:  # most are; NaN is what differs from itself
        write = "{:.12g}".format if name in ROUNDED else repr
        return [write(value) if value == value else "" for value in values]
    known = zip(values, column.isna().tolist(), strict=True)
    if name in ROUNDED:
        return ["" if missing else f"{value:.12g}" for value, missing in known]
    return ["" if missing else csv_text(value) for value, missing in known]


def csv_text(value: Any) -> str:
    """One field that is not rounded."""
    if isinstance(value, float):
        return repr(float(value))
    return quoted(value) if isinstance(value, str) else str(int(value))


@lru_cache(maxsize=4096)  # a name stands in every row of its claim or experiment
def quoted(text: str) -> str:
    """A text as a field."""
    # A spreadsheet would take these for formulas; a tab before them makes them text.
    text = "\t" + text if text[:1] in FORMULAS else text
    marked = any(mark in text for mark in ',"\n\r\t')
    return '"' + text.replace('"', '""') + '"' if marked else text


def without_nan(value: Any) -> Any:
    """The value with every NaN and infinity replaced by null, which is all that JSON can say."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(k): without_nan(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(v) for v in value]
    return value
