import errno
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import nqmbench.runner
import nqmbench.simulator
from nqmbench.cli import main
from nqmbench.cli.place import folder_name, point_latest

README = Path(__file__).resolve().parent.parent / "README.md"

SMALL = """
import nqmbench as nq

suite = nq.Suite("small", summary="one exact check", experiments=[
    nq.Experiment(nq.NoisyQuadratic(1.0, sigma=0.0), nq.sgd(0.5), steps=4)])


@suite.claim("halves at each step", of="w[0]", expect=EXPECT)
def halves(k, w0):
    return w0 / 2**k
"""


def exit_code(*arguments):
    with pytest.raises(SystemExit) as stop:
        main([str(a) for a in arguments])
    return stop.value.code or 0


@pytest.fixture
def small(suite_folder):
    return suite_folder(small=SMALL.replace("EXPECT", "'confirmed'"))


def test_run_writes_tables_and_report_and_prints_the_verdicts(small, tmp_path, capsys):
    out = tmp_path / "run"
    assert exit_code("run", "small", "--suites", small, "--preset", "quick", "--out", out) == 0
    names = {"verdicts.csv", "cells.csv", "estimates.csv", "run.json", "report.md", "report.html"}
    assert names <= {p.name for p in out.iterdir()}
    printed = capsys.readouterr()
    assert "halves at each step" in printed.out
    assert "CONFIRMED" in printed.out
    assert str(out / "report.html") in printed.out


def test_an_unexpected_verdict_exits_with_1_and_is_marked(suite_folder, tmp_path, capsys):
    folder = suite_folder(small=SMALL.replace("EXPECT", "'refuted'"))
    assert exit_code("run", "small", "--suites", folder, "--out", tmp_path / "run") == 1
    assert "CONFIRMED (expected REFUTED)" in capsys.readouterr().out


@pytest.mark.needs_compiler
def test_open_claims_exit_with_3_only_on_request(suite_folder, tmp_path):
    heavy = """
import nqmbench as nq
suite = nq.Suite("heavy", experiments=[nq.Experiment(
    nq.NoisyQuadratic(1.0, noise=("student", 2.5)), nq.sgd(0.5), steps=3, checkpoints=[3])])
@suite.claim("heavy tails", of="error")
def value(k, eta, w0):
    return w0
"""
    folder = suite_folder(heavy=heavy)
    command = ("run", "heavy", "--suites", folder, "--preset", "quick", "--out", tmp_path / "run")
    assert exit_code(*command, "--fail-inconclusive") == 3
    assert exit_code(*command) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "nope"], "got 'nope'"),
        (["run"], "Missing argument"),
        (["run", "sgd", "--preset", "fast"], "'quick', 'standard', 'strict'"),
        (["run", "sgd", "--seed", "-1"], "seed: got -1"),
        (["run", "sgd", "--seed", "1.5"], "seed: got '1.5'"),
        (["run", "sgd", "--threads", "0"], "threads: got 0"),
        (["run", "sgd", "--threads", "abc"], "threads: got 'abc'"),
        (["run", "sgd", "--precision", "f16"], "precision: got 'f16'"),
        (["run", "sgd", "--suites", "/nowhere"], "allowed: a folder"),
        (["show", "sgd::nothing"], "got 'nothing'"),
        (["report", "."], "not a finished run"),
        (["lisst"], "Did you mean 'list'"),
    ],
)
def test_wrong_usage_exits_with_2_says_what_is_allowed_and_creates_nothing(
    arguments, said, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert exit_code(*arguments) == 2
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_choice_of_kernels_is_wrong_usage_too(small, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("NQMBENCH_KERNELS", "x")
    assert exit_code("run", "small", "--suites", small, "--out", tmp_path / "run") == 2
    said = capsys.readouterr().err
    assert "NQMBENCH_KERNELS: got 'x'; allowed: fast, plain, or unset" in " ".join(said.split())
    assert not (tmp_path / "run").exists()


def test_a_folder_that_cannot_be_made_exits_with_73_before_anything_is_simulated(
    small, tmp_path, capsys, monkeypatch
):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(nqmbench.simulator, "run_pass", None)
    assert exit_code("run", "small", "--suites", small, "--out", tmp_path / "file" / "run") == 73
    assert "choose another --out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (RuntimeError("gears"), 70, "internal error: RuntimeError: gears"),
        (OSError(errno.ENOSPC, "No space left on device", "/disk"), 74, "disk full at /disk"),
        (OSError(errno.EIO, "Input/output error"), 74, "Input/output error"),
    ],
)
def test_each_failure_has_its_exit_code_and_no_traceback(
    error, code, said, small, tmp_path, capsys, monkeypatch
):
    def fail(*arguments, **options):
        raise error

    monkeypatch.setattr(nqmbench.runner, "pursue", fail)
    assert exit_code("run", "small", "--suites", small, "--out", tmp_path / "run") == code
    printed = capsys.readouterr().err
    assert said in printed
    assert "Traceback" not in printed


