"""The store: one Zarr v3 hierarchy, created whole, filled chunk by chunk, truthful when killed."""

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.errors import PlanError, StoppedEarly
from ensemble.store import quarantine
from ensemble.store.arrays import ArraySpec
from ensemble.store.chunks import checksum, chunk_name, decode, encode, pack, unpack
from ensemble.store.committed import Committed
from ensemble.store.folders import Folder
from ensemble.store.grid import Grid, Result
from ensemble.store.journal import Key, disagreement
from ensemble.store.journals import Journals
from ensemble.store.quarantine import Case
from kernels import U1

FIRST_WORK = "ensemble.members"
"""The module that opens the work of a store that names none: of the first versions."""


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
        if self.attrs.get("without_members"):
            text = "holds what `soilsweep evaluate` found, and no member was run: `soilsweep "
            raise PlanError(f"{self.path}: {text}report` shows it")
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

    def committed(self, journals: Journals | None = None) -> Committed:
        """Return every committed block; of journals that have been read, or of those on disk.

        Raises
        ------
        PlanError
            The journals are gone, disagree, or are another store's.
        """
        vouched = journals or self.journals()
        for entries in vouched.conflicts.values():
            raise PlanError(
                f"{self.path}: {disagreement(*entries[:2])}; the kernel is not "
                "deterministic, two kinds of CPU or of code wrote this store, or a late worker "
                f"did: `soilsweep verify {self.path} --repair` keeps what runs to the same again"
            )
        return vouched.committed

    @property
    def work(self) -> str:
        """Return the module that opens the work of this store."""
        return str(self.attrs.get("work", FIRST_WORK))

    def quarantined(self) -> dict[Key, Case]:
        """Return the members that are not run, with why; see `quarantine.read`."""
        return quarantine.read(self.root, len(self.blocks))

    def journals(self, *, sums: bool = False) -> Journals:
        """Return what the journals say, disagreements included; with checksums kept if asked.

        Raises
        ------
        PlanError
            They are gone, damaged, or another store's.
        """
        with self._told():
            found = Journals(self.blocks, sums=sums)
        self.look(found)
        return found

    def look(self, journals: Journals) -> Committed:
        """Read what has been added to the journals since, and return every committed block.

        Raises
        ------
        PlanError
            As `journals`, and as `committed`.
        """
        with self._told():
            journals.look(self.journal)
        return journals.committed

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say of what is wrong with journals whose they are."""
        try:
            yield
        except FileNotFoundError:
            self.refuse_replaced()
            text = "its folder journal/ is missing, which says what is committed"
            raise PlanError(f"{self.path}: {text}; restore it, or run into a new store") from None
        except PlanError:
            raise
        except ValueError as error:
            raise PlanError(f"{self.path}: {error}") from error

    @staticmethod
    def checksums(result: Result) -> dict[str, str]:
        """Return the checksums of what a block computed, before it is written."""
        return _checksums(result, _packed(result))

    def write(self, grid: Grid, key: Key, result: Result, *, sync: bool) -> dict[str, str]:
        """Write a block's chunks and sums; return their checksums. Not yet a commit."""
        # Opened and packed once: a block has a dozen files, and its sums may be large.
        scratch, packed = self.root.folder("scratch"), _packed(result)

        def files() -> Iterator[tuple[str, bytes | memoryview]]:
            for name, values in result.arrays.items():
                spec = self.specs[name]
                yield chunk_name(spec, grid.index(key, spec)), encode(spec, values)
            yield partial_name(key), packed.data

        self.root.write_all(files(), sync=sync, scratch=scratch)
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
        self.write_chunks([(path, index, values)])

    def write_chunks(self, chunks: Iterable[tuple[str, tuple[int, ...], NDArray[Any]]]) -> None:
        """Write chunks of what is computed from committed blocks: path, index and values."""
        named = ((self.specs[path], index, values) for path, index, values in chunks)
        files = ((chunk_name(spec, index), encode(spec, values)) for spec, index, values in named)
        scratch = None if self.root.unseen else self.root.folder("scratch")
        self.root.write_all(files, sync=False, scratch=scratch)

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

    def read_sound(self, path: str, index: tuple[int, ...]) -> NDArray[Any]:
        """Return one chunk to a command that can do nothing without it.

        Raises
        ------
        PlanError
            It is gone or damaged.
        """
        try:
            return self.read_chunk(path, index)
        except (OSError, ValueError) as error:
            raise PlanError(
                f"{self.path}: a part of {path} cannot be read ({error}); run "
                f"`soilsweep verify {self.path} --repair`"
            ) from error

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

    def digest(self, committed: Committed | None = None) -> str:
        """Return one hash over the checksums of every committed block.

        Without ``committed`` that has kept them, journals are read for them.
        """
        if committed is None or committed.sums is None:
            committed = self.committed(self.journals(sums=True))
        return committed.digest()


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
