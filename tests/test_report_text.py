"""A report about a whole text: statements by number, orderings, figures of suites."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import fake_text
import numpy as np
import pandas as pd
import pytest

from nqmbench.report import write_report
from nqmbench.report.cases import case_table
from nqmbench.report.content import ClaimPart, MeanCurve, Panel, Report, SuiteFigure
from nqmbench.report.figures import draw
from nqmbench.report.panels import MARKS, POINTS, looks_of, spread
from nqmbench.report.reading import read
from nqmbench.report.spans import extent_of, set_deviations
from nqmbench.report.statements import evidence, headline, sources
from nqmbench.report.story import figure_caption
from nqmbench.report.words import measured, quantity, statement_of
from nqmbench.results import Run, load_run

LARGEST_SVG = 120_000  # bytes


@pytest.fixture(scope="module")
def run() -> Run:
    return fake_text.text()


@pytest.fixture(scope="module")
def report(run: Run) -> Report:
    return read(run)


@pytest.fixture(scope="module")
def folder(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("text")
    write_report(run, place, workers=0)
    return place


def claim(report: Report, name: str) -> ClaimPart:
    return next(c for c in report.every() if c.name == name)


def test_every_number_has_its_place_in_natural_order(report: Report, folder: Path) -> None:
    first, second = sources(report)
    assert (first.name, second.name) == ("first text (T1)", "second text (T2)")
    refs = [statement.ref for statement in first.statements]
    assert refs == ["T1-02", "T1-05", "T1-06", "T1-10", "T1-42a", "T1-42b", "T1-42c"]
    assert [item.ref for item in first.outside] == ["T1-41", "T1-44"]
    for name in ("statements.html", "statements.md"):
        text = (folder / name).read_text(encoding="utf-8")
        places = [text.index(f'"statement-{ref.lower()}"') for ref in refs]
        assert places == sorted(places)
        assert all(c.name in text for c in report.every())
        assert "Adam is not linear." in text


def test_a_statement_true_under_a_condition_is_true_only_in_part(report: Report) -> None:
    standings = {s.ref: s.standing for source in sources(report) for s in source.statements}
    assert standings == {
        "T1-02": "refuted", "T1-05": "refuted", "T1-06": "confirmed", "T1-10": "open",
        "T1-42a": "confirmed", "T1-42b": "confirmed", "T1-42c": "true only in part",
        "T2-05": "confirmed",
    }  # fmt: skip
    assert headline(sources(report)) == (
        "Of 8 numbered statements that a run can judge, 4 are wholly confirmed, 1 is true only "
        "in part, 2 are refuted and 1 is open. So 3 hold at least one refuted claim. "
        "2 more are out of scope."
    )


def test_evidence_is_named(report: Report) -> None:
    assert evidence(claim(report, "averaging is never worse")) == "paired ordering"
    assert evidence(claim(report, "skewness of the noise")) == "simulation"
    assert evidence(claim(report, "a rate")) == "exact check"


def test_texts_of_others_stay_texts_on_the_page_of_statements(folder: Path) -> None:
    text = (folder / "statements.html").read_text(encoding="utf-8")
    assert "<b>spectra" not in text
    assert "&lt;b&gt;spectra" in text
    assert "&lt;b&gt;spectra" in (folder / "statements.md").read_text(encoding="utf-8")


def test_without_numbers_there_is_no_page_of_statements(run: Run, tmp_path: Path) -> None:
    (tmp_path / "statements.html").write_text("of an earlier report")
    bare = dict(run.about) | {"suites": []}
    nameless = run.verdicts.assign(ref="", mends="")
    write_report(replace(run, about=bare, verdicts=nameless), tmp_path, workers=0)
    assert not (tmp_path / "statements.html").exists()
    assert "statements.html" not in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_refuted_claim_points_to_what_is_true_wherever_it_stands(run: Run) -> None:
    suites = [dict(suite) for suite in run.about["suites"]]
    twin = dict(suites[0]["claims"][0]) | {"name": "refuted once more"}
    suites[0]["claims"] = [*suites[0]["claims"], twin]
    rows = run.verdicts[run.verdicts["claim"] == "averaging is never worse"]
    more = pd.concat([run.verdicts, rows.assign(claim="refuted once more")])
    report = read(replace(run, about=dict(run.about) | {"suites": suites}, verdicts=more))
    from nqmbench.report.html import html

    part = html(report).split("refuted once more</bdi></h3>")[1].split("</article>")[0]
    assert 'What is true instead: <a href="#comparison-averaging-at-large-k">' in part


def test_orderings_are_told_in_words() -> None:
    assert statement_of("ordering", "error", "mean").startswith("Σ w² is claimed to be lower on")
    assert "share of paired runs" in statement_of("ordering", "error", "probability")
    assert measured("ordering", "error", "probability") == "P(first lower), Σ w²"
    assert quantity("w[0]", "skewness") == "skewness of w, coordinate 0"
    assert quantity("w[i]", "kurtosis", brief=True) == "excess kurtosis of w"


def test_the_cases_of_an_ordering_have_differences_and_frequencies(report: Report) -> None:
    table = case_table(claim(report, "lower at the end"))
    assert [column.heading for column in table.columns] == [
        "case", "exact difference", "difference", "interval", "of the larger side",
    ]  # fmt: skip
    assert "paired runs" in table.note
    often = case_table(claim(report, "more often lower"))
    headings = [column.heading for column in often.columns]
    assert "frequency" in headings
    assert "at least" in headings
    assert "exact" not in " ".join(headings)


def test_figures_of_orderings_name_what_they_show(report: Report) -> None:
    drawn = draw(claim(report, "averaging is never worse"))["svg"].decode()
    assert "difference / larger side" in drawn
    assert "no difference" in drawn
    assert "allowed side" in drawn
    often = draw(claim(report, "more often lower"))["svg"].decode()
    assert "claimed probability" in often
    assert "exact theory" not in often


def test_the_axis_of_an_ordering_is_linear() -> None:
    from matplotlib.figure import Figure

    axes = Figure().add_subplot()
    values = [np.array([-0.9, 0.3])]
    extent = extent_of(values, np.array([0.01]), np.array([1e-3]), ordering=True)
    set_deviations(axes, extent, "y", "difference / larger side")
    assert axes.get_yscale() == "linear"
    assert 0.0 in axes.get_yticks()


def test_figures_of_suites_stand_at_the_head_of_their_suite(folder: Path, report: Report) -> None:
    names = [figure.figure for figure in report.suites[0].figures]
    assert names == [
        "figure-of-comparison-six-methods-three-batch-sizes",
        "figure-of-comparison-effect-of-averaging",
    ]
    for page, ending in (("report.html", "svg"), ("report.md", "png")):
        text = (folder / page).read_text(encoding="utf-8")
        places = [text.index(f"figures/{name}.{ending}") for name in names]
        assert places == sorted(places)
        assert places[-1] < text.index('id="comparison-averaging-is-never-worse"')
        assert "How to read it: both axes are logarithmic" in text
        assert "one single run" in text
    for name in names:
        assert 0 < (folder / "figures" / f"{name}.svg").stat().st_size <= LARGEST_SVG


def test_a_method_keeps_its_colour_and_its_curves_differ(report: Report) -> None:
    six, effect = report.suites[0].figures
    assert len({look.colour for look in looks_of(six).values()}) == 6
    looks = looks_of(effect)
    assert looks["SGD"].colour == looks_of(six)["SGD"].colour
    assert looks["gamma = 0.9"].colour == looks_of(six)["averaged SGD"].colour
    assert len({(look.colour, look.marker) for look in looks.values()}) == 4


@pytest.mark.parametrize("most", [MARKS, POINTS])
def test_points_are_spread_over_the_logarithms(most: int) -> None:
    step = np.arange(0.0, 5000.0)
    kept = spread(step, most)
    assert len(kept) <= most
    assert (kept[0], kept[-1]) == (0, 4999)
    assert list(spread(step[:5], most)) == list(range(5))


@pytest.mark.parametrize(
    "change",
    [
        {"mean": np.nan},
        {"low": np.nan, "high": np.nan},
        {"mean": 0.0, "low": -1.0, "high": 1.0, "exact": 0.0},
        {"exact": np.nan, "single": np.nan},
        {"single": 0.0},
        {"mean": np.inf},
        {"step": 0},
        {"trials": np.nan, "method": "", "of": ""},
    ],
)
def test_curves_with_holes_are_drawn_without_them(run: Run, change: dict[str, Any]) -> None:
    damaged = run.curves.iloc[::7].assign(**change)
    for figure in read(replace(run, curves=damaged)).suites[0].figures:
        assert draw(figure)["svg"]


def test_curves_without_a_description_and_the_reverse(run: Run) -> None:
    about = dict(run.about) | {"suites": [{"name": "comparison", "figures": [{"name": "gone"}, 3]}]}
    report = read(replace(run, about=about))
    figures = next(s for s in report.suites if s.name == "comparison").figures
    assert [figure.name for figure in figures] == [
        "six methods, three batch sizes", "effect of averaging",
    ]  # fmt: skip
    assert [panel.title for panel in figures[0].panels] == ["B = 1", "B = 10", "B = 100"]


def test_curves_are_saved_and_loaded(run: Run, folder: Path, tmp_path: Path) -> None:
    run.save(tmp_path)
    loaded = load_run(tmp_path)
    assert len(loaded.curves) == len(run.curves)
    first = read(loaded).suites[0].figures[1]
    assert draw(first) == draw(read(run).suites[0].figures[1])
    (tmp_path / "curves.csv").unlink()
    assert load_run(tmp_path).curves.empty
    assert not read(load_run(tmp_path)).suites[0].figures


def test_an_ordering_has_no_formula_and_misses_none(folder: Path) -> None:
    text = (folder / "report.html").read_text(encoding="utf-8")
    part = text.split('id="comparison-averaging-is-never-worse"')[1].split("</article>")[0]
    assert "on average over paired runs." in part
    assert "values of a program" not in part.partition("<article")[0]


def test_both_pages_link_to_each_other(folder: Path) -> None:
    assert 'href="statements.html"' in (folder / "report.html").read_text(encoding="utf-8")
    text = (folder / "statements.md").read_text(encoding="utf-8")
    anchors = set(re.findall(r'<a id="([a-z0-9-]+)">', (folder / "report.md").read_text("utf-8")))
    linked = set(re.findall(r"\(report\.md#([a-z0-9-]+)\)", text))
    assert linked
    assert linked <= anchors


def test_a_caption_says_logarithmic_only_of_axes_that_are():
    ones = np.ones(2)
    narrow = MeanCurve("a", "SGD", *([ones] * 6))
    curve = replace(narrow, mean=np.array([1.0, 3.5]))
    figure = SuiteFigure("s", "f", "", "s-f", "w[0]", (Panel("p", (curve,)),), 10.0)
    assert "both axes are logarithmic" in figure_caption(figure)
    below = replace(curve, mean=-ones)
    signed = replace(figure, panels=(Panel("p", (below,)),))
    assert "the axis of steps is logarithmic" in figure_caption(signed)
    plain = replace(figure, panels=(Panel("p", (narrow,)),))
    assert "the axis of steps is logarithmic" in figure_caption(plain)
