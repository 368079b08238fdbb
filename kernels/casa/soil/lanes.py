"""CASA-CNP litter and soil: six pools in lanes of 32 members, and the cycle they return to.

Lanes and chunks of days are those of `kernels.casa.plants.lanes`.
"""

import numpy as np

from kernels.casa.plants.lanes import AT, CHUNK, LANES, MEMBER, all_at_one
from kernels.casa.shared.equations import activity, decomposed, log_dry, log_wet, tens_above
from kernels.contract.arrays import F8, I8
from kernels.contract.build import equation

# Where rows of lanes begin: pools and sums; what members are told apart by, from K_MET on, which is
# rates, fractions of what decomposes that arrive in another pool, fractions that are respired
# (all, of the passive pool) and exponents; the largest activity met.
(
    MET, STR, CWD, FAST, SLOW, PASS, RH, IN,
    K_MET, K_STR, K_CWD, K_FAST, K_SLOW, K_PASS,
    MET_FAST, STR_FAST, STR_SLOW, CWD_FAST, CWD_SLOW, FAST_SLOW, FAST_PASS, SLOW_PASS,
    R_MET, R_STR, R_CWD, R_FAST, R_SLOW,
    LOG_Q10, WET, DRY, TOP,
) = range(0, 31 * LANES, LANES)  # fmt: skip
ROWS = 31
POOLS = 6

TILE = 4
"""Drivers of a day in lanes: three kinds of litter, and f(T) f(W)."""


@equation
def climate(soil: F8, theta: F8, at: int, first: int, rows: F8) -> None:
    """Fill what activity is made of, for every member of a location, (4 * CHUNK,)."""
    here = slice(first, first + CHUNK)
    warm, wet = soil[at, here], theta[at, here]
    for i in range(CHUNK):
        rows[i] = tens_above(warm[i])
    for i in range(CHUNK):
        rows[CHUNK + i] = log_wet(wet[i])
    for i in range(CHUNK):
        rows[2 * CHUNK + i] = log_dry(wet[i])


@equation
def activities(log_q10: float, wet: float, dry: float, rows: F8) -> float:
    """Fill f(T) f(W) of the days of a chunk, the last CHUNK of ``rows``; return the largest."""
    tens, log_w = rows[:CHUNK], rows[CHUNK : 2 * CHUNK]
    log_d, active = rows[2 * CHUNK : 3 * CHUNK], rows[3 * CHUNK : 4 * CHUNK]
    for i in range(CHUNK):
        active[i] = activity(log_q10, wet, dry, tens[i], log_w[i], log_d[i])
    most = 0.0
    for i in range(CHUNK):
        most = max(most, active[i])
    return most


@equation
def spread_litter(met: float, structural: float, cwd: float, d: F8) -> None:
    """Fill a day's litter of lanes that are all at one location, (TILE * LANES,)."""
    for w in range(LANES):
        d[w], d[LANES + w], d[2 * LANES + w] = met, structural, cwd


@equation
def fill_soil(series: tuple[F8, ...], first: int, lanes: I8, m: F8, rows: F8, tile: F8) -> None:
    """Fill the drivers of a chunk of days in lanes, (CHUNK * TILE * LANES,).

    ``series`` (L, n) each are three kinds of litter, temperature and water.
    """
    met, structural, cwd, soil, theta = series
    held, first_lane, most, here = -1, 0, 0.0, slice(first, first + CHUNK)
    alike = all_at_one(lanes)
    if alike:
        for i in range(CHUNK):
            at = lanes[AT, 0]
            fallen = met[at, first + i], structural[at, first + i], cwd[at, first + i]
            day = tile[i * TILE * LANES : (i + 1) * TILE * LANES]
            spread_litter(fallen[0], fallen[1], fallen[2], day)
    for w in range(LANES):
        at = lanes[AT, w]
        q, wet, dry = m[LOG_Q10 + w], m[WET + w], m[DRY + w]
        same = at == held and q == m[LOG_Q10 + first_lane]
        same = same and wet == m[WET + first_lane] and dry == m[DRY + first_lane]
        if at != held:
            climate(soil, theta, at, first, rows)
            held = at
        if not same:
            most, first_lane = activities(q, wet, dry, rows), w
        m[TOP + w] = max(m[TOP + w], most)
        if alike:
            for i in range(CHUNK):
                tile[(i * TILE + 3) * LANES + w] = rows[3 * CHUNK + i]
            continue
        of_met, of_str, of_cwd = met[at, here], structural[at, here], cwd[at, here]
        active = rows[3 * CHUNK :]
        for i in range(CHUNK):
            place = i * TILE * LANES + w
            tile[place] = of_met[i]
            tile[place + LANES] = of_str[i]
            tile[place + 2 * LANES] = of_cwd[i]
            tile[place + 3 * LANES] = active[i]


