"""Tables: a row for each member, location and time, units in the header."""

from pathlib import Path
from typing import TYPE_CHECKING

from ensemble.export.conventions import by_time
from ensemble.export.selecting import MEMBER, Selection, some_members

if TYPE_CHECKING:
    import xarray as xr

SUFFIX = ".csv"

LABELS = ("forcing", "kernel", "model", "variant", "sample", "location", "lat", "lon", "time")
"""Columns that come first, where there are any."""


def write(selection: Selection, path: Path) -> list[Path]:
    """Write one table for each set of dimensions; return their names."""
    written = []
    for axis, data in by_time(selection):
        bounds = [n for n, v in data.data_vars.items() if "bound" in v.dims]
        data = data.drop_vars(bounds)
        outputs = [n for n in selection.outputs if n in data]
        for dims in dict.fromkeys(frozenset(data[n].dims) for n in outputs):
            own = sorted(str(d) for d in dims - {MEMBER, "location", "time"})
            names = [n for n in outputs if frozenset(data[n].dims) == dims]
            beside = [n for n in data.data_vars if n not in selection.outputs]
            words = [w for w in (path.stem, axis if axis != "time" else "", *own) if w]
            file = path.with_name(f"{'-'.join(words)}{SUFFIX}")
            _write(data[[*dict.fromkeys([*names, *beside])]], file)
            written.append(file)
    return list(dict.fromkeys(written))


def _write(data: "xr.Dataset", file: Path) -> None:
    """Write a table, some members at a time."""
    units = {n: str(v.attrs.get("units", "")) for n, v in data.data_vars.items()}
    headers = {n: f"{n} [{unit}]" for n, unit in units.items() if unit}
    beside = file.with_name(f".{file.name}.part")
    try:
        for k, some in enumerate(some_members(data)):
            table = some.to_dataframe().reset_index().rename(columns=headers)
            first_ones = [n for n in LABELS if n in table]
            table = table[[*first_ones, *(n for n in table if n not in (*first_ones, MEMBER))]]
            table.to_csv(beside, mode="a", header=k == 0, index=False)
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
