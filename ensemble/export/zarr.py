"""One Zarr for archives: every group, chunks of a size that disks and networks like, sharded.

A run's chunks are as large as its blocks, and have as many files; here a file is a shard of many
chunks, and nobody may write in it.
"""

import math
import os
import shutil
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ensemble.errors import PlanError
from ensemble.export.conventions import about
from ensemble.export.selecting import ALL, CONTROL, Selection
from ensemble.store.opening import open_run

if TYPE_CHECKING:
    import xarray as xr

SUFFIX = ".zarr"

CHUNK, SHARD = 1 << 20, 128 << 20
"""Bytes of a chunk and of a shard at most, before they are packed."""


def write(selection: Selection, path: Path) -> list[Path]:
    """Write the store again with other chunks; return its name."""
    tree = open_run(selection.store.path)
    building = path.with_name(f".{path.name}.part")
    shutil.rmtree(building, ignore_errors=True)
    try:
        for node in tree.subtree:
            data = _taken(node.to_dataset(inherit=False), selection)
            if node.path == "/":
                data = data.assign_attrs(history=about(selection)["history"])
            _write(data, building, node.path.strip("/"))
        _close(building)
        building.rename(path)
    except OSError as error:
        raise PlanError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return [path]


def _taken(data: "xr.Dataset", selection: Selection) -> "xr.Dataset":
    """Return a group with those of its members that are selected."""
    if "sample" not in data.dims or selection.members.words == ALL:
        return data
    if selection.members.words == CONTROL:
        return data.drop_dims("sample")
    samples = selection.data["sample"].values
    return data.isel(sample=samples).assign_coords(sample=samples)


def _write(data: "xr.Dataset", building: Path, group: str) -> None:
    """Write a group, one array after the other."""
    names = [*data.data_vars]
    for array in data.variables.values():
        array.encoding = {}
    data.drop_vars(names).to_zarr(
        building, group=group or None, mode="a", consolidated=False, zarr_format=3
    )
    for name in names:
        one = data[[name]]
        one = one.drop_vars([*one.coords])
        encoding = {name: _pieces(one[name])}
        if whole := encoding[name].get("shards", encoding[name].get("chunks")):
            # A shard is held, and written once.
            one = one.chunk(dict(zip(one[name].dims, whole, strict=True)))
        one.to_zarr(building, group=group or None, mode="a", consolidated=False, zarr_format=3,
                    encoding=encoding)  # fmt: skip


def _pieces(array: "xr.DataArray") -> dict[str, Any]:
    """Return chunks and shards of an array; small ones are one chunk."""
    if not array.ndim or array.dtype.kind in "OUSM" or array.size == 0:
        return {}
    chunks = _halved(array.shape, array.dtype.itemsize, CHUNK)
    most = _halved(array.shape, array.dtype.itemsize, SHARD)
    shards = tuple(c * max(1, math.ceil(m / c)) for c, m in zip(chunks, most, strict=True))
    return {"chunks": chunks, **({"shards": shards} if shards != chunks else {})}


def _halved(shape: tuple[int, ...], item: int, room: int) -> tuple[int, ...]:
    """Return a shape whose longest side was halved until it has room."""
    sides = np.array(shape)
    while sides.prod() * item > room:
        sides[sides.argmax()] = -(-sides.max() // 2)
    return tuple(map(int, sides))


def _close(folder: Path) -> None:
    """Take from everybody the right to write."""
    import zarr

    with warnings.catch_warnings():
        # Readers that do not know it read each array's own.
        warnings.simplefilter("ignore", zarr.errors.ZarrUserWarning)
        zarr.consolidate_metadata(str(folder))
    for here, _, files in os.walk(folder):
        for name in files:
            (Path(here) / name).chmod(0o444)
