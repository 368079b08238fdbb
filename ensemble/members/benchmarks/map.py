"""Maps against a product, or against the median of several: weighted over cells, by groups.

A product is regridded to the cells of the run with its land, and a cell weighs as much as the
product has land there: the cell's area times F, the part of it that is land with an observed value.
Of several products, cells where all have a value are compared with their median, and ``within`` is
the share of weight that lies within their median absolute deviation (Guenet et al.).

Cells that count the same give the same scores under other names, ``rmse_unweighted``. Those of
ILAMB (Collier et al. 2018, 10.1029/2018MS001354) of a reference of one time are means of cells'
``exp(-abs(e) / abs(o))``, and Taylor's score of cells that count the same.

Source: Guenet et al. (2024, 10.5194/bg-21-657-2024).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from ensemble.members.benchmarks import Pairs, Prepared, Sums, Task, refused
from ensemble.members.benchmarks.parts import skills
from ensemble.members.benchmarks.parts.lattices import (
    Cells,
    OnCells,
    cells,
    groups_of,
    kinds_of,
    mean_of,
    mean_over,
    on_cells,
)
from ensemble.members.benchmarks.parts.products import maps_of
from ensemble.scores.products import best_estimate
from kernels import F8, I8
from scenarios.benchmarks import BenchmarkSpec, Score, plain
from scenarios.observations import GridMap
from scenarios.units import convert

ROUNDING = 1e-12
"""Part of a median by which differences of numbers of its size may be off."""

WEIGHTS = {
    "observed": "area of a cell times the part that is land with an observed value",
    "run": "the run's area of land",
    "cells": "1: cells are counted",
    "ilamb": "whole area of a cell",
}

UNWEIGHTED = "_unweighted"
OF_CELLS = ("bias", "rmse", "r", "r2", "sd_ratio")
"""Scores that are there of cells that count the same, too."""
COUNTED = {"within_cells", "ilamb_spatial", *(f"{name}{UNWEIGHTED}" for name in OF_CELLS)}
NEARNESS = {"ilamb_bias": "nearness", "ilamb_bias_mass": "nearness_mass"}
"""Pairs of scores that look at the error of each cell over the size of what is observed."""


class Spec(BenchmarkSpec):
    """A map against a product, or the median of several, over the cells of the run."""

    SCORES: ClassVar[Mapping[str, Score]] = {
        **skills.some(skills.SCORES),
        "within": Score(
            "share of weight within median and median absolute deviation of products",
            "larger",
            plain,
            default=False,
        ),
        "within_cells": Score("number of such cells", "larger", plain, default=False),
        **{f"{name}{UNWEIGHTED}": replace(one, meaning=f"{one.meaning}, each cell the same",
                                          default=False)
           for name, one in skills.some(OF_CELLS).items()},
        "ilamb_bias": Score("ILAMB's score of the bias", "larger", plain, default=False),
        "ilamb_bias_mass": Score(
            "ILAMB's score of the bias, cells by what they respire", "larger", plain, default=False
        ),
        "ilamb_spatial": Score(
            "ILAMB's score of the pattern, each cell the same", "larger", plain, default=False
        ),
    }  # fmt: skip
    OBSERVES: ClassVar[tuple[str, ...]] = ("GridMap", "GridMaps")

    compare: Literal["map"]
    groups: list[str] = Field(
        default=["global"],
        description="global, zonal (bands of 5 degrees), and names of the maps under classes:",
    )
    regrid: Literal["conservative", "distance_weighted"] = Field(
        default="conservative",
        description="to the run's cells: by overlap, or as averages of the 4 nearest centres",
    )
    conserve: Literal["refuse", "rescale"] = Field(
        default="refuse",
        description="what is done where averages by distance change a total by more than 1 %",
    )
    weight: Literal["observed", "run", "cells", "ilamb"] = Field(
        default="observed",
        description="what a cell weighs: the observed land of it, the run's land, 1, or as in "
        "ILAMB its whole area",
    )

    @field_validator("groups")
    @classmethod
    def _each_once(cls, groups: list[str]) -> list[str]:
        if len(set(groups)) != len(groups) or not groups:
            raise ValueError(f"found {groups}; needed each group once, and one or more")
        return groups


def prepare(spec: Spec, task: Task) -> Prepared:
    """Return a pair for each cell and kind of group.

    Raises
    ------
    ScenarioError
        No cells, no land fraction, units or years that do not fit, no cell in common.
    """
    there, asked = cells(task), task.outputs[spec.output]
    found = _observed(spec, task, there)
    weight = _weight(spec, task, there, found)
    known = np.isfinite(found.value)
    kept = known & (weight > 0)
    if kept.sum() < 2:
        raise refused(task, f"{int(kept.sum())} cells of the run have an observed value; needed 2")
    at = np.flatnonzero(kept)
    kinds_there = kinds_of(task, spec.groups, there, task.column("lat", "degrees"))
    groups = groups_of({n: (c[at], k) for n, (c, k) in kinds_there.items()}, len(at))
    kinds = len(groups.of_location)
    place = np.repeat(at, kinds)
    pairs = Pairs(
        output=spec.output,
        place=place,
        moment=np.zeros(len(place), np.int64),
        group=groups.of_location.T.reshape(-1),
        weight=weight[place],
        observed=found.value[place],
        moments=mean_over(task, asked, found.units),
        groups=groups.count,
        sums=_needed(spec, task, found),
        tolerance=None if found.mad is None else found.reach[place],
    )
    arrays = {"parts": groups.matrix, "land": found.land}
    arrays |= {"observed_map": found.value, "count": found.count}
    arrays |= {} if found.mad is None else {"mad": found.mad}
    arrays |= {f"product_{name}": one.rate for name, one in found.products.items()}
    left_out = {
        "cells without an observed value": int((~known).sum()),
        "cells without weight": int((known & ~(weight > 0)).sum()),
    }
    about: dict[str, Any] = {
        "weights": WEIGHTS[spec.weight],
        "regrid": spec.regrid,
        "cells": int(kept.sum()),
        "reference": found.reference,
        "land_source": found.land_source,
    }
    return Prepared(
        {"pairs": pairs, **_besides(spec, pairs)},
        found.units,
        groups.names,
        arrays,
        {why: n for why, n in left_out.items() if n},
        (_held(found.products),),
        about,
    )


def _held(products: Mapping[str, OnCells]) -> str:
    """Return how much of products lies on the cells, in whole percent: one line for all."""
    shares = sorted(one.held for one in products.values())
    least, most = f"{shares[0]:.0%}", f"{shares[-1]:.0%}"
    which = next(iter(products)) if len(products) == 1 else f"each of {', '.join(products)}"
    share = least if least == most else f"{least} to {most}"
    return f"the run's cells hold {share} of the total of {which}"


def _besides(spec: Spec, pairs: Pairs) -> dict[str, Pairs]:
    """Return the pairs that scores need besides: cells that count the same, and ILAMB's."""
    asked, found = {*spec.asked()}, {}
    if asked & COUNTED:
        within = ("within",) if "within_cells" in asked else ()
        sums = (*skills.needed(()), *within)
        found["unweighted"] = replace(pairs, weight=np.ones_like(pairs.weight), sums=sums)
    size = np.abs(pairs.observed)
    for name, key in NEARNESS.items():
        if name in asked:
            # What is next to nothing has no share of itself.
            some = size > 0
            weight = pairs.weight * (size if name.endswith("mass") else 1.0)
            kept = {n: getattr(pairs, n)[some] for n in ("place", "moment", "group", "observed")}
            found[key] = replace(
                pairs, **kept, weight=weight[some], tolerance=size[some], sums=("nearness",)
            )
    return found


