"""What can be observed of a trajectory, and the words for it.

Each kind of problem has a vocabulary. That of the noisy quadratic, with w the read-out minus the
optimum, is

    error = sum_i w_i^2,   loss = 1/2 sum_i h_i w_i^2,   w[i], w2[i] = w_i^2, w3[i] = w_i^3

and that of problems made of rows (least squares), with w the read-out itself,

    loss = f(w), floor included,   distance = |w - w*|^2,   w[i]
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nqmbench.arguments import choices

__all__ = ["ERRORS", "WEIGHTS", "Observable", "Vocabulary", "is_observable"]

COORDINATE = re.compile(r"w([23]?)\[(i|[0-9]{1,9})\]")


@dataclass(frozen=True)
class Observable:
    """One observed quantity.

    Args:
        name: as the user writes it.
        power: the power of the read-out in it.
        coordinate: i, or None for a sum over all coordinates.
    """

    name: str
    power: int
    coordinate: int | None = None

    @property
    def nonnegative(self) -> bool:
        """True when the quantity is a sum of squares; then |mean| is its natural scale."""
        return self.power == 2

    def weights(self, h: NDArray[np.float64]) -> NDArray[np.float64]:
        """The factor of w_i^power for each coordinate that takes part, shape (d,) or (1,).

        Of a noisy quadratic, where every observable is such a sum.
        """
        if self.coordinate is not None:
            return np.ones(1)
        return h / 2 if self.name == "loss" else np.ones(h.size)


@dataclass(frozen=True)
class Vocabulary:
    """The observables of one kind of problem.

    Args:
        sums: the names of quadratic sums over all coordinates; the first is observed by default.
        powers: the powers of a single coordinate: 1 for "w[i]", 2 for "w2[i]", 3 for "w3[i]".
    """

    sums: tuple[str, ...]
    powers: tuple[int, ...]

    def stands_for(self, name: Any, d: int) -> int:
        """How many observables a name stands for in d dimensions; 0 if it is none.

        >>> ERRORS.stands_for("w2[i]", 10**9), ERRORS.stands_for("w2[7]", 7)
        (1000000000, 0)
        >>> ERRORS.stands_for("distance", 7), WEIGHTS.stands_for("distance", 7)
        (0, 1)
        """
        if not isinstance(name, str):
            return 0
        if name in self.sums:
            return 1
        match = COORDINATE.fullmatch(name)
        if not match or int(match[1] or 1) not in self.powers:
            return 0
        return d if match[2] == "i" else int(int(match[2]) < d)

    def parse(self, name: Any, d: int) -> list[Observable]:
        """The observables that a name stands for; "w2[i]" with the letter i means every coordinate.

        >>> [o.name for o in ERRORS.parse("w2[i]", 2)], ERRORS.parse("speed", 2)
        (['w2[0]', 'w2[1]'], [])
        """
        if not self.stands_for(name, d):
            return []
        match = COORDINATE.fullmatch(name)
        if not match:
            return [Observable(name, 2)]
        stem, power = "w" + match[1], int(match[1] or 1)
        chosen = range(d) if match[2] == "i" else [int(match[2])]
        return [Observable(f"{stem}[{i}]", power, i) for i in chosen]

    def allowed(self, d: int | None = None) -> str:
        """The legal names in words.

        >>> print(WEIGHTS.allowed(2))
        'loss', 'distance', 'w[i]' with a coordinate 0 <= i < d = 2
        """
        coordinates = (f"w{'' if power == 1 else power}[i]" for power in self.powers)
        names = choices([*self.sums, *coordinates])
        return f"{names} with a coordinate 0 <= i < d" + (f" = {d}" if d else "")


ERRORS = Vocabulary(("error", "loss"), (1, 2, 3))
WEIGHTS = Vocabulary(("loss", "distance"), (1,))


def is_observable(name: Any) -> bool:
    """True for a name that is an observable of some kind of problem in some dimension.

    >>> is_observable("w2[i]"), is_observable("w2[7]"), is_observable("w4[0]"), is_observable(None)
    (True, True, False, False)
    """
    return any(vocabulary.stands_for(name, 10**9) for vocabulary in (ERRORS, WEIGHTS))
