"""Data files that must be refused, and what must be said of them."""

from collections.abc import Callable
from pathlib import Path

from malformed_scenarios import Case, edited

SCENARIO = """version: 1
name: data
kernel: two_box
forcing: {reader: annual_table, path: t.csv}
design: {method: monte_carlo, n: 8, parameters: {tau_soil_obs: {normal: [38.3, 11], lower: 2}}}
responses: {d: {output: c_total, change: [1982, 2018]}}
"""
READER = "{reader: annual_table, path: t.csv}"
DESIGN = "{method: monte_carlo, n: 8, parameters: {tau_soil_obs: {normal: [38.3, 11], lower: 2}}}"
TABLE_DESIGN = (DESIGN, "{method: table, path: d.csv}")
LOCATIONS = ("kernel: two_box", "kernel: two_box\nlocations: {table: l.csv}")

HEADER = "year,model,NPP [Pg C yr-1],Rh [Pg C yr-1],cVeg [Pg C],cSoil [Pg C]"
ROWS = [
    f"{year},{model},{50 + k},{49 + k},{450 + k},{1500 + k}"
    for model in ("A", "B")
    for k, year in enumerate(range(1982, 2019))
]
TABLE = "\n".join([HEADER, *ROWS, ""])

# name: (edits of the scenario, files besides it and t.csv, what is said)
Written = str | bytes | None
TABLES: dict[str, tuple[list[tuple[str, str]], dict[str, Written], str]] = {
    "missing": (
        [(READER, READER.replace("t.csv", "tt.csv"))],
        {},
        "tt.csv: no such file; needed a",
    ),
    "a folder": (
        [(READER, READER.replace("t.csv", "f"))],
        {"f": None},
        "f: is a folder; needed a CSV",
    ),
    "a year left out": ([], {"t.csv": edited((f"{ROWS[4]}\n", ""), text=TABLE)}, "no row for 1986"),
    "NaN": (
        [],
        {"t.csv": edited(("1985,A,53", "1985,A,nan"), text=TABLE)},
        "t.csv:5: model 'A', year",
    ),
    "a word": (
        [],
        {"t.csv": edited(("1985,A,53", "1985,A,?"), text=TABLE)},
        "t.csv:5: model 'A', year",
    ),
    "no such column": (
        [],
        {"t.csv": edited(("cSoil", "soil"), text=TABLE)},
        "say columns: {c_soil_model",
    ),
    "no units": (
        [],
        {"t.csv": edited(("NPP [Pg C yr-1]", "NPP"), text=TABLE)},
        "no units for NPP: say",
    ),
    "a stock for a rate": (
        [],
        {"t.csv": edited(("NPP [Pg C yr-1]", "NPP [Pg C]"), text=TABLE)},
        "t.csv: column 'NPP': 'Pg C' cannot become",
    ),
    "empty": ([], {"t.csv": ""}, "t.csv: is empty; needed a table with columns"),
    "a header alone": ([], {"t.csv": f"{HEADER}\n"}, "t.csv: has a header and no rows"),
    "binary": ([], {"t.csv": bytes(range(256))}, "t.csv: is binary; needed text"),
    "no such model": (
        [(READER, READER.replace("}", ", members: [A, Bb]}"))],
        {},
        "s.yaml:4: forcing.members[1]: no model 'Bb' in t.csv; did you mean 'B'?",
    ),
    "models, a word": (
        [(READER, READER.replace("}", ", members: A}"))],
        {},
        "s.yaml:4: forcing.members: found 'A'; needed 'all', or a list, such as [a, b]",
    ),
    "years reversed": (
        [(READER, READER.replace("}", ", years: [2018, 1982]}"))],
        {},
        "s.yaml:4: forcing.years: [2018, 1982] must be",
    ),
    "no year of the reference": (
        [("kernel: two_box", "kernel: {name: two_box, reference: [1850, 1860]}")],
        {},
        "s.yaml:3: kernel: no year of the reference 1850-1860 is in 1982-2018, which the "
        "forcing has; say reference: [first, last] within these, or other years: of the forcing",
    ),
    "no path": (
        [(READER, "{reader: annual_table}")],
        {},
        "s.yaml:4: forcing.path: is missing; needed ",
    ),
    "a driver that is none": (
        [(READER, READER.replace("}", ", columns: {np: NPP}}"))],
        {},
        "s.yaml:4: forcing.columns.np: the kernel has no driver 'np'; did you",
    ),
    "two readers of unlike years": (
        [(READER, f"[{READER}, {{reader: synthetic_models, n: 1}}]")],
        {},
        "s.yaml:4: forcing: year of 'S01' is 1901-2018 (118) and of 'A' 1982-2018",
    ),
    # location tables
    "locations missing": (
        [LOCATIONS],
        {},
        "l.csv: no such file; needed a CSV or Parquet table with one row per",
    ),
    "locations, a folder": (
        [LOCATIONS],
        {"l.csv": None},
        "l.csv: is a folder; needed a CSV or Parquet table",
    ),
    "locations empty": (
        [LOCATIONS],
        {"l.csv": ""},
        "l.csv: is empty; needed a header such as location,area",
    ),
    "no column of names": (
        [LOCATIONS],
        {"l.csv": "name,area\nglobal,3\n"},
        "l.csv:1: has no column 'location'",
    ),
    "no row": (
        [LOCATIONS],
        {"l.csv": "location,area\nx,3\n"},
        "l.csv: has no row for location 'global'",
    ),
    "two rows": (
        [LOCATIONS],
        {"l.csv": "location,a\nglobal,1\nglobal,2\n"},
        "l.csv:3: location 'global'",
    ),
    "two columns": (
        [LOCATIONS],
        {"l.csv": "location,a,a\nglobal,1,2\n"},
        "l.csv:1: column 'a' is there 2 times, with other cells; rename one",
    ),
    "a short row": (
        [LOCATIONS],
        {"l.csv": "location,area\nglobal\n"},
        "l.csv:2: has 1 cells; needed 2",
    ),
    "an empty cell": (
        [LOCATIONS],
        {"l.csv": "location,a\nglobal,\n"},
        "l.csv:2: column 'a', location ",
    ),
    "NaN in a cell": (
        [LOCATIONS],
        {"l.csv": "location,a\nglobal,nan\n"},
        "is missing ('nan'); needed a",
    ),
    "a word for an area": (
        [LOCATIONS],
        {"l.csv": "location,area\nglobal,big\n"},
        "'big' is not a number",
    ),
    "a column like an array": (
        [LOCATIONS],
        {"l.csv": "location,status\nglobal,1\n"},
        "column 'status'",
    ),
    "a column like an output": (
        [LOCATIONS],
        {"l.csv": "location,c_soil\nglobal,1\n"},
        "column 'c_soil'",
    ),
    "a column like a path": (
        [LOCATIONS],
        {"l.csv": "location,../x\nglobal,1\n"},
        "column '../x': needed",
    ),
    "a column that is not there": (
        [LOCATIONS, ("[38.3, 11]", "{column: tau, sd: 3}")],
        {"l.csv": "location,area [m2]\nglobal,1\n"},
        "s.yaml:6: design.parameters.tau_soil_obs.normal.mean: the location table has no column",
    ),
    # designs from tables
    "design missing": ([TABLE_DESIGN], {}, "d.csv: design.path: no such file"),
    "design, no such column": (
        [TABLE_DESIGN],
        {"d.csv": "tau_soil\n30\n"},
        "did you mean 'tau_soil_obs'",
    ),
    "design, NaN": (
        [TABLE_DESIGN],
        {"d.csv": "tau_soil_obs\n30\nnan\n"},
        "d.csv:3: column 'tau_soil_obs'",
    ),
    "design, a word": (
        [TABLE_DESIGN],
        {"d.csv": "tau_soil_obs\nx\n"},
        "d.csv:2: column 'tau_soil_obs':",
    ),
    "design, no rows": (
        [TABLE_DESIGN],
        {"d.csv": "tau_soil_obs\n"},
        "d.csv: has a header and no rows; needed one row or",
    ),
    "design, ragged": (
        [TABLE_DESIGN],
        {"d.csv": "tau_soil_obs,a\n3\n"},
        "d.csv:2: has 1 cells; needed 2, as the header has",
    ),
}

