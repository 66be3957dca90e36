"""The name of a case taken apart: the two sides of an ordering, methods and their arguments.

A name is a list of parts, and a part such as SGD(lr=0.1, decay=0.9) is a list of arguments again.
The name of an ordering says first what differs, "SGD(lr=0.1) below SGD(lr=0.5)", and then what both
sides share; the second side ends where a part of another kind begins.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Name", "Piece", "joined", "parts", "pieces", "split"]

# The method that a piece belongs to, or "", and the piece; a method itself is ("SGD", "").
Piece = tuple[str, str]

CALL = re.compile(r"([^()=]*[^()=\s])\((.*)\)")
BELOW = " below "
KINDS = (("batch", re.compile(r"B=.*")), ("coordinate", re.compile(r"i=.*")),
         ("observable", re.compile(r"error|loss|w[23]?\[\w+\]")))  # fmt: skip


@dataclass(frozen=True)
class Name:
    """The pieces of a name.

    Args:
        sides: the two sides of an ordering; empty for anything else.
        rest: what is not in the sides.
    """

    sides: tuple[tuple[Piece, ...], ...]
    rest: tuple[Piece, ...]


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


def pieces(names: Sequence[str]) -> tuple[Piece, ...]:
    """The parts of a name, those of a method argument by argument.

    >>> pieces(["SGD(lr=0.1)", "B=1", "i=0 (h=1)"])
    (('SGD', ''), ('SGD', 'lr=0.1'), ('', 'B=1'), ('', 'i=0 (h=1)'))
    """
    found: list[Piece] = []
    for part in names:
        call = CALL.fullmatch(part)
        if call:
            found += [(call[1], ""), *((call[1], piece) for piece in parts(call[2]))]
        else:
            found.append(("", part))
    return tuple(found)


def split(name: str) -> Name:
    """A name taken apart.

    >>> split("B=10 below B=1, h=1").sides, split("B=10 below B=1, h=1").rest
    (((('', 'B=10'),), (('', 'B=1'),)), (('', 'h=1'),))
    >>> split("h=1").sides
    ()
    """
    left, below, right = name.partition(BELOW)
    if not below or BELOW in right or left.count("(") != left.count(")"):
        return Name((), pieces(parts(name)))
    first, others = parts(left), parts(right)
    kinds = {kind_of(part) for part in first}
    end = next((i for i, part in enumerate(others) if kind_of(part) not in kinds), len(others))
    return Name((pieces(first), pieces(others[:end])), pieces(others[end:]))


def kind_of(part: str) -> str:
    """What a part of a name tells: the method, the batch, the coordinate, or the problem."""
    if CALL.fullmatch(part):
        return "method"
    return next((kind for kind, pattern in KINDS if pattern.fullmatch(part)), "problem")


def joined(chosen: Sequence[Piece]) -> str:
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
