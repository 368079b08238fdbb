"""Two boxes: blocks that fill all years of all members; arrays are (location, time, sample)."""

from math import isfinite, nan

import numpy as np

from kernels.contract.arrays import F8, I8, U1
from kernels.contract.build import BOTH, FIRST, SECOND, block, equation, find_runs
from kernels.contract.status import BAD_INPUT, NOT_FINITE, OK, OUT_OF_RANGE
from kernels.two_box.parts.equations import (
    EXPONENTIAL,
    litterfall,
    pool_year,
    share,
    soil_year_exponential,
    vegetation_year_exponential,
)


@block
def constrain(observed: F8, mean: F8, least: F8, shift: F8, status: U1) -> None:
    """Fill tau_obs less the model's mean (eq. 4, 5); NaN where no year could be run."""
    for at in range(len(shift)):
        for s in range(shift.shape[1]):
            tau_obs = observed[at % len(observed), s]
            shift[at, s] = tau_obs - mean[at, 0]
            if not isfinite(tau_obs):
                status[at, s] = BAD_INPUT
            elif not least[at, 0] + shift[at, s] > 0.0:
                status[at, s] = OUT_OF_RANGE
            if status[at, s] != OK:
                shift[at, s] = nan


@block
def vegetation_years(
    scheme: int, npp: F8, tau: F8, shift: F8, c_veg: F8, litter: F8, status: U1
) -> None:
    """Fill the vegetation of members whose turnover time is ``tau + shift``."""
    samples = np.uintp(c_veg.shape[2])
    for at in range(len(c_veg)):
        for s in range(samples):
            c_veg[at, 0, s] = npp[at, 0] * (tau[at, 0] + shift[at, s])
            litter[at, 0, s] = npp[at, 0]
        for t in range(1, c_veg.shape[1]):
            npp_t, tau_t = npp[at, t], tau[at, t]
            if scheme == EXPONENTIAL:
                for s in range(samples):
                    c_veg[at, t, s] = vegetation_year_exponential(
                        c_veg[at, t - 1, s], npp_t, tau_t + shift[at, s]
                    )
            else:
                for s in range(samples):
                    part = share(scheme, tau_t + shift[at, s])
                    c_veg[at, t, s] = pool_year(scheme, c_veg[at, t - 1, s], npp_t, part)
            for s in range(samples):
                litter[at, t, s] = litterfall(npp_t, c_veg[at, t - 1, s], c_veg[at, t, s])
        _close(c_veg, status, at)
        for s in range(samples):
            if status[at, s] != OK:
                litter[at, 0, s] = nan


@block
def soil_years(
    scheme: int,
    start: F8,
    times: F8,
    litter: F8,
    veg: I8,
    tau: F8,
    shift: F8,
    soil: I8,
    c_soil: F8,
    status: U1,
) -> None:
    """Fill the soil of members; ``veg`` and ``soil`` say which row of each box they use.

    ``start`` (L,) is the NPP that it begins in balance with, ``times`` (1 or L, S) so much of it.

    A year costs as much as the division in ``share``, so rows that several members use have
    it once. Members are walked in runs, whose inner loops need no index and so vectorise.
    """
    samples, runs = np.uintp(c_soil.shape[2]), find_runs(veg, soil)
    low, shared = soil.min(), (runs[:, 2] != BOTH).any()
    part = np.empty(soil.max() - low + 1)
    for at in range(len(c_soil)):
        begun = times[at % len(times)]
        for s in range(samples):
            balanced = start[at] * (tau[at, 0] + shift[at, soil[s]])
            c_soil[at, 0, s] = balanced * begun[s]
        for t in range(1, c_soil.shape[1]):
            tau_t = tau[at, t]
            if shared:
                for r in range(np.uintp(len(part))):
                    part[r] = share(scheme, tau_t + shift[at, np.uintp(low) + r])
            for k in range(len(runs)):
                first, length = np.uintp(runs[k, 0]), np.uintp(runs[k, 1] - runs[k, 0])
                v, w, row = np.uintp(veg[first]), np.uintp(soil[first] - low), np.uintp(soil[first])
                if runs[k, 2] == BOTH:
                    for i in range(length):
                        c_soil[at, t, first + i] = pool_year(
                            scheme,
                            c_soil[at, t - 1, first + i],
                            litter[at, t, v + i],
                            share(scheme, tau_t + shift[at, row + i]),
                        )
                elif runs[k, 2] == SECOND:
                    fallen = litter[at, t, v]
                    for i in range(length):
                        c_soil[at, t, first + i] = pool_year(
                            scheme, c_soil[at, t - 1, first + i], fallen, part[w + i]
                        )
                elif runs[k, 2] == FIRST:
                    own = part[w]
                    for i in range(length):
                        c_soil[at, t, first + i] = pool_year(
                            scheme, c_soil[at, t - 1, first + i], litter[at, t, v + i], own
                        )
                else:
                    for s in range(first, first + length):
                        fallen, own = litter[at, t, np.uintp(veg[s])], part[soil[s] - low]
                        c_soil[at, t, s] = pool_year(scheme, c_soil[at, t - 1, s], fallen, own)
        _close(c_soil, status, at)


@block
def soil_years_exponential(
    npp: F8,
    times: F8,
    c_veg: F8,
    veg: I8,
    tau_veg: F8,
    shift_veg: F8,
    tau_soil: F8,
    shift_soil: F8,
    soil: I8,
    c_soil: F8,
    status: U1,
) -> None:
    """Fill the soil of members by the exponential scheme, whose boxes do not separate."""
    for at in range(len(c_soil)):
        for s in range(c_soil.shape[2]):
            balanced = npp[at, 0] * (tau_soil[at, 0] + shift_soil[at, soil[s]])
            c_soil[at, 0, s] = balanced * times[at % len(times), s]
        for t in range(1, c_soil.shape[1]):
            for s in range(c_soil.shape[2]):
                c_soil[at, t, s] = soil_year_exponential(
                    c_soil[at, t - 1, s],
                    npp[at, t],
                    c_veg[at, t - 1, veg[s]],
                    tau_veg[at, t] + shift_veg[at, veg[s]],
                    tau_soil[at, t] + shift_soil[at, soil[s]],
                )
        _close(c_soil, status, at)


@equation
def _close(pools: F8, status: U1, at: int) -> None:
    """Give members that did not stay finite a status, and NaN in every year."""
    for s in range(pools.shape[2]):
        # A pool that is not finite never becomes so again: the last year tells.
        if not isfinite(pools[at, pools.shape[1] - 1, s]):
            status[at, s] = NOT_FINITE if status[at, s] == OK else status[at, s]
            pools[at, :, s] = nan


@block
def add(c_veg: F8, veg: I8, c_soil: F8, total: F8) -> None:
    """Fill vegetation plus soil."""
    for at in range(total.shape[0]):
        for t in range(total.shape[1]):
            for s in range(np.uintp(total.shape[2])):
                total[at, t, s] = c_veg[at, t, np.uintp(veg[s])] + c_soil[at, t, s]
