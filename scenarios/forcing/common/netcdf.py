"""NetCDF variables as numbers with their gaps, and one series of one file."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kernels import F8
from scenarios.forcing.common.checks import Findings, digest, is_fill, not_a_file
from scenarios.forcing.common.times import CALENDARS, Stamps, Step, complaints, dates_of
from scenarios.problems import Problem, and_more, most_named

FILLS = (-99.0, -999.0, -9999.0, -99999.0)
"""What programs write for "no value", whether or not an attribute says so."""

LARGEST = 1e19
"""Beyond it a number stands for "no value": 1e20, 9.97e36, 1e36."""


def numbers(variable: Any, real: tuple[float, ...] = (), key: Any = ...) -> F8:
    """Return a variable's values, of its shape; NaN for every kind of gap.

    Gaps are what ``_FillValue``, ``missing_value`` and valid ranges say, `FILLS`, and what is
    larger than `LARGEST`. They are looked for here, before any mean is taken of the values.
    A ``missing_value`` in another precision than the values counts as it is meant.

    Parameters
    ----------
    variable : netCDF4.Variable
    real : tuple of float
        Those of `FILLS` that this variable may hold: a longitude may be -99.
    key : slice or tuple of slices and arrays
        The part that is read; all of it by default.

    Raises
    ------
    ValueError
        It holds no numbers.
    """
    if variable.dtype is str or variable.dtype.kind not in "fiu":
        raise ValueError(f"variable {variable.name!r} holds words; needed numbers")
    with warnings.catch_warnings():
        # The library's, of a missing_value that it does not use: `_said_missing` does.
        warnings.simplefilter("ignore", UserWarning)
        read = np.ma.asarray(variable[key])
    values = np.ma.filled(read.astype(np.float64), np.nan)
    gaps = is_fill(
        values, [fill for fill in (*FILLS, *_said_missing(variable)) if fill not in real]
    )
    gaps |= (np.abs(values) > LARGEST) & np.isfinite(values)
    return np.where(gaps, np.nan, values)


def _said_missing(variable: Any) -> tuple[float, ...]:
    """Return what attributes say stands for "no value", of values that are not packed."""
    if hasattr(variable, "scale_factor") or hasattr(variable, "add_offset"):
        return ()
    said = np.atleast_1d(getattr(variable, "missing_value", ()))
    return tuple(float(one) for one in said) if said.dtype.kind in "fiu" else ()


def cut_short(path: Path, dataset: Any) -> str:
    """Return that a file ends before its variables do, if so: the library reads on in silence."""
    if not dataset.data_model.startswith("NETCDF3"):
        return ""
    needed = sum(v.size * v.dtype.itemsize for v in dataset.variables.values())
    size = path.stat().st_size
    if size >= needed:
        return ""
    return f"has {size} bytes and its variables need {needed}; fetch or write it again"


@dataclass(frozen=True)
class Series:
    """Values of months or years, in the order of their dates.

    Attributes
    ----------
    file : str
        Path, for messages.
    values : ndarray, shape (n,), float64
        In ``units``; NaN where the file holds a fill value.
    units : str
        Empty where the file does not say.
    start : int or None
        Year of the first value, from the time coordinate; None where there is none.
    step : str or None
        ``month`` or ``year``, from the time coordinate; None where there is none.
    calendar : str
        ``standard``, ``noleap``, ``360_day``, ``all_leap`` or ``julian``; empty where the file
        does not say.
    digest : mapping
        Name, sha256 and size of the file.
    """

    file: str
    values: F8
    units: str
    start: int | None
    step: Step | None
    calendar: str
    digest: dict[str, Any]


def load_series(
    path: Path, variable: str, where: str, findings: Findings, stamps: Stamps | None = None
) -> Series | None:
    """Return the series; None, with a finding, where it cannot be had."""
    import netCDF4

    text = not_a_file(path, f"a NetCDF file of {variable}")
    if not text:
        try:
            with netCDF4.Dataset(path) as dataset:
                return _series(path, dataset, variable, stamps)
        except ValueError as error:
            text = str(error)
        except (OSError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            text = f"is not NetCDF, or not all of it ({reason}); fetch or write it again"
    findings.add("files", Problem(text, where, str(path)))
    return None


def _series(path: Path, dataset: Any, variable: str, stamps: Stamps | None) -> Series:
    if variable not in dataset.variables:
        names = ", ".join(sorted(dataset.variables)) or "nothing"
        raise ValueError(f"holds {names}; needed {variable}: correct pattern: or the file")
    array = dataset.variables[variable]
    long = [name for name, n in zip(array.dimensions, array.shape, strict=True) if n != 1]
    if len(long) > 1:
        sizes = ", ".join(map(str, array.shape))
        raise ValueError(
            f"has shape ({sizes}) over ({', '.join(array.dimensions)}); "
            "needed one value a month: average over the globe first"
        )
    values = numbers(array).reshape(-1)
    when = dates_of(dataset, long[0] if long else "time", stamps) if values.size else None
    if when is not None:
        if when.step == "day":
            raise ValueError("has one value a day; needed one a month or year: average first")
        order = when.order
        when, values = when.take(order), values[order]
        if wrong := list(complaints(when)):
            shown = wrong[: most_named(1)]
            raise ValueError("; ".join(shown) + and_more(len(wrong) - len(shown)))
    return Series(
        file=str(path),
        values=values,
        units=str(getattr(array, "units", "")).strip(),
        start=int(when.year[0]) if when is not None else None,
        step=when.step if when is not None else None,
        calendar=CALENDARS.get(when.calendar, "") if when is not None else "",
        digest=digest(path.name, path.read_bytes()),
    )
