"""Short labels for cases with long names: what they share is said once, the rest is the label."""

from __future__ import annotations

from collections.abc import Sequence

from nqmbench.report.words import shorten

__all__ = ["common_and_own", "parts"]


def parts(name: str) -> list[str]:
    """The name split at its commas and semicolons, except inside brackets.

    >>> parts("SGD(lr=0.1, decay=0.9), h=[1, 0.1]; B=10")
    ['SGD(lr=0.1, decay=0.9)', 'h=[1, 0.1]', 'B=10']
    """
    found, depth, start = [], 0, 0
    for at, c in enumerate(name):
        depth += (c in "([{") - (c in ")]}")
        if c in ",;" and depth <= 0:
            found.append(name[start:at].strip())
            start = at + 1
    return [part for part in [*found, name[start:].strip()] if part]


def common_and_own(names: Sequence[str], width: int) -> tuple[str, list[str]]:
    """What all names share, and for each what is its own, at most `width` characters long.

    >>> common_and_own(["SGD(lr=0.1), B=1", "SGD(lr=0.1), B=10"], 40)
    ('SGD(lr=0.1)', ['B=1', 'B=10'])
    >>> common_and_own(["SGD(lr=0.1), B=1"], 40)
    ('', ['SGD(lr=0.1), B=1'])
    """
    split = [parts(name) for name in names]
    if len(split) < 2:
        return "", [shorten(name, width) for name in names]
    shared = [part for part in split[0] if all(part in other for other in split)]
    own = [", ".join(part for part in whole if part not in shared) or name
           for whole, name in zip(split, names, strict=True)]  # fmt: skip
    return ", ".join(shared), [shorten(text, width) for text in own]
