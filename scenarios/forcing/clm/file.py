"""Variables of CLM history files at their columns, whatever their dimensions are called."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from kernels import F8
from scenarios.forcing.clm.levels import SPATIAL, THICKNESS, downward, ground_of
from scenarios.forcing.common.checks import Findings, digest, not_a_file
from scenarios.forcing.common.declared import Quantity
from scenarios.forcing.common.file_units import in_needed, unit_said
from scenarios.forcing.common.netcdf import numbers
from scenarios.forcing.common.places import PLACES, Source, find_places, in_degrees_or_m2
from scenarios.forcing.common.times import Stamps, When, dates_of
from scenarios.problems import Problem
from scenarios.units import factor

LEVELLED = frozenset({"TSOI", "SOILLIQ", "SOILICE", "H2OSOI"})
"""What has levels: the one dimension besides places and time, whatever its name."""

MOLE = 12.0
"""g of carbon; FPSN of CLM is moles, and the testbed's converter counts so."""

AREA, LANDFRAC = "area", "landfrac"


@dataclass(frozen=True)
class Rule:
    """The unit a variable is needed in, and what it may hold there, at least and at most."""

    unit: str
    least: float
    most: float
    needed: str


_FLUX = "g C m-2 d-1"

RULES = {
    "GPP": Rule(_FLUX, -1e-6, 60.0, "g C m-2 d-1, 0 to 60"),
    "TSOI": Rule("K", 150.0, 350.0, "K, 150 to 350"),
    "TBOT": Rule("K", 150.0, 350.0, "K, 150 to 350"),
    "SOILLIQ": Rule("kg m-2", 0.0, 5e4, "kg m-2, 0 or more"),
    "SOILICE": Rule("kg m-2", 0.0, 5e4, "kg m-2, 0 or more"),
    "H2OSOI": Rule("1", 0.0, 1.1, "m3 m-3, 0 to 1"),
    "NPP": Rule(_FLUX, -20.0, 60.0, "g C m-2 d-1, -20 to 60"),
    **dict.fromkeys(
        ("LEAFC_TO_LITTER", "FROOTC_TO_LITTER", "CWDC_LOSS"),
        Rule(_FLUX, -1e-6, 60.0, "g C m-2 d-1, 0 to 60"),
    ),
}
"""GPP may be called FPSN."""

HISTORY = (
    Quantity("TSOI", "driver", ("K",), "file"),
    Quantity("SOILLIQ", "driver", ("kg m-2",), "file"),
    Quantity("H2OSOI", "driver", ("m3 m-3",), "file", needed=False),
    Quantity("SOILICE", "driver", ("kg m-2",), "file", needed=False),
    Quantity("TBOT", "driver", ("K",), "file", needed=False),
    *(
        Quantity(name, "driver", ("g C m-2 s-1", "umol m-2 s-1"), "file", needed=name == "GPP")
        for name in ("GPP", "FPSN", "NPP")
    ),
    *(
        Quantity(name, "driver", ("g C m-2 s-1",), "file", needed=False)
        for name in ("LEAFC_TO_LITTER", "FROOTC_TO_LITTER", "CWDC_LOSS")
    ),
    Quantity("lat", "latitude", ("degrees_north",), "layout"),
    Quantity("lon", "longitude", ("degrees_east",), "layout", needed=False),
    Quantity("area", "area", ("km2",), "file", needed=False),
    Quantity("landfrac", "fraction", ("1",), "layout", needed=False),
    Quantity("levgrnd", "depth", ("m",), "layout", needed=False),
    Quantity("DZSOI", "depth", ("m",), "layout", needed=False),
    Quantity("time", "time", ("days since a date",), "file"),
)
"""What a file may hold, as the reader declares it; FPSN stands for GPP."""


VARIABLES = (*RULES, "FPSN", "lat", "lon", AREA, LANDFRAC, THICKNESS, "ZSOI", "levgrnd")
"""What ``units:`` may speak of."""


@dataclass
class History:
    """One file, read.

    Attributes
    ----------
    path : Path
    when : When
    places : mapping of str to ndarray
        ``lat``, ``lon``, and ``area`` (m2) where the file says, each (n,).
    shape : tuple of int
        Of the places in the file.
    values : mapping of str to ndarray
        (n, T) or (n, T, levels); NaN where there is none.
    ground : mapping of str to ndarray or int
        ``levels``, ``thickness``, ``saturation`` (levels, n or 1), ``above_rock``; ``used``,
        how many levels from the top count.
    """

    path: Path
    when: When
    places: dict[str, F8]
    shape: tuple[int, ...]
    values: dict[str, F8] = field(default_factory=dict)
    ground: dict[str, Any] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)


