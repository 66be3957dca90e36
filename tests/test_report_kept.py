"""Figures are drawn once: what is kept, what is drawn anew, and what a kill leaves behind."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import fake_curves
import numpy as np
import pytest
from fake_builder import STEPS, Builder, second_moment

from nqmbench.files import write_file
from nqmbench.report import figures, fingerprint, workers, write_report
from nqmbench.report.reading import read
from nqmbench.report.story import UNDRAWN
from nqmbench.results import Run, load_run

NAMES = ["sgd::side by side", "sgd::right", "sgd::wrong"]


@pytest.fixture
def run() -> Run:
    """Two claims and a figure of their suite."""
    b = Builder()
    for name, factor in (("right", 1.0), ("wrong", 0.5)):
        b.claim("sgd", name, "CONFIRMED" if factor == 1 else "REFUTED", ref="T1-01", reason="so")
        claimed = second_moment(STEPS, 1.0, 0.1, 1, factor)
        b.case("h=1, SGD(lr=0.1), B=1", claimed, second_moment(STEPS, 1.0, 0.1, 1))
    b.figure("sgd", "side by side", fake_curves.rows("side by side"))
    return b.run()


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The figures that were drawn; their files are not pictures but quick."""
    found: list[str] = []

    def draw(figure: fingerprint.Drawable) -> dict[str, bytes]:
        found.append(f"{figure.suite}::{figure.name}")
        content = fingerprint.fingerprint(figure).encode()
        return {"svg": b"<svg>" + content, "png": b"PNG" + content}

    monkeypatch.setattr(figures, "draw", draw)
    return found


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def images(folder: Path) -> set[str]:
    """Every image of the pages; all of them exist."""
    page = (folder / "report.html").read_text(encoding="utf-8")
    text = (folder / "report.md").read_text(encoding="utf-8")
    found = {*re.findall(r'src="([^"]*)"', page), *re.findall(r"!\[[^]]*\]\(([^)]*)\)", text)}
    assert all((folder / name).is_file() for name in found)
    return found


def changed(run: Run, claim: str) -> Run:
    """The run with one other estimate."""
    cells = run.cells.copy()
    cells.loc[cells.index[cells["claim"] == claim][3], "estimate"] *= 1.0 + 1e-9
    return replace(run, cells=cells)


def test_a_second_report_draws_nothing(run: Run, tmp_path: Path, drawn: list[str]) -> None:
    write_report(run, tmp_path, workers=0)
    assert drawn == NAMES
    first = bytes_of(tmp_path)
    said: list[str] = []
    write_report(run, tmp_path, said.append, workers=0)
    assert drawn == NAMES
    assert not said
    assert bytes_of(tmp_path) == first


