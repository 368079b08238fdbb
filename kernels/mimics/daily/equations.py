"""MIMICS as the testbed steps it: the coefficients of a day and an hour of reverse kinetics.

Scalar equations of one member, in the units of `one_layer.equations`, for blocks whose
loops over members have to vectorise: no branch, no call of libm, and one division for the four
half saturations of a microbe. That changes the last digits, not the equations; those of
`one_layer.equations` are the reference.
"""

from typing import NamedTuple

from kernels.contract.build import equation
from kernels.mimics.one_layer.equations import corpse, metabolic_fraction
from kernels.mimics.one_layer.matrices import Pools
from kernels.numerics.exp import exp


class Lasting(NamedTuple):
    """What the days of a member share; half saturations without their dependence on warmth.

    Attributes
    ----------
    per_hour : float
        mg C cm-3 h-1 of 1 g C m-2 d-1.
    """

    vslope: float
    vint: float
    v_rm: float
    v_rs: float
    v_ra: float
    v_km: float
    v_ks: float
    v_ka: float
    kslope_m: float
    kslope_s: float
    kslope_a: float
    kint: float
    k_rm: float
    k_rs: float
    k_ra: float
    k_km: float
    k_ks: float
    k_ka: float
    ko_r: float
    ko_k: float
    tau_r1: float
    tau_r2: float
    tau_k1: float
    tau_k2: float
    fp_r: float
    fp_k: float
    fc_r: float
    fc_r_met: float
    fc_k: float
    fc_k_met: float
    fi_m: float
    fi_s: float
    q1: float
    q2: float
    q3: float
    lignin_n_most: float
    per_hour: float


class Day(NamedTuple):
    """Coefficients of a day, in the order of `kernels.mimics.one_layer.equations`."""

    v_rm: float
    v_rs: float
    v_ra: float
    v_km: float
    v_ks: float
    v_ka: float
    k_rm: float
    k_rs: float
    k_ra: float
    k_km: float
    k_ks: float
    k_ka: float
    ko_r: float
    ko_k: float
    mu_r: float
    mu_k: float
    fp_r: float
    fp_k: float
    fc_r: float
    fc_k: float
    fa_r: float
    fa_k: float
    des: float
    in_m: float
    in_s: float
    in_p: float
    in_c: float
    e1: float
    e2: float
    e3: float
    e4: float


class Flows(NamedTuple):
    """Flows of an hour, mg C cm-3: by both microbes from m, s and a; oxidation; deaths."""

    rm: float
    rs: float
    ra: float
    km: float
    ks: float
    ka: float
    oxidation: float
    dead_r: float
    dead_k: float
    desorption: float


class Slopes(NamedTuple):
    """Slopes of flows with the substrate (s) and the biomass (b), h-1; of c: oxidation."""

    rm_s: float
    rs_s: float
    ra_s: float
    rc_s: float
    km_s: float
    ks_s: float
    ka_s: float
    kc_s: float
    rm_b: float
    rs_b: float
    ra_b: float
    rc_b: float
    km_b: float
    ks_b: float
    ka_b: float
    kc_b: float
    dead_r: float
    dead_k: float


# --- a day ---


@equation
def litter_by_kind(
    of: Lasting, metabolic: float, structural: float
) -> tuple[float, float, float, float]:
    """Return what enters m, s, p and c, mg C cm-3 h-1, of litter in g C m-2 d-1."""
    m, s = metabolic * of.per_hour, structural * of.per_hour
    return (1.0 - of.fi_m) * m, (1.0 - of.fi_s) * s, of.fi_m * m, of.fi_s * s


@equation
def rates_of_uptake(
    of: Lasting, temperature: float, f_w: float
) -> tuple[float, float, float, float, float, float]:
    """Return V = aV vmod exp(Vslope T + Vint) f_W, r on m, s, a and k on m, s, a."""
    v = exp(of.vslope * temperature + of.vint) * f_w
    return v * of.v_rm, v * of.v_rs, v * of.v_ra, v * of.v_km, v * of.v_ks, v * of.v_ka


@equation
def of_warmth(slope: float, temperature: float, intercept: float) -> float:
    """Return exp(Kslope T + Kint), which all half saturations with one slope have in common."""
    return exp(slope * temperature + intercept)


@equation
def turnover(of: Lasting, f_met: float, modifier: float) -> tuple[float, float]:
    """Return mortality of r and k, h-1; the modifier is that of NPP times that of moisture."""
    r, k = of.tau_r1 * exp(of.tau_r2 * f_met), of.tau_k1 * exp(of.tau_k2 * f_met)
    return r * modifier, k * modifier


@equation
def chemical(of: Lasting, f_met: float) -> tuple[float, float]:
    """Return the chemically protected part of dead r and k; what is protected already is not."""
    r, k = of.fc_r * exp(of.fc_r_met * f_met), of.fc_k * exp(of.fc_k_met * f_met)
    return min(r, 1.0 - of.fp_r), min(k, 1.0 - of.fp_k)


