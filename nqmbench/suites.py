"""Finding and loading suite files. A suite is found by being there; the package knows none by name.

Every `*.py` file of the folder that does not start with "_" is a suite file and defines at least
one `Suite`; the others are modules that suite files of this folder may import. The shipped suites
lie beside the package in a checkout and inside it when installed.
"""

from __future__ import annotations

import fnmatch
import importlib.util
import os
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from nqmbench.arguments import choices, raised
from nqmbench.errors import SuiteError, UsageError
from nqmbench.suite import Suite

__all__ = ["load_suites", "select", "shipped_folder"]


def shipped_folder() -> Path:
    """The folder of the suites that come with the program."""
    package = Path(__file__).resolve().parent
    installed = package / "shipped"
    return installed if installed.is_dir() else package.parent / "suites"


def load_suites(folder: str | Path | None = None) -> list[Suite]:
    """Every suite of a folder, sorted by name.

    Args:
        folder: where the suite files lie; None takes the shipped ones.

    Raises:
        UsageError: there is no such folder, or it has no suite file.
        SuiteError: a file cannot be loaded; names file and line, and the suites not run.
    """
    given = Path(folder) if folder is not None else shipped_folder()
    if not os.path.isdir(given):  # also false where the name is too long to be one
        raise UsageError(f"suites: got {str(given)!r}; allowed: a folder with suite files (*.py)")
    place = given.resolve()  # as tracebacks name it
    files = sorted(f for f in place.glob("*.py") if not f.name.startswith("_"))
    if not files:
        raise UsageError(f"suites: {str(place)!r} has no suite file (*.py)")
    suites: list[Suite] = []
    broken: list[str] = []
    origin: dict[str, Path] = {}
    for file in files:
        try:
            found = load_file(file)
        except SuiteError as error:
            broken.append(str(error))
            continue
        for suite in found:
            if suite.name in origin:
                place_of_name = f"{file}:{line_of(suite.name, file)}"
                other = origin[suite.name].name
                broken.append(
                    f"{place_of_name}: suite {suite.name!r} is already defined in {other}"
                )
                continue
            origin[suite.name] = file
            suites.append(suite)
    if broken:
        rest = ", ".join(sorted(s.name for s in suites)) or "none"
        raise SuiteError("\n".join([*broken, f"nothing was run; suites that do load: {rest}"]))
    return sorted(suites, key=lambda s: s.name)


def line_of(name: str, file: Path) -> int:
    """The last line of a file that has the name in quotes, or 1."""
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    quoted = (f"'{name}'", f'"{name}"')
    return max((n for n, line in enumerate(lines, 1) if any(q in line for q in quoted)), default=1)


def load_file(file: Path) -> list[Suite]:
    """The suites that one file defines.

    Raises:
        SuiteError: the file does not compile, raises, or defines no suite; names the last line of
            it, or of a module beside it, that was reached.
    """
    if not os.path.isfile(file):
        raise SuiteError(f"{file}:1: cannot be read: it is no file, or a link to none")
    name = f"nqmbench_suite_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise SuiteError(f"{file}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with neighbours(file.parent):
            spec.loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a user's file may do anything, exit too
        said = error.msg if isinstance(error, SyntaxError) else raised(error)
        raise SuiteError(f"{line_reached(error, file)}: {said}") from error
    finally:
        sys.modules.pop(name, None)
    suites = [v for v in vars(module).values() if issubclass(type(v), Suite)]
    found = list({id(suite): suite for suite in suites}.values())
    if not found:
        raise SuiteError(f"{file}:1: defines no suite; allowed: suite = nq.Suite('name', ...)")
    return found


def line_reached(error: BaseException, file: Path) -> str:
    """FILE:LINE of the last line that a person wrote for this folder: of the file, or a neighbour.

    Of Python that does not compile it is the wrong line, unless the file has it in a string.
    """
    if isinstance(error, SyntaxError) and Path(error.filename or file).parent == file.parent:
        return f"{error.filename or file}:{error.lineno or 1}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if Path(f.filename).parent == file.parent]
    return f"{own[-1].filename}:{own[-1].lineno}" if own else f"{file}:1"


@contextmanager
def neighbours(folder: Path) -> Iterator[None]:
    """Let a file import modules beside it, and forget them: names may recur in another folder."""
    place, before = str(folder.resolve()), set(sys.modules)
    sys.path.insert(0, place)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        with suppress(ValueError):  # the file has taken it out itself
            sys.path.remove(place)
        for name in set(sys.modules) - before:
            if Path(getattr(sys.modules[name], "__file__", None) or "").parent == Path(place):
                del sys.modules[name]


def select(suites: Iterable[Suite], patterns: Iterable[str]) -> list[Suite]:
    """The suites whose names match one of the patterns (names, globs, or "all").

    Raises:
        UsageError: a pattern matches nothing.

    >>> [s.name for s in select([Suite("sgd"), Suite("momentum")], ["s*"])]
    ['sgd']
    """
    known, wanted = list(suites), list(patterns)
    names = choices(s.name for s in known)
    if not wanted:
        raise UsageError(f"suite: got nothing; allowed: 'all', a glob, or one of {names}")
    chosen: dict[str, Suite] = {}
    for pattern in wanted:
        glob = "*" if pattern == "all" else pattern
        matching = [s for s in known if fnmatch.fnmatchcase(s.name, glob)]
        if not matching:
            raise UsageError(f"suite: got {pattern!r}; allowed: 'all', a glob, or one of {names}")
        chosen |= {s.name: s for s in matching}
    return list(chosen.values())
