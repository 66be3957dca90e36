"""The raw noise of a block, for tests and for the digest that identifies the generator."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nqmbench.kernels.bundle import Tables
from nqmbench.kernels.entry import call_noise, noise_address
from nqmbench.kernels.job import Work, pack
from nqmbench.kernels.laws import COMMON, GAUSSIAN, LAWS, START_TAG
from nqmbench.kernels.memory import load, places, pointer, store
from nqmbench.kernels.options import jit
from nqmbench.kernels.program import PRECISIONS, Precision
from nqmbench.kernels.random import next_words, seed_block

# Noise comes in two formats: a precision whose states have the format of its noise shows it as it
# is drawn.
SHOWN = {32: PRECISIONS["f32"], 64: PRECISIONS["f64"]}

# Of the first million normals, by bits: the same on every machine, and in every version of the
# program that draws the same noise.  A change here makes every stored result another one.
KNOWN_DIGESTS = {32: "351e44202326a334", 64: "aa23184d06feb6e0"}


@jit
def _draw(kernel: Any, job: Any, words: Any, address: Any, count: Any) -> None:
    seed, tag, block, coordinate = address
    seed_block(words, 0, seed, tag, block, coordinate)
    seed_block(words, words.size // 2, seed, tag, block, COMMON)
    call_noise(kernel, (pointer(job, 0), 0, 0, count))


def _drawn(
    law: int, tag: int, nu: float, address: tuple[int, int, int], count: int, form: Precision
) -> NDArray[Any]:
    seed, block, coordinate = map(np.uint64, address)
    nothing = np.zeros(0)
    numbers = dict.fromkeys(Work._fields, 0) | {"lanes": form.lanes, "width": form.lanes}
    arrays: dict[str, Any] = dict.fromkeys(("updates", "stop", "states", "buffer"), nothing)
    arrays["words"] = np.empty(8 * form.lanes, dtype=f"u{form.noise // 8}")
    arrays["drawn"] = np.empty((count, form.lanes), dtype=form.real)
    tables: dict[str, Any] = dict.fromkeys(Tables._fields, nothing)
    tables |= {"nu": np.float64(nu), "draws": np.ones(1, dtype=np.int64)}
    tables |= {"draw_rows": 0}
    work = Work(**(numbers | arrays))
    job = pack(work, Tables(**tables))
    where = seed, np.uint64(tag), block, coordinate
    _draw(noise_address(law, form), job, work.words, where, count)
    return work.drawn


def normals(
    law: str, nu: float, seed: int, block: int, coordinate: int, count: int, bits: int = 32
) -> NDArray[Any]:
    """Return the first ``count`` draws of every lane, mean 0 and variance 1.

    Shape (count, 32) in float32 (``bits=32``) or (count, 16) in float64 (``bits=64``).  They are
    the very numbers that a simulation uses at this address: one per step for Gaussian noise, B_t
    per step for the other laws.

    >>> normals("rademacher", 0.0, seed=1, block=0, coordinate=0, count=2)[:, :4].tolist()
    [[-1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, -1.0]]
    """
    address = seed, block, coordinate
    return _drawn(LAWS[law], LAWS[law], nu, address, count, SHOWN[bits])


def start_normals(seed: int, block: int, coordinate: int, bits: int = 32) -> NDArray[Any]:
    """Return the standard normals of the Gaussian starts of a block, one per lane."""
    address = seed, block, coordinate
    return _drawn(GAUSSIAN, START_TAG, 0.0, address, 1, SHOWN[bits]).reshape(-1)


@jit
def _seed(words: Any, seed: Any, tag: Any, block: Any, coordinate: Any) -> None:
    seed_block(words, 0, seed, tag, block, coordinate)


def generator_state(
    seed: int, tag: int, block: int, coordinate: int, bits: int = 32
) -> NDArray[Any]:
    """Return the generators' state words at an address, shape (4, lanes)."""
    lanes = SHOWN[bits].lanes
    words = np.empty(4 * lanes, dtype=f"u{bits // 8}")
    _seed(words, *map(np.uint64, (seed, tag, block, coordinate)))
    return words.reshape(4, lanes)


@jit
def _advance(words: Any, out: Any) -> None:
    s = places(load(words, 0, 1), 4)
    for i in range(4):
        s[i] = load(words, i, 1)
    for i in range(out.size):
        store(out, i, next_words(s))


def generator_words(state: tuple[int, int, int, int], count: int, bits: int = 32) -> NDArray[Any]:
    """Return the next ``count`` words of a generator in the given state (known answers).

    xoshiro128++ for ``bits=32``, xoshiro256++ for ``bits=64``.
    """
    words = np.array(state, dtype=f"u{bits // 8}")
    out = np.empty(count, dtype=words.dtype)
    _advance(words, out)
    return out


def digest(count: int = 1_000_000, bits: int = 32) -> str:
    """Return a fingerprint of the first ``count`` normals of seed 0: names generator and fit.

    Two machines with the same digests draw the same noise; `KNOWN_DIGESTS` holds what all of them
    should give for the first million.

    Args:
        count: how many normals.
        bits: 32 or 64, the format of the noise.
    """
    rows = -(-count // SHOWN[bits].lanes)
    drawn = normals("gaussian", 0.0, seed=0, block=0, coordinate=0, count=rows, bits=bits)
    numbers = drawn.ravel()[:count].astype(f"<f{bits // 8}")
    return hashlib.sha256(numbers.tobytes()).hexdigest()[:16]
