"""Join the location table of a scenario to the locations of its forcings."""

import csv
from pathlib import Path

import numpy as np

from scenarios._problems import Problem, ScenarioError, nearest
from scenarios._yaml import read_text
from scenarios.forcing import Locations
from scenarios.spec import LocationTable


def join(locations: Locations, table: LocationTable, base: Path) -> Locations:
    """Return the locations with the table's numeric columns added.

    Raises
    ------
    ScenarioError
        No such file or key, a location without a row, a value that is not a number; all.
    """
    file = base / table.table
    lines = read_text(file).splitlines()
    reader = csv.DictReader(lines)
    fields = list(reader.fieldnames or ())
    if table.key not in fields:
        text = f"has no column {table.key!r}{nearest(table.key, fields)}"
        raise ScenarioError([Problem(text, file=str(file), line=1)])
    rows = {row[table.key]: (row, i) for i, row in enumerate(reader, start=2)}
    problems = [
        Problem(f"has no row for location {name!r}; add one", file=str(file))
        for name in locations.names
        if name not in rows
    ]
    columns = dict(locations.columns)
    for field in fields:
        if field == table.key or problems:
            continue
        values = np.empty(len(locations.names))
        for k, name in enumerate(locations.names):
            row, line = rows[name]
            try:
                values[k] = float(row[field])
            except (TypeError, ValueError):
                text = f"found {row[field]!r}; needed a number"
                place = f"column {field!r}, location {name!r}"
                problems.append(Problem(text, place, str(file), line))
        columns[field] = values
    if problems:
        raise ScenarioError(problems)
    return Locations(locations.names, columns)
