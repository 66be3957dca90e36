"""Why a run ends before it is done: somebody says so, or its time is used.

Work that may be given up at any moment, such as a simulation, is done inside `interruptible`: there
a signal is obeyed at once. Elsewhere, while results are written, it is only noted, and obeyed at
the next `check`. Whoever asks a second time is obeyed at once everywhere but inside `whole`.
"""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

__all__ = ["BUDGET", "INTERRUPTED", "TERMINATED", "Stopped", "Stopping"]

INTERRUPTED, TERMINATED, BUDGET = "interrupted", "terminated", "time budget used"
PERSONS = (INTERRUPTED, TERMINATED)  # what somebody waits for
LONGEST = 1e7  # seconds that every system's timer can count; budgets beyond have none


class Stopped(KeyboardInterrupt):
    """The run is to end; what was finished before is whole."""


@dataclass(eq=False)
class Stopping:
    """Knows whether a run is to end, and why.

    Args:
        reason: why the run is to end, or "".

    >>> stopping = Stopping()
    >>> stopping.check()
    >>> stopping.ask(INTERRUPTED)
    >>> try:
    ...     stopping.check()
    ... except Stopped as stop:
    ...     print(stop)
    interrupted
    """

    reason: str = ""
    _shielded: bool = field(default=False, repr=False)
    _insists: bool = field(default=False, repr=False)
    _inside: bool = field(default=False, repr=False)
    _deadline: float = field(default=math.inf, repr=False)

    def ask(self, reason: str) -> None:
        """Ask the run to end.

        Raises:
            Stopped: this is a moment to give up, or a person has asked before.
        """
        again = self.reason in PERSONS and reason in PERSONS
        if not self.reason or (self.reason == BUDGET and reason in PERSONS):
            self.reason = reason
        if self._shielded:
            self._insists |= again
            return
        # Whoever cleans up after this is not inside any more, also if it strikes as a block ends.
        inside, self._inside = self._inside, False
        if inside or again:
            raise Stopped(self.reason)

    def check(self) -> None:
        """Go on, or raise `Stopped` if the run is to end."""
        if not self.reason and time.monotonic() >= self._deadline:
            self.reason = BUDGET
        if self.reason:
            raise Stopped(self.reason)

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Work that may be given up at any moment."""
        before = self._inside
        try:
            self._inside = True
            self.check()
            yield
        finally:
            self._inside = before

    @contextmanager
    def whole(self) -> Iterator[None]:
        """A moment's work that must not be cut in the middle, whoever asks how often."""
        self._shielded = True
        try:
            yield
        finally:
            self._shielded = False
        if self._insists:
            raise Stopped(self.reason)

    @contextmanager
    def heard(self) -> Iterator[Stopping]:
        """Obey Ctrl-C and SIGTERM; in the main thread only, since no other one hears signals."""
        with handling({signal.SIGINT: INTERRUPTED, signal.SIGTERM: TERMINATED}, self):
            yield self

    @contextmanager
    def within(self, seconds: float | None) -> Iterator[None]:
        """Let what is done in this block end after so many seconds; None sets no limit.

        The system's timer ends even a long call of a kernel, in the main thread and where there is
        such a timer; elsewhere the run ends between two calls. What follows the block has its time.
        """
        if seconds is None:
            yield
            return
        self._deadline = time.monotonic() + seconds
        try:
            with timer(seconds, self):
                yield
        finally:
            self._deadline = math.inf
            if self.reason == BUDGET:
                self.reason = ""


@contextmanager
def timer(seconds: float, stopping: Stopping) -> Iterator[None]:
    """Let the system's timer ask a run to end, where there is one."""
    if not hasattr(signal, "setitimer") or seconds > LONGEST:
        yield
        return
    with handling({signal.SIGALRM: BUDGET}, stopping) as able:
        before = (0.0, 0.0)
        try:
            if able:
                before = signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-3))
            yield
        finally:
            if able:
                signal.setitimer(signal.ITIMER_REAL, *before)


@contextmanager
def handling(reasons: dict[int, str], stopping: Stopping) -> Iterator[bool]:
    """Let signals ask a run to end, until the block is left; False where signals are not heard."""
    if threading.current_thread() is not threading.main_thread():
        yield False
        return

    def hear(number: int, _: Any) -> None:
        stopping.ask(reasons[number])

    # What a shell lets its background jobs ignore stays ignored.
    obeyed = [n for n in reasons if signal.getsignal(n) is not signal.SIG_IGN]
    before = {number: signal.signal(number, hear) for number in obeyed}
    try:
        yield True
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
