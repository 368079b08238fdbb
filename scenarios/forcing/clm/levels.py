"""Levels of soil in a history file: their order, depths and thickness, and what they hold."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from kernels import F8
from scenarios.forcing.clm.soil import LEVELS, midpoint_thickness
from scenarios.forcing.common.file_units import in_needed
from scenarios.forcing.common.netcdf import numbers

SPATIAL = ("lat", "lsmlat", "lon", "lsmlon", "lndgrid", "gridcell", "column", "site")
"""Dimensions of places, latitude before longitude however the file has them."""

DEEPEST = 100.0
"""m. CLM's ground ends at 49 m; deeper levels are in another unit."""

THICKNESS = "DZSOI"


def ground_of(dataset: Any, values: Mapping[str, F8], units: Mapping[str, str]) -> dict[str, Any]:
    """Return what the file says of levels; their number is that of soil temperature."""
    if "TSOI" not in values:
        return {}
    levels = values["TSOI"].shape[2]
    if levels not in LEVELS:
        text = f"has {levels} levels of TSOI; needed {', '.join(map(str, LEVELS))}"
        raise ValueError(f"{text}, of CLM4.5 or CLM5.0")
    ground: dict[str, Any] = {"levels": levels}
    names, (dim,) = dataset.variables, levels_of(dataset["TSOI"])
    centres = _depths(dataset, dim, units)
    if centres is not None:
        ground["midpoints"] = midpoint_thickness(np.sort(centres))
    ground["used"] = sum(LEVELS[levels])
    if THICKNESS in names:
        ground["thickness"] = _column(dataset, THICKNESS, dim, units)[downward(dataset, dim, units)]
        if not np.isfinite(ground["thickness"][: ground["used"]]).all():
            raise ValueError("has no place with a DZSOI of every level")
    if not ground.keys() & {"midpoints", "thickness"}:
        raise ValueError("has no depths of its levels: needed ZSOI, DZSOI or levgrnd")
    if "WATSAT" in names:
        ground["saturation"] = by_level(dataset["WATSAT"], dim)[downward(dataset, dim, units)]
    if "nbedrock" in names and np.size(dataset["nbedrock"][...]) == 1:
        ground["above_rock"] = int(dataset["nbedrock"][...])
        ground["used"] = min(ground["used"], ground["above_rock"])
    return ground


def levels_of(variable: Any) -> tuple[str, ...]:
    """Return the dimensions of a variable that are neither places nor time."""
    return tuple(dim for dim in variable.dimensions if dim not in SPATIAL and dim != "time")


def downward(dataset: Any, dim: str, units: Mapping[str, str]) -> Any:
    """Return where levels stand from the top down: by their depths, else by their thickness.

    A dimension without depths of its own goes as the others of the file do, if those are from
    the top down; CLM's levels become thicker downward.
    """
    depths = _depths(dataset, dim, units)
    if depths is None and THICKNESS in dataset.variables and dim in dataset[THICKNESS].dimensions:
        depths = _column(dataset, THICKNESS, dim, units)
        finite = depths[np.isfinite(depths)]
        depths = depths if finite.size and (np.diff(finite) != 0).all() else None
    if depths is not None:
        return np.argsort(depths, kind="stable")
    for other in dataset.dimensions:
        known_depths = _depths(dataset, other, units)
        if other != dim and known_depths is not None and (np.diff(known_depths) < 0).any():
            text = f"has levels {other!r} from the bottom up, and no depths of {dim!r}"
            raise ValueError(f"{text}; needed a variable {dim} of depths")
    return slice(None)


def _depths(dataset: Any, dim: str, units: Mapping[str, str]) -> F8 | None:
    """Return the depths of a dimension of levels, m, in its order; None where it has none."""
    if dim == "time" or dim in SPATIAL:
        return None
    for name in ("ZSOI", dim):
        if name not in dataset.variables or dim not in dataset[name].dimensions:
            continue
        depths = _column(dataset, name, dim, units)
        depths = -depths if (depths <= 0).all() else depths
        rises, falls = (np.diff(depths) > 0).all(), (np.diff(depths) < 0).all()
        if depths.size > 1 and (rises or falls):
            return depths
    return None


def by_level(variable: Any, dim: str, converted: F8 | None = None) -> F8:
    """Return a variable that does not change, or its values converted, as (levels, places)."""
    dims = variable.dimensions
    values = numbers(variable) if converted is None else converted
    if dim not in dims or "time" in dims:
        text = f"variable {variable.name!r} has dimensions ({', '.join(dims)})"
        raise ValueError(f"{text}; needed {dim}, and places")
    order = [dim, *(place for place in SPATIAL if place in dims)]
    if len(order) != len(dims):
        raise ValueError(f"variable {variable.name!r} has dimensions ({', '.join(dims)})")
    moved = values.transpose([dims.index(name) for name in order])
    return np.asarray(moved.reshape(len(moved), -1))


def _column(dataset: Any, name: str, dim: str, units: Mapping[str, str]) -> F8:
    """Return a variable of levels alone, m; of several columns, the first that has the most.

    Levels are as thick everywhere, but the ocean has none.
    """
    columns = by_level(dataset[name], dim)
    lengths = columns[:, np.isfinite(columns).sum(axis=0).argmax()]
    lengths = in_needed(lengths, name, dataset[name], units, "m", default="m")
    if np.nanmax(np.abs(lengths), initial=0.0) > DEEPEST:
        raise ValueError(
            f"variable {name!r} has {np.nanmax(np.abs(lengths)):g}; needed depths in m, "
            f"{DEEPEST:g} at most"
        )
    return np.asarray(lengths)
