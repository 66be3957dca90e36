"""A record is made: pytest-benchmark runs the cases in a process of its own.

The process sees nothing of the user's pytest: an empty configuration in an empty folder, no other
plugins, no conftest. It keeps its compiled kernels in that folder too, so the first call of each
benchmark tells how long the kernels take to compile.
"""

from __future__ import annotations

import contextlib
import datetime
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nqmbench.errors import UsageError, cannot_write
from nqmbench.perf.benchmark import TURNS, Benchmark
from nqmbench.perf.benchmarks import choose
from nqmbench.perf.facts import PACKAGE, load_average, machine_facts, revision
from nqmbench.perf.record import FORMAT

__all__ = ["run"]

CASES = Path(__file__).resolve().with_name("cases.py")
SECONDS, QUICK_SECONDS = 0.17, 0.05  # for the rounds of a benchmark in a turn


def run(out: str | Path | None = None, only: Iterable[str] = (), quick: bool = False) -> Path:
    """Run the benchmarks and keep their times.

    Args:
        out: the file to write; a file that is there is replaced when all is done. None takes
            reports/perf/<date>-<time>-<revision>.json.
        only: names or globs of benchmarks; none takes all of them.
        quick: fewer rounds: less time, wider intervals.

    Returns:
        The file.

    Raises:
        UsageError: pytest-benchmark is missing, the compiler is off, `only` matches nothing.
        OutputError: the file cannot be written.
    """
    chosen = choose(only)
    check_environment()
    place = Path(out) if out is not None else default_place()
    prepare(place)
    begin, load = time.monotonic(), load_average()
    with tempfile.TemporaryDirectory(prefix="nqmbench-perf-") as folder:
        document = measure(chosen, Path(folder), QUICK_SECONDS if quick else SECONDS)
    known = revision()
    document["commit_info"] = {  # pytest-benchmark looked into the temporary folder
        "project": "nqmbench",
        "id": known["commit"] if known else "unversioned",
        "dirty": bool(known and known["edited"]),
    }
    document["nqmbench"] = {
        "format": FORMAT,
        "calibration": calibration_version(),
        "quick": quick,
        "seconds": round(time.monotonic() - begin, 1),
        "load": {"before": load, "after": load_average()},
        "revision": known,
        **machine_facts(),
    }
    write(place, document)
    return place


def check_environment() -> None:
    """Refuse what could not give a record.

    Raises:
        UsageError: says what to install or to unset.
    """
    if importlib.util.find_spec("pytest_benchmark") is None:
        raise UsageError(
            "perf run needs pytest-benchmark, which is not installed; "
            "install it: python -m pip install pytest pytest-benchmark"
        )
    if os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        raise UsageError("perf run measures compiled code; unset NUMBA_DISABLE_JIT")


def calibration_version() -> int:
    """The version of the calibration that the cases use."""
    from nqmbench.kernels.calibration import VERSION

    return VERSION


def default_place() -> Path:
    """reports/perf/<date>-<time>-<revision>.json, with the version where there is no revision."""
    known = revision()
    if known is None:
        name = machine_facts()["versions"]["nqmbench"]
    else:
        name = known["commit"][:7] + ("-edited" if known["edited"] else "")
    now = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    return Path("reports") / "perf" / f"{now}-{name}.json"


def prepare(place: Path) -> None:
    """Make the folder and try it out, before minutes are spent.

    Raises:
        UsageError: the place is a folder.
        OutputError: it cannot be written.
    """
    if place.is_dir():
        raise UsageError(f"out: got {str(place)!r}, a folder; allowed: the name of a file")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        probe = unfinished(place)
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        raise cannot_write(place, error) from error


def measure(chosen: Sequence[Benchmark], folder: Path, budget: float) -> dict[str, Any]:
    """Run pytest on the chosen cases and return pytest-benchmark's document.

    Raises:
        RuntimeError: a benchmark failed; holds what pytest said.
    """
    ini = folder / "pytest.ini"
    ini.write_text("[pytest]\n")
    result = folder / "result.json"
    python = [sys.executable, "-P", "-m", "pytest", "-q", "-s"]
    alone = [f"--config-file={ini}", f"--rootdir={folder}", "--noconftest"]
    alone += ["--import-mode=importlib", "-p", "no:cacheprovider"]
    plugins = ["-p", "pytest_benchmark.plugin", "-p", "nqmbench.perf.plugin"]
    timing = ["--benchmark-only", "--benchmark-quiet", "--benchmark-disable-gc"]
    timing += [f"--benchmark-max-time={budget}", "--benchmark-min-rounds=1"]
    timing += [f"--benchmark-json={result}"]
    turns = [(turn, case) for turn in range(TURNS) for case in chosen if turn < case.turns]
    cases = [f"{CASES}::test_speed[{turn}-{case.name}]" for turn, case in turns]
    done = subprocess.run(
        python + alone + plugins + timing + cases,
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        text=True,
    )
    if done.returncode != 0 or not result.is_file():
        raise RuntimeError(f"the benchmarks failed, nothing was written\n{done.stdout[-4000:]}")
    document: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    return document


def environment(folder: Path) -> Mapping[str, str]:
    """The user's environment without pytest's variables, with this very package, cache cold."""
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")}
    paths = [str(PACKAGE.parent), *filter(None, [kept.get("PYTHONPATH")])]
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "NUMBA_CACHE_DIR": str(folder / "kernels"),
    }


def write(place: Path, document: Mapping[str, Any]) -> None:
    """Write a file beside the place and move it there, so that no half of a record is ever seen.

    Raises:
        OutputError, DiskError: it cannot be written.
    """
    part = unfinished(place)
    try:
        part.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        part.replace(place)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise cannot_write(place, error) from error


def unfinished(place: Path) -> Path:
    """The name of a record while it is being written."""
    return place.with_name(f".{place.name}.{os.getpid()}")
