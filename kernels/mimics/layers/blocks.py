"""MIMICS in layers: the loops over locations and members, lane by lane."""

import numpy as np

from kernels.contract.arrays import F8, I8, U1
from kernels.contract.build import block, equation
from kernels.contract.status import NOT_CONVERGED, OK
from kernels.mimics.layers.block_tridiagonal import Profile, profile_work
from kernels.mimics.layers.carbon14 import DECAY, history, krylov_work
from kernels.mimics.layers.carbon14 import SPACE as HISTORY_SPACE
from kernels.mimics.layers.equations import input_of, layers
from kernels.mimics.layers.stability import SPACE, full_jacobian, nearest_modes
from kernels.mimics.layers.steady import cold_starts, profile_steady
from kernels.mimics.layers.stepping import advance, profile_spinup
from kernels.mimics.one_layer.coefficients import check
from kernels.mimics.one_layer.equations import BETA, HOURS, IN_C, IN_M, IN_P, IN_S, POOLS, RH
from kernels.numerics.copying import copy_rows

# Columns of results: the pools, then respiration and litter.
INPUT = RH + 1
COLUMNS = RH + 2

NONE, SIGN, SPECTRUM = 0, 1, 2
STABILITIES = ("none", "sign", "spectrum")

FROM_ABOVE = 1.02
"""Density exponent from whose equilibrium that of a smaller one is found where the cold start
leads nowhere."""


@equation
def opened(row: F8, bounds: F8, site: F8, thickness: F8, w: Profile) -> int:
    """Fill a member's coefficients; return its status."""
    status = check(row, bounds[0], bounds[1])
    return layers(row, site, thickness, w.t, w.share, w.d, w.k) if status == OK else status


@equation
def _exponent(k: F8, beta: float) -> None:
    for n in range(len(k)):
        k[n, BETA] = beta


@equation
def settle(decay: float, y: F8, most: int, w: Profile) -> tuple[int, int, float]:
    """Find the equilibrium from the cold start; return status, solves and residual (yr-1)."""
    cold_starts(y)
    status, solves, residual = profile_steady(decay, y, most, w)
    beta = w.k[0, BETA]
    if status != NOT_CONVERGED or beta >= FROM_ABOVE:
        return status, solves, residual
    cold_starts(y)
    _exponent(w.k, FROM_ABOVE)
    begun, before, residual = profile_steady(decay, y, most, w)
    _exponent(w.k, beta)
    if begun != OK:
        return NOT_CONVERGED, solves + before, residual
    status, after, residual = profile_steady(decay, y, most, w)
    return status, solves + before + after, residual


@equation
def _keep(y: F8, respired: F8, hours: float, k: F8, kept: F8) -> None:
    """Fill results (n, COLUMNS) from a state and what it respires."""
    for n in range(len(y)):
        for i in range(POOLS):
            kept[n, i] = y[n, i]
        kept[n, RH], kept[n, INPUT] = respired[n], input_of(k[n]) * hours


@block
def equilibria(
    most: int, rows: F8, bounds: F8, drivers: F8, thickness: F8, kept: F8, progress: F8,
    status: U1,
) -> None:  # fmt: skip
    """Fill the steady state of every member.

    Parameters
    ----------
    most : int
        Linear solves.
    rows : ndarray, shape (1 or L, S, PARAMETERS)
    bounds : ndarray, shape (2, PARAMETERS)
    drivers : ndarray, shape (L, DRIVERS)
    thickness : ndarray, shape (n,), cm
    kept : ndarray, shape (L, S, n, COLUMNS), mg C cm-3 and mg C cm-3 yr-1
    progress : ndarray, shape (L, S, 2)
        Linear solves, residual (yr-1).
    status : ndarray, shape (L, S), uint8
        Members that have one are left as they are.
    """
    w, y = profile_work(len(thickness)), np.empty((len(thickness), POOLS))
    respired = np.empty(len(thickness))
    for at in range(len(kept)):
        for s in range(kept.shape[1]):
            if status[at, s] == OK:
                status[at, s] = opened(rows[at % len(rows), s], bounds, drivers[at], thickness, w)
            if status[at, s] != OK:
                continue
            status[at, s], solves, residual = settle(0.0, y, most, w)
            progress[at, s, 0], progress[at, s, 1] = solves, residual
            for n in range(len(y)):
                respired[n] = w.f[n, RH] * HOURS
            _keep(y, respired, HOURS, w.k, kept[at, s])


