"""Cells without spread are compared, and rounding is told from both noise and error."""

import numpy as np
import pytest
from synthetic import drawn, equal_values, one_experiment, record_after

import nqmbench as nq
from nqmbench.verdicts import Verdict

EXPERIMENT_2_3 = nq.Experiment(
    nq.NoisyQuadratic(1.0), nq.sgd(0.1), steps=2, checkpoints=[1, 2],
    observables=["w[0]", "w2[0]", "w3[0]"],
)  # fmt: skip
MANY = 10**8
FEW = 1000


@pytest.mark.parametrize(("precision", "tolerance"), [("mixed", 1e-9), ("f32", 1e-5)])
@pytest.mark.parametrize("of", ["w2[0]", "w[0]"])
def test_without_spread_equality_means_equal_to_rounding(precision, tolerance, of):
    for error, verdict in ((0.5, Verdict.CONFIRMED), (2.0, Verdict.REFUTED)):
        record = record_after(
            equal_values(0.3), precision, formula=lambda e=error: 0.3 * (1 + e * tolerance), of=of
        )
        assert record.sample.deterministic
        assert record.verdict is verdict


def test_without_spread_an_approximation_keeps_its_accuracy():
    at = {"moments": equal_values(1.0), "kind": "approximation"}
    assert record_after(**at, formula=lambda: 1.09).verdict is Verdict.CONFIRMED
    assert record_after(**at, formula=lambda: 1.2).verdict is Verdict.REFUTED


def test_the_start_itself_is_a_cell_like_any_other():
    start = nq.Experiment(
        nq.NoisyQuadratic(1.0), nq.sgd(0.1), steps=1, checkpoints=[0]
    )  # fmt: skip
    for of, statistic, claimed in (("w2[0]", "mean", 1.0), ("w[0]", "variance", 0.0)):
        record = record_after(
            equal_values(1.0), formula=lambda c=claimed: c, experiments=[start], of=of,
            statistic=statistic,
        )  # fmt: skip
        assert record.verdict is Verdict.CONFIRMED
        off = record_after(
            equal_values(1.0), formula=lambda c=claimed: c + 1e-6, experiments=[start], of=of,
            statistic=statistic,
        )  # fmt: skip
        assert off.verdict is Verdict.REFUTED


def test_a_spread_of_rounding_counts_as_none():
    jitter = 1 + np.where(np.arange(1024) % 2, 2.0**-50, -(2.0**-50))
    assert record_after(drawn(jitter), formula=lambda: 1.0).sample.deterministic
    wide = 1 + np.where(np.arange(1024) % 2, 2.0**-30, -(2.0**-30))
    assert not record_after(drawn(wide), formula=lambda: 1.0).sample.deterministic


def test_a_value_that_has_died_out_below_the_range_of_doubles_is_not_refuted_for_its_last_digits():
    # denormal numbers have few digits: 0.9^(2k) squared after k steps differs from 0.9^(4k) there
    record = record_after(equal_values(1.0001e-318), formula=lambda: 1.0e-318)
    assert record.verdict is Verdict.CONFIRMED


def test_a_signed_value_whose_square_underflows_still_has_a_scale():
    record = record_after(equal_values(1e-184), formula=lambda: 1e-184 * (1 + 1e-12), of="w[0]")
    assert (record.scale, record.verdict) == (1e-184, Verdict.CONFIRMED)
    near = [one_experiment(w0=0.0)]  # starting at 0, there is nothing to round
    off = record_after(
        equal_values(1e-184), formula=lambda: 1.001e-184, of="w[0]", experiments=near
    )
    assert off.verdict is Verdict.REFUTED


@pytest.mark.parametrize(("precision", "floor"), [("mixed", 2.0**-90), ("f32", 2.0**-40)])
def test_what_should_be_zero_may_be_as_large_as_rounding_of_the_start(precision, floor):
    for size, verdict in ((0.9, Verdict.CONFIRMED), (1.1, Verdict.REFUTED)):
        moments = equal_values(size * floor)
        assert record_after(moments, precision, formula=lambda: 0.0).verdict is verdict


def test_a_spread_of_rounding_decides_no_variance():
    values = 1e12 + np.random.default_rng(4).normal(0, 0.1, 4096)
    record = record_after(drawn(values), formula=lambda: 500.0, of="w[0]", statistic="variance")
    assert record.verdict is None
    assert record.sample.doubt == "only rounding is left of the spread"
