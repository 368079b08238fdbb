"""The fingerprint changes with what is computed, names it, and with nothing else."""

import ast
import importlib
import linecache
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import stages

import kernels
from kernels.contract.fingerprint import fingerprint

SHARED = '''
"""Helpers."""
from numba import njit

RATE = 0.5
TABLE = {"slow": (1.0, 2.0), "fast": (3.0,)}


@njit
def decay(pool: float, tau: float) -> float:
    """Return what is left."""
    return pool - RATE * pool / tau


def unused(x):
    return x


def scaled(factor):
    def scale(x):
        return factor * x

    return scale
'''

MODEL = """
from dataclasses import dataclass
from functools import partial

import numpy as np
from numba import njit

from kernels import Kernel, Parameter, Stage, Variable
from plants import shared
from plants.shared import TABLE, decay

STEPS = 3
WEIGHTS = np.array([1.0, 2.0])


@dataclass(frozen=True)
class Options:
    steps: int = 1


@njit(error_model="numpy")
def block(pools):
    for s in range(len(pools)):
        for _ in range(STEPS):
            pools[s] = decay(pools[s], 2.0)


double = shared.scaled(2.0)


def run(batch, out, status, speed):
    block(out["pool"])
    out["pool"] *= WEIGHTS.sum() * double(1.0) + len(TABLE[speed])


def opened(options):
    return partial(run, speed="slow")


def derive(options, drivers, coords):
    from plants.late import late

    return late(drivers)


KERNEL = Kernel(
    name="plant",
    title="Plant",
    source="nowhere",
    parameters=(Parameter("tau", "yr", 1.0, 0.0, 2.0, "turnover time", "a guess"),),
    drivers=(),
    outputs=(Variable("pool", "kg", "a pool"),),
    stages=(Stage("one", ("tau",), (), (), ("pool",), opened),),
    options=Options,
    seconds=lambda options, sizes: 1e-9,
    derive=derive,
)
"""

LATE = """
def late(drivers):
    return {}
"""


@pytest.fixture
def plants(tmp_path, monkeypatch):
    """Return a function that writes a package of three files and fingerprints its kernel."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def of(model=MODEL, shared=SHARED, late=LATE):
        package = tmp_path / "plants"
        package.mkdir(exist_ok=True)
        for name, text in (("__init__", ""), ("shared", shared), ("model", model), ("late", late)):
            (package / f"{name}.py").write_text(text)
        for name in [name for name in sys.modules if name.partition(".")[0] == "plants"]:
            del sys.modules[name]
        importlib.invalidate_caches()
        linecache.clearcache()
        return fingerprint(importlib.import_module("plants.model").KERNEL)

    yield of
    for name in [name for name in sys.modules if name.partition(".")[0] == "plants"]:
        del sys.modules[name]


def changed(old, new):
    return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}


def test_everything_reachable_is_named_and_nothing_else(plants):
    assert plants().keys() == {
        "plant.parameters",
        "plant.drivers",
        "plant.outputs",
        "plant.intermediates",
        "plant.stages",
        "plants.model.Options",
        "plants.model.STEPS",
        "plants.model.TABLE",
        "plants.model.WEIGHTS",
        "plants.model.<lambda>",
        "plants.model.block",
        "plants.model.derive",
        "plants.model.opened",
        "plants.model.run",
        "plants.late.late",
        "plants.shared.RATE",
        "plants.shared.decay",
        "plants.shared.scaled.<locals>.scale",
    }


def test_it_is_the_same_twice(plants):
    assert plants() == plants()


@pytest.mark.parametrize("file", ["model", "shared"])
def test_comments_docstrings_annotations_and_layout_do_not_count(plants, file):
    text = {"model": MODEL, "shared": SHARED}[file]
    plain = ast.unparse(ast.parse(text))
    noisy = "# a comment\n\n" + re.sub(r"^( +)return", r"\1# why\n\1return", plain, flags=re.M)
    noisy = noisy.replace('"""Return what is left."""', '"""Return the rest."""')
    noisy = noisy.replace("pool: float, tau: float", "pool, tau").replace(" -> float", "")
    assert noisy != text
    assert changed(plants(), plants(**{file: noisy})) == set()


@pytest.mark.parametrize(
    ("file", "old", "new", "names"),
    [
        ("shared", "pool - RATE", "pool + RATE", {"plants.shared.decay"}),
        ("shared", "RATE = 0.5", "RATE = 0.25", {"plants.shared.RATE", "plants.shared.decay"}),
        ("shared", "factor * x", "factor + x", {"plants.shared.scaled.<locals>.scale"}),
        ("shared", "return x", "return -x", set()),
        ("shared", "@njit", "@njit(fastmath=True)", {"plants.shared.decay"}),
        ("shared", "(3.0,)", "(4.0,)", {"plants.model.TABLE", "plants.model.run"}),
        ("late", "{}", "{1: 2}", {"plants.late.late"}),
        ("model", "STEPS = 3", "STEPS = 4", {"plants.model.STEPS", "plants.model.block"}),
        ("model", "[1.0, 2.0]", "[1.0, 3.0]", {"plants.model.WEIGHTS", "plants.model.run"}),
        ("model", "scaled(2.0)", "scaled(3.0)", {"plants.shared.scaled.<locals>.scale"}),
        ("model", 'speed="slow"', 'speed="fast"', {"plants.model.opened"}),
        ("model", "sizes: 1e-9", "sizes: 2e-9", {"plants.model.<lambda>"}),
        ("model", "steps: int = 1", "steps: int = 2", {"plants.model.Options"}),
        ("model", '"yr", 1.0, 0.0, 2.0', '"yr", 1.0, 0.0, 3.0', {"plant.parameters"}),
        ("model", '"turnover time", "a guess"', '"residence", "a book"', set()),
        ("model", '"pool", "kg"', '"pool", "g"', {"plant.outputs"}),
    ],
)
def test_a_change_is_named(plants, file, old, new, names):
    text = {"model": MODEL, "shared": SHARED, "late": LATE}[file]
    assert text.count(old) == 1
    assert changed(plants(), plants(**{file: text.replace(old, new)})) == names


def test_a_file_that_changed_after_import_is_refused(plants):
    plants()
    module = sys.modules["plants.shared"]
    Path(module.__file__).write_text("# shorter\n" * 30)
    linecache.clearcache()
    with pytest.raises(ValueError, match="changed after it was imported"):
        fingerprint(sys.modules["plants.model"].KERNEL)


@pytest.mark.parametrize("name", stages.known())
def test_kernels_of_this_package_have_one(name):
    found = fingerprint(kernels.get(name))
    assert {f"{name}.parameters", f"{name}.stages"} <= found.keys()
    assert all(len(digest) == 64 for digest in found.values())


def test_the_compiled_equations_of_two_box_are_in_it():
    from kernels.two_box import KERNEL
    from kernels.two_box.parts import all_steps, equations, some_steps

    found, compiled = fingerprint(KERNEL), set()
    for module in (all_steps, equations, some_steps):
        for value in vars(module).values():
            if hasattr(value, "py_func") and value.__module__ == module.__name__:
                compiled.add(f"{module.__name__}.{value.py_func.__name__}")
    assert {f"{all_steps.__name__}.soil_years", f"{equations.__name__}.share"} <= compiled
    assert compiled <= found.keys()


CALLER = """
import numpy as np
from cached_plants.rate import rate
from kernels import block

