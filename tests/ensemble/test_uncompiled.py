"""A kernel that numba cannot compile: one line says where and why, and no member is blamed."""

import sys

import pytest
from commandline import soilsweep

from ensemble.store.reading import read

MODEL = '''
from dataclasses import dataclass

from kernels import Kernel, Parameter, Stage, Variable, block


@dataclass(frozen=True)
class Options:
    """Nothing to choose."""


@block
def add(x, steps, y):
    for place in range(len(x)):
        for sample in range(x.shape[1]):
            y[place, :, sample] = x[place, sample].plus(steps[place])


def open_(options):
    def run(batch, out, status):
        add(batch.parameters["x"], batch.drivers["driver"], out["y"])

    return run


KERNEL = Kernel(
    name="typo.model",
    title="Says plus to a number",
    source="tests",
    parameters=(Parameter("x", "1", 0.1, 0.0, 1e9, "anything", "tests"),),
    drivers=(Variable("driver", "1", "anything", ("time",)),),
    outputs=(Variable("y", "1", "sum", ("time",)),),
    stages=(Stage("add", ("x",), ("driver",), (), ("y",), open_),),
    steps={"time": "year"},
    options=Options,
    seconds=lambda options, sizes: 1e-5,
)
'''
TEXT = """
version: 1
name: typo
kernel: typo.model
forcing: {reader: annual_table, path: drivers.csv, units: {driver: "1"}}
design: {method: grid, parameters: {x: [0.5, 0.7, 0.8]}}
outputs: {y: all}
block: {sample: 1}
"""


@pytest.fixture
def typo(tmp_path, monkeypatch):
    """Return the kernel's file, beside a scenario of it."""
    (tmp_path / "typo").mkdir()
    file = tmp_path / "typo" / "model.py"
    file.write_text(MODEL)
    (tmp_path / "drivers.csv").write_text("model,year,driver\nm,2000,1.0\nm,2001,2.0\n")
    (tmp_path / "typo.yaml").write_text(TEXT)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    yield file
    for name in ("typo.model", "typo"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    "execution",
    ["{workers: 1}", "{workers: 2}", "{workers: 2, workers_are: processes}"],
)
def test_its_line_and_what_is_wrong_are_said_once_and_no_member_failed(typo, execution):
    said = soilsweep("run", "typo.yaml", "--store", "x.zarr", "--set", f"execution={execution}")
    line = 1 + MODEL.splitlines().index(
        "            y[place, :, sample] = x[place, sample].plus(steps[place])"
    )
    place = f"kernel typo.model: {typo}, line {line}: numba cannot compile this: "
    told = f"{place}Unknown attribute 'plus' of type float64; mend it"
    assert said.code == 2
    assert said.err.splitlines()[-1] == told
    assert said.err.count("plus") == 1
    assert not read(typo.parents[1] / "x.zarr").committed()


def test_a_pilot_says_so_before_there_is_a_store(typo):
    words = ("--set", "statistics={y: [q50]}")
    said = soilsweep("run", "typo.yaml", "--store", "x.zarr", *words)
    assert (said.code, said.err.count("numba cannot compile this")) == (2, 1)
    assert not (typo.parents[1] / "x.zarr").exists()
