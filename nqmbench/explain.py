"""How a refuted formula is wrong: the ratio claimed / exact steady state, in symbols.

Only equalities and approximations of second moments and variances have such a ratio, and only with
constant parameters. Transients and rates are explained by numbers instead.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nqmbench.claims import Claim
from nqmbench.formulas import symbols
from nqmbench.methods import Method
from nqmbench.plan import Case
from nqmbench.stability import spectral_radius

RATIOS: dict[Any, Any] = {}  # a ratio takes a tenth of a second; a claim has many cases

__all__ = ["Explanation", "explanation"]


@dataclass(frozen=True)
class Explanation:
    """The ratio of a claim for one method.

    Args:
        ratio: as plain text, such as "h".
        value: at the numbers of the case; NaN for a sum, whose coordinates have different ones.
        expression: the SymPy expression.
    """

    ratio: str
    value: float
    expression: Any

    @property
    def sentence(self) -> str:
        """As it stands in a reason."""
        text = f"formula / exact = {self.ratio}"
        if math.isnan(self.value):
            text += " in each coordinate"
        elif self.ratio != f"{self.value:g}":
            text += f" = {self.value:.6g}"
        return f"{text} in the steady state"


def explanation(claim: Claim, case: Case) -> Explanation | None:
    """The symbolic ratio of a claim on a case, or None when there is none or it is 1 there."""
    moment = (claim.statistic, claim.of[:2])
    if moment not in {("mean", "w2"), ("variance", "w["), ("mean", "er"), ("mean", "lo")}:
        return None
    if "bound" in claim.kind or not set(claim.arguments) & {"h", "sigma"}:
        return None
    if not case.experiment.problem.separable:
        return None  # the noise is in the rows, and one coordinate is not the whole story
    if not (case.experiment.method.constant and isinstance(case.experiment.batch, int)):
        return None
    if not (spectral_radius(case.experiment.method, case.experiment.problem.curvatures) < 1).all():
        return None  # without a steady state
    expression = symbolic_ratio(claim, case.experiment.method)
    if expression is None:
        return None
    i = case.observable.coordinate
    coordinates = range(case.experiment.problem.d) if i is None else [i]
    values = [number(expression, symbols(case.experiment, 0, c)) for c in coordinates]
    if not np.isfinite(values).all() or np.allclose(values, 1, rtol=0, atol=1e-9):
        return None
    value = values[0] if len(values) == 1 else math.nan
    from nqmbench.symbolic import plain

    return Explanation(plain(expression), value, expression)


def number(expression: Any, known: Mapping[str, Any]) -> float:
    """The expression's value where its symbols have these values; NaN when it has none there."""
    try:
        return float(expression.subs({s: float(known[s.name]) for s in expression.free_symbols}))
    except (KeyError, TypeError):  # a symbol that the experiment lacks; infinite or not real
        return math.nan


def symbolic_ratio(claim: Claim, method: Method) -> Any:
    """The ratio for a claim and a method; the numbers of the method do not matter."""
    shape = (tuple(method.starts), method.readout, tuple(method.parameters), bool(method.power))
    key = (claim, method.step, shape)
    if key not in RATIOS:
        from nqmbench.symbolic import evaluate, ratio

        formula = evaluate(claim.formula, claim.arguments)
        RATIOS[key] = None if formula is None else ratio(formula, method)
    return RATIOS[key]
