"""The command line: `python -m nqmbench run | list | show | report | perf | doctor`.

Commands, no logic.

Heavy modules are imported inside the commands, so that `list` answers at once.
"""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nqmbench.errors import DiskError, NqmbenchError, cannot_write

if TYPE_CHECKING:
    from nqmbench.plan import Plan
    from nqmbench.results import Run

__all__ = ["main"]

INTERNAL, INPUT_OUTPUT, INCONCLUSIVE, INTERRUPTED = 70, 74, 3, 130

SMALLER = (
    "what was simulated is kept; repeat the command with more memory or fewer --threads, or make "
    "the experiments smaller (coordinates, observables such as w2[i], checkpoints)"
)

suites_option = click.option(
    "--suites", "folder", metavar="DIR", help="Folder of suite files; replaces the shipped suites."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="nqmbench")
def cli() -> None:
    """Check the formulas of stochastic optimisation against simulated trajectories."""


@cli.command()
@click.argument("names", nargs=-1, required=True, metavar="SUITE...")
@click.option(
    "--preset",
    default="standard",
    show_default=True,
    help="quick, standard or strict: how finely and how long.",
)
@click.option(
    "--seed", default="0", show_default=True, help="Seed of the random streams, 0..2^64-1."
)
@click.option(
    "--threads", default=None, help="Number of threads; default: every core that may be used."
)
@click.option("--precision", default="mixed", show_default=True, help="mixed, f32 or f64.")
@click.option(
    "--out", metavar="DIR", help="Folder of the results; default reports/SUITES-PRESET-SEED."
)
@click.option("--no-cache", is_flag=True, help="Neither read nor write the results file.")
@click.option("--fail-inconclusive", is_flag=True, help="Exit with 3 if a claim stays open.")
@suites_option
def run(
    names: Sequence[str],
    preset: str,
    seed: str,
    threads: str | None,
    precision: str,
    out: str | None,
    no_cache: bool,
    fail_inconclusive: bool,
    folder: str | None,
) -> None:
    """Judge every claim of the named suites (names, globs, or "all") and write a report."""
    from nqmbench.console import Watcher, print_summary
    from nqmbench.folder import take
    from nqmbench.runner import run as run_suites

    place = Path(out) if out else Path("reports") / folder_name(names, preset, seed)
    asked = None if threads is None else number(threads)

    wanted = {
        "names": list(names),
        "suites": folder or "shipped",
        "seed": number(seed),
        "precision": precision,
    }

    def begin(plan: Plan) -> None:
        held.enter_context(take(place, wanted, [suite.name for suite in plan.suites]))
        tell_threads(asked)

    with ExitStack() as held, Watcher(before=begin) as watcher:
        result = run_suites(
            list(names),
            preset=preset,
            seed=number(seed),
            threads=asked,
            precision=precision,
            suites=folder,
            observer=watcher,
            results=None if no_cache else place / "run.sqlite",
        )
        write(result, place, watcher, None if threads is None else number(threads))
    print_summary(result, place)
    counts = result.about["run"]["counts"]
    if result.exit_code == 0 and fail_inconclusive and counts["INCONCLUSIVE"]:
        sys.exit(INCONCLUSIVE)
    sys.exit(result.exit_code)


@cli.command(name="list")
@suites_option
def list_suites(folder: str | None) -> None:
    """The suites, and how many claims each of them holds."""
    from nqmbench.suites import load_suites

    suites = load_suites(folder)
    width = max(len(s.name) for s in suites)
    for suite in suites:
        claims = "claim " if len(suite.items) == 1 else "claims"
        click.echo(f"{suite.name:<{width}}  {len(suite.items):>3} {claims}  {suite.summary}")


@cli.command()
@click.argument("name", metavar="SUITE[::CLAIM]")
@suites_option
def show(name: str, folder: str | None) -> None:
    """What a suite, or one of its claims or figures, says and tests."""
    from nqmbench.showing import show_statement, show_suite
    from nqmbench.suites import load_suites, select

    suite_name, _, inside = name.partition("::")
    (suite, *_) = select(load_suites(folder), [suite_name])
    click.echo(show_statement(suite, inside) if inside else show_suite(suite))


@cli.command()
@click.argument("folder", metavar="RUN")
def report(folder: str) -> None:
    """Write the report of a finished run again, from its tables."""
    from nqmbench.folder import hold
    from nqmbench.report import write_report
    from nqmbench.results import load_run

    place = Path(folder)
    result = load_run(place)
    with hold(place):
        write_report(result, place)
    click.echo(f"report: {place / 'report.html'}")


