"""Whole runs on planted suites, written as a user would write them in a folder of their own."""

import dataclasses
import math

import numpy as np
import pytest
from planted import HEAD

import nqmbench as nq
from nqmbench import one_pass, programs, pursuit, runner, simulator
from nqmbench.errors import InvalidArguments, SuiteError, UsageError
from nqmbench.theory import ExactMoments
from nqmbench.verdicts import Preset, look_sizes

pytestmark = pytest.mark.needs_compiler

RIGHT = {
    "right": "CONFIRMED", "noise a fifth too large": "REFUTED", "a step late": "REFUTED",
    "variance off by 3 margins": "REFUTED", "valid bound": "CONFIRMED", "broken bound": "REFUTED",
    "loss": "CONFIRMED", "mean": "CONFIRMED", "=1+1 in a spreadsheet": "CONFIRMED",
}  # fmt: skip


def verdicts_of(run):
    return {c["name"]: c["verdict"] for s in run.about["suites"] for c in s["claims"]}


def reasons_of(run):
    return {c["name"]: c["reason"] for s in run.about["suites"] for c in s["claims"]}


# -- verdicts --------------------------------------------------------------------------------------


def test_a_users_suite_is_judged_right(standard):
    # 0.05 bounds the probability of any wrong verdict; at 3 margins and more it is below 1e-6.
    assert verdicts_of(standard) == RIGHT
    assert standard.exit_code == 0


def test_one_experiment_wanted_by_many_claims_is_simulated_once(planted, monkeypatch):
    increments = []

    def spy(members, contrasts, first, trials, *rest):
        increments.append((members[0].recursion_key, first, trials))
        assert len(members) == 1
        return one_pass.run_pass(members, contrasts, first, trials, *rest)

    monkeypatch.setattr(simulator, "run_pass", spy)
    run = nq.run("planted", preset="quick", suites=planted, threads=1)
    assert len({key for key, _, _ in increments}) == 1
    ends = [first + trials for _, first, trials in increments]
    assert [first for _, first, _ in increments] == [0, *ends[:-1]]
    assert run.about["run"]["trials"] == ends[-1]
    assert ends == list(look_sizes(2, 50))[: len(ends)]


def test_two_suites_about_the_same_trajectories_share_a_task(suite_folder):
    claim = '\n@suite.claim("c", of="error")\ndef f():\n    return 1.0\n'
    folder = suite_folder(a=HEAD + claim, b=HEAD.replace("planted", "other") + claim)
    run = nq.run("all", preset="quick", suites=folder)
    assert run.about["run"]["experiments"] == 1
    assert set(run.verdicts["suite"]) == {"planted", "other"}


def test_divergence_is_named_from_where_on_and_touches_no_other_claim(hard):
    verdicts = verdicts_of(hard)
    assert verdicts["diverges"] == "DIVERGED"
    # E w_k^2 is about 4^k: beyond 1e40 from k = 67 on
    assert reasons_of(hard)["diverges"].startswith("diverged: beyond 1e40 or not finite from k = ")
    assert int(reasons_of(hard)["diverges"].split("k = ")[1].split()[0]) in range(40, 90)
    assert verdicts["fine"] == verdicts["no noise"] == "CONFIRMED"


def test_heavy_tails_stay_inconclusive_and_the_reason_says_so(hard):
    # The fourth moment of Student's law with 2.5 degrees of freedom is infinite.
    assert verdicts_of(hard)["heavy tails"] == "INCONCLUSIVE"
    reason = reasons_of(hard)["heavy tails"]
    assert reason.startswith("heavy tails: the noise has no moment of order ")
    (row,) = hard.verdicts[hard.verdicts["claim"] == "heavy tails"].itertuples()
    assert row.trials == 65_536  # more would not help
    assert row.exact == math.inf


def test_at_the_margin_itself_the_budget_ends_without_a_verdict(hard):
    # Any decision there has probability 0.05 at most; this seed is one of the others.
    assert verdicts_of(hard)["at the margin"] == "INCONCLUSIVE"
    assert reasons_of(hard)["at the margin"].startswith("budget used: between ")


def test_a_claim_that_raises_is_an_error_and_the_run_goes_on(hard):
    assert verdicts_of(hard)["raises"] == "ERROR"
    assert reasons_of(hard)["raises"] == "formula raised ValueError: not today"
    assert hard.exit_code == 1


