"""Looks at a cell after its decision: what contradicts it is a conflict, nothing else is."""

import math

import pytest
from synthetic import equal_values, ledger_of, one_experiment, sample_of, suite_with

import nqmbench as nq
from nqmbench import pursuit, simulator
from nqmbench.verdicts import Verdict

FAR, NEAR, N = 3.0, 2.0, 2**20  # what is claimed is 2


def heard(*means, count=N, spread=1.0, **claim):
    ledger, task = ledger_of(suite_with(lambda: NEAR, **claim))
    for i, mean in enumerate(means, 1):
        ledger.hear(task, sample_of(mean, spread, i * count), "mixed")
    return ledger


@pytest.mark.parametrize(
    ("means", "first", "later"), [((NEAR, FAR), "CONFIRMED", "REFUTED"), ((FAR, NEAR), "REFUTED",
    "CONFIRMED")],
)  # fmt: skip
def test_the_first_decision_is_kept_and_what_contradicts_it_is_named(means, first, later):
    ledger = heard(*means)
    (record,) = ledger.records
    assert record.verdict == first
    assert record.sample.estimate == means[0]
    assert record.latest.sample.estimate == means[1]
    (said,) = ledger.conflicts
    assert said.startswith("demo::claim, SGD(lr=0.1), B=1, h=1")
    assert f"{first} at 1,048,576 trajectories, but the interval at 2,097,152 says {later}" in said


@pytest.mark.parametrize("means", [(NEAR, NEAR), (FAR, FAR), (NEAR, 0.5 * (NEAR + FAR), NEAR)])
def test_agreement_is_no_conflict(means):
    ledger = heard(*means, spread=1.0 if len(means) == 2 else 1e12)
    assert ledger.conflicts == []


def test_a_look_that_decides_nothing_is_no_conflict():
    ledger, task = ledger_of(suite_with(lambda: NEAR))
    ledger.hear(task, sample_of(NEAR, 1.0, N), "mixed")
    ledger.hear(task, sample_of(FAR, 1e9, 2 * N), "mixed")  # too wide to say anything
    assert ledger.records[0].verdict is Verdict.CONFIRMED
    assert ledger.conflicts == []


def test_with_a_wanted_precision_a_decided_cell_stays_open_until_it_is_known_as_well():
    suite = suite_with(lambda: NEAR)
    ledger, task = ledger_of(suite)
    ledger.hear(task, sample_of(NEAR, 1.0, N), "mixed")
    assert not ledger.wanted(task)
    (record,) = ledger.records
    half = record.z / math.sqrt(N) / NEAR  # of the interval, relative to what is claimed
    assert record.width == pytest.approx(half, rel=1e-3)
    for until, wanted in [(0.9 * half, True), (1.1 * half, False)]:
        ledger.until = until
        assert ledger.wanted(task) is wanted
    ledger.hear(task, sample_of(NEAR, 1.0, 4 * N), "mixed")
    ledger.until = 0.9 * half
    assert not ledger.wanted(task)
    assert record.sample.count == N  # the look that decided


@pytest.mark.parametrize("moments", [equal_values(NEAR), sample_of(1e41, 1.0, N)])
def test_what_more_trajectories_cannot_improve_is_precise_enough(moments):
    ledger, task = ledger_of(suite_with(lambda: NEAR))
    assert math.isinf(ledger.records[0].width)
    ledger.hear(task, moments, "mixed")
    ledger.until = 1e-9
    assert not ledger.wanted(task)


def test_heavy_tails_are_never_precise_enough():
    ledger, task = ledger_of(suite_with(lambda: NEAR))
    ledger.hear(task, sample_of(NEAR, 1e-12, N, skewness=1e6), "mixed")
    ledger.until = 0.5
    assert ledger.wanted(task)


@pytest.mark.needs_compiler
def test_a_run_with_a_conflict_says_so_in_the_reason_and_fails(monkeypatch, suite_folder):
    """The simulation is made to drift after the first look, as a bug would."""
    run_pass = simulator.run_pass

    def drifting(members, contrasts, first, *rest):
        found = run_pass(members, contrasts, first, *rest)
        if first:
            for moments in found.members:
                moments.mean[:] *= 1 + 3 * first
        return found

    monkeypatch.setattr(simulator, "run_pass", drifting)
    monkeypatch.setattr(pursuit, "contradictions", lambda *_: [])  # which would say more
    folder = suite_folder(
        demo="""
import nqmbench as nq
suite = nq.Suite("demo", experiments=[nq.Experiment(nq.NoisyQuadratic(1.0), nq.sgd(0.5), steps=9)])
@suite.claim("decided at once", of="error", at=(1,), margin=0.5)
def first():
    return 0.5
@suite.claim("needs more", of="error", at=(9,), margin=0.001)
def second(h, eta):
    return eta / (2 - eta)
"""
    )
    run = nq.run("demo", preset="quick", suites=folder)
    entry = run.about["suites"][0]["claims"][0]
    assert entry["reason"].startswith("CONFLICT: CONFIRMED at 65,536 trajectories, but ")
    assert run.about["run"]["conflicts"]
    assert run.exit_code == 1


def test_one_experiment_has_one_task():
    assert one_experiment().key  # the helper that every test above relies on
