"""What has no meaning for lanes is refused when it is compiled, in words."""

import numba
import numpy as np
import pytest
from numba.core.errors import TypingError

from nqmbench.kernels import lanes as L  # noqa: N812 - so short that formulas stay readable
from nqmbench.kernels.memory import load, places, store

pytestmark = pytest.mark.needs_compiler

F4, F8, U4, U8 = (
    np.zeros(32, dtype=kind) for kind in (np.float32, np.float64, np.uint32, np.uint64)
)

REFUSED = {
    "two types of numbers": (lambda a, b: load(a, 0, 4) + load(b, 0, 4), (F4, F8), None),
    "numbers and words": (lambda a, b: load(a, 0, 4) * load(b, 0, 4), (F4, U4), None),
    "two sizes of words": (lambda a, b: load(a, 0, 4) ^ load(b, 0, 4), (U4, U8), None),
    "two counts": (lambda a: load(a, 0, 4) + load(a, 0, 8), (F4,), None),
    "bits of numbers": (lambda a: load(a, 0, 4) & load(a, 4, 4), (F4,), None),
    "a quotient of words": (lambda a: load(a, 0, 4) / load(a, 4, 4), (U4,), None),
    "an array beside lanes": (lambda a: load(a, 0, 4) + a, (F8,), None),
    "a count that is not constant": (lambda a, n: load(a, 0, n), (F4, 4), "constant"),
    "lanes, their count unknown": (lambda n: L.splat(1.0, n), (4,), "constant"),
    "lane numbers, count unknown": (lambda n: L.lane_numbers(n), (4,), "constant"),
    "fma of words": (lambda a: L.fma(load(a, 0, 4), load(a, 0, 4), 1), (U4,), "fma wants"),
    "fma of two types": (
        lambda a, b: L.fma(load(a, 0, 4), load(b, 0, 4), 1.0), (F4, F8), "fma wants"),
    "fma of mixed numbers": (lambda: L.fma(1.0, 2.0, 3), (), "fma wants"),
    "the root of words": (lambda a: L.sqrt(load(a, 0, 4)), (U8,), "lanes of float32 or float64"),
    "the root of a number": (lambda: L.sqrt(2.0), (), "lanes of float32 or float64"),
    "a choice by words": (
        lambda a: L.select(load(a, 0, 4), 1.0, load(a, 0, 4)), (U4,), "lanes of bool"),
    "a choice of other counts": (
        lambda a: L.select(load(a, 0, 8) < 1.0, 1.0, load(a, 0, 4)), (F4,), "select wants"),
    "numbers rotated": (lambda a: L.rotate_left(load(a, 0, 4), 3), (F4,), "lanes of uint32"),
    "numbers of numbers": (lambda a: L.as_floats(load(a, 0, 4)), (F4,), "lanes of uint32"),
    "words of words": (lambda a: L.as_words(load(a, 0, 4)), (U4,), "lanes of float32"),
    "low words of 32 bits": (lambda a: L.low_words(load(a, 0, 4)), (U4,), "lanes of uint64"),
    "wider words": (lambda a: L.widened(load(a, 0, 4)), (U4,), "lanes of float32"),
    "a join of two types": (
        lambda a, b: L.upper(L.join(load(a, 0, 4), load(b, 0, 4))), (F4, F8), "can be joined"),
    "a join of two counts": (
        lambda a: L.upper(L.join(load(a, 0, 4), load(a, 0, 8))), (F4,), "can be joined"),
    "float64 into float32": (
        lambda a, b: store(a, 0, load(b, 0, 4)), (F4, F8), "lanes of float32 are needed"),
    "words into numbers": (
        lambda a, b: store(a, 0, load(b, 0, 4)), (F4, U4), "lanes of float32 are needed"),
    "a number stored": (lambda a: store(a, 0, 1.0), (F8,), "lanes of float64"),
    "places for numbers": (lambda: places(1.0, 3)[0], (), "lanes of uint32"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_has_no_meaning_is_refused_when_it_is_compiled(what):
    function, arguments, text = REFUSED[what]
    inner = numba.njit(function)

    @numba.njit
    def kernel(*arguments):
        inner(*arguments)

    with pytest.raises(TypingError, match=text):
        kernel(*arguments)
