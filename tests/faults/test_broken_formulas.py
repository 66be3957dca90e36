"""Fault: a formula that raises, returns NaN, a wrong shape, complex numbers; one that exits.

Promise: that claim is ERROR with the reason; the rest of the run goes on, with the same bytes;
exit 1.
"""

import json

import pytest
from inside import HEAD, judge, rows

from nqmbench.results import load_run

NOISY = """
import numpy as np

noisy = nq.Experiment(nq.NoisyQuadratic([1.0, 0.5]), nq.sgd(0.5), steps=8)


@suite.claim("good", of="w2[i]", experiments=[noisy], expect="confirmed")
def good(k, eta, h, w0, sigma):
    forget = (1 - eta * h) ** (2 * k)
    return forget * w0**2 + eta * h / (2 - eta * h) * sigma**2 * (1 - forget)


suite.check("good check", expect="confirmed")(lambda: (1, 1))
"""

HELP = """

class Mine(BaseException):
    pass


class Mute(Exception):
    def __str__(self):
        raise ValueError


class Blank:
    def __repr__(self):
        raise ValueError


class Trap:
    def __array__(self, *arguments, **options):
        raise SystemExit(3)


def endless(k):
    return endless(k)


def stop(error):
    raise error

"""

# What a formula of k does, and the reason that stands beside ERROR.
FORMULAS = {
    "raises": ("stop(ValueError('not today'))", "formula raised ValueError: not today"),
    "raises late": ("1 / (4 - k) if k == 4 else 1 / 0 * k", "formula raised ZeroDivisionError"),
    "raises two lines": ("stop(ValueError('a\\nb'))", "formula raised ValueError: a b"),
    "raises what is mute": ("stop(Mute())", "formula raised Mute: its text cannot be shown"),
    "raises without a text": ("stop(RuntimeError())", "formula raised RuntimeError"),
    "exits with 0": ("stop(SystemExit(0))", "formula raised SystemExit: 0"),
    "exits": ("exit('bye')", "formula raised SystemExit: bye"),
    "stops a generator": ("stop(GeneratorExit())", "formula raised GeneratorExit"),
    "stops an iterator": ("stop(StopIteration())", "formula raised StopIteration"),
    "raises what is no Exception": ("stop(Mine('x'))", "formula raised Mine: x"),
    "recursion": ("endless(k)", "formula raised RecursionError: maximum recursion depth"),
    "asks for what is not there": ("unknown", "formula raised NameError: name 'unknown'"),
    "asks for what nobody offers": ("nobody", "formula asks for nobody; this experiment offers B"),
    "NaN": ("nq.log(-1.0)", "formula gave NaN at k = 1"),
    "NaN late": ("float('nan') if k == 3 else 1.0", "formula gave NaN at k = 3"),
    "infinities that cancel": ("np.inf - np.inf", "formula gave NaN at k = 1"),
    "array": ("np.ones(2)", "formula gave [1.0, 1.0]; allowed: one real number"),
    "matrix": ("np.ones((2, 2))", "formula gave [[1.0, 1.0], [1.0, 1.0]]; allowed: one real"),
    "nothing": ("[]", "formula gave []; allowed: one real number"),
    "ragged": ("[[1.0], [1.0, 2.0]]", "formula raised ValueError: "),
    "None": ("None", "formula gave None; allowed: one real number"),
    "text": ("'half'", "formula gave 'half'; allowed: one real number"),
    "number as text": ("'0.5'", "formula gave '0.5'; allowed: one real number"),
    "complex": ("1j", "formula gave 1j; allowed: one real number"),
    "complex without an imaginary part": ("1 + 0j", "formula gave (1+0j); allowed: one real"),
    "root of a negative number": ("(-1.0) ** 0.5", "allowed: one real number"),
    "huge integer": ("10**400", "formula gave 1000000000000"),
    "object": ("object()", "formula gave <object object>; allowed: one real number"),
    "object without a name": ("Blank()", "allowed: one real number"),
    "array that exits": ("Trap()", "formula raised SystemExit: 3"),
    "dictionary": ("{k: 1.0}", "allowed: one real number"),
    "changes the experiment": (
        "experiment.problem.h.__setitem__(0, 9.0)", "formula raised ValueError: assignment dest",
    ),
}  # fmt: skip
CHECKS = {
    "raises": ("stop(ValueError('not today'))", "the check raised ValueError: not today"),
    "exits with 0": ("stop(SystemExit(0))", "the check raised SystemExit: 0"),
    "raises what is no Exception": ("stop(Mine('x'))", "the check raised Mine: x"),
    "raises what is mute": ("stop(Mute())", "the check raised Mute: its text cannot be shown"),
    "one number": ("1.0", "the check gave 1.0; allowed: two numbers or arrays: claimed, true"),
    "None": ("None", "the check gave None; allowed: two numbers"),
    "three": ("(1, 2, 3)", "the check gave (1, 2, 3); allowed: two numbers"),
    "texts": ("('1', '1')", "the check gave ('1', '1'); allowed: real numbers"),
    "complex": ("(1j, 1j)", "the check gave (1j, 1j); allowed: real numbers"),
    "NaN": ("(1.0, float('nan'))", "the check gave NaN; allowed: numbers"),
    "shapes": ("([1, 2], [1])", "the check gave shapes (2,) and (1,); allowed: equal ones"),
}  # fmt: skip
OTHERS = {
    "when raises": ("when=lambda k: 1 / 0", "when raised ZeroDivisionError"),
    "when exits": ("when=lambda k: exit(0)", "when raised SystemExit: 0"),
    "when excludes all": ("when=lambda k: False", "no cell: no experiment, or `when` excludes"),
    "scale raises": ("scale=lambda k: stop(Mine('x'))", "scale raised Mine: x"),
    "scale of 0": ("scale=lambda k: 0.0", "scale gave 0 at k = 1; allowed: a finite number > 0"),
    "experiments exit": ("experiments=lambda: exit(0)", "experiments raised SystemExit: 0"),
    "experiments stop": (
        "experiments=lambda: (stop(Mine('y')) for _ in [1])", "experiments raised Mine: y",
    ),
    "experiments of texts": ("experiments=lambda: ['x']", "experiments gave 'x'; allowed: Exp"),
    "experiments are wrong": (
        "experiments=lambda: [nq.Experiment(problem, nq.sgd(-1))]",
        "experiments raised InvalidArguments: SGD: lr: got -1; allowed: a finite number > 0",
    ),
    "step exits": (
        "experiments=lambda: [nq.Experiment(problem, nq.Method('m', lambda s, g, e: exit(0), "
        "{'lr': 0.5}), steps=4)]", "m: the step raised SystemExit: 0",
    ),
    "step is not linear": (
        "experiments=lambda: [nq.Experiment(problem, nq.Method('m', lambda s, g, e: "
        "{'w': s['w'] - e * np.sign(g(s['w']))}, {'lr': 0.5}), steps=4)]",
        "m: the step is not linear in the state and the gradient",
    ),
}  # fmt: skip
ORDERINGS = {
    "side raises": ("smaller=lambda: 1 / 0, larger=noisy, of='error'", "smaller raised Zero"),
    "side exits": ("smaller=noisy, larger=lambda: exit(0), of='error'", "larger raised SystemExit"),
    "side of a text": ("smaller=lambda: 'x', larger=noisy, of='error'", "smaller: got 'x'"),
}


