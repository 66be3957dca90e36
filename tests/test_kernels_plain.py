"""The fast kernels give the bits of the plain ones, and stay within their memory."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from kernels_by_hand import averaged_heavy_ball, moments, nesterov, same, scheduled_dense, sgd
from kernels_by_hand import values as values_of
from method_table import ALL_LAWS, METHODS, WRAPPERS, wrapped

import nqmbench as nq
import nqmbench.kernels
from nqmbench.kernels import PRECISIONS

pytestmark = pytest.mark.needs_compiler

EVERY = ["error", "loss", "w[i]", "w2[i]", "w3[i]"]


@pytest.fixture
def plain(monkeypatch):
    """A function that does something on the plain kernels."""

    def on_plain_kernels(do, *arguments):
        with monkeypatch.context() as context:
            context.setenv("NQMBENCH_KERNELS", "plain")
            return do(*arguments)

    return on_plain_kernels


def run(experiment, precision, trials=200):
    return nq.simulate(experiment, trials, seed=6, threads=1, precision=precision).moments


# -- methods, schedules, laws ----------------------------------------------------------------------

# Every method in every wrapper, every method in every precision.
COVERED = [
    (method, wrapper, list(PRECISIONS)[(m + w) % 3])
    for m, method in enumerate(METHODS)
    for w, wrapper in enumerate(WRAPPERS)
]


@pytest.mark.parametrize(("method", "wrapper", "precision"), COVERED)
def test_every_method_has_the_bits_of_the_plain_kernel(method, wrapper, precision, plain):
    optimiser = wrapped(METHODS[method].build(0.1, 0.9), *WRAPPERS[wrapper])
    problem = nq.NoisyQuadratic([1.0, 0.3, 0.01], sigma=[1.0, 0.5, 0.0], w0_std=[0.0, 1.0, 0.2])
    e = nq.Experiment(problem, optimiser, steps=70, checkpoints=[0, 3, 64, 70], observables=EVERY)
    assert same(run(e, precision), plain(run, e, precision))


SCHEDULED = {
    "step size": (nq.heavy_ball(nq.cosine(0.2, 70), 0.9), 1, "gaussian"),
    "batch": (nq.sgd(0.1), nq.schedule(range(1, 71)), "gaussian"),
    "batch of single samples": (nq.sgd(0.1), nq.schedule([1, 2, 3, 4, 5] * 14), "laplace"),
    "all": (
        nq.averaged(nq.nesterov(nq.linear(0.1, 80), 0.9), nq.uniform_average()),
        nq.schedule([3, 1] * 35),
        ("student", 5),
    ),
}


@pytest.mark.parametrize(
    ("what", "precision"),
    [*((w, p) for w, p in zip(SCHEDULED, ["f32", "mixed", "f64", "f32"], strict=True)),
     ("step size", "f64"), ("all", "mixed")],
)  # fmt: skip
def test_schedules_have_the_bits_of_the_plain_kernel(what, precision, plain):
    method, batch, law = SCHEDULED[what]
    problem = nq.NoisyQuadratic([1.0, 0.1], noise=law)
    e = nq.Experiment(problem, method, batch=batch, steps=70, checkpoints=[1, 65, 70])
    assert same(run(e, precision), plain(run, e, precision))


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("law", ALL_LAWS, ids=str)
def test_every_law_has_the_bits_of_the_plain_kernel(law, precision, plain):
    problem = nq.NoisyQuadratic([1.0, 0.1], noise=law)
    e = nq.Experiment(
        problem, nq.sgd(0.5), batch=3, steps=70, checkpoints=range(71), observables=["w[i]"]
    )
    fast = run(e, precision, trials=40)
    assert same(fast, plain(run, e, precision, 40))
    assert len(np.unique(fast.mean[1:])) > 130  # every step of both coordinates tells


# In a process of its own.  To forget addresses instead is dangerous: kernels that are compiled in
# different processes may have the same name, and only the first address asked for is the right one.
ONLY_THEN = """
import os
from unittest import mock
import nqmbench as nq
from nqmbench.kernels import plain

class Called(Exception):
    pass

# Addresses are kept: each kernel needs a method that has not been asked for.
for kernel, method in (("noise_kernel", nq.sgd(0.1)), ("update_kernel", nq.heavy_ball(0.1, 0.9))):
    e = nq.Experiment(nq.NoisyQuadratic(1.0), method, steps=3)
    for simulate, what in ((nq.simulate, e), (nq.simulate_shared, [e, e])):
        with mock.patch.object(plain, kernel, side_effect=Called):
            simulate(what, 10, threads=1)
            with mock.patch.dict(os.environ, NQMBENCH_KERNELS="plain"):
                try:
                    simulate(what, 10, threads=1)
                except Called:
                    print(kernel, simulate.__name__)
