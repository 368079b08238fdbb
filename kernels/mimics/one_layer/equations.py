"""MIMICS, one layer: coefficients, rates and Jacobian of one member, as scalar equations.

Seven pools: metabolic and structural litter (m, s), copiotroph and oligotroph microbes (r, k),
physically protected, chemically protected and available soil organic matter (p, c, a). Wieder
et al. (2015, Geosci. Model Dev. 8, 1789), forward Michaelis-Menten; the testbed of Wieder et
al. (2018), reverse; the density exponent of mortality as Wang et al. (2021,
10.1029/2020JG006205). Concentrations in mg C cm-3 of soil, rates per hour, a year is 365 d.

With a density exponent other than 1 the mortality constant carries (mg C cm-3)^(1-beta) h-1:
the model is not invariant under a change of the unit of concentration.
"""

from math import exp, sqrt

from kernels.contract.arrays import F8
from kernels.contract.build import equation

HOURS = 8760.0
"""Hours of a year."""

FORWARD, REVERSE = 0, 1
FORMS = ("forward", "reverse")

M, S, R, K, P, C, A = range(7)
POOLS = 7
RH = 7
"""Row of respiration below the seven rates and below the seven rows of the Jacobian."""

# --- a member's coefficients, one row (COEFFICIENTS,) ---

# Three rates of uptake of each microbe, of m, s, a; their half saturations; oxidation's.
V_RM, V_RS, V_RA, V_KM, V_KS, V_KA = range(6)
K_RM, K_RS, K_RA, K_KM, K_KS, K_KA = range(6, 12)
KO_R, KO_K, MU_R, MU_K, FP_R, FP_K, FC_R, FC_K, FA_R, FA_K, DES = range(12, 23)
IN_M, IN_S, IN_P, IN_C, E1, E2, E3, E4, BETA, F_MET, P_CLAY, TAU_MOD = range(23, 35)
COEFFICIENTS = 35

NONE, CORPSE, CASACNP = 0, 1, 2
MOISTURES = ("none", "corpse", "casacnp")


@equation
def corpse(theta_l: float, theta_f: float) -> float:
    """Return the moisture scalar of CORPSE from liquid and frozen fractions of pore space."""
    air = max(0.0, 1.0 - theta_l - theta_f)
    # air**2.5, without a call that would keep loops over members from vectorising.
    wet: float = (theta_l * theta_l * theta_l) * (air * air * sqrt(air)) / 0.022600567942709
    return max(0.05, wet)


@equation
def casacnp(theta_l: float) -> float:
    """Return the moisture scalar of CASA-CNP from the liquid fraction of pore space."""
    wet, dry = (theta_l - 1.70) / (0.55 - 1.70), (theta_l + 0.007) / (0.55 + 0.007)
    scalar: float = wet**6.6481 * dry**3.22
    return min(1.0, max(0.01, scalar))


@equation
def moisture(kind: int, theta_l: float, theta_f: float) -> float:
    """Return what multiplies rates of uptake and turnover."""
    if kind == CORPSE:
        return corpse(theta_l, theta_f)
    return casacnp(theta_l) if kind == CASACNP else 1.0


@equation
def metabolic_fraction(lignin_n: float, cap: float, q1: float, q2: float, q3: float) -> float:
    """Return the metabolic fraction of litter from its lignin over nitrogen."""
    return max(0.0, q1 * (q2 - q3 * min(lignin_n, cap)))


@equation
def turnover_modifier(npp: float, reference: float, low: float, high: float, extra: float) -> float:
    """Return what productivity makes of turnover: sqrt(NPP / reference), clipped."""
    return min(high, max(low, sqrt(npp / reference))) * extra


@equation
def hourly(litter: float, depth: float) -> float:
    """Return g C m-2 yr-1 over a layer (cm) as mg C cm-3 h-1."""
    return litter * 0.1 / HOURS / depth


# --- fluxes, mg C cm-3 h-1, and their slopes ---


@equation
def uptake(form: int, v: float, half: float, microbes: float, substrate: float) -> float:
    """Return V B S/(K + S) forward, V B S/(K + B) reverse; oxidation is one, too."""
    return v * microbes * substrate / (half + (substrate if form == FORWARD else microbes))


@equation
def uptake_by_microbes(
    form: int, v: float, half: float, microbes: float, substrate: float
) -> float:
    """Return the slope of `uptake` with the biomass."""
    if form == FORWARD:
        return v * substrate / (half + substrate)
    return v * substrate * half / (half + microbes) ** 2


@equation
def uptake_by_substrate(
    form: int, v: float, half: float, microbes: float, substrate: float
) -> float:
    """Return the slope of `uptake` with the substrate."""
    if form == FORWARD:
        return v * microbes * half / (half + substrate) ** 2
    return v * microbes / (half + microbes)


