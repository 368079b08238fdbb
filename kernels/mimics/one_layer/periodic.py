"""MIMICS under drivers that repeat: a year as a map, and the state that it returns to.

Plain spin-up repeats the year until the slowest pool is old. Here the fixed point of the map
is found by the continuation of the steady state, (1/n + 1 - M) dx = P(y) - y with n in years
and M the slopes of the map by differences: tens of years instead of hundreds to thousands.
"""

from typing import NamedTuple

import numpy as np

from kernels.contract.arrays import F8
from kernels.contract.build import equation
from kernels.contract.status import NOT_CONVERGED, NOT_FINITE, OK
from kernels.mimics.one_layer.equations import BETA, COEFFICIENTS, POOLS
from kernels.mimics.one_layer.steady import (
    ROUNDING,
    UPDATE,
    largest,
    longer,
    lose_the_extinct,
)
from kernels.mimics.one_layer.stepping import EULER, adaptive, euler
from kernels.numerics.copying import copy_row
from kernels.numerics.small_systems import Work, factorise, relative, solve

NEWTON_YEARS = 1e9
"""Years: beyond it 1/n is nothing beside the slowest rate, and the step is Newton's."""

NUDGE = 1e-6
"""Relative change of a pool by which the map is linearised."""

PATIENCE = 0.1
"""The slopes are kept while each change is smaller than the last by this factor."""


class Year(NamedTuple):
    """A year of steps.

    Attributes
    ----------
    form, integrator : int
    ks : ndarray, shape (T, COEFFICIENTS)
    hours : float
        Of each step.
    tolerance : float
        Of the adaptive integrator.
    """

    form: int
    integrator: int
    ks: F8
    hours: float
    tolerance: float


class Map(NamedTuple):
    """Work of the map: the end of the year, that of a nudged one, and the slopes (7, 7)."""

    end: F8
    nudged: F8
    m: F8


@equation
def map_work() -> Map:
    """Return the work of the map."""
    return Map(np.empty(POOLS), np.empty(POOLS), np.empty((POOLS, POOLS)))


@equation
def step(
    form: int, integrator: int, k: F8, y: F8, hours: float, h: float, tolerance: float, w: Work
) -> tuple[int, float, float]:
    """Advance ``y``; return status, next step (h) and what is respired, mg C cm-3."""
    if integrator != EULER:
        return adaptive(form, k, y, hours, h, tolerance, w)
    respired = euler(form, k, y, int(hours), w.f)
    for i in range(POOLS):
        # False for NaN, too. An explicit step may overshoot.
        if not (y[i] >= 0.0 and y[i] < 1e300):
            return NOT_FINITE, h, respired
    return OK, h, respired


@equation
def run_year(drivers: Year, y: F8, w: Work) -> int:
    """Advance ``y`` by a year; return the status.

    Every year begins with the same length of step: the map has to be smooth.
    """
    h = 1.0
    for t in range(len(drivers.ks)):
        status, h, _ = step(
            drivers.form,
            drivers.integrator,
            drivers.ks[t],
            y,
            drivers.hours,
            h,
            drivers.tolerance,
            w,
        )
        if status != OK:
            return status
    return OK


@equation
def mean_coefficients(ks: F8, mean: F8) -> None:
    """Fill the mean of the year, whose steady state is where the search begins."""
    for i in range(COEFFICIENTS):
        mean[i] = 0.0
        for t in range(len(ks)):
            mean[i] += ks[t, i]
        mean[i] /= len(ks)


@equation
def _linearise(drivers: Year, y: F8, made: Map, w: Work) -> int:
    """Fill the slopes of the end of the year with its beginning; return the status."""
    for col in range(POOLS):
        copy_row(y, made.nudged)
        made.nudged[col] += NUDGE * max(y[col], 1e-12)
        nudge = made.nudged[col] - y[col]
        status = run_year(drivers, made.nudged, w)
        if status != OK:
            return status
        for i in range(POOLS):
            made.m[i, col] = (made.nudged[i] - made.end[i]) / nudge
    return OK


@equation
def jump(y: F8, made: Map, n: float, w: Work) -> float:
    """Leave in ``w.x`` the relative change over n years, fewer where one would be too large.

    Return the years that it was; 0 if there is no such change.
    """
    while n > 1e-3:
        for row in range(POOLS):
            w.x[row] = made.end[row] - y[row]
            for col in range(POOLS):
                w.a[row, col] = -made.m[row, col]
            w.a[row, row] += 1.0 + 1.0 / n
        relative(y, w.a, w.x)
        if factorise(w.a, w.swap):
            solve(w.a, w.swap, w.x)
            if largest(w.x) < 1e299:
                return n
        n /= 4.0
    return 0.0


@equation
def drifted(y: F8, end: F8) -> float:
    """Return the largest relative change over a year of the pools that are there."""
    most = 0.0
    for i in range(POOLS):
        if y[i] > 0.0:
            most = max(most, abs(end[i] / y[i] - 1.0))
    return most


@equation
def periodic(drivers: Year, y: F8, most: int, made: Map, w: Work) -> tuple[int, int, float]:
    """Bring ``y``, positive at first, to the state at which the year begins and ends.

    Returns status, years run, and the largest relative change over the last of them.
    ``most`` years are tried.
    """
    n, before, years, drift, linearised = NEWTON_YEARS * 10.0, 1e300, 0, 1e300, False
    rounding = ROUNDING if drivers.integrator == EULER else max(ROUNDING, 10.0 * drivers.tolerance)
    while years < most:
        copy_row(y, made.end)
        status = run_year(drivers, made.end, w)
        years += 1
        if status == OK and not linearised:
            status = _linearise(drivers, y, made, w)
            years += POOLS
        if status != OK:
            return status, years, drift
        drift = drifted(y, made.end)
        n = jump(y, made, n, w)
        if n == 0.0:
            return NOT_CONVERGED, years, drift
        change = largest(w.x)
        for i in range(POOLS):
            y[i] += y[i] * w.x[i]
        lose_the_extinct(drivers.ks[0, BETA], y)
        if n > NEWTON_YEARS:
            if change < UPDATE or (change < rounding and change >= PATIENCE * before):
                return OK, years, drift
        linearised = n > NEWTON_YEARS and change < PATIENCE * before
        before, n = change, longer(n, change)
    return NOT_CONVERGED, years, drift
