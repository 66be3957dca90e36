"""Which rows a batch has: numbers drawn with or without replacement.

A word of 32 bits times n, shifted right by 32 bits, is a row's number.  Some numbers come once more
often than others among the 2^32 words: a probability is off by less than n / 2^32 of itself, for a
thousand rows 2.4e-7.  To see that, a mean would have to be known to seven digits, which takes 1e14
trajectories.

Without replacement the first B numbers of a shuffle of 0, ..., n - 1 are drawn, one exchange for
each: every subset is as likely as any other.  The exchanges are then undone, which needs only their
places.  So one list serves all lanes, and what a step draws depends on its words alone.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from nqmbench.kernels.entry import address_of
from nqmbench.kernels.memory import load, places, store, wide_vectors
from nqmbench.kernels.options import jit_named, jit_small
from nqmbench.kernels.random import next_words, seed_block
from nqmbench.kernels.rows.gather import scaled_words
from nqmbench.kernels.rows.job import DRAW_ARGUMENTS, LANES, source_of

TAG = 96  # "rows", in the random stream's address; never renumber


@cache
def draw_kernel(replacement: bool, together: int) -> Any:
    """Return the compiled ``kernel(job, block, begin, end)``.

    It puts the numbers of the rows of steps ``begin``, ..., ``end - 1`` into the source's
    ``drawn``, draw after draw, a number for each lane.  The generators are seeded when ``begin``
    is 0, and advanced.

    Args:
        replacement: whether a row may come twice in a batch.
        together: how many lanes are drawn for at a time.
    """

    def kernel(job: Any, block: Any, begin: Any, end: Any) -> None:
        wide_vectors()
        source = source_of(job, 32, 64)
        if begin == 0:
            seed_block(source.words, 0, source.seed, TAG, block, source.code)
        s = places(load(source.words, 0, together), 4)
        for lane in range(0, LANES, together):
            for i in range(4):
                s[i] = load(source.words, i * LANES + lane, together)
            place = lane
            for t in range(begin, end):
                if source.stop[0]:
                    break
                step = t * source.scheduled
                exchanges, draws = source.exchanges[step], source.draws[step]
                if replacement:
                    for _ in range(draws):
                        store(source.drawn, place, scaled_words(next_words(s), source.n))
                        place += LANES
                else:
                    for b in range(exchanges):
                        words = scaled_words(next_words(s), source.n - b)
                        store(source.swaps, b * LANES + lane, words)
                    for one in range(together):
                        shuffle(source, lane + one, place + one, exchanges, draws)
                    place += draws * LANES
            for i in range(4):
                store(source.words, i * LANES + lane, s[i])

    return jit_named(kernel, "rows", replacement, together)


@jit_small
def shuffle(source: Any, lane: Any, place: Any, exchanges: Any, draws: Any) -> None:
    """Exchange, put down what came first, or all that did not, and undo it."""
    order, swaps = source.permutation, source.swaps
    for b in range(exchanges):
        k = np.int64(swaps[b * LANES + lane]) + b
        chosen = order[k]
        order[k] = order[b]
        if draws == exchanges:
            source.drawn[place + b * LANES] = chosen
    if draws != exchanges:
        for b in range(draws):
            source.drawn[place + b * LANES] = order[exchanges + b]
    for b in range(exchanges):
        k = np.int64(swaps[b * LANES + lane]) + b
        order[k] = np.uint32(k)


@cache
def draw_address(replacement: bool, kernels: str) -> int:
    """Return the address of the code that draws, "fast" or "plain": one lane at a time."""
    return address_of(draw_kernel(replacement, 1 if kernels == "plain" else LANES), DRAW_ARGUMENTS)
