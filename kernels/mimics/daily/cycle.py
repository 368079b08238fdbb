"""MIMICS as the testbed drives it: starts, the years that repeat, and the years that follow.

A cycle of years is a map of the pools onto themselves. Its fixed point is found by Newton's
method, as in `one_layer.periodic`; the slopes are propagated beside the pools, a day in
one step where the pools take 24. So they are not quite those of the map, each correction leaves
a hundredth of the error or less, and what is found is the fixed point of the hourly map itself.
"""

from typing import NamedTuple

import numpy as np

from kernels.contract.arrays import F8, I8, U1
from kernels.contract.build import block, equation
from kernels.contract.status import NOT_CONVERGED, OK
from kernels.mimics.daily.day import begin_day, crowd, end_day, hours, lane_status, no_change, push
from kernels.mimics.daily.lanes import (
    COURSE,
    DAILY,
    DAY,
    DRIVER,
    HOURS_A_DAY,
    LANES,
    LITTERS,
    MORTALITY,
    POOL,
    SPAN,
    TANGENT,
    group,
    place,
    productivity,
    settle,
)
from kernels.mimics.one_layer.coefficients import check
from kernels.mimics.one_layer.equations import BETA, COEFFICIENTS, POOLS, K, R
from kernels.mimics.one_layer.periodic import NEWTON_YEARS, Map, drifted, jump, map_work
from kernels.mimics.one_layer.reduced import equilibrium
from kernels.mimics.one_layer.sets import BETA as BETA_GIVEN
from kernels.mimics.one_layer.steady import SEED, cold_start, largest, longer, lose_the_extinct
from kernels.numerics.copying import copy_row
from kernels.numerics.small_systems import Work, work

DAYS = 365

REPEATS, UPDATE = 1e-10, 1e-9
"""A cycle returns where it began: relative changes of pools over it, and the last correction."""

GIVEN, SOLVED, ROUND = 0, 1, 2

# Columns of a year's results: pools, then mg C cm-3 and, of litter and debris, g C m-2.
SOIL_RH, LITTER, DEBRIS_RH = POOLS, POOLS + 1, POOLS + 2
COLUMNS = POOLS + 3


class Members(NamedTuple):
    """Members by number: location times samples, plus sample.

    Attributes
    ----------
    daily : tuple of ndarray, shape (L, n)
        Drivers in the order of `kernels.mimics.daily.lanes`, then respiration of debris.
    npp : ndarray, shape (L, Y)
    rows : ndarray, shape (1 or L, S, parameters)
    clay : ndarray, shape (L,)
    depth : ndarray, shape (L, S), cm
    """

    daily: tuple[F8, ...]
    npp: F8
    rows: F8
    clay: F8
    depth: F8


@equation
def location_of(members: Members, member: int) -> int:
    """Return where a member is."""
    location: int = member // members.rows.shape[1]
    return location


@equation
def parameters_of(members: Members, member: int) -> F8:
    """Return a member's row of parameters."""
    at_location = location_of(members, member) % len(members.rows)
    row: F8 = members.rows[at_location, member % members.rows.shape[1]]
    return row


@equation
def settle_member(z: F8, lane: int, members: Members, member: int) -> int:
    """Fill what a member's days share; return its status."""
    location, sample = location_of(members, member), member % members.rows.shape[1]
    clay, depth = members.clay[location], members.depth[location, sample]
    return settle(z, lane, parameters_of(members, member), clay, depth)


@equation
def put(z: F8, lane: int, y: F8) -> None:
    """Fill the pools of a lane."""
    for i in range(POOLS):
        z[place(POOL.m, i, lane)] = y[i]


@equation
def begin_year(z: F8, members: Members, which: I8, year: int) -> None:
    """Fill what the NPP of a year makes of turnover in every lane."""
    for lane in range(LANES):
        npp = members.npp[location_of(members, which[lane]), year]
        productivity(z, lane, parameters_of(members, which[lane]), npp)


@equation
def gather(members: Members, which: I8, first: int, d: F8) -> None:
    """Fill the drivers of a span of days, (SPAN, DAILY, LANES)."""
    for driver in range(DAILY):
        series = members.daily[driver]
        for lane in range(LANES):
            its = series[location_of(members, which[lane])]
            for day in range(SPAN):
                d[place(DRIVER.metabolic, day * DAILY + driver, lane)] = its[first + day]


@equation
def year_of(series: F8, year: int) -> float:
    """Return the sum of a year's days."""
    total = 0.0
    for day in range(DAYS * year, DAYS * (year + 1)):
        total += series[day]
    return total


@equation
def is_crowded(members: Members) -> bool:
    """Say whether any member's mortality depends on density."""
    for at_location in range(len(members.rows)):
        for sample in range(members.rows.shape[1]):
            if members.rows[at_location, sample, BETA_GIVEN] != 1.0:
                return True
    return False


