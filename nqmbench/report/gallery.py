"""The folder of figures, and the list of what was drawn there.

    figures/drawn.json   by the name of a figure: its fingerprint, and the SHA-256 of its files

A figure is kept while its fingerprint is the same and its files are those that were written;
otherwise it is drawn anew. Files and list are written whole, the list last, so a program that is
killed leaves at worst files that the list does not know, and these are drawn again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nqmbench.files import remove_parts, write_file
from nqmbench.report.fingerprint import Drawable, fingerprint

__all__ = ["ENDINGS", "Gallery"]

ENDINGS = ("svg", "png")
LIST = "drawn.json"
FORMAT = 1  # of the list; another one is not read


@dataclass(frozen=True, eq=False)
class Gallery:
    """The figures of one report.

    Args:
        folder: where their files are.
        known: by name, the fingerprint of a figure and the SHA-256 of its files by ending.
    """

    folder: Path
    known: dict[str, dict[str, str]]

    @classmethod
    def of(cls, folder: Path) -> Gallery:
        """The figures in a folder, which is made if it does not exist.

        A list that cannot be read counts as empty. Parts of files that a killed program has left
        are removed.
        """
        folder.mkdir(parents=True, exist_ok=True)
        remove_parts(folder)
        return cls(folder, listed(folder / LIST))

    def has(self, figure: Drawable) -> bool:
        """True if the files are there, undamaged, and show just this."""
        entry = self.known.get(str(figure.figure), {})
        return entry.get("fingerprint") == fingerprint(figure) and all(
            entry.get(ending) == digest_of(self.path(figure, ending)) for ending in ENDINGS
        )

    def path(self, figure: Drawable, ending: str) -> Path:
        """The file of a figure with this ending."""
        return self.folder / f"{figure.figure}.{ending}"

    def put(self, figure: Drawable, files: Mapping[str, bytes]) -> None:
        """Write the files of a figure, by ending, and then its entry."""
        for ending, content in files.items():
            write_file(self.path(figure, ending), content)
        digests = {ending: hashlib.sha256(files[ending]).hexdigest() for ending in ENDINGS}
        self.known[str(figure.figure)] = {"fingerprint": fingerprint(figure), **digests}
        self._write()

    def remove_others(self, figures: Collection[Drawable]) -> None:
        """Remove the figures of earlier reports that are none of these, and nothing else."""
        names = {figure.figure for figure in figures}
        for path in self.folder.iterdir():
            ours = path.suffix.removeprefix(".") in ENDINGS and path.is_file()
            if ours and path.stem not in names:
                path.unlink()
        if gone := self.known.keys() - names:
            for name in gone:
                del self.known[name]
            self._write()

    def _write(self) -> None:
        if self.known:
            entries = dict(sorted(self.known.items()))
            text = json.dumps({"format": FORMAT, "figures": entries}, indent=1)
            write_file(self.folder / LIST, text + "\n")
        else:
            (self.folder / LIST).unlink(missing_ok=True)


def listed(path: Path) -> dict[str, dict[str, str]]:
    """The entries of a list; none if it cannot be read or is not one."""
    try:
        found: Any = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        return {}
    entries = found.get("figures")
    if not isinstance(entries, dict):
        return {}
    return {name: entry for name, entry in entries.items() if isinstance(entry, dict)}


def digest_of(path: Path) -> str:
    """The SHA-256 of a file; "" if it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
