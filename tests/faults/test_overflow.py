"""Fault: eta h > 2, overflow, NaN (eta = 2.5, 3; many steps).

Promise: warned before; DIVERGED from the first non-finite checkpoint on; other cells unaffected.
"""

import numpy as np
import pytest
from inside import judge, rows

import nqmbench as nq
import nqmbench.runner
from nqmbench.consistency import contradictions
from nqmbench.moments import of_constant
from nqmbench.results import load_run

BEYOND = 1e40  # where a mean counts as diverged
STEPS = [0, 1, 2, 20, 50, 100, 400, 1200]

SUITE = """
import nqmbench as nq

problem = nq.NoisyQuadratic([1.0, 0.5])
suite = nq.Suite("s", experiments=[
    nq.Experiment(problem, nq.sgd(eta), steps={last}, checkpoints={steps})
    for eta in (0.25, {eta})])


@suite.claim("second moment", of="w2[i]")
def second_moment(k, h, eta, B, sigma, w0):
    forget = (1 - eta * h) ** (2 * k)
    return forget * w0**2 + eta * h / (B * (2 - eta * h)) * sigma**2 * (1 - forget)


@suite.claim("mean", of="w[i]")
def mean(k, h, eta, w0):
    return (1 - eta * h) ** k * w0
"""


def suite(eta):
    return SUITE.format(eta=eta, steps=STEPS, last=STEPS[-1])


@pytest.fixture(scope="module")
def calm(tmp_path_factory):
    """The run where a stable step size stands in the place of the one that diverges."""
    folder = tmp_path_factory.mktemp("calm")
    assert judge(folder, suite(1.5)).code == 0
    return folder


@pytest.fixture(scope="module", params=[2.5, 3.0], ids=["eta=2.5", "eta=3"])
def wild(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wild")
    done = judge(folder, suite(request.param))
    assert done.code == 0, done.stderr  # nobody expects anything of these claims
    return folder, f"SGD(lr={request.param:g})"


@pytest.mark.parametrize(
    ("eta", "growth"), [(2.5, "1.5-fold"), (3.0, "2-fold"), (1.5, None), (0.25, None)]
)
def test_warned_before_anything_is_simulated(tmp_path, monkeypatch, eta, growth):
    def nothing(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(nqmbench.runner, "pursue", nothing)
    done = judge(tmp_path, suite(eta))
    assert done.code == 130
    notes = [line for line in done.stderr.splitlines() if "unstable" in line]
    wanted = f"note: SGD(lr={eta:g}), B=1, h=(1, 0.5) is unstable: the mean grows {growth} at each"
    assert len(notes) == (growth is not None)
    assert all(note.startswith(wanted) for note in notes)


@pytest.mark.needs_compiler
def test_diverged_from_the_first_non_finite_checkpoint_on(wild):
    folder, method = wild
    cells = load_run(folder / "run").cells
    steep = cells["case"].str.startswith(method) & cells["case"].str.contains("i=0")
    squares = cells[steep & (cells["of"] == "w2[0]")]
    # By theory: the last checkpoint overflows, the first ones do not.
    too_far = ~(squares["exact"] < BEYOND)
    assert too_far.iloc[-1]
    assert not too_far.iloc[:4].any()
    assert squares["step"].tolist() == STEPS
    expected = ["DIVERGED" if far else "CONFIRMED" for far in too_far]
    assert squares["verdict"].tolist() == expected
    # What was decided before keeps its numbers; what has none is empty.
    assert np.isfinite(squares["estimate"][~too_far]).all()
    assert np.isnan(squares["estimate"].iloc[-1])
    (claim,) = rows(folder, "verdicts", "second moment", method, "i=0")
    first = squares["step"][too_far].iloc[0]
    assert f"DIVERGED,,diverged: beyond 1e40 or not finite from k = {first} on," in claim


@pytest.mark.needs_compiler
def test_other_cells_are_unaffected(wild, calm):
    folder, method = wild
    for table in ("verdicts", "cells", "estimates"):
        expected = rows(calm, table, "SGD(lr=0.25)")
        assert expected
        assert rows(folder, table, "SGD(lr=0.25)") == expected
    # The other coordinate of the same trajectories is stable, and judged.
    gentle = rows(folder, "verdicts", "second moment", method, "i=1 (h=0.5)")
    assert len(gentle) == 1
    assert ",CONFIRMED," in gentle[0]


@pytest.mark.needs_compiler
def test_the_report_of_a_diverged_run_says_so(wild):
    folder, _ = wild
    for page in ("report.html", "report.md"):
        text = (folder / "run" / page).read_text(encoding="utf-8").lower()
        assert "diverged" in text
        assert "nan" not in text.replace("nanl", "")


HARMLESS = """
import nqmbench as nq

problem = nq.NoisyQuadratic(1.0, w0={w0})
one, ten = (nq.Experiment(problem, nq.sgd(3.0), batch=B, steps=400, checkpoints=[1, 20, 400])
            for B in (1, 10))
suite = nq.Suite("s", experiments=[one])
"""
STORIES = {
    # Exact theory says 0, of which a simulation that diverges seemed to be a contradiction.
    "a mean of 0": (0.0, 'suite.claim("c", of="w[0]")(lambda: 0.0)'),
    "a third moment of 0": (0.0, 'suite.claim("c", of="w3[0]")(lambda: 0.0)'),
    "a skewness": (1.0, 'suite.claim("c", of="w[0]", statistic="skewness")(lambda: 0.0)'),
    "a kurtosis": (1.0, 'suite.claim("c", of="w[0]", statistic="kurtosis")(lambda: 0.0)'),
    # Python's floats raise where a power overflows.
    "an ordering": (1.0, 'suite.ordering("c", smaller=ten, larger=one, of="error")'),
    "an ordering of two equal means": (
        1.0, 'suite.ordering("c", smaller=ten, larger=one, of="w[0]")',
    ),
    "a frequency": (
        1.0, 'suite.ordering("c", smaller=ten, larger=one, of="w[0]", statistic="probability", '
        "probability=0.1, at=400)",
    ),
}  # fmt: skip


@pytest.mark.needs_compiler
def test_what_diverges_is_no_contradiction(tmp_path):
    """Every one of these was INCONSISTENT or an internal error."""
    verdicts = {}
    for story, (w0, claim) in STORIES.items():
        place = tmp_path / story
        place.mkdir()
        (place / "s.py").write_text(HARMLESS.format(w0=w0) + claim + "\n")
        run = nq.run("s", preset="quick", suites=place)
        assert run.about["run"]["contradictions"] == [], story
        verdicts[story] = run.about["suites"][0]["claims"][0]["verdict"]
    assert verdicts.pop("a frequency") == "CONFIRMED"  # that needs no moment
    assert set(verdicts.values()) == {"DIVERGED"}


def test_the_negative_control_diverges_where_theory_does_not():
    stable = nq.Experiment(nq.NoisyQuadratic(1.0), nq.sgd(0.5), steps=4, checkpoints=[4])
    found = of_constant(2**16, np.array([[np.inf]]))
    said = contradictions(stable, found, nq.exact(stable), 6.0, "mixed")
    assert said[0].startswith("mean of error at k = 4: the simulation diverged, exact 0.3")
