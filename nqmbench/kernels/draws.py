"""The raw noise of a block, for tests and for the digest that identifies the generator."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nqmbench.kernels.bits import stack_array
from nqmbench.kernels.laws import GAUSSIAN, HALF, LAWS, START_TAG, add_draws
from nqmbench.kernels.options import jit
from nqmbench.kernels.random import LANES, WORDS, next_word, seed_block


@jit
def _draws(law: Any, tag: Any, nu: Any, seed: Any, block: Any, coordinate: Any, out: Any) -> None:
    words = stack_array(np.uint32, WORDS)
    x = stack_array(np.float32, LANES)
    seed_block(words, seed, tag, block, coordinate)
    for i in range(out.shape[0]):
        for lane in range(LANES):
            x[lane] = np.float32(-0.0)
        add_draws(law, nu, words, x, LANES, HALF)
        for lane in range(LANES):
            out[i, lane] = x[lane]


def _drawn(
    law: int, tag: int, nu: float, seed: int, block: int, coordinate: int, count: int
) -> NDArray[np.float32]:
    out = np.empty((count, LANES), dtype=np.float32)
    address = np.uint64(seed), np.uint64(block), np.uint64(coordinate)
    _draws(np.int64(law), np.uint64(tag), np.float32(nu), *address, out)
    return out


def normals(
    law: str, nu: float, seed: int, block: int, coordinate: int, count: int
) -> NDArray[np.float32]:
    """Return the first ``count`` draws of every lane, shape (count, 32), mean 0 and variance 1.

    They are the very numbers that a simulation uses at this address: one per step for Gaussian
    noise, B_t per step for the other laws.

    >>> normals("rademacher", 0.0, seed=1, block=0, coordinate=0, count=2)[:, :4].tolist()
    [[-1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, -1.0]]
    """
    return _drawn(LAWS[law], LAWS[law], nu, seed, block, coordinate, count)


def start_normals(seed: int, block: int, coordinate: int) -> NDArray[np.float32]:
    """Return the standard normals of the Gaussian starts of a block, shape (32,)."""
    return _drawn(GAUSSIAN, START_TAG, 0.0, seed, block, coordinate, 1).reshape(LANES)


@jit
def _words(seed: Any, tag: Any, block: Any, coordinate: Any, out: Any) -> None:
    words = stack_array(np.uint32, WORDS)
    seed_block(words, seed, tag, block, coordinate)
    for i in range(WORDS):
        out[i // LANES, i % LANES] = words[i]


def generator_state(seed: int, tag: int, block: int, coordinate: int) -> NDArray[np.uint32]:
    """Return the generators' state words at an address, shape (4, 32)."""
    out = np.empty((4, LANES), dtype=np.uint32)
    _words(np.uint64(seed), np.uint64(tag), np.uint64(block), np.uint64(coordinate), out)
    return out


@jit
def _advance(words: Any, out: Any) -> None:
    for i in range(out.size):
        out[i] = next_word(words, 0)


def generator_words(state: tuple[int, int, int, int], count: int) -> NDArray[np.uint32]:
    """Return the next ``count`` words of a xoshiro128++ in the given state (known answers)."""
    words = np.zeros(WORDS, dtype=np.uint32)
    words[::LANES] = state
    out = np.empty(count, dtype=np.uint32)
    _advance(words, out)
    return out


def digest(count: int = 1_000_000) -> str:
    """Return a fingerprint of the first ``count`` normals of seed 0: names generator and fit.

    Two machines with the same digest draw the same noise.
    """
    drawn = normals("gaussian", 0.0, seed=0, block=0, coordinate=0, count=-(-count // LANES))
    return hashlib.sha256(drawn.ravel()[:count].astype("<f4").tobytes()).hexdigest()[:16]
