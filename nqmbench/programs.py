"""An experiment as the tables of numbers that the compiled kernels run.

On the noisy quadratic it becomes the method's sequential form, coordinate by coordinate; on least
squares its open loop, and the rows. Here, and where a trajectory without noise is run, the kinds of
problem part; whoever simulates knows programs and bundles alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nqmbench.experiment import Experiment
from nqmbench.gaussian_rows import GaussianRows
from nqmbench.least_squares import LeastSquares
from nqmbench.noiseless import run_noiseless
from nqmbench.problems import NoisyQuadratic
from nqmbench.recursion import sequential

if TYPE_CHECKING:
    from nqmbench.kernels import AnyBundle, AnyProgram, Program, RowProgram, StreamProgram

__all__ = ["Columns", "compile_bundle", "compile_program"]

# Two observables by the position of their experiment in a pass, and their own among its
# observables: left and right.
Columns = tuple[tuple[int, int], tuple[int, int]]


def compile_bundle(
    members: Sequence[Experiment], precision: str, contrasts: Sequence[Columns] = ()
) -> AnyBundle:
    """Experiments that are run in one pass.

    Args:
        members: one or more that `nqmbench.agreement` allows together; beside noise on rows, some
            may have none.
        precision: "mixed", "f32" or "f64".
        contrasts: what is subtracted: (position in `members`, position among its observables) of
            the left side, and of the right one.
    """
    from nqmbench.kernels import Contrast, bundle_of

    programs = tuple(compile_program(e, precision) for e in members)
    return bundle_of(programs, tuple(Contrast(*a, *b) for a, b in contrasts))


def compile_program(experiment: Experiment, precision: str) -> AnyProgram:
    """The tables of an experiment; of one on rows that has no noise, its numbers."""
    from nqmbench.kernels import StillProgram

    if experiment.noiseless and not isinstance(experiment.problem, NoisyQuadratic):
        return StillProgram(
            values=run_noiseless(experiment),
            steps=experiment.steps,
            checkpoints=np.array(experiment.checkpoints, dtype=np.int64),
        )
    program: AnyProgram = compiled(experiment.problem, experiment, precision)
    return program


@singledispatch
def compiled(problem: Any, experiment: Experiment, precision: str) -> AnyProgram:
    """The tables of an experiment, by its kind of problem."""
    raise NotImplementedError(f"there are no kernels for {problem}")


@compiled.register(NoisyQuadratic)
def noisy_quadratic(problem: NoisyQuadratic, experiment: Experiment, precision: str) -> Program:
    from nqmbench.kernels import Program

    form = sequential(experiment.open_loop)
    fed: list[list[tuple[int, float, int]]] = [[] for _ in range(problem.d)]
    for o, observable in enumerate(experiment.observed):
        i = observable.coordinate
        chosen = range(problem.d) if i is None else [i]
        for c, weight in zip(chosen, observable.weights(problem.h), strict=True):
            fed[c].append((o, float(weight), observable.power))
    flat = [item for items in fed for item in items]
    length = max(form.D.shape[0], experiment.batch_sizes.size)

    def stretch(table: NDArray[Any]) -> NDArray[Any]:
        return np.ascontiguousarray(np.broadcast_to(table, (length, *table.shape[1:])))

    return Program(
        precision=precision,
        law=problem.noise.name,
        nu=problem.noise.nu,
        increments=stretch(form.D),
        chain=stretch(form.L),
        point=stretch(form.c),
        push=stretch(form.e),
        batch=stretch(experiment.batch_sizes.astype(np.int64)),
        starts=form.starts,
        readout=form.readout,
        lam=experiment.curvature,
        sigma=problem.sigma,
        w0=problem.w0 - problem.optimum,
        w0_std=problem.w0_std,
        steps=experiment.steps,
        checkpoints=np.array(experiment.checkpoints, dtype=np.int64),
        feeds_start=np.cumsum([0, *map(len, fed)], dtype=np.int64),
        feeds_observable=np.array([o for o, _, _ in flat], dtype=np.int64),
        feeds_weight=np.array([weight for _, weight, _ in flat], dtype=np.float64),
        feeds_power=np.array([power for _, _, power in flat], dtype=np.int64),
        observables=len(experiment.observed),
    )


def descent(problem: LeastSquares | GaussianRows, experiment: Experiment) -> dict[str, Any]:
    """What programs on rows have in common."""
    from nqmbench.kernels import DISTANCE, LOSS

    loop, sums = experiment.open_loop, {"loss": LOSS, "distance": DISTANCE}
    length = max(len(loop.F), experiment.batch_sizes.size)

    def stretch(table: NDArray[Any]) -> NDArray[Any]:
        return np.ascontiguousarray(np.broadcast_to(table, (length, *table.shape[1:])))

    return {
        "F": stretch(loop.F),
        "b": stretch(loop.b),
        "c": stretch(loop.c),
        "starts": loop.starts,
        "readout": loop.readout,
        "batch": stretch(experiment.batch_sizes.astype(np.int64)),
        "w0": problem.start,
        "optimum": problem.optimum,
        "floor": problem.floor,
        "steps": experiment.steps,
        "checkpoints": np.array(experiment.checkpoints, dtype=np.int64),
        "observed": np.array(
            [sums[o.name] if o.coordinate is None else o.coordinate for o in experiment.observed],
            dtype=np.int64,
        ),
    }


@compiled.register(LeastSquares)
def fixed_rows(problem: LeastSquares, experiment: Experiment, precision: str) -> RowProgram:
    from nqmbench.kernels import RowProgram

    x, none = problem.x, np.zeros(0, dtype=np.int64)
    rows: dict[str, Any] = {"values": x, "columns": none, "begins": none}
    factor, triangular = np.zeros((0, problem.d)), False
    if problem.sparse:
        columns, begins = x.indices.astype(np.int64), x.indptr.astype(np.int64)
        rows = {"values": x.data, "columns": columns, "begins": begins}
    else:  # |x e|^2 = |R e|^2: d numbers are added up instead of n
        triangular = problem.n >= problem.d
        factor = (np.linalg.qr(x, mode="r") if triangular else x) / np.sqrt(problem.n)
    return RowProgram(
        **descent(problem, experiment),
        **rows,
        replacement=problem.replacement,
        residuals=problem.residuals,
        factor=factor,
        triangular=triangular,
    )


@compiled.register(GaussianRows)
def fresh_rows(problem: GaussianRows, experiment: Experiment, precision: str) -> StreamProgram:
    from nqmbench.kernels import StreamProgram

    return StreamProgram(
        **descent(problem, experiment),
        precision=precision,
        spectrum=problem.spectrum,
        label_std=problem.label_std,
    )
