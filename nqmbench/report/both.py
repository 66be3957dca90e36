"""A renderer that draws a figure once into two files.

Most of the time of a drawing goes into the artists: layout, transforms, the places of labels. What
they tell their renderer is the same for lines (SVG, in points) and for dots (Agg, in pixels) but
for a factor, so it is passed on to both. Words become dots once: most stand in every figure.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib import font_manager
from matplotlib.backend_bases import GraphicsContextBase, RendererBase
from matplotlib.backends.backend_agg import get_hinting_flag
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath
from matplotlib.transforms import Affine2D, TransformedBbox
from numpy.typing import NDArray

__all__ = ["Both"]

Bytes = NDArray[np.uint8]
hinting: Any = get_hinting_flag

TEXTS = TextToPath()


class Both(RendererBase):
    """Passes everything on to two renderers.

    Args:
        lines: the renderer whose units the figure is laid out in.
        dots: the renderer of a canvas that is `scale` times as wide and as high.
    """

    def __init__(self, lines: Any, dots: Any, scale: float) -> None:
        super().__init__()
        self.lines, self.dots, self.scale = lines, dots, scale
        self.larger = Affine2D().scale(scale)

    def enlarged(self, gc: Any) -> GraphicsContextBase:
        """The graphics context of the dots; widths and dashes are told in points to both."""
        copy = GraphicsContextBase()
        copy.copy_properties(gc)
        clip: Any = gc.get_clip_rectangle()
        if clip is not None:
            larger: Any = TransformedBbox(clip, self.larger)
            copy.set_clip_rectangle(larger)
        return copy

    def draw_path(self, gc: Any, path: Any, transform: Any, rgbFace: Any = None) -> None:
        """A line or a filled shape."""
        self.lines.draw_path(gc, path, transform, rgbFace)
        self.dots.draw_path(self.enlarged(gc), path, transform + self.larger, rgbFace)

    def draw_markers(
        self,
        gc: Any,
        marker_path: Any,
        marker_trans: Any,
        path: Any,
        trans: Any,
        rgbFace: Any = None,
    ) -> None:
        """The same mark at many places."""
        self.lines.draw_markers(gc, marker_path, marker_trans, path, trans, rgbFace)
        large = self.larger
        self.dots.draw_markers(
            self.enlarged(gc), marker_path, marker_trans + large, path, trans + large, rgbFace
        )

    def draw_text(
        self, gc: Any, x: float, y: float, s: str, prop: Any, angle: float,
        ismath: Any = False, mtext: Any = None,
    ) -> None:  # fmt: skip
        """One line of text."""
        self.lines.draw_text(gc, x, y, s, prop, angle, ismath, mtext)
        if angle not in (0, 90) or ismath:
            self.dots.draw_text(
                self.enlarged(gc), x * self.scale, y * self.scale, s, prop, angle, ismath, mtext
            )
            return
        shape, left, descent = bitmap(s, prop, self.dots.dpi)
        rgba = np.empty((*shape.shape, 4), dtype=np.uint8)
        rgba[..., :3] = np.round(255 * np.array(gc.get_rgb()[:3]))
        rgba[..., 3] = shape
        right, down = x * self.scale, y * self.scale
        if angle == 0:
            corner = (round(right + left), round(down + descent))
        else:
            rgba = np.rot90(rgba)
            corner = (round(right + descent) - rgba.shape[1], round(down - left))
        # An image is placed by its lower left corner and read from its last line upwards.
        place = (corner[0], self.dots.height - corner[1])
        self.dots.draw_image(self.enlarged(gc), *place, np.ascontiguousarray(rgba[::-1]))

    def open_group(self, s: str, gid: str | None = None) -> None:
        """Lines are grouped; dots cannot be."""
        self.lines.open_group(s, gid)

    def close_group(self, s: str) -> None:
        """The end of a group."""
        self.lines.close_group(s)

    def flipy(self) -> bool:
        """True: both count y downwards."""
        return True

    def get_canvas_width_height(self) -> Any:
        """The size in the units of the lines."""
        return self.lines.get_canvas_width_height()

    def get_text_width_height_descent(self, s: str, prop: Any, ismath: Any) -> Any:
        """The size of a text in the units of the lines."""
        return size_of(s, prop, ismath)


@lru_cache(maxsize=4096)
def size_of(text: str, font: FontProperties, ismath: Any) -> tuple[float, float, float]:
    """Width, height and descent in points; a report says the same words in every figure."""
    return TEXTS.get_text_width_height_descent(text, font, ismath)


@lru_cache(maxsize=4096)
def bitmap(text: str, font: FontProperties, dpi: float) -> tuple[Bytes, float, float]:
    """A line of text as grey values, with its left bearing and its descent in pixels."""
    face: Any = font_manager.get_font(font_manager.findfont(font))
    face.set_size(font.get_size_in_points(), dpi)
    face.set_text(text, 0.0, flags=hinting())
    face.draw_glyphs_to_bitmap(antialiased=True)
    shape = np.array(face.get_image(), dtype=np.uint8)
    return shape, face.get_bitmap_offset()[0] / 64, face.get_descent() / 64
