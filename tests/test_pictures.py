"""Figures of suites: what may be written, what is planned, and what their curves say."""

import itertools

import numpy as np
import pandas as pd
import pytest

import nqmbench as nq
from nqmbench.claims import POINTS
from nqmbench.errors import InvalidArguments
from nqmbench.experiment import log_checkpoints
from nqmbench.plan import make_plan
from nqmbench.summary import print_summary
from nqmbench.verdicts import PRESETS

TWO = nq.NoisyQuadratic([1.0, 0.1])
QUICK = PRESETS["quick"]


def sgd(lr=0.1, batch=1, problem=TWO, steps=100):
    return nq.Experiment(problem, nq.sgd(lr), batch=batch, steps=steps)


ONE, TEN = sgd(), sgd(batch=10)
PANELS = {"left": {"one": ONE, "ten": TEN}, "right": {"one": (ONE, "w2[1]")}}


def figure(**arguments):
    suite = nq.Suite("demo")
    suite.figure(**{"name": "f", "panels": PANELS, **arguments})
    return suite


def planned(**arguments):
    return make_plan([figure(**arguments)], QUICK)


def test_a_figure_may_look_at_fewer_steps():
    plan = planned(points=5)
    curves = [curve for figure in plan.figures for panel in figure.panels for curve in panel.curves]
    assert {curve.steps for curve in curves} == {log_checkpoints(100, 5)}


# -- writing ---------------------------------------------------------------------------------------


def test_a_figure_keeps_what_it_was_given_and_its_name_may_be_that_of_a_claim():
    suite = figure(of="loss", single=True, doc="  What\n  is seen.")
    (kept,) = suite.figures
    assert (kept.suite, kept.name, kept.of, kept.single) == ("demo", "f", "loss", True)
    assert kept.doc == "What\nis seen."
    suite.check("f")(lambda: (1, 1))
    assert suite.items[0].name == "f"


@pytest.mark.parametrize(
    ("field", "bad", "allowed"),
    [
        ("panels", 5, "{title: {label: Experiment}} or a function of it"),
        ("panels", [1], "{title: {label: Experiment}} or a function of it"),
        ("of", "speed", "'error', 'loss', or one coordinate such as 'w2[0]'"),
        ("of", "w2[i]", "'error', 'loss', or one coordinate such as 'w2[0]'"),
        ("of", None, "'error', 'loss', or one coordinate such as 'w2[0]'"),
        ("single", 1, "True or False"),
        ("points", 0, "an integer >= 1"),
        ("doc", 5, "a text that UTF-8 can hold"),
        ("name", "", "1 to 200 characters that UTF-8 can hold, no NUL"),
    ],
)
def test_a_wrong_argument_is_named(field, bad, allowed):
    with pytest.raises(InvalidArguments) as caught:
        figure(**{field: bad})
    assert f"  {field}: got {bad!r}; allowed: {allowed}" in str(caught.value).splitlines()


def test_two_figures_of_a_suite_have_two_names():
    suite = figure()
    with pytest.raises(InvalidArguments, match="a name that suite 'demo' does not have yet"):
        suite.figure("f", panels=PANELS)


# -- planning --------------------------------------------------------------------------------------


def raising():
    raise RuntimeError("no such grid")


ALLOWED = "or (Experiment, observable) in the place of an Experiment"
BAD = [
    ({}, "panels: got {}; allowed: {title: {label: Experiment}}"),
    ({"p": {}}, "panels: got {'p': {}}; allowed: "),
    ({"p": [ONE]}, ALLOWED),
    ({"p": {"a": 5}}, "panels: got {'p': {'a': 5}}; allowed: "),
    ({"p": {"a": object()}}, "panels: got {'p': {'a': <object object>}}; allowed: "),
    ({"p": {"a": (ONE,)}}, ALLOWED),
    ({"p": {"a": (ONE, 5)}}, ALLOWED),
    (
        {"p": {"a": (ONE, "w2[2]")}},
        "panel 'p', curve 'a': got 'w2[2]'; allowed: 'error', 'loss', or one coordinate below 2",
    ),
    ({"p": {"a": (ONE, "w2[i]")}}, "panel 'p', curve 'a': got 'w2[i]'; allowed: "),
    (
        {"p": {"a": ONE, "b": sgd(steps=50)}},
        "panel 'p': the curves differ in numbers of steps 100 and 50, so they cannot meet the "
        "same noise; show them in panels of their own",
    ),
    (
        {"p": {"a": ONE, "b": sgd(problem=nq.NoisyQuadratic(1.0))}},
        "panel 'p': the curves differ in dimensions 2 and 1",
    ),
]


