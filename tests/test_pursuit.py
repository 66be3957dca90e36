"""Passes pursued look by look: who is left out, whose numbers stay the same, and how it ends."""

import dataclasses

import numpy as np
import pytest

import nqmbench as nq
from nqmbench import one_pass, programs, simulator
from nqmbench.passes import Contrast
from nqmbench.plan import make_plan
from nqmbench.pursuit import pursue
from nqmbench.simulation import Conditions
from nqmbench.simulator import Simulator
from nqmbench.theory import ExactMoments, exact
from nqmbench.verdicts import PRESETS, Preset, Verdict, look_sizes

TWO = nq.NoisyQuadratic([1.0, 0.1])
QUICK = PRESETS["quick"]
SEED = 3
STEPS = 40
CHECKPOINTS = (1, 10, 40)


def experiment(method, batch=1, problem=TWO):
    return nq.Experiment(problem, method, batch=batch, steps=STEPS, checkpoints=CHECKPOINTS)


SGD, FAST, BALL = (
    experiment(nq.sgd(0.1)), experiment(nq.sgd(0.5)), experiment(nq.heavy_ball(0.1, 0.9)),
)  # fmt: skip
TEN = experiment(nq.sgd(0.1), batch=10)


def pursued(suite, preset=QUICK, threads=1, **changed):
    plan = make_plan([suite], preset)
    simulator = Simulator(plan, Conditions(SEED, threads, "mixed"))
    truths = {key: changed.get("exact", exact)(e) for key, e in plan.experiments.items()}
    return plan, *pursue(simulator, truths, preset)


def one_ordering(smaller=TEN, larger=SGD, **arguments):
    suite = nq.Suite("demo")
    suite.ordering("o", smaller=smaller, larger=larger, **{"of": "error", **arguments})
    return suite


def same(a, b):
    return (a.mean == b.mean).all() and (a.central == b.central).all() and a.count == b.count


@pytest.mark.needs_compiler
def test_members_of_a_pass_have_the_bits_of_simulate_alone():
    suite = one_ordering(smaller=[TEN, SGD], larger=[BALL, FAST], at=(10, 40))
    suite.ordering("w2", smaller=TEN, larger=SGD, of="w2[i]")
    plan, _, found = pursued(suite)
    assert len(plan.passes) == 1
    for task, e in plan.experiments.items():
        assert e.checkpoints == CHECKPOINTS
        alone = nq.simulate(e, trials=found.moments[task].count, seed=SEED, threads=1)
        # looks are merged one after the other, so a sum may round otherwise in its last digits
        assert found.moments[task].mean == pytest.approx(alone.moments.mean, rel=1e-13)
        if found.moments[task].count == next(look_sizes(2, STEPS)):
            assert same(found.moments[task], alone.moments)


NEARLY_FAST = experiment(nq.sgd(0.5001))


def hard(suite):
    """Add an ordering that needs every look: equal but for 2e-4, without a margin."""
    suite.ordering("close", smaller=FAST, larger=NEARLY_FAST, at="last", of="w[0]", margin=0.0)
    return suite


def crowded():
    """The same in one pass with orderings that are decided at the first look."""
    suite = hard(one_ordering(at="last", margin=0.0))
    suite.ordering("bridge", smaller=FAST, larger=SGD, of="error", at="last")
    return suite


@pytest.mark.needs_compiler
def test_what_is_decided_is_left_out_of_its_pass(monkeypatch):
    passes = []

    def spy(members, *rest):
        passes.append([e.method.label for e in members])
        return one_pass.run_pass(members, *rest)

    monkeypatch.setattr(simulator, "run_pass", spy)
    plan, ledger, _ = pursued(crowded())
    assert len(plan.passes) == 1
    undecided = [e.method.label for e in (FAST, NEARLY_FAST)]
    assert len(passes) > 1
    assert len(passes[0]) == 4
    assert all(sorted(later) == sorted(undecided) for later in passes[1:])
    decided = {r.claim.item.name: r.verdict for r in ledger.records}
    assert decided["o"] is decided["bridge"] is Verdict.CONFIRMED


@pytest.mark.needs_compiler
def test_the_numbers_of_those_that_stay_do_not_depend_on_who_has_left():
    _, _, among = pursued(crowded())
    _, _, apart = pursued(hard(nq.Suite("demo")))
    (contrast,) = apart.paired
    pair, other = apart.paired[contrast], among.paired[contrast]
    assert pair.difference.count > next(look_sizes(2, STEPS))  # it took several looks
    assert same(pair.difference, other.difference)
    assert same(pair.below, other.below)


