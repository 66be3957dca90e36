"""Commands that show what is there: list, show, report, doctor."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from nqmbench.cli.options import path, suites_option

__all__ = ["doctor", "list_suites", "report", "show"]


@click.command(name="list")
@suites_option
def list_suites(folder: str | None) -> None:
    """The suites, and how many claims each of them holds."""
    from nqmbench.suites import load_suites

    suites = load_suites(folder)
    width = max(len(s.name) for s in suites)
    for suite in suites:
        claims = "claim " if len(suite.items) == 1 else "claims"
        click.echo(f"{suite.name:<{width}}  {len(suite.items):>3} {claims}  {suite.summary}")


@click.command()
@click.argument("name", metavar="SUITE[::CLAIM]")
@suites_option
def show(name: str, folder: str | None) -> None:
    """What a suite, or one of its claims or figures, says and tests."""
    from nqmbench.showing import show_statement, show_suite
    from nqmbench.suites import load_suites, select

    suite_name, _, inside = name.partition("::")
    (suite, *_) = select(load_suites(folder), [suite_name])
    click.echo(show_statement(suite, inside) if inside else show_suite(suite))


@click.command()
@click.argument("folder", type=path, metavar="RUN")
def report(folder: str) -> None:
    """Write the report of a finished run again, from its tables."""
    from nqmbench.folder import hold
    from nqmbench.report import write_report
    from nqmbench.results import load_run

    place = Path(folder)
    load_run(place)  # says what is wrong with a folder that cannot be one
    with hold(place):
        write_report(load_run(place), place)
    click.echo(f"report: {place / 'report.html'}")


@click.command()
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
