"""Blocks that are not on disk are compiled side by side, and nothing is computed wrongly."""

import importlib
import json
import logging
import os
import subprocess
import sys
import threading
from typing import NamedTuple

import numpy as np
import pytest
from numba import types
from numba.core.errors import TypingError
from numba.core.ir import Loc
from tracked import ROOT
from waiting import PATIENCE

from ensemble.printing import announced
from kernels import equation
from kernels.contract import compiling
from kernels.contract.compiling import ready, without_samples
from kernels.contract.faults import Uncompiled

MODULE = '''
from typing import NamedTuple

import numpy as np

from kernels import block


class Pair(NamedTuple):
    """Two arrays."""

    one: np.ndarray
    two: np.ndarray


@block
def doubled(x, out):
    for i in range(len(x)):
        out[i] = 2.0 * x[i]


@block
def added(pair, times, negative, out):
    for i in range(len(out)):
        out[i] = times * (pair.one[i] + pair.two[i])
        if negative:
            out[i] = -out[i]
'''


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Return a module of two blocks that no process has compiled."""
    (tmp_path / "two_blocks.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    monkeypatch.setenv("PYTHONPATH", path)
    known = len(compiling.BLOCKS)
    yield importlib.import_module("two_blocks")
    sys.modules.pop("two_blocks", None)
    del compiling.BLOCKS[known:]


def call(module, n=0):
    """Call both blocks with so many values; return what they filled."""
    x, out, more = np.arange(float(n)), np.full(n, np.nan), np.full(n, np.nan)
    module.doubled(x, out)
    module.added(module.Pair(x, np.ones(n)), 3.0, True, more)
    return out, more


def on_disk(tmp_path):
    return sorted(f.name.split("-")[0] for f in tmp_path.glob("__pycache__/*.nbc"))


def refuse(missing, processes):
    raise AssertionError("compiled again")


def said(caplog):
    """Return what was logged until now."""
    lines = [record.getMessage() for record in caplog.records if record.name == compiling.LOG.name]
    caplog.clear()
    return lines


def test_what_is_missing_is_compiled_and_loaded(module, tmp_path, monkeypatch, caplog):
    caplog.set_level(logging.INFO, compiling.LOG.name)
    ready(lambda: call(module), 2)
    assert on_disk(tmp_path) == ["two_blocks.added", "two_blocks.doubled"]
    before, after = said(caplog)
    what = "compiling two_blocks for this kind of CPU, once: 2 blocks, about 1 s"
    assert before == f"{what} (a guess by their length)"
    assert after.startswith("compiled in ")
    out, more = call(module, 3)
    assert out.tolist() == [0.0, 2.0, 4.0]
    assert more.tolist() == [-3.0, -6.0, -9.0]
    monkeypatch.setattr(compiling, "_side_by_side", refuse)
    ready(lambda: call(module), 2)
    assert said(caplog) == []


def anew(tmp_path):
    """Return the module as a process imports it that finds no compiled block."""
    for file in tmp_path.glob("__pycache__/*.nbc"):
        file.unlink()
    del sys.modules["two_blocks"]
    return importlib.import_module("two_blocks")


@pytest.mark.parametrize("cores", [1, 2])
def test_what_was_compiled_before_is_told_as_it_was_measured(module, tmp_path, caplog, cores):
    """By the seconds that are kept beside compiled blocks."""
    caplog.set_level(logging.INFO, compiling.LOG.name)
    ready(lambda: call(module), cores)
    added, doubled = sorted(tmp_path.glob("__pycache__/*.seconds"))
    assert 0.0 < float(added.read_text()) < PATIENCE
    assert 0.0 < float(doubled.read_text()) < PATIENCE
    added.write_text("7.50")
    doubled.write_text("0.50")
    module = anew(tmp_path)
    said(caplog)
    ready(lambda: call(module), cores)
    assert said(caplog)[0].endswith("2 blocks, about 8 s (as measured here)")
    doubled.unlink()
    added.write_text("of something else")
    module = anew(tmp_path)
    ready(lambda: call(module), cores)
    assert said(caplog)[0].endswith("(a guess by their length)")


def test_length_is_of_all_that_is_compiled_into_a_block(module):
    def length(function):
        return compiling._length(function, set())

    @equation
    def halved(x):
        return 0.5 * x

    @equation
    def quartered(x):
        return halved(halved(x))

    own = len(halved.py_func.__code__.co_code)
    assert length(halved.py_func) == own
    assert length(quartered.py_func) == own + len(quartered.py_func.__code__.co_code)


def test_another_process_compiles_what_it_is_told(module, tmp_path):
    with compiling._asking() as missing:
        call(module)
    assert on_disk(tmp_path) == []
    assert [one.name for one in missing] == [("two_blocks", "doubled"), ("two_blocks", "added")]
    tasks = [compiling._told(one) for one in missing]
    (tmp_path / "claims").mkdir()
    (tmp_path / "claims" / "0").touch()
    words = [sys.executable, "-P", "-m", compiling.__name__, str(tmp_path / "claims")]
    subprocess.run(words, input=json.dumps(tasks).encode(), check=True, timeout=PATIENCE)
    # The other one is taken.
    assert on_disk(tmp_path) == ["two_blocks.added"]
    call(module)
    assert sum(module.added.dispatcher.stats.cache_hits.values()) == 1
    assert sum(module.doubled.dispatcher.stats.cache_hits.values()) == 0


def test_programs_are_told_nothing_unless_they_ask(module, capsys):
    ready(lambda: call(module), 2)
    assert capsys.readouterr() == ("", "")


def test_a_person_is_told_once(module, capsys):
    with announced(), announced():
        ready(lambda: call(module), 2)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[0] for line in lines] == ["compiling", "compiled"]


def test_what_is_called_twice_is_compiled_once(module):
    with compiling._asking() as missing:
        call(module)
        call(module)
    assert len(missing) == 2


def test_asking_computes_nothing_and_leaves_nothing(module, tmp_path):
    with compiling._asking():
        out, _ = call(module, 3)
    assert np.isnan(out).all()
    assert on_disk(tmp_path) == []
    assert call(module, 3)[0].tolist() == [0.0, 2.0, 4.0]


def test_a_thread_that_computes_meanwhile_is_not_asked(module):
    with compiling._asking() as missing:
        filled = []
        thread = threading.Thread(target=lambda: filled.append(call(module, 3)[0]))
        thread.start()
        thread.join(PATIENCE)
    assert filled[0].tolist() == [0.0, 2.0, 4.0]
    assert missing == []


def test_a_process_that_fails_costs_no_block(module, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "")
    (tmp_path / "kernels").mkdir()
    monkeypatch.chdir(tmp_path)
    ready(lambda: call(module), 2)
    assert on_disk(tmp_path) == ["two_blocks.added", "two_blocks.doubled"]


def test_a_block_that_cannot_be_told_is_compiled_here(module, tmp_path, monkeypatch):
    monkeypatch.setattr(compiling, "_said", lambda kind: (_ for _ in ()).throw(ValueError))
    ready(lambda: call(module), 2)
    assert on_disk(tmp_path) == ["two_blocks.added", "two_blocks.doubled"]


@pytest.mark.parametrize("cores", [1, 2])
def test_what_cannot_be_compiled_is_told_with_its_place(module, cores):
    """Whoever comes to it first, alone or beside another process."""

    @module.block
    def wrong(x, out):
        out[:] = x.plus

    def call_all():
        call(module)
        with without_samples():
            wrong(np.empty(0), np.empty(0))

    line = wrong.py_func.__code__.co_firstlineno + 2
    with pytest.raises(Uncompiled) as told:
        ready(call_all, cores)
    place = f"{__file__}, line {line}: numba cannot compile this: "
    assert str(told.value) == f"{place}Unknown attribute 'plus' of type array(float64, 1d, C)"


def test_what_objects_to_no_sample_is_let_be():
    with without_samples():
        raise ValueError("no sample")


class Rows(NamedTuple):
    """Of a module that another process can import."""

    one: np.ndarray
    two: float


F8, I8 = types.Array(types.float64, 2, "C"), types.Array(types.int64, 1, "A")
NAMED = types.BaseTuple.from_types([F8, types.float64], Rows)
READ_ONLY = types.Array(types.float64, 1, "C", readonly=True)
PLAIN = types.BaseTuple.from_types([READ_ONLY, READ_ONLY])
MIXED = types.BaseTuple.from_types([PLAIN, types.int64])
SAME = types.BaseTuple.from_types([F8, F8], Rows)


@pytest.mark.parametrize(
    "kind",
    [types.float64, types.int64, types.uint8, types.boolean, F8, I8, NAMED, SAME, PLAIN, MIXED],
)
def test_types_come_back(kind, monkeypatch):
    monkeypatch.setitem(sys.modules, Rows.__module__, sys.modules[__name__])
    said = json.loads(json.dumps(compiling._said(kind)))
    assert compiling._meant(said) == kind


@pytest.mark.parametrize("kind", [types.unicode_type, types.none])
def test_other_types_are_not_told(kind):
    with pytest.raises(ValueError, match="no words for"):
        compiling._said(kind)


def test_what_numba_says_in_colours_is_told_without_them():
    """Where colorama is installed, as programs that print tables have it, numba uses it."""
    text = "\x1b[1m\x1b[1mUnknown attribute\x1b[0m\n\x1b[1m\nFile x\x1b[0m"
    error = TypingError(text, Loc("model.py", 3))
    place = "model.py, line 3: numba cannot compile this: "
    assert str(compiling._uncompiled(error)) == f"{place}Unknown attribute"
