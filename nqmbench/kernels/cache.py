"""Where compiled kernels are kept, and when they are compiled afresh.

Numba stores the machine code of a function beside a stamp of the file that defines it.  It does
not look at the files of the functions *called*: edit a helper, and the caller goes on returning
the old numbers.  For a program that verifies formulas this is a wrong verdict.  So the folder of
the cache is named by a hash of everything a number can depend on: the sources of all kernels, the
versions of the compiler's parts, the processor, and Numba's flags.  Change one of them and the
folder is another one, empty; change nothing and nothing is compiled twice.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import logging
import os
import platform
import shutil
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding
import numba
import numpy as np
from numba.core import config

from nqmbench.cache_folder import chosen_folder

log = logging.getLogger(__name__)

# What a user may set, and what then changes the compiled code or its meaning.
FLAGS = (
    "CPU_NAME",
    "CPU_FEATURES",
    "OPT",
    "LOOP_VECTORIZE",
    "SLP_VECTORIZE",
    "ENABLE_AVX",
    "DISABLE_INTEL_SVML",
    "LLVM_REFPRUNE_PASS",
    "DEBUGINFO_DEFAULT",
    "BOUNDSCHECK",
)


def fingerprint() -> str:
    """Return a hash of all that the compiled kernels depend on."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    features = llvmlite.binding.get_host_cpu_features()
    facts = [
        numba.__version__,
        llvmlite.__version__,
        np.__version__,
        platform.python_version(),
        platform.machine(),
        llvmlite.binding.get_host_cpu_name(),
        ",".join(sorted(name for name, present in features.items() if present)),
        *(f"{flag}={getattr(config, flag, None)}" for flag in FLAGS),
    ]
    digest.update("\0".join(facts).encode())
    return digest.hexdigest()[:24]


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


@dataclass(frozen=True)
class Place:
    """The folder that holds the caches, and how it came to be that one.

    Attributes:
        folder: where they are; with `kept` False only where they would be.
        source: "NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "home folder", "temporary folder" or "nowhere".
        refused: the folder that cannot be written, or "" if the first choice can.
        kept: False if nothing at all can be written: kernels are compiled in memory.
    """

    folder: Path
    source: str
    refused: str = ""
    kept: bool = True


def find_place() -> Place:
    """Return the user's choice of a folder, else the usual place, else a temporary folder.

    ``NUMBA_CACHE_DIR``, else ``XDG_CACHE_HOME``, else ``~/.cache``.  If that cannot be written a
    temporary folder serves this process and is removed at its end; if there is none either,
    kernels stay in memory.  In both cases one line in the log says so.
    """
    folder, source = chosen_folder()
    if folder is not None and _writable(folder):
        return Place(folder, source)
    chosen = folder and folder.parent  # what the user knows of it
    refused = str(chosen or "the home folder")
    begun = f"compiled kernels cannot be kept: {refused} is not writable"
    advice = "(set NUMBA_CACHE_DIR to a folder that is)"
    try:
        temporary = Path(tempfile.mkdtemp(prefix="nqmbench-"))
    except OSError:
        log.warning("%s, nor is any temporary folder; each start compiles anew %s", begun, advice)
        return Place(chosen or Path(), "nowhere", refused, kept=False)
    log.warning("%s; using %s for now %s", begun, temporary, advice)
    atexit.register(_remove, temporary, os.getpid())
    return Place(temporary, "temporary folder", refused)


def _remove(temporary: Path, owner: int) -> None:
    """Remove the temporary folder with the process that made it, not with its forked children."""
    if os.getpid() == owner:
        shutil.rmtree(temporary, ignore_errors=True)


PLACE = find_place()
FOLDER = PLACE.folder / fingerprint()

_selecting = threading.RLock()


def _renew_lock() -> None:
    """Give a forked process a lock of its own: nobody would ever release the one it inherits."""
    global _selecting
    _selecting = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


@contextlib.contextmanager
def selected() -> Iterator[None]:
    """Point Numba to the folder of these kernels while one of them is defined.

    Numba reads the setting when a function is decorated, so the user's own kernels, decorated
    outside, keep the folder that the user chose.  The setting is the whole process's: one Python
    thread at a time may change it, else one puts back what the other has set.
    """
    with _selecting:
        before = config.CACHE_DIR
        config.CACHE_DIR = str(FOLDER)
        try:
            yield
        finally:
            config.CACHE_DIR = before


def keep_if_possible(code: Any) -> None:
    """Let a compiled function do without the disk where that fails, as when it is full.

    Args:
        code: what Numba's decorator has made; its cache is found by a private name.
    """
    kept = code._cache
    load, save = kept.load_overload, kept.save_overload

    def load_or_compile(signature: Any, target: Any) -> Any:
        with _told():
            return load(signature, target)
        return None

    def save_or_not(signature: Any, data: Any) -> None:
        with _told():
            save(signature, data)

    kept.load_overload, kept.save_overload = load_or_compile, save_or_not


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        _tell(error.strerror or str(error))


@functools.cache
def _tell(problem: str) -> None:
    """One line in the log, however many kernels it is true of."""
    advice = "each start compiles anew (free space, or set NUMBA_CACHE_DIR to another folder)"
    log.warning("compiled kernels cannot be kept: %s: %s; %s", FOLDER, problem, advice)
