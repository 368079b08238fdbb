"""MIMICS: the loops over locations and members, lane by lane."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from kernels.contract.arrays import F8, U1
from kernels.contract.build import block, equation
from kernels.contract.status import NOT_CONVERGED, OK
from kernels.mimics.one_layer.coefficients import check, coefficients
from kernels.mimics.one_layer.equations import (
    COEFFICIENTS,
    FORWARD,
    HOURS,
    IN_C,
    IN_M,
    IN_P,
    IN_S,
    POOLS,
    REVERSE,
    RH,
    K,
    R,
    desorbed,
    jacobian,
    moisture,
    rates,
)
from kernels.mimics.one_layer.lanes import (
    FREE,
    LANES,
    Search,
    again,
    coefficients_of,
    enter,
    judge,
    search,
    stepper,
)
from kernels.mimics.one_layer.linear import forward, reverse
from kernels.mimics.one_layer.periodic import Year, map_work, mean_coefficients, periodic, step
from kernels.mimics.one_layer.sets import D1, D2, STARTED
from kernels.mimics.one_layer.stability import is_stable
from kernels.mimics.one_layer.steady import cold_start, relative_rate, seeded, steady
from kernels.numerics.copying import copy_row, copy_rows
from kernels.numerics.small_systems import Work, work

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


@block
def desorption(clay: F8, rows: F8, rates: F8) -> None:
    """Fill rates of desorption (L, S), yr-1, of rows (1 or L, S, parameters)."""
    for at in range(len(rates)):
        for sample in range(rates.shape[1]):
            row = rows[min(at, len(rows) - 1), sample]
            rates[at, sample] = HOURS * desorbed(clay[at], row[D1], row[D2])


@equation
def _coefficients(row: F8, d: F8, k: F8) -> int:
    return coefficients(
        row, d[LITTER], d[NPP], d[TEMPERATURE], d[CLAY], d[LIGNIN_N], d[DEPTH], d[F_W], k
    )


@equation
def carbon_input(k: F8) -> float:
    """Return all litter, mg C cm-3 h-1."""
    return float((k[IN_M] + k[IN_P]) + (k[IN_S] + k[IN_C]))


class Wanted(NamedTuple):
    """What a search for steady states is given and fills.

    Attributes
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

    most: int
    sign: bool
    rows: F8
    bounds: F8
    drivers: F8
    pools: F8
    progress: F8
    jacobians: F8
    status: U1


@equation
def _opened(of: Wanted, at: int, sample: int, k: F8) -> int:
    """Fill a member's coefficients; return its status."""
    row, status = of.rows[at % len(of.rows), sample], int(of.status[at, sample])
    if status == OK:
        status = check(row, of.bounds[0], of.bounds[1])
    if status == OK:
        status = _coefficients(row, of.drivers[at, 0], k)
    return status


@equation
def _keep_steady(
    of: Wanted, at: int, sample: int, solves: int, k: F8, y: F8, w: Work
) -> None:  # fmt: skip
    """Keep what a search has found; ``w`` has the rates and their slopes there."""
    of.progress[at, sample, 0], of.progress[at, sample, 1] = solves, relative_rate(y, w.f)
    copy_row(y, of.pools[at, sample])
    of.pools[at, sample, RH] = w.f[RH] * HOURS
    of.pools[at, sample, INPUT] = carbon_input(k) * HOURS
    if of.sign:
        of.progress[at, sample, 2] = 1.0 if is_stable(w.j) else 0.0
    if of.jacobians.shape[1] > 0:
        copy_rows(w.j[:POOLS], of.jacobians[at, sample])


def _searcher(form: int, step: Callable[[Search], None]) -> Callable[[Wanted], None]:
    """Return the equation that fills the steady state of every member, for a form of uptake."""

    @equation
    def states(of: Wanted) -> None:
        s, w, k, y = search(), work(), np.empty(COEFFICIENTS), np.empty(POOLS)
        samples, waiting, going = of.pools.shape[1], 0, 0
        while waiting < of.status.size or going > 0:
            for lane in range(LANES):
                while s.member[lane] == FREE and waiting < of.status.size:
                    at, sample = waiting // samples, waiting % samples
                    of.status[at, sample] = _opened(of, at, sample, k)
                    if of.status[at, sample] == OK:
                        cold_start(y)
                        enter(s, lane, waiting, k, y)
                        going += 1
                    waiting += 1
            if going == 0:
                return
            step(s)
            for lane in range(LANES):
                member = s.member[lane]
                ended = FREE if member == FREE else judge(s, lane, of.most, y)
                if ended == FREE:
                    continue
                at, sample = member // samples, member % samples
                of.status[at, sample] = ended
                if ended == OK:
                    coefficients_of(s, lane, k)
                    rates(form, k, y, w.f)
                    jacobian(form, k, y, w.j)
                    if not seeded(y, w.j):
                        _keep_steady(of, at, sample, s.solves[lane], k, y, w)
                    elif s.solves[lane] < of.most:
                        again(s, lane, y)
                        continue
                    else:
                        of.status[at, sample] = NOT_CONVERGED
                s.member[lane] = FREE
                going -= 1

    return states


_forward_states = _searcher(FORWARD, stepper(forward))
_reverse_states = _searcher(REVERSE, stepper(reverse))


@block
def forward_states(of: Wanted) -> None:
    """Fill the steady state of every member of the forward form."""
    _forward_states(of)


@block
def reverse_states(of: Wanted) -> None:
    """Fill the steady state of every member of the reverse form."""
    _reverse_states(of)


STATES = {"forward": forward_states, "reverse": reverse_states}
"""Blocks that search for steady states, by form."""


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
        Rows of a transient have what multiplies the pools of the start behind the others.
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
        if len(row) > STARTED:
            for i in range(POOLS):
                y[i] *= row[STARTED]
        h, t = 1.0, 0
        while t < len(drivers) and status[s] == OK:
            status[s] = _coefficients(row, drivers[t], k)
            if status[s] == OK:
                status[s], h, respired = step(form, integrator, k, y, hours, h, tolerance, w)
                copy_row(y, made[s, t])
                made[s, t, RH], made[s, t, INPUT] = respired, carbon_input(k) * hours
            t += 1
