"""What the times of a record depend on, besides the code: machine, versions, revision, settings."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path
from typing import Any

from nqmbench.describe import cpu_name, package_version
from nqmbench.threads import available_threads

__all__ = ["load_average", "machine_facts", "revision"]

PACKAGE = Path(__file__).resolve().parent.parent
PACKAGES = ("nqmbench", "numpy", "scipy", "numba", "llvmlite", "pytest-benchmark")
SETTINGS = ("NUMBA_", "NQMBENCH_", "OMP_", "PYTHONDONTWRITEBYTECODE", "PYTHONOPTIMIZE")


def machine_facts() -> dict[str, Any]:
    """The machine, the versions, and the settings that change what is compiled or how it runs."""
    return {
        "machine": {
            "cpu": cpu_name(),
            "cores": available_threads(),
            "architecture": platform.machine(),
            "system": f"{platform.system()} {platform.release()}",
        },
        "versions": {
            "python": platform.python_version(),
            **{name: package_version(name) for name in PACKAGES},
        },
        "settings": {
            name: value
            for name, value in sorted(os.environ.items())
            if name.startswith(SETTINGS) and name != "NUMBA_CACHE_DIR"
        },
    }


def revision(package: Path = PACKAGE) -> dict[str, Any] | None:
    """The git revision of the package and whether it was edited since; None outside a checkout.

    An installed copy may lie within somebody else's checkout, whose revision says nothing about
    it; so the package must be a tracked part of it.
    """
    if git(package, "ls-files", "--error-unmatch", "__init__.py") is None:
        return None
    commit = git(package, "rev-parse", "HEAD")
    if commit is None:
        return None
    return {"commit": commit, "edited": bool(git(package, "status", "--porcelain", "--", "."))}


def git(folder: Path, *arguments: str) -> str | None:
    """What git prints in a folder; None where it fails or is missing."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def load_average() -> list[float] | None:
    """Processes running and waiting over the last 1, 5 and 15 minutes, where the system tells."""
    try:
        return [round(load, 2) for load in os.getloadavg()]
    except (AttributeError, OSError):
        return None
