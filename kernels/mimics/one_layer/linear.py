"""MIMICS, one layer: rates and their slopes together, for members side by side in lanes.

The equations of `one_layer.equations`, which are the reference, without a branch and without a
call of libm; what a flow and its slopes have in common is worked out once. That changes the last
digits, not the equations.
"""

from collections.abc import Callable
from typing import NamedTuple

from kernels.mimics.one_layer.matrices import Matrix, Pools, Row
from kernels.numerics.exp import exp
from kernels.numerics.lanes import inlined
from kernels.numerics.log import log


class Coefficients(NamedTuple):
    """Coefficients of a member, in the order of `one_layer.equations`, to the density exponent."""

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
    beta: float


class Crowding(NamedTuple):
    """B^(beta - 1) of both microbes."""

    r: float
    k: float


class Eaten(NamedTuple):
    """A flow, mg C cm-3 h-1, and its slopes with the biomass and with what is eaten, h-1."""

    flow: float
    by_b: float
    by_s: float


class Fluxes(NamedTuple):
    """What both microbes eat of m, s and a, and oxidise of c; what dies, and its slopes."""

    rm: Eaten
    rs: Eaten
    ra: Eaten
    rc: Eaten
    km: Eaten
    ks: Eaten
    ka: Eaten
    kc: Eaten
    dead_r: float
    dead_k: float
    dead_by_r: float
    dead_by_k: float


Uptake = Callable[[float, float, float, float], Eaten]


@inlined
def forward(v: float, half: float, microbes: float, substrate: float) -> Eaten:
    """Return V B S/(K + S) and its slopes."""
    q = 1.0 / (half + substrate)
    by_b = v * substrate * q
    return Eaten(by_b * microbes, by_b, v * microbes * half * q * q)


@inlined
def reverse(v: float, half: float, microbes: float, substrate: float) -> Eaten:
    """Return V B S/(K + B) and its slopes."""
    q = 1.0 / (half + microbes)
    by_s = v * microbes * q
    return Eaten(by_s * substrate, v * substrate * half * q * q, by_s)


@inlined
def crowded(microbes: float, beta: float) -> float:
    """Return B^(beta - 1); 1 where there is no microbe."""
    return exp((beta - 1.0) * log(microbes if microbes > 0.0 else 1.0))


@inlined
def carried(v: float, half: float, microbes: float, substrate: float) -> Eaten:
    """Return of V B S/(K + S) what a tracer of S feels: its slope is the flow per substrate."""
    return Eaten(0.0, 0.0, v * microbes / (half + substrate))


def fluxes_of(eaten: Uptake) -> Callable[[Coefficients, Pools, Crowding, float], Fluxes]:
    """Return the equation of all fluxes of one form of uptake.

    Its last argument is the power of the biomass that deaths go with: the density exponent, or
    1 for a tracer.
    """

    @inlined
    def fluxes(k: Coefficients, y: Pools, crowding: Crowding, power: float) -> Fluxes:
        mu_r, mu_k = k.mu_r * crowding.r, k.mu_k * crowding.k
        return Fluxes(
            eaten(k.v_rm, k.k_rm, y.r, y.m),
            eaten(k.v_rs, k.k_rs, y.r, y.s),
            eaten(k.v_ra, k.k_ra, y.r, y.a),
            eaten(k.v_rs, k.ko_r, y.r, y.c),
            eaten(k.v_km, k.k_km, y.k, y.m),
            eaten(k.v_ks, k.k_ks, y.k, y.s),
            eaten(k.v_ka, k.k_ka, y.k, y.a),
            eaten(k.v_ks, k.ko_k, y.k, y.c),
            mu_r * y.r,
            mu_k * y.k,
            mu_r * power,
            mu_k * power,
        )

    return fluxes


@inlined
def rates(k: Coefficients, y: Pools, u: Fluxes) -> Pools:
    """Return the rates of the pools, mg C cm-3 h-1."""
    oxidation, desorption = u.rc.flow + u.kc.flow, k.des * y.p
    return Pools(
        k.in_m - u.rm.flow - u.km.flow,
        k.in_s - u.rs.flow - u.ks.flow,
        k.e1 * (u.rm.flow + u.ra.flow) + k.e2 * u.rs.flow - u.dead_r,
        k.e3 * (u.km.flow + u.ka.flow) + k.e4 * u.ks.flow - u.dead_k,
        k.in_p + k.fp_r * u.dead_r + k.fp_k * u.dead_k - desorption,
        k.in_c + k.fc_r * u.dead_r + k.fc_k * u.dead_k - oxidation,
        k.fa_r * u.dead_r + k.fa_k * u.dead_k + desorption + oxidation - u.ra.flow - u.ka.flow,
    )


@inlined
def respired(k: Coefficients, u: Fluxes) -> float:
    """Return respiration, mg C cm-3 h-1."""
    of_r = (1.0 - k.e1) * (u.rm.flow + u.ra.flow) + (1.0 - k.e2) * u.rs.flow
    return of_r + (1.0 - k.e3) * (u.km.flow + u.ka.flow) + (1.0 - k.e4) * u.ks.flow


@inlined
def less_slopes(diagonal: float, k: Coefficients, u: Fluxes) -> Matrix:
    """Return ``diagonal - J``, J being the slopes of the rates with the pools, h-1."""
    r, o = u.dead_by_r, u.dead_by_k
    oxidised = u.rc.by_s + u.kc.by_s
    return Matrix(
        Row(diagonal + k.des, 0.0, 0.0, 0.0, 0.0, -k.fp_r * r, -k.fp_k * o),
        Row(
            0.0, diagonal + oxidised, 0.0, 0.0, 0.0,
            u.rc.by_b - k.fc_r * r, u.kc.by_b - k.fc_k * o,
        ),
        Row(
            -k.des, -oxidised, diagonal + (u.ra.by_s + u.ka.by_s), 0.0, 0.0,
            u.ra.by_b - u.rc.by_b - k.fa_r * r, u.ka.by_b - u.kc.by_b - k.fa_k * o,
        ),
        Row(0.0, 0.0, 0.0, diagonal + (u.rm.by_s + u.km.by_s), 0.0, u.rm.by_b, u.km.by_b),
        Row(0.0, 0.0, 0.0, 0.0, diagonal + (u.rs.by_s + u.ks.by_s), u.rs.by_b, u.ks.by_b),
        Row(
            0.0, 0.0, -k.e1 * u.ra.by_s, -k.e1 * u.rm.by_s, -k.e2 * u.rs.by_s,
            diagonal + (r - k.e1 * (u.rm.by_b + u.ra.by_b) - k.e2 * u.rs.by_b), 0.0,
        ),
        Row(
            0.0, 0.0, -k.e3 * u.ka.by_s, -k.e3 * u.km.by_s, -k.e4 * u.ks.by_s, 0.0,
            diagonal + (o - k.e3 * (u.km.by_b + u.ka.by_b) - k.e4 * u.ks.by_b),
        ),
    )  # fmt: skip
