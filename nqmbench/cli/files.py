"""Commands about results files: merge, cache info, cache clear."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

import click

from nqmbench.cli.options import path

__all__ = ["cache", "merge"]

RESULTS = "run.sqlite"


@click.command()
@click.argument("runs", nargs=-1, required=True, type=path, metavar="RUN...")
@click.option("--out", required=True, type=path, metavar="DIR", help="Folder of the whole run.")
def merge(runs: Sequence[str], out: str) -> None:
    """Join what the shards of a run have simulated; the whole run then finds it there."""
    from nqmbench.folder import try_out
    from nqmbench.shards import merge as join
    from nqmbench.shards import whole_command

    place = Path(out)
    whole = whole_command([Path(run) for run in runs])
    try_out(place)
    for sentence in join([results_of(run) for run in runs], place / RESULTS):
        click.echo(f"note: {sentence}", err=True)
    show_info(place / RESULTS)
    click.echo(f"now judge it: {whole} --out {shlex.quote(str(place))}")


@click.group()
def cache() -> None:
    """Look into the results file of a run, or empty it."""


@cache.command()
@click.argument("run", type=path, metavar="RUN", default="reports/latest")
def info(run: str) -> None:
    """What the results file of a run (default: the last one) holds; every record is checked.

    Also how many exact tables are kept for all runs, and where.
    """
    show_info(results_of(run))
    show_tables("exact tables  {}, for all runs")


@cache.command()
@click.argument("run", type=path, metavar="RUN")
@click.option("--old", is_flag=True, help="Only what another version of the program simulated.")
def clear(run: str, old: bool) -> None:
    """Empty the results file of a run; its tables and its report stay.

    The exact tables that are kept for all runs stay too; their folder may be deleted at any time.
    """
    from nqmbench.address import code_digest
    from nqmbench.store import Store

    path = results_of(run)
    with Store.open(path) as store:
        before = store.info()
        store.clear(code_digest() if old else None)
        after = store.info()
    gone = before.records - after.records
    click.echo(f"{path}: {gone} of {before.records} records removed")
    click.echo(f"{megabytes(before.size)} before, {megabytes(after.size)} now")
    show_tables("not touched: exact tables of all runs, {}; the folder may be deleted")


def results_of(run: str) -> Path:
    """The results file of a run's folder; a file is taken as it is.

    Raises:
        UsageError: there is none.
    """
    from nqmbench.errors import UsageError

    # os.path: no error where the name is too long to be one
    file = Path(run) / RESULTS if os.path.isdir(run) else Path(run)
    if not os.path.isfile(file):
        raise UsageError(f"{file}: no results file; allowed: one that a run has written")
    return file


def show_info(path: Path) -> None:
    """Print what a results file holds."""
    from nqmbench.address import code_digest
    from nqmbench.store import Store

    with Store.open(path, readonly=True) as store:
        found, facts, codes = store.info(), store.facts, store.codes()
    click.echo(f"results file  {found.path}, {megabytes(found.size)}")
    click.echo(f"made with     {', '.join(f'{k} {v}' for k, v in facts.items()) or 'nothing yet'}")
    click.echo(
        f"holds         {found.records} records of {found.experiments} experiments, "
        f"{found.trajectories:.3g} trajectories"
    )
    older = [code for code in codes if code != code_digest()]
    if older:
        click.echo(
            f"of these      some are of {len(older)} other version(s) of the simulation and are "
            "not used; `cache clear --old` removes them"
        )
    if found.damaged:
        click.echo(f"damaged       {found.damaged} records, computed again when they are needed")


def show_tables(sentence: str) -> None:
    """Print how many exact tables are kept, and where, if there are any."""
    from nqmbench.kept import kept_tables

    tables = kept_tables()
    if tables.files:
        click.echo(sentence.format(f"{tables.files} in {tables.folder}, {megabytes(tables.size)}"))


def megabytes(size: int) -> str:
    """A size for people.

    >>> megabytes(12_345_678)
    '12.3 MB'
    """
    return f"{size / 1e6:.1f} MB"
