"""The open loop of a method, cut into what is known when a kernel is compiled, and numbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nqmbench.kernels.program import Integers, Reals

ABSENT, UNIT = -1, -2  # in the places of a structure


class RowStructure(NamedTuple):
    """The compile-time facts of an open loop; hashable, so that kernels can be kept by it.

    Where a number stands in a row of `entries`; `ABSENT` if it is 0 in every step, `UNIT` if it is
    1 in every step.

    Attributes:
        F: a tuple of n tuples of n. b, c: tuples of n.
        readout: the state that is observed.
        scheduled: whether there is a row of entries per step.
        resting: whether F and c are the same in all steps.
        complement: whether in some step it is told which rows are left out.
    """

    F: tuple[tuple[int, ...], ...]
    b: tuple[int, ...]
    c: tuple[int, ...]
    readout: int
    scheduled: bool
    resting: bool
    complement: bool

    @property
    def still(self) -> bool:
        """Whether a coordinate without gradient stays where it is."""
        n = len(self.b)
        wanted = [[UNIT if r == s else ABSENT for s in range(n)] for r in range(n)]
        return [list(row) for row in self.F] == wanted

    @property
    def asked(self) -> int:
        """The state at which the gradient is taken, as it is; -1 if it is taken elsewhere."""
        alone = [r for r, place in enumerate(self.c) if place != ABSENT]
        return alone[0] if len(alone) == 1 and self.c[alone[0]] == UNIT else -1

    @property
    def lazy(self) -> bool:
        """Whether a coordinate without gradient may be left behind for some steps."""
        return self.resting and not self.still

    @property
    def eager(self) -> bool:
        """Whether every coordinate has to make every step."""
        return not (self.resting or self.still)


def tabulated(
    F: Reals, b: Reals, c: Reals, readout: int, batch: Integers, complement: bool
) -> tuple[RowStructure, Reals]:
    """The structure, and the entries: 2 / B, then those of c, F and b that vary from 0 and 1.

    Args:
        F: shape (T1, n, n).
        b: shape (T1, n), the reaction to a gradient.
        c: shape (T1, n), the point at which it is taken.
        readout: the state that is observed.
        batch: shape (T1,).
        complement: whether a member is told which rows are left out.

    Returns:
        The structure, and entries of shape (T1, P).
    """
    columns = [2.0 / np.asarray(batch, dtype=np.float64)]

    def place(values: Reals) -> int:
        if not values.any():
            return ABSENT
        if (values == 1.0).all():
            return UNIT
        columns.append(values)
        return len(columns) - 1

    n = b.shape[1]
    asked = tuple(place(c[:, r]) for r in range(n))
    moved = tuple(tuple(place(F[:, r, s]) for s in range(n)) for r in range(n))
    pushed = tuple(place(b[:, r]) for r in range(n))
    structure = RowStructure(
        F=moved,
        b=pushed,
        c=asked,
        readout=readout,
        scheduled=len(b) > 1,
        resting=all(bool((table == table[:1]).all()) for table in (F, c)),
        complement=complement,
    )
    return structure, np.stack(columns, axis=1)
