"""``y = x driver + z``; as the environment says, candidates raise, give NaN, end the process.

``MISBEHAVE="raises_above=2,nan_above=1,segfault=0.25"``: where x is above, or is that number
exactly, at places whose driver is above ``from`` (all, if nothing is said).
"""

import ctypes
import os
import time
from dataclasses import dataclass

import numpy as np

from kernels import NOT_FINITE, Kernel, Parameter, Stage, Variable


@dataclass(frozen=True)
class Options:
    """None."""


def _told():
    said = os.environ.get("MISBEHAVE", "")
    return {word: float(x) for word, x in (part.split("=") for part in said.split(",") if part)}


def open_(options):
    def run(batch, out, status):
        told, driver = _told(), batch.drivers["driver"][:, None]
        x, z = batch.parameters["x"], batch.parameters["z"]
        if (x == told.get("segfault", np.nan)).any():
            ctypes.string_at(0)
        time.sleep(told.get("seconds", 0.0))
        there = driver > told.get("from", -np.inf)
        if (there & (x > told.get("raises_above", np.inf))).any():
            raise ValueError("no licence for so large an x")
        lost = np.broadcast_to(there & (x > told.get("nan_above", np.inf)), status.shape)
        status[lost] = NOT_FINITE
        for name in out:
            out[name][...] = np.where(lost, np.nan, x * driver + z)

    return run


KERNEL = Kernel(
    name="misbehaving.hill",
    title="A line, unless it is told otherwise",
    source="tests",
    parameters=(
        Parameter("x", "1", 0.1, 0.0, 1e9, "slope", "tests"),
        Parameter("z", "1", 0.1, 0.0, 1e9, "intercept", "tests"),
    ),
    drivers=(Variable("driver", "1", "anything", ()),),
    outputs=(Variable("y", "1", "sum", ()),),
    stages=(Stage("add", ("x", "z"), ("driver",), (), ("y",), open_),),
    steps={},
    options=Options,
    seconds=lambda options, sizes: 1e-6,
    lanes=256,
)
