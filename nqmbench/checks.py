"""Checks: claims that two numbers decide, without simulation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nqmbench.claims import Check
from nqmbench.verdicts import Verdict

__all__ = ["CheckResult", "judge_check"]

# Relative tolerances: rounding of a formula; of an eigenvalue at a double root; of a search.
TOLERANCE = {"identity": 1e-9, "bound": 1e-9, "rate": 1e-6, "optimum": 1e-3, "existence": 0.0}


@dataclass(frozen=True)
class CheckResult:
    """The outcome of a check.

    Args:
        verdict: CONFIRMED, REFUTED or ERROR.
        claimed, true: the pair that is furthest from what the claim says.
        excess: how far, relative to the true value. error: why it could not be judged.
    """

    verdict: Verdict
    claimed: float = float("nan")
    true: float = float("nan")
    excess: float = float("nan")
    error: str = ""


def judge_check(check: Check) -> CheckResult:
    """Call a check and compare what it returns.

    >>> from nqmbench.claims import Suite
    >>> suite = Suite("demo")
    >>> @suite.check("square root of two", kind="bound")
    ... def root():
    ...     return 1.4, 2**0.5
    >>> judge_check(suite.items[0]).verdict
    <Verdict.REFUTED: 'REFUTED'>
    """
    try:
        with np.errstate(all="ignore"):
            claimed, true = (np.atleast_1d(np.asarray(x)) for x in check.function())
        if np.iscomplexobj(claimed) or np.iscomplexobj(true):
            return CheckResult(Verdict.ERROR, error="the check gave complex numbers; allowed: real")
        claimed, true = claimed.astype(np.float64), true.astype(np.float64)
    except Exception as error:  # a user's code may raise anything; the run goes on
        return CheckResult(Verdict.ERROR, error=f"the check raised {type(error).__name__}: {error}")
    if claimed.shape != true.shape or claimed.size == 0:
        shapes = f"{claimed.shape} and {true.shape}"
        return CheckResult(
            Verdict.ERROR, error=f"the check gave shapes {shapes}; allowed: equal ones"
        )
    if np.isnan(claimed).any() or np.isnan(true).any():
        return CheckResult(Verdict.ERROR, error="the check gave NaN; allowed: numbers")
    with np.errstate(all="ignore"):
        difference = true - claimed if check.kind == "bound" else np.abs(true - claimed)
        difference = np.where(true == claimed, 0.0, difference)  # also equal infinities
        size = np.maximum(np.abs(claimed), np.abs(true))
        relative = np.where(np.isinf(difference), difference, difference / size)
        excess = np.where(size > 0, relative, difference)
    worst = int(np.argmax(excess))
    holds = bool(excess[worst] <= TOLERANCE[check.kind])
    verdict = Verdict.CONFIRMED if holds else Verdict.REFUTED
    return CheckResult(verdict, float(claimed[worst]), float(true[worst]), float(excess[worst]))
