"""Writes the report of a run into its folder.

The pages come first and the figures after them, since a reader who interrupts wants the verdicts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nqmbench.errors import cannot_write
from nqmbench.files import remove_parts, write_file

if TYPE_CHECKING:
    from nqmbench.report.content import Report
    from nqmbench.report.fingerprint import Drawable
    from nqmbench.report.gallery import Gallery
    from nqmbench.report.workers import Pool
    from nqmbench.results import Run

__all__ = ["prepare", "write_report"]


def write_report(
    run: Run,
    folder: Path,
    progress: Callable[[str], None] | None = None,
    workers: int | None = None,
    threads: int | None = None,
    draw: bool = True,
    while_drawing: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> None:
    """Write report, statements and trust, each as .html and .md, and figures/*.svg, *.png.

    The same run gives the same bytes, for any number of workers. Figures that would come out the
    same are not drawn again (`gallery.py`). Figures that an earlier report left in the folder
    `figures` are removed, and so are its pages of statements if this run has none; nothing else is.

    Every file is written whole, and at every moment the pages show only figures that are there and
    belong to them; in the place of others stands a sentence.

    Args:
        run: the results; nothing else is read and nothing is simulated.
        folder: the run's folder; it is made if it does not exist.
        progress: called with one line of text before each figure.
        workers: how many other processes draw; 0 for none, None for as many as there are
            threads, at most 4, if there are enough figures. Where they cannot be started, and
            where one fails, this process draws.
        threads: how many threads may be used; None for those that NQMBENCH_THREADS or the machine
            allows.
        draw: False writes the pages alone, at once.
        while_drawing: entered while figures are drawn, which takes long and may be given up.

    Raises:
        OutputError, DiskError: a file cannot be written, the disk is full.
    """
    # Typesetting and plotting are slow to import, and most commands need neither.
    from nqmbench.report.gallery import Gallery
    from nqmbench.report.reading import read

    report = read(run)
    every = list(report.drawable())
    try:
        gallery = Gallery.of(folder / "figures")
        remove_parts(folder)
        missing = [figure for figure in every if not gallery.has(figure)]
        write_pages(report, folder, missing)
        if draw:
            gallery.remove_others(every)
        if draw and missing:
            try:
                with while_drawing():
                    fill(gallery, missing, folder, progress, workers, threads)
            finally:  # an interruption too leaves pages that show what is there
                write_pages(report, folder, [f for f in missing if not gallery.has(f)])
    except OSError as error:
        raise cannot_write(folder, error) from error


def prepare() -> None:
    """Load what the pages need, so that they can be written at once when somebody waits for them.

    Nothing that draws is loaded.
    """
    import pandas  # noqa: F401

    from nqmbench.report import gallery, html, markdown, reading  # noqa: F401
    from nqmbench.report.fingerprint import drawing

    html.prepare()
    drawing()


def fill(
    gallery: Gallery,
    missing: Sequence[Drawable],
    folder: Path,
    progress: Callable[[str], None] | None,
    workers: int | None,
    threads: int | None,
) -> None:
    """Draw the missing figures; the arguments are those of `write_report`."""
    from nqmbench.report.fonts import font_folder
    from nqmbench.report.workers import pool, worth

    with font_folder(folder), pool(worth(len(missing), workers, threads)) as others:
        for figure, files in zip(missing, drawn(missing, others, progress), strict=True):
            gallery.put(figure, files)


def write_pages(report: Report, folder: Path, missing: Collection[Drawable]) -> None:
    """The pages in both formats.

    Args:
        report: what they say.
        folder: of the run.
        missing: the figures that are not there.
    """
    from nqmbench.report.html import html, statements_html, trust_html
    from nqmbench.report.markdown import markdown, statements_markdown, trust_markdown

    told = replace(report, undrawn=frozenset(str(figure.figure) for figure in missing))
    pages = {
        "report.md": markdown(told),
        "report.html": html(told),
        "statements.md": statements_markdown(told),
        "statements.html": statements_html(told),
        "trust.md": trust_markdown(told),
        "trust.html": trust_html(told),
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
