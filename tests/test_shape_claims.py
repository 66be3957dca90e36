"""Claims about skewness and kurtosis, from the suite to the tables of a run."""

import numpy as np
import pytest

import nqmbench as nq
from nqmbench.report.words import quantity

pytestmark = pytest.mark.needs_compiler

PRINTED = 5e-4  # half a unit of the third place

SUITE = """
import nqmbench as nq

suite = nq.Suite("shapes", experiments=[
    nq.Experiment(nq.NoisyQuadratic(1.0, noise="exponential"), nq.sgd(0.1), steps=100,
                  checkpoints=[100])
])

def skewness(eta, h, k):
    a = 1 - eta * h
    third = 2 * (1 - a ** (3 * k)) / (1 - a**3)
    return third / ((1 - a ** (2 * k)) / (1 - a**2)) ** 1.5

@suite.claim("the noise is subtracted", of="w[i]", statistic="skewness", expect="confirmed")
def right(eta, h, k):
    return skewness(eta, h, k)

@suite.claim("the noise is added", of="w[i]", statistic="skewness", expect="refuted")
def wrong(eta, h, k):
    return -skewness(eta, h, k)

def batches(*laws):
    return [
        nq.Experiment(nq.NoisyQuadratic(1.0, noise=law, w0=0.0), nq.sgd(1.0), batch=B, steps=1,
                      checkpoints=[1])
        for law in laws for B in (1, 4)
    ]

@suite.claim("the excess falls as 1/B", of="w[i]", statistic="kurtosis", expect="confirmed",
             experiments=lambda: batches("rademacher", "uniform", "laplace"))
def falls(experiment, B):
    return experiment.problem.noise.cumulant(4) / B

@suite.claim("the excess falls as 1/B^2", of="w[i]", statistic="kurtosis", expect="refuted",
             experiments=lambda: batches("uniform"))
def falls_faster(experiment, B):
    return experiment.problem.noise.cumulant(4) / B**2

@suite.claim("a constant", of="w[i]", statistic="kurtosis", at=0)
def constant():
    return 0.0
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("suites")
    (folder / "shapes.py").write_text(SUITE, encoding="utf-8")
    return nq.run("shapes", preset="quick", suites=folder, threads=1)


def test_the_sign_of_the_noise_shows_in_the_skewness_alone(run):
    rows = run.verdicts.set_index("claim")
    right, wrong = rows.loc["the noise is subtracted"], rows.loc["the noise is added"]
    assert (right["verdict"], wrong["verdict"]) == ("CONFIRMED", "REFUTED")
    assert right["exact"] == pytest.approx(0.611, abs=PRINTED)
    assert wrong["formula"] == -right["exact"] == -wrong["exact"]
    assert right["low"] < right["exact"] < right["high"]
    assert (right["statistic"], right["margin"]) == ("skewness", 0.2)


def test_the_kurtosis_of_a_batch_mean_falls_as_the_batch(run):
    rows = run.verdicts.set_index("claim")
    falls = rows.loc["the excess falls as 1/B"]
    assert set(falls["verdict"]) <= {"CONFIRMED", "INCONCLUSIVE"}
    decided = falls["case"][falls["verdict"] == "CONFIRMED"]
    assert all(sum(law in case for case in decided) == 2 for law in ("uniform", "rademacher"))
    assert "REFUTED" in set(rows.loc["the excess falls as 1/B^2", "verdict"])
    inside = falls["exact"].between(falls["low"], falls["high"])
    assert inside[falls["verdict"] == "CONFIRMED"].all()


def test_a_constant_is_inconclusive_with_its_reason(run):
    row = run.verdicts.set_index("claim").loc["a constant"]
    assert row["verdict"] == "INCONCLUSIVE"
    assert row["reason"] == "a constant has no kurtosis, so no interval is trusted"
    assert np.isnan(row["exact"])


def test_the_run_is_as_expected_and_consistent(run):
    assert run.about["run"]["exit_code"] == 0
    assert not set(run.verdicts["verdict"]) & {"ERROR", "INCONSISTENT", "DIVERGED"}
    assert set(run.cells["statistic"]) == {"skewness", "kurtosis"}


def test_the_report_has_words_for_them():
    assert quantity("w[1]", "skewness") == "skewness of w, coordinate 1"
    assert quantity("error", "kurtosis") == "excess kurtosis of Σ w²"
