"""The tables of a run: the ledger's records as rows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from nqmbench.checks import CheckResult
from nqmbench.claims import Check, Claim, Ordering
from nqmbench.experiment import Experiment
from nqmbench.explain import explanation
from nqmbench.ledger import Ledger
from nqmbench.looks import Record
from nqmbench.moments import Moments
from nqmbench.passes import Contrast
from nqmbench.pictures import PlannedCurve
from nqmbench.plan import Case, Plan, PlannedClaim
from nqmbench.results import CELL_COLUMNS, CURVE_COLUMNS, ESTIMATE_COLUMNS, VERDICT_COLUMNS
from nqmbench.samples import samples
from nqmbench.theory import ExactMoments
from nqmbench.verdicts import Verdict
from nqmbench.wording import check_reason, reason, worst

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["cell_table", "curve_table", "estimate_table", "verdict_table"]

NAN = math.nan
SPREAD = 1.96  # standard errors on either side of a curve: an interval for the eye, of 95 %


def verdict_table(
    ledger: Ledger,
    truths: Mapping[str, ExactMoments],
    bugs: Mapping[str | Contrast, list[str]],
    checks: Mapping[str, CheckResult],
) -> pd.DataFrame:
    """One row per claim and case.

    Args:
        ledger: the records.
        truths: exact moments by task.
        bugs: contradictions between simulation and theory, by task and by contrast.
        checks: the outcome of every check, by its identity.
    """
    rows: list[dict[str, Any]] = []
    for claim in ledger.plan.claims:
        if isinstance(claim.item, Check):
            rows.append(check_row(claim, checks[claim.item.identity]))
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
                "of": r.case.of,
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
        "statistic": "" if isinstance(item, Check) else item.statistic,
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
    bugs: Mapping[str | Contrast, list[str]],
) -> dict[str, Any]:
    """The row of a claim on one experiment and observable, or of an ordering on one pair."""
    assert isinstance(claim.item, Claim | Ordering)
    records = ledger.of_case(claim, case)
    verdict = ledger.verdict(records)
    shown = worst(records)
    sample = shown.sample
    ratio = None
    if verdict is Verdict.REFUTED and isinstance(claim.item, Claim) and not ledger.hurried:
        ratio = explanation(claim.item, case)
    refuted = claim.item.identity in ledger.refuted
    sentence, elsewhere = ratio.sentence if ratio else "", case.task in ledger.plan.elsewhere
    text = reason(case, records, verdict, refuted, sentence, ledger.ending, elsewhere)
    tested: list[str | Contrast] = [case.task]
    if case.contrast is not None:
        tested += [case.contrast.larger[0], case.contrast]
    said = [text for key in tested for text in bugs.get(key, ())]
    if said:
        verdict = Verdict.INCONSISTENT
        text = f"the program contradicts itself: {said[0]}; please report this"
    low, high = sample.interval(shown.z) if sample else (NAN, NAN)
    return common(claim) | {
        "case": case.label,
        "of": case.of,
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
    """The exact value of a cell's statistic, the exact difference of an ordering's means.

    NaN for a probability, which exact theory does not know.
    """
    item, contrast, step = record.claim.item, record.case.contrast, record.cell.step
    assert isinstance(item, Claim | Ordering)
    if item.statistic == "probability":
        return NAN

    def exact(task: str, name: str) -> float:
        truth = truths[task]
        s = ledger.plan.experiments[task].checkpoints.index(step)
        return float(truth.of(item.statistic)[s, truth.observables.index(name)])

    if contrast is None:
        return exact(record.case.task, record.case.observable.name)
    return exact(*contrast.smaller) - exact(*contrast.larger)


def curve_table(
    plan: Plan,
    moments: Mapping[str, Moments],
    truths: Mapping[str, ExactMoments],
    singles: Mapping[str, Moments],
) -> pd.DataFrame:
    """One row per figure, panel, curve and step.

    Args:
        plan: has the figures.
        moments: of every experiment's last look, by task; what was not simulated is left out.
        truths: exact moments by task.
        singles: one trajectory by task, of the figures that show a single run.
    """
    rows: list[dict[str, Any]] = []
    for planned in plan.figures:
        for panel in planned.panels:
            for curve in panel.curves:
                place = {
                    "suite": planned.figure.suite, "figure": planned.figure.name,
                    "panel": panel.title, "curve": curve.label,
                    "method": curve.experiment.method.title, "of": curve.observable.name,
                }  # fmt: skip
                alone = singles.get(curve.task) if planned.figure.single else None
                if curve.task in moments:
                    experiment, known = plan.experiments[curve.task], moments[curve.task]
                    points = curve_points(curve, experiment, known, truths[curve.task], alone)
                    rows += [place | point for point in points]
    return frame(rows, CURVE_COLUMNS)


def curve_points(
    curve: PlannedCurve,
    experiment: Experiment,
    moments: Moments,
    truth: ExactMoments,
    single: Moments | None,
) -> list[dict[str, Any]]:
    """The points of one curve: mean with its interval, exact theory, a single run."""
    column = truth.observables.index(curve.observable.name)
    found = moments.mean_estimate()
    constant = moments.moment(2) == 0
    points = []
    for step in curve.steps:
        place = experiment.checkpoints.index(step), column
        mean = float(found.value[place])
        half = 0.0 if constant[place] else SPREAD * float(found.error[place])
        points.append(
            {
                "step": step, "mean": mean, "low": mean - half, "high": mean + half,
                "exact": float(truth.mean[place]),
                "single": NAN if single is None else float(single.mean[place]),
                "trials": moments.count,
            }
        )  # fmt: skip
    return points


def frame(rows: Iterable[Mapping[str, Any]], columns: tuple[str, ...]) -> pd.DataFrame:
    """A table with these columns in this order; what a row does not have is NaN."""
    import pandas as pd

    table = pd.DataFrame(list(rows), columns=list(columns))
    for column in ("worst_step", "step", "trials"):
        if column in table:
            table[column] = table[column].astype("Int64")
    text = [c for c in columns if c in ("case", "of", "statistic", "reason", "verdict", "method")]
    table[text] = table[text].fillna("")
    return table
