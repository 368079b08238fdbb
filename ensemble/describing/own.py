"""A model of one's own to begin with: a module or a program, and a scenario that runs it."""

from importlib import resources

MODULE = "models.one_pool"
"""What a scenario calls the kernel that is written."""

SERIES = """\
year,model,litterfall
2001,north,60
2002,north,61.5
2003,north,63
2001,south,30
2002,south,31
2003,south,32.5
"""

KERNEL = """\
# One pool of carbon, a model of your own in {file}: say where it lies and run it,
#   PYTHONPATH=. soilsweep run {name}.yaml
# After each change of it: PYTHONPATH=. soilsweep check kernel {module}
version: 1
name: {name}
kernel: {module}
"""

PROGRAM = """\
# One pool of carbon, a program of your own: {name}.sh, which runs once for each member.
# For R: command: [Rscript, one_pool.R], and an R script below inputs.
version: 1
name: {name}
kernel:
  command: [sh, one_pool.sh]
  time_limit: 60                     # seconds, after which a member is killed
  seconds: 0.01                      # what a member takes, for the length of blocks
  inputs: {{one_pool.sh: {name}.sh}}    # {{{{tau}}}} in it stands for its value
  parameters:
    tau: {{units: yr, default: 20, lower: 0.1, upper: 10000, plausible: [5, 50]}}    # turnover time
  drivers:
    litterfall: {{units: Pg C yr-1, file: drivers.csv}}    # columns year and litterfall
  outputs:
    pool: {{units: Pg C, file: pool.csv, meaning: carbon that is held}}    # columns year and pool
"""

BELOW = """\
# Columns year, model and the drivers; each model of it is a forcing. With a table of yours,
# take out the line `invented`, the label of every picture and number.
forcing:
  reader: annual_table
  path: {name}.csv
  units: {{litterfall: Pg C yr-1}}
  invented: invented litterfall, to begin with
design: {{method: latin_hypercube, n: 20, parameters: {{tau: {{uniform: [5, 50]}}}}}}
outputs: {{pool: all}}
statistics: {{pool: [mean, std]}}
responses: {{held: {{output: pool, at: 2003}}}}
store: runs/{name}.zarr
"""

CELLS = """\
# Drivers by month or year on (time, lat, lon), the unit in each variable; months are averaged to
# years by their length. With a file of yours, take out the line `invented`, the label of every
# picture and number, and say variables: {{litterfall: its name there}}.
forcing:
  reader: netcdf
  path: {name}.nc
  invented: invented litterfall, to begin with
design: {{method: latin_hypercube, n: 20, parameters: {{tau: {{uniform: [5, 50]}}}}}}
outputs: {{pool: all}}
statistics: {{pool: [mean, std]}}
responses: {{held: {{output: pool, at: 2003}}}}
store: runs/{name}.zarr
"""

SCRIPT = """\
#!/bin/sh
# One pool of carbon: what falls in, less what decays.
# Implicit Euler of dC/dt = litterfall - C / tau.
# drivers.csv and pool.csv lie in a folder of this member alone.
set -eu
awk -v tau={{tau}} '
    BEGIN { FS = OFS = "," }
    NR == 1 { for (k = 1; k <= NF; k++) column[$k] = k; print "year", "pool"; next }
    {
        pool = (pool + $column["litterfall"]) / (1 + 1 / tau)
        printf "%d,%.17g\\n", $column["year"], pool
    }
' drivers.csv > pool.csv
"""


TABLE, NETCDF = "annual_table", "netcdf"
READERS = (TABLE, NETCDF)
"""Readers of a file of one's own that a model is begun with."""

OF_AREAS = (
    ("Pg C", "kg C m-2"),
    ("high=200.0", "high=5.0"),
    (
        'Limit(10_000.0, "more than three times the 3,000 Pg C of all soils of the Earth")',
        'Limit(150.0, "a metre of pure organic soil, 142 mg C cm-3 (Adams 1973)")',
    ),
)
"""What of the module is said otherwise for cells than for the whole land."""


def own_kernel(name: str, reader: str = TABLE) -> dict[str, str | bytes]:
    """Return the texts of a scenario, its data and the module of its kernel, by file name.

    Parameters
    ----------
    name : str
        Of the scenario.
    reader : str
        One of `READERS`: of a table of the whole land, or of cells in a NetCDF file.
    """
    file = f"{MODULE.replace('.', '/')}.py"
    text = (resources.files(__package__) / "examples" / "one_pool.py").read_text(encoding="utf-8")
    head = KERNEL.format(name=name, file=file, module=MODULE)
    if reader == TABLE:
        return {**_with_table(name, head), file: text}
    for before, after in OF_AREAS:
        text = text.replace(before, after)
    return {f"{name}.yaml": head + CELLS.format(name=name), f"{name}.nc": _cells(), file: text}


def _cells() -> bytes:
    """Return invented litterfall of four cells by month, as a NetCDF file."""
    import numpy as np
    import xarray as xr

    months = np.arange("2001-01", "2004-02", dtype="datetime64[M]").astype("datetime64[D]")
    of_year = np.arange(36) % 12
    each = np.array([[0.6, 0.5], [0.3, 0.2]])
    values = each * (1.0 + 0.5 * np.cos((of_year - 9) * np.pi / 6.0))[:, np.newaxis, np.newaxis]
    attributes = {"units": "kg C m-2 yr-1", "long_name": "carbon that falls in; invented"}
    written = xr.Dataset(
        {
            "litterfall": (("time", "lat", "lon"), values, attributes),
            "time_bnds": (("time", "bnds"), np.stack([months[:-1], months[1:]], axis=1)),
        },
        {
            "time": ("time", months[:-1] + np.timedelta64(14, "D"), {"bounds": "time_bnds"}),
            "lat": ("lat", [45.25, 45.75], {"units": "degrees_north"}),
            "lon": ("lon", [7.25, 7.75], {"units": "degrees_east"}),
        },
    )
    written["time"].encoding = {"units": "days since 2001-01-01", "dtype": "float64"}
    return bytes(written.to_netcdf(engine="scipy"))


def own_program(name: str) -> dict[str, str | bytes]:
    """Return the texts of a scenario, its table and the program that it runs, by file name."""
    return {**_with_table(name, PROGRAM.format(name=name)), f"{name}.sh": SCRIPT}


def _with_table(name: str, head: str) -> dict[str, str | bytes]:
    return {f"{name}.yaml": head + BELOW.format(name=name), f"{name}.csv": SERIES}
