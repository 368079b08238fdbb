"""``litter = share gpp`` by the day: a vegetation with one parameter."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from chained import CALLS, DAYS
from kernels import NOT_FINITE, Kernel, Parameter, Stage, Variable


@dataclass(frozen=True)
class Options:
    """``gain`` multiplies all litter."""

    gain: float = 1.0
    start: Literal["steady", "cold"] = "steady"


def open_(options):
    def run(batch, out, status):
        CALLS.add("leaves", *status.shape)
        share = batch.parameters["share"]
        litter = options.gain * batch.drivers["gpp"][:, :, None] * share[:, None]
        years = litter.reshape(len(litter), -1, DAYS, litter.shape[-1]).sum(axis=2)
        bad = np.broadcast_to(share > 0.95, status.shape)
        status[bad] = NOT_FINITE
        for name, values in (("litter", litter), ("c_leaf", years)):
            if name in out:
                out[name][...] = values
                out[name][np.broadcast_to(bad[:, None], values.shape)] = np.nan

    return run


KERNEL = Kernel(
    name="chained.leaves",
    title="Leaves that fall",
    source="tests",
    parameters=(Parameter("share", "1", 0.5, 0.0, 1.0, "share of GPP that falls", "tests"),),
    drivers=(Variable("gpp", "g C m-2 d-1", "GPP", ("date",)),),
    outputs=(
        Variable("litter", "g C m-2 d-1", "litter", ("date",)),
        Variable("c_leaf", "g C m-2 yr-1", "litter of a year"),
    ),
    stages=(Stage("leaves", ("share",), ("gpp",), (), ("litter", "c_leaf"), open_),),
    steps={"time": "year"},
    options=Options,
    seconds=lambda options, sizes: 1e-5,
    lanes=4,
)
