"""What the row kernels are told: a method's open loop, and the rows that it meets.

A trajectory has states ``z`` (n of them) in each of d coordinates, all relative to the optimum.
Step ``t`` draws B rows, takes the gradient ``g`` of their mean square error at ``a = c_t . z``, and

    z' = F_t z + b_t g,        g = (2 / B) sum_b x_b (x_b . a + r_b).

`RowProgram` draws from a fixed table of rows, dense or sparse; `StreamProgram` draws Gaussian rows
that nobody has seen before; a `StillProgram` draws nothing and is there to be compared with.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nqmbench.kernels.program import PRECISIONS, Integers, Reals
from nqmbench.kernels.rows.structure import RowStructure, tabulated

LOSS, DISTANCE = -1, -2  # the numbers of the observables; i >= 0 is the weight w[i]
NARROW = 8  # coordinates that are kept in registers, or near them
LARGEST, SMALLEST = 1024, 64  # trajectories of a superblock
STEPS = 2**20  # of all trajectories of a superblock


@dataclass(frozen=True, eq=False, kw_only=True)
class Descent:
    """What programs with noise have in common.

    Args:
        F: shape (T1, n, n); T1 is 1 for constant tables, else ``steps``. b, c: shape (T1, n).
        starts: shape (n,): state r starts at ``starts[r]`` times ``w0``.
        readout: the state that is observed, 0 <= readout < n.
        batch: B, shape (T1,), >= 1.
        w0: shape (d,), the start minus the optimum. optimum: shape (d,).
        floor: the loss at the optimum.
        steps: number of steps, >= 0.
        checkpoints: shape (S,), strictly increasing in 0..steps.
        observed: shape (O,): `LOSS`, `DISTANCE`, or i for the weight w[i].
    """

    F: Reals
    b: Reals
    c: Reals
    starts: Reals
    readout: int
    batch: Integers
    w0: Reals
    optimum: Reals
    floor: float
    steps: int
    checkpoints: Integers
    observed: Integers

    def __post_init__(self) -> None:
        """Check what would otherwise be an access outside an array."""
        found = [text for text, bad in self.faults() if bad]
        if found:
            raise ValueError("not a program: needs " + "; ".join(found))

    def faults(self) -> list[tuple[str, bool]]:
        """What is needed, and whether it is missing."""
        rows, n = np.shape(self.b)
        at = np.asarray(self.checkpoints)
        return [
            ("1 or `steps` rows per table", rows not in (1, self.steps)),
            ("F: (T1, n, n)", np.shape(self.F) != (rows, n, n)),
            ("c: (T1, n)", np.shape(self.c) != (rows, n)),
            ("batch: (T1,), >= 1", np.shape(self.batch) != (rows,) or bool(np.min(self.batch) < 1)),
            ("starts: (n,)", np.shape(self.starts) != (n,)),
            ("0 <= readout < n", not 0 <= self.readout < n),
            ("w0, optimum: (d,), d >= 1", self.d < 1 or np.shape(self.optimum) != (self.d,)),
            ("checkpoints increase strictly within 0..steps", not increasing(at, self.steps)),
            (
                "observed: -1, -2 or 0..d-1",
                len(self.observed) < 1 or any(not DISTANCE <= o < self.d for o in self.observed),
            ),
        ]

    @property
    def d(self) -> int:
        """The number of coordinates."""
        return len(self.w0)

    @property
    def observables(self) -> int:
        """The number of observables."""
        return len(self.observed)

    @cached_property
    def complemented(self) -> Integers:
        """Whether a member is told which rows are left out, shape (T1,), 1 or 0."""
        return np.zeros(len(self.batch), dtype=np.int64)

    @property
    def draws(self) -> Integers:
        """How many rows are drawn in each step, shape (T1,)."""
        return np.array(self.batch, dtype=np.int64)

    @cached_property
    def code(self) -> int:
        """The number of the batch sizes in the random stream's address."""
        return 2 * batch_number(self.batch)

    @cached_property
    def table(self) -> tuple[RowStructure, Reals]:
        """The structure, and the entries, shape (T1, P)."""
        complement = bool(self.complemented.any())
        return tabulated(self.F, self.b, self.c, self.readout, self.batch, complement)