@block
def spaces_of(
    rows: F8, bounds: F8, drivers: F8, thickness: F8, kept: F8, spaces: F8, dimensions: I8,
    status: U1,
) -> None:  # fmt: skip
    """Fill the modes nearest to growth of every member's equilibrium; see `nearest_modes`.

    Parameters
    ----------
    kept : ndarray, shape (L, S, n, COLUMNS)
        As `equilibria` leaves it.
    spaces, dimensions : ndarray, shapes (L, S, m, m) and (L, S)
    """
    w, q = profile_work(len(thickness)), krylov_work(len(thickness), SPACE)
    for at in range(len(kept)):
        for s in range(kept.shape[1]):
            if status[at, s] == OK:
                opened(rows[at % len(rows), s], bounds, drivers[at], thickness, w)
                dimensions[at, s] = nearest_modes(kept[at, s, :, :POOLS], q, w)
                copy_rows(q.h[:SPACE], spaces[at, s])


@block
def slopes_of(
    members: I8, rows: F8, bounds: F8, drivers: F8, thickness: F8, kept: F8, jacobians: F8
) -> None:
    """Fill the Jacobians of the equilibria of some members, yr-1; see `full_jacobian`.

    Parameters
    ----------
    members : ndarray, shape (N, 2), int64
        Location and sample of each.
    kept : ndarray, shape (L, S, n, COLUMNS)
        As `equilibria` leaves it.
    jacobians : ndarray, shape (N, 7 n, 7 n)
    """
    w = profile_work(len(thickness))
    for i in range(len(members)):
        at, s = members[i]
        if opened(rows[at % len(rows), s], bounds, drivers[at], thickness, w) == OK:
            full_jacobian(kept[at, s, :, :POOLS], w, jacobians[i])


@block
def spun_up(
    rule: int, change: float, years: int, tolerance: float, rows: F8, bounds: F8, drivers: F8,
    thickness: F8, kept: F8, progress: F8, status: U1,
) -> None:  # fmt: skip
    """Fill where the rule of a paper stops; see `equilibria` and `profile_spinup`.

    ``progress`` (L, S, 2) is filled with years and the change over the last.
    """
    count = len(thickness)
    w, y = profile_work(count), np.empty((count, POOLS))
    before, respired = np.empty((count, POOLS)), np.empty(count)
    for at in range(len(kept)):
        for s in range(kept.shape[1]):
            if status[at, s] == OK:
                status[at, s] = opened(rows[at % len(rows), s], bounds, drivers[at], thickness, w)
            if status[at, s] != OK:
                continue
            cold_starts(y)
            status[at, s], ran, last = profile_spinup(
                rule, change, 0.0, y, thickness, years, tolerance, respired, before, w
            )
            progress[at, s, 0], progress[at, s, 1] = ran, last
            _keep(y, respired, HOURS, w.k, kept[at, s])


@block
def series(
    steady: bool, most: int, tolerance: float, rows: F8, bounds: F8, drivers: F8,
    thickness: F8, kept: F8, status: U1,
) -> None:  # fmt: skip
    """Fill all years of every member of one location.

    Parameters
    ----------
    steady : bool
        Whether to begin with the equilibrium of the first year, or cold.
    rows, bounds, drivers : ndarray, shapes (S, PARAMETERS), (2, PARAMETERS) and (T, DRIVERS)
    kept : ndarray, shape (S, T, n, COLUMNS), mg C cm-3 at the end and over each year
    status : ndarray, shape (S,), uint8
    """
    count = len(thickness)
    w, y, respired = profile_work(count), np.empty((count, POOLS)), np.empty(count)
    for s in range(len(rows)):
        h, t = 24.0, 0
        cold_starts(y)
        while t < len(drivers) and status[s] == OK:
            status[s] = opened(rows[s], bounds, drivers[t], thickness, w)
            if status[s] == OK and t == 0 and steady:
                status[s], _, _ = settle(0.0, y, most, w)
            if status[s] == OK:
                status[s], h = advance(0.0, y, HOURS, h, tolerance, respired, w)
                _keep(y, respired, HOURS, w.k, kept[s, t])
            t += 1


