"""Coordinates as CF and xarray look for them: in every group, named by what lies along them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ensemble.store.arrays import ArraySpec

PLACES = {
    "lat": {"units": "degrees_north", "standard_name": "latitude", "long_name": "latitude"},
    "lon": {"units": "degrees_east", "standard_name": "longitude", "long_name": "longitude"},
    "area": {"units": "m2", "standard_name": "cell_area", "long_name": "area of the location"},
}
"""Attributes of columns of locations that every reader means alike."""

CELLS = {
    f"{place}_{end}": {"units": PLACES[place]["units"], "long_name": f"{end} edge of the cell"}
    for place, end in (("lat", "south"), ("lat", "north"), ("lon", "west"), ("lon", "east"))
}
"""Attributes of the edges of locations that are cells of a grid."""


def flags(names: Mapping[int, str]) -> dict[str, Any]:
    """Return attributes of a column of classes, as CF names the numbers of flags."""
    about = {"flag_values": list(names), "flag_meanings": " ".join(names.values())}
    return about if names else {}


def flags_of(attrs: Mapping[str, Any]) -> dict[int, str]:
    """Return the names of the numbers of a column, by its attributes; see `flags`."""
    words = str(attrs.get("flag_meanings", "")).split()
    return dict(zip(attrs.get("flag_values", ()), words, strict=True))


BESIDE = {"location": tuple(PLACES), "time": ("year", "day"), "sample": ("realization",)}
"""Coordinates along a dimension beside the one of its own name."""

_CLIMATOLOGY = re.compile(r"(month|season|day)_climatology(_.*)?")


def beside_climatology(dim: str) -> str:
    """Return the coordinate of a climatology that says which part of the year each place is."""
    return dim.replace("_climatology", "_of_year", 1)


def _beside(dim: str) -> tuple[str, ...]:
    """Return the names of coordinates along a dimension beside the one of its own name."""
    if _CLIMATOLOGY.fullmatch(dim):
        return (beside_climatology(dim),)
    return BESIDE.get(dim, ())


def complete(specs: Iterable[ArraySpec]) -> tuple[dict[str, ArraySpec], dict[str, str]]:
    """Return every array with the coordinates that its group lacks, and what these are copies of.

    A group that is opened alone has nothing of the groups above it; so it has copies of the
    coordinates along its dimensions. Arrays name those that are not of a dimension's name.

    Returns
    -------
    arrays : dict of str to ArraySpec
    copies : dict of str to str
        Path of the array that each new one is a copy of.
    """
    known = {spec.path: spec for spec in specs}
    copies: dict[str, str] = {}
    for group in sorted({_group(path) for path in known} - {""}):
        for name, source in _lacking(known, group).items():
            path = f"{group}/{name}"
            # Bounds stay where they are: in a group they would look like one more result.
            attrs = {
                k: v for k, v in known[source].attrs.items() if k not in ("bounds", "climatology")
            }
            known[path] = replace(known[source], path=path, attrs=attrs)
            copies[path] = copies.get(source, source)
    return {path: _naming(known, spec) for path, spec in known.items()}, copies


def is_copy(specs: Mapping[str, ArraySpec], path: str) -> bool:
    """Return whether an array of a group is a copy of a coordinate above it."""
    name, spec = path.rpartition("/")[2], specs[path]
    above = (specs.get(f"{place}{name}") for place in _above(_group(path)))
    return any(one is not None and one.dims == spec.dims for one in above)


def _group(path: str) -> str:
    return path.rpartition("/")[0]


def _above(group: str) -> Iterator[str]:
    """Yield the beginnings of paths in the groups above one, the nearest first."""
    while group:
        group = _group(group)
        yield f"{group}/" if group else ""


def _lacking(known: Mapping[str, ArraySpec], group: str) -> dict[str, str]:
    """Return the coordinates of a group's dimensions that it does not have, and where they are."""
    sizes = {
        dim: size
        for path, spec in known.items()
        if _group(path) == group
        for dim, size in zip(spec.dims, spec.shape, strict=True)
    }
    lacking: dict[str, str] = {}
    for dim, size in sizes.items():
        for name in (dim, *_beside(dim)):
            places = [f"{place}{name}" for place in _above(group)]
            source = next((path for path in places if path in known), "")
            if f"{group}/{name}" in known or not source or known[source].shape != (size,):
                continue
            lacking[name] = source
    # Members of a group are those of the root; a million numbers are not written again.
    lacking.pop("realization", None)
    return {name: source for name, source in lacking.items() if f"{group}/{name}" not in known}


def _naming(known: Mapping[str, ArraySpec], spec: ArraySpec) -> ArraySpec:
    """Return an array with the coordinates along its dimensions named, as CF has it."""
    group, _, own = spec.path.rpartition("/")
    prefix = f"{group}/" if group else ""
    along = {name: dim for dim in spec.dims for name in _beside(dim)}
    beside = list(along)
    # A response may have the name of a coordinate that this store has not.
    names = [n for n in beside if (own_ := known.get(f"{prefix}{n}")) and own_.dims == (along[n],)]
    is_coordinate = own in spec.dims or own in beside or own.endswith("_bounds")
    if is_coordinate or not names:
        return spec
    return replace(spec, attrs={**spec.attrs, "coordinates": " ".join(names)})
