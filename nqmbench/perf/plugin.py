"""pytest's plugin for a record: joins the turns of a benchmark into one entry of the JSON.

The entry keeps the form that pytest-benchmark gives it, its statistics are over all turns, and
`extra_info.turn` says of each sample in which turn it was taken.
"""

from __future__ import annotations

from typing import Any

__all__ = ["joined", "pytest_benchmark_update_json"]


def pytest_benchmark_update_json(output_json: dict[str, Any]) -> None:
    """Called by pytest-benchmark before it writes its file."""
    output_json["benchmarks"] = joined(output_json["benchmarks"])


def joined(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One entry for each benchmark, in the order in which they first appear."""
    turns: dict[str, list[dict[str, Any]]] = {}
    for entry in entries:
        turns.setdefault(entry["params"]["name"], []).append(entry)
    return [join(name, parts) for name, parts in turns.items()]


def join(name: str, parts: list[dict[str, Any]]) -> dict[str, Any]:
    """One entry from the entries of its turns."""
    from pytest_benchmark.stats import Stats

    kind: Any = Stats  # it has no types
    stats = kind()
    calibration: list[float] = []
    turn: list[int] = []
    for part in parts:
        times = part["stats"]["data"]
        for time in times:
            stats.update(time)
        calibration += part["extra_info"]["calibration"]
        turn += [part["params"]["turn"]] * len(times)
    first = parts[0]
    return {
        **first,
        "name": name,
        "fullname": f"nqmbench.perf.{name}",
        "param": name,
        "params": {"name": name},
        "extra_info": {**first["extra_info"], "calibration": calibration, "turn": turn},
        "stats": {**first["stats"], **stats.as_dict(), "data": stats.data},
    }
