"""A few things that were found lately, by name."""

from __future__ import annotations

from typing import Generic, TypeVar

__all__ = ["Recent"]

T = TypeVar("T")


class Recent(Generic[T]):
    """The things that were used last; threads may share it, and forked processes inherit it.

    Args:
        most: how many are kept.

    >>> few = Recent[int](2)
    >>> for name in "abac":
    ...     few.put(name, ord(name))
    >>> few.get("a"), few.get("b"), few.get("c")
    (97, None, 99)
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[str, T] = {}

    def get(self, name: str) -> T | None:
        """What has this name, or None."""
        found = self._known.pop(name, None)
        if found is not None:
            self._known[name] = found
        return found

    def put(self, name: str, found: T) -> None:
        """Keep it, and forget what was not asked for the longest."""
        self._known.pop(name, None)
        self._known[name] = found
        for old in list(self._known)[: -self._most]:
            self._known.pop(old, None)

    def clear(self) -> None:
        """Forget everything."""
        self._known.clear()
