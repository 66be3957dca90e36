"""Short labels for cases with long names: what they share is said once, the rest is the label.

A name is a list of parts, and a part such as SGD(lr=0.1, decay=0.9) is a list of arguments again;
methods that differ in one argument are told apart by that argument alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from nqmbench.report.words import shorten

__all__ = ["common_and_own", "parts"]

CALL = re.compile(r"([^()=]*[^()=\s])\((.*)\)")


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


def pieces(name: str) -> list[tuple[str, str]]:
    """The parts of a name, those of a method argument by argument: (method, piece).

    >>> pieces("SGD(lr=0.1), B=1, i=0 (h=1)")
    [('SGD', ''), ('SGD', 'lr=0.1'), ('', 'B=1'), ('', 'i=0 (h=1)')]
    """
    found = []
    for part in parts(name):
        call = CALL.fullmatch(part)
        if call:
            found += [(call[1], ""), *((call[1], piece) for piece in parts(call[2]))]
        else:
            found.append(("", part))
    return found


def joined(chosen: Sequence[tuple[str, str]]) -> str:
    """Pieces as text again; arguments whose method is not among them stand alone.

    >>> joined([("SGD", ""), ("SGD", "lr=0.1"), ("", "B=1")]), joined([("SGD", "decay=0.9")])
    ('SGD(lr=0.1), B=1', 'decay=0.9')
    """
    texts = []
    for method, piece in dict.fromkeys(chosen):
        inside = [p for m, p in dict.fromkeys(chosen) if m == method and p]
        if method and not piece:
            texts.append(f"{method}({', '.join(inside)})" if inside else method)
        elif not method or (method, "") not in chosen:
            texts.append(piece)
    return ", ".join(texts)


def common_and_own(names: Sequence[str], width: int) -> tuple[str, list[str]]:
    """What all names share, and for each what is its own, at most `width` characters long.

    >>> common_and_own(["SGD(lr=0.1), B=1", "SGD(lr=0.1), B=10"], 40)
    ('SGD(lr=0.1)', ['B=1', 'B=10'])
    >>> common_and_own(["SGD(lr=0.1, decay=0.5), i=0", "SGD(lr=0.1, decay=0.9), i=0"], 40)
    ('SGD(lr=0.1), i=0', ['decay=0.5', 'decay=0.9'])
    >>> common_and_own(["SGD(lr=0.1), B=1"], 40)
    ('', ['SGD(lr=0.1), B=1'])
    """
    split = [pieces(name) for name in names]
    if len(split) < 2:
        return "", [shorten(name, width) for name in names]
    shared = [piece for piece in split[0] if all(piece in other for other in split)]
    own = [joined([piece for piece in whole if piece not in shared]) or name
           for whole, name in zip(split, names, strict=True)]  # fmt: skip
    return joined(shared), [shorten(text, width) for text in own]
