"""What a person reads: the reason that stands beside every verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence

from nqmbench.checks import CheckResult
from nqmbench.claims import BOUNDS, Ordering
from nqmbench.forecast import trials_needed
from nqmbench.looks import Record
from nqmbench.plan import Case
from nqmbench.verdicts import GATE, Verdict

__all__ = ["check_reason", "nearest", "reason", "worst"]

MANY_TIMES = 1000.0  # a relative deviation from here on is no longer given in per cent


def percent(x: float, signed: bool = False) -> str:
    """A relative number in per cent with two significant digits.

    >>> percent(0.0123), percent(-0.5, signed=True), percent(17.04), percent(1e9)
    ('1.2 %', '-50 %', '1700 %', '1e+09 times')
    """
    if not math.isfinite(x):
        return "infinitely much"
    sign = "+" if signed else ""
    if abs(x) >= MANY_TIMES:
        return f"{x:{sign}.2g} times"
    rounded = float(f"{100 * x:.2g}")
    return f"{rounded:{sign}.0f} %" if abs(rounded) >= 10 else f"{rounded:{sign}g} %"


def worst(records: Sequence[Record]) -> Record:
    """The record that says most about a case: a refuted one before an open one before the rest."""
    kinds = {r.verdict for r in records}
    if kinds == {Verdict.CONFIRMED} and records[0].claim.item.shape in BOUNDS:
        return nearest(records)
    order = [Verdict.REFUTED, Verdict.DIVERGED, None, Verdict.CONFIRMED]

    def rank(r: Record) -> tuple[int, float]:
        size = distance(r) if r.verdict is Verdict.REFUTED else abs(r.deviation)
        return order.index(r.verdict), -size if math.isfinite(size) else -math.inf

    return min(records, key=rank)


def distance(record: Record) -> float:
    """How far at least the truth is from the claimed value, relative to the scale."""
    assert record.sample is not None
    low, high = record.sample.interval(record.z)
    gap = max(low - record.cell.claimed, record.cell.claimed - high, 0.0)
    return gap / record.scale if record.scale > 0 else math.inf


def reason(
    case: Case,
    records: Sequence[Record],
    verdict: Verdict,
    refuted_elsewhere: bool,
    ratio: str,
    ending: str = "",
    elsewhere: bool = False,
) -> str:
    """Why a case has its verdict, in one or two sentences.

    Args:
        case: the claim on one experiment.
        records: its cells.
        verdict: of the case.
        refuted_elsewhere: the claim is refuted by another case, so this one was not pursued.
        ratio: the symbolic explanation of a refuted formula, or "".
        ending: why the run ended before it was done, or "".
        elsewhere: the case belongs to another shard of the run.
    """
    text = explained(case, records, verdict, refuted_elsewhere, ratio, ending, elsewhere)
    conflict = next((r.conflict for r in records if r.conflict), "")
    return f"CONFLICT: {conflict}; {text}" if conflict else text


def explained(
    case: Case,
    records: Sequence[Record],
    verdict: Verdict,
    refuted_elsewhere: bool,
    ratio: str,
    ending: str,
    elsewhere: bool,
) -> str:
    """The reason without what later looks say; the arguments are those of `reason`."""
    record = worst(records)
    sample, step = record.sample, record.cell.step
    if sample is None:
        return f"not simulated: {absence(refuted_elsewhere, ending, elsewhere)}"
    claimed, kind = record.cell.claimed, record.claim.item.kind
    if isinstance(record.claim.item, Ordering) and verdict in (
        Verdict.REFUTED,
        Verdict.CONFIRMED,
    ):
        return compared(record, records, verdict)
    if verdict is Verdict.REFUTED:
        number = f"claimed {claimed:.6g}, simulated {sample.estimate:.6g}"
        far = distance(record)
        size = f" by at least {percent(far)}" if math.isfinite(far) else ""
        verb = f"{kind} broken" if kind in BOUNDS else "off"
        text = f"{verb}{size} at k = {step}: {number}"
        return f"{ratio}; {text}" if ratio else text
    if verdict is Verdict.CONFIRMED:
        return confirmed(record, records)
    if verdict is Verdict.DIVERGED:
        first = min(r.cell.step for r in records if r.verdict is Verdict.DIVERGED)
        return f"diverged: beyond 1e40 or not finite from k = {first} on"
    if refuted_elsewhere:
        return "not pursued: the claim is refuted by another case"
    return undecided(record, ending)


def absence(refuted_elsewhere: bool, ending: str, elsewhere: bool) -> str:
    """Why a case was not simulated at all."""
    if refuted_elsewhere:
        return "the claim is refuted by another case"
    if elsewhere:
        return "another shard has it"
    if ending:
        return f"{ending} before its turn came"
    return "the first look alone exceeds the budget; take a larger preset"


def confirmed(record: Record, records: Sequence[Record]) -> str:
    """Within which margin, how far off at most, and whether the formula is detectably not exact."""
    kind, margin = record.claim.item.kind, record.claim.margin
    if all(r.sample is not None and r.sample.deterministic for r in records):
        if kind == "equality":
            return "exact: no noise, equal to rounding"
        if "bound" in kind:
            return "holds, without noise"
    step = record.cell.step
    if kind in BOUNDS:
        near = nearest(records)
        if not math.isfinite(near.deviation):
            return "holds; nothing comes near"
        assert near.sample is not None
        ends = [(x - near.cell.claimed) / near.scale for x in near.sample.interval(near.z)]
        between = " and ".join(percent(x, True) for x in ends)
        how = f"within {percent(margin)}" if margin else "without a margin"
        return f"holds {how}; nearest at k = {step}: between {between}"
    deviation = percent(record.deviation, True)
    text = f"within {percent(margin)}; largest deviation {deviation} at k = {step}"
    visible = [r for r in records if excludes_claimed(r)]
    if visible:
        far = max(visible, key=lambda r: abs(r.deviation))
        text += f"; detectably not exact ({percent(far.deviation, True)} at k = {far.cell.step})"
    return text


def compared(record: Record, records: Sequence[Record], verdict: Verdict) -> str:
    """How a decided ordering came out: by how much the smaller side is below the larger one.

    Args:
        record: the one to speak of.
        records: all of the case.
        verdict: CONFIRMED or REFUTED.
    """
    sample, step = record.sample, record.cell.step
    assert sample is not None
    low, high = sample.interval(record.z)
    strictly = "" if record.claim.margin else ", without a margin"
    if record.statistic == "probability":
        share = f"smaller in {100 * sample.estimate:.4g} % of the runs at k = {step}"
        ends = f"between {100 * low:.4g} and {100 * high:.4g} %"
        return f"{share} ({ends}); claimed: at least {100 * record.cell.claimed:.4g} %"
    if verdict is Verdict.REFUTED:
        far = f" by at least {percent(low / record.scale)}" if record.scale > 0 else ""
        return f"not smaller but larger{far} at k = {step}: difference {sample.estimate:.6g}"
    if sample.deterministic and abs(high) <= sample.floor:
        equal = "equal" if high == 0 else "equal to rounding"
        return f"{equal} at k = {step}, and never larger"
    if not record.scale > 0:
        return f"not larger; nearest at k = {step}, where the larger side is 0"
    ends = " and ".join(f"{100 * x / record.scale:+.3g} %" for x in (low, high))
    known = [r for r in records if r.sample is not None]
    if all(r.sample.interval(r.z)[1] < 0 for r in known if r.sample is not None):
        where = "" if len(known) == 1 else "nearest "
        return f"smaller{strictly}; {where}at k = {step}: the difference is between {ends}"
    margin = f"within {percent(record.claim.margin)}" if record.claim.margin else "without a margin"
    return f"not larger, {margin}; nearest at k = {step}: the difference is between {ends}"


def nearest(records: Sequence[Record]) -> Record:
    """The record that comes closest to breaking its bound, or breaks it most."""
    sign = -1 if records[0].claim.item.shape == "upper bound" else 1
    known = [r for r in records if math.isfinite(r.deviation)]
    return min(known or records, key=lambda r: sign * r.deviation)


def excludes_claimed(record: Record) -> bool:
    """True when the interval does not contain the claimed value itself."""
    if record.sample is None or record.sample.deterministic:
        return False
    low, high = record.sample.interval(record.z)
    return not low <= record.cell.claimed <= high


def undecided(record: Record, ending: str = "") -> str:
    """Why a case is still open: heavy tails, or how much more work should decide it.

    Args:
        record: the cell to speak of.
        ending: why the run ended before it was done, or "".
    """
    sample = record.sample
    assert sample is not None
    if sample.doubt:
        return f"{sample.doubt}, so no interval is trusted"
    if not sample.trusted and not sample.deterministic:
        k = sample.skewness / math.sqrt(sample.count)
        return (
            f"heavy tails: skewness over sqrt(n) is {k:.2g} at k = {record.cell.step}, "
            f"above {GATE}, so no interval is trusted"
        )
    low, high = sample.interval(record.z)
    if record.relative_to_larger and not record.scale > 0:
        return f"budget used: the larger side is 0 at k = {record.cell.step}, so is the margin"
    if not record.scale > 0:
        return f"the claimed value is 0 at k = {record.cell.step}: a relative margin needs scale="
    between = [percent((x - record.cell.claimed) / record.scale, True) for x in (low, high)]
    where = f"between {between[0]} and {between[1]} at k = {record.cell.step}"
    text = f"{ending or 'budget used'}: {where}"
    more = trials_needed(record)
    return f"{text}; about {more:.1g} more trajectories should decide" if more else text


def check_reason(kind: str, result: CheckResult) -> str:
    """Why a check has its verdict."""
    if result.error:
        return result.error
    pair = f"claimed {number(result.claimed)}, true {number(result.true)}"
    if kind == "existence":
        return f"claimed {bool(result.claimed)}, true {bool(result.true)}"
    if result.verdict is Verdict.CONFIRMED:
        return f"{'holds' if kind == 'bound' else 'exact'}: {pair}"
    over, far = "exceeded" if kind == "bound" else "off", abs(result.deviation)
    # Of numbers that many times apart the factor says nothing that they do not say themselves.
    return f"{over} by {percent(far)}: {pair}" if far < MANY_TIMES else f"{over}: {pair}"


def number(x: float) -> str:
    """A number of a check with ten digits.

    >>> number(0.5), number(math.inf)
    ('0.5', 'infinite')
    """
    return f"{x:.10g}" if math.isfinite(x) else "infinite" if x > 0 else "minus infinite"
