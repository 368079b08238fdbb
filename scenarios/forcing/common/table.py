"""A table as cells with places: CSV by the standard library, or Parquet; one rule for all.

Lines that are empty or begin with ``#`` are skipped. Columns without a name, such as the row
numbers that R and pandas write, are nobody's and left out.
"""

import csv
import gzip
import io
import re
import zlib
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from scenarios.forcing.common.checks import Findings, digest, is_number, not_a_file
from scenarios.problems import Problem, shown

_LIMIT = 256 * 1024**2
"""Bytes; an annual table of 100 models, 20 types and 500 years has 60 MB."""

_BEGINNING = 100
"""Lines that are looked at for what separates columns."""

_HEADER = re.compile(r"(?P<name>[^\[(]+?)\s*(?:\[(?P<unit>.*)\]|\((?P<said>.*)\))")
_UNNAMED = re.compile(r"(?:Unnamed: \d+(?:_level_\d+)?|__index_level_\d+__)?")
_NEEDED = "a table with columns such as year,model,NPP [Pg C yr-1]"
ROWS = "one row per model and year"

Rows = list[tuple[int, Sequence[Any]]]
"""Line (CSV) or row (Parquet) counted from 1, and the cells."""


@dataclass(frozen=True)
class Layout:
    """What a reader takes besides commas, a header and UTF-8, because its files are so.

    Attributes
    ----------
    unheaded : tuple of str
        Names of the columns of a file whose first row begins with a number, and is no header.
    blanks : bool
        Whether columns may stand between blanks or tabs.
    latin_1 : bool
        Whether text that is not UTF-8 is read as latin-1; the digest says so.
    """

    unheaded: tuple[str, ...] = ()
    blanks: bool = False
    latin_1: bool = False


PLAIN = Layout()


