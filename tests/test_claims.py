import math

import numpy as np
import pytest

import nqmbench as nq
from nqmbench.claims import CHECK_KINDS, CLAIM_KINDS, Check, Claim
from nqmbench.errors import InvalidArguments


def experiment():
    return nq.Experiment(nq.NoisyQuadratic(1.0), nq.sgd(0.1), steps=10)


def suite():
    return nq.Suite("demo", experiments=[experiment()])


def value(k, h):
    """The statement in words."""
    return h**k


def test_a_claim_keeps_what_its_decorator_was_given_and_returns_the_function():
    s = suite()
    returned = s.claim(
        "a claim", of="w2[i]", statistic="variance", kind="upper bound", ref="T1-08",
        expect="refuted", mends="T1-02", when=lambda k: k > 1, at=(5, 2), margin=0, accuracy=0.2,
        scale=3,
    )(value)  # fmt: skip
    assert returned is value
    (claim,) = s.items
    assert isinstance(claim, Claim)
    assert (claim.identity, claim.arguments) == ("demo::a claim", ("k", "h"))
    assert (claim.at, claim.margin, claim.scale) == ((2, 5), 0.0, 3.0)
    assert (claim.doc, claim.expect, claim.mends) == ("The statement in words.", "refuted", "T1-02")
    assert s.experiments_of(claim) == s.experiments


def test_arguments_with_a_default_are_the_formulas_own():
    s = suite()
    s.claim("a claim", of="error")(lambda k, h, exponent=2: h ** (exponent * k))
    assert s.items[0].arguments == ("k", "h")


def test_a_claims_experiments_replace_the_suites_and_may_be_a_function():
    s, own = suite(), [experiment(), experiment()]
    s.claim("listed", of="error", experiments=own)(value)
    s.claim("made", of="error", experiments=lambda: iter(own))(value)
    assert [s.experiments_of(item) for item in s.items] == [own, own]
    lazy = nq.Suite("lazy", experiments=lambda: own)
    lazy.claim("a claim", of="error")(value)
    assert lazy.experiments_of(lazy.items[0]) == own


@pytest.mark.parametrize("kind", CLAIM_KINDS)
@pytest.mark.parametrize("of", ["error", "loss", "w[i]", "w2[i]", "w3[i]", "w[0]", "w2[123]"])
def test_every_observable_and_kind_is_accepted(kind, of):
    s = nq.Suite("demo", experiments=lambda: [experiment()])
    s.claim("a claim", of=of, kind=kind)(value)
    assert (s.items[0].of, s.items[0].kind) == (of, kind)


@pytest.mark.parametrize("statistic", ["mean", "variance", "skewness", "kurtosis"])
def test_a_claim_may_be_about_any_of_four_statistics(statistic):
    s = suite()
    s.claim("a claim", of="w[i]", statistic=statistic)(value)
    assert s.items[0].statistic == statistic


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            {"of": "w2[5]"},
            "the observable 'w2[5]' is beyond the 1 coordinate of SGD(lr=0.1), B=1, h=1",
        ),
        ({"at": 11}, "the step 11 of `at` is beyond the 10 steps of SGD(lr=0.1), B=1, h=1"),
    ],
)
def test_what_a_listed_experiment_does_not_have_is_refused(arguments, said, own):
    s = nq.Suite("demo") if own else suite()
    given = {"experiments": [experiment(), experiment()]} if own else {}
    with pytest.raises(InvalidArguments) as caught:
        s.claim("a claim", **{"of": "error", **given, **arguments})
    assert str(caught.value) == f"claim 'a claim':\n  {said}"


@pytest.mark.parametrize("at", [None, "last", 3, 3.0, [3], (1, 2), range(4), np.int64(3), (0,)])
def test_at_may_be_nothing_the_last_step_or_steps(at):
    s = suite()
    s.claim("a claim", of="error", at=at)(value)
    steps = s.items[0].at
    assert steps is None or steps == "last" or all(type(k) is int for k in steps)


WRONG = {
    "name": ["", "  ", 5, None, "x" * 201, "a\x00b"],
    "of": ["speed", "w", "w4[i]", "w2[-1]", "w2[i", 5, None, ["w[i]"]],
    "statistic": ["median", None, 1, ["mean"]],
    "kind": ["bound", "", None, 3],
    "ref": [8, None],
    "expect": ["CONFIRMED", "true", True, 1, "diverged"],
    "mends": [8, ["T1-08"]],
    "experiments": [5, "grid", [1, 2], experiment(), {"a": 1}],
    "when": [True, "k > 3"],
    "at": ["first", -1, 1.5, (), (1, 1), True, [None], math.nan, {1: 2}, np.array([1, 2])],
    "margin": [-0.1, math.nan, math.inf, "1 %", True],
    "accuracy": [0, -1, math.inf, None, "small"],
    "scale": [0, -1, math.nan, math.inf, "rms", True],
}


