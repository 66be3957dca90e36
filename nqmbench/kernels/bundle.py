"""Programs that are run together: driven by the same noise, step by step.

Trajectories of different methods can be compared pair by pair when they meet the same noise, and
the noise, which costs most, is drawn once.  The members of a `Bundle` keep their numbers: each
observable has the bits that it has when its program is run alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from nqmbench.kernels.laws import LAWS
from nqmbench.kernels.program import (
    Integers,
    Number,
    Precision,
    Program,
    Reals,
    States,
    Structure,
    superblock_size,
)


class Tables(NamedTuple):
    """The run-time numbers of a bundle; M members.

    The compiled loop takes it as it is, the kernels get pointers in the place of the arrays.

    Attributes:
        members: M. d: the dimension. states: n, the most states of a member.
        length: of a row of entries.
        columns: how many results each checkpoint has.
        S: the number of checkpoints.
        contrasts: C, how many pairs of results are compared.
        entries: (rows, length), the rows of all members one below the other, padded.
        first_row: (M,), where a member's rows begin.
        sigma, lam: (M, d), in the precision of the states.
        starts: (M, n), padded.
        w0, w0_std: (M, d).
        draws: (steps,), draws per step, or (1,) where it is constant.
        draw_rows: 1 where ``draws`` has a row per step, else 0.
        nu: Student's degrees of freedom.
        checkpoints: (S,).
        feeds_start: (M, d + 1), into the feeds of all members.
        feeds_observable, feeds_weight, feeds_power: (F,); observables are numbered throughout.
        minuend, subtrahend: (C,), the results that each contrast compares.
    """

    members: int
    d: int
    states: int
    length: int
    columns: int
    S: int
    contrasts: int
    entries: States
    first_row: Integers
    sigma: States
    lam: States
    starts: Reals
    w0: Reals
    w0_std: Reals
    draws: Integers
    draw_rows: int
    nu: Number
    checkpoints: Integers
    feeds_start: Integers
    feeds_observable: Integers
    feeds_weight: Reals
    feeds_power: Integers
    minuend: Integers
    subtrahend: Integers


class Contrast(NamedTuple):
    """A paired comparison: observable ``o`` of member ``a`` against observable ``p`` of ``b``."""

    a: int
    o: int
    b: int
    p: int


def check_alike(number: int, how: str, facts: Iterable[tuple[str, Any, Any]]) -> None:
    """Refuse a program that differs from the first where programs that ``how`` must not.

    Args:
        number: of the program.
        how: what they do together.
        facts: (what, that of the program, that of the first one).
    """
    for name, seen, wanted in facts:
        if seen != wanted:
            raise ValueError(
                f"programs[{number}]: {name} is {shortened(seen)}; programs that {how} have that "
                f"of programs[0], {shortened(wanted)}"
            )


def check_contrasts(contrasts: Iterable[Contrast], observables: Sequence[int]) -> None:
    """Refuse a contrast of what is not there.

    Args:
        contrasts: the pairs.
        observables: how many each program has.
    """
    for c in contrasts:
        for member, observable in ((c.a, c.o), (c.b, c.p)):
            if not (0 <= member < len(observables) and 0 <= observable < observables[member]):
                raise ValueError(f"contrasts: there is no observable {observable} of {member}")


@dataclass(frozen=True, eq=False)
class Bundle:
    """Programs under the same noise, and the contrasts between them.

    Args:
        programs: one or more that agree in precision, law, nu, dimension, steps, checkpoints, in
            and, unless the noise is Gaussian, in the batch of every step.
        contrasts: pairs of observables; each gives two more columns of results, the difference
            ``a - b`` and the event ``a < b`` (1 or 0).
    """

    programs: tuple[Program, ...]
    contrasts: tuple[Contrast, ...] = ()

    def __post_init__(self) -> None:
        """Check that the members can share their noise."""
        if not self.programs:
            raise ValueError("a bundle needs one program at least")
        first = self.programs[0]
        for number, program in enumerate(self.programs[1:], 1):
            facts = (
                ("precision", program.precision, first.precision),
                ("law", (program.law, program.nu), (first.law, first.nu)),
                ("dimension", len(program.lam), len(first.lam)),
                ("steps", program.steps, first.steps),
                ("checkpoints", list(program.checkpoints), list(first.checkpoints)),
            )
            check_alike(number, "share noise", facts)
            steps = max(first.steps, 1)
            if np.any(np.broadcast_to(program.draws, steps) != np.broadcast_to(first.draws, steps)):
                raise ValueError(f"programs[{number}]: draws other numbers than programs[0]")
        check_contrasts(self.contrasts, [p.observables for p in self.programs])

    @property
    def lanes(self) -> int:
        """Trajectories of a block, the unit in which noise has an address."""
        return self.format.lanes

    @property
    def checkpoints(self) -> Integers:
        """The checkpoints of all members."""
        return self.programs[0].checkpoints

    def part(self, begin: int, end: int) -> Bundle:
        """Return the bundle with a part of its checkpoints, which runs to the last of these."""
        shown = self.checkpoints[begin:end]
        return replace(self, programs=tuple(replace(p, checkpoints=shown) for p in self.programs))

    @property
    def work(self) -> float:
        """The work of a trajectory: numbers drawn, and steps of a coordinate of a member."""
        program = self.programs[0]
        draws, d = program.draws, len(program.lam)
        drawn = float(draws[0]) * program.steps if len(draws) == 1 else float(draws.sum())
        return d * max(1.0, drawn + program.steps * len(self.programs))

    @property
    def superblock(self) -> int:
        """The trajectories of a superblock, the same for all members."""
        return superblock_size(self.programs[0])

    @property
    def structures(self) -> tuple[Structure, ...]:
        """The compile-time facts of each member."""
        return tuple(p.structure for p in self.programs)

    @property
    def format(self) -> Precision:
        """The formats of noise and states."""
        return self.programs[0].format

    @property
    def law(self) -> int:
        """The number of the noise law."""
        return LAWS[self.programs[0].law]

    @cached_property
    def first_observable(self) -> tuple[int, ...]:
        """The column in which each member's observables begin; last, where the contrasts do."""
        return (0, *np.cumsum([p.observables for p in self.programs]).tolist())

    @property
    def columns(self) -> int:
        """How many results there are per checkpoint."""
        return self.first_observable[-1] + 2 * len(self.contrasts)

    @cached_property
    def tables(self) -> Tables:
        """The run-time numbers: copies, contiguous, of the types the kernels are compiled for."""
        members, real = self.programs, self.format.real
        length = max(p.entries.shape[1] for p in members)
        states = max(len(p.starts) for p in members)
        rows = [len(p.entries) for p in members]
        feeds = [len(p.feeds_observable) for p in members]
        entries = np.zeros((sum(rows), length), dtype=real)
        starts = np.zeros((len(members), states))
        first_row = np.cumsum([0, *rows[:-1]], dtype=np.int64)
        for m, p in enumerate(members):
            entries[first_row[m] : first_row[m] + rows[m], : p.entries.shape[1]] = p.entries
            starts[m, : len(p.starts)] = p.starts
        first_feed = np.cumsum([0, *feeds[:-1]])
        draws = max((p.draws for p in members), key=len)
        numbered = zip(members, self.first_observable, strict=False)
        begin = self.first_observable
        return Tables(
            members=len(members),
            d=len(members[0].lam),
            states=states,
            length=length,
            columns=self.columns,
            S=len(members[0].checkpoints),
            contrasts=len(self.contrasts),
            entries=entries,
            first_row=first_row,
            sigma=_stack([p.sigma for p in members], real),
            lam=_stack([p.lam for p in members], real),
            starts=starts,
            w0=_stack([p.w0 for p in members]),
            w0_std=_stack([p.w0_std for p in members]),
            draws=draws,
            draw_rows=int(len(draws) > 1),
            nu=np.dtype(f"f{self.format.noise // 8}").type(members[0].nu),
            checkpoints=np.array(members[0].checkpoints, dtype=np.int64),
            feeds_start=_stack(
                [p.feeds_start + f for p, f in zip(members, first_feed, strict=True)], np.int64
            ),
            feeds_observable=_join([p.feeds_observable + o for p, o in numbered], np.int64),
            feeds_weight=_join([p.feeds_weight for p in members]),
            feeds_power=_join([p.feeds_power for p in members], np.int64),
            minuend=np.array([begin[c.a] + c.o for c in self.contrasts], dtype=np.int64),
            subtrahend=np.array([begin[c.b] + c.p for c in self.contrasts], dtype=np.int64),
        )


def shortened(value: object) -> str:
    """Return a value as text of 60 letters at most."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _stack(rows: Sequence[Any], kind: Any = np.float64) -> Any:
    with np.errstate(over="ignore"):  # what single precision cannot hold is inf, and diverges
        return np.ascontiguousarray(np.stack([np.asarray(r, dtype=kind) for r in rows]))


def _join(parts: Sequence[Any], kind: Any = np.float64) -> Any:
    return np.concatenate([np.asarray(p, dtype=kind) for p in parts])
