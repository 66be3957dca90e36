"""Checking the arguments of a call: complaints are collected, then one exception names them all."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nqmbench.errors import InvalidArguments

__all__ = [
    "Arguments",
    "choices",
    "count",
    "distinct",
    "is_finite",
    "is_real",
    "is_text",
    "one_line",
    "raised",
    "repeated",
    "shorten",
    "told",
]

Floats = NDArray[np.float64]


class Arguments:
    """Collects the complaints about one call and raises them together.

    Each method returns the checked value, or after a complaint a stand-in that lets no other field
    look wrong, so a constructor reads as a list of assignments followed by `done()`.

    Args:
        what: the name of the thing being built; it opens the message.
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self.complaints: list[str] = []

    def complain(self, field: str, seen: Any, allowed: str) -> None:
        """Note that `field` was `seen` where `allowed` describes the legal values."""
        self.complaints.append(f"{field}: got {shorten(seen)}; allowed: {allowed}")

    def done(self) -> None:
        """Raise `InvalidArguments` if anything was noted."""
        if self.complaints:
            raise InvalidArguments("\n  ".join([f"{self.what}:", *self.complaints]))

    def instance(self, field: str, seen: Any, kind: Any, allowed: str) -> None:
        """An object of a class."""
        if not isinstance(seen, kind):
            self.complain(field, seen, allowed)

    def text(self, field: str, seen: Any, allowed: str = "a text that UTF-8 can hold") -> None:
        """A string that a file can hold."""
        if not is_text(seen):
            self.complain(field, seen, allowed)

    def choice(self, field: str, seen: Any, allowed: Iterable[str]) -> None:
        """One of the allowed words."""
        if not isinstance(seen, str) or seen not in allowed:
            self.complain(field, seen, choices(allowed))

    def number(
        self, field: str, seen: Any, allowed: str, legal: Callable[[float], bool], stand_in: float
    ) -> float:
        """One finite real number for which `legal` holds."""
        if is_finite(seen) and legal(float(seen)):
            return float(seen)
        self.complain(field, seen, allowed)
        return stand_in

    def integer(self, field: str, seen: Any, low: int, high: int | None = None) -> int:
        """One integer in low..high; integral floats such as 1e6 are taken as integers."""
        top = 2**63 - 1 if high is None else high
        if is_finite(seen) and int(seen) == seen and low <= seen <= top:
            return int(seen)
        allowed = f"an integer >= {low}" if high is None else f"an integer in {low}..{high}"
        self.complain(field, seen, allowed)
        return top

    def vector(
        self,
        field: str,
        seen: ArrayLike,
        allowed: str,
        legal: Callable[[Floats], NDArray[np.bool_]],
        size: int | None = None,
        of: str = "h has",
    ) -> Floats:
        """A non-empty vector of finite numbers, or a scalar that is repeated `size` times.

        Of another size it is compared with what has that size, in the words `of`.
        """
        if size is not None:
            allowed += ", one or one per coordinate"
        raw = as_array(seen)
        if raw.ndim > 1 or raw.size == 0 or not all_finite(raw):
            self.complain(field, seen, allowed)
            return np.ones(size or raw.size or 1)
        values = repeated(distinct(np.atleast_1d(raw)).astype(np.float64), raw.size)
        if size is not None and raw.ndim == 0:
            values = repeated(values, size)
        if size is not None and values.size != size:
            wanted = "1 number" if size == 1 else f"1 or {size} numbers"
            self.complaints.append(
                f"{field}: got {values.size} numbers; allowed: {wanted}, as {of} {size}"
            )
        elif not legal(distinct(values)).all():
            self.complain(field, seen, allowed)
        values.flags.writeable = False
        return values


def is_real(value: Any) -> bool:
    """True for Python and NumPy integers and floats; a boolean is not a number here.

    >>> is_real(1), is_real(np.float32(0.5)), is_real(True), is_real("1")
    (True, True, False, False)
    """
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def is_finite(value: Any) -> bool:
    """True for a number, as `is_real` knows it, that a float can hold.

    >>> is_finite(1e308), is_finite(10**400), is_finite(float("nan")), is_finite("1")
    (True, False, False, False)
    """
    try:
        return is_real(value) and math.isfinite(value)
    except OverflowError:
        return False


def is_text(value: Any) -> bool:
    r"""True for a string that a file can hold: one without halves of surrogate pairs.

    >>> is_text("η"), is_text("\ud800"), is_text(1)
    (True, False, False)
    """
    if not isinstance(value, str):
        return False
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def as_array(seen: Any) -> NDArray[Any]:
    """Any value as an array: of numbers if it is one already, else of Python objects."""
    if isinstance(seen, np.ndarray) and seen.dtype.kind in "fiu":
        return seen
    try:
        return np.asarray(seen, dtype=object)
    except ValueError:  # nested arrays whose shapes do not fit together
        return np.array(None)


def repeated(values: Floats, size: int) -> Floats:
    """One number as a vector that takes the memory of one, or a vector as it is.

    >>> repeated(np.array([0.5]), 10**12).shape
    (1000000000000,)
    """
    return values if values.size == size else np.broadcast_to(values, size)


def distinct(values: NDArray[Any]) -> NDArray[Any]:
    """A vector of one number where it is that one `repeated`; else the vector itself.

    >>> distinct(repeated(np.array([0.5]), 10**12))
    array([0.5])
    """
    return values[:1] if values.strides == (0,) else values


def all_finite(raw: NDArray[Any]) -> bool:
    """True when every element is a number that a float can hold."""
    if raw.dtype.kind in "fiu":
        return bool(np.isfinite(distinct(raw)).all())
    return all(map(is_finite, raw.flat))


def shorten(value: Any, width: int = 60) -> str:
    """The value as it may stand in a message: one line, not longer than `width` characters.

    Without addresses in memory, so that a message is the same in every run.
    """
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    try:
        text = one_line(repr(value))
    except ValueError:  # Python refuses to print integers of thousands of digits
        text = f"a huge {type(value).__name__}"
    except Exception:  # somebody's class may do anything
        text = f"a {type(value).__name__} that cannot be shown"
    return text if len(text) <= width else text[: width - 4] + " ..."


def told(error: BaseException) -> str:
    """An exception as it may stand in a message: its class and its text, in one line.

    >>> told(ValueError("not today")), told(MemoryError())
    ('ValueError: not today', 'MemoryError')
    """
    return one_line(raised(error))


def raised(error: BaseException) -> str:
    """The same with the lines of its text."""
    try:
        text = str(error)
    except Exception:  # somebody's class may do anything
        text = "its text cannot be shown"
    return f"{type(error).__name__}: {text}" if text.strip() else type(error).__name__


def one_line(text: str) -> str:
    r"""The text in one line, without the addresses by which Python tells objects apart.

    Halves of surrogate pairs, which no file can hold, are spelt out.

    >>> one_line("<function f at 0x7f0f1b2974c0>"), one_line("\ud800")
    ('<function f>', '\\ud800')
    """
    whole = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return re.sub(r" at 0x[0-9a-fA-F]+", "", " ".join(whole.split()))


def count(n: int, noun: str) -> str:
    """A counted noun.

    >>> count(1, "cell"), count(2, "cell")
    ('1 cell', '2 cells')
    """
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def choices(names: Iterable[str]) -> str:
    """The names as a readable list for a message.

    >>> choices(["mean", "variance"])
    "'mean', 'variance'"
    """
    return ", ".join(repr(name) for name in names)
