"""What a kernel is told: a program, and the part of it that is known when it is compiled.

A `Program` holds the numbers of one experiment.  Its `Structure` holds the facts that shape the
code: how many states, which entries of the tables are ever different from 0, which are always 1,
the format of the states.  An update kernel is compiled per structure, so an absent entry costs
nothing, and methods that differ only in their numbers share a kernel.  The noise has kernels of its
own, one per law and format.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nqmbench.kernels.laws import LAWS

Reals = NDArray[np.float64]
Integers = NDArray[np.int64]
Bytes = NDArray[np.uint8]
# These depend on the precision: `job` maps each to a compiled type, and the annotation keeps the
# two apart.
Words = Annotated[NDArray[Any], "uint32 or uint64, of the generators"]
States = Annotated[NDArray[Any], "float32 or float64, of the states"]
Number = np.floating[Any]  # in the precision of the noise


LARGEST = 1024  # trajectories of a superblock, unless it would be too slow or too wide
SMALLEST = 64  # a group in float64 states, half of one in float32
WIDE = 2**16  # coordinates of all trajectories of a superblock: as many results may be asked for
SAMPLES = 2**26  # noise samples of a superblock: a fraction of a second on any machine


@dataclass(frozen=True)
class Precision:
    """In which formats noise is drawn and states are kept.

    Attributes:
        noise, state: bits, 32 or 64.
        lanes: trajectories of a block, the unit in which noise has an address.
        width: trajectories that are moved together, a multiple of ``lanes``: as many as fill the
            registers and hide the latency of the recursion.
    """

    noise: int
    state: int
    lanes: int
    width: int

    @property
    def real(self) -> Any:
        """The NumPy type of the states."""
        return np.float64 if self.state == 64 else np.float32


PRECISIONS = {
    "f32": Precision(noise=32, state=32, lanes=32, width=128),
    "mixed": Precision(noise=32, state=64, lanes=32, width=64),
    "f64": Precision(noise=64, state=64, lanes=16, width=64),
}


class Structure(NamedTuple):
    """The compile-time facts of a program; hashable, so that kernels can be kept by it.

    Attributes:
        increments, chain: for each row the columns of its entries, a tuple of n tuples of bool.
        point, push: a tuple of n bool.
        unit: whether an entry of ``point`` is 1 in every step.
        readout: the state that is observed.
        scheduled: whether the tables have a row per step.
        bits: of a state, 32 or 64.
        width: trajectories that are moved together.
    """

    increments: tuple[tuple[bool, ...], ...]
    chain: tuple[tuple[bool, ...], ...]
    point: tuple[bool, ...]
    push: tuple[bool, ...]
    unit: tuple[bool, ...]
    readout: int
    scheduled: bool
    bits: int
    width: int

    @property
    def head(self) -> int:
        """The first state that the gradient's point holds."""
        return self.point.index(True)


