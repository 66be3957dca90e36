"""From a program and a number of trajectories to moments.

The trajectories are cut into superblocks, by a rule that does not look at what is observed.  They
are run in chunks, between which progress is told, and merged in a fixed tree by number.  How long a
chunk is and how many threads run it is a matter of time only: the bits are the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, cast

import numba
import numpy as np
from numpy.typing import NDArray

from nqmbench.kernels.bundle import Bundle, Contrast
from nqmbench.kernels.condense import SUMS
from nqmbench.kernels.prepare import prepare
from nqmbench.kernels.prepared import Prepared
from nqmbench.kernels.program import Program
from nqmbench.kernels.rows.bundle import RowBundle
from nqmbench.kernels.rows.prepare import prepare_rows
from nqmbench.kernels.rows.program import RowProgram, RowsProgram, StillProgram, StreamProgram
from nqmbench.kernels.threads import run_superblocks
from nqmbench.moments import MergeTree, Moments

Reals = NDArray[np.float64]
AnyBundle = Bundle | RowBundle
AnyProgram = Program | RowProgram | StreamProgram | StillProgram
PROGRAMS: dict[str, Any] = {
    kind.__name__: kind for kind in (Program, RowProgram, StreamProgram, StillProgram)
}

CHUNK_SECONDS = 0.1  # of one call of compiled code
CHUNK_BYTES = 16 * 2**20  # of one call's results
BUFFER_BYTES = 2**27  # of a thread's buffer: the whole process stays below 300 MiB


def bundle_of(programs: tuple[AnyProgram, ...], contrasts: tuple[Contrast, ...] = ()) -> AnyBundle:
    """Return the bundle of programs of one kind: on the noisy quadratic, or on rows."""
    if isinstance(programs[0], Program):
        return Bundle(cast("tuple[Program, ...]", programs), contrasts)
    return RowBundle(cast("tuple[RowsProgram, ...]", programs), contrasts)


def usable_threads(wanted: int) -> int:
    """Return how many of the wanted threads Numba has: NUMBA_NUM_THREADS at most."""
    return min(wanted, int(numba.config.NUMBA_NUM_THREADS))


def simulate(
    bundle: AnyBundle,
    seed: int,
    first_block: int,
    trials: int,
    threads: int = 1,
    progress: Callable[[int], object] | None = None,
    kernels: str = "fast",
) -> Moments:
    """Simulate trajectories and return the moments of every checkpoint and result.

    Args:
        bundle: the programs, one or more, and their contrasts.
        seed: 0 <= seed < 2^64.
        first_block: the number of the first block, >= 0; the next follow. A block has
            ``bundle.lanes`` trajectories.
        trials: number of trajectories, >= 1; the last block may count in part.
        threads: number of threads, >= 1; more than Numba has are not an error, and not used.
        progress: called between chunks with the number of trajectories done.
        kernels: "fast", or "plain" for the same bits without long vectors.

    Returns:
        The moments, shape (S, ``bundle.columns``); the same bits for every ``threads``.

    Raises:
        ValueError: for a seed, a block or a number outside its range.
    """
    lanes = bundle.lanes
    if not 0 <= seed < 2**64:
        raise ValueError(f"seed is {seed}; it must be in 0..2^64-1")
    if trials < 1 or threads < 1:
        raise ValueError(f"trials is {trials}, threads is {threads}; both must be at least 1")
    if not 0 <= first_block <= 2**63 - (trials + lanes - 1) // lanes:
        raise ValueError(f"first_block is {first_block}; all blocks must be in 0..2^63-1")
    threads = usable_threads(threads)
    bands = list(in_bands(bundle))
    found = [
        sweep(band, seed, first_block, trials, threads, progress if band is bands[-1] else None,
              kernels)
        for band in bands
    ]  # fmt: skip
    return Moments(
        trials,
        np.concatenate([moments.mean for moments in found]),
        np.concatenate([moments.central for moments in found], axis=1),
    )


def in_bands(bundle: AnyBundle) -> Iterator[AnyBundle]:
    """Cut the checkpoints into bands whose results fit a thread's buffer, mostly a single one.

    Each band is a bundle of its own that runs to its last checkpoint: what is observed costs time
    then, never memory.
    """
    rows = max(1, BUFFER_BYTES // (8 * bundle.superblock * bundle.columns))
    whole = len(bundle.checkpoints)
    for begin in range(0, whole, rows):
        yield bundle.part(begin, begin + rows) if rows < whole else bundle


def ready(bundle: AnyBundle, seed: int, size: int, threads: int, kernels: str = "fast") -> Prepared:
    """Compile what a bundle needs, and set up the memory that each thread works in."""
    if isinstance(bundle, RowBundle):
        return prepare_rows(bundle, seed, size, threads, kernels)
    return prepare(bundle, seed, size, threads, kernels)


def sweep(
    bundle: AnyBundle,
    seed: int,
    first_block: int,
    trials: int,
    threads: int,
    progress: Callable[[int], object] | None,
    kernels: str,
) -> Moments:
    """Simulate a bundle whose results fit the buffer; the arguments are those of `simulate`."""
    lanes, size = bundle.lanes, bundle.superblock
    shape = len(bundle.checkpoints), bundle.columns
    work = ready(bundle, seed, size, threads, kernels)
    most = max(1, CHUNK_BYTES // (8 * (SUMS + 1) * shape[0] * shape[1]))
    tree, done, chunk = MergeTree(), 0, threads
    while done < trials:
        last = min(done + chunk * size, trials)
        counts = np.minimum(size, last - np.arange(done, last, size)).astype(np.int64)
        means = np.empty((len(counts), *shape))
        central = np.empty((SUMS, len(counts), *shape))
        begin = time.perf_counter()
        block = first_block + done // lanes
        run_superblocks(work, block, counts, size // lanes, means, central)
        seconds = time.perf_counter() - begin
        tree.add(counts.astype(np.float64), means, central)
        done = last
        # Grow at most fourfold, so that one mismeasured chunk does not make a long one.
        wanted = CHUNK_SECONDS * len(counts) / max(seconds, 1e-6)
        chunk = int(min(max(wanted, 1), 4 * chunk, most))
        chunk += -chunk % threads if chunk > threads else 0
        if progress is not None:
            progress(done)
    return tree.result()


def trajectory_values(
    bundle: AnyBundle, seed: int, first_block: int, trials: int, kernels: str = "fast"
) -> Reals:
    """Return the results of every trajectory, shape (S, columns, trials): for tests and plots."""
    S, columns = len(bundle.checkpoints), bundle.columns
    work = ready(bundle, seed, trials, 1, kernels)
    means, central = np.empty((1, S, columns)), np.empty((SUMS, 1, S, columns))
    counts = np.array([trials], dtype=np.int64)
    run_superblocks(work, first_block, counts, 0, means, central)
    return work.buffers[0][:, :, :trials]
