"""Results files of shards become one.

A long run may be split over machines, each with a results file of its own. Records are united by
address, so shards may overlap, and the order of joining does not matter.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from nqmbench.errors import UsageError
from nqmbench.store import Store

__all__ = ["merge"]


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
        versions: dict[str, Path] = {}
        for file in (into, *files):
            versions |= dict.fromkeys(file.codes(), file.path)
        if len(versions) > 1:
            (one, there), (other, here), *_ = sorted(versions.items())
            raise UsageError(
                f"{there} and {here} hold results of different versions of the simulation "
                f"({one} and {other}): repeat one of the runs with the version of the other"
            )
        for file in files:
            into.expect(**file.facts)
        into.put(itertools.chain.from_iterable(map(Store.records, files)))
        return tuple(sentence for file in files for sentence in file.damaged)
