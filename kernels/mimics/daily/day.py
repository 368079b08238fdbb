"""MIMICS as the testbed steps it: a day of a group of members, loops over lanes innermost.

Whether the compiler runs eight lanes at once hangs on small things: see `tests/benchmarks`.
"""

from kernels.contract.arrays import F8
from kernels.contract.build import equation
from kernels.contract.status import NOT_FINITE, OK, OUT_OF_RANGE
from kernels.mimics.daily.equations import (
    Pools,
    along,
    changes,
    chemical,
    flows,
    hour,
    litter_by_kind,
    metabolic,
    of_warmth,
    rates_of_uptake,
    slopes,
    turnover,
    water,
)
from kernels.mimics.daily.lanes import (
    DAILY,
    DEBRIS,
    EATEN,
    FAULT,
    HOURS_A_DAY,
    LANES,
    LIGNIN_N,
    METABOLIC,
    MODIFIER,
    MOISTURE,
    MORTALITY,
    POOL,
    RESPIRED,
    STRUCTURAL,
    TANGENT,
    TEMPERATURE,
    THETA_F,
    THETA_L,
    YEAR,
    at,
    load_day,
    load_lasting,
    load_pools,
    load_slopes,
    store_pools,
    store_slopes,
)
from kernels.mimics.one_layer.equations import (
    BETA,
    E1,
    E2,
    E3,
    E4,
    FA_K,
    FA_R,
    FC_K,
    FC_R,
    IN_C,
    IN_M,
    IN_P,
    IN_S,
    K_KA,
    K_KM,
    K_KS,
    K_RA,
    K_RM,
    K_RS,
    KO_K,
    KO_R,
    MU_K,
    MU_R,
    POOLS,
    V_KA,
    V_KM,
    V_KS,
    V_RA,
    V_RM,
    V_RS,
    R,
    crowding,
)


@equation
def begin_day(z: F8, d: F8, day: int) -> None:
    """Fill the coefficients of a day from its drivers, (SPAN, DAILY, LANES)."""
    # Apart, since of a longer loop the compiler would not inline all that it calls.
    _begin_with_litter(z, d, day * DAILY)
    _begin_with_turnover(z, d, day * DAILY)
    _begin_with_uptake(z, d, day * DAILY)
    _begin_with_half_saturations(z, d, day * DAILY)


@equation
def _begin_with_litter(z: F8, d: F8, first: int) -> None:
    for lane in range(LANES):
        its = load_lasting(z, lane)
        debris = d[at(first + STRUCTURAL, lane)] + d[at(first + DEBRIS, lane)]
        litter = litter_by_kind(its, d[at(first + METABOLIC, lane)], debris)
        z[at(IN_M, lane)], z[at(IN_S, lane)] = litter[0], litter[1]
        z[at(IN_P, lane)], z[at(IN_C, lane)] = litter[2], litter[3]
        z[at(EATEN, lane)] = z[at(EATEN + 1, lane)] = 0.0
        z[at(EATEN + 2, lane)] = z[at(EATEN + 3, lane)] = 0.0


@equation
def _begin_with_turnover(z: F8, d: F8, first: int) -> None:
    for lane in range(LANES):
        its = load_lasting(z, lane)
        f_met = metabolic(its, d[at(first + LIGNIN_N, lane)])
        f_w = water(d[at(first + THETA_L, lane)], d[at(first + THETA_F, lane)])
        z[at(MOISTURE, lane)] = f_w
        mu = turnover(its, f_met, z[at(MODIFIER, lane)] * f_w)
        z[at(MU_R, lane)], z[at(MU_K, lane)] = mu[0], mu[1]
        z[at(MORTALITY, lane)], z[at(MORTALITY + 1, lane)] = mu[0], mu[1]
        bound = chemical(its, f_met)
        z[at(FC_R, lane)], z[at(FC_K, lane)] = bound[0], bound[1]
        z[at(FA_R, lane)] = (1.0 - its.fp_r) - bound[0]
        z[at(FA_K, lane)] = (1.0 - its.fp_k) - bound[1]
        # False for NaN, too.
        beyond = 0.0 if f_met <= 1.0 else 1.0
        z[at(FAULT, lane)] = max(z[at(FAULT, lane)], beyond)


@equation
def _begin_with_uptake(z: F8, d: F8, first: int) -> None:
    for lane in range(LANES):
        warmth, f_w = d[at(first + TEMPERATURE, lane)], z[at(MOISTURE, lane)]
        v = rates_of_uptake(load_lasting(z, lane), warmth, f_w)
        z[at(V_RM, lane)], z[at(V_RS, lane)], z[at(V_RA, lane)] = v[0], v[1], v[2]
        z[at(V_KM, lane)], z[at(V_KS, lane)], z[at(V_KA, lane)] = v[3], v[4], v[5]


