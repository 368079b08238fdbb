"""The cells of the first sheet of a workbook (``.xlsx``), by the standard library.

A sheet is XML in a ZIP archive, its words in another file of it. openpyxl reads far more, and would
be a dependency for one file of 92,000 rows of three cells. Formulas, dates and sheets beyond the
first are not read here.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from xml.etree import ElementTree

SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_PLACE = re.compile(r"([A-Z]+)(\d+)")
LARGEST = 512 * 1024**2
"""Bytes of a part of an archive, unpacked."""

Row = tuple[int, list[str]]


def first_sheet(data: bytes) -> tuple[list[str], list[Row]]:
    """Return the header, and the rows below with their numbers; rows that are empty are left out.

    Raises
    ------
    ValueError
        It is no workbook, or holds nothing.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            words = list(_words(archive))
            rows = [row for row in _rows(archive, words) if any(row[1])]
    except (zipfile.BadZipFile, KeyError, ElementTree.ParseError, EOFError, OSError) as error:
        raise ValueError(f"is no workbook (.xlsx), or not all of it ({error})") from error
    if len(rows) < 2:
        raise ValueError("holds no rows; needed a header and one row per cell")
    (_, header), *below = rows
    width = len(header)
    for number, cells in below:
        if len(cells) > width and any(cells[width:]):
            raise ValueError(f"row {number} has {len(cells)} cells; needed {width}, as the header")
    return header, [(n, (cells + [""] * width)[:width]) for n, cells in below]


def _part(archive: zipfile.ZipFile, name: str) -> io.BufferedReader:
    if archive.getinfo(name).file_size > LARGEST:
        raise ValueError(f"has {name} of more than {LARGEST // 1024**2} MB; keep what is needed")
    return archive.open(name)  # type: ignore[return-value]


def _words(archive: zipfile.ZipFile) -> Iterator[str]:
    """Yield the words that cells refer to by number."""
    if "xl/sharedStrings.xml" in archive.namelist():
        with _part(archive, "xl/sharedStrings.xml") as file:
            for _, element in ElementTree.iterparse(file):
                if element.tag == f"{SPACE}si":
                    yield "".join(text.text or "" for text in element.iter(f"{SPACE}t"))


def _rows(archive: zipfile.ZipFile, words: list[str]) -> Iterator[Row]:
    with _part(archive, "xl/worksheets/sheet1.xml") as file:
        for _, element in ElementTree.iterparse(file):
            if element.tag == f"{SPACE}row":
                yield _row(element, words)
                element.clear()


def _row(element: ElementTree.Element, words: list[str]) -> Row:
    """Return the number of a row and its cells, by the columns that they say they are in."""
    cells: dict[int, str] = {}
    for cell in element:
        place = _PLACE.fullmatch(cell.get("r", ""))
        if place is None:
            raise ValueError("has a cell without a place; save it again")
        cells[_column(place[1])] = _text(cell, words)
    filled = [cells.get(i, "") for i in range(max(cells, default=-1) + 1)]
    return int(element.get("r", "0")), filled


def _column(letters: str) -> int:
    found = 0
    for letter in letters:
        found = 26 * found + ord(letter) - ord("A") + 1
    return found - 1


def _text(cell: ElementTree.Element, words: list[str]) -> str:
    kind, value = cell.get("t", ""), cell.findtext(f"{SPACE}v") or ""
    if kind == "s":
        if not value.isdigit() or int(value) >= len(words):
            raise ValueError(f"has a word number {value!r} in {cell.get('r')} that is not there")
        return words[int(value)].strip()
    if kind == "inlineStr":
        return "".join(text.text or "" for text in cell.iter(f"{SPACE}t")).strip()
    return value.strip()
