"""Fault: values out of range, of a wrong type or shape, by the suite file and by the command line.

B = 0, sigma < 0, h <= 0, beta >= 1 or < 0, gamma = 1, NaN, strings, booleans, 1e400, empty,
duplicates, steps = 0, checkpoints beyond the end or unsorted.

Promise: exit 2 (ValueError in Python) naming the field, the value, what is allowed, all errors at
once; k = 0 is legal.
"""

import re

import pytest
from inside import HEAD, judge, run_inside, suites_at

import nqmbench as nq
from nqmbench.errors import InvalidArguments

PROBLEM, METHOD, NAN = nq.NoisyQuadratic(1.0), nq.sgd(0.1), float("nan")
NAMES = "P, M, nan, inf = nq.NoisyQuadratic(1.0), nq.sgd(0.1), float('nan'), float('inf')"

# An expression, the field that is complained about, and the value as the message shows it.
WRONG = [
    ("nq.Experiment(P, M, batch=0)", "batch", "0"),
    ("nq.Experiment(P, M, batch=-1)", "batch", "-1"),
    ("nq.Experiment(P, M, batch=1.5)", "batch", "1.5"),
    ("nq.Experiment(P, M, batch=True)", "batch", "True"),
    ("nq.Experiment(P, M, batch=[1, 0], steps=2)", "batch at t = 1", "0.0"),
    ("nq.NoisyQuadratic(1.0, sigma=-1)", "sigma", "-1"),
    ("nq.NoisyQuadratic(1.0, sigma=nan)", "sigma", "nan"),
    ("nq.NoisyQuadratic(1.0, sigma='1')", "sigma", "'1'"),
    ("nq.NoisyQuadratic([1.0, 2.0], sigma=[1.0, -0.1])", "sigma", "[1.0, -0.1]"),
    ("nq.NoisyQuadratic([1.0, 2.0], sigma=[1, 2, 3])", "sigma", "3 numbers"),
    ("nq.NoisyQuadratic(0.0)", "h", "0.0"),
    ("nq.NoisyQuadratic(-1.0)", "h", "-1.0"),
    ("nq.NoisyQuadratic([1.0, 0.0])", "h", "[1.0, 0.0]"),
    ("nq.NoisyQuadratic([])", "h", "[]"),
    ("nq.NoisyQuadratic([[1.0]])", "h", "[[1.0]]"),
    ("nq.NoisyQuadratic([[1.0], [1.0, 2.0]])", "h", "[[1.0], [1.0, 2.0]]"),
    ("nq.NoisyQuadratic(1e400)", "h", "inf"),
    ("nq.NoisyQuadratic(10**400)", "h", "1" + 55 * "0" + " ..."),
    ("nq.NoisyQuadratic(10**5000)", "h", "a huge int"),
    ("nq.NoisyQuadratic(True)", "h", "True"),
    ("nq.NoisyQuadratic('one')", "h", "'one'"),
    ("nq.NoisyQuadratic(None)", "h", "None"),
    ("nq.NoisyQuadratic(1j)", "h", "1j"),
    ("nq.NoisyQuadratic(1.0, w0=inf)", "w0", "inf"),
    ("nq.NoisyQuadratic(1.0, w0=1e308, optimum=-1e308)", "w0 - optimum", "[inf]"),
    ("nq.NoisyQuadratic(1.0, w0_std=-0.5)", "w0_std", "-0.5"),
    ("nq.NoisyQuadratic(1.0, noise='pink')", "noise", "'pink'"),
    ("nq.NoisyQuadratic(1.0, noise=('student', 2))", "noise", "('student', 2)"),
    ("nq.sgd(0)", "lr", "0"),
    ("nq.sgd(-0.1)", "lr", "-0.1"),
    ("nq.sgd(nan)", "lr", "nan"),
    ("nq.sgd('0.1')", "lr", "'0.1'"),
    ("nq.sgd(False)", "lr", "False"),
    ("nq.sgd([])", "lr", "[]"),
    ("nq.linear(0.1, 0)", "steps", "0"),
    ("nq.heavy_ball(0.1, 1)", "momentum", "1"),
    ("nq.heavy_ball(0.1, 1.5)", "momentum", "1.5"),
    ("nq.heavy_ball(0.1, -0.1)", "momentum", "-0.1"),
    ("nq.heavy_ball(0.1, nan)", "momentum", "nan"),
    ("nq.nesterov(0.1, 1.0)", "momentum", "1.0"),
    ("nq.nesterov(0.1, 0.9, form='mine')", "form", "'mine'"),
    ("nq.averaged(M, 1)", "decay", "1"),
    ("nq.averaged(M, -0.5)", "decay", "-0.5"),
    ("nq.averaged(M, True)", "decay", "True"),
    ("nq.averaged('sgd', 0.9)", "method", "'sgd'"),
    ("nq.preconditioned(M, nan)", "power", "nan"),
    ("nq.Method(1.5, M.step, {'lr': 0.1})", "name", "1.5"),
    ("nq.Method('m', M.step, {'lr': 0.1}, readout=['w'])", "readout", "['w']"),
    ("nq.Experiment(P, M, steps=0)", "steps", "0"),
    ("nq.Experiment(P, M, steps=2.5)", "steps", "2.5"),
    ("nq.Experiment(P, M, steps='9')", "steps", "'9'"),
    ("nq.Experiment(P, M, steps=[])", "steps", "[]"),
    ("nq.Experiment(P, M, steps=__import__('numpy').array([]))", "steps", "[]"),
    ("nq.Experiment(P, nq.linear(0.1, 5), steps=6)", "method", "Schedule"),
    ("nq.Experiment(P, nq.sgd(nq.linear(0.1, 5)), steps=6)", "steps", "6"),
    ("nq.Experiment(P, M, steps=4, checkpoints=[5])", "checkpoints", "[5]"),
    ("nq.Experiment(P, M, steps=4, checkpoints=[-1, 2])", "checkpoints", "[-1, 2]"),
    ("nq.Experiment(P, M, steps=4, checkpoints=[3, 1])", "checkpoints", "[3, 1]"),
    ("nq.Experiment(P, M, steps=4, checkpoints=[2, 2])", "checkpoints", "[2, 2]"),
    ("nq.Experiment(P, M, steps=4, checkpoints=[])", "checkpoints", "[]"),
    ("nq.Experiment(P, M, steps=4, checkpoints='1')", "checkpoints", "'1'"),
    ("nq.Experiment(P, M, steps=4, checkpoints=[True])", "checkpoints", "[True]"),
    ("nq.Experiment(P, M, observables=['error', 'error'])", "observables", "['error', 'error']"),
    ("nq.Experiment(P, M, observables=[])", "observables", "[]"),
    ("nq.Experiment(P, M, observables=['speed'])", "observables", "'speed'"),
    ("nq.Experiment(P, M, observables=['w[1]'])", "observables", "'w[1]'"),
    ("nq.Experiment('P', M)", "problem", "'P'"),
    ("nq.Suite('t', summary=NotImplemented)", "summary", "NotImplemented"),
    ("nq.Suite('t', experiments=[P])", "experiments", "NoisyQuadratic("),
    ("nq.Suite('t').claim('c', of='error', at=[1, 1])", "at", "[1, 1]"),
    ("nq.Suite('t').claim('c', of='error', at=[-1])", "at", "[-1]"),
    ("nq.Suite('t').claim('c', of='error', at=[])", "at", "[]"),
    ("nq.Suite('t').claim('c', of='error', margin=-0.1)", "margin", "-0.1"),
    ("nq.Suite('t').claim('c', of='error', margin=nan)", "margin", "nan"),
    ("nq.Suite('t').claim('c', of='error', accuracy=0)", "accuracy", "0"),
    ("nq.Suite('t').claim('c', of='error', scale='1')", "scale", "'1'"),
    ("nq.Suite('t').claim('c', of='error', statistic='mode')", "statistic", "'mode'"),
    ("nq.Suite('t').claim('c', of='error', expect=True)", "expect", "True"),
    ("nq.Suite('t').claim('c', of='error', when=True)", "when", "True"),
    ("nq.Suite('t').ordering('o', smaller='w[0]', larger='w[0]', of=nq.Experiment(P, M), "
     "statistic='probability', probability=1.0)", "probability", "1.0"),
]  # fmt: skip

