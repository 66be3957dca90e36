"""exp, log, sqrt, where, minimum and maximum for formulas: on numbers, arrays and symbols alike.

A claim's formula is evaluated on floats for the verdict and on SymPy symbols for typesetting; these
six functions do the right thing on both.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

__all__ = ["exp", "log", "maximum", "minimum", "sqrt", "where"]


def _symbolic(*values: Any) -> Any:
    """The sympy module if a value is an expression of it, else None (never imports it)."""
    sympy = sys.modules.get("sympy")
    if sympy is not None and any(isinstance(v, sympy.Basic) for v in values):
        return sympy
    return None


def exp(x: Any) -> Any:
    """e^x.

    >>> float(exp(0.0))
    1.0
    """
    sympy = _symbolic(x)
    return sympy.exp(x) if sympy else np.exp(x)


def log(x: Any) -> Any:
    """The natural logarithm.

    >>> float(log(1.0))
    0.0
    """
    sympy = _symbolic(x)
    return sympy.log(x) if sympy else np.log(x)


def sqrt(x: Any) -> Any:
    """The square root.

    >>> float(sqrt(4.0))
    2.0
    """
    sympy = _symbolic(x)
    return sympy.sqrt(x) if sympy else np.sqrt(x)


def where(condition: Any, yes: Any, no: Any) -> Any:
    """`yes` where the condition holds, else `no`.

    >>> float(where(2 > 1, 10.0, 20.0))
    10.0
    """
    sympy = _symbolic(condition, yes, no)
    if sympy:
        return sympy.Piecewise((yes, condition), (no, True))
    return np.where(condition, yes, no)[()]


def minimum(x: Any, y: Any) -> Any:
    """The smaller of two.

    >>> float(minimum(1.0, 2.0))
    1.0
    """
    sympy = _symbolic(x, y)
    return sympy.Min(x, y) if sympy else np.minimum(x, y)


def maximum(x: Any, y: Any) -> Any:
    """The larger of two.

    >>> float(maximum(1.0, 2.0))
    2.0
    """
    sympy = _symbolic(x, y)
    return sympy.Max(x, y) if sympy else np.maximum(x, y)
