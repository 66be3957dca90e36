"""The two floating-point formats, and functions that are written once for both.

Noise is made in float32 or in float64.  The recipes are the same, only constants differ: how many
bits a word has, where the exponent sits, how many terms a polynomial needs.  `Format` holds them,
and a function decorated with `by_format` is written as a recipe ``format -> function``: inside
compiled code a call picks the function by the type of its first argument.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba.core import types
from numba.extending import overload

from nqmbench.kernels.options import INLINE


@dataclass(frozen=True)
class Format:
    """A floating-point format and the words of the same size.

    Attributes:
        name: "f32" or "f64".
        real, word: the NumPy types of its numbers and of its words.
        bits: of a number, and of a word.
        mantissa: bits of the stored fraction.
        bias: what the exponent field holds for 1.0.
        lanes: trajectories of a block: as many numbers as fill two vectors of 512 bits.
    """

    name: str
    real: Any
    word: Any
    bits: int
    mantissa: int
    bias: int
    lanes: int

    def bits_of(self, value: float) -> Any:
        """Return the word with the bits of ``value`` rounded to this format."""
        return self.real(value).view(self.word)

    @property
    def sign(self) -> Any:
        """The word in which the sign bit alone is set."""
        return self.word(1 << (self.bits - 1))

    @property
    def low(self) -> Any:
        """The word in which all bits but the sign are set."""
        return self.word((1 << (self.bits - 1)) - 1)

    @property
    def one(self) -> Any:
        """2^(bits - 1), what a word without its sign counts up to: the 1 of uniform numbers."""
        return self.real(2.0 ** (self.bits - 1))


F32 = Format("f32", np.float32, np.uint32, 32, 23, 127, 32)
F64 = Format("f64", np.float64, np.uint64, 64, 52, 1023, 16)

_OF_ELEMENT = {types.float32: F32, types.uint32: F32, types.float64: F64, types.uint64: F64}


def format_of(kind: Any) -> Format:
    """Return the format of a Numba type: of lanes, or of memory for lanes or numbers."""
    held = getattr(kind, "dtype", kind)
    return _OF_ELEMENT[getattr(held, "element", held)]


def by_format(recipe: Callable[[Format], Callable[..., Any]]) -> Any:
    """Make a function for compiled code from a recipe that writes it for a format."""

    def stub(*arguments: Any) -> Any:
        raise NotImplementedError(
            f"{recipe.__name__} exists only in compiled code (unset NUMBA_DISABLE_JIT)"
        )

    # The cache on disk knows what a kernel's closure holds by module and name, if it has both.
    stub.__name__, stub.__qualname__ = recipe.__name__, recipe.__qualname__
    stub.__module__, stub.__doc__ = recipe.__module__, recipe.__doc__

    def chosen(first: Any, *rest: Any) -> Any:
        return recipe(format_of(first))

    overload(stub, strict=False, jit_options=INLINE)(chosen)
    return stub
