"""The store: one Zarr v3 hierarchy, created whole, filled chunk by chunk, truthful when killed."""

import glob
import hashlib
import json
import math
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.errors import PlanError, StoppedEarly
from ensemble.store import quarantine, shapes
from ensemble.store.arrays import (
    ENCODING,
    ArraySpec,
    documents,
    dtype_of,
    from_root,
    root_attributes,
)
from ensemble.store.chunks import checksum, chunk_name, decode, encode, pack, sync_folder, unpack
from ensemble.store.coordinates import complete
from ensemble.store.folders import Folder
from ensemble.store.grid import Grid, Result
from ensemble.store.hosts import here, is_gone
from ensemble.store.journal import Entry, Journals, Key, disagreement
from ensemble.store.journal import read as read_journals
from ensemble.store.places import is_address
from ensemble.store.quarantine import Case
from ensemble.store.shapes import Held, amiss
from kernels import U1

ENSEMBLE = "ensemble.members"
"""The module that opens the work of an ensemble's store, and of stores that name none."""

AXES = ("forcing", "location", "sample")
"""Of the blocks of an ensemble."""

FORMAT, READS = 2, (1, 2)
"""Written, and read: stores of format 1 have root attributes that are mappings, not JSON."""

FOLDERS = ("journal", "partials", "inflight", "scratch", "inputs")


