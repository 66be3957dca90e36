"""All commands, and how errors end: in one message and an exit code, never in a traceback."""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress

import click

from nqmbench.cli.files import cache, merge
from nqmbench.cli.judging import ENDINGS, run
from nqmbench.cli.showing import doctor, list_suites, report, show
from nqmbench.cli.speed import perf
from nqmbench.errors import DiskError, NqmbenchError, cannot_write
from nqmbench.stopping import INTERRUPTED

__all__ = ["main"]

INTERNAL, INPUT_OUTPUT = 70, 74
SMALLER = (
    "repeat the command with more memory or fewer --threads, or make the experiments smaller "
    "(coordinates, observables such as w2[i], checkpoints); in a run's results file what was "
    "simulated is kept"
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="nqmbench")
def cli() -> None:
    """Check the formulas of stochastic optimisation against simulated trajectories."""


for command in (run, list_suites, show, report, merge, cache, perf, doctor):
    cli.add_command(command)


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
    except (KeyboardInterrupt, click.Abort) as stop:
        # click hides the `Stopped` that says why the run ended before its report was finished.
        reason = str(stop) or str(stop.__cause__ or "") or INTERRUPTED
        tell(f"{reason}: the report was not finished; repeat the command to go on")
        sys.exit(ENDINGS.get(reason, ENDINGS[INTERRUPTED]))
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


def tell(message: str) -> None:
    """One message before the end; where even that cannot be written, the exit code says it."""
    with suppress(OSError):
        click.echo(message, err=True)
