"""Processes that use a results file, for tests of what it survives."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import nqmbench

ROOT = Path(nqmbench.__file__).parents[1]
POSIX = pytest.mark.skipif(os.name != "posix", reason="signals, limits, users or forks")

HEAD = """
import os, sys
from stored import NAMES, STEPS, address, fill, moments
from nqmbench.errors import NqmbenchError
from nqmbench.store import Store
path = sys.argv[1]
"""


def start(code, path):
    """A process of its own that runs `code`; the path is its argument."""
    return subprocess.Popen(
        [sys.executable, "-c", HEAD + code, str(path)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(Path(__file__).parent)])},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def run(code, path):
    """What it prints, when it has succeeded."""
    with start(code, path) as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out


def files(path):
    """The names of all files of the folder, and the bytes of the results file."""
    return sorted(p.name for p in path.parent.iterdir()), path.read_bytes()
