"""The parts of the report: formulas, names, words, scales, the choice of cases."""

from __future__ import annotations

from dataclasses import replace

import fake_runs
import numpy as np
import pytest
from matplotlib.figure import Figure

from nqmbench.report.cases import case_table
from nqmbench.report.choice import chosen, looks_of
from nqmbench.report.formulas import Formula
from nqmbench.report.frame import verdict_line
from nqmbench.report.labels import common_and_own
from nqmbench.report.markdown import code, escaped, markdown
from nqmbench.report.mathml import checked, from_latex
from nqmbench.report.names import safe_names
from nqmbench.report.palette import VERDICT_COLOURS, colour_of
from nqmbench.report.reading import read
from nqmbench.report.scales import set_steps, set_values
from nqmbench.report.spans import extent_of, set_deviations
from nqmbench.report.story import deviation
from nqmbench.report.words import MEANINGS, SYMBOLS, clean, number, percent, typographic
from nqmbench.results import Run
from nqmbench.verdicts import Verdict


@pytest.mark.parametrize(
    "latex",
    [
        fake_runs.LATEX,
        r"\sqrt{\frac{1}{2}} + \sqrt[3]{x} \cdot \bar{w}_k",
        r"\begin{cases} a & \text{for}\: k < 5 \\b & \text{otherwise} \end{cases}",
        r"\sum_{k=0}^{B} h^{k} \leq \log{\left(h \right)} + \min\left(\eta, h\right)",
        r"\left|{\beta}\right| + \left\lfloor{x}\right\rfloor",
    ],
)
def test_formulas_of_sympy_become_wellformed_mathml(latex: str) -> None:
    made = from_latex(latex)
    assert made is not None
    inside = made.removeprefix('<math display="block">').removesuffix("</math>")
    assert checked(inside, display=False) is not None


def test_sympys_own_output_is_understood() -> None:
    sp = pytest.importorskip("sympy")
    eta, h, k, B = sp.symbols("eta h k B", positive=True)
    whole = (1 - eta * h) ** (2 * k) + sp.sqrt(h) * sp.exp(-k) / B + sp.Max(eta, h)
    pieces = sp.Piecewise((whole, eta < h), (0, True))
    assert from_latex(sp.latex(pieces)) is not None
    for expression in (whole, sp.Abs(eta - h), sp.log(h), sp.floor(k / 2)):
        assert from_latex(sp.latex(expression)) is not None
        assert checked(sp.printing.mathml(expression, printer="presentation")) is not None


@pytest.mark.parametrize(
    "latex",
    ["{", "}", r"\frac{1}", r"\left(x", r"\href{javascript:x}{y}", r"\text{<script>}", "x^", "x&",
     "{" * 500 + "}" * 500, r"\begin{cases} a", r"\begin{array} a \end{array}", "\\"],
)  # fmt: skip
def test_what_is_not_understood_is_refused(latex: str) -> None:
    assert from_latex(latex) is None


@pytest.mark.parametrize(
    "mathml",
    ["<script>x</script>", "<mi>x", "<mi><img src='x'/></mi>", "<!DOCTYPE a><mi>x</mi>",
     "<mi>&undefined;</mi>", "</math><script>x</script><math>", "<mi/>" * 10**5],
)  # fmt: skip
def test_foreign_mathml_is_refused(mathml: str) -> None:
    assert checked(mathml) is None


def test_attributes_and_texts_of_mathml_are_escaped() -> None:
    made = checked("<mi onclick='x' mathvariant='&quot;>&lt;b'>&lt;script></mi>", display=False)
    assert made == '<math><mi mathvariant="&quot;&gt;&lt;b">&lt;script&gt;</mi></math>'


def test_latex_for_markdown_cannot_leave_its_dollars() -> None:
    assert Formula(latex="x$ <script> $").safe_latex is None
    assert Formula(latex="a < b").safe_latex == r"a \lt  b"


def test_names_that_fall_together_are_told_apart() -> None:
    keys = [
        ("a", "b c"),
        ("a", "b-c"),
        ("a b", "c"),
        ("x", "y" * 300),
        ("x", "y" * 301),
        ("..", "/"),
    ]
    names = safe_names(keys)
    assert len({name.lower() for name in names.values()}) == len(keys)
    assert max(map(len, names.values())) <= 80
    assert safe_names(keys[::-1]) == names


def test_code_cannot_leave_its_fence() -> None:
    assert code("a ``` b") == "```` a ``` b ````"


@pytest.mark.parametrize("text", ["# no heading", "- no list", "1. no list", "+ no", "= no"])
def test_a_text_does_not_become_a_block(text: str) -> None:
    assert escaped(text) != text
    assert escaped(text).replace("\\", "") == text


def test_clean_takes_out_what_cannot_be_shown() -> None:
    assert clean("a\x00b\u202ec\ud800\n\td") == "a bc? d"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (1.0, "1"), (123456.0, "123456"), (1e6, "1×10⁶"), (-2.5e-7, "−2.5×10⁻⁷"),
     (99999.96, "100000"), (0.001, "0.001"), (1e308, "1×10³⁰⁸")],
)  # fmt: skip
def test_numbers_read_well(value: float, text: str) -> None:
    assert number(value) == text


def test_percent_of_infinity() -> None:
    assert percent(float("inf")) == "+∞\u00a0%"


def test_a_method_has_one_colour_everywhere() -> None:
    claims = list(read(fake_runs.everything()).every())
    several = next(claim for claim in claims if claim.name == "variance of the loss")
    looks = looks_of(several.cases)
    assert [look.colour for look in looks] == [colour_of(case.method) for case in several.cases]
    assert len({look.marker for look in looks}) == len(looks)