def suite():
    """The good claims, with all these broken ones between them."""
    lines = [HEAD, NOISY.partition("suite.check(")[0], HELP]
    for name, (does, _) in FORMULAS.items():
        symbols = ", ".join(["k", *({"experiment", "nobody"} & set(does.split(".")))])
        lines.append(f"suite.claim('formula {name}', of='error')(lambda {symbols}: {does})\n")
    for name, (does, _) in CHECKS.items():
        lines.append(f"suite.check('check {name}')(lambda: {does})\n")
    for name, (does, _) in OTHERS.items():
        lines.append(f"suite.claim('other {name}', of='error', {does})(lambda k: 1.0)\n")
    for name, (does, _) in ORDERINGS.items():
        lines.append(f"suite.ordering('ordering {name}', {does})\n")
    lines.append("suite.figure('figure', panels=lambda: exit(0))\n")
    return "".join([*lines, "suite.check(" + NOISY.partition("suite.check(")[2]])


REASONS = {
    f"{kind} {name}": reason
    for kind, table in (
        ("formula", FORMULAS), ("check", CHECKS), ("other", OTHERS), ("ordering", ORDERINGS),
    )
    for name, (_, reason) in table.items()
}  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The run of the good claims alone."""
    folder = tmp_path_factory.mktemp("whole")
    done = judge(folder, HEAD, NOISY)
    assert done.code == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """The run with the broken ones; what it said."""
    folder = tmp_path_factory.mktemp("broken")
    return folder, judge(folder, suite())


@pytest.mark.needs_compiler
def test_exit_1_and_an_error_with_its_reason(broken):
    folder, done = broken
    assert done.code == 1, done.stderr
    table = load_run(folder / "run").verdicts
    found = {row.claim: (row.verdict, row.reason) for row in table.itertuples()}
    assert {name for name, (verdict, _) in found.items() if verdict == "ERROR"} == set(REASONS)
    for name, reason in REASONS.items():
        said = found[name][1]
        assert reason in said, (name, said)
        assert "\n" not in said
        assert " at 0x" not in said  # addresses differ from run to run


@pytest.mark.needs_compiler
def test_the_rest_goes_on_with_the_same_bytes(broken, whole):
    folder, _ = broken
    for table in ("cells", "estimates"):
        assert len(rows(whole, table)) > 1
        assert rows(folder, table) == rows(whole, table)
    verdicts = rows(folder, "verdicts")
    assert [line for line in verdicts if ",ERROR," not in line] == rows(whole, "verdicts")


@pytest.mark.needs_compiler
def test_a_figure_that_exits_is_left_out_and_named(broken):
    folder, done = broken
    about = json.loads((folder / "run" / "run.json").read_text(encoding="utf-8"))
    (figure,) = about["suites"][0]["figures"]
    assert figure["error"] == "panels raised SystemExit: 0"
    assert "figure s::figure: panels raised SystemExit: 0" in done.stdout


@pytest.mark.parametrize("where", ["claim('c', of='error')(lambda k: ", "check('c')(lambda: "])
def test_ctrl_c_inside_a_formula_ends_the_run(tmp_path, where):
    interrupt = "def stop(error):\n    raise error\n\n\n"
    done = judge(tmp_path, HEAD, interrupt, f"suite.{where}stop(KeyboardInterrupt()))\n")
    assert done.code == 130


@pytest.mark.parametrize("option", ["--fail-inconclusive", "--preset=standard"])
def test_an_error_is_never_success(tmp_path, option):
    done = judge(tmp_path, HEAD, "suite.check('c', expect='refuted')(lambda: exit(0))\n",
                 options=[option])  # fmt: skip
    assert done.code == 1
    assert "1 ERROR" in done.stdout
