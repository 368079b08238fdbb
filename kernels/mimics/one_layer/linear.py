"""MIMICS, one layer: rates and their slopes together, for members side by side in lanes.

The equations of `one_layer.equations`, which are the reference, without a branch and without a
call of libm; what a flow and its slopes have in common is worked out once. That changes the last
digits, not the equations.
"""

from collections.abc import Callable
from typing import NamedTuple

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


class Pools(NamedTuple):
    """Seven pools, or rates or changes of them, mg C cm-3."""

    m: float
    s: float
    r: float
    k: float
    p: float
    c: float
    a: float


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


class Row(NamedTuple):
    """A row of a matrix, by pool: those first that are eliminated first, microbes last.

    In that order pivots need not be looked for: without microbes what leaves a pool is more than
    what it hands on to others.
    """

    p: float
    c: float
    a: float
    m: float
    s: float
    r: float
    k: float


class Matrix(NamedTuple):
    """A matrix of pools by pools."""

    p: Row
    c: Row
    a: Row
    m: Row
    s: Row
    r: Row
    k: Row


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


# --- matrices ---


@inlined
def less_row(one: Row, share: float, other: Row) -> Row:
    """Return a row less a share of another."""
    return Row(
        one.p - share * other.p,
        one.c - share * other.c,
        one.a - share * other.a,
        one.m - share * other.m,
        one.s - share * other.s,
        one.r - share * other.r,
        one.k - share * other.k,
    )


@inlined
def less(one: Matrix, share: float, other: Matrix) -> Matrix:
    """Return a matrix less a share of another."""
    return Matrix(
        less_row(one.p, share, other.p),
        less_row(one.c, share, other.c),
        less_row(one.a, share, other.a),
        less_row(one.m, share, other.m),
        less_row(one.s, share, other.s),
        less_row(one.r, share, other.r),
        less_row(one.k, share, other.k),
    )


@inlined
def _pivot(x: Row) -> Row:
    """Return the first row of a matrix after it was exchanged, its first column going last."""
    one = 1.0 / x.p
    return Row(x.c * one, x.a * one, x.m * one, x.s * one, x.r * one, x.k * one, one)


@inlined
def _without(x: Row, pivot: Row) -> Row:
    """Return another row of it, its first column going last."""
    return Row(
        x.c - x.p * pivot.p,
        x.a - x.p * pivot.c,
        x.m - x.p * pivot.a,
        x.s - x.p * pivot.m,
        x.r - x.p * pivot.s,
        x.k - x.p * pivot.r,
        -(x.p * pivot.k),
    )


@inlined
def _exchanged(b: Matrix) -> Matrix:
    """Return a matrix with its first unknown and its first right-hand side exchanged.

    Row and column of what was first go last, so that the next is first: after seven times every
    row and column is where it was.
    """
    pivot = _pivot(b.p)
    return Matrix(
        _without(b.c, pivot),
        _without(b.a, pivot),
        _without(b.m, pivot),
        _without(b.s, pivot),
        _without(b.r, pivot),
        _without(b.k, pivot),
        pivot,
    )


@inlined
def inverse(b: Matrix) -> Matrix:
    """Return the inverse, by Gauss and Jordan without a search for pivots; see `Row`."""
    first = _exchanged(_exchanged(_exchanged(b)))
    return _exchanged(_exchanged(_exchanged(_exchanged(first))))


@inlined
def _row_times(b: Row, x: Pools) -> float:
    first = (b.p * x.p + b.c * x.c) + (b.a * x.a + b.m * x.m)
    return first + ((b.s * x.s + b.r * x.r) + b.k * x.k)


@inlined
def times(b: Matrix, x: Pools) -> Pools:
    """Return a matrix times seven numbers."""
    return Pools(
        _row_times(b.m, x),
        _row_times(b.s, x),
        _row_times(b.r, x),
        _row_times(b.k, x),
        _row_times(b.p, x),
        _row_times(b.c, x),
        _row_times(b.a, x),
    )


@inlined
def plus(one: Pools, other: Pools) -> Pools:
    """Return the sum of two states."""
    return Pools(
        one.m + other.m,
        one.s + other.s,
        one.r + other.r,
        one.k + other.k,
        one.p + other.p,
        one.c + other.c,
        one.a + other.a,
    )


@inlined
def scaled(share: float, x: Pools) -> Pools:
    """Return a share of a state."""
    return Pools(
        share * x.m, share * x.s, share * x.r, share * x.k, share * x.p, share * x.c, share * x.a
    )
