"""CASA plants: years of many members, in lanes of 32 that a day's loop runs over.

A lane is one member at one location. All that a lane has of its own stands in one flat array, a
row of lanes after another at places known when compiling: then LLVM sees that no two overlap, and
vectorises the day. Rows that depend on the weather alone are made along days, for each location.
"""

import numpy as np

from kernels.casa.shared.equations import (
    allocation,
    cold,
    growth_efficiency,
    leaf_area,
    maintenance,
    warmth,
)
from kernels.casa.shared.phenology import GREENUP, YEAR
from kernels.contract.arrays import F8, I8, U1
from kernels.contract.build import equation

LANES = 32
CHUNK = 73
"""Days whose drivers are held in lanes at once; a fifth of a year."""

# Where rows of lanes begin: pools and sums; what members are told apart by, from AGE on; what its
# phase decides on.
(
    LEAF, WOOD, FROOT, BEFORE, NPP, RA, GPP,
    AGE, K_WOOD, K_FROOT, RM_WOOD, RM_FROOT, TO_N, TO_P, BASE, SLA, LEAST, MOST,
    COLD, DRY, PART_LEAF, PART_WOOD, PART_FROOT, WOODY,
    K_LEAF, A_LEAF, A_WOOD, A_FROOT, B_WOOD, B_FROOT,
) = range(0, 30 * LANES, LANES)  # fmt: skip
ROWS = 30

# Drivers of a day in lanes, and the litter it leaves.
TILE, LITTER = 4, 3
COURSE = 5
"""What a day leaves where it is asked for: NPP, Ra, leaf, wood, fine roots."""

# Columns of whole numbers of a lane: location, member, phase the year began with, phase, day of
# the year on which it turns.
AT, MEMBER, BEGAN, PHASE, TURN = range(5)


@equation
def weather(linear: bool, shed: F8, series: tuple[F8, ...], at: int, first: int, rows: F8) -> None:
    """Fill what a chunk of days has for every member of a location, (5 * CHUNK,).

    ``shed`` (L, 3) are temperature (K) and exponents of leaf loss; ``series`` (L, n) each are GPP,
    temperatures of air and soil, and btran.
    """
    limit, here = shed[at, 0], slice(first, first + CHUNK)
    gpp, air, soil, btran = series
    carbon, of_air, of_soil, water = gpp[at, here], air[at, here], soil[at, here], btran[at, here]
    for i in range(CHUNK):
        rows[i] = carbon[i]
    for i in range(CHUNK):
        rows[CHUNK + i] = warmth(of_air[i])
    for i in range(CHUNK):
        rows[2 * CHUNK + i] = warmth(of_soil[i])
    for i in range(CHUNK):
        rows[3 * CHUNK + i] = cold(linear, of_air[i], limit)
    for i in range(CHUNK):
        rows[4 * CHUNK + i] = 1.0 - water[i]
    for k in range(3, 5):
        shedding(rows[k * CHUNK : (k + 1) * CHUNK], shed[at, k - 2])


@equation
def shedding(parts: F8, exponent: float) -> None:
    """Take parts to their exponent, which is 3 in all published tables."""
    if exponent == 3.0:
        for i in range(CHUNK):
            parts[i] = parts[i] * parts[i] * parts[i]
    else:
        for i in range(CHUNK):
            parts[i] = parts[i] ** exponent


@equation
def all_at_one(lanes: I8) -> bool:
    """Return whether all lanes are at one location, as where samples are many."""
    for w in range(LANES):
        if lanes[AT, w] != lanes[AT, 0]:
            return False
    return True


@equation
def spread(i: int, rows: F8, m: F8, d: F8) -> None:
    """Fill a day's drivers of lanes that are all at one location, (TILE * LANES,)."""
    gpp, in_air, in_soil = rows[i], rows[CHUNK + i], rows[2 * CHUNK + i]
    by_cold, by_drought = rows[3 * CHUNK + i], rows[4 * CHUNK + i]
    for w in range(LANES):
        d[w], d[LANES + w], d[2 * LANES + w] = gpp, in_air, in_soil
        loss = m[COLD + w] * by_cold + m[DRY + w] * by_drought
        d[3 * LANES + w] = loss


