"""The promised error rates of orderings, on draws whose truth is known, as in test_error_rates.

A family is 12 checkpoints with independent errors and an ordering of two sides that meet the same
noise: 12 cells, judged over the looks by the same ledger as a run. The sides are squares of normal
numbers with correlation 0.8,

    L = x^2,   S = r y^2 + ...,   E S = r E L,

so their difference is skewed (skewness of S - L: 0 at r = 1, up to 2.8 away from it). Every test
says how probable it is that a correct program fails.
"""

import itertools
from functools import cache

import numpy as np
import pytest
from scipy.stats import binom, norm
from synthetic import drawn_fast

import nqmbench as nq
from nqmbench import ledger as ledger_module
from nqmbench.comparisons import Scale, SideMoments
from nqmbench.ledger import Ledger
from nqmbench.moments import Moments, merge
from nqmbench.one_pass import PairedMoments
from nqmbench.plan import make_plan
from nqmbench.verdicts import ALPHA, PRESETS, Sample, Verdict, look_sizes

pytestmark = pytest.mark.once

STEPS = 12
LOOKS = list(itertools.islice(look_sizes(10**4, 10**5), 11))  # 1024 to 32,768 trajectories
FAMILIES = 25
RARE = 1e-6  # probability with which the binomial bounds fail a correct program
BOUND = binom.isf(RARE, FAMILIES, ALPHA)  # 9 of 25 families may have a wrong decision
MARGIN = 0.05
CORRELATION = 0.8


def normals(random, count):
    """Two normal numbers with the correlation above, for every checkpoint."""
    x, e = random.standard_normal((2, STEPS, 1, count))
    return x, CORRELATION * x + np.sqrt(1 - CORRELATION**2) * e


def squares(ratio):
    """E smaller = ratio E larger, both chi squared."""

    def draw(random, count):
        x, y = normals(random, count)
        return ratio * y**2, x**2

    return draw


def shared(ratio):
    """The sides share all their noise: the difference is known far better than either side."""

    def draw(random, count):
        x, y = normals(random, count)
        return x**2 + (ratio - 1) + 1e-4 * y, x**2

    return draw


def events(probability):
    """smaller < larger with this probability, of skewed sides."""
    shift = np.sqrt(2 * (1 - CORRELATION)) * norm.ppf(probability)

    def draw(random, count):
        x, y = normals(random, count)
        return np.exp(y), np.exp(x + shift)

    return draw


@cache
def moments_at(look, seed, draw):
    """The difference, the event and the larger side of the first LOOKS[look] trajectories."""
    known = LOOKS[look - 1] if look else 0
    smaller, larger = draw(np.random.default_rng([seed, look]), LOOKS[look] - known)
    apart, larger_side = drawn_fast(smaller - larger), drawn_fast(larger)
    share = (smaller < larger).mean(axis=-1)  # of an event nothing but the frequency is used
    more = [apart, Moments(apart.count, share, np.zeros_like(apart.central)), larger_side]
    if not look:
        return more
    return [merge(a, b) for a, b in zip(moments_at(look - 1, seed, draw), more, strict=True)]


def family(**ordering):
    suite = nq.Suite("family")
    small, large = (
        nq.Experiment(nq.NoisyQuadratic(1.0), nq.sgd(lr), steps=STEPS, checkpoints=range(1, 13))
        for lr in (0.1, 0.2)
    )
    suite.ordering("o", smaller=small, larger=large, of="error", **ordering)
    return make_plan([suite], PRESETS["standard"])


def verdicts_of(plan, seed, draw):
    """The decisions on the cells, stopped when everything is decided, as a run would."""
    ledger = Ledger(plan)
    (contrast,) = ledger.by_contrast
    small, large = (plan.experiments[task] for task, _ in (contrast.smaller, contrast.larger))
    for look in range(len(LOOKS)):
        if ledger.undecided(contrast):
            apart, below, larger = moments_at(look, seed, draw)
            # the smaller side's own moments matter only for the size beside which a spread is 0
            sides = (SideMoments.of(e, "error", larger) for e in (small, large))
            ledger.compare(contrast, PairedMoments(apart, below), *sides, "mixed")
    return [r.verdict for r in ledger.records]


