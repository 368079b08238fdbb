"""Latitude, longitude and area: their usual spellings, their units, and what they can be."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernels import F8
from scenarios.units import convert

PLACES = ("lat", "lon", "area")
"""Names that every store knows: degrees north, degrees east, m2."""

EARTH = 5.1e14
"""m2, of the whole surface."""

LEAST_CELL = 1e4
"""m2. A cell of a grid of 100 m; no land model has smaller ones."""

_SPELLINGS = {
    "lat": "lat lats latitude latitudes latdd latdeg latdegrees latdecimal latdecdeg latn latwgs84 "
    "decimallat decimallatitude latitudedeg latitudedegrees latitudedecimal latitudedd sitelat "
    "sitelatitude navlat xlat grid1dlat lsmlat latixy",
    "lon": "lon lons long longs lng longitude longitudes londd londeg londegrees londecimal "
    "londecdeg lone lonwgs84 longdd longdeg longdecimal decimallon decimallong decimallongitude "
    "longitudedeg longitudedegrees longitudedecimal longitudedd sitelon sitelong sitelongitude "
    "navlon xlon xlong grid1dlon lsmlon longxy",
    "area": "area areas cellarea gridarea gridcellarea landarea areacella",
}
_PLACE_OF = {word: place for place, words in _SPELLINGS.items() for word in words.split()}
_AREA_UNIT = re.compile(r"(?P<name>[a-z]+?)(?P<unit>km2|m2|ha)")

_NEEDED = {
    "lat": ("degree", -90.0, 90.0, "degrees north, -90 to 90"),
    "lon": ("degree", -180.0, 360.0, "degrees east, -180 to 180 or 0 to 360"),
}


def place_of(name: str) -> str:
    """Return which of `PLACES` a column or variable spells; empty if none."""
    return _spelled(name)[0]


def _spelled(name: str) -> tuple[str, str]:
    """Return the place, and the unit that its name says: ``area_km2``."""
    plain = re.sub(r"[\s_.-]", "", name).casefold()
    if plain in _PLACE_OF:
        return _PLACE_OF[plain], ""
    match = _AREA_UNIT.fullmatch(plain)
    if match and match["name"] in _PLACE_OF:
        return "area", match["unit"]
    return "", ""


@dataclass(frozen=True)
class Source:
    """The column or variable that holds a place, and the unit that its name says, if any."""

    name: str
    unit: str = ""


def find_places(
    names: Iterable[str], said: Mapping[str, str] | None = None, *, noun: str = "column"
) -> tuple[dict[str, Source], list[str]]:
    """Return where latitude, longitude and area stand, and what is wrong with it.

    Parameters
    ----------
    names : iterable of str
        Columns or variables of the file.
    said : mapping, optional
        Names by place, which a scenario chose.
    noun : str
        Of ``names``, for people.
    """
    there, complaints, sources = list(names), [], {}
    for place in PLACES:
        if said and place in said:
            sources[place] = Source(said[place], _spelled(said[place])[1])
            continue
        meant = [name for name in there if place_of(name) == place]
        if len(meant) > 1:
            listed = " and ".join(map(repr, meant))
            complaints.append(f"{noun}s {listed} may both be {place}; rename all but one")
        elif meant:
            sources[place] = Source(meant[0], _spelled(meant[0])[1])
    return sources, complaints


@dataclass(frozen=True)
class Wrong:
    """What is wrong with the values of a place; ``at`` is the first that is, None for the unit."""

    text: str
    at: int | None = None


def in_degrees_or_m2(
    place: str, values: F8, unit: str, *, cells: bool = False
) -> tuple[F8, list[Wrong]]:
    """Return values of a place in degrees or m2, and what is wrong with them.

    Parameters
    ----------
    place : str
        One of `PLACES`.
    values : ndarray, any shape, float64
        NaN where there is none.
    unit : str
        As the file or the scenario says; empty if neither does. Then degrees are taken, within
        their range; an area is taken in m2 where it could not be in km2.
    cells : bool
        Whether the places are cells of a grid, none of which is smaller than `LEAST_CELL`; then
        areas too small to be m2 are km2, the unit of land models.
    """
    if place == "area":
        return _area(values, unit, cells)
    needed, least, most, limits = _NEEDED[place]
    try:
        converted = convert(values, unit or needed, needed)
    except ValueError as error:
        return values, [Wrong(str(error))]
    return converted, list(_outside(converted, (converted < least) | (converted > most), limits))


def _outside(values: F8, bad: NDArray[np.bool_], needed: str) -> Iterator[Wrong]:
    for at in np.flatnonzero(bad):
        yield Wrong(f"found {values.flat[at]:g}; needed {needed}", int(at))


def _area(values: F8, unit: str, cells: bool) -> tuple[F8, list[Wrong]]:
    unit = unit or _settled(values, cells)
    if not unit:
        example = float(np.nanmax(values, initial=0.0))
        return values, [Wrong(f"no unit is given and {example:g} could be m2 or km2; say which")]
    try:
        areas = convert(values, unit, "m2")
    except ValueError as error:
        return values, [Wrong(str(error))]
    whole = f"0 to {EARTH:g} m2, the whole Earth: taken in {unit!r}"
    wrong = list(_outside(values, (areas < 0) | (areas > EARTH), whole))
    total = float(np.nansum(areas))
    if total > EARTH * 1.01 and not wrong:
        text = f"is {total:.3g} m2 in all, taken in {unit!r}; the Earth has {EARTH:g} m2"
        wrong.append(Wrong(f"{text}: check the unit"))
    small = (areas > 0) & (areas < LEAST_CELL)
    if cells and small.any():
        at = int(np.flatnonzero(small)[0])
        text = f"found {values.flat[at]:g} {unit}; no cell has less than {LEAST_CELL:g} m2"
        wrong.append(Wrong(f"{text}: is it km2?", at))
    return areas, wrong


def _settled(values: F8, cells: bool) -> str:
    """Return the one unit that areas can be in; empty where that is not sure."""
    positive = values[np.isfinite(values) & (values > 0)]
    if not positive.size:
        return "m2"
    metres = bool((positive >= LEAST_CELL).all() and positive.sum() <= EARTH * 1.01)
    kilometres = bool(positive.sum() <= EARTH * 1.01 / 1e6)
    if metres and not kilometres:
        return "m2"
    return "km2" if cells and kilometres and not metres else ""
