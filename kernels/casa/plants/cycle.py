"""CASA plants: the state that a cycle of years returns to, by Anderson's acceleration.

Plain stepping takes thousands of years, since wood lives for decades. The change of a cycle is
nearly linear in the pools at its start, so that three earlier cycles tell the pool of which
nothing is left to change. Where leaves dither about their least area, the map has steps.
"""

import numpy as np

from kernels.casa.plants.lanes import (
    BEFORE,
    CHUNK,
    LANES,
    LEAF,
    MEMBER,
    NPP,
    PHASE,
    begin_year,
    chunk,
    enter_lane,
    fill,
    lane_work,
)
from kernels.casa.shared.phenology import YEAR
from kernels.contract.arrays import F8, I8, U1
from kernels.contract.build import block, equation
from kernels.contract.status import NOT_CONVERGED, NOT_FINITE, OK

UNKNOWNS = 3
"""Leaf, wood, fine roots; the leaf of the day before goes with the leaf."""
DEPTH = 3
"""Earlier cycles that are remembered."""

REPEATS = 1e-12
"""Relative change over a cycle at which it repeats."""
SETTLED = 1e-7
"""Relative change of wood and fine roots at which they are at rest whatever leaves do."""
DITHERS = 30
"""Cycles that leaves have to come to rest, too. About their least area they may lose a day's share
in one cycle and not in the next, for ever, as in the testbed."""
KEPT, KEPT_OLD = 5e-5, 1e-2
"""Relative change of wood and fine roots in a year below which a member is kept when its cycles are
over: the papers stopped at 0.1 % in twenty. After `PLAINLY` years nothing drifts, and what changes
is that leaves about their largest area leave more or less to the others: the second holds."""
PATIENCE = 6
"""Cycles without a smaller change after which another way is tried."""
MOST, PLAINLY = 100, 2000
"""Cycles that a member in a hurry has, and years that it is then stepped as it comes."""

# Ways on: all three pools accelerated; wood and roots alone, leaves as they come; none.
ALL, SLOW, NONE = 0.0, 1.0, 2.0

# What is remembered of a lane: pools begun with, their change, differences of both, how many;
# the last change, the smallest and how long ago it was; cycles run, the way, and cycles at rest.
BEGUN, CHANGE, STEPS, SLOPES = 0, 3, 6, 15
COUNT, LAST, BEST, AGO, RUN, WAY, REST = 24, 25, 26, 27, 28, 29, 30
MEMORY = 31


@equation
def _solve(a: F8, b: F8, n: int) -> None:
    """Solve a symmetric system in place; directions that say nothing get no part."""
    for i in range(n):
        if a[i, i] <= 1e-13:
            for k in range(n):
                a[i, k] = a[k, i] = 0.0
            a[i, i], b[i] = 1.0, 0.0
        for r in range(i + 1, n):
            part = a[r, i] / a[i, i]
            for c in range(i, n):
                a[r, c] -= part * a[i, c]
            b[r] -= part * b[i]
    for i in range(n - 1, -1, -1):
        for c in range(i + 1, n):
            b[i] -= a[i, c] * b[c]
        b[i] /= a[i, i]


@equation
def _remember(past: F8, begun: F8, change: F8) -> None:
    """Put the differences to the cycle before in the place of the oldest."""
    if past[RUN] > 1.0:
        slot = int(past[COUNT]) % DEPTH
        for k in range(UNKNOWNS):
            past[STEPS + slot * UNKNOWNS + k] = begun[k] - past[BEGUN + k]
            past[SLOPES + slot * UNKNOWNS + k] = change[k] - past[CHANGE + k]
        past[COUNT] += 1.0
    for k in range(UNKNOWNS):
        past[BEGUN + k], past[CHANGE + k] = begun[k], change[k]


@equation
def _let_be(ended: F8, start: F8) -> None:
    """Begin the next cycle as this one ended."""
    for k in range(UNKNOWNS):
        start[k] = ended[k]


