"""One pool by the day, as both soils have it."""

import numpy as np

from chained import DAYS
from kernels import Parameter, Variable

EFFICIENCY = Parameter("efficiency", "1", 0.4, 0.0, 1.0, "share that stays", "tests")
DRIVERS = (
    Variable("litter", "g C m-2 d-1", "litter", ("date",)),
    Variable("soil_temperature", "degC", "temperature", ("date",)),
)
COMMON = (
    Variable("rh", "g C m-2 yr-1", "respiration of a year"),
    Variable("stock", "g C m-2", "carbon at the end", ()),
)


def step(carbon, litter, temperature, rate, efficiency):
    """Return carbon and respiration after one day; the equations, for numbers and arrays."""
    gone = rate * (1.0 + 0.05 * temperature) * carbon
    return carbon + litter - gone, (1.0 - efficiency) * gone


def pools(litter, temperature, rate, efficiency, start):
    """Return carbon and respiration at the end of every year, (L, Y, S)."""
    shape = np.broadcast_shapes((len(litter), 1), rate.shape)
    carbon, found = np.full(shape, start), ([], [])
    for first in range(0, litter.shape[1], DAYS):
        lost = np.zeros(shape)
        for day in range(first, first + DAYS):
            now = (litter[:, day, None], temperature[:, day, None])
            carbon, gone = step(carbon, *now, rate, efficiency)
            lost = lost + gone
        found[0].append(carbon)
        found[1].append(lost)
    return np.stack(found[0], axis=1), np.stack(found[1], axis=1)


def fill(out, status, filled, code):
    """Fill what is asked for; a member that is not finite gets a status and NaN."""
    bad = np.zeros(status.shape, bool)
    for values in filled.values():
        bad |= ~np.isfinite(values).reshape(len(values), -1, values.shape[-1]).all(axis=1)
    status[bad] = code
    for name, values in out.items():
        values[...] = filled[name]
        values[np.broadcast_to(bad if values.ndim == 2 else bad[:, None], values.shape)] = np.nan
