import math

import numpy as np
import pytest
from synthetic import (
    drawn,
    equal_values,
    ledger_of,
    one_experiment,
    record_after,
    sample_of,
    suite_with,
)

import nqmbench as nq
from nqmbench.ledger import Ledger
from nqmbench.plan import make_plan
from nqmbench.samples import samples
from nqmbench.verdicts import PRESETS, Region, Verdict, critical_value

EXPERIMENT_2_3 = nq.Experiment(
    nq.NoisyQuadratic(1.0), nq.sgd(0.1), steps=2, checkpoints=[1, 2],
    observables=["w[0]", "w2[0]", "w3[0]"],
)  # fmt: skip
MANY = 10**8
FEW = 1000


def test_the_first_decision_is_kept_with_the_estimate_of_its_look():
    ledger, task = ledger_of(suite_with(lambda: 1.0))
    ledger.hear(task, sample_of(1.0, 1.0, FEW), "mixed")
    record = ledger.records[0]
    assert record.verdict is None
    assert ledger.wanted(task)
    assert ledger.decided == 0
    ledger.hear(task, sample_of(1.001, 1.0, MANY), "mixed")
    assert record.verdict is Verdict.CONFIRMED
    assert record.sample.estimate == 1.001
    ledger.hear(task, sample_of(3.0, 1.0, 2 * MANY), "mixed")
    assert record.verdict is Verdict.CONFIRMED
    assert (record.sample.estimate, record.sample.count) == (1.001, MANY)
    assert not ledger.wanted(task)
    assert ledger.decided == 1


def test_a_refuted_claim_asks_for_nothing_more_but_another_claim_does():
    suite = nq.Suite("demo", experiments=[one_experiment((1, 2))])
    suite.claim("wrong", of="w2[i]")(lambda k: nq.where(k == 1, 5.0, 1.0))
    ledger, task = ledger_of(suite)
    half = sample_of([[1.0], [1.0]], [[1e-4], [1e4]], FEW * 1000, shape=(2, 1))
    ledger.hear(task, half, "mixed")
    assert [r.verdict for r in ledger.records] == [Verdict.REFUTED, None]
    assert ledger.refuted == {"demo::wrong"}
    assert not ledger.wanted(task)
    assert ledger.decided == 2
    suite.claim("open", of="w2[i]", at=2)(lambda: 1.0)
    ledger, task = ledger_of(suite)
    ledger.hear(task, half, "mixed")
    assert ledger.wanted(task)
    wrong, undecided = ledger.plan.claims
    assert ledger.verdict(ledger.of_case(wrong, wrong.cases[0])) is Verdict.REFUTED
    assert ledger.verdict(ledger.of_case(undecided, undecided.cases[0])) is Verdict.INCONCLUSIVE


def test_the_level_is_split_over_the_cells_of_the_suite():
    suite = suite_with(lambda k: 1.0, [one_experiment((1, 2, 3), h=(1.0, 0.1))])
    ledger, _ = ledger_of(suite)
    assert [r.z for r in ledger.records] == [critical_value(6)] * 6


@pytest.mark.parametrize("of", ["w2[0]", "error", "loss"])
def test_squares_have_the_claimed_value_as_scale(of):
    record = record_after(sample_of(2.0, 1.0, MANY), formula=lambda: 2.01, of=of)
    assert record.scale == 2.01
    assert record.target == Region(2.01 - 0.01 * 2.01, 2.01 + 0.01 * 2.01)
    assert record.deviation == pytest.approx(-0.01 / 2.01)


@pytest.mark.parametrize("of", ["w[0]", "w3[0]"])
def test_signed_quantities_have_the_root_mean_square_as_scale(of):
    record = record_after(sample_of(0.0, 4.0, MANY), formula=lambda: 0.019, of=of)
    assert record.scale == pytest.approx(2.0)
    assert record.verdict is Verdict.CONFIRMED
    assert record_after(sample_of(0.0, 4.0, MANY), formula=lambda: 0.03, of=of).verdict is (
        Verdict.REFUTED
    )


def test_a_variance_has_the_claimed_value_as_scale_also_of_a_signed_quantity():
    record = record_after(
        sample_of(3.0, 1.0, MANY), formula=lambda: 1.04, of="w[0]", statistic="variance"
    )
    assert (record.scale, record.verdict) == (1.04, Verdict.CONFIRMED)
    assert record.target.high == pytest.approx(1.04 * 1.05)


@pytest.mark.parametrize("scale", [10.0, lambda k: 10 * k])
def test_a_claims_own_scale_replaces_the_natural_one(scale):
    record = record_after(sample_of(0.05, 1.0, MANY), formula=lambda: 0.0, of="w2[0]", scale=scale)
    assert record.scale == 10
    assert record.target == Region(-0.1, 0.1)
    assert record.verdict is Verdict.CONFIRMED


