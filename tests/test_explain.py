import math

import pytest

import nqmbench as nq
from nqmbench.explain import explanation
from nqmbench.plan import make_plan
from nqmbench.verdicts import PRESETS

TWO = nq.NoisyQuadratic([1.0, 0.1])


def explained(formula, method=None, problem=TWO, case=-1, batch=1, **claim):
    """The explanation of a claim on its last case, as if it had been refuted there."""
    e = nq.Experiment(problem, method or nq.sgd(0.1), batch=batch, steps=10)
    suite = nq.Suite("demo", experiments=[e])
    suite.claim("claim", **{"of": "w2[i]", "at": "last", **claim})(formula)
    (planned,) = make_plan([suite], PRESETS["quick"]).claims
    return explanation(planned.item, planned.cases[case])


def steady(h, eta, B, sigma):
    return eta * h / (B * (2 - eta * h)) * sigma**2


def boxed(k, h, eta, B, sigma, w0):
    return (1 - eta * h) ** (2 * k) * w0**2 + h * steady(h, eta, B, sigma)


def test_a_wrong_steady_state_is_explained_by_its_ratio_and_the_number():
    found = explained(boxed)
    assert (found.ratio, found.value) == ("h", pytest.approx(0.1))
    assert found.sentence == "formula / exact = h = 0.1 in the steady state"


def test_where_the_ratio_is_one_nothing_is_explained():
    assert explained(boxed, case=0) is None  # h = 1
    assert explained(steady) is None


def test_a_constant_ratio_is_not_repeated():
    found = explained(lambda h, eta, B, sigma: 2 * steady(h, eta, B, sigma))
    assert found.sentence == "formula / exact = 2 in the steady state"


@pytest.mark.parametrize("of", ["error", "loss"])
def test_the_ratio_of_a_sum_is_that_of_each_coordinate(of):
    found = explained(boxed, of=of)
    assert math.isnan(found.value)
    assert found.sentence == "formula / exact = h in each coordinate in the steady state"
    assert explained(lambda k, h, eta, B, sigma: steady(h, eta, B, sigma), of=of) is None


def test_a_variance_is_explained_too():
    found = explained(
        lambda h, eta, B, sigma: h * steady(h, eta, B, sigma), of="w[i]", statistic="variance"
    )
    assert found.ratio == "h"


@pytest.mark.parametrize(
    "arguments",
    [
        {"of": "w[i]"},  # a mean that vanishes in the steady state
        {"of": "error", "statistic": "variance"},
        {"kind": "upper bound"},
        {"method": nq.sgd(2.5)},  # unstable in the first coordinate: there is no steady state
        {"batch": nq.schedule(range(1, 11))},
    ],
)
def test_what_has_no_steady_ratio_is_not_explained(arguments):
    def formula(k, h, sigma, w0):
        return 3 * h * sigma

    assert explained(formula, **arguments) is None


def test_schedules_numbers_and_other_code_are_not_explained():
    assert explained(lambda h, sigma: h, method=nq.sgd(nq.linear(0.1, 20))) is None
    assert explained(lambda k: 3.0) is None
    assert explained(lambda h, sigma: float(h)) is None


def test_a_ratio_that_is_infinite_at_the_numbers_is_left_out():
    # the steady state itself is finite there: the claim divides by zero
    assert explained(lambda h, eta, B, sigma: steady(h, eta, B, sigma) / (h - 1), case=0) is None


@pytest.mark.parametrize("choose", [nq.maximum, nq.minimum, lambda x, y: nq.where(x > y, x, y)])
@pytest.mark.parametrize("inner", [lambda h, sigma: 3 * h, lambda h, sigma: nq.sqrt(h) * sigma])
def test_formulas_with_cases_never_break_the_explanation(choose, inner):
    def formula(k, h, eta, B, sigma):
        return choose(inner(h, sigma), 0.5) * nq.exp(-k) + choose(inner(h, sigma), 0.25)

    found = explained(formula)
    assert found is None or found.ratio