@dataclass(frozen=True)
class Store:
    """A store on disk.

    Attributes
    ----------
    path : Path
    attrs : mapping
        Attributes of the root group.
    specs : mapping of str to ArraySpec
        Every array by path.
    root : Folder
        Opened when the store was: everything is read and written relative to it, so that a
        process that sleeps while another store takes the name harms neither.
    """

    path: Path
    attrs: Mapping[str, Any]
    specs: Mapping[str, ArraySpec]
    root: Folder = field(compare=False, repr=False)

    @property
    def journal(self) -> Folder:
        """Return the folder of the journals."""
        return self.root.folder("journal")

    @property
    def blocks(self) -> tuple[int, ...]:
        """Return the number of blocks along each axis of the work."""
        status = self.specs["status"]
        return tuple(-(-n // c) for n, c in zip(status.shape, status.chunks, strict=True))

    @property
    def kernel(self) -> str:
        """Return a short hash of the kernel's code that blocks of this store are made with."""
        text = json.dumps(self.attrs["identity"]["kernel"], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def refuse_replaced(self) -> None:
        """Refuse to go on where this store is no longer the one of its name.

        Raises
        ------
        StoppedEarly
            It was extended, moved or removed since it was opened.
        """
        if not self.root.is_at(self.path):
            raise StoppedEarly(
                f"{self.path}: was extended, moved or removed while this process stood still; "
                "what it still wrote counts nowhere, and the store of that name is untouched"
            )

    @contextmanager
    def there(self) -> Iterator[None]:
        """Tell of a file or folder that is not there that the whole store is not, if so."""
        try:
            yield
        except FileNotFoundError:
            self.refuse_replaced()
            raise

    def committed(self, journals: Journals | None = None) -> dict[Key, Entry]:
        """Return every committed block; of journals that have been read, or of those on disk.

        Raises
        ------
        PlanError
            The journals are gone, disagree, or are another store's.
        """
        found = journals or self.journals()
        for entries in found.conflicts.values():
            raise PlanError(
                f"{self.path}: {disagreement(*entries[:2])}; the kernel is not "
                "deterministic, two kinds of CPU or of code wrote this store, or a late worker "
                f"did: `soilsweep verify {self.path} --repair` keeps what runs to the same again"
            )
        return found.committed

    @property
    def is_ensembles(self) -> bool:
        """Return whether blocks are of forcings, locations and samples; others' works differ."""
        return bool(self.attrs.get("work", ENSEMBLE) == ENSEMBLE)

    def refuse_all_but_ensembles(self) -> None:
        """Refuse the store of another work, where what is to be read are members.

        Raises
        ------
        PlanError
            It is one.
        """
        if not self.is_ensembles:
            raise PlanError(
                f"{self.path}: is a store of {self.attrs['work']!r}; needed one of an ensemble"
            )

    def quarantined(self) -> dict[Key, Case]:
        """Return the members that are not run, with why; see `quarantine.read`."""
        return quarantine.read(self.root, len(self.blocks))

    def journals(self) -> Journals:
        """Return what the journals say, disagreements included; see `journal.read`.

        Raises
        ------
        PlanError
            They are gone, damaged, or another store's.
        """
        try:
            found = read_journals(self.journal)
        except FileNotFoundError:
            self.refuse_replaced()
            text = "its folder journal/ is missing, which says what is committed"
            raise PlanError(f"{self.path}: {text}; restore it, or run into a new store") from None
        except PlanError:
            raise
        except ValueError as error:
            raise PlanError(f"{self.path}: {error}") from error
        blocks = self.blocks
        every = [*found.committed.values(), *(e for two in found.conflicts.values() for e in two)]
        for key, entry in ((one.block, one) for one in every):
            if len(key) != len(blocks) or any(k >= n for k, n in zip(key, blocks, strict=True)):
                raise PlanError(
                    f"{self.path}: {entry.journal} names block {list(key)}, which this store does "
                    "not have; remove that journal"
                )
        return found

    @staticmethod
    def checksums(result: Result) -> dict[str, str]:
        """Return the checksums of what a block computed, before it is written."""
        return _checksums(result, _packed(result))

    def write(self, grid: Grid, key: Key, result: Result, *, sync: bool) -> dict[str, str]:
        """Write a block's chunks and sums; return their checksums. Not yet a commit."""
        # Opened and packed once: a block has a dozen files, and its sums may be large.
        scratch, packed = self.root.folder("scratch"), _packed(result)
        for name, values in result.arrays.items():
            spec = self.specs[name]
            file, content = chunk_name(spec, grid.index(key, spec)), encode(spec, values)
            self.root.write(file, content, sync=sync, scratch=scratch)
        self.root.write(partial_name(key), packed.data, sync=sync, scratch=scratch)
        return _checksums(result, packed)

    def has_partials(self, key: Key) -> bool:
        """Return whether a block's sums are there, which are written before its commit."""
        return self.root.exists(partial_name(key))

    def read_partials(self, key: Key) -> dict[str, NDArray[Any]]:
        """Return a block's sums.

        Raises
        ------
        PlanError
            They are gone or damaged.
        """
        try:
            return unpack(self.root.read(partial_name(key)))
        except PlanError:
            raise
        except (OSError, ValueError) as error:
            raise PlanError(
                f"{self.path}: the sums of block {list(key)} cannot be read ({error}); run "
                f"`soilsweep verify {self.path} --repair`"
            ) from error

    def write_chunk(self, path: str, index: tuple[int, ...], values: NDArray[Any]) -> None:
        """Write one chunk of what is computed from committed blocks."""
        spec, scratch = self.specs[path], self.root.folder("scratch")
        self.root.write(chunk_name(spec, index), encode(spec, values), sync=False, scratch=scratch)

    def make_folders(self, *names: str) -> None:
        """Make folders beside the arrays; copying a store may have lost the empty ones."""
        for name in names:
            self.root.folder(name, make=True)

    def clear_scratch(self) -> None:
        """Remove what killed processes left; only while no other process writes."""
        scratch = self.root.folder("scratch")
        for name in scratch.names():
            scratch.remove(name)

    def write_whole(self, path: str, values: NDArray[Any]) -> None:
        """Write an array of one chunk."""
        self.write_chunk(path, (0,) * len(self.specs[path].shape), values)

    def read_chunk(self, path: str, index: tuple[int, ...]) -> NDArray[Any]:
        """Return one chunk without its padding; raises `OSError` or `ValueError`."""
        spec = self.specs[path]
        values = decode(spec, self.root.read(chunk_name(spec, index)))
        spans = zip(spec.shape, spec.chunks, index, strict=True)
        return values[tuple(slice(0, min(n - k * c, c)) for n, c, k in spans)]

    def read_whole(self, path: str) -> NDArray[Any]:
        """Return an array of any number of chunks."""
        spec = self.specs[path]
        out = np.empty(spec.shape, dtype=spec.dtype)
        counts = tuple(-(-n // c) for n, c in zip(spec.shape, spec.chunks, strict=True))
        for index in np.ndindex(counts):
            chunk = self.read_chunk(path, index)
            place = zip(index, spec.chunks, chunk.shape, strict=True)
            out[tuple(slice(k * c, k * c + n) for k, c, n in place)] = chunk
        return out

    def read_strings(self, path: str) -> tuple[str, ...]:
        """Return a one-chunk array of names, last axis fastest.

        Raises
        ------
        PlanError
            They are gone or damaged, or there are more or fewer than the array has places.
        """
        from numcodecs import VLenUTF8

        spec = self.specs[path]
        try:
            content = self.root.read(chunk_name(spec, (0,) * len(spec.shape)))
            names = tuple(VLenUTF8().decode(content))
        except PlanError:
            raise
        except (OSError, ValueError, RuntimeError, MemoryError) as error:
            raise damaged_inputs(self.path, error) from error
        if len(names) != math.prod(spec.shape):
            found = f"{len(names):,} names of {path}; needed {math.prod(spec.shape):,}"
            raise damaged_inputs(self.path, found)
        return names

    def map_raw(self, path: str, index: tuple[int, ...]) -> NDArray[Any]:
        """Return one uncompressed chunk as a read-only memory map."""
        spec = self.specs[path]
        with self.root.reader(chunk_name(spec, index)) as file:
            return np.memmap(file, dtype=spec.dtype, mode="r", shape=spec.chunks)

    def digest(self, committed: Mapping[Key, Entry] | None = None) -> str:
        """Return one hash over the checksums of every committed block."""
        entries = self.committed() if committed is None else committed
        whole = hashlib.sha256()
        for key in sorted(entries):
            whole.update(json.dumps([key, sorted(entries[key].checksums.items())]).encode())
        return whole.hexdigest()


def create(
    path: Path,
    specs: tuple[ArraySpec, ...],
    attrs: Mapping[str, Any],
    values: Mapping[str, NDArray[Any] | Sequence[NDArray[Any]]],
    *,
    inputs: Mapping[str, Path] | None = None,
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
    """
    _refuse_between_names(path)
    found, path = path, path.resolve() if path.is_symlink() else path
    missing = [p for p in path.absolute().parents if not p.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(path)
    building = path.with_name(f".{path.name}.{here()}-{os.getpid()}.new")
    try:
        building.mkdir()
        if path.exists():
            like(path, building)
        store = Store(building, attrs, {spec.path: spec for spec in specs}, Folder.at(building))
        for node, document in documents(specs, attrs).items():
            write_node(store, node, document)
        store.make_folders(*FOLDERS)
        for name, array in values.items():
            write_static(store, name, array)
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
    return replace(store, path=found, root=store.root.moved_to(found))


def write_node(store: Store, node: str, document: Mapping[str, Any], *, sync: bool = False) -> None:
    """Write the metadata of a group or an array, in a folder that is made where there is none."""
    folder = store.root.folder(node, make=True) if node else store.root
    folder.write("zarr.json", json.dumps(document, allow_nan=False).encode(), sync=sync)


def like(source: Path, target: Path) -> None:
    """Give a folder the group and the mode of another: a project may share what is in it."""
    about = source.stat()
    with suppress(OSError):
        os.chown(target, -1, about.st_gid)
    # After the group, for a change of that may take the mode's bit for it away.
    target.chmod(about.st_mode & 0o7777)


def beside(path: Path, word: str) -> Path:
    """Return the hidden name of what takes part when a store takes another's place."""
    return path.with_name(f".{path.name}.{word}")


def _refuse_between_names(path: Path) -> None:
    """Refuse a free name that is a store's, which was killed while a longer one took it."""
    if not path.name or path.exists():
        return
    if (before := beside(path, "before")).exists():
        raise PlanError(
            f"{path}: taking a changed scenario was stopped between two names, and the run is in "
            f"{before}; nothing is lost: give the same `soilsweep run` command again"
        )
    if (before := beside(path, "shorter")).exists():
        raise PlanError(
            f"{path}: extending it was stopped between two names, and its run is in {before}; "
            "nothing is lost: give the same `soilsweep extend` command again"
        )


def _remove_abandoned(path: Path) -> None:
    """Remove half-made stores of processes of this host that are gone."""
    for folder in path.parent.glob(f".{glob.escape(path.name)}.*-*.new"):
        place, _, process = folder.name.removesuffix(".new").rpartition("-")
        if is_gone(place.removeprefix(f".{path.name}."), process):
            shutil.rmtree(folder, ignore_errors=True)


def write_static(store: Store, name: str, array: NDArray[Any] | Sequence[NDArray[Any]]) -> None:
    """Write an array that is known whole; a sequence holds one for each place of the first dim."""
    spec = store.specs[name]
    if spec.dtype == "string":
        store.write_whole(name, np.asarray(array))
        return
    if not isinstance(array, np.ndarray):
        for k, part in enumerate(array):
            index = (k, *(0,) * part.ndim)
            store.write_chunk(name, index, np.asarray(part, dtype=spec.dtype)[None])
        return
    counts = tuple(-(-n // c) for n, c in zip(spec.shape, spec.chunks, strict=True))
    for index in np.ndindex(counts):
        place = zip(index, spec.chunks, strict=True)
        part = array[tuple(slice(k * c, (k + 1) * c) for k, c in place)]
        store.write_chunk(name, index, np.asarray(part, dtype=spec.dtype))


def read(path: str | Path) -> Store:
    """Return an existing store.

    Raises
    ------
    PlanError
        Not a store of this program, or of another format.
    """
    path = Path(path)
    try:
        folder = Folder.at(path)
        held = partial(Held, partial(_damaged, path))
        root = json.loads(
            folder.read("zarr.json"),
            object_hook=held,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except PlanError:
        raise
    except FileNotFoundError:
        _refuse_between_names(path)
        if path.is_symlink() and not path.exists():
            text = f"not a store: a symbolic link to {path.readlink()}, which does not exist"
            raise PlanError(f"{path}: {text}") from None
        if is_address(path):
            text = "found an address; needed a folder, as `ensemble.open_run` alone reads addresses"
            raise PlanError(f"{path}: {text}") from None
        found = "no such folder" if not path.exists() else "no zarr.json inside"
        raise PlanError(f"{path}: not a store: {found}; name the folder a run wrote") from None
    except NotADirectoryError:
        raise PlanError(f"{path}: not a store: a file; name the folder a run wrote") from None
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(path, error) from error
    attrs = root.get("attributes", {}) if isinstance(root, dict) else None
    if not isinstance(attrs, dict):
        raise _damaged(path, "not a mapping")
    check_root(str(path), attrs)
    try:
        nodes = root["consolidated_metadata"]["metadata"]
        specs = {p: _spec(p, d) for p, d in nodes.items() if d["node_type"] == "array"}
        attrs = held(from_root(attrs, held))
    except PlanError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
        raise _damaged(path, f"no {error}") from error
    if absurd := [name for name, spec in specs.items() if not _is_array(spec)]:
        raise _damaged(path, f"array {absurd[0]!r} has no such shape, chunks or dimensions")
    if wrong := amiss(attrs, *shapes.ROOT):
        raise _damaged(path, f"of its attributes {wrong}")
    store = Store(path, attrs, held(specs), folder)
    if store.is_ensembles and store.specs["status"].dims != AXES:
        raise _damaged(path, "its blocks have other axes than forcing, location and sample")
    return store


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


def _damaged(path: Path, why: object) -> PlanError:
    return PlanError(
        f"{path}: its zarr.json is damaged ({why}); restore it, or run into a new store"
    )


def damaged_inputs(path: Path, why: object) -> PlanError:
    """Return what to say of a store that cannot be opened for its coordinates or drivers."""
    return PlanError(
        f"{path}: its coordinates or drivers are damaged ({why}); restore them, or run into a new "
        "store"
    )


def partial_name(key: Key) -> str:
    """Return the file of a block's sums."""
    return f"partials/{'-'.join(map(str, key))}"


def _checksums(result: Result, packed: U1) -> dict[str, str]:
    sums = {name: checksum(values) for name, values in result.arrays.items()}
    return {**sums, "partials": checksum(packed)}


def _packed(result: Result) -> U1:
    return np.frombuffer(pack(result.partials), dtype=np.uint8)


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
            write_static(grown, path, values[path][1])
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
