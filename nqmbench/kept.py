"""Exact numbers that took long to find, kept for this process and for later ones.

A table is some numbers that depend on nothing but the experiment, the sources that find them, and
the libraries that multiply. So it has an address made of these, and is kept under it: in memory,
and as a file in the user's cache folder beside the compiled kernels. Cheap tables never touch the
disk. A kept table has the bits that were found.

A file is a line with the SHA-256 of the rest, a line with the address, and the numbers. It is
written whole or not at all; one that is damaged, cut off or foreign is found out, and replaced when
the table has been found again. Where the folder cannot be written, or the disk is full, every
process finds the table for itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import platform
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nqmbench.cache_folder import chosen_folder
from nqmbench.exact_moments import ExactMoments
from nqmbench.experiment import Experiment
from nqmbench.files import write_shared
from nqmbench.recent import Recent

__all__ = ["Tables", "found_once", "kept_tables", "numbers_once", "source_digest"]

Floats = NDArray[np.float64]

DEAR = 0.5  # estimated seconds, from which on a table is kept
LARGEST = 2**22  # bytes of a table that is kept
FILES = 64  # the newest of them stay
IN_MEMORY = 16  # those that were used last
SUFFIX = ".table"
PARTS = ("mean", "variance", "skewness", "kurtosis")

# What the numbers depend on, beside the experiment's key: of the problem what is derived from its
# data, of the recursion the step at t, and this module for the format of the files.
SOURCES = (
    "experiment.py", "problem.py", "least_squares.py", "gaussian_rows.py", "observables.py",
    "method.py", "recursion.py", "schedules.py", "exact_moments.py", "row_noise.py",
    "row_recursion.py", "row_readings.py", "row_shapes.py", "row_theory.py", "moment_maps.py",
    "mean_square.py", "stability.py", "kept.py",
)  # fmt: skip


@dataclass(frozen=True)
class Tables:
    """What is kept on disk.

    Args:
        folder: where; None where there is no such place.
        files: how many. size: of all, in bytes.
    """

    folder: Path | None
    files: int
    size: int


_known = Recent[bytes](IN_MEMORY)


def found_once(
    experiment: Experiment, seconds: float, find: Callable[[Experiment], ExactMoments]
) -> ExactMoments:
    """The exact moments of an experiment: those that are kept, or else found, and then kept.

    Args:
        experiment: whose moments.
        seconds: an estimate of what finding them takes.
        find: finds them.
    """
    steps = np.array(experiment.checkpoints, dtype=np.float64)
    names = tuple(o.name for o in experiment.observed)
    shape = len(PARTS), len(steps), len(names)
    if seconds < DEAR or too_many(shape):
        return find(experiment)

    def numbers() -> Floats:
        anew = find(experiment)
        return np.stack([anew.of(part) for part in PARTS])

    mean, variance, *rest = numbers_once(experiment.key, seconds, shape, numbers)
    skewness, kurtosis = rest
    return ExactMoments(steps, names, mean, variance, lambda: (skewness, kurtosis))


def numbers_once(
    key: str, seconds: float, shape: tuple[int, ...], find: Callable[[], Floats]
) -> Floats:
    """Any numbers: those that are kept, or else found, and then kept. They cannot be written to.

    Args:
        key: a word that names what they are and all that they depend on beside sources and
            libraries.
        seconds: an estimate of what finding them takes.
        shape: of the array.
        find: finds them.
    """
    if seconds < DEAR or too_many(shape):
        return find()
    address = address_of(key)
    content = _known.get(address) or read(address, 8 * math.prod(shape))
    if content is None:
        content = np.asarray(find(), "<f8").tobytes()
        keep(address, content)
    _known.put(address, content)
    return np.frombuffer(content, "<f8").reshape(shape)


def too_many(shape: tuple[int, ...]) -> bool:
    """True for numbers that take more room than is worth it."""
    return 8 * math.prod(shape) > LARGEST


def address_of(key: str) -> str:
    """Everything that the numbers depend on, in a line."""
    return " ".join((key, source_digest(), *libraries()))


@cache
def source_digest() -> str:
    """A digest of the sources on which exact tables depend, as this process found them.

    >>> len(source_digest()), source_digest() == source_digest()
    (24, True)
    """
    digest = hashlib.sha256()
    for name in SOURCES:
        source = (Path(__file__).parent / name).read_bytes().replace(b"\r\n", b"\n")
        digest.update(name.encode() + b"\0" + source + b"\0")
    return digest.hexdigest()[:24]


@cache
def libraries() -> tuple[str, str, str]:
    """Versions of the libraries that multiply, and the kind of processor."""
    import scipy

    return f"numpy-{np.__version__}", f"scipy-{scipy.__version__}", platform.machine() or "unknown"


def kept_tables() -> Tables:
    """What is kept on disk, whatever version of the program has found it."""
    sizes = []
    for path in kept_files():
        with contextlib.suppress(OSError):
            sizes.append(path.stat().st_size)
    return Tables(tables_folder(), len(sizes), sum(sizes))


def tables_folder() -> Path | None:
    """Where tables are kept; None where there is no such place."""
    folder, _ = chosen_folder()
    return folder and folder / "exact"


def kept_files() -> list[Path]:
    """The kept tables, and what killed processes have left beside them, the newest first."""
    folder, aged = tables_folder(), []
    with contextlib.suppress(OSError):
        for path in folder.iterdir() if folder else ():
            if path.suffix in (SUFFIX, ".part"):
                with contextlib.suppress(OSError):  # another process has just removed it
                    aged.append((path.stat().st_mtime, path))
    return [path for _, path in sorted(aged, reverse=True)]


def path_of(address: str) -> Path | None:
    """The file of a table."""
    folder, name = tables_folder(), hashlib.sha256(address.encode()).hexdigest()
    return folder and folder / f"{name[:40]}{SUFFIX}"


def read(address: str, size: int) -> bytes | None:
    """The numbers in a file, so many bytes; None where there is none, or one not to be trusted."""
    path = path_of(address)
    try:
        content = path.read_bytes() if path else b""
    except OSError:
        return None
    stated, _, rest = content.partition(b"\n")
    named, _, numbers = rest.partition(b"\n")
    sound = hashlib.sha256(rest).hexdigest().encode() == stated
    return numbers if sound and named == address.encode() and len(numbers) == size else None


def keep(address: str, numbers: bytes) -> None:
    """Write a table, if that is possible, and remove the oldest ones."""
    path = path_of(address)
    if path is None:
        return
    rest = address.encode() + b"\n" + numbers
    with contextlib.suppress(OSError):  # it only costs time
        path.parent.mkdir(parents=True, exist_ok=True)
        write_shared(path, hashlib.sha256(rest).hexdigest().encode() + b"\n" + rest)
    for old in kept_files()[FILES:]:
        with contextlib.suppress(OSError):
            old.unlink()
