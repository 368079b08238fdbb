"""The files that predictors are from: a table of cells, monthly climate, soils and soil water."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kernels import F8
from scenarios.forcing.common.checks import Findings, digest, not_a_file
from scenarios.forcing.common.declared import FILLS_MISSING, Input, Order, Quantity
from scenarios.forcing.common.file_units import in_needed
from scenarios.forcing.common.grid_csv import load_csv
from scenarios.forcing.common.nearest_cells import DRIVERS, PREDICTORS, SOIL
from scenarios.forcing.common.netcdf import numbers
from scenarios.forcing.common.places import in_degrees_or_m2
from scenarios.forcing.profile_files.climatology import axes_of, twelve_months
from scenarios.problems import Problem

CLIMATE = "worldclim_monthly_0p5deg.nc"
FORCING = "clm45_cruncep"

GPP, LITTER = "GPP_fluxcom_gC_m2_d", "litterfall_gC_m2_yr"
NORTHERN, ALL_SOILS = "cSoil_ncscd_kg_m2", "cSoil_hwsd_kg_m2"
OF_TABLE = (GPP, LITTER, NORTHERN, ALL_SOILS)

_PLACE = (
    Quantity("lat", "latitude", ("degrees_north",), "layout"),
    Quantity("lon", "longitude", ("degrees_east",), "layout"),
)
_GRIDDED = (Order("latitudes", ("lat",)), Order("longitudes", ("lon",)))
_FILLED = "the nearest cell that has a value is taken, and counted, or the cell left out"
PREDICTORS_FROM = (
    Input(
        key=f"path/{PREDICTORS}",
        format="table",
        holds="one row per cell of half a degree: its class, area, productivity and carbon",
        quantities=(
            *_PLACE,
            Quantity("IGBP", "class", gaps="left out"),
            Quantity("area_m2", "area", ("m2",), "layout"),
            *(Quantity(name, "driver", (unit,), "layout", gaps="left out") for name, unit in (
                (GPP, "g C m-2 d-1"), (LITTER, "g C m-2 yr-1"), (NORTHERN, "kg m-2"),
                (ALL_SOILS, "kg m-2"))),
        ),
        orders=(Order("rows", ("lat", "lon")), Order("columns", ("name",))),
        missing=f"an empty cell, and carbon of 0; {_FILLED}",
    ),
    Input(
        key=f"path/{CLIMATE}",
        format="netcdf",
        holds="temperature and precipitation of twelve months on the grid of the table",
        quantities=(
            *_PLACE,
            Quantity("tmean", "driver", ("degC",), "file", gaps="left out"),
            Quantity("prec", "driver", ("mm month-1",), "file", gaps="left out"),
        ),
        orders=(Order("months", ("month",)), *_GRIDDED),
        missing=f"{FILLS_MISSING}; {_FILLED}",
        agree=("twelve months",),
    ),
    Input(
        key=f"testbed/{FORCING}/{SOIL}",
        format="table",
        holds="one row per cell of the testbed: texture",
        quantities=(
            *_PLACE,
            Quantity("sand", "fraction", ("1",), "layout", "left out"),
            Quantity("clay", "fraction", ("1",), "layout", "left out"),
        ),
        orders=(Order("rows", ("lat", "lon")), Order("columns", ("name",))),
        missing="an empty cell, or no sand and no clay: the nearest cell that has some is taken",
    ),
    Input(
        key=f"testbed/{FORCING}/{DRIVERS}",
        format="netcdf",
        holds="mean soil water and area of land on the grid of the testbed, (lat, lon)",
        quantities=(
            *_PLACE,
            Quantity("thetaLiq", "driver", ("1",), "file", "left out"),
            Quantity("landarea", "area", ("m2",), "file", "left out"),
        ),
        orders=_GRIDDED,
        missing=f"{FILLS_MISSING}; such a cell, and one without land, says nothing of water",
    ),
)  # fmt: skip
"""The files, as readers declare them."""

Columns = dict[str, F8]
Digest = Mapping[str, Any]


def load_cells(folder: Path, findings: Findings) -> tuple[Columns, Digest]:
    """Return what the table has of each cell, (n,), in its own units, and the file's digest."""
    names = ("lat", "lon", "area", "IGBP", *OF_TABLE)
    return load_csv(folder / PREDICTORS, names, findings, gaps=("IGBP", *OF_TABLE))


