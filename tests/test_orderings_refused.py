"""Orderings that cannot be judged: what is refused where it is written, and what when it runs."""

import pytest

import nqmbench as nq
from nqmbench.errors import InvalidArguments
from nqmbench.plan import make_plan
from nqmbench.verdicts import PRESETS

QUICK = PRESETS["quick"]
TWO = nq.NoisyQuadratic([1.0, 0.1])
LITERAL = nq.NoisyQuadratic([1.0, 0.1], noise="laplace")


def sgd(lr=0.1, problem=TWO, **arguments):
    return nq.Experiment(problem, nq.sgd(lr), **{"steps": 100, **arguments})


ONE, TEN = sgd(batch=1), sgd(batch=10)


def refusal(**arguments):
    with pytest.raises(InvalidArguments) as caught:
        nq.Suite("demo").ordering(
            "o", **{"smaller": TEN, "larger": ONE, "of": "error", **arguments}
        )
    return str(caught.value)


# -- at the line where it is written ---------------------------------------------------------------

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
        ("probability", 0.7, 'None with statistic="mean"'),
        ("ref", 8, "a text such as 'T1-08'"),
        ("mends", 8, "None or the ref of a false statement"),
        ("expect", "true", "'confirmed', 'refuted', 'inconclusive'"),
        ("doc", 5, "a text that UTF-8 can hold"),
    ],
)
def test_every_other_wrong_argument_is_named(field, bad, allowed):
    assert refusal(**{field: bad}) == f"ordering 'o':\n  {field}: got {bad!r}; allowed: {allowed}"


@pytest.mark.parametrize("bad", [0, 1.0, "half"])
def test_a_probability_is_between_0_and_1(bad):
    message = refusal(statistic="probability", probability=bad)
    assert message == f"ordering 'o':\n  probability: got {bad!r}; allowed: a number in (0, 1)"


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


