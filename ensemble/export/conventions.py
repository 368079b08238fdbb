"""Units, bounds and attributes as CF has them, and as programs outside read them."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ensemble.export.selecting import MEMBER, Selection
from ensemble.store.coordinates import CELLS

if TYPE_CHECKING:
    import xarray as xr

_OF_CARBON = re.compile(r"\b([kMGTPmun]?g|t|[kmun]?mol)[ ]?C\b")
"""To UDUNITS ``C`` is a coulomb."""

FILL = 1e20


def plain_units(unit: str) -> str:
    """Return a unit without the word that its mass is carbon's: ``g C m-2`` becomes ``g m-2``."""
    return _OF_CARBON.sub(r"\1", unit)


def is_time(array: "xr.DataArray") -> bool:
    """Return whether a coordinate is dates."""
    return str(array.attrs.get("standard_name", "")) == "time"


def by_time(selection: Selection) -> Iterator[tuple[str, "xr.Dataset"]]:
    """Yield the outputs of each axis of time, which is called ``time`` there, and its name.

    What has no time comes with the name "".
    """
    data = selection.in_a_row
    axes = {str(n) for n, c in data.coords.items() if is_time(c) and n in data.dims}
    of = {n: next((str(d) for d in data[n].dims if d in axes), "") for n in selection.outputs}
    bounds = {b for axis in axes for b in _bounds_of(data, axis)}
    beside = [n for n in data.data_vars if n not in of and n not in bounds]
    for axis in dict.fromkeys(of.values()):
        names = [n for n in selection.outputs if of[n] == axis]
        one = data[[*names, *beside, *(b for b in _bounds_of(data, axis) if b in data)]]
        one = one.drop_vars([c for c in one.coords if c in axes and c != axis])
        yield axis, _renamed(one, axis) if axis else one


def _bounds_of(data: "xr.Dataset", axis: str) -> list[str]:
    attrs = data[axis].attrs if axis else {}
    return [attrs[k] for k in ("bounds", "climatology") if k in attrs]


def _renamed(data: "xr.Dataset", axis: str) -> "xr.Dataset":
    """Return it with an axis of time called ``time``, its bounds ``time_bnds``."""
    names = {axis: "time"} if axis != "time" else {}
    for word in ("bounds", "climatology"):
        if (bounds := str(data[axis].attrs.get(word, ""))) in data:
            names[bounds] = "time_bnds"
            data[axis].attrs[word] = "time_bnds"
    found = data.rename(names)
    for array in found.data_vars.values():
        methods = str(array.attrs.get("cell_methods", ""))
        array.attrs |= {"cell_methods": methods.replace(axis, "time")} if methods else {}
    return found


def complete(data: "xr.Dataset", selection: Selection) -> "xr.Dataset":
    """Return data with units of UDUNITS, edges of cells as CF's, and what file it is."""
    for array in data.data_vars.values():
        if unit := str(array.attrs.get("units", "")):
            array.attrs["units"] = plain_units(unit)
            if array.attrs["units"] != unit:
                array.attrs["comment"] = f"{unit}: a mass of carbon"
    data = _with_vertices(data).drop_vars(["realization", "year"], errors="ignore")
    data.attrs = about(selection)
    if "area" in data.coords:
        data = data.reset_coords("area")
        for array in data.data_vars.values():
            if MEMBER in array.dims and "location" in array.dims:
                array.attrs["cell_measures"] = "area: area"
    return data


def _with_vertices(data: "xr.Dataset") -> "xr.Dataset":
    """Return data with the corners of cells, counterclockwise from the south-west."""
    if not {*CELLS} <= {*data.variables}:
        return data
    south, north, west, east = (np.asarray(data[name]) for name in CELLS)
    corners = {"lat": (south, south, north, north), "lon": (west, east, east, west)}
    data = data.drop_vars([*CELLS])
    for place, four in corners.items():
        data[f"{place}_bnds"] = (("location", "vertex"), np.stack(four, axis=1))
        data[place].attrs = {**data[place].attrs, "bounds": f"{place}_bnds"}
    return data


def about(selection: Selection) -> dict[str, Any]:
    """Return the attributes of a whole file."""
    store, members = selection.store, selection.members
    said = {"control": "members at the control parameters", "all": "all members"}
    which = said.get(members.words, f"the {members.best} best by {members.by}")
    kept = ("title", "source", "references", "synthetic", "data", "scenario")
    told = {name: str(store.attrs[name]) for name in kept if store.attrs.get(name)}
    identity = store.attrs["identity"]
    return {
        "Conventions": "CF-1.11",
        **told,
        "history": f"soilsweep export of {store.path.name}: {which}",
        "scenario_sha256": str(identity["scenario_sha256"]),
    }
