"""CORPSE under drivers that repeat: the state at which a cycle begins and ends.

The map of a cycle, Phi, is stepped a little from the steady state under its mean, and then
ln Phi(x) = ln x is solved by Newton's method for the logarithms of the seven pools of each
cohort. Slopes are differences, and serve as long as each change is a small part of the last.
"""

from math import exp, isfinite, log
from typing import NamedTuple

import numpy as np

from kernels.contract.arrays import F8, I8, U1
from kernels.contract.build import equation
from kernels.contract.status import NOT_CONVERGED, NOT_FINITE, OK
from kernels.corpse.cohort.equations import DT, Pools, enter
from kernels.corpse.cohort.lanes import CO2, LANES, POOLS, STATE, Tile, days, lane_constants
from kernels.corpse.cohort.steady import steady
from kernels.numerics.copying import copy_rows
from kernels.numerics.small_systems import factorise, solve

REPEATS = 1e-10
"""Largest relative change of a pool over a cycle that repeats itself."""

UPDATE = 1e-8
"""Relative change that Newton's method would still make of a pool that is found."""

ROUNDING = 1e-6
"""Drift below which a cohort is only stepped where new slopes make it no smaller: those
of pools that are millions of years old are at rounding."""

POLISH = 2
"""Of the slopes of a cohort: they have done what they can."""

TRACE = 1e-12
"""Of the carbon of a cohort; the changes of smaller pools are relative to this. What a day uses
up leaves rounding behind."""

NUDGE = 1e-6
"""Relative change of a pool by which the map is linearised."""

PATIENCE = 0.1
"""The slopes are kept while each change is smaller than the last by this factor."""

FARTHEST = 2.0
"""Change of the logarithm of a pool, beyond that of the cycle itself, to which a Newton step is
shortened."""

LEAD = 20
"""Years of stepping before the first Newton step."""


class Search(NamedTuple):
    """Work of the search, by cohort and lane.

    Attributes
    ----------
    x, end : ndarray, shape (cohorts, STATE * LANES)
        State at the beginning and at the end of the cycle.
    slopes : ndarray, shape (cohorts, LANES, 7, 7)
        Of the logarithms at the end with those at the beginning.
    change : ndarray, shape (cohorts, LANES)
        Largest of the last Newton step.
    done, known : ndarray, shape (cohorts, LANES), bool
        Whether the cycle repeats itself; whether the slopes serve, or `POLISH`.
    """

    x: F8
    end: F8
    slopes: F8
    change: F8
    done: U1
    known: U1


@equation
def search(cohorts: int) -> Search:
    """Return the work of the search."""
    return Search(
        np.empty((cohorts, STATE * LANES)),
        np.empty((cohorts, STATE * LANES)),
        np.empty((cohorts, LANES, POOLS, POOLS)),
        np.empty((cohorts, LANES)),
        np.zeros((cohorts, LANES), np.uint8),
        np.zeros((cohorts, LANES), np.uint8),
    )


