"""What the kernels are told, packed into an array of 64-bit words: a job.

Whatever the precision and however many tables there are, a kernel gets one pointer and a few
integers.  It unpacks the job into named tuples, with a pointer for each array; what it does not use
costs nothing.  Whoever packed the arrays keeps them alive: nothing else does.
"""

from __future__ import annotations

from typing import Any, NamedTuple, get_type_hints

import numpy as np
from llvmlite import ir
from numba import types
from numba.np.numpy_support import from_dtype

from nqmbench.kernels.bundle import Tables
from nqmbench.kernels.lanes import constant
from nqmbench.kernels.options import intrinsic
from nqmbench.kernels.program import Bytes, Integers, Number, Reals, States, Words

INTEGER = types.int64


class Work(NamedTuple):
    """What a thread is told beside the bundle's tables, and the memory that it works in.

    Attributes:
        lanes, width: L and W, trajectories of a block and of a group.
        noise: address of the noise kernel of the law.
        start: address of the Gaussian noise kernel; 0 where no start is random.
        seed: the 64 bits of the seed.
        tag: the law's number in the random stream's address.
        common: 1 where the law has a factor common to all coordinates, else 0.
        pitch: numbers in a row of the buffer.
        updates: (M,), addresses of the members' update kernels.
        stop: (1,); as soon as it is not 0 the work is abandoned.
        words: (4 W,), states of the generators of a group; (8 W,) with those of common factors.
        drawn: (STRETCH, W), the noise of a stretch.
        states: (M, n, W).
        buffer: (S, columns, pitch), the results of a superblock.
    """

    lanes: int
    width: int
    noise: int
    start: int
    seed: int
    tag: int
    common: int
    pitch: int
    updates: Integers
    stop: Bytes
    words: Words
    drawn: States
    states: States
    buffer: Reals


def pack(*tables: tuple[Any, ...]) -> Integers:
    """Return the words of all: integers, bits of a float64, addresses of the arrays' data."""
    return np.array([_word(field) for table in tables for field in table], dtype=np.int64)


def _word(field: Any) -> int:
    if isinstance(field, np.ndarray):
        return field.ctypes.data
    return int(np.float64(field).view(np.int64)) if isinstance(field, np.floating) else int(field)


def elements(noise: int, state: int) -> tuple[Any, Any, Any]:
    """Return the types of the noise's numbers, the generators' words, and the states, by bits."""
    names = f"f{noise // 8}", f"u{noise // 8}", f"f{state // 8}"
    drawn, word, kept = (from_dtype(np.dtype(name)) for name in names)
    return drawn, word, kept


def unpacked_type(table: Any, noise: int, state: int) -> Any:
    """Return the type of a named tuple of numbers and arrays, with pointers for arrays."""
    drawn, word, kept = elements(noise, state)
    kinds = {
        int: INTEGER,
        Number: drawn,
        Integers: types.CPointer(INTEGER),
        Bytes: types.CPointer(types.uint8),
        Reals: types.CPointer(types.float64),
        Words: types.CPointer(word),
        States: types.CPointer(kept),
    }
    hints = get_type_hints(table, include_extras=True).values()
    return types.NamedTuple([kinds[hint] for hint in hints], table)


def unpacking(table: Any, first: int, what: str) -> Any:
    """Return the function of compiled code that makes ``table`` of the words from ``first`` on."""

    def typing(context: Any, job: Any, noise: Any, state: Any) -> Any:
        kind = unpacked_type(table, constant(noise), constant(state))

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            fields = []
            for place, field in enumerate(kind.types, first):
                at = builder.gep(args[0], [ir.IntType(64)(place)])
                word = builder.load(at)
                if isinstance(field, types.CPointer):
                    word = builder.inttoptr(word, context.get_value_type(field))
                elif isinstance(field, types.Float):
                    number = builder.bitcast(word, ir.DoubleType())
                    word = context.cast(builder, number, types.float64, field)
                fields.append(word)
            return context.make_tuple(builder, kind, fields)

        return kind(job, noise, state), codegen

    typing.__doc__ = what
    return intrinsic(typing)


work_of = unpacking(
    Work, 0, "Return a job's `Work`, given the bits of noise and states: (job, noise, state)."
)
tables_of = unpacking(Tables, len(Work._fields), "Return a job's `Tables`, likewise.")
