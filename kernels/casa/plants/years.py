"""CASA plants: all years of all members, and what is kept of them."""

import numpy as np

from kernels.casa.plants.lanes import (
    CHUNK,
    COURSE,
    FROOT,
    GPP,
    LANES,
    LEAF,
    LEAST,
    LITTER,
    MEMBER,
    MOST,
    NPP,
    PHASE,
    RA,
    SLA,
    WOOD,
    begin_year,
    chunk,
    enter_lane,
    fill,
    lane_work,
)
from kernels.casa.shared.batches import any_asked
from kernels.casa.shared.equations import leaf_area
from kernels.casa.shared.phenology import YEAR
from kernels.contract.arrays import F8, I8, U1
from kernels.contract.build import block, equation
from kernels.contract.status import NOT_FINITE, OK

DAILY = (
    "litter_met",
    "litter_str",
    "leaf_litter_met",
    "leaf_litter_str",
    "froot_litter_met",
    "froot_litter_str",
    "mimics_litter_met",
    "mimics_litter_str",
    "litter_leaf",
    "litter_froot",
    "litter_cwd",
)
ANNUAL = ("annual_npp", "npp", "ra", "c_leaf", "c_wood", "c_froot", "lai")

BY_DAY = ("npp", "ra", "c_leaf", "c_wood", "c_froot", "lai")
"""Of the annual ones, those that have days; in the order of what `chunk` keeps, and leaf area."""

NEVER = -99.0
"""NPP of a year that the testbed takes for none."""


@equation
def shares(k: int, split: F8) -> tuple[float, float, float]:
    """Return the parts of leaf, fine root and wood litter in a daily output, by its place.

    ``split`` holds the metabolic parts of leaf and fine roots, of CASA and then of MIMICS.
    """
    leaf, froot = split[0], split[1]
    if k == 6 or k == 7:
        leaf, froot = split[2], split[3]
    if k == 10:
        return 0.0, 0.0, 1.0
    if k == 8 or k == 9:
        return (1.0, 0.0, 0.0) if k == 8 else (0.0, 1.0, 0.0)
    if k % 2 == 1:
        leaf, froot = 1.0 - leaf, 1.0 - froot
    return (0.0 if k == 4 or k == 5 else leaf), (0.0 if k == 2 or k == 3 else froot), 0.0


@equation
def keep_days(
    first: int, count: int, samples: int, splits: F8, lanes: I8, litter: F8, line: F8,
    daily: tuple[F8, ...],
) -> None:  # fmt: skip
    """Put a chunk of days into what is asked for of it, (L, n, S) each."""
    first_member, last_member = lanes[MEMBER, 0], lanes[MEMBER, count - 1]
    wide = LITTER * LANES
    if (
        samples > 1
        and last_member - first_member == count - 1
        and first_member // samples == last_member // samples
    ):
        at, s = first_member // samples, np.uintp(first_member % samples)
        part = np.empty((3, LANES))
        for k in range(len(daily)):
            if daily[k].shape[0] == 0:
                continue
            for w in range(count):
                part[0, w], part[1, w], part[2, w] = shares(k, splits[first_member + w])
            out = daily[k][at]
            for i in range(CHUNK):
                for w in range(np.uintp(count)):
                    out[first + i, s + w] = (
                        part[0, w] * litter[np.uintp(i * wide) + w]
                        + part[1, w] * litter[np.uintp(i * wide + LANES) + w]
                        + part[2, w] * litter[np.uintp(i * wide + 2 * LANES) + w]
                    )
        return
    for w in range(count):
        for i in range(CHUNK):
            line[i] = litter[i * wide + w]
            line[CHUNK + i] = litter[i * wide + LANES + w]
            line[2 * CHUNK + i] = litter[i * wide + 2 * LANES + w]
        member = lanes[MEMBER, w]
        at, s = member // samples, member % samples
        for k in range(len(daily)):
            if daily[k].shape[0] == 0:
                continue
            leaf, froot, wood = shares(k, splits[member])
            out = daily[k][at, first : first + CHUNK, s]
            for i in range(CHUNK):
                out[i] = leaf * line[i] + froot * line[CHUNK + i] + wood * line[2 * CHUNK + i]


