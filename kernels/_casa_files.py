"""CASA: files that a scenario names, found beside it or in a store."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from kernels._casa_table import Table, published, read_table
from kernels._contract import file_of

Read = TypeVar("Read")


def table_of(written: str, base: Path | None) -> tuple[Table, dict[str, Path]]:
    """Return the table of vegetation types, and the file it is from, if it is not ours."""
    found, files = read_file(written, base, lambda file: read_table(file, "table"))
    return (published() if found is None else found), files


def read_file(
    written: str, base: Path | None, read: Callable[[Path], Read]
) -> tuple[Read | None, dict[str, Path]]:
    """Return what a file says, and its path by its name; nothing where none is named or opened."""
    if not written or base is None:
        return None, {}
    file = file_of(written, base)
    return read(file), {written: file}
