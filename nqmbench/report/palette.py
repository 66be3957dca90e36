"""One colour per method, the same in every figure, told apart by colour-blind readers too.

The first colours are those of Okabe and Ito (2008), for the methods that every reader meets. A
method that is not in the table gets one of Paul Tol's muted colours, chosen by a hash of its
title, so that it is the same in every report. Within a method cases differ by lightness and by
marker.
"""

from __future__ import annotations

import colorsys
import hashlib

__all__ = ["INK", "MARKERS", "MUTED", "VERDICT_COLOURS", "colour_of", "shades"]

INK, MUTED = "#1c2127", "#6a737d"

METHODS = {
    "SGD": "#0072b2",
    "heavy ball": "#d55e00",
    "heavy ball, step velocity": "#a8450c",
    "Nesterov": "#009e73",
    "Nesterov, PyTorch form": "#06694e",
    "averaged SGD": "#56b4e9",
    "averaged heavy ball": "#cc79a7",
    "averaged Nesterov": "#7fb800",
    "preconditioned SGD": "#e69f00",
    "preconditioned heavy ball": "#8c564b",
    "averaged preconditioned SGD": "#b8a100",
}
OTHERS = (
    "#332288", "#882255", "#44aa99", "#999933", "#aa4499", "#117733", "#661100", "#6699cc",
    "#888888",
)  # fmt: skip

MARKERS = ("o", "s", "^", "D", "v", "<", ">", "h")

VERDICT_COLOURS = {
    "CONFIRMED": "#0f7b53", "REFUTED": "#c0392b", "INCONCLUSIVE": "#8a6d00", "DIVERGED": "#6b4fa0",
    "ERROR": "#57606a", "INCONSISTENT": "#a3195b",
}  # fmt: skip


def colour_of(method: str) -> str:
    """The colour of a method, by its title.

    >>> colour_of("SGD"), colour_of("my own") == colour_of("my own")
    ('#0072b2', True)
    """
    if method in METHODS:
        return METHODS[method]
    return OTHERS[hashlib.sha256(method.encode("utf-8", "replace")).digest()[0] % len(OTHERS)]


def shades(colour: str, n: int) -> list[str]:
    """The colour in n shades, from dark to light; the colour itself if n is 1.

    >>> shades("#0072b2", 1), len(set(shades("#0072b2", 4)))
    (['#0072b2'], 4)
    """
    if n == 1:
        return [colour]
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    hue, light, saturation = colorsys.rgb_to_hls(red, green, blue)
    reach = min(0.12 * (n - 1), 0.3)
    low, high = max(light - 0.7 * reach, 0.14), min(light + reach, 0.72)
    mixed = [low + (high - low) * j / (n - 1) for j in range(n)]
    rgb = (colorsys.hls_to_rgb(hue, x, saturation) for x in mixed)
    return ["#" + "".join(f"{round(255 * part):02x}" for part in parts) for parts in rgb]
