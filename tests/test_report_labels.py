"""Labels of cases, ticks of deviations, figures of a few steps, and sentences with formulas."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nqmbench.report.canvas import relative
from nqmbench.report.content import ClaimPart, Curve
from nqmbench.report.curves import curve_figure
from nqmbench.report.labels import common_and_own
from nqmbench.report.reading import read
from nqmbench.report.spans import extent_of, set_deviations
from nqmbench.report.strokes import RING
from nqmbench.report.typesetting import typeset
from tests import fake_runs, fake_text

BALL = "averaged heavy ball(lr=0.1, momentum=0.9, decay=0.99)"


def test_the_sides_of_an_ordering_are_told_by_the_names_of_methods() -> None:
    names = [f"{BALL} below {other}, B={B}, h=(1, 0.1)"
             for other in ("SGD(lr=0.1)", "heavy ball(lr=0.1, momentum=0.9)")
             for B in (1, 10)]  # fmt: skip
    shared, own = common_and_own(names, 46, brief=True)
    assert shared == f"{BALL} below each, h=(1, 0.1), lr=0.1 throughout"
    assert own == [
        "averaged heavy ball below SGD, B=1",
        "averaged heavy ball below SGD, B=10",
        "averaged heavy ball below heavy ball, B=1",
        "averaged heavy ball below heavy ball, B=10",
    ]


def test_tables_keep_every_argument_that_differs() -> None:
    names = ["Adam(lr=0.1, eps=0.01) below SGD(lr=0.1), h=1", "SGD(lr=0.2) below SGD(lr=0.1), h=1"]
    shared, own = common_and_own(names, 10**6)
    assert shared == "h=1"
    assert own == ["Adam(lr=0.1, eps=0.01) below SGD(lr=0.1)", "SGD(lr=0.2) below SGD(lr=0.1)"]


def test_what_both_sides_share_is_said_once() -> None:
    names = [f"SGD(lr=0.1, decay={a}) below SGD(lr=0.1, decay={b}), B={B}"
             for a, b, B in ((0.995, 0.99, 1), (0.99, 0.995, 100))]  # fmt: skip
    shared, own = common_and_own(names, 46, brief=True)
    assert shared == "SGD(lr=0.1)"
    assert own == ["decay=0.995 below decay=0.99, B=1", "decay=0.99 below decay=0.995, B=100"]


def test_the_side_that_all_share_stands_above_if_there_is_no_room() -> None:
    names = [f"{name}(lr=0.1) below {BALL}, B=1" for name in ("SGD", "preconditioned heavy ball")]
    shared, own = common_and_own(names, 30, brief=True)
    assert shared == f"each below {BALL}, B=1, lr=0.1 throughout"
    assert own == ["SGD", "preconditioned heavy ball"]


def test_labels_of_different_cases_stay_different() -> None:
    names = [f"SGD(lr={lr}), B=1, h=1, w0={w0}" for lr in (0.12345, 0.123451) for w0 in (0, 1)]
    _, own = common_and_own(names, 12, brief=True)
    whole = common_and_own(names, 46, brief=True)[1]
    assert len(set(whole)) == len(names)
    assert all(len(label) <= 12 for label in own)


def ticks_of(axes: Axes, low: float, high: float, bands: float, which: str) -> list[float]:
    extent = extent_of([np.array([low, high])], np.array([bands]), np.array([1e-3]), ordering=True)
    set_deviations(axes, extent, which)
    return list(axes.get_yticks() if which == "y" else axes.get_xticks())


@pytest.mark.parametrize("which", ["x", "y"])
@pytest.mark.parametrize("low", [-0.98, -0.6, -0.37, -0.19, -0.021])
def test_ticks_of_a_linear_axis_are_evenly_spaced(low: float, which: str) -> None:
    ticks = ticks_of(Figure(figsize=(5, 3)).add_subplot(), low, 0.0, 0.004, which)
    assert len(ticks) >= 3
    assert 0.0 in ticks
    np.testing.assert_allclose(np.diff(ticks), ticks[1] - ticks[0], rtol=1e-9)


def test_the_edges_of_the_margin_have_labels() -> None:
    ticks = ticks_of(Figure(figsize=(5, 3)).add_subplot(), -0.18, 0.0, 0.05, "x")
    assert {-0.05, 0.05} <= set(ticks)


def with_steps(claim: ClaimPart, n: int) -> ClaimPart:
    """A claim whose curves end after n steps."""
    names = ("step", "formula", "exact", "estimate", "low", "high", "region_low", "region_high",
             "scale")  # fmt: skip

    def cut(curve: Curve | None) -> Curve | None:
        return curve and replace(curve, **{name: getattr(curve, name)[:n] for name in names})

    return replace(claim, cases=tuple(replace(case, curve=cut(case.curve)) for case in claim.cases))


@pytest.mark.parametrize(("steps", "lines"), [(3, False), (12, True)])
def test_nothing_is_drawn_between_a_few_steps(steps: int, lines: bool) -> None:
    claims = {claim.name: claim for claim in read(fake_runs.everything()).every()}
    figure = curve_figure(with_steps(claims["second moment"], steps))
    above = figure.axes[0]
    theory = [
        line
        for line in above.lines
        if (line.get_linestyle(), line.get_linewidth()) == ("-", 1.0)
        and np.isfinite(np.asarray(line.get_xdata(), dtype=float)).all()
    ]
    rings = [line for line in above.lines if line.get_markersize() == RING["markersize"]]
    assert bool(theory) == lines
    assert bool(rings) != lines


def test_relative_paths_do_not_drift() -> None:
    rng = np.random.default_rng(4)
    points = np.round(rng.uniform(-500, 500, (400, 2)), 2)
    path = "M " + " L ".join(f"{x:.2f} {y:.2f}" for x, y in points)
    numbers = [float(n) for n in re.findall(r"-?(?:\d+(?:\.\d+)?|\.\d+)", relative(path))]
    again = np.cumsum(np.reshape(numbers, (-1, 2)), axis=0)
    np.testing.assert_allclose(again, points, atol=0.001)  # coordinates are hundredths
    assert len(relative(path)) < len(path)


@pytest.mark.parametrize(
    "text", ["momentum_tuned", "beta(a=1)", "meta analysis", "a_long_name", "x^(k/2)"]
)
def test_what_is_no_formula_stays_as_it_was_written(text: str) -> None:
    assert typeset(text) == text


def test_pages_have_contents_by_suite() -> None:
    from nqmbench.report.html import html

    report = read(fake_runs.everything())
    twice = replace(
        report, suites=(*report.suites, replace(report.suites[0], name="b", anchor="b"))
    )
    assert '<a href="#b">' in html(twice)
    assert "<nav" in html(twice)


def test_the_axis_of_a_suites_figure_names_no_single_coordinate_of_several() -> None:
    run = fake_text.text()
    first = run.curves["curve"] == run.curves["curve"].iloc[0]
    for others, shown in (("w2[0]", "w2[i]"), ("w2[1]", "w2[1]")):
        of = np.where(first, "w2[1]", others)
        figures = read(replace(run, curves=run.curves.assign(of=of))).suites[0].figures
        assert figures[0].of == shown
