"""Classes of points on a map of classes."""

import numpy as np

from ensemble.members.benchmarks._contract import Task, refused
from kernels import F8, I8
from scenarios import nearest
from scenarios.forcing.common.nearest_cells import distances
from scenarios.grids import Grid
from scenarios.observations import ClassMap


def class_map(task: Task, name: str, word: str) -> ClassMap:
    """Return a map of ``classes:`` by name; ``word`` is where the benchmark says it.

    Raises
    ------
    ScenarioError
        There is none of that name.
    """
    if name not in task.classes:
        text = f"no map of classes {name!r}{nearest(name, task.classes)}"
        text += "; needed evaluation.classes: {" + name + ": {reader: koeppen_classes, path: FILE}}"
        raise refused(task, text, word)
    found: ClassMap = task.classes[name]
    return found


def at_points(classes: ClassMap, lat: F8, lon: F8) -> I8:
    """Return the code of each point, of the nearest cell that has one where its own has none.

    Parameters
    ----------
    classes : ClassMap
        With a class somewhere.
    lat, lon : ndarray, shape (n,), float64
        Degrees north and east.

    Returns
    -------
    ndarray, shape (n,), int64
    """
    grid = classes.grid
    rows, columns = in_cells(grid, lat, lon)
    there = (rows >= 0) & (columns >= 0)
    found = np.where(there, classes.codes[rows, columns], -1)
    known = np.argwhere(classes.codes >= 0)
    middles = grid.lat[known[:, 0]], grid.lon[known[:, 1]]
    for k in np.flatnonzero(found < 0):
        far = distances(float(lat[k]), float(lon[k]), *middles)
        found[k] = classes.codes[tuple(known[far.argmin()])]
    return found


def regions_of(classes: ClassMap, lat: F8, lon: F8) -> tuple[tuple[str, ...], I8]:
    """Return the names of classes that have a point, in the order of the map, and that of each."""
    codes = at_points(classes, lat, lon)
    there = [code for code in classes.names if code in codes]
    place = {code: k for k, code in enumerate(there)}
    return tuple(classes.names[c] for c in there), np.array([place[c] for c in codes.tolist()])


def in_cells(grid: Grid, lat: F8, lon: F8) -> tuple[I8, I8]:
    """Return the row and the column of points, each -1 where none has it.

    A point on an edge is of the cell north or east of it.
    """
    west = grid.lon_bounds.min()
    around = (lon - west) % 360.0 + west
    return _within(grid.lat_bounds, lat), _within(grid.lon_bounds, around)


def _within(bounds: F8, values: F8) -> I8:
    """Return which of some cells (n, 2) has each value, -1 where none has."""
    order = np.argsort(bounds[:, 0])
    low, high = bounds[order].T
    at = np.minimum(np.searchsorted(low, values, side="right") - 1, len(low) - 1)
    there = (at >= 0) & (values <= high[at])
    return np.where(there, order[at], -1)