def test_report_is_made_again_from_the_tables_alone(small, tmp_path, capsys):
    out = tmp_path / "run"
    exit_code("run", "small", "--suites", small, "--preset", "quick", "--out", out)
    first = (out / "report.html").read_bytes()
    (out / "report.html").unlink()
    main(["report", str(out)])
    assert (out / "report.html").read_bytes() == first


def test_show_prints_the_formula_and_its_cases(small, capsys):
    main(["show", "small::halves at each step", "--suites", str(small)])
    printed = capsys.readouterr().out
    assert "w0/2^k" in printed
    assert "SGD(lr=0.5)" in printed
    main(["show", "small", "--suites", str(small)])
    assert "halves at each step" in capsys.readouterr().out


SHOWN = """
import nqmbench as nq

suite = nq.Suite("shown", summary="one of each")
P = nq.NoisyQuadratic([1.0, 0.1], sigma=0.0)
A, B = (nq.Experiment(P, nq.sgd(lr), steps=4, checkpoints=[1, 4]) for lr in (0.5, 0.1))
suite.figure("two sizes", panels={"both": {"large": A, "small": (B, "w2[1]")}}, doc="To be seen.")
suite.figure("fails", panels=lambda: {"p": 1 / 0})
suite.outside("T1-38", "A good guide.", "no number")
suite.ordering("larger is faster", smaller=A, larger=[B], of="error", at=4, margin=0.0, ref="T1-1")
suite.ordering("in most runs", smaller=lambda: A, larger=B, of="w2[0]", statistic="probability",
               probability=0.9)
"""


@pytest.fixture
def shown(suite_folder, capsys):
    folder = suite_folder(shown=SHOWN)

    def show(name):
        main(["show", name, "--suites", str(folder)])
        return capsys.readouterr().out.splitlines()

    return show


def test_show_lists_what_a_suite_holds(shown):
    assert shown("shown") == [
        "shown: one of each",
        "",
        "3 cells on 2 experiments",
        "",
        "  T1-1          larger is faster  [ordering; expected: open]",
        "                in most runs  [ordering; expected: open]",
        "",
        "figures:",
        "  two sizes  [1 panel]",
        "  fails  [panels raised ZeroDivisionError: division by zero]",
        "",
        "out of scope:",
        "  T1-38         A good guide. (no number)",
    ]


def test_show_says_what_an_ordering_compares(shown):
    large, small = (f"SGD(lr={lr}), B=1, h=(1, 0.1), sigma=0" for lr in (0.5, 0.1))
    assert shown("shown::larger is faster") == [
        "shown::larger is faster  T1-1",
        "",
        "ordering: E smaller <= E larger, trajectory by trajectory under one noise",
        f"  smaller: {large}",
        f"  larger: {small}",
        "  of: error",
        "at: 4",
        "margin: none",
        "",
        "1 cell in 1 case:",
        "  SGD(lr=0.5) below SGD(lr=0.1), B=1, h=(1, 0.1), sigma=0",
        "expected: open",
    ]
    said = shown("shown::in most runs")
    assert said[2:7] == [
        "ordering: smaller < larger in at least 0.9 of the trajectories, under one noise",
        "  smaller: a function; see the cases",
        f"  larger: {small}",
        "  of: w2[0]",
        "at: every checkpoint",
    ]
    assert said[7] == "margin: the preset's"


