"""A run's folder: read back as it was written, or refused with what is wrong."""

import numpy as np
import pandas as pd
import pytest

from nqmbench.cli import main
from nqmbench.errors import DamagedRunError, UsageError
from nqmbench.results import CELL_COLUMNS, ESTIMATE_COLUMNS, VERDICT_COLUMNS, Run, load_run

ABOUT = {"run": {"exit_code": 0, "names": ["demo"]}, "suites": [], "machine": {"seconds": 1.5}}


def empty(columns):
    return pd.DataFrame({c: pd.Series(dtype=object) for c in columns})


@pytest.fixture
def folder(tmp_path):
    estimates = empty(ESTIMATE_COLUMNS)
    estimates.loc[0] = ["=label", 3, "error", 0.1, 1 / 3, np.nan, 0.0, 0.1, 1 / 3, 64]
    run = Run(empty(VERDICT_COLUMNS), empty(CELL_COLUMNS), estimates, ABOUT)
    run.save(tmp_path)
    return tmp_path


def test_what_was_saved_is_loaded_again(folder):
    run = load_run(folder)
    row = run.estimates.iloc[0]
    assert (row["experiment"], row["variance"], row["trials"]) == ("=label", 1 / 3, 64)
    assert np.isnan(row["mean_se"])
    assert set(run.about["machine"].pop("tables")) == {"verdicts", "cells", "estimates", "curves"}
    assert run.about == ABOUT


@pytest.mark.parametrize("damage", ["{", "", "\x00"])
def test_a_description_that_is_not_json_is_damage(folder, damage):
    (folder / "run.json").write_text(damage)
    with pytest.raises(DamagedRunError, match=r"damaged.*run the command again"):
        load_run(folder)


def test_bytes_that_are_no_text_are_damage(folder):
    (folder / "cells.csv").write_bytes(b"suite,\xff\xfe\n")
    with pytest.raises(DamagedRunError):
        load_run(folder)


def test_a_table_with_other_columns_is_damage(folder):
    text = (folder / "verdicts.csv").read_text()
    (folder / "verdicts.csv").write_text(text.replace("reason", "excuse"))
    with pytest.raises(DamagedRunError, match=r"verdicts.csv has the columns .*excuse"):
        load_run(folder)


def test_a_folder_without_a_run_is_wrong_usage(tmp_path):
    with pytest.raises(UsageError, match=r"run.json, verdicts.csv, .* is missing"):
        load_run(tmp_path)


def test_damage_exits_with_65(folder, capsys):
    (folder / "run.json").write_text("{")
    with pytest.raises(SystemExit) as stop:
        main(["report", str(folder)])
    assert stop.value.code == 65
    assert "damaged" in capsys.readouterr().err
