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
from nqmbench.kernels import PRECISIONS

pytestmark = pytest.mark.needs_compiler

FEATURES = llvmlite.binding.get_host_cpu_features()
METHODS = ("sgd", "averaged_heavy_ball")
WATCHED = ("gaussian", "student")  # laws: the usual one, and the longest

# Lines of the loops, more where a vector takes two registers and half of them lie on the stack;
# code for one lane after another would be ten times as long.
LONGEST_DRAW, LONGEST_STEP = (400, 150) if FEATURES.get("avx512f") else (1000, 300)

# Cached code cannot be inspected, so the process has a cache of its own.  The plain kernel is there
# to show that what is looked for can be missed.
CODE = """
import json
import kernels_by_hand
from nqmbench.kernels import LAWS, PRECISIONS, entry, noise, plain, update

def assembly(kernel):
    return list(kernel.inspect_asm().values())[-1]

found = {"noise": {}, "update": {}}
for name, form in PRECISIONS.items():
    for law in WATCHED:
        entry.noise_address(LAWS[law], form)
        kernel = noise.noise_kernel(LAWS[law], form.noise, form.state)
        found["noise"][f"{law} {name}"] = assembly(kernel)
    for method in METHODS:
        structure = getattr(kernels_by_hand, method)(precision=name).structure
        entry.update_address(structure)
        found["update"][f"{method} {name}"] = assembly(update.update_kernel(structure))
        if name == "mixed":
            entry.update_address(structure, "plain")
            found[f"plain {method}"] = assembly(plain.update_kernel(structure))
print(json.dumps(found))
""".replace("METHODS", repr(METHODS)).replace("WATCHED", repr(WATCHED))


def loops(assembly):
    """Return the code of every innermost loop: no other begins inside it."""
    lines, labels, found = assembly.split("\n"), {}, []
    for i, line in enumerate(lines):
        if label := re.match(r"(\.LBB\w+):", line):
            labels[label[1]] = i
        jump = re.match(r"\s+j\w+\s+(\.LBB\w+)", line)
        if jump and labels.get(jump[1], i) < i:
            found.append((labels[jump[1]], i))
    inner = [(a, b) for a, b in found if not any(a < c and d < b for c, d in found)]
    return [lines[a + 1 : b + 1] for a, b in inner]


def step_loop(assembly):
    """Return the innermost loop with most multiply-adds: the one over the steps."""
    return max(loops(assembly), key=lambda body: sum("vfmadd" in line for line in body))


def complaints(body, letter):
    """Return what keeps a loop from being arithmetic on full vectors of "s"ingles or "d"oubles."""
    wide = "%zmm" if FEATURES.get("avx512f") else "%ymm"
    found = {
        "no fma of the full width": not any(
            re.match(rf"\s+vfn?m(add|sub)\d*p{letter}\b", x) and wide in x for x in body
        ),
        "numbers one by one": any(
            re.match(r"\s+v(fn?m(add|sub)\d*|mul|add|sub|sqrt)s[sd]\b", x) for x in body
        ),
        "a call": any(re.match(r"\s+call", x) for x in body),
    }
    return [what for what, bad in found.items() if bad]


LIBRARY = {
    name + suffix
    for name in ("fma", "sqrt", "log", "exp", "expm1", "sin", "cos", "pow")
    for suffix in ("", "f")
}


def called(assembly):
    """Return the names that are called, or put into a register to be called."""
    return set(re.findall(r"(?:callq?\s+|\$)(\w+)", assembly))


def spills(body):
    """Return the lines that put a vector aside onto the stack."""
    return [x for x in body if re.search(r"%[xyz]mm\d+, -?\d*\(%r[sb]p\)", x)]


@pytest.fixture(scope="module")
def code(tmp_path_factory):
    root, here = Path(nqmbench.kernels.__file__).parents[2], Path(__file__).parent
    environment = os.environ | {
        "NUMBA_CACHE_DIR": str(tmp_path_factory.mktemp("cache")),
        "PYTHONPATH": f"{root}{os.pathsep}{here}",
    }
    done = subprocess.run(
        [sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.skipif(not FEATURES.get("avx2"), reason="reads the code of x86 with AVX2 or AVX-512")
class TestMachineCode:
    @pytest.mark.parametrize("precision", PRECISIONS)
    @pytest.mark.parametrize("law", WATCHED)
    def test_noise_is_drawn_in_full_vectors_without_calls(self, law, precision, code):
        loop = step_loop(code["noise"][f"{law} {precision}"])
        assert complaints(loop, "d" if precision == "f64" else "s") == []
        assert any("vsqrtp" in x for x in loop)  # it is the right loop
        assert len(loop) < LONGEST_DRAW

    @pytest.mark.parametrize("precision", PRECISIONS)
    @pytest.mark.parametrize("method", METHODS)
    def test_steps_are_taken_in_full_vectors_without_calls(self, method, precision, code):
        loop = step_loop(code["update"][f"{method} {precision}"])
        assert complaints(loop, "s" if precision == "f32" else "d") == []
        assert len(loop) < LONGEST_STEP

    @pytest.mark.parametrize("precision", PRECISIONS)
    def test_vectors_stay_in_registers(self, precision, code):
        if FEATURES.get("avx512f"):  # AVX2 has half as many registers
            assert spills(step_loop(code["noise"][f"gaussian {precision}"])) == []
            assert spills(step_loop(code["update"][f"sgd {precision}"])) == []

    @pytest.mark.parametrize("method", METHODS)
    def test_the_plain_kernel_would_be_noticed(self, method, code):
        assert complaints(step_loop(code[f"plain {method}"]), "d") == [
            "no fma of the full width",
            "numbers one by one",
        ]

    def test_no_kernel_calls_the_mathematical_library(self, code):
        assert called("\tmovabsq\t$fmaf, %rax\n\tcallq\t*%rax\n\tcallq\tlog@PLT") == {"fmaf", "log"}
        for kind in ("noise", "update"):
            for assembly in code[kind].values():
                assert not called(assembly) & LIBRARY
