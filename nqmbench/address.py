"""What a simulated number depends on, and nothing else: the address under which it is kept.

The central moments of an observable at a step, over the trajectories first..first+trials-1, are
decided by

    code        the sources that turn a recursion into moments
    subject     the recursion, or for a paired comparison both sides
    seed, precision, first, trials

together with the observable and the step, which label the rows and columns of a record. What else
is observed, threads, claims, suites and presets change no digit, so they have no place here.

Nor have the versions of the compiler and the processor: the kernels are compiled without
permission to reorder or to fuse, every fused operation and every elementary function is written
out in the sources, and so the bits are the same on all of them. Were they ever not, the store
would find two results under one address, and say so.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["PAIR", "Address", "code_digest", "paired_subject"]

# The sources that decide digits: the compiled ones, how a recursion becomes their tables, how an
# observable becomes weights, how trajectories are shared out, and how moments are merged.
SOURCES = (
    "experiment.py", "problem.py", "problems.py", "least_squares.py", "gaussian_rows.py",
    "observables.py", "method.py", "moments.py", "recursion.py", "noiseless.py", "programs.py",
    "simulation.py", "one_pass.py", "portions.py", "executors/cluster.py", "executors/task.py",
)  # fmt: skip

PAIR = "pair-"  # opens the subject of a comparison


@dataclass(frozen=True, order=True)
class Address:
    """Where the moments of one increment of trajectories are kept.

    Args:
        code: `code_digest()`.
        subject: `Experiment.recursion_key`, or `paired_subject(...)`.
        seed: 0..2^64-1. precision: "mixed", "f32" or "f64".
        first: index of the first trajectory. trials: how many.

    >>> Address("c0de", "5ub7", 0, "mixed", 65536, 65536).trajectories
    '65536..131071'
    """

    code: str
    subject: str
    seed: int
    precision: str
    first: int
    trials: int

    @property
    def trajectories(self) -> str:
        """The first and the last trajectory, for messages."""
        return f"{self.first}..{self.first + self.trials - 1}"


def paired_subject(smaller: tuple[str, str], larger: tuple[str, str]) -> str:
    """The subject of a paired comparison, smaller - larger.

    Args:
        smaller: its recursion key and the name of its observable.
        larger: the same of the other side.

    >>> one = paired_subject(("a", "error"), ("b", "error"))
    >>> one.startswith(PAIR), one == paired_subject(("b", "error"), ("a", "error"))
    (True, False)
    """
    text = repr((tuple(map(str, smaller)), tuple(map(str, larger))))
    return PAIR + hashlib.sha256(text.encode()).hexdigest()


@cache
def code_digest() -> str:
    """A digest of the sources on which simulated digits depend, as this process found them.

    It holds the format of the random generator too, which is one of the kernels' sources. An edit
    of a comment changes it: simulating once too often is better than once too seldom.

    >>> len(code_digest()), code_digest() == code_digest()
    (24, True)
    """
    package = Path(__file__).parent
    paths = sorted((package / "kernels").rglob("*.py")) + [package / name for name in SOURCES]
    digest = hashlib.sha256()
    for path in paths:
        source = path.read_bytes().replace(b"\r\n", b"\n")  # as Git may check it out on Windows
        digest.update(path.name.encode() + b"\0" + source + b"\0")
    return digest.hexdigest()[:24]
