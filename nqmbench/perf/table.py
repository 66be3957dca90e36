"""What the terminal shows of a comparison: cautions, the table, the conclusion."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nqmbench.perf.comparison import Change, Comparison, Outcome
from nqmbench.perf.record import Record

__all__ = ["differences", "print_comparison"]

COLOURS = {
    Outcome.REGRESSION: "bold red",
    Outcome.IMPROVEMENT: "green",
    Outcome.UNCLEAR: "yellow",
    Outcome.FEW: "yellow",
    Outcome.OTHER: "yellow",
}
PLAIN_WIDTH = 160  # where the output is not a terminal, and nobody's window wraps it
NOISY = 0.25  # interquartile range of the turns over their median


def print_comparison(before: Record, after: Record, comparison: Comparison) -> None:
    """Print the comparison of two records."""
    out = Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH)

    def say(text: str) -> None:
        out.print(text, highlight=False, soft_wrap=True, markup=False)

    say(f"before: {before.place}, {before.revision}")
    say(f"after:  {after.place}, {after.revision}")
    for line in cautions(before, after, comparison):
        say(f"note: {line}")
    out.print(table(comparison))
    say("")
    for line in conclusion(comparison):
        say(line)


def table(comparison: Comparison) -> Table:
    """One row for each benchmark."""
    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column("benchmark", no_wrap=True)
    for name in ("before", "after", "ratio", "99 % interval", "p"):
        shown.add_column(name, justify="right", no_wrap=True)
    shown.add_column("", no_wrap=True)
    for change in comparison.changes:
        shown.add_row(
            Text(change.name),
            duration(change.before),
            duration(change.after),
            f"{change.ratio:.3f}",
            f"{change.low:.3f} .. {change.high:.3f}",
            f"{change.p:.2g}",
            Text(change.outcome.value, style=COLOURS.get(change.outcome, "")),
        )
    return shown


def duration(seconds: float) -> str:
    """A time in milliseconds or seconds.

    >>> duration(0.01234), duration(4.5678)
    ('12.3 ms', '4.57 s')
    """
    return f"{1e3 * seconds:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def cautions(before: Record, after: Record, comparison: Comparison) -> Iterator[str]:
    """What a reader must know of the two records before believing a row."""
    different = differences(before.facts, after.facts)
    yield from different
    if any(line.startswith("machine") for line in different):
        yield (
            "the records are from different machines: the ratios to the calibration hold roughly, "
            "and a change near the threshold may come from the processor"
        )
    a, b = (calibration(record) for record in (before, after))
    if abs(b / a - 1) > 0.1:
        word = "slower" if b > a else "faster"
        yield (
            f"the machine was {max(b / a, a / b):.2f} times {word} the second time: the "
            f"calibration took {duration(a)}, then {duration(b)}; the ratios allow for it"
        )
    for record, word in ((before, "before"), (after, "after")):
        noisy = [name for name, x in record.samples.items() if spread(x.turns) > NOISY]
        if noisy:
            yield f"very noisy {word}: {', '.join(noisy)}"
    for names, word in ((comparison.only_before, "before"), (comparison.only_after, "after")):
        if names:
            yield f"only {word}: {', '.join(names)}"


def differences(before: Any, after: Any) -> list[str]:
    """The facts in which two records differ, a line each.

    >>> a = {"machine": {"cpu": "A"}, "versions": {"numba": "0.61"}, "settings": {}}
    >>> b = {"machine": {"cpu": "B"}, "versions": {"numba": "0.61"}, "settings": {"OMP_X": "1"}}
    >>> differences(a, b)
    ["machine, cpu: 'A' before, 'B' after", "settings, OMP_X: not set before, '1' after"]
    """
    lines = []
    for part in ("machine", "versions", "settings"):
        for name in dict.fromkeys([*before[part], *after[part]]):
            old, new = (
                repr(f[part][name]) if name in f[part] else "not set" for f in (before, after)
            )
            if old != new:
                lines.append(f"{part}, {name}: {old} before, {new} after")
    return lines


def calibration(record: Record) -> float:
    """The median time of the calibration beside the benchmarks of one thread."""
    single = [x.calibration for x in record.samples.values() if x.threads == 1]
    return float(
        np.median(np.concatenate(single or [x.calibration for x in record.samples.values()]))
    )


def spread(x: Any) -> float:
    """The interquartile range over the median."""
    low, middle, high = np.quantile(x, (0.25, 0.5, 0.75))
    return float((high - low) / middle)


def conclusion(comparison: Comparison) -> Iterator[str]:
    """The result in a sentence, and what could not be judged."""
    limit = f"{100 * comparison.threshold:g} %"
    unjudged = {
        Outcome.UNCLEAR: f"too noisy to exclude a change of {limit}",
        Outcome.FEW: "too few turns to show any change",
        Outcome.OTHER: "defined otherwise in the two records, not comparable",
    }
    for outcome, words in unjudged.items():
        names = [c.name for c in comparison.changes if c.outcome is outcome]
        if names:
            yield f"{words}: {', '.join(names)}"
    slower = [c for c in comparison.changes if c.outcome is Outcome.REGRESSION]
    judged = sum(c.outcome not in (Outcome.FEW, Outcome.OTHER) for c in comparison.changes)
    if slower:
        yield f"{len(slower)} of {judged} benchmarks slower by more than {limit}: {listed(slower)}"
    else:
        yield f"no regression beyond {limit} in {judged} benchmarks"


def listed(changes: list[Change]) -> str:
    """The benchmarks with how much slower they are."""
    return ", ".join(f"{c.name} ({100 * (c.ratio - 1):+.0f} %)" for c in changes)
