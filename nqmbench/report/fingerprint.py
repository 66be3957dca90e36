"""A fingerprint of everything that a figure depends on: equal fingerprints, equal files.

That is what the figure shows, the sources of this package, the versions of the libraries that draw,
and the font. Contents are told by their values and never by pickling, whose bytes depend on which
equal objects are the same one. Nothing that draws is imported for it.
"""

from __future__ import annotations

import hashlib
from dataclasses import fields, is_dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from nqmbench.report.content import ClaimPart, SuiteFigure

__all__ = ["Drawable", "canonical", "fingerprint"]

Drawable = ClaimPart | SuiteFigure

LIBRARIES = ("matplotlib", "seaborn", "numpy", "pillow")
FONTS = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")
ELSEWHERE = {"mended_by"}  # other claims, which have figures of their own


def fingerprint(figure: Drawable) -> str:
    """The fingerprint of a figure, in hexadecimal digits.

    Args:
        figure: a claim or a figure of a suite.
    """
    return hashlib.sha256(drawing().encode() + canonical(figure)).hexdigest()


def canonical(value: Any) -> bytes:
    """Bytes that two values share exactly if they are equal in all that they hold.

    Args:
        value: None, a number, a text, an array, or a tuple or dataclass of such.

    Raises:
        TypeError: it holds anything else.

    >>> one, two = "ab", "".join(["a", "b"])
    >>> canonical((one, one)) == canonical((one, two)), canonical((1.0,)) == canonical(("1.0",))
    (True, False)
    """
    return repr(plain(value)).encode()


def plain(value: Any) -> Any:
    """The value as nested tuples of what `repr` tells apart to the last bit."""
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return float(value)  # NumPy's numbers introduce themselves
    if isinstance(value, np.ndarray):
        return "array", value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, tuple):
        return "tuple", *map(plain, value)
    if is_dataclass(value):
        kind: Any = type(value)
        return kind.__name__, *(plain(getattr(value, name)) for name in names(kind))
    raise TypeError(f"a figure cannot depend on {type(value).__name__}")


@cache
def names(kind: Any) -> tuple[str, ...]:
    """The fields of a class that a figure may show."""
    return tuple(f.name for f in fields(kind) if f.name not in ELSEWHERE)


@cache
def drawing() -> str:
    """A digest of the code and the fonts that draw."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        source = path.read_bytes().replace(b"\r\n", b"\n")  # as Git may check it out on Windows
        digest.update(repr((path.name, source)).encode())
    for name in LIBRARIES:
        digest.update(repr((name, version_of(name))).encode())
    for path in font_files():
        digest.update(path.read_bytes())
    return digest.hexdigest()


def version_of(name: str) -> str:
    """The installed version of a package; "" if there is none."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def font_files() -> list[Path]:
    """The files of the font that matplotlib brings along."""
    found = find_spec("matplotlib")
    if found is None or found.origin is None:
        return []
    folder = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"
    return [folder / name for name in FONTS if (folder / name).is_file()]