def score(spec: Spec, prepared: Prepared, sums: Mapping[str, Sums]) -> dict[str, F8]:
    """Return the scores, (groups, s)."""
    parts = [np.flatnonzero(row).tolist() for row in prepared.arrays["parts"]]
    every = {name: one.together(parts) for name, one in sums.items()}
    whole = every["pairs"]
    found = skills.skills(whole, spec.asked())
    if "within" in spec.asked():
        found["within"] = _mean(whole, "within")
    if "unweighted" in every:
        cells = every["unweighted"]
        plain_scores = skills.skills(cells, (*OF_CELLS, "taylor"))
        found |= {f"{name}{UNWEIGHTED}": plain_scores[name] for name in OF_CELLS}
        found["ilamb_spatial"] = plain_scores["taylor"]
        if "within" in cells.of:
            found["within_cells"] = cells.of["within"]
    found |= {name: _mean(every[k], "nearness") for name, k in NEARNESS.items() if k in every}
    # Groups of a member that lacks a cell are not held against those of whole members.
    lost = np.isnan(sums["pairs"].of["first"]).any(axis=0)
    return {name: np.where(lost, np.nan, values) for name, values in found.items()}


def _mean(sums: Sums, word: str) -> F8:
    """Return a sum of weights over all weights, (groups, s)."""
    return np.asarray(sums.of[word] / sums.seen.count[:, np.newaxis])