@equation
def fill(
    linear: bool, shed: F8, series: tuple[F8, ...], first: int, lanes: I8, m: F8, rows: F8, tile: F8
) -> None:  # fmt: skip
    """Fill the drivers of a chunk of days in lanes, (CHUNK * TILE * LANES,)."""
    if all_at_one(lanes):
        weather(linear, shed, series, lanes[AT, 0], first, rows)
        total = 0.0
        for i in range(CHUNK):
            spread(i, rows, m, tile[i * TILE * LANES : (i + 1) * TILE * LANES])
            total += rows[i]
        for w in range(LANES):
            m[GPP + w] += total
        return
    held = -1
    for w in range(LANES):
        at = lanes[AT, w]
        if at != held:
            weather(linear, shed, series, at, first, rows)
            held = at
        by_cold, by_drought = m[COLD + w], m[DRY + w]
        total = 0.0
        for i in range(CHUNK):
            place = i * TILE * LANES + w
            tile[place] = rows[i]
            tile[place + LANES] = rows[CHUNK + i]
            tile[place + 2 * LANES] = rows[2 * CHUNK + i]
            loss = by_cold * rows[3 * CHUNK + i] + by_drought * rows[4 * CHUNK + i]
            tile[place + 3 * LANES] = loss
            total += rows[i]
        m[GPP + w] += total


@equation
def day(m: F8, d: F8, litter: F8) -> None:
    """Take every lane a day on: ``d`` (TILE * LANES,), ``litter`` (LITTER * LANES,).

    GPP less `maintenance` and growth respiration, by `growth_efficiency`, is NPP; it is allocated
    by fractions a of the phase, and turnover falls: dC/dt = a NPP - k C, Wang et al. (2010).
    """
    for w in range(LANES):
        leaf, wood, froot = m[LEAF + w], m[WOOD + w], m[FROOT + w]
        r_wood = maintenance(m[RM_WOOD + w], wood, d[LANES + w])
        r_froot = maintenance(m[RM_FROOT + w], froot, d[2 * LANES + w])
        y = growth_efficiency(
            m[BASE + w], leaf, m[BEFORE + w], m[TO_N + w],
            m[TO_P + w],
        )  # fmt: skip
        left = d[w] - r_wood - r_froot
        r_growth = (1.0 - y) * max(0.0, left)
        npp = left - r_growth
        most, least = m[MOST + w], m[LEAST + w]
        lai = leaf_area(leaf, m[SLA + w], least, most)
        # Read ahead of any choice: a loop that reads what it chose does not vectorise.
        a_leaf, a_wood = m[A_LEAF + w], m[A_WOOD + w]
        a_froot, b_wood, b_froot = (
            m[A_FROOT + w], m[B_WOOD + w], m[B_FROOT + w],
        )  # fmt: skip
        k_leaf = m[K_LEAF + w] + d[3 * LANES + w]
        a_leaf = 0.0 if lai >= most else a_leaf
        a_wood = b_wood if lai >= most else a_wood
        a_froot = b_froot if lai >= most else a_froot
        # A loss is borne by what respires; only then is their sum not zero.
        both = r_wood + r_froot
        by_wood, by_froot = r_wood / both, r_froot / both
        a_leaf = 0.0 if npp < 0.0 else a_leaf
        a_wood = by_wood if npp < 0.0 else a_wood
        a_froot = by_froot if npp < 0.0 else a_froot
        fell = (0.0 if lai <= least else k_leaf) * leaf
        fell_wood, fell_froot = m[K_WOOD + w] * wood, m[K_FROOT + w] * froot
        litter[w], litter[LANES + w], litter[2 * LANES + w] = fell, fell_froot, fell_wood
        m[BEFORE + w] = leaf
        m[LEAF + w] = max(0.0, leaf + (npp * a_leaf - fell))
        m[WOOD + w] = max(0.0, wood + (npp * a_wood - fell_wood))
        m[FROOT + w] = max(0.0, froot + (npp * a_froot - fell_froot))
        m[NPP + w] += npp
        m[RA + w] += both + r_growth


# --- phases: a lane turns four times a year, and only then is asked ---


@equation
def enter(phase: int, w: int, lanes: I8, m: F8) -> None:
    """Put a lane into a phase."""
    lanes[PHASE, w] = phase
    woody = m[WOODY + w] > 0.0
    parts = m[PART_LEAF + w], m[PART_WOOD + w], m[PART_FROOT + w]
    leaf, wood, froot = allocation(phase, woody, False, parts[0], parts[1], parts[2])
    m[A_LEAF + w], m[A_WOOD + w], m[A_FROOT + w] = leaf, wood, froot
    leaf, wood, froot = allocation(phase, woody, True, parts[0], parts[1], parts[2])
    m[B_WOOD + w], m[B_FROOT + w] = wood, froot
    m[K_LEAF + w] = 0.0 if phase == GREENUP else m[AGE + w]