def test_where_nothing_is_drawn_no_worker_is_started(
    run: Run, tmp_path: Path, drawn: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_report(run, tmp_path, workers=0)

    def refuse(self: object) -> None:
        raise AssertionError("a worker is started")

    monkeypatch.setattr(workers.Worker, "__init__", refuse)
    write_report(run, tmp_path, workers=2)
    with pytest.raises(AssertionError):  # the control: a figure to draw starts one
        write_report(changed(run, "right"), tmp_path, workers=2)


def test_the_report_of_a_folder_keeps_what_its_run_has_drawn_and_loads_no_plotting_library(
    run: Run, tmp_path: Path, drawn: list[str]
) -> None:
    run.verdicts.loc[0, "deviation"] = run.about["suites"][0]["claims"][0]["deviation"] = np.inf
    run.save(tmp_path)
    write_report(run, tmp_path, workers=0)
    first = bytes_of(tmp_path)
    code = (
        "import sys, pathlib; from nqmbench.cli import main\n"
        "main(['report', sys.argv[1]]) if len(sys.argv) > 1 else None\n"
        "print(sorted({'matplotlib', 'seaborn', 'numba', 'scipy', 'sympy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert bytes_of(tmp_path) == first


@pytest.mark.parametrize("claim", ["right", "wrong"])
def test_a_changed_number_draws_its_own_figure_anew_and_no_other(
    run: Run, tmp_path: Path, drawn: list[str], claim: str
) -> None:
    write_report(run, tmp_path, workers=0)
    del drawn[:]
    write_report(changed(run, claim), tmp_path, workers=0)
    assert drawn == [f"sgd::{claim}"]


def test_a_changed_curve_draws_the_figure_of_the_suite_anew(
    run: Run, tmp_path: Path, drawn: list[str]
) -> None:
    write_report(run, tmp_path, workers=0)
    del drawn[:]
    curves = run.curves.copy()
    curves.loc[5, "single"] += 1e-9
    write_report(replace(run, curves=curves), tmp_path, workers=0)
    assert drawn == NAMES[:1]


@pytest.mark.parametrize("ending", ["svg", "png"])
@pytest.mark.parametrize("damage", ["edited", "cut", "removed"])
def test_a_damaged_file_is_drawn_anew(
    run: Run, tmp_path: Path, drawn: list[str], ending: str, damage: str
) -> None:
    write_report(run, tmp_path, workers=0)
    first = bytes_of(tmp_path)
    path = tmp_path / "figures" / f"sgd-wrong.{ending}"
    content = path.read_bytes()
    if damage in ("edited", "cut"):
        path.write_bytes(content[:-1] + (b"x" if damage == "edited" else b""))
    else:
        path.unlink()
    del drawn[:]
    write_report(run, tmp_path, workers=0)
    assert drawn == ["sgd::wrong"]
    assert bytes_of(tmp_path) == first


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"format": 2, "figures": {}}', '{"format": 1, "figures": 3}',
             '{"format": 1, "figures": {"sgd-right": 3}}', "\x00"],
)  # fmt: skip
def test_without_a_list_that_can_be_read_all_is_drawn(
    run: Run, tmp_path: Path, drawn: list[str], text: str
) -> None:
    write_report(run, tmp_path, workers=0)
    first = bytes_of(tmp_path)
    (tmp_path / "figures" / "drawn.json").write_text(text)
    write_report(run, tmp_path, workers=0)
    assert drawn == [*NAMES, *NAMES]
    assert bytes_of(tmp_path) == first


def test_a_figure_that_is_gone_leaves_the_list(run: Run, tmp_path: Path, drawn: list[str]) -> None:
    write_report(run, tmp_path, workers=0)
    write_report(replace(run, curves=run.curves.iloc[:0]), tmp_path, workers=0)
    listed = json.loads((tmp_path / "figures" / "drawn.json").read_text())
    assert set(listed["figures"]) == {"sgd-right", "sgd-wrong"}
    assert drawn == NAMES