@equation
def cycle(t: Tile) -> None:
    """Advance the tile through all days that it holds; CO2 and input are of this cycle."""
    t.y[:, CO2 * LANES :] = 0.0
    for year in range(len(t.climate) // 365):
        days(t, 365 * year, 365 * (year + 1), year, np.empty((0, 0, 0)))


@equation
def from_mean(t: Tile, c: int, lane: int) -> bool:
    """Start a cohort at the steady state of its mean inputs and rates; say whether it has one."""
    k, rates, place = lane_constants(t, c, lane), t.k[c, lane::LANES], c // 2
    none = Pools(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    j1, j2, jm, v1, v2, v3 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    count = len(t.climate)
    for n in range(count):
        ex = t.exudate[n // 365, place, lane]
        fresh, _ = enter(none, t.litter[n, place, lane], t.litter[n, place, LANES + lane], ex, k)
        j1, j2, jm = j1 + fresh.c1, j2 + fresh.c2, jm + fresh.m
        v1, v2 = v1 + t.climate[n, lane], v2 + t.climate[n, LANES + lane]
        v3 += t.climate[n, 2 * LANES + lane]
    per, mean = 1.0 / (count * DT), 1.0 / count
    v1, v2, v3 = v1 * mean * rates[13], v2 * mean * rates[14], v3 * mean * rates[15]
    found, y = steady(j1 * per, j2 * per, jm * per, v1, v2, v3, k, DT)
    for n, pool in enumerate((y.c1, y.c2, y.c3, y.p1, y.p2, y.p3, y.m)):
        t.y[c, n * LANES + lane] = pool
    return found


@equation
def drift(x: F8, end: F8, lane: int) -> float:
    """Return the largest relative change of a lane's pools over a cycle; NaN stays."""
    most, total = 0.0, 0.0
    for n in range(POOLS):
        total += end[n * LANES + lane]
    for n in range(POOLS):
        before, after = x[n * LANES + lane], end[n * LANES + lane]
        if before != after:
            change = abs(after - before) / max(before, TRACE * total)
            most = change if not change <= most else most
    return most


@equation
def _lead(t: Tile, s: Search) -> None:
    """Step some years; protected pools, which are slow, go where they are going."""
    years = len(t.climate) // 365
    for _ in range(max(2, LEAD // years)):
        copy_rows(t.y, s.x)
        cycle(t)
        for c in range(len(t.y)):
            for lane in range(LANES):
                far = 1.0 - exp(-years * t.k[c, 10 * LANES + lane])
                for n in range(3, 6):
                    at = n * LANES + lane
                    moved = s.x[c, at] + (t.y[c, at] - s.x[c, at]) / far
                    if moved > 0.1 * t.y[c, at]:
                        t.y[c, at] = moved


@equation
def _linearise(t: Tile, s: Search) -> None:
    """Fill the slopes of the cohorts whose slopes do not serve, seven cycles for all."""
    for col in range(POOLS):
        copy_rows(s.x, t.y)
        for c in range(len(t.y)):
            for lane in range(LANES):
                t.y[c, col * LANES + lane] *= 1.0 + NUDGE
        cycle(t)
        for c in range(len(t.y)):
            for lane in range(LANES):
                if s.known[c, lane] or s.done[c, lane]:
                    continue
                nudge = log(1.0 + NUDGE)
                for row in range(POOLS):
                    one, other = t.y[c, row * LANES + lane], s.end[c, row * LANES + lane]
                    s.slopes[c, lane, row, col] = log(one / other) / nudge if other > 0.0 else 0.0


@equation
def _newton(s: Search, c: int, lane: int, a: F8, swap: I8, z: F8) -> float:
    """Leave the change of the logarithms in ``z``; return the largest, or NaN."""
    for row in range(POOLS):
        before, after = s.x[c, row * LANES + lane], s.end[c, row * LANES + lane]
        z[row] = log(after / before) if before > 0.0 and after > 0.0 else 0.0
        for col in range(POOLS):
            there = s.x[c, col * LANES + lane] > 0.0 and before > 0.0
            a[row, col] = -s.slopes[c, lane, row, col] if there else 0.0
        a[row, row] += 1.0
    if not factorise(a, swap):
        return np.nan
    solve(a, swap, z)
    most = 0.0
    for row in range(POOLS):
        most = abs(z[row]) if not abs(z[row]) <= most else most
    return most


@equation
def _advance(s: Search, c: int, lane: int, tolerance: float, a: F8, swap: I8, z: F8) -> None:
    """Take a Newton step of one cohort in one lane, unless it is found.

    Where there is no such step, take one of the map itself.
    """
    x, end = s.x[c], s.end[c]
    # An adaptive step is exact to its tolerance, and so is its map.
    repeats, update = max(REPEATS, 10.0 * tolerance), max(UPDATE, 1e3 * tolerance)
    size, before = _newton(s, c, lane, a, swap, z), s.change[c, lane]
    moved = drift(x, end, lane)
    polish = s.known[c, lane] == POLISH
    s.done[c, lane] = 1 if moved < repeats and (size < update or polish) else 0
    if s.known[c, lane] == 0 and moved < ROUNDING and size >= before:
        s.known[c, lane] = POLISH
    if s.done[c, lane] or s.known[c, lane] == POLISH:
        for n in range(POOLS):
            at = n * LANES + lane
            x[at] = x[at] if s.done[c, lane] else end[at]
        return
    beyond = 0.0
    for n in range(POOLS):
        at = n * LANES + lane
        there = isfinite(size) and x[at] > 0.0 and end[at] > 0.0
        z[n] = z[n] - log(end[at] / x[at]) if there else 0.0
        beyond = max(beyond, abs(z[n]))
    shorter = FARTHEST / beyond if beyond > FARTHEST else 1.0
    for n in range(POOLS):
        # A step is the map's and what goes beyond it: shortened, it leaves fast pools right.
        x[n * LANES + lane] = end[n * LANES + lane] * exp(shorter * z[n])
    s.known[c, lane] = 1 if size < PATIENCE * before and shorter == 1.0 else 0
    s.change[c, lane] = size if isfinite(size) else 1e300


@equation
def periodic(t: Tile, s: Search, most: int, status: U1, progress: F8) -> None:
    """Bring the lanes of a tile to the state at which their cycle begins and ends.

    Parameters
    ----------
    most : int
        Cycles after which a lane is given up.
    status : ndarray, shape (LANES,), uint8
        Lanes that have one are left out.
    progress : ndarray, shape (LANES, 2)
        Cycles run for a lane, and the largest relative change over the last of them.
    """
    a, swap, z = np.empty((POOLS, POOLS)), np.empty(POOLS, np.int64), np.empty(POOLS)
    s.done[:, :], s.known[:, :], s.change[:, :] = 0, 0, 1e300
    for lane in range(LANES):
        progress[lane, 0], progress[lane, 1] = max(2, LEAD // (len(t.climate) // 365)), 0.0
        for c in range(len(t.y)):
            if status[lane] == OK and not from_mean(t, c, lane):
                status[lane] = NOT_CONVERGED
            if status[lane] != OK:
                t.y[c, lane::LANES] = 0.0
                s.done[c, lane] = 1
    _lead(t, s)
    copy_rows(t.y, s.x)
    while True:
        copy_rows(s.x, t.y)
        cycle(t)
        copy_rows(t.y, s.end)
        wanted = False
        for lane in range(LANES):
            for c in range(len(t.y)):
                wanted = wanted or not (s.done[c, lane] or s.known[c, lane])
        if wanted:
            _linearise(t, s)
        if _all_found(t, s, most, status, progress, a, swap, z):
            break
    copy_rows(s.x, t.y)


@equation
def _all_found(
    t: Tile, s: Search, most: int, status: U1, progress: F8, a: F8, swap: I8, z: F8
) -> bool:
    """Take the step of every lane that is not found; say whether there is none left."""
    found = True
    for lane in range(LANES):
        ran, worst = 0.0, 0.0
        for c in range(len(t.y)):
            if not s.done[c, lane]:
                ran = max(ran, 1.0 if s.known[c, lane] else 1.0 + POOLS)
                worst = max(worst, drift(s.x[c], s.end[c], lane))
                _advance(s, c, lane, t.tolerance, a, swap, z)
        progress[lane, 0] += ran
        if ran > 0.0:
            progress[lane, 1] = worst
        if progress[lane, 0] >= most and status[lane] == OK:
            for c in range(len(t.y)):
                if not s.done[c, lane]:
                    status[lane] = NOT_CONVERGED
                    s.done[c, lane] = 1
        for c in range(len(t.y)):
            found = found and s.done[c, lane]
    return found


@equation
def spun_up(t: Tile, s: Search, most: int, status: U1, progress: F8) -> None:
    """Step the cycle again and again until every lane repeats itself; see `periodic`.

    ``most`` are years. A lane stays where it was when it first did, whatever its neighbours do.
    """
    years, ran = len(t.climate) // 365, 0
    s.done[:, :] = 0
    left = True
    while left:
        copy_rows(t.y, s.x)
        cycle(t)
        ran += years
        left = False
        for lane in range(LANES):
            if s.done[0, lane] or status[lane] != OK:
                continue
            worst = 0.0
            for c in range(len(t.y)):
                worst = max(worst, drift(s.x[c], t.y[c], lane))
            progress[lane, 0], progress[lane, 1] = ran // years, worst
            if worst < max(REPEATS, 10.0 * t.tolerance):
                s.done[0, lane] = 1
                copy_rows(t.y[:, lane::LANES], s.end[:, lane::LANES])
            elif ran >= most:
                status[lane] = NOT_CONVERGED if worst < 1e300 else NOT_FINITE
            else:
                left = True
    for lane in range(LANES):
        if s.done[0, lane]:
            copy_rows(s.end[:, lane::LANES], t.y[:, lane::LANES])