"""


def test_the_plain_kernels_run_when_asked_for_and_only_then():
    # else all these equalities would say nothing
    root = Path(nqmbench.kernels.__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": str(root)}
    environment.pop("NQMBENCH_KERNELS", None)
    done = subprocess.run(
        [sys.executable, "-c", ONLY_THEN],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [
        *("noise_kernel", "simulate", "noise_kernel", "simulate_shared"),
        *("update_kernel", "simulate", "update_kernel", "simulate_shared"),
    ]


# -- sizes at the edges ----------------------------------------------------------------------------

STATES = {1: sgd, 2: nesterov, 3: averaged_heavy_ball, 4: scheduled_dense}
TRIALS = (1, 31, 33, 127, 1025)
STEPS = (0, 1, 63, 64, 65)  # noise is drawn for 64 steps at a time


def at_the_edges(states, precision, dimensions=(1, 3)):
    """Return programs of every awkward number of steps, checkpoints and coordinates."""
    make, found = STATES[states], []
    for d in dimensions:
        h, common = np.linspace(1.0, 0.1, d), {"precision": precision}
        for steps in STEPS if states < 4 else STEPS[1:]:
            lists = {(0,), (steps,), tuple(range(min(steps, 3) + 1)), (max(steps - 1, 0),)}
            common |= {"h": h, "w0_std": np.linspace(0.0, 1.0, d), "steps": steps}
            found += [make(checkpoints=list(c), **common) for c in sorted(lists)]
    return found


@pytest.mark.parametrize(
    ("states", "precision"),
    [*((n, "mixed") for n in STATES), (1, "f32"), (3, "f32"), (1, "f64"), (3, "f64")],
)
def test_the_bits_are_the_same_at_the_edges(states, precision):
    for number, program in enumerate(at_the_edges(states, precision)):
        trials = TRIALS[number % len(TRIALS)]
        address = program, 9, 1, trials
        fast = values_of(*address)
        assert fast.shape[-1] == trials
        assert np.array_equal(fast, values_of(*address, kernels="plain"))
        assert same(moments(*address), moments(*address, kernels="plain"))


def test_every_number_of_trials_meets_every_number_of_steps():
    for steps in STEPS:
        program = sgd(steps=steps, checkpoints=sorted({0, steps}))
        whole = values_of(program, 9, 0, max(TRIALS))
        assert np.array_equal(whole, values_of(program, 9, 0, max(TRIALS), kernels="plain"))
        for trials in TRIALS:
            assert np.array_equal(values_of(program, 9, 0, trials), whole[..., :trials])


# -- memory ----------------------------------------------------------------------------------------

# Lanes are stored without bounds checks.  The C library's debugging allocator puts a mark behind
# every piece of memory and looks at it when the piece is given back.
CHECKED = """
import sys
import numpy as np
import numba
from kernels_by_hand import moments, values
from nqmbench.kernels import PRECISIONS, LAWS, normals, start_normals
from nqmbench.kernels.lanes import splat
from nqmbench.kernels.memory import store
from test_kernels_plain import STATES, TRIALS, at_the_edges

@numba.njit
def beyond(a):
    store(a, a.size - 7, splat(0.0, 8))

if sys.argv[1] == "beyond":
    beyond(np.zeros(2048))
done = 0
for precision, form in PRECISIONS.items():
    for law in LAWS:
        normals(law, 5.0, 1, 0, 0, 3, form.noise)
    start_normals(1, 0, 0, form.noise)
    for states in STATES if precision == "mixed" else (1, 3):
        for number, program in enumerate(at_the_edges(states, precision)):
            trials = TRIALS[number % len(TRIALS)]
            values(program, 1, 0, trials)
            moments(program, 1, 0, trials, 1 + number % 2)
            done += 1
print(done)
"""

DEBUGGER = Path("/lib/x86_64-linux-gnu/libc_malloc_debug.so.0")


@pytest.mark.skipif(not DEBUGGER.exists(), reason="this C library has no debugging allocator")
@pytest.mark.parametrize("what", ["within", "beyond"])
def test_no_memory_is_touched_beyond_its_end(what):
    root, here = Path(nqmbench.kernels.__file__).parents[2], Path(__file__).parent
    environment = os.environ | {
        "LD_PRELOAD": str(DEBUGGER),
        "MALLOC_CHECK_": "3",
        "PYTHONMALLOC": "debug",
        "PYTHONPATH": f"{root}{os.pathsep}{here}",
    }
    done = subprocess.run(
        [sys.executable, "-c", CHECKED, what],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if what == "beyond":  # the check itself bites
        assert done.returncode != 0
        assert "malloc_check" in done.stderr or "free(): invalid" in done.stderr
    else:
        assert done.returncode == 0, done.stderr
        assert int(done.stdout) > 200
