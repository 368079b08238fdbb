"""Equations are parts of blocks: compiled into them, to the bits that they have on their own."""

import subprocess
import sys
from types import FunctionType

import numpy as np
import pytest
from numba import njit

from kernels import block, compiled, equation, exp
from kernels.contract.build import BLOCKS
from kernels.contract.parts import Part


@equation
def grown(pool, rate):
    """Return an equation's value by another one, a branch and a function of numba's own."""
    left = pool * exp(-rate)
    return left if left > 0.5 else np.sqrt(left) + max(left, 0.1)


@equation
def summed(values):
    """Return a sum, with an array of its own."""
    copy = np.empty(len(values))
    total = 0.0
    for i in range(len(values)):
        copy[i] = grown(values[i], 0.3)
    for i in range(len(copy)):
        total += copy[i]
    return total


def fill(values, out):
    for i in range(len(values)):
        out[i] = grown(values[i], out[i]) + summed(values)


def given():
    return np.linspace(0.01, 3.0, 97), np.linspace(2.0, 0.0, 97)


@pytest.fixture
def made():
    """Return a block, which later tests do not compile ahead."""
    known = len(BLOCKS)
    yield block(fill)
    del BLOCKS[known:]


def test_a_block_has_the_bits_of_its_equations(made):
    values, out = given()
    made(values, out)
    expected = given()[1]
    for i, value in enumerate(values):
        expected[i] = grown(value, expected[i]) + summed(values)
    assert out.tobytes() == expected.tobytes()


def test_a_block_has_the_bits_of_numba_alone(made):
    scope = {**exp.py_func.__globals__, **fill.__globals__}
    for name, one in (("exp", exp), ("grown", grown), ("summed", summed)):
        scope[name] = njit(error_model="numpy")(FunctionType(one.py_func.__code__, scope, name))
    alone = njit(error_model="numpy")(FunctionType(fill.__code__, scope, "fill"))
    (values, out), expected = given(), given()[1]
    made(values, out)
    alone(values, expected)
    assert out.tobytes() == expected.tobytes()


def test_a_part_is_neither_optimised_nor_machine_code(made):
    made(*given())
    parts = [found.library for found in grown.part.overloads.values()]
    assert parts
    assert all(type(library) is Part for library in parts)
    for library in parts:
        names = [function.name for function in library.get_defined_functions()]
        assert not [name for name in names if name.startswith(("_ZN7cpython", "cfunc."))]


def test_what_python_calls_alone_is_whole():
    assert grown(1.0, 0.0) == 1.0
    (found,) = grown.dispatcher.overloads.values()
    assert type(found.library) is not Part


def test_functions_of_one_file_keep_to_it():
    kept = compiled(given)
    assert kept._stamp != block(given)._stamp
    assert kept not in BLOCKS
    BLOCKS.pop()


WITHOUT = """
import sys
import kernels
for name in kernels.names():
    kernels.get(name)
kernels.fingerprint(kernels.get("two_box"))
assert "numba" not in sys.modules
"""


def test_tables_and_fingerprints_need_no_numba():
    subprocess.run([sys.executable, "-c", WITHOUT], check=True)
