"""What the dimensions of a variable are: settled by attributes of coordinates, then by names."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scenarios.forcing.common.calendars import UNIT
from scenarios.forcing.common.netcdf import FILLS, numbers
from scenarios.forcing.common.places import place_of
from scenarios.problems import nearest

_STANDARD = {"latitude": "lat", "longitude": "lon"}
_UNITS = {
    **dict.fromkeys(
        "degrees_north degree_north degrees_n degree_n degreen degreesn".split(), "lat"
    ),
    **dict.fromkeys("degrees_east degree_east degrees_e degree_e degreee degreese".split(), "lon"),
}
_AXES = {"Y": "lat", "X": "lon"}

_TIMES = ("time", "t", "month", "year", "date", "day")
"""Dimensions that are time by their name alone."""

SITES = frozenset(
    "location locations site sites station stations cell cells ncells ncol column gridcell lndgrid "
    "point points landpoint landpoints land pixel profile plot plots nsites ncell".split()
)
"""Dimensions that are places by their name alone."""


@dataclass(frozen=True)
class Axes:
    """What each dimension of a variable is.

    Attributes
    ----------
    time : str
        Dimension of time; empty where there is none.
    space : tuple of str
        Of places: (lat, lon), (y, x) or one of sites; empty where it is one value everywhere.
    lat, lon : str
        Variables of their coordinates; empty where nothing says them.
    """

    time: str
    space: tuple[str, ...]
    lat: str = ""
    lon: str = ""


def axes_of(
    dataset: Any, variable: Any, said: Mapping[str, str], one: Collection[str] = ()
) -> Axes:
    """Return what the dimensions of a variable are.

    Parameters
    ----------
    dataset : netCDF4.Dataset
    variable : netCDF4.Variable
    said : mapping of str to str
        Variables of ``lat`` and ``lon`` that a scenario chose.
    one : collection of str
        Dimensions of which the scenario takes one.

    Raises
    ------
    ValueError
        A dimension is nothing that the reader knows, or two coordinates may be one place.
    """
    lat, lon = (_coordinate(dataset, variable, place, said) for place in ("lat", "lon"))
    _paired(dataset, variable, lat, lon)
    space = _space(dataset, lat, lon)
    rest = [dim for dim in variable.dimensions if dim not in space and dim not in one]
    time = next((dim for dim in rest if _is_time(dataset, dim)), "")
    long = [dim for dim in rest if dim != time and len(dataset.dimensions[dim]) > 1]
    if not space and len(long) == 1 and _are_sites(dataset, long[0]):
        return Axes(time, (long[0],))
    if long:
        raise ValueError(_unknown(dataset, variable, long, bool(space)))
    return Axes(time, space, lat, lon)


def names_of(dataset: Any, dim: str) -> str:
    """Return the variable with the names of sites along a dimension; empty where there is none."""
    of_words = [n for n, v in dataset.variables.items() if _words_along(v, dim)]
    for name in of_words:
        if getattr(dataset[name], "cf_role", "") == "timeseries_id" or name == dim:
            return str(name)
    usual = [name for name in of_words if name.lower() in SITES or "name" in name.lower()]
    return usual[0] if len(usual) == 1 else of_words[0] if len(of_words) == 1 else ""


def _words_along(variable: Any, dim: str) -> bool:
    if variable.dtype is str:
        return bool(variable.dimensions == (dim,))
    characters = getattr(variable.dtype, "kind", "") == "S" and variable.ndim == 2
    return bool(characters and variable.dimensions[0] == dim)


def values_along(dataset: Any, dim: str) -> list[float]:
    """Return the coordinate of a dimension; nothing where it has none of numbers."""
    own = dataset.variables.get(dim)
    if own is None or own.dimensions != (dim,) or own.dtype is str or own.dtype.kind not in "fiu":
        return []
    # As a person writes them: float32 has no more than seven digits.
    return [float(f"{value:.7g}") for value in numbers(own, real=FILLS).tolist()]


def place_along(dataset: Any, variable: Any, dim: str, wanted: float) -> int:
    """Return where along a dimension of a variable its coordinate has a value.

    Raises
    ------
    ValueError
        No such dimension, coordinate or value.
    """
    if dim not in variable.dimensions:
        text = f"has no dimension {dim!r}{nearest(dim, variable.dimensions)}"
        raise ValueError(f"{text}; it has ({', '.join(variable.dimensions)})")
    there = values_along(dataset, dim)
    if not there:
        size = len(dataset.dimensions[dim])
        raise ValueError(
            f"nothing says what the {size} values along {dim!r} are; needed a variable "
            f"{dim}({dim}) of numbers, or a file with one of them"
        )
    for i, value in enumerate(there):
        if abs(value - wanted) <= 1e-6 * max(abs(value), abs(wanted)):
            return i
    listed = ", ".join(f"{v:g}" for v in there[:-1][:8]) + (" ..." if there[9:] else "")
    all_of = f"{listed} and {there[-1]:g}" if there[1:] else f"{there[0]:g}"
    raise ValueError(f"has {dim} {all_of}; needed one of them, not {wanted:g}")


def kind_of(name: str, variable: Any) -> str:
    """Return whether a variable is ``lat`` or ``lon``, empty if neither.

    By its standard name, else its unit, else its axis, else its name.

    Raises
    ------
    ValueError
        Its attributes are of two different things.
    """
    standard = str(getattr(variable, "standard_name", "")).strip().lower()
    by_unit = _UNITS.get(str(getattr(variable, "units", "")).strip().lower(), "")
    if standard:
        kind = _STANDARD.get(standard, "")
        if kind and by_unit and by_unit != kind:
            text = f"variable {name!r} has standard_name {standard!r} and units of the other"
            raise ValueError(f"{text}, {variable.units!r}; correct one of them")
        return kind
    if by_unit:
        return by_unit
    by_axis = _AXES.get(str(getattr(variable, "axis", "")).strip().upper(), "")
    by_name = place_of(name) if place_of(name) != "area" else ""
    return by_axis if by_axis and not by_name and not _metric(variable) else by_name


def _metric(variable: Any) -> bool:
    """Return whether an axis is in a unit of its own: metres of a projection are no degrees."""
    unit = str(getattr(variable, "units", "")).strip().lower()
    return unit not in ("", "degree", "degrees", "deg", "1")


def bounds_names(dataset: Any) -> set[str]:
    """Return the variables that are bounds of others, or climatologies' bounds."""
    named = {
        str(getattr(v, a, ""))
        for v in dataset.variables.values()
        for a in ("bounds", "climatology")
    }
    return named | {n for n in dataset.variables if n.endswith(("_bnds", "_bounds", "_vertices"))}


