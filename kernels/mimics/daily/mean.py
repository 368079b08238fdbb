"""MIMICS with the testbed's litter under drivers that do not change: its equilibrium."""

import numpy as np

import kernels.mimics.one_layer.sets as of
from kernels.contract.arrays import F8, I8, U1
from kernels.contract.build import block, equation
from kernels.contract.status import OK, OUT_OF_RANGE
from kernels.mimics.daily.cycle import (
    DEBRIS_RH,
    LITTER,
    SOIL_RH,
    Members,
    location_of,
    parameters_of,
)
from kernels.mimics.daily.lanes import (
    DAILY,
    DEBRIS,
    HOURS_A_DAY,
    LIGNIN_N,
    METABOLIC,
    STRUCTURAL,
    TEMPERATURE,
    THETA_F,
    THETA_L,
)
from kernels.mimics.one_layer.coefficients import of_inputs
from kernels.mimics.one_layer.equations import (
    COEFFICIENTS,
    HOURS,
    POOLS,
    RH,
    corpse,
    metabolic_fraction,
)
from kernels.mimics.one_layer.reduced import equilibrium
from kernels.numerics.copying import copy_row
from kernels.numerics.small_systems import work

DAYS = 365.0


@equation
def mean_coefficients(members: Members, member: int, x: F8, k: F8) -> int:
    """Fill a member's drivers, (DAILY + 1,), and coefficients; return its status."""
    location, sample = location_of(members, member), member % members.rows.shape[1]
    for driver in range(DAILY + 1):
        x[driver] = members.daily[driver][location, 0]
    t = parameters_of(members, member)
    f_met = metabolic_fraction(x[LIGNIN_N], t[of.LIGNIN_N_MOST], t[of.Q1], t[of.Q2], t[of.Q3])
    per_hour = 0.1 / HOURS_A_DAY / members.depth[location, sample]
    structural = (x[STRUCTURAL] + x[DEBRIS]) * per_hour
    # In equilibrium without litter every pool ends at zero, or, without microbes, anywhere.
    if f_met > 1.0 or not x[METABOLIC] * per_hour + structural > 0.0:
        return OUT_OF_RANGE
    npp = max(0.0, members.npp[location, 0])
    f_w = corpse(x[THETA_L], x[THETA_F])
    clay = members.clay[location]
    return of_inputs(
        t, x[METABOLIC] * per_hour, structural, f_met, npp, x[TEMPERATURE], clay, f_w, k
    )


@block
def mean_states(
    members: Members, order: I8, most: int, annual: F8, progress: F8, status: U1
) -> None:  # fmt: skip
    """Fill the equilibria of members.

    Parameters
    ----------
    most : int
        Linear solves.
    order : ndarray, shape (m,), int64
    annual : ndarray, shape (m, 1, COLUMNS)
    progress : ndarray, shape (members, 2)
        Linear solves, and the largest relative rate of a pool, yr-1.
    """
    k, y, x, w = np.empty(COEFFICIENTS), np.empty(POOLS), np.empty(DAILY + 1), work()
    for i, member in enumerate(order):
        status[member] = mean_coefficients(members, member, x, k)
        if status[member] != OK:
            continue
        status[member], solves, residual = equilibrium(k, y, most, w)
        progress[member, 0], progress[member, 1] = solves, residual
        results = annual[i, 0]
        copy_row(y, results)
        results[SOIL_RH] = w.f[RH] * HOURS
        results[LITTER] = (x[METABOLIC] + x[STRUCTURAL] + x[DEBRIS]) * DAYS
        results[DEBRIS_RH] = x[DAILY] * DAYS
