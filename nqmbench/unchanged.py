"""Whether a folder has just the run that a command asks for, so that nothing is to be done again.

What a run of the shipped suites finds depends on its arguments, on the sources of the program and
of the suites, on the libraries and on the processor. Where all of these are as they were, and the
tables and the results file are as that run left them, its verdicts stand. A user's own suites may
read whatever they like, so they are always judged anew.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from nqmbench.results import TABLES, Run, load_run
from nqmbench.store import Store
from nqmbench.suites import shipped_folder

__all__ = ["made_from", "standing"]

PACKAGE = Path(__file__).parent
SOURCES = "*.py", "*.j2", "*.css"
LIBRARIES = "numpy", "scipy", "sympy", "pandas", "numba", "llvmlite"
ARGUMENTS = "names", "preset", "seed", "precision", "suites", "until", "shard"


def made_from(arguments: Mapping[str, Any]) -> str:
    """A digest of all that a run of the shipped suites depends on; "" for other suites.

    Args:
        arguments: of the run, as in about["run"].
    """
    if arguments["suites"] != "shipped":
        return ""
    digest = hashlib.sha256(json.dumps([arguments[name] for name in ARGUMENTS]).encode())
    digest.update(repr([platform.python_version(), platform.machine()]).encode())
    digest.update(repr([(name, version(name)) for name in LIBRARIES]).encode())
    files = {path for pattern in SOURCES for path in PACKAGE.rglob(pattern)}
    for path in sorted(files | set(shipped_folder().glob("*.py"))):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def standing(place: Path, arguments: Mapping[str, Any]) -> Run | None:
    """The finished run in a folder, if the same command would find the same; else None.

    It tells that all of its looks were found.

    Args:
        place: the run's folder.
        arguments: of the command, as in about["run"].

    Raises:
        UsageError, DamagedRunError, LockedError, OutputError, DiskError: the results file is of
            another seed or precision, damaged, or in use.
    """
    try:
        about = json.loads((place / "run.json").read_text(encoding="utf-8"))
        run, machine = about["run"], about["machine"]
        if run["ending"] or not machine["made_from"] or not (place / "run.sqlite").is_file():
            return None
        same = machine["made_from"] == made_from(arguments)
        sound = all(
            hashlib.sha256((place / f"{name}.csv").read_bytes()).hexdigest() == stated
            for name, stated in machine["tables"].items()
        )
        if not (same and sound and set(machine["tables"]) == set(TABLES)):
            return None
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None
    with Store.open(place / "run.sqlite") as store:
        store.expect(seed=arguments["seed"], precision=arguments["precision"])
    found = load_run(place)
    looks = {"found": machine["found"] + machine["simulated"], "simulated": 0}
    return replace(found, about={**found.about, "machine": {**machine, **looks}}, stands=True)
