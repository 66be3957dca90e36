"""File names and anchors that are safe everywhere, made from names that anybody may have chosen.

A name becomes lower-case ASCII letters, digits and hyphens. Nothing of a path survives, names
that a file system reserves are prefixed, and names that fall together get a piece of a hash each.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

__all__ = ["safe_names", "slug"]

RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)")
LIMIT = 80


def slug(text: str, limit: int = LIMIT) -> str:
    """The text as lower-case words joined by hyphens; "x" if nothing is left.

    >>> slug("T1-08: boxed second moment"), slug("../../etc/passwd"), slug("CON")
    ('t1-08-boxed-second-moment', 'etc-passwd', 'x-con')
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", plain)[:limit].strip("-") or "x"
    return f"x-{name}" if RESERVED.fullmatch(name) else name


def safe_names(keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """A different safe name for each pair (suite, claim), at most 80 characters long.

    A name depends on its pair and on whether it collides, never on the order of the pairs.

    >>> safe_names([("sgd", "boxed"), ("sgd", "mean")])
    {('sgd', 'boxed'): 'sgd-boxed', ('sgd', 'mean'): 'sgd-mean'}
    """
    distinct = list(dict.fromkeys(keys))
    full = {key: slug(f"{key[0]}-{key[1]}", 10**6) for key in distinct}
    taken = Counter(name[:LIMIT] for name in full.values())
    named = {}
    for key, name in full.items():
        lossy = len(name) > LIMIT or taken[name] > 1
        mark = hashlib.sha256(repr(key).encode("utf-8", "replace")).hexdigest()[:10]
        named[key] = f"{name[: LIMIT - 11].strip('-')}-{mark}" if lossy else name
    return named
