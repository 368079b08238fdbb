"""What stands at the places of CLM history files: class, texture, water contents."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from kernels import F8, I8
from scenarios.forcing.clm.file import History, is_land
from scenarios.forcing.clm.levels import SPATIAL, by_level, levels_of
from scenarios.forcing.clm.soil import field_capacity, saturation, wilting_point
from scenarios.forcing.common.cell_edges import Lattice, edges, grid_of_places
from scenarios.forcing.common.checks import Findings, digest, not_a_file
from scenarios.forcing.common.file_units import unit_said
from scenarios.forcing.common.netcdf import numbers
from scenarios.forcing.testbed_files.grid import Grid, Skipped, load_grid
from scenarios.paths import placed
from scenarios.problems import Problem
from scenarios.units import convert, ranged, same

SURFACE = ("PCT_SAND", "PCT_CLAY")
"""Variables of a surface data file."""


@dataclass(frozen=True)
class Column:
    """Places that are taken, (L,).

    ``at`` is their number among those of the file; ``places`` are columns of locations.
    """

    names: tuple[str, ...]
    at: I8
    places: dict[str, F8]
    pft: I8
    latitude: F8
    sand: F8
    clay: F8
    silt: F8
    wilting: F8
    field: F8
    saturation: F8
    told: dict[str, Any]

    @property
    def lasting(self) -> dict[str, F8]:
        """Return the drivers that are properties of a place."""
        properties = {name: getattr(self, name) for name in ("latitude", "sand", "clay", "silt")}
        return {"pft": self.pft.astype(np.float64), **properties, "porosity": self.saturation}


class Words(Protocol):
    """What of a scenario says where the history is from."""

    @property
    def pft(self) -> int | None:
        """IGBP class."""

    @property
    def texture(self) -> Any:
        """Sand and clay."""

    @property
    def surface(self) -> str:
        """Surface data file."""

    @property
    def grid(self) -> str:
        """Table of the testbed."""

    @property
    def soil(self) -> str:
        """Table of the testbed."""

    @property
    def units(self) -> Mapping[str, str]:
        """Of variables."""


def columns_of(words: Words, history: History, base: Path, findings: Findings) -> Column:
    """Return the places of a history that have land and plants; raise where there are none."""
    if words.grid:
        return _of_tables(words, history, base, findings)
    land = np.flatnonzero(is_land(history))
    if not land.size:
        findings.fatal("places", Problem("has no value anywhere", file=str(history.path)))
    for name, of_places in history.places.items():
        for i in map(int, land[~np.isfinite(of_places[land])]):
            where = f"variable {name!r}, place {i + 1} of the file"
            text = "is missing, and the place has values; needed a number"
            findings.add("places", Problem(text, where, str(history.path)))
    n = land.size
    told: dict[str, Any] = {"places_without_values": int(np.prod(history.shape)) - n}
    if words.texture is not None:
        sand, clay = np.full(n, words.texture.sand), np.full(n, words.texture.clay)
    else:
        sand, clay, surface = _surface(
            placed(base, words.surface, "forcing.surface"), words.units, history, land, findings
        )
        told["surface"] = surface
    silt = 1 - sand - clay
    full = _saturation(history, sand, land)
    wet = np.minimum(field_capacity(sand, clay), full)
    lat = history.places.get("lat", np.zeros(0))
    if not lat.size:
        text = "has no variable 'lat'; needed the latitude of every place"
        findings.fatal("places", Problem(text, file=str(history.path)))
    places = {name: values[land] for name, values in history.places.items()}
    if (lattice := _lattice(history)) is not None:
        places |= edges(lattice, *np.divmod(land, lattice.lon.size))
    pft = np.full(n, words.pft, dtype=np.int64)
    places["pft"] = pft.astype(np.float64)
    names = tuple(f"cell_{i + 1}" for i in land)
    dry = wilting_point(sand, clay, silt, wet)
    return Column(names, land, places, pft, lat[land], sand, clay, silt, dry, wet, full, told)


def _lattice(history: History) -> Lattice | None:
    """Return the grid of a history; None of single columns."""
    if not {"lat", "lon"} <= history.places.keys():
        return None
    return grid_of_places(history.places["lat"], history.places["lon"], history.shape)


def _saturation(history: History, sand: F8, land: I8) -> F8:
    """Return saturation over all soil levels, from the file if it says, else of mineral soil."""
    ground = history.ground
    if "saturation" not in ground or "thickness" not in ground:
        return saturation(sand)
    soil = {15: 10, 25: 20}.get(ground["levels"], ground["levels"])
    levels, thickness = ground["saturation"][:soil], ground["thickness"][:soil]
    at = land if levels.shape[1] == int(np.prod(history.shape)) else np.zeros_like(land)
    return np.asarray(np.average(levels[:, at], axis=0, weights=thickness))


def _surface(
    path: Path,
    units: Mapping[str, str],
    history: History,
    land: I8,
    findings: Findings,
) -> tuple[F8, F8, dict[str, Any]]:
    """Return sand and clay, fractions, means of the levels of a surface data file."""
    import netCDF4

    text = not_a_file(path, "a surface data file of CLM")
    fractions: dict[str, F8] = {}
    if not text:
        try:
            with netCDF4.Dataset(path) as dataset:
                for name in SURFACE:
                    fractions[name] = _fraction(dataset[name], name, units).mean(axis=0)
                text = next(_of_other_places(dataset, history), "")
        except ValueError as error:
            text = str(error)
        except (OSError, RuntimeError, IndexError, KeyError) as error:
            text = f"cannot be read ({error}); needed PCT_SAND and PCT_CLAY (levels, ...)"
    places = int(np.prod(history.shape))
    if not text and fractions["PCT_SAND"].size not in (1, places):
        text = f"has {fractions['PCT_SAND'].size} places and the history {places}; needed the same"
    if not text and np.nanmax(sum(fractions.values())) > 1 + 1e-3:
        text = "has places of more than 100 % sand and clay"
    if text:
        findings.fatal("files", Problem(text, file=str(path)))
    at_land = {name: np.broadcast_to(v, (places,))[land] for name, v in fractions.items()}
    for name, values in at_land.items():
        for i in map(int, land[~np.isfinite(values)]):
            where = f"variable {name!r}, place {i + 1}"
            text = "is missing, and the history has values there; needed a number"
            findings.add("places", Problem(text, where, str(path)))
    findings.raise_all()
    return at_land["PCT_SAND"], at_land["PCT_CLAY"], digest(path.name, path.read_bytes())


def _of_other_places(dataset: Any, history: History) -> Iterator[str]:
    """Yield what places of a surface data file are not those of the history, if it has many."""
    for name, place in (("LATIXY", "lat"), ("LONGXY", "lon")):
        if name not in dataset.variables or place not in history.places:
            continue
        variable = dataset[name]
        dims = [dim for dim in SPATIAL if dim in variable.dimensions]
        order = [variable.dimensions.index(dim) for dim in dims]
        degrees = numbers(variable, (-99.0,)).transpose(order).reshape(-1)
        needed = history.places[place]
        if degrees.size > 1 and degrees.size == needed.size:
            off = (degrees - needed + 180.0) % 360.0 - 180.0
            for i in np.flatnonzero(np.abs(off) > 0.01)[:1]:
                text = f"has {name} {degrees[i]:g} where the history has {place} {needed[i]:g}"
                yield f"{text}; needed the same places in the same order"


def _elsewhere(history: History, grid: Grid, at: I8) -> Iterator[str]:
    """Yield cells whose row and column in the history are another place than in the tables."""
    for name, needed in (("lat", grid.lat), ("lon", grid.lon)):
        if name not in history.places:
            yield f"has no variable {name!r}; needed it to find the cells of the tables"
            continue
        degrees = history.places[name][at]
        # Tables have two decimals, and count longitudes from 0 or from -180.
        off = (degrees - needed + 180.0) % 360.0 - 180.0
        for i in np.flatnonzero(~(np.abs(off) <= 0.01)):
            yield f"{name} is {degrees[i]:g} where the tables have {grid.said(int(i))}"


def _fraction(variable: Any, name: str, units: Mapping[str, str]) -> F8:
    """Return sand or clay, (levels, places), as a fraction; percent, where no unit says more."""
    values = numbers(variable)
    if not np.isfinite(values).any():
        raise ValueError(f"variable {name!r} has no value anywhere")
    unit = unit_said(name, variable, units)
    # CLM writes 'unitless' beside percent.
    percent = not unit or (name not in units and same(unit, "1"))
    fractions = convert(values, "percent" if percent else unit, "1")
    most, least = np.nanmax(fractions), np.nanmin(fractions)
    if not 0 <= least <= most <= 1 or (percent and most <= 0.01):
        text = f"variable {name!r}: found {ranged(np.nanmin(values), np.nanmax(values))}, taken in "
        text += f"{'percent' if percent else unit!r}; needed 0 to 100 %"
        raise ValueError(f"{text}: say units: {{{name}: fraction}} or percent")
    levels = levels_of(variable)
    if len(levels) != 1:
        dims = ", ".join(variable.dimensions)
        raise ValueError(f"variable {name!r} has dimensions ({dims}); needed levels and places")
    return by_level(variable, levels[0], fractions)


def _of_tables(words: Words, history: History, base: Path, findings: Findings) -> Column:
    """Return cells of the testbed's tables; the history must be on their grid."""
    grid, digests = load_grid(
        placed(base, words.grid, "forcing.grid"), placed(base, words.soil, "forcing.soil"), findings
    )
    skipped = Skipped()
    grid = skipped.not_simulated(grid)
    shape = history.shape
    if len(shape) != 2 or (grid.row >= shape[0]).any() or (grid.column >= shape[1]).any():
        text = f"has places {shape}; needed (lat, lon) that hold every cell of {words.grid}"
        findings.fatal("places", Problem(text, file=str(history.path)))
    at = grid.row * shape[1] + grid.column
    for text in _elsewhere(history, grid, at):
        findings.add("places", Problem(text, file=str(history.path)))
    empty = ~is_land(history)[at]
    for i in np.flatnonzero(empty):
        text = f"has no value in {grid.said(int(i))} (ocean?), which {Path(words.grid).name} has"
        findings.add("places", Problem(text, file=str(history.path)))
    findings.raise_all()
    places = dict(grid.locations(_lattice(history)).columns)
    return Column(
        grid.names, at, places, grid.pft, grid.lat, grid.sand, grid.clay, grid.silt, grid.wilting,
        grid.field, grid.saturation,
        {"cells_left_out": skipped.counts, "tables": digests},
    )  # fmt: skip
