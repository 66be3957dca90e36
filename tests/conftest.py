import os

import pytest

NO_COMPILER = os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0")

SIMULATING = "simulation.py", "shared.py"  # modules whose examples simulate


def pytest_collection_modifyitems(items):
    if NO_COMPILER:
        reason = "NUMBA_DISABLE_JIT is set, and the kernels' intrinsics cannot be interpreted"
        for item in items:
            example = "kernels" in item.path.parts or item.path.name in SIMULATING
            if example or item.get_closest_marker("needs_compiler"):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def suite_folder(tmp_path):
    """A function that writes suite files as a user would, and returns their folder."""

    def write(**files):
        folder = tmp_path / "suites"
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / f"{name}.py").write_text(text, encoding="utf-8")
        return folder

    return write


@pytest.fixture(scope="session")
def quick_run():
    """All shipped suites at the quick preset, run once."""
    import nqmbench as nq

    return nq.run("all", preset="quick", seed=0)


@pytest.fixture(scope="session")
def planted(tmp_path_factory):
    """The folder of a user's own suite, with right and wrong claims."""
    from planted import CLAIMS

    folder = tmp_path_factory.mktemp("own suites")
    (folder / "planted.py").write_text(CLAIMS)
    return folder


@pytest.fixture(scope="session")
def standard(planted):
    """That suite, judged at standard."""
    import nqmbench as nq

    return nq.run("planted", preset="standard", suites=planted, threads=2)


@pytest.fixture(scope="session")
def hard(tmp_path_factory):
    """Divergence, heavy tails, errors: a suite of hard cases at quick."""
    from planted import HARD

    import nqmbench as nq

    folder = tmp_path_factory.mktemp("hard")
    (folder / "hard.py").write_text(HARD)
    return nq.run("hard", preset="quick", suites=folder, threads=2)


@pytest.fixture
def path(tmp_path):
    """Where a results file will be."""
    return tmp_path / "run.sqlite"


@pytest.fixture
def filled(path):
    """A closed results file with twenty increments."""
    from stored import fill

    from nqmbench.store import Store

    with Store.open(path) as store:
        store.expect(seed=7)
        fill(store, range(20))
    return path
