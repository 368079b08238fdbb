"""Two boxes: the block that goes through all years and leaves some of them, and the highest."""

from math import isfinite, nan
from typing import Any

import numpy as np

from kernels.contract.arrays import F8, I8, U1
from kernels.contract.build import FIRST, GATHER, SECOND, block, equation, find_runs
from kernels.contract.status import NOT_FINITE, OK
from kernels.two_box.parts.equations import pool_year, share

ABREAST = 256
"""Members that go through all years side by side: what they have of a year is 2 KiB an array."""


@block
def soil_at(
    scheme: int,
    start: F8,
    times: F8,
    litter: F8,
    c_veg: F8,
    veg: I8,
    tau: F8,
    shift: F8,
    soil: I8,
    steps: I8,
    c_soil: F8,
    total: F8,
    most: F8,
    status: U1,
) -> None:
    """Fill soil, and soil with vegetation, at some steps, and the highest of all; hold no other.

    Parameters
    ----------
    start, times : ndarray, shapes (L,) and (1 or L, S)
        See `soil_years`.
    steps : ndarray, shape (k,)
        Increasing.
    c_soil, total : ndarray, shape (L, k, S)
    most : ndarray, shape (2, L, S)
    """
    runs, low, past = find_runs(veg, soil), soil.min(), soil.max() + 1
    lanes, part = np.empty((6, ABREAST)), np.empty((tau.shape[1], ABREAST))
    for at in range(most.shape[1]):
        above = litter[at], c_veg[at], veg
        below = start[at], times[at % len(times)], tau[at], shift[at], soil
        out = steps, c_soil[at], total[at], most[:, at], status[at]
        # The vegetations of a cross share rows of the soil: what a step of some of these multiplies
        # by is made once for all.
        for row in range(low, past, ABREAST):
            end, made = min(row + ABREAST, past), False
            for k in range(len(runs)):
                begin, stop = soil[runs[k, 0]], soil[runs[k, 1] - 1] + 1
                first, count = max(begin, row), min(stop, end) - max(begin, row)
                if runs[k, 2] == SECOND and count > 0:
                    if not made:
                        _parts(scheme, tau[at], shift[at], row, end, part)
                        made = True
                    sample, own = runs[k, 0] + first - begin, (part, first - row)
                    _with_one_vegetation(scheme, sample, count, above, below, own, lanes, out)
        for k in range(len(runs)):
            if runs[k, 2] != SECOND:
                for sample in range(runs[k, 0], runs[k, 1], ABREAST):
                    count = min(ABREAST, runs[k, 1] - sample)
                    _side_by_side(scheme, runs[k, 2], sample, count, above, below, lanes, out)


@equation
def _parts(scheme: int, tau: F8, shift: F8, begin: int, end: int, part: F8) -> None:
    """Fill the share of every year and of some rows, (T, rows)."""
    for t in range(1, len(tau)):
        tau_t = tau[t]
        for r in range(np.uintp(end - begin)):
            part[t, r] = share(scheme, tau_t + shift[np.uintp(begin) + r])