# --- what members can be run ---


@block
def settle_all(members: Members, bounds: F8, status: U1) -> None:
    """Fill the status of members whose parameters are out of range."""
    z = group()
    for member in range(len(status)):
        if status[member] == OK:
            status[member] = check(parameters_of(members, member), bounds[0], bounds[1])
        if status[member] == OK:
            status[member] = settle_member(z, 0, members, member)


# --- where the search for the cycle begins ---


@equation
def of_means(members: Members, order: I8, years: int, most: int, pools: F8) -> None:
    """Fill the steady states of the mean coefficients of some years, (members, 7)."""
    z, d, which = group(), np.empty(SPAN * DAILY * LANES), np.empty(LANES, np.int64)
    mean, k, y, w = np.empty((BETA + 1) * LANES), np.empty(COEFFICIENTS), np.empty(POOLS), work()
    for first in range(0, len(order), LANES):
        for lane in range(LANES):
            which[lane] = order[min(first + lane, len(order) - 1)]
            settle_member(z, lane, members, which[lane])
        mean[:] = 0.0
        for year in range(years):
            begin_year(z, members, which, year)
            for start in range(DAYS * year, DAYS * (year + 1), SPAN):
                gather(members, which, start, d)
                for day in range(SPAN):
                    begin_day(z, d, day)
                    for i in range(len(mean)):
                        mean[i] += z[i]
        for lane in range(min(LANES, len(order) - first)):
            for i in range(BETA + 1):
                k[i] = mean[place(DAY.v_rm, i, lane)] / (years * DAYS)
            status, _, _ = equilibrium(k, y, most, w)
            if status != OK or y[R] == 0.0 or y[K] == 0.0:
                # What dies under the mean may well live through the seasons.
                cold_start(y)
            copy_row(y, pools[which[lane]])


# --- the years that repeat ---


@equation
def run_cycle(
    z: F8, d: F8, members: Members, which: I8, years: int, crowded: bool, sloping: bool
) -> None:
    """Advance every lane by the first years; the slopes of their end with their beginning, too."""
    half = HOURS_A_DAY // 2
    for year in range(years):
        begin_year(z, members, which, year)
        for start in range(DAYS * year, DAYS * (year + 1), SPAN):
            gather(members, which, start, d)
            for day in range(SPAN):
                begin_day(z, d, day)
                hours(z, half, crowded)
                if crowded:
                    crowd(z)
                if sloping:
                    push(z)
                hours(z, half, crowded)
                end_day(z)


@equation
def correct(
    z: F8, lane: int, y: F8, n: float, spun_up: float, made: Map, w: Work
) -> tuple[int, bool, float, float]:
    """Correct a lane's pools ``y``; return its status, whether it is done, ``n`` and the drift.

    Parameters
    ----------
    n : float
        Cycles that a correction is to be worth; 0 to go on with the end of this one.
    spun_up : float
        Relative change of a pool over a cycle at which going on ends.
    """
    for i in range(POOLS):
        made.end[i] = z[place(POOL.m, i, lane)]
        for row in range(POOLS):
            made.m[row, i] = z[place(TANGENT, POOLS * i + row, lane)]
    status = lane_status(z, lane)
    if status != OK:
        return status, True, n, 1e300
    change = drifted(y, made.end)
    if n == 0.0:
        copy_row(made.end, y)
        return OK, change < spun_up, n, change
    n = jump(y, made, n, w)
    if n == 0.0:
        return NOT_CONVERGED, True, n, change
    corrected = largest(w.x)
    for i in range(POOLS):
        y[i] += y[i] * w.x[i]
    lose_the_extinct(z[MORTALITY.beta + np.uint64(lane)], y)
    done = n > NEWTON_YEARS and change < REPEATS and corrected < UPDATE
    if done:
        for b in (R, K):
            if y[b] == 0.0 and made.m[b, b] > 1.0:
                # It could live on what the other leaves.
                y[b], done = SEED, False
    return OK, done, longer(n, corrected), change