@equation
def _fed(k: F8, fed: F8, fraction: float) -> None:
    """Make the litter of every layer a fraction of what it was, ``fed`` (n, 4)."""
    for n in range(len(k)):
        k[n, IN_M], k[n, IN_S] = fraction * fed[n, 0], fraction * fed[n, 1]
        k[n, IN_P], k[n, IN_C] = fraction * fed[n, 2], fraction * fed[n, 3]


@equation
def run_separately(
    atmosphere: F8, years: int, most: int, spin: bool, rule: int, change: float, limit: int,
    tolerance: float, thickness: F8, fed: F8, before: F8, respired: F8, y: F8, w: Profile,
) -> int:  # fmt: skip
    """Bring 14C, as if it were carbon, from its equilibrium to the last year.

    Returns the status; ``y`` (n, 7) is in units of modern carbon. All coefficients are those of
    the carbon run but for the litter, which carries its fraction modern.
    """
    for n in range(len(y)):
        fed[n, 0], fed[n, 1] = w.k[n, IN_M], w.k[n, IN_S]
        fed[n, 2], fed[n, 3] = w.k[n, IN_P], w.k[n, IN_C]
    _fed(w.k, fed, atmosphere[0])
    if spin:
        cold_starts(y)
        status, _, _ = profile_spinup(
            rule, change, DECAY, y, thickness, limit, tolerance, respired, before, w
        )
    else:
        status, _, _ = settle(DECAY, y, most, w)
    h, i = 24.0, 0
    while status == OK and i < years:
        _fed(w.k, fed, atmosphere[i])
        status, h = advance(DECAY, y, HOURS, h, tolerance, respired, w)
        i += 1
    return status


@block
def traced(
    rows: F8, bounds: F8, drivers: F8, atmosphere: F8, years: I8, thickness: F8, kept: F8,
    modern: F8, status: U1,
) -> None:  # fmt: skip
    """Fill the fractions modern of every member's pools, 14C a tracer of steady carbon.

    Parameters
    ----------
    atmosphere : ndarray, shape (L, Y)
        Fraction modern of the litter of each year, from the first on; see `history`.
    years : ndarray, shape (L,), int64
        Years to run.
    kept : ndarray, shape (L, S, n, COLUMNS)
        Steady carbon.
    modern : ndarray, shape (L, S, n, 8)
    status : ndarray, shape (L, S), uint8
    """
    count = len(thickness)
    w, q, y = profile_work(count), krylov_work(count, HISTORY_SPACE), np.empty((count, POOLS))
    x = np.zeros((count, POOLS + 1))
    for at in range(len(kept)):
        for s in range(kept.shape[1]):
            if status[at, s] != OK:
                continue
            opened(rows[at % len(rows), s], bounds, drivers[at], thickness, w)
            copy_rows(kept[at, s, :, :POOLS], y)
            if not history(y, atmosphere[at], years[at], q, x, w):
                status[at, s] = NOT_CONVERGED
            copy_rows(x, modern[at, s])


@block
def run_apart(
    most: int, spin: bool, rule: int, change: float, limit: int, tolerance: float, rows: F8,
    bounds: F8, drivers: F8, atmosphere: F8, years: I8, thickness: F8, kept: F8, modern: F8,
    status: U1,
) -> None:  # fmt: skip
    """Fill the fractions modern of every member's pools, 14C a run of its own, as in the paper.

    Parameters
    ----------
    most, spin, rule, change, limit, tolerance
        As carbon was brought to its equilibrium.
    atmosphere, years, kept, modern, status
        See `traced`.
    """
    count = len(thickness)
    w, y, fed = profile_work(count), np.empty((count, POOLS)), np.empty((count, 4))
    before, respired = np.empty((count, POOLS)), np.empty(count)
    for at in range(len(kept)):
        for s in range(kept.shape[1]):
            if status[at, s] != OK:
                continue
            opened(rows[at % len(rows), s], bounds, drivers[at], thickness, w)
            status[at, s] = run_separately(
                atmosphere[at], years[at], most, spin, rule, change, limit, tolerance,
                thickness, fed, before, respired, y, w,
            )  # fmt: skip
            for n in range(count):
                for i in range(POOLS):
                    modern[at, s, n, i] = y[n, i] / kept[at, s, n, i]
