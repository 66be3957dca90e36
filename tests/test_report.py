"""The report: what is written, that nothing escapes into markup, that it is the same every time."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import fake_runs
import pytest

from nqmbench.errors import OutputError
from nqmbench.report import write_report
from nqmbench.report.content import Report
from nqmbench.report.figures import draw
from nqmbench.report.reading import read
from nqmbench.report.words import MEANINGS
from nqmbench.results import Run, load_run

PAGES = ("report.html", "statements.html", "trust.html")
LINK = r"#[a-z0-9-]+|figures/[a-z0-9-]+\.svg|(statements|trust)\.html|report\.html(#[a-z0-9-]+)?"


@pytest.fixture(scope="module")
def run() -> Run:
    return fake_runs.everything()


@pytest.fixture(scope="module")
def report(run: Run) -> Report:
    return read(run)


@pytest.fixture(scope="module")
def folder(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("report")
    write_report(run, place)
    return place


class Tags(HTMLParser):
    """Collects tags and attributes, and checks that they are balanced."""

    VOID = frozenset({"meta", "img", "col", "br", "link"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def bytes_of(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_both_pages_and_two_files_for_every_figure_are_written(
    folder: Path, report: Report
) -> None:
    names = {claim.figure for claim in report.every() if claim.figure}
    assert len(names) == 14
    expected = {f"{name}.{ending}" for name in names for ending in ("svg", "png")}
    expected.add("drawn.json")
    assert {path.name for path in (folder / "figures").iterdir()} == expected
    names = {"report", "statements", "trust"}
    pages = {f"{page}.{ending}" for page in names for ending in ("html", "md")}
    assert {path.name for path in folder.iterdir()} == {"figures", *pages}


def test_the_same_run_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    write_report(fake_runs.everything(), tmp_path)
    assert bytes_of(tmp_path) == bytes_of(folder)


def test_a_saved_run_gives_the_same_report(run: Run, folder: Path, tmp_path: Path) -> None:
    run.save(tmp_path)
    loaded = read(load_run(tmp_path))
    for old, new in zip(read(run).every(), loaded.every(), strict=True):
        assert (old.name, old.verdict, old.reason) == (new.name, new.verdict, new.reason)


@pytest.mark.parametrize("name", PAGES)
def test_hostile_texts_do_not_become_markup(folder: Path, name: str) -> None:
    page = Tags((folder / name).read_text(encoding="utf-8"))
    assert page.open == []
    assert not {"script", "iframe", "object", "form"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on") or name == "style"]
    targets = [value for name, value in page.attributes if name in ("href", "src")]
    assert all(re.fullmatch(LINK, value) for value in targets)


@pytest.mark.parametrize("name", PAGES)
def test_every_link_of_a_page_has_its_target(folder: Path, name: str) -> None:
    pages = {name: Tags((folder / name).read_text(encoding="utf-8")) for name in PAGES}
    anchors = {
        name: [value for key, value in page.attributes if key == "id"]
        for name, page in pages.items()
    }
    assert len(anchors[name]) == len(set(anchors[name]))
    for key, value in pages[name].attributes:
        target, _, anchor = value.partition("#")
        if key == "href":
            assert not anchor or anchor in anchors[target or name]
            assert (folder / (target or name)).is_file()
        if key == "src":
            assert (folder / value).is_file()


def test_the_page_allows_itself_nothing_but_its_style_and_images(folder: Path) -> None:
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    assert "unsafe" not in text
    assert "http://" not in text.replace("http://www.w3.org", "")


def test_markdown_shows_hostile_texts_as_they_are(folder: Path) -> None:
    text = (folder / "report.md").read_text(encoding="utf-8")
    outside_code = re.sub(r"```sh\n.*?```|``+ .*? ``+", "", text, flags=re.DOTALL)
    tags = set(re.findall(r"</?([a-zA-Z]+)", outside_code))
    assert tags <= {"a", "details", "summary"}
    assert "](javascript" not in re.sub(r"\\\]\(", "", outside_code)
    for line in outside_code.splitlines():
        if line.startswith("| "):
            assert not re.search(r"(?<!\\)\|x", line)


def test_both_pages_say_the_same(folder: Path, report: Report) -> None:
    page = (folder / "report.html").read_text(encoding="utf-8")
    text = (folder / "report.md").read_text(encoding="utf-8")
    for claim in report.every():
        if "<" not in claim.name:
            assert claim.name in page
            assert claim.name in text
            assert f"figures/{claim.anchor}.svg" in page or claim.figure is None
    for meaning in MEANINGS.values():
        assert meaning in text
    assert "Of 16 claims, 1 is in error, 1 inconsistent, 6 refuted" in text


def test_a_refuted_claim_is_followed_by_the_statement_that_mends_it(report: Report) -> None:
    boxed = report.suites[0].claims[0]
    assert boxed.verdict == "REFUTED"
    assert [claim.name for claim in boxed.mended_by] == ["second moment"]
    assert all(not claim.mends for suite in report.suites for claim in suite.claims)


def test_svg_is_wellformed_small_and_inert(folder: Path) -> None:
    for path in (folder / "figures").glob("*.svg"):
        assert path.stat().st_size <= 80_000
        root = ElementTree.fromstring(path.read_bytes())
        tags = {element.tag.rsplit("}")[-1] for element in root.iter()}
        assert tags <= {
            "svg",
            "title",
            "defs",
            "style",
            "g",
            "path",
            "use",
            "text",
            "clipPath",
            "rect",
        }
        attributes = {name for element in root.iter() for name in element.attrib}
        assert not [name for name in attributes if name.startswith("on")]


def test_file_names_are_safe_everywhere(folder: Path) -> None:
    for path in (folder / "figures").iterdir():
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,79}\.(svg|png|json)", path.name)


def test_the_users_own_settings_of_matplotlib_change_nothing(report: Report) -> None:
    import matplotlib as mpl

    claim = report.suites[0].claims[0]
    before = draw(claim)
    with mpl.rc_context({"font.size": 20, "lines.linewidth": 9, "axes.grid": True}):
        assert draw(claim) == before


def test_a_run_without_anything_still_has_a_report(tmp_path: Path) -> None:
    write_report(fake_runs.nothing(), tmp_path / "new")
    assert "no claims yet" in (tmp_path / "new" / "report.html").read_text(encoding="utf-8")


def test_a_folder_that_cannot_be_written_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match=r"file.*choose another --out"):
        write_report(run, tmp_path / "file")


def test_figures_of_an_earlier_report_are_removed_and_nothing_else(tmp_path: Path) -> None:
    figures = tmp_path / "figures"
    (figures / "folder.png").mkdir(parents=True)
    for name in ("figures/old.svg", "figures/old.png", "figures/notes.txt", "mine.png"):
        (tmp_path / name).write_text("x")
    write_report(fake_runs.nothing(), tmp_path)
    assert {path.name for path in figures.iterdir()} == {"folder.png", "notes.txt"}
    assert (tmp_path / "mine.png").exists()


def test_pages_have_no_hyphen_for_a_minus(folder: Path) -> None:
    text = (folder / "report.html").read_text(encoding="utf-8").split("<body>")[1]
    shown = re.sub(r"<code.*?</code>|<[^>]*>", " ", text)
    assert not re.findall(r"[\s(=]-\d", shown)


def test_progress_names_every_figure(report: Report, run: Run, tmp_path: Path) -> None:
    said: list[str] = []
    write_report(run, tmp_path, said.append)
    assert len(said) == 14
    assert said[0].startswith("figure 1 of 14")


def test_importing_the_report_is_cheap() -> None:
    code = "import sys, nqmbench.report.write; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"matplotlib", "seaborn", "jinja2"} & set(loaded)
