"""Three profiles of five layers, with every grid and record that drivers may be from."""

import gzip
from itertools import pairwise

import netCDF4
import numpy as np
from forcing_law.example import Example

from kernels import Variable
from scenarios.forcing.common.nearest_cells import BIOME, DRIVERS, PREDICTORS, SOIL, TYPES
from scenarios.forcing.profile_files.columns import COLUMNS
from scenarios.forcing.soil_profiles import UNITS

EDGES = (0, 5, 10, 20, 35, 60)
PROFILES = (
    {"pc_dataset_name": "One_2000", "ProfileID": "7", "Lat": "45.1", "Lon": "10.2"},
    {"pc_dataset_name": "One_2000", "ProfileID": "8", "Lat": "46.0", "Lon": "10.1"},
    {"pc_dataset_name": "Two_1999", "ProfileID": "7", "Lat": "45.9", "Lon": "-70.2"},
)
COMMON = {
    "Country": "Italy", "SampleYear": "2000.0", "D14C_err": "5", "BulkDensity": "1.2",
    "BulkDensity_original": "1.2", "sand_pct": "40", "silt_pct": "40", "clay_pct": "20",
    "MAT_original": "9.5", "Layer_top": "0",
}  # fmt: skip
LIKE_CASA = """IGBP vegetation type,,,
vegtype,,,
x,,,
4,3,Deciduous Broadleaf Forest,
15,0,permanent snow and ice,
NV2,Calloc_leaf,Calloc_wood,Calloc_froot
vegtype,fraction,fraction,fraction
4,0.3,0.2,0.5
15,0.5,0,0.5
nv3,C:N leaf ,C:N froot,Ntrans_leaf,Ntrans_frt,lignin leaf,lignin froot
vegtype,gc/gn,gC/gN,fraction,fraction,g/gC,g/gC
4,50,41,0.5,0.9,0.2,0.22
15,40,41,0.5,0.9,0.1,0.1
"""
ZONES = ("NHZone1", "NHZone2", "NHZone3", "SHZone12", "SHZone3")


def layers():
    """Return rows of the table; the last profile has no climate, litter or clay of its own."""
    for p, place in enumerate(PROFILES):
        own = (
            {"MAT": f"{9.5 + p}", "Abovegd_litterfall": f"{150 + p}"} if p < 2 else {"clay_pct": ""}
        )
        for k, (top, bottom) in enumerate(pairwise(EDGES)):
            depths = {"Layer_top": top, "Layer_top_norm": top, "Layer_bottom_norm": bottom}
            seen = {"pct_C": 2 - 0.2 * k + 0.1 * p, "D14C_BulkLayer": 60 - 40 * k - p}
            row = {**COMMON, **place, **own, **depths, **seen}
            yield ",".join(str(row.get(name, "")) for name in COLUMNS)


def _packed(path, text):
    with gzip.open(path, "wt") as file:
        file.write(text)


def write(folder):
    (folder / "p.csv").write_text("\n".join([",".join(COLUMNS), *layers(), ""]))
    (folder / "grids").mkdir()
    _packed(
        folder / "grids" / PREDICTORS,
        "lat,lon,MAT_C,litterfall_gC_m2_yr\n45.25,10.25,11.0,250\n"
        "45.75,10.25,11.5,260\n45.75,-70.25,4.0,170\n",
    )
    forcing = folder / "testbed" / "clm45_cruncep"
    forcing.mkdir(parents=True)
    (folder / "testbed" / "params").mkdir()
    (folder / "testbed" / "params" / BIOME).write_text(LIKE_CASA)
    _packed(
        forcing / SOIL,
        "ijcam,lat,lon,sand,clay\n9,46.0,10.0,0.4,0.31\n8,45.1,10.1,0.4,0.11\n"
        "7,45.8,289.9,0.4,0.21\n",
    )
    _packed(
        forcing / TYPES,
        "ijcam,lat,lon,ivt_igbp,ilat,ilo\n9,46.0,10.0,4,3,1\n8,45.1,10.1,15,1,2\n"
        "7,45.8,289.9,4,2,3\n",
    )
    with netCDF4.Dataset(forcing / DRIVERS, "w") as file:
        for dim, values in (("lat", [45.1, 45.8, 46.0]), ("lon", [10.0, 10.1, 289.9])):
            file.createDimension(dim, 3)
            file.createVariable(dim, "f8", (dim,))[:] = values
        npp = file.createVariable("cnpp", "f8", ("lat", "lon"))
        npp.units = "gC m-2 day-1"
        values = np.full((3, 3), np.nan)
        values[[0, 1, 2], [1, 2, 0]] = 9.0, 1.5, 2.0
        npp[:] = values
    (folder / "air").mkdir()
    for i, name in enumerate(ZONES):
        rows = [(1950.1, 0.9), (1950.9, 1.0), (1952.5, 1.15), (1954.5, 1.35)]
        text = "".join(f"{year},0,{value + i / 100}\n" for year, value in rows)
        head = "Year.AD,mean.Delta14C,mean.F14C\n"
        (folder / "air" / f"Hua2013_{name}.csv").write_text(head + text)


EXAMPLE = Example(
    write,
    {
        "path": "p.csv",
        "atmosphere": "air",
        "grids": "grids",
        "testbed": "testbed",
        "minimum_layers": 4,
    },
    [
        Variable(name, unit, name, ("atmosphere_year",) if name == "atmosphere" else ())
        for name, unit in UNITS.items()
    ],
    {
        "path": ["p.csv"],
        "atmosphere": ["air/Hua2013_NHZone1.csv", "air/Hua2013_NHZone2.csv"],
        f"grids/{PREDICTORS}": [f"grids/{PREDICTORS}"],
        **{
            f"testbed/clm45_cruncep/{name}": [f"testbed/clm45_cruncep/{name}"]
            for name in (SOIL, TYPES, DRIVERS)
        },
    },
)
