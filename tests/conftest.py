import os

import pytest

NO_COMPILER = os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0")


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "needs_compiler: runs the compiled kernels, which exist only as machine code"
    )


def pytest_collection_modifyitems(items):
    if NO_COMPILER:
        reason = "NUMBA_DISABLE_JIT is set, and the kernels' intrinsics cannot be interpreted"
        for item in items:
            example = "kernels" in item.path.parts or item.path.name == "simulation.py"
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
