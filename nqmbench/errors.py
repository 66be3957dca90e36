"""What can go wrong on the user's side, and the exit code of each.

Every message says what was seen, what is allowed and, where it is not obvious, what to do next.
"""

from __future__ import annotations

import errno
from typing import Any

__all__ = [
    "ClusterError",
    "DamagedRunError",
    "DiskError",
    "FormulaError",
    "InvalidArguments",
    "LockedError",
    "NqmbenchError",
    "OutputError",
    "SuiteError",
    "UsageError",
    "cannot_write",
]


class NqmbenchError(Exception):
    """The root of the errors that a user can cause; the command line prints them without traceback.

    Attributes:
        exit_code: what `python -m nqmbench` returns for this error (the list stands in the README).
    """

    exit_code = 2


class UsageError(NqmbenchError):
    """A name, option or combination of options that does not exist or does not fit."""


class SuiteError(NqmbenchError):
    """A suite file that cannot be loaded or contradicts itself; names the file and the line."""


class OutputError(NqmbenchError):
    """The folder for the results cannot be created or written."""

    exit_code = 73


class DamagedRunError(NqmbenchError):
    """A run's folder holds something that no run has written."""

    exit_code = 65


class DiskError(NqmbenchError):
    """Reading or writing failed halfway: the disk is full or broken."""

    exit_code = 74


class LockedError(NqmbenchError):
    """Another process is using what this one needs alone; the message names it."""

    exit_code = 75


class ClusterError(NqmbenchError):
    """The cluster does not answer, or has no workers any more; what was simulated is kept."""

    exit_code = 75


def cannot_write(place: Any, error: OSError) -> NqmbenchError:
    """The error to raise where writing `place` failed: a full disk is told from a wrong folder."""
    where = error.filename or place
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return DiskError(f"disk full at {where}: free space and repeat the command")
    if error.errno == errno.EIO:
        return DiskError(f"{where}: {error.strerror}")
    return OutputError(f"{where}: cannot be written ({error.strerror}); choose another --out")


class FormulaError(Exception):
    """A suite's own code failed; the claim, ordering or figure becomes an error, the run goes on.

    It never leaves a run: its message is the reason that stands beside ERROR.
    """


class InvalidArguments(NqmbenchError, ValueError, TypeError):  # noqa: N818 - reads as what it is
    """Wrong arguments of a problem, schedule, method, experiment or simulation, all at once.

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
