"""One thing that was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding", "Judgement"]

Judgement = Literal["ok", "notice", "trouble"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at, what was seen, and what is to be done about it.

    Args:
        name: of the thing, a few words.
        seen: what was found, one line.
        verdict: "ok"; "notice" where runs are right but slower, or less convenient, than they could
            be; "trouble" where a run fails, or may give other numbers than elsewhere.
        advice: what to do, one line; with "ok" only what to know.
        part: the part of the examination that it belongs to.
    """

    name: str
    seen: str
    verdict: Judgement = "ok"
    advice: str = ""
    part: str = ""
