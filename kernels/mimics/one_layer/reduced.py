"""MIMICS in reverse form: the equilibrium of one member from its two microbes alone.

With biomass given, reverse kinetics are linear in what is eaten: all that enters m, s and a is
taken up, in parts that depend on biomass alone, and a is given what microbes leave when they die
and what litter is protected. So two unknowns are left, the logarithms of r and k, for Newton's
method. Its answer is where `one_layer.steady` begins its last step; and where microbes live
on little, it finds them, while they would die on the way there from plenty.
"""

from math import exp, log

from kernels.contract.arrays import F8
from kernels.contract.build import equation
from kernels.contract.status import OK
from kernels.mimics.one_layer.equations import (
    BETA,
    DES,
    E1,
    E2,
    E3,
    E4,
    FC_K,
    FC_R,
    FP_K,
    FP_R,
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
    REVERSE,
    V_KA,
    V_KM,
    V_KS,
    V_RA,
    V_RM,
    V_RS,
    A,
    C,
    K,
    M,
    P,
    R,
    S,
    crowding,
)
from kernels.mimics.one_layer.steady import NEWTON, cold_start, steady, steady_from
from kernels.numerics.small_systems import Work

MOST = 40
"""Newton steps."""

LONGEST, LAST = 2.0, 1e-8
"""Of a step in the logarithm of biomass: it is cut to the one, and ends below the other."""

SHORT = 10
"""Linear solves after which a start next to the equilibrium was none."""


@equation
def part_of_r(
    v_r: float, k_r: float, v_k: float, k_k: float, r: float, k: float
) -> tuple[float, float, float]:
    """Return r's part of what is eaten, and its slopes with log r and log k."""
    # V B / (K + B) of each, times both denominators
    by_r, by_k = v_r * r * (k_k + k), v_k * k * (k_r + r)
    part = by_r / (by_r + by_k)
    spread = part * (1.0 - part)
    return part, spread * k_r / (k_r + r), -spread * k_k / (k_k + k)


@equation
def first_guess(q: F8, y: F8) -> None:
    """Fill r and k as they would be if each had half of everything."""
    litter = 0.5 * (q[IN_M] + q[IN_P] + q[IN_C])
    gain_r, gain_k = q[E1] * litter + 0.5 * q[E2] * q[IN_S], q[E3] * litter + 0.5 * q[E4] * q[IN_S]
    # The dead are eaten, too: M = gain + (e / 2) (M_r + M_k)
    dead = (gain_r + gain_k) / (1.0 - 0.5 * (q[E1] + q[E3])) if q[E1] + q[E3] < 1.9 else gain_r
    died_r, died_k = gain_r + 0.5 * q[E1] * dead, gain_k + 0.5 * q[E3] * dead
    y[R], y[K] = (died_r / q[MU_R]) ** (1.0 / q[BETA]), (died_k / q[MU_K]) ** (1.0 / q[BETA])


@equation
def microbes(q: F8, y: F8) -> bool:
    """Fill r and k of an equilibrium with both; say whether one was found, and seems stable.

    Parameters
    ----------
    q : ndarray, shape (COEFFICIENTS,)
    y : ndarray, shape (7,), mg C cm-3
    """
    first_guess(q, y)
    for _ in range(MOST):
        r, k = y[R], y[K]
        m, m_r, m_k = part_of_r(q[V_RM], q[K_RM], q[V_KM], q[K_KM], r, k)
        s, s_r, s_k = part_of_r(q[V_RS], q[K_RS], q[V_KS], q[K_KS], r, k)
        a, a_r, a_k = part_of_r(q[V_RA], q[K_RA], q[V_KA], q[K_KA], r, k)
        mu_r, mu_k = q[MU_R] * crowding(r, q[BETA]), q[MU_K] * crowding(k, q[BETA])
        dead_r, dead_k = mu_r * r, mu_k * k
        food = q[IN_P] + q[IN_C] + dead_r + dead_k
        gain_r = q[E1] * (m * q[IN_M] + a * food) + q[E2] * s * q[IN_S]
        gain_k = q[E3] * ((1.0 - m) * q[IN_M] + (1.0 - a) * food) + q[E4] * (1.0 - s) * q[IN_S]
        more_r, more_k = q[BETA] * dead_r, q[BETA] * dead_k
        by_r, by_k = m_r * q[IN_M] + a_r * food, m_k * q[IN_M] + a_k * food
        s_r, s_k = s_r * q[IN_S], s_k * q[IN_S]
        # Slopes of log(gain / deaths) with log r and log k.
        rr = (q[E1] * (by_r + a * more_r) + q[E2] * s_r) / gain_r - q[BETA]
        rk = (q[E1] * (by_k + a * more_k) + q[E2] * s_k) / gain_r
        kr = (q[E3] * ((1.0 - a) * more_r - by_r) - q[E4] * s_r) / gain_k
        kk = (q[E3] * ((1.0 - a) * more_k - by_k) - q[E4] * s_k) / gain_k - q[BETA]
        f_r, f_k, det = log(gain_r / dead_r), log(gain_k / dead_k), rr * kk - rk * kr
        x_r, x_k = (rk * f_k - kk * f_r) / det, (kr * f_r - rr * f_k) / det
        # False for NaN, too.
        if not abs(x_r) + abs(x_k) < 1e300:
            return False
        y[R] = r * exp(min(max(x_r, -LONGEST), LONGEST))
        y[K] = k * exp(min(max(x_k, -LONGEST), LONGEST))
        if abs(x_r) + abs(x_k) < LAST:
            return bool(det > 0.0 and mu_r * rr + mu_k * kk < 0.0)
    return False


@equation
def others(q: F8, y: F8) -> None:
    """Fill the other five pools from r and k."""
    r, k = y[R], y[K]
    dead_r = q[MU_R] * r * crowding(r, q[BETA])
    dead_k = q[MU_K] * k * crowding(k, q[BETA])
    on_s, on_s_k = q[V_RS] * r, q[V_KS] * k
    y[M] = q[IN_M] / (q[V_RM] * r / (q[K_RM] + r) + q[V_KM] * k / (q[K_KM] + k))
    y[S] = q[IN_S] / (on_s / (q[K_RS] + r) + on_s_k / (q[K_KS] + k))
    into_p = q[IN_P] + q[FP_R] * dead_r + q[FP_K] * dead_k
    into_c = q[IN_C] + q[FC_R] * dead_r + q[FC_K] * dead_k
    y[P] = into_p / q[DES]
    y[C] = into_c / (on_s / (q[KO_R] + r) + on_s_k / (q[KO_K] + k))
    eaten = q[IN_P] + q[IN_C] + dead_r + dead_k
    y[A] = eaten / (q[V_RA] * r / (q[K_RA] + r) + q[V_KA] * k / (q[K_KA] + k))


@equation
def equilibrium(k: F8, y: F8, most: int, w: Work) -> tuple[int, int, float]:
    """Fill the steady state; return status, linear solves and residual (yr-1).

    Where both microbes live, their two equations lead next to it. Where one dies, or what they
    find is none, or not stable, the search begins from afar.
    """
    if microbes(k, y):
        others(k, y)
        status, solves, residual = steady_from(REVERSE, k, y, 10.0 * NEWTON, SHORT, w)
        if status == OK:
            return status, solves, residual
    cold_start(y)
    return steady(REVERSE, k, y, most, w)
