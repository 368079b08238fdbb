"""A list of cells as a grid: rows and columns by their latitudes and longitudes."""

import numpy as np

from kernels import F8, I8
from scenarios.forcing.common.checks import Findings
from scenarios.forcing.common.nearest_cells import wrapped
from scenarios.grids import Grid, column_bounds, row_bounds
from scenarios.problems import Problem

TENTH = 0.1
"""Part of a step by which a middle may lie beside its row or column."""


def on_grid(lat: F8, lon: F8, codes: I8, file: str, findings: Findings) -> tuple[Grid, I8]:
    """Return the grid on which cells lie, south to north and from the west, and their codes on it.

    Parameters
    ----------
    lat, lon : ndarray, shape (n,), float64
        Middles, degrees.
    codes : ndarray, shape (n,), int64
    file : str
        For messages.
    findings : Findings

    Returns
    -------
    grid : Grid
    codes : ndarray, shape (rows, columns), int64
        -1 where there is no cell.

    Raises
    ------
    ScenarioError
        Middles are not evenly apart, out of range, or two cells are one.
    """
    if (np.abs(lat) > 90).any() or (lon < -180).any() or (lon > 360).any():
        at = int(np.flatnonzero((np.abs(lat) > 90) | (lon < -180) | (lon > 360))[0])
        text = f"found a cell at {lat[at]:g}, {lon[at]:g}; needed degrees north and east"
        findings.fatal("bad places", Problem(text, file=file))
    rows, row = _line(lat, "latitudes", file, findings)
    columns, column = _line(wrapped(lon), "longitudes", file, findings)
    table = np.full((rows.size, columns.size), -1, dtype=np.int64)
    seen = np.zeros(table.shape, dtype=np.int64)
    np.add.at(seen, (row, column), 1)
    if (seen > 1).any():
        i, j = np.argwhere(seen > 1)[0]
        text = f"cell {rows[i]:g}, {columns[j]:g} is there {seen[i, j]} times; needed each once"
        findings.fatal("repeated cells", Problem(text, file=file))
    table[row, column] = codes
    return Grid(rows, columns, row_bounds(rows), column_bounds(columns)), table


def _line(values: F8, what: str, file: str, findings: Findings) -> tuple[F8, I8]:
    """Return all middles between the first and the last, and where each value stands."""
    unlike = np.unique(np.round(values, 6))
    steps = np.diff(unlike)
    if not steps.size:
        text = f"has one of {what}, {unlike[0]:g}; needed a grid"
        findings.fatal("grids", Problem(text, file=file))
    step = float(steps.min())
    at = (values - unlike[0]) / step
    place = np.rint(at).astype(np.int64)
    if np.abs(at - place).max() > TENTH:
        worst = int(np.abs(at - place).argmax())
        text = f"{what} are {step:g} apart and {values[worst]:g} is between two; needed a grid"
        findings.fatal("grids", Problem(text, file=file))
    middles = unlike[0] + step * np.arange(place.max() + 1, dtype=np.float64)
    return middles, place
