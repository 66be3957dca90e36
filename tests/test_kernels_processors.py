"""The same bits on every processor: with vectors of 512, 256 and 128 bits, with and without fma.

A processor is given to the compiler by name.  One process per processor computes everything, and
keeps its compiled code in a folder of its own beside the kernels' usual one.  The usual run has the
Gaussian law alone; `python -m pytest -m slow tests/test_kernels_processors.py` has all.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import kernel_digests
import llvmlite.binding
import pytest

import nqmbench.kernels
from nqmbench.kernels import cache

FEATURES = llvmlite.binding.get_host_cpu_features()
pytestmark = [
    pytest.mark.needs_compiler,
    pytest.mark.skipif(
        not (FEATURES.get("avx2") and FEATURES.get("fma")), reason="this is no x86 with AVX2"
    ),
]

PROCESSORS = {
    "SSE4.2, no fma": ("nehalem", "+sse2,+sse4.2", {"bits": 128, "fma": False}),
}
if FEATURES.get("avx512f"):  # else this machine computes with AVX2 itself
    PROCESSORS["AVX2"] = ("haswell", "+avx2,+fma,+bmi,+bmi2", {"bits": 256, "fma": True})


EXTENTS = [
    pytest.param("few", id="gaussian"),
    pytest.param("all", id="every law", marks=pytest.mark.slow),
]


@pytest.fixture(scope="module", params=EXTENTS)
def extent(request):
    return request.param


@pytest.fixture(scope="module")
def elsewhere(extent):
    """What each of the processors computes; all processes run at once."""
    root, here = Path(nqmbench.kernels.__file__).parents[2], Path(__file__).parent
    running = {}
    for name, (processor, features, _) in PROCESSORS.items():
        environment = os.environ | {
            "NUMBA_CPU_NAME": processor,
            "NUMBA_CPU_FEATURES": features,
            "NUMBA_CACHE_DIR": str(cache.FOLDER / "other processors" / processor),
            "PYTHONPATH": f"{root}{os.pathsep}{here}",
        }
        running[name] = subprocess.Popen(
            [sys.executable, "-W", "error", str(here / "kernel_digests.py"), extent],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    found = {}
    for name, process in running.items():
        out, err = process.communicate()
        assert process.returncode == 0, err
        found[name] = json.loads(out)
    return found


@pytest.fixture(scope="module")
def here(extent):
    return kernel_digests.digests(extent == "few")


def test_no_two_fingerprints_are_alike(extent, here):
    # else a fingerprint would not look at the numbers
    laws = 1 if extent == "few" else 7
    assert len(set(here.values())) == len(here) == 2 * (1 + laws) + 3 * 2


@pytest.mark.parametrize("processor", PROCESSORS)
def test_noise_and_simulations_have_the_same_bits(processor, elsewhere, here):
    assert elsewhere[processor]["digests"] == here


@pytest.mark.parametrize("processor", PROCESSORS)
def test_the_code_is_really_that_of_the_processor(processor, elsewhere):
    assert elsewhere[processor]["machine"] == PROCESSORS[processor][2]
    if FEATURES.get("avx512f"):
        assert kernel_digests.machine() == {"bits": 512, "fma": True}
