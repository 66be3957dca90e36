import json

import pytest
from fake_records import changed, document, write

from nqmbench.errors import DamagedRunError, UsageError
from nqmbench.perf import read_record


def test_a_record_gives_times_and_their_ratios_to_the_calibration(tmp_path):
    content = document(rounds=5)
    record = read_record(write(tmp_path / "a.json", content))
    entry = content["benchmarks"][0]
    samples = record.samples["sgd"]
    assert list(record.samples) == ["sgd", "momentum", "import", "compile"]
    assert samples.times.tolist() == entry["stats"]["data"]
    assert (
        samples.calibrated[3] == entry["stats"]["data"][3] / entry["extra_info"]["calibration"][3]
    )
    assert (samples.work, samples.unit, samples.threads) == (1000, "steps", 1)


def test_a_turn_is_condensed_to_its_median(tmp_path):
    content = document(rounds=6, turns=2)
    entry = content["benchmarks"][0]
    entry["stats"]["data"] = [1.0, 9.0, 2.0, 3.0, 4.0, 50.0]
    entry["extra_info"]["calibration"] = [1.0, 1.0, 1.0, 0.5, 0.5, 0.5]
    record = read_record(write(tmp_path / "a.json", content))
    assert record.samples["sgd"].turns.tolist() == [2.0, 8.0]


def test_the_revision_is_told_in_short(tmp_path):
    content = document()
    assert read_record(write(tmp_path / "a", content)).revision == "0123456"
    edited = changed(content, "nqmbench.revision.edited", True)
    assert read_record(write(tmp_path / "a", edited)).revision == "0123456 with edits"
    installed = changed(content, "nqmbench.revision", None)
    assert read_record(write(tmp_path / "a", installed)).revision == "0.1.0"


@pytest.mark.parametrize("path", ["missing.json", "."])
def test_no_file_and_a_folder_are_wrong_usage(tmp_path, path):
    with pytest.raises(UsageError, match=r"cannot be read .*written by `python -m nqmbench perf"):
        read_record(tmp_path / path)


@pytest.mark.parametrize("content", [[], {}, {"benchmarks": []}, 7, "text"])
def test_json_of_something_else_is_wrong_usage(tmp_path, content):
    with pytest.raises(UsageError, match="not a record of benchmarks"):
        read_record(write(tmp_path / "a.json", content))


def test_another_format_is_wrong_usage(tmp_path):
    content = changed(document(), "nqmbench.format", 2)
    with pytest.raises(UsageError, match="format 2; allowed: 1"):
        read_record(write(tmp_path / "a.json", content))


@pytest.mark.parametrize("bytes_", [b"", b"\xff\xfe\x00", b"{", b'{"nqmbench": NaN'])
def test_what_is_not_json_is_damaged(tmp_path, bytes_):
    (tmp_path / "a.json").write_bytes(bytes_)
    with pytest.raises(DamagedRunError, match="damaged"):
        read_record(tmp_path / "a.json")


def test_every_half_written_record_is_refused(tmp_path):
    text = json.dumps(document(rounds=2))
    for length in range(0, len(text), 97):
        (tmp_path / "a.json").write_text(text[:length])
        with pytest.raises(DamagedRunError):
            read_record(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("benchmarks", None),
        ("benchmarks", []),
        ("benchmarks", 3),
        ("benchmarks.1.param", "sgd"),
        ("benchmarks.0.param", None),
        ("benchmarks.0.param", ["sgd"]),
        ("benchmarks.0.stats", None),
        ("benchmarks.0.stats.data", []),
        ("benchmarks.0.stats.data", [1.0]),
        ("benchmarks.0.stats.data.0", None),
        ("benchmarks.0.stats.data.0", -1.0),
        ("benchmarks.0.stats.data.0", 0),
        ("benchmarks.0.stats.data.0", float("nan")),
        ("benchmarks.0.stats.data.0", float("inf")),
        ("benchmarks.0.stats.data.0", "fast"),
        ("benchmarks.0.stats.data.0", [1.0]),
        ("benchmarks.0.extra_info.calibration", None),
        ("benchmarks.0.extra_info.calibration.2", 0.0),
        ("benchmarks.0.extra_info.turn", None),
        ("benchmarks.0.extra_info.turn", [0]),
        ("benchmarks.0.extra_info.turn.1", 0.5),
        ("benchmarks.0.extra_info.work", "much"),
        ("nqmbench.format", None),
        ("nqmbench.calibration", None),
        ("nqmbench.machine", "fast"),
        ("nqmbench.versions", None),
        ("nqmbench.versions.nqmbench", None),
        ("nqmbench.settings", []),
        ("nqmbench.revision", "0123456"),
        ("nqmbench.revision.commit", 7),
        ("nqmbench", 7),
    ],
)
def test_damage_is_found_wherever_it_is(tmp_path, path, value):
    file = write(tmp_path / "a.json", changed(document(rounds=3), path, value))
    with pytest.raises(DamagedRunError, match=r"a\.json: damaged: .+; run the benchmarks again"):
        read_record(file)
