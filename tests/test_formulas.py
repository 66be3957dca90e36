import math

import numpy as np
import pytest

import nqmbench as nq
from nqmbench.formulas import FormulaError, applies, claimed_value, given_scale, symbols
from nqmbench.observables import Observable

ROUNDING = 1e-14

PROBLEM = nq.NoisyQuadratic(
    h=[2.0, 0.5, 0.1], sigma=[1.0, 2.0, 3.0], w0=[1.0, 2.0, 4.0], w0_std=[0.0, 0.5, 1.0],
    optimum=[0.5, 0.0, -1.0],
)  # fmt: skip
EXPERIMENT = nq.Experiment(PROBLEM, nq.averaged(nq.heavy_ball(0.1, 0.9), 0.5), batch=4, steps=10)
ERROR, LOSS = Observable("error", 2), Observable("loss", 2)


def claim_of(formula, of="error", **arguments):
    suite = nq.Suite("demo")
    suite.claim("claim", of=of, **arguments)(formula)
    return suite.items[0]


def value(formula, observable=ERROR, step=3, experiment=EXPERIMENT, **arguments):
    return claimed_value(claim_of(formula, **arguments), experiment, observable, step)


def offered(experiment, coordinate=None):
    return set(symbols(experiment, 3, coordinate)) - {"experiment"}


@pytest.mark.parametrize("i", [0, 1, 2])
def test_a_coordinates_formula_gets_that_coordinates_numbers(i):
    known = symbols(EXPERIMENT, 7, i)
    assert (known["h"], known["sigma"], known["w0_std"]) == (
        PROBLEM.h[i], PROBLEM.sigma[i], PROBLEM.w0_std[i],
    )  # fmt: skip
    assert known["w0"] == PROBLEM.w0[i] - PROBLEM.optimum[i]
    assert (known["k"], known["B"], known["d"], known["L"], known["mu"]) == (7, 4, 3, 2.0, 0.1)
    assert (known["eta"], known["beta"], known["gamma"], known["p"]) == (0.1, 0.9, 0.5, 0.0)
    assert known["experiment"] is EXPERIMENT
    assert value(lambda h, w0: h * w0, Observable(f"w2[{i}]", 2, i)) == known["h"] * known["w0"]


def test_error_and_loss_sum_a_formula_that_asks_for_a_coordinates_symbol():
    h = PROBLEM.h
    for of, observable, weights in (("error", ERROR, np.ones(3)), ("loss", LOSS, h / 2)):
        for statistic, power in (("mean", 1), ("variance", 2)):
            total = value(lambda h: h**3, observable, of=of, statistic=statistic)
            assert total == pytest.approx(weights**power @ h**3, rel=ROUNDING)


@pytest.mark.parametrize("statistic", ["skewness", "kurtosis"])
def test_a_shape_is_no_sum_over_coordinates(statistic):
    with pytest.raises(FormulaError, match=f"the {statistic} of error is not a sum"):
        value(lambda h: h, statistic=statistic)
    assert value(lambda experiment: experiment.problem.d, statistic=statistic) == 3.0
    alone = nq.Experiment(nq.NoisyQuadratic(2.0), nq.sgd(0.1), steps=10)
    for of in ("error", "loss"):  # of one coordinate a factor does not change it
        observable = ERROR if of == "error" else LOSS
        assert value(lambda h: h, observable, experiment=alone, of=of, statistic=statistic) == 2.0
    assert value(lambda h: h, Observable("w[1]", 1, 1), of="w[i]", statistic=statistic) == 0.5


@pytest.mark.parametrize("name", ["h", "sigma", "w0", "w0_std"])
def test_each_of_the_four_symbols_makes_a_sum(name):
    sizes = {"h": PROBLEM.h, "sigma": PROBLEM.sigma, "w0": PROBLEM.w0 - PROBLEM.optimum,
             "w0_std": PROBLEM.w0_std}  # fmt: skip
    formulas = {
        "h": lambda h: h, "sigma": lambda sigma: sigma, "w0": lambda w0: w0,
        "w0_std": lambda w0_std: w0_std,
    }  # fmt: skip
    assert value(formulas[name]) == pytest.approx(sizes[name].sum(), rel=ROUNDING)


def test_without_a_coordinates_symbol_the_formula_is_the_value_itself():
    for observable in (ERROR, LOSS):
        assert value(lambda k, d, L, mu: k + d + L + mu, observable, of=observable.name) == 8.1


def test_a_schedule_replaces_the_letter_by_its_parameters():
    e = nq.Experiment(
        PROBLEM, nq.averaged(nq.heavy_ball(nq.linear(0.2, 50), 0.9), nq.uniform_average()), steps=9
    )
    names = offered(e)
    assert {"eta0", "T", "beta", "B", "k", "d", "L", "mu"} <= names
    assert not {"eta", "gamma"} & names
    known = symbols(e, 3, None)
    assert (known["eta0"], known["T"]) == (0.2, 50)
    with pytest.raises(FormulaError, match=r"formula asks for eta; this experiment offers B, L, T"):
        value(lambda eta: eta, experiment=e)