NETCDF = """version: 1
name: data
kernel: two_box
forcing:
  reader: global_means
  path: files
  pattern: "{model}_{variable}.nc"
  units: {npp: kg C m-2 s-1, rh: kg C m-2 s-1, c_veg_model: kg C m-2, c_soil_model: kg C m-2}
  area: 1.0e+14
  steps: months
  members: {A: {start: 1982}}
design: {method: monte_carlo, n: 8, parameters: {tau_soil_obs: {normal: [38.3, 11], lower: 2}}}
responses: {d: {output: c_total, change: [1982, 2018]}}
"""


def _made(scenario: str, files: dict[str, Written]) -> Callable[[Path], object]:
    def make(folder: Path) -> None:
        for name, content in {"s.yaml": scenario, **files}.items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            if content is None:
                path.mkdir()
            else:
                path.write_bytes(content if isinstance(content, bytes) else content.encode())

    return make


def _truncated(folder: Path) -> None:
    import netCDF4
    import numpy as np

    _made(NETCDF, {})(folder)
    (folder / "files").mkdir()
    for name, value in {"npp": 2e-8, "rh": 2e-8, "cVeg": 4.0, "cSoil": 15.0}.items():
        path = folder / "files" / f"A_{name}.nc"
        with netCDF4.Dataset(path, "w") as dataset:
            dataset.createDimension("time", 37 * 12)
            dataset.createVariable(name, "f8", ("time",))[:] = np.full(37 * 12, value)
    path = folder / "files" / "A_cSoil.nc"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


CASES = {
    **{
        f"table: {name}": Case(
            _made(edited(*pairs, text=SCENARIO), {"t.csv": TABLE, **files}), (said,)
        )
        for name, (pairs, files, said) in TABLES.items()
    },
    "NetCDF cut in half": Case(
        _truncated, ("A_cSoil.nc: model 'A', variable 'cSoil': is not NetCDF",)
    ),
    "NetCDF, no folder": Case(
        _made(NETCDF, {}), ("files: no such folder; needed the folder of the files",)
    ),
    "NetCDF, no such model": Case(
        _made(NETCDF, {"files/B_npp.nc": "x"}),
        ("no file of model 'A' fits '{model}_{variable}.nc'",),
    ),
}
