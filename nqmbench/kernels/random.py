"""Random numbers that have an address.

A trajectory's noise is a function of ``(seed, law, block, coordinate, lane)`` and of nothing else;
what the coordinates of a sample have in common comes from a coordinate's number that none has.
Each lane of a block owns a generator of Blackman and Vigna (2021), xoshiro128++ for noise in
float32 and xoshiro256++ for noise in float64, whose four state words are a hash of that address.
Any block can be computed anywhere, alone, in any order, and threads, chunks or resumed runs change
nothing.

The hash is a chain of the finaliser of SplitMix64 (Steele, Lea and Flood, 2014; Stafford's
variant 13), a bijection of 64 bits.  Two chains that start differently give two keys, together
128 bits: within one (seed, law, coordinate) no two blocks share a key, and two addresses in
general share a state with probability 2^-128.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nqmbench.kernels.formats import Format, by_format
from nqmbench.kernels.lanes import lane_numbers, low_words, rotate_left
from nqmbench.kernels.memory import store
from nqmbench.kernels.options import jit_small

GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio, odd: spreads consecutive numbers
FIRST, SECOND = np.uint64(0x243F6A8885A308D3), np.uint64(0x13198A2E03707344)  # digits of pi

# The constants of a generator: rotation of the output, shift, rotation of the state.
ROTATIONS = {32: (7, 9, 11), 64: (23, 17, 45)}


@jit_small
def mix(x: Any) -> Any:
    """Scramble a uint64, or lanes of them, one to one."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@jit_small
def key(start: Any, seed: Any, tag: Any, block: Any, coordinate: Any) -> Any:
    """Return the 64-bit key of an address of four integers.  One to one in ``block``."""
    h = mix(start ^ mix(np.uint64(seed) + GOLDEN))
    h = mix(h ^ mix(np.uint64(tag) + GOLDEN))
    h = mix(h ^ mix(np.uint64(coordinate) + GOLDEN))
    return mix(h ^ mix(np.uint64(block) + GOLDEN))


@by_format
def seed_block(form: Format) -> Any:
    """Put the state of a block's generators at an address into ``words[place:]``.

    ``seed_block(words, place, seed, tag, block, coordinate)``: ``words`` an array of the format's
    words, ``place`` where the 4 L words of the block begin (first the word s0 of all lanes, then
    s1, ...), the rest integers of 64 bits, signed or not.
    """
    lanes = form.lanes
    if form.bits == 32:

        def seed_block(
            words: Any, place: Any, seed: Any, tag: Any, block: Any, coordinate: Any
        ) -> None:
            step = (lane_numbers(lanes) + np.uint64(1)) * GOLDEN
            a = mix(step + key(FIRST, seed, tag, block, coordinate))
            b = mix(step + key(SECOND, seed, tag, block, coordinate))
            store(words, place, low_words(a))
            store(words, place + lanes, low_words(a >> 32))
            store(words, place + 2 * lanes, low_words(b))
            store(words, place + 3 * lanes, low_words(b >> 32))
    else:

        def seed_block(
            words: Any, place: Any, seed: Any, tag: Any, block: Any, coordinate: Any
        ) -> None:
            step = (lane_numbers(lanes) + np.uint64(1)) * GOLDEN
            more = (lane_numbers(lanes) + np.uint64(1 + lanes)) * GOLDEN
            first = key(FIRST, seed, tag, block, coordinate)
            second = key(SECOND, seed, tag, block, coordinate)
            store(words, place, mix(step + first))
            store(words, place + lanes, mix(step + second))
            store(words, place + 2 * lanes, mix(more + first))
            store(words, place + 3 * lanes, mix(more + second))

    return seed_block


@by_format
def next_words(form: Format) -> Any:
    """Advance the generators of all lanes and return their words: ``next_words(s)``.

    ``result = rotl(s0 + s3, R) + s0``, then with ``t = s1 << S``:
    ``s2 ^= s0; s3 ^= s1; s1 ^= s2; s0 ^= s3; s2 ^= t; s3 = rotl(s3, Q)``.
    """
    out, shift, turn = ROTATIONS[form.bits]

    def next_words(s: Any) -> Any:
        s0, s1, s2, s3 = s[0], s[1], s[2], s[3]
        result = rotate_left(s0 + s3, out) + s0
        t = s1 << shift
        s2 = s2 ^ s0
        s3 = s3 ^ s1
        s[0] = s0 ^ s3
        s[1] = s1 ^ s2
        s[2] = s2 ^ t
        s[3] = rotate_left(s3, turn)
        return result

    return next_words
