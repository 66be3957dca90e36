"""Results files of shards become one.

A long run may be split over machines, each with a results file of its own. Records are united by
address, so shards may overlap, and the order of joining does not matter.
"""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from nqmbench.errors import UsageError
from nqmbench.results import command_of
from nqmbench.store import Store

__all__ = ["merge", "whole_command"]


def merge(sources: Sequence[str | Path], target: str | Path) -> tuple[str, ...]:
    """Put the records of several results files into one, all or none.

    Args:
        sources: results files; they are only read.
        target: a results file, created if it is not there; may be one of the sources.

    Returns:
        A sentence for each record of a source that is damaged, and was left out.

    Raises:
        UsageError: the files are of different seeds, precisions or versions of the simulation.
        DamagedRunError: two files have different numbers for the same simulation.
        OutputError, LockedError, DiskError: as in `Store.open`.
    """
    with ExitStack() as stack:
        into = stack.enter_context(Store.open(target))
        others = list(dict.fromkeys(Path(source).resolve() for source in sources))
        files = [
            stack.enter_context(Store.open(path, readonly=True))
            for path in others if path != into.path
        ]  # fmt: skip
        check_alike([into, *files])
        for file in files:
            into.expect(**file.facts)
        into.put(itertools.chain.from_iterable(map(Store.records, files)))
        return tuple(sentence for file in files for sentence in file.damaged)


def check_alike(files: Sequence[Store]) -> None:
    """Refuse files that do not belong together, before anything is written.

    Raises:
        UsageError: names the first difference and the two files.
    """
    known: dict[str, tuple[Any, Path]] = {}
    for file in files:
        versions = [("version of the simulation", code) for code in file.codes()]
        for name, value in [*file.facts.items(), *versions]:
            before, place = known.setdefault(name, (value, file.path))
            if before != value:
                raise UsageError(
                    f"{place} holds results of {name} {before}, {file.path} of {name} {value}: "
                    "merge files of one seed, one precision and one version only"
                )


def whole_command(runs: Sequence[Path]) -> str:
    """The command of the whole run whose shards are in these folders, without its folder.

    Args:
        runs: folders of runs; of one that was killed, and of a results file, it is not known.

    Raises:
        UsageError: the folders are of runs with different arguments.
    """
    known: dict[str, Path] = {}
    for run in runs:
        with contextlib.suppress(OSError, ValueError, LookupError, TypeError, AttributeError):
            about = json.loads((run / "run.json").read_text(encoding="utf-8"))["run"]
            known.setdefault(command_of(about), run)
    if len(known) > 1:
        (one, a), (other, b) = list(known.items())[:2]
        raise UsageError(f"{a} is of `{one}`, {b} of `{other}`: merge the shards of one run only")
    return next(iter(known), "python -m nqmbench run SUITE...")