def load_soils(folder: Path, findings: Findings) -> tuple[Columns, Digest]:
    """Return the places of soils with a texture and their ``clay``, (m,), percent."""
    names = ("lat", "lon", "sand", "clay")
    read, about = load_csv(folder / FORCING / SOIL, names, findings, gaps=names[2:])
    if not read:
        return {}, about
    there = np.isfinite(read["clay"]) & ((read["sand"] > 0.0) | (read["clay"] > 0.0))
    percent = {**read, "clay": 100.0 * read["clay"]}
    return {name: percent[name][there] for name in ("lat", "lon", "clay")}, about


def load_water(folder: Path, findings: Findings) -> tuple[Columns, Digest]:
    """Return the places of land and the ``swc`` of their soils, (m,), a part of saturation."""
    path = folder / FORCING / DRIVERS

    def read(dataset: Any) -> Columns:
        (lat, lon), dims = axes_of(dataset)
        water = _flat(dataset, "thetaLiq", dims, "1")
        land, wrong = in_degrees_or_m2(
            "area", _flat(dataset, "landarea", dims, "m2"), "m2", cells=True
        )
        if wrong:
            raise ValueError(f"landarea: {wrong[0].text}")
        if (known := water[np.isfinite(water)]).size and not 0.0 <= known.min() <= known.max() <= 1:
            text = f"thetaLiq is {known.min():g} to {known.max():g}; needed 0 to 1"
            raise ValueError(text)
        with np.errstate(invalid="ignore"):
            there = np.isfinite(water) & (land > 0.0)
        rows, columns = np.nonzero(there)
        return {"lat": lat[rows], "lon": lon[columns], "swc": water[there]}

    return _dataset(path, "thetaLiq and landarea (lat, lon)", read, findings)


def load_climate(folder: Path, lat: F8, lon: F8, findings: Findings) -> tuple[Columns, Digest]:
    """Return ``tmean`` (degC) and ``prec`` (mm month-1) of cells, (n, 12); NaN where none is."""

    def read(dataset: Any) -> Columns:
        (rows, columns), dims = axes_of(dataset)
        row, column = _same(rows, lat), _same(columns % 360.0, lon % 360.0)
        found = {}
        for name, unit, least, most in (
            ("tmean", "degC", -90.0, 60.0), ("prec", "mm month-1", 0.0, 5000.0),
        ):  # fmt: skip
            values = twelve_months(dataset, dataset[name], dims, None)[:, row, column].T
            values = in_needed(values, name, dataset[name], {}, unit)
            known = values[np.isfinite(values)]
            if known.size and not least <= known.min() <= known.max() <= most:
                text = f"{name} is {known.min():g} to {known.max():g} {unit}"
                raise ValueError(f"{text}; needed {least:g} to {most:g}: check its unit")
            found[name] = np.where((row >= 0)[:, np.newaxis] & (column >= 0)[:, np.newaxis],
                                   values, np.nan)  # fmt: skip
        return found

    return _dataset(folder / CLIMATE, "tmean and prec (month, lat, lon)", read, findings)


def _dataset(
    path: Path, needed: str, read: Callable[[Any], Columns], findings: Findings
) -> tuple[Columns, Digest]:
    """Return what is read of a NetCDF file, and its digest; nothing where a finding was noted."""
    import netCDF4

    text = not_a_file(path, f"a NetCDF file of {needed}")
    if not text:
        try:
            with netCDF4.Dataset(path) as dataset:
                return read(dataset), digest(path.name, path.read_bytes())
        except (OSError, RuntimeError, IndexError, ValueError) as error:
            text = f"cannot be read ({error}); needed {needed}"
    findings.add("files", Problem(text, file=str(path)))
    return {}, {}


def _flat(dataset: Any, name: str, dims: tuple[str, str], unit: str) -> F8:
    """Return a variable as (lat, lon) in a unit."""
    variable = dataset[name]
    if sorted(variable.dimensions) != sorted(dims):
        raise ValueError(f"{name} has dimensions ({', '.join(variable.dimensions)})")
    values = in_needed(numbers(variable), name, variable, {}, unit)
    return values if variable.dimensions == dims else values.T


def _same(middles: F8, values: F8) -> Any:
    """Return where values stand among middles, to 1e-3 degrees; -1 where they do not."""
    order = np.argsort(middles)
    at = np.clip(np.searchsorted(middles[order], values - 1e-3), 0, middles.size - 1)
    return np.where(np.abs(middles[order][at] - values) <= 1e-3, order[at], -1)