@pytest.mark.parametrize(("panels", "message"), BAD)
def test_panels_that_cannot_be_drawn_are_refused_where_they_are_written(panels, message):
    with pytest.raises(InvalidArguments) as caught:
        figure(panels=panels)
    assert str(caught.value).startswith("figure 'f':\n  ")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("panels", "message"),
    [
        (raising, "panels raised RuntimeError: no such grid"),
        (lambda: 5, "panels: got 5; allowed: {title: {label: Experiment}}"),
        *((lambda p=p: p, message) for p, message in BAD),
    ],
)
def test_a_figure_whose_function_fails_keeps_its_error_and_asks_for_nothing(panels, message):
    suite = figure(panels=panels)
    suite.figure("good", panels={"p": {"a": ONE}})
    plan = make_plan([suite], QUICK)
    bad, good = plan.figures
    assert message in bad.error
    assert (bad.panels, good.error, len(good.panels)) == ((), "", 1)
    assert len(plan.experiments) == 1


def test_panels_may_be_a_function_that_is_called_when_the_suite_runs():
    called = []
    suite = figure(panels=lambda: called.append(1) or PANELS)
    assert called == []
    (found,) = make_plan([suite], QUICK).figures
    assert [panel.title for panel in found.panels] == ["left", "right"]


def test_a_curve_is_observed_at_its_own_observable_and_at_log_spaced_steps():
    plan = planned()
    (found,) = plan.figures
    curves = [c for panel in found.panels for c in panel.curves]
    assert [(c.label, c.observable.name) for c in curves] == [
        ("one", "error"), ("ten", "error"), ("one", "w2[1]"),
    ]  # fmt: skip
    assert {c.steps for c in curves} == {log_checkpoints(100, POINTS)}
    (pass_,) = plan.passes
    assert pass_.contrasts == ()
    assert {e.observables for e in plan.experiments.values()} == {("error", "w2[1]"), ("error",)}
    assert plan.cells("demo") == 0  # a figure judges nothing


def test_panels_of_other_lengths_are_passes_of_their_own():
    plan = planned(panels={"p": {"a": ONE}, "q": {"a": sgd(steps=50)}})
    assert [len(p.tasks) for p in plan.passes] == [1, 1]


# -- curves ----------------------------------------------------------------------------------------

SHOWN = """
import nqmbench as nq

suite = nq.Suite("shown")
P = nq.NoisyQuadratic([1.0, 0.1])
A = nq.Experiment(P, nq.sgd(0.1), steps=60)
B = nq.Experiment(P, nq.heavy_ball(0.1, 0.5), steps=60)
STILL = nq.Experiment(nq.NoisyQuadratic(1.0, sigma=0.0), nq.sgd(0.1), steps=10)
WILD = nq.Experiment(nq.NoisyQuadratic(1.0), nq.sgd(3.0), steps=1000)

suite.figure("with a single run", single=True, doc="Two methods.",
             panels={"error": {"SGD": A, "ball": B}, "bias": {"SGD": (A, "w[0]")}})
suite.figure("means alone", of="loss",
             panels={"still": {"SGD": STILL}, "wild": {"SGD": WILD}})
"""


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shown")
    (folder / "shown.py").write_text(SHOWN)
    return nq.run("shown", preset="quick", seed=5, suites=folder, threads=2)


def curves(run, figure, panel, curve):
    t = run.curves
    return t[(t["figure"] == figure) & (t["panel"] == panel) & (t["curve"] == curve)]


def methods():
    return {
        "SGD": nq.sgd(0.1), "ball": nq.heavy_ball(0.1, 0.5),
    }  # fmt: skip


def experiment_of(curve):
    return nq.Experiment(
        TWO, methods()[curve], steps=60, checkpoints=log_checkpoints(60, POINTS),
        observables=["error", "w[0]"],
    )  # fmt: skip


@pytest.mark.needs_compiler
@pytest.mark.parametrize(
    ("panel", "curve", "of"), [("error", "SGD", "error"), ("error", "ball", "error"),
                               ("bias", "SGD", "w[0]")],
)  # fmt: skip
def test_a_curve_is_near_exact_theory_at_every_point(shown, panel, curve, of):
    table = curves(shown, "with a single run", panel, curve)
    truth = nq.exact(experiment_of(curve)).to_frame().query("observable == @of")
    assert list(table["step"]) == list(truth["step"])
    assert set(table["of"]) == {of}
    assert table["exact"].to_numpy() == pytest.approx(truth["mean"].to_numpy(), rel=1e-12)
    half = (table["high"] - table["low"]) / 2
    # 6 standard errors; 140 points of 3 curves: false-alarm rate below 1e-6
    assert ((table["mean"] - table["exact"]).abs() <= 6 / 1.96 * half).all()
    assert (half > 0).all()
    assert set(table["trials"]) == {65_536}


