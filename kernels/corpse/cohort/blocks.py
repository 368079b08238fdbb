"""CORPSE: the loops over locations and members, a tile of lanes at a time."""

from math import isfinite

import numpy as np

from kernels.contract.arrays import F8, I8, U1
from kernels.contract.build import block, equation
from kernels.contract.status import NOT_CONVERGED, NOT_FINITE, NOT_RUN, OK
from kernels.corpse.cohort.cycle import periodic, search, spun_up
from kernels.corpse.cohort.equations import DT, Constants, Pools, enter, q_max, step
from kernels.corpse.cohort.lanes import (
    CO2,
    INPUT,
    LANES,
    POOLS,
    STATE,
    Drivers,
    Tile,
    constants,
    days,
    exuded,
    load,
    rates_of_days,
    set_constants,
    tile,
)
from kernels.corpse.cohort.sets import MIN_M, STARTED, VREF
from kernels.corpse.cohort.steady import steady
from kernels.numerics.copying import copy_row

STEADY, COLD, SPINUP, GIVEN = 0, 1, 2, 3
STARTS = ("steady", "cold", "spinup")

MOST_CYCLES = 400
"""Cycles after which the search for a periodic state is given up."""


@block
def means(
    continuous: bool, rows: F8, d: Drivers, members: I8, pools: F8, co2: F8, status: U1
) -> None:
    """Fill the steady state of members under constant drivers.

    Parameters
    ----------
    continuous : bool
        Of continuous time; else the fixed point of the daily step.
    rows : ndarray, shape (1 or L, S, N)
    members : ndarray, shape (n, 2)
        Locations and samples.
    pools, co2 : ndarray, shapes (n, cohorts, 7) and (n, cohorts)
        kg C m-2, and kg C m-2 yr-1.
    status : ndarray, shape (n,), uint8
    """
    room = np.empty((5, 1))
    for i in range(len(members)):
        at, s = members[i]
        row = rows[at % len(rows), s]
        rates_of_days(row, d, at, 0, 1, room)
        v1, v2, v3 = row[VREF] * room[0, 0], row[VREF + 1] * room[1, 0], row[VREF + 2] * room[2, 0]
        qmax, ex = q_max(d.clay[at], d.porosity[at]), exuded(row, d.npp[at, 0])
        for c in range(pools.shape[1]):
            k = constants(row, qmax, c)
            labile, recalc = d.labile[at, c // 2, 0], d.recalc[at, c // 2, 0]
            given = ex if c < 2 else 0.0
            found, y, went = _mean(continuous, labile, recalc, given, v1, v2, v3, k)
            if not found:
                status[i] = NOT_CONVERGED
            for n, pool in enumerate((y.c1, y.c2, y.c3, y.p1, y.p2, y.p3, y.m)):
                pools[i, c, n] = pool
            co2[i, c] = went


@equation
def _mean(
    continuous: bool, labile: float, recalc: float, exudate: float, v1: float, v2: float,
    v3: float, k: Constants,
) -> tuple[bool, Pools, float]:  # fmt: skip
    """Return whether there is a steady state, its pools and its CO2, kg C m-2 yr-1."""
    none = Pools(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    fresh, came = enter(none, labile, recalc, exudate, k)
    j1, j2, j_m = fresh.c1 / DT, fresh.c2 / DT, fresh.m / DT
    if continuous:
        found, y = steady(j1, j2, j_m, v1, v2, v3, k, 0.0)
        return found, y, came / DT
    found, y = steady(j1, j2, j_m, v1, v2, v3, k, DT)
    # What the day respires, not what enters, so that a wrong state would show.
    begun, _ = enter(y, labile, recalc, exudate, k)
    _, went = step(begun, v1, v2, v3, k, DT)
    return found, y, went / DT


@equation
def cold(t: Tile, rows: F8, members: I8, initial: F8) -> None:
    """Fill the testbed's initial state.

    All is in the rhizosphere, none in bulk, and as much again in the litter layer, if there is one.
    """
    t.y[:, :] = 0.0
    for lane in range(LANES):
        at, s = members[lane]
        living = rows[at % len(rows), s, MIN_M]
        for c in range(0, len(t.y), 2):
            for i in range(3):
                t.y[c, i * LANES + lane] = (1.0 - living) * initial[i]
                t.y[c, 6 * LANES + lane] += living * initial[i]


@block
def series(
    start: int, cycle: int, most_years: int, tolerance: float, initial: F8, rows: F8, d: Drivers,
    members: I8, begun: F8, made: F8, flux: F8, course: F8, progress: F8, status: U1,
) -> None:  # fmt: skip
    """Fill all years of some members.

    Parameters
    ----------
    start, cycle, most_years : int
        Where the first year begins, of `STARTS` or `GIVEN`; years of the cycle that makes it;
        limit of a spin-up.
    tolerance : float
        Of an adaptive step; 0 for the published step of a day.
    initial : ndarray, shape (3,), kg C m-2
        Species of a cold start.
    rows : ndarray, shape (1 or L, S, N + 1)
        Last, what multiplies the pools of a start that is not given.
    members : ndarray, shape (n, 2)
        Locations and samples; neighbours of one location share work.
    begun : ndarray, shape (n, cohorts, 7), kg C m-2
        Filled, or what is given.
    made : ndarray, shape (n, Y, cohorts, 7), kg C m-2
        At the end of years.
    flux : ndarray, shape (n, Y, cohorts, 2), kg C m-2 yr-1
        CO2 and input of years.
    course : ndarray, shape (n, 365 Y, cohorts, 9), or of no member
        Pools at the end of days, CO2 and input of each.
    progress : ndarray, shape (n, 2)
        Cycles run for the start, and the largest relative change over the last.
    status : ndarray, shape (n,), uint8
    """
    searching = start == STEADY or start == SPINUP
    cohorts, held = begun.shape[1], 365 * (cycle if searching else 1)
    t, room, s = tile(cohorts, held, tolerance), np.empty((5, held)), search(cohorts)
    lanes, codes = np.empty((LANES, 2), np.int64), np.empty(LANES, np.uint8)
    told = np.zeros((LANES, 2))
    for first in range(0, len(members), LANES):
        width = min(LANES, len(members) - first)
        for lane in range(LANES):
            # The last lanes of the last tile repeat its last member.
            lanes[lane] = members[first + min(lane, width - 1)]
            at, n = lanes[lane]
            set_constants(t, lane, rows[at % len(rows), n], q_max(d.clay[at], d.porosity[at]))
        codes[:], told[:, :], t.used[0] = OK, 0.0, width
        cold(t, rows, lanes, initial)
        if searching:
            load(t, rows, d, lanes, 0, held, room)
        # Lanes that are no members of their own are not waited for.
        codes[width:] = NOT_RUN
        if start == STEADY:
            periodic(t, s, MOST_CYCLES, codes, told)
        elif start == SPINUP:
            spun_up(t, s, most_years, codes, told)
        for lane in range(width):
            status[first + lane], progress[first + lane] = codes[lane], told[lane]
            for c in range(cohorts):
                if start == GIVEN:
                    t.y[c, lane : POOLS * LANES : LANES] = begun[first + lane, c]
                else:
                    at, n = lanes[lane]
                    for i in range(POOLS):
                        t.y[c, i * LANES + lane] *= rows[at % len(rows), n, STARTED]
                    begun[first + lane, c] = t.y[c, lane : POOLS * LANES : LANES]
        _years(t, rows, d, lanes, room, made, flux, course, first, width)
    _lost(made, status)


@equation
def _years(
    t: Tile, rows: F8, d: Drivers, lanes: I8, room: F8, made: F8, flux: F8, course: F8, first: int,
    width: int,
) -> None:  # fmt: skip
    """Step a tile through all years, and write its members down."""
    held = np.empty((365 if len(course) > 0 else 0, len(t.y), STATE * LANES))
    for year in range(made.shape[1]):
        load(t, rows, d, lanes, 365 * year, 365, room)
        t.y[:, CO2 * LANES :] = 0.0
        days(t, 0, 365, 0, held)
        for n in range(len(held)):
            for c in range(len(t.y)):
                for lane in range(width):
                    its = course[first + lane, 365 * year + n, c]
                    copy_row(held[n, c, lane::LANES], its)
        for lane in range(width):
            for c in range(len(t.y)):
                made[first + lane, year, c] = t.y[c, lane : POOLS * LANES : LANES]
                flux[first + lane, year, c, 0] = t.y[c, CO2 * LANES + lane]
                flux[first + lane, year, c, 1] = t.y[c, INPUT * LANES + lane]


@equation
def _lost(made: F8, status: U1) -> None:
    """Give members whose last state is no number their status; what is lost stays so."""
    for i in range(len(made)):
        last = 0.0
        for c in range(made.shape[2]):
            for n in range(POOLS):
                last += made[i, -1, c, n]
        if status[i] == OK and not isfinite(last):
            status[i] = NOT_FINITE
