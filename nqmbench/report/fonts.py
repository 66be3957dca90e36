"""A folder for Matplotlib's list of fonts, where the usual one cannot be written.

Matplotlib makes one itself, but with a warning in every process; and without any folder for
temporary files it does not start at all.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["font_folder"]

VARIABLE = "MPLCONFIGDIR"
PREFIX = ".fonts-"


@contextmanager
def font_folder(spare: Path) -> Iterator[None]:
    """Let Matplotlib, imported within the block, and processes started there, have a folder.

    Args:
        spare: a folder that can be written; what is made there is removed with the block.
    """
    if all(map(writable, usual_folders())):
        yield
        return
    before = os.environ.get(VARIABLE)
    for left in spare.glob(f"{PREFIX}*"):  # by a program that was killed
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=spare, ignore_cleanup_errors=True) as f:
        os.environ[VARIABLE] = f
        try:
            yield
        finally:
            if before is None:
                del os.environ[VARIABLE]
            else:
                os.environ[VARIABLE] = before


def usual_folders() -> list[Path | None]:
    """Where Matplotlib would put its settings and its cache; None where there is no home."""
    if os.environ.get(VARIABLE):
        return [Path(os.environ[VARIABLE])]
    try:
        home = Path.home()
    except RuntimeError:
        return [None]
    if not sys.platform.startswith(("linux", "freebsd")):
        return [home]
    bases = {"XDG_CONFIG_HOME": ".config", "XDG_CACHE_HOME": ".cache"}
    return [
        Path(os.environ.get(name) or home / usual) / "matplotlib" for name, usual in bases.items()
    ]


def writable(folder: Path | None) -> bool:
    """Whether a folder is there, or can be made, and can be written."""
    if folder is None:
        return False
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)
