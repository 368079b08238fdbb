"""Gridded predictors at places: the nearest land cell that has a value, and how far it is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from kernels import F8
from kernels.fortran.numbers import integer, number, real
from scenarios.forcing.common.checks import Findings, digest, not_a_file
from scenarios.forcing.common.declared import FILLS_MISSING, Input, Order, Quantity
from scenarios.forcing.common.file_units import in_needed
from scenarios.forcing.common.grid_csv import load_csv
from scenarios.forcing.common.netcdf import numbers
from scenarios.grids import RADIUS
from scenarios.problems import Problem
from scenarios.units import ranged


@dataclass(frozen=True)
class Near:
    """A value at the nearest cell that has one."""

    value: float
    distance: float
    """km."""
    cell: str
    """Latitude and longitude, for people."""


@dataclass(frozen=True)
class Cells:
    """Land cells and what is known of each, (n,); NaN where it is not.

    Attributes
    ----------
    title : str
        Of the data set, for people.
    lat, lon : ndarray, shape (n,), float64
        Degrees north, and east from -180 to 180.
    columns : mapping of str to ndarray, shape (n,), float64
    within : float
        Distance beyond which a cell says nothing of a place, km.
    digests : tuple of mappings
    """

    title: str
    lat: F8
    lon: F8
    columns: Mapping[str, F8]
    within: float
    digests: tuple[Mapping[str, Any], ...] = field(default=())

    def near(self, column: str, lat: float, lon: float) -> Near | str:
        """Return the value nearest to a place, or why there is none."""
        values = self.columns[column]
        with_value = np.isfinite(values)
        far = distances(lat, lon, self.lat[with_value], self.lon[with_value])
        if not far.size:
            return f"{self.title} has no {column}"
        best = int(np.argmin(far))
        place = f"{self.lat[with_value][best]:g}, {self.lon[with_value][best]:g}"
        if far[best] > self.within:
            text = f"the nearest cell of {self.title} with {column} is {far[best]:.0f} km away"
            return f"{text}; needed at most {self.within:g} km"
        return Near(float(values[with_value][best]), float(far[best]), place)


def distances(lat: float | F8, lon: float | F8, lats: F8, lons: F8) -> F8:
    """Return great-circle distances (n,) in km, of one place or of n; degrees."""
    here, there = np.radians(lat), np.radians(lats)
    half = np.sin((there - here) / 2) ** 2
    half += np.cos(here) * np.cos(there) * np.sin(np.radians(lons - lon) / 2) ** 2
    return np.asarray(2e-3 * RADIUS * np.arcsin(np.sqrt(np.minimum(half, 1.0))))


PREDICTORS = "derived_predictors_0p5deg.csv.gz"


def load_grids(folder: Path, within: float, findings: Findings) -> Cells | None:
    """Return the half-degree predictors: air temperature (degC), litterfall (g C m-2 yr-1)."""
    names = ("lat", "lon", "MAT_C", "litterfall_gC_m2_yr")
    grids, of_file = load_csv(folder / PREDICTORS, names, findings, gaps=names[2:])
    if not grids:
        return None
    columns = {"air temperature": grids["MAT_C"], "litterfall": grids["litterfall_gC_m2_yr"]}
    title = "the half-degree predictors"
    return Cells(title, grids["lat"], wrapped(grids["lon"]), columns, within, (of_file,))


def wrapped(lon: F8) -> F8:
    """Return longitudes from -180 to 180."""
    return np.where(lon > 180.0, lon - 360.0, lon)


# --- the biogeochemical testbed ---

DRIVERS = "drivers_mean_2000_2010.nc"
SOIL = "gridinfo_soil_clm2.csv.gz"
TYPES = "gridinfo_igbpz.csv.gz"
BIOME = "pftlookup_igbp_updated4.csv"

_CELL = (
    Quantity("lat", "latitude", ("degrees_north",), "layout"),
    Quantity("lon", "longitude", ("degrees_east",), "layout"),
)
_BY_NAME = (Order("rows", ("lat", "lon")), Order("columns", ("name",)))
_PASSED_OVER = "an empty cell: the nearest cell that has a value is taken"
PREDICTORS_READ = (
    Input(
        key=f"grids/{PREDICTORS}",
        format="table",
        holds="one row per land cell of half a degree",
        quantities=(
            *_CELL,
            Quantity("MAT_C", "driver", ("degC",), "layout", "left out"),
            Quantity("litterfall_gC_m2_yr", "driver", ("g C m-2 yr-1",), "layout", "left out"),
        ),
        orders=_BY_NAME,
        missing=_PASSED_OVER,
    ),
    Input(
        key=f"testbed/clm45_cruncep/{SOIL}",
        format="table",
        holds="one row per cell of the testbed: texture",
        quantities=(*_CELL, Quantity("clay", "driver", ("1",), "layout", "left out")),
        orders=(Order("rows", ("the other table",)), Order("columns", ("name",))),
        missing=_PASSED_OVER,
        agree=("both tables of the testbed have the same cells",),
    ),
    Input(
        key=f"testbed/clm45_cruncep/{TYPES}",
        format="table",
        holds="one row per cell of the testbed: class, row and column of its grid",
        quantities=(
            *_CELL,
            Quantity("ivt_igbp", "class"),
            Quantity("ilat", "row"),
            Quantity("ilo", "row"),
        ),
        orders=(Order("rows", ("the other table",)), Order("columns", ("name",))),
        missing="nothing stands for it",
        agree=("both tables of the testbed have the same cells",),
    ),
    Input(
        key=f"testbed/clm45_cruncep/{DRIVERS}",
        format="netcdf",
        holds="annual mean NPP on the grid of the testbed, (lat, lon)",
        quantities=(Quantity("cnpp", "driver", ("g C m-2 d-1",), "file", "left out"),),
        orders=(Order("latitudes"), Order("longitudes")),
        missing=f"{FILLS_MISSING}; such a cell has no plants",
    ),
)
"""The grids of drivers, as readers declare them."""

BARE = (15, 17)
"""IGBP classes without plants: ice, and water."""


@dataclass(frozen=True)
class Biome:
    """What plants of one IGBP class are made of, as CASA-CNP has it.

    ``leaf`` and ``root`` are lignin (fraction) and C:N (g per g); ``root_share`` is the part of
    NPP that goes to fine roots.
    """

    name: str
    leaf: tuple[float, float]
    root: tuple[float, float]
    root_share: float

    @cached_property
    def lignin_n(self) -> tuple[float, float]:
        """Return lignin to nitrogen of leaf and of root litter: lignin x C:N.

        So the testbed has it for MIMICS. For CASA and CORPSE it divides by the part of nitrogen
        that plants do not draw back before they shed, a half of that of leaves.
        """
        return self.leaf[0] * self.leaf[1], self.root[0] * self.root[1]


@dataclass(frozen=True)
class Mapped:
    """Values of a grid, (lat, lon), and its latitudes and longitudes where the file says them."""

    values: F8
    lat: F8 | None
    lon: F8 | None

    def off(self, row: Any, column: Any, lat: F8, lon: F8) -> Any:
        """Return which of some places are not at their row and column; half a cell is rounding."""
        bad = np.zeros(lat.size, dtype=bool)
        if self.lat is not None and self.lat.size > 1:
            step = np.abs(np.diff(self.lat)).max()
            bad |= ~(np.abs(self.lat[row] - lat) <= step / 2)
        if self.lon is not None and self.lon.size > 1:
            step = np.abs(np.diff(self.lon)).min()
            bad |= ~(np.abs((self.lon[column] - lon + 180) % 360 - 180) <= step / 2)
        return bad


def load_testbed(
    folder: Path, within: float, units: Mapping[str, str], findings: Findings
) -> tuple[Cells, dict[int, Biome]] | None:
    """Return the testbed's vegetated cells and its classes.

    ``units`` is what the scenario says of variables.

    Columns: ``clay`` (1), ``class`` (IGBP), ``NPP`` (g C m-2 yr-1, 365 days); cells without
    plants or NPP are left out.
    """
    forcing = folder / "clm45_cruncep"
    soil, of_soil = load_csv(forcing / SOIL, ("lat", "lon", "clay"), findings, gaps=("clay",))
    names = ("lat", "lon", "ivt_igbp", "ilat", "ilo")
    types, of_types = load_csv(forcing / TYPES, names, findings)
    npp, of_npp = _npp(forcing / DRIVERS, units, findings)
    biomes, of_biomes = load_biomes(folder / "params" / BIOME, findings)
    if not (soil and types and biomes) or npp is None:
        return None
    if len(soil["clay"]) != len(types["ilat"]):
        text = f"has {len(types['ilat'])} cells and {SOIL} {len(soil['clay'])}; needed the same"
        findings.add("files", Problem(text, file=str(forcing / TYPES)))
        return None
    for name in ("lat", "lon"):
        for i in np.flatnonzero(soil[name] != types[name])[:1]:
            text = f"has {name} {types[name][i]:g} where {SOIL} has {soil[name][i]:g}"
            text = f"{text}; needed the same cells in the same rows"
            findings.add("files", Problem(text, file=str(forcing / TYPES), line=int(i) + 2))
            return None
    # Cells are numbered otherwise in the NetCDF file; rows and columns are the same.
    at = np.stack([types["ilat"], types["ilo"]]) - 1
    shape = npp.values.shape
    if not ((at >= 0) & (at < np.array(shape)[:, None])).all():
        text = f"has rows or columns (ilat, ilo) beyond the {shape} cells of {DRIVERS}"
        findings.add("files", Problem(text, file=str(forcing / TYPES)))
        return None
    row, column = at.astype(int)
    for i in np.flatnonzero(npp.off(row, column, soil["lat"], soil["lon"])):
        text = f"row {row[i] + 1}, column {column[i] + 1} is another place in {DRIVERS}"
        where = f"cell at {soil['lat'][i]:g}, {soil['lon'][i]:g}"
        findings.add("cells that differ", Problem(text, where, str(forcing / TYPES)))
    made = npp.values[row, column]
    vegetated = np.isin(types["ivt_igbp"], [c for c in biomes if c not in BARE]) & (made > 0)
    columns = {"clay": soil["clay"], "class": types["ivt_igbp"], "NPP": made}
    cells = Cells(
        "the testbed (CLM4.5-CRUNCEP)",
        soil["lat"][vegetated],
        wrapped(soil["lon"][vegetated]),
        {name: values[vegetated] for name, values in columns.items()},
        within,
        (of_soil, of_types, of_npp, of_biomes),
    )
    return cells, biomes


def _npp(path: Path, units: Mapping[str, str], findings: Findings) -> tuple[Mapped | None, Any]:
    """Return annual NPP, g C m-2 yr-1, NaN where there is none, and a digest."""
    import netCDF4

    text = not_a_file(path, "a NetCDF file of cnpp")
    if not text:
        try:
            with netCDF4.Dataset(path) as dataset:
                variable = dataset["cnpp"]
                if sorted(variable.dimensions) != ["lat", "lon"]:
                    dims = ", ".join(variable.dimensions)
                    raise ValueError(f"cnpp has dimensions ({dims})")
                values = in_needed(numbers(variable), "cnpp", variable, units, "g C m-2 d-1")
                values = values.T if variable.dimensions == ("lon", "lat") else values
                places = {n: numbers(dataset[n], real=(-99.0,)) for n in ("lat", "lon")
                          if n in dataset.variables}  # fmt: skip
            finite = values[np.isfinite(values)]
            if finite.size and not -10 <= finite.min() <= finite.max() <= 60:
                text = f"cnpp is {ranged(finite.min(), finite.max())} g C m-2 d-1"
                raise ValueError(f"{text}; needed -10 to 60: check its unit")
            mapped = Mapped(365.0 * values, places.get("lat"), places.get("lon"))
            return mapped, digest(path.name, path.read_bytes())
        except (OSError, RuntimeError, IndexError, ValueError) as error:
            text = f"cannot be read ({error}); needed a variable cnpp (lat, lon)"
    findings.add("files", Problem(text, file=str(path)))
    return None, {}


_LEAF = ("lignin leaf", "C:N leaf")
_ROOT = ("lignin froot", "C:N froot")
_SHARE = "Calloc_froot"
_LIMITS = dict.fromkeys((_LEAF[0], _ROOT[0], _SHARE), (0.0, 1.0)) | dict.fromkeys(
    (_LEAF[1], _ROOT[1]), (1.0, 1e4)
)


def load_biomes(path: Path, findings: Findings) -> tuple[dict[int, Biome], Any]:
    """Return the classes of a parameter file of CASA-CNP, by number, and its digest.

    The file is blocks of rows: a header, units, then one row per class.
    """
    import csv

    text = not_a_file(path, "a parameter file of CASA-CNP")
    if text:
        findings.add("files", Problem(text, file=str(path)))
        return {}, {}
    data = path.read_bytes()
    lines = data.decode(errors="replace").splitlines()
    rows = [[cell.strip() for cell in row] for row in csv.reader(lines)]
    names = {int(r[0]): r[2] for r in rows if _is_name(r)}
    columns: dict[str, dict[int, float]] = {}
    for name in (*_LEAF, *_ROOT, _SHARE):
        columns[name], faults = _column(rows, name, names)
        for line, fault in faults:
            findings.add("columns", Problem(fault, file=str(path), line=line))
    if any(columns[name].keys() != names.keys() for name in columns):
        return {}, {}
    biomes = {}
    for k in sorted(names):
        leaf, root = (tuple(columns[n][k] for n in group) for group in (_LEAF, _ROOT))
        biomes[k] = Biome(names[k], _two(leaf), _two(root), columns[_SHARE][k])
    return biomes, digest(path.name, data)


def _is_name(row: Sequence[str]) -> bool:
    """Return whether a row is a class, its kind and its name."""
    numbers = len(row) > 2 and row[0].isdecimal() and row[1].isdecimal()
    return numbers and bool(row[2]) and real(row[2]) is None


def _two(values: Iterable[float]) -> tuple[float, float]:
    first, second = values
    return first, second


def _column(
    rows: Sequence[Sequence[str]], name: str, classes: Mapping[int, str]
) -> tuple[dict[int, float], list[tuple[int | None, str]]]:
    """Return a column of the first block that has it, by class; and line and text of faults."""
    heads = [i for i, row in enumerate(rows) if name in row]
    if not heads or not classes:
        return {}, [(None, f"no column {name!r} of numbers")]
    at = list(rows[heads[0]]).index(name)
    by_class: dict[int, float] = {}
    faults: list[tuple[int | None, str]] = []
    for i, row in enumerate(rows[heads[0] + 2 :], heads[0] + 2):
        # The next block begins with the names of its columns.
        kind = integer(row[0]) if row else None
        if kind is None:
            break
        value = number(row[at]) if at < len(row) else None
        low, high = _LIMITS[name]
        if kind not in classes or kind in by_class:
            faults.append((i + 1, f"found class {kind}; needed every named class once"))
        elif value is None or not low <= value <= high:
            cell = row[at] if at < len(row) else ""
            text = f"found {cell!r} in column {name!r}; needed a number from {low:g} to {high:g}"
            faults.append((i + 1, text))
        by_class[kind] = np.nan if value is None else value
    lacking = ", ".join(str(k) for k in classes if k not in by_class)
    if lacking:
        line = heads[0] + 1
        faults.append((line, f"no column {name!r} of numbers for class {lacking}"))
    return ({} if faults else by_class), faults
