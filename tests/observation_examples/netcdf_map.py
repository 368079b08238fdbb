"""A grid of 3 x 4 cells from the north, one of them ocean: two years of months, areas and land."""

from forcing_law.example import Example
from forcing_law.examples.netcdf import write

FILES = ["npp.nc", "lasting.nc"]

EXAMPLE = Example(
    write,
    {"path": FILES, "variable": "npp"},
    files={"path": FILES},
    columns={"<variable>": ("npp",)},
)
