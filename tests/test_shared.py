"""Shared noise: each member keeps its bits, and differences are taken trajectory by trajectory."""

import numpy as np
import pytest
from kernels_by_hand import same

import nqmbench as nq
from nqmbench.errors import InvalidArguments
from nqmbench.kernels import PRECISIONS, Bundle, trajectory_values
from nqmbench.moments import of_values
from nqmbench.programs import compile_program

needs_compiler = pytest.mark.needs_compiler

MERGING = 1e-11  # relative rounding of moments that are added in another order
ROUNDING = 1e-12  # relative, of a standard error
PAIRED_GAIN = 5.0  # by which pairing divides the standard error here, or more
ERRORS = 5.0  # standard errors: a false alarm with probability 6e-7
STEPS, CHECKPOINTS = 80, [0, 1, 64, 80]


def experiment(method, law="gaussian", batch=1, observables=("error",), h=(1.0, 0.1), **problem):
    return nq.Experiment(
        nq.NoisyQuadratic(h, noise=law, **problem), method, batch=batch, steps=STEPS,
        checkpoints=CHECKPOINTS, observables=observables,
    )  # fmt: skip


# States from 1 to 4; schedules or none; all that members may differ in.
MEMBERS = [
    experiment(nq.sgd(0.1)),
    experiment(nq.sgd(0.3), batch=7, sigma=[2.0, 0.0], w0=[3.0, -1.0]),
    experiment(nq.heavy_ball(0.1, 0.9), h=[0.5, 0.01], observables=("w[i]", "loss")),
    experiment(nq.averaged(nq.nesterov(nq.cosine(0.2, 90), 0.8), nq.uniform_average())),
    experiment(nq.sgd(0.1), batch=nq.schedule(range(1, 81)), w0_std=[0.5, 0.0]),
    experiment(nq.averaged(nq.averaged(nq.preconditioned(nq.heavy_ball(0.1, 0.9), 0.5), 0.9), 0.5),
               optimum=[1.0, 2.0], observables=("w3[i]", "w2[i]", "error")),
]  # fmt: skip
LITERAL = [
    experiment(nq.sgd(0.1), "laplace", 3),
    experiment(
        nq.heavy_ball(nq.linear(0.1, 90), 0.9), "laplace", nq.schedule([3] * 80), w0_std=1.0
    ),
    experiment(nq.preconditioned(nq.sgd(0.2), 1.0), "laplace", 3, observables=("w[1]",)),
]
INTERMITTENT = [
    experiment(nq.sgd(0.1), "intermittent", 3),
    experiment(nq.averaged(nq.sgd(0.3), 0.9), "intermittent", nq.schedule([3] * 80), w0_std=1.0),
]
RAMPS = [experiment(nq.sgd(lr), ("student", 5), nq.schedule([1, 2] * 40)) for lr in (0.1, 0.2)]


@needs_compiler
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize(
    "members",
    [MEMBERS, LITERAL, INTERMITTENT, RAMPS],
    ids=["gaussian", "laplace", "intermittent", "ramps"],
)
def test_each_member_has_the_bits_of_a_run_of_its_own(members, precision):
    shared = nq.simulate_shared(members, 2100, seed=3, threads=1, precision=precision)
    assert len(shared.estimates) == len(members)
    for e, found in zip(members, shared.estimates, strict=True):
        alone = nq.simulate(e, 2100, seed=3, threads=1, precision=precision)
        assert found.steps == alone.steps == shared.steps
        assert found.observables == alone.observables
        assert same(found.moments, alone.moments)
    other = nq.simulate(members[0], 2100, seed=4, threads=1, precision=precision)
    assert not same(shared.estimates[0].moments, other.moments)


@needs_compiler
def test_a_member_alone_is_a_bundle_too():
    shared = nq.simulate_shared(MEMBERS[:1], 100, differences=())
    assert same(shared.estimates[0].moments, nq.simulate(MEMBERS[0], 100).moments)
    assert shared.paired == ()
    table = shared.to_frame()
    assert len(table) == 0
    assert "probability_se" in table.columns


PAIRS = [((0, "error"), (3, "error")), ((5, "w2[1]"), (2, "loss")), ((1, "error"), (1, "error"))]


@needs_compiler
def test_threads_and_the_order_of_the_members_leave_no_trace():
    one, *others = (
        nq.simulate_shared(MEMBERS, 5001, seed=9, threads=t, differences=PAIRS) for t in (1, 2, 3)
    )
    back = nq.simulate_shared(MEMBERS[::-1], 5001, seed=9)
    for position in range(len(MEMBERS)):
        assert same(back.estimates[-1 - position].moments, one.estimates[position].moments)
    for other in others:
        for a, b in zip(one.estimates, other.estimates, strict=True):
            assert same(a.moments, b.moments)
        for a, b in zip(one.paired, other.paired, strict=True):
            assert same(a.difference, b.difference)
            assert same(a.below, b.below)


