"""The negative control of the shipped suites: what they confirm they would refute if it were wrong.

Every equality that a suite confirms is planted again with an error of three margins, in both
directions; each must be refuted. Fixed seed; a planted formula escapes only if an interval of
confidence 1 - 1e-5 misses by more than two margins.
"""

import inspect
from dataclasses import replace

import pytest

from nqmbench.claims import Claim, argument_names
from nqmbench.describe import claim_entry
from nqmbench.plan import make_plan
from nqmbench.pursuit import pursue
from nqmbench.simulation import Conditions
from nqmbench.simulator import Simulator
from nqmbench.suite import Suite
from nqmbench.suites import load_suites
from nqmbench.tables import verdict_table
from nqmbench.theory import exact
from nqmbench.verdicts import PRESETS

pytestmark = pytest.mark.needs_compiler

PRESET = PRESETS["quick"]
SEED = 5


def verdicts_of(suites):
    plan = make_plan(suites, PRESET)
    truths = {key: exact(e) for key, e in plan.experiments.items()}
    ledger, found = pursue(Simulator(plan, Conditions(SEED, 2, "mixed")), truths, PRESET)
    table = verdict_table(ledger, truths, found.bugs)
    return {
        c.item.identity: claim_entry(ledger, c, table[table["claim"] == c.item.name])["verdict"]
        for c in plan.claims
    }


def planted(claim, sign):
    """The claim with its formula off by three margins of its own scale."""
    off = 3 * sign * PRESET.margin(claim.statistic)

    def wrong(experiment, **symbols):
        known = {"experiment": experiment, **symbols}
        value = claim.formula(**{n: known[n] for n in claim.arguments})
        scale = value
        if claim.scale is not None:
            scale = claim.scale(**{n: symbols[n] for n in argument_names(claim.scale)})
        return value + off * scale

    return wrong


def shifted_suites(sign):
    """Every shipped suite with its confirmed equalities planted wrong."""
    for suite in load_suites():
        copy = Suite(suite.name, experiments=suite.experiments)
        for item in suite.items:
            judged = isinstance(item, Claim) and item.kind == "equality"
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
def test_every_confirmed_equality_is_refuted_when_it_is_wrong_by_three_margins(sign):
    suites = list(shifted_suites(sign))
    found = verdicts_of(suites)
    assert len(found) >= 20
    escaped = {name: verdict for name, verdict in found.items() if verdict != "REFUTED"}
    assert not escaped
