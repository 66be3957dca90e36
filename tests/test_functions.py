import math

import numpy as np
import pytest
import sympy

import nqmbench as nq

NUMBERS = [0.25, 1.0, 3.5]
ONE = {"exp": nq.exp, "log": nq.log, "sqrt": nq.sqrt}
TWO = {"minimum": (nq.minimum, min), "maximum": (nq.maximum, max)}
ROUNDING = 1e-15


@pytest.mark.parametrize("name", ONE)
def test_functions_of_one_argument_agree_on_numbers_arrays_and_symbols(name):
    function, x = ONE[name], sympy.Symbol("x", positive=True)
    expected = [getattr(math, name)(v) for v in NUMBERS]
    assert [float(function(v)) for v in NUMBERS] == pytest.approx(expected, rel=ROUNDING)
    assert function(np.array(NUMBERS)) == pytest.approx(expected, rel=ROUNDING)
    symbolic = function(x)
    assert [float(symbolic.subs(x, v)) for v in NUMBERS] == pytest.approx(expected, rel=ROUNDING)


@pytest.mark.parametrize("name", TWO)
def test_functions_of_two_arguments_agree_on_numbers_arrays_and_symbols(name):
    (function, python), x = TWO[name], sympy.Symbol("x", positive=True)
    expected = [python(v, 1.5) for v in NUMBERS]
    assert [float(function(v, 1.5)) for v in NUMBERS] == expected
    assert function(1.5, np.array(NUMBERS)).tolist() == expected
    assert [float(function(x, 1.5).subs(x, v)) for v in NUMBERS] == expected


def test_where_chooses_on_numbers_arrays_and_symbols():
    x = sympy.Symbol("x", positive=True)
    assert [float(nq.where(v > 1, 10.0, v)) for v in NUMBERS] == [0.25, 1.0, 10.0]
    v = np.array(NUMBERS)
    assert nq.where(v > 1, 10.0, v).tolist() == [0.25, 1.0, 10.0]
    assert [float(nq.where(x > 1, 10.0, x).subs(x, w)) for w in NUMBERS] == [0.25, 1.0, 10.0]