@dataclass(frozen=True, eq=False)
class Program:
    r"""One experiment in the form the kernels run.

    For each coordinate ``i`` a trajectory has states ``z`` (n of them); step ``t`` is

        u = c_t . z - s_{t,i} x,      s_{t,i} = sigma_i / sqrt(B_t), x of mean 0 and variance 1
        z_r += sum_j D_t[r,j] z_j (old) + sum_{j<r} L_t[r,j] z_j (new) + e_t[r] lam_i u

    in the order r = 0, ..., n-1.  After ``k`` steps, ``k`` in ``checkpoints``, with
    ``w = z[readout]``, observable ``o`` is the sum over all feeds of ``weight * w_i**power``.

    Args:
        precision: "f32" (states and noise in float32), "mixed" (states in float64, noise in
            float32) or "f64" (both in float64).
        law: gaussian, uniform, rademacher, laplace, exponential, student or intermittent.
        nu: degrees of freedom of Student's noise, > 2; ignored for the other laws.
        increments: D, shape (T1, n, n); T1 is 1 for constant tables, else ``steps``.
        chain: L, shape (T1, n, n), strictly lower triangular.
        point: c, shape (T1, n).
        push: e, shape (T1, n).
        batch: B, shape (T1,), >= 1.
        starts: shape (n,): state r starts at ``starts[r]`` times the start of the coordinate.
        readout: the state that is observed, 0 <= readout < n.
        lam: shape (d,), the factor of the gradient's push per coordinate.
        sigma: shape (d,), standard deviation of one sample's noise, >= 0.
        w0, w0_std: shape (d,), mean and standard deviation (>= 0) of the Gaussian start.
        steps: number of steps, >= 0.
        checkpoints: shape (S,), strictly increasing in 0..steps.
        feeds_start: shape (d + 1,): feeds ``feeds_start[i]`` to ``feeds_start[i+1] - 1`` belong
            to coordinate i.
        feeds_observable, feeds_weight, feeds_power: shape (F,); powers are 1, 2 or 3.
        observables: number of observables.
    """

    precision: str
    law: str
    nu: float
    increments: Reals
    chain: Reals
    point: Reals
    push: Reals
    batch: Integers
    starts: Reals
    readout: int
    lam: Reals
    sigma: Reals
    w0: Reals
    w0_std: Reals
    steps: int
    checkpoints: Integers
    feeds_start: Integers
    feeds_observable: Integers
    feeds_weight: Reals
    feeds_power: Integers
    observables: int

    def __post_init__(self) -> None:
        """Check what would otherwise be an access outside an array."""
        rows, n = np.shape(self.point)
        d, feeds = len(self.lam), len(self.feeds_observable)
        checkpoints = np.asarray(self.checkpoints)
        problems = [
            text
            for text, bad in (
                ("precision is f32, mixed or f64", self.precision not in PRECISIONS),
                (f"law is one of {', '.join(LAWS)}", self.law not in LAWS),
                ("nu > 2 for student", self.law == "student" and not self.nu > 2.0),
                ("1 or `steps` rows per table", rows not in (1, self.steps)),
                ("increments: (T1, n, n)", np.shape(self.increments) != (rows, n, n)),
                ("chain: (T1, n, n)", np.shape(self.chain) != (rows, n, n)),
                ("chain is strictly lower triangular", bool(np.any(np.triu(self.chain)))),
                ("push: (T1, n)", np.shape(self.push) != (rows, n)),
                ("batch: (T1,), >= 1", np.shape(self.batch) != (rows,) or np.min(self.batch) < 1),
                ("starts: (n,)", np.shape(self.starts) != (n,)),
                ("0 <= readout < n", not 0 <= self.readout < n),
                (
                    "lam, sigma, w0, w0_std: (d,), d >= 1",
                    d < 1 or any(np.shape(v) != (d,) for v in (self.sigma, self.w0, self.w0_std)),
                ),
                (
                    "checkpoints increase strictly within 0..steps",
                    checkpoints.ndim != 1
                    or checkpoints.size < 1
                    or bool(np.any(np.diff(checkpoints) <= 0))
                    or checkpoints[0] < 0
                    or checkpoints[-1] > self.steps,
                ),
                (
                    "feeds_start: (d + 1,), increasing from 0 to the number of feeds",
                    np.shape(self.feeds_start) != (d + 1,)
                    or self.feeds_start[0] != 0
                    or self.feeds_start[-1] != feeds
                    or bool(np.any(np.diff(self.feeds_start) < 0)),
                ),
                (
                    "feeds_weight, feeds_power: as long as feeds_observable",
                    len(self.feeds_weight) != feeds or len(self.feeds_power) != feeds,
                ),
                (
                    "0 <= feeds_observable < observables",
                    self.observables < 1
                    or any(not 0 <= o < self.observables for o in self.feeds_observable),
                ),
                ("feeds_power is 1, 2 or 3", any(p not in (1, 2, 3) for p in self.feeds_power)),
            )
            if bad
        ]
        if problems:
            raise ValueError("not a program: needs " + "; ".join(problems))

    @cached_property
    def structure(self) -> Structure:
        """The compile-time facts: a table entry is present if any step has it."""
        increments, chain, point, push = (
            np.any(np.asarray(t) != 0.0, axis=0).tolist()
            for t in (self.increments, self.chain, self.point, self.push)
        )
        return Structure(
            increments=tuple(map(tuple, increments)),
            chain=tuple(map(tuple, chain)),
            # A gradient that is asked for at 0 times each state still needs a head: its entry is 0.
            point=tuple(point) if any(point) else (True, *point[1:]),
            push=tuple(push),
            unit=tuple(np.all(np.asarray(self.point) == 1.0, axis=0).tolist()),
            readout=int(self.readout),
            scheduled=len(self.point) > 1,
            bits=self.format.state,
            width=self.format.width,
        )

    @property
    def format(self) -> Precision:
        """The formats of its noise and states."""
        return PRECISIONS[self.precision]

    @cached_property
    def entries(self) -> Reals:
        """The present entries of each row of the tables, in the order in which they are used.

        Shape (T1, P): first 1/sqrt(B) for Gaussian noise, 1/B for the others, whose B draws are
        added; then ``c`` without its units; then for each state its ``D``, ``L`` and ``e``.
        """
        shape, n = self.structure, len(self.starts)
        batch = np.asarray(self.batch, dtype=np.float64)
        columns = [1.0 / np.sqrt(batch) if self.law == "gaussian" else 1.0 / batch]
        columns += [self.point[:, j] for j in range(n) if shape.point[j] and not shape.unit[j]]
        for r in range(n):
            for j in range(n):
                columns += [self.increments[:, r, j]] * shape.increments[r][j]
                columns += [self.chain[:, r, j]] * shape.chain[r][j]
            columns += [self.push[:, r]] * shape.push[r]
        return np.stack(columns, axis=1)

    @cached_property
    def draws(self) -> Integers:
        """How many draws are added in each step, shape (T1,)."""
        batch = np.array(self.batch, dtype=np.int64)
        return np.ones_like(batch) if self.law == "gaussian" else batch


def superblock_size(program: Program) -> int:
    """Return the trajectories per superblock: 1024, or a smaller power of two down to 64.

    Halved while the work exceeds 2^26 noise samples, or all its coordinates 2^16.  It decides the
    order in which numbers are added, so it depends on the trajectories alone and not on what is
    observed of them: a result has the same bits whatever else is asked for, and whichever programs
    share its noise.
    """
    draws, d = program.draws, len(program.lam)
    samples = int(draws[0]) * program.steps if len(draws) == 1 else int(draws.sum())
    size = LARGEST
    while size > SMALLEST and (d * max(samples, 1) * size > SAMPLES or d * size > WIDE):
        size //= 2
    return size
