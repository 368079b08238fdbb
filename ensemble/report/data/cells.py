"""What the figures read cell by cell: a cell is one location under one forcing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from ensemble.tables.results import Results
from kernels import F8
from scenarios.outputs import array_names
from scenarios.units import factor

T = TypeVar("T")


@dataclass(frozen=True)
class Cell:
    """A location under a forcing, and what it is called where others stand beside it."""

    forcing: int
    place: int
    name: str

    @property
    def at(self) -> tuple[int, int]:
        """Return the index into arrays (forcing, location, ...)."""
        return self.forcing, self.place


def all_cells(results: Results) -> list[Cell]:
    """Return every cell, forcing slowest."""
    many, places = len(results.forcings) > 1, len(results.locations) > 1
    cells = []
    for f, forcing in enumerate(results.forcings):
        for place, location in enumerate(results.locations):
            parts = [location] * (places or not many) + [forcing] * many
            cells.append(Cell(f, place, ", ".join(parts)))
    return cells


def kind(results: Results) -> str:
    """Return what the cells are, in words: locations, where they alone are several."""
    if len(results.forcings) == 1:
        return "locations"
    return "forcings and locations" if len(results.locations) > 1 else "forcings"


def evenly(items: Sequence[T], most: int) -> list[T]:
    """Return at most so many items at equal distances, ends included."""
    if len(items) <= most:
        return list(items)
    step = -(-(len(items) - 1) // (most - 1))
    if (len(items) - 1) % step == 0:
        return list(items[::step])
    picked = np.unique(np.round(np.linspace(0, len(items) - 1, most)).astype(int))
    return [items[k] for k in picked.tolist()]


def of_members(results: Results, path: str, cell: Cell) -> F8:
    """Return what the store holds of the members of a cell, (..., sample); NaN where unknown.

    An output (forcing, location, ..., sample), or a parameter, which may lack the first two.
    """
    spec, (forcings, locations, samples) = results.store.specs[path], results.grid.axes
    if "forcing" in spec.dims and "location" in spec.dims:
        out = np.full(spec.shape[2:], np.nan)
        f, own = divmod(cell.forcing, forcings.length)
        block, inside = divmod(cell.place, locations.length)
        for s in range(samples.blocks):
            chunk = results.chunk(path, (f, block, s))
            if chunk is not None:
                out[..., samples.span(s)] = chunk[own, inside]
        return out
    index = {"forcing": cell.forcing, "location": cell.place}
    whole = results.whole(path)
    return np.asarray(whole[tuple(index.get(dim, slice(None)) for dim in spec.dims)])


def layers_of(results: Results, dims: Sequence[str]) -> F8 | None:
    """Return upper and lower ends (k, 2) in cm of what has layers and no other dimension."""
    specs = results.store.specs
    if len(dims) != 1 or f"{dims[0]}_bounds" not in specs:
        return None
    try:
        scale = factor(str(specs[dims[0]].attrs.get("units", "")), "cm")
    except ValueError:
        return None
    bounds = np.asarray(results.whole(f"{dims[0]}_bounds") * scale)
    return bounds if np.isfinite(bounds).all() else None


def outputs_on_layers(results: Results) -> dict[str, F8]:
    """Return the layers (k, 2) of every output whose members are stored with them alone."""
    layers = {}
    for name in array_names(results.store.attrs["identity"]["scenario"]["outputs"]):
        spec = results.store.specs.get(name)
        bounds = layers_of(results, spec.dims[2:-1]) if spec else None
        if bounds is not None:
            layers[name] = bounds
    return layers
