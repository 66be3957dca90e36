"""Orderings from the suite file to their cases: what may be written, what is refused, and how."""

import pytest

import nqmbench as nq
from nqmbench.claims import Ordering
from nqmbench.errors import InvalidArguments
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


def refusal(**arguments):
    with pytest.raises(InvalidArguments) as caught:
        ordering(**arguments)
    return str(caught.value)


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


SIDE = "an Experiment, a list of Experiments, or a function returning such"
NAME = "the name of an observable, a list of names, or a function returning such"


@pytest.mark.parametrize("field", ["smaller", "larger"])
@pytest.mark.parametrize("bad", [5, None, "error", [], (), [5], ["error"], {"a": 1}])
def test_a_side_that_is_no_experiment_is_refused(field, bad):
    assert refusal(**{field: bad}) == (
        f"ordering 'o':\n  {field}: got {bad!r}; allowed: {SIDE}"
    )  # fmt: skip


@pytest.mark.parametrize("field", ["smaller", "larger"])
@pytest.mark.parametrize("bad", [5, None, [], [5]])
def test_a_side_that_is_no_observable_of_one_experiment_is_refused(field, bad):
    sides = {"smaller": "w2[0]", "larger": "w2[1]", field: bad}
    assert refusal(of=ONE, **sides) == f"ordering 'o':\n  {field}: got {bad!r}; allowed: {NAME}"


@pytest.mark.parametrize("bad", ["speed", "w", "w2[-1]", ""])
def test_an_unknown_observable_is_refused(bad):
    assert refusal(of=bad) == (
        f"ordering 'o':\n  of: got {bad!r}; "
        "allowed: 'error', 'loss', 'w[i]', 'w2[i]', 'w3[i]' or one coordinate"
    )


def test_what_sides_of_names_are_about_must_be_an_experiment():
    message = refusal(smaller="w2[0]", larger="w2[1]", of=5)
    assert message == (
        "ordering 'o':\n  of: got 5; "
        "allowed: the observable of two experiments, or an Experiment"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("field", "bad", "allowed"),
    [
        ("statistic", "variance", "'mean', 'probability'"),
        ("statistic", None, "'mean', 'probability'"),
        ("at", -1, "None, 'last', or distinct steps >= 0"),
        ("at", (3, 3), "None, 'last', or distinct steps >= 0"),
        ("margin", -0.1, "a number >= 0"),
        ("margin", float("nan"), "a number >= 0"),
        ("probability", 0, "a number in (0, 1)"),
        ("probability", 1.0, "a number in (0, 1)"),
        ("probability", "half", "a number in (0, 1)"),
        ("ref", 8, "a string such as 'T1-08'"),
        ("mends", 8, "None or the ref of a false statement"),
        ("expect", "true", "'confirmed', 'refuted', 'inconclusive'"),
        ("doc", 5, "a text"),
    ],
)
def test_every_other_wrong_argument_is_named(field, bad, allowed):
    assert refusal(**{field: bad}) == f"ordering 'o':\n  {field}: got {bad!r}; allowed: {allowed}"


def test_all_complaints_come_at_once():
    message = refusal(smaller=5, statistic="median", probability=2)
    assert [line.split(":")[0] for line in message.splitlines()[1:]] == [
        "  smaller", "  statistic", "  probability",
    ]  # fmt: skip


def test_a_name_is_given_once_whatever_it_names():
    suite = nq.Suite("demo")
    suite.claim("c", of="error")(lambda: 1.0)
    with pytest.raises(InvalidArguments, match="a name that suite 'demo' does not have yet"):
        suite.ordering("c", smaller=TEN, larger=ONE, of="error")


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


def raising():
    raise RuntimeError("no such grid")


APART = "the sides differ in {}, so they cannot meet the same noise"
LITERAL = nq.NoisyQuadratic([1.0, 0.1], noise="laplace")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"smaller": [TEN, ONE]}, "2 smaller and 1 larger sides; allowed: as many"),
        ({"smaller": raising}, "a side raised RuntimeError: no such grid"),
        ({"larger": raising}, "a side raised RuntimeError: no such grid"),
        ({"smaller": lambda: [], "larger": lambda: []}, "no case: the lists of sides are empty"),
        ({"smaller": lambda: 5}, "a side is 5 of 'error'; allowed: an Experiment and a name"),
        ({"of": "w2[2]"}, "of='w2[2]', but SGD(lr=0.1), B=10, h=(1, 0.1) has d=2"),
        (
            {"smaller": lambda: "speed", "larger": "error", "of": ONE},
            "got 'speed'; allowed: 'error', 'loss', 'w[i]', 'w2[i]', 'w3[i]' "
            "with a coordinate 0 <= i < d",
        ),
        (
            {"smaller": "w2[i]", "larger": "error", "of": ONE},
            "'w2[i]' and 'error' do not stand for as many coordinates",
        ),
        ({"larger": sgd(steps=200)}, APART.format("numbers of steps 100 and 200")),
        (
            {"larger": sgd(problem=nq.NoisyQuadratic(1.0))},
            APART.format("dimensions 2 and 1"),
        ),
        (
            {"larger": sgd(problem=nq.NoisyQuadratic([1.0, 0.1], sigma=0.0))},
            APART.format("noise: one has some, the other none at all"),
        ),
        (
            {"smaller": sgd(problem=LITERAL, batch=2), "larger": sgd(problem=LITERAL)},
            APART.format("batches 2 and 1 of a noise that is drawn sample by sample"),
        ),
        ({"at": (1, 101)}, "at=(1, 101), but SGD(lr=0.1), B=10, h=(1, 0.1) has 100 steps"),
        (
            {"smaller": lambda: sgd(lr=-1.0)},
            "SGD:\n  lr: got -1.0; allowed: a finite number > 0, or a schedule",
        ),
    ],
)
def test_an_ordering_whose_own_code_fails_is_an_error_and_the_others_go_on(arguments, error):
    suite = nq.Suite("demo")
    suite.ordering("bad", **{"smaller": TEN, "larger": ONE, "of": "error", **arguments})
    suite.ordering("good", smaller=TEN, larger=ONE, of="error")
    bad, good = make_plan([suite], QUICK).claims
    assert bad.error == error
    assert (bad.cells, good.error, good.cells) == (0, "", 3)


def test_noise_laws_must_be_the_same():
    _, claim = planned(larger=sgd(problem=LITERAL))
    assert claim.error.startswith("the sides differ in noise laws ")


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