MATCH = "allowed: lists of equal length, matched pairwise"
OBSERVABLES = "'error', 'loss', 'w[i]', 'w2[i]', 'w3[i]' with a coordinate 0 <= i < d"
NOISE = ", so they cannot meet the same noise"
TEN_WORDS = "SGD(lr=0.1), B=10, h=(1, 0.1)"
UNFIT = {
    "lists": (
        {"smaller": [TEN, ONE], "larger": [ONE]}, f"smaller has 2 sides, larger has 1; {MATCH}",
    ),
    "one and a list": (
        {"smaller": TEN, "larger": [ONE, ONE]}, f"smaller has 1 side, larger has 2; {MATCH}",
    ),
    "coordinate": (
        {"of": "w2[2]"}, f"the observable 'w2[2]' is beyond the 2 coordinates of {TEN_WORDS}",
    ),
    "another name": (
        {"smaller": "w2[0]", "larger": "eror", "of": ONE},
        f"larger: got 'eror'; allowed: {OBSERVABLES}",
    ),
    "another coordinate": (
        {"smaller": "w2[7]", "larger": "error", "of": TEN},
        f"the observable 'w2[7]' is beyond the 2 coordinates of {TEN_WORDS}",
    ),
    "every coordinate and a sum": (
        {"smaller": "w2[i]", "larger": "error", "of": ONE},
        "'w2[i]' and 'error' do not stand for as many coordinates",
    ),
    "steps": (
        {"larger": sgd(steps=200)}, f"the sides differ in numbers of steps 100 and 200{NOISE}",
    ),
    "dimensions": (
        {"larger": sgd(problem=nq.NoisyQuadratic(1.0))},
        f"the sides differ in dimensions 2 and 1{NOISE}",
    ),
    "noise and none": (
        {"larger": sgd(problem=nq.NoisyQuadratic([1.0, 0.1], sigma=0.0))},
        f"one side has noise and the other none{NOISE}",
    ),
    "laws": (
        {"larger": sgd(problem=LITERAL)},
        f"the sides differ in noise laws gaussian and laplace{NOISE}",
    ),
    "batches": (
        {"smaller": sgd(problem=LITERAL, batch=2), "larger": sgd(problem=LITERAL)},
        f"the sides differ in batches 2 and 1 of a noise that is drawn sample by sample{NOISE}",
    ),
    "beyond the last step": (
        {"at": (1, 101)}, f"the step 101 of `at` is beyond the 100 steps of {TEN_WORDS}",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", UNFIT)
def test_sides_that_do_not_fit_are_refused_where_they_are_written(kind):
    arguments, said = UNFIT[kind]
    assert refusal(**arguments) == f"ordering 'o':\n  {said}"


def test_the_side_that_is_no_function_is_checked_where_it_is_written():
    message = refusal(smaller=lambda: "error", larger="eror", of=ONE)
    assert message == f"ordering 'o':\n  larger: got 'eror'; allowed: {OBSERVABLES}"
    assert "beyond the 100 steps" in refusal(larger=lambda: ONE, at=101)


# -- when the suite runs ---------------------------------------------------------------------------


def raising():
    raise RuntimeError("no such grid")


def generating():
    yield TEN
    raise RuntimeError("no second one")


def bent(state, gradient, eta):
    return {"w": state["w"] - eta * gradient(state["w"]) ** 2}


BENT = nq.Experiment(TWO, nq.Method("bent", bent, {"lr": 0.1}, {"w": 1.0}), steps=100)
AN_EXPERIMENT = "allowed: an Experiment, or a list of them"
FAILING = {
    "smaller raises": ({"smaller": raising}, "smaller raised RuntimeError: no such grid"),
    "larger raises": ({"larger": raising}, "larger raised RuntimeError: no such grid"),
    "of raises": ({"of": raising, "smaller": "error", "larger": "loss"},
                  "of raised RuntimeError: no such grid"),
    "a generator raises": ({"smaller": generating}, "smaller raised RuntimeError: no second one"),
    "nothing": ({"smaller": lambda: None}, f"smaller: got None; {AN_EXPERIMENT}"),
    "a number": ({"larger": lambda: [5]}, f"larger: got 5; {AN_EXPERIMENT}"),
    "a set has no order": ({"larger": lambda: {5}}, f"larger: got {{5}}; {AN_EXPERIMENT}"),
    "an object": ({"larger": lambda: [object()]}, f"larger: got <object object>; {AN_EXPERIMENT}"),
    "no case": (
        {"smaller": lambda: [], "larger": lambda: []}, "no case: the lists of sides are empty",
    ),
    "a number of": (
        {"smaller": "error", "larger": "loss", "of": lambda: 5},
        "of: got 5; allowed: the observable of two experiments, or an Experiment",
    ),
    "a name": (
        {"smaller": lambda: "speed", "larger": "error", "of": ONE},
        f"smaller: got 'speed'; allowed: {OBSERVABLES}",
    ),
    "a name instead of an experiment": (
        {"smaller": lambda: "error", "larger": ONE}, f"smaller: got 'error'; {AN_EXPERIMENT}",
    ),
    "an experiment instead of a name": (
        {"smaller": "error", "larger": lambda: 5, "of": ONE},
        "larger: got 5; allowed: the name of an observable, or a list of them",
    ),
    "an experiment": (
        {"smaller": lambda: sgd(lr=-1.0)},
        "smaller raised InvalidArguments: SGD: lr: got -1.0; "
        "allowed: a finite number > 0, or a schedule",
    ),
}  # fmt: skip
FAILING |= {
    f"{kind}, by a function": ({**arguments, "smaller": lambda x=x: x}, said)
    for kind, (arguments, said) in UNFIT.items()
    for x in [arguments.get("smaller", TEN)]
    if kind not in ("another coordinate", "beyond the last step")
    and "eror" not in str(arguments.get("larger"))
}


@pytest.mark.parametrize("kind", FAILING)
def test_an_ordering_whose_own_code_fails_is_an_error_and_the_others_go_on(kind):
    arguments, said = FAILING[kind]
    suite = nq.Suite("demo")
    if kind == "coordinate, by a function":
        arguments = {**arguments, "larger": lambda: ONE}
    suite.ordering("bad", **{"smaller": TEN, "larger": ONE, "of": "error", **arguments})
    suite.ordering("good", smaller=TEN, larger=ONE, of="error", at=(1, 2, 3))
    bad, good = make_plan([suite], QUICK).claims
    assert bad.error == said
    assert (bad.cells, good.error, good.cells) == (0, "", 3)


@pytest.mark.parametrize("side", ["smaller", "larger"])
def test_a_method_that_is_not_linear_is_an_error_of_its_ordering_on_either_side(side):
    suite = nq.Suite("demo")
    suite.ordering("bad", **{"smaller": TEN, "larger": ONE, "of": "error", side: BENT})
    suite.ordering("good", smaller=TEN, larger=ONE, of="error")
    bad, good = make_plan([suite], QUICK).claims
    assert "the step is not linear in the state and the gradient" in bad.error
    assert good.error == ""


def test_a_step_beyond_the_last_one_is_an_error_of_its_ordering():
    suite = nq.Suite("demo")
    suite.ordering("o", smaller=lambda: TEN, larger=lambda: ONE, of="error", at=(1, 101))
    (claim,) = make_plan([suite], QUICK).claims
    assert claim.error == UNFIT["beyond the last step"][1]
