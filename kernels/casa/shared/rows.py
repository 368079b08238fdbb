"""CASA: what members are told apart by, made of tables and parameters."""

from collections.abc import Mapping, Sequence

import numpy as np

from kernels.casa.shared.pft_table import Table, of_pft
from kernels.contract.arrays import F8
from kernels.contract.build import block
from kernels.numerics.exp import exp
from kernels.numerics.log import log


def metabolic(x: Mapping[str, F8], lignin_n: F8) -> F8:
    """Return the part of leaf or root litter that is metabolic, from its lignin:N."""
    part = x["fmet_scale"] * (x["fmet_intercept"] - x["fmet_slope"] * lignin_n)
    return np.asarray(np.maximum(0.001, part))


def plant_rows(table: Table, pft: F8, x: Mapping[str, F8]) -> tuple[F8, F8, F8]:
    """Return members' rows, metabolic parts and first pools, (M, 17), (M, 4) and (M, 4).

    Parameters
    ----------
    pft : ndarray, shape (L,)
    x : mapping of str to ndarray, shape (1 or L, S)
    """
    t = {name: of_pft(table, name, pft)[:, np.newaxis] for name in table}
    to_n = 1.0 / t["cn_leaf"]
    rows = (
        1.0 / (365.0 * (t["age_leaf"] * x["x_leaf_age"]) * (1.0 - t["fherb"])),
        1.0 / (365.0 * (t["age_wood"] * x["x_wood_age"])),
        1.0 / (365.0 * (t["age_froot"] * x["x_froot_age"])),
        t["rm_wood"] * x["x_rm_wood"] / 365.0 / t["cn_wood"],
        t["rm_froot"] * x["x_rm_froot"] / 365.0 / t["cn_froot"],
        to_n,
        to_n / t["np_leaf"],
        x["growth_base"],
        t["sla"] * x["x_sla"],
        t["lai_min"],
        t["lai_max"],
        t["cold_max"] * x["x_cold_max"] / 365.0,
        t["dry_max"] * x["x_dry_max"] / 365.0,
        t["a_leaf"] * x["x_a_leaf"],
        t["a_wood"] * x["x_a_wood"],
        t["a_froot"] * x["x_a_froot"],
        np.where(t["class"] >= 2.0, 1.0, 0.0),
    )
    splits = (
        metabolic(x, t["cn_leaf"] * t["lignin_leaf"] / t["fn_leaf"]),
        metabolic(x, t["cn_froot"] * t["lignin_froot"] / t["fn_froot"]),
        metabolic(x, t["cn_leaf"] * t["lignin_leaf"]),
        metabolic(x, t["cn_froot"] * t["lignin_froot"]),
    )
    # Leaf P of a first day is in the table; it stands here as the leaf that it belongs to.
    pools = (
        t["c_leaf"],
        np.where(t["class"] >= 2.0, t["c_wood"], 0.0),
        t["c_froot"],
        t["p_leaf"] * t["cn_leaf"] * t["np_leaf"],
    )
    shape = (len(pft), np.broadcast_shapes(*(v.shape for v in x.values()))[1])
    return packed(rows, shape), packed(splits, shape), packed(pools, shape)


CROP = 12
"""Type whose soil pools turn over faster; its moisture factor is 1, as that of the next."""
NO_MOISTURE = (12, 14)


