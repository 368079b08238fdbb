"""Malformed tables: what each kind of change is, made of what a reader declares."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from forcing_law import tables
from forcing_law.example import Example
from forcing_law.tables import Csv
from forcing_law.trap import Broken, settled, trap
from forcing_law.units import foreign, rescaled, respelled

from scenarios.forcing.common.declared import Input, Quantity

FILLS = ("-9999", "1e20", "9.969209968386869e+36")
REAL = ("-99",)
"""Of those that stand for "no value" elsewhere: 14C of soils in permil, which is never -999."""
GAPS = ("", "NA", "nan")


def _files(folder: Path, one: Input, example: Example) -> Iterator[tuple[Path, Csv]]:
    for name in example.of(one):
        yield folder / name, tables.load(folder / name)


def _broken(
    path: Path, table: Csv, said: str, *words: str, line: int | None = None, spare: bool = False
) -> Broken:
    may = frozenset({"same", "noted"} if spare else ())
    said = f"{path.name}: {said}"
    return Broken(said, path, lambda: tables.save(path, table), words, line, may)


def _text(path: Path, table: Csv, said: str, **how: str) -> Broken:
    return Broken(f"{path.name}: {said}", path, lambda: tables.save(path, table, **how))


def _columns(
    one: Input, example: Example, table: Csv, wanted: Callable[[Quantity], bool]
) -> Iterator[tuple[Quantity, str]]:
    for quantity in one.quantities:
        for name in example.called(quantity):
            if wanted(quantity) and table.at(name) >= 0:
                yield quantity, name


def _middle(table: Csv) -> int:
    """Return a row that is neither first nor last, of more than two."""
    return len(table.rows) // 2


# --- what changes no meaning ---


@trap("table", "same", "refused")
def rows_reversed(folder, one, example):
    for path, table in _files(folder, one, example):
        if len(table.rows) > 1:
            yield _broken(path, Csv(table.header, table.rows[::-1]), "rows reversed")


@trap("table", "same", "refused")
def columns_reversed(folder, one, example):
    for path, table in _files(folder, one, example):
        turned = Csv(table.header[::-1], tuple(row[::-1] for row in table.rows))
        yield _broken(path, turned, "columns reversed")


@trap("table", "same")
def byte_order_mark(folder, one, example):
    for path, table in _files(folder, one, example):
        yield _text(path, table, "begins with a byte order mark", before="\ufeff")


@trap("table", "same")
def lines_of_windows(folder, one, example):
    for path, table in _files(folder, one, example):
        yield _text(path, table, "lines end in CR LF", newline="\r\n")


@trap("table", "same", "refused")
def row_numbers_without_name(folder, one, example):
    """As R's write.csv and pandas' to_csv put them first, with an empty header."""
    for path, table in _files(folder, one, example):
        for header in ("", '""', "Unnamed: 0"):
            rows = tuple((str(i), *row) for i, row in enumerate(table.rows, start=1))
            yield _broken(path, Csv((header, *table.header), rows), f"row numbers in {header!r}")


@trap("table", "same", "refused")
def empty_columns_at_the_end(folder, one, example):
    for path, table in _files(folder, one, example):
        rows = tuple((*row, "") for row in table.rows)
        yield _broken(path, Csv((*table.header, ""), rows), "an empty column at the end")


@trap("table", "same")
def another_column_of_words(folder, one, example):
    for path, table in _files(folder, one, example):
        rows = tuple((*row, "a remark") for row in table.rows)
        yield _broken(path, Csv((*table.header, "remark"), rows), "a column of remarks at the end")


@trap("table", "same")
def units_respelled(folder, one, example):
    for path, table in _files(folder, one, example):
        for _, name in _columns(one, example, table, lambda q: True):
            for unit in respelled(table.unit(name)):
                yield _broken(path, table.with_unit(name, unit), f"{name} in {unit!r}", name)


@trap("table", "same")
def values_rescaled_with_their_unit(folder, one, example):
    for path, table in _files(folder, one, example):
        for _, name in _columns(one, example, table, lambda q: True):
            for unit, factor, offset in rescaled(table.unit(name)):
                other = table.scaled(name, factor, offset).with_unit(name, unit)
                yield _broken(path, other, f"{name} in {unit!r}", name)


@trap("table", "same")
def places_spelled_otherwise(folder, one, example):
    """Columns of places, area among them, in the usual other spellings; never dropped."""
    spellings = {
        "latitude": ("lat", "Lat", "latitude", "Latitude", "LAT", "lat_deg", "decimalLatitude"),
        "longitude": ("lon", "Lon", "long", "longitude", "Longitude", "LON", "Long", "lon_deg"),
        "area": ("area", "Area", "AREA", "cell_area", "land area"),
    }
    for path, table in _files(folder, one, example):
        for quantity, name in _columns(one, example, table, lambda q: q.role in spellings):
            unit = f" [{table.unit(name)}]" if table.unit(name) else ""
            for other in spellings[quantity.role]:
                if other != name:
                    renamed = table.renamed(table.at(name), f"{other}{unit}")
                    yield _broken(path, renamed, f"{name} called {other}", name, other)


@trap("table", "same", "refused")
def longitudes_in_the_other_convention(folder, one, example):
    for path, table in _files(folder, one, example):
        for _, name in _columns(one, example, table, lambda q: q.role == "longitude"):
            turned = table
            for row in range(len(table.rows)):
                if not tables.is_number(table.cell(row, name)):
                    continue
                lon = float(table.cell(row, name))
                other = lon + 360 if lon < 0 else lon - 360 if lon > 180 else lon
                turned = turned.put(row, name, repr(other))
            if turned != table:
                yield _broken(path, turned, f"{name} in the other convention", name)


@trap("table", "same")
def areas_with_their_unit_in_the_name(folder, one, example):
    for path, table in _files(folder, one, example):
        for _, name in _columns(one, example, table, lambda q: q.role == "area"):
            if table.unit(name) == "m2":
                other = table.scaled(name, 1e-6, 0.0).renamed(table.at(name), "area_km2")
                yield _broken(path, other, f"{name} called area_km2", name, "area_km2")


# --- what destroys meaning ---


@trap("table", "refused")
def text_of_another_kind(folder, one, example):
    """Refused in plain words, once: no line of such a file is looked at."""
    for path, table in _files(folder, one, example):
        for encoding in ("utf-16", "utf-16-le"):
            yield _text(path, table, f"is {encoding}", encoding=encoding)
        if len(table.header) > 1:
            yield _text(path, table, "has semicolons", comma=";")


@trap("table", "refused")
def rows_with_names_of_r(folder, one, example):
    """As R's write.table has them: a cell before each row, and none before the header."""
    for path, table in _files(folder, one, example):
        rows = tuple((f'"{i}"', *row) for i, row in enumerate(table.rows, start=1))
        named = Csv(table.header, rows)
        yield _broken(path, named, "rows have names", "row names?", "row.names = FALSE")
        if not any(" " in cell for row in (table.header, *rows) for cell in row):
            yield _text(path, named, "rows have names, with blanks", comma=" ")