@cli.command()
@click.option("--json", "machine", is_flag=True, help="As JSON, for machines.")
def doctor(machine: bool) -> None:
    """Look over the installation: what is there, how fast it is, and what to do about trouble."""
    from nqmbench.doctor import as_json, examine, exit_code, print_findings

    if machine:
        findings = list(examine())
        click.echo(as_json(findings))
    else:
        findings = print_findings(examine())
    sys.exit(exit_code(findings))


@cli.group()
def perf() -> None:
    """Measure how fast the program is, and compare two such records."""


@perf.command(name="run")
@click.option(
    "--out", metavar="FILE", help="The record; default reports/perf/DATE-TIME-REVISION.json."
)
@click.option("--only", multiple=True, metavar="GLOB", help="Only these benchmarks; repeatable.")
@click.option("--quick", is_flag=True, help="Fewer rounds: faster, with wider intervals.")
def perf_run(out: str | None, only: Sequence[str], quick: bool) -> None:
    """Run the benchmarks and keep their times (about three minutes)."""
    from nqmbench.perf import run as run_benchmarks

    place = run_benchmarks(out, only=only, quick=quick)
    click.echo(f"record: {place}")


@perf.command(name="compare")
@click.argument("before", metavar="BEFORE")
@click.argument("after", metavar="AFTER")
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


def write(result: Run, place: Path, watcher: Any, threads: int | None = None) -> None:
    """Tables first, so that nothing is lost if drawing fails; then the report."""
    from nqmbench.report import write_report

    result.save(place)
    point_latest(place)
    try:
        write_report(result, place, watcher.say, threads=threads)
    except KeyboardInterrupt:
        click.echo(f"interrupted: the tables are in {place}; `report {place}` draws", err=True)
        sys.exit(INTERRUPTED)


def tell_threads(asked: int | None) -> None:
    """Say so where the option or NQMBENCH_THREADS asks for more threads than there are."""
    from nqmbench.arguments import Arguments
    from nqmbench.simulation import usable_threads
    from nqmbench.threads import check_threads

    wanted = check_threads(Arguments("run"), asked)
    usable = usable_threads(wanted)
    if usable < wanted:
        click.echo(f"note: {wanted} threads are asked for, {usable} are there and used", err=True)


def point_latest(place: Path) -> None:
    """Let `latest` beside the run's folder point to it, where the file system has links."""
    link = place.parent / "latest"
    if place.name == "latest" or place.parent.name != "reports":
        return
    try:
        if link.is_symlink() or not link.exists():
            link.unlink(missing_ok=True)
            link.symlink_to(place.name)
    except OSError:
        click.echo(f"note: {link} could not be set to {place.name}", err=True)


def folder_name(names: Sequence[str], preset: str, seed: str) -> str:
    """The folder's name from the arguments; what is not a letter or digit becomes "-".

    >>> folder_name(["sgd", "mom*"], "quick", "0")
    'sgd-mom--quick-0'
    """
    text = "-".join([*names, preset, seed])
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in text)[:100]


def number(text: str) -> Any:
    """An integer where the text is one; else the text, which the checks will refuse and explain."""
    try:
        return int(text)
    except ValueError:
        return text


def tell(message: str) -> None:
    """One message before the end; where even that cannot be written, the exit code says it."""
    with suppress(OSError):
        click.echo(message, err=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; every error becomes one message and its exit code (see README)."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A claim's name may have letters that the terminal's encoding has not.
            stream.reconfigure(errors="backslashreplace")
    try:
        cli.main(arguments, prog_name="python -m nqmbench", standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except NqmbenchError as error:
        tell(f"error: {error}")
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        tell("interrupted: nothing was written; repeat the command to start again")
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(INPUT_OUTPUT)
    except MemoryError as error:
        about = f" ({error})" if str(error) else ""
        tell(f"error: out of memory{about}: {SMALLER}")
        sys.exit(INPUT_OUTPUT)
    except OSError as error:
        known = cannot_write("the output", error)
        tell(f"error: {known if isinstance(known, DiskError) else error}")
        sys.exit(INPUT_OUTPUT)
    except Exception as error:
        if os.environ.get("NQMBENCH_DEBUG"):
            traceback.print_exc()
        tell(
            f"internal error: {type(error).__name__}: {error}\n"
            "This is a bug of nqmbench. Set NQMBENCH_DEBUG=1 for the traceback and report it."
        )
        sys.exit(INTERNAL)