def test_other_code_or_another_library_draws_anew(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (figure, *_) = read(run).drawable()
    before = fingerprint.fingerprint(figure)
    assert fingerprint.fingerprint(next(read(run).drawable())) == before
    versions = dict.fromkeys(fingerprint.LIBRARIES, "1.0")
    for name in fingerprint.LIBRARIES:
        monkeypatch.setattr(fingerprint, "version_of", (versions | {name: "2.0"}).get)
        fingerprint.drawing.cache_clear()
        found = fingerprint.fingerprint(figure)
        assert found != before
        before = found
    monkeypatch.setattr(fingerprint, "font_files", lambda: [Path(__file__)])
    fingerprint.drawing.cache_clear()
    assert fingerprint.fingerprint(figure) != before
    monkeypatch.undo()
    fingerprint.drawing.cache_clear()


def test_values_that_differ_have_different_bytes() -> None:
    values = [
        None, 0, 0.0, -0.0, "0", "", (), ((),), (0, 1), (1, 0), np.zeros(2), np.zeros(3),
        np.zeros(2, dtype=np.float32), np.array([0.0, -0.0]), np.array([0.0, np.nan]), float("nan"),
        ("a", "bc"), ("ab", "c"), np.zeros((1, 2)),
    ]  # fmt: skip
    found = [fingerprint.canonical(value) for value in values]
    assert len(set(found)) == len(found)
    assert fingerprint.canonical(np.float64(0.5)) == fingerprint.canonical(0.5)
    with pytest.raises(TypeError, match="cannot depend on object"):
        fingerprint.canonical((object(),))


class Killed(BaseException):
    """The end of the process, as far as it can be simulated inside it."""


def test_a_kill_at_any_moment_leaves_whole_files_and_no_broken_image(
    run: Run, tmp_path: Path, drawn: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, moved = tmp_path / "whole", os.replace
    write_report(changed(run, "right"), tmp_path / "before", workers=0)
    write_report(run, whole, workers=0)
    legal = {**{k: [v] for k, v in bytes_of(whole).items()}}
    for name, content in bytes_of(tmp_path / "before").items():
        legal.setdefault(name, []).append(content)
    moments = 0
    while True:
        folder, left = tmp_path / f"killed {moments}", moments
        write_report(changed(run, "right"), folder, workers=0)

        def move(*paths: Path) -> None:
            nonlocal left
            left -= 1
            if left < 0:  # and so is everything that a dead process would still do
                raise Killed
            moved(*paths)

        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", move)
            patch.setattr(Path, "unlink", lambda *_, **__: move())
            try:
                write_report(run, folder, workers=0)
            except Killed:
                pass
            else:
                break
        found = bytes_of(folder)
        for name in [name for name in found if name.startswith("figures/sgd")]:
            assert found[name] in legal[name]
        images(folder)
        assert [name for name in found if name.endswith(".part")]
        write_report(run, folder, workers=0)
        assert bytes_of(folder) == bytes_of(whole)
        moments += 1
    assert moments > 10  # pages, two files, the list, pages


def test_an_interruption_shows_what_is_drawn(run: Run, tmp_path: Path, drawn: list[str]) -> None:
    def interrupt(line: str) -> None:
        if line.startswith("figure 3"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_report(run, tmp_path, interrupt, workers=0)
    assert {Path(name).stem for name in images(tmp_path)} == {
        "figure-of-sgd-side-by-side",
        "sgd-right",
    }
    write_report(run, tmp_path, workers=0)
    assert drawn == NAMES
    assert len(images(tmp_path)) == 6


def test_without_drawing_a_sentence_stands_in_the_place_of_every_missing_figure(
    run: Run, tmp_path: Path, drawn: list[str]
) -> None:
    write_report(run, tmp_path, draw=False)
    assert not drawn
    assert not images(tmp_path)
    for page in ("report.html", "report.md"):
        text = (tmp_path / page).read_text(encoding="utf-8").replace("&#39;", "'")
        assert text.count(UNDRAWN) == 3
    write_report(run, tmp_path, workers=0)
    assert len(images(tmp_path)) == 6
    before = bytes_of(tmp_path)
    write_report(run, tmp_path, draw=False)
    assert bytes_of(tmp_path) == before


def test_without_drawing_a_figure_of_other_numbers_is_not_shown_and_not_lost(
    run: Run, tmp_path: Path, drawn: list[str]
) -> None:
    write_report(run, tmp_path, workers=0)
    del drawn[:]
    write_report(changed(run, "wrong"), tmp_path, draw=False)
    assert {Path(name).stem for name in images(tmp_path)} == {
        "figure-of-sgd-side-by-side",
        "sgd-right",
    }
    write_report(run, tmp_path, draw=False)
    assert len(images(tmp_path)) == 6
    assert not drawn


def test_real_figures_are_kept_too(run: Run, tmp_path: Path) -> None:
    write_report(run, tmp_path, workers=0)
    first = bytes_of(tmp_path)
    said: list[str] = []
    write_report(run, tmp_path, said.append, workers=0)
    assert not said
    assert bytes_of(tmp_path) == first


def test_the_file_that_was_there_stays_until_the_new_one_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "page"
    write_file(path, "before\r\n")

    def full(self: Path, content: bytes) -> int:
        with open(self, "wb") as file:
            file.write(content[:3])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(OSError, match="No space left"):
            write_file(path, "after")
    assert bytes_of(tmp_path) == {"page": b"before\r\n"}


def test_a_loaded_run_reads_like_the_one_in_memory(run: Run, tmp_path: Path) -> None:
    run.save(tmp_path)
    saved = read(load_run(tmp_path)).drawable()
    for one, other in zip(read(run).drawable(), saved, strict=True):
        assert fingerprint.canonical(one) == fingerprint.canonical(other)
