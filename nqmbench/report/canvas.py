"""The sheet that every figure is drawn on: its fonts and lines, and how it becomes two files.

Figures are made without pyplot and its global state. The same report gives the same bytes: no
dates, a fixed salt for the identifiers, coordinates rounded to a hundredth of a point (which also
halves the files). Text stays text in the SVG, in the reader's own sans-serif font; it is laid out
with the widest of them, DejaVu Sans, which matplotlib brings along, so nothing overlaps with
another one.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.figure import Figure
from PIL import Image

from nqmbench.report.both import Both
from nqmbench.report.palette import INK

__all__ = ["FRAME", "WIDTH", "despine", "files", "legible", "sheet", "style"]

WIDTH = 7.4  # inches
POINTS_PER_INCH = 72  # SVG counts in points
SCALE = 2  # pixels per point
DPI = POINTS_PER_INCH * SCALE
COMPRESSION = 2  # of zlib; more takes half as long again for a tenth of the size
FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, Arial, 'DejaVu Sans', sans-serif"
FRAME = "#9aa3ad"
LINES: Any = {
    "font.family": ["DejaVu Sans"], "font.size": 9.0, "axes.labelsize": 9.0, "legend.fontsize": 8.5,
    "xtick.labelsize": 8.5, "ytick.labelsize": 8.5, "text.parse_math": False, "text.usetex": False,
    "text.color": INK, "axes.labelcolor": INK, "xtick.labelcolor": INK, "ytick.labelcolor": INK,
    "axes.edgecolor": FRAME, "xtick.color": FRAME, "ytick.color": FRAME, "axes.linewidth": 0.8,
    "xtick.major.width": 0.8, "ytick.major.width": 0.8, "xtick.major.size": 3.5,
    "ytick.major.size": 3.5, "xtick.minor.width": 0.6, "ytick.minor.width": 0.6,
    "xtick.minor.size": 2.0, "ytick.minor.size": 2.0, "grid.color": "#e7eaee",
    "grid.linewidth": 0.7,
    "axes.axisbelow": True, "lines.solid_capstyle": "butt", "legend.frameon": False,
    "svg.fonttype": "none", "svg.hashsalt": "nqmbench",
    "text.hinting": "none",  # a text is as wide in dots as it is in lines
}  # fmt: skip
COORDINATES = re.compile(r' (?:d|x|y|transform|points|width|height)="[^"<>]*"')
DECIMALS = re.compile(r"(-?\d+\.\d{2})\d+")
FAMILY = re.compile(r"""font-family: 'DejaVu Sans'(?:; )?""")
POINTS = re.compile(
    r"""(?:\s*<use xlink:href="[^"]*" x="[^"]*" y="[^"]*" style="([^"]*)"/>)"""
    r"""(?:\s*<use [^>]* style="\1"/>)+"""
)
LONG_PATH = re.compile(r' d="(M [^A-KN-Za-y"]{60,})"')  # of lines only, so many characters
METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)


@contextmanager
def style() -> Iterator[None]:
    """All drawing and saving happens inside this, whatever the user's own settings are."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(LINES)
        yield


def sheet(height: float) -> Figure:
    """An empty figure of the common width; height in inches."""
    figure = Figure(figsize=(WIDTH, height))
    FigureCanvasAgg(figure)
    return figure


def despine(axes: Axes, *, left: bool = False) -> None:
    """Take away the frame's upper and right edges (and the left one, for categories)."""
    for edge in ("top", "right", *(["left"] if left else [])):
        axes.spines[edge].set_visible(False)


@cache
def _known() -> frozenset[int]:
    return frozenset(font_manager.get_font(font_manager.findfont("DejaVu Sans")).get_charmap())


def legible(text: str) -> str:
    """The text with every character that the font lacks replaced by an empty box."""
    return "".join(c if ord(c) in _known() else "□" for c in text)


def files(figure: Figure, title: str) -> dict[str, bytes]:
    """The figure as SVG, with a title for readers that cannot see it, and as PNG, drawn at once.

    Returns:
        The contents by ending: {"svg": ..., "png": ...}.
    """
    figure.set_dpi(POINTS_PER_INCH)
    width, height = figure.get_size_inches() * POINTS_PER_INCH
    buffer = io.StringIO()
    metadata = {"Date": None, "Title": title, "Creator": None, "Type": None, "Format": None}
    svg: Any = RendererSVG  # matplotlib's renderers have no types
    agg: Any = RendererAgg
    lines = svg(width, height, buffer, POINTS_PER_INCH, metadata=metadata)
    dots = agg(round(width * SCALE), round(height * SCALE), DPI)
    figure.draw(Both(lines, dots, SCALE))
    lines.finalize()
    picture: Any = Image.frombuffer("RGBA", dots.buffer_rgba().shape[1::-1], dots.buffer_rgba())
    image = io.BytesIO()
    picture.convert("RGB").save(image, "PNG", compress_level=COMPRESSION)
    return {"svg": compact(buffer.getvalue()).encode("utf-8"), "png": image.getvalue()}


def compact(text: str) -> str:
    r"""The same picture in half the bytes: short coordinates, and what is common is said once.

    >>> compact('<path d="M 0.123456 2.5 \nL 3 4"/>')
    '<path d="M 0.12 2.5 L 3 4"/>'
    """

    def once(match: re.Match[str]) -> str:
        bare = match[0].replace(f' style="{match[1]}"', "")
        return f'<g style="{match[1]}">{bare}</g>'

    text = COORDINATES.sub(
        lambda m: " ".join(DECIMALS.sub(r"\1", m[0]).split()).join((" ", "")), text
    )
    text = LONG_PATH.sub(lambda match: f' d="{relative(match[1])}"', text)
    text = METADATA.sub("", POINTS.sub(once, text), count=1)
    text = text.replace("</style>", f"\ntext {{font-family: {FONTS}}}</style>", 1)
    return re.sub(r"\n\s+", "\n", FAMILY.sub("", text))


def relative(path: str) -> str:
    """A path of lines told by the step from each point to the next, in hundredths, without drift.

    >>> relative("M 10.5 20 L 11.5 19.75 L 12 19.75 M 1 2 L 3 4 z")
    'M10.5 20l1-.25 .5 0M1 2l2 2z'
    """
    pieces = []
    for move in path.split("M")[1:]:
        points = [
            (round(100 * float(x)), round(100 * float(y)))
            for x, y in (pair.split() for pair in move.rstrip("z ").split("L"))
        ]
        last = points[0]
        steps = []
        for x, y in points[1:]:
            steps += [x - last[0], y - last[1]]
            last = x, y
        pieces.append(
            "M"
            + row(points[0])
            + ("l" + row(steps) if steps else "")
            + ("z" if "z" in move else "")
        )
    return "".join(pieces)


def row(hundredths: Sequence[int]) -> str:
    """Numbers in a row, with a space only where no sign parts them."""
    text = ""
    for value in hundredths:
        whole, part = divmod(abs(value), 100)
        digits = f"{whole or ''}.{part:02d}".rstrip("0") if part else str(whole)
        sign = "-" if value < 0 else " " if text else ""
        text += sign + digits
    return text