def _coordinate(dataset: Any, variable: Any, place: str, said: Mapping[str, str]) -> str:
    """Return the variable of latitudes or longitudes along dimensions of another; empty if none."""
    if place in said and said[place] in dataset.variables:
        return said[place]
    found = list(_candidates(dataset, variable, place))
    asked = str(getattr(variable, "coordinates", "")).split()
    for choice in (
        [name for name in found if name in asked],
        [name for name in found if dataset[name].dimensions == (name,)],
    ):
        if len(choice) == 1:
            return choice[0]
    if len(found) > 1:
        listed = " and ".join(map(repr, found))
        text = f"variables {listed} may both be {place} of {variable.name!r}"
        raise ValueError(f"{text}; say variables: {{{place}: {found[0]}}}")
    return found[0] if found else ""


def _candidates(dataset: Any, variable: Any, place: str) -> Iterator[str]:
    bounds = bounds_names(dataset)
    for name, other in dataset.variables.items():
        along = 1 <= other.ndim <= 2 and set(other.dimensions) <= set(variable.dimensions)
        numeric = other.dtype is not str and other.dtype.kind in "fiu"
        if along and numeric and name not in bounds and name != variable.name:
            if kind_of(name, other) == place:
                yield name


def _paired(dataset: Any, variable: Any, lat: str, lon: str) -> None:
    """Raise ValueError where one of latitude and longitude is there alone, or they do not fit."""
    if not lat and not lon:
        return
    if not lat or not lon:
        has, lacks = ("latitudes", "longitudes") if lat else ("longitudes", "latitudes")
        dims = ", ".join(variable.dimensions)
        text = f"variable {variable.name!r} over ({dims}) has {has} ({lat or lon}) and no {lacks}"
        raise ValueError(
            f"{text}; needed both: give their variable standard_name or units "
            f"({'degrees_east' if lat else 'degrees_north'}), or say variables: "
            f"{{{'lon' if lat else 'lat'}: NAME}}"
        )
    a, b = (dataset[name].dimensions for name in (lat, lon))
    if a != b and not (len(a) == len(b) == 1):
        text = f"{lat!r} is over ({', '.join(a)}) and {lon!r} over ({', '.join(b)})"
        raise ValueError(f"{text}; needed (lat) and (lon), or the same dimensions")


def _space(dataset: Any, lat: str, lon: str) -> tuple[str, ...]:
    if not lat:
        return ()
    a, b = (dataset[name].dimensions for name in (lat, lon))
    return tuple(a) if a == b else (*a, *b)


def _is_time(dataset: Any, dim: str) -> bool:
    """Return whether a dimension is time: a coordinate since a date, or by what it is called."""
    for name, other in dataset.variables.items():
        if other.dimensions != (dim,):
            continue
        dated = UNIT.fullmatch(str(getattr(other, "units", "")))
        by_word = getattr(other, "standard_name", "") == "time" or getattr(other, "axis", "") == "T"
        if dated or by_word or name.lower() in ("mcdate",):
            return True
    return dim.lower() in _TIMES


def _are_sites(dataset: Any, dim: str) -> bool:
    return dim.lower() in SITES or bool(names_of(dataset, dim))


def _unknown(dataset: Any, variable: Any, dims: list[str], placed: bool) -> str:
    """Return what is wrong with dimensions that are neither time nor places, and what to do."""
    sizes = ", ".join(f"{d}: {len(dataset.dimensions[d])}" for d in variable.dimensions)
    text = f"variable {variable.name!r} has dimensions ({sizes})"
    listed = " and ".join(map(repr, dims))
    is_ = "is" if len(dims) == 1 else "are"
    first = along[0] if (along := values_along(dataset, dims[0])) else "PLACE"
    if placed:
        return (
            f"{text}, and {listed} {is_} neither time nor a place; take one, with variables: "
            f"{{DRIVER: {{variable: {variable.name}, where: {{{dims[0]}: {first}}}}}}}, or write "
            "the file with a mean over it"
        )
    return (
        f"{text}, and nothing says what {listed} {is_}; of places needed latitudes and "
        "longitudes: variables with standard_name, or units degrees_north and degrees_east, or "
        "called lat and lon, along the same dimensions; of anything else take one, with "
        f"variables: {{DRIVER: {{variable: {variable.name}, where: {{{dims[0]}: {first}}}}}}}"
    )
