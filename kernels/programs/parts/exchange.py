"""Files that programs read and write: series as CSV columns or NetCDF variables."""

import csv
import io
import math
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.contract.arrays import F8
from kernels.fortran.numbers import real

SUFFIXES = (".csv", ".nc")

_NETCDF = threading.Lock()
"""The NetCDF library is not safe for threads."""


def encoded(suffix: str, years: NDArray[Any], series: Mapping[str, F8]) -> bytes:
    """Return a file with the year and some series (T,): CSV or NetCDF 3.

    Numbers in CSV have as many digits as bring back every bit.
    """
    if suffix == ".csv":
        lines = [",".join(["year", *series])]
        columns = [years.tolist(), *(values.tolist() for values in series.values())]
        lines += [",".join(map(repr, row)) for row in zip(*columns, strict=True)]
        return ("\n".join(lines) + "\n").encode()
    # Costs a tenth of a second, which those who exchange CSV need not pay.
    from scipy.io import netcdf_file  # type: ignore[import-untyped]

    buffer = io.BytesIO()
    file = netcdf_file(buffer, "w")
    file.createDimension("time", len(years))
    file.createVariable("year", "i4", ("time",))[:] = years
    for name, values in series.items():
        file.createVariable(name, "f8", ("time",))[:] = values
    file.flush()
    return buffer.getvalue()


def read(path: Path, names: Sequence[str], years: NDArray[Any]) -> dict[str, F8]:
    """Return columns or variables of a file, each of any length; masked values are NaN.

    Raises
    ------
    ValueError
        Missing, damaged, without a name, or of other years; the message names the file.
    """
    if not path.is_file():
        raise ValueError(f"{path.name} was not written")
    try:
        table = _csv(path, names) if path.suffix == ".csv" else _netcdf(path, names)
    except (OSError, RuntimeError, csv.Error) as error:
        why = getattr(error, "strerror", None) or error
        raise ValueError(f"{path.name} cannot be read: {why}") from error
    lacking = [name for name in names if name not in table]
    if lacking:
        there = ", ".join(sorted(table)) or "nothing"
        raise ValueError(f"{path.name} has no {lacking[0]!r}; it has {there}")
    columns = {name: np.asarray(table[name], dtype=np.float64) for name in names}
    theirs = table.get("year")
    if theirs is not None and len(theirs) == len(years) and not np.array_equal(theirs, years):
        raise ValueError(f"{path.name} has other years than the run's {years[0]}-{years[-1]}")
    return columns


def _csv(path: Path, names: Sequence[str]) -> dict[str, Any]:
    """Return the columns that are asked for as numbers; the others hold no promise."""
    rows = [
        [cell.strip() for cell in row]
        for row in csv.reader(io.StringIO(path.read_text(encoding="utf-8", errors="replace")))
        if row and any(cell.strip() for cell in row) and not row[0].lstrip().startswith("#")
    ]
    header, body = (rows[0], rows[1:]) if rows else ([], [])
    for row in body:
        # A comma at the end of a row is common, and of no column.
        if any(row[len(header) :]) or len(row) > len(header) + 1:
            message = f"{path.name} has a row of {len(row)} cells and a header of {len(header)}"
            if len(row) == len(header) + 1:
                message += ": row names of R? write.csv(x, FILE, row.names = FALSE) writes none"
            raise ValueError(message)
    wanted = {name: header.index(name) for name in (*names, "year") if name in header}
    columns: dict[str, Any] = dict.fromkeys(header)
    for name, at in wanted.items():
        columns[name] = [_number(path, row, at, name) for row in body]
    return columns


def _number(path: Path, row: Sequence[str], at: int, name: str) -> float:
    cell = row[at] if at < len(row) else ""
    value = real(cell)
    if value is None:
        raise ValueError(f"{path.name}, column {name!r}: found {cell!r}, not a number")
    return value


def _netcdf(path: Path, names: Sequence[str]) -> dict[str, Any]:
    import netCDF4

    columns: dict[str, Any] = {}
    with _NETCDF, netCDF4.Dataset(path) as dataset:
        for name, variable in dataset.variables.items():
            wanted = name in names or name == "year"
            columns[name] = (
                np.ma.filled(_floats(path, name, variable), math.nan) if wanted else None
            )
    return columns


def _floats(path: Path, name: str, variable: Any) -> Any:
    try:
        return np.ma.asarray(variable[...]).astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path.name}, variable {name!r}: not numbers") from error
