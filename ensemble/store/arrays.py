"""Zarr v3 metadata as plain JSON documents.

Importing zarr costs 0.3 s, nearly as much as a whole statistics-only run, and what we
write is fixed: one plain chunk file per block, little endian, blosc lz4 with byte shuffle.
A test compares every document with what zarr-python writes for the same array.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

FORMAT, READS = 2, (1, 2)
"""Written, and read: stores of format 1 have root attributes that are mappings, not JSON."""

TEXT, OLD_TEXT = "variable_length_bytes", "string"
"""Zarr's names of the type of an array of names, as written and as once written.

xarray gives the first as objects, by its attribute, and the second as numpy's StringDType, which
cannot become another type of text. The bytes of chunks are the same.
"""

FIXED_TEXT = "fixed_length_utf32"
"""Of texts that are no coordinate, ``<U12`` to numpy: zarr-python gives one value of `TEXT` as an
array in an array, on which xarray fails where it looks at the first value before it reads all."""

IN_JSON = "json_attributes"
"""Attribute of the root that names those which are JSON in a string."""

ENCODING = {"_Encoding": "utf-8"}

BLOSC_LEVEL = 5
"""lz4 at level 5, zarr's own default: measured, lower levels are no faster and save less."""


@dataclass(frozen=True)
class ArraySpec:
    """An array of the store, created once before any block runs.

    Attributes
    ----------
    path : str
        Group and name: ``c_veg``, ``statistics/c_total_change_mean``.
    dtype : str
        numpy name, or ``"string"`` for the names along a dimension.
    dims, shape, chunks : tuple
        Same length; a chunk spans what one block writes.
    fill : float or int
        Value of what is not written.
    attrs : mapping
        CF attributes: units, long_name, ...
    raw : bool
        Stored without compression, so that a chunk file can be memory-mapped.
    """

    path: str
    dtype: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    fill: float | int | str = math.nan
    attrs: Mapping[str, Any] = field(default_factory=dict)
    raw: bool = False

    @property
    def itemsize(self) -> int:
        """Return the bytes of one value; a guess for strings."""
        return 16 if self.dtype == "string" else np.dtype(self.dtype).itemsize

    @property
    def nbytes(self) -> int:
        """Return the uncompressed size of the whole array in bytes."""
        return math.prod(self.shape) * self.itemsize

    @property
    def chunk_nbytes(self) -> int:
        """Return the uncompressed size of one chunk in bytes."""
        return math.prod(self.chunks) * self.itemsize


def _codecs(spec: ArraySpec) -> list[dict[str, Any]]:
    if spec.dtype == "string":
        return [{"name": "vlen-bytes", "configuration": {}}]
    size = np.dtype(spec.dtype).itemsize
    endian: dict[str, Any] = {"configuration": {"endian": "little"}} if size > 1 else {}
    codecs: list[dict[str, Any]] = [{"name": "bytes", **endian}]
    if not spec.raw:
        blosc = {
            "typesize": size,
            "cname": "lz4",
            "clevel": BLOSC_LEVEL,
            "shuffle": "shuffle",
            "blocksize": 0,
        }
        codecs.append({"name": "blosc", "configuration": blosc})
    return codecs


def _data_type(spec: ArraySpec) -> Any:
    if spec.dtype.startswith("<U"):
        return {"name": FIXED_TEXT, "configuration": {"length_bytes": spec.itemsize}}
    return TEXT if spec.dtype == "string" else spec.dtype


def dtype_of(data_type: Any) -> str:
    """Return the numpy name of a type as metadata has it, or ``"string"``."""
    if isinstance(data_type, Mapping):
        return f"<U{data_type['configuration']['length_bytes'] // 4}"
    return "string" if data_type in (TEXT, OLD_TEXT) else str(data_type)


def _fill(value: float | int | str) -> Any:
    return "NaN" if isinstance(value, float) and math.isnan(value) else value


def array_document(spec: ArraySpec) -> dict[str, Any]:
    """Return the ``zarr.json`` of an array."""
    text = spec.dtype == "string"
    return {
        "shape": list(spec.shape),
        "data_type": _data_type(spec),
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(spec.chunks)}},
        # One inode per chunk: with "/" each chunk would cost a folder for every dimension.
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "."}},
        "fill_value": _fill(spec.fill),
        "codecs": _codecs(spec),
        "attributes": plain({**spec.attrs, **(ENCODING if text else {})}),
        "dimension_names": list(spec.dims),
        "zarr_format": 3,
        "node_type": "array",
        "storage_transformers": [],
    }


def group_document(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ``zarr.json`` of a group."""
    return {"attributes": plain(attrs), "zarr_format": 3, "node_type": "group"}


def plain(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """Return attributes as NetCDF can have them, too: what it cannot is JSON in a string."""
    return {name: _attribute(value) for name, value in attrs.items()}


def root_attributes(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of a store's root, with a word on which of them are JSON."""
    attributes = plain({name: value for name, value in attrs.items() if name != IN_JSON})
    names = sorted(name for name, value in attributes.items() if value is not attrs[name])
    return {**attributes, IN_JSON: " ".join(n for n in names if isinstance(attributes[n], str))}


def from_root(
    attrs: Mapping[str, Any], hook: Callable[[dict[str, Any]], Any] | None = None
) -> dict[str, Any]:
    """Return what `root_attributes` took; raises `ValueError` for what is no JSON.

    Parameters
    ----------
    attrs : mapping
    hook : callable, optional
        Takes every mapping in them and returns what stands for it.
    """
    names = str(attrs.get(IN_JSON, "")).split()
    rest = {name: value for name, value in attrs.items() if name != IN_JSON}
    return {
        name: json.loads(v, object_hook=hook) if name in names else v for name, v in rest.items()
    }


def _attribute(value: Any) -> Any:
    if isinstance(value, list | tuple) and value and all(_is_number(one) for one in value):
        return list(value)
    return value if isinstance(value, str) or _is_number(value) else json.dumps(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def documents(specs: tuple[ArraySpec, ...], attrs: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return every ``zarr.json`` of a store by node path; the root one is consolidated."""
    nodes: dict[str, dict[str, Any]] = {}
    for spec in specs:
        names = spec.path.split("/")[:-1]
        for depth in range(len(names)):
            nodes.setdefault("/".join(names[: depth + 1]), group_document({}))
        nodes[spec.path] = array_document(spec)
    inline = {"kind": "inline", "must_understand": False, "metadata": dict(sorted(nodes.items()))}
    root = group_document(root_attributes(attrs))
    root["consolidated_metadata"] = inline
    return {"": root, **nodes}
