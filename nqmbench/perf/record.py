"""A record is read: pytest-benchmark's JSON with the facts that `perf run` added, checked.

benchmarks[i].param                       the name of the benchmark
benchmarks[i].stats.data                  its times in seconds
benchmarks[i].extra_info.calibration      means of the calibrations before and after each
nqmbench                                  calibration version, machine, versions, revision
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nqmbench.errors import DamagedRunError, UsageError

__all__ = ["FORMAT", "Record", "Samples", "read_record"]

FORMAT = 1

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Samples:
    """The times of one benchmark.

    Args:
        times: seconds, shape (n,).
        calibration: seconds, the mean of the calibrations before and after each, shape (n,).
        turn: the number of the turn of each, shape (n,).
        work: how much a call did, in its unit. threads: on how many threads.
    """

    times: Floats
    calibration: Floats
    turn: NDArray[np.int64]
    work: int
    unit: str
    threads: int

    @property
    def calibrated(self) -> Floats:
        """Times in units of the calibration."""
        return self.times / self.calibration

    @property
    def turns(self) -> Floats:
        """The median of each turn, in units of the calibration."""
        return np.array([np.median(self.calibrated[self.turn == t]) for t in np.unique(self.turn)])


@dataclass(frozen=True, eq=False)
class Record:
    """One run of the benchmarks.

    Args:
        place: the file.
        samples: by name, in the order of the run.
        facts: calibration (its version), machine, versions, settings, revision, load.
    """

    place: Path
    samples: Mapping[str, Samples]
    facts: Mapping[str, Any]

    @property
    def revision(self) -> str:
        """The revision in short, or the version of an installed copy."""
        known = self.facts.get("revision")
        if not known:
            return str(self.facts["versions"]["nqmbench"])
        return f"{known['commit'][:7]}{' with edits' if known['edited'] else ''}"


def read_record(file: str | Path) -> Record:
    """The record that a file keeps.

    Args:
        file: written by `python -m nqmbench perf run`.

    Raises:
        UsageError: there is no such file, or it is something else, or of another format.
        DamagedRunError: it was damaged or changed.
    """
    place = Path(file)
    allowed = "allowed: a file written by `python -m nqmbench perf run`"
    try:
        document = json.loads(place.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{place}: cannot be read ({error.strerror}); {allowed}") from error
    except ValueError as error:  # neither UTF-8 nor JSON
        raise DamagedRunError(f"{place}: damaged: {error}; {allowed}") from error
    if not isinstance(document, dict) or "nqmbench" not in document:
        raise UsageError(f"{place}: not a record of benchmarks; {allowed}")
    try:
        return parse(place, document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        seen = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise DamagedRunError(f"{place}: damaged: {seen}; run the benchmarks again") from error


def parse(place: Path, document: Mapping[str, Any]) -> Record:
    """The record in a document.

    Raises:
        UsageError: another format.
        KeyError, TypeError, ValueError, AttributeError: something is missing or is not what it is.
    """
    facts = document["nqmbench"]
    if facts["format"] != FORMAT:
        raise UsageError(
            f"{place}: format {facts['format']!r}; allowed: {FORMAT}; "
            "read it with the version that wrote it"
        )
    for name in ("machine", "versions", "settings"):
        facts[name].items()
    facts["calibration"], facts["versions"]["nqmbench"]
    if facts.get("revision"):
        facts["revision"]["commit"][:7], facts["revision"]["edited"]
    samples = {entry["param"]: parse_samples(entry) for entry in document["benchmarks"]}
    if not samples or len(samples) < len(document["benchmarks"]):
        raise ValueError("benchmarks are missing or there twice")
    return Record(place, samples, facts)


def parse_samples(entry: Mapping[str, Any]) -> Samples:
    """The samples of one benchmark.

    Raises:
        KeyError, TypeError, ValueError: something is missing or is not what it should be.
    """
    extra = entry["extra_info"]
    times = np.array(entry["stats"]["data"], dtype=np.float64)
    calibration = np.array(extra["calibration"], dtype=np.float64)
    turn = np.array(extra["turn"])
    if times.ndim != 1 or times.size == 0 or times.shape != calibration.shape:
        raise ValueError(
            f"{entry['param']}: {times.size} times beside {calibration.size} calibrations"
        )
    if turn.shape != times.shape or turn.dtype != np.int64:
        raise ValueError(f"{entry['param']}: turns that are not one integer for each time")
    if not all(np.isfinite(x).all() and (x > 0).all() for x in (times, calibration)):
        raise ValueError(f"{entry['param']}: times that are not positive")
    return Samples(
        times, calibration, turn, int(extra["work"]), str(extra["unit"]), int(extra["threads"])
    )
