"""CORPSE: lanes of members side by side, and the loop over their days.

A lane is one sample at one location. Slots of a tile are rows of `LANES` numbers one after the
other in one array, at offsets known when the loop is compiled: so LLVM sees that they do not
overlap, and the equations of a cohort run in vector registers.
"""

from typing import NamedTuple

import numpy as np

from kernels.contract.arrays import F8, I8
from kernels.contract.build import equation
from kernels.corpse.cohort.continuous import adaptive
from kernels.corpse.cohort.equations import (
    DT,
    PUBLISHED,
    Constants,
    Pools,
    enter,
    faster,
    step,
    warmth,
    wetness,
)
from kernels.corpse.cohort.sets import (
    ALPHA,
    EA,
    ET,
    EUP,
    EXUDED,
    FW_MIN,
    GAS,
    KC,
    MIN_M,
    RATE,
    RHIZ,
    T_MIC,
    T_PROT,
    THETA,
    VREF,
)
from kernels.numerics.copying import copy_row
from kernels.numerics.small_systems import Work, work

LANES = 16

# Slots of a state: seven pools, then what a year has respired and taken in.
POOLS = 7
CO2, INPUT = 7, 8
STATE = 9
CONSTANTS = 16
"""Slots of constants: those of the equations, then the reference rates of three species."""

# Indices that are never negative: numba lets signed ones count from the end, which no vector can.
(
    _0, _1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, _13, _14, _15,
) = (np.uint64(n * LANES) for n in range(CONSTANTS))  # fmt: skip


class Drivers(NamedTuple):
    """What the blocks read of a location's drivers, days in order.

    Attributes
    ----------
    temperature, theta_l, theta_f : ndarray, shape (L, n)
    labile, recalc : ndarray, shape (L, places, n), kg C m-2 d-1
        Litter of the soil and, where it is one, of the litter layer.
    npp : ndarray, shape (L, Y), g C m-2 yr-1
    clay, porosity : ndarray, shape (L,)
    """

    temperature: F8
    theta_l: F8
    theta_f: F8
    labile: F8
    recalc: F8
    npp: F8
    clay: F8
    porosity: F8


class Tile(NamedTuple):
    """Lanes of members: states, constants and drivers.

    Attributes
    ----------
    y, k : ndarray, shapes (cohorts, STATE * LANES) and (cohorts, CONSTANTS * LANES)
    climate : ndarray, shape (days, 3 * LANES)
        Rates of the three species over those at the reference.
    litter : ndarray, shape (days, places, 2 * LANES), kg C m-2 d-1
    exudate : ndarray, shape (years, places, LANES), kg C m-2 d-1
    tolerance : float
        Relative error of an adaptive step; 0 for the published step of a day.
    used : ndarray, shape (1,), int64
        Lanes that are members: vectors take all, what goes one by one takes these.
    """

    y: F8
    k: F8
    climate: F8
    litter: F8
    exudate: F8
    tolerance: float
    used: I8