@equation
def _next(past: F8, change: F8, ended: F8, a: F8, b: F8, start: F8) -> None:
    """Fill pools to begin the next cycle with: those that ended, or the better guess.

    The guess is where a combination of the remembered cycles would change nothing, or least.
    """
    n, lead = min(int(past[COUNT]), DEPTH), int(past[WAY])
    norm, scale = np.zeros(DEPTH), np.empty(UNKNOWNS)
    for k in range(UNKNOWNS):
        scale[k] = 1.0 / (abs(ended[k]) + 1.0)
    for i in range(n):
        for k in range(lead, UNKNOWNS):
            norm[i] += (past[SLOPES + i * UNKNOWNS + k] * scale[k]) ** 2
        norm[i] = 1.0 / np.sqrt(norm[i]) if norm[i] > 0.0 else 0.0
    for i in range(n):
        b[i] = 0.0
        for j in range(n):
            a[i, j] = 0.0
        for k in range(lead, UNKNOWNS):
            slope = past[SLOPES + i * UNKNOWNS + k] * norm[i] * scale[k]
            b[i] += slope * change[k] * scale[k]
            for j in range(n):
                a[i, j] += slope * past[SLOPES + j * UNKNOWNS + k] * norm[j] * scale[k]
    _solve(a, b, n)
    good = True
    for k in range(UNKNOWNS):
        start[k] = ended[k]
        for i in range(n if k >= lead else 0):
            step = past[STEPS + i * UNKNOWNS + k] + past[SLOPES + i * UNKNOWNS + k]
            start[k] -= b[i] * norm[i] * step
        good = good and 0.2 * ended[k] <= start[k] <= 5.0 * ended[k] + 1.0
    if not good:
        past[COUNT] = 0.0
        _let_be(ended, start)


@equation
def _judge(past: F8, ended: F8, change: F8, begun: F8) -> tuple[float, float]:
    """Fill the change of a cycle; return how large it is of leaves, and of wood and roots."""
    leaf = slow = 0.0
    for k in range(UNKNOWNS):
        change[k] = ended[k] - begun[k]
        size = abs(change[k]) / (abs(ended[k]) + 1e-3)
        if k == 0:
            leaf = size
        elif size > slow or size != size:
            slow = size
    # What is not accelerated does not say whether that helps.
    told = max(leaf, slow) if past[WAY] == ALL else slow
    past[RUN] += 1.0
    past[REST] = past[REST] + 1.0 if slow <= SETTLED else 0.0
    past[AGO] = 0.0 if told < past[BEST] else past[AGO] + 1.0
    past[BEST] = min(past[BEST], told)
    # A cycle that changed much more has left where the remembered ones were.
    if told > 10.0 * past[LAST]:
        past[COUNT] = 0.0
    past[LAST] = told
    return leaf, slow


@equation
def drift_of(ended: F8, begun: F8) -> float:
    """Return the largest relative change of a pool over a cycle."""
    largest = 0.0
    for k in range(UNKNOWNS):
        largest = max(largest, abs(ended[k] - begun[k]) / (abs(ended[k]) + 1e-3))
    return largest


