"""Files that are written whole or not at all.

A reader beside a run, a kill or a full disk never meets half a table: the content goes to a file
beside it, which then takes the name at one stroke. What a killed process has left of such files is
removed by the next one.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

__all__ = ["remove_parts", "write_file", "write_files", "write_shared"]


def write_file(path: Path, content: bytes | str) -> None:
    r"""Give a file a new content.

    Args:
        path: the file; its folder exists.
        content: text is written as UTF-8, without translation of its line ends. Halves of surrogate
            pairs, which a path that is no UTF-8 has, are spelt out as JSON spells them.

    Raises:
        OSError: names `path`, which then has the content that it had.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_file(Path(folder) / "a.csv", "one\n")
    ...     [(p.name, p.read_text()) for p in Path(folder).iterdir()]
    [('a.csv', 'one\n')]
    """
    write_files(path.parent, [(path.name, content)])


def write_files(
    folder: Path, contents: Iterable[tuple[str, bytes | str]], seal: str | None = None
) -> None:
    """Give several files of a folder new contents, all of them or, if a write fails, none.

    Args:
        folder: where they are.
        contents: name and content of each, the seal's last.
        seal: the file that tells that all belong together: it is gone while they are exchanged.

    Raises:
        OSError: names the file.
    """
    paths: list[Path] = []
    try:
        for name, content in contents:
            paths.append(folder / name)
            with named(paths[-1]):
                data = (
                    content
                    if isinstance(content, bytes)
                    else content.encode("utf-8", "backslashreplace")
                )
                part_of(paths[-1]).write_bytes(data)
        if seal is not None:
            (folder / seal).unlink(missing_ok=True)
        for path in paths:
            with named(path):
                os.replace(part_of(path), path)
    except BaseException:
        for path in paths:
            with contextlib.suppress(OSError):  # some have their names already
                part_of(path).unlink()
        raise


def write_shared(path: Path, content: bytes) -> None:
    """Give a file a new content, while other processes may be doing the same.

    Each has a file of its own beside it, so that the last one's content is the whole file's.

    Args:
        path: the file; its folder exists.
        content: of the file.

    Raises:
        OSError: names `path`, which then has the content that it had.
    """
    with named(path):
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as part:
                part.write(content)
            os.replace(name, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise


@contextlib.contextmanager
def named(path: Path) -> Iterator[None]:
    """Let errors name a file, and not the one beside it."""
    try:
        yield
    except OSError as error:
        error.filename, error.filename2 = str(path), None
        raise


def part_of(path: Path) -> Path:
    """The file that has the content before `path` has it.

    >>> part_of(Path("run/verdicts.csv")).name
    '.verdicts.csv.part'
    """
    return path.with_name(f".{path.name}.part")


def remove_parts(folder: Path) -> None:
    """Remove what a process that was killed while it wrote files has left in a folder."""
    for part in folder.glob(".*.part"):
        with contextlib.suppress(OSError):  # what cannot be removed does no harm
            part.unlink()