@pytest.mark.needs_compiler
def test_bits_do_not_depend_on_threads():
    suite = one_ordering(smaller=[TEN, SGD], larger=[SGD, BALL])
    runs = [pursued(suite, threads=n) for n in (1, 2)]
    for task in runs[0][0].experiments:
        assert same(runs[0][2].moments[task], runs[1][2].moments[task])
    for contrast, pair in runs[0][2].paired.items():
        assert same(pair.difference, runs[1][2].paired[contrast].difference)
        assert same(pair.below, runs[1][2].paired[contrast].below)


@pytest.mark.needs_compiler
def test_an_experiment_that_only_a_figure_shows_is_looked_at_once():
    suite = one_ordering(margin=0.0, at="last", smaller=FAST, larger=experiment(nq.sgd(0.5001)),
                         of="w[0]")  # fmt: skip
    suite.figure("f", panels={"p": {"a": SGD, "b": FAST}})
    plan, _, found = pursued(suite)
    (sgd,) = (key for key, e in plan.experiments.items() if e.method.label == SGD.method.label)
    first = next(look_sizes(2, STEPS))
    assert found.moments[sgd].count == first
    assert max(m.count for m in found.moments.values()) > first


@pytest.mark.needs_compiler
def test_the_budget_ends_as_inconclusive_and_nothing_at_all_below_the_first_look():
    # Two coordinates of one law: the truth lies on the edge, and any decision is wrong (5 %).
    twins = experiment(nq.sgd(0.1), problem=nq.NoisyQuadratic([1.0, 1.0]))
    suite = one_ordering(smaller="w2[0]", larger="w2[1]", of=twins, margin=0.0, at="last")
    small = Preset("tiny", 0.05, 0.2, trials=2**17, work=2**40)
    _, ledger, found = pursued(suite, small)
    (record,) = ledger.records
    assert (record.verdict, record.sample.count) == (None, 2**17)
    assert ledger.verdict([record]) is Verdict.INCONCLUSIVE
    nothing = Preset("none", 0.05, 0.2, trials=1, work=1)
    _, ledger, found = pursued(suite, nothing)
    assert (ledger.records[0].sample, found.moments) == (None, {})


def test_without_noise_one_trajectory_decides():
    still = nq.NoisyQuadratic([1.0, 0.1], sigma=0.0)
    a, b = (experiment(nq.sgd(lr), problem=still) for lr in (0.2, 0.1))
    for statistic in ("mean", "probability"):
        for sides, verdict in (((a, b), Verdict.CONFIRMED), ((b, a), Verdict.REFUTED)):
            suite = one_ordering(*sides, statistic=statistic)
            _, ledger, found = pursued(suite)
            assert {r.verdict for r in ledger.records} == {verdict}
            assert {m.count for m in found.moments.values()} == {1}
            assert not any(found.bugs.values())


@pytest.mark.needs_compiler
def test_more_side_by_side_than_the_buffer_holds_have_the_same_bits(monkeypatch):
    many = [experiment(nq.sgd(0.01 * (n + 1))) for n in range(6)]
    suite = one_ordering(smaller=many[:-1], larger=many[1:])
    _, _, whole = pursued(suite)
    monkeypatch.setattr("nqmbench.kernels.run.BUFFER_BYTES", 2**18)
    _, _, cut = pursued(suite)
    assert whole.moments.keys() == cut.moments.keys()
    for task, moments in whole.moments.items():
        np.testing.assert_array_equal(moments.central, cut.moments[task].central)


# -- the self-test ---------------------------------------------------------------------------------


def wrong_mean(factor, only=lambda e: True):
    def planted(e):
        true = exact(e)
        mean = true.mean * (factor if only(e) else 1.0)
        return ExactMoments(true.steps, true.observables, mean, true.variance)

    return planted


@pytest.mark.needs_compiler
def test_honest_passes_do_not_contradict_theory():
    _, _, found = pursued(one_ordering(smaller=[TEN, SGD], larger=[SGD, BALL], of="w2[i]"))
    assert not any(found.bugs.values())  # false-alarm rate 1e-6


