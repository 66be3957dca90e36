"""Writes the report of a run into its folder.

The pages come first and the figures after them, since a reader who interrupts wants the verdicts.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from nqmbench.errors import cannot_write

if TYPE_CHECKING:
    from nqmbench.results import Run

__all__ = ["write_report"]

ENDINGS = ("svg", "png")


def write_report(run: Run, folder: Path, progress: Callable[[str], None] | None = None) -> None:
    """Write report.html, report.md and figures/*.svg, *.png.

    The same run gives the same bytes. Figures that an earlier report left in
    the folder `figures` are removed; nothing else is.

    Args:
        run: the results; nothing else is read and nothing is simulated.
        folder: the run's folder; it is made if it does not exist.
        progress: called with one line of text before each figure.

    Raises:
        OutputError, DiskError: a file cannot be written, the disk is full.
    """
    # Typesetting and plotting are slow to import, and most commands need neither.
    from nqmbench.report.html import html
    from nqmbench.report.markdown import markdown
    from nqmbench.report.reading import read

    report = read(run)
    drawable = [claim for claim in report.every() if claim.figure]
    figures = folder / "figures"
    try:
        figures.mkdir(parents=True, exist_ok=True)
        (folder / "report.md").write_text(markdown(report), encoding="utf-8", newline="\n")
        (folder / "report.html").write_text(html(report), encoding="utf-8", newline="\n")
        wanted = {f"{claim.figure}.{ending}" for claim in drawable for ending in ENDINGS}
        for path in figures.iterdir():
            ours = path.suffix.removeprefix(".") in ENDINGS and path.is_file()
            if ours and path.name not in wanted:
                path.unlink()
        for i, claim in enumerate(drawable, 1):
            if progress:
                progress(f"figure {i} of {len(drawable)}: {claim.suite}::{claim.name}")
            from nqmbench.report.figures import draw

            for ending, content in draw(claim).items():
                (figures / f"{claim.figure}.{ending}").write_bytes(content)
    except OSError as error:
        raise cannot_write(folder, error) from error