@pytest.mark.needs_compiler
def test_the_mean_and_the_single_run_are_those_of_simulate_alone(shown):
    for (panel, curve), of in zip(
        [("error", "SGD"), ("error", "ball"), ("bias", "SGD")], ["error", "error", "w[0]"],
        strict=True,
    ):  # fmt: skip
        table = curves(shown, "with a single run", panel, curve)
        for column, trials in (("single", 1), ("mean", 65_536)):
            alone = nq.simulate(experiment_of(curve), trials=trials, seed=5).to_frame()
            expected = alone[alone["observable"] == of]["mean"].to_numpy()
            assert (table[column].to_numpy() == expected).all()


@pytest.mark.needs_compiler
def test_the_curves_of_a_panel_meet_the_same_noise(shown):
    # At their first step SGD and momentum are the same method, noise and all.
    first = [curves(shown, "with a single run", "error", name).iloc[0] for name in ("SGD", "ball")]
    for column in ("single", "mean"):
        a, b = (row[column] for row in first)
        assert a == pytest.approx(b, rel=1e-12)
    assert first[0]["single"] != pytest.approx(first[0]["exact"], rel=1e-3)  # there is noise


@pytest.mark.needs_compiler
def test_without_noise_a_curve_has_no_interval_and_a_wild_one_does_not_stop_the_run(shown):
    still = curves(shown, "means alone", "still", "SGD")
    assert (still["low"] == still["high"]).all()
    assert still["mean"].to_numpy() == pytest.approx(still["exact"].to_numpy(), rel=1e-12)
    assert still["single"].isna().all()
    assert set(still["trials"]) == {1}
    wild = curves(shown, "means alone", "wild", "SGD")
    assert not np.isfinite(wild["mean"].iloc[-1]) or wild["mean"].iloc[-1] > 1e40


@pytest.mark.needs_compiler
def test_figures_stand_in_the_description_and_their_curves_survive_the_folder(shown, tmp_path):
    (suite,) = shown.about["suites"]
    assert suite["figures"] == [
        {"name": "with a single run", "doc": "Two methods.", "of": "error",
         "panels": ["error", "bias"]},
        {"name": "means alone", "doc": "", "of": "loss", "panels": ["still", "wild"]},
    ]  # fmt: skip
    assert shown.exit_code == 0
    shown.save(tmp_path)
    again = nq.load_run(tmp_path).curves
    assert list(again.columns) == list(shown.curves.columns)
    pd.testing.assert_series_equal(again["mean"], shown.curves["mean"])
    order = [
        (f, p, c) for f, p, c in zip(again["figure"], again["panel"], again["curve"], strict=True)
    ]
    assert [key for key, _ in itertools.groupby(order)] == [
        ("with a single run", "error", "SGD"), ("with a single run", "error", "ball"),
        ("with a single run", "bias", "SGD"), ("means alone", "still", "SGD"),
        ("means alone", "wild", "SGD"),
    ]  # fmt: skip


FAILS = """
import nqmbench as nq

suite = nq.Suite("fails", experiments=[nq.Experiment(
    nq.NoisyQuadratic(1.0, sigma=0.0), nq.sgd(0.5), steps=4)])


@suite.claim("halves at each step", of="w[0]")
def halves(k, w0):
    return w0 / 2**k


suite.figure("bad", panels=lambda: {"p": 1 / 0}, doc="Nothing to be seen.")
"""


def test_a_figure_whose_function_fails_does_not_stop_the_run(suite_folder, tmp_path, capsys):
    run = nq.run("fails", preset="quick", suites=suite_folder(fails=FAILS), threads=1)
    (suite,) = run.about["suites"]
    assert suite["figures"] == [
        {"name": "bad", "doc": "Nothing to be seen.", "of": "error", "panels": [],
         "error": "panels raised ZeroDivisionError: division by zero"}
    ]  # fmt: skip
    assert (list(run.verdicts["verdict"]), run.exit_code) == (["CONFIRMED"], 1)
    assert run.curves.empty
    print_summary(run, tmp_path)
    said = "figure fails::bad: panels raised ZeroDivisionError: division by zero"
    assert said in capsys.readouterr().out.splitlines()