# What is only seen when it is simulated, and what the command line has besides.
BY_CALL = [
    (lambda: nq.simulate(nq.Experiment(PROBLEM, METHOD), trials=0), "trials", "0"),
    (lambda: nq.simulate(nq.Experiment(PROBLEM, METHOD), trials=NAN), "trials", "nan"),
    (lambda: nq.simulate(PROBLEM, trials=10), "experiment", "NoisyQuadratic"),
    (lambda: nq.exact("experiment"), "experiment", "'experiment'"),
    (lambda: nq.run("all", seed=-1), "seed", "-1"),
    (lambda: nq.run("all", seed=True), "seed", "True"),
    (lambda: nq.run("all", seed=2**64), "seed", str(2**64)),
    (lambda: nq.run("all", preset=1), "preset", "1"),
    (lambda: nq.run(["all", 3]), "names", "['all', 3]"),
    (lambda: nq.run("all", suites=3), "suites", "3"),
    (lambda: nq.load_run(3), "folder", "3"),
]
OPTIONS = [
    ("--seed", "1e400", "seed"), ("--seed", "nan", "seed"), ("--seed", "", "seed"),
    ("--seed", "-1", "seed"), ("--seed", str(2**64), "seed"), ("--seed", "9" * 5000, "seed"),
    ("--seed", "True", "seed"), ("--threads", "0", "threads"), ("--threads", "1.5", "threads"),
    ("--preset", "", "preset"), ("--preset", "Quick", "preset"),
    ("--precision", "f65", "precision"),
    ("--budget", "nan", "budget"), ("--budget", "-1s", "budget"), ("--budget", "", "budget"),
    ("--until", "0", "until"), ("--until", "nan", "until"), ("--shard", "1/0", "shard"),
    ("--shard", "3/2", "shard"), ("--shard", "a\0/b", "shard"),
]  # fmt: skip