def test_the_worst_cases_are_drawn() -> None:
    claim = next(c for c in read(fake_runs.everything()).every() if c.name == "many cases")
    drawn = chosen(claim, 6)
    worst = max(claim.cases, key=lambda case: abs(case.deviation))
    assert len(drawn) == 6
    assert worst in drawn


@pytest.mark.parametrize("size", [1e-12, 0.005, 0.05, 3.0, 1e9, np.inf])
@pytest.mark.parametrize("margin", [0.0, 1e-9, 0.01, 0.2])
@pytest.mark.parametrize("which", ["x", "y"])
def test_the_axis_of_deviations_shows_margin_and_zero(
    size: float, margin: float, which: str
) -> None:
    axes = Figure().add_subplot()
    values = np.array([0.0, size, np.nan])
    extent = extent_of([values], np.array([-margin, np.inf]), np.array([1e-4]))
    span = set_deviations(axes, extent, which)
    assert span.low < 0 < span.high
    assert not np.isfinite(size) or span.high >= min(size, 1e4)
    ticks = axes.get_yticks() if which == "y" else axes.get_xticks()
    assert 1 <= len(ticks) <= 9


def test_step_zero_has_a_place_on_the_axis() -> None:
    axes = Figure().add_subplot()
    set_steps(axes, np.array([0.0, 1.0, 10.0, 1000.0]))
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert labels[0] == "0"
    assert "1000" in labels


@pytest.mark.parametrize(
    "values",
    [[0.0], [0.0, 0.0], [1.0], [np.nan], [1e-300, 1e300], [-1.0, 1.0], [-1e-9, 1.0], [5e-324, 1.0]],
)
def test_any_values_have_an_axis(values: list[float]) -> None:
    figure = Figure()
    for which in ("x", "y"):
        axes = figure.add_subplot()
        set_values(axes, [np.array(values)], [np.array([np.inf, 1.0])], np.array([1e-6]), which)
    figure.canvas.draw()


def test_a_curve_that_decays_without_end_is_cut_after_twelve_decades() -> None:
    axes = Figure().add_subplot()
    decay = 10.0 ** -np.arange(60.0)
    set_values(axes, [decay], [decay], np.array([0.0]))
    assert 1e-14 < axes.get_ylim()[0] < 1e-11
    set_values(axes, [1 / decay], [1 / decay], np.array([0.0]))
    assert axes.get_ylim()[0] <= 1  # growth keeps its start


def test_labels_look_inside_brackets() -> None:
    names = [f"averaged SGD(lr=0.1, decay={g}), B=1, i={i}" for g in (0.5, 0.9) for i in (0, 1)]
    shared, own = common_and_own(names, 46)
    assert shared == "averaged SGD(lr=0.1), B=1"
    assert own == ["decay=0.5, i=0", "decay=0.5, i=1", "decay=0.9, i=0", "decay=0.9, i=1"]


def test_the_order_of_verdicts_is_the_programs() -> None:
    gravest_first = [verdict.value for verdict in Verdict]
    assert list(MEANINGS) == gravest_first
    assert list(SYMBOLS) == gravest_first
    assert list(VERDICT_COLOURS) == gravest_first


def test_the_line_of_the_verdict_holds_whole_clauses_only() -> None:
    claim = next(c for c in read(fake_runs.everything()).every() if c.name == "boxed second moment")
    long = replace(
        claim, reason="off by 12.5 % at k = 5; formula / exact = h: claimed 1, simulated 2"
    )
    assert verdict_line(long) == "✗ refuted: off by 12.5 % at k = 5; formula / exact = h"
    assert verdict_line(long, 40) == "✗ refuted: off by 12.5 % at k = 5"
    assert verdict_line(long, 20) == "✗ refuted"


@pytest.mark.parametrize("text", ["non-linear", "T1-08", "a-b", "--option", "k-1", "1-beta"])
def test_hyphens_that_are_no_minus_signs_stay(text: str) -> None:
    assert typographic(text) == text


def test_what_is_the_same_in_every_case_stands_in_the_note() -> None:
    claims = list(read(fake_runs.everything()).every())
    table = case_table(next(c for c in claims if c.name == "second moment"))
    assert [column.heading for column in table.columns] == [
        "case", "formula", "exact", "simulated", "interval", "deviation",
    ]  # fmt: skip
    assert "confirmed; worst step" in table.note
    mixed = case_table(next(c for c in claims if c.name == "steady state"))
    assert "verdict" in [column.heading for column in mixed.columns]


def test_deviations_are_those_of_the_run() -> None:
    run = fake_runs.everything()
    claims = {claim.name: claim for claim in read(run).every()}
    entries = {c["name"]: c for suite in run.about["suites"] for c in suite["claims"]}
    assert claims["boxed second moment"].deviation == entries["boxed second moment"]["deviation"]
    case = claims["second moment"].cases[1]
    rows = run.verdicts[run.verdicts["claim"] == "second moment"]
    assert case.deviation == rows["deviation"].iloc[1]


def test_a_run_without_deviations_shows_dashes() -> None:
    run = fake_runs.everything()
    for suite in run.about["suites"]:
        for claim in suite["claims"]:
            del claim["deviation"], claim["case"]
    old = Run(run.verdicts.drop(columns="deviation"), run.cells, run.estimates, run.about)
    assert {deviation(claim) for claim in read(old).every()} == {"–"}
    assert "–" in markdown(read(old))