@equation
def soil_day(m: F8, d: F8) -> None:
    """Take every lane a day on: ``d`` (TILE * LANES,).

    Of each pool k f(T) f(W) C decomposes (`decomposed`); fractions of it arrive in other pools
    and are respired: dC_i/dt = I_i + sum_j a_ij k_j f C_j - k_i f C_i, Wang et al. (2010).
    """
    for w in range(LANES):
        met, structural, cwd = m[MET + w], m[STR + w], m[CWD + w]
        fast, slow, passive = m[FAST + w], m[SLOW + w], m[PASS + w]
        in_met, in_str, in_cwd, active = d[w], d[LANES + w], d[2 * LANES + w], d[3 * LANES + w]
        d_met = decomposed(m[K_MET + w], active, met)
        d_str = decomposed(m[K_STR + w], active, structural)
        d_cwd = decomposed(m[K_CWD + w], active, cwd)
        d_fast = decomposed(m[K_FAST + w], active, fast)
        d_slow = decomposed(m[K_SLOW + w], active, slow)
        d_pass = decomposed(m[K_PASS + w], active, passive)
        to_fast = m[MET_FAST + w] * d_met + m[STR_FAST + w] * d_str
        to_fast += m[CWD_FAST + w] * d_cwd
        to_slow = m[STR_SLOW + w] * d_str + m[CWD_SLOW + w] * d_cwd
        to_slow += m[FAST_SLOW + w] * d_fast
        to_pass = m[FAST_PASS + w] * d_fast + m[SLOW_PASS + w] * d_slow
        of_litter = m[R_MET + w] * d_met + m[R_STR + w] * d_str
        of_litter += m[R_CWD + w] * d_cwd
        of_soil = m[R_FAST + w] * d_fast + m[R_SLOW + w] * d_slow
        m[MET + w] = met + (in_met - d_met)
        m[STR + w] = structural + (in_str - d_str)
        m[CWD + w] = cwd + (in_cwd - d_cwd)
        m[FAST + w] = fast + (to_fast - d_fast)
        m[SLOW + w] = slow + (to_slow - d_slow)
        m[PASS + w] = passive + (to_pass - d_pass)
        m[RH + w] += of_litter + (of_soil + d_pass)
        m[IN + w] += (in_met + in_str) + in_cwd


@equation
def soil_chunk(m: F8, tile: F8) -> None:
    """Take every lane through a chunk of days."""
    for i in range(CHUNK):
        soil_day(m, tile[i * TILE * LANES : (i + 1) * TILE * LANES])


@equation
def enter_soil(w: int, at: int, member: int, rows: F8, pools: F8, lanes: I8, m: F8) -> None:
    """Put a member into a lane: its rows (columns from K_MET on) and pools."""
    lanes[AT, w], lanes[MEMBER, w] = at, member
    for k in range(POOLS):
        m[MET + k * LANES + w] = pools[k]
    m[RH + w] = m[IN + w] = m[TOP + w] = 0.0
    for k in range(len(rows)):
        m[K_MET + k * LANES + w] = rows[k]


@equation
def soil_work() -> tuple[F8, I8, F8, F8]:
    """Return memory for lanes: own rows, whole numbers, climate and drivers."""
    return (
        np.zeros(ROWS * LANES),
        np.zeros((2, LANES), np.int64),
        np.empty(4 * CHUNK),
        np.empty(CHUNK * TILE * LANES),
    )


# --- days composed: a cycle maps pools to M x + c, with M lower triangular ---

# Rows of lanes: what a pool of one of each kind has become, a column of M each, from the diagonal
# on without zeros: of litter (itself, fast, slow, passive). The diagonal stands as what is lost,
# 1 - M, whose digits a slow pool needs. c is where pools that begin at none end.
COMPOSED = 18
_MET, _STR, _CWD, _FAST, _SLOW, _PASS = (row * LANES for row in (0, 4, 8, 12, 15, 17))


