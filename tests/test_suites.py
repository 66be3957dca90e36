import re
import sys

import pytest

import nqmbench as nq
from nqmbench.errors import SuiteError, UsageError
from nqmbench.suites import load_suites, select, shipped_folder

GOOD = 'import nqmbench as nq\n\nsuite = nq.Suite("{name}", summary="fine")\n'


def test_the_shipped_suites_are_found_by_being_there():
    files = {f.stem for f in shipped_folder().glob("*.py") if not f.name.startswith("_")}
    assert {s.name for s in load_suites()} == files
    assert {"sgd", "momentum", "averaging", "preconditioning"} <= files


def test_a_folder_of_suites_is_loaded_in_order_of_their_names(suite_folder):
    folder = suite_folder(a=GOOD.format(name="zebra"), b=GOOD.format(name="ant"), _helper="1 / 0")
    (folder / "notes.txt").write_text("no suite")
    before = set(sys.modules)
    assert [s.name for s in load_suites(folder)] == ["ant", "zebra"]
    assert [s.name for s in load_suites(str(folder))] == ["ant", "zebra"]
    assert not {name for name in set(sys.modules) - before if "suite" in name}


def test_a_file_may_define_several_suites_and_the_same_one_twice(suite_folder):
    text = GOOD.format(name="one") + 'other = nq.Suite("two")\nalias = suite\n'
    assert [s.name for s in load_suites(suite_folder(a=text))] == ["one", "two"]


BROKEN = {
    "syntax error": ("x = 1\ndef f(:\n", 2, "invalid syntax"),
    "unclosed bracket": ("x = 1\ny = (\n", 2, "was never closed"),
    "raises at import": ("import nqmbench as nq\n\nx = 1 / 0\n", 3, "ZeroDivisionError: division"),
    "raises inside a function": (
        "def f():\n    return {}['eta']\n\nf()\n", 2, "KeyError: 'eta'",
    ),
    "exits": ("import sys\nsys.exit(3)\n", 2, "SystemExit: 3"),
    "missing module": ("import no_such_module_at_all\n", 1, "ModuleNotFoundError"),
    "null byte": ("x = 1\x00\n", 1, "null bytes"),
    "no suite": ("import nqmbench as nq\n", 1, "defines no suite; allowed: suite = nq.Suite("),
    "empty": ("", 1, "defines no suite"),
    "bad name": ("import nqmbench as nq\nsuite = nq.Suite('../x')\n", 2, "name: got '../x'"),
    "bad claim": (
        "import nqmbench as nq\nsuite = nq.Suite('s')\n\n@suite.claim('c', of='speed')\n"
        "def f(k):\n    return k\n", 4, "of: got 'speed'",
    ),
    "duplicate claim": (
        "import nqmbench as nq\nsuite = nq.Suite('s')\nsuite.check('c')(print)\n"
        "suite.check('c')(print)\n", 4, "a name that suite 's' does not have yet",
    ),
    "two refs out of scope": (
        "import nqmbench as nq\nsuite = nq.Suite('s')\nsuite.outside('T1', 'a', 'b')\n"
        "suite.outside('T1', 'a', 'b')\n", 4, "a ref that suite 's' does not list yet",
    ),
    "bad ordering": (
        "import nqmbench as nq\nsuite = nq.Suite('s')\n"
        "e = nq.Experiment(nq.NoisyQuadratic(1), nq.sgd(0.1))\n"
        "suite.ordering('o', smaller='error', larger='eror', of=e)\n", 4,
        "larger: got 'eror'; allowed: 'error', ",
    ),
    "bad figure": (
        "import nqmbench as nq\nsuite = nq.Suite('s')\nsuite.figure('f', panels={'p': {}})\n", 3,
        "panels: got {'p': {}}; allowed: ",
    ),
    "bad experiment": (
        "import nqmbench as nq\ne = nq.Experiment(nq.NoisyQuadratic(-1), nq.sgd(0.1))\n", 2,
        "h: got -1; allowed: finite numbers > 0",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_file_is_named_with_its_line_and_the_suites_that_do_load(suite_folder, kind):
    text, line, reason = BROKEN[kind]
    folder = suite_folder(bad=text, good=GOOD.format(name="fine"), other=GOOD.format(name="also"))
    with pytest.raises(SuiteError) as caught:
        load_suites(folder)
    message = str(caught.value)
    assert message.startswith(f"{folder / 'bad.py'}:{line}: ")
    assert reason in message
    assert message.endswith("nothing was run; suites that do load: also, fine")
    assert caught.value.exit_code == 2


def test_all_broken_files_are_named_at_once(suite_folder):
    folder = suite_folder(a="1 / 0", b="def (", c="")
    with pytest.raises(SuiteError) as caught:
        load_suites(folder)
    lines = str(caught.value).splitlines()
    assert [line.split(":")[0][-4:] for line in lines[:3]] == ["a.py", "b.py", "c.py"]
    assert lines[3] == "nothing was run; suites that do load: none"


def test_two_suites_of_one_name_are_refused_with_the_line_of_the_second(suite_folder):
    folder = suite_folder(a=GOOD.format(name="twin"), b="# a twin\n" + GOOD.format(name="twin"))
    with pytest.raises(SuiteError) as caught:
        load_suites(folder)
    first, last = str(caught.value).splitlines()
    assert first == f"{folder / 'b.py'}:4: suite 'twin' is already defined in a.py"
    assert last.endswith("load: twin")


def test_two_suites_of_one_name_in_one_file_are_refused(suite_folder):
    text = GOOD.format(name="twin") + "other = nq.Suite(name='twin')\n"
    with pytest.raises(SuiteError, match=r"a.py:4: suite 'twin' is already defined in a.py"):
        load_suites(suite_folder(a=text))


def test_a_folder_that_is_missing_or_has_no_suite_file_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="allowed: a folder with suite files"):
        load_suites(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="has no suite file"):
        load_suites(tmp_path)


SUITES = [nq.Suite(name) for name in ("averaging", "momentum", "sgd")]


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        (["all"], ["averaging", "momentum", "sgd"]),
        (["sgd"], ["sgd"]),
        (["sgd", "averaging"], ["sgd", "averaging"]),
        (["m*", "s?d"], ["momentum", "sgd"]),
        (["sgd", "all", "*"], ["sgd", "averaging", "momentum"]),
    ],
)
def test_suites_are_chosen_by_name_by_glob_or_all(patterns, names):
    assert [s.name for s in select(SUITES, patterns)] == names


