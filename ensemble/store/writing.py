"""Stores are made whole, and get whole arrays: metadata, what is known before a run, analyses."""

import json
import math
import os
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ensemble.store.arrays import FORMAT, ArraySpec, documents, root_attributes
from ensemble.store.chunks import chunk_name, sync_folder
from ensemble.store.coordinates import complete
from ensemble.store.folders import Folder
from ensemble.store.hosts import here
from ensemble.store.names import like, refuse_between_names, remove_abandoned
from ensemble.store.reading import read
from ensemble.store.store import Store

FOLDERS = ("journal", "partials", "inflight", "scratch", "inputs")


def create(
    path: Path,
    specs: tuple[ArraySpec, ...],
    attrs: Mapping[str, Any],
    values: Mapping[str, NDArray[Any] | Sequence[NDArray[Any]]],
    *,
    inputs: Mapping[str, Path] | None = None,
    fill: Callable[[Store], Mapping[str, Any]] | None = None,
) -> Store:
    """Create a store beside its final name and move it there, so that it is whole or absent.

    Parameters
    ----------
    path : Path
    specs : tuple of ArraySpec
        Every array.
    attrs : mapping
        Root attributes; no host and no time, so that equal runs have equal metadata.
    values : mapping of str to ndarray
        Arrays that are known already: coordinates and drivers. Chunked ones are cut; those
        in one chunk per place of the first dimension may come as a sequence, one for each.
    inputs : mapping of str to Path
        Small files that the design reads, kept beside the data.
    fill : callable, optional
        Writes what is large or follows from what is there, and returns the root's attributes.
    """
    refuse_between_names(path)
    named, path = path, path.resolve() if path.is_symlink() else path
    missing = [p for p in path.absolute().parents if not p.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_abandoned(path)
    building = path.with_name(f".{path.name}.{here()}-{os.getpid()}.new")
    try:
        building.mkdir()
        if path.exists():
            like(path, building)
        store = Store(
            building, attrs, {spec.path: spec for spec in specs}, Folder.at(building, unseen=True)
        )
        nodes = documents(specs, attrs)
        root = nodes.pop("")
        store.root.make_inside([*nodes, *FOLDERS])
        files = ((f"{node}/zarr.json", _json(nodes[node])) for node in nodes)
        store.root.write_all(files, sync=False)
        write_static(store, values)
        if fill is not None:
            store = replace(store, attrs=fill(store))
            root = {**root, "attributes": root_attributes(store.attrs)}
        write_node(store, "", root)
        for name, file in (inputs or {}).items():
            store.root.write(f"inputs/{name}", file.read_bytes(), sync=False)
        store.root.sync()
        os.rename(building, path)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        for folder in missing:
            with suppress(OSError):
                folder.rmdir()
        raise
    sync_folder(path.parent)
    return replace(store, path=named, root=store.root.moved_to(named))


def write_node(store: Store, node: str, document: Mapping[str, Any], *, sync: bool = False) -> None:
    """Write the metadata of a group or an array, in a folder that is made where there is none."""
    folder = store.root.folder(node, make=True) if node else store.root
    folder.write("zarr.json", _json(document), sync=sync)


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, allow_nan=False).encode()


def write_static(store: Store, values: Mapping[str, NDArray[Any] | Sequence[NDArray[Any]]]) -> None:
    """Write arrays that are known whole; see `create`."""
    store.write_chunks(chunk for name, one in values.items() for chunk in _cut(store, name, one))


