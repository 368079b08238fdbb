"""The table that a forest learns from, as ``soilsweep prepare forest`` writes it."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.contract.arrays import F8
from kernels.contract.faults import Fault, Unfit
from kernels.contract.ranges import Range
from kernels.forest.shared.predictors import CLASSES, NUMBERS

FLUX = "g C m-2 yr-1"

ZONES = {"": 0.0, "A": 1.0, "B": 2.0, "C": 2.0, "D": 3.0, "E": 3.0}
"""By the first letter of Koeppen's class."""

LEAST = 20
"""Records below which a forest says nothing."""

_HEAD = re.compile(r"(\w+) \[(.*)\]")
_HINT = "write it with `soilsweep prepare forest`"


@dataclass(frozen=True)
class Records:
    """Records in the order of their numbers: in another order the same seed is another forest.

    Attributes
    ----------
    flux : ndarray, shape (r,), float64
        g C m-2 yr-1.
    columns : mapping of str to ndarray, shape (r,), float64
        Predictors that are numbers, and ``veg``, the class from 1.
    class_area : ndarray, shape (r,), float64
        Area that the class of a record has on the map, m2.
    study : ndarray, shape (r,), float64
        Its number.
    lat, lon : ndarray, shape (r,), float64
        The record's own, degrees.
    number : ndarray, shape (r,), float64
        Of the record, rising.
    zone : ndarray, shape (r,), float64
        Of Koeppen's climates at its cell: 1 tropical (A), 2 temperate (B, C), 3 boreal (D, E); 0
        where the table has none.
    """

    flux: F8
    columns: Mapping[str, F8]
    class_area: F8
    study: F8
    lat: F8
    lon: F8
    number: F8
    zone: F8

    def some(self, at: NDArray[Any]) -> "Records":
        """Return those at an index or where a mask says so, in the order of the index."""
        columns = {name: values[at] for name, values in self.columns.items()}
        rest = {f.name: getattr(self, f.name)[at] for f in fields(self) if f.name != "columns"}
        return Records(columns=columns, **rest)


def read_records(file: Path, flux: str, option: str = "training") -> Records:
    """Return the records of a table in a file that an option names; see `records_in`."""
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        made = f"`soilsweep prepare forest --data FOLDER --flux {flux} -o {file}`"
        text = f"{str(file)!r}: {error.strerror}; write it with {made}, or name another by "
        text += f"--set kernel.{option}=$PWD/FILE"
        raise Unfit([Fault(text, option)]) from error
    except UnicodeDecodeError as error:
        raise Unfit([Fault(f"is not UTF-8; {_HINT}", file=str(file))]) from error
    return records_in(lines, file, flux)


def records_in(lines: Sequence[str], file: Path, flux: str) -> Records:
    """Return the records of a table.

    Parameters
    ----------
    lines : sequence of str
    file : Path
        Where they are from.
    flux : str
        ``rh`` or ``rs``, as its column is called.

    Raises
    ------
    Unfit
        The file cannot be read; columns that lack, or are in another unit; cells that are no
        numbers, classes that are none, records that are there twice; fewer than `LEAST`, or all
        with one flux: every fault.
    """
    rows = _rows(lines, file)
    needed = {"Record_number": "", "Study_number": "", "lat": "", "lon": "", flux: FLUX,
              **{v.name: v.units for v in NUMBERS}, "class_area": "m2"}  # fmt: skip
    at, faults = _columns(file, rows[0], {**needed, "veg": ""}, flux)
    if faults:
        raise Unfit(faults)
    numbers = {name: [_number(cells, at[name]) for _, cells in rows[1:]] for name in needed}
    classes, climates = (
        [cells[at[name]] if at.get(name, len(cells)) < len(cells) else "" for _, cells in rows[1:]]
        for name in ("veg", "koeppen")
    )
    faults = [
        Fault(f"column {name!r} has no number", file=str(file), line=rows[1 + i][0])
        for name, values in numbers.items()
        for i, value in enumerate(values)
        if not isfinite(value)
    ]
    faults += [
        Fault(f"column 'veg' has {name!r}; needed one of {', '.join(CLASSES)}", file=str(file),
              line=rows[1 + i][0])
        for i, name in enumerate(classes)
        if name not in CLASSES
    ]  # fmt: skip
    faults += [
        Fault(f"column 'koeppen' has {name!r}; needed a class of Koeppen's, A to E, or nothing",
              file=str(file), line=rows[1 + i][0])
        for i, name in enumerate(climates)
        if name[:1] not in ZONES
    ]  # fmt: skip
    faults += _beyond(file, rows, numbers, flux)
    faults += _of_all(file, numbers["Record_number"], numbers[flux])
    if faults:
        raise Unfit(faults)
    order = np.argsort(numbers["Record_number"], kind="stable")
    arrays = {name: np.array(values)[order] for name, values in numbers.items()}
    columns = {v.name: arrays[v.name] for v in NUMBERS}
    columns["veg"] = np.array([CLASSES.index(name) + 1.0 for name in classes])[order]
    return Records(
        flux=arrays[flux],
        columns=columns,
        class_area=arrays["class_area"],
        study=arrays["Study_number"],
        lat=arrays["lat"],
        lon=arrays["lon"],
        number=arrays["Record_number"],
        zone=np.array([ZONES[name[:1]] for name in climates])[order],
    )


