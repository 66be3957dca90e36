"""The tables of a run: the ledger's records as rows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from nqmbench.checks import CheckResult, judge_check
from nqmbench.claims import Check, Claim
from nqmbench.experiment import Experiment
from nqmbench.explain import explanation
from nqmbench.ledger import Ledger, Record
from nqmbench.moments import Moments
from nqmbench.plan import Case, PlannedClaim
from nqmbench.results import CELL_COLUMNS, ESTIMATE_COLUMNS, VERDICT_COLUMNS
from nqmbench.samples import samples
from nqmbench.theory import ExactMoments
from nqmbench.verdicts import Verdict
from nqmbench.wording import check_reason, reason, worst

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["cell_table", "estimate_table", "verdict_table"]

NAN = math.nan


def verdict_table(
    ledger: Ledger, truths: Mapping[str, ExactMoments], bugs: Mapping[str, list[str]]
) -> pd.DataFrame:
    """One row per claim and case.

    Args:
        ledger: the records.
        truths: exact moments by task.
        bugs: contradictions between simulation and theory by task.
    """
    rows: list[dict[str, Any]] = []
    for claim in ledger.plan.claims:
        if isinstance(claim.item, Check):
            rows.append(check_row(claim, judge_check(claim.item)))
        elif claim.error:
            row = common(claim) | {"verdict": Verdict.ERROR.value, "reason": claim.error}
            rows.append(row)
        else:
            rows += [case_row(ledger, claim, case, truths, bugs) for case in claim.cases]
    return frame(rows, VERDICT_COLUMNS)


def cell_table(ledger: Ledger, truths: Mapping[str, ExactMoments]) -> pd.DataFrame:
    """One row per cell; the report draws from it."""
    rows = []
    for r in ledger.records:
        low, high = r.sample.interval(r.z) if r.sample else (NAN, NAN)
        rows.append(
            {
                **common(r.claim),
                "case": r.case.label,
                "method": r.case.experiment.method.title,
                "of": r.case.observable.name,
                "step": r.cell.step,
                "formula": r.cell.claimed,
                "exact": exact_value(ledger, r, truths),
                "estimate": r.sample.estimate if r.sample else NAN,
                "low": low,
                "high": high,
                "region_low": r.target.low if r.target else NAN,
                "region_high": r.target.high if r.target else NAN,
                "scale": r.scale,
                "trials": r.sample.count if r.sample else 0,
                "verdict": r.verdict.value if r.verdict else "",
            }
        )
    return frame(rows, CELL_COLUMNS)


def estimate_table(
    ledger: Ledger,
    moments: Mapping[str, Moments],
    truths: Mapping[str, ExactMoments],
    precision: str,
) -> pd.DataFrame:
    """One row per experiment, step and observable, from the last look."""
    rows = []
    names = experiment_names(ledger.plan.experiments)
    for key, experiment in ledger.plan.experiments.items():
        if key not in moments:
            continue
        mean, variance = (
            samples(experiment, moments[key], s, precision) for s in ("mean", "variance")
        )
        for s, step in enumerate(experiment.checkpoints):
            for o, observable in enumerate(experiment.observed):
                rows.append(
                    {
                        "experiment": names[key],
                        "step": step,
                        "observable": observable.name,
                        "mean": mean.estimate[s, o],
                        "variance": variance.estimate[s, o],
                        "mean_se": mean.error[s, o],
                        "variance_se": variance.error[s, o],
                        "exact_mean": truths[key].mean[s, o],
                        "exact_variance": truths[key].variance[s, o],
                        "trials": moments[key].count,
                    }
                )
    return frame(rows, ESTIMATE_COLUMNS)


def experiment_names(experiments: Mapping[str, Experiment]) -> dict[str, str]:
    """A name for each experiment: its label, with the start of its key where labels are equal."""
    labels = {key: f"{e.label}, steps={e.steps}" for key, e in experiments.items()}
    counts = Counter(labels.values())
    return {
        key: label if counts[label] == 1 else f"{label} [{experiments[key].key[:8]}]"
        for key, label in labels.items()
    }


def common(claim: PlannedClaim) -> dict[str, Any]:
    """The columns that every row of a claim shares."""
    item = claim.item
    return {
        "suite": item.suite,
        "claim": item.name,
        "ref": item.ref,
        "mends": item.mends or "",
        "case": "",
        "of": item.of if isinstance(item, Claim) else "",
        "statistic": item.statistic if isinstance(item, Claim) else "",
        "kind": item.kind,
        "expected": (item.expect or "").upper(),
        "margin": claim.margin,
    }


def check_row(claim: PlannedClaim, result: CheckResult) -> dict[str, Any]:
    """The row of a check: the claimed number as its formula, the true one as exact."""
    return common(claim) | {
        "verdict": result.verdict.value,
        "reason": check_reason(claim.item.kind, result),
        "margin": NAN,
        "deviation": result.deviation,
        "formula": result.claimed,
        "exact": result.true,
    }


def case_row(
    ledger: Ledger,
    claim: PlannedClaim,
    case: Case,
    truths: Mapping[str, ExactMoments],
    bugs: Mapping[str, list[str]],
) -> dict[str, Any]:
    """The row of a claim on one experiment and observable."""
    assert isinstance(claim.item, Claim)
    records = ledger.of_case(claim, case)
    verdict = ledger.verdict(records)
    shown = worst(records)
    sample = shown.sample
    ratio = explanation(claim.item, case) if verdict is Verdict.REFUTED else None
    refuted = claim.item.identity in ledger.refuted
    text = reason(case, records, verdict, refuted, ratio.sentence if ratio else "")
    if bugs.get(case.task):
        verdict = Verdict.INCONSISTENT
        text = f"the program contradicts itself: {bugs[case.task][0]}; please report this"
    low, high = sample.interval(shown.z) if sample else (NAN, NAN)
    return common(claim) | {
        "case": case.label,
        "of": case.observable.name,
        "verdict": verdict.value,
        "reason": text,
        "worst_step": shown.cell.step,
        "deviation": shown.deviation,
        "formula": shown.cell.claimed,
        "exact": exact_value(ledger, shown, truths),
        "estimate": sample.estimate if sample else NAN,
        "low": low,
        "high": high,
        "trials": sample.count if sample else 0,
    }


def exact_value(ledger: Ledger, record: Record, truths: Mapping[str, ExactMoments]) -> float:
    """The exact value of a cell's statistic."""
    truth = truths[record.case.task]
    s = ledger.plan.experiments[record.case.task].checkpoints.index(record.cell.step)
    o = truth.observables.index(record.case.observable.name)
    return float(truth.of(record.statistic)[s, o])


def frame(rows: Iterable[Mapping[str, Any]], columns: tuple[str, ...]) -> pd.DataFrame:
    """A table with these columns in this order; what a row does not have is NaN."""
    import pandas as pd

    table = pd.DataFrame(list(rows), columns=list(columns))
    for column in ("worst_step", "trials"):
        if column in table:
            table[column] = table[column].astype("Int64")
    text = [c for c in columns if c in ("case", "of", "statistic", "reason", "verdict", "method")]
    table[text] = table[text].fillna("")
    return table
