"""How a run was made, in words: the command that gives it again, and the facts beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nqmbench.report.content import Report
from nqmbench.report.words import clean, count, integer, listing, number, percent, typographic
from nqmbench.results import command_of

__all__ = ["command", "facts", "margins"]

PRECISIONS = {
    "mixed": "mixed: noise in 32 bits, states in 64",
    "f32": "f32: noise and states in 32 bits",
}


def command(report: Report) -> str:
    """The command that gives this run again, quoted for a shell."""
    run = report.run
    options = ("preset", "seed", "precision", "suites", "until")
    known: dict[str, Any] = {key: clean(run.get(key)) for key in options}
    return command_of(known | {"names": [clean(name) for name in _sequence(run.get("names"))]})


def margins(run: Mapping[str, Any]) -> str:
    """The margins of the preset: 1 % for a mean and 5 % for a variance."""
    known = run.get("margins")
    if not isinstance(known, Mapping):
        return ""
    return listing([f"{percent(v).removeprefix('+')} for a {clean(k)}" for k, v in known.items()])


def facts(report: Report) -> list[tuple[str, str]]:
    """How the report's run was made, as pairs of a name and a value; what is not known is left out.

    What stands in the summary, such as the counts of verdicts and the error rate, is not repeated.
    """
    run, machine = report.run, report.machine
    listed = [
        ("Suites", _suites(run)),
        ("Preset", _joined(clean(run.get("preset")), margins(run), ": the margin is ")),
        ("Simulated", _simulated(run)),
        ("Seed", clean(run.get("seed"))),
        ("Precision", PRECISIONS.get(clean(run.get("precision")), clean(run.get("precision")))),
        ("Time", _time(machine)),
        ("Processor", clean(machine.get("cpu"))),
        ("Software", _software(machine)),
    ]
    return [(name, typographic(value)) for name, value in listed if value]


def _suites(run: Mapping[str, Any]) -> str:
    names, place = [clean(n) for n in _sequence(run.get("names"))], clean(run.get("suites"))
    if not names or not isinstance(run.get("suites"), str):
        return ""
    origin = "the suites that come with the program" if place == "shipped" else f"those in {place}"
    return f"all of {origin}" if names == ["all"] else f"{listing(names)} of {origin}"


def _simulated(run: Mapping[str, Any]) -> str:
    total, experiments, most = (
        _integer(run.get(k)) for k in ("trials", "experiments", "largest_trials")
    )
    if total is None:
        return ""
    text = "1 trajectory" if total == 1 else f"{integer(total)} trajectories"
    if experiments:
        text += f" in {count(experiments, 'experiment')}"
    return text + (f", at most {integer(most)} in one" if most else "")


def _time(machine: Mapping[str, Any]) -> str:
    seconds, threads = machine.get("seconds"), _integer(machine.get("threads"))
    if not isinstance(seconds, int | float):
        return ""
    return f"{number(seconds)} seconds" + (f" on {count(threads, 'thread')}" if threads else "")


def _software(machine: Mapping[str, Any]) -> str:
    versions = machine.get("versions")
    known = dict(versions) if isinstance(versions, Mapping) else {}
    if machine.get("python"):
        known = {"Python": machine["python"]} | known
    listed = [f"{clean(k)} {clean(v)}" for k, v in known.items() if v != "not installed"]
    return _joined(", ".join(listed), clean(machine.get("system")), ", on ")


def _joined(first: str, second: str, between: str) -> str:
    return between.join(part for part in (first, second) if part) if first else ""


def _sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()


def _integer(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
