"""A suite of 1,000 cells whose truth is known: every kind of claim ends as it must.

The truth comes from exact theory. Right formulas are CONFIRMED, those that are off by 3 margins
REFUTED, those that are off by exactly the margin INCONCLUSIVE (neither decision would be right),
heavy-tailed noise INCONCLUSIVE, diverging step sizes DIVERGED.

The probability that a suite has any wrong verdict is 0.05 at most, shared out over its cells and
looks; that bounds how often another seed would fail here. The seed is fixed.
"""

import pytest

import nqmbench as nq

pytestmark = pytest.mark.needs_compiler

CELLS = 1000
WANTED = {
    "right": "CONFIRMED",
    "3 margins too large": "REFUTED",
    "3 margins too small": "REFUTED",
    "at the upper edge": "INCONCLUSIVE",
    "at the lower edge": "INCONCLUSIVE",
    "heavy tails": "INCONCLUSIVE",
    "diverging": "DIVERGED",
}
SUITE = """
from functools import cache

import nqmbench as nq

MARGIN = 0.05  # of a mean at quick
suite = nq.Suite("thousand")


@cache
def truths(experiment):
    exact = nq.exact(experiment.observed_at(experiment.checkpoints, ["w2[i]"]))
    return {k: exact.mean[s] for s, k in enumerate(experiment.checkpoints)}


def plant(kind, experiment, factor):
    # The coordinate is known by its curvature.
    def formula(k, h, experiment):
        i = list(experiment.problem.h).index(h)
        return factor * truths(experiment)[int(k)][i]

    suite.claim(f"{kind}: {experiment.label}", of="w2[i]", experiments=[experiment])(formula)


calm = [
    nq.Experiment(nq.NoisyQuadratic([1.0, 0.5]), nq.sgd(eta), batch=B, steps=8,
                  checkpoints=[2, 4, 6, 8])
    for eta in (0.1, 0.3, 0.5, 0.8) for B in (1, 2, 5, 10, 100)
]
for experiment in calm:
    plant("right", experiment, 1.0)
    plant("3 margins too large", experiment, 1 + 3 * MARGIN)
    plant("3 margins too small", experiment, 1 - 3 * MARGIN)
    # truth = claimed (1 +- margin)
    plant("at the upper edge", experiment, 1 / (1 + MARGIN))
    plant("at the lower edge", experiment, 1 / (1 - MARGIN))
for B in (1, 2, 3, 4, 5):
    problem = nq.NoisyQuadratic([1.0, 0.5], noise=("student", 2.5))
    plant("heavy tails", nq.Experiment(problem, nq.sgd(0.5), batch=B, steps=10,
                                       checkpoints=range(1, 11)), 1.0)
    problem = nq.NoisyQuadratic([1.0, 0.9])
    plant("diverging", nq.Experiment(problem, nq.sgd(3.0), batch=B, steps=200,
                                     checkpoints=range(20, 201, 20)), 1.0)
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planted")
    (folder / "thousand.py").write_text(SUITE)
    return nq.run("thousand", preset="quick", seed=2, suites=folder, threads=2)


def test_every_claim_ends_as_it_must(run):
    (suite,) = run.about["suites"]
    assert suite["cells"] == CELLS
    kinds = [claim["name"].partition(": ")[0] for claim in suite["claims"]]
    assert {kind: kinds.count(kind) for kind in WANTED} == {
        kind: 5 if kind in ("heavy tails", "diverging") else 20 for kind in WANTED
    }
    wrong = [
        f"{claim['name']} is {claim['verdict']}: {claim['reason']}"
        for kind, claim in zip(kinds, suite["claims"], strict=True)
        if claim["verdict"] != WANTED[kind]
    ]
    assert wrong == []
    assert run.about["run"]["contradictions"] == []


def test_the_reasons_tell_the_kinds_apart(run):
    starts = {
        "right": "within 5 %",
        "3 margins too large": "off by at least ",
        "3 margins too small": "off by at least ",
        "at the upper edge": "budget used: between ",
        "at the lower edge": "budget used: between ",
        "heavy tails": "heavy tails: the noise has no moment of order 4",
        "diverging": "diverged: beyond 1e40 or not finite from k = ",
    }
    for claim in run.about["suites"][0]["claims"]:
        kind = claim["name"].partition(": ")[0]
        assert claim["reason"].startswith(starts[kind]), claim


def test_cells_at_the_edge_use_the_whole_budget_and_others_do_not(run):
    # Deciding early costs nothing: the levels of the looks were shared out before.
    trials = run.verdicts.groupby(run.verdicts["claim"].str.partition(": ")[0])["trials"]
    assert trials.max()["right"] < 2**20 == trials.max()["at the upper edge"]
    assert trials.max()["heavy tails"] == 2**16  # more would not help


def test_cells_before_the_divergence_are_judged(run):
    cells = run.cells[run.cells["claim"].str.startswith("diverging")]
    finite = cells["exact"] < 1e40
    assert set(cells["verdict"][finite]) == {"CONFIRMED"}
    assert set(cells["verdict"][~finite]) == {"DIVERGED"}
    assert finite.sum() >= 20
