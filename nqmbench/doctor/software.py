"""Versions, and whether the terminal can show what is printed."""

from __future__ import annotations

import platform
import re
import sqlite3
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from nqmbench.describe import package_version
from nqmbench.doctor.finding import Finding

__all__ = ["software"]

PACKAGES = ("numba", "llvmlite", "numpy", "scipy", "pandas", "sympy", "matplotlib")
SQLITE = "3.24"  # the first that inserts or updates in one statement
SHOWN = "η β γ σ² · ≤ ±"  # of the letters that texts, and so suites, use


def software() -> Iterator[Finding]:
    """Versions of everything that results may depend on, and the encoding of the output."""
    yield Finding("Python", f"{platform.python_version()}, {sys.executable}")
    folder = Path(__file__).resolve().parents[1]
    yield Finding("nqmbench", f"{package_version('nqmbench')}, {folder}")
    needed = minimal_versions()
    for name in dict.fromkeys([*PACKAGES, *needed]):
        found = package(name, needed.get(name, ""))
        if name in PACKAGES or found.verdict != "ok":
            yield found
    yield sqlite(sqlite3.sqlite_version)
    yield encoding(getattr(sys.stdout, "encoding", None))


def minimal_versions() -> dict[str, str]:
    """The oldest version that will do of each package that nqmbench always needs, by name."""
    try:
        listed = requires("nqmbench") or []
    except PackageNotFoundError:  # run from its sources, and never installed
        return {}
    matches = (re.fullmatch(r"([\w.-]+)>=([\d.]+)", text.strip()) for text in listed)
    return {match[1]: match[2] for match in matches if match}


def package(name: str, needed: str) -> Finding:
    """The version of a package, and whether it is new enough."""
    seen = package_version(name)
    if seen == "not installed":
        return Finding(name, seen, "trouble", f"pip install '{name}>={needed}'".replace(">='", "'"))
    if needed and older(seen, needed):
        return Finding(
            name, f"{seen}, and {needed} is needed", "trouble", f"pip install -U '{name}>={needed}'"
        )
    return Finding(name, seen)


def sqlite(seen: str) -> Finding:
    """The version of SQLite, in which results are kept."""
    if older(seen, SQLITE):
        advice = "use a newer Python: it brings the library along"
        return Finding("SQLite", f"{seen}, and {SQLITE} is needed", "trouble", advice)
    return Finding("SQLite", seen)


def encoding(name: str | None) -> Finding:
    """The encoding of the output, and whether it has the letters that texts use."""
    try:
        SHOWN.encode(name or "ascii")
    except (UnicodeEncodeError, LookupError):
        seen = f"{name}, which cannot show all letters of texts: they appear as \\u03b7"
        return Finding("output", seen, "notice", "set PYTHONIOENCODING=utf-8; files are UTF-8")
    return Finding("output", f"{name}")


def older(seen: str, needed: str) -> bool:
    """Whether a version comes before another; what follows the numbers does not count.

    >>> older("0.9.1", "0.61"), older("0.61.0rc1", "0.61"), older("2.0", "2.0.1")
    (True, False, True)
    """
    return numbers(seen) < numbers(needed)


def numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of a version.

    >>> numbers("3.40.1"), numbers("2.0rc1"), numbers("1.26.0")
    ((3, 40, 1), (2,), (1, 26))
    """
    match = re.match(r"\d+(\.\d+)*", version)
    found = [int(part) for part in match[0].split(".")] if match else []
    while found and found[-1] == 0:
        found.pop()
    return tuple(found)
