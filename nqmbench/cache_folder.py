"""The user's cache folder: for compiled kernels and exact tables."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["chosen_folder"]


def chosen_folder() -> tuple[Path | None, str]:
    """The folder for the caches of this program, whether it exists or not, and who chose it.

    Returns:
        `nqmbench` in ``NUMBA_CACHE_DIR``, else in ``XDG_CACHE_HOME``, else in ``~/.cache``, and
        "NUMBA_CACHE_DIR", "XDG_CACHE_HOME" or "home folder"; None where there is no home.

    >>> chosen_folder()[1] in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "home folder")
    True
    """
    for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME"):
        if os.environ.get(name):
            return Path(os.environ[name]) / "nqmbench", name
    try:
        return Path.home() / ".cache" / "nqmbench", "home folder"
    except RuntimeError:  # no home
        return None, "home folder"
