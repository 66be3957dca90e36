"""What several commands share."""

import click

__all__ = ["suites_option"]

suites_option = click.option(
    "--suites", "folder", metavar="DIR", help="Folder of suite files; replaces the shipped suites."
)
