"""Durations and shares as people write them: "90s", "10m", "1h30m", "0.5%".

What is not understood is handed on as it is, so that the check of the argument refuses it and says
what is allowed.
"""

from __future__ import annotations

import re

__all__ = ["byte_size", "duration", "pair", "share", "time_left"]

SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0}
NUMBER = r"(\d+(?:\.\d*)?|\.\d+)"
PARTS = re.compile(rf"(?:{NUMBER}h)?(?:{NUMBER}m(?:in)?)?(?:{NUMBER}s?)?")


def duration(text: str) -> float | str:
    """Seconds from hours, minutes and seconds; a bare number is seconds.

    >>> duration("10m"), duration("1h30m"), duration("90"), duration("soon")
    (600.0, 5400.0, 90.0, 'soon')
    """
    found = PARTS.fullmatch(text.strip())
    if not found or not any(found.groups()):
        return text
    parts = zip(found.groups(), SECONDS.values(), strict=True)
    return sum(float(number) * unit for number, unit in parts if number)


def share(text: str) -> float | str:
    """A share from a percentage or a plain number.

    >>> share("0.5%"), share("0.005"), share("half")
    (0.005, 0.005, 'half')
    """
    found = re.fullmatch(rf"{NUMBER}\s*(%?)", text.strip())
    if not found:
        return text
    return float(found[1]) / (100 if found[2] else 1)


def pair(text: str) -> tuple[int, int] | str:
    """A shard from "i/n".

    >>> pair("1/4"), pair("a quarter")
    ((1, 4), 'a quarter')
    """
    found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text.strip())
    return (int(found[1]), int(found[2])) if found else text


def time_left(seconds: float) -> str:
    """A duration that is only roughly known.

    >>> time_left(0.2), time_left(42), time_left(200), time_left(8000), time_left(2e5)
    ('a moment', '42 s', '3 min', '2.2 h', '2.3 days')
    """
    if seconds < 1:
        return "a moment"
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 100_000 else f"{seconds / 86400:.1f} days"


def byte_size(number: int | None) -> str:
    """A number of bytes for people; None where it is not known.

    >>> byte_size(12_345_678), byte_size(10**15), byte_size(None)
    ('12 MB', '1,000,000 GB', 'unknown')
    """
    if number is None:
        return "unknown"
    if number < 1e9:
        return f"{number / 1e6:.0f} MB"
    return f"{number / 1e9:.1f} GB" if number < 1e11 else f"{number / 1e9:,.0f} GB"