@equation
def repeat(
    members: Members, order: I8, years: int, newton: bool, most: int, spun_up: float, pools: F8,
    progress: F8, status: U1,
) -> None:  # fmt: skip
    """Bring pools to the state at which the first years begin and end.

    Lanes that are done make room for members that wait; no lane knows of its neighbours.

    Parameters
    ----------
    order : ndarray, shape (m,), int64
        Members to run; their ``pools`` hold where to begin.
    newton : bool
        Whether to solve for that state, or to go round until it is there.
    most : int
        Cycles after which a member is given up.
    spun_up : float
        See `correct`.
    progress : ndarray, shape (members, 2)
        Years run, and the largest relative change of a pool over the last cycle.
    """
    z, d, which = group(), np.empty(SPAN * DAILY * LANES), np.full(LANES, order[0])
    y, n, left = np.empty((LANES, POOLS)), np.zeros(LANES), np.zeros(LANES, np.int64)
    made, w, crowded, waiting = map_work(), work(), is_crowded(members), 0
    while True:
        for lane in range(LANES):
            if left[lane] == 0 and waiting < len(order):
                which[lane], left[lane] = order[waiting], most
                settle_member(z, lane, members, which[lane])
                copy_row(pools[which[lane]], y[lane])
                n[lane] = 10.0 * NEWTON_YEARS if newton else 0.0
                waiting += 1
            put(z, lane, y[lane])
        if not left.any():
            return
        no_change(z)
        run_cycle(z, d, members, which, years, crowded, newton)
        for lane, member in enumerate(which):
            if left[lane] > 0:
                code, done, n[lane], moved = correct(z, lane, y[lane], n[lane], spun_up, made, w)
                progress[member, 0], progress[member, 1] = progress[member, 0] + years, moved
                left[lane] = 0 if done else left[lane] - 1
                copy_row(y[lane], pools[member])
                status[member] = NOT_CONVERGED if left[lane] == 0 and not done else code


# --- the years that follow ---


@equation
def record(z: F8, members: Members, member: int, lane: int, year: int, results: F8) -> None:
    """Fill a year's results, (COLUMNS,)."""
    location = location_of(members, member)
    for i in range(POOLS):
        results[i] = z[place(POOL.m, i, lane)]
    results[SOIL_RH] = z[COURSE.year + np.uint64(lane)]
    results[DEBRIS_RH] = year_of(members.daily[DAILY][location], year)
    results[LITTER] = 0.0
    for driver in range(LITTERS):
        results[LITTER] += year_of(members.daily[driver][location], year)


@equation
def follow(
    members: Members, order: I8, pools: F8, annual: F8, daily: F8, status: U1
) -> None:  # fmt: skip
    """Run all years of members from their pools.

    Parameters
    ----------
    order : ndarray, shape (m,), int64
    annual : ndarray, shape (m, Y, COLUMNS)
    daily : ndarray, shape (m, n, 8), or of no member
        Pools and respiration of soil, mg C cm-3, of every day.
    """
    z, d, which = group(), np.empty(SPAN * DAILY * LANES), np.empty(LANES, np.int64)
    crowded = is_crowded(members)
    for first in range(0, len(order), LANES):
        count = min(LANES, len(order) - first)
        for lane in range(LANES):
            which[lane] = order[first + min(lane, count - 1)]
            settle_member(z, lane, members, which[lane])
            put(z, lane, pools[which[lane]])
        for year in range(annual.shape[1]):
            begin_year(z, members, which, year)
            for lane in range(LANES):
                z[COURSE.year + np.uint64(lane)] = 0.0
            for start in range(DAYS * year, DAYS * (year + 1), SPAN):
                gather(members, which, start, d)
                for day in range(SPAN):
                    begin_day(z, d, day)
                    hours(z, HOURS_A_DAY, crowded)
                    end_day(z)
                    for lane in range(count if len(daily) > 0 else 0):
                        for i in range(POOLS):
                            daily[first + lane, start + day, i] = z[place(POOL.m, i, lane)]
                        daily[first + lane, start + day, POOLS] = z[
                            COURSE.respired + np.uint64(lane)
                        ]
            for lane in range(count):
                record(z, members, which[lane], lane, year, annual[first + lane, year])
        for lane in range(count):
            status[which[lane]] = lane_status(z, lane)


@block
def march(
    members: Members, order: I8, start: int, cycle: int, solves: int, most: int, spun_up: float,
    pools: F8, progress: F8, annual: F8, daily: F8, status: U1,
) -> None:  # fmt: skip
    """Find the start of members, or take them through all years, or both.

    One block, since whatever calls the loops of a day compiles them again.

    Parameters
    ----------
    start : int
        `GIVEN`: that of ``pools``; `SOLVED` for, with so many linear solves at first and ``most``
        corrections; or `ROUND`, going round ``most`` times at most, until ``spun_up``.
    cycle : int
        Years that the start repeats.
    pools, progress, annual, daily, status : ndarray
        See `repeat` and `follow`; ``annual`` of no member to find the start alone.
    """
    if start == SOLVED:
        of_means(members, order, cycle, solves, pools)
    if start != GIVEN:
        repeat(members, order, cycle, start == SOLVED, most, spun_up, pools, progress, status)
    if len(annual) > 0:
        follow(members, order, pools, annual, daily, status)
