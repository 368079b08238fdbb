"""Regions of records: classes of a map, or zones of latitude where there is none."""

import numpy as np

from ensemble.members.benchmarks._contract import Task
from ensemble.members.benchmarks.parts.classes import class_map, regions_of
from kernels import F8, I8

LATITUDE = "latitude"

ZONES = ("low_latitudes", "middle_latitudes", "high_latitudes")
EDGES = (23.5, 50.0)
"""Degrees from the equator."""


def regions(task: Task, name: str, lat: F8, lon: F8) -> tuple[tuple[str, ...], I8]:
    """Return the names of regions that have a point, and the region of each point.

    Parameters
    ----------
    task : Task
    name : str
        Of a map of ``classes:``, or ``latitude``.
    lat, lon : ndarray, shape (n,), float64

    Raises
    ------
    ScenarioError
        There is no map of that name.
    """
    if name != LATITUDE or name in task.classes:
        return regions_of(class_map(task, name, "regions"), lat, lon)
    there, region = np.unique(np.searchsorted(EDGES, np.abs(lat), "right"), return_inverse=True)
    return tuple(ZONES[k] for k in there), region
