"""Predictors of every cell that a forest can be asked about, by one rule for maps and records."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels import F8, I8
from kernels.forest.shared.predictors import CLASSES, NUMBERS
from scenarios.forcing.common.checks import Findings
from scenarios.forcing.common.nearest_cells import PREDICTORS
from scenarios.forcing.predictor_files.climate import of_months
from scenarios.forcing.predictor_files.files import (
    ALL_SOILS,
    GPP,
    LITTER,
    NORTHERN,
    Columns,
    Digest,
    load_cells,
    load_climate,
    load_soils,
    load_water,
)
from scenarios.forcing.predictor_files.nearest import from_west, nearest_places
from scenarios.grids import cell_areas, grid_of
from scenarios.problems import Problem

STEP = 0.5
"""Degrees from one cell to the next."""

LATTICE = grid_of(*(np.arange(STEP / 2 - ends, ends, STEP) for ends in (90.0, 180.0)))
"""All rows and columns of cells, south to north and from 180 W."""

SOUTH = -60.0
"""Degrees north, beyond which nothing grows that records tell of."""

COARSE = 400.0
"""km to the nearest cell of the testbed, at most."""

FILLED = 250.0
"""km to the nearest cell that has a predictor which another lacks, at most."""

MATCHED = 100.0
"""km from a record to the nearest cell, at most."""

TUNDRA = 55.0
"""Degrees north, beyond which what is low is tundra."""

_OF_IGBP = {
    **{1: "ENF", 2: "EBF", 3: "DNF", 4: "DBF", 5: "MF", 6: "SHR", 7: "SHR", 8: "SAV", 9: "SAV"},
    # Wetlands have no place among the ten; here they are grass.
    **{10: "GRA", 11: "GRA", 12: "CRO", 14: "CRO"},
}
_LOW = ("SHR", "SAV", "GRA")


@dataclass(frozen=True)
class PredictorGrid:
    """Cells of a class of vegetation that have every predictor, by latitude, then longitude.

    Attributes
    ----------
    lat, lon, area : ndarray, shape (n,), float64
        Degrees of the middle, m2.
    columns : mapping of str to ndarray, shape (n,), float64
        Predictors by name, in the units of `kernels.forest.shared.predictors`.
    filled : mapping of str to int
        Cells that have a predictor of the nearest that has one.
    left_out : mapping of str to int
        Cells that each reason cost.
    notes : tuple of str
        Sentences for people.
    files : tuple of mappings
        Names and hashes.
    """

    lat: F8
    lon: F8
    area: F8
    columns: Mapping[str, F8]
    filled: Mapping[str, int]
    left_out: Mapping[str, int]
    notes: tuple[str, ...]
    files: tuple[Digest, ...]

    @property
    def rows_and_columns(self) -> tuple[I8, I8]:
        """Return where the cells stand in `LATTICE`, each (n,)."""
        return _holding(self.lat, self.lon)

    def cells_of(self, lat: F8, lon: F8) -> I8:
        """Return the cell of each place, (r,): -1 where none is within `MATCHED`.

        The one that holds the place, its south and west edges included; else the nearest by great
        circle, of two as near that of the smaller latitude, then longitude.
        """
        ours, asked = (np.ravel_multi_index(at, LATTICE.shape)
                       for at in (self.rows_and_columns, _holding(lat, lon)))  # fmt: skip
        order = np.argsort(ours)
        at = np.clip(np.searchsorted(ours[order], asked), 0, ours.size - 1)
        cell = np.where(ours[order][at] == asked, order[at], -1)
        lost = cell < 0
        cell[lost] = nearest_places(lat[lost], lon[lost], self.lat, self.lon, MATCHED)[0]
        return np.asarray(cell, dtype=np.int64)

    def veg_of(self, at: Any = ...) -> NDArray[np.str_]:
        """Return the classes of some cells by name."""
        return np.asarray(np.array(CLASSES)[self.columns["veg"][at].astype(np.int64) - 1])


def _holding(lat: F8, lon: F8) -> tuple[I8, I8]:
    """Return row and column of the cell that holds each place, south and west edges included."""
    row = np.floor((lat + 90.0) / STEP).astype(np.int64)
    column = np.floor((from_west(lon) + 180.0) / STEP).astype(np.int64)
    return np.minimum(row, LATTICE.lat.size - 1), column


def classes_of(igbp: F8, lat: F8) -> F8:
    """Return the class of vegetation of cells, (n,), from 1; NaN where it is none of the ten."""
    code = {number: CLASSES.index(name) + 1.0 for number, name in _OF_IGBP.items()}
    found = np.array([code.get(number, np.nan) for number in igbp.tolist()], dtype=np.float64)
    low = np.isin(found, [CLASSES.index(name) + 1.0 for name in _LOW])
    return np.where(low & (lat > TUNDRA), CLASSES.index("TUN") + 1.0, found)


def load_predictors(folder: Path, testbed: Path, findings: Findings) -> PredictorGrid:
    """Return the predictors of all usable cells.

    Parameters
    ----------
    folder : Path
        Of the half-degree predictors.
    testbed : Path
        Of the biogeochemical testbed.
    findings : Findings

    Raises
    ------
    ScenarioError
        A file that is not there or cannot be read, a column or variable that is missing, a value
        or a unit that cannot be; all of them.
    """
    cells, of_cells = load_cells(folder, findings)
    soils, of_soils = load_soils(testbed, findings)
    water, of_water = load_water(testbed, findings)
    if cells:
        cells = _in_order(cells, folder / PREDICTORS, findings)
    lat, lon = (cells.get(name, np.zeros(0)) for name in ("lat", "lon"))
    climate, of_climate = load_climate(folder, lat, lon, findings)
    findings.raise_all()
    veg = classes_of(cells["IGBP"], lat)
    columns = _columns(cells, climate, soils, water)
    left_out = {
        f"south of {-SOUTH:g} S": int((lat <= SOUTH).sum()),
        "of no class of vegetation": int((np.isnan(veg) & (lat > SOUTH)).sum()),
    }
    usable = np.isfinite(veg) & (lat > SOUTH)
    columns, filled = _filled(columns, usable, lat, lon)
    for name, values in columns.items():
        lacking = usable & np.isnan(values)
        left_out[f"without {name} within {FILLED:g} km"] = int(lacking.sum())
        usable &= ~lacking
    if not usable.any():
        text = f"no cell is left: {', '.join(f'{n:,} {why}' for why, n in left_out.items() if n)}"
        findings.fatal("cells", Problem(text, file=str(folder / PREDICTORS)))
    below = int((cells[GPP][usable] < 0.0).sum())
    return PredictorGrid(
        lat[usable],
        lon[usable],
        cells["area"][usable],
        {**{n: v[usable] for n, v in columns.items()}, "veg": veg[usable]},
        filled,
        {why: count for why, count in left_out.items() if count},
        (f"gpp is below 0 in {below:,} cells, and taken as 0",) if below else (),
        (of_cells, of_climate, of_soils, of_water),
    )


def _in_order(cells: Columns, path: Path, findings: Findings) -> Columns:
    """Return cells by latitude, then longitude; note what is no cell of half a degree."""
    lat, lon = cells["lat"], from_west(cells["lon"])
    south, west = (STEP * np.floor(degrees / STEP) for degrees in (lat, lon))
    beside = np.maximum(np.abs(lat - south - STEP / 2), np.abs(lon - west - STEP / 2)) > 1e-6
    edges = (np.stack([start, start + STEP], axis=1) for start in (south, west))
    wrong = ~(np.abs(cells["area"] / cell_areas(*edges) - 1.0) <= 1e-3)
    for bad, text in (
        (beside, "is no middle of a cell of half a degree"),
        (wrong & ~beside, "has an area that is not its own in m2: check the unit"),
    ):
        for i in np.flatnonzero(bad).tolist():
            where = f"cell {lat[i]:g}, {lon[i]:g}, columns 'lat', 'lon', 'area'"
            findings.add(
                "cells", Problem(f"{text}; found {cells['area'][i]:g} m2", where, str(path))
            )
    order = np.lexsort((lon, lat))
    return {name: values[order] for name, values in {**cells, "lon": lon}.items()}


def _columns(cells: Columns, climate: Columns, soils: Columns, water: Columns) -> Columns:
    """Return the predictors that are numbers, of all cells; NaN where one is missing."""
    lat, lon = cells["lat"], cells["lon"]
    gpp = 365.0 * cells[GPP]
    with np.errstate(invalid="ignore"):
        carbon = [np.where(cells[n] > 0.0, cells[n], np.nan) for n in (NORTHERN, ALL_SOILS)]
    found = {
        **of_months(climate["tmean"], climate["prec"], lat),
        "gpp": np.maximum(gpp, 0.0),
        "litter": cells[LITTER],
        "soc": np.where(np.isnan(carbon[0]), carbon[1], carbon[0]),
    }
    for name, of in (("clay", soils), ("swc", water)):
        at, _ = nearest_places(lat, lon, of["lat"], of["lon"], COARSE)
        found[name] = np.where(at >= 0, of[name][at], np.nan) if of["lat"].size else lat * np.nan
    return {v.name: found[v.name] for v in NUMBERS}


def _filled(
    columns: Columns, usable: NDArray[np.bool_], lat: F8, lon: F8
) -> tuple[Columns, dict[str, int]]:
    """Return predictors with gaps filled from the nearest cell that has one, and how many were.

    What is filled is never filled from.
    """
    filled, counts = {}, {}
    for name, values in columns.items():
        lacking = np.flatnonzero(usable & np.isnan(values))
        having = np.flatnonzero(usable & np.isfinite(values))
        at, _ = nearest_places(lat[lacking], lon[lacking], lat[having], lon[having], FILLED)
        filled[name] = values.copy()
        filled[name][lacking[at >= 0]] = values[having[at[at >= 0]]]
        counts[name] = int((at >= 0).sum())
    return filled, {name: count for name, count in counts.items() if count}
