"""A soil of one stage, with clay; too fast a rate overflows by decree."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from chained import CALLS
from chained._soil import COMMON, DRIVERS, EFFICIENCY, fill, pools
from kernels import BAD_INPUT, NOT_CONVERGED, Kernel, Parameter, Stage, Variable

START = {"steady": 100.0, "cold": 0.0}


@dataclass(frozen=True)
class Options:
    """Where it begins."""

    start: Literal["steady", "cold", "spinup"] = "steady"
    cycle: int = 20


def open_(options):
    def run(batch, out, status):
        CALLS.add("slow", *status.shape)
        rate, efficiency = batch.parameters["rate"], batch.parameters["efficiency"]
        litter, clay = batch.drivers["litter"], batch.drivers["clay"]
        rate = rate * (1.0 - 0.5 * clay[:, None])
        temperature = batch.drivers["soil_temperature"]
        carbon, lost = pools(litter, temperature, rate, efficiency, START[options.start])
        filled = {"rh": lost, "stock": carbon[:, -1], "slow_carbon": carbon}
        fill(out, status, filled, BAD_INPUT)
        bad = np.broadcast_to(batch.parameters["rate"] > 0.019, status.shape) & (status == 0)
        status[bad] = NOT_CONVERGED
        for values in out.values():
            values[np.broadcast_to(bad if values.ndim == 2 else bad[:, None], values.shape)] = (
                np.nan
            )

    return run


OUTPUTS = (*COMMON, Variable("slow_carbon", "g C m-2", "carbon by the year"))

KERNEL = Kernel(
    name="chained.slow",
    title="A slow soil",
    source="tests",
    parameters=(Parameter("rate", "d-1", 0.01, 0.0, 0.02, "rate", "tests"), EFFICIENCY),
    drivers=(*DRIVERS, Variable("clay", "1", "clay", ())),
    outputs=OUTPUTS,
    stages=(
        Stage("all", ("rate", "efficiency"), ("litter", "soil_temperature", "clay"), (),
              tuple(v.name for v in OUTPUTS), open_),
    ),
    steps={"time": "year"},
    options=Options,
    seconds=lambda options, sizes: 2e-5,
    balance=((("slow_carbon",), ("litter",), ("rh",)),),
    lanes=4,
)  # fmt: skip
