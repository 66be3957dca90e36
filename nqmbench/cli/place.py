"""The folder of a run: its name, and which one was the last."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

__all__ = ["folder_name", "number", "point_latest"]


def point_latest(place: Path) -> None:
    """Let `latest` beside the run's folder point to it, where the file system has links."""
    link = place.parent / "latest"
    if place.name == "latest" or place.parent.name != "reports":
        return
    try:
        if link.is_symlink() or not link.exists():
            new = link.with_name(f".latest.{os.getpid()}")
            new.symlink_to(place.name)
            new.replace(link)
    except OSError:
        click.echo(f"note: {link} could not be set to {place.name}", err=True)


def folder_name(
    names: Sequence[str], preset: str, seed: str, shard: tuple[int, int] | None = None
) -> str:
    """The folder's name from the arguments; what is not a letter or digit becomes "-".

    >>> folder_name(["sgd", "mom*"], "quick", "0")
    'sgd-mom--quick-0'
    >>> folder_name(["all"], "quick", "0", shard=(1, 4))
    'all-quick-0-shard-1-of-4'
    """
    part = [] if shard is None else ["shard", str(shard[0]), "of", str(shard[1])]
    text = "-".join([*names, preset, seed])[:100]
    return "".join(
        c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in "-".join([text, *part])
    )


def number(text: str) -> Any:
    """An integer where the text is one; else the text, which the checks will refuse and explain."""
    try:
        return int(text)
    except ValueError:
        return text