def single(e, name, trials, seed, precision):
    """Every trajectory's observable, of the experiment alone; shape (S, 1, trials)."""
    bundle = Bundle((compile_program(e, precision),))
    o = [x.name for x in e.observed].index(name)
    return trajectory_values(bundle, seed, 0, trials)[:, o : o + 1]


def agreement(moments, values):
    """Where moments are those of the values, but for the order of additions; shape (S, 1)."""
    expected, trials = of_values(values), values.shape[-1]
    scale = np.abs(values).max(axis=-1)
    agree = np.abs(moments.mean - expected.mean) <= MERGING * scale
    for p in range(5):
        room = MERGING * trials * scale ** (p + 2)
        agree &= np.abs(moments.central[p] - expected.central[p]) <= room
    return agree


@needs_compiler
@pytest.mark.parametrize("precision", PRECISIONS)
def test_differences_are_those_of_the_same_trajectories(precision):
    trials = 1500
    shared = nq.simulate_shared(MEMBERS, trials, 5, 1, precision, differences=PAIRS)
    for pair, found in zip(PAIRS, shared.paired, strict=True):
        assert (found.left, found.right) == pair
        a, b = (single(MEMBERS[m], name, trials, 5, precision) for m, name in pair)
        for moments, values in ((found.difference, a - b), (found.below, (a < b) * 1.0)):
            assert moments.count == trials
            assert agreement(moments, values).all()
        assert np.array_equal(
            np.round(found.below.mean[:, 0] * trials), (a < b).sum(axis=-1).ravel()
        )
    # the negative control: trajectories of another seed are not these, but for the fixed start
    c, d = (single(MEMBERS[m], name, trials, 6, precision) for m, name in PAIRS[0])
    assert agreement(shared.paired[0].difference, c - d).ravel().tolist() == [True] + [False] * 3
    itself = shared.paired[2]
    assert not itself.difference.mean.any()
    assert not itself.below.mean.any()


@needs_compiler
def test_the_table_of_comparisons():
    shared = nq.simulate_shared(MEMBERS, 400, differences=PAIRS[:2])
    table = shared.to_frame()
    assert table["left"].tolist() == ["0:error"] * 4 + ["5:w2[1]"] * 4
    assert table["right"].tolist() == ["3:error"] * 4 + ["2:loss"] * 4
    assert table["step"].tolist() == CHECKPOINTS * 2
    first = shared.paired[0]
    assert table["difference"][:4].tolist() == first.difference.mean.ravel().tolist()
    p, n = table["probability"].to_numpy(), 400
    assert table["probability_se"].to_numpy() == pytest.approx(
        np.sqrt(p * (1 - p) / (n - 1)), rel=ROUNDING
    )
    assert (table["trials"] == n).all()


@needs_compiler
def test_pairing_reduces_the_variance_and_keeps_the_mean():
    # Step sizes of 0.1 and 0.11: almost the same trajectories.  One comparison with exact theory
    # at 5 standard errors: false alarm 6e-7.
    a, b = (experiment(nq.sgd(lr), observables=("w2[0]",)) for lr in (0.1, 0.11))
    shared = nq.simulate_shared([a, b], 1000, 1, differences=[((0, "w2[0]"), (1, "w2[0]"))])
    paired = shared.paired[0].difference.mean_estimate()
    alone = [e.moments.mean_estimate() for e in shared.estimates]
    unpaired = np.hypot(alone[0].error, alone[1].error)[-1, 0]
    assert paired.error[-1, 0] < unpaired / PAIRED_GAIN
    exact = [nq.exact(e).to_frame()["mean"].iloc[-1] for e in (a, b)]
    assert abs(paired.value[-1, 0] - (exact[0] - exact[1])) < ERRORS * paired.error[-1, 0]
    assert abs(paired.value[-1, 0]) > ERRORS * paired.error[-1, 0]  # it is seen; unpaired it is not
    assert abs(alone[0].value - alone[1].value)[-1, 0] < ERRORS * unpaired


@needs_compiler
def test_a_probability_is_unknown_where_both_sides_have_diverged():
    wild = nq.Experiment(
        nq.NoisyQuadratic(1.0), nq.sgd(1e3), steps=80, checkpoints=[0, 80], observables=["w2[0]"]
    )
    calm = nq.Experiment(
        nq.NoisyQuadratic(1.0), nq.sgd(0.1), steps=80, checkpoints=[0, 80], observables=["w2[0]"]
    )
    sides = [
        ((0, "w2[0]"), (1, "w2[0]")),
        ((1, "w2[0]"), (2, "w2[0]")),
        ((2, "w2[0]"), (0, "w2[0]")),
    ]
    shared = nq.simulate_shared([wild, wild, calm], 100, differences=sides)
    both, above, below = shared.paired
    assert np.isnan(both.below.mean[1, 0])
    assert both.below.mean[0, 0] == 0.0
    assert (above.below.mean[1, 0], below.below.mean[1, 0]) == (0.0, 1.0)
    assert above.difference.diverged[1, 0]
    assert np.isnan(shared.to_frame()["probability_se"][1])