@dataclass(frozen=True, eq=False, kw_only=True)
class RowProgram(Descent):
    """Least squares on n rows that are drawn at random.

    Args:
        replacement: whether a row may come twice in a batch; if not, ``batch <= n``.
        values: the rows, shape (n, d); or, sparse, the numbers that are not 0, shape (N,).
        columns: their columns, shape (N,), and shape (0,) for dense rows.
        begins: shape (n + 1,): row i has numbers ``begins[i]`` to ``begins[i + 1] - 1``; or (0,).
        residuals: r, shape (n,): x . optimum - y.
        factor: A of shape (m, d) with ``|A e|^2`` the loss above its floor, for dense rows.
        triangular: whether A is 0 below its diagonal.
    """

    replacement: bool
    values: Reals
    columns: Integers
    begins: Integers
    residuals: Reals
    factor: Reals
    triangular: bool

    def faults(self) -> list[tuple[str, bool]]:
        """What is needed, and whether it is missing."""
        n, columns = len(self.residuals), np.asarray(self.columns)
        if self.sparse:
            begins = np.asarray(self.begins)
            wrong = (
                begins.shape != (n + 1,)
                or begins[0] != 0
                or begins[-1] != len(self.values)
                or bool(np.any(np.diff(begins) < 0))
                or np.shape(self.values) != columns.shape
                or bool(np.any((columns < 0) | (columns >= self.d)))
            )
        else:
            wrong = np.shape(self.values) != (n, self.d) or np.shape(self.factor)[1:] != (self.d,)
        return [
            *super().faults(),
            ("1 <= n < 2^32 rows", not 1 <= n < 2**32),
            ("values, columns, begins: dense rows or sparse ones", wrong),
            ("batch <= n without replacement", not self.replacement and max(self.batch) > n),
        ]

    @property
    def sparse(self) -> bool:
        """Whether only the numbers that are not 0 are kept."""
        return np.ndim(self.values) == 1

    @property
    def narrow(self) -> bool:
        """Whether trajectories are moved in lanes."""
        return not self.sparse and self.d <= NARROW

    @property
    def rows(self) -> int:
        """The number of rows, n."""
        return len(self.residuals)

    @cached_property
    def complemented(self) -> Integers:
        """Whether a member is told which rows are left out, shape (T1,): of more than half of them.

        The gradient of all rows costs as much as d of them, when it comes from the factor; sparse
        rows have none.
        """
        many = (2 * np.asarray(self.batch) > self.rows) & (not self.replacement)
        return (many & (not self.sparse)).astype(np.int64)

    @property
    def draws(self) -> Integers:
        """How many rows a member is told of in each step, shape (T1,)."""
        batch = np.asarray(self.batch, dtype=np.int64)
        return np.where(self.complemented == 1, self.rows - batch, batch)

    @property
    def exchanges(self) -> Integers:
        """How many rows are drawn in each step, shape (T1,); as many for dense rows as for sparse.

        Without replacement, of more than half the rows, those that are left out.
        """
        batch = np.array(self.batch, dtype=np.int64)
        return batch if self.replacement else np.minimum(batch, self.rows - batch)

    @cached_property
    def code(self) -> int:
        """The number of the batch sizes and of the replacement in the random stream's address."""
        return 2 * batch_number(self.batch) + int(self.replacement)

    @property
    def work(self) -> float:
        """Numbers that a trajectory multiplies, nearly."""
        per_row = len(self.values) / self.rows if self.sparse else self.d
        return float(total(self.batch, self.steps) * (4.0 + per_row))


@dataclass(frozen=True, eq=False, kw_only=True)
class StreamProgram(Descent):
    """Least squares on Gaussian rows, new ones in each step.

    Args:
        precision: "f32" and "mixed" draw normals in float32, "f64" in float64.
        spectrum: l, shape (d,), >= 0: coordinate i of a row is ``sqrt(l_i)`` times a normal.
        label_std: >= 0, standard deviation of the labels' noise.
    """

    precision: str
    spectrum: Reals
    label_std: float

    def faults(self) -> list[tuple[str, bool]]:
        """What is needed, and whether it is missing."""
        return [
            *super().faults(),
            ("precision is f32, mixed or f64", self.precision not in PRECISIONS),
            ("spectrum: (d,)", np.shape(self.spectrum) != (self.d,)),
        ]

    @property
    def bits(self) -> int:
        """Of the normals."""
        return PRECISIONS[self.precision].noise

    @property
    def work(self) -> float:
        """Normals that a trajectory draws, nearly: each costs as much as some multiplications."""
        return float(4.0 * total(self.batch, self.steps) * (self.d + 1))


@dataclass(frozen=True, eq=False, kw_only=True)
class StillProgram:
    """What does not depend on chance: numbers that the trajectories of others are compared with.

    Args:
        values: of each observable at each checkpoint, shape (S, O).
        steps: number of steps.
        checkpoints: shape (S,).
    """

    values: Reals
    steps: int
    checkpoints: Integers

    @property
    def observables(self) -> int:
        """The number of observables."""
        return int(np.shape(self.values)[1])

    @property
    def work(self) -> float:
        """Next to nothing."""
        return 1.0


RowsProgram = RowProgram | StreamProgram | StillProgram


def increasing(checkpoints: Integers, steps: int) -> bool:
    """Whether they are a list of one step at least, strictly increasing in 0..steps."""
    return (
        checkpoints.ndim == 1
        and checkpoints.size > 0
        and bool(np.all(np.diff(checkpoints) > 0))
        and bool(checkpoints[0] >= 0)
        and bool(checkpoints[-1] <= steps)
    )


def total(batch: Integers, steps: int) -> int:
    """The rows of all steps together."""
    return int(batch[0]) * steps if len(batch) == 1 else int(np.sum(batch))


def batch_number(batch: Integers) -> int:
    """A number below 2^62 that belongs to these batch sizes: B itself where it is constant.

    A schedule that is constant has that of its constant; others have a hash of their sizes, in the
    upper half.

    >>> batch_number(np.array([7])), batch_number(np.array([7, 7]))
    (7, 7)
    """
    sizes = np.asarray(batch, dtype="<i8")
    if (sizes == sizes[0]).all():
        return int(sizes[0])
    digest = hashlib.sha256(sizes.tobytes()).digest()
    return 2**61 + int.from_bytes(digest[:8], "little") % 2**61


def superblock_size(steps: int) -> int:
    """Return the trajectories per superblock: 1024, or a smaller power of two down to 64.

    It decides the order in which numbers are added.  It depends on the number of steps alone: on
    what the members of a bundle have in common, so that each has the bits that it has alone.
    """
    size = LARGEST
    while size > SMALLEST and steps * size > STEPS:
        size //= 2
    return size