def families_with(verdict, plan, draw, families=FAMILIES):
    """In how many families some cell has this verdict."""
    return sum(verdict in verdicts_of(plan, seed, draw) for seed in range(families))


# Everything on the edge of what is claimed: there a refutation is wrong, and a confirmation is
# wrong as soon as the truth lies beyond the edge by any amount.
EDGES = {
    "means, equal, without a margin": ({"margin": 0.0}, squares(1.0)),
    "means, at a wide margin": ({"margin": 0.5}, squares(1.5)),
    "means, at the margin, all noise shared": ({"margin": MARGIN}, shared(1 + MARGIN)),
    "probability, exact, without a margin": (
        {"statistic": "probability", "probability": 0.7, "margin": 0.0}, events(0.7),
    ),
    "probability, at the margin": (
        {"statistic": "probability", "probability": 0.7, "margin": MARGIN},
        events(0.7 * (1 - MARGIN)),
    ),
    "probability, rare": (
        {"statistic": "probability", "probability": 0.01, "margin": 0.0}, events(0.01),
    ),
}  # fmt: skip


@pytest.mark.parametrize("edge", EDGES)
def test_on_the_edge_of_what_is_claimed_decisions_are_as_rare_as_promised(edge):
    # Some wrong decision in a family has probability ALPHA at most (the levels of both directions
    # together), so the number of such families exceeds the bound with probability RARE.
    ordering, draw = EDGES[edge]
    plan = family(**ordering)
    wrong = [any(verdicts_of(plan, seed, draw)) for seed in range(FAMILIES)]
    assert sum(wrong) <= BOUND


@pytest.mark.parametrize("edge", EDGES)
def test_the_bound_would_notice_looks_at_the_full_level(edge, monkeypatch):
    # The negative control: every look of every cell at ALPHA instead of its share.
    monkeypatch.setattr(ledger_module, "critical_value", lambda cells: 1.96)
    ordering, draw = EDGES[edge]
    plan = family(**ordering)
    wrong = [any(verdicts_of(plan, seed, draw)) for seed in range(FAMILIES)]
    assert sum(wrong) > BOUND


def test_the_bound_would_notice_a_margin_taken_for_certain(monkeypatch):
    # The negative control of the shared noise: the margin is 5 % of a mean that is not known.
    def certain(self, s):
        mean = float(self.moments.mean[s, 0])
        return Scale(Sample(mean, 0.0, 0.0, self.moments.count, deterministic=True))

    monkeypatch.setattr(SideMoments, "scale", certain)
    ordering, draw = EDGES["means, at the margin, all noise shared"]
    plan = family(**ordering)
    assert sum(any(verdicts_of(plan, seed, draw)) for seed in range(FAMILIES)) > BOUND


# Differences that the sample sizes above decide with a probability of more than 1 - 1e-6 each: the
# truth is at least 2 z = 9.2 standard errors from the edge at the last look.
RIGHT = {
    "means": ({"margin": MARGIN}, squares(0.9)),
    "means, equal within the margin": ({"margin": 0.1}, squares(1.0)),
    "means, without a margin": ({"margin": 0.0}, squares(0.85)),
    "probability": (
        {"statistic": "probability", "probability": 0.7, "margin": 0.0}, events(0.75),
    ),
    "probability, within the margin": (
        {"statistic": "probability", "probability": 0.7, "margin": 0.1}, events(0.7),
    ),
}  # fmt: skip
WRONG = {
    "means, off by three margins": ({"margin": MARGIN}, squares(1 + 3 * MARGIN)),
    "means, off without a margin": ({"margin": 0.0}, squares(1.15)),
    "probability, off by three margins": (
        {"statistic": "probability", "probability": 0.7, "margin": MARGIN},
        events(0.7 * (1 - 3 * MARGIN)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", RIGHT)
def test_what_is_right_is_confirmed_in_every_cell(case):
    ordering, draw = RIGHT[case]
    plan = family(**ordering)
    for seed in range(5):
        assert set(verdicts_of(plan, seed, draw)) == {Verdict.CONFIRMED}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_refuted_and_nothing_of_it_is_confirmed(case):
    ordering, draw = WRONG[case]
    plan = family(**ordering)
    for seed in range(5):
        found = verdicts_of(plan, seed, draw)
        assert Verdict.REFUTED in found
        assert Verdict.CONFIRMED not in found