@equation
def _with_one_vegetation(
    scheme: int, sample: int, count: int, above: Any, below: Any, own: Any, lanes: F8, out: Any
) -> None:
    """Run neighbours in the soil's rows below one vegetation, four years at a time."""
    part, w = own[0], np.uintp(own[1])
    litter, c_veg, veg = above
    steps, c_soil, total, _, _ = out
    pool, high, most = lanes[0], lanes[1], lanes[2]
    v, n, years, k = np.uintp(veg[sample]), np.uintp(count), len(part), 0
    _begin(sample, count, above, below, lanes)
    if len(steps) and steps[0] == 0:
        for i in range(n):
            c_soil[k, sample + i], total[k, sample + i] = pool[i], c_veg[0, v] + pool[i]
        k += 1
    t = 1
    while t < years:
        end = steps[k] + 1 if k < len(steps) else years
        while t + 4 <= end:
            i0, i1, i2, i3 = litter[t, v], litter[t + 1, v], litter[t + 2, v], litter[t + 3, v]
            v0, v1, v2, v3 = c_veg[t, v], c_veg[t + 1, v], c_veg[t + 2, v], c_veg[t + 3, v]
            p0, p1, p2, p3 = part[t], part[t + 1], part[t + 2], part[t + 3]
            for i in range(n):
                a = pool_year(scheme, pool[i], i0, p0[w + i])
                b = pool_year(scheme, a, i1, p1[w + i])
                c = pool_year(scheme, b, i2, p2[w + i])
                d = pool_year(scheme, c, i3, p3[w + i])
                pool[i] = d
                high[i] = _higher(high[i], _higher(_higher(a, b), _higher(c, d)))
                a, b, c, d = v0 + a, v1 + b, v2 + c, v3 + d
                most[i] = _higher(most[i], _higher(_higher(a, b), _higher(c, d)))
            t += 4
        while t < end:
            fallen, standing, last = litter[t, v], c_veg[t, v], part[t]
            for i in range(n):
                pool[i] = pool_year(scheme, pool[i], fallen, last[w + i])
                high[i] = _higher(high[i], pool[i])
                most[i] = _higher(most[i], standing + pool[i])
            t += 1
        if k < len(steps):
            standing = c_veg[t - 1, v]
            for i in range(n):
                c_soil[k, sample + i], total[k, sample + i] = pool[i], standing + pool[i]
            k += 1
    _end(sample, count, lanes, out)


@equation
def _side_by_side(
    scheme: int, kind: int, sample: int, count: int, above: Any, below: Any, lanes: F8, out: Any
) -> None:
    """Run neighbours that share no vegetation, or nothing that a loop could use."""
    litter, c_veg, veg = above
    _, _, tau, shift, soil = below
    steps, c_soil, total, _, _ = out
    pool, high, most = lanes[0], lanes[1], lanes[2]
    fallen, standing, part = lanes[3], lanes[4], lanes[5]
    n, k = np.uintp(count), 0
    v, w = np.uintp(veg[sample]), np.uintp(soil[sample])
    _begin(sample, count, above, below, lanes)
    for t in range(len(tau)):
        tau_t = tau[t]
        if kind == GATHER:
            for i in range(n):
                row = np.uintp(veg[sample + i])
                fallen[i], standing[i] = litter[t, row], c_veg[t, row]
                part[i] = share(scheme, tau_t + shift[np.uintp(soil[sample + i])])
        else:
            for i in range(n):
                fallen[i], standing[i] = litter[t, v + i], c_veg[t, v + i]
            if kind == FIRST:
                part[:n] = share(scheme, tau_t + shift[w])
            else:
                for i in range(n):
                    part[i] = share(scheme, tau_t + shift[w + i])
        if t:
            for i in range(n):
                pool[i] = pool_year(scheme, pool[i], fallen[i], part[i])
                high[i] = _higher(high[i], pool[i])
                most[i] = _higher(most[i], standing[i] + pool[i])
        if k < len(steps) and steps[k] == t:
            for i in range(n):
                c_soil[k, sample + i], total[k, sample + i] = pool[i], standing[i] + pool[i]
            k += 1
    _end(sample, count, lanes, out)


@equation
def _higher(one: float, other: float) -> float:
    """Return the higher of two numbers."""
    return other if other > one else one


@equation
def _begin(sample: int, count: int, above: Any, below: Any, lanes: F8) -> None:
    """Fill pools of the first year, and the highest of soil and of all until then."""
    _, c_veg, veg = above
    start, times, tau, shift, soil = below
    for i in range(count):
        balanced = start * (tau[0] + shift[soil[sample + i]])
        lanes[0, i] = balanced * times[sample + i]
        lanes[1, i], lanes[2, i] = lanes[0, i], c_veg[0, veg[sample + i]] + lanes[0, i]


@equation
def _end(sample: int, count: int, lanes: F8, out: Any) -> None:
    """Fill the highest; give members that did not stay finite a status, and NaN."""
    _, c_soil, total, most, status = out
    for i in range(count):
        s = sample + i
        most[0, s], most[1, s] = lanes[1, i], lanes[2, i]
        # A pool that is not finite never becomes so again: the last year tells.
        if not isfinite(lanes[0, i]):
            status[s] = NOT_FINITE if status[s] == OK else status[s]
            most[:, s] = nan
            c_soil[:, s] = nan
            total[:, s] = nan