@equation
def keep_year(
    y: int, count: int, samples: int, previous: bool, before: F8, lanes: I8, m: F8,
    annual: tuple[F8, ...],
) -> None:  # fmt: skip
    """Put a year into what is asked for of it, (L, Y, S) each, in the order of `ANNUAL`.

    ``before`` (LANES,) holds the NPP of the year before, or what says that there was none.
    """
    for w in range(count):
        npp, half = m[NPP + w], 0.5 * m[GPP + w]
        driving = before[w] if previous and before[w] > NEVER else half
        before[w] = npp
        leaf, sla = m[LEAF + w], m[SLA + w]
        lai = leaf_area(leaf, sla, m[LEAST + w], m[MOST + w])
        wood, froot = m[WOOD + w], m[FROOT + w]
        results = (driving, npp, m[RA + w], leaf, wood, froot, lai)
        at, s = lanes[MEMBER, w] // samples, lanes[MEMBER, w] % samples
        for k in range(len(results)):
            if annual[k].shape[0] > 0:
                annual[k][at, y, s] = results[k]


@equation
def keep_course(
    first: int, count: int, samples: int, lanes: I8, m: F8, course: F8, by_day: tuple[F8, ...]
) -> None:
    """Put a chunk of days into what is asked for, (L, n, S) each, in the order of `BY_DAY`."""
    if len(course) == 0:
        return
    for w in range(count):
        at, s = lanes[MEMBER, w] // samples, lanes[MEMBER, w] % samples
        for k in range(COURSE):
            if by_day[k].shape[0] > 0:
                for i in range(CHUNK):
                    by_day[k][at, first + i, s] = course[(i * COURSE + k) * LANES + w]
        if by_day[COURSE].shape[0] > 0:
            sla, least, most = m[SLA + w], m[LEAST + w], m[MOST + w]
            for i in range(CHUNK):
                leaf = course[(i * COURSE + 2) * LANES + w]
                by_day[COURSE][at, first + i, s] = leaf_area(leaf, sla, least, most)


@equation
def put(
    w: int, member: int, samples: int, rows: F8, pools: F8, phase: I8, lanes: I8, m: F8
) -> None:
    """Put a member into a lane."""
    at = member // samples
    enter_lane(w, at, member, rows[member], pools[member], phase[member], lanes, m)


@block
def all_years(
    linear: bool, previous: bool, years: int, samples: int,
    shed: F8, series: tuple[F8, ...], phases: U1,
    rows: F8, splits: F8, pools: F8, phase: I8, before: F8, status: U1,
    daily: tuple[F8, ...], by_day: tuple[F8, ...], annual: tuple[F8, ...],
) -> None:  # fmt: skip
    """Fill all years of all members; pools and phases become those of the end.

    Parameters
    ----------
    linear, previous : bool
        Ramp of cold; whether NPP of the year before drives soil, or half a year's GPP.
    years, samples : int
    shed, series, phases, rows, pools, phase, status : ndarray
        As in `kernels.casa.plants.cycle.repeating`.
    splits : ndarray, shape (M, 4)
        Metabolic parts; see `shares`.
    before : ndarray, shape (M,)
        NPP of the year before the first, or less than -99.
    daily, by_day, annual : tuple of ndarray, shapes (L, n, S) twice and (L, Y, S)
        In the order of `DAILY`, `BY_DAY` and `ANNUAL`; without a location where not asked for.
    """
    m, lanes, weather, tile, litter = lane_work()
    line, last_npp = np.empty(3 * CHUNK), np.empty(LANES)
    course = np.empty(CHUNK * COURSE * LANES if any_asked(by_day) else 0)
    member = 0
    while member < len(rows):
        count = 0
        while count < LANES and member < len(rows):
            if status[member] == OK:
                put(count, member, samples, rows, pools, phase, lanes, m)
                last_npp[count] = before[member]
                count += 1
            member += 1
        if count == 0:
            break
        for w in range(count, LANES):
            # Lanes that stay free go with the last member, for no result.
            put(w, lanes[MEMBER, count - 1], samples, rows, pools, phase, lanes, m)
        for y in range(years):
            soonest = begin_year(phases, lanes, m)
            for first in range(0, YEAR, CHUNK):
                begun = y * YEAR + first
                fill(linear, shed, series, begun, lanes, m, weather, tile)
                soonest = chunk(phases, first, soonest, lanes, m, tile, litter, course)
                keep_days(begun, count, samples, splits, lanes, litter, line, daily)
                keep_course(begun, count, samples, lanes, m, course, by_day)
            keep_year(y, count, samples, previous, last_npp, lanes, m, annual)
        for w in range(count):
            resident = lanes[MEMBER, w]
            for k in range(4):
                pools[resident, k] = m[LEAF + k * LANES + w]
            phase[resident], before[resident] = lanes[PHASE, w], last_npp[w]
            if not np.isfinite(pools[resident, 0] + pools[resident, 1] + pools[resident, 2]):
                status[resident] = NOT_FINITE
