"""Fault: pickle, unsafe YAML: files that run code when they are read.

Promise: none (search in CI). Suites are Python by design, and only `suites.py` executes files.
"""

import ast
from pathlib import Path

import pytest

import nqmbench
from nqmbench.suites import shipped_folder

PACKAGE = Path(nqmbench.__file__).parent
SOURCES = [*sorted(PACKAGE.rglob("*.py")), *sorted(shipped_folder().rglob("*.py"))]

# What runs code that is in its argument: modules, functions of them, methods, and names.
MODULES = {
    "_pickle", "cloudpickle", "code", "dill", "joblib", "jsonpickle", "marshal", "pickle",
    "pickletools", "runpy", "shelve", "yaml",
}  # fmt: skip
BUILTINS = {"__import__", "compile", "eval", "exec"}
METHODS = {
    "exec_module", "import_module", "lambdify", "load_module", "os.popen", "os.system",
    "parse_expr", "read_hdf", "read_pickle", "run_module", "run_path", "to_pickle",
}  # fmt: skip
OPTIONS = {"shell": True, "allow_pickle": True}

ALLOWED = {
    # A worker is a child of this process, started by it, and talks to it through pipes that nobody
    # else can open: what is unpickled was pickled by the same program.
    ("report/workers.py", "pickle"),
    # Only the name of the exception with which a worker may fail.
    ("report/write.py", "pickle"),
    # The public names are imported when they are asked for, from a list that is written there.
    ("__init__.py", "import_module"),
    # A suite is a Python file that its user runs on purpose; nothing else is executed.
    ("suites.py", "exec_module"),
}


def unsafe(source):
    """What a source may run code with: names of modules, functions and options."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names} & MODULES
        elif isinstance(node, ast.ImportFrom):
            found |= {(node.module or "").partition(".")[0]} & MODULES
            found |= {alias.name for alias in node.names} & METHODS
            found |= {f"{node.module}.{alias.name}" for alias in node.names} & METHODS
        elif isinstance(node, ast.Attribute):
            found |= {node.attr, ast.unparse(node)} & METHODS
        elif isinstance(node, ast.Name):
            found |= {node.id} & BUILTINS
        elif isinstance(node, ast.Call):
            found |= options(node) | parsed(node)
    return found


def options(call):
    """The unsafe options of a call; one that is not a constant might be anything."""
    return {
        f"{option.arg}="
        for option in call.keywords
        if option.arg in OPTIONS
        and not (isinstance(option.value, ast.Constant) and option.value.value is False)
    }


def parsed(call):
    """`sympify` evaluates strings unless it is strict."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    strict = [o for o in call.keywords if o.arg == "strict" and ast.unparse(o.value) == "True"]
    return {"sympify"} if name in ("sympify", "S") and not strict else set()


def place_of(path):
    return path.relative_to(PACKAGE).as_posix() if path.is_relative_to(PACKAGE) else path.name


def test_no_source_executes_what_it_reads():
    assert len(SOURCES) > 100
    found = {
        (place_of(path), what)
        for path in SOURCES
        for what in unsafe(path.read_text(encoding="utf-8"))
    }
    assert found == ALLOWED


def test_the_workers_talk_through_their_pipes_only():
    source = (PACKAGE / "report" / "workers.py").read_text(encoding="utf-8")
    calls = [
        ast.unparse(node)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("pickle.load", "pickle.loads")
    ]
    assert calls == ["pickle.load(self.process.stdout)", "pickle.load(requests)"]
    pipes = source.partition("self.process = subprocess.Popen(")[2].partition(")\n\n")[0]
    assert "stdin=subprocess.PIPE" in pipes
    assert "stdout=subprocess.PIPE" in pipes
    assert "requests, answers = sys.stdin.buffer, sys.stdout.buffer" in source
    write = (PACKAGE / "report" / "write.py").read_text(encoding="utf-8")
    attributes = {
        node.attr
        for node in ast.walk(ast.parse(write))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "pickle"
    }
    assert attributes == {"PickleError"}


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("import pickle", "pickle"),
        ("import pickle as json", "pickle"),
        ("from pickle import loads", "pickle"),
        ("def f():\n    import dill", "dill"),
        ("import yaml", "yaml"),
        ("yaml = __import__('ya' + 'ml')", "__import__"),
        ("import importlib\nimportlib.import_module('pickle')", "import_module"),
        ("from importlib import import_module", "import_module"),
        ("x = eval(text)", "eval"),
        ("exec(compile(text, 'x', 'exec'))", "exec"),
        ("import subprocess\nsubprocess.run('ls', shell=True)", "shell="),
        ("import subprocess\nsubprocess.run('ls', shell=asked)", "shell="),
        ("import os\nos.system('ls')", "os.system"),
        ("from os import system", "os.system"),
        ("import numpy as np\nnp.load(p, allow_pickle=True)", "allow_pickle="),
        ("import pandas as pd\npd.read_pickle(p)", "read_pickle"),
        ("import sympy as sp\nsp.sympify(text)", "sympify"),
        ("from sympy import lambdify", "lambdify"),
    ],
)
def test_the_negative_control_is_found(line, what):
    assert what in unsafe(line)


@pytest.mark.parametrize(
    "line",
    [
        "import re\nre.compile('x')",
        "import platform\nplatform.system()",
        "'a text about pickle and eval(x)'",
        "import json\njson.loads(text)",
        "sp.sympify(value, strict=True)",
        "subprocess.run(['ls'], shell=False)",
    ],
)
def test_what_is_harmless_is_not_found(line):
    assert unsafe(line) == set()