class _Observed:
    """What is observed on the cells of a run: one product, or the median of several."""

    def __init__(self, products: Mapping[str, OnCells], units: str, sources: set[str]) -> None:
        self.products, self.units = products, units
        self.land_source = ", ".join(sorted(sources - {""}))
        rates = np.stack([one.rate for one in products.values()])
        self.land: F8 = np.min([one.land for one in products.values()], axis=0)
        self.value: F8 = rates[0]
        self.mad: F8 | None = None
        self.count: I8 = np.isfinite(rates).sum(axis=0)
        self.reference = next(iter(products))
        if len(products) > 1:
            self.value, self.mad, self.count = best_estimate(rates)
            self.reference = f"median of {', '.join(products)}"
            # The products that lie at the end of the interval are in it, however sums are rounded.
            self.reach: F8 = self.mad + ROUNDING * np.abs(self.value)


def _observed(spec: Spec, task: Task, there: Cells) -> _Observed:
    try:
        maps = maps_of(task.observed, task.name)
    except ValueError as error:
        raise refused(task, str(error), "observed") from error
    units = next(iter(maps.values())).units
    rescale = spec.conserve == "rescale"
    products = {
        name: on_cells(task, _in(task, one, units), one, there, spec.regrid, rescale=rescale)
        for name, one in maps.items()
    }
    return _Observed(products, units, {one.land_source for one in maps.values()})


def _in(task: Task, one: GridMap, units: str) -> F8:
    try:
        return convert(mean_of(task, one), one.units, units)
    except ValueError as error:
        raise refused(task, str(error), "observed") from error


def _weight(spec: Spec, task: Task, there: Cells, found: _Observed) -> F8:
    if spec.weight == "run":
        return np.asarray(np.where(np.isfinite(found.value), task.column("area", "m2"), 0.0))
    if spec.weight == "ilamb":
        return np.asarray(np.where(np.isfinite(found.value), there.areas, 0.0))
    if spec.weight == "cells":
        return np.isfinite(found.value).astype(np.float64)
    return np.asarray(there.areas * found.land)


def _needed(spec: Spec, task: Task, found: _Observed) -> tuple[str, ...]:
    if "within" not in spec.asked():
        return skills.needed(spec.asked())
    if found.mad is None:
        text = (
            "within needs several products; say observed: {reader: maps, of: {...}}, or same_as: "
        )
        text += "[benchmark, benchmark]"
        raise refused(task, text, "scores")
    return (*skills.needed(spec.asked()), "within")
