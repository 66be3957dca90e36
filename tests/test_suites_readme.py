"""The worked example of `suites/README.md` gives the verdicts that the page shows."""

import re
from pathlib import Path

import pytest

import nqmbench as nq

pytestmark = pytest.mark.needs_compiler

PAGE = (Path(__file__).parent.parent / "suites" / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
WHOLE, MENDED, CONDITION = BLOCKS[:3]


def with_claim(claim):
    """The example's file with another claim in the place of the first one."""
    head, _, rest = WHOLE.partition('@suite.claim("the floor"')
    return head + claim + "\n\n" + rest[rest.index("suite.ordering(") :]


def judged(folder, preset="quick"):
    run = nq.run("floor", preset=preset, suites=folder)
    return {c["name"]: c for c in run.about["suites"][0]["claims"]}


def test_the_first_formula_is_refuted_with_the_ratio_of_the_page(suite_folder):
    found = judged(suite_folder(floor=WHOLE))
    assert found["the floor"]["verdict"] == "REFUTED"
    assert found["the floor"]["reason"].replace("*", r"\*") in PAGE
    assert found["a smaller step size leaves less"]["verdict"] == "CONFIRMED"
    assert found["a smaller step size leaves less"]["reason"] in PAGE


def test_the_mended_formula_is_confirmed_at_quick_and_refuted_at_standard(suite_folder):
    folder = suite_folder(floor=with_claim(MENDED))
    assert judged(folder)["the floor"]["verdict"] == "CONFIRMED"
    assert judged(folder)["the floor"]["reason"] in PAGE
    assert judged(folder, "standard")["the floor"]["verdict"] == "REFUTED"


@pytest.mark.parametrize("preset", ["quick", "standard"])
def test_with_its_condition_it_is_confirmed_at_every_preset(suite_folder, preset):
    formula = MENDED.partition("\n")[2]
    found = judged(suite_folder(floor=with_claim(CONDITION + formula)), preset)
    assert found["the floor"]["verdict"] == "CONFIRMED"
