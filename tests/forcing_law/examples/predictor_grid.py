"""Nine cells of half a degree, two of them of no class, and the files of their predictors.

They lie so far apart that no gap of one is filled from another.
"""

import gzip

import netCDF4
import numpy as np
from forcing_law.example import Example

from kernels.forest.shared.predictors import PREDICTORS as NEEDS
from scenarios.forcing.common.nearest_cells import DRIVERS, PREDICTORS, SOIL
from scenarios.forcing.predictor_files.files import CLIMATE, FORCING
from scenarios.grids import cell_areas

LAT, LON = (45.25, 55.25, 65.25), (10.25, 30.25, 289.75)
IGBP = (1, 15, 5, 10, 12, 4, 8, 7, "")
HEADER = (
    "lat,lon,IGBP,GPP_fluxcom_gC_m2_d,litterfall_gC_m2_yr,cSoil_hwsd_kg_m2,"
    "cSoil_ncscd_kg_m2,area_m2"
)


def rows():
    """Yield the cells of the table, south to north."""
    for k, (lat, lon) in enumerate((a, o) for a in LAT for o in LON):
        edges = (np.array([[x - 0.25, x + 0.25]]) for x in (lat, lon))
        gpp = -0.01 if k == 7 else 3.25 - 0.3 * k
        cells = (gpp, 150 + k, 7 + k, 0 if k % 3 else 20.5 + k)
        area = float(cell_areas(*edges)[0])
        yield ",".join(map(str, (lat, lon, IGBP[k], *cells, area)))


def _climate(path):
    with netCDF4.Dataset(path, "w") as file:
        axes = {"month": np.arange(1, 13), "lat": np.array(LAT)[::-1], "lon": np.array(LON)}
        for dim, values in axes.items():
            file.createDimension(dim, len(values))
            file.createVariable(dim, "i8" if dim == "month" else "f8", (dim,))[:] = values
        months, lat, lon = np.meshgrid(*axes.values(), indexing="ij")
        wave = np.cos(2 * np.pi * (months - 7) / 12)
        for name, unit, values in (
            ("tmean", "degC", 8.0 - (lat - 55) / 2 + 10 * wave),
            ("prec", "mm month-1", 60.0 + lon / 10 + 5 * months),
        ):
            variable = file.createVariable(name, "f8", tuple(axes))
            variable.units = unit
            variable[:] = values


def _water(path):
    with netCDF4.Dataset(path, "w") as file:
        for dim, values in (("lat", [45.5, 55.0, 65.5]), ("lon", [10.0, 30.0, 290.0])):
            file.createDimension(dim, 3)
            file.createVariable(dim, "f8", (dim,))[:] = values
        for name, unit, values in (
            ("thetaLiq", "fraction", np.linspace(0.2, 0.6, 9)),
            ("landarea", "km^2", [30e3, 20e3, 10e3, 24e3, 25e3, 26e3, 27e3, 28e3, 0]),
        ):
            variable = file.createVariable(name, "f8", ("lat", "lon"))
            variable.units = unit
            variable[:] = np.reshape(values, (3, 3))


def write(folder):
    grid, testbed = folder / "grid", folder / "testbed" / FORCING
    grid.mkdir(parents=True)
    testbed.mkdir(parents=True)
    with gzip.open(grid / PREDICTORS, "wt") as file:
        file.write("\n".join([HEADER, *rows(), ""]))
    with gzip.open(testbed / SOIL, "wt") as file:
        file.write("ijcam,lat,lon,sand,clay,silt\n")
        for k, (lat, lon) in enumerate((a, o) for a in (45.5, 55.0, 65.5) for o in (10, 30, 290)):
            file.write(f"{9 - k},{lat},{lon},{0.4 + k / 50},{0.31 - k / 50},0.29\n")
    _climate(grid / CLIMATE)
    _water(testbed / DRIVERS)


EXAMPLE = Example(
    write,
    {"path": "grid", "testbed": "testbed"},
    NEEDS,
    {
        **{f"path/{name}": [f"grid/{name}"] for name in (PREDICTORS, CLIMATE)},
        **{f"testbed/{FORCING}/{name}": [f"testbed/{FORCING}/{name}"] for name in (SOIL, DRIVERS)},
    },
)
