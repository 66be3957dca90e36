"""The cache on disk: never a stale number, never a second compilation.

Each test runs a copy of the package in processes of its own.
"""

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import nqmbench.kernels

pytestmark = pytest.mark.needs_compiler

PACKAGE = Path(nqmbench.kernels.__file__).parent.parent

# Prints a number, and how often the cache was hit and missed for the function behind it.
DRAW = """
import json
from nqmbench.kernels import LAWS, cache, noise, normals
value = float(normals("uniform", 0.0, 1, 0, 0, 1)[0, 0])
normals("uniform", 0.0, 2, 0, 0, 1)
stats = noise.noise_kernel(LAWS["uniform"], 32, 32).stats
print(json.dumps({
    "value": value,
    "hits": sum(stats.cache_hits.values()),
    "misses": sum(stats.cache_misses.values()),
    "folder": str(cache.FOLDER),
}))
"""


@pytest.fixture
def copy(tmp_path):
    """Return the root of a package that holds only the kernels."""
    target = tmp_path / "source" / "nqmbench"
    target.mkdir(parents=True)
    shutil.copytree(
        PACKAGE / "kernels", target / "kernels", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("moments.py", "influence.py", "cache_folder.py"):  # what kernels use of the rest
        shutil.copy(PACKAGE / name, target)
    (target / "__init__.py").write_text("")
    return target


def process(copy, code=DRAW, **environment):
    """Run code with the copied package in a new process and return what it printed."""
    removed = ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME")
    inherited = {k: v for k, v in os.environ.items() if k not in removed}
    inherited |= {"PYTHONPATH": str(copy.parent), "NUMBA_CACHE_DIR": str(copy.parent / "cache")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={k: v for k, v in (inherited | environment).items() if v is not None},
        cwd=copy.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_an_edit_in_any_kernel_file_changes_the_number_and_no_edit_compiles_nothing(copy):
    first = process(copy)
    again = process(copy)
    assert (first["hits"], first["misses"]) == (0, 1)  # two calls, one compilation
    assert (again["hits"], again["misses"]) == (1, 0)
    assert again["value"] == first["value"]

    # Not the caller's file: Numba alone would go on returning the old number.
    laws = copy / "kernels" / "laws.py"
    text = laws.read_text()
    assert text.count("np.sqrt(3.0) / float") == 1
    laws.write_text(text.replace("np.sqrt(3.0) / float", "np.sqrt(12.0) / float"))
    edited = process(copy)
    assert edited["value"] == 2.0 * first["value"]
    assert edited["folder"] != first["folder"]


# Also prints every file of compiled code that is not in a folder of the kernels.
NORMALS = """
import json, os
from pathlib import Path
from nqmbench.kernels import cache, normals
folder, package = Path(os.environ["NUMBA_CACHE_DIR"]), Path(cache.__file__).parents[1]
value = float(normals("gaussian", 0.0, 1, 0, 0, 1)[0, 16])
files = [p for root in (folder, package) for p in root.rglob("*.nb[ci]")]
astray = [str(p) for p in files if not p.is_relative_to(folder / "nqmbench")]
print(json.dumps({"value": value, "files": len(files), "astray": astray}))
"""


def test_an_edit_below_functions_that_are_chosen_by_type_changes_the_number_too(copy):
    # Overloads used to be cached outside of the folder: noise kernels were compiled afresh, and
    # went on using the sine of the old table.
    first = process(copy, NORMALS)
    assert first["files"] > 0
    assert first["astray"] == []
    with (copy / "kernels" / "coefficients.py").open("a") as file:
        file.write("SINE = {name: tuple(2.0 * c for c in SINE[name]) for name in SINE}\n")
    edited = process(copy, NORMALS)
    assert edited["value"] == 2.0 * first["value"]
    assert edited["astray"] == []


FOLDER = """
import json, logging
logging.basicConfig(level=logging.INFO, format="%(message)s", filename="log.txt", force=True)
from numba.core import config
before = config.CACHE_DIR
from nqmbench.kernels import cache
print(json.dumps({"folder": str(cache.FOLDER), "kept": config.CACHE_DIR == before}))
"""


def test_the_folder_is_the_users_choice_and_the_users_setting_is_kept(copy, tmp_path):
    home, xdg, own = (str(tmp_path / name) for name in ("home", "xdg", "own"))
    found = {
        "own": process(copy, FOLDER, NUMBA_CACHE_DIR=own, XDG_CACHE_HOME=xdg, HOME=home),
        "xdg": process(copy, FOLDER, NUMBA_CACHE_DIR=None, XDG_CACHE_HOME=xdg, HOME=home),
        "home": process(copy, FOLDER, NUMBA_CACHE_DIR=None, HOME=home),
    }
    parents = {name: str(Path(f["folder"]).parent) for name, f in found.items()}
    assert parents == {
        "own": f"{own}/nqmbench",
        "xdg": f"{xdg}/nqmbench",
        "home": f"{home}/.cache/nqmbench",
    }
    assert all(f["kept"] for f in found.values())
    assert len({Path(f["folder"]).name for f in found.values()}) == 1


def test_without_a_writable_home_a_temporary_folder_serves_and_one_line_says_so(copy, tmp_path):
    obstacle = tmp_path / "file"
    obstacle.write_text("")
    found = process(copy, FOLDER, NUMBA_CACHE_DIR=None, HOME=str(obstacle), TMPDIR=str(tmp_path))
    assert found["folder"].startswith(f"{tmp_path}/nqmbench-")
    lines = (copy.parent / "log.txt").read_text().splitlines()
    assert len(lines) == 1
    assert "not writable" in lines[0]


def test_flags_and_processor_name_the_folder(copy):
    plain = process(copy, FOLDER)
    other = process(copy, FOLDER, NUMBA_OPT="1")
    assert plain["folder"] != other["folder"]


def test_the_package_imports_without_a_compiler(copy):
    code = "import nqmbench.kernels; print('{}')"
    assert process(copy, code, NUMBA_DISABLE_JIT="1") == {}


SIBLINGS = """
import sys
from kernels_by_hand import averaged_heavy_ball, sgd
from nqmbench.kernels import entry
programs = {"sgd": sgd(), "averaged": averaged_heavy_ball()}
places = [entry.update_address(programs[name].structure) for name in sys.argv[1:]]
entry.update_address.cache_clear()
again = [entry.update_address(programs[name].structure) for name in sys.argv[1:]]
print(places == again, len(set(places)) == len(places))
"""


def test_kernels_compiled_in_different_processes_are_told_apart_in_a_third(tmp_path):
    # The symbol was once that of the factory: whichever was loaded last answered for both.
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    environment["PYTHONPATH"] = os.pathsep.join(map(str, (PACKAGE.parent, Path(__file__).parent)))
    for names in (["sgd"], ["averaged"], ["sgd", "averaged"]):
        command = [sys.executable, "-c", SIBLINGS, *names]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert done.stdout.split() == ["True", "True"]


def test_a_disk_that_fails_is_told_once_and_done_without(caplog):
    from nqmbench.kernels.cache import keep_if_possible

    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    for _ in range(2):
        code = SimpleNamespace(_cache=SimpleNamespace(load_overload=fail, save_overload=fail))
        keep_if_possible(code)
        assert code._cache.load_overload(None, None) is None
        assert code._cache.save_overload(None, None) is None
    assert len(caplog.messages) == 1
    assert "No space left on device; each start compiles anew" in caplog.text
