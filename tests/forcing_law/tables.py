"""A CSV file as rows of text, to be broken in one place and written again."""

import gzip
import re
from dataclasses import dataclass, replace
from pathlib import Path

_UNIT = re.compile(r"\s*[\[(](?P<unit>[^\])]*)[\])]\s*$")


@dataclass(frozen=True)
class Csv:
    """Header and rows, cells as they stand; packed files stay packed.

    ``top`` are lines before the header (comments).
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def at(self, name: str) -> int:
        """Return the place of a column, without its unit; -1 where there is none."""
        bare = [_UNIT.sub("", cell).strip().strip('"') for cell in self.header]
        return bare.index(name) if name in bare else -1

    def unit(self, name: str) -> str:
        """Return the unit in a column's header; empty where there is none."""
        match = _UNIT.search(self.header[self.at(name)])
        return match["unit"] if match else ""

    def with_unit(self, name: str, unit: str) -> "Csv":
        """Return the table with another unit in a header; without one if it is empty."""
        text = f"{name} [{unit}]" if unit else name
        return self.renamed(self.at(name), text)

    def renamed(self, at: int, text: str) -> "Csv":
        """Return the table with another header cell."""
        return replace(self, header=_put(self.header, at, text))

    def cell(self, row: int, name: str) -> str:
        """Return a cell."""
        return self.rows[row][self.at(name)]

    def put(self, row: int, name: str, text: str) -> "Csv":
        """Return the table with another cell."""
        return replace(self, rows=_put(self.rows, row, _put(self.rows[row], self.at(name), text)))

    def scaled(self, name: str, factor: float, offset: float = 0.0) -> "Csv":
        """Return the table with a column of other numbers; cells without one stay."""
        at = self.at(name)

        def changed(cell: str) -> str:
            return repr(float(cell) * factor + offset) if is_number(cell) else cell

        return replace(self, rows=tuple(_put(row, at, changed(row[at])) for row in self.rows))


def _put(cells: tuple, at: int, new: object) -> tuple:
    return (*cells[:at], new, *cells[at + 1 :])


def is_number(text: str) -> bool:
    """Return whether a cell is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def load(path: Path) -> Csv:
    """Return a table; examples have no quoted commas and no comments."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    header, *rows = (tuple(line.split(",")) for line in text.splitlines())
    return Csv(header, tuple(rows))


def save(
    path: Path,
    table: Csv,
    *,
    before: str = "",
    newline: str = "\n",
    comma: str = ",",
    encoding: str = "utf-8",
) -> None:
    """Write a table."""
    lines = [comma.join(cells) for cells in (table.header, *table.rows)]
    write(path, before + newline.join([*lines, ""]), encoding)


def write(path: Path, text: str, encoding: str = "utf-8") -> None:
    """Write text, packed where the name says so."""
    data = text.encode(encoding)
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
