"""What a run says of the tails of drawn rows."""

import json

import numpy as np
import scipy.sparse as sp

import nqmbench as nq
from nqmbench.plan import make_plan
from nqmbench.report import write_report
from nqmbench.tails import growth_key, tails, told_growth
from nqmbench.verdicts import PRESETS

ROWS = nq.GaussianRows(1.0)


def run_at(eta, problem=ROWS, steps=5):
    return nq.Experiment(problem, nq.sgd(lr=eta), steps=steps, checkpoints=[steps])


def planned(*runs):
    suite = nq.Suite("rows", experiments=runs)
    suite.claim("something", of="loss")(lambda: 1.0)
    return make_plan([suite], PRESETS["quick"])


def test_moments_that_grow_are_told_with_their_factors():
    """(1 - 2 eta x^2)^r on average, x normal: 1 - 4 eta + 12 eta^2 at r = 2, 1.128 at r = 4."""
    (told,) = tails(planned(run_at(0.2)), "rows")
    assert told.startswith("SGD(lr=0.2), B=1, Gaussian rows l=1: the mean and the second moment ")
    assert "stay bounded; the fourth grows 1.128-fold at each step; the sixth grows 11.4" in told
    assert "second moment grows 1.08-fold" in told_growth(run_at(0.35), {1: 0.3, 2: 1.08})


def test_calm_experiments_share_a_sentence():
    told = tails(planned(run_at(0.01), run_at(0.02), run_at(0.2)), "rows")
    assert len(told) == 2
    assert told[1].startswith("All moments to order 8 stay bounded with ")
    assert all(f"SGD(lr={eta})" in told[1] for eta in (0.01, 0.02))


def test_neither_starts_nor_steps_make_another_experiment():
    elsewhere = nq.GaussianRows(1.0, w0=5.0)
    assert (
        len(tails(planned(run_at(0.2), run_at(0.2, elsewhere), run_at(0.2, steps=9)), "rows")) == 1
    )
    wider = nq.GaussianRows(1.1)
    assert len(tails(planned(run_at(0.2), run_at(0.2, wider)), "rows")) == 2


def test_sparse_rows_with_the_same_numbers_elsewhere_make_another_experiment():
    one, two = sp.csr_array(np.eye(2)), sp.csr_array([[1.0, 1.0], [0.0, 0.0]])
    runs = [run_at(0.1, nq.LeastSquares(x, [1.0, 2.0])) for x in (one, two)]
    assert len({growth_key(run) for run in runs}) == 2
    assert growth_key(runs[0]) == growth_key(run_at(0.1, nq.LeastSquares(one, [0.0, 0.0])))


def test_moments_are_told_to_the_order_to_which_they_are_known():
    rows = np.random.default_rng(1).normal(size=(100, 60))
    wide = nq.LeastSquares(rows, rows[:, 0])
    calm, growing = (tails(planned(run_at(eta, wide)), "rows") for eta in (0.001, 0.02))
    assert calm == [f"All moments to order 2 stay bounded with {run_at(0.001, wide).label}."]
    factor = nq.moment_growth(run_at(0.02, wide))[2]
    assert f"the second moment grows {factor:.5g}-fold at each step" in growing[0]


def test_a_long_list_is_cut():
    (told,) = tails(planned(*(run_at(eta / 1000) for eta in range(1, 8))), "rows")
    assert told.count("SGD(lr=") == 4
    assert told.endswith("; and 3 more.")


def test_nothing_is_said_of_added_noise_full_batches_and_schedules():
    rows = nq.LeastSquares([[1.0], [2.0]], [1.0, 0.0], replacement=False)
    runs = [
        nq.Experiment(nq.NoisyQuadratic(1.0), nq.sgd(0.1), steps=5),
        nq.Experiment(rows, nq.sgd(0.1), batch=2, steps=5),
        nq.Experiment(ROWS, nq.sgd(nq.linear(0.1, 5)), steps=5),
    ]
    for run in runs:
        suite = nq.Suite("rows", experiments=[run])
        suite.claim("something", of="loss")(lambda: 1.0)
        assert tails(make_plan([suite], PRESETS["quick"]), "rows") == []


def test_a_report_shows_what_the_run_says(tmp_path):
    from nqmbench.results import Run, no_curves

    about = {"run": {}, "suites": [{"name": "s", "claims": [], "tails": ["<b> grows", "calm"]}]}
    verdicts = no_curves()[["suite"]].assign(claim=[])
    run = Run(verdicts, verdicts.copy(), verdicts.copy(), json.loads(json.dumps(about)))
    write_report(run, tmp_path)
    page, text = ((tmp_path / name).read_text() for name in ("report.html", "report.md"))
    assert "Which moments of the error stay bounded" in page
    assert "<li><bdi>&lt;b&gt; grows</bdi></li>" in page
    assert "### Which moments of the error stay bounded" in text
    assert "- calm" in text
