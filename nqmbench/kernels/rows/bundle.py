"""Row programs that are run together, step for step.

Those with the same number of rows, batch sizes and replacement meet the same rows. With another
number of rows the same random words are scaled to it; with other batch sizes or replacement the
words have nothing to do with one another.  Either way the members of a `RowBundle` keep their
numbers: each observable has the bits that it has when its program is run alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from nqmbench.kernels.bundle import Contrast, check_alike, check_contrasts
from nqmbench.kernels.program import Integers
from nqmbench.kernels.rows.job import LANES
from nqmbench.kernels.rows.program import RowsProgram, StillProgram, superblock_size


@dataclass(frozen=True, eq=False)
class RowBundle:
    """Programs that are run together, and the contrasts between them.

    Args:
        programs: one or more that agree in steps and checkpoints.
        contrasts: pairs of observables; each gives two more columns of results, the difference
            ``a - b`` and the event ``a < b`` (1 or 0).
    """

    programs: tuple[RowsProgram, ...]
    contrasts: tuple[Contrast, ...] = ()

    def __post_init__(self) -> None:
        """Check that the members can be run together."""
        if not self.programs:
            raise ValueError("a bundle needs one program at least")
        first = self.programs[0]
        for number, program in enumerate(self.programs[1:], 1):
            facts = (
                ("steps", program.steps, first.steps),
                ("checkpoints", list(program.checkpoints), list(first.checkpoints)),
            )
            check_alike(number, "are run together", facts)
        check_contrasts(self.contrasts, [p.observables for p in self.programs])

    @property
    def lanes(self) -> int:
        """Trajectories of a block, the unit in which rows have an address."""
        return LANES

    @property
    def checkpoints(self) -> Integers:
        """The checkpoints of all members."""
        return self.programs[0].checkpoints

    def part(self, begin: int, end: int) -> RowBundle:
        """Return the bundle with a part of its checkpoints, which runs to the last of these."""
        shown = self.checkpoints[begin:end]
        programs = (
            replace(p, checkpoints=shown, values=p.values[begin:end])
            if isinstance(p, StillProgram)
            else replace(p, checkpoints=shown)
            for p in self.programs
        )
        return replace(self, programs=tuple(programs))

    @property
    def work(self) -> float:
        """The work of a trajectory, in numbers that are multiplied, nearly."""
        return sum(p.work for p in self.programs)

    @property
    def superblock(self) -> int:
        """The trajectories of a superblock, the same for all members."""
        return superblock_size(self.programs[0].steps)

    @cached_property
    def first_observable(self) -> tuple[int, ...]:
        """The column in which each member's observables begin; last, where the contrasts do."""
        return (0, *np.cumsum([p.observables for p in self.programs]).tolist())

    @property
    def columns(self) -> int:
        """How many results there are per checkpoint."""
        return self.first_observable[-1] + 2 * len(self.contrasts)