@equation
def tile(cohorts: int, days: int, tolerance: float) -> Tile:
    """Return room for lanes."""
    places = (cohorts + 1) // 2
    return Tile(
        np.zeros((cohorts, STATE * LANES)),
        np.zeros((cohorts, CONSTANTS * LANES)),
        np.zeros((days, 3 * LANES)),
        np.zeros((days, places, 2 * LANES)),
        np.zeros((max(1, days // 365), places, LANES)),
        tolerance,
        np.full(1, LANES),
    )


@equation
def constants(row: F8, qmax: float, cohort: int) -> Constants:
    """Return what a cohort's day takes; cohorts are rhizosphere, bulk and litter layer."""
    rate = row[RATE] * qmax if cohort < 2 else 0.0
    share = row[RHIZ] if cohort == 0 else 1.0 - row[RHIZ] if cohort == 1 else 1.0
    return Constants(
        row[KC], row[MIN_M], 1.0 / row[T_MIC], row[EUP], row[EUP + 1], row[EUP + 2], row[ET],
        rate * row[ALPHA], rate * row[ALPHA + 1], rate * row[ALPHA + 2], 1.0 / row[T_PROT],
        share, 1.0 if cohort == 0 else 0.0,
    )  # fmt: skip


@equation
def exuded(row: F8, npp: float) -> float:
    """Return what is exuded in a day, kg C m-2; nothing where NPP is negative."""
    return max(0.0, float(row[EXUDED]) * npp / 1000.0 * DT)


@equation
def set_constants(t: Tile, lane: int, row: F8, qmax: float) -> None:
    """Fill the constants of a lane."""
    for c in range(len(t.k)):
        k = constants(row, qmax, c)
        slots = (
            k.k_c, k.min_m, k.per_mic, k.e1, k.e2, k.e3, k.et, k.q1, k.q2, k.q3, k.per_prot,
            k.share, k.exuded, row[VREF], row[VREF + 1], row[VREF + 2],
        )  # fmt: skip
        for n, value in enumerate(slots):
            t.k[c, n * LANES + lane] = value


@equation
def _wet_days(liquid: F8, frozen: F8, row: F8, wet: F8) -> None:
    least, theta_exp, gas_exp = row[FW_MIN], row[THETA], row[GAS]
    if theta_exp == PUBLISHED[0] and gas_exp == PUBLISHED[1]:
        for n in range(len(wet)):
            wet[n] = wetness(liquid[n], frozen[n], least, PUBLISHED[0], PUBLISHED[1])
    else:
        for n in range(len(wet)):
            wet[n] = wetness(liquid[n], frozen[n], least, theta_exp, gas_exp)


@equation
def _warm_days(temperature: F8, warm: F8) -> None:
    for n in range(len(warm)):
        warm[n] = warmth(temperature[n])


@equation
def _faster_days(wet: F8, warm: F8, activation: float, found: F8) -> None:
    for n in range(len(found)):
        found[n] = wet[n] * faster(warm[n], activation)


@equation
def rates_of_days(row: F8, d: Drivers, at: int, first: int, count: int, room: F8) -> None:
    """Fill the rates of days over those at the reference; none where it is dry.

    They are the first three rows of ``room`` (5, >= count). One loop each for water, warmth and
    species: powers of any exponent are calls, and loops with a call do not vectorise.
    """
    last = first + count
    wet, warm = room[3, :count], room[4, :count]
    _wet_days(d.theta_l[at, first:last], d.theta_f[at, first:last], row, wet)
    _warm_days(d.temperature[at, first:last], warm)
    for i in range(3):
        _faster_days(wet, warm, row[EA + i], room[i, :count])


@equation
def _same_climate(one: F8, other: F8) -> bool:
    for i in (EA, EA + 1, EA + 2, FW_MIN, GAS, THETA):
        if one[i] != other[i]:
            return False
    return True


@equation
def _place(column: F8, slot: int, tile: F8) -> None:
    """Put a lane's days into their slot of a tile (days, slots)."""
    for n in range(len(column)):
        tile[n, slot] = column[n]


@equation
def load(t: Tile, rows: F8, d: Drivers, members: I8, first: int, count: int, room: F8) -> None:
    """Fill the drivers of some days, from ``first``; they become days 0 to ``count``.

    ``members`` (LANES, 2) are locations and samples; ``room`` is for `rates_of_days`. Where
    neighbours share location, activation energies and moisture scalar they share the work.
    """
    last = first + count
    for lane in range(LANES):
        at, s = members[lane]
        row = rows[at % len(rows), s]
        known = lane > 0 and members[lane - 1, 0] == at
        if not known or not _same_climate(row, rows[at % len(rows), members[lane - 1, 1]]):
            rates_of_days(row, d, at, first, count, room)
        for i in range(3):
            _place(room[i, :count], i * LANES + lane, t.climate)
        for place in range(t.litter.shape[1]):
            _place(d.labile[at, place, first:last], lane, t.litter[:, place])
            _place(d.recalc[at, place, first:last], LANES + lane, t.litter[:, place])
        for year in range(max(1, count // 365)):
            t.exudate[year, 0, lane] = exuded(row, d.npp[at, first // 365 + year])


@equation
def day(y: F8, k: F8, climate: F8, litter: F8, exudate: F8) -> None:
    """Advance one cohort of all lanes by a day; its slots of CO2 and input grow."""
    for n in range(LANES):
        w = np.uint64(n)
        c = Constants(
            k[w], k[_1 + w], k[_2 + w], k[_3 + w], k[_4 + w], k[_5 + w], k[_6 + w], k[_7 + w],
            k[_8 + w], k[_9 + w], k[_10 + w], k[_11 + w], k[_12 + w],
        )  # fmt: skip
        pools = Pools(y[w], y[_1 + w], y[_2 + w], y[_3 + w], y[_4 + w], y[_5 + w], y[_6 + w])
        pools, came = enter(pools, litter[w], litter[_1 + w], exudate[w], c)
        v1, v2 = k[_13 + w] * climate[w], k[_14 + w] * climate[_1 + w]
        v3 = k[_15 + w] * climate[_2 + w]
        pools, went = step(pools, v1, v2, v3, c, DT)
        y[w], y[_1 + w], y[_2 + w], y[_3 + w] = pools.c1, pools.c2, pools.c3, pools.p1
        y[_4 + w], y[_5 + w], y[_6 + w] = pools.p2, pools.p3, pools.m
        y[_7 + w] += went
        y[_8 + w] += came


@equation
def lane_constants(t: Tile, c: int, lane: int) -> Constants:
    """Return the constants of a cohort in a lane."""
    k = t.k[c, lane::LANES]
    return Constants(
        k[0], k[1], k[2], k[3], k[4], k[5], k[6], k[7], k[8], k[9], k[10], k[11], k[12]
    )


@equation
def _continuous(
    t: Tile, c: int, lane: int, first: int, last: int, year: int, course: F8, w: Work
) -> None:
    """Advance one cohort of one lane in continuous time; NaN where that was not possible."""
    k, rates, place = lane_constants(t, c, lane), t.k[c, lane::LANES], c // 2
    y, h = t.y[c, lane::LANES].copy(), DT
    none = Pools(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    for n in range(first, last):
        litter, climate = t.litter[n, place], t.climate[n]
        came, all_of_it = enter(
            none, litter[lane], litter[LANES + lane], t.exudate[year, place, lane], k
        )
        fresh = Pools(came.c1 / DT, came.c2 / DT, 0.0, 0.0, 0.0, 0.0, came.m / DT)
        v1, v2 = rates[13] * climate[lane], rates[14] * climate[LANES + lane]
        v3 = rates[15] * climate[2 * LANES + lane]
        done, h, went = adaptive(y, fresh, v1, v2, v3, k, t.tolerance, h, w)
        if not done:
            y[:] = np.nan
            for later in range(n - first, len(course)):
                course[later, c, lane::LANES] = np.nan
            break
        y[CO2] += went
        y[INPUT] += all_of_it
        if len(course) > 0:
            for pool in range(POOLS):
                course[n - first, c, pool * LANES + lane] = y[pool]
            course[n - first, c, CO2 * LANES + lane] = went
            course[n - first, c, INPUT * LANES + lane] = all_of_it
    copy_row(y, t.y[c, lane::LANES])


@equation
def _release(y: F8, course: F8) -> None:
    """Keep a day; add it to the year, the same numbers in the same order as without."""
    for k in range(POOLS * LANES):
        course[k] = y[k]
    for k in range(CO2 * LANES, STATE * LANES):
        held, of_day = course[k], y[k]
        y[k], course[k] = held + of_day, of_day


@equation
def days(t: Tile, first: int, last: int, year: int, course: F8) -> None:
    """Advance all cohorts of all lanes through days of one year.

    ``course`` (days, cohorts, STATE * LANES) or of no day gets the state at the end of each day,
    with CO2 and input of that day.
    """
    if t.tolerance > 0.0:
        w = work()
        for c in range(len(t.y)):
            for lane in range(t.used[0]):
                _continuous(t, c, lane, first, last, year, course, w)
        return
    for n in range(first, last):
        for c in range(len(t.y)):
            place, sums = c // 2, t.y[c, CO2 * LANES :]
            if len(course) > 0:
                copy_row(sums, course[n - first, c, CO2 * LANES :])
                sums[:] = 0.0
            day(t.y[c], t.k[c], t.climate[n], t.litter[n, place], t.exudate[year, place])
            if len(course) > 0:
                _release(t.y[c], course[n - first, c])
