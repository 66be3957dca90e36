"""Superblocks of trajectories on drawn rows: what `nqmbench.kernels.superblock` is for noise.

Block after block, source after source: the rows of a stretch of steps are drawn, then every member
is moved by them.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from nqmbench.kernels.entry import address_of
from nqmbench.kernels.options import jit, jit_small
from nqmbench.kernels.rows.job import (
    LANES,
    call_draw,
    call_move,
    job_at,
    rows_of,
    source_of,
)
from nqmbench.kernels.superblock import ARGUMENTS, compare, condense


@jit_small
def block_of(rows: Any, block: Any, column: Any, used: Any) -> None:
    """Simulate the ``used`` trajectories of a block into ``buffer[:, :, column:column + used]``."""
    last = rows.checkpoints[rows.S - 1]
    for number in range(rows.sources):
        address = rows.source_jobs[number]
        source = source_of(job_at(address), 32, 64)
        k, begin = 0, 0
        while k < rows.S and not rows.stop[0]:
            end = min(begin + source.stretch, last)
            if source.kernel != 0 and begin < end:
                call_draw(source.kernel, (job_at(address), block, begin, end))
            for m in range(source.members):
                job = job_at(source.member_jobs[m])
                call_move(source.member_kernels[m], (job, block, k, begin, end, column, used))
            while k < rows.S and rows.checkpoints[k] <= end:
                k += 1
            begin = end


@jit
def row_superblock(
    job: Any, block: Any, trials: Any, g: Any, K: Any, means: Any, central: Any
) -> None:
    """Simulate ``trials`` trajectories from ``block`` on and condense them: see `superblock`."""
    rows = rows_of(job, 32, 64)
    cells = rows.S * rows.columns
    for place in range(cells * rows.pitch):
        rows.buffer[place] = 0.0
    for column in range(0, trials, LANES):
        block_of(rows, block + column // LANES, column, min(LANES, trials - column))
    compare(rows, rows)
    condense(rows, cells, trials, g, K, means, central)


@cache
def row_superblock_address() -> int:
    """Return the address of the superblock's code."""
    return address_of(row_superblock, ARGUMENTS)
