"""What the row kernels are told: a job for each source of rows, and one for each member.

As for `nqmbench.kernels.job`: words, unpacked into named tuples with pointers in the place of the
arrays.  A source draws the numbers of rows; its members are moved by them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from numba import types

from nqmbench.kernels.entry import JOB, calling
from nqmbench.kernels.job import INTEGER, unpacking
from nqmbench.kernels.options import intrinsic
from nqmbench.kernels.program import Bytes, Integers, Reals, Words

LANES = 32  # trajectories of a block, the unit in which rows have an address


class Rows(NamedTuple):
    """The numbers and the memory of the whole, on one thread.

    Attributes:
        S, columns, contrasts: checkpoints, results of each, pairs of results compared.
        pitch: numbers in a row of the buffer.
        sources: how many.
        stop: (1,); as soon as it is not 0 the work is abandoned.
        source_jobs: (sources,), where the job of each source is.
        checkpoints: (S,). minuend, subtrahend: (contrasts,).
        buffer: (S, columns, pitch), the results of a superblock.
    """

    S: int
    columns: int
    contrasts: int
    pitch: int
    sources: int
    stop: Bytes
    source_jobs: Integers
    checkpoints: Integers
    minuend: Integers
    subtrahend: Integers
    buffer: Reals


class Source(NamedTuple):
    """A stream of row numbers, and the members that are moved by it.

    Attributes:
        kernel: address of the code that draws; 0 where the members draw for themselves.
        seed: the 64 bits of the seed. code: of the batch sizes and the replacement.
        n: the number of rows.
        stretch: steps whose rows are drawn at a time.
        scheduled: 1 where ``draws`` has a row per step, else 0.
        members: how many. member_jobs, member_kernels: (members,), addresses.
        exchanges: (T1,), rows drawn per step.
        draws: (T1,), rows whose numbers are put down per step: those drawn, or all others.
        words: (4 LANES,), states of the generators of a block.
        permutation: (n,), the numbers 0 to n - 1 in order, between two steps.
        swaps: (exchanges, LANES), of one step.
        drawn: (numbers of a stretch, LANES).
        stop: (1,).
    """

    kernel: int
    seed: int
    code: int
    n: int
    stretch: int
    scheduled: int
    members: int
    member_jobs: Integers
    member_kernels: Integers
    exchanges: Integers
    draws: Integers
    words: Words
    permutation: Words
    swaps: Words
    drawn: Words
    stop: Bytes


class Member(NamedTuple):
    """A program, and the memory that its trajectories live in.

    Attributes:
        S, pitch, columns: of the buffer. first: the member's first column in it.
        observables: how many. observed: (O,), which.
        d, n: coordinates, rows. stride: numbers from one row, or state, to the next.
        length: of a row of entries.
        seed, code: of the random stream, for members that draw for themselves.
        factor_rows: of the factor. triangular: 1 or 0.
        entries: (T1, length). draws, complemented: (T1,).
        values: rows (n, stride) with the residual behind the numbers, or numbers (N,), or what a
            still member shows (S, O).
        indices, begins: of sparse rows. residuals: (n,), of wide and sparse rows.
        factor: (factor_rows, stride).
        starts: (n_states,). w0, optimum: (d,). floor: (1,).
        powers: (K, stride), of F, and behind each c times it. looks: (T1, n_states), c.
        checkpoints: (S,).
        drawn: of the source. numbers: as many, lane by lane. scheduled: 1 if draws has T1 > 1 rows.
        words: of the member's own generators.
        states, scratch: (...,). touched: (LANES, d), when coordinates were moved last.
        buffer: (S, columns, pitch). stop: (1,).
    """

    S: int
    pitch: int
    columns: int
    first: int
    observables: int
    d: int
    n: int
    stride: int
    length: int
    seed: int
    code: int
    factor_rows: int
    triangular: int
    observed: Integers
    entries: Reals
    draws: Integers
    complemented: Integers
    values: Reals
    indices: Words
    begins: Integers
    residuals: Reals
    factor: Reals
    starts: Reals
    w0: Reals
    optimum: Reals
    floor: Reals
    powers: Reals
    looks: Reals
    checkpoints: Integers
    scheduled: int
    drawn: Words
    numbers: Words
    words: Words
    states: Reals
    scratch: Reals
    touched: Words
    buffer: Reals
    stop: Bytes


rows_of = unpacking(Rows, 0, "Return a job's `Rows`, given bits: (job, 32, 64).")
source_of = unpacking(Source, 0, "Return a job's `Source`: (job, 32, 64).")
member_of = unpacking(Member, 0, "Return a job's `Member`: (job, bits of its words, 64).")


@intrinsic
def job_at(context: Any, address: Any) -> Any:
    """Return the job at an address, an int64."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], context.get_value_type(JOB))

    return JOB(types.int64), codegen


# draw(source, block, begin, end) and move(member, block, k, begin, end, column, used)
DRAW_ARGUMENTS = (JOB, *(INTEGER,) * 3)
MOVE_ARGUMENTS = (JOB, *(INTEGER,) * 6)
call_draw = calling(DRAW_ARGUMENTS, "Call the code at an address that draws rows.")
call_move = calling(MOVE_ARGUMENTS, "Call the code at an address that moves a member.")
