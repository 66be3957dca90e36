"""The files of whole runs: the same bytes for any threads, and back again."""

import json
import math

import pandas as pd
import pytest
from planted import HEAD

import nqmbench as nq
from nqmbench.errors import OutputError
from nqmbench.results import Run, csv_column, load_run

pytestmark = pytest.mark.needs_compiler


def saved(run, folder):
    folder.mkdir()
    run.save(folder)
    return {f.name: f.read_bytes() for f in folder.iterdir()}


def test_the_files_are_the_same_to_the_byte_for_one_and_two_threads(planted, standard, tmp_path):
    one = nq.run("planted", preset="standard", suites=planted, threads=1)
    a, b = saved(one, tmp_path / "one"), saved(standard, tmp_path / "two")
    for name in ("verdicts.csv", "cells.csv", "estimates.csv"):
        assert a[name] == b[name]
    first, second = (json.loads(files["run.json"]) for files in (a, b))
    del first["machine"], second["machine"]
    assert first == second


@pytest.mark.parametrize("which", ["standard", "hard"])
def test_a_saved_run_loads_as_it_was_and_saves_to_the_same_bytes(which, request, tmp_path):
    run = request.getfixturevalue(which)
    before = saved(run, tmp_path / "first")
    loaded = load_run(tmp_path / "first")
    for name in ("verdicts", "cells", "estimates"):
        pd.testing.assert_frame_equal(
            getattr(loaded, name), getattr(run, name), check_dtype=False, rtol=1e-11
        )
    assert loaded.exit_code == run.exit_code
    after = saved(loaded, tmp_path / "second")
    assert after == before


def test_monte_carlo_columns_keep_every_bit(standard, tmp_path):
    saved(standard, tmp_path / "run")
    loaded = load_run(str(tmp_path / "run"))
    for column in ("mean", "variance", "mean_se", "variance_se"):
        assert loaded.estimates[column].tolist() == standard.estimates[column].tolist()


def test_not_a_number_is_null_in_json(hard, tmp_path):
    files = saved(hard, tmp_path / "run")

    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    json.loads(files["run.json"], parse_constant=refuse)
    holed = Run(hard.verdicts, hard.cells, hard.estimates,
                {"run": {"exit_code": 0, "x": [math.nan, (math.inf, 1.5)]}})  # fmt: skip
    again = json.loads(saved(holed, tmp_path / "holed")["run.json"])
    assert again["run"]["x"] == [None, [None, 1.5]]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t"])
def test_text_that_a_spreadsheet_would_calculate_is_prefixed(start):
    column = csv_column("claim", pd.Series([f"{start}1", f"1{start}"]))
    assert column[0] == f'"\t{start}1"'
    assert column[1].strip('"') == f"1{start}"


def test_numbers_are_never_prefixed():
    assert csv_column("mean", pd.Series([-0.5, math.nan])) == ["-0.5", ""]
    assert csv_column("exact", pd.Series([-1 / 3, math.inf])) == ["-0.333333333333", "inf"]
    assert csv_column("trials", pd.Series([2**40, None], dtype="Int64")) == [str(2**40), ""]


HOSTILE = [
    "=SUM(A1)",
    '"',
    "a\nb",
    "a\r\nb",
    "a,b",
    "\tx",
    "-",
    "@x",
    "\U0001f600",
    "\u202ex",
    "NA",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_survives_the_files(suite_folder, tmp_path, name):
    text = HEAD + f"suite.check({name!r}, ref={name!r})(lambda: (1, 1))\n"
    run = nq.run("all", preset="quick", suites=suite_folder(a=text))
    saved(run, tmp_path / "run")
    loaded = load_run(tmp_path / "run").verdicts
    assert loaded["claim"].tolist() == loaded["ref"].tolist() == [name]


def test_a_folder_that_cannot_be_written_is_an_output_error(standard, tmp_path):
    (tmp_path / "verdicts.csv").mkdir()
    with pytest.raises(
        OutputError, match=r"cannot be written \(Is a directory\); choose another --out"
    ):
        standard.save(tmp_path)
