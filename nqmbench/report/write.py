"""Writes the report of a run into its folder.

The pages come first and the figures after them, since a reader who interrupts wants the verdicts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nqmbench.errors import cannot_write
from nqmbench.files import write_file

if TYPE_CHECKING:
    from nqmbench.report.content import Report
    from nqmbench.report.figures import Drawable
    from nqmbench.report.workers import Pool
    from nqmbench.results import Run

__all__ = ["write_report"]

ENDINGS = ("svg", "png")


def write_report(
    run: Run,
    folder: Path,
    progress: Callable[[str], None] | None = None,
    workers: int | None = None,
    threads: int | None = None,
) -> None:
    """Write report.html, report.md, statements.html, statements.md and figures/*.svg, *.png.

    The same run gives the same bytes, for any number of workers. Figures that an earlier report
    left in the folder `figures` are removed, and so are its pages of statements if this run has
    none; nothing else is.

    Args:
        run: the results; nothing else is read and nothing is simulated.
        folder: the run's folder; it is made if it does not exist.
        progress: called with one line of text before each figure.
        workers: how many other processes draw; 0 for none, None for as many as there are
            threads, at most 4, if there are enough figures. Where they cannot be started, and
            where one fails, this process draws.
        threads: how many threads may be used; None for those that NQMBENCH_THREADS or the machine
            allows.

    Raises:
        OutputError, DiskError: a file cannot be written, the disk is full.
    """
    # Typesetting and plotting are slow to import, and most commands need neither.
    from nqmbench.report.fonts import font_folder
    from nqmbench.report.reading import read
    from nqmbench.report.workers import pool, worth

    report = read(run)
    drawable: list[Drawable] = list(report.drawable())
    figures = folder / "figures"
    try:
        figures.mkdir(parents=True, exist_ok=True)
        # The workers start while pages are written.
        with font_folder(folder), pool(worth(len(drawable), workers, threads)) as others:
            write_pages(report, folder)
            wanted = {f"{figure.figure}.{ending}" for figure in drawable for ending in ENDINGS}
            for path in figures.iterdir():
                ours = path.suffix.removeprefix(".") in ENDINGS and path.is_file()
                if ours and path.name not in wanted:
                    path.unlink()
            for figure, files in zip(drawable, drawn(drawable, others, progress), strict=True):
                for ending, content in files.items():
                    write_file(figures / f"{figure.figure}.{ending}", content)
    except OSError as error:
        raise cannot_write(folder, error) from error


def write_pages(report: Report, folder: Path) -> None:
    """The pages in both formats."""
    from nqmbench.report.html import html, statements_html
    from nqmbench.report.markdown import markdown, statements_markdown

    pages = {
        "report.md": markdown(report),
        "report.html": html(report),
        "statements.md": statements_markdown(report),
        "statements.html": statements_html(report),
    }
    for name, text in pages.items():
        if text is None:
            (folder / name).unlink(missing_ok=True)
        else:
            write_file(folder / name, text)


def drawn(
    figures: Sequence[Drawable], others: Pool | None, progress: Callable[[str], None] | None
) -> Iterator[dict[str, bytes]]:
    """The files of each figure in turn, from the workers if there are any."""
    import pickle

    waiting = others.draw(figures) if others else [None] * len(figures)
    for i, (figure, coming) in enumerate(zip(figures, waiting, strict=True), 1):
        if progress:
            progress(f"figure {i} of {len(figures)}: {figure.suite}::{figure.name}")
        if coming is not None:
            try:
                yield coming.result()
                continue
            except (OSError, EOFError, pickle.PickleError):
                pass  # what a worker cannot draw is drawn here, and fails here if it must
        from nqmbench.report.figures import draw

        yield draw(figure)