def test_a_claims_margin_and_an_approximations_accuracy_override_the_preset():
    at = {"moments": sample_of(1.0, 1.0, MANY), "formula": lambda: 1.04}
    assert record_after(**at).verdict is Verdict.REFUTED
    assert record_after(**at, margin=0.05).verdict is Verdict.CONFIRMED
    assert record_after(**at, kind="approximation").verdict is Verdict.CONFIRMED
    assert record_after(**at, kind="approximation", accuracy=0.03).verdict is Verdict.REFUTED


@pytest.mark.parametrize(
    ("kind", "claimed", "verdict"),
    [
        ("upper bound", 0.995, Verdict.CONFIRMED),  # a bound has the preset's margin ...
        ("upper bound", 0.98, Verdict.REFUTED),
        ("lower bound", 1.005, Verdict.CONFIRMED),
        ("lower bound", 1.02, Verdict.REFUTED),
        ("upper bound", math.inf, Verdict.CONFIRMED),
        ("lower bound", math.inf, Verdict.REFUTED),
        ("lower bound", -math.inf, Verdict.CONFIRMED),
        ("equality", math.inf, Verdict.REFUTED),
        ("equality", -math.inf, Verdict.REFUTED),
    ],
)
def test_bounds_and_infinite_claims(kind, claimed, verdict):
    record = record_after(sample_of(1.0, 1.0, MANY), formula=lambda: claimed, kind=kind)
    assert record.verdict is verdict


def test_a_strict_bound_has_no_margin():
    at = {"moments": sample_of(1.0, 1.0, MANY), "kind": "upper bound", "margin": 0.0}
    assert record_after(**at, formula=lambda: 0.999).verdict is Verdict.REFUTED
    assert record_after(**at, formula=lambda: 1.0).verdict is None
    assert record_after(**at, formula=lambda: 1.001).verdict is Verdict.CONFIRMED


@pytest.mark.parametrize(
    ("noise", "of", "statistic", "order"),
    [
        (4, "w2[0]", "variance", 8),
        (4, "w2[0]", "mean", 4),
        (6, "w3[0]", "mean", 6),
        (6, "w[0]", "skewness", 6),
        (8, "w[0]", "kurtosis", 8),
        (20, "w3[0]", "kurtosis", 24),
    ],
)
def test_without_the_moments_it_needs_a_cell_is_in_doubt(noise, of, statistic, order):
    heavy = [one_experiment(noise=("student", noise))]
    ledger, task = ledger_of(suite_with(lambda: 1.0, heavy, of=of, statistic=statistic))
    ledger.hear(task, sample_of(1.0, 1.0, MANY), "mixed")
    assert ledger.records[0].verdict is None
    assert f"no moment of order {order}" in ledger.records[0].sample.doubt
    assert not ledger.wanted(task)


@pytest.mark.parametrize("statistic", ["skewness", "kurtosis"])
@pytest.mark.parametrize("values", [np.full(4096, 1.5), np.zeros(4096)])
def test_a_constant_has_no_shape_and_its_cell_is_in_doubt(statistic, values):
    for formula in (lambda: 0.0, lambda: 5.0):
        ledger, task = ledger_of(suite_with(formula, of="w[0]", statistic=statistic))
        ledger.hear(task, drawn(values), "mixed")
        (record,) = ledger.records
        assert (record.verdict, record.sample.doubt) == (None, f"a constant has no {statistic}")
        assert not ledger.wanted(task)


