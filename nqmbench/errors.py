"""What can go wrong on the user's side, and how it is said.

Every message says what was seen, what is allowed and, where it is not obvious, what to do next.
A constructor collects all its complaints before it raises, so that one attempt shows every mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Checks", "InvalidArguments", "NqmbenchError", "OutputError", "SuiteError", "UsageError"]

Floats = NDArray[np.float64]


class NqmbenchError(Exception):
    """The root of the errors that a user can cause; the command line prints them without traceback.

    Attributes:
        exit_code: what `python -m nqmbench` returns for this error (the list stands in the README).
    """

    exit_code = 2


class UsageError(NqmbenchError):
    """A name, option or combination of options that does not exist or does not fit."""


class SuiteError(NqmbenchError):
    """A suite file that cannot be loaded or that contradicts itself; names the file and the line."""


class OutputError(NqmbenchError):
    """The folder for the results cannot be created or written."""

    exit_code = 73


class InvalidArguments(NqmbenchError, ValueError, TypeError):  # noqa: N818
    """Wrong arguments of a problem, schedule, method, experiment or simulation, all of them at once.

    One message may name wrong values and wrong types together, so the exception is both a
    `ValueError` and a `TypeError`.

    >>> import nqmbench as nq
    >>> nq.NoisyQuadratic(h=[1.0, -0.5], sigma=float("nan"))
    Traceback (most recent call last):
        ...
    nqmbench.errors.InvalidArguments: NoisyQuadratic:
      h: got [1.0, -0.5]; allowed: finite numbers > 0
      sigma: got nan; allowed: finite numbers >= 0, one or one per coordinate
    """


class Checks:
    """Collects the complaints about one call and raises them together.

    Each method returns the checked value (or a harmless stand-in after a complaint), so a
    constructor reads as a list of assignments followed by `done()`.

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

    def number(
        self, field: str, seen: Any, allowed: str, legal: Callable[[float], bool], stand_in: float
    ) -> float:
        """One finite real number for which `legal` holds."""
        if is_real(seen) and np.isfinite(seen) and legal(float(seen)):
            return float(seen)
        self.complain(field, seen, allowed)
        return stand_in

    def integer(self, field: str, seen: Any, low: int, high: int | None = None) -> int:
        """One integer in low..high; integral floats such as 1e6 are taken as integers."""
        top = 2**63 - 1 if high is None else high
        whole = is_real(seen) and np.isfinite(seen) and float(seen) == int(seen)
        if whole and low <= int(seen) <= top:
            return int(seen)
        self.complain(field, seen, f"integers >= {low}" if high is None else f"{low}..{high}")
        return low

    def vector(
        self,
        field: str,
        seen: ArrayLike,
        allowed: str,
        legal: Callable[[Floats], NDArray[np.bool_]],
        size: int | None = None,
    ) -> Floats:
        """A non-empty vector of finite numbers, or a scalar that is repeated `size` times."""
        stand_in = np.ones(size or 1)
        if size is not None:
            allowed += ", one or one per coordinate"
        raw = np.asarray(seen, dtype=object)
        if raw.ndim > 1 or raw.size == 0 or not all(map(is_real, np.atleast_1d(raw))):
            self.complain(field, seen, allowed)
            return stand_in
        values = np.atleast_1d(raw).astype(np.float64)
        if size is not None and raw.ndim == 0:
            values = np.full(size, values[0])
        if size is not None and values.size != size:
            self.complain(field, f"{values.size} numbers", f"1 or {size} numbers, as h has {size}")
            return stand_in
        if not (np.isfinite(values).all() and legal(values).all()):
            self.complain(field, seen, allowed)
            return stand_in
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


def shorten(value: Any, width: int = 60) -> str:
    """The value as it may stand in a message: one line, not longer than `width` characters."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    text = " ".join((value if isinstance(value, str) and " " in value else repr(value)).split())
    return text if len(text) <= width else text[: width - 4] + " ..."


def choices(names: Iterable[str]) -> str:
    """The names as a readable list for a message.

    >>> choices(["mean", "variance"])
    "'mean', 'variance'"
    """
    return ", ".join(repr(name) for name in names)
