"""How long a process takes to its first number, beside the least that it could take."""

import pytest

from nqmbench.perf.benchmark import process
from nqmbench.perf.benchmarks import named

IMPORTS = process("numpy", "import numpy", "-c", "import numpy")


@pytest.mark.parametrize(
    ("name", "than"),
    [
        ("import", IMPORTS),
        ("list", named("import")),
        ("warm-start", named("import")),
        ("compile", named("warm-start")),
    ],
    ids=["import", "list", "warm-start", "compile"],
)
def test_a_start_beside_a_smaller_one(beside, name, than):
    case = named(name)
    beside(case.doc, than.doc, case.prepare(), than.prepare())
