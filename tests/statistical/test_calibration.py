"""The promised error rates on the real simulator: a short form of `calibration.py`.

Some wrong decision in a family has probability ALPHA at most. The number of such families is held
against the binomial bound that a correct program exceeds with probability RARE; four bounds, so
4e-6 in all. The controls show that each would notice looks at the full level.
"""

from dataclasses import replace
from functools import cache, partial

import pytest
from calibration import BOUNDS, SETTINGS
from families import GAUSSIAN, at_the_margin, claims, orderings
from judged import EARLY, Outcome, Setting, judge
from scipy.stats import binom

from nqmbench.verdicts import ALPHA

pytestmark = pytest.mark.needs_compiler

SEED, RARE = 2000, 1e-6
FEW, SIZES = GAUSSIAN[:3], EARLY[:7]  # 4,096 to 32,768 trajectories

# With the number of families; the few cells of an ordering are wrong together, so it needs more.
EDGES = {
    "no margin": (partial(claims, FEW, margin=0.0), 8),
    "off by the margin": (partial(claims, FEW, at_the_margin), 8),
    "bounds that are reached": (partial(claims, FEW, margin=0.0, kinds=BOUNDS), 8),
    "orderings of equals": (partial(orderings, 0.0), 12),
}
SPENT = {name: Setting(name, suite, SIZES, len(SIZES)) for name, (suite, _) in EDGES.items()}
NAIVE = {name: replace(setting, shares=0) for name, setting in SPENT.items()}


@cache
def moments_of(seed):
    """What is known of a family; every setting adds what it simulates."""
    return {}


def wrong_families(setting, families):
    """In how many families some decision is wrong."""
    seeds = range(SEED, SEED + families)
    return sum(Outcome.of(*judge(setting, s, moments_of(s))).wrong(setting) for s in seeds)


def bound(families):
    """The number that a correct program hardly exceeds: 5 of 8 families, 6 of 12."""
    return binom.isf(RARE, families, ALPHA)


@pytest.mark.parametrize("edge", EDGES)
def test_on_the_edge_of_what_is_claimed_wrong_decisions_are_as_rare_as_promised(edge):
    families = EDGES[edge][1]
    assert wrong_families(SPENT[edge], families) <= bound(families)


@pytest.mark.parametrize("edge", EDGES)
def test_the_bound_would_notice_looks_at_the_full_level(edge):
    families = EDGES[edge][1]
    assert wrong_families(NAIVE[edge], families) > bound(families)


# Each of 44 cells would have to be off by more than five standard errors: below 1e-4.
@pytest.mark.parametrize("setting", [s for s in SETTINGS if not s.edge], ids=lambda s: s.name)
def test_what_is_wrong_by_three_margins_is_refuted_and_all_else_confirmed(setting):
    ledger, found = judge(setting, SEED, moments_of(SEED))
    outcome = Outcome.of(ledger, found)
    assert outcome.refuted == setting.planted
    assert outcome.confirmed == {c.item.name for c in ledger.plan.claims} - setting.planted
    assert outcome.contradictions == 0