@equation
def _settle(past: F8, ended: F8, hurry: bool, years: int, most: int, work: F8) -> int:
    """Judge a cycle and choose how the next begins, in ``work[2]``; -1 to go on, else a status."""
    change, begun, start = work[0], work[1], work[2]
    leaf, slow = _judge(past, ended, change, begun)
    if leaf != leaf or slow != slow:
        return NOT_FINITE
    if leaf <= REPEATS and slow <= REPEATS:
        return OK
    if past[RUN] >= (min(most, MOST + PLAINLY // years) if hurry else most):
        kept = KEPT_OLD if past[RUN] * years >= PLAINLY else KEPT * years
        return OK if slow <= kept else NOT_CONVERGED
    if hurry and past[REST] >= DITHERS:
        return OK
    if past[AGO] >= PATIENCE:
        # Guesses may keep leaves dithering about their least area, which let alone come to rest.
        past[WAY] = NONE if past[WAY] == SLOW else SLOW
        past[COUNT], past[AGO], past[BEST] = 0.0, 0.0, np.inf
    _remember(past, begun, change)
    if hurry and past[WAY] != NONE and past[RUN] < MOST:
        _next(past, change, ended, work[3:6], work[6], start)
    else:
        _let_be(ended, start)
    return -1


@block
def repeating(
    linear: bool, hurry: bool, years: int, most: int, samples: int,
    shed: F8, series: tuple[F8, ...], phases: U1,
    rows: F8, pools: F8, phase: I8, progress: F8, status: U1,
) -> None:  # fmt: skip
    """Fill the pools that a cycle of years returns to, in place of those it begins from.

    Parameters
    ----------
    linear, hurry : bool
        Ramp of cold; whether to accelerate.
    years, most : int
        Of a cycle; cycles after which a member is given up.
    samples : int
        Members of a location.
    shed, series, phases : ndarray
        As in `kernels.casa.plants.lanes`; days are those of the cycle or more.
    rows, pools : ndarray, shapes (M, 17) and (M, 4)
    phase : ndarray, shape (M,)
        Of the last day before the cycle; filled, too.
    progress : ndarray, shape (M, 3)
        Cycles run, relative change of the last, NPP of its last year.
    status : ndarray, shape (M,), uint8
        Members that have one are left as they are.
    """
    m, lanes, weather, tile, litter = lane_work()
    past, work = np.zeros((LANES, MEMORY)), np.zeros((7, UNKNOWNS))
    ended, begun = np.zeros((LANES, 4)), np.zeros((LANES, 4))
    busy, waiting, at_work = np.zeros(LANES, np.uint8), 0, 0
    for w in range(LANES):
        waiting = _take(w, waiting, samples, rows, pools, phase, status, lanes, m, past, busy)
        at_work += busy[w]
    while at_work > 0:
        for w in range(LANES):
            for k in range(4):
                begun[w, k] = m[LEAF + k * LANES + w]
        _cycle(linear, years, shed, series, phases, m, lanes, weather, tile, litter)
        for w in range(LANES):
            if busy[w] == 0:
                continue
            for k in range(4):
                ended[w, k] = m[LEAF + k * LANES + w]
            for k in range(UNKNOWNS):
                work[1, k] = begun[w, k]
            verdict = _settle(past[w], ended[w], hurry, years, most, work)
            member = lanes[MEMBER, w]
            if verdict < 0:
                shift = work[2, 0] - ended[w, 0]
                for k in range(UNKNOWNS):
                    m[LEAF + k * LANES + w] = work[2, k]
                m[BEFORE + w] = max(0.0, ended[w, 3] + shift)
                continue
            for k in range(4):
                pools[member, k] = ended[w, k]
            phase[member], status[member] = lanes[PHASE, w], verdict
            progress[member, 0], progress[member, 1] = past[w, RUN], drift_of(ended[w], work[1])
            progress[member, 2] = m[NPP + w]
            waiting = _take(w, waiting, samples, rows, pools, phase, status, lanes, m, past, busy)
            at_work -= 1 - busy[w]


@equation
def _take(
    w: int, waiting: int, samples: int, rows: F8, pools: F8, phase: I8, status: U1,
    lanes: I8, m: F8, past: F8, busy: U1,
) -> int:  # fmt: skip
    """Put the next member that waits into a lane; return the one after it."""
    while waiting < len(rows) and status[waiting] != OK:
        waiting += 1
    busy[w] = 1 if waiting < len(rows) else 0
    if busy[w] == 1:
        at = waiting // samples
        enter_lane(w, at, waiting, rows[waiting], pools[waiting], phase[waiting], lanes, m)
        for k in range(MEMORY):
            past[w, k] = 0.0
        past[w, BEST] = past[w, LAST] = np.inf
        waiting += 1
    return waiting


@equation
def _cycle(
    linear: bool, years: int, shed: F8, series: tuple[F8, ...], phases: U1,
    m: F8, lanes: I8, weather: F8, tile: F8, litter: F8,
) -> None:  # fmt: skip
    for y in range(years):
        soonest = begin_year(phases, lanes, m)
        for first in range(0, YEAR, CHUNK):
            fill(linear, shed, series, y * YEAR + first, lanes, m, weather, tile)
            soonest = chunk(phases, first, soonest, lanes, m, tile, litter, litter[:0])
