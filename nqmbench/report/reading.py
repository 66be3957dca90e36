"""The tables of a run, regrouped by suite, claim and case.

The run may come from an interrupted program or an older one, so whatever is missing is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nqmbench.report.content import (
    Case,
    ClaimPart,
    Curve,
    MeanCurve,
    Outside,
    Panel,
    Report,
    SuiteFigure,
    SuitePart,
)
from nqmbench.report.formulas import Formula
from nqmbench.report.names import safe_names
from nqmbench.report.rows import numbers, places, records, texts
from nqmbench.report.typesetting import typeset
from nqmbench.report.words import MEANINGS, clean, typographic

if TYPE_CHECKING:
    import pandas as pd

    from nqmbench.results import Run

__all__ = ["read"]

NUMBERS = (
    "step",
    "formula",
    "exact",
    "estimate",
    "low",
    "high",
    "region_low",
    "region_high",
    "scale",
)


def read(run: Run) -> Report:
    """Regroup a run for reading.

    Args:
        run: any run; missing columns and missing descriptions are left out.

    Returns:
        The report. Suites and claims that occur only in the tables are appended to those described.
    """
    described = {str(s.get("name", "")): s for s in run.about.get("suites") or ()}
    verdicts, cells = _rows(run.verdicts), _curves(run.cells)
    order: dict[str, dict[str, Mapping[str, Any]]] = {
        name: {str(c.get("name", "")): c for c in suite.get("claims") or ()}
        for name, suite in described.items()
    }
    for suite, claim in verdicts:
        order.setdefault(suite, {}).setdefault(claim, {})
    drawn = _suite_curves(run.curves)
    for suite in drawn:
        order.setdefault(suite, {})
    names = safe_names((suite, claim) for suite, claims in order.items() for claim in claims)
    anchors = safe_names(
        [*(("suite", suite) for suite in order),
         *((f"figure of {suite}", name) for suite, figures in drawn.items() for name in figures)]
    )  # fmt: skip
    parts = []
    for suite, claims in order.items():
        about = described.get(suite, {})
        built = [
            _claim(
                suite,
                claim,
                names[suite, claim],
                about_claim,
                verdicts.get((suite, claim), ()),
                cells,
            )
            for claim, about_claim in claims.items()
        ]
        parts.append(
            SuitePart(
                clean(suite),
                anchors["suite", suite],
                _prose(about.get("summary")),
                clean(about.get("source")),
                _float(about.get("cells")),
                _float(about.get("level")),
                _paired(built),
                _figures(suite, about, drawn.get(suite, {}), anchors),
                _outside(about),
                _sentences(about.get("tails")),
            )
        )
    return Report(tuple(parts), run.about.get("run") or {}, run.about.get("machine") or {})


def _sentences(told: Any) -> tuple[str, ...]:
    """The texts of a list, each as one line."""
    return tuple(map(_prose, told)) if isinstance(told, list | tuple) else ()


def _figures(
    suite: str,
    about: Mapping[str, Any],
    drawn: Mapping[str, Mapping[str, list[tuple[MeanCurve, str, float]]]],
    anchors: Mapping[tuple[str, str], str],
) -> tuple[SuiteFigure, ...]:
    """The figures of a suite that have curves, those described first and in their order."""
    listed = [f for f in about.get("figures") or () if isinstance(f, Mapping)]
    described = {str(f.get("name", "")): f for f in listed}
    found = []
    for name in [*(n for n in described if n in drawn), *(n for n in drawn if n not in described)]:
        words, panels = described.get(name, {}), drawn[name]
        wanted = words.get("panels")
        first = [str(t) for t in wanted] if isinstance(wanted, list | tuple) else []
        order = [*(t for t in dict.fromkeys(first) if t in panels),
                 *(t for t in panels if t not in first)]  # fmt: skip
        rows = [row for panel in panels.values() for row in panel]
        trials = [n for _, _, n in rows if n == n]
        found.append(
            SuiteFigure(
                suite=clean(suite),
                name=_prose(name),
                doc=typeset(_prose(words.get("doc"))),
                anchor=anchors[f"figure of {suite}", name],
                of=_observable(clean(words.get("of")), [of for _, of, _ in rows]),
                panels=tuple(Panel(_prose(t), tuple(c for c, _, _ in panels[t])) for t in order),
                trials=min(trials, default=np.nan),
            )
        )
    return tuple(found)


def _observable(named: str, drawn: Sequence[str]) -> str:
    """What a figure shows: the curves' observable, w2[i] if they are of several coordinates."""
    different = {of for of in drawn if of}
    powers = {of.partition("[")[0] for of in different}
    if len(different) > 1 and len(powers) == 1:
        return f"{powers.pop()}[i]"
    return different.pop() if len(different) == 1 else named


def _suite_curves(
    table: pd.DataFrame,
) -> dict[str, dict[str, dict[str, list[tuple[MeanCurve, str, float]]]]]:
    """The curves by suite, figure and panel, each with its observable and number of runs."""
    keys = ["suite", "figure", "panel", "curve"]
    found: dict[str, dict[str, dict[str, list[tuple[MeanCurve, str, float]]]]] = {}
    if table.empty or not {*keys, "step"} <= set(table.columns):
        return found
    names = ("step", "mean", "low", "high", "exact", "single", "trials")
    whole = {name: numbers(table, name) for name in names}
    words = {key: texts(table, key) for key in ("method", "of")}
    for (suite, figure, panel, label), rows in places(table, keys).items():
        by_step = rows[np.argsort(whole["step"][rows], kind="stable")]
        by_step = by_step[np.isfinite(whole["step"][by_step])]
        drawn = {name: values[by_step] for name, values in whole.items() if name != "trials"}
        if not any(np.isfinite(whole[name][rows]).any() for name in ("mean", "exact")):
            continue  # nothing to draw
        if not by_step.size:
            continue
        trials = whole["trials"][rows]
        runs = float(np.nanmin(trials)) if np.isfinite(trials).any() else np.nan
        method, of = (clean(words[key][rows[0]]) for key in ("method", "of"))
        curve = MeanCurve(label=_prose(label), method=method, **drawn)
        found.setdefault(suite, {}).setdefault(figure, {}).setdefault(panel, []).append(
            (curve, of, runs)
        )
    return found


