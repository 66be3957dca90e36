"""The page about what a verdict is worth: the run's own margins, and rates that can be checked."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import fake_runs
import pytest
from scipy.special import betaincinv

from nqmbench.report.html import trust_html
from nqmbench.report.markdown import trust_markdown
from nqmbench.report.reading import read
from nqmbench.report.trust import FAMILIES, RATES, rows, sections
from nqmbench.report.words import MEANINGS
from nqmbench.report.write import write_report


class Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []

    def handle_data(self, data: str) -> None:
        self.text += data.split()


def words(page: str) -> str:
    parser = Words()
    parser.feed(page)
    return " ".join(parser.text)


def test_both_forms_say_the_same() -> None:
    report = read(fake_runs.everything())
    page, text = words(trust_html(report)), trust_markdown(report)
    for section in sections(report):
        assert section.title in page
        assert section.title in text
        for paragraph in section.paragraphs:
            assert " ".join(paragraph.split()) in page
    for meaning in MEANINGS.values():
        assert meaning in page
        assert meaning in text
    for row in rows():
        assert " ".join(row) in page
        assert f"| {' | '.join(row)} |" in text


def test_the_margins_and_the_level_are_those_of_the_run() -> None:
    run = fake_runs.everything()
    about = {**run.about, "run": {**run.about["run"], "preset": "strict", "alpha": 0.01,
                                  "margins": {"mean": 0.001, "variance": 0.005}}}  # fmt: skip
    page = words(trust_html(read(replace(run, about=about))))
    assert "In this run (strict) it is 0.1 % for a mean and 0.5 % for a variance." in page
    assert "at most 1 % that a suite holds even one wrong" in page


def test_a_run_that_knows_nothing_is_explained_all_the_same() -> None:
    page = words(trust_html(read(fake_runs.nothing())))
    assert "In this run" not in page
    assert "at most 5 % that a suite holds even one wrong" in page


def test_the_pages_lead_to_it(tmp_path: Path) -> None:
    write_report(fake_runs.everything(), tmp_path, draw=False)
    for ending in ("html", "md"):
        assert f"trust.{ending}" in (tmp_path / f"report.{ending}").read_text(encoding="utf-8")
        assert (tmp_path / f"trust.{ending}").is_file()


@pytest.mark.parametrize("rate", RATES, ids=lambda rate: rate.situation)
def test_no_measured_rate_is_above_what_is_promised(rate) -> None:  # type: ignore[no-untyped-def]
    """By Clopper and Pearson's bound: a rate as promised is measured higher once in a million."""
    for wrong in (rate.refuted, rate.confirmed):
        if wrong:
            assert betaincinv(wrong, FAMILIES - wrong + 1, 1e-6) <= rate.allowed / 100


def test_every_row_is_a_setting_of_the_program_that_measures_them() -> None:
    place = Path(__file__).parent / "statistical" / "calibration.py"
    assert importlib.util.spec_from_file_location("calibration", place) is not None
    text = place.read_text(encoding="utf-8")
    assert RATES
    for rate in RATES:
        assert f'"{rate.situation}"' in text
