"""What a run needs beside its numbers: code by address, a job for each thread, and their memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nqmbench.kernels.program import Bytes, Integers, Reals


@dataclass(frozen=True, eq=False)
class Prepared:
    """A bundle ready to be run.

    Args:
        code: address of the superblock's code.
        jobs: shape (threads, words), the job of each thread.
        stop: shape (1,); as soon as it is not 0 the work is abandoned.
        buffers: of each thread, shape (S, columns, pitch).
        kept: all arrays whose addresses stand in the jobs: nothing else keeps them alive.
    """

    code: int
    jobs: Integers
    stop: Bytes
    buffers: tuple[Reals, ...]
    kept: Any

    @property
    def threads(self) -> int:
        """How many threads it is for."""
        return int(np.shape(self.jobs)[0])