def test_show_describes_a_figure(shown):
    assert shown("shown::two sizes") == [
        "shown::two sizes",
        "To be seen.",
        "",
        "figure: 1 panel",
        "  both:",
        "    large: error of SGD(lr=0.5), B=1, h=(1, 0.1), sigma=0",
        "    small: w2[1] of SGD(lr=0.1), B=1, h=(1, 0.1), sigma=0",
    ]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("larger is fast", "nearest: 'larger is faster'; `show shown` lists all 4"),
        ("Two Sizes", "nearest: 'two sizes'; `show shown` lists all 4"),
        ("runs", "nearest: 'in most runs'; `show shown` lists all 4"),
        ("zzz", "nothing of suite 'shown' is called so; `show shown` lists all 4"),
    ],
)
def test_show_suggests_the_nearest_names(suite_folder, capsys, name, said):
    assert exit_code("show", f"shown::{name}", "--suites", suite_folder(shown=SHOWN)) == 2
    assert capsys.readouterr().err == f"error: claim: got {name!r}; {said}\n"


FIGURE = """
import nqmbench as nq

suite = nq.Suite("figure")
suite.figure("alone", panels={"p": {"a": nq.Experiment(
    nq.NoisyQuadratic(1.0, sigma=0.0), nq.sgd(0.5), steps=4)}})
"""


def test_a_suite_of_figures_alone_ends_without_counts_of_cells(suite_folder, tmp_path, capsys):
    folder = suite_folder(figure=FIGURE)
    assert exit_code("run", "figure", "--suites", folder, "--out", tmp_path / "run") == 0
    printed = capsys.readouterr()
    assert "\nno claim to judge, 1 figure; 1 trajectory in " in printed.out
    assert "cells decided" not in printed.err


def test_an_error_of_a_claim_without_an_expectation_bears_no_mark(suite_folder, tmp_path, capsys):
    text = SMALL.replace("EXPECT", "None").replace("w0 / 2**k", "1 / 0")
    folder = suite_folder(small=text)
    assert exit_code("run", "small", "--suites", folder, "--out", tmp_path / "run") == 1
    printed = capsys.readouterr().out
    assert "ERROR" in printed
    assert "(expected" not in printed


def test_list_counts_claims(suite_folder, capsys):
    main(["list", "--suites", str(suite_folder(small=SMALL.replace("EXPECT", "None"), b=SHOWN))])
    assert capsys.readouterr().out.splitlines() == [
        "shown    2 claims  one of each",
        "small    1 claim   one exact check",
    ]


def test_latest_points_to_the_last_run(tmp_path):
    for name in ("a", "b"):
        place = tmp_path / "reports" / name
        place.mkdir(parents=True)
        point_latest(place)
    assert (tmp_path / "reports" / "latest").resolve().name == "b"


def test_folder_names_stay_inside_reports():
    assert "/" not in folder_name(["../x", "/etc", "a\x00b"], "quick", "0")
    assert len(folder_name(["x" * 300], "quick", "0")) <= 100


def test_list_needs_neither_compiler_nor_pandas_nor_sympy():
    code = (
        "import sys; from nqmbench.cli.main import cli\n"
        "cli.main(['list'], standalone_mode=False)\n"
        "heavy = {'numba', 'pandas', 'sympy', 'scipy', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "sgd" in done.stdout


def test_run_json_says_how_the_run_was_made(small, tmp_path):
    out = tmp_path / "run"
    command = ("run", "small", "--suites", small, "--preset", "quick", "--seed", "7", "--out", out)
    exit_code(*command)
    about = json.loads((out / "run.json").read_text())
    assert about["run"]["seed"] == 7
    assert about["run"]["preset"] == "quick"
    assert about["machine"]["versions"]["numpy"]


def test_readme_shows_pictures_that_exist_and_has_no_gaps():
    text = README.read_text(encoding="utf-8")
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text)
    assert pictures
    assert all((README.parent / picture).is_file() for picture in pictures)
    assert "@@" not in text


def test_readme_gives_the_two_commands():
    text = README.read_text(encoding="utf-8")
    start = "python3 -m venv .venv && .venv/bin/pip install -e "
    assert f"{start}. && .venv/bin/python -m nqmbench run all\n" in text
    assert f"{start}'.[test]' && .venv/bin/python -m pytest\n" in text
