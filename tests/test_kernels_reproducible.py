"""The same address gives the same bits: alone or in a batch, on any threads, in any chunks."""

import numpy as np
import pytest
from kernels_by_hand import averaged_heavy_ball, moments, same, scheduled_dense, sgd, values, vary

from nqmbench.kernels import PRECISIONS, Bundle, Structure, run, superblock_size
from nqmbench.moments import merge

pytestmark = pytest.mark.needs_compiler

ROUNDING = 1e-12  # relative: the same numbers, by other constants


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_block_alone_is_the_block_in_a_batch_in_any_order(precision):
    # a group of 2 or 4 blocks moves together: blocks at its beginning, middle and end
    program = averaged_heavy_ball(w0_std=[0.0, 0.3], precision=precision)
    lanes = PRECISIONS[precision].lanes
    batch = values(program, 5, 100, 8 * lanes)
    for b in (7, 0, 3, 1, 6):
        alone = values(program, 5, 100 + b, lanes)
        assert np.array_equal(alone, batch[..., lanes * b : lanes * (b + 1)])
    assert not np.array_equal(batch[..., :lanes], batch[..., lanes : 2 * lanes])


@pytest.mark.parametrize("precision", PRECISIONS)
def test_threads_leave_no_trace(precision):
    program = averaged_heavy_ball(precision=precision)
    serial = moments(program, 7, 0, 5000)
    for threads in (2, 3):
        assert same(moments(program, 7, 0, 5000, threads), serial)
    assert not same(moments(program, 8, 0, 5000), serial)


def test_chunks_leave_no_trace(monkeypatch):
    program = sgd()
    whole = moments(program, 7, 0, 20_000)
    done = []
    monkeypatch.setattr(run, "CHUNK_SECONDS", 0.0)
    assert same(moments(program, 7, 0, 20_000, progress=done.append), whole)
    assert len(done) == 20
    assert done[-1] == 20_000


def test_two_halves_merge_to_the_whole():
    program = sgd()
    halves = moments(program, 7, 0, 1024), moments(program, 7, 32, 1024)
    assert same(merge(*halves), moments(program, 7, 0, 2048))


def test_the_noise_does_not_depend_on_method_checkpoints_or_batch():
    # all experiments share their noise, so that differences are paired
    program = sgd(sigma=[1.0, 1.0])
    other = vary(program, checkpoints=np.array([3, 20]), batch=np.array([4]), sigma=np.full(2, 2.0))
    a, b = (values(p, 7, 0, 32)[-1] for p in (program, other))
    assert np.allclose(a, b, rtol=ROUNDING)


def test_another_seed_block_or_law_is_another_noise():
    program = sgd()
    base = values(program, 7, 0, 32)[-1, 1]
    assert len(np.unique(base)) == 32
    others = [
        values(program, 8, 0, 32),
        values(program, 7 + 2**32, 0, 32),
        values(program, 7, 1, 32),
        values(program, 7, 2**40, 32),
        values(vary(program, law="uniform"), 7, 0, 32),
    ]
    for other in others:
        assert not np.isin(other[-1, 1], base).any()


def test_the_largest_seed_and_block_are_legal_and_have_noise_of_their_own():
    largest = values(sgd(), 2**64 - 1, 2**63 - 1, 32)[-1, 1]
    assert not np.isin(largest, values(sgd(), 2**64 - 2, 2**63 - 1, 32)[-1, 1]).any()
    assert not np.isin(largest, values(sgd(), 2**64 - 1, 2**63 - 2, 32)[-1, 1]).any()
    assert moments(sgd(), 2**64 - 1, 2**63 - 1, 32).count == 32


@pytest.mark.parametrize(
    ("seed", "block", "trials", "threads", "text"),
    [
        (-1, 0, 1, 1, "seed"),
        (2**64, 0, 1, 1, "seed"),
        (0, -1, 1, 1, "first_block"),
        (0, 2**63, 1, 1, "first_block"),
        (0, 0, 0, 1, "trials"),
        (0, 0, 1, 0, "threads"),
    ],
)
def test_an_address_out_of_range_is_named(seed, block, trials, threads, text):
    with pytest.raises(ValueError, match=text):
        moments(sgd(), seed, block, trials, threads)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"precision": "f16"}, "precision"),
        ({"law": "cauchy"}, "law"),
        ({"law": "student", "nu": 2.0}, "nu > 2"),
        ({"checkpoints": np.array([3, 3])}, "checkpoints"),
        ({"checkpoints": np.array([0, 21])}, "checkpoints"),
        ({"feeds_observable": np.array([0, 1, 0, 3])}, "feeds_observable"),
        ({"feeds_power": np.array([1, 2, 3, 4])}, "feeds_power"),
        ({"chain": np.ones((1, 1, 1))}, "chain"),
        ({"w0": np.ones(3)}, "w0"),
        ({"batch": np.array([0])}, "batch"),
    ],
)
def test_a_program_that_would_read_outside_its_arrays_is_refused(changes, text):
    with pytest.raises(ValueError, match=text):
        vary(sgd(), **changes)


def test_the_size_of_a_superblock_does_not_depend_on_what_is_observed():
    assert superblock_size(sgd()) == 1024
    assert superblock_size(sgd(steps=1000, checkpoints=np.arange(1001))) == 1024
    assert superblock_size(sgd(steps=10**7)) == 64


def test_results_that_do_not_fit_the_buffer_come_in_bands_with_the_same_bits(monkeypatch):
    program = sgd(steps=20, checkpoints=np.arange(21))
    whole = run.simulate(Bundle((program,)), seed=3, first_block=0, trials=1500, threads=2)
    told = []
    monkeypatch.setattr(run, "BUFFER_BYTES", 8 * 1024 * program.observables * 4)
    bundle = Bundle((program,))
    assert [list(b.programs[0].checkpoints) for b in run.in_bands(bundle)][-1] == [20]
    cut = run.simulate(bundle, 3, 0, 1500, threads=2, progress=told.append)
    assert told[-1] == 1500
    assert told == sorted(told)
    np.testing.assert_array_equal(cut.mean, whole.mean)
    np.testing.assert_array_equal(cut.central, whole.central)


def test_methods_that_differ_in_numbers_share_a_kernel():
    a, b = (averaged_heavy_ball(eta=eta, beta=beta) for eta, beta in ((0.1, 0.9), (0.2, 0.5)))
    assert a.structure == b.structure
    assert isinstance(a.structure, Structure)
    assert sgd().structure == sgd(law="laplace").structure  # noise has kernels of its own
    assert sgd().structure == sgd(precision="f64").structure  # states of 64 bits, too
    others = sgd(precision="f32"), averaged_heavy_ball(), scheduled_dense()
    assert len({sgd().structure, *(p.structure for p in others)}) == 4