def _each_cell(folder, one, example, texts, roles):
    for path, table in _files(folder, one, example):
        row = _middle(table)
        for quantity, name in _columns(one, example, table, lambda q: q.role in roles):
            if tables.is_number(table.cell(row, name)):
                # What numbers rows is noticed where the next row does not follow.
                line = None if quantity.role in ("row", "time") else row + 2
                spare = quantity.gaps != "refused"
                real = REAL if "per mil" in quantity.units else ()
                for text in (text for text in texts if text not in real):
                    said = f"{name} of line {row + 2} is {text!r}"
                    yield _broken(
                        path, table.put(row, name, text), said, name, line=line, spare=spare
                    )


NUMBERS = ("driver", "fraction", "area", "latitude", "longitude", "class", "row", "observation",
           "depth", "time")  # fmt: skip
DRAWN = ("driver", "observation")
VALUES = ("driver", "fraction", "area", "observation")


@trap("table", "refused", "noted")
def fill_values(folder, one, example):
    yield from _each_cell(folder, one, example, FILLS, NUMBERS)


@trap("table", "refused", "noted")
def fill_values_out_of_range(folder, one, example):
    """What is real of permil and degrees east stands for "no value" where it cannot be."""
    yield from _each_cell(folder, one, example, ("-99", "-999"), VALUES)


@trap("table", "refused", "noted")
def gaps(folder, one, example):
    yield from _each_cell(folder, one, example, GAPS, VALUES)


@trap("table", "refused")
def words_for_numbers(folder, one, example):
    yield from _each_cell(folder, one, example, ("?", "1,5".replace(",", ";")), NUMBERS)


