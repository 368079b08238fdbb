"""One pool of carbon: what falls in, less what decays."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from kernels import (
    BAD_INPUT,
    F8,
    U1,
    Batch,
    Kernel,
    Limit,
    Parameter,
    Plausible,
    Range,
    Run,
    Stage,
    Variable,
    block,
    equation,
)


@dataclass(frozen=True)
class Options:
    """Nothing to choose."""


@equation
def year(pool: float, litterfall: float, tau: float) -> float:
    """Return the pool a year later: implicit Euler of dC/dt = litterfall - C / tau."""
    return (pool + litterfall) / (1 + 1 / tau)


@block
def years(litterfall: F8, tau: F8, pool: F8, decay: F8, status: U1) -> None:
    """Fill pool and decay, (L, T, S), of all members; tau is (1 or L, S)."""
    for k in range(litterfall.shape[0]):
        for s in range(tau.shape[1]):
            turnover = tau[min(k, tau.shape[0] - 1), s]
            held = 0.0 if 0.0 < turnover < np.inf else np.nan
            for t in range(litterfall.shape[1]):
                before = held
                held = year(before, litterfall[k, t], turnover)
                pool[k, t, s] = held
                decay[k, t, s] = litterfall[k, t] - (held - before)
            # A member that fails has a status, and no number of it is kept.
            if not -np.inf < held < np.inf:
                pool[k, :, s] = np.nan
                decay[k, :, s] = np.nan
                status[k, s] = BAD_INPUT


def open_(options: Options) -> Run:
    """Return what runs a batch; called once per process."""

    def run(batch: Batch, out: Mapping[str, F8], status: U1) -> None:
        litterfall, tau = batch.drivers["litterfall"], batch.parameters["tau"]
        shape = (*litterfall.shape, tau.shape[1])
        # `out` holds only what is asked for; the loop needs room for the rest as well.
        pool, decay = (out[n] if n in out else np.empty(shape) for n in ("pool", "decay"))
        years(litterfall, tau, pool, decay, status)

    return run


ALL_SOILS = Limit(10_000.0, "more than three times the 3,000 Pg C of all soils of the Earth")

KERNEL = Kernel(
    name="one_pool",
    title="One pool of carbon",
    source="an example",
    parameters=(
        Parameter(
            name="tau",
            units="yr",
            default=20.0,
            lower=0.1,
            upper=1e4,
            meaning="turnover time",
            source="an example",
            plausible=Plausible(5.0, 50.0, "an example"),
        ),
    ),
    drivers=(
        Variable(
            name="litterfall",
            units="Pg C yr-1",
            meaning="carbon that falls in",
            expected_range=Range(low=0.0, high=200.0),
        ),
    ),
    outputs=(
        Variable(name="pool", units="Pg C", meaning="carbon that is held", limit=ALL_SOILS),
        Variable(name="decay", units="Pg C yr-1", meaning="carbon that leaves"),
    ),
    stages=(
        Stage(
            name="pool",
            parameters=("tau",),
            drivers=("litterfall",),
            upstream=(),
            outputs=("pool", "decay"),
            open=open_,
        ),
    ),
    options=Options,
    seconds=lambda options, sizes: 1e-8 * sizes["time"],
    balance=((("pool",), ("litterfall",), ("decay",)),),
    steps={"time": "year"},
)