def test_a_noiseless_experiment_is_looked_at_once(hard):
    (row,) = hard.verdicts[hard.verdicts["claim"] == "no noise"].itertuples()
    assert row.reason == "exact: no noise, equal to rounding"
    assert row.trials == 1


# -- the self-test ---------------------------------------------------------------------------------


WRONG = {"mean": 1.01, "variance": 1.1, "sigma": 1.02}  # each visible at the first looks


def wrong_theory(field):
    def planted(experiment):
        true = nq.exact(experiment)
        values = {"mean": true.mean, "variance": true.variance}
        values[field] = WRONG[field] * values[field]
        return ExactMoments(true.steps, true.observables, **values)

    return planted


right_program = programs.compile_program


def wrong_sigma(experiment, precision):
    program = right_program(experiment, precision)
    return dataclasses.replace(program, sigma=WRONG["sigma"] * program.sigma)


@pytest.mark.parametrize("error", WRONG)
def test_a_planted_error_of_ours_makes_the_run_inconsistent(planted, monkeypatch, error):
    # The honest run, just below, is the negative control.
    if error == "sigma":
        monkeypatch.setattr(programs, "compile_program", wrong_sigma)
    else:
        monkeypatch.setattr(runner, "exact", wrong_theory(error))
    run = nq.run("planted", preset="quick", suites=planted, threads=2)
    simulated = {c: v for c, v in verdicts_of(run).items() if not c.startswith("=")}
    assert set(simulated.values()) == {"INCONSISTENT"}
    assert verdicts_of(run)["=1+1 in a spreadsheet"] == "CONFIRMED"
    assert reasons_of(run)["right"].startswith("the program contradicts itself: ")
    assert run.exit_code == 1


@pytest.mark.parametrize("precision", ["mixed", "f32"])
def test_honest_runs_are_consistent_in_both_precisions(planted, precision):
    run = nq.run("planted", preset="quick", suites=planted, precision=precision, seed=9)
    assert run.about["run"]["counts"]["INCONSISTENT"] == 0  # false-alarm rate 1e-6


SILENT = """
import nqmbench as nq

suite = nq.Suite("silent", experiments=[
    nq.Experiment(nq.NoisyQuadratic([1.0, 0.37], sigma=[0.0, 1.0]), nq.sgd(0.1), steps=4000)
])

@suite.claim("mean", of="w[0]")
def mean(k, h, eta, w0):
    return (1 - eta * h) ** k * w0
"""


@pytest.mark.parametrize("precision", ["mixed", "f32"])
def test_a_coordinate_without_noise_may_die_out_beside_a_noisy_one(suite_folder, precision):
    # The square of 0.9^4000 underflows, in single precision 0.9^4000 itself does; and there the
    # rounding of 133 steps, 1.3e-6, was taken for a contradiction.
    run = nq.run("silent", preset="quick", suites=suite_folder(a=SILENT), precision=precision)
    assert verdicts_of(run) == {"mean": "CONFIRMED"}


TWO_VALUES = """
import nqmbench as nq

suite = nq.Suite("two", experiments=[
    nq.Experiment(nq.NoisyQuadratic(1.0, w0=0.0, noise="rademacher"), nq.sgd(0.1), steps=1,
                  checkpoints=[1])
])

@suite.claim("variance", of="w[0]", statistic="variance")
def variance(h, eta, sigma):
    return (eta * h * sigma) ** 2
"""


def test_the_first_step_under_noise_of_two_values_is_consistent(suite_folder):
    # One in fifty of these runs was called inconsistent: false-alarm rate 1e-6 for each now.
    folder = suite_folder(a=TWO_VALUES)
    runs = [nq.run("two", preset="quick", suites=folder, seed=s, threads=1) for s in range(40)]
    assert {verdicts_of(run)["variance"] for run in runs} == {"CONFIRMED"}


# -- exit code -------------------------------------------------------------------------------------

OUTCOMES = {
    "confirmed": 'suite.check("{n}"{e})(lambda: (1, 1))',
    "refuted": 'suite.check("{n}"{e})(lambda: (1, 2))',
    "error": 'suite.check("{n}"{e})(lambda: 1 / 0)',
    "inconclusive": 'suite.claim("{n}", of="error", at="last"{e}, margin=1e-9)(steady_error)',
}


