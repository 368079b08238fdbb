"""MIMICS in layers: the loops over locations and members, lane by lane."""

import numpy as np

from kernels.contract.arrays import F8, I8, U1
from kernels.contract.build import block, equation
from kernels.contract.status import NOT_CONVERGED, OK
from kernels.mimics.layers.block_tridiagonal import Profile, profile_work
from kernels.mimics.layers.carbon14 import DECAY, fractions, histories
from kernels.mimics.layers.equations import STARTED, input_of, layers, profile_rates
from kernels.mimics.layers.lanes import LANES, group, put, put_pools, take, take_pools
from kernels.mimics.layers.stability import SPACE, full_jacobian, krylov_work, nearest_modes
from kernels.mimics.layers.steady import (
    FREE,
    advance_all,
    cold_starts,
    enter,
    go_on,
    judge,
    relative_rates,
    search,
)
from kernels.mimics.layers.stepping import advance, profile_spinup
from kernels.mimics.one_layer.coefficients import check
from kernels.mimics.one_layer.equations import BETA, HOURS, IN_M, POOLS, RH
from kernels.numerics.copying import copy_rows

# Columns of results: the pools, then respiration and litter.
INPUT = RH + 1
COLUMNS = RH + 2

NONE, SIGN, SPECTRUM = 0, 1, 2
STABILITIES = ("none", "sign", "spectrum")


@equation
def opened(row: F8, bounds: F8, site: F8, thickness: F8, w: Profile) -> int:
    """Fill a member's coefficients; return its status."""
    status = check(row, bounds[0], bounds[1])
    return layers(row, site, thickness, w.t, w.share, w.d, w.k) if status == OK else status


@equation
def _keep(y: F8, respired: F8, hours: float, k: F8, kept: F8) -> None:
    """Fill results (n, COLUMNS) from a state and what it respires."""
    for n in range(len(y)):
        for i in range(POOLS):
            kept[n, i] = y[n, i]
        kept[n, RH], kept[n, INPUT] = respired[n], input_of(k[n]) * hours


@equation
def _litter_of(k: F8, litter: F8) -> None:
    """Copy the litter of every layer, (n, 4)."""
    for n in range(len(k)):
        for i in range(4):
            litter[n, i] = k[n, IN_M + i]


@equation
def _feed(k: F8, litter: F8, fraction: float) -> None:
    """Make the litter of every layer a fraction of some litter, (n, 4)."""
    for n in range(len(k)):
        for i in range(4):
            k[n, IN_M + i] = fraction * litter[n, i]


@block
def equilibria(
    most: int, decay: float, rows: F8, bounds: F8, drivers: F8, fed: F8, thickness: F8, kept: F8,
    progress: F8, status: U1,
) -> None:  # fmt: skip
    """Fill the steady state of every member.

    Parameters
    ----------
    most : int
        Linear solves of an attempt, of which there are up to three; see `layers.steady`.
    decay : float, h-1
        Of every pool: none of carbon, that of 14C where it is run as if it were carbon.
    rows : ndarray, shape (1 or L, S, PARAMETERS)
    bounds : ndarray, shape (2, PARAMETERS)
    drivers : ndarray, shape (L, DRIVERS)
    fed : ndarray, shape (L,)
        Part of the litter that counts.
    thickness : ndarray, shape (n,), cm
    kept : ndarray, shape (L, S, n, COLUMNS), mg C cm-3 and mg C cm-3 yr-1
    progress : ndarray, shape (L, S, 2)
        Linear solves, residual (yr-1).
    status : ndarray, shape (L, S), uint8
        Members that have one are left as they are.
    """
    count, samples, waiting, going = len(thickness), kept.shape[1], 0, 0
    z, s, w = group(count), search(), profile_work(count)
    respired, litter = np.empty(count), np.empty((count, 4))
    while waiting < status.size or going > 0:
        for lane in range(LANES):
            while s.member[lane] == FREE and waiting < status.size:
                at, sample = waiting // samples, waiting % samples
                if status[at, sample] == OK:
                    row = rows[at % len(rows), sample]
                    status[at, sample] = opened(row, bounds, drivers[at], thickness, w)
                if status[at, sample] == OK:
                    _litter_of(w.k, litter)
                    _feed(w.k, litter, fed[at])
                    put(z, lane, w.k, w.d)
                    enter(z, lane, s, waiting, w.k[0, BETA], w)
                    going += 1
                waiting += 1
        if going == 0:
            return
        advance_all(z, count, decay, s)
        for lane in range(LANES):
            member = s.member[lane]
            if member == FREE:
                continue
            ended = judge(z, lane, decay, most, s, w)
            if ended != FREE and not go_on(z, lane, s, ended, w):
                at, sample = member // samples, member % samples
                status[at, sample] = ended
                residual = _leave(z, lane, decay, respired, w, kept[at, sample])
                progress[at, sample, 0] = s.before[lane] + s.solves[lane]
                progress[at, sample, 1] = residual
                s.member[lane] = FREE
                going -= 1


