"""A table of annual numbers as cells with places: CSV by the standard library, or Parquet."""

import csv
import io
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scenarios._problems import Problem
from scenarios.forcing._checks import Findings, digest, not_a_file

_LIMIT = 256 * 1024**2
"""Bytes; an annual table of 100 models, 20 types and 500 years has 60 MB."""

_HEADER = re.compile(r"(?P<name>[^\[(]+?)\s*[\[(](?P<unit>[^\])]*)[\])]")
_NEEDED = "a table with columns such as year,model,NPP [Pg C yr-1]"


@dataclass(frozen=True)
class Table:
    """Rows of a file.

    Attributes
    ----------
    file : str
        Path, for messages.
    names : tuple of str
        Columns without their units.
    units : mapping of str to str
        Of the columns whose header says: ``NPP [Pg C yr-1]`` or ``NPP (Pg C yr-1)``.
    rows : list of (int, sequence)
        Line (CSV) or row (Parquet) counted from 1, and the cells.
    has_lines : bool
        Whether those numbers are lines of a text file.
    digest : mapping
        Name, sha256 and size of the file.
    ragged : tuple of (int, sequence)
        Line and cells of rows that have not as many as the header, where a reader asks for them.
    ends_line : bool
        Whether the file ends with the end of a line.
    """

    file: str
    names: tuple[str, ...]
    units: Mapping[str, str]
    rows: list[tuple[int, Sequence[Any]]]
    has_lines: bool
    digest: Mapping[str, Any]
    ragged: tuple[tuple[int, Sequence[str]], ...] = ()
    ends_line: bool = True

    def problem(self, text: str, where: str = "", row: int | None = None) -> Problem:
        """Return a problem at a row of ``rows``, or of the file."""
        if row is None:
            return Problem(text, where, self.file)
        at = self.rows[row][0]
        if self.has_lines:
            return Problem(text, where, self.file, at)
        return Problem(text, f"row {at}, {where}", self.file)

    @property
    def is_cut(self) -> bool:
        """Return whether the file ends in the middle of its last row."""
        last = self.rows[-1][0] if self.rows else 0
        return (
            not self.ends_line
            and bool(self.ragged)
            and self.ragged[-1][0] > last
            and len(self.ragged[-1][1]) < len(self.names)
        )

    def refuse_ragged(self, findings: Findings, chosen: Container[str] | None = None) -> None:
        """Note rows of another length, but for those that are of none of the chosen.

        Parameters
        ----------
        chosen : container of str, optional
            Names in a column; None is all. What has none of them in any cell is of others,
            however its cells are shifted.
        """
        for line, cells in self.ragged:
            if chosen is None or any(cell in chosen for cell in cells):
                findings.add(
                    "ragged rows", Problem(self.shape_of(cells), file=self.file, line=line)
                )

    def shape_of(self, cells: Sequence[str]) -> str:
        """Return what is wrong with the length of a row."""
        return f"has {len(cells)} cells; needed {len(self.names)}, as the header has"


def load_table(path: Path, findings: Findings, *, keep_ragged: bool = False) -> Table:
    """Return the table in a file; raise `ScenarioError` where not even a header is found.

    Rows of another length than the header's are findings, unless the reader keeps them to say
    itself which of them matter.
    """
    file = str(path)
    text = not_a_file(path, "a CSV or Parquet table") or _unreadable(path)
    if text:
        findings.fatal("files", Problem(text, file=file))
    data = path.read_bytes()
    parquet = path.suffix.lower() in (".parquet", ".pq")
    try:
        if not data.strip():
            raise ValueError(f"is empty; needed {_NEEDED}")
        header, rows, ragged = _parquet(data) if parquet else _csv(data, file, findings)
    except ValueError as error:
        findings.fatal("files", Problem(str(error), file=file))
    names, units = _columns(header)
    about = digest(path.name, data)
    whole = parquet or data.endswith((b"\n", b"\r"))
    table = Table(file, names, units, rows, not parquet, about, tuple(ragged), whole)
    if not keep_ragged:
        table.refuse_ragged(findings)
    for problem in _header_problems(table, header):
        findings.add("columns", problem)
    return table


def _unreadable(path: Path) -> str:
    try:
        with path.open("rb"):
            size = path.stat().st_size
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    if size > _LIMIT:
        return (
            f"has {size / 1024**2:.0f} MB and an annual table at most {_LIMIT // 1024**2}; "
            "keep one row per model, year and type, and only the columns needed"
        )
    return ""


def _columns(header: Sequence[str]) -> tuple[tuple[str, ...], dict[str, str]]:
    names, units = [], {}
    for cell in header:
        match = _HEADER.fullmatch(cell)
        names.append(match["name"] if match else cell)
        if match and match["unit"].strip():
            units[names[-1]] = match["unit"].strip()
    return tuple(names), units


def _header_problems(table: Table, header: Sequence[str]) -> Iterator[Problem]:
    if len(header) == 1:
        other = [mark for mark in ";\t|" if mark in header[0]]
        if other:
            text = f"the header has one column, {header[0]!r}; needed commas, found {other[0]!r}"
            yield table.problem(f"{text}: save the table with commas and decimal points")
    for name in dict.fromkeys(table.names):
        if table.names.count(name) > 1:
            yield table.problem(f"column {name!r} is there {table.names.count(name)} times")
    if not table.rows:
        yield table.problem("has a header and no rows; needed one row per model and year")


Rows = list[tuple[int, Sequence[Any]]]


def _csv(data: bytes, file: str, findings: Findings) -> tuple[list[str], Rows, Rows]:
    """Return header, rows with their lines, and rows of another length.

    Raises
    ------
    ValueError
        Where there is no header.
    """
    reader = csv.reader(io.StringIO(_text(data), newline=""), strict=True)
    header: list[str] = []
    rows: Rows = []
    ragged: Rows = []
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if not any(stripped) or (not header and stripped[0].startswith("#")):
                continue
            if not header:
                header = stripped
            else:
                kind = rows if len(stripped) == len(header) else ragged
                kind.append((reader.line_num, stripped))
    except csv.Error as error:
        text = f"is not CSV ({error}); check the quotes"
        findings.add("files", Problem(text, file=file, line=reader.line_num))
    if not header:
        raise ValueError(f"holds no header; needed {_NEEDED}")
    return header, rows, ragged


def _text(data: bytes) -> str:
    if b"\0" in data:
        raise ValueError("is binary; needed text in UTF-8 (CSV), or a name ending in .parquet")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        found = f"byte 0x{data[error.start]:02x} in line {line}"
        raise ValueError(f"{found} is not UTF-8; save the table as UTF-8") from error


def _parquet(data: bytes) -> tuple[list[str], Rows, Rows]:
    """Return header and rows, all as long; raise ValueError where it is not Parquet."""
    import pandas as pd

    try:
        frame = pd.read_parquet(io.BytesIO(data))
    except (ValueError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"is not Parquet, or not all of it ({reason})") from error
    if any(frame.index.names):
        frame = frame.reset_index()
    names = [str(name).strip() for name in frame.columns]
    return names, list(enumerate(frame.itertuples(index=False, name=None), start=1)), []
