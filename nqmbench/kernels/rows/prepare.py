"""The code and the memory that the trajectories of a row bundle need.

What is the same for all threads, the data above all, is there once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from nqmbench.kernels.job import pack
from nqmbench.kernels.prepared import Prepared
from nqmbench.kernels.program import Bytes, Integers, Reals
from nqmbench.kernels.rows.bundle import RowBundle
from nqmbench.kernels.rows.draws import draw_address
from nqmbench.kernels.rows.gather import QUAD
from nqmbench.kernels.rows.job import LANES, Member, Rows, Source
from nqmbench.kernels.rows.narrow import narrow_address
from nqmbench.kernels.rows.observe import GLANCE
from nqmbench.kernels.rows.program import (
    RowProgram,
    RowsProgram,
    StillProgram,
    StreamProgram,
)
from nqmbench.kernels.rows.sparse import AHEAD, POWERS, sparse_address
from nqmbench.kernels.rows.still import still_address
from nqmbench.kernels.rows.stream import stream_address
from nqmbench.kernels.rows.superblock import row_superblock_address
from nqmbench.kernels.rows.wide import PARTS, wide_address
from nqmbench.kernels.superblock import PITCH

STRETCH = 256  # draws of a lane at a time: 32 kB, which the innermost cache holds

Fields = dict[str, Any]


class Plan(NamedTuple):
    """A member as all threads have it: its kernel, its tables, and what memory a thread gives it.

    Attributes:
        kernel: address of the code.
        shared: fields of its `Member` that are the same for all threads.
        memory: makes the fields that a thread has for itself.
    """

    kernel: int
    shared: Fields
    memory: Callable[[], Fields]


def prepare_rows(
    bundle: RowBundle, seed: int, size: int, threads: int, kernels: str = "fast"
) -> Prepared:
    """Compile what a bundle needs, and set up the memory that each thread works in.

    Args:
        bundle: what is simulated.
        seed: 0 <= seed < 2^64.
        size: trajectories of a superblock.
        threads: how many.
        kernels: "fast", or "plain": rows drawn one lane at a time, and few coordinates moved in
            four lanes; where a trajectory is moved alone there is nothing plainer.
    """
    plans = [planned(program, kernels) for program in bundle.programs]
    groups: dict[Any, list[int]] = defaultdict(list)
    for number, program in enumerate(bundle.programs):
        groups[source_key(program)].append(number)
    stop, word = np.zeros(1, dtype=np.uint8), int(np.uint64(seed).view(np.int64))
    whole = (size + LANES - 1) // LANES * LANES
    pitch = whole + max(PITCH, GLANCE)
    made = [
        on_thread(bundle, plans, list(groups.values()), stop, word, pitch, kernels)
        for _ in range(threads)
    ]
    jobs = np.stack([job for job, _, _ in made])
    buffers = tuple(buffer for _, buffer, _ in made)
    return Prepared(row_superblock_address(), jobs, stop, buffers, (plans, made))


def source_key(program: RowsProgram) -> Any:
    """What members have in common that are moved by the same row numbers."""
    if not isinstance(program, RowProgram):
        return None
    return program.rows, program.code, bool(program.complemented.any())


def on_thread(
    bundle: RowBundle,
    plans: list[Plan],
    groups: list[list[int]],
    stop: Bytes,
    seed: int,
    pitch: int,
    kernels: str,
) -> tuple[Integers, Reals, Any]:
    """The job of one thread, its buffer, and everything that must be kept alive beside."""
    checkpoints = np.array(bundle.checkpoints, dtype=np.int64)
    buffer = np.zeros((len(checkpoints), bundle.columns, pitch))
    begin = bundle.first_observable
    common: Fields = {
        "S": len(checkpoints), "pitch": pitch, "columns": bundle.columns, "seed": seed,
        "checkpoints": checkpoints, "buffer": buffer, "stop": stop,
    }  # fmt: skip
    kept: list[Any] = [common]
    source_jobs = []
    for members in groups:
        source = source_fields(bundle.programs[members[0]], seed, stop, kernels)
        jobs = []
        for m in members:
            fields = {**plans[m].shared, **common, **plans[m].memory()}
            fields |= {"first": begin[m], "drawn": source["drawn"]}
            jobs.append(pack(Member(**fields)))
            kept += [fields, jobs[-1]]
        source |= {
            "members": len(members),
            "member_jobs": addresses(jobs),
            "member_kernels": np.array([plans[m].kernel for m in members], dtype=np.int64),
        }
        source_jobs.append(pack(Source(**source)))
        kept += [source, source_jobs[-1]]
    rows = Rows(
        S=len(checkpoints),
        columns=bundle.columns,
        contrasts=len(bundle.contrasts),
        pitch=pitch,
        sources=len(groups),
        stop=stop,
        source_jobs=addresses(source_jobs),
        checkpoints=checkpoints,
        minuend=np.array([begin[c.a] + c.o for c in bundle.contrasts], dtype=np.int64),
        subtrahend=np.array([begin[c.b] + c.p for c in bundle.contrasts], dtype=np.int64),
        buffer=buffer,
    )
    return pack(rows), buffer, (kept, rows)


def addresses(jobs: list[Integers]) -> Integers:
    """Where these jobs are."""
    return np.array([job.ctypes.data for job in jobs], dtype=np.int64)


def source_fields(program: RowsProgram, seed: int, stop: Bytes, kernels: str) -> Fields:
    """The fields of a `Source` on one thread, without its members."""
    none, word = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint32)
    fields: Fields = {
        "kernel": 0, "seed": seed, "code": 0, "n": 0, "scheduled": 0, "stop": stop,
        "stretch": STRETCH, "exchanges": none, "draws": none,
        "words": word, "permutation": word, "swaps": word, "drawn": word,
    }  # fmt: skip
    if not isinstance(program, RowProgram):
        return fields
    draws = program.draws
    most = int(draws.max())
    stretch = stretch_of(draws)
    exchanged = 0 if program.replacement else int(program.exchanges.max())
    return fields | {
        "kernel": draw_address(program.replacement, kernels),
        "code": program.code,
        "n": program.rows,
        "scheduled": int(len(draws) > 1),
        "stretch": stretch,
        "exchanges": program.exchanges,
        "draws": draws,
        "words": np.zeros(4 * LANES, dtype=np.uint32),
        "permutation": np.arange(0 if program.replacement else program.rows, dtype=np.uint32),
        "swaps": np.zeros(exchanged * LANES, dtype=np.uint32),
        "drawn": np.zeros((stretch * most + 1) * LANES, dtype=np.uint32),
    }


def planned(program: RowsProgram, kernels: str) -> Plan:
    """How a program is run."""
    none, integers, words = np.zeros(0), np.zeros(0, np.int64), np.zeros(0, np.uint32)
    real = "entries values residuals factor starts w0 optimum floor powers looks states scratch"
    counted = "observed draws complemented begins"
    fields: Fields = dict.fromkeys(Member._fields, 0)
    fields |= dict.fromkeys(real.split(), none) | dict.fromkeys(counted.split(), integers)
    fields |= dict.fromkeys(("words", "indices", "touched", "numbers"), words)
    fields |= {"observables": program.observables}
    if isinstance(program, StillProgram):
        return Plan(still_address(), fields | {"values": reals(program.values)}, dict)
    structure, entries = program.table
    fields |= {
        "observed": np.array(program.observed, dtype=np.int64),
        "d": program.d,
        "length": entries.shape[1],
        "entries": reals(entries),
        "code": program.code,
        "draws": program.draws,
        "scheduled": int(structure.scheduled),
        "complemented": program.complemented,
        "starts": reals(program.starts),
        "w0": reals(program.w0),
        "optimum": reals(program.optimum),
        "floor": np.array([program.floor]),
    }
    if isinstance(program, StreamProgram):
        return stream_plan(program, fields)
    fields |= {"n": program.rows, "residuals": reals(program.residuals)}
    if program.sparse:
        return sparse_plan(program, fields)
    stride = padded(program.d + 1, QUAD) if program.narrow else padded(program.d, PARTS)
    rows = np.zeros((program.rows, stride))
    rows[:, : program.d] = program.values
    factor = np.zeros((len(program.factor), stride))
    factor[:, : program.d] = program.factor
    fields |= {"values": rows, "factor": factor, "factor_rows": len(factor), "stride": stride}
    fields |= {"triangular": int(program.triangular)}
    n = len(program.starts)
    if program.narrow:
        rows[:, program.d] = program.residuals
        numbers = LANES * n * program.d
        address = narrow_address(structure, program.d, kernels)
        return Plan(address, fields, lambda: {"states": np.zeros(numbers)})
    numbers = (2 + n) * stride + GLANCE * program.d
    return Plan(
        wide_address(structure),
        fields,
        lambda: {"states": np.zeros(LANES * n * stride), "scratch": np.zeros(numbers)},
    )


def sparse_plan(program: RowProgram, fields: Fields) -> Plan:
    """How a program of sparse rows is run."""
    structure, _ = program.table
    n, d, most = len(program.starts), program.d, int(program.draws.max())
    stretch = stretch_of(program.draws)
    fields |= {
        "values": reals(program.values),
        "indices": np.array(program.columns, dtype=np.uint32),
        "begins": np.array(program.begins, dtype=np.int64),
    }
    fields |= {"looks": reals(program.c)}
    if structure.lazy:
        every = powers_of(program.F[0], POWERS)
        powers = np.zeros((POWERS + 1, padded(n * n + n, PITCH)))
        powers[:, : n * n] = every.reshape(-1, n * n)
        powers[:, n * n : n * n + n] = np.einsum("j,kjr", program.c[0], every)
        fields |= {"powers": powers, "stride": powers.shape[1]}
    return Plan(
        sparse_address(structure),
        fields,
        lambda: {
            "states": np.zeros(LANES * n * d),
            "touched": np.zeros(LANES * d, dtype=np.uint32),
            "numbers": np.zeros(LANES * stretch * most + AHEAD, dtype=np.uint32),
            "scratch": np.zeros(GLANCE * d + most),
        },
    )


def stream_plan(program: StreamProgram, fields: Fields) -> Plan:
    """How a program of Gaussian rows is run."""
    n, d, bits = len(program.starts), program.d, program.bits
    scales = np.sqrt(np.asarray(program.spectrum, dtype=np.float64))
    fields |= {"values": np.append(scales, program.label_std)}
    return Plan(
        stream_address(program.table[0], bits),
        fields,
        lambda: {
            "states": np.zeros(LANES * n * d),
            "scratch": np.zeros(3 * LANES * d),
            "words": np.zeros(4 * LANES, dtype=f"u{bits // 8}"),
        },
    )


def powers_of(F: Reals, last: int) -> Reals:
    """The powers 0, ..., ``last`` of a matrix, twice as many of them with each product."""
    powers = np.stack([np.eye(len(F)), F])
    while len(powers) <= last:
        powers = np.concatenate([powers, np.einsum("ij,kjl->kil", powers[-1], powers[1:])])
    return powers[: last + 1]


def stretch_of(draws: Integers) -> int:
    """How many steps make a stretch."""
    return max(1, STRETCH // max(1, int(draws.max())))


def padded(count: int, unit: int) -> int:
    """The next multiple of a unit."""
    return (count + unit - 1) // unit * unit


def reals(values: Any) -> Reals:
    """A contiguous copy in float64."""
    return np.array(values, dtype=np.float64, order="C")