@equation
def metabolic(of: Lasting, lignin_n: float) -> float:
    """Return the metabolic fraction for turnover and for the partition of the dead."""
    return metabolic_fraction(lignin_n, of.lignin_n_most, of.q1, of.q2, of.q3)


@equation
def water(theta_l: float, theta_f: float) -> float:
    """Return f_W of uptake and turnover."""
    return corpse(theta_l, theta_f)


# --- an hour ---


@equation
def reciprocals(a: float, b: float, c: float, d: float) -> tuple[float, float, float, float]:
    """Return 1/a, 1/b, 1/c and 1/d with one division."""
    ab, cd = a * b, c * d
    one = 1.0 / (ab * cd)
    of_ab, of_cd = one * cd, one * ab
    return of_ab * b, of_ab * a, of_cd * d, of_cd * c


@equation
def flows(d: Day, y: Pools) -> Flows:
    """Return the flows of an hour: V B S / (K + B), oxidation with KO K of structural litter."""
    rm, rs, ra, rc = reciprocals(d.k_rm + y.r, d.k_rs + y.r, d.k_ra + y.r, d.ko_r + y.r)
    km, ks, ka, kc = reciprocals(d.k_km + y.k, d.k_ks + y.k, d.k_ka + y.k, d.ko_k + y.k)
    v_rs, v_ks = d.v_rs * y.r, d.v_ks * y.k
    return Flows(
        d.v_rm * y.r * y.m * rm,
        v_rs * y.s * rs,
        d.v_ra * y.r * y.a * ra,
        d.v_km * y.k * y.m * km,
        v_ks * y.s * ks,
        d.v_ka * y.k * y.a * ka,
        y.c * (v_rs * rc + v_ks * kc),
        d.mu_r * y.r,
        d.mu_k * y.k,
        d.des * y.p,
    )


@equation
def changes(d: Day, u: Flows) -> Pools:
    """Return what flows make of the pools, without litter."""
    return Pools(
        -u.rm - u.km,
        -u.rs - u.ks,
        d.e1 * (u.rm + u.ra) + d.e2 * u.rs - u.dead_r,
        d.e3 * (u.km + u.ka) + d.e4 * u.ks - u.dead_k,
        d.fp_r * u.dead_r + d.fp_k * u.dead_k - u.desorption,
        d.fc_r * u.dead_r + d.fc_k * u.dead_k - u.oxidation,
        d.fa_r * u.dead_r + d.fa_k * u.dead_k + u.desorption + u.oxidation - u.ra - u.ka,
    )


@equation
def hour(d: Day, y: Pools, u: Flows) -> Pools:
    """Return the pools after an explicit step of an hour."""
    by = changes(d, u)
    return Pools(
        y.m + (d.in_m + by.m),
        y.s + (d.in_s + by.s),
        y.r + by.r,
        y.k + by.k,
        y.p + (d.in_p + by.p),
        y.c + (d.in_c + by.c),
        y.a + by.a,
    )


# --- its slopes ---


@equation
def slopes(d: Day, y: Pools, beta: float) -> Slopes:
    """Return the slopes of `flows`; ``mu`` of the day is that of this biomass already."""
    rm, rs, ra, rc = reciprocals(d.k_rm + y.r, d.k_rs + y.r, d.k_ra + y.r, d.ko_r + y.r)
    km, ks, ka, kc = reciprocals(d.k_km + y.k, d.k_ks + y.k, d.k_ka + y.k, d.ko_k + y.k)
    return Slopes(
        d.v_rm * y.r * rm,
        d.v_rs * y.r * rs,
        d.v_ra * y.r * ra,
        d.v_rs * y.r * rc,
        d.v_km * y.k * km,
        d.v_ks * y.k * ks,
        d.v_ka * y.k * ka,
        d.v_ks * y.k * kc,
        d.v_rm * y.m * d.k_rm * rm * rm,
        d.v_rs * y.s * d.k_rs * rs * rs,
        d.v_ra * y.a * d.k_ra * ra * ra,
        d.v_rs * y.c * d.ko_r * rc * rc,
        d.v_km * y.m * d.k_km * km * km,
        d.v_ks * y.s * d.k_ks * ks * ks,
        d.v_ka * y.a * d.k_ka * ka * ka,
        d.v_ks * y.c * d.ko_k * kc * kc,
        d.mu_r * beta,
        d.mu_k * beta,
    )


@equation
def along(d: Day, j: Slopes, x: Pools) -> Flows:
    """Return the change of flows with a small change of the pools."""
    return Flows(
        j.rm_s * x.m + j.rm_b * x.r,
        j.rs_s * x.s + j.rs_b * x.r,
        j.ra_s * x.a + j.ra_b * x.r,
        j.km_s * x.m + j.km_b * x.k,
        j.ks_s * x.s + j.ks_b * x.k,
        j.ka_s * x.a + j.ka_b * x.k,
        (j.rc_s + j.kc_s) * x.c + j.rc_b * x.r + j.kc_b * x.k,
        j.dead_r * x.r,
        j.dead_k * x.k,
        d.des * x.p,
    )