@block
def grow(pools):
    for s in range(len(pools)):
        pools[s] = rate(pools[s])

pools = np.ones(2)
grow(pools)
print(pools[0], sum(grow.dispatcher.stats.cache_hits.values()))
"""

CALLED = """
from kernels import equation

FACTOR = {factor}

@equation
def rate(pool):
    return FACTOR * pool
"""


@pytest.mark.slow
def test_an_edited_callee_in_another_file_is_compiled_anew(tmp_path):
    """Numba alone would use its cache here, as the caller's own file did not change."""
    package = tmp_path / "cached_plants"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "caller.py").write_text(textwrap.dedent(CALLER))

    def run(factor):
        (package / "rate.py").write_text(CALLED.format(factor=factor))
        command = [sys.executable, "-c", "import cached_plants.caller"]
        paths = [str(tmp_path), str(Path(kernels.__file__).parents[1])]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}
        env.pop("NUMBA_CACHE_DIR", None)
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
        return done.stdout.split()

    assert run(2.0) == ["2.0", "0"]
    assert run(2.0) == ["2.0", "1"]
    assert run(3.0) == ["3.0", "0"]


EDITED = """
import sys
from pathlib import Path

import numpy as np
from edited_plants import grow

Path(sys.argv[1]).write_text(Path(sys.argv[1]).read_text().replace("2.0", sys.argv[2]))
pools = np.ones(1)
grow(pools)
print(pools[0])
"""


@pytest.mark.slow
def test_what_was_imported_before_an_edit_is_not_taken_for_what_the_file_says_now(tmp_path):
    """Blocks are compiled when they are called; what they are kept under is what was imported."""
    file = tmp_path / "edited_plants.py"
    file.write_text(
        "from kernels import block\n\n\n@block\ndef grow(pools):\n    pools[0] *= 2.0\n"
    )
    paths = [str(tmp_path), str(Path(kernels.__file__).parents[1])]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}

    def run(factor):
        command = [sys.executable, "-c", EDITED, str(file), factor]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout

    assert run("3.0") == "2.0\n"
    assert run("3.0") == "3.0\n"
