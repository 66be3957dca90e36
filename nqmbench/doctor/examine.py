"""All parts of the examination, one after the other; a part that fails is itself a finding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from nqmbench.doctor.finding import Finding
from nqmbench.doctor.kernels import kernels
from nqmbench.doctor.places import places
from nqmbench.doctor.processor import processor
from nqmbench.doctor.software import software
from nqmbench.doctor.speed import speed
from nqmbench.doctor.threads import threads

__all__ = ["PARTS", "examine"]

Part = Callable[[], Iterable[Finding]]

PARTS: Mapping[str, Part] = {
    "software": software,
    "places": places,
    "processor": processor,
    "threads": threads,
    "kernels": kernels,
    "speed": speed,
}


def examine(parts: Mapping[str, Part] = PARTS) -> Iterator[Finding]:
    """Look at everything; each finding is told as soon as it is known.

    Args:
        parts: what to look at, by name.

    >>> [f.name for f in examine({"one": lambda: [Finding("colour", "blue")]})]
    ['colour']
    """
    for name, part in parts.items():
        try:
            for finding in part():
                yield replace(finding, part=name)
        except Exception as error:  # whatever is broken, the rest is still looked at
            text = " ".join(f"{type(error).__name__}: {error}".split())
            advice = "mend what it says; if it says nothing, reinstall, or report this line"
            yield Finding(name, text, "trouble", advice, name)
