"""MIMICS: the loops over locations and members, lane by lane."""

import numpy as np

from kernels.contract.arrays import F8, U1
from kernels.contract.build import block, equation
from kernels.contract.status import OK
from kernels.mimics.one_layer.coefficients import check, coefficients
from kernels.mimics.one_layer.equations import (
    COEFFICIENTS,
    HOURS,
    IN_C,
    IN_M,
    IN_P,
    IN_S,
    POOLS,
    RH,
    K,
    R,
    moisture,
)
from kernels.mimics.one_layer.periodic import Year, map_work, mean_coefficients, periodic, step
from kernels.mimics.one_layer.stability import is_stable
from kernels.mimics.one_layer.steady import cold_start, steady
from kernels.numerics.copying import copy_row, copy_rows
from kernels.numerics.small_systems import work

# Columns of packed drivers; the first five may change from step to step.
LITTER, NPP, TEMPERATURE, LIGNIN_N, F_W, CLAY, DEPTH = range(7)
DRIVERS = 7

# Columns of results: the pools, then respiration and litter.
INPUT = RH + 1
COLUMNS = RH + 2

COLD, STEADY, PERIODIC = 0, 1, 2
STARTS = ("cold", "steady", "spinup")


@block
def moisten(kind: int, theta_l: F8, theta_f: F8, f_w: F8) -> None:
    """Fill the moisture scalar, (L, T)."""
    for at in range(len(f_w)):
        for t in range(f_w.shape[1]):
            f_w[at, t] = moisture(kind, theta_l[at, t], theta_f[at, t])


@equation
def _coefficients(row: F8, d: F8, k: F8) -> int:
    return coefficients(
        row, d[LITTER], d[NPP], d[TEMPERATURE], d[CLAY], d[LIGNIN_N], d[DEPTH], d[F_W], k
    )


@equation
def carbon_input(k: F8) -> float:
    """Return all litter, mg C cm-3 h-1."""
    return float((k[IN_M] + k[IN_P]) + (k[IN_S] + k[IN_C]))


@block
def steady_states(
    form: int, most: int, sign: bool, rows: F8, bounds: F8, drivers: F8,
    pools: F8, progress: F8, jacobians: F8, status: U1,
) -> None:  # fmt: skip
    """Fill the steady state of every member.

    Parameters
    ----------
    most : int
        Linear solves.
    sign : bool
        Whether to say if it is stable.
    rows : ndarray, shape (1 or L, S, N)
        Parameters of members.
    bounds : ndarray, shape (2, N)
    drivers : ndarray, shape (L, 1, DRIVERS)
    pools : ndarray, shape (L, S, COLUMNS), mg C cm-3 and mg C cm-3 yr-1
    progress : ndarray, shape (L, S, 3)
        Linear solves, residual (yr-1), stable (1 or 0).
    jacobians : ndarray, shape (L, S, 7, 7), h-1; or of no member, if not wanted
    status : ndarray, shape (L, S), uint8
        Members that have one are left as they are.
    """
    w, k, y = work(), np.empty(COEFFICIENTS), np.empty(POOLS)
    for at in range(len(pools)):
        for s in range(pools.shape[1]):
            row = rows[at % len(rows), s]
            if status[at, s] == OK:
                status[at, s] = check(row, bounds[0], bounds[1])
            if status[at, s] == OK:
                status[at, s] = _coefficients(row, drivers[at, 0], k)
            if status[at, s] != OK:
                continue
            cold_start(y)
            status[at, s], solves, residual = steady(form, k, y, most, w)
            progress[at, s, 0], progress[at, s, 1] = solves, residual
            copy_row(y, pools[at, s])
            pools[at, s, RH], pools[at, s, INPUT] = w.f[RH] * HOURS, carbon_input(k) * HOURS
            if sign and status[at, s] == OK:
                progress[at, s, 2] = 1.0 if is_stable(w.j) else 0.0
            if jacobians.shape[1] > 0:
                copy_rows(w.j[:POOLS], jacobians[at, s])


@block
def series(
    form: int, integrator: int, start: int, cycle: int, tolerance: float, most: int,
    most_years: int, hours: float, rows: F8, bounds: F8, drivers: F8, made: F8, progress: F8,
    status: U1,
) -> None:  # fmt: skip
    """Fill all steps of every member of one location.

    Parameters
    ----------
    integrator, start : int
    cycle : int
        Steps, from the first, whose mean or repetition makes the start.
    tolerance : float
        Of the adaptive integrator.
    most, most_years : int
        Linear solves for the start, and years of spin-up.
    hours : float
        Of a step.
    rows, bounds, drivers : ndarray, shapes (S, N), (2, N) and (T, DRIVERS)
    made : ndarray, shape (S, T, COLUMNS), mg C cm-3 at the end and in the course of a step
    progress : ndarray, shape (S, 2)
        Years of spin-up, and the largest relative change over the last.
    status : ndarray, shape (S,), uint8
        Members that have one are left as they are.
    """
    w, spun = work(), map_work()
    k, y, ks = np.empty(COEFFICIENTS), np.empty(POOLS), np.empty((cycle, COEFFICIENTS))
    for s in range(len(rows)):
        row = rows[s]
        if status[s] == OK:
            status[s] = check(row, bounds[0], bounds[1])
        cold_start(y)
        progress[s, :] = 0.0
        if status[s] == OK and start != COLD:
            for t in range(cycle):
                # A step that fails here fails again below, or in the mean.
                status[s] = max(status[s], _coefficients(row, drivers[t], ks[t]))
            if status[s] == OK:
                mean_coefficients(ks, k)
                begun, _, _ = steady(form, k, y, most, w)
                if start == STEADY:
                    status[s] = begun
                elif begun != OK or y[R] == 0.0 or y[K] == 0.0:
                    # What dies under the mean may well live through the seasons.
                    cold_start(y)
        if status[s] == OK and start == PERIODIC:
            one = Year(form, integrator, ks, hours, tolerance)
            status[s], years, drift = periodic(one, y, most_years, spun, w)
            progress[s, 0], progress[s, 1] = years, drift
        h, t = 1.0, 0
        while t < len(drivers) and status[s] == OK:
            status[s] = _coefficients(row, drivers[t], k)
            if status[s] == OK:
                status[s], h, respired = step(form, integrator, k, y, hours, h, tolerance, w)
                copy_row(y, made[s, t])
                made[s, t, RH], made[s, t, INPUT] = respired, carbon_input(k) * hours
            t += 1
