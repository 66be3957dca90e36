"""Puts a run together by hand, claim by claim and case by case; nothing is simulated."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from nqmbench.results import (
    CELL_COLUMNS,
    CURVE_COLUMNS,
    ESTIMATE_COLUMNS,
    VERDICT_COLUMNS,
    Run,
)
from nqmbench.verdicts import Verdict

STEPS = np.unique(np.round(np.geomspace(1, 1000, 40)))


def second_moment(
    k: np.ndarray, h: float, eta: float, batch: float, factor: float = 1.0
) -> np.ndarray:
    a = (1 - eta * h) ** (2 * k)
    return a + factor * eta * h / (2 - eta * h) / batch * (1 - a)


class Builder:
    """Collects claims and turns them into a Run."""

    def __init__(self) -> None:
        self.suites: dict[str, dict[str, Any]] = {}
        self.verdicts: list[dict[str, Any]] = []
        self.cells: list[dict[str, Any]] = []
        self.curves: list[dict[str, Any]] = []
        self.random = np.random.default_rng(1)

    def claim(self, suite: str, name: str, verdict: str, **more: Any) -> None:
        part = self.suites.setdefault(
            suite,
            {
                "name": suite,
                "summary": f"about {suite}",
                "source": "first text, section 3",
                "cells": 720,
                "level": 4.818,
                "claims": [],
                "outside": [],
                "figures": [],
            },
        )
        about = {
            "name": name,
            "ref": "",
            "kind": "equality",
            "of": "w2[i]",
            "statistic": "mean",
            "mends": "",
            "doc": "",
            "formula": "",
            "verdict": verdict,
            "expected": verdict,
            "as_expected": True,
            "reason": "",
            "margin": 0.01,
        }
        part["claims"].append(about | more)

    def case(
        self,
        case: str,
        formula: Any,
        exact: Any,
        steps: Any = STEPS,
        *,
        method: str = "SGD",
        of: str = "w2[1]",
        width: float = 0.003,
        margin: float = 0.01,
        scale: Any = None,
        verdict: str = "",
        reason: str = "",
        estimate: Any = None,
    ) -> None:
        """One case of the last claim, with all its cells."""
        suite = list(self.suites)[-1]
        about = self.suites[suite]["claims"][-1]
        steps = np.asarray(steps, dtype=float)
        formula, exact = (
            np.broadcast_to(np.asarray(v, dtype=float), steps.shape) for v in (formula, exact)
        )
        scales = np.abs(formula) if scale is None else np.broadcast_to(scale, steps.shape)
        if estimate is None:
            estimate = exact + 0.3 * width * np.abs(exact) * self.random.standard_normal(
                steps.shape
            )
        half = width * np.abs(exact)
        below = about["kind"] == "upper bound" or (
            about["kind"] == "ordering" and about["statistic"] == "mean"
        )
        above = about["kind"] == "lower bound" or (about["kind"] == "ordering" and not below)
        low = -np.inf if below else formula - margin * scales
        high = np.inf if above else formula + margin * scales
        columns = {
            "step": steps,
            "formula": formula,
            "exact": exact,
            "estimate": estimate,
            "low": estimate - half,
            "high": estimate + half,
            "region_low": low,
            "region_high": high,
            "scale": scales,
        }
        common = {
            "suite": suite,
            "claim": about["name"],
            "case": case,
            "of": of,
            "statistic": about["statistic"],
        }
        table = {k: np.broadcast_to(v, steps.shape) for k, v in columns.items()}
        for i in range(steps.size):
            self.cells.append(
                {
                    **common,
                    "method": method,
                    "trials": 1048576,
                    "verdict": verdict or about["verdict"],
                    **{k: float(v[i]) for k, v in table.items()},
                }
            )
        last = {k: float(v[-1]) for k, v in table.items() if k in VERDICT_COLUMNS}
        with np.errstate(all="ignore"):
            deviation = float(((table["estimate"] - table["formula"]) / table["scale"])[-1])
        self.row(
            case,
            of=of,
            worst_step=float(steps[-1]),
            deviation=deviation,
            trials=1048576,
            verdict=verdict or about["verdict"],
            reason=reason or about["reason"],
            **last,
        )

    def outside(self, suite: str, ref: str, statement: str, reason: str) -> None:
        """A statement of a known suite that no run can judge."""
        entry = {"ref": ref, "statement": statement, "reason": reason}
        self.suites[suite]["outside"].append(entry)

    def figure(self, suite: str, name: str, rows: list[dict[str, Any]], **more: Any) -> None:
        """A figure of a known suite."""
        panels = list(dict.fromkeys(row["panel"] for row in rows))
        entry = {"name": name, "doc": "", "of": rows[0]["of"], "panels": panels, **more}
        self.suites[suite]["figures"].append(entry)
        self.curves += rows

    def row(self, case: str, **more: Any) -> None:
        """One row of the verdicts of the last claim."""
        suite = list(self.suites)[-1]
        about = self.suites[suite]["claims"][-1]
        whole = {c: about.get(c, math.nan) for c in VERDICT_COLUMNS}
        if "formula" in more and "deviation" not in more:  # an exact check
            more["deviation"] = (more["exact"] - more["formula"]) / abs(more["formula"])
        self.verdicts.append(
            {**whole, "suite": suite, "claim": about["name"], "case": case, **more}
        )

    def telling_case(self, suite: str, claim: dict[str, Any]) -> dict[str, Any]:
        """The case of the claim's verdict that deviates most, and its deviation."""
        rows = [
            row
            for row in self.verdicts
            if (row["suite"], row["claim"], row["verdict"])
            == (suite, claim["name"], claim["verdict"])
        ]
        worst = max(rows, key=lambda row: np.nan_to_num(abs(row["deviation"]), nan=-1))
        return {"case": worst["case"] if claim["of"] else "", "deviation": worst["deviation"]}

    def run(self) -> Run:
        entries = [c for suite in self.suites.values() for c in suite["claims"]]
        for suite in self.suites.values():
            for claim in suite["claims"]:
                claim |= self.telling_case(suite["name"], claim)
        about = {
            "run": {
                "names": ["all"],
                "preset": "standard",
                "seed": 0,
                "precision": "mixed",
                "suites": "shipped",
                "alpha": 0.05,
                "margins": {"mean": 0.01, "variance": 0.05},
                "largest_trials": 67108864,
                "experiments": 21,
                "trials": 123456789,
                "counts": {v.value: sum(e["verdict"] == v.value for e in entries) for v in Verdict},
                "contradictions": [],
                "conflicts": [],
                "wide": 0,
                "ending": "",
                "until": None,
                "shard": None,
                "exit_code": 0,
            },
            "machine": {
                "python": "3.11.7",
                "system": "Linux",
                "cpu": "A CPU <b>fast</b>",
                "threads": 2,
                "executor": "local",
                "made_from": "",
                "seconds": 12.5,
                "versions": {"nqmbench": "not installed", "numpy": "2.4.6"},
            },
            "suites": list(self.suites.values()),
        }
        return Run(
            pd.DataFrame(self.verdicts, columns=VERDICT_COLUMNS),
            pd.DataFrame(self.cells, columns=CELL_COLUMNS),
            pd.DataFrame([], columns=ESTIMATE_COLUMNS),
            about,
            pd.DataFrame(self.curves, columns=CURVE_COLUMNS),
        )
