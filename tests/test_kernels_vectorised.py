"""The compiler must turn the loops over lanes into vector instructions.

When it does not, nothing fails: the run is only three to six times slower.  A timing on a busy
machine would not tell; the machine code does.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import llvmlite.binding
import pytest

import nqmbench.kernels

pytestmark = pytest.mark.needs_compiler

FEATURES = llvmlite.binding.get_host_cpu_features()

# Cached code cannot be inspected, so the process has a cache of its own.
CODE = """
import json
from kernels_by_hand import averaged_heavy_ball, sgd
from nqmbench.kernels import trajectory_values
from nqmbench.kernels.plain import block_kernel
found = {}
for name, make in (("sgd", sgd), ("averaged heavy ball", averaged_heavy_ball)):
    program = make(precision="mixed")
    trajectory_values(program, 1, 0, 32)
    found[name] = next(iter(block_kernel(program.structure).inspect_asm().values()))
program = sgd(precision="f32")
trajectory_values(program, 1, 0, 32)
found["sgd f32"] = next(iter(block_kernel(program.structure).inspect_asm().values()))
print(json.dumps(found))
"""


def step_loop(assembly):
    """Return the shortest loop around a vector square root: one step of a block."""
    lines, labels, loops = assembly.split("\n"), {}, []
    for i, line in enumerate(lines):
        if label := re.match(r"(\.LBB\w+):", line):
            labels[label[1]] = i
        jump = re.match(r"\s+j\w+\s+(\.LBB\w+)", line)
        if jump and labels.get(jump[1], i) < i:
            loops.append(lines[labels[jump[1]] + 1 : i + 1])
    return min((b for b in loops if any("vsqrtps" in x for x in b)), key=len)


@pytest.mark.skipif(not FEATURES.get("avx2"), reason="reads the code of x86 with AVX2 or AVX-512")
def test_a_step_of_a_block_is_vector_instructions_only(tmp_path):
    root, here = Path(nqmbench.kernels.__file__).parents[2], Path(__file__).parent
    environment = os.environ | {
        "NUMBA_CACHE_DIR": str(tmp_path),
        "PYTHONPATH": f"{root}{os.pathsep}{here}",
    }
    done = subprocess.run(
        [sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    wide = "%zmm" if FEATURES.get("avx512f") else "%ymm"
    for name, assembly in json.loads(done.stdout).items():
        loop = step_loop(assembly)
        scalar = [x for x in loop if re.match(r"\s+v(fmadd\d*|mul|add|sub|sqrt)s[sd]\b", x)]
        assert not scalar, name
        assert any(wide in x and "vsqrtps" in x for x in loop), name
        assert len(loop) < 400, name
