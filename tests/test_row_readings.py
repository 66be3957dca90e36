"""What is kept of covariances: enough for every observable, and found once in many coordinates."""

import numpy as np
import pytest
import scipy.sparse as sp

import nqmbench as nq
from nqmbench import row_readings
from nqmbench.recent import Recent

ROUNDING = 1e-12  # relative
ALL = ("loss", "distance", "w[0]")


@pytest.fixture
def counted(monkeypatch):
    """How often the recursion was begun; nothing is remembered, and every step is called dear."""
    begun = []
    walked = row_readings.spreads
    monkeypatch.setattr(row_readings, "_remembered", Recent(row_readings.KEPT))
    monkeypatch.setattr(row_readings, "DEAR", 0.0)
    monkeypatch.setattr(row_readings, "spreads", lambda e: begun.append(e) or walked(e))
    return begun


def wide(seed=0, checkpoints=(3, 6), steps=6, lr=0.01):
    """40 coordinates, so many that moments of order 4 are not asked for."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(20, 40)) * (rng.random((20, 40)) < 0.2)
    problem = nq.LeastSquares(sp.csr_array(x), rng.normal(size=20))
    return nq.Experiment(problem, nq.heavy_ball(lr, 0.9), steps=steps, checkpoints=checkpoints)


def test_the_same_trajectories_are_followed_once(counted):
    whole = nq.exact(wide().observed_at(range(7), ALL))
    again = nq.exact(wide().observed_at([2, 5], ALL))
    assert len(counted) == 1
    assert (again.mean == whole.mean[[2, 5]]).all()
    assert np.array_equal(again.variance, whole.variance[[2, 5]], equal_nan=True)


def test_later_steps_are_followed_anew(counted):
    nq.exact(wide(checkpoints=[3]))
    nq.exact(wide(checkpoints=[6]))
    assert len(counted) == 2


def test_other_data_steps_and_methods_are_others(counted):
    found = [nq.exact(e).mean[-1, 0] for e in (wide(), wide(seed=1), wide(steps=7), wide(lr=0.02))]
    assert len(counted) == 4
    assert found[0] == found[2]
    assert len(set(found)) == 3


def test_only_some_trajectories_are_kept(counted):
    every = [wide(seed) for seed in range(row_readings.KEPT + 1)]
    for e in [*every, every[-1], every[0]]:
        nq.exact(e)
    assert counted == [*every, every[0]]


def test_what_is_found_quickly_is_not_remembered(counted, monkeypatch):
    monkeypatch.setattr(row_readings, "DEAR", 1.0)
    nq.exact(wide())
    nq.exact(wide())
    assert len(counted) == 2


def test_the_loss_is_that_of_dense_rows(counted):
    e = wide()
    dense = nq.LeastSquares(e.problem.x.toarray(), e.problem.y)
    other = nq.Experiment(dense, e.method, steps=6, checkpoints=[3, 6], observables=ALL)
    one, two = (nq.exact(x.observed_at([3, 6], ALL)).mean for x in (e, other))
    assert one == pytest.approx(two, rel=ROUNDING)
