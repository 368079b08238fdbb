"""MIMICS: from parameters and drivers to the coefficients of the rates, for one member."""

from math import exp, isfinite

import kernels.mimics.one_layer.sets as of
from kernels.contract.arrays import F8
from kernels.contract.build import equation
from kernels.contract.status import BAD_INPUT, OK, OUT_OF_RANGE
from kernels.mimics.one_layer.equations import (
    BETA,
    COEFFICIENTS,
    DES,
    E1,
    F_MET,
    FA_R,
    FC_R,
    FP_R,
    IN_C,
    IN_M,
    IN_P,
    IN_S,
    K_RM,
    KO_R,
    MU_K,
    MU_R,
    P_CLAY,
    TAU_MOD,
    V_RM,
    desorbed,
    hourly,
    metabolic_fraction,
    protection,
    turnover_modifier,
)


@equation
def check(t: F8, lower: F8, upper: F8) -> int:
    """Return the status of a row of parameters that are not finite or outside their bounds."""
    for i in range(len(t)):
        if not isfinite(t[i]):
            return BAD_INPUT
    for i in range(len(t)):
        if t[i] < lower[i] or t[i] > upper[i]:
            return OUT_OF_RANGE
    return OUT_OF_RANGE if t[of.TAU_LOW] > t[of.TAU_HIGH] else OK


@equation
def coefficients(
    t: F8,
    litter: float,
    npp: float,
    temperature: float,
    clay: float,
    lignin_n: float,
    depth: float,
    f_w: float,
    k: F8,
) -> int:
    """Fill a member's coefficients and return its status.

    Parameters
    ----------
    t : ndarray, shape (55,)
        Parameters in the order of `kernels.mimics.one_layer.sets.NAMES`.
    litter, npp : float, g C m-2 yr-1
    temperature : float, degC
    clay : float, fraction
    lignin_n : float, g lignin per g N
    depth : float, cm
    f_w : float
        Moisture scalar; it multiplies uptake and turnover.
    k : ndarray, shape (COEFFICIENTS,)
    """
    f_met = metabolic_fraction(lignin_n, t[of.LIGNIN_N_MOST], t[of.Q1], t[of.Q2], t[of.Q3])
    if f_met > 1.0:
        return OUT_OF_RANGE
    soil = hourly(litter, depth)
    return of_inputs(t, f_met * soil, (1.0 - f_met) * soil, f_met, npp, temperature, clay, f_w, k)


@equation
def of_inputs(
    t: F8,
    metabolic: float,
    structural: float,
    f_met: float,
    npp: float,
    temperature: float,
    clay: float,
    f_w: float,
    k: F8,
) -> int:
    """Fill a member's coefficients from litter by kind, mg C cm-3 h-1; else as `coefficients`."""
    k[F_MET] = f_met
    k[P_CLAY] = protection(clay, t[of.P1], t[of.P2])
    k[TAU_MOD] = turnover_modifier(
        npp, t[of.TAU_NPP], t[of.TAU_LOW], t[of.TAU_HIGH], t[of.TAU_EXTRA]
    )
    _uptake(t, temperature, f_w, k)
    k[MU_R] = t[of.TAU_R1] * exp(t[of.TAU_R2] * f_met) * k[TAU_MOD] * f_w
    k[MU_K] = t[of.TAU_K1] * exp(t[of.TAU_K2] * f_met) * k[TAU_MOD] * f_w
    k[DES] = desorbed(clay, t[of.D1], t[of.D2])
    # Litter is shared out: metabolic to m and p, structural to s and c.
    k[IN_P], k[IN_C] = t[of.FI_M] * metabolic, t[of.FI_S] * structural
    k[IN_M], k[IN_S] = (1.0 - t[of.FI_M]) * metabolic, (1.0 - t[of.FI_S]) * structural
    for i in range(4):
        k[E1 + i] = t[of.EFF1 + i]
    k[BETA] = t[of.BETA]
    if not _necromass(t, clay, k):
        return OUT_OF_RANGE
    for i in range(COEFFICIENTS):
        if not isfinite(k[i]):
            return OUT_OF_RANGE
    for i in range(6):
        if not k[K_RM + i] > 0.0:
            return OUT_OF_RANGE
    return OK


@equation
def _uptake(t: F8, temperature: float, f_w: float, k: F8) -> None:
    """Fill V = aV vmod exp(Vslope T + Vint) f_W and K = aK exp(Kslope T + Kint) / kmod."""
    v = t[of.AV] * exp(t[of.VSLOPE] * temperature + t[of.VINT]) * f_w
    for x in range(3):
        half = t[of.AK] * exp(t[of.KSLOPE_M + x] * temperature + t[of.KINT])
        for b in range(2):
            i = 3 * b + x
            k[V_RM + i] = v * t[of.VMOD_RM + i]
            # Clay protects what is available from uptake as well.
            k[K_RM + i] = half / (t[of.KMOD_RM + i] * (k[P_CLAY] if x == 2 else 1.0))
    for b in range(2):
        k[KO_R + b] = t[of.KO_R + b] * k[K_RM + 3 * b + 1]


@equation
def _necromass(t: F8, clay: float, k: F8) -> bool:
    """Share dead microbes out; say whether what is left for available SOM is not negative."""
    for b in range(2):
        protected = t[of.FP_R + 2 * b] * exp(t[of.FP_R_CLAY + 2 * b] * clay)
        chemical = t[of.FC_R + 3 * b] * exp(t[of.FC_R_MET + 3 * b] * k[F_MET])
        chemical = min(chemical * t[of.FC_R_SCALE + 3 * b], 1.0 - protected)
        k[FP_R + b], k[FC_R + b] = protected, chemical
        k[FA_R + b] = (1.0 - protected) - chemical
        if not (protected <= 1.0 and k[FA_R + b] >= 0.0):
            return False
    return True
