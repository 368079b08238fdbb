"""Monthly climatologies of sites, from tables or gridded NetCDF files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kernels import F8
from scenarios.forcing.common.checks import Findings, digest, not_a_file, number
from scenarios.forcing.common.declared import Quantity
from scenarios.forcing.common.nearest_cells import distances, wrapped
from scenarios.forcing.common.netcdf import numbers
from scenarios.forcing.common.place_columns import Words, place_columns
from scenarios.forcing.common.places import find_places, in_degrees_or_m2
from scenarios.forcing.common.table import Table, load_table
from scenarios.forcing.common.times import MONTH_DAYS, Stamps, dates_of
from scenarios.problems import Problem, nearest
from scenarios.units import contradicts, convert, of_water, per, times

WITHIN = 75.0
"""km from a site to the middle of a cell, at most."""

# quantity: (unit, least, most)
QUANTITIES = {
    "air_temperature": ("degC", -90.0, 60.0),
    "precipitation": ("mm d-1", 0.0, 200.0),
    "gpp": ("g C m-2 d-1", 0.0, 60.0),
}


MONTHLY_QUANTITIES = tuple(
    Quantity(name, "driver", (rule[0],), "file or scenario", needed=False)
    for name, rule in QUANTITIES.items()
)
"""As the reader declares them; each must be in one of the files."""


@dataclass(frozen=True)
class Sites:
    """Names, and what lasts of each, (n,)."""

    table: Table
    names: tuple[str, ...]
    columns: Mapping[str, F8]


NEEDED = ("location", "lat", "lon", "pft", "sand", "clay")
"""Of the table of sites; ``lat`` and ``lon`` in any of their usual spellings."""

OF_SITES = ("lat", "lon", "area", "sand", "clay")
"""Columns of sites that have a unit."""


def load_sites(path: Path, units: Mapping[str, str], findings: Findings) -> Sites:
    """Return sites with lat, lon, pft, sand, clay (fractions), and area where there is one."""
    table = load_table(path, findings, rows="one row per site", needed=",".join(NEEDED))
    findings.raise_all()
    places, _ = find_places(table.names)
    there = (*table.names, *places)
    for name in NEEDED:
        if name not in there:
            text = f"no column {name!r}{nearest(name, table.names)}"
            findings.add("columns", table.problem(f"{text}; needed {', '.join(NEEDED)}"))
    findings.raise_all()
    at = {name: table.names.index(name) for name in ("location", "pft", "sand", "clay")}
    names = tuple(str(cells[at["location"]]).strip() for _, cells in table.rows)
    for i, name in enumerate(names):
        if not name or name in names[:i]:
            text = f"{name!r} is there again" if name else "has no name"
            findings.add("sites", table.problem(text, "column 'location'", i))
    columns = place_columns(table, range(len(names)), Words(units=units), findings)
    for name, k in at.items():
        if name != "location":
            cells = np.array([_cell(table, i, k, findings) for i in range(len(names))])
            columns[name] = _fraction(table, name, cells, units, findings)
    _check_sites(table, columns, findings)
    findings.raise_all()
    return Sites(table, names, columns)


def _fraction(
    table: Table, name: str, values: F8, units: Mapping[str, str], findings: Findings
) -> F8:
    """Return sand or clay as a fraction, from the unit of the header or of the scenario."""
    unit = units.get(name, table.units.get(name, "1"))
    try:
        return convert(values, unit, "1")
    except ValueError as error:
        findings.add("units", table.problem(str(error), f"column {name!r}"))
        return values


def _cell(table: Table, row: int, at: int, findings: Findings) -> float:
    try:
        return number(table.rows[row][1][at])
    except ValueError as error:
        problem = table.problem(f"{error}; needed a number", f"column {table.names[at]!r}", row)
        findings.add("bad values", problem)
        return float("nan")


def _check_sites(table: Table, columns: Mapping[str, F8], findings: Findings) -> None:
    pft, sand, clay = (columns[name] for name in ("pft", "sand", "clay"))
    rules = (
        ("pft", ~np.isin(pft, [k for k in range(1, 19) if k not in (11, 13, 15, 17)]),
         "an IGBP class with plants: 1 to 10, 12, 14, 16, 18"),
        ("sand", (sand <= 0) | (sand >= 1), "a fraction between 0 and 1"),
        ("clay", (clay <= 0) | (sand + clay > 1), "a fraction above 0, with sand at most 1"),
    )  # fmt: skip
    for name, bad, needed in rules:
        for i in np.flatnonzero(bad):
            text = f"found {columns[name][i]:g}; needed {needed}"
            findings.add("bad values", table.problem(text, f"column {name!r}", int(i)))


def load_months(
    paths: Sequence[Path],
    sites: Sites,
    variables: Mapping[str, str],
    units: Mapping[str, str],
    findings: Findings,
    stamps: Stamps | None = None,
) -> tuple[dict[str, F8], list[dict[str, Any]]]:
    """Return every quantity, (n, 12) in the units of `QUANTITIES`, and digests.

    Each is taken from the first of the files that has it.
    """
    by_quantity: dict[str, F8] = {}
    digests: list[dict[str, Any]] = []
    for path in paths:
        gridded = path.suffix.lower() in (".nc", ".nc4", ".cdf")
        source = (
            _of_grid(path, sites, variables, findings, stamps)
            if gridded
            else _of_table(path, sites, variables, findings)
        )
        digests.append(source[1])
        for quantity, (values, unit) in source[0].items():
            if quantity in by_quantity:
                continue
            of_scenario = units.get(quantity, "")
            try:
                if contradicts(unit, of_scenario):
                    raise ValueError(
                        f"is in {unit!r} and the scenario says {of_scenario!r}; correct one"
                    )
                by_quantity[quantity] = _converted(quantity, values, of_scenario or unit)
            except ValueError as error:
                advice = "" if of_scenario else f"; say units: {{{quantity}: UNIT}}"
                text = f"{error}{advice}"
                name = variables.get(quantity, quantity)
                where = quantity if name == quantity else f"{quantity}, called {name!r}"
                findings.add("units", Problem(text, where, str(path)))
                continue
            _check(quantity, by_quantity[quantity], sites, path, findings)
    for quantity in QUANTITIES:
        if quantity not in by_quantity and not findings:
            name = variables.get(quantity, quantity)
            text = f"no file has {name!r}; say variables: {{{quantity}: NAME}}"
            findings.add("variables", Problem(text, "forcing.months"))
    findings.raise_all()
    return by_quantity, digests


def _converted(quantity: str, values: F8, unit: str) -> F8:
    """Return monthly values (n, 12) in the unit of `QUANTITIES`; months have their own lengths.

    Raises
    ------
    ValueError
        No unit, or one of something else.
    """
    if not unit:
        raise ValueError("has no unit")
    needed = QUANTITIES[quantity][0]
    if quantity == "precipitation":
        unit = of_water(unit)
        if not per(unit):
            raise ValueError(
                f"{unit!r} is not said to be of a month or a day: needed such as 'mm month-1'"
            )
    if per(unit) == "month" and per(needed) == "d":
        return convert(values, times(unit, "month"), times(needed, "d")) / MONTH_DAYS
    return convert(values, unit, needed)


Found = tuple[dict[str, tuple[F8, str]], dict[str, Any]]


def _of_table(path: Path, sites: Sites, variables: Mapping[str, str], findings: Findings) -> Found:
    table = load_table(path, findings)
    for name in ("location", "month"):
        if name not in table.names:
            text = f"no column {name!r}{nearest(name, table.names)}"
            findings.fatal("columns", table.problem(text))
    place, month = (table.names.index(name) for name in ("location", "month"))
    rows: dict[tuple[str, int], int] = {}
    for row, (_, cells) in enumerate(table.rows):
        k = _cell(table, row, month, findings)
        key = (str(cells[place]).strip(), int(k) if k in range(1, 13) else 0)
        if not key[1] or key in rows:
            text = "is there again" if key[1] else f"found {k:g}; needed a month, 1 to 12"
            findings.add("months", table.problem(text, f"location {key[0]!r}", row))
        rows[key] = row
    for name in sites.names:
        lacking = [k for k in range(1, 13) if (name, k) not in rows]
        if lacking:
            text = f"no row for month {', '.join(map(str, lacking))}"
            findings.add("months", table.problem(text, f"location {name!r}"))
    findings.raise_all()
    by_quantity = {}
    for quantity in QUANTITIES:
        name = variables.get(quantity, quantity)
        if name in table.names:
            at = table.names.index(name)
            values = [[_cell(table, rows[s, k], at, findings) for k in range(1, 13)]
                      for s in sites.names]  # fmt: skip
            by_quantity[quantity] = (np.array(values), table.units.get(name, ""))
    return by_quantity, dict(table.digest)


def _of_grid(
    path: Path,
    sites: Sites,
    variables: Mapping[str, str],
    findings: Findings,
    stamps: Stamps | None,
) -> Found:
    import netCDF4

    text, by_quantity = not_a_file(path, "a NetCDF file (month, lat, lon)"), {}
    if not text:
        try:
            with netCDF4.Dataset(path) as dataset:
                (lat, lon), axes = axes_of(dataset)
                for quantity in QUANTITIES:
                    name = variables.get(quantity, quantity)
                    if name in dataset.variables:
                        unit = str(getattr(dataset[name], "units", ""))
                        values = twelve_months(dataset, dataset[name], axes, stamps)
                        at = _nearest(sites, lat, lon, values, (name, path), findings)
                        by_quantity[quantity] = (values[:, at[0], at[1]].T, unit)
            return by_quantity, digest(path.name, path.read_bytes())
        except (OSError, RuntimeError, IndexError, ValueError) as error:
            text = f"cannot be read ({error}); needed variables (month, lat, lon)"
    findings.fatal("files", Problem(text, file=str(path)))


def axes_of(dataset: Any) -> tuple[tuple[F8, F8], tuple[str, str]]:
    """Return latitudes and longitudes of a grid, whatever they are called, and their dimensions.

    Raises
    ------
    ValueError
        There are none of one dimension, or they cannot be.
    """
    flat = (name for name, v in dataset.variables.items() if v.ndim == 1)
    places, complaints = find_places(flat, noun="variable")
    if complaints:
        raise ValueError("; ".join(complaints))
    axes, dims = [], []
    for place in ("lat", "lon"):
        if place not in places:
            raise ValueError(f"has no variable {place!r} of one dimension")
        variable = dataset[places[place].name]
        unit = str(getattr(variable, "units", "")).strip()
        # 99 degrees west is a place.
        values = numbers(variable, real=(-99.0,) if place == "lon" else ())
        degrees, wrong = in_degrees_or_m2(place, values, unit)
        if wrong or np.isnan(degrees).any():
            text = wrong[0].text if wrong else "has a gap"
            raise ValueError(f"variable {variable.name!r}: {text}")
        axes.append(degrees)
        dims.append(variable.dimensions[0])
    return (axes[0], axes[1]), (dims[0], dims[1])


def twelve_months(dataset: Any, variable: Any, axes: tuple[str, str], stamps: Stamps | None) -> F8:
    """Return a variable as (12, lat, lon), January first; raise ValueError where it is not so.

    Months are those of a coordinate ``month``, 1 to 12, or of time.
    """
    lat, lon = axes
    dims, name = variable.dimensions, variable.name
    others = [dim for dim in dims if dim not in (lat, lon)]
    if len(dims) != 3 or len(others) != 1:
        raise ValueError(f"{name} has dimensions ({', '.join(dims)})")
    moved = numbers(variable).transpose([dims.index(dim) for dim in (others[0], lat, lon)])
    if len(moved) != 12:
        raise ValueError(f"{name} has {len(moved)} months; needed 12")
    months = _months_of(dataset, others[0], stamps)
    if sorted(months.tolist()) != list(range(1, 13)):
        raise ValueError(f"{name} has months {', '.join(map(str, months))}; needed 1 to 12 once")
    return np.asarray(moved[np.argsort(months)])


def _months_of(dataset: Any, dim: str, stamps: Stamps | None) -> Any:
    if dim == "month" and dim in dataset.variables and dataset[dim].dimensions == (dim,):
        months = numbers(dataset[dim])
        if (months == np.rint(months)).all():
            return months.astype(np.int64)
    when = dates_of(dataset, dim, stamps)
    if when is not None and when.step != "month":
        raise ValueError(f"has one value a {when.step}; needed twelve months")
    if when is None:
        text = f"has no coordinate {dim!r} that says the months"
        raise ValueError(f"{text}; write month(month), 1 to 12, into the file")
    return when.month


def _nearest(
    sites: Sites, lat: F8, lon: F8, values: F8, of: tuple[str, Path], findings: Findings
) -> tuple[Any, Any]:
    """Return row and column of the nearest cell with values for each site.

    A cell with no month at all is passed over (ocean); one that lacks some is refused.
    """
    variable, path = of
    with_values = np.isfinite(values).any(axis=0)
    rows, columns = np.nonzero(with_values)
    if not rows.size:
        text = "has no value anywhere"
        findings.fatal("places", Problem(text, f"variable {variable!r}", str(path)))
    chosen = []
    for i, name in enumerate(sites.names):
        where = float(sites.columns["lat"][i]), float(wrapped(sites.columns["lon"])[i])
        far = distances(*where, lat[rows], wrapped(lon)[columns])
        best = int(far.argmin())
        if far[best] > WITHIN:
            text = f"the nearest cell with values is {far[best]:.0f} km away; needed at most "
            place = f"variable {variable!r}, location {name!r}"
            findings.add("places", Problem(f"{text}{WITHIN:g} km (ocean?)", place, str(path)))
        for month in np.flatnonzero(~np.isfinite(values[:, rows[best], columns[best]])):
            cell = f"cell ({lat[rows[best]]:g}, {lon[columns[best]]:g})"
            place = f"variable {variable!r}, month {month + 1}, {cell}, nearest to {name!r}"
            findings.add("gaps", Problem("is missing; needed every month", place, str(path)))
        chosen.append(best)
    return rows[chosen], columns[chosen]


def _check(quantity: str, values: F8, sites: Sites, path: Path, findings: Findings) -> None:
    unit, least, most = QUANTITIES[quantity]
    with np.errstate(invalid="ignore"):
        bad = ~((values >= least) & (values <= most))
    for i, k in np.argwhere(bad):
        text = f"found {values[i, k]:g} {unit}; needed {least:g} to {most:g}"
        if quantity == "air_temperature" and values[i, k] > 150:
            text += ", and this looks like K"
        where = f"{quantity}, location {sites.names[i]!r}, month {k + 1}"
        findings.add("bad values", Problem(text, where, str(path)))