@equation
def compose_litter(column: int, k: int, to_fast: int, to_slow: int, m: F8, c: F8, d: F8) -> None:
    """Take the column of a litter pool a day on: the equations of `soil_day` without input."""
    for w in range(LANES):
        active = d[3 * LANES + w]
        k_fast, k_slow = m[K_FAST + w], m[K_SLOW + w]
        k_pass, f_slow = m[K_PASS + w], m[FAST_SLOW + w]
        f_pass, s_pass = m[FAST_PASS + w], m[SLOW_PASS + w]
        gone, fast = c[column + w], c[column + LANES + w]
        slow, passive = c[column + 2 * LANES + w], c[column + 3 * LANES + w]
        lost = decomposed(m[k + w], active, 1.0 - gone)
        d_fast, d_slow = decomposed(k_fast, active, fast), decomposed(k_slow, active, slow)
        gained = m[to_slow + w] * lost if to_slow > 0 else 0.0
        c[column + w] = gone + lost
        c[column + LANES + w] = fast + (m[to_fast + w] * lost - d_fast)
        c[column + 2 * LANES + w] = slow + ((gained + f_slow * d_fast) - d_slow)
        c[column + 3 * LANES + w] = passive + (
            (f_pass * d_fast + s_pass * d_slow) - decomposed(k_pass, active, passive)
        )


@equation
def compose_soil(m: F8, c: F8, d: F8) -> None:
    """Take the columns of the soil pools a day on: the equations of `soil_day` without input."""
    for w in range(LANES):
        active = d[3 * LANES + w]
        k_fast, k_slow = m[K_FAST + w], m[K_SLOW + w]
        k_pass, f_slow = m[K_PASS + w], m[FAST_SLOW + w]
        f_pass, s_pass = m[FAST_PASS + w], m[SLOW_PASS + w]
        gone, slow = c[_FAST + w], c[_FAST + LANES + w]
        passive = c[_FAST + 2 * LANES + w]
        d_fast = decomposed(k_fast, active, 1.0 - gone)
        d_slow = decomposed(k_slow, active, slow)
        c[_FAST + w] = gone + d_fast
        c[_FAST + LANES + w] = slow + (f_slow * d_fast - d_slow)
        c[_FAST + 2 * LANES + w] = passive + (
            (f_pass * d_fast + s_pass * d_slow) - decomposed(k_pass, active, passive)
        )
        gone, passive = c[_SLOW + w], c[_SLOW + LANES + w]
        d_slow = decomposed(k_slow, active, 1.0 - gone)
        c[_SLOW + w] = gone + d_slow
        c[_SLOW + LANES + w] = passive + (s_pass * d_slow - decomposed(k_pass, active, passive))
        c[_PASS + w] += decomposed(k_pass, active, 1.0 - c[_PASS + w])


@equation
def compose_chunk(m: F8, c: F8, tile: F8) -> None:
    """Take the map a chunk of days on; the pools of ``m``, begun at none, are its c."""
    for i in range(CHUNK):
        d = tile[i * TILE * LANES : (i + 1) * TILE * LANES]
        compose_litter(_MET, K_MET, MET_FAST, 0, m, c, d)
        compose_litter(_STR, K_STR, STR_FAST, STR_SLOW, m, c, d)
        compose_litter(_CWD, K_CWD, CWD_FAST, CWD_SLOW, m, c, d)
        compose_soil(m, c, d)
        soil_day(m, d)


@equation
def solve_composed(w: int, m: F8, c: F8, x: F8) -> None:
    """Fill the pools of a lane that the map returns to itself, by forward substitution."""
    met = x[0] = m[MET + w] / c[_MET + w]
    structural = x[1] = m[STR + w] / c[_STR + w]
    cwd = x[2] = m[CWD + w] / c[_CWD + w]
    fast, slow, passive = m[FAST + w], m[SLOW + w], m[PASS + w]
    for column, of in ((_MET, met), (_STR, structural), (_CWD, cwd)):
        fast += c[column + LANES + w] * of
        slow += c[column + 2 * LANES + w] * of
        passive += c[column + 3 * LANES + w] * of
    fast = x[3] = fast / c[_FAST + w]
    slow += c[_FAST + LANES + w] * fast
    passive += c[_FAST + 2 * LANES + w] * fast
    slow = x[4] = slow / c[_SLOW + w]
    x[5] = (passive + c[_SLOW + LANES + w] * slow) / c[_PASS + w]
