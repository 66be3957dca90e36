"""What several commands share."""

import os

import click

__all__ = ["path", "suites_option"]


def path(text: str) -> str:
    """The same text, if it can be the path of a file or folder, which may or may not exist.

    What can be none is refused before anything is done with it. An empty one is refused too, or a
    shell's unset variable would mean the current folder.

    Raises:
        click.BadParameter: it cannot; the command line adds the name of the option.

    >>> path("reports/latest")
    'reports/latest'
    >>> path("")
    Traceback (most recent call last):
        ...
    click.exceptions.BadParameter: got ''; allowed: a path, not empty and without NUL
    """
    try:
        possible = bool(text) and b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:  # half of a surrogate pair
        possible = False
    if not possible:
        raise click.BadParameter(f"got {text!r}; allowed: a path, not empty and without NUL")
    return text


suites_option = click.option(
    "--suites",
    "folder",
    type=path,
    metavar="DIR",
    help="Folder of suite files; replaces the shipped suites.",
)
