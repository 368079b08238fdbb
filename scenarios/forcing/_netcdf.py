"""One monthly series of one NetCDF file, with or without a time coordinate."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scenarios._problems import Problem
from scenarios.forcing._checks import F8, Findings, digest, is_fill, not_a_file

_CALENDARS = {
    "standard": "standard",
    "gregorian": "standard",
    "proleptic_gregorian": "standard",
    "noleap": "noleap",
    "365_day": "noleap",
    "360_day": "360_day",
}


@dataclass(frozen=True)
class Series:
    """Monthly values.

    Attributes
    ----------
    file : str
        Path, for messages.
    values : ndarray, shape (months,), float64
        In ``units``; NaN where the file holds a fill value.
    units : str
        Empty where the file does not say.
    start : int or None
        Year of the first January, from the time coordinate; None where there is none.
    calendar : str
        ``standard``, ``noleap`` or ``360_day``; empty where the file does not say.
    digest : mapping
        Name, sha256 and size of the file.
    """

    file: str
    values: F8
    units: str
    start: int | None
    calendar: str
    digest: dict[str, Any]


def load_series(path: Path, variable: str, where: str, findings: Findings) -> Series | None:
    """Return the series; None, with a finding, where it cannot be had."""
    import netCDF4

    text = not_a_file(path, f"a NetCDF file of {variable}")
    if not text:
        try:
            with netCDF4.Dataset(path) as dataset:
                return _series(path, dataset, variable)
        except ValueError as error:
            text = str(error)
        except (OSError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            text = f"is not NetCDF, or not all of it ({reason}); fetch or write it again"
    findings.add("files", Problem(text, where, str(path)))
    return None


def _series(path: Path, dataset: Any, variable: str) -> Series:
    if variable not in dataset.variables:
        names = ", ".join(sorted(dataset.variables)) or "nothing"
        raise ValueError(f"holds {names}; needed {variable}: correct pattern: or the file")
    found = dataset.variables[variable]
    long = [name for name, n in zip(found.dimensions, found.shape, strict=True) if n != 1]
    if len(long) > 1:
        sizes = ", ".join(map(str, found.shape))
        raise ValueError(
            f"has shape ({sizes}) over ({', '.join(found.dimensions)}); "
            "needed one value a month: average over the globe first"
        )
    if found.dtype is str or found.dtype.kind not in "fiu":
        raise ValueError(f"holds {found.dtype}; needed numbers")
    values = np.ma.filled(found[:].astype(np.float64), np.nan).reshape(-1)
    values[is_fill(values)] = np.nan
    start, calendar = _time(dataset, long[0] if long else "time", values.size)
    return Series(
        file=str(path),
        values=values,
        units=str(getattr(found, "units", "")).strip(),
        start=start,
        calendar=calendar,
        digest=digest(path.name, path.read_bytes()),
    )


def _time(dataset: Any, dimension: str, length: int) -> tuple[int | None, str]:
    """Return the first year and the calendar of a time coordinate that is whole months."""
    if dimension not in dataset.variables:
        return None, ""
    import netCDF4

    coordinate = dataset.variables[dimension]
    spoken = str(getattr(coordinate, "calendar", "standard")).lower()
    advice = "write CF time ('days since 1700-01-01'), or drop it and say start:"
    if spoken not in _CALENDARS:
        raise ValueError(f"has calendar {spoken!r}; needed {', '.join(sorted(_CALENDARS))}")
    units = str(getattr(coordinate, "units", ""))
    try:
        dates: Any = netCDF4.num2date(coordinate[:], units, calendar=spoken)
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(
            f"has a time coordinate that cannot be read (units {units!r}); {advice}"
        ) from error
    months = np.array([12 * date.year + date.month - 1 for date in np.atleast_1d(dates)])
    steps = np.flatnonzero(np.diff(months) != 1)
    if steps.size or months.size != length:
        at = int(steps[0]) if steps.size else 0
        pair = " and ".join(_month(m) for m in months[at : at + 2])
        raise ValueError(f"has time steps {pair} in a row; needed every month once")
    if months[0] % 12:
        raise ValueError(f"begins in {_month(months[0])}; needed a January: leave the rest out")
    return int(months[0] // 12), _CALENDARS[spoken]


def _month(count: int) -> str:
    return f"{count // 12}-{count % 12 + 1:02d}"