def _cut(
    store: Store, name: str, array: NDArray[Any] | Sequence[NDArray[Any]]
) -> Iterator[tuple[str, tuple[int, ...], NDArray[Any]]]:
    """Yield the chunks of an array that is known whole, as `Store.write_chunks` takes them.

    A sequence holds one array for each place of the first dimension.
    """
    spec = store.specs[name]
    if spec.dtype == "string":
        yield name, (0,) * len(spec.shape), np.asarray(array)
        return
    if not isinstance(array, np.ndarray):
        for k, part in enumerate(array):
            yield name, (k, *(0,) * part.ndim), np.asarray(part, dtype=spec.dtype)[None]
        return
    counts = tuple(-(-n // c) for n, c in zip(spec.shape, spec.chunks, strict=True))
    for index in np.ndindex(counts):
        place = zip(index, spec.chunks, strict=True)
        part = array[tuple(slice(k * c, (k + 1) * c) for k, c in place)]
        yield name, index, np.asarray(part, dtype=spec.dtype)


def write_slabs(
    store: Store,
    index: tuple[int, ...],
    paths: Collection[str],
    slabs: Iterable[tuple[slice | tuple[slice, slice], Mapping[str, NDArray[Any]]]],
) -> None:
    """Write one uncompressed chunk of several arrays, a slab after the other.

    Only for a store that nobody sees yet: a file that is cut short has its name already.

    Parameters
    ----------
    store : Store
    index : tuple of int
        Of the chunks; each has one place of the first dimension, and all of the others.
    paths : collection of str
    slabs : iterable of (slice or two slices, mapping)
        Where values stand in the second dimension, or in the second and third, and the values
        by path.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with ExitStack() as around:
        files = {}
        for path in paths:
            spec = store.specs[path]
            name = chunk_name(spec, (*index, *(0,) * (len(spec.shape) - len(index))))
            files[path] = around.enter_context(os.fdopen(store.root.open(name, flags), "wb"))
        for place, slab in slabs:
            for path, file in files.items():
                _write_slab(file, store.specs[path], place, slab[path])


def _write_slab(
    file: BinaryIO, spec: ArraySpec, place: slice | tuple[slice, slice], values: NDArray[Any]
) -> None:
    """Write values where they stand in a chunk: whole rows at once, parts of rows one by one."""
    exact = np.ascontiguousarray(values, dtype=spec.dtype)
    row = math.prod(spec.shape[2:])
    rows, inside = (place, slice(0, row)) if isinstance(place, slice) else place
    parts = exact.reshape(1 if isinstance(place, slice) else len(exact), -1)
    for number, part in enumerate(parts, start=rows.start or 0):
        file.seek(exact.itemsize * (number * row + inside.start))
        file.write(part.view(np.uint8).data)


def add_arrays(store: Store, values: Mapping[str, tuple[ArraySpec, NDArray[Any]]]) -> Store:
    """Add finished arrays (analyses) to a store, replacing those of the same path."""
    added = [spec for spec, _ in values.values()]
    specs, copies = complete((*store.specs.values(), *added))
    copies = {path: source for path, source in copies.items() if path not in store.specs}
    attrs = {**store.attrs, "soilsweep_format": FORMAT}
    grown = replace(store, attrs=attrs, specs=specs)
    nodes = documents(tuple(specs.values()), attrs)
    store.make_folders("scratch")
    for path in (*values, *copies):
        store.root.remove_folder(path)
        for node in (path.rpartition("/")[0], path):
            if node:
                write_node(grown, node, nodes[node])
        if path in values:
            write_static(grown, {path: values[path][1]})
    for path, source in copies.items():
        for name in (n for n in store.root.names(source) if n.startswith("c.")):
            store.root.write(f"{path}/{name}", store.root.read(f"{source}/{name}"), sync=False)
    # The root last: until then a reader sees the store as it was.
    write_node(grown, "", nodes[""], sync=True)
    return grown


def with_attributes(store: Store, attrs: Mapping[str, Any]) -> Store:
    """Give the root of a store other attributes, at once."""
    root = json.loads(store.root.read("zarr.json"))
    root["attributes"] = root_attributes({**attrs, "soilsweep_format": FORMAT})
    store.root.write("zarr.json", json.dumps(root).encode(), sync=True)
    return read(store.path)
