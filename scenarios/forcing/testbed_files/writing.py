"""Write files of the testbed's own layout: daily forcing, and the two tables of its grid.

Small ones are made by tests and examples; there is no limit to their size. Read them with
``forcing: {reader: testbed}``.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kernels import I8

LAYERS = 6
MISSING = np.float32(1.0e36)

HEADER_GRID = (
    "ijcam,lat,lon,ivt_igbp,ist,iso,landarea,Ndep,Nfix,Pwea,Pdust,doyP1,doyP2,doyP3,doyP4,"
    "Phase(1),ivcasa,ilat,ilon"
)
HEADER_SOIL = "ijcam,lat,lon,sand,clay,silt,wwilt,wfield,wsat"

# name here: (name in the file, unit, meaning)
DAILY = {
    "tair": ("xtairk", "K", "air temperature"),
    "gpp": ("xcgpp", "gC m-2 d-1", "gross primary production"),
    "tsoil": ("xtsoil", "K", "soil temperature"),
    "liquid": ("xmoist", "m3 m-3", "liquid soil water"),
    "frozen": ("xfrznmoist", "m3 m-3", "frozen soil water"),
}


def cell_ids(row: ArrayLike, column: ArrayLike, rows: int) -> I8:
    """Return the testbed's numbers of cells: 1-based, longitude by longitude.

    Parameters
    ----------
    row, column : array_like of int
        Latitude and longitude, from 0.
    rows : int
        Latitudes of the grid.
    """
    return np.asarray(column, dtype=np.int64) * rows + np.asarray(row, dtype=np.int64) + 1


def write_met(
    path: Path,
    years: Sequence[int],
    lat: ArrayLike,
    lon: ArrayLike,
    cells: ArrayLike,
    daily: Mapping[str, ArrayLike],
) -> None:
    """Write a meteorological file: NetCDF with 64-bit offsets, float32, missing value 1e36.

    Parameters
    ----------
    path : Path
        Such as ``met_1901_1901.nc``.
    years : sequence of int
        Calendar years in the file. They have 365 days; another number is written, too.
    lat, lon : array_like, shape (rows,) and (columns,)
        Degrees; latitudes from the south.
    cells : array_like of int, shape (n,)
        Numbers of the cells that have data (`cell_ids`).
    daily : mapping of str to array_like
        ``tair`` (K) and ``gpp`` (g C m-2 d-1), (n, days); ``tsoil`` (K), ``liquid`` and
        ``frozen`` (m3 m-3), (n, days, 6). Without ``frozen``, an old file.
    """
    import netCDF4

    lats, lons, ids = np.asarray(lat), np.asarray(lon), np.asarray(cells, dtype=np.int64)
    column, row = np.divmod(ids - 1, lats.size)
    here = np.zeros((lats.size, lons.size), dtype=bool)
    here[row, column] = True
    days = np.asarray(daily["tair"]).shape[1]
    made: dict[str, ArrayLike] = {**daily, "ndep": np.zeros((ids.size, days))}
    with netCDF4.Dataset(path, "w", format="NETCDF3_64BIT_OFFSET") as file:
        for name, size in (("time", days), ("nsoilyrs", LAYERS), ("myear", len(years))):
            file.createDimension(name, size)
        _write_places(file, lats, lons, here)
        file.createVariable("year", "i4", ("myear",))[:] = np.asarray(years)
        for name, numbers in made.items():
            spelled, unit, meaning = DAILY.get(name, ("ndep", "gN m-2 d-1", "N deposition"))
            array = np.moveaxis(np.asarray(numbers, dtype=np.float32), 0, -1)
            whole = np.full((*array.shape[:-1], *here.shape), MISSING)
            whole[..., row, column] = array
            dims = ("time", *(("nsoilyrs",) if array.ndim == 3 else ()), "lat", "lon")
            variable = file.createVariable(spelled, "f4", dims, fill_value=MISSING)
            variable.setncatts({"units": unit, "long_name": meaning, "missing_value": MISSING})
            variable[:] = whole


def _write_places(file: Any, lat: NDArray[Any], lon: NDArray[Any], here: NDArray[np.bool_]) -> None:
    """Write latitudes, longitudes, and which cells have data, (lat, lon)."""
    for name, values in (("lat", lat), ("lon", lon)):
        file.createDimension(name, values.size)
        file.createVariable(name, "f4", (name,))[:] = values
    ids = cell_ids(np.arange(lat.size)[:, np.newaxis], np.arange(lon.size), lat.size)
    for name, kind, cells in (
        ("landfrac", "f4", here),
        ("cellMissing", "i4", ~here),
        ("cellid", "i4", ids),
    ):
        file.createVariable(name, kind, ("lat", "lon"))[:] = cells


def write_tables(grid: Path, soil: Path, cells: Mapping[str, ArrayLike], rows: int) -> None:
    """Write the two tables of a grid, a row per cell, in the order of the cells given.

    Parameters
    ----------
    cells : mapping of str to array_like, shape (n,)
        ``cell``, ``lat``, ``lon``, ``pft``, ``area`` (m2), ``sand``, ``clay``, ``silt``,
        ``wilting``, ``field``, ``saturation``.
    rows : int
        Latitudes of the grid.
    """
    arrays = {name: np.asarray(values) for name, values in cells.items()}
    of_grid, of_soil = [HEADER_GRID], [HEADER_SOIL]
    column, row = np.divmod(arrays["cell"].astype(np.int64) - 1, rows)
    for i, cell in enumerate(arrays["cell"]):
        place = f"{int(cell)},{arrays['lat'][i]:.2f},{arrays['lon'][i]:.2f}"
        unused = "0,0.1,0,0,-99,-99,-99,-99,-99,-99"
        area = f"{int(arrays['pft'][i])},-99,1,{arrays['area'][i]:.0f}"
        of_grid.append(f"{place},{area},{unused},{row[i] + 1},{column[i] + 1}")
        names = ("sand", "clay", "silt", "wilting", "field", "saturation")
        of_soil.append(f"{place}," + ",".join(f"{arrays[name][i]:.5f}" for name in names))
    for path, lines in ((grid, of_grid), (soil, of_soil)):
        path.write_text("\n".join([*lines, ""]))