@equation
def look_ahead(phases: U1, w: int, first: int, lanes: I8) -> None:
    """Find the day of this year on which a lane turns, or the year's length."""
    at, began, phase, turn = lanes[AT, w], lanes[BEGAN, w], lanes[PHASE, w], first
    while turn < YEAR and phases[at, began, turn] == phase:
        turn += 1
    lanes[TURN, w] = turn


@equation
def begin_year(phases: U1, lanes: I8, m: F8) -> int:
    """Set sums to zero and look for each lane's first turn; return the soonest."""
    soonest = YEAR
    for w in range(LANES):
        m[NPP + w] = m[RA + w] = m[GPP + w] = 0.0
        lanes[BEGAN, w] = lanes[PHASE, w]
        look_ahead(phases, w, 0, lanes)
        soonest = min(soonest, lanes[TURN, w])
    return soonest


@equation
def turn_lanes(phases: U1, today: int, lanes: I8, m: F8) -> int:
    """Turn the lanes whose day it is; return the next day on which one turns."""
    soonest = YEAR
    for w in range(LANES):
        if lanes[TURN, w] == today:
            enter(phases[lanes[AT, w], lanes[BEGAN, w], today], w, lanes, m)
            look_ahead(phases, w, today + 1, lanes)
        soonest = min(soonest, lanes[TURN, w])
    return soonest


@equation
def chunk(
    phases: U1, first: int, soonest: int, lanes: I8, m: F8, tile: F8, litter: F8, course: F8
) -> int:
    """Take every lane through a chunk of days of the year; return the next turn.

    ``tile`` (CHUNK * TILE * LANES,), ``litter`` (CHUNK * LITTER * LANES,); ``course``
    (CHUNK * COURSE * LANES,) or empty gets pools at the end of days, and NPP and Ra of each.
    """
    wide, long, by_day = TILE * LANES, LITTER * LANES, len(course) > 0
    for i in range(CHUNK):
        if first + i == soonest:
            soonest = turn_lanes(phases, soonest, lanes, m)
        held = course[i * COURSE * LANES : (i + 1) * COURSE * LANES]
        if by_day:
            hold(m, held)
        day(m, tile[i * wide : (i + 1) * wide], litter[i * long : (i + 1) * long])
        if by_day:
            release(m, held)
    return soonest


@equation
def hold(m: F8, held: F8) -> None:
    """Put the year's NPP and Ra aside, so that those of one day are seen."""
    for w in range(LANES):
        held[w], held[LANES + w] = m[NPP + w], m[RA + w]
        m[NPP + w] = m[RA + w] = 0.0


@equation
def release(m: F8, held: F8) -> None:
    """Add a day to the year, the same numbers in the same order as without; keep the day."""
    for w in range(LANES):
        npp, ra = m[NPP + w], m[RA + w]
        m[NPP + w], m[RA + w] = held[w] + npp, held[LANES + w] + ra
        held[w], held[LANES + w], held[2 * LANES + w] = npp, ra, m[LEAF + w]
        held[3 * LANES + w], held[4 * LANES + w] = m[WOOD + w], m[FROOT + w]


@equation
def enter_lane(
    w: int, at: int, member: int, rows: F8, pools: F8, phase: int, lanes: I8, m: F8
) -> None:
    """Put a member into a lane: its rows (columns from AGE on) and pools (leaf .. before)."""
    lanes[AT, w], lanes[MEMBER, w] = at, member
    for k in range(len(pools)):
        m[LEAF + k * LANES + w] = pools[k]
    for k in range(len(rows)):
        m[AGE + k * LANES + w] = rows[k]
    enter(phase, w, lanes, m)


@equation
def lane_work() -> tuple[F8, I8, F8, F8, F8]:
    """Return memory for lanes: own rows, whole numbers, weather, drivers and litter."""
    return (
        np.zeros(ROWS * LANES),
        np.zeros((5, LANES), np.int64),
        np.empty(5 * CHUNK),
        np.empty(CHUNK * TILE * LANES),
        np.empty(CHUNK * LITTER * LANES),
    )