@pytest.mark.parametrize(
    ("field", "bad"), [(field, bad) for field, values in WRONG.items() for bad in values]
)
def test_a_wrong_argument_of_a_claim_is_named_with_what_was_given(field, bad):
    s = suite()
    arguments = {"name": "a claim", "of": "w2[i]", field: bad}
    with pytest.raises(InvalidArguments, match=rf"\n  {field}: got .*; allowed: "):
        s.claim(**arguments)
    assert s.items == []


def test_all_wrong_arguments_are_named_at_once():
    with pytest.raises(InvalidArguments) as caught:
        suite().claim("x", of="speed", statistic="median", kind="?", expect="yes", at=-1, margin=-1)
    lines = str(caught.value).splitlines()
    assert lines[0] == "claim 'x':"
    fields = {line.split(":")[0].strip() for line in lines[1:]}
    assert fields == {"of", "statistic", "kind", "expect", "at", "margin"}


def test_a_name_may_be_used_once_in_a_suite_by_claims_and_checks_together():
    s = suite()
    s.claim("taken", of="error")(value)
    for again in (lambda: s.claim("taken", of="loss"), lambda: s.check("taken")):
        with pytest.raises(InvalidArguments, match="a name that suite 'demo' does not have yet"):
            again()
    suite().claim("taken", of="error")(value)


def test_names_with_markup_and_other_scripts_are_names():
    s = suite()
    for name in ("<b>x</b>", "=1+1", "../up", "\U0001f600", "\u202eabc", "x" * 200):
        s.claim(name, of="error")(value)
    assert len(s.items) == 6


@pytest.mark.parametrize("kind", CHECK_KINDS)
def test_a_check_keeps_what_its_decorator_was_given(kind):
    s = suite()
    s.check("a check", kind=kind, ref="T1-15", expect="confirmed", mends="T1-02")(value)
    (check,) = s.items
    assert isinstance(check, Check)
    assert (check.identity, check.kind, check.ref) == ("demo::a check", kind, "T1-15")
    assert (check.expect, check.mends, check.doc) == (
        "confirmed",
        "T1-02",
        "The statement in words.",
    )


@pytest.mark.parametrize(
    ("field", "bad"),
    [("name", ""), ("kind", "equality"), ("ref", 1), ("expect", "ok"), ("mends", 3)],
)
def test_a_wrong_argument_of_a_check_is_named(field, bad):
    with pytest.raises(InvalidArguments, match=rf"\n  {field}: got "):
        suite().check(**{"name": "a check", field: bad})


@pytest.mark.parametrize(
    "name", ["", "a b", "../up", "CON/x", "é", "x" * 61, "a\n", 5, None, "<b>"]
)
def test_a_suites_name_is_a_plain_word(name):
    with pytest.raises(InvalidArguments, match=r"name: got .*ASCII letters"):
        nq.Suite(name)
    assert nq.Suite("sgd-2_b").name == "sgd-2_b"


def test_a_suites_experiments_are_checked():
    with pytest.raises(InvalidArguments, match="a list of Experiments or a function"):
        nq.Suite("demo", experiments=experiment())
    with pytest.raises(InvalidArguments, match="only Experiments in the list"):
        nq.Suite("demo", experiments=[experiment(), 5])


def test_a_claim_and_a_check_are_functions():
    suite = nq.Suite("demo")
    for decorate, said in (
        (suite.claim("c", of="error"), "claim 'c':\n  formula: got 5; allowed: a function of the"),
        (suite.check("c"), "check 'c':\n  function: got 5; allowed: a function that returns"),
    ):
        with pytest.raises(InvalidArguments, match=said):
            decorate(5)
    assert suite.items == []


def test_what_no_run_can_judge_is_noted_with_its_reason():
    s = suite()
    s.outside("T1-38", "The model is a good guide.", "no number is claimed")
    (kept,) = s.outsiders
    assert (kept.ref, kept.statement, kept.reason) == (
        "T1-38", "The model is a good guide.", "no number is claimed",
    )  # fmt: skip
    for wrong in (("", "a", "b"), ("T1", " ", "b"), ("T1", "a", None)):
        with pytest.raises(InvalidArguments, match="allowed: a text that is not empty"):
            s.outside(*wrong)
    with pytest.raises(InvalidArguments, match="a ref that suite 'demo' does not list yet"):
        s.outside("T1-38", "The same again.", "no number is claimed")
    assert s.outsiders == [kept]