@pytest.mark.parametrize("patterns", [["sdg"], ["sgd", "x*"], ["SGD"], [""], []])
def test_an_unknown_suite_is_refused_with_the_known_ones(patterns):
    with pytest.raises(
        UsageError, match="allowed: 'all', a glob, or one of 'averaging', 'momentum'"
    ):
        select(SUITES, patterns)


def test_suite_files_may_share_a_module_that_begins_with_an_underscore(tmp_path):
    text = "from _shared import NAME\nimport nqmbench as nq\n\nsuite = nq.Suite(NAME)\n"
    for folder, name in (("first", "one"), ("second", "two")):
        place = tmp_path / folder
        place.mkdir()
        (place / "_shared.py").write_text(f'NAME = "{name}"\n')
        (place / "suite.py").write_text(text)
        before = sys.path.copy()
        assert [s.name for s in load_suites(place)] == [name]
        assert sys.path == before
        assert "_shared" not in sys.modules


def test_a_mistake_in_a_shared_module_is_shown_at_its_own_line(suite_folder):
    folder = suite_folder(a="import _shared\n", _shared="x = 1\ndef f(:\n")
    with pytest.raises(SuiteError, match=r"_shared\.py:2: invalid syntax"):
        load_suites(folder)
    folder = suite_folder(a="import _shared\n", _shared="x = 1\n1 / 0\n")
    with pytest.raises(SuiteError, match=r"_shared\.py:2: ZeroDivisionError"):
        load_suites(folder)
    folder = suite_folder(
        a="from _shared import half\n\n\nhalf(0)\n", _shared="def half(x):\n    return 1 / x\n"
    )
    with pytest.raises(SuiteError, match=r"_shared\.py:2: ZeroDivisionError"):
        load_suites(folder)


@pytest.mark.parametrize("kind", ["raises at import", "bad claim", "duplicate claim", "no suite"])
def test_a_relative_folder_names_the_same_line(suite_folder, monkeypatch, kind):
    text, line, reason = BROKEN[kind]
    folder = suite_folder(bad=text)
    monkeypatch.chdir(folder.parent)
    with pytest.raises(SuiteError, match=re.escape(f"{folder / 'bad.py'}:{line}: ")) as caught:
        load_suites(folder.name)
    assert reason in str(caught.value)
