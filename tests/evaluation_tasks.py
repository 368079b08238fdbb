"""What benchmarks are prepared for, small, and scores of whole outputs as blocks add them up."""

import numpy as np

from ensemble.members.benchmarks import Asked, Task
from ensemble.members.evaluation.sums import of_outputs
from ensemble.members.in_time import Steps
from kernels import Variable
from scenarios.forcing import Locations
from scenarios.grids import grid_of
from scenarios.observations import ClassMap, SiteRecords

DAYS = np.arange(1, 366)


def output(units="g C m-2 d-1", *, years=(), daily=False):
    """Return an output ``rh`` of a steady state, of years or of their days."""
    variable = Variable("rh", units, "respiration", ("time",) if len(years) else ())
    if not len(years):
        return Asked(variable, None)
    years = np.array(years)
    if not daily:
        return Asked(variable, Steps(years, np.array([], np.int64)))
    return Asked(variable, Steps(np.repeat(years, 365), np.tile(DAYS, len(years))))


def task(benchmark, asked, places, observed, **more):
    """Return what a benchmark of ``rh`` is prepared for."""
    return Task(benchmark, {"rh": asked}, places, observed, **more)


def points(lat, lon, **columns):
    """Return locations that are points."""
    named = {k: np.array(v, float) for k, v in {"lat": lat, "lon": lon, **columns}.items()}
    return Locations(tuple("abcdefgh"[: len(lat)]), named)


def cells(lat, lon, there, **columns):
    """Return the cells of a grid of these middles that are ``there``, (rows, columns)."""
    grid = grid_of(lat, lon)
    row, column = np.nonzero(there)
    named = {"lat": lat[row], "lon": lon[column]}
    named |= dict(zip(("lat_south", "lat_north"), grid.lat_bounds[row].T, strict=True))
    named |= dict(zip(("lon_west", "lon_east"), grid.lon_bounds[column].T, strict=True))
    return Locations(tuple(f"cell{k}" for k in range(len(row))), {**named, **columns})


def records(values, lat, lon, year, day, study=None, span="day", units="g C m-2 d-1"):
    """Return records of sites."""
    n = len(values)
    day = np.array(day, float)
    return SiteRecords(
        units=units,
        values=np.array(values, float),
        lat=np.array(lat, float),
        lon=np.array(lon, float),
        year=np.array(year, float),
        month=np.clip(np.ceil(day / 30.5), 1, 12),
        day=day,
        study=np.array(["one"] * n if study is None else study),
        span=span,
        line=np.arange(2, n + 2),
    )


def halves(west, east):
    """Return a map of two classes, west and east of the meridian of Greenwich."""
    grid = grid_of(np.array([-45.0, 45.0]), np.array([-90.0, 90.0]))
    return ClassMap(units="", grid=grid, codes=np.array([[0, 1], [0, 1]]), names={0: west, 1: east})


def scores(benchmark, spec, about, values):
    """Return what was prepared and the scores of values (l, t, s) of ``rh``."""
    prepared = benchmark.prepare(spec, about)
    sums = of_outputs(prepared, {"rh": np.asarray(values, float)})
    return prepared, benchmark.score(spec, prepared, sums)
