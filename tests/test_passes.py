"""What shares a simulation: groups that overlap, what their members share, what they cannot."""

import pytest

import nqmbench as nq
from nqmbench.agreement import differences, mismatch
from nqmbench.passes import Contrast, Task, arrange
from nqmbench.plan import make_plan
from nqmbench.verdicts import PRESETS

TWO = nq.NoisyQuadratic([1.0, 0.1])


def experiment(batch=1, problem=TWO, steps=100, **arguments):
    return nq.Experiment(problem, nq.sgd(0.1), batch=batch, steps=steps, **arguments)


def tasks_of(*keys):
    """Tasks with a step and an observable of their own each."""
    tasks = {}
    for number, key in enumerate(keys):
        tasks[key] = Task(experiment(number + 1))
        tasks[key].want([number + 1], f"w{'23'[number % 2]}[0]")
    return tasks


def members(passes):
    return ["".join(p.tasks) for p in passes]


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ([], ["a", "b", "c", "d", "e"]),
        (["ab"], ["ab", "c", "d", "e"]),
        (["ba"], ["ab", "c", "d", "e"]),
        (["ab", "bc"], ["abc", "d", "e"]),
        (["ab", "cd", "da"], ["abcd", "e"]),
        (["ea", "ce"], ["ace", "b", "d"]),
        (["ab", "ab", "ba", "aa"], ["ab", "c", "d", "e"]),
        (["ab", "cd", "de", "be"], ["abcde"]),
        (["bd", "ce", "bc"], ["a", "bcde"]),
    ],
)
def test_groups_that_overlap_become_one_pass_in_the_order_of_first_mention(groups, expected):
    assert members(arrange(tasks_of(*"abcde"), groups, [])) == expected


def test_members_of_a_pass_share_checkpoints_and_keep_their_own_observables():
    tasks = tasks_of(*"abcd")
    arrange(tasks, ["ad"], [])
    assert tasks["a"].steps == tasks["d"].steps == {1, 4}
    assert (list(tasks["a"].names), list(tasks["d"].names)) == (["w2[0]"], ["w3[0]"])
    assert (tasks["b"].steps, list(tasks["b"].names)) == ({2}, ["w3[0]"])
    built = tasks["d"].experiment()
    assert (built.checkpoints, built.observables) == ((1, 4), ("w3[0]",))
    assert built.batch == 4
    tasks["a"].want([9], "error")  # nothing is shared by reference
    assert (tasks["d"].steps, list(tasks["d"].names)) == ({1, 4}, ["w3[0]"])


def test_a_contrast_stays_with_the_pass_of_its_sides_and_is_taken_once():
    def contrast(a, b):
        return Contrast((a, "w2[0]"), (b, "w2[0]"))

    wanted = [contrast("d", "c"), contrast("a", "b"), contrast("d", "c"), contrast("b", "a")]
    passes = arrange(tasks_of(*"abcd"), ["ab", "cd"], wanted)
    assert members(passes) == ["ab", "cd"]
    assert passes[0].contrasts == (contrast("a", "b"), contrast("b", "a"))
    assert passes[1].contrasts == (contrast("d", "c"),)


def test_nothing_makes_no_pass():
    assert arrange({}, [], []) == ()


LAPLACE = nq.NoisyQuadratic([1.0, 0.1], noise="laplace")
STILL = nq.NoisyQuadratic([1.0, 0.1], sigma=0.0)
ONE_TO_THREE = nq.schedule([1, 2, 3])


@pytest.mark.parametrize(
    ("a", "b", "problem"),
    [
        (experiment(), experiment(10), ""),
        (experiment(), experiment(problem=nq.NoisyQuadratic([5.0, 2.0], sigma=3.0, w0=2.0)), ""),
        (
            experiment(), experiment(problem=nq.NoisyQuadratic(1.0)),
            "the experiments differ in dimensions 2 and 1",
        ),
        (
            experiment(), experiment(steps=10),
            "the experiments differ in numbers of steps 100 and 10",
        ),
        (experiment(), experiment(problem=STILL), "one experiment has noise and the other none"),
        (experiment(problem=STILL), experiment(2, problem=STILL), ""),
        (experiment(), experiment(problem=nq.NoisyQuadratic([1.0, 0.1], w0_std=1.0)), ""),
        (experiment(problem=LAPLACE), experiment(problem=LAPLACE), ""),
        (
            experiment(2, problem=LAPLACE), experiment(problem=LAPLACE),
            "the experiments differ in batches 2 and 1 of a noise that is drawn sample by sample",
        ),
        (
            experiment(nq.schedule([2.0, 2.0]), LAPLACE, 2), experiment(2, LAPLACE, 2),
            "",  # a schedule that never changes is a number
        ),
    ],
)  # fmt: skip
def test_what_keeps_two_experiments_from_meeting_the_same_noise_is_said(a, b, problem):
    end = ", so they cannot meet the same noise" if problem else ""
    assert mismatch(a, b) == problem + end
    assert bool(differences(a, b)) == bool(differences(b, a)) == bool(problem)


def test_all_differences_are_listed():
    other = experiment(steps=10, problem=nq.NoisyQuadratic(1.0, sigma=0.0))
    assert differences(experiment(), other) == [
        ("dimension", 2, 1), ("steps", 100, 10), ("noiseless", False, True),
    ]  # fmt: skip


def test_a_ramp_of_literal_batches_differs_from_a_constant():
    ramp, constant = experiment(ONE_TO_THREE, LAPLACE, 3), experiment(1, LAPLACE, 3)
    assert [what for what, *_ in differences(ramp, constant)] == ["batch"]
    assert mismatch(ramp, ramp) == ""


def test_a_random_start_is_noise_too():
    moved = nq.NoisyQuadratic([1.0, 0.1], sigma=0.0, w0_std=1.0)
    assert mismatch(experiment(problem=moved), experiment()) == ""
    assert mismatch(experiment(problem=moved), experiment(problem=STILL)) != ""


def test_orderings_and_figures_that_share_an_experiment_share_a_pass():
    a, b, c, d = (experiment(n, checkpoints=[1, 100]) for n in (1, 2, 3, 4))
    suite, other = nq.Suite("one", experiments=[d]), nq.Suite("two")
    suite.claim("alone", of="loss")(lambda: 1.0)
    suite.ordering("o", smaller=b, larger=a, of="error")
    other.figure("f", panels={"p": {"b": b, "c": (c, "w2[1]")}})
    plan = make_plan([suite, other], PRESETS["quick"])
    batches = [[plan.experiments[key].batch for key in p.tasks] for p in plan.passes]
    assert batches == [[4], [2, 1, 3]]
    alone, *rest = plan.experiments.values()
    assert (alone.checkpoints, alone.observables) == ((1, 100), ("loss",))
    assert len({e.checkpoints for e in rest}) == 1
    assert [e.observables for e in rest] == [("error",), ("error",), ("w2[1]",)]
