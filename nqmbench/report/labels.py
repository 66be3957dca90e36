"""Short labels for cases with long names: what they share is said once, the rest is the label.

Methods that differ in one argument are told apart by that argument alone. In a figure, which has
little room, a method's arguments are left out where its name tells the cases apart, and numbers are
rounded; the tables have them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from nqmbench.report.pieces import Name, Piece, joined, split
from nqmbench.report.words import shorten

__all__ = ["common_and_own", "rounded_numbers"]

DIGITS = re.compile(r"(?<![\w.])\d+\.\d{4,}(?![\w.])")
CURVATURE = re.compile(r"(i=\d+) \(h=.*\)")
DEFAULT = "the default"  # a side that adds nothing to what all cases share


def common_and_own(
    names: Sequence[str], width: int, *, brief: bool = False
) -> tuple[str, list[str]]:
    """What all names share, and for each what is its own, at most `width` characters long.

    Args:
        names: of the cases.
        width: of a label.
        brief: whether to leave out what is not needed to tell the cases apart.

    >>> common_and_own(["SGD(lr=0.1), B=1", "SGD(lr=0.1), B=10"], 40)
    ('SGD(lr=0.1)', ['B=1', 'B=10'])
    >>> common_and_own(["SGD(lr=0.1, decay=0.5), i=0", "SGD(lr=0.1, decay=0.9), i=0"], 40)
    ('SGD(lr=0.1), i=0', ['decay=0.5', 'decay=0.9'])
    >>> common_and_own(["SGD(lr=0.1), B=1"], 40)
    ('', ['SGD(lr=0.1), B=1'])
    >>> names = [f"Adam(lr=0.1) below {other}(lr=0.1), B=1" for other in ("SGD", "Polyak")]
    >>> common_and_own(names, 40, brief=True)
    ('Adam(lr=0.1) below each, B=1, lr=0.1 throughout', ['Adam below SGD', 'Adam below Polyak'])
    """
    if len(names) < 2:
        return "", [shorten(rounded_numbers(name) if brief else name, width) for name in names]
    found = [split(name) for name in names]
    if not all(name.sides for name in found):
        found = [Name((), joined_sides(name)) for name in found]
    common, own = without_common(found)
    notes = [joined_name(common)]
    if brief:
        own, note = without_arguments(own)
        if not any(common.sides) and (sides := same({name.sides for name in own})):
            notes.insert(0, joined_name(Name(sides, ())))
            own = [Name((), name.rest) for name in own]
        else:
            notes.insert(0, side_of_all(found, common))
        notes.append(note)
        for step in (without_start, without_curvature):
            if max(len(joined_name(name)) for name in own) > width:
                own = distinct(own, step)
        if max(len(joined_name(name)) for name in own) > width:
            own = without_side(own)
    texts = [joined_name(name) for name in own]
    if brief:
        rounded = [rounded_numbers(text) for text in texts]
        texts = rounded if len(set(rounded)) == len(set(texts)) else texts
        empty = "as above"
    else:
        empty = ""
    shared = ", ".join(note for note in notes if note)
    return (rounded_numbers(shared) if brief else shared), [
        shorten(text or empty or name, width) for text, name in zip(texts, names, strict=True)
    ]


def rounded_numbers(text: str) -> str:
    """The text with four significant digits of every long decimal fraction.

    >>> rounded_numbers("SGD(lr=1.9801980198), h=(1, 0.333333), B=1048576")
    'SGD(lr=1.98), h=(1, 0.3333), B=1048576'
    """
    return DIGITS.sub(lambda match: f"{float(match[0]):.4g}", text)


def same(found: Iterable[tuple[tuple[Piece, ...], ...]]) -> tuple[tuple[Piece, ...], ...]:
    """The only one of several sides, or nothing."""
    listed = list(found)
    return listed[0] if len(listed) == 1 else ()


def joined_sides(name: Name) -> tuple[Piece, ...]:
    """A name that is shown beside names without sides."""
    text = " below ".join(joined(side) for side in name.sides)
    return (("", text), *name.rest) if text else name.rest


def joined_name(name: Name) -> str:
    """A name as text."""
    sides = " below ".join(joined(side) or DEFAULT for side in name.sides)
    return ", ".join(text for text in (sides, joined(name.rest)) if text)


def without_common(names: Sequence[Name]) -> tuple[Name, list[Name]]:
    """What all names share, and the names without it.

    Both sides are the same in every case, or the pieces that all sides of all cases share.
    """
    rest = tuple(p for p in names[0].rest if all(p in name.rest for name in names))
    if len({name.sides for name in names}) == 1:
        common = Name(names[0].sides, rest)
        return common, [Name((), minus(name.rest, rest)) for name in names]
    every = [side for name in names for side in name.sides]
    shared = tuple(p for p in every[0] if all(p in side for side in every)) if every else ()
    own = [
        Name(tuple(minus(side, shared) for side in name.sides), minus(name.rest, rest))
        for name in names
    ]
    return Name((), (*shared, *rest)), own


def minus(whole: Sequence[Piece], taken: Sequence[Piece]) -> tuple[Piece, ...]:
    """The pieces that are not taken away."""
    return tuple(piece for piece in whole if piece not in taken)


def distinct(names: list[Name], change: Callable[[Name], Name]) -> list[Name]:
    """The changed names if they are still as different, else the names."""
    changed = [change(name) for name in names]
    return changed if len(set(changed)) == len(set(names)) else names


def without_arguments(names: list[Name]) -> tuple[list[Name], str]:
    """Without the arguments that are not needed beside the name of their method.

    Returns:
        The names, and those of the arguments that are the same for all methods.
    """
    listed = [side for name in names for side in (*name.sides, name.rest)]
    keys = dict.fromkeys(key_of(p) for side in listed for p in side if p[0] and p[1])
    kept = names
    for key in keys:
        kept = distinct(kept, partial(without_argument, key=key))
    methods = [(m, side) for side in listed for m, p in side if not p and m]
    given = [{p for m, p in side if m == method and p} for method, side in methods]
    throughout = set.intersection(*given) if given else set()
    left = {p for name in kept for side in (*name.sides, name.rest) for _, p in side}
    dropped = ", ".join(sorted(throughout - left))
    return kept, dropped and f"{dropped} throughout"


def mapped(name: Name, change: Callable[[tuple[Piece, ...]], tuple[Piece, ...]]) -> Name:
    """The name with its sides and its rest changed."""
    return Name(tuple(change(side) for side in name.sides), change(name.rest))


def key_of(piece: Piece) -> str:
    """What a piece sets: "lr" of lr=0.1."""
    return piece[1].partition("=")[0]


def without_argument(name: Name, key: str) -> Name:
    """Without this argument of the methods that are named."""

    def kept(side: tuple[Piece, ...]) -> tuple[Piece, ...]:
        return tuple(p for p in side if not (p[0] and (p[0], "") in side and key_of(p) == key))

    return mapped(name, kept)


def without_start(name: Name) -> Name:
    """Without the starting point."""
    return mapped(name, lambda side: tuple(p for p in side if key_of(p) != "w0"))


def without_curvature(name: Name) -> Name:
    """Without the curvature that explains the number of a coordinate."""
    return mapped(name, lambda side: tuple((m, CURVATURE.sub(r"\1", p)) for m, p in side))


def side_of_all(names: Sequence[Name], common: Name) -> str:
    """In full the side that all cases share, if there is one and the note does not show it."""
    if common.sides or not names[0].sides:
        return ""
    first, second = ({name.sides[i] for name in names} for i in (0, 1))
    if len(first) == 1:
        return f"{joined(next(iter(first)))} below each"
    return f"each below {joined(next(iter(second)))}" if len(second) == 1 else ""


def without_side(names: list[Name]) -> list[Name]:
    """Only the side that differs, if the other one is the same for all."""
    if not all(name.sides for name in names):
        return names
    first, second = ({name.sides[i] for name in names} for i in (0, 1))
    if len(first) == 1:
        return [Name(((("", "…"),), name.sides[1]), name.rest) for name in names]
    if len(second) == 1:
        return [Name((), (*name.sides[0], *name.rest)) for name in names]
    return names
