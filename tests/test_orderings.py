"""Orderings from the suite file to their cases: what may be written, what is refused, and how."""

import pytest

import nqmbench as nq
from nqmbench.claims import Ordering
from nqmbench.pairs import label, matched
from nqmbench.plan import make_plan
from nqmbench.verdicts import PRESETS, critical_value

QUICK = PRESETS["quick"]
TWO = nq.NoisyQuadratic([1.0, 0.1])
STEPS = [1, 10, 100]


def sgd(lr=0.1, problem=TWO, **arguments):
    return nq.Experiment(problem, nq.sgd(lr), **{"steps": 100, "checkpoints": STEPS, **arguments})


ONE, TEN = sgd(batch=1), sgd(batch=10)


def ordering(**arguments):
    """The only ordering of a suite."""
    suite = nq.Suite("demo")
    suite.ordering("o", **{"smaller": TEN, "larger": ONE, "of": "error", **arguments})
    (item,) = suite.items
    return item


def planned(preset=QUICK, **arguments):
    suite = nq.Suite("demo")
    suite.ordering("o", **{"smaller": TEN, "larger": ONE, "of": "error", **arguments})
    plan = make_plan([suite], preset)
    return plan, plan.claims[0]


# -- what is written -------------------------------------------------------------------------------


def test_an_ordering_keeps_what_it_was_given():
    item = ordering(
        statistic="probability", ref="T1-27", expect="confirmed", mends="T1-26", at=(50, 10),
        margin=0, probability=0.75, doc="  Larger batches\n  help.",
    )  # fmt: skip
    assert isinstance(item, Ordering)
    assert (item.identity, item.kind) == ("demo::o", "ordering")
    assert (item.smaller, item.larger, item.of) == (TEN, ONE, "error")
    assert (item.ref, item.expect, item.mends) == ("T1-27", "confirmed", "T1-26")
    assert (item.at, item.margin, item.probability) == ((10, 50), 0.0, 0.75)
    assert item.doc == "Larger batches\nhelp."


def test_a_mean_reads_as_an_upper_bound_of_zero_and_a_probability_as_a_lower_bound():
    mean, chance = ordering(), ordering(statistic="probability", probability=0.9)
    assert (mean.shape, mean.claimed) == ("upper bound", 0.0)
    assert (chance.shape, chance.claimed) == ("lower bound", 0.9)


# -- cases -----------------------------------------------------------------------------------------


def names(pairs):
    return [tuple((e.batch, o.name) for e, o in pair) for pair in pairs]


def test_two_experiments_are_compared_in_the_observable_of_both():
    assert names(matched(ordering())) == [((10, "error"), (1, "error"))]


def test_the_letter_i_stands_for_every_coordinate():
    assert names(matched(ordering(of="w2[i]"))) == [
        ((10, f"w2[{i}]"), (1, f"w2[{i}]")) for i in range(2)
    ]


def test_two_observables_of_one_experiment_are_compared():
    assert names(matched(ordering(smaller="w2[1]", larger="error", of=ONE))) == [
        ((1, "w2[1]"), (1, "error"))
    ]


@pytest.mark.parametrize("kind", [list, tuple])
def test_lists_are_matched_pairwise(kind):
    found = matched(ordering(smaller=kind([TEN, ONE]), larger=kind([ONE, TEN]), of="loss"))
    assert names(found) == [((10, "loss"), (1, "loss")), ((1, "loss"), (10, "loss"))]


@pytest.mark.parametrize("kind", [iter, list, tuple, lambda x: dict.fromkeys(x, 0).keys()])
def test_a_function_may_return_any_iterable(kind):
    sides = {"smaller": lambda: kind([TEN, ONE]), "larger": lambda: (e for e in [ONE, TEN])}
    assert names(matched(ordering(**sides))) == [
        ((10, "error"), (1, "error")), ((1, "error"), (10, "error")),
    ]  # fmt: skip


def test_functions_are_called_when_the_suite_runs_and_not_before():
    called = []

    def side(experiment):
        def build():
            called.append(experiment)
            return [experiment]

        return build

    item = ordering(smaller=side(TEN), larger=side(ONE))
    assert called == []
    assert names(matched(item)) == [((10, "error"), (1, "error"))]
    assert called == [TEN, ONE]
    own = ordering(smaller=lambda: "w2[0]", larger=lambda: ["w2[1]"], of=lambda: ONE)
    assert names(matched(own)) == [((1, "w2[0]"), (1, "w2[1]"))]