# -- bad arguments ---------------------------------------------------------------------------------


def refusal(experiments, differences=(), trials=10, **more):
    with pytest.raises(InvalidArguments) as caught:
        nq.simulate_shared(experiments, trials, differences=differences, **more)
    first, *lines = str(caught.value).splitlines()
    assert first == "simulate_shared:"
    return [line.strip() for line in lines]


BASE = MEMBERS[0]


@pytest.mark.parametrize("bad", [[], None, 5, "sgd", [None], [BASE, nq.sgd(0.1)], BASE])
def test_experiments_are_experiments(bad):
    (line,) = refusal(bad)
    assert line.startswith("experiments: got ")
    assert line.endswith("; allowed: a list of one or more Experiments")


SHORTER = nq.Experiment(BASE.problem, nq.sgd(0.1), steps=70, checkpoints=[0, 1, 64, 70])
LONGER = nq.Experiment(BASE.problem, nq.sgd(0.1), steps=90, checkpoints=CHECKPOINTS)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (experiment(nq.sgd(0.1), h=[1.0]), ["dimension: got 1; allowed: 2"]),
        (experiment(nq.sgd(0.1), "laplace"), ["noise: got "]),
        (SHORTER, ["steps: got 70; allowed: 80", "checkpoints: got (0, 1, 64, 70); allowed: "]),
        (LONGER, ["steps: got 90; allowed: 80"]),
        (experiment(nq.sgd(0.1), sigma=0.0), ["no noise at all; allowed: experiments with noise"]),
    ],
)
def test_what_cannot_share_noise_is_told_apart(other, expected):
    lines = refusal([BASE, other])
    assert len(lines) == len(expected)
    for line, text in zip(lines, expected, strict=True):
        assert line.startswith("experiments[1]")
        assert text in line.replace("'", "")
        assert "as in experiments[0]" in line or "simulate it alone" in line


def test_students_noise_must_agree_in_its_degrees_of_freedom():
    (line,) = refusal([experiment(nq.sgd(0.1), ("student", nu)) for nu in (5, 6)])
    assert line.startswith("experiments[1], noise: got ")


def test_batches_that_are_drawn_one_by_one_must_agree():
    for batch in (2, nq.schedule([3] * 79 + [4])):
        (line,) = refusal([LITERAL[0], experiment(nq.sgd(0.2), "laplace", batch)])
        assert line.startswith("experiments[1], batch: got ")
        assert "allowed: 3, as in experiments[0]: batches of this noise are drawn one by" in line


@pytest.mark.parametrize(
    ("differences", "text"),
    [
        ([((0, "error"), (2, "error"))], "pairs of (position 0..1, observable)"),
        ([((-1, "error"), (0, "error"))], "pairs of (position 0..1, observable)"),
        ([((0, "error"),)], "pairs of (position 0..1, observable)"),
        ([(0, "error")], "pairs of (position 0..1, observable)"),
        ([((True, "error"), (0, "error"))], "pairs of (position 0..1, observable)"),
        (["ab"], "pairs of (position 0..1, observable)"),
        (None, "pairs of (position 0..1, observable)"),
        (7, "pairs of (position 0..1, observable)"),
        ("error", "pairs of (position 0..1, observable)"),
        ([((0, "loss"), (1, "error"))], "observables of experiments[0]: 'error'"),
        ([((0, "error"), (1, None))], "observables of experiments[1]: 'error'"),
    ],
)
def test_a_bad_pair_is_shown_with_what_is_allowed(differences, text):
    lines = refusal([BASE, MEMBERS[1]], differences)
    assert all(line.startswith("differences: got ") for line in lines)
    assert all(text in line for line in lines)


@pytest.mark.needs_compiler
def test_members_keep_their_bits_whatever_is_observed_of_the_others():

    def of(observables):
        problem = nq.NoisyQuadratic(np.ones(200))
        return nq.Experiment(
            problem, nq.sgd(0.1), steps=20, checkpoints=range(21), observables=observables
        )

    shared = nq.simulate_shared([of(["error"]), of(["w[i]"])], 3000, seed=4)
    alone = nq.simulate(of(["error"]), 3000, seed=4)
    assert shared.estimates[0].to_frame().equals(alone.to_frame())


def test_all_wrong_arguments_are_named_at_once():
    lines = refusal([BASE], [7], trials=0, seed=-1, precision="f16", threads=0)
    names = [line.split(":")[0] for line in lines]
    assert names == ["trials", "seed", "precision", "threads", "differences"]
