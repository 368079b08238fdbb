"""Turnover times of soil carbon by group: stock over flux, against maps of both.

A group's turnover time is the ratio of its totals, ``sum C A f / sum Rh A f``, of the run over its
cells and of what is observed over its own, where stock and flux are both known and above 0. It is
never a mean of cells' (`ensemble.scores.turnover`). In a state that is not steady it is the same
quotient (He et al. 2022, eq. 2).

Source: He et al. (2022, 10.1111/gcb.16286), equation 2.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from ensemble.members.benchmarks import Pairs, Prepared, Sums, Task, refused
from ensemble.members.benchmarks.parts.lattices import (
    Groups,
    cells,
    every_cell,
    groups_of,
    kinds_of,
    mean_of,
    mean_over,
)
from ensemble.scores.regridding import regrid
from ensemble.scores.turnover import Turnover, turnover
from kernels import F8
from scenarios.benchmarks import BenchmarkSpec, Score, plain
from scenarios.grids import Conservative
from scenarios.observations import GridMaps
from scenarios.units import factor

YEARS = "yr"
STOCK, FLUX = "stock", "flux"


def years(units: str) -> str:
    """Return the unit of turnover times, whatever that of stocks is."""
    return YEARS


class Spec(BenchmarkSpec):
    """Turnover times of groups: stocks over a flux of the run, against those of two maps."""

    SCORES: ClassVar[Mapping[str, Score]] = {
        "bias": Score("modelled less observed turnover time", "nearest 0", years),
        "time": Score("modelled turnover time, stock over flux", "neither", years),
        "ratio": Score("modelled over observed turnover time", "nearest 1", plain, default=False),
    }
    OBSERVES: ClassVar[tuple[str, ...]] = ("GridMaps",)

    compare: Literal["turnover"]
    output: str = Field(description="output of the kernel that is the flux, rh")
    stocks: list[str] = Field(min_length=1, description="outputs whose sum is the stock")
    groups: list[str] = Field(
        default=["global"],
        description="global, zonal (bands of 5 degrees), and names of the maps under classes:",
    )

    def outputs(self) -> tuple[str, ...]:
        """Return the flux and the stocks."""
        return (self.output, *self.stocks)

    @field_validator("groups", "stocks")
    @classmethod
    def _each_once(cls, names: list[str]) -> list[str]:
        if len(set(names)) != len(names) or not names:
            raise ValueError(f"found {names}; needed each once, and one or more")
        return names


def prepare(spec: Spec, task: Task) -> Prepared:
    """Return pairs of stocks and of the flux with nothing, and the observed times of groups.

    Raises
    ------
    ScenarioError
        Maps other than ``stock`` and ``flux``, no land fraction, units that do not fit.
    """
    observed: GridMaps = task.observed
    if {*observed.maps} != {STOCK, FLUX} or observed.made:
        text = f"found maps {', '.join([*observed.maps, *observed.made])}"
        raise refused(task, f"{text}; needed of: {{stock: ..., flux: ...}}", "observed")
    there = cells(task)
    kinds_there = kinds_of(task, spec.groups, there, task.column("lat", "degrees"))
    groups = groups_of(kinds_there, len(there.row))
    area = task.column("area", "m2")
    kinds, at = len(groups.of_location), np.arange(len(area))
    units = observed.maps[STOCK].units
    pairs = {}
    for name in spec.outputs():
        of_flux = name == spec.output
        needed = f"{units} yr-1" if of_flux else units
        pairs[name] = Pairs(
            output=name,
            place=np.repeat(at, kinds),
            moment=np.zeros(len(at) * kinds, np.int64),
            group=groups.of_location.T.reshape(-1),
            weight=np.repeat(area, kinds),
            observed=np.zeros(len(at) * kinds),
            moments=mean_over(task, task.outputs[name], needed),
            groups=groups.count,
            sums=("first",),
        )
    arrays = {"parts": groups.matrix, **_observed(spec, task, groups)}
    about: dict[str, Any] = {"weights": "area of land", "cells": len(at)}
    land = observed.maps[FLUX].land_source
    return Prepared(pairs, units, groups.names, arrays, about=about | {"land_source": land})


def score(spec: Spec, prepared: Prepared, sums: Mapping[str, Sums]) -> dict[str, F8]:
    """Return the scores, (groups, s); NaN of a group without a flux."""
    parts = prepared.arrays["parts"].astype(np.float64)
    total = {name: parts @ of.of["first"] for name, of in sums.items()}
    flux = total[spec.output]
    stock = np.sum([total[name] for name in spec.stocks], axis=0)
    time = np.divide(stock, flux, out=np.full(flux.shape, np.nan), where=flux > 0)
    observed = prepared.arrays["observed_time"][:, np.newaxis]
    return {"bias": time - observed, "time": time, "ratio": time / observed}


def _observed(spec: Spec, task: Task, groups: Groups) -> dict[str, F8]:
    """Return what is observed of each group of the run, on the grid of the stock."""
    stock, flux = (task.observed.maps[name] for name in (STOCK, FLUX))
    for name, one in ((STOCK, stock), (FLUX, flux)):
        if one.land is None:
            text = f"the map {name} has no land fraction, and totals are sums over land"
            raise refused(task, f"{text}; say land_fraction: FILE, or land_fraction: 1", "observed")
    try:
        per_year = factor(flux.units, f"{stock.units} yr-1")
    except ValueError as error:
        raise refused(task, str(error), "observed") from error
    values = mean_of(task, flux)
    if flux.grid.shape != stock.grid.shape or not np.array_equal(flux.grid.lon, stock.grid.lon):
        values = regrid(values, flux.land, Conservative(flux.grid, stock.grid)).rate
    there = every_cell(stock.grid)
    kinds = kinds_of(task, spec.groups, there, stock.grid.lat[there.row])
    held, lost = mean_of(task, stock).reshape(-1), per_year * values.reshape(-1)
    land = stock.land_area.reshape(-1)
    rows = {"global": _row(turnover(held, lost, land, np.zeros(land.size, np.int64), 1), 0)}
    for codes, names in kinds.values():
        group = np.full(codes.shape, -1)
        for k, code in enumerate(names):
            group[codes == code] = k
        some = group >= 0
        found = turnover(held[some], lost[some], land[some], group[some], len(names))
        rows |= {name: _row(found, k) for k, name in enumerate(names.values())}
    none = dict.fromkeys(FIELDS, np.nan)
    return {f"observed_{field}": np.array([rows.get(name, none)[field] for name in groups.names])
            for field in FIELDS}  # fmt: skip


FIELDS = ("n", "area", "stock", "flux", "time", "median")


def _row(found: Turnover, k: int) -> dict[str, float]:
    """Return one group."""
    return {field: float(getattr(found, field)[k]) for field in FIELDS}
