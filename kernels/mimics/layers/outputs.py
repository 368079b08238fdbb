"""MIMICS in layers: what comes out, from the pools of all layers."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.contract.arrays import F8
from kernels.contract.entries import Variable
from kernels.contract.limits import ORGANIC, column
from kernels.mimics.layers.equations import ALPHA_R, ALPHA_V, X_V
from kernels.mimics.one_layer.equations import POOLS, RH, A, M, P, R, S
from kernels.mimics.one_layer.pools import MEANINGS

FIRST_YEAR = 1950
"""With whose atmosphere 14C is in equilibrium."""

MODERN = "fraction_modern"
"""What names of outputs of 14C have in them."""

_DEEP = ("layer",)

KG_M2 = 0.01
"""kg C m-2 in a mg C cm-3 over a cm."""


def outputs(options: Any) -> Iterator[Variable]:
    """Yield the outputs of the options of `kernels.mimics_profile`."""
    steady = options.mode == "steady"
    when: tuple[str, ...] = () if steady else ("time",)
    deep = (*when, "layer")
    density, stock = "mg C cm-3", "kg C m-2"
    most = column(sum(options.layers), stock)
    for name, meaning in MEANINGS.items():
        yield Variable(name, density, f"carbon of {meaning}", deep, limit=ORGANIC)
    yield Variable("respiration", "mg C cm-3 yr-1", "heterotrophic respiration", deep)
    yield Variable("soc", density, "carbon of microbes and SOM", deep, limit=ORGANIC)
    whole = "carbon of microbes and SOM, all layers"
    yield Variable("soc_stock", stock, whole, when, limit=most)
    yield Variable("litter_stock", stock, "carbon of litter, all layers", when, limit=most)
    yield Variable("carbon_stock", stock, "all carbon, all layers", when, limit=most)
    yield Variable("column_input", "kg C m-2 yr-1", "carbon of litter, all layers", when)
    flux = "heterotrophic respiration, all layers"
    yield Variable("column_respiration", "kg C m-2 yr-1", flux, when)
    if options.carbon14 != "none":
        yield from _modern_outputs()
    if steady:
        fallen = "carbon of root litter in the layer"
        yield Variable("root_litter", "g C m-2 yr-1", fallen, _DEEP)
        taken = "maximum uptake over that of the constants, as it declines with depth"
        yield Variable("uptake_factor", "1", taken, _DEEP)
        yield from _about_equilibrium(options)


def _modern_outputs() -> Iterator[Variable]:
    yield Variable("fraction_modern", "1", "14C of SOM without microbes, fraction modern", _DEEP)
    for name, meaning in MEANINGS.items():
        meaning_of_pool = f"14C of {meaning}, fraction modern"
        yield Variable(f"fraction_modern_{name}", "1", meaning_of_pool, _DEEP)
    meaning_of_pool = "14C of SOM without microbes, all layers, fraction modern"
    yield Variable("column_fraction_modern", "1", meaning_of_pool, ())


def _about_equilibrium(options: Any) -> Iterator[Variable]:
    if options.steady == "spinup":
        yield Variable("spinup_years", "1", "years run until the rule is met", ())
        yield Variable("drift", "1", "relative change over the last of them", ())
        return
    yield Variable("solves", "1", "linear solves of the equilibrium", ())
    yield Variable("residual", "yr-1", "largest relative rate of a pool", ())
    if options.stability != "none":
        yield Variable("stable", "1", "1 where the equilibrium is stable, else 0", ())
        yield Variable("growth", "yr-1", "largest real part of the Jacobian's modes", ())
    if options.stability == "spectrum":
        yield Variable("slowest_mode", "yr", "time of the slowest mode", ())
        yield Variable("fastest_rate", "yr-1", "largest absolute real part of a mode", ())


def report(kept: F8, thickness: F8, out: Mapping[str, F8], where: tuple[Any, ...]) -> None:
    """Fill outputs from results (..., n, COLUMNS, S)."""
    column = {name: i for i, name in enumerate(MEANINGS)} | {"respiration": RH}
    sums = {
        "soc_stock": (R, A + 1),
        "litter_stock": (M, S + 1),
        "carbon_stock": (M, POOLS),
        "column_respiration": (RH, RH + 1),
        "column_input": (RH + 1, RH + 2),
    }
    for name, values in out.items():
        if name in column:
            values[where] = kept[..., column[name], :]
        elif name == "soc":
            values[where] = kept[..., R : A + 1, :].sum(axis=-2)
        elif name in sums:
            first, past = sums[name]
            layers = kept[..., first:past, :].sum(axis=-2)
            values[where] = np.einsum("...ns,n->...s", layers, thickness) * KG_M2


def report_given(
    rows: F8,
    below: F8,
    thickness: F8,
    known: NDArray[np.bool_],
    out: Mapping[str, F8],
    where: tuple[Any, ...],
) -> None:
    """Fill what layers are given, root litter and how fast it may be taken up.

    Parameters
    ----------
    rows : ndarray, shape (1 or L, S, PARAMETERS)
    below : ndarray, shape (L,), g C m-2 yr-1
        Root litter of all layers.
    thickness : ndarray, shape (n,), cm
    known : ndarray of bool, shape (L, S)
        Members that have outputs.
    out : mapping of str to ndarray, shape (L, n, S)
    where : tuple
        Their place in the outputs.
    """
    top = np.cumsum(thickness) - thickness
    there = known[:, np.newaxis]
    if "root_litter" in out:
        alpha = rows[:, np.newaxis, :, ALPHA_R] / 100.0
        # As `root_fractions` has it.
        part = np.exp(-alpha * top[:, np.newaxis]) * -np.expm1(-alpha * thickness[:, np.newaxis])
        whole = part.sum(axis=1, keepdims=True)
        even = thickness[:, np.newaxis] / thickness.sum()
        share = np.divide(
            part, whole, out=np.broadcast_to(even, part.shape).copy(), where=whole > 0
        )
        out["root_litter"][where] = np.where(
            there, below[:, np.newaxis, np.newaxis] * share, np.nan
        )
    if "uptake_factor" in out:
        middle = (top + 0.5 * thickness)[:, np.newaxis] / 100.0
        x_v, alpha = (rows[:, np.newaxis, :, column] for column in (X_V, ALPHA_V))
        out["uptake_factor"][where] = np.where(there, x_v * np.exp(-alpha * middle), np.nan)


def report_modern(
    kept: F8, modern: F8, thickness: F8, out: Mapping[str, F8], where: tuple[Any, ...]
) -> None:
    """Fill fractions modern from results (L, n, COLUMNS, S) and fractions (L, n, 8, S).

    A pool that holds nothing has none.
    """
    old, fractions = kept[..., P : A + 1, :], modern[..., P : A + 1, :]
    held, carried = old.sum(axis=-2), (old * fractions).sum(axis=-2)
    for i, name in enumerate(MEANINGS):
        if f"fraction_modern_{name}" in out:
            own = np.where(kept[..., i, :] > 0.0, modern[..., i, :], np.nan)
            out[f"fraction_modern_{name}"][where] = own
    if "fraction_modern" in out:
        out["fraction_modern"][where] = carried / held
    if "column_fraction_modern" in out:
        both = [np.einsum("lns,n->ls", v, thickness) for v in (carried, held)]
        out["column_fraction_modern"][where] = both[0] / both[1]
