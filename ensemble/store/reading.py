"""A store is looked at where it is opened: what no version wrote is told, and not met later."""

import json
import math
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ensemble.errors import PlanError
from ensemble.store import shapes
from ensemble.store.addresses import is_address
from ensemble.store.arrays import ENCODING, READS, ArraySpec, dtype_of, from_root
from ensemble.store.folders import Folder
from ensemble.store.names import refuse_between_names
from ensemble.store.shapes import Held, amiss
from ensemble.store.store import Store


def read(path: str | Path) -> Store:
    """Return an existing store.

    Raises
    ------
    PlanError
        Not a store of this program, or of another format.
    """
    path = Path(path)
    held = partial(Held, partial(damaged, path))
    folder, root = _opened(path, held)
    attrs = root.get("attributes", {}) if isinstance(root, dict) else None
    if not isinstance(attrs, dict):
        raise damaged(path, "not a mapping")
    check_root(str(path), attrs)
    try:
        nodes = root["consolidated_metadata"]["metadata"]
        specs = {p: _spec(p, d) for p, d in nodes.items() if d["node_type"] == "array"}
        attrs = held(from_root(attrs, held))
    except PlanError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
        raise damaged(path, f"no {error}") from error
    if absurd := [name for name, spec in specs.items() if not _is_array(spec)]:
        raise damaged(path, f"array {absurd[0]!r} has no such shape, chunks or dimensions")
    if wrong := amiss(attrs, *shapes.ROOT):
        raise damaged(path, f"of its attributes {wrong}")
    return Store(path, attrs, held(specs), folder)


def _opened(path: Path, held: Callable[[Any], Any]) -> tuple[Folder, Any]:
    """Return the folder of a store and what its metadata are; raises `PlanError` if it has none."""
    try:
        folder = Folder.at(path)
        root = json.loads(
            folder.read("zarr.json"),
            object_hook=held,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except PlanError:
        raise
    except FileNotFoundError:
        refuse_between_names(path)
        raise PlanError(f"{path}: {_why_none(path)}") from None
    except NotADirectoryError:
        raise PlanError(f"{path}: not a store: a file; name the folder a run wrote") from None
    except (OSError, ValueError, RecursionError) as error:
        raise damaged(path, error) from error
    return folder, root


def _why_none(path: Path) -> str:
    """Return why there is no store of a name."""
    if path.is_symlink() and not path.exists():
        return f"not a store: a symbolic link to {path.readlink()}, which does not exist"
    if is_address(path):
        return "found an address; needed a folder, as `ensemble.open_run` alone reads addresses"
    found = "no such folder" if not path.exists() else "no zarr.json inside"
    return f"not a store: {found}; name the folder a run wrote"


def _refuse_constant(name: str) -> None:
    """Refuse what Python reads and JSON has not: a store says NaN in words."""
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    if math.isfinite(number := float(text)):
        return number
    raise ValueError(f"{text} is no number")


def _is_array(spec: ArraySpec) -> bool:
    """Return whether shape, chunks and dimensions can be those of an array."""
    counts = (*spec.shape, *spec.chunks)
    return (
        all(type(n) is int and 0 <= n < 2**63 for n in counts)
        and all(spec.chunks)
        and len(spec.shape) == len(spec.chunks) == len(spec.dims)
        and all(map(shapes.is_text, spec.dims))
        and isinstance(spec.fill, int | float | str)
        and (spec.dtype == "string" or np.dtype(spec.dtype).kind in "biufU")
        and not amiss(spec.attrs, {}, shapes.ARRAY)
    )


def check_root(place: str, attrs: Mapping[Any, Any]) -> None:
    """Refuse a Zarr store that is not of this program, or of another format.

    Raises
    ------
    PlanError
        It is.
    """
    if "soilsweep_format" not in attrs:
        raise PlanError(f"{place}: found a Zarr store of another program; needed one of soilsweep")
    if (found := attrs["soilsweep_format"]) not in READS:
        known = " or ".join(map(str, READS))
        raise PlanError(f"{place}: found a store of format {found}; needed format {known}")


def _spec(path: str, document: Mapping[str, Any]) -> ArraySpec:
    fill, dtype = document["fill_value"], dtype_of(document["data_type"])
    attrs = document["attributes"]
    for name in ENCODING:
        attrs.pop(name, None)
    if dtype != "string":
        np.dtype(dtype)
    return ArraySpec(
        path=path,
        dtype=dtype,
        dims=tuple(document["dimension_names"]),
        shape=tuple(document["shape"]),
        chunks=tuple(document["chunk_grid"]["configuration"]["chunk_shape"]),
        fill=float("nan") if fill == "NaN" else fill,
        attrs=attrs,
        raw=len(document["codecs"]) == 1 and dtype != "string",
    )


def damaged(path: Path, why: object) -> PlanError:
    """Return what to say of a store that cannot be opened for its metadata."""
    return PlanError(
        f"{path}: its zarr.json is damaged ({why}); restore it, or run into a new store"
    )
