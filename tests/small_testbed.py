"""Small files of the testbed's layout: RF-1's sites on a grid of 3 x 4, and what breaks them."""

import numpy as np

from scenarios.forcing.testbed_files.seasons import layers, rf1_sites, variation
from scenarios.forcing.testbed_files.writing import cell_ids, write_met, write_tables

LAT, LON = np.array([-30.0, 0.0, 30.0]), np.array([0.0, 90.0, 180.0, 270.0])
ROW, COLUMN = np.array([0, 1, 2, 0, 1, 2, 0]), np.array([0, 0, 0, 1, 1, 1, 2])
CELLS = cell_ids(ROW, COLUMN, 3)
"""Of sites A to G: 1 to 7."""

ICE, WATER = 8, 9
"""Cells with data whose classes are not simulated."""


def tables(folder, **changed):
    """Write grid.csv and soil.csv: A to G, and two cells that are not simulated."""
    sites = rf1_sites()
    more = {"pft": (15, 17), "area": (3e10, 0)}
    ids = np.array([*CELLS, ICE, WATER])
    column, row = np.divmod(ids - 1, 3)
    known = {"cell": ids, "lat": LAT[row], "lon": LON[column], "area": [*(1e10 * CELLS), 3e10, 0]}
    for name in ("pft", "sand", "clay", "silt", "wilting", "field", "saturation"):
        values = getattr(sites, name)
        known[name] = [*values, *more.get(name, values[:2])]
    write_tables(folder / "grid.csv", folder / "soil.csv", known | changed, 3)


def years(n, strength=1.0):
    """Return daily layers of n years of A to G and, like A, of ice and water."""
    made = [layers(rf1_sites(), year) for year in variation(n, strength)]
    again = [0, 1, 2, 3, 4, 5, 6, 0, 0]
    return [{name: values[again] for name, values in one.items()} for one in made]


def met(folder, n=2, first=1901, change=None):
    """Write a file for each of n years; ``change(year index, daily)`` may break it."""
    for k, daily in enumerate(years(n)):
        if change is not None:
            change(k, daily)
        year = first + k
        name = folder / f"met_{year}_{year}.nc"
        write_met(name, [year], LAT, LON, [*CELLS, ICE, WATER], daily)


def broken(name, cell, day, value, layer=None):
    """Return a change of the second year: one value of a variable, the day from 1."""

    def change(k, daily):
        if k == 1:
            at = (cell - 1, day - 1) if layer is None else (cell - 1, day - 1, layer - 1)
            daily[name][at] = value

    return change


MEANS = {
    "tsoilC": ("degrees C", [26.0, -2.0, 11.0, -11.0, 9.0, 24.0, 21.0]),
    "tairC": ("degrees C", [25.9, -2.2, 10.9, -11.2, 8.9, 23.9, 20.9]),
    "thetaLiq": ("fraction", [0.7, 0.3, 0.6, 0.2, 0.5, 0.5, 0.2]),
    "thetaFrzn": ("fraction", [0.0, 0.2, 0.0, 0.4, 0.1, 0.0, 0.0]),
    "cgpp": ("gC m-2 day-1", [8.0, 2.4, 3.7, 0.6, 2.7, 4.0, 0.0]),
    "cnpp": ("gC m-2 day-1", [2.3, 1.2, 1.5, 0.4, 1.4, 1.9, -5e-9]),
}
LEAF = np.array([0.5, 0.6, 0.5, 0.1, 0.4, 0.6, 0.0])
ROOT = np.array([1.1, 0.3, 0.7, 0.3, 1.0, 1.0, 0.0])
DEBRIS = np.array([0.3, 0.2, 0.1, 0.0, 0.0, 0.05, 0.0])
"""0.52 of decomposed woody debris. G has no litter: it is left out."""


def means(folder, made_of, **changed):
    """Write means.nc for the cells of `tables`; ``changed`` is variable: values (9,)."""
    import netCDF4

    casa, mimics = made_of.metabolic(True), made_of.metabolic(False)
    met = [a * LEAF + b * ROOT for a, b in (casa, mimics)]
    whole = LEAF + ROOT + DEBRIS
    split = {"litInptMet": met[0], "litInptStruc": whole - met[0]}
    split |= {"cLitInput_metbc": met[1], "cLitInput_struc": whole - met[1]}
    values = {name: ("gC m-2 day-1", flux) for name, flux in split.items()} | MEANS
    values = {name: (unit, [*v, 0.0, 0.0]) for name, (unit, v) in values.items()}
    values |= {name: (values[name][0], v) for name, v in changed.items()}
    ids = np.array([*CELLS, ICE, WATER])
    column, row = np.divmod(ids - 1, 3)
    pft = [*rf1_sites().pft, 15, 17]
    with netCDF4.Dataset(folder / "means.nc", "w") as file:
        file.createDimension("lat", 3)
        file.createDimension("lon", 4)
        for name, (unit, of_cells) in values.items():
            variable = file.createVariable(name, "f4", ("lat", "lon"), fill_value=1e36)
            variable.units = unit
            whole = np.full((3, 4), 1e36, dtype=np.float32)
            whole[row, column] = of_cells
            variable[:] = whole
        for name, of_cells in (("cellid", ids), ("IGBP_PFT", pft)):
            variable = file.createVariable(name, "i4", ("lat", "lon"), fill_value=-9999)
            whole = np.full((3, 4), -9999)
            whole[row, column] = of_cells
            variable[:] = whole