# -- cells, margins, labels ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "steps"), [(None, [1, 10, 100]), ("last", [100]), ((3, 7), [3, 7]), (0, [0])]
)
def test_a_case_has_a_cell_for_each_step_and_both_sides_are_observed_there(at, steps):
    plan, claim = planned(at=at, of="w2[i]")
    assert claim.cells == plan.cells("demo") == 2 * len(steps)
    for case in claim.cases:
        assert [(cell.step, cell.claimed, cell.scale) for cell in case.cells] == [
            (k, 0.0, None) for k in steps
        ]
    assert [e.checkpoints for e in plan.experiments.values()] == [tuple(steps)] * 2
    assert [e.observables for e in plan.experiments.values()] == [("w2[0]", "w2[1]")] * 2
    (pass_,) = plan.passes
    assert len(pass_.contrasts) == 2


def test_the_smaller_sides_checkpoints_are_taken():
    _, claim = planned(smaller=sgd(batch=10, checkpoints=[5, 50]))
    assert [cell.step for cell in claim.cases[0].cells] == [5, 50]


def test_cells_of_orderings_take_part_in_splitting_the_level():
    suite = nq.Suite("demo", experiments=[ONE])
    suite.claim("c", of="error")(lambda: 1.0)
    suite.ordering("o", smaller=TEN, larger=ONE, of="w2[i]")
    suite.ordering("p", smaller=TEN, larger=ONE, of="error", statistic="probability", at="last")
    assert make_plan([suite], QUICK).cells("demo") == 3 + 6 + 1
    assert critical_value(10) > critical_value(3)


@pytest.mark.parametrize("statistic", ["mean", "probability"])
def test_a_margin_is_the_presets_or_the_orderings_own_also_zero(statistic):
    for preset in PRESETS.values():
        assert planned(preset, statistic=statistic)[1].margin == preset.mean
        assert planned(preset, statistic=statistic, margin=0.0)[1].margin == 0.0
        assert planned(preset, statistic=statistic, margin=0.3)[1].margin == 0.3


def labels(**arguments):
    return [case.label for case in planned(**arguments)[1].cases]


def test_a_label_says_what_differs_and_then_what_is_shared():
    ball = nq.Experiment(TWO, nq.heavy_ball(0.1, 0.9), steps=100, checkpoints=STEPS)
    assert labels() == ["B=10 below B=1, SGD(lr=0.1), h=(1, 0.1)"]
    assert labels(smaller=ONE, larger=ball) == [
        "SGD(lr=0.1) below heavy ball(lr=0.1, momentum=0.9), B=1, h=(1, 0.1)"
    ]
    assert labels(larger=ball) == [
        "SGD(lr=0.1), B=10 below heavy ball(lr=0.1, momentum=0.9), B=1, h=(1, 0.1)"
    ]
    assert labels(of="w2[i]") == [
        "B=10 below B=1, SGD(lr=0.1), h=(1, 0.1), i=0 (h=1)",
        "B=10 below B=1, SGD(lr=0.1), h=(1, 0.1), i=1 (h=0.1)",
    ]


def test_two_observables_of_one_experiment_are_named():
    _, claim = planned(smaller="w2[1]", larger="w2[0]", of=ONE)
    (case,) = claim.cases
    assert case.label == "w2[1] below w2[0], SGD(lr=0.1), B=1, h=(1, 0.1)"
    assert case.of == "w2[1] - w2[0]"
    assert planned()[1].cases[0].of == "error"


def test_labels_tell_equal_looking_cases_apart():
    same = labels(smaller=[TEN, TEN, sgd(batch=10, steps=200)], larger=[ONE, ONE, sgd(steps=200)])
    assert len(set(same)) == 3
    assert same[1] == same[0] + " (#2)"
    assert same[2].endswith(", steps=200")


def test_an_experiment_beside_itself_is_named_once_on_each_side():
    (pair,) = matched(ordering(smaller=ONE, larger=ONE))
    assert label(*pair) == "SGD(lr=0.1) below SGD(lr=0.1), B=1, h=(1, 0.1)"


def test_a_cell_of_a_probability_claims_it():
    _, claim = planned(statistic="probability", probability=0.8)
    assert {cell.claimed for cell in claim.cases[0].cells} == {0.8}
