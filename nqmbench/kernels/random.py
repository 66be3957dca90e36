"""Random numbers that have an address.

A trajectory's noise is a function of ``(seed, law, block, coordinate, lane)`` and of nothing else.
Each lane of a block owns a generator (xoshiro128++ of Blackman and Vigna, 2021) whose four state
words are a hash of that address.  Any block can be computed anywhere, alone, in any order, and
threads, chunks or resumed runs change nothing.

The hash is a chain of the finaliser of SplitMix64 (Steele, Lea and Flood, 2014; Stafford's
variant 13), a bijection of 64 bits.  Two chains that start differently give two keys, together
128 bits: within one (seed, law, coordinate) no two blocks share a key, and two addresses in
general share a state with probability 2^-128.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nqmbench.kernels.bits import rotate_left
from nqmbench.kernels.options import jit_small

LANES = 32  # trajectories of a block
WORDS = 4 * LANES  # generator states of a block, word by word: s0 of all lanes, then s1, ...

GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio, odd: spreads consecutive numbers
FIRST, SECOND = np.uint64(0x243F6A8885A308D3), np.uint64(0x13198A2E03707344)  # digits of pi


@jit_small
def mix(x: Any) -> Any:
    """Scramble a uint64, one to one."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@jit_small
def key(start: Any, seed: Any, tag: Any, block: Any, coordinate: Any) -> Any:
    """Return the 64-bit key of an address; all arguments uint64.  One to one in ``block``."""
    h = mix(start ^ mix(seed + GOLDEN))
    h = mix(h ^ mix(tag + GOLDEN))
    h = mix(h ^ mix(coordinate + GOLDEN))
    return mix(h ^ mix(block + GOLDEN))


@jit_small
def state_words(address_key: Any, lane: Any) -> Any:
    """Return two of the four words of a lane's state, as one uint64."""
    return mix(address_key + GOLDEN * (np.uint64(lane) + np.uint64(1)))


@jit_small
def next_word(words: Any, lane: Any) -> Any:
    """Advance one lane's xoshiro128++ and return its 32 bits.

    ``result = rotl(s0 + s3, 7) + s0``, then with ``t = s1 << 9``:
    ``s2 ^= s0; s3 ^= s1; s1 ^= s2; s0 ^= s3; s2 ^= t; s3 = rotl(s3, 11)``.
    """
    s0 = words[lane]
    s1 = words[lane + LANES]
    s2 = words[lane + 2 * LANES]
    s3 = words[lane + 3 * LANES]
    result = np.uint32(rotate_left(np.uint32(s0 + s3), np.uint32(7)) + s0)
    t = np.uint32(s1 << np.uint32(9))
    s2 = s2 ^ s0
    s3 = s3 ^ s1
    words[lane] = s0 ^ s3
    words[lane + LANES] = s1 ^ s2
    words[lane + 2 * LANES] = s2 ^ t
    words[lane + 3 * LANES] = rotate_left(s3, np.uint32(11))
    return result


@jit_small
def seed_block(words: Any, seed: Any, tag: Any, block: Any, coordinate: Any) -> None:
    """Fill the generators of a block at an address; all but ``words`` uint64."""
    first = key(FIRST, seed, tag, block, coordinate)
    second = key(SECOND, seed, tag, block, coordinate)
    for lane in range(LANES):
        a = state_words(first, lane)
        b = state_words(second, lane)
        words[lane] = np.uint32(a)
        words[lane + LANES] = np.uint32(a >> np.uint64(32))
        words[lane + 2 * LANES] = np.uint32(b)
        words[lane + 3 * LANES] = np.uint32(b >> np.uint64(32))
