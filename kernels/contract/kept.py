"""Where compiled blocks are kept on disk: a file for each set of types, named by what it is of."""

# mypy: disable-error-code="no-untyped-call"

import os
from contextlib import suppress
from glob import escape, glob
from hashlib import sha256
from typing import Any

from numba.core.caching import IndexDataCacheFile


class Kept(IndexDataCacheFile):
    """The files of one block; numba's, but for the index.

    Numba numbers its files, and names one in an index before it is there. So a process that is
    killed in between, or two that compile a block for two kinds of arguments at once, could leave
    an index that names the code of an older text, or of other types; and one could lose what the
    other had added. Here each file has the name of its stamp and its key, is whole or absent, and
    no other file says so.
    """

    def __init__(self, cache_path: str, filename_base: str, source_stamp: str) -> None:
        super().__init__(cache_path, filename_base, source_stamp)
        self._base = filename_base
        # Of another version of numba it is another text, too.
        text = f"{source_stamp} {self._version}"
        self._text = sha256(text.encode()).hexdigest()[:16]

    def flush(self) -> None:
        """Remove every file."""
        self._remove("")

    def save(self, key: Any, data: Any) -> None:
        """Keep what was compiled for a key, and nothing that was of another text.

        Where the disk is full it is not kept: this process has it all the same.
        """
        with suppress(OSError):
            self._save_data(self._name(key), (key, data))
            self._remove(self._text)

    def load(self, key: Any) -> Any:
        """Return what was compiled for a key; None where it is not here, or cannot be read."""
        try:
            held, data = self._load_data(self._name(key))
        except Exception:
            # Absent, cut or of something else: whatever that raises, the block is compiled again.
            return None
        return data if held == key else None

    def has(self, key: Any) -> bool:
        """Return whether there is a file for a key."""
        return os.path.exists(self._data_path(self._name(key)))

    def took(self) -> float | None:
        """Return the seconds that the block took to compile, of whatever text; None if unknown."""
        try:
            with open(self._data_path(f"{self._base}.seconds")) as file:
                return float(file.read())
        except (OSError, ValueError):
            return None

    def note(self, seconds: float) -> None:
        """Keep how many seconds it took, where the disk lets us."""
        path = self._data_path(f"{self._base}.seconds")
        with suppress(OSError), self._open_for_write(path) as file:
            file.write(f"{seconds:.2f}".encode())

    def _name(self, key: Any) -> str:
        of_key = sha256(repr(key).encode()).hexdigest()[:16]
        return f"{self._base}.{self._text}-{of_key}.nbc"

    def _remove(self, kept: str) -> None:
        """Remove files of the block, but for those of a text."""
        begins = self._data_path(f"{self._base}.")
        for path in glob(f"{escape(begins)}*nb[ci]"):
            if not kept or not path.startswith(f"{begins}{kept}-"):
                try:
                    os.unlink(path)
                except OSError:
                    # Another process was first, or may not be disturbed; it is in nobody's way.
                    continue
