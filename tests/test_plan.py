import numpy as np
import pytest

import nqmbench as nq
from nqmbench.plan import make_plan
from nqmbench.verdicts import PRESETS

TWO = nq.NoisyQuadratic([1.0, 0.1])
QUICK = PRESETS["quick"]


def experiments(count=2, problem=TWO, **arguments):
    arguments = {"steps": 100, "checkpoints": [1, 10, 100], **arguments}
    return [nq.Experiment(problem, nq.sgd(0.1), batch=B + 1, **arguments) for B in range(count)]


def plan_of(formula=lambda k: 1.0, tested=None, preset=QUICK, **claim):
    suite = nq.Suite("demo", experiments=experiments() if tested is None else tested)
    suite.claim("claim", **{"of": "error", **claim})(formula)
    plan = make_plan([suite], preset)
    return plan, plan.claims[0]


def test_a_claim_is_expanded_over_experiments_coordinates_and_checkpoints():
    plan, claim = plan_of(lambda k, h, B: k * h / B, of="w2[i]")
    assert claim.error == ""
    assert len(claim.cases) == 2 * 2
    assert claim.cells == plan.cells("demo") == 2 * 2 * 3
    assert plan.cells("another") == 0
    found = {
        (c.experiment.batch, c.observable.name, cell.step): cell.claimed
        for c in claim.cases for cell in c.cells
    }  # fmt: skip
    for B in (1, 2):
        for i, h in enumerate((1.0, 0.1)):
            for k in (1, 10, 100):
                assert found[B, f"w2[{i}]", k] == k * h / B


def test_one_coordinate_or_a_sum_is_one_case_for_each_experiment():
    for of in ("w2[1]", "error", "loss"):
        assert [len(c.cells) for c in plan_of(of=of)[1].cases] == [3, 3]


def test_the_experiments_observables_do_not_matter_to_a_claim():
    plan, claim = plan_of(tested=experiments(1, observables=["w[0]"]), of="loss")
    assert [c.observable.name for c in claim.cases] == ["loss"]
    (experiment,) = plan.experiments.values()
    assert experiment.observables == ("loss",)


@pytest.mark.parametrize(
    ("at", "steps"),
    [(None, [1, 10, 100]), ("last", [100]), (10, [10]), ((3, 7), [3, 7]), ((0, 100), [0, 100])],
)
def test_at_names_steps_also_such_that_are_no_checkpoints(at, steps):
    plan, claim = plan_of(at=at)
    for case in claim.cases:
        assert [cell.step for cell in case.cells] == steps
    for experiment in plan.experiments.values():
        assert experiment.checkpoints == tuple(steps)
        assert experiment.steps == 100


def test_at_beyond_the_end_is_an_error_of_that_claim_alone():
    suite = nq.Suite("demo", experiments=experiments)
    suite.claim("too far", of="error", at=(10, 101))(lambda k: 1.0)
    suite.claim("fine", of="error")(lambda k: 1.0)
    plan = make_plan([suite], QUICK)
    far, fine = plan.claims
    assert (
        far.error == "the step 101 of `at` is beyond the 100 steps of SGD(lr=0.1), B=1, h=(1, 0.1)"
    )
    assert (far.cells, fine.cells, plan.cells("demo")) == (0, 6, 6)
    for experiment in plan.experiments.values():
        assert experiment.checkpoints == (1, 10, 100)


def test_when_keeps_the_cells_for_which_it_holds_and_the_formula_is_not_asked_elsewhere():
    def formula(k):
        assert k > 1
        return 1.0

    plan, claim = plan_of(formula, when=lambda k: k > 1)
    assert claim.error == ""
    assert [cell.step for cell in claim.cases[0].cells] == [10, 100]
    assert next(iter(plan.experiments.values())).checkpoints == (10, 100)


def test_when_may_drop_whole_cases():
    plan, claim = plan_of(of="w2[i]", when=lambda h, B: h < 1 and B == 1)
    (case,) = claim.cases
    assert (case.observable.name, case.experiment.batch) == ("w2[1]", 1)
    assert len(plan.experiments) == 1


@pytest.mark.parametrize(
    "arguments", [{"when": lambda k: False}, {"tested": []}, {"experiments": lambda: []}]
)
def test_a_claim_without_a_cell_is_an_error(arguments):
    plan, claim = plan_of(**arguments)
    assert claim.error == "no cell: no experiment, or `when` excludes them all"
    assert plan.experiments == {}