def complaints(message):
    """The complaints of a message: by field the value and what is allowed."""
    found = re.findall(r"^  (.+?): got (.*?); allowed: (.+)$", message, re.MULTILINE)
    return {field: (value, allowed) for field, value, allowed in found}


@pytest.mark.parametrize(("code", "field", "value"), WRONG, ids=[row[0][:60] for row in WRONG])
def test_a_wrong_value_of_a_suite(tmp_path, code, field, value):
    known = {}
    exec(f"import nqmbench as nq\n{NAMES}", known)
    with pytest.raises(ValueError, match=re.escape(f"{field}: got ")) as caught:
        eval(code, known)
    assert isinstance(caught.value, InvalidArguments)
    found = complaints(str(caught.value))
    assert value in found[field][0]
    folder = suites_at(tmp_path, f"import nqmbench as nq\n{NAMES}\n\nx = {code}\n")
    done = run_inside("run", "all", "--suites", folder, "--out", tmp_path / "run")
    assert done.code == 2
    assert done.stderr.startswith(f"error: {(folder / 's.py').resolve()}:4: InvalidArguments: ")
    assert complaints(done.stderr) == found
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("call", "field", "value"), BY_CALL, ids=[row[1] for row in BY_CALL])
def test_a_wrong_value_of_a_call(call, field, value):
    with pytest.raises(ValueError, match="allowed: ") as caught:
        call()
    assert value in complaints(str(caught.value))[field][0]


@pytest.mark.parametrize(("option", "text", "field"), OPTIONS)
def test_a_wrong_value_of_an_option(tmp_path, option, text, field):
    folder = suites_at(tmp_path / "suites", HEAD)
    out = tmp_path / "run"
    done = run_inside("run", "all", "--suites", folder, "--out", out, option, text)
    assert done.code == 2
    assert list(complaints(done.stderr)) == [field]
    assert not out.exists()


def test_all_errors_at_once(tmp_path):
    with pytest.raises(InvalidArguments) as caught:
        nq.NoisyQuadratic(-1.0, sigma=NAN, w0="one", w0_std=True, optimum=[], noise=0)
    assert list(complaints(str(caught.value))) == [
        "h", "sigma", "w0", "w0_std", "optimum", "noise",
    ]  # fmt: skip
    with pytest.raises(InvalidArguments) as caught:
        nq.Experiment(PROBLEM, METHOD, batch=0, steps=0, checkpoints="x", observables=[])
    assert list(complaints(str(caught.value))) == ["steps", "batch", "checkpoints", "observables"]
    wrong = ("--seed", "x", "--threads", "0", "--preset", "x", "--precision", "x", "--budget", "0s")
    done = run_inside("run", "all", "--suites", suites_at(tmp_path, HEAD), *wrong)
    assert done.code == 2
    fields = set(complaints(done.stderr))
    assert fields == {"seed", "threads", "preset", "precision", "budget"}


START = """
start = nq.Experiment(problem, nq.sgd(0.5), steps=4, checkpoints=[0, 4])
suite.claim("start", of="w[0]", experiments=[start], expect="confirmed")(lambda k, w0: w0 / 2**k)
suite.claim("at", of="error", experiments=[start], at=0, expect="confirmed")(lambda w0: w0**2)
"""


def test_k_0_is_legal(tmp_path):
    done = judge(tmp_path, HEAD, START)
    assert done.code == 0, done.stderr
    cells = (tmp_path / "run" / "cells.csv").read_text().splitlines()
    assert [line.count(",mean,0,1,1,1.0,") for line in cells] == [0, 1, 0, 1]


def test_the_negative_control_is_accepted(tmp_path):
    right = "x = nq.Experiment(P, nq.averaged(nq.heavy_ball(0.1, 0), 0), batch=[1, 2], steps=2)"
    folder = suites_at(tmp_path, HEAD, f"{NAMES}\n{right}\n")
    assert run_inside("list", "--suites", folder).code == 0
