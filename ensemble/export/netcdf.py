"""NetCDF by the rules of CF, in the classic model: NCO, NCL and CDO have no other.

One file an axis of time. Members stand along ``member``; their forcing, model and sample are
beside it, labels as characters.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import dask
import numpy as np

from ensemble.export.conventions import FILL, by_time, complete
from ensemble.export.selecting import MEMBER, Selection

if TYPE_CHECKING:
    import xarray as xr

SUFFIX = ".nc"


SINCE = "days since 1850-01-01"


def write(selection: Selection, path: Path) -> list[Path]:
    """Write one file for each axis of time; return their names."""
    groups = dict(by_time(selection))
    written = []
    for axis, data in groups.items():
        end = f"-{axis or 'fixed'}" if len(groups) > 1 else ""
        file = path.with_name(f"{path.stem}{end}{SUFFIX}")
        write_file(_ordered(complete(data, selection)), file)
        written.append(file)
    return written


def _ordered(data: "xr.Dataset") -> "xr.Dataset":
    """Return data (time, member, ..., location); one member alone has no dimension of its own."""
    if data.sizes[MEMBER] == 1:
        data = data.squeeze(MEMBER)
    else:
        about = {"long_name": "member of the ensemble", "standard_name": "realization"}
        # CDO takes a dimension beside time and cells for one of levels, where it says so.
        data = data.assign_coords({MEMBER: (MEMBER, np.arange(data.sizes[MEMBER]),
                                            {**about, "axis": "Z"})})  # fmt: skip
    first = [d for d in ("time", MEMBER) if d in data.dims]
    return data.transpose(
        *first, ..., "location", *(d for d in ("bound", "vertex") if d in data.dims)
    )


def write_file(data: "xr.Dataset", file: Path) -> None:
    """Write a file of the classic model, whole or not at all."""
    encoding: dict[str, Any] = {}
    for name in data.variables:
        array = data[name]
        array.encoding = {}
        if _is_dates(array):
            calendar = getattr(np.ravel(array.values)[0], "calendar", "standard")
            kept = {"units": SINCE, "calendar": calendar, "dtype": "float64"}
            encoding[str(name)] = {**kept, "_FillValue": None}
            data.variables[name].encoding = {"units": SINCE, "calendar": calendar}
        elif array.dtype.kind in "OU":
            data[name] = array.astype("S")
        elif array.dtype.kind == "u" or array.dtype == np.int64:
            whole = np.int32 if array.dtype.itemsize > 1 else np.int16
            data[name] = array.astype(whole).assign_attrs(_flags(array.attrs, whole))
        kind = data[name].dtype
        if kind.kind not in "fi":
            continue
        gaps = name in data.data_vars and not str(name).endswith("_bnds")
        fill = kind.type(FILL) if kind.kind == "f" and gaps else None
        encoding[str(name)] = {"_FillValue": fill}
        if fill is not None:
            encoding[str(name)] |= {"zlib": True, "complevel": 4}
        if pieces := data[name].chunks:
            # As it is read from the store: no chunk of the file is written twice.
            encoding[str(name)]["chunksizes"] = tuple(sizes[0] for sizes in pieces)
        if str(name).endswith("_bnds"):
            data[name].encoding = {"coordinates": None}
    beside = file.with_name(f".{file.name}.part")
    try:
        # The library of NetCDF writes one piece at a time; threads would read ahead of it.
        with dask.config.set(scheduler="synchronous"):
            data.to_netcdf(beside, format="NETCDF4_CLASSIC", engine="netcdf4", encoding=encoding)
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)


def _is_dates(array: "xr.DataArray") -> bool:
    if array.dtype.kind != "O":
        return array.dtype.kind == "M"
    return array.size > 0 and hasattr(np.ravel(array.values)[0], "calendar")


def _flags(attrs: dict[str, Any], kind: type) -> dict[str, Any]:
    """Return attributes with the values of flags in the type of the variable."""
    if "flag_values" not in attrs:
        return dict(attrs)
    return {**attrs, "flag_values": np.asarray(attrs["flag_values"], dtype=kind)}