@equation
def crowding(microbes: float, beta: float) -> float:
    """Return B^(beta - 1): mortality is mu B B^(beta - 1), its slope mu beta B^(beta - 1)."""
    return 1.0 if beta == 1.0 else microbes ** (beta - 1.0)


@equation
def rates(form: int, k: F8, y: F8, f: F8) -> None:
    """Fill the rates of the seven pools and, last, respiration; mg C cm-3 h-1.

    Parameters
    ----------
    k : ndarray, shape (COEFFICIENTS,)
    y : ndarray, shape (7,), mg C cm-3
    f : ndarray, shape (8,)
    """
    r, o = y[R], y[K]
    u_rm, u_km = uptake(form, k[V_RM], k[K_RM], r, y[M]), uptake(form, k[V_KM], k[K_KM], o, y[M])
    u_rs, u_ks = uptake(form, k[V_RS], k[K_RS], r, y[S]), uptake(form, k[V_KS], k[K_KS], o, y[S])
    u_ra, u_ka = uptake(form, k[V_RA], k[K_RA], r, y[A]), uptake(form, k[V_KA], k[K_KA], o, y[A])
    # Oxidation of c to a has the rate and half saturation of structural litter, the latter
    # enlarged, and loses no carbon.
    oxidation = uptake(form, k[V_RS], k[KO_R], r, y[C]) + uptake(form, k[V_KS], k[KO_K], o, y[C])
    m_r, m_k = k[MU_R] * r * crowding(r, k[BETA]), k[MU_K] * o * crowding(o, k[BETA])
    desorption = k[DES] * y[P]
    f[M] = k[IN_M] - u_rm - u_km
    f[S] = k[IN_S] - u_rs - u_ks
    f[R] = k[E1] * (u_rm + u_ra) + k[E2] * u_rs - m_r
    f[K] = k[E3] * (u_km + u_ka) + k[E4] * u_ks - m_k
    f[P] = k[IN_P] + k[FP_R] * m_r + k[FP_K] * m_k - desorption
    f[C] = k[IN_C] + k[FC_R] * m_r + k[FC_K] * m_k - oxidation
    f[A] = k[FA_R] * m_r + k[FA_K] * m_k + desorption + oxidation - u_ra - u_ka
    f[RH] = (
        (1.0 - k[E1]) * (u_rm + u_ra)
        + (1.0 - k[E2]) * u_rs
        + (1.0 - k[E3]) * (u_km + u_ka)
        + (1.0 - k[E4]) * u_ks
    )


@equation
def jacobian(form: int, k: F8, y: F8, j: F8) -> None:
    """Fill the slopes of `rates`, (8, 7): row by rate, column by pool; the last is respiration."""
    j[:, :] = 0.0
    j[P, P], j[A, P] = -k[DES], k[DES]
    _microbe(form, k, y, j, R, 0, k[E1], k[E2])
    _microbe(form, k, y, j, K, 1, k[E3], k[E4])


@equation
def _microbe(
    form: int, k: F8, y: F8, j: F8, b: int, which: int, e: float, e_structural: float
) -> None:
    """Add what one microbe eats, oxidises, respires and leaves when it dies."""
    for x, efficiency, food in ((0, e, M), (1, e_structural, S), (2, e, A)):
        v, half = k[V_RM + 3 * which + x], k[K_RM + 3 * which + x]
        by_b = uptake_by_microbes(form, v, half, y[b], y[food])
        by_s = uptake_by_substrate(form, v, half, y[b], y[food])
        j[food, b] -= by_b
        j[food, food] -= by_s
        j[b, b] += efficiency * by_b
        j[b, food] += efficiency * by_s
        j[RH, b] += (1.0 - efficiency) * by_b
        j[RH, food] += (1.0 - efficiency) * by_s
    v, half = k[V_RS + 3 * which], k[KO_R + which]
    by_b = uptake_by_microbes(form, v, half, y[b], y[C])
    by_c = uptake_by_substrate(form, v, half, y[b], y[C])
    j[C, b] -= by_b
    j[C, C] -= by_c
    j[A, b] += by_b
    j[A, C] += by_c
    died = k[MU_R + which] * k[BETA] * crowding(y[b], k[BETA])
    j[b, b] -= died
    j[P, b] += k[FP_R + which] * died
    j[C, b] += k[FC_R + which] * died
    j[A, b] += k[FA_R + which] * died


@equation
def desorbed(clay: float, d1: float, d2: float) -> float:
    """Return the rate at which protected SOM becomes available, h-1."""
    return d1 * exp(d2 * clay)


@equation
def protection(clay: float, p1: float, p2: float) -> float:
    """Return the clay scalar that divides the half saturation of available SOM."""
    return p1 * exp(p2 * sqrt(clay))
