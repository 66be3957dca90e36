"""The row kernels move each trajectory as the textbook does, on the rows that its words name."""

import numpy as np
import pytest
import scipy.sparse
from kernels_by_hand import same
from rows_by_hand import data, drawn_rows, step_by_step, tiny

import nqmbench as nq
from nqmbench.kernels import RowBundle, simulate, trajectory_values
from nqmbench.programs import compile_bundle, compile_program
from nqmbench.simulation import Conditions, run_increment

pytestmark = pytest.mark.needs_compiler

SEED = 11
METHODS = {
    "sgd": nq.sgd(0.05),
    "momentum": nq.heavy_ball(0.02, 0.9),
    "nesterov": nq.nesterov(0.02, 0.9),
    "averaged": nq.averaged(nq.heavy_ball(0.02, 0.9, velocity="step"), 0.9),
    "cosine": nq.sgd(nq.cosine(0.1, 40)),
    "momentum under a schedule": nq.heavy_ball(nq.cosine(0.05, 40), 0.9),
}
SHAPES = {"narrow": (2, 1.0), "wide": (17, 1.0), "sparse": (17, 0.2)}


def experiment(method="sgd", shape="narrow", batch=1, replacement=True, n=12, d=None, **arguments):
    wanted, filled = SHAPES[shape]
    x, y = data(n, d or wanted, filled=filled)
    rows = scipy.sparse.csr_array(x) if shape == "sparse" else x
    problem = nq.LeastSquares(
        rows, y, w0=np.linspace(1.0, -1.0, x.shape[1]), replacement=replacement
    )
    chosen = {"steps": 20, "checkpoints": [0, 3, 20], "observables": ["loss", "distance", "w[i]"]}
    return nq.Experiment(problem, METHODS[method], batch=batch, **chosen | arguments)


def values(e, trials=34, first_block=0, kernels="fast"):
    return trajectory_values(compile_bundle([e], "mixed"), SEED, first_block, trials, kernels)


