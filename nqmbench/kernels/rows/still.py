"""What does not depend on chance stands beside what does, for comparisons."""

from __future__ import annotations

from functools import cache
from typing import Any

from nqmbench.kernels.entry import address_of
from nqmbench.kernels.options import jit
from nqmbench.kernels.rows.job import MOVE_ARGUMENTS, member_of


@jit
def still_kernel(
    job: Any, block: Any, k: Any, begin: Any, end: Any, column: Any, used: Any
) -> None:
    """Put the numbers of the checkpoints up to ``end`` into the buffer: see `narrow`."""
    m = member_of(job, 32, 64)
    for checkpoint in range(k, m.S):
        if m.checkpoints[checkpoint] > end:
            break
        for o in range(m.observables):
            place = (checkpoint * m.columns + m.first + o) * m.pitch + column
            for lane in range(used):
                m.buffer[place + lane] = m.values[checkpoint * m.observables + o]


@cache
def still_address() -> int:
    """Return the address of the kernel."""
    return address_of(still_kernel, MOVE_ARGUMENTS)