@pytest.mark.needs_compiler
def test_a_wrong_theory_of_one_side_contradicts_the_paired_difference():
    # 0.2 % is invisible in either side at the first look, but not in the difference of two nearly
    # equal ones: the negative control of the test above.
    near = experiment(nq.sgd(0.1001))
    wrong = wrong_mean(1.002, only=lambda e: e.method.label != SGD.method.label)
    _, _, found = pursued(one_ordering(smaller=SGD, larger=near, at="last"), exact=wrong)
    said = [text for texts in found.bugs.values() for text in texts]
    assert said
    assert all(text.startswith("paired difference at k = ") for text in said)
    assert {type(key) for key, texts in found.bugs.items() if texts} == {Contrast}


@pytest.mark.needs_compiler
def test_a_contradicted_difference_marks_the_orderings_about_it_and_no_claim(
    suite_folder, monkeypatch
):
    from nqmbench import runner

    wrong = wrong_mean(1.002, only=lambda e: "0.1001" in e.method.label)
    monkeypatch.setattr(runner, "exact", wrong)
    run = comparison_run(suite_folder, NEAR)
    verdicts = dict(zip(run.verdicts["claim"], run.verdicts["verdict"], strict=True))
    assert verdicts == {"o": "INCONSISTENT", "other": "REFUTED", "c": "CONFIRMED"}
    (said,) = run.about["run"]["contradictions"]
    label = "SGD(lr=0.1) below SGD(lr=0.1001), B=1, h=(1, 0.1)"
    assert said.startswith(f"{label}: paired difference at k = 40: ")
    assert run.exit_code == 1


def comparison_run(suite_folder, text, **arguments):
    return nq.run("s", preset="quick", suites=suite_folder(s=text), threads=1, **arguments)


BESIDE = """
import nqmbench as nq
suite = nq.Suite("s")
P = nq.NoisyQuadratic([1.0, 0.1])
a, b = (nq.Experiment(P, nq.sgd(lr), steps=40, checkpoints=[40]) for lr in (0.1, 0.5))
"""
NEAR = (
    BESIDE
    + """
near = nq.Experiment(P, nq.sgd(0.1001), steps=40, checkpoints=[40])
suite.ordering("o", smaller=a, larger=near, of="error", at="last")
suite.ordering("other", smaller=a, larger=b, of="error", at="last")


@suite.claim("c", of="error", experiments=[a], kind="upper bound")
def c():
    return 10.0
"""
)
ORDERED = BESIDE + 'suite.ordering("o", smaller=a, larger=b, of="error", at="last")\n'
FIGURE = BESIDE + 'suite.figure("f", panels={"p": {"a": a, "b": b}})\n'


@pytest.mark.needs_compiler
@pytest.mark.parametrize("lr", ["0.1", "0.5"])
def test_an_ordering_is_inconsistent_if_either_side_is(suite_folder, monkeypatch, lr):
    from nqmbench import runner

    wrong = wrong_mean(1.1, only=lambda e: lr in e.method.label)
    monkeypatch.setattr(runner, "exact", wrong)
    run = comparison_run(suite_folder, ORDERED)
    (row,) = run.verdicts.itertuples()
    assert row.verdict == "INCONSISTENT"
    assert row.reason.startswith("the program contradicts itself: ")
    assert run.exit_code == 1


@pytest.mark.needs_compiler
def test_a_wrong_kernel_makes_an_ordering_inconsistent(suite_folder, monkeypatch):
    right = programs.compile_program

    def wrong_sigma(e, precision):
        program = right(e, precision)
        return dataclasses.replace(program, sigma=1.05 * program.sigma)

    assert comparison_run(suite_folder, ORDERED).exit_code == 0
    monkeypatch.setattr(programs, "compile_program", wrong_sigma)
    assert set(comparison_run(suite_folder, ORDERED).verdicts["verdict"]) == {"INCONSISTENT"}


@pytest.mark.needs_compiler
def test_a_contradiction_in_what_only_a_figure_shows_is_told_too(suite_folder, monkeypatch):
    from nqmbench import runner

    assert comparison_run(suite_folder, FIGURE).about["run"]["contradictions"] == []
    monkeypatch.setattr(runner, "exact", wrong_mean(1.1))
    run = comparison_run(suite_folder, FIGURE)
    assert run.exit_code == 1
    assert len(run.about["run"]["contradictions"]) == 2
    assert run.about["run"]["contradictions"][0].startswith("SGD(lr=0.1), B=1, h=(1, 0.1): mean ")