def _rows(lines: Sequence[str], file: Path) -> list[tuple[int, list[str]]]:
    """Return the header and the rows of a table, with their lines."""
    kept = [(k, line) for k, line in enumerate(lines, start=1) if line and line[0] != "#"]
    found = [(k, [cell.strip() for cell in next(csv.reader([line]))]) for k, line in kept]
    if not found:
        raise Unfit([Fault(f"has no header; {_HINT}", file=str(file))])
    return found


def _columns(
    file: Path, head: tuple[int, Sequence[str]], needed: Mapping[str, str], flux: str
) -> tuple[dict[str, int], list[Fault]]:
    """Return where the columns stand, and what is wrong with the header."""
    line, cells = head
    said = [(m[1], m[2]) if (m := _HEAD.fullmatch(cell)) else (cell, "") for cell in cells]
    names, faults = [name for name, _ in said], []
    for name, unit in needed.items():
        if names.count(name) != 1:
            text = f"has {names.count(name)} columns {name!r}; needed one"
            text += " (option flux: says which)" if name == flux else ""
            faults.append(Fault(text, file=str(file), line=line))
        elif (found := said[names.index(name)][1]) not in (unit, "1" if not unit else unit):
            text = f"column {name!r} is in {found!r}; needed {unit!r}: {_HINT}"
            faults.append(Fault(text, file=str(file), line=line))
    # Tables of before have no climates, and who fits to all records needs none.
    return {name: names.index(name) for name in (*needed, "koeppen") if name in names}, faults


def _number(cells: Sequence[str], at: int) -> float:
    try:
        return float(cells[at])
    except (ValueError, IndexError):
        return np.nan


def _beyond(
    file: Path,
    rows: Sequence[tuple[int, list[str]]],
    numbers: Mapping[str, Sequence[float]],
    flux: str,
) -> Iterator[Fault]:
    """Yield numbers that are beyond what can be, as codes of missing values are: -9999."""
    ends = {v.name: v.expected_range for v in NUMBERS}
    ends |= {flux: Range(low=0.0), "lat": Range(low=-90.0, high=90.0)}
    ends |= {"lon": Range(low=-180.0, high=360.0), "class_area": Range(low=0.0)}
    for name, limits in ends.items():
        for i, value in enumerate(numbers[name]):
            if limits and isfinite(value) and not limits.low <= value <= limits.high:
                text = f"column {name!r} has {value:g}; needed {limits.low:g} to {limits.high:g}"
                yield Fault(text, file=str(file), line=rows[1 + i][0])


def _of_all(file: Path, numbers: Sequence[float], flux: Sequence[float]) -> Iterator[Fault]:
    if twice := sorted({n for n in numbers if isfinite(n) and numbers.count(n) > 1}):
        yield Fault(f"record {twice[0]:.12g} is there twice; keep one", file=str(file))
    if len(flux) < LEAST:
        yield Fault(f"has {len(flux)} records; needed {LEAST} or more", file=str(file))
    elif len(set(flux)) == 1:
        yield Fault("has one flux in all records; needed several", file=str(file))