@pytest.mark.parametrize(
    ("outcome", "expect", "code"),
    [
        ("confirmed", None, 0), ("confirmed", "confirmed", 0), ("confirmed", "refuted", 1),
        ("confirmed", "inconclusive", 1), ("refuted", None, 0), ("refuted", "refuted", 0),
        ("refuted", "confirmed", 1), ("error", None, 1), ("error", "refuted", 1),
        ("inconclusive", None, 0), ("inconclusive", "confirmed", 0), ("inconclusive", "refuted", 0),
        ("inconclusive", "inconclusive", 0),
    ],
)  # fmt: skip
def test_the_exit_code_is_one_for_errors_and_broken_expectations_only(
    suite_folder, outcome, expect, code
):
    line = OUTCOMES[outcome].format(n="item", e=f", expect={expect!r}" if expect else "")
    steady_error = (
        "\ndef steady_error(k, h, eta, B, sigma, w0):\n    return moment(k, h, eta, B, sigma, w0)\n"
    )
    text = HEAD + steady_error + 'suite.check("another")(lambda: (1, 1))\n' + line + "\n"
    run = nq.run("all", preset="quick", suites=suite_folder(a=text))
    assert verdicts_of(run)["item"] == outcome.upper()
    assert run.exit_code == code


# -- arguments, budget, observers ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "bad"),
    [("preset", "fast"), ("preset", None), ("seed", -1), ("seed", 2**64), ("seed", 1.5),
     ("precision", "f16"), ("threads", 0), ("threads", "abc")],
)  # fmt: skip
def test_a_wrong_argument_is_named(field, bad):
    with pytest.raises(InvalidArguments, match=rf"^run:\n  {field}: got .*; allowed: "):
        nq.run("sgd", **{field: bad})


def test_wrong_suites_are_refused_before_anything_is_simulated(tmp_path, suite_folder):
    with pytest.raises(UsageError, match="allowed: 'all', a glob, or one of 'averaging'"):
        nq.run("sgdd")
    with pytest.raises(UsageError):
        nq.run([])
    with pytest.raises(UsageError, match="a folder with suite files"):
        nq.run(suites=tmp_path / "nowhere")
    with pytest.raises(SuiteError, match=r"bad.py:1: "):
        nq.run(suites=suite_folder(bad="def ("))


def test_the_looks_stay_within_the_budget():
    e = nq.Experiment(nq.NoisyQuadratic(np.ones(10)), nq.sgd(0.1), steps=1000)
    preset = Preset("tiny", 0.1, 0.1, trials=2**18, work=2**40)
    assert pursuit.affordable([e], preset)[-1] == 2**18
    short = Preset("tiny", 0.1, 0.1, trials=2**18, work=10**4 * 100_000)
    assert pursuit.affordable([e], short) == [65_536, 98_304]
    nothing = Preset("tiny", 0.1, 0.1, trials=1, work=1)
    assert pursuit.affordable([e], nothing) == []


def test_literal_batches_cost_what_they_draw():
    def looks(noise, batch):
        problem = nq.NoisyQuadratic(1.0, noise=noise)
        e = nq.Experiment(problem, nq.sgd(0.1), batch=batch, steps=1000)
        return pursuit.affordable([e], Preset("tiny", 0.1, 0.1, trials=2**30, work=2**30))

    assert looks("gaussian", 100) == looks("gaussian", 1) == looks("laplace", 1)
    assert max(looks("laplace", 10)) * 8 < max(looks("laplace", 1)) < max(looks("laplace", 10)) * 12
    assert looks("laplace", 10_000) == []


def test_an_observer_hears_the_plan_and_every_look(planted):
    class Log:
        def __init__(self):
            self.heard = []
            self.parts = 0

        def planned(self, plan):
            self.heard.append(len(plan.experiments))

        def simulated(self, experiment, trials, of):
            assert 0 < trials <= of
            self.parts += 1

        def looked(self, ledger, experiment, trials, forecast):
            self.heard.append((experiment.steps, trials, ledger.decided))

    log = Log()
    nq.run("planted", preset="quick", suites=planted, observer=log)
    assert log.heard[0] == 1
    assert [h[1] for h in log.heard[1:]] == list(look_sizes(2, 50))[: len(log.heard) - 1]
    assert log.parts >= len(log.heard) - 1
    decided = [h[2] for h in log.heard[1:]]
    assert decided == sorted(decided)
    assert decided[-1] > 0
