"""Fault: NaN in JSON (a diverged run).

Promise: null and a status.
"""

import json
import re

import pytest
from inside import HEAD, judge, run_inside

SUITE = """
wild = nq.Experiment(problem, nq.sgd(3.0), steps=2000, checkpoints=[1, 2000])


@suite.claim("grows", of="error", experiments=[wild])
def grows(k, eta, h, w0):
    return (1 - eta * h) ** (2 * k) * w0**2


@suite.claim("no number", of="error", experiments=[wild])
def no_number(k):
    return nq.log(-1.0 * (k > 0))


suite.claim("infinite", of="error", experiments=[wild], at="last")(lambda k: float("inf"))
suite.claim("zero", of="w[0]", statistic="variance", experiments=[halving])(lambda k: 0.0)
suite.check("infinities")(lambda: (float("inf"), float("inf")))
suite.check("one infinity")(lambda: (1.0, float("inf")))
suite.check("not a number")(lambda: (1.0, float("nan")))
suite.figure("grows too", panels={"p": {"c": wild}}, single=True)
"""
STATUS = {
    "grows": "DIVERGED", "no number": "ERROR", "infinite": "DIVERGED", "zero": "CONFIRMED",
    "infinities": "CONFIRMED", "one infinity": "REFUTED", "not a number": "ERROR",
}  # fmt: skip


def strict(text):
    """JSON as the standard has it, in which NaN and Infinity are no words."""

    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("diverged")
    assert judge(place, HEAD, SUITE, draw=True).code == 1  # for its errors
    return place / "run"


def test_null_and_a_status(folder):
    about = strict((folder / "run.json").read_text(encoding="utf-8"))
    claims = {claim["name"]: claim for claim in about["suites"][0]["claims"]}
    assert {name: claim["verdict"] for name, claim in claims.items()} == STATUS
    assert claims["grows"]["deviation"] is None
    assert claims["grows"]["reason"].startswith("diverged: beyond 1e40 or not finite from k = 2000")
    assert about["run"]["counts"]["DIVERGED"] == 2


def test_the_report_from_the_files_is_the_same(folder):
    # Once an infinite deviation was shown as such at first, and as a dash from the files.
    def files():
        return {p: p.read_bytes() for p in folder.rglob("*.*") if p.name != "drawn.json"}

    before = files()
    assert run_inside("report", folder).code == 0
    assert files() == before


def test_the_page_shows_no_nan(folder):
    for name in ("report.html", "report.md"):
        text = (folder / name).read_text(encoding="utf-8")
        words = set(re.findall(r"[\w∞]+", text))
        assert not words & {"nan", "inf", "Infinity", "None", "null"}
        assert {"NaN", "∞"} & words == {"NaN", "∞"}  # in the reasons, and as a claimed value


def test_the_negative_control_is_refused():
    with pytest.raises(AssertionError, match="NaN is no JSON"):
        strict(json.dumps({"deviation": float("nan")}))