@trap("table", "refused")
def numbers_of_programmers(folder, one, example):
    """3_0 is not 30 in any table, though Python reads it so."""
    yield from _each_cell(folder, one, example, ("1_0",), VALUES)


@trap("table", "refused", "noted")
def impossible_latitudes(folder, one, example):
    yield from _each_cell(folder, one, example, ("95", "-91"), ("latitude",))


@trap("table", "refused", "noted")
def impossible_longitudes(folder, one, example):
    yield from _each_cell(folder, one, example, ("400", "-200"), ("longitude",))


@trap("table", "refused", "noted")
def negative_areas(folder, one, example):
    yield from _each_cell(folder, one, example, ("-5e10", "1e16"), ("area",))


@trap("table", "refused")
def units_left_out(folder, one, example):
    for path, table in _files(folder, one, example):
        for quantity, name in _columns(one, example, table, lambda q: q.said.startswith("file")):
            if table.unit(name):
                broken = _broken(path, table.with_unit(name, ""), f"{name} without its unit", name)
                yield settled(broken) if quantity.role == "area" else broken


@trap("table", "refused")
def units_of_another_dimension(folder, one, example):
    for path, table in _files(folder, one, example):
        for _, name in _columns(one, example, table, lambda q: q.role in ("driver", "area")):
            if table.unit(name):
                unit = foreign(table.unit(name))
                yield _broken(path, table.with_unit(name, unit), f"{name} in {unit!r}", name)


@trap("table", "refused", "noted")
def a_row_twice(folder, one, example):
    for path, table in _files(folder, one, example):
        rows = (*table.rows, table.rows[_middle(table)])
        yield _broken(path, Csv(table.header, rows), "a row is there again at the end")


@trap("table", "refused", "noted")
def a_short_row(folder, one, example):
    for path, table in _files(folder, one, example):
        row = _middle(table)
        rows = [*table.rows]
        needed = max((table.at(n) for _, n in _columns(one, example, table, lambda q: True)))
        rows[row] = rows[row][:needed]
        yield _broken(path, Csv(table.header, tuple(rows)), "a row is short", line=row + 2)


@trap("table", "refused")
def a_column_twice(folder, one, example):
    for path, table in _files(folder, one, example):
        for _, name in _columns(one, example, table, lambda q: q.role in DRAWN):
            at = table.at(name)
            rows = tuple((*row, "7" + row[at]) for row in table.rows)
            other = Csv((*table.header, table.header[at]), rows)
            yield _broken(path, other, f"{name} is there twice, with other numbers", name)


@trap("table", "refused")
def a_column_left_out(folder, one, example):
    for path, table in _files(folder, one, example):
        for _, name in _columns(one, example, table, lambda q: q.needed):
            at = table.at(name)
            rows = tuple(row[:at] + row[at + 1 :] for row in table.rows)
            other = Csv(table.header[:at] + table.header[at + 1 :], rows)
            # By position it is the rows that are too short.
            words = (name, *_kernel_words(example)) if _by_name(one) else ()
            yield _broken(path, other, f"no column {name}", *words)


@trap("table", "refused", "noted")
def a_time_left_out(folder, one, example):
    """A year or month in the middle of a series."""
    for path, table in _files(folder, one, example):
        times = list(_columns(one, example, table, lambda q: q.role == "time"))
        if times and (order := one.order("rows")) and set(order.by) & {"year", "month"}:
            row = _middle(table)
            rows = table.rows[:row] + table.rows[row + 1 :]
            yield _broken(path, Csv(table.header, rows), f"line {row + 2} left out")


def _by_name(one: Input) -> bool:
    columns = one.order("columns")
    return columns is not None and columns.by != ()


def _kernel_words(example: Example) -> tuple[str, ...]:
    return tuple(need.name for need in example.needs)


@trap("table", "refused")
def cut_in_the_middle_of_a_row(folder, one, example):
    for path, table in _files(folder, one, example):
        lines = [",".join(cells) for cells in (table.header, *table.rows)]
        last = re.sub(r",[^,]*,[^,]*$", "", lines[-1])
        if last != lines[-1]:
            text = "\n".join([*lines[:-1], last])
            yield Broken(
                f"{path.name}: cut", path, lambda path=path, text=text: tables.write(path, text)
            )