def raising():
    raise RuntimeError("no such grid")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"formula": lambda k: 1 / 0}, "formula raised ZeroDivisionError"),
        ({"formula": lambda alpha: 1.0}, "formula asks for alpha"),
        ({"formula": lambda k: np.nan}, "formula gave NaN at k = 1"),
        ({"formula": lambda k: 1j}, "allowed: one real number"),
        ({"when": lambda k: 1 / 0}, "when raised ZeroDivisionError"),
        ({"scale": lambda k: 0.0}, "scale gave 0 at k = 1"),
        ({"of": "w2[2]"}, "the observable 'w2[2]' is beyond the 2 coordinates of SGD(lr=0.1)"),
        ({"experiments": raising}, "experiments raised RuntimeError: no such grid"),
        ({"experiments": lambda: None}, "experiments raised TypeError"),
        ({"experiments": lambda: [5]}, "experiments gave 5; allowed: Experiments"),
        ({"experiments": lambda: [object()]}, "experiments gave <object object>; allowed: "),
        ({"experiments": lambda: experiments(1, steps=0)}, "steps: got 0; allowed: "),
    ],
)
def test_a_claim_whose_own_code_fails_is_an_error_and_the_others_go_on(arguments, reason):
    suite = nq.Suite("demo", experiments=experiments)
    formula = arguments.pop("formula", lambda k: 1.0)
    suite.claim("bad", **{"of": "error", **arguments})(formula)
    suite.claim("good", of="error")(lambda k: 1.0)
    suite.check("check")(lambda: (1, 1))
    bad, good, check = make_plan([suite], QUICK).claims
    assert reason in bad.error
    assert (bad.cells, good.error, good.cells, check.error, check.cells) == (0, "", 6, "", 0)


def test_margins_come_from_the_preset_the_accuracy_or_the_claim():
    for preset in PRESETS.values():
        assert plan_of(preset=preset)[1].margin == preset.mean
        assert plan_of(preset=preset, statistic="variance")[1].margin == preset.variance
        assert plan_of(preset=preset, margin=0.3)[1].margin == 0.3
        assert plan_of(preset=preset, kind="approximation")[1].margin == 0.1
        assert plan_of(preset=preset, kind="approximation", accuracy=0.02)[1].margin == 0.02
        assert plan_of(preset=preset, kind="upper bound")[1].margin == preset.mean


def test_claims_about_the_same_trajectories_share_a_task():
    first, second = nq.Suite("first", experiments=experiments(1)), nq.Suite("second")
    first.claim("error", of="error", at=(10, 50))(lambda k: 1.0)
    first.claim("loss", of="loss", at="last")(lambda k: 1.0)
    # the same problem and method, written anew, with other checkpoints and observables
    again = experiments(1, checkpoints=[7], observables=["w[0]"])
    second.claim("w2", of="w2[i]", experiments=again)(lambda k: 1.0)
    plan = make_plan([first, second], QUICK)
    (experiment,) = plan.experiments.values()
    assert experiment.checkpoints == (7, 10, 50, 100)
    assert experiment.observables == ("error", "loss", "w2[0]", "w2[1]")
    assert {case.task for claim in plan.claims for case in claim.cases} == set(plan.experiments)
    assert (plan.cells("first"), plan.cells("second")) == (3, 2)


@pytest.mark.parametrize(
    "other",
    [
        experiments(1, steps=101)[0],
        nq.Experiment(TWO, nq.sgd(0.11), steps=100),
        nq.Experiment(nq.NoisyQuadratic([1.0, 0.1], noise="laplace"), nq.sgd(0.1), steps=100),
        nq.Experiment(nq.NoisyQuadratic([1.0, 0.1], w0=2.0), nq.sgd(0.1), steps=100),
        nq.Experiment(TWO, nq.sgd(0.1), batch=2, steps=100),
    ],
)
def test_other_trajectories_are_another_task(other):
    plan, _ = plan_of(tested=[*experiments(1), other])
    assert len(plan.experiments) == 2


def test_labels_tell_cases_apart():
    tested = [*experiments(1), *experiments(1, steps=200), *experiments(1)]
    cases = plan_of(tested=tested, of="w2[i]", at="last")[1].cases
    labels = [case.label for case in cases]
    assert len(set(labels)) == len(labels) == 6
    assert labels[0] == "SGD(lr=0.1), B=1, h=(1, 0.1), i=0 (h=1), steps=100"
    assert labels[3].endswith("i=1 (h=0.1), steps=200")
    assert labels[5].endswith("i=1 (h=0.1), steps=100 (#2)")
    assert plan_of(tested=experiments(1, problem=nq.NoisyQuadratic(2.0)), of="w[i]")[1].cases[
        0
    ].label == ("SGD(lr=0.1), B=1, h=2")


def test_experiments_come_in_the_order_of_their_first_mention():
    plan, claim = plan_of(tested=experiments(3)[::-1])
    assert [e.batch for e in plan.experiments.values()] == [3, 2, 1]
    assert [c.experiment.batch for c in claim.cases] == [3, 2, 1]
