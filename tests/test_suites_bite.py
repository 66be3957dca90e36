"""The negative control of the shipped suites: what they confirm they would refute if it were wrong.

Everything that a suite confirms by simulation is planted again, and each must be refuted: an
equality or approximation with an error of three margins, in both directions; a bound three margins
beyond the exact value; an ordering with its sides exchanged. Fixed seed; a planted formula escapes
only if an interval of confidence 1 - 1e-5 misses by more than two margins.
"""

import inspect
from dataclasses import replace

import pytest

from nqmbench.checks import judge_checks
from nqmbench.claims import Check, Claim, Ordering, argument_names
from nqmbench.describe import claim_entry, rows_by_claim
from nqmbench.plan import make_plan
from nqmbench.pursuit import pursue
from nqmbench.simulation import Conditions
from nqmbench.simulator import Simulator
from nqmbench.stopping import Stopping
from nqmbench.suite import Suite
from nqmbench.suites import load_suites
from nqmbench.tables import verdict_table
from nqmbench.theory import exact
from nqmbench.verdicts import PRESETS

pytestmark = pytest.mark.needs_compiler

PRESET = PRESETS["quick"]
SEED = 5


NEAR = 0.2  # relative: a bound says something where the truth comes as near as this


def unchanged(plan, truths):
    return plan


def verdicts_of(suites, planted=unchanged):
    plan = make_plan(suites, PRESET)
    truths = {key: exact(e) for key, e in plan.experiments.items()}
    plan = planted(plan, truths)
    ledger, found = pursue(Simulator(plan, Conditions(SEED, 2, "mixed")), truths, PRESET)
    checks = judge_checks((c.item for c in plan.claims if isinstance(c.item, Check)), Stopping())
    rows = rows_by_claim(verdict_table(ledger, truths, found.bugs, checks))
    return {
        c.item.identity: claim_entry(ledger, c, rows[c.item.suite, c.item.name])["verdict"]
        for c in plan.claims
    }


def planted(claim, sign):
    """The claim with its formula off by three margins, or three accuracies, of its own scale."""
    approximate = claim.kind == "approximation"
    off = 3 * sign * (claim.accuracy if approximate else PRESET.margin(claim.statistic))

    def wrong(experiment, **symbols):
        known = {"experiment": experiment, **symbols}
        value = claim.formula(**{n: known[n] for n in claim.arguments})
        scale = value
        if claim.scale is not None:
            scale = claim.scale(**{n: symbols[n] for n in argument_names(claim.scale)})
        return value + off * scale

    return wrong


def shifted_suites(sign):
    """Every shipped suite with its confirmed equalities and approximations planted wrong."""
    for suite in load_suites():
        copy = Suite(suite.name, experiments=suite.experiments)
        for item in suite.items:
            judged = isinstance(item, Claim) and item.kind in ("equality", "approximation")
            if judged and item.expect == "confirmed":
                names = set(item.arguments)
                if item.scale is not None:
                    names |= set(argument_names(item.scale))
                formula = with_signature(planted(item, sign), sorted(names - {"experiment"}))
                copy.items.append(replace(item, formula=formula))
        yield copy


def with_signature(function, names):
    """The function, asking for these symbols by name."""
    parameters = [
        inspect.Parameter(n, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        for n in ("experiment", *names)
    ]

    def formula(*arguments, **symbols):
        return function(**symbols)

    formula.__signature__ = inspect.Signature(parameters)
    return formula


@pytest.mark.parametrize("sign", [1, -1])
def test_every_confirmed_formula_is_refuted_when_it_is_wrong_by_three_margins(sign):
    suites = list(shifted_suites(sign))
    found = verdicts_of(suites)
    assert len(found) >= 20
    assert not escaped(found)


def escaped(found):
    return {name: verdict for name, verdict in found.items() if verdict != "REFUTED"}


# -- bounds ----------------------------------------------------------------------------------------


def suites_with(chosen):
    """The shipped suites with those of their confirmed statements for which chosen(item) is one."""
    for suite in load_suites():
        copy = Suite(suite.name, experiments=suite.experiments)
        confirmed = [item for item in suite.items if item.expect == "confirmed"]
        copy.items += [found for item in confirmed if (found := chosen(item)) is not None]
        yield copy


def bound(item):
    return item if isinstance(item, Claim) and item.kind.endswith("bound") else None


def true_value(truths, case, cell, statistic):
    """The exact value of a claim's cell."""
    moments = truths[case.task]
    row = list(moments.steps).index(cell.step)
    return moments.of(statistic)[row, moments.observables.index(case.observable.name)]


def tightened(plan, truths):
    """The plan with every bound moved three of the preset's margins beyond the exact value."""

    def beyond(claim, case, cell):
        truth = true_value(truths, case, cell, claim.item.statistic)
        scale = abs(truth) if cell.scale is None else cell.scale
        sign = -1 if claim.item.kind == "upper bound" else 1
        claimed = truth + 3 * sign * PRESET.margin(claim.item.statistic) * scale
        return replace(cell, claimed=claimed, scale=scale)

    def moved(claim):
        cases = [replace(c, cells=tuple(beyond(claim, c, x) for x in c.cells)) for c in claim.cases]
        return replace(claim, cases=tuple(cases))

    return replace(plan, claims=tuple(moved(claim) for claim in plan.claims))


def test_every_confirmed_bound_is_refuted_when_it_is_tightened_beyond_the_truth():
    found = verdicts_of(suites_with(bound), tightened)
    assert len(found) >= 3
    assert not escaped(found)


def test_the_truth_comes_near_every_confirmed_bound():
    plan = make_plan(suites_with(bound), PRESET)
    truths = {key: exact(e) for key, e in plan.experiments.items()}
    for claim in plan.claims:
        cells = [(case, cell) for case in claim.cases for cell in case.cells]
        statistic = claim.item.statistic
        room = [abs(true_value(truths, *c, statistic) / c[1].claimed - 1) for c in cells]
        assert min(room) < NEAR, claim.item.identity


# -- orderings -------------------------------------------------------------------------------------


def exchanged(statistic):
    """Orderings of this kind with their sides exchanged; a probability p becomes 1 - p."""

    def chosen(item):
        if not isinstance(item, Ordering) or item.statistic != statistic:
            return None
        p = 1 - item.probability
        return replace(item, smaller=item.larger, larger=item.smaller, probability=p)

    return chosen


def test_every_confirmed_ordering_is_refuted_when_its_sides_are_exchanged():
    found = verdicts_of(suites_with(exchanged("mean")))
    assert len(found) >= 20
    assert not escaped(found)


def test_every_confirmed_probability_is_refuted_of_the_exchanged_sides():
    found = verdicts_of(suites_with(exchanged("probability")))
    assert len(found) >= 2
    assert not escaped(found)
