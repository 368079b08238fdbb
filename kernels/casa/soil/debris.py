"""CASA woody debris alone: one linear pool, and what of it reaches another soil model."""

import numpy as np

from kernels.casa.plants.lanes import CHUNK
from kernels.casa.shared.equations import activity, decomposed, log_dry, log_wet, tens_above
from kernels.casa.shared.phenology import YEAR
from kernels.casa.soil.lanes import activities, climate
from kernels.contract.arrays import F8, U1
from kernels.contract.build import block, equation
from kernels.contract.status import NOT_CONVERGED, NOT_FINITE, OK, OUT_OF_RANGE

DAILY = ("cwd_to_litter", "cwd_respiration", "lignin_n")

# Columns of a member: rate; parts that become litter and CO2; lignin:N of leaf, fine root and wood
# litter; exponents of activity.
RATE, LITTER, CO2, LN_LEAF, LN_FROOT, LN_WOOD, LOG_Q10, WET, DRY = range(9)

CAP, LEAST = 40.0, 0.001
"""Largest lignin:N, and the least flux (g C m-2 d-1) that it is weighted by, of the testbed."""


@equation
def mean_lignin_n(row: F8, leaf: float, froot: float, wood: float) -> float:
    """Return the lignin:N of litter, by its fluxes."""
    total = row[LN_LEAF] * leaf + row[LN_FROOT] * froot + row[LN_WOOD] * wood
    return float(min(CAP, total / max(LEAST, leaf + froot + wood)))


@equation
def activate(soil: F8, theta: F8, at: int, row: F8, rows: F8, active: F8) -> float:
    """Fill the activity of some days of a location, whole chunks; return the largest."""
    most = 0.0
    for first in range(0, len(active), CHUNK):
        climate(soil, theta, at, first, rows)
        most = max(most, activities(row[LOG_Q10], row[WET], row[DRY], rows))
        for i in range(CHUNK):
            active[first + i] = rows[3 * CHUNK + i]
    return most


@equation
def return_to(cwd: F8, active: F8, rate: float) -> float:
    """Return the pool that the days return to where it began."""
    end, gone = 0.0, 0.0
    for i in range(len(active)):
        end += cwd[i] - decomposed(rate, active[i], end)
        gone += decomposed(rate, active[i], 1.0 - gone)
    return end / gone


@equation
def step_on(cwd: F8, active: F8, rate: float, pool: float) -> float:
    """Return the pool at the end of the days."""
    for i in range(len(active)):
        pool += cwd[i] - decomposed(rate, active[i], pool)
    return pool


@equation
def spin(cwd: F8, active: F8, rate: float, pool: float, most: int, tolerance: float) -> float:
    """Return the pool that stepping a cycle again and again ends with; NaN where it does not."""
    for _ in range(most):
        end = step_on(cwd, active, rate, pool)
        if abs(end - pool) <= tolerance * (abs(end) + 1e-3):
            return end
        pool = end
    return np.nan


COLD, STEADY, SPINUP = 0, 1, 2
STARTS = ("cold", "steady", "spinup")


@block
def debris_years(
    start: int, cycle: int, most: int, tolerance: float, samples: int, series: tuple[F8, ...],
    rows: F8, pools: F8, status: U1, daily: tuple[F8, ...], annual: F8, by_day: F8, begun: F8,
) -> None:  # fmt: skip
    """Fill all days of all members; pools become those of the end.

    Parameters
    ----------
    start, cycle, most : int
        Kind of start, `COLD` of given pools; days of its cycle, and how often they are stepped.
    tolerance : float
        Relative change over a cycle at which it is at rest.
    samples : int
    series : tuple of ndarray, shape (L, n)
        Litter of wood, temperature, water, litter of leaves and of fine roots.
    rows, pools : ndarray, shapes (M, 9) and (M,)
    status : ndarray, shape (M,), uint8
        Members that have one are left as they are.
    daily : tuple of ndarray, shape (L, n, S)
        In the order of `DAILY`; without a location where not asked for.
    annual, by_day, begun : ndarray, shapes (L, Y, S), (L, n, S) and (M,)
        The pool at the ends of years and of days, if asked for, and before the first day.
    """
    wood, soil, theta, leaf, froot = series
    days = wood.shape[1]
    climates, active = np.empty(4 * CHUNK), np.empty(days)
    for n in range(len(rows)):
        if status[n] != OK:
            continue
        at, s, row, pool = n // samples, n % samples, rows[n], pools[n]
        if activate(soil, theta, at, row, climates, active) * row[RATE] > 1.0:
            status[n] = OUT_OF_RANGE
            continue
        if start == STEADY:
            pool = return_to(wood[at, :cycle], active[:cycle], row[RATE])
        elif start == SPINUP:
            pool = spin(wood[at, :cycle], active[:cycle], row[RATE], pool, most, tolerance)
            if pool != pool:
                status[n] = NOT_CONVERGED
                continue
        begun[n] = pool
        for i in range(days):
            lost = decomposed(row[RATE], active[i], pool)
            pool += wood[at, i] - lost
            active[i] = lost
            if annual.shape[0] > 0 and (i + 1) % YEAR == 0:
                annual[at, i // YEAR, s] = pool
            if by_day.shape[0] > 0:
                by_day[at, i, s] = pool
        pools[n] = pool
        if not np.isfinite(pool):
            status[n] = NOT_FINITE
        keep_debris(at, s, row, active, leaf[at], froot[at], daily)


@equation
def keep_debris(
    at: int, s: int, row: F8, lost: F8, leaf: F8, froot: F8, daily: tuple[F8, ...]
) -> None:
    """Put the days of a member into what is asked for of them."""
    for k in range(2):
        if daily[k].shape[0] > 0:
            out = daily[k][at, :, s]
            for i in range(len(lost)):
                out[i] = row[LITTER + k] * lost[i]
    if daily[2].shape[0] > 0:
        out = daily[2][at, :, s]
        for i in range(len(lost)):
            out[i] = mean_lignin_n(row, leaf[i], froot[i], row[LITTER] * lost[i])


@block
def mean_debris(
    samples: int, series: tuple[F8, ...], rows: F8, fluxes: F8, pools: F8, status: U1
) -> None:
    """Fill, (M, 3) in the order of `DAILY`, and pools of constant drivers, (L,) each."""
    wood, soil, theta, leaf, froot = series
    for n in range(len(rows)):
        at, row = n // samples, rows[n]
        active = activity(
            row[LOG_Q10], row[WET], row[DRY], tens_above(soil[at]), log_wet(theta[at]),
            log_dry(theta[at]),
        )  # fmt: skip
        if status[n] == OK and active * row[RATE] > 1.0:
            status[n] = OUT_OF_RANGE
        # What decomposes is what falls.
        fluxes[n, 0], fluxes[n, 1] = row[LITTER] * wood[at], row[CO2] * wood[at]
        fluxes[n, 2] = mean_lignin_n(row, leaf[at], froot[at], fluxes[n, 0])
        pools[n] = wood[at] / (row[RATE] * active)