def check(e, trajectories=(0, 17, 33)):
    """Each trajectory is that of the textbook.

    Not to the bit: the kernels move errors instead of weights, and fuse multiplications and
    additions. Some 1e-16 of the largest number on the way is lost in each of 20 steps.
    """
    found, program = values(e), compile_program(e, "mixed")
    for trajectory in trajectories:
        wanted = step_by_step(e, drawn_rows(program, SEED, trajectory))
        np.testing.assert_allclose(found[:, :, trajectory], wanted, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_method_is_stepped_as_in_the_textbook(shape, method):
    check(experiment(method, shape))
    check(experiment(method, shape, batch=5))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("batch", [1, 6, 7, 11])
def test_rows_without_replacement_are_those_of_a_shuffle(shape, batch):
    check(experiment("sgd", shape, batch, replacement=False))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("replacement", [True, False])
def test_a_batch_may_grow_up_to_all_rows(shape, replacement):
    batch = nq.schedule([1, 2, 6, 7, 11, 12] * 4)
    check(experiment("momentum", shape, batch, replacement))


@pytest.mark.parametrize(
    ("n", "d", "batch"), [(1, 1, 2), (2, 1, 1), (3, 3, 300), (30, 8, 4), (5, 9, 1)]
)
def test_awkward_sizes_are_stepped_as_in_the_textbook(n, d, batch):
    shape = "narrow" if d < 9 else "wide"
    if n == 1:  # nothing is random, so the kernel is asked directly
        e = experiment(shape=shape, n=2, d=d, batch=batch)
        assert not e.noiseless
    check(experiment(shape=shape, n=max(n, 2), d=d, batch=batch))


def test_long_stretches_and_many_checkpoints_are_stepped_as_in_the_textbook():
    for shape in SHAPES:  # rows are drawn 256 at a time
        check(experiment("averaged", shape, steps=600, checkpoints=[0, 1, 255, 256, 257, 600]))
    # three stretches of momentum on coordinates that hardly any row touches
    x = scipy.sparse.csr_array(np.eye(40)[:, :40])
    problem = nq.LeastSquares(x, np.ones(40))
    rare = nq.Experiment(problem, METHODS["momentum"], steps=3000, checkpoints=[2000, 3000])
    check(rare, [0])


def test_dense_and_sparse_rows_are_the_same_rows():
    for batch, replacement in ((1, True), (3, False), (9, False)):
        sparse = experiment("momentum", "sparse", batch, replacement)
        same_rows = nq.LeastSquares(
            sparse.problem.dense, sparse.problem.y, w0=sparse.problem.w0, replacement=replacement
        )
        dense = nq.Experiment(
            same_rows, sparse.method, batch, 20, sparse.checkpoints, sparse.observables
        )
        np.testing.assert_allclose(values(sparse), values(dense), rtol=1e-11, atol=1e-13)


# -- the same bits ---------------------------------------------------------------------------------


def run(e, trials=1500, first=0, threads=1, precision="mixed"):
    return run_increment(e, first, trials, Conditions(SEED, threads, precision))


@pytest.mark.parametrize("shape", SHAPES)
def test_threads_and_chunks_leave_no_trace(shape, monkeypatch):
    e = experiment("momentum", shape, 3, replacement=False)
    alone = run(e)
    assert same(alone, run(e, threads=2))
    monkeypatch.setattr("nqmbench.kernels.run.CHUNK_SECONDS", 0.0)
    assert same(alone, run(e, threads=2))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_block_alone_is_the_block_in_a_run(shape):
    e = experiment("averaged", shape, 3)
    whole = values(e, 130)
    assert np.array_equal(whole[:, :, 96:], values(e, 34, first_block=3))
    assert np.array_equal(whole[:, :, :1], values(e, 1))
    assert np.array_equal(whole[:, :, :33], values(e, 33))


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_observed_leaves_no_trace(shape):
    e = experiment("averaged", shape)
    other = e.observed_at([2, 3, 11, 20], ["w[0]", "loss"])
    assert np.array_equal(values(e)[1:, 0], values(other)[[1, 3], 1])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("replacement", [True, False])
def test_the_plain_kernels_give_the_same_bits(shape, replacement):
    e = experiment("momentum", shape, 5, replacement)
    assert np.array_equal(values(e, kernels="plain"), values(e))


def test_precision_changes_nothing():
    e = experiment("momentum", batch=3)
    assert same(run(e), run(e, precision="f64"))
    assert same(run(e), run(e, precision="f32"))


def test_results_that_do_not_fit_the_buffer_come_in_bands_with_the_same_bits(monkeypatch):
    often = {"steps": 40, "checkpoints": range(0, 41, 2)}
    pair = [tiny(**often), tiny(batch=4, replacement=False, **often)]
    bundle = compile_bundle(pair, "mixed", [((0, 0), (1, 0))])
    whole = simulate(bundle, SEED, 0, 100)
    monkeypatch.setattr("nqmbench.kernels.run.BUFFER_BYTES", 8 * 1024 * bundle.columns * 4)
    assert same(whole, simulate(bundle, SEED, 0, 100))


def test_a_program_that_would_read_outside_its_arrays_is_refused():
    import dataclasses

    program = compile_program(experiment(), "mixed")
    for change in (
        {"residuals": np.zeros(11)},
        {"observed": np.array([2])},
        {"checkpoints": np.array([21])},
        {"batch": np.array([0])},
        {"batch": np.array([13]), "replacement": False},
    ):
        with pytest.raises(ValueError, match="not a program"):
            dataclasses.replace(program, **change)
    sparse = compile_program(experiment(shape="sparse"), "mixed")
    with pytest.raises(ValueError, match="sparse"):
        dataclasses.replace(sparse, columns=sparse.columns + 1)
    with pytest.raises(ValueError, match="steps"):
        RowBundle((program, compile_program(experiment(steps=21), "mixed")))
