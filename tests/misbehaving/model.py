"""``y = x + step``; some values of x crash the process, hang it, or give NaN.

The values come from the environment, so that one kernel serves every test:
``MISBEHAVE="segfault=0.25,hang=0.5,nan=0.75"`` does so where x is that number exactly; ``memory``
takes all there is.
"""

import ctypes
import os
import time
from dataclasses import dataclass

import numpy as np

from kernels import NOT_FINITE, Kernel, Parameter, Stage, Variable


@dataclass(frozen=True)
class Options:
    """``bend`` makes y a curve, so that effects of x differ."""

    bend: float = 0.0


def _at(word):
    said = dict(part.split("=") for part in os.environ.get("MISBEHAVE", "").split(",") if part)
    return [float(x) for x in said.get(word, "").split("+") if x]


def open_(options):
    def run(batch, out, status):
        x = batch.parameters["x"]
        if np.isin(x, _at("segfault")).any():
            ctypes.string_at(0)
        while np.isin(x, _at("hang")).any():
            time.sleep(0.01)
        hoard = []
        while np.isin(x, _at("memory")).any():
            hoard.append(bytearray(32 * 2**20))
        time.sleep(float(os.environ.get("MISBEHAVE_SECONDS", "0")))
        steps = batch.drivers["driver"]
        y = (x + options.bend * x * x)[:, None, :] + steps[:, :, None]
        nan = np.broadcast_to(np.isin(x, _at("nan")), status.shape)
        status[nan] = NOT_FINITE
        for name in out:
            out[name][...] = np.where(nan[:, None, :], np.nan, y)

    return run


KERNEL = Kernel(
    name="misbehaving.model",
    title="Adds, unless it is told otherwise",
    source="tests",
    parameters=(Parameter("x", "1", 0.1, 0.0, 1e9, "anything", "tests"),),
    drivers=(Variable("driver", "1", "anything"),),
    outputs=(Variable("y", "1", "sum"),),
    stages=(Stage("add", ("x",), ("driver",), (), ("y",), open_),),
    steps={"time": "year"},
    options=Options,
    seconds=lambda options, sizes: 1e-5,
)
