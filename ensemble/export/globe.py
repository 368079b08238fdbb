"""Cells of a run on all rows and columns of the globe."""

from dataclasses import dataclass

import numpy as np

from ensemble.errors import PlanError
from kernels import F8, I8
from scenarios.grids import cell_areas

_ALIKE = 1e-4
"""Degrees by which two rows, or the edges of neighbours, may differ and be the same."""


@dataclass(frozen=True)
class Globe:
    """Rows and columns, and where the cells of a run stand.

    Attributes
    ----------
    lat, lon : ndarray, shape (rows,) and (columns,), float64
        From the south, and eastward.
    lat_bounds, lon_bounds : ndarray, shape (n, 2)
    row, column : ndarray of int64, shape (L,)
    """

    lat: F8
    lon: F8
    lat_bounds: F8
    lon_bounds: F8
    row: I8
    column: I8

    def place(self, values: F8, fill: float) -> F8:
        """Return values of cells, (..., L), on rows and columns, (..., rows, columns)."""
        found = np.full((*values.shape[:-1], self.lat.size, self.lon.size), fill)
        found[..., self.row, self.column] = values
        return found

    @property
    def areas(self) -> F8:
        """Return the area of every cell, (rows, columns), m2."""
        return cell_areas(self.lat_bounds[:, np.newaxis], self.lon_bounds[np.newaxis])


def globe_of(south: F8, north: F8, west: F8, east: F8) -> Globe:
    """Return the rows and columns on which cells stand, and those that no cell is in.

    Between them, to the poles and around the circle, lie as many even ones as their height has room
    for: programs want to know of the whole Earth that there is nothing.

    Raises
    ------
    PlanError
        Cells overlap: they are not of one grid.
    """
    row, rows = _lines(south, north)
    column, columns = _lines(west % 360.0, west % 360.0 + (east - west))
    lat, at_row = _filled(rows, -90.0, 90.0)
    lon, at_column = _filled(columns, float(columns[0, 0]), float(columns[0, 0]) + 360.0)
    return Globe(lat.mean(axis=1), lon.mean(axis=1), lat, lon, at_row[row], at_column[column])


def _lines(low: F8, high: F8) -> tuple[I8, F8]:
    """Return of which distinct line each cell is, and the edges of these, (n, 2), in order."""
    keys = np.round(low / _ALIKE).astype(np.int64)
    _, first, line = np.unique(keys, return_index=True, return_inverse=True)
    edges = np.stack([low[first], high[first]], axis=1)
    if (edges[1:, 0] < edges[:-1, 1] - 2 * _ALIKE).any() or not np.allclose(
        high, edges[line, 1], rtol=0, atol=2 * _ALIKE
    ):
        raise PlanError(
            "cells overlap: they are not of one grid of rows and columns, as --for ilamb needs"
        )
    return np.asarray(line, dtype=np.int64), edges


def _filled(edges: F8, first: float, last: float) -> tuple[F8, I8]:
    """Return lines from first to last without a gap, and where the given ones stand."""
    size = float(np.median(np.diff(edges, axis=1)))
    found, at, end = list[tuple[float, float]](), [], first
    for low, high in [*edges.tolist(), (last, last)]:
        room = low - end
        if room > 10 * _ALIKE:
            cuts = np.linspace(end, low, max(1, round(room / size)) + 1)
            found += list(zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True))
        if high > low:
            at.append(len(found))
            found.append((low if room > 10 * _ALIKE else end, high))
            end = high
    return np.array(found), np.array(at, dtype=np.int64)
