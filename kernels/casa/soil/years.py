"""CASA-CNP litter and soil: starts and years of all members, and what is kept of them."""

import numpy as np

from kernels.casa.plants.lanes import CHUNK, LANES, MEMBER
from kernels.casa.shared.batches import any_asked
from kernels.casa.shared.equations import activity, log_dry, log_wet, tens_above
from kernels.casa.shared.phenology import YEAR
from kernels.casa.soil.lanes import (
    COMPOSED,
    FAST,
    IN,
    K_MET,
    MET,
    PASS,
    POOLS,
    RH,
    SLOW,
    STR,
    TILE,
    TOP,
    compose_chunk,
    enter_soil,
    fill_soil,
    soil_chunk,
    soil_day,
    soil_work,
    solve_composed,
)
from kernels.contract.arrays import F8, I8, U1
from kernels.contract.build import block, equation
from kernels.contract.status import NOT_CONVERGED, NOT_FINITE, OK, OUT_OF_RANGE

ANNUAL = (
    "casa_met",
    "casa_str",
    "casa_cwd",
    "casa_fast",
    "casa_slow",
    "casa_pass",
    "rh",
    "litter_input",
    "soil_litter_carbon",
)


@equation
def gather(
    member: int, samples: int, rows: F8, pools: F8, status: U1, lanes: I8, m: F8
) -> tuple[int, int]:
    """Put the next members that are well into lanes; return how many, and the one after."""
    count = 0
    while count < LANES and member < len(rows):
        if status[member] == OK:
            enter_soil(count, member // samples, member, rows[member], pools[member], lanes, m)
            count += 1
        member += 1
    for w in range(count if count > 0 else LANES, LANES):
        # Lanes that stay free go with the last member, for no result.
        resident = lanes[MEMBER, count - 1]
        enter_soil(w, resident // samples, resident, rows[resident], pools[resident], lanes, m)
    return count, member


@equation
def total_of(pools: F8) -> float:
    """Return the sum of pools, which is finite where all are."""
    total = 0.0
    for k in range(len(pools)):
        total += pools[k]
    return total


@equation
def too_fast(w: int, m: F8) -> bool:
    """Return whether more of a pool than there is would decompose in a day."""
    most = 0.0
    for k in range(POOLS):
        most = max(most, m[K_MET + k * LANES + w])
    return bool(most * m[TOP + w] > 1.0)


@block
def steady_soils(
    years: int, samples: int, series: tuple[F8, ...],
    rows: F8, pools: F8, status: U1,
) -> None:  # fmt: skip
    """Fill the pools that a cycle of years returns to: its days composed, then one solve.

    Parameters
    ----------
    series : tuple of ndarray, shape (L, n)
        Litter, temperature and water; the first 365 * years days are the cycle.
    rows, pools : ndarray, shapes (M, 22) and (M, 6)
    status : ndarray, shape (M,), uint8
        Members that have one are left as they are.
    """
    m, lanes, climate, tile = soil_work()
    composed, member = np.empty(COMPOSED * LANES), 0
    while member < len(rows):
        count, member = gather(member, samples, rows, pools, status, lanes, m)
        if count == 0:
            break
        for k in range(COMPOSED * LANES):
            composed[k] = 0.0
        for k in range(POOLS * LANES):
            m[k] = 0.0
        for first in range(0, years * YEAR, CHUNK):
            fill_soil(series, first, lanes, m, climate, tile)
            compose_chunk(m, composed, tile)
        for w in range(count):
            resident = lanes[MEMBER, w]
            solve_composed(w, m, composed, pools[resident])
            if too_fast(w, m):
                status[resident] = OUT_OF_RANGE
            elif not np.isfinite(total_of(pools[resident])):
                status[resident] = NOT_FINITE


@block
def spun_soils(
    years: int, most: int, tolerance: float, samples: int,
    series: tuple[F8, ...],
    rows: F8, pools: F8, progress: F8, status: U1,
) -> None:  # fmt: skip
    """Step a cycle again and again, until no pool changes by more than the tolerance.

    ``progress`` (M, 2) gets the cycles run and the relative change over the last. Others as in
    `steady_soils`; pools are those to begin with.
    """
    m, lanes, climate, tile = soil_work()
    begun, done, member = np.empty((LANES, POOLS)), np.zeros(LANES, np.bool_), 0
    while member < len(rows):
        count, member = gather(member, samples, rows, pools, status, lanes, m)
        if count == 0:
            break
        for w in range(LANES):
            done[w] = False
        for cycle in range(1, most + 1):
            for w in range(count):
                for k in range(POOLS):
                    begun[w, k] = m[k * LANES + w]
            for first in range(0, years * YEAR, CHUNK):
                fill_soil(series, first, lanes, m, climate, tile)
                soil_chunk(m, tile)
            for w in range(count):
                if done[w]:
                    continue
                resident, change = lanes[MEMBER, w], 0.0
                for k in range(POOLS):
                    now = m[k * LANES + w]
                    change = max(change, abs(now - begun[w, k]) / (abs(now) + 1e-3))
                    pools[resident, k] = now
                progress[resident, 0], progress[resident, 1] = cycle, change
                done[w] = change <= tolerance
            left = 0
            for w in range(count):
                left += 0 if done[w] else 1
            if left == 0:
                break
        for w in range(count):
            if not done[w]:
                status[lanes[MEMBER, w]] = NOT_CONVERGED


@block
def soil_years(
    years: int, samples: int, series: tuple[F8, ...],
    rows: F8, pools: F8, top: F8, status: U1, annual: tuple[F8, ...], daily: tuple[F8, ...],
) -> None:  # fmt: skip
    """Fill all years of all members; pools become those of the end.

    ``annual`` and ``daily`` hold arrays (L, Y, S) and (L, n, S) in the order of `ANNUAL`, without
    a location where not asked for. ``top`` (M,) is the largest activity met, of years before,
    too. Others as in `steady_soils`.
    """
    m, lanes, climate, tile = soil_work()
    member, by_day, held = 0, any_asked(daily), np.empty(2 * LANES)
    while member < len(rows):
        count, member = gather(member, samples, rows, pools, status, lanes, m)
        if count == 0:
            break
        for w in range(count):
            m[TOP + w] = top[lanes[MEMBER, w]]
        for y in range(years):
            for k in range(RH, IN + LANES):
                m[k] = 0.0
            for first in range(y * YEAR, (y + 1) * YEAR, CHUNK):
                fill_soil(series, first, lanes, m, climate, tile)
                for i in range(CHUNK):
                    if by_day:
                        hold(m, held)
                    soil_day(m, tile[i * TILE * LANES : (i + 1) * TILE * LANES])
                    if by_day:
                        for w in range(count):
                            keep_soil(w, first + i, samples, lanes, m, daily)
                        release(m, held)
            for w in range(count):
                keep_soil(w, y, samples, lanes, m, annual)
        for w in range(count):
            resident = lanes[MEMBER, w]
            top[resident] = m[TOP + w]
            for k in range(POOLS):
                pools[resident, k] = m[k * LANES + w]
            if too_fast(w, m):
                status[resident] = OUT_OF_RANGE
            elif not np.isfinite(total_of(pools[resident])):
                status[resident] = NOT_FINITE


@equation
def hold(m: F8, held: F8) -> None:
    """Put the year's sums aside, so that those of one day are seen, (2 * LANES,)."""
    for k in range(2 * LANES):
        held[k], m[RH + k] = m[RH + k], 0.0


@equation
def release(m: F8, held: F8) -> None:
    """Add a day to the year's sums: the same numbers in the same order as without."""
    for k in range(2 * LANES):
        m[RH + k] = held[k] + m[RH + k]


@equation
def keep_soil(w: int, at_step: int, samples: int, lanes: I8, m: F8, kept: tuple[F8, ...]) -> None:
    """Put a year or a day of a lane into what is asked for of it."""
    at, s = lanes[MEMBER, w] // samples, lanes[MEMBER, w] % samples
    for k in range(POOLS + 2):
        if kept[k].shape[0] > 0:
            kept[k][at, at_step, s] = m[k * LANES + w]
    if kept[POOLS + 2].shape[0] > 0:
        total = 0.0
        for pool in (MET, STR, FAST, SLOW, PASS):
            total += m[pool + w]
        kept[POOLS + 2][at, at_step, s] = total


@block
def mean_soils(
    samples: int, series: tuple[F8, ...],
    rows: F8, pools: F8, rh: F8, status: U1,
) -> None:  # fmt: skip
    """Fill the pools that constant drivers, (L,), do not change, and respiration, (M,), a day."""
    met, structural, cwd, soil, theta = series
    for n in range(len(rows)):
        at, row, x = n // samples, rows[n], pools[n]
        active = activity(
            row[19], row[20], row[21], tens_above(soil[at]), log_wet(theta[at]), log_dry(theta[at])
        )
        f, r, fastest = row[6:14], row[14:19], 0.0
        for k in range(POOLS):
            fastest = max(fastest, row[k])
        if status[n] == OK and fastest * active > 1.0:
            status[n] = OUT_OF_RANGE
        # Of every pool what decomposes is what arrives.
        of_met, of_str, of_cwd = met[at], structural[at], cwd[at]
        fast = f[0] * of_met + f[1] * of_str + f[3] * of_cwd
        slow = f[2] * of_str + f[4] * of_cwd + f[5] * fast
        passive = f[6] * fast + f[7] * slow
        x[0], x[1], x[2] = of_met, of_str, of_cwd
        x[3], x[4], x[5] = fast, slow, passive
        for k in range(POOLS):
            x[k] /= row[k] * active
        rh[n] = r[0] * of_met + r[1] * of_str + r[2] * of_cwd + r[3] * fast + r[4] * slow + passive
