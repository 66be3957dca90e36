"""One colour per method, the same in every figure, told apart by colour-blind readers too.

Every colour stands out from white by a contrast of 3:1 at least, as the Web Content Accessibility
Guidelines (1.4.11) ask of lines and marks. The colours of the known methods were chosen so that
the closest two are as far apart as possible in Oklab, also as a reader without green cones sees
them. A method that is not in the table gets one of the others, chosen by a hash of its title, so
that it is the same in every report. Cases of one method differ by marker and by dashes; that each
is a little darker than the one before helps, but nothing depends on it.
"""

from __future__ import annotations

import hashlib

from matplotlib.colors import to_hex

__all__ = [
    "INK", "MARKERS", "METHODS", "MUTED", "OTHERS", "VERDICT_COLOURS", "colour_of", "gradation",
    "shades",
]  # fmt: skip

INK, MUTED = "#1c2127", "#6a737d"

METHODS = {
    "SGD": "#0072b2",
    "heavy ball": "#d55e00",
    "heavy ball, step velocity": "#7b2004",
    "Nesterov": "#805bfe",
    "Nesterov, PyTorch form": "#454d5e",
    "averaged SGD": "#497516",
    "averaged heavy ball": "#d351df",
    "averaged Nesterov": "#a18b95",
    "preconditioned SGD": "#a34b7c",
    "preconditioned heavy ball": "#5b007f",
    "averaged preconditioned SGD": "#0332c7",
}
OTHERS = (
    "#332288", "#882255", "#2a8578", "#7d7d1f", "#aa4499", "#117733", "#661100", "#4a7fb5",
    "#808080",
)  # fmt: skip

MARKERS = ("o", "s", "^", "D", "v", "<", ">", "h")
DARKEST = 0.75  # of the colour's brightness
LIGHTEST = 0.25  # of the gradation: its contrast with white is 3:1

VERDICT_COLOURS = {
    "ERROR": "#57606a", "INCONSISTENT": "#a3195b", "REFUTED": "#c0392b", "DIVERGED": "#6b4fa0",
    "INCONCLUSIVE": "#8a6d00", "CONFIRMED": "#0f7b53",
}  # fmt: skip


def colour_of(method: str) -> str:
    """The colour of a method, by its title.

    >>> colour_of("SGD"), colour_of("my own") == colour_of("my own")
    ('#0072b2', True)
    """
    if method in METHODS:
        return METHODS[method]
    return OTHERS[hashlib.sha256(method.encode("utf-8", "replace")).digest()[0] % len(OTHERS)]


def gradation(n: int) -> list[str]:
    """Colours for n steps of a parameter, from light to dark: seaborn's "flare".

    >>> gradation(1), len(set(gradation(5)))
    (['#e5715e'], 5)
    """
    import seaborn  # only such figures need it, and it is slow to load

    flare = seaborn.color_palette("flare", as_cmap=True)
    steps = [LIGHTEST + (1 - LIGHTEST) * j / max(n - 1, 1) for j in range(n)]
    return [to_hex(flare(step)) for step in steps]


def shades(colour: str, n: int, darkest: float = DARKEST) -> list[str]:
    """The colour in n shades, from itself to a little darker, down to `darkest` of its brightness.

    >>> shades("#0072b2", 1), shades("#0072b2", 2)
    (['#0072b2'], ['#0072b2', '#005686'])
    """
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    steps = [1 - (1 - darkest) * j / max(n - 1, 1) for j in range(n)]
    return ["#" + "".join(f"{round(step * part):02x}" for part in parts) for step in steps]