@equation
def _leave(z: F8, lane: int, decay: float, respired: F8, w: Profile, kept: F8) -> float:
    """Fill the results (n, COLUMNS) of a lane; return the residual, yr-1."""
    take(z, lane, w.k, w.d)
    take_pools(z, lane, w.y)
    profile_rates(w.k, w.d, decay, w.y, w.f)
    for n in range(len(w.y)):
        respired[n] = w.f[n, RH] * HOURS
    _keep(w.y, respired, HOURS, w.k, kept)
    return float(relative_rates(w.y, w.f))


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
    tolerance: float, rows: F8, bounds: F8, drivers: F8, thickness: F8, begun: F8, kept: F8,
    status: U1,
) -> None:  # fmt: skip
    """Fill all years of every member of one location.

    Parameters
    ----------
    rows, bounds, drivers : ndarray, shapes (S, N), (2, N) and (T, DRIVERS)
        Of N = PARAMETERS + 1 the last multiplies the pools of the start.
    begun : ndarray, shape (S, n, COLUMNS), or of no member
        What `equilibria` makes of the first year, to begin with; else all begin cold.
    kept : ndarray, shape (S, T, n, COLUMNS), mg C cm-3 at the end and over each year
    status : ndarray, shape (S,), uint8
    """
    count = len(thickness)
    w, y, respired = profile_work(count), np.empty((count, POOLS)), np.empty(count)
    for s in range(len(rows)):
        h, t = 24.0, 0
        cold_starts(y)
        if len(begun) > 0:
            copy_rows(begun[s, :, :POOLS], y)
        for n in range(count):
            for i in range(POOLS):
                y[n, i] *= rows[s, STARTED]
        while t < len(drivers) and status[s] == OK:
            status[s] = opened(rows[s], bounds, drivers[t], thickness, w)
            if status[s] == OK:
                status[s], h = advance(0.0, y, HOURS, h, tolerance, respired, w)
                _keep(y, respired, HOURS, w.k, kept[s, t])
            t += 1


@block
def traced(
    rows: F8, bounds: F8, drivers: F8, shifts: F8, terms: F8, thickness: F8, kept: F8,
    modern: F8, status: U1,
) -> None:  # fmt: skip
    """Fill the fractions modern of every member's pools, 14C a tracer of steady carbon.

    Parameters
    ----------
    shifts, terms : ndarray, shapes (L,) and (L, TERMS + 1)
        Of each location's history; see `layers.carbon14`.
    kept : ndarray, shape (L, S, n, COLUMNS)
        Steady carbon.
    modern : ndarray, shape (L, S, n, 8)
    status : ndarray, shape (L, S), uint8
    """
    count, samples, waiting = len(thickness), kept.shape[1], 0
    z, w, which = group(count), profile_work(count), np.zeros(LANES, np.int64)
    own_shifts, own_terms = np.ones(LANES), np.zeros((terms.shape[1], LANES))
    while waiting < status.size:
        lanes = 0
        while lanes < LANES and waiting < status.size:
            at, s = waiting // samples, waiting % samples
            if status[at, s] == OK:
                opened(rows[at % len(rows), s], bounds, drivers[at], thickness, w)
                put(z, lanes, w.k, w.d)
                put_pools(z, lanes, kept[at, s, :, :POOLS])
                which[lanes], own_shifts[lanes] = waiting, shifts[at]
                for i in range(len(own_terms)):
                    own_terms[i, lanes] = terms[at, i]
                lanes += 1
            waiting += 1
        if lanes == 0:
            return
        histories(z, count, own_shifts, own_terms)
        for lane in range(lanes):
            at, s = which[lane] // samples, which[lane] % samples
            if not fractions(z, lane, kept[at, s, :, :POOLS], modern[at, s]):
                status[at, s] = NOT_CONVERGED


@block
def run_apart(
    spin: bool, rule: int, change: float, limit: int, tolerance: float, rows: F8, bounds: F8,
    drivers: F8, atmosphere: F8, years: I8, thickness: F8, begun: F8, kept: F8, modern: F8,
    status: U1,
) -> None:  # fmt: skip
    """Fill the fractions modern of every member's pools, 14C a run of its own, as in the paper.

    All coefficients are those of the carbon run but for the litter, which carries its fraction
    modern.

    Parameters
    ----------
    spin, rule, change, limit, tolerance
        Whether, and how, 14C is to be spun up as carbon was.
    atmosphere : ndarray, shape (L, Y)
        Fraction modern of the litter of each year, from the first on; see `weights`.
    years : ndarray, shape (L,), int64
        Years to run.
    begun : ndarray, shape (L, S, n, COLUMNS)
        What `equilibria` makes of the first year's litter where it is not, modern carbon.
    kept, modern, status : ndarray
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
            _litter_of(w.k, fed)
            if spin:
                cold_starts(y)
                _feed(w.k, fed, atmosphere[at, 0])
                status[at, s], _, _ = profile_spinup(
                    rule, change, DECAY, y, thickness, limit, tolerance, respired, before, w
                )
            else:
                copy_rows(begun[at, s, :, :POOLS], y)
            h, i = 24.0, 0
            while status[at, s] == OK and i < years[at]:
                _feed(w.k, fed, atmosphere[at, i])
                status[at, s], h = advance(DECAY, y, HOURS, h, tolerance, respired, w)
                i += 1
            for n in range(count):
                for c in range(POOLS):
                    modern[at, s, n, c] = y[n, c] / kept[at, s, n, c]
