"""MIMICS in layers: transport, root input and the coefficients of each layer, one member.

Wang et al. (2021, JGR Biogeosciences, 10.1029/2020JG006205): the forward form in every layer,
all seven pools diffusing alike, litter of roots by depth, maximum uptake falling with depth.
Depth z in cm downward, layers in finite volumes; nothing leaves at the bottom, and what falls
on the surface is an input of the first layer.
"""

from math import exp, isfinite

import kernels.mimics.one_layer.sets as of
from kernels.contract.arrays import F8
from kernels.contract.build import equation
from kernels.contract.status import OK, OUT_OF_RANGE
from kernels.mimics.one_layer.coefficients import of_inputs
from kernels.mimics.one_layer.equations import (
    FORWARD,
    IN_C,
    IN_M,
    IN_P,
    IN_S,
    POOLS,
    hourly,
    jacobian,
    metabolic_fraction,
    rates,
)
from kernels.numerics.copying import copy_row

# Behind the constants of one layer in a row of parameters.
X_V, X_K, X_D, X_DIFFUSION, ALPHA_R, ALPHA_V, D_0 = range(len(of.NAMES), len(of.NAMES) + 7)
PARAMETERS = len(of.NAMES) + 7
STARTED = PARAMETERS
"""Behind them in a row of a transient: what multiplies the pools of its start."""

# --- columns of a location's drivers ---

ABOVE, BELOW, LIGNIN_ABOVE, LIGNIN_BELOW, NPP, TEMPERATURE, CLAY = range(7)
DRIVERS = 7

# --- columns of transport: rates (h-1) at which a layer takes on what it is beside ---

UP, DOWN = 0, 1


@equation
def root_fractions(thickness: F8, alpha: float, g: F8) -> None:
    """Fill the share of root litter in each layer, (n,), which add to 1.

    ``alpha`` (cm-1) as equation 11 of the paper means it: exponential, normalised over the
    column. As printed it would grow with depth and add to a tenth.
    """
    top, total = 0.0, 0.0
    for j in range(len(thickness)):
        # exp(-a z)(1 - exp(-a dz)) has all its digits where a dz is small.
        g[j] = exp(-alpha * top) * -_expm1(-alpha * thickness[j])
        total += g[j]
        top += thickness[j]
    for j in range(len(thickness)):
        g[j] = g[j] / total if total > 0.0 else thickness[j] / top


@equation
def _expm1(x: float) -> float:
    """Return exp(x) - 1; numba's own would be a call of libm, too."""
    from_series: float = x * (1.0 + x * (0.5 + x / 6.0 * (1.0 + 0.25 * x)))
    return from_series if abs(x) < 1e-3 else exp(x) - 1.0


@equation
def transport(thickness: F8, diffusivity: float, d: F8) -> None:
    """Fill the rates (n, 2) of exchange with the layers above and below, h-1.

    ``diffusivity`` in cm2 h-1, ``thickness`` (n,) in cm. Layer j gains
    ``d[j, UP] (C[j-1] - C[j]) + d[j, DOWN] (C[j+1] - C[j])``; the column's carbon is kept.
    """
    last = len(thickness) - 1
    for j in range(last + 1):
        d[j, UP], d[j, DOWN] = 0.0, 0.0
        if j > 0:
            d[j, UP] = 2.0 * diffusivity / ((thickness[j - 1] + thickness[j]) * thickness[j])
        if j < last:
            d[j, DOWN] = 2.0 * diffusivity / ((thickness[j] + thickness[j + 1]) * thickness[j])


@equation
def layers(p: F8, site: F8, thickness: F8, t: F8, g: F8, d: F8, k: F8) -> int:
    """Fill transport and the coefficients of every layer; return the member's status.

    Parameters
    ----------
    p : ndarray, shape (PARAMETERS,) or longer
    site : ndarray, shape (DRIVERS,)
    thickness : ndarray, shape (n,), cm
    t, g : ndarray, shapes (len(p),) or longer, and (n,)
        Work.
    d : ndarray, shape (n, 2), h-1
    k : ndarray, shape (n, COEFFICIENTS)
    """
    above = metabolic_fraction(
        site[LIGNIN_ABOVE], p[of.LIGNIN_N_MOST], p[of.Q1], p[of.Q2], p[of.Q3]
    )
    below = metabolic_fraction(
        site[LIGNIN_BELOW], p[of.LIGNIN_N_MOST], p[of.Q1], p[of.Q2], p[of.Q3]
    )
    if above > 1.0 or below > 1.0:
        return OUT_OF_RANGE
    transport(thickness, p[X_DIFFUSION] * p[D_0], d)
    root_fractions(thickness, p[ALPHA_R] / 100.0, g)
    copy_row(p, t)
    t[of.AK], t[of.D1] = p[of.AK] * p[X_K], p[of.D1] * p[X_D]
    top = 0.0
    for j in range(len(thickness)):
        middle = (top + 0.5 * thickness[j]) / 100.0
        t[of.AV] = p[of.AV] * p[X_V] * exp(-p[ALPHA_V] * middle)
        fallen = hourly(site[ABOVE], thickness[j]) if j == 0 else 0.0
        grown = hourly(site[BELOW] * g[j], thickness[j])
        metabolic = above * fallen + below * grown
        structural = (1.0 - above) * fallen + (1.0 - below) * grown
        # Where nothing at all comes in, the quality of what would.
        f_met = metabolic / (metabolic + structural) if metabolic + structural > 0.0 else below
        status = of_inputs(
            t, metabolic, structural, f_met, site[NPP], site[TEMPERATURE], site[CLAY], 1.0, k[j]
        )
        if status != OK or not isfinite(d[j, UP] + d[j, DOWN]):
            return OUT_OF_RANGE
        top += thickness[j]
    return OK


@equation
def input_of(k: F8) -> float:
    """Return all litter of a layer, mg C cm-3 h-1."""
    return float((k[IN_M] + k[IN_P]) + (k[IN_S] + k[IN_C]))


@equation
def profile_rates(k: F8, d: F8, decay: float, y: F8, f: F8) -> None:
    """Fill the rates of all pools and, last in each layer, respiration; mg C cm-3 h-1.

    Parameters
    ----------
    k, d : ndarray, shapes (n, COEFFICIENTS) and (n, 2)
    decay : float, h-1
        Of every pool: none of carbon, that of 14C where it is run as if it were carbon.
    y : ndarray, shape (n, 7), mg C cm-3
    f : ndarray, shape (n, 8)
    """
    last = len(y) - 1
    for j in range(last + 1):
        rates(FORWARD, k[j], y[j], f[j])
        for i in range(POOLS):
            gained = -decay * y[j, i]
            if j > 0:
                gained += d[j, UP] * (y[j - 1, i] - y[j, i])
            if j < last:
                gained += d[j, DOWN] * (y[j + 1, i] - y[j, i])
            f[j, i] += gained


@equation
def layer_jacobian(k: F8, d: F8, decay: float, y: F8, j: F8) -> None:
    """Fill the slopes of a layer's rates with its own pools, (8, 7), as `jacobian` does.

    The slope with the same pool of the layer above is ``d[UP]``, of that below ``d[DOWN]``.
    """
    jacobian(FORWARD, k, y, j)
    for i in range(POOLS):
        j[i, i] -= d[UP] + d[DOWN] + decay


@equation
def size_of(c: float) -> float:
    """Return what changes of a pool are relative to: itself, or 1 mg cm-3 where there is none."""
    return c if c > 0.0 else 1.0