@pytest.mark.parametrize("surplus", [0, 2, 10, 100, 1000])
def test_the_kurtosis_of_noise_with_two_values_is_known_to_one_in_n(surplus):
    # L all but vanishes there; the truth is -2, the estimate is off by (surplus / n)^2
    n = 2**16
    values = np.where(np.arange(n) < (n + surplus) // 2, 1.0, -1.0)
    sample = samples(one_experiment(), drawn(values), "kurtosis").at((0, 0))
    assert sample.trusted
    low, high = sample.interval(4.8)
    assert low < -2 < high
    assert high - low < 1e-3 + 80 * surplus / n**1.5
    record = record_after(drawn(values), formula=lambda: -2.0, of="w[0]", statistic="kurtosis")
    assert record.verdict is Verdict.CONFIRMED
    wrong = record_after(drawn(values), formula=lambda: -1.8, of="w[0]", statistic="kurtosis")
    assert wrong.verdict is Verdict.REFUTED


def test_one_outlier_among_equal_values_opens_no_gate():
    values = np.zeros(2**16)
    values[7] = 1.0
    for statistic in ("skewness", "kurtosis"):
        assert not samples(one_experiment(), drawn(values), statistic).at((0, 0)).trusted


@pytest.mark.parametrize("size", [1e38, 1e-38])
def test_a_shape_beyond_the_numbers_is_in_doubt_and_not_diverged(size):
    values = size * np.random.default_rng(2).normal(size=4096)
    for statistic, order in (("skewness", 9), ("kurtosis", 12)):
        record = record_after(drawn(values), formula=lambda: 0.0, of="w[0]", statistic=statistic)
        assert record.verdict is None
        assert record.sample.doubt == f"too large or too small for powers of order {order}"
    mean = record_after(drawn(values), formula=lambda: 0.0, of="w[0]", scale=size)
    assert mean.sample.trusted


@pytest.mark.parametrize(("claimed", "scale"), [(0.6, 0.6), (-0.6, 0.6), (0.0, 1.0)])
@pytest.mark.parametrize("of", ["w[0]", "w2[0]"])
def test_the_scale_of_a_pure_number_is_its_size_and_of_zero_one(claimed, scale, of):
    values = np.random.default_rng(1).standard_normal(200_000)
    for statistic in ("skewness", "kurtosis"):
        record = record_after(
            drawn(values), formula=lambda: claimed, of=of, statistic=statistic, margin=0.2
        )
        assert record.scale == scale
        expected = Verdict.CONFIRMED if claimed == 0 else Verdict.REFUTED
        assert record.verdict is expected


def test_an_explicit_margin_holds_without_noise_too():
    wide = record_after(equal_values(1.0), formula=lambda: 1.04, margin=0.05)
    assert wide.verdict is Verdict.CONFIRMED


def test_zero_spread_around_zero_confirms_zero():
    record = record_after(equal_values(0.0), formula=lambda: 0.0, of="w[0]")
    assert (record.scale, record.verdict) == (0.0, Verdict.CONFIRMED)
    assert math.isnan(record.deviation)


@pytest.mark.parametrize("value", [math.inf, math.nan, 1e41])
def test_what_is_beyond_all_bounds_is_diverged_and_the_other_cells_go_on(value):
    suite = suite_with(lambda: 1.0, [one_experiment((1, 2))])
    ledger, task = ledger_of(suite)
    values = np.random.default_rng(0).normal(1, 1e-3, (2, 1, 10_000))
    values[1] = value
    ledger.hear(task, drawn(values), "mixed")
    assert [r.verdict for r in ledger.records] == [Verdict.CONFIRMED, Verdict.DIVERGED]


def test_a_cell_that_was_not_heard_has_no_deviation():
    ledger, task = ledger_of(suite_with(lambda: 1.0))
    assert math.isnan(ledger.records[0].deviation)
    assert ledger.wanted(task)
    assert ledger.verdict(ledger.records) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("surplus", [2, 10, 100, 1000])
def test_the_variance_of_noise_with_two_values_is_known_to_one_in_n_and_no_better(surplus):
    # V = c4 - c2^2 all but vanishes there: with sqrt(V/n) alone the truth, 1 here, lay up to
    # n/(2 surplus) standard errors off, and every fiftieth honest run was called inconsistent
    n = 2**16
    values = np.where(np.arange(n) < (n + surplus) // 2, 1.0, -1.0)
    sample = samples(one_experiment(), drawn(values), "variance").at((0, 0))
    expected = 1 - (surplus / n) ** 2
    assert sample.estimate == pytest.approx(expected * n / (n - 1), rel=1e-12)
    assert abs(sample.estimate - 1) < 3 * sample.error
    record = record_after(
        drawn(values), formula=lambda: 1.0, of="w[0]", statistic="variance", margin=0.0
    )
    assert record.verdict is None


def test_samples_are_the_estimates_of_the_moments():
    values = np.random.default_rng(3).gamma(2.0, size=(2, 3, 500))
    for statistic, estimate in (("mean", values.mean(-1)), ("variance", values.var(-1, ddof=1))):
        table = samples(EXPERIMENT_2_3, drawn(values), statistic)
        for place in np.ndindex(2, 3):
            sample = table.at(place)
            assert sample.estimate == pytest.approx(estimate[place])
            assert sample.rms == pytest.approx(np.sqrt((values[place] ** 2).mean()))
            assert (sample.count, sample.deterministic, sample.diverged) == (500, False, False)


def test_each_claim_hears_its_own_observable_and_step():
    suite = nq.Suite("demo", experiments=[one_experiment((1, 5), h=(1.0, 0.1))])
    suite.claim("second", of="w2[1]", at=5)(lambda: 4.0)
    suite.claim("error", of="error", at=1)(lambda: 1.0)
    ledger, task = ledger_of(suite)
    experiment = ledger.plan.experiments[task]
    assert [o.name for o in experiment.observed] == ["w2[1]", "error"]
    mean = np.array([[9.0, 1.0], [4.0, 9.0]])
    ledger.hear(task, sample_of(mean, 1e-6, MANY, shape=(2, 2)), "mixed")
    assert [r.verdict for r in ledger.records] == [Verdict.CONFIRMED] * 2


def test_a_plan_of_checks_has_an_empty_ledger():
    suite = nq.Suite("demo")
    suite.check("check")(lambda: (1, 1))
    ledger = Ledger(make_plan([suite], PRESETS["quick"]))
    assert (ledger.records, ledger.by_task, ledger.decided) == ([], {}, 0)
