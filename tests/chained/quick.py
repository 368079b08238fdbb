"""A soil of two stages, the first without drivers of its own but clay."""

from dataclasses import dataclass
from typing import Literal

from chained import CALLS
from chained._soil import COMMON, DRIVERS, EFFICIENCY, fill, pools
from kernels import BAD_INPUT, Kernel, Parameter, Stage, Variable


@dataclass(frozen=True)
class Options:
    """Where it begins, and how much faster it is."""

    start: Literal["steady", "cold"] = "steady"
    faster: float = 1.0


def open_rates(options):
    def run(batch, out, status):
        CALLS.add("quick.rates", *status.shape)
        clay = batch.drivers["clay"][:, None]
        out["rates"][...] = options.faster * batch.parameters["rate"] * (1.0 - clay)

    return run


def open_pools(options):
    def run(batch, out, status):
        CALLS.add("quick.pools", *status.shape)
        rate = batch.upstream["rates"][:, batch.level["rates"]]
        start = 10.0 if options.start == "steady" else 0.0
        litter, temperature = batch.drivers["litter"], batch.drivers["soil_temperature"]
        carbon, lost = pools(litter, temperature, rate, batch.parameters["efficiency"], start)
        fill(out, status, {"rh": lost, "stock": carbon[:, -1]}, BAD_INPUT)

    return run


KERNEL = Kernel(
    name="chained.quick",
    title="A quick soil",
    source="tests",
    parameters=(Parameter("rate", "d-1", 0.05, 0.0, 0.1, "rate", "tests"), EFFICIENCY),
    drivers=(*DRIVERS, Variable("clay", "1", "clay", ())),
    outputs=COMMON,
    intermediates=(Variable("rates", "d-1", "rate by clay", ()),),
    stages=(
        Stage("rates", ("rate",), ("clay",), (), ("rates",), open_rates),
        Stage("pools", ("efficiency",), ("litter", "soil_temperature"), ("rates",),
              tuple(v.name for v in COMMON), open_pools),
    ),
    steps={"time": "year"},
    options=Options,
    seconds=lambda options, sizes: 3e-5,
)  # fmt: skip
