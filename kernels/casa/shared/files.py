"""CASA: files that a scenario names, found beside it or in a store."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from kernels.casa.shared.lookup import NOTE, read_table
from kernels.casa.shared.pft_table import Table, published
from kernels.contract.paths import file_of

Said = TypeVar("Said")


@dataclass(frozen=True)
class Types:
    """The table of vegetation types, the file it is from, if it is not ours, and what to say."""

    table: Table
    files: Mapping[str, Path]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def types_of(written: str, base: Path | None) -> Types:
    """Return the table of vegetation types that an option names."""
    reading, files = read_file(written, base, lambda file: read_table(file, "table"))
    if reading is None:
        return Types(published(), files)
    warnings = tuple(f"{written}: {warning}" for warning in reading.warnings)
    return Types(reading.table, files, (f"{written}: {NOTE}",), warnings)


def read_file(
    written: str, base: Path | None, read: Callable[[Path], Said]
) -> tuple[Said | None, dict[str, Path]]:
    """Return what a file says, and its path by its name; nothing where none is named or opened."""
    if not written or base is None:
        return None, {}
    file = file_of(written, base)
    return read(file), {written: file}
