"""A run's folder: made and tried out before anything is simulated, and taken by one run alone.

Everything in it is of one selection of suites and one seed; a run of another would replace its
tables, so it is refused. What a killed run has left of temporary files goes.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from nqmbench.errors import UsageError, cannot_write
from nqmbench.files import remove_parts
from nqmbench.locks import Lock, lock

__all__ = ["hold", "take", "try_out"]

FIXED = "seed", "precision", "shard"  # the arguments that decide which numbers there are


def take(place: Path, arguments: Mapping[str, Any], suites: Iterable[str]) -> Lock:
    """Make a folder that of this run, until the lock is released.

    Args:
        place: the folder; it is made if it is not there.
        arguments: seed, precision, shard, and the `names` and `suites` by which the suites were
            found.
        suites: the names of the suites that they stand for.

    Raises:
        OutputError, DiskError: it cannot be made or written.
        LockedError: another run is using it.
        UsageError: it holds a run of other suites, another seed, precision or shard.
    """
    try_out(place)
    held = hold(place)
    try:
        check_same(place, arguments, sorted(suites))
    except BaseException:
        held.release()
        raise
    for folder in (place, place / "figures"):
        remove_parts(folder)
    for fonts in place.glob(".fonts-*"):
        shutil.rmtree(fonts, ignore_errors=True)
    return held


def try_out(place: Path) -> None:
    """Make a folder, unless it is there, and see that files can be written into it.

    Raises:
        OutputError, DiskError: it cannot be made or written.
    """
    try:
        place.mkdir(parents=True, exist_ok=True)
        probe = place / ".write-test"
        probe.write_text("")
        probe.unlink(missing_ok=True)  # another run that is trying it out may have done so
    except OSError as error:
        raise cannot_write(place, error) from error


def hold(place: Path) -> Lock:
    """Take the lock of a folder; whoever has it may write the tables and the report.

    Raises:
        LockedError: somebody else has it. OutputError, DiskError: it cannot be written.
    """
    return lock(place.resolve() / "run.json")


def check_same(place: Path, arguments: Mapping[str, Any], suites: list[str]) -> None:
    """Refuse a folder whose tables are of other suites, another seed or precision.

    The same command always goes on: its suites may have become more. So does one of another preset,
    whose report takes the place of this one and uses the same simulations.
    """
    known: dict[str, Any] = {}
    # Without a run there is nothing to replace, and a damaged one is written anew.
    with contextlib.suppress(OSError, ValueError, LookupError, TypeError):
        about = json.loads((place / "run.json").read_text(encoding="utf-8"))
        known = {name: about["run"][name] for name in ("seed", "precision", "names", "suites")}
        known["shard"] = about["run"].get("shard")
        known["found"] = sorted(suite["name"] for suite in about["suites"])
    if not known:
        return
    for name in FIXED:
        if known[name] != arguments[name]:
            there, wanted = told(name, known[name]), told(name, arguments[name])
            raise UsageError(
                f"{place}: holds results of {there}, not of {wanted}: "
                f"choose another --out, or repeat the command with {there}"
            )
    same = same_folder(known["suites"], arguments["suites"])
    if known["found"] != suites and not (same and known["names"] == arguments["names"]):
        there, wanted = listed(known["found"], suites), listed(suites, known["found"])
        raise UsageError(
            f"{place}: holds a run of the suites {there}, not of {wanted}, which would replace its "
            "tables and its report: choose another --out"
        )
    if not same:
        raise UsageError(
            f"{place}: holds a run of the suites in {known['suites']}, not of those in "
            f"{arguments['suites']}: choose another --out"
        )


def told(name: str, value: Any) -> str:
    """An argument in a message.

    >>> told("seed", 3), told("shard", [1, 4]), told("shard", None)
    ('seed 3', 'shard 1/4', 'the whole run')
    """
    if name == "shard":
        return "the whole run" if value is None else f"shard {'/'.join(map(str, value))}"
    return f"{name} {value}"


def same_folder(one: str, other: str) -> bool:
    """True if two folders of suites are the same; "shipped" is that of the program."""
    if "shipped" in (one, other):
        return one == other
    return Path(one).resolve() == Path(other).resolve()


def listed(names: list[str], others: list[str], most: int = 8) -> str:
    """Some of the names, those that are not among the others first.

    >>> listed(["a", "b", "c"], ["a", "c"], most=2)
    'b, a and 1 more'
    """
    known = set(others)
    told = sorted(names, key=lambda name: (name in known, name))
    more = f" and {len(told) - most} more" if len(told) > most else ""
    return ", ".join(told[:most]) + more
