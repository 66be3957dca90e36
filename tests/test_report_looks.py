"""What a reader sees: contrast, colours told apart, and no text that leaves its figure."""

from __future__ import annotations

from itertools import combinations

import fake_runs
import fake_text
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.text import Text

from nqmbench.report.canvas import style
from nqmbench.report.content import MeanCurve, Panel, SuiteFigure
from nqmbench.report.figures import Drawable, draw, figure_of
from nqmbench.report.palette import INK, METHODS, MUTED, OTHERS, shades
from nqmbench.report.reading import read
from nqmbench.results import Run

pytestmark = pytest.mark.once

LEAST_CONTRAST = 3.0  # Web Content Accessibility Guidelines 2.2, criterion 1.4.11
OVERLAP = 1.0  # pixels at 100 per inch: of boxes that have some air around the letters
LEAST_DISTANCE = 0.10  # in Oklab, where black and white are 1 apart
# Machado, Oliveira and Fernandes 2009: linear RGB as seen without green cones.
DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
     [-0.011820, 0.042940, 0.968881]]
)  # fmt: skip
CONES = np.array(
    [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
     [0.0883024619, 0.2817188376, 0.6299787005]]
)  # fmt: skip
OKLAB = np.array(
    [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
     [0.0259040371, 0.7827717662, -0.8086757660]]
)  # fmt: skip


def linear(colour: str) -> np.ndarray:
    parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast_to_white(colour: str) -> float:
    return 1.05 / (float(linear(colour) @ [0.2126, 0.7152, 0.0722]) + 0.05)


def oklab(light: np.ndarray) -> np.ndarray:
    return OKLAB @ np.cbrt(CONES @ np.clip(light, 0, 1))


def distance(one: str, other: str) -> float:
    seen = [oklab(linear(colour)) for colour in (one, other)]
    without_green = [oklab(DEUTERANOPIA @ linear(colour)) for colour in (one, other)]
    return float(min(np.linalg.norm(np.subtract(*pair)) for pair in (seen, without_green)))


@pytest.mark.parametrize("colour", [*METHODS.values(), *OTHERS, INK, MUTED])
def test_every_shade_stands_out_from_the_page(colour: str) -> None:
    for n in range(1, 9):
        assert min(map(contrast_to_white, shades(colour, n))) >= LEAST_CONTRAST


def test_methods_are_told_apart_with_and_without_green_cones() -> None:
    known = {**METHODS, "the formula": INK}
    distances = {pair: distance(known[pair[0]], known[pair[1]]) for pair in combinations(known, 2)}
    closest = min(distances, key=distances.__getitem__)
    assert distances[closest] >= LEAST_DISTANCE, closest


def test_shades_of_sgd_are_not_those_of_averaged_sgd() -> None:
    plain, averaged = (shades(METHODS[name], 6) for name in ("SGD", "averaged SGD"))
    assert min(distance(a, b) for a in plain for b in averaged) >= LEAST_DISTANCE


def texts_of(axes: Axes) -> list[Text]:
    """The labels and names that stand at a panel, whoever drew them."""
    return [artist for artist in axes.get_children()
            if isinstance(artist, Text) and artist.get_text() and artist.get_visible()]  # fmt: skip


def texts_outside(subject: Drawable) -> list[str]:
    with style(), np.errstate(all="ignore"):
        figure = figure_of(subject)
        figure.draw_without_rendering()
        renderer = figure.canvas.get_renderer()
        ticks = [text for axes in figure.axes for text in texts_of(axes)]
        assert ticks
        keys = [text for legend in figure.legends for text in legend.get_texts()]
        found = []
        for text in (*ticks, *keys, *figure.texts):
            box = text.get_window_extent(renderer)
            if text.get_text() and (
                box.x0 < 0 or box.y0 < 0 or box.x1 > figure.bbox.x1 or box.y1 > figure.bbox.y1
            ):
                found.append(text.get_text())
        return found


def drawn(run: Run) -> list[Drawable]:
    return list(read(run).drawable())


@pytest.mark.parametrize("run", [fake_runs.everything(), fake_text.text()])
def test_no_text_leaves_its_figure(run: Run) -> None:
    outside = {subject.name[:40]: texts_outside(subject) for subject in drawn(run)}
    assert not {name: texts for name, texts in outside.items() if texts}


def labels_collide(subject: Drawable) -> list[tuple[str, str]]:
    """Pairs of words of one figure that lie upon each other."""
    with style(), np.errstate(all="ignore"):
        figure = figure_of(subject)
        figure.draw_without_rendering()
        renderer = figure.canvas.get_renderer()
        texts = [*figure.texts, *(text for axes in figure.axes for text in texts_of(axes)),
                 *(text for legend in figure.legends for text in legend.get_texts())]  # fmt: skip
        boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts]
    seen = [(words, box) for words, box in boxes if words]
    return [(one, other) for (one, a), (other, b) in combinations(seen, 2)
            if min(a.x1, b.x1) - max(a.x0, b.x0) > OVERLAP
            and min(a.y1, b.y1) - max(a.y0, b.y0) > OVERLAP]  # fmt: skip


@pytest.mark.parametrize("run", [fake_runs.everything(), fake_text.text()])
def test_words_of_a_figure_do_not_lie_upon_each_other(run: Run) -> None:
    found = {subject.name[:40]: labels_collide(subject) for subject in drawn(run)}
    assert not {name: pairs for name, pairs in found.items() if pairs}


@pytest.mark.parametrize("letters", range(90, 125, 5))
def test_a_note_that_just_runs_onto_a_second_line_has_room_for_it(letters: int) -> None:
    """A note of 113 letters once stood on two lines where room was left for one."""
    doc = " ".join(["momentum"] * 20)[:letters]
    ones = np.ones(2)
    panel = Panel("p", (MeanCurve("a", "SGD", *([ones] * 6)),))
    assert not labels_collide(SuiteFigure("s", "f", doc, "s-f", "error", (panel,), 10.0))


@pytest.mark.needs_compiler
@pytest.mark.parametrize(
    "every", [pytest.param(8, id="some"), pytest.param(1, id="all", marks=pytest.mark.slow)]
)
def test_no_text_leaves_a_figure_of_the_shipped_suites(quick_run: Run, every: int) -> None:
    for subject in list(drawn(quick_run))[::every]:
        assert not texts_outside(subject), subject.name
        assert not labels_collide(subject), subject.name


def test_figures_that_use_it_name_the_symmetric_logarithmic_axis() -> None:
    claims = {claim.name: claim for claim in drawn(fake_runs.everything())}
    assert b"symlog outside margin" in draw(claims["boxed second moment"])["svg"]
    assert b"symmetric-log outside the margin" in draw(claims["steady state"])["svg"]
    assert b"symlog" not in draw(claims["second moment"])["svg"]