@dataclass(frozen=True)
class Table:
    """Rows of a file.

    Attributes
    ----------
    file : str
        Path, for messages.
    names : tuple of str
        Columns without their units; none is empty.
    headers : tuple of str
        Columns as the header has them.
    units : mapping of str to str
        Of the columns whose header says: ``NPP [Pg C yr-1]`` or ``NPP (Pg C yr-1)``.
    rows : list of (int, sequence)
        See `Rows`.
    has_lines : bool
        Whether those numbers are lines of a text file.
    digest : mapping
        Name, sha256 and size of the file, how many columns without a name were left out, and
        which were because an earlier one is the same, name and cells.
    header_line : int
        Of a text file.
    ragged : tuple of (int, sequence)
        Line and cells of rows that have not as many as the header, where a reader asks for them.
    width : int
        Columns of the file, those without a name among them.
    ends_line : bool
        Whether the file ends with the end of a line.
    """

    file: str
    names: tuple[str, ...]
    headers: tuple[str, ...]
    units: Mapping[str, str]
    rows: Rows
    has_lines: bool
    digest: Mapping[str, Any]
    header_line: int = 1
    ragged: tuple[tuple[int, Sequence[str]], ...] = ()
    width: int = 0
    ends_line: bool = True

    def problem(self, text: str, where: str = "", row: int | None = None) -> Problem:
        """Return a problem at a row of ``rows``, or of the file."""
        if row is None:
            return Problem(text, where, self.file)
        at = self.rows[row][0]
        if self.has_lines:
            return Problem(text, where, self.file, at)
        return Problem(text, f"row {at}, {where}", self.file)

    def in_header(self, text: str, where: str = "") -> Problem:
        """Return a problem of a column, at the line of the header."""
        return Problem(text, where, self.file, self.header_line if self.has_lines else None)

    @property
    def is_cut(self) -> bool:
        """Return whether the file ends in the middle of its last row."""
        last = self.rows[-1][0] if self.rows else 0
        return (
            not self.ends_line
            and bool(self.ragged)
            and self.ragged[-1][0] > last
            and len(self.ragged[-1][1]) < self.width
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
        return f"has {len(cells)} cells; needed {self.width}, as the header has"


def load_table(
    path: Path,
    findings: Findings,
    *,
    rows: str = ROWS,
    needed: str = _NEEDED,
    large: bool = False,
    keep_ragged: bool = False,
    layout: Layout = PLAIN,
) -> Table:
    """Return the table in a file; raise `ScenarioError` where not even a header is found.

    Parameters
    ----------
    path : Path
        CSV, packed (.gz) or not; Parquet if the name ends in .parquet or .pq.
    rows, needed : str
        What its rows and columns are, for people.
    large : bool
        Whether it may be larger than what is otherwise refused unread.
    keep_ragged : bool
        Whether rows of another length than the header's are the reader's to refuse, who knows
        which of them matter; otherwise they are findings.
    layout : Layout
    """
    file = str(path)
    text = not_a_file(path, f"a CSV or Parquet table with {rows}") or _unreadable(path, large)
    if text:
        findings.fatal("files", Problem(text, file=file))
    data = path.read_bytes()
    parquet = path.suffix.lower() in (".parquet", ".pq")
    try:
        if not data.strip():
            raise ValueError(f"is empty; needed {needed}")
        text, encoding = ("", "") if parquet else decoded(data, layout.latin_1)
        line, header, table_rows, ragged = (
            _parquet(data) if parquet else _csv(text, file, needed, findings, layout)
        )
    except ValueError as error:
        findings.fatal("files", Problem(str(error), file=file))
    provenance = digest(path.name, data)
    if encoding == "latin-1":
        provenance["encoding"] = encoding
    width, whole = len(header), parquet or data.endswith((b"\n", b"\r"))
    named = [i for i, cell in enumerate(header) if not _UNNAMED.fullmatch(cell)]
    if len(named) < len(header):
        provenance["unnamed_columns_left_out"] = len(header) - len(named)
    if again := [i for i in named if _is_repeated(i, header, table_rows)]:
        provenance["repeated_columns_left_out"] = [header[i] for i in again]
        named = [i for i in named if i not in again]
    if len(named) < width:
        table_rows = [(line, [cells[i] for i in named]) for line, cells in table_rows]
        header = [header[i] for i in named]
    names, units = _columns(header)
    table = Table(file, names, tuple(header), units, table_rows, not parquet, provenance, line,
                  tuple(ragged), width, whole)  # fmt: skip
    if not keep_ragged:
        table.refuse_ragged(findings)
    # Rows that are refused one by one are told already.
    if not table_rows and not ragged and not findings.of(file):
        findings.add("columns", table.problem(f"has a header and no rows; needed {rows}"))
    for problem in _header_problems(table):
        findings.add("columns", problem)
    return table


def _unreadable(path: Path, large: bool) -> str:
    try:
        with path.open("rb"):
            size = path.stat().st_size
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    if not large and size > _LIMIT:
        return (
            f"has {size / 1024**2:.0f} MB and a table at most {_LIMIT // 1024**2}; "
            "keep only the rows and columns needed"
        )
    return ""


def _columns(header: Sequence[str]) -> tuple[tuple[str, ...], dict[str, str]]:
    names, units = [], {}
    for cell in header:
        match = _HEADER.fullmatch(cell)
        names.append(match["name"] if match else cell)
        unit = (match["unit"] or match["said"] or "").strip() if match else ""
        if unit:
            units[names[-1]] = unit
    return tuple(names), units


def _is_repeated(at: int, header: Sequence[str], rows: Rows) -> bool:
    """Return whether an earlier column has the name of one, and the same in every cell."""
    return any(
        header[i] == header[at] and all(cells[i] == cells[at] for _, cells in rows)
        for i in range(at)
    )


def _header_problems(table: Table) -> Iterator[Problem]:
    for name in dict.fromkeys(table.names):
        if table.names.count(name) > 1:
            count = table.names.count(name)
            text = f"column {name!r} is there {count} times, with other cells; rename one"
            yield table.in_header(text)


def not_commas(header: Sequence[str]) -> str:
    """Return that a header is of another kind of table; empty if not."""
    other = [mark for mark in ";\t|" if mark in header[0]] if len(header) == 1 else []
    if not other:
        return ""
    text = f"the header has one column, {header[0]!r}; needed commas, found {other[0]!r}"
    return f"{text}: save the table with commas and decimal points"


_OF_R = "is it from R? write it with write.csv(x, FILE, row.names = FALSE)"
_QUOTED = re.compile(r'"[^"]*"(?:[ \t]+"[^"]*")+\s*')


def no_commas(text: str) -> str:
    """Return that the columns of a table stand between blanks, as R writes it; empty if not."""
    first = (line.strip() for line in islice(io.StringIO(text), _BEGINNING))
    head, *below = [line for line in first if line and line[0] != "#"] or [""]
    if any(mark in head for mark in ",;\t|"):
        return ""
    words, rows = len(head.split()), {len(line.split()) for line in below}
    plain = words > 1 and rows and rows <= {words, words + 1}
    if not (plain or _QUOTED.fullmatch(head)):
        return ""
    return f"the header has blanks between its columns, {shown(head)}; needed commas: {_OF_R}"


def row_names(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return that every row begins with a cell that the header does not name; empty if not.

    So does R's ``write.table``. Rows that end with a comma have nothing in their last cell.
    """
    cells = list(rows)
    if not cells or any(len(row) != len(header) + 1 for row in cells):
        return ""
    if not any(row[-1] for row in cells):
        return ""
    names = f"{len(header)} name" + "s" * (len(header) > 1)
    text = f"the header has {names} and every row {len(header) + 1} cells"
    return f"{text}, the first {shown(cells[0][0])}: row names? {_OF_R}"


def _csv(
    text: str, file: str, needed: str, findings: Findings, layout: Layout
) -> tuple[int, list[str], Rows, Rows]:
    """Return the header with its line, rows with theirs, and rows of another length.

    Raises
    ------
    ValueError
        Where there is no header.
    """
    apart = layout.blanks and "," not in _first(text)
    # Before they are parsed: what is said of quotes in such a file is no help.
    if not apart and (blanks := no_commas(text)):
        raise ValueError(blanks)
    lines = io.StringIO(text, newline="")
    line, header = 0, list[str]()
    rows: Rows = []
    ragged: Rows = []
    for at, cells in _blank_rows(lines) if apart else _comma_rows(lines, file, findings):
        stripped = [cell.strip() for cell in cells]
        if not any(stripped) or stripped[0].startswith("#"):
            continue
        if not header:
            line, header = at, stripped
            # Rows of such a file would each be found to be wrong as well.
            if wrong := not_commas(header):
                raise ValueError(wrong)
            if not layout.unheaded or not is_number(header[0]):
                continue
            header = _named(header, layout)
        kind = rows if len(stripped) == len(header) else ragged
        kind.append((at, stripped))
    if not header:
        raise ValueError(f"holds no header; needed {needed}")
    if not rows and (text := row_names(header, (cells for _, cells in ragged))):
        raise ValueError(text)
    return line, header, rows, ragged


def _first(text: str) -> str:
    """Return the first line that is neither empty nor a comment."""
    lines = (line.strip() for line in io.StringIO(text))
    return next((line for line in lines if line and not line.startswith("#")), "")


def _comma_rows(
    lines: io.StringIO, file: str, findings: Findings
) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(lines, strict=True, skipinitialspace=True)
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as error:
        text = f"is not CSV ({error}); check the quotes"
        findings.add("files", Problem(text, file=file, line=reader.line_num))


def _blank_rows(lines: io.StringIO) -> Iterator[tuple[int, list[str]]]:
    for at, line in enumerate(lines, start=1):
        yield at, line.split()


def _named(first: Sequence[str], layout: Layout) -> list[str]:
    """Return the names of the columns of a table without a header."""
    if len(first) != len(layout.unheaded):
        names = ",".join(layout.unheaded)
        raise ValueError(f"has no header and {len(first)} columns; needed {names}, or a header")
    return list(layout.unheaded)


def text_of(data: bytes) -> str:
    """Return the text of a file, packed or not; raise ValueError where it is none in UTF-8."""
    return decoded(data)[0]


def decoded(data: bytes, latin_1: bool = False) -> tuple[str, str]:
    """Return the text of a file, packed or not, and its encoding.

    Parameters
    ----------
    data : bytes
    latin_1 : bool
        Whether what is not UTF-8 is latin-1.

    Raises
    ------
    ValueError
        It is no text, or none in UTF-8.
    """
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise ValueError(f"cannot be unpacked ({error}); fetch or write it again") from error
    # With a mark, or without: every other byte of plain letters is 0.
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or (data[0:8:2] == bytes(4)) != (
        data[1:8:2] == bytes(4)
    ):
        raise ValueError("is UTF-16 ('Unicode text'); needed UTF-8: save it as 'CSV UTF-8'")
    if b"\0" in data:
        raise ValueError("is binary; needed text in UTF-8 (CSV), or a name ending in .parquet")
    try:
        return data.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError as error:
        if latin_1:
            return data.decode("latin-1"), "latin-1"
        line = data[: error.start].count(b"\n") + 1
        begin = f"byte 0x{data[error.start]:02x} in line {line}"
        raise ValueError(f"{begin} is not UTF-8; save the table as UTF-8") from error


def _parquet(data: bytes) -> tuple[int, list[str], Rows, Rows]:
    """Return header and rows, all as long; raise ValueError where it is not Parquet."""
    import pandas as pd

    try:
        frame = pd.read_parquet(io.BytesIO(data))
    except (ValueError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"is not Parquet, or not all of it ({reason})") from error
    if any(frame.index.names):
        frame = frame.reset_index()
    names = ["" if name is None else str(name).strip() for name in frame.columns]
    return 0, names, list(enumerate(frame.itertuples(index=False, name=None), start=1)), []
