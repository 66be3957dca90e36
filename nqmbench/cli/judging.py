"""The command that judges: run."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nqmbench.amounts import duration, pair, share
from nqmbench.cli.options import path, suites_option
from nqmbench.cli.place import folder_name, number, point_latest
from nqmbench.stopping import INTERRUPTED, TERMINATED, Stopped, Stopping

if TYPE_CHECKING:
    from nqmbench.console import Watcher
    from nqmbench.plan import Plan
    from nqmbench.results import Run

__all__ = ["ENDINGS", "run"]

INCONCLUSIVE = 3
PARTIAL = "partial"  # the folder of a part of a run, where there is a finished one
ENDINGS = {INTERRUPTED: 130, TERMINATED: 143}


@click.command()
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
    "--out",
    type=path,
    metavar="DIR",
    help="Folder of the results; default reports/SUITES-PRESET-SEED.",
)
@click.option("--budget", metavar="TIME", help="Simulate no longer than this: 90s, 10m, 1h30m.")
@click.option(
    "--until",
    metavar="SHARE",
    help="Go on until every interval reaches at most so far to either side: 0.5%.",
)
@click.option("--shard", metavar="I/N", help="Simulate the I-th of N shares only; see `merge`.")
@click.option(
    "--executor",
    default="local",
    show_default=True,
    help="local, dask (a cluster of this machine) or dask=tcp://HOST:PORT.",
)
@click.option("--force", is_flag=True, help="Start a run that is too large for this machine.")
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
    budget: str | None,
    until: str | None,
    shard: str | None,
    executor: str,
    force: bool,
    no_cache: bool,
    fail_inconclusive: bool,
    folder: str | None,
) -> None:
    """Judge every claim of the named suites (names, globs, or "all") and write a report.

    Ctrl-C leaves a report of what is known; the same command goes on from there.
    """
    part = None if shard is None else pair(shard)
    whole = None if isinstance(part, str) else part
    place = Path(out) if out else Path("reports") / folder_name(names, preset, seed, whole)
    asked = None if threads is None else number(threads)

    wanted = {
        "names": list(names),
        "suites": folder or "shipped",
        "seed": number(seed),
        "precision": precision,
        "shard": None if part is None else list(part),
    }

    with Stopping().heard() as stopping, ExitStack() as held:
        from nqmbench.console import Watcher
        from nqmbench.folder import take
        from nqmbench.report import prepare as prepare_pages
        from nqmbench.results import holds_finished
        from nqmbench.runner import run as run_suites
        from nqmbench.summary import print_summary

        def begin(plan: Plan) -> None:
            held.enter_context(take(place, wanted, [suite.name for suite in plan.suites]))
            tell_threads(asked)
            prepare_pages()  # an interrupted run leaves its report at once

        with Watcher(before=begin) as watcher:
            result = run_suites(
                list(names),
                preset=preset,
                seed=number(seed),
                threads=asked,
                precision=precision,
                suites=folder,
                # A text that is none of these stays one, and is complained about with all others.
                budget=None if budget is None else duration(budget),  # type: ignore[arg-type]
                until=None if until is None else share(until),  # type: ignore[arg-type]
                shard=part,  # type: ignore[arg-type]
                observer=watcher,
                results=None if no_cache else place / "run.sqlite",
                stopping=stopping,
                executor=executor,
                force=force,
                finished=None if no_cache else place,
            )
            if result.stands:
                held.enter_context(take(place, wanted, [s["name"] for s in result.about["suites"]]))
            stays = bool(result.about["run"]["ending"]) and holds_finished(place)
            target = place / PARTIAL if stays else place
            drawn = write(result, target, watcher, stopping, asked)
        print_summary(result, target, brief=stopping.reason in ENDINGS)
        tell_how_to_go_on(result, target, stopping.reason, drawn, stays, kept=not no_cache)
    if stopping.reason in ENDINGS:
        sys.exit(ENDINGS[stopping.reason])
    counts = result.about["run"]["counts"]
    if result.exit_code == 0 and fail_inconclusive and counts["INCONCLUSIVE"]:
        sys.exit(INCONCLUSIVE)
    sys.exit(result.exit_code)


def write(
    result: Run, place: Path, watcher: Watcher, stopping: Stopping, threads: int | None
) -> bool:
    """Tables first, so that nothing is lost if drawing fails; then the report.

    Returns:
        False if the figures were left out because the run is to end.
    """
    from nqmbench.folder import try_out
    from nqmbench.report import write_report

    try_out(place)
    if not result.stands:
        with stopping.whole():
            result.save(place)
    if not result.about["run"]["ending"]:  # what a part of this run has said is said here
        shutil.rmtree(place / PARTIAL, ignore_errors=True)
    point_latest(place)
    draw = stopping.reason not in ENDINGS
    try:
        write_report(
            result, place, watcher.say, threads=threads, draw=draw,
            while_drawing=stopping.interruptible,
        )  # fmt: skip
    except Stopped:
        return False
    return draw


def tell_how_to_go_on(
    result: Run, place: Path, reason: str, drawn: bool, stays: bool, kept: bool
) -> None:
    """Say what an ended run leaves, and how to go on.

    Args:
        result: the run.
        place: where its report is.
        reason: why it was to end, or "".
        drawn: whether the report has its figures.
        stays: whether the folder of the run keeps the report of an earlier, finished run.
        kept: whether there is a results file.
    """
    ending = result.about["run"]["ending"]
    if ending:
        left = "the report says what is known"
        left += f", that of the finished run in {place.parent} stays" if stays else ""
        again = "repeat the command to go on" if kept else "nothing is kept for another run"
        click.echo(f"{ending}: {left}; {again}", err=True)
    elif not drawn:
        click.echo(
            f"{reason}: every claim is judged; `python -m nqmbench report {place}` draws the "
            "missing figures",
            err=True,
        )


def tell_threads(asked: int | None) -> None:
    """Say so where the option or NQMBENCH_THREADS asks for more threads than there are."""
    from nqmbench.arguments import Arguments
    from nqmbench.simulation import usable_threads
    from nqmbench.threads import check_threads

    wanted = check_threads(Arguments("run"), asked)
    usable = usable_threads(wanted)
    if usable < wanted:
        click.echo(f"note: {wanted} threads are asked for, {usable} are there and used", err=True)
