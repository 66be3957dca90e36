"""Tables behind the figures of suites, made by hand: six methods, noise, and single runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from nqmbench.results import CURVE_COLUMNS

METHODS = {
    "SGD": (0.9, 0.0577),
    "heavy ball": (0.80, 0.5636),
    "averaged SGD": (0.983, 0.0071),
    "preconditioned SGD": (0.85, 0.0687),
    "averaged heavy ball": (0.97, 0.0104),
    "preconditioned heavy ball": (0.78, 0.673),
}
STEPS = np.unique(np.round(np.geomspace(1, 1000, 300)))


def rows(figure: str, suite: str = "sgd", **more: Any) -> list[dict[str, Any]]:
    """Three panels of six methods, as a lecture compares them."""
    random = np.random.default_rng(3)
    found = []
    for batch in (1, 10, 100):
        for method, (rate, floor) in METHODS.items():
            true = 2 * rate ** (2 * STEPS) + floor / batch * (1 - rate ** (2 * STEPS))
            noise = np.cumsum(random.standard_normal((2, STEPS.size)) * 0.12, axis=1)
            tied = np.exp(noise - noise.mean()).mean(axis=0)
            single = true * (0.15 + tied * random.chisquare(2, STEPS.size) / 2)
            mean = true * (1 + 0.004 * random.standard_normal(STEPS.size))
            for i, step in enumerate(STEPS):
                found.append(
                    {
                        "suite": suite, "figure": figure, "panel": f"B = {batch}", "curve": method,
                        "method": method, "of": "error", "step": step, "mean": mean[i],
                        "low": mean[i] * 0.99, "high": mean[i] * 1.01, "exact": true[i],
                        "single": single[i], "trials": 65536, **more,
                    }
                )  # fmt: skip
    return found


def effect(figure: str, suite: str = "sgd") -> list[dict[str, Any]]:
    """One panel, one method in several shades beside another one; no single run."""
    found = []
    for label, method, rate in (
        ("SGD", "SGD", 0.9),
        ("gamma = 0.9", "averaged SGD", 0.93),
        ("gamma = 0.99", "averaged SGD", 0.96),
        ("gamma = 0.999", "averaged SGD", 0.985),
    ):
        for step in np.unique(np.round(np.geomspace(1, 1000, 40))):
            true = 2 * rate ** (2 * step) + 0.05 * (1 - rate)
            found.append(
                {
                    "suite": suite, "figure": figure, "panel": "eta = 0.1", "curve": label,
                    "method": method, "of": "w2[1]", "step": step, "mean": true,
                    "low": true * 0.98, "high": true * 1.02, "exact": true,
                    "single": np.nan, "trials": 4096,
                }
            )  # fmt: skip
    return found


def table(found: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(found, columns=list(CURVE_COLUMNS))
