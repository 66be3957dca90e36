"""Arguments: claims that two numbers decide, without simulation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from nqmbench.arguments import shorten, told
from nqmbench.claims import Check
from nqmbench.stopping import Stopped, Stopping
from nqmbench.verdicts import Verdict, decide_check, excess

__all__ = ["CheckResult", "judge_check", "judge_checks"]


@dataclass(frozen=True)
class CheckResult:
    """The outcome of a check.

    Args:
        verdict: CONFIRMED, REFUTED or ERROR; INCONCLUSIVE if the run ended before it was judged.
        claimed, true: the pair that is furthest from what the check claims.
        error: why it could not be judged.
    """

    verdict: Verdict
    claimed: float = float("nan")
    true: float = float("nan")
    error: str = ""

    @property
    def deviation(self) -> float:
        """(true - claimed) / |claimed|; the difference itself where 0 is claimed."""
        if self.claimed == self.true:
            return 0.0
        return (self.true - self.claimed) / (abs(self.claimed) or 1.0)


def judge_checks(checks: Iterable[Check], stopping: Stopping) -> dict[str, CheckResult]:
    """The outcome of every check, by its identity.

    Args:
        checks: to be judged.
        stopping: ends the judging at once if the run is to end; the rest is INCONCLUSIVE then.
    """
    found: dict[str, CheckResult] = {}
    for check in checks:
        try:
            with stopping.interruptible():
                found[check.identity] = judge_check(check)
        except Stopped as stop:
            text = f"not judged: {stop} before its turn came"
            found[check.identity] = CheckResult(Verdict.INCONCLUSIVE, error=text)
    return found


def judge_check(check: Check) -> CheckResult:
    """Call a check and compare what it returns.

    >>> from nqmbench.suite import Suite
    >>> suite = Suite("demo")
    >>> @suite.check("square root of two", kind="bound")
    ... def root():
    ...     return 1.4, 2**0.5
    >>> judge_check(suite.items[0]).verdict
    <Verdict.REFUTED: 'REFUTED'>
    """
    try:
        with np.errstate(all="ignore"):
            given = check.function()
            if not isinstance(given, tuple | list | np.ndarray) or len(given) != 2:
                allowed = "two numbers or arrays: claimed, true"
                return failed(f"the check gave {shorten(given)}; allowed: {allowed}")
            arrays = [np.atleast_1d(np.asarray(x)) for x in given]
            if not all(a.dtype.kind in "biufO" for a in arrays):
                return failed(f"the check gave {shorten(given)}; allowed: real numbers")
            claimed, true = (a.astype(np.float64) for a in arrays)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a user's code may even exit; the run goes on
        return failed(f"the check raised {told(error)}")
    if claimed.shape != true.shape or claimed.size == 0:
        shapes = f"{claimed.shape} and {true.shape}"
        return failed(f"the check gave shapes {shapes}; allowed: equal ones")
    if np.isnan(claimed).any() or np.isnan(true).any():
        return failed("the check gave NaN; allowed: numbers")
    pairs = list(zip(claimed.ravel().tolist(), true.ravel().tolist(), strict=True))
    worst = max(pairs, key=lambda pair: excess(check.kind, *pair))
    return CheckResult(decide_check(check.kind, *worst), *worst)


def failed(why: str) -> CheckResult:
    """The outcome of a check whose own code failed."""
    return CheckResult(Verdict.ERROR, error=why)
