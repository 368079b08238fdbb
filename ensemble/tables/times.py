"""What lies along a dimension of time in a store: years to draw over, and names to print."""

from typing import Any

import cftime
import numpy as np
from numpy.typing import NDArray

from ensemble.store.coordinates import beside_climatology
from ensemble.store.store import Store

UNITS = "days since 1900-01-01"
"""Of every date that a store holds."""


def is_time(dim: str) -> bool:
    """Return whether a dimension is one of time: steps, years that were chosen, or a series."""
    return dim == "time" or dim.endswith("_year") or dim.startswith("time_")


def years_along(store: Store, dim: str) -> NDArray[Any] | None:
    """Return the years along a dimension of time, with a fraction where there are several in one.

    None where it is not a dimension of time, or one without years.
    """
    if not is_time(dim):
        return None
    if dim != "time" and not dim.startswith("time_"):
        return store.read_whole(dim) if dim in store.specs else None
    if dim == "time" and not _by_days(store):
        return store.read_whole("year") if "year" in store.specs else None
    bounds = store.read_whole(f"{dim}_bounds")
    calendar = store.specs[dim].attrs["calendar"]
    middle = cftime.num2date(bounds.mean(axis=1), UNITS, calendar)
    years = np.array([date.year for date in middle])
    if (bounds[:, 1] - bounds[:, 0] >= 365).all():
        return years
    assert calendar == "noleap", "parts of a year are those of days"
    days = np.array([date.dayofyr - 1 + date.hour / 24 for date in middle])
    return np.asarray(years + days / 365)


def parts_along(store: Store, dim: str) -> NDArray[Any] | None:
    """Return what parts of the year lie along a climatology: numbers, or the names of seasons.

    None where it is another dimension.
    """
    beside = beside_climatology(dim)
    if beside == dim or beside not in store.specs:
        return None
    if store.specs[beside].dtype == "string":
        return np.array(store.read_strings(beside))
    return store.read_whole(beside).astype(np.int64)


def dates_along(store: Store, dim: str) -> list[str]:
    """Return names of what lies along a dimension: the last day of each, or part of the year.

    Empty where dates are not what tells them apart.
    """
    if (parts := parts_along(store, dim)) is not None:
        return [str(part) for part in parts]
    if not (dim.startswith("time_") or (dim == "time" and _by_days(store))):
        return []
    values, calendar = store.read_whole(dim), store.specs[dim].attrs["calendar"]
    long = store.read_whole(f"{dim}_bounds")
    last = [date.strftime("%Y-%m-%d") for date in cftime.num2date(values, UNITS, calendar)]
    whole_years = (long[:, 1] - long[:, 0] >= 365).all()
    return [day[:4] for day in last] if whole_years else last


def _by_days(store: Store) -> bool:
    """Return whether the steps of a store are days."""
    return "day" in store.specs and store.specs["day"].dims == ("time",)
