"""CORPSE: its outputs, made of what the blocks fill."""

from collections.abc import Iterator, Mapping

import numpy as np

from kernels.contract.arrays import F8, I8
from kernels.contract.entries import Variable, by_day
from kernels.contract.limits import METRE

COHORTS = ("rhizosphere", "bulk", "litter_layer")
SPECIES = ("labile", "recalcitrant", "necromass")
_POOLS = (
    *(f"unprotected_{name}" for name in SPECIES),
    *(f"protected_{name}" for name in SPECIES),
    "microbes",
)


def pool_names(cohorts: int) -> tuple[str, ...]:
    """Return the names of the states, cohort after cohort."""
    return tuple(f"{cohort}_{pool}" for cohort in COHORTS[:cohorts] for pool in _POOLS)


_STOCK, _FLUX = "g C m-2", "g C m-2 yr-1"
_YEARLY = {
    "rh": (_FLUX, "heterotrophic respiration, with that of woody debris"),
    "litter_input": (_FLUX, "litter of leaves and fine roots, and woody debris that decomposes"),
    "soil_litter_carbon": (_STOCK, "carbon of litter, microbes and soil, without woody debris"),
    "corpse_co2": (_FLUX, "respiration of the soil's cohorts, without that of woody debris"),
    "corpse_protected": (_STOCK, "protected carbon"),
    "corpse_unprotected": (_STOCK, "unprotected carbon without microbes"),
    "corpse_microbes": (_STOCK, "live microbes"),
    **{f"corpse_protected_{n}": (_STOCK, f"protected carbon, {n}") for n in SPECIES},
    **{f"corpse_unprotected_{n}": (_STOCK, f"unprotected carbon, {n}") for n in SPECIES},
}


def outputs(mean: bool, search: bool) -> Iterator[Variable]:
    """Yield the table of outputs; ``search`` is whether the start was looked for."""
    dims = () if mean else ("time",)
    for name, (units, meaning) in _YEARLY.items():
        limit = METRE if units == _STOCK else None
        made = Variable(name, units, meaning, dims, limit=limit)
        yield from (made,) if mean else (made, by_day(made))
    pools = "carbon of the pools of each cohort"
    made = Variable("corpse_pools", _STOCK, pools, (*dims, "corpse_pool"), limit=METRE)
    yield made
    if not mean:
        yield by_day(made)
        for name, when in (("start", "before the first year"), ("end", "after the last year")):
            meaning = f"{pools} {when}"
            yield Variable(f"corpse_{name}", _STOCK, meaning, ("corpse_pool",), limit=METRE)
    if search:
        yield Variable("corpse_cycles", "1", "cycles run until they repeated themselves", ())
        yield Variable("corpse_drift", "1", "largest relative change of a pool over the last", ())


def by_days(out: Mapping[str, F8]) -> bool:
    """Return whether days are asked for."""
    return any(name.endswith("_daily") for name in out)


def report(
    out: Mapping[str, F8],
    members: I8,
    pools: F8,
    co2: F8,
    came: F8,
    debris: F8,
    after: str = "",
) -> None:
    """Fill what is asked for; of days, in kg and g C m-2 d-1, with ``after`` names ``_daily``.

    Parameters
    ----------
    members : ndarray, shape (n, 2)
        Locations and samples.
    pools : ndarray, shape (n, *time, cohorts, 7), kg C m-2
    co2, came : ndarray, shape (n, *time, cohorts), kg C m-2 yr-1
        Respiration and input of cohorts.
    debris : ndarray, shape (n, *time), g C m-2 yr-1
        Respiration of woody debris.
    """
    total = pools.sum(axis=-2)
    made = {
        "rh": 1000.0 * co2.sum(axis=-1) + debris,
        "litter_input": 1000.0 * came.sum(axis=-1) + debris,
        "corpse_co2": 1000.0 * co2[..., :2].sum(axis=-1),
        "soil_litter_carbon": 1000.0 * total.sum(axis=-1),
        "corpse_protected": 1000.0 * total[..., 3:6].sum(axis=-1),
        "corpse_unprotected": 1000.0 * total[..., :3].sum(axis=-1),
        "corpse_microbes": 1000.0 * total[..., 6],
        "corpse_pools": flat(pools),
    }
    for i, name in enumerate(SPECIES):
        made[f"corpse_unprotected_{name}"] = 1000.0 * total[..., i]
        made[f"corpse_protected_{name}"] = 1000.0 * total[..., 3 + i]
    for name, values in made.items():
        if name + after in out:
            place(out[name + after], members, values)


def flat(pools: F8) -> F8:
    """Return cohorts and pools as one dimension, g C m-2."""
    # Of no member numpy cannot tell what -1 stands for.
    return 1000.0 * pools.reshape(*pools.shape[:-2], pools.shape[-2] * pools.shape[-1])


def place(values: F8, members: I8, made: F8) -> None:
    """Put members, first axis of ``made``, where they belong in (L, *dims, S)."""
    values[members[:, 0], ..., members[:, 1]] = np.asarray(made)