def test_a_batch_ramp_replaces_the_letter_b():
    e = nq.Experiment(PROBLEM, nq.sgd(0.1), batch=nq.schedule(range(1, 11)), steps=10)
    assert "B" not in offered(e)
    assert "eta" in offered(e)


def test_coordinate_symbols_are_not_offered_where_there_is_no_coordinate():
    assert offered(EXPERIMENT, 0) - offered(EXPERIMENT) == {"h", "sigma", "w0", "w0_std"}


@pytest.mark.parametrize(
    ("formula", "reason"),
    [
        (lambda k: 1 / 0, "formula raised ZeroDivisionError: division by zero"),
        (lambda k: {}["x"], "formula raised KeyError: 'x'"),
        (lambda alpha, k: 1.0, "formula asks for alpha; this experiment offers B, L, beta, d"),
        (lambda k: math.nan, "formula gave NaN at k = 3"),
        (lambda k: 1j, "allowed: one real number"),
        (lambda k: (-1.0) ** 0.5, "allowed: one real number"),
        (lambda k: np.ones(2), "formula gave [1.0, 1.0]; allowed: one real number"),
        (lambda k: [], "allowed: one real number"),
        (lambda k: None, "formula gave None; allowed: one real number"),
        (lambda k: "1", "allowed: one real number"),
        (lambda *all_of_them: 1.0, "formula asks for all_of_them"),
    ],
)
def test_a_formula_that_fails_says_how(formula, reason):
    with pytest.raises(FormulaError) as caught:
        value(formula)
    assert reason in str(caught.value)


def test_one_number_may_come_in_many_shapes():
    for one in (2, 2.0, np.float32(2), np.array(2.0), np.array([[2.0]]), [2]):
        assert value(lambda k, one=one: one) == 2.0
    assert value(lambda k: k > 2) == 1.0


def test_infinite_values_and_overflow_are_legal():
    assert value(lambda k: math.inf) == math.inf
    assert value(lambda k: -math.inf) == -math.inf
    assert value(lambda k, L: (1e300 * L) ** 2) == math.inf
    assert value(lambda k, beta: 1 / (k - 3)) == math.inf
    assert value(lambda h: nq.where(h > 1, math.inf, 1.0)) == math.inf


def test_opposite_infinities_have_no_sum():
    with pytest.raises(FormulaError, match="both inf and -inf over the coordinates at k = 3"):
        value(lambda h: nq.where(h > 1, math.inf, -math.inf))


def test_when_selects_cells_by_their_symbols():
    first, last = Observable("w2[0]", 2, 0), Observable("w2[2]", 2, 2)
    claim = claim_of(lambda k: 1.0, of="w2[i]", when=lambda k, h: k >= 3 and h > 1)
    assert applies(claim, EXPERIMENT, first, 3)
    assert not applies(claim, EXPERIMENT, first, 2)
    assert not applies(claim, EXPERIMENT, last, 3)
    assert applies(claim_of(lambda k: 1.0), EXPERIMENT, ERROR, 0)


def test_when_on_a_sum_must_hold_in_every_coordinate():
    assert applies(claim_of(lambda k: 1.0, when=lambda h: h > 0.05), EXPERIMENT, ERROR, 3)
    assert not applies(claim_of(lambda k: 1.0, when=lambda h: h > 0.2), EXPERIMENT, ERROR, 3)
    assert applies(claim_of(lambda k: 1.0, when=lambda L: L > 1), EXPERIMENT, ERROR, 3)


@pytest.mark.parametrize(
    ("when", "reason"),
    [(lambda k: 1 / 0, "when raised ZeroDivisionError"), (lambda v: True, "when asks for v"),
     (lambda k: None, "when gave")],
)  # fmt: skip
def test_a_predicate_that_fails_says_so(when, reason):
    with pytest.raises(FormulaError, match=reason):
        applies(claim_of(lambda k: 1.0, when=when), EXPERIMENT, ERROR, 3)


def test_the_scale_is_a_number_a_function_or_the_natural_one():
    for scale, expected in ((None, None), (2, 2.0), (lambda k: 2 * k, 6.0)):
        claim = claim_of(lambda k: 1.0, scale=scale)
        assert given_scale(claim, EXPERIMENT, ERROR, 3) == expected


@pytest.mark.parametrize("bad", [0.0, -1.0, math.inf])
def test_a_scale_is_positive_and_finite(bad):
    with pytest.raises(FormulaError, match=r"scale gave .* at k = 3; allowed: a finite number > 0"):
        given_scale(claim_of(lambda k: 1.0, scale=lambda: bad), EXPERIMENT, ERROR, 3)
