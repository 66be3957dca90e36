"""Files that are whole or not there, whenever the program is killed.

A file is written under a name of its own and then moved to the final one, which is a single step of
the file system. What a killed program leaves behind ends in `.part` and is removed by the next.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

__all__ = ["remove_parts", "write_whole"]

ENDING = ".part"


def write_whole(path: Path, content: bytes | str) -> None:
    r"""Write a file; at every moment its name holds what it held before, or all of this.

    Args:
        path: of the file, in a folder that exists.
        content: bytes, or text, which is written in UTF-8 with the line ends that it has.

    Raises:
        OSError: it cannot be written; nothing is left behind.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_whole(Path(folder) / "page", "one\n")
    ...     [path.name for path in Path(folder).iterdir()]
    ['page']
    """
    part = path.with_name(f".{path.name}.{os.getpid()}{ENDING}")
    try:
        part.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        os.replace(part, path)
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def remove_parts(folder: Path) -> None:
    """Remove what killed programs left in a folder; nothing else ends like that."""
    for path in folder.glob(f".*{ENDING}"):
        with suppress(OSError):
            path.unlink()
