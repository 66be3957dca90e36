"""The planning formula against what deciding really takes."""

import math

import numpy as np
import pytest
from synthetic import ledger_of, sample_of, suite_with

import nqmbench as nq
from nqmbench.forecast import Forecast, trials_needed, work_per_trial
from nqmbench.observer import Silent

pytestmark = pytest.mark.once

PLANNED = 3.0  # between what is planned and what is needed: a factor, of a formula with one look


@pytest.mark.parametrize(
    ("off", "fewest"), [(0.0, 1520), (0.004, 1720), (0.007, 1720), (0.013, 1720), (0.05, 1720)]
)
def test_so_many_trajectories_decide_as_often_as_promised(off, fewest):
    # The estimate of a cell with relative spread 1 is normal with deviation 1 / sqrt(n); among
    # 2000 of them 1720 decisions or fewer have probability below 1e-6 if 90 % are promised, 1520
    # if 80 % are.
    ledger, task = ledger_of(suite_with(lambda: 1.0))
    ledger.hear(task, sample_of(1 + off, 1.0, 5000), "mixed")
    (record,) = ledger.records
    assert record.verdict is None
    n = 5000 + trials_needed(record)
    random, decided = np.random.default_rng(5), 0
    for estimate in 1 + off + random.standard_normal(2000) / math.sqrt(n):
        again, task = ledger_of(suite_with(lambda: 1.0))
        again.hear(task, sample_of(estimate, 1.0, int(n)), "mixed")
        decided += again.records[0].verdict is not None
    assert decided > fewest


def test_the_work_of_a_trajectory_counts_every_sample():
    problem = nq.NoisyQuadratic([1.0, 0.1])
    assert work_per_trial(nq.Experiment(problem, nq.sgd(0.1), batch=10, steps=7)) == 14
    laplace = nq.NoisyQuadratic([1.0, 0.1], noise="laplace")
    assert work_per_trial(nq.Experiment(laplace, nq.sgd(0.1), batch=10, steps=7)) == 140


class Forecasts(Silent):
    """Keeps what was expected after every look."""

    def __init__(self):
        self.expected, self.done = [], []

    def looked(self, ledger, experiment, trials, forecast):
        self.expected.append(forecast.done + forecast.left)
        self.done.append(forecast.done)
        self.last = forecast


@pytest.mark.needs_compiler
@pytest.mark.parametrize("until", [None, 0.02])
def test_the_work_of_a_run_is_foreseen(planted, until):
    watch = Forecasts()
    nq.run("planted", preset="standard", suites=planted, observer=watch, until=until)
    assert isinstance(watch.last, Forecast)
    assert watch.last.left == 0
    total = watch.done[-1]
    assert len(watch.done) > 2
    assert total / PLANNED < watch.expected[0] < total * PLANNED