@equation
def _begin_with_half_saturations(z: F8, d: F8, first: int) -> None:
    for lane in range(LANES):
        its = load_lasting(z, lane)
        warmth = d[at(first + TEMPERATURE, lane)]
        m = of_warmth(its.kslope_m, warmth, its.kint)
        s = of_warmth(its.kslope_s, warmth, its.kint)
        a = of_warmth(its.kslope_a, warmth, its.kint)
        z[at(K_RM, lane)], z[at(K_KM, lane)] = m * its.k_rm, m * its.k_km
        z[at(K_RS, lane)], z[at(K_KS, lane)] = s * its.k_rs, s * its.k_ks
        z[at(K_RA, lane)], z[at(K_KA, lane)] = a * its.k_ra, a * its.k_ka
        z[at(KO_R, lane)] = its.ko_r * (s * its.k_rs)
        z[at(KO_K, lane)] = its.ko_k * (s * its.k_ks)


@equation
def hours(z: F8, count: int, crowded: bool) -> None:
    """Take explicit steps of an hour with the coefficients of the day."""
    for _ in range(count):
        if crowded:
            crowd(z)
        for lane in range(LANES):
            d, y = load_day(z, lane), load_pools(z, POOL, lane)
            u = flows(d, y)
            store_pools(z, POOL, lane, hour(d, y, u))
            z[at(EATEN, lane)] += u.rm + u.ra
            z[at(EATEN + 1, lane)] += u.rs
            z[at(EATEN + 2, lane)] += u.km + u.ka
            z[at(EATEN + 3, lane)] += u.ks


@equation
def crowd(z: F8) -> None:
    """Fill mortality at the present biomass, where it depends on density."""
    for lane in range(LANES):
        beta = z[at(BETA, lane)]
        for b in range(2):
            crowding_now = crowding(z[at(POOL + R + b, lane)], beta)
            z[at(MORTALITY + b, lane)] = z[at(MU_R + b, lane)] * crowding_now


@equation
def end_day(z: F8) -> None:
    """Fill what was respired over the day, mg C cm-3, and find lanes whose pools cannot be."""
    for lane in range(LANES):
        z[at(RESPIRED, lane)] = (
            (1.0 - z[at(E1, lane)]) * z[at(EATEN, lane)]
            + (1.0 - z[at(E2, lane)]) * z[at(EATEN + 1, lane)]
            + (1.0 - z[at(E3, lane)]) * z[at(EATEN + 2, lane)]
            + (1.0 - z[at(E4, lane)]) * z[at(EATEN + 3, lane)]
        )
        z[at(YEAR, lane)] += z[at(RESPIRED, lane)]
        y = load_pools(z, POOL, lane)
        least = min(min(min(y.m, y.s), min(y.r, y.k)), min(min(y.p, y.c), y.a))
        total = (y.m + y.s) + (y.r + y.k) + (y.p + y.c) + y.a
        beyond = 0.0 if least >= 0.0 and total < 1e300 else 2.0
        z[at(FAULT, lane)] = max(z[at(FAULT, lane)], beyond)


@equation
def lane_status(z: F8, lane: int) -> int:
    """Return what `begin_day` and `end_day` found in a lane since it was settled."""
    fault = z[at(FAULT, lane)]
    return NOT_FINITE if fault > 1.5 else OUT_OF_RANGE if fault > 0.5 else OK


# --- slopes of the end of a span with its beginning ---


@equation
def no_change(z: F8) -> None:
    """Fill the slopes of no time at all."""
    for row in range(POOLS * POOLS):
        for lane in range(LANES):
            z[at(TANGENT + row, lane)] = 1.0 if row % (POOLS + 1) == 0 else 0.0


@equation
def push(z: F8) -> None:
    """Advance the slopes by a day, linearised at the present state, in one step."""
    for lane in range(LANES):
        its = slopes(load_day(z, lane), load_pools(z, POOL, lane), z[at(BETA, lane)])
        store_slopes(z, lane, its)
    for column in range(POOLS):
        first = TANGENT + POOLS * column
        for lane in range(LANES):
            d, x = load_day(z, lane), load_pools(z, first, lane)
            by = changes(d, along(d, load_slopes(z, lane), x))
            moved = Pools(
                x.m + HOURS_A_DAY * by.m,
                x.s + HOURS_A_DAY * by.s,
                x.r + HOURS_A_DAY * by.r,
                x.k + HOURS_A_DAY * by.k,
                x.p + HOURS_A_DAY * by.p,
                x.c + HOURS_A_DAY * by.c,
                x.a + HOURS_A_DAY * by.a,
            )
            store_pools(z, first, lane, moved)
