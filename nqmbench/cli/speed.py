"""Commands about the speed of the kernels: perf run, perf compare."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from nqmbench.cli.options import path

__all__ = ["perf"]


@click.group()
def perf() -> None:
    """Measure how fast the program is, and compare two such records."""


@perf.command(name="run")
@click.option(
    "--out",
    type=path,
    metavar="FILE",
    help="The record; default reports/perf/DATE-TIME-REVISION.json.",
)
@click.option("--only", multiple=True, metavar="GLOB", help="Only these benchmarks; repeatable.")
@click.option("--quick", is_flag=True, help="Fewer rounds: faster, with wider intervals.")
def perf_run(out: str | None, only: Sequence[str], quick: bool) -> None:
    """Run the benchmarks and keep their times (about three minutes)."""
    from nqmbench.perf import run as run_benchmarks

    place = run_benchmarks(out, only=only, quick=quick)
    click.echo(f"record: {place}")


@perf.command(name="compare")
@click.argument("before", type=path, metavar="BEFORE")
@click.argument("after", type=path, metavar="AFTER")
@click.option(
    "--threshold", default=0.1, show_default=True, help="How much slower matters; 0.1 is 10 %."
)
def perf_compare(before: str, after: str, threshold: float) -> None:
    """Compare two records, without running anything; exit with 1 if a benchmark became slower."""
    from nqmbench.perf import compare, read_record
    from nqmbench.perf.table import print_comparison

    old, new = read_record(before), read_record(after)
    comparison = compare(old, new, threshold)
    print_comparison(old, new, comparison)
    sys.exit(int(bool(comparison.regressions)))