def soil_rows(table: Table, pft: F8, clay: F8, silt: F8, x: Mapping[str, F8]) -> tuple[F8, F8]:
    """Return members' rows and first pools, (M, 22) and (M, 6).

    Parameters
    ----------
    pft, clay, silt : ndarray, shape (L,)
    x : mapping of str to ndarray, shape (1 or L, S)
    """
    t = {name: of_pft(table, name, pft)[:, np.newaxis] for name in table}
    clay, fines = clay[:, np.newaxis], (clay + silt)[:, np.newaxis]
    litter, soil = t["kopt_litter"] * x["x_kopt_litter"], t["kopt_soil"] * x["x_kopt_soil"]
    crop = pft[:, np.newaxis] == CROP
    slowed = exponentials(-x["str_lignin"] * t["lignin_leaf"])
    rates = (
        litter / (365.0 * x["tau_met"]),
        litter / (365.0 * x["tau_str"]) * slowed,
        litter / (365.0 * x["tau_cwd"]),
        soil
        / (365.0 * x["tau_fast"])
        * (1.0 - x["fast_texture"] * fines)
        * np.where(crop, 1.25, 1),
        soil / (365.0 * x["tau_slow"]) * np.where(crop, 1.5, 1.0),
        soil / (365.0 * x["tau_pass"]) * np.where(crop, 1.5, 1.0),
    )
    kept = x["fast_kept"] - x["fast_kept_texture"] * fines
    to_fast = (x["met_to_fast"], x["str_to_fast"] * (1.0 - t["lignin_leaf"]))
    str_slow, cwd_fast, cwd_slow = x["str_to_slow"] * t["lignin_leaf"], *cwd_parts(t, x)
    fast_slow = x["fast_to_slow"] * (kept * (0.997 - 0.032 * clay))
    fast_pass = x["fast_to_pass"] * (kept * (0.003 + 0.032 * clay))
    slow_pass = x["slow_to_pass"] * (0.003 + 0.009 * clay)
    parts = (*to_fast, str_slow, cwd_fast, cwd_slow, fast_slow, fast_pass, slow_pass)
    respired = (
        1.0 - to_fast[0],
        1.0 - to_fast[1] - str_slow,
        1.0 - cwd_fast - cwd_slow,
        1.0 - fast_slow - fast_pass,
        1.0 - slow_pass,
    )
    shape = (len(pft), np.broadcast_shapes(*(v.shape for v in x.values()))[1])
    rows = packed((*rates, *parts, *respired, *exponents(pft, x)), shape)
    woody = np.where(t["class"] >= 2.0, t["c_cwd"], 0.0)
    names = ("c_met", "c_str", "c_fast", "c_slow", "c_pass")
    first = [t[name] for name in names]
    return rows, packed((*first[:2], woody, *first[2:]), shape)


def debris_rows(table: Table, pft: F8, x: Mapping[str, F8]) -> tuple[F8, F8]:
    """Return members' rows of woody debris alone and first pools, (M, 9) and (M,)."""
    t = {name: of_pft(table, name, pft)[:, np.newaxis] for name in table}
    to_fast, to_slow = cwd_parts(t, x)
    arriving = to_fast + to_slow
    columns = (
        t["kopt_litter"] * x["x_kopt_litter"] / (365.0 * x["tau_cwd"]),
        arriving,
        1.0 - arriving,
        t["cn_leaf"] * t["lignin_leaf"],
        t["cn_froot"] * t["lignin_froot"],
        t["cn_wood"] * t["lignin_wood"],
        *exponents(pft, x),
    )
    shape = (len(pft), np.broadcast_shapes(*(v.shape for v in x.values()))[1])
    woody = np.where(t["class"] >= 2.0, t["c_cwd"], 0.0)
    return packed(columns, shape), packed((woody,), shape)[:, 0]


def cwd_parts(t: Mapping[str, F8], x: Mapping[str, F8]) -> tuple[F8, F8]:
    """Return the parts of woody debris that go to fast and slow; the rest is respired."""
    lignin = t["lignin_wood"]
    return x["cwd_to_fast"] * (1.0 - lignin), x["cwd_to_slow"] * lignin


def exponents(pft: F8, x: Mapping[str, F8]) -> tuple[F8, F8, F8]:
    """Return the exponents of activity: of temperature, and of the two factors of moisture."""
    wetted = np.where(np.isin(pft, NO_MOISTURE), 0.0, 1.0)[:, np.newaxis]
    return logarithms(x["q10"]), x["wet_exponent"] * wetted, x["dry_exponent"] * wetted


def exponentials(values: F8) -> F8:
    """Return exponentials, the same to the last bit for every shape and machine."""
    powers = np.array(values, order="C")
    _exp(powers.reshape(-1))
    return powers


def logarithms(values: F8) -> F8:
    """Return logarithms, likewise; of what has none they mean nothing."""
    logs = np.array(np.where(values > 0.0, values, 1.0), order="C")
    _log(logs.reshape(-1))
    return logs


@block
def _exp(values: F8) -> None:
    for i in range(len(values)):
        values[i] = exp(values[i])


@block
def _log(values: F8) -> None:
    for i in range(len(values)):
        values[i] = log(values[i])


def packed(columns: Sequence[F8], shape: tuple[int, int]) -> F8:
    """Return columns (1 or L, 1 or S) side by side for every member, (M, columns)."""
    table = np.empty((*shape, len(columns)))
    for i, column in enumerate(columns):
        table[..., i] = column
    return table.reshape(shape[0] * shape[1], len(columns))