def load_history(
    path: Path,
    wanted: Sequence[str],
    units: Mapping[str, str],
    findings: Findings,
    stamps: Stamps | None = None,
) -> History | None:
    """Return the wanted variables of a file that it has; None, with a finding, if it is none.

    ``units`` is what the scenario says of variables.
    """
    import netCDF4

    text = not_a_file(path, "a CLM history file")
    if not text:
        try:
            with netCDF4.Dataset(path) as dataset:
                return _history(path, dataset, wanted, units, findings, stamps)
        except ValueError as error:
            text = str(error)
        except (OSError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            text = f"is not NetCDF, or not all of it ({reason}); fetch or write it again"
    findings.add("files", Problem(text, file=str(path)))
    return None


def _history(
    path: Path,
    dataset: Any,
    wanted: Sequence[str],
    units: Mapping[str, str],
    findings: Findings,
    stamps: Stamps | None,
) -> History:
    when = dates_of(dataset, "time", stamps)
    if when is None:
        raise ValueError("has no time coordinate, nor year and month, nor mcdate")
    if when.step == "year":
        raise ValueError("has one value a year; needed one a month or day")
    values: dict[str, F8] = {}
    dims: dict[str, tuple[str, ...]] = {}
    shape: tuple[int, ...] = ()
    for name in wanted:
        spelled = "FPSN" if name == "GPP" and "GPP" not in dataset.variables else name
        if spelled not in dataset.variables:
            continue
        variable = dataset[spelled]
        array, shape = _arranged(dataset, variable, name in LEVELLED, units)
        try:
            values[name] = _in_unit(array, name, variable, units)
        except ValueError as error:
            findings.add("units", Problem(str(error), file=str(path)))
        dims[spelled] = tuple(d for d in SPATIAL if d in variable.dimensions)
    _check_dimensions(dataset, dims)
    places, notes = places_of(dataset, shape, units)
    history = History(path, when, places, shape, values)
    history.ground = ground_of(dataset, values, units)
    history.about = digest(path.name, path.read_bytes()) | notes
    _check(history, findings)
    return history


def _check_dimensions(dataset: Any, places: Mapping[str, tuple[str, ...]]) -> None:
    """Raise ValueError where variables are of unlike places."""
    first, *others = places or ("",)
    for name in others:
        if places[name] != places[first]:
            dimensions = [f"{n!r} over ({', '.join(dataset[n].dimensions)})" for n in (first, name)]
            raise ValueError(f"has {' and '.join(dimensions)}; needed the same places: {BY_PLACE}")


def _in_unit(values: F8, name: str, variable: Any, units: Mapping[str, str]) -> F8:
    """Return a variable in the unit of its rule; moles of GPP and NPP are carbon's."""
    spelled, needed = str(variable.name), RULES[name].unit
    of_scenario = {spelled: units.get(spelled, units.get(name, ""))}
    unit = unit_said(spelled, variable, of_scenario)
    if unit and needed == _FLUX:
        try:
            return values * (MOLE * factor(unit, "mol m-2 d-1"))
        except ValueError:
            pass  # no moles; what is wrong, if anything, is said below
    return in_needed(values, spelled, variable, of_scenario, needed)


BY_PLACE = "write the file by column or grid cell (hist_dov2xy = .true., or averages over PFTs)"


def _arranged(
    dataset: Any, variable: Any, levelled: bool, units: Mapping[str, str]
) -> tuple[F8, tuple[int, ...]]:
    """Return values (places, time[, levels]), from the top down, and the shape of the places."""
    dims = variable.dimensions
    places = [dim for dim in SPATIAL if dim in dims]
    levels = [dim for dim in dims if dim not in SPATIAL and dim != "time"]
    if "time" not in dims or len(levels) != levelled:
        needed = f"time{', levels' if levelled else ''} and places, such as lndgrid"
        text = f"variable {variable.name!r} has dimensions ({', '.join(dims)}); needed {needed}"
        raise ValueError(f"{text}: {BY_PLACE}" if len(levels) > levelled else text)
    values = numbers(variable)
    shape = tuple(values.shape[dims.index(dim)] for dim in places)
    ordered = values.transpose([dims.index(dim) for dim in (*places, "time", *levels)])
    if levels:
        ordered = ordered[..., downward(dataset, levels[0], units)]
    return ordered.reshape(int(np.prod(shape)), *ordered.shape[len(places) :]), shape


def places_of(
    dataset: Any, shape: tuple[int, ...], units: Mapping[str, str]
) -> tuple[dict[str, F8], dict[str, Any]]:
    """Return ``lat``, ``lon`` (degrees) and ``area`` (m2 of land) where a file has them, (n,).

    Notes say what was not taken.

    Raises
    ------
    ValueError
        A unit of something else, or a value that cannot be.
    """
    spatial = [n for n, v in dataset.variables.items() if set(v.dimensions) <= {*SPATIAL}]
    sources, complaints = find_places(spatial, {p: p for p in PLACES if p in spatial},
                                      noun="variable")  # fmt: skip
    if complaints:
        raise ValueError("; ".join(complaints))
    places: dict[str, F8] = {}
    for place, source in sources.items():
        variable = dataset[source.name]
        of_scenario = {source.name: units.get(source.name, units.get(place, ""))}
        unit = unit_said(source.name, variable, of_scenario) or source.unit
        # 99 degrees west is a place.
        values = numbers(variable, real=(-99.0,) if place == "lon" else ())
        places[place], wrong = in_degrees_or_m2(place, values, unit, cells=True)
        if wrong:
            advice = "" if unit else f": units: {{{source.name}: km2}}"
            raise ValueError(f"variable {source.name!r}: {wrong[0].text}{advice}")
    notes = _on_land(dataset, places, sources.get(AREA), units)
    flat = {place: places[place] for place in ("lat", "lon") if place in places}
    if len(shape) == 2 and len(flat) == 2 and all(v.ndim == 1 for v in flat.values()):
        places["lat"], places["lon"] = np.meshgrid(places["lat"], places["lon"], indexing="ij")
    return {name: values.reshape(-1) for name, values in places.items()}, notes


def _on_land(
    dataset: Any, places: dict[str, F8], area: Source | None, units: Mapping[str, str]
) -> dict[str, Any]:
    """Multiply the area of cells by the part that is land; leave it out where nothing says."""
    if area is None or "land" in area.name.lower():
        return {}
    if LANDFRAC not in dataset.variables:
        del places[AREA]
        return {"area_left_out": f"{area.name} is of whole cells, and there is no {LANDFRAC}"}
    variable = dataset[LANDFRAC]
    part = in_needed(numbers(variable), LANDFRAC, variable, units, "1", default="1")
    if (most := np.nanmax(part, initial=0.0)) > 1 + 1e-6 or np.nanmin(part, initial=0.0) < 0:
        text = f"variable {LANDFRAC!r}: found {most:g}; needed a fraction, 0 to 1"
        raise ValueError(f"{text}: is it percent? say units: {{{LANDFRAC}: percent}}")
    places[AREA] = places[AREA] * part
    return {}


def _check(history: History, findings: Findings) -> None:
    """Note values that cannot be, of places that have any; others are ocean."""
    land = is_land(history)
    for name, values in history.values.items():
        rule = RULES[name]
        # Levels that do not count may be empty: rock has no water.
        empty_levels = np.isnan(values).all(axis=(0, 1), keepdims=True)
        if values.ndim == 3:
            empty_levels &= np.arange(values.shape[2]) >= history.ground.get("used", 0)
        with np.errstate(invalid="ignore"):
            bad = ~((values >= rule.least) & (values <= rule.most))
        bad &= ~empty_levels
        bad[~land] = False
        for place in np.argwhere(bad)[:200]:
            i, t, *level = map(int, place)
            where = f"variable {name!r}, {named(history, i)}, {history.when.said(t)}"
            where += f", level {level[0] + 1}" if level else ""
            value = values[tuple(place)]
            text = "is missing" if np.isnan(value) else f"found {value:g}"
            if rule.needed.startswith("K") and -90 < value < 60:
                text += ", which looks like degC"
            problem = Problem(f"{text}; needed {rule.needed}", where, str(history.path))
            findings.add(f"bad values of {name}", problem)


def is_land(history: History) -> Any:
    """Return which places have any value, (n,)."""
    with_values = [np.isfinite(v).reshape(len(v), -1).any(axis=1) for v in history.values.values()]
    return np.logical_or.reduce(with_values) if with_values else np.zeros(0, dtype=bool)


def named(history: History, i: int) -> str:
    """Return a place for people."""
    if {"lat", "lon"} <= history.places.keys():
        return f"cell {i + 1} ({history.places['lat'][i]:g}, {history.places['lon'][i]:g})"
    return f"cell {i + 1}"