def _outside(about: Mapping[str, Any]) -> tuple[Outside, ...]:
    """The statements of a suite that no run can judge."""
    listed = about.get("outside")
    entries = listed if isinstance(listed, list | tuple) else ()
    return tuple(
        Outside(clean(e.get("ref")), _prose(e.get("statement")), _prose(e.get("reason")))
        for e in entries
        if isinstance(e, Mapping)
    )


def _claim(
    suite: str,
    name: str,
    anchor: str,
    about: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    curves: Mapping[tuple[str, str, str], tuple[Curve, str]],
) -> ClaimPart:
    first: Mapping[str, Any] = rows[0] if rows else {}

    def text(key: str) -> str:
        return clean(about.get(key)) or clean(first.get(key))

    kind = text("kind")
    cases = []
    for row in rows:
        curve, method = curves.get((suite, name, str(row.get("case", ""))), (None, ""))
        keys = ("formula", "exact", "estimate", "low", "high", "trials", "deviation")
        cases.append(
            Case(
                name=_prose(row.get("case")),
                method=clean(method),
                of=clean(row.get("of")),
                statistic=clean(row.get("statistic")),
                kind=kind,
                verdict=clean(row.get("verdict")).upper(),
                reason=_prose(row.get("reason")),
                step=_float(row.get("worst_step")),
                **{key: _float(row.get(key)) for key in keys},
                curve=curve,
            )
        )
    verdict = text("verdict").upper()
    if verdict not in MEANINGS:
        found = {case.verdict for case in cases}
        verdict = next((v for v in MEANINGS if v in found), "")
    expected = text("expected").lower()
    return ClaimPart(
        suite=clean(suite),
        name=_prose(name),
        ref=text("ref"),
        mends=text("mends"),
        anchor=anchor,
        kind=kind,
        of=text("of"),
        statistic=text("statistic"),
        doc=typeset(_prose(about.get("doc"))),
        formula=Formula.of(about, "formula"),
        ratio=Formula.of(about, "ratio"),
        verdict=verdict,
        expected=expected,
        as_expected=bool(about.get("as_expected", True)),
        reason=_prose(about.get("reason")) or _reason(cases, verdict),
        case=_prose(about.get("case")),
        margin=_float(about.get("margin")),
        deviation=_deviation(about, cases),
        cases=tuple(cases),
    )


def _deviation(about: Mapping[str, Any], cases: Sequence[Case]) -> float:
    """That of the claim, or of the case that its reason is about: run.json has no infinities."""
    known, named = _float(about.get("deviation")), _prose(about.get("case"))
    told = next((case.deviation for case in cases if case.name == named), np.nan)
    return told if known != known else known


def _reason(cases: Sequence[Case], verdict: str) -> str:
    """The wording of the worst case that has the claim's verdict."""
    guilty = [case for case in cases if case.verdict == verdict and case.reason]
    sizes = [-1.0 if np.isnan(case.deviation) else abs(case.deviation) for case in guilty]
    return guilty[int(np.argmax(sizes))].reason if guilty else ""


def _paired(claims: Sequence[ClaimPart]) -> tuple[ClaimPart, ...]:
    """Put each mending claim under the one that it mends; of several, under a refuted one."""
    targets: dict[str, ClaimPart] = {}
    for claim in claims:
        known = targets.get(claim.ref)
        if (
            claim.ref
            and not claim.mends
            and (known is None or known.verdict != "REFUTED" == claim.verdict)
        ):
            targets[claim.ref] = claim
    paired = []
    for claim in claims:
        if claim.mends and claim.mends in targets:
            continue
        mending = tuple(c for c in claims if c.mends and targets.get(c.mends) is claim)
        paired.append(ClaimPart(**{**vars(claim), "mended_by": mending}))
    return tuple(paired)


def _rows(table: pd.DataFrame) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """The rows of the verdicts by suite and claim, in the order of the table."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in records(table):
        found.setdefault((str(row.get("suite", "")), str(row.get("claim", ""))), []).append(row)
    return found


def _curves(table: pd.DataFrame) -> dict[tuple[str, str, str], tuple[Curve, str]]:
    """The cells by suite, claim and case in order of the steps, with the method's title."""
    if table.empty:
        return {}
    whole = {name: numbers(table, name) for name in NUMBERS}
    methods = texts(table, "method")
    found = {}
    for (suite, claim, case), rows in places(table, ["suite", "claim", "case"]).items():
        by_step = rows[np.argsort(whole["step"][rows], kind="stable")]
        curve = Curve(**{name: values[by_step] for name, values in whole.items()})
        found[suite, claim, case] = curve, str(methods[rows[0]])
    return found


def _prose(value: Any) -> str:
    return typographic(clean(value))


def _float(value: Any) -> float:
    try:
        return float(value) if value is not None else np.nan
    except (TypeError, ValueError):
        return np.nan
