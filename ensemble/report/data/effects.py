"""What is stored of elementary effects: importance and its parts, cell by cell."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.analysis import noise
from ensemble.report.data.cells import all_cells, kind
from ensemble.tables.responses import Analysis, of_response
from ensemble.tables.results import Results
from kernels import F8, I8

RANKED = ("theta", "mu_star", "sigma")
INDICES = (*RANKED, *(f"{name}_conf" for name in RANKED))

MOST_NOISE = 0.5
"""Share of cells that are noise above which what is left of an index would be a selection."""


@dataclass(frozen=True)
class Effects:
    """Indices of the effects on one response or output.

    Attributes
    ----------
    name, units, meaning : str
        ``units`` are those of the effects; importance has none.
    effects : tuple of str
    cells : tuple of str
        Names of those that have indices.
    without : int
        Cells that have none, or where nothing has an effect.
    kind : str
        What the cells are: locations, forcings, or both.
    indices : mapping of str to ndarray, shape (cell, effect)
        ``theta``, ``mu_star``, ``sigma``, each with ``_conf``: those that are stored; NaN where
        the ranking is noise.
    noise : mapping of str to int
        By index, in how many cells it is.
    """

    name: str
    units: str
    meaning: str
    effects: tuple[str, ...]
    cells: tuple[str, ...]
    without: int
    kind: str
    indices: Mapping[str, F8]
    noise: Mapping[str, int] = field(default_factory=dict)

    def mean(self, index: str) -> F8:
        """Return the mean over cells, (effect,); NaN where no cell has one."""
        return _over_cells(np.nanmean, self.indices[index])

    def std(self, index: str) -> F8:
        """Return the standard deviation over cells, (effect,)."""
        return _over_cells(np.nanstd, self.indices[index])

    @property
    def of(self) -> int:
        """Return how many cells the run has."""
        return len(self.cells) + self.without

    def lost(self, index: str) -> int:
        """Return the cells that have no such index, besides those where it is noise."""
        known = int(np.isfinite(self.indices[index]).any(axis=1).sum())
        return max(0, self.of - known - self.withheld(index))

    def withheld(self, index: str) -> int:
        """Return the cells whose ranking by an index is noise; all that have one, if most are."""
        held = self.noise.get(index, 0)
        return len(self.cells) if held > MOST_NOISE * len(self.cells) else held

    def half(self, index: str) -> F8:
        """Return the mean half width over cells, (effect,): the whole error, if cells err alike.

        Cells share the rows of a design, so their errors go together. NaN where none is known.
        """
        if f"{index}_conf" not in self.indices:
            return np.full(len(self.effects), np.nan)
        return self.mean(f"{index}_conf")

    def said(self, index: str) -> str:
        """Return what a caption says of cells without an index, or whose ranking is noise."""
        words = ""
        if held := self.withheld(index):
            words += (
                f" {self.name}: {held:,} of {self.of:,} {self.kind} are withheld, as their "
                "ranking is noise; the tables say why and what to do."
            )
        if lost := self.lost(index):
            words += f" {self.name}: {lost:,} of {self.of:,} {self.kind} have none, "
            words += "or do not vary."
        return words

    def order(self, index: str, most: int) -> I8:
        """Return at most so many effects that have the index, the largest mean first."""
        size = self.mean(index)
        order = np.argsort(-np.nan_to_num(size, nan=-np.inf), kind="stable")
        return order[np.isfinite(size[order])][:most]


def _over_cells(reduce: Any, values: F8) -> F8:
    with_value = np.isfinite(values).any(axis=0)
    out = np.full(values.shape[1], np.nan)
    out[with_value] = reduce(np.where(np.isfinite(values), values, np.nan)[:, with_value], axis=0)
    return out


def all_effects(results: Results, analysis: Analysis) -> Iterator[Effects]:
    """Yield the effects on every response, and every output without dimensions, that has any.

    Of the analysis, and what the run itself computed besides.
    """
    scenario = results.store.attrs["identity"]["scenario"]
    for name in dict.fromkeys([*scenario["responses"], *scenario["statistics"]]):
        labels, arrays = _of_run(results, name)
        analysed, again = _of_analysis(analysis, name)
        arrays = {**arrays, **again} if labels == analysed else again or arrays
        if arrays and (effects := _known(results, name, analysed or labels, arrays)) is not None:
            yield effects


Labelled = tuple[tuple[str, ...], dict[str, F8]]
"""Names of effects, and arrays (forcing, location, effect) by index."""


def _of_analysis(analysis: Analysis, name: str) -> Labelled:
    arrays = {k: v for k, v in of_response(analysis, name).items() if k in INDICES}
    if not arrays or "sensitivity/effect" not in analysis:
        return (), {}
    return tuple(map(str, analysis["sensitivity/effect"][1])), arrays


def _of_run(results: Results, name: str) -> Labelled:
    specs, dims = results.store.specs, ("forcing", "location", "effect")
    paths = {index: f"statistics/{name}_{index}" for index in INDICES}
    there = {k: p for k, p in paths.items() if p in specs and specs[p].dims == dims}
    if not there or "statistics/effect" not in specs:
        return (), {}
    labels = results.store.read_strings("statistics/effect")
    return labels, {index: results.cells(path) for index, path in there.items()}


def _known(
    results: Results, name: str, labels: tuple[str, ...], arrays: Mapping[str, F8]
) -> Effects | None:
    """Return the cells that have indices, or nothing if none has."""
    flat = {k: np.asarray(v, np.float64).reshape(-1, len(labels)) for k, v in arrays.items()}
    with_index = np.any([np.isfinite(v).any(axis=1) for v in flat.values()], axis=0)
    if "mu_star" in flat:
        # A response that nothing moves, such as a cost where nothing is observed, tells nothing.
        with_index &= (flat["mu_star"] != 0).any(axis=1)
    if not with_index.any():
        return None
    specs = results.store.specs
    spec = specs.get(f"control/{name}") or specs[f"statistics/{name}_{next(iter(arrays))}"]
    cells = tuple(
        cell.name for cell, here in zip(all_cells(results), with_index, strict=True) if here
    )
    held = {k: noise.is_noise(noise.codes_of(flat, k))[with_index] for k in RANKED if k in flat}
    shown = {k: _without(v[with_index], held.get(k.removesuffix("_conf"))) for k, v in flat.items()}
    units, meaning = str(spec.attrs.get("units", "")), str(spec.attrs.get("long_name", ""))
    without = int((~with_index).sum())
    counts = {k: int(which.sum()) for k, which in held.items()}
    return Effects(name, units, meaning, labels, cells, without, kind(results), shown, counts)


def _without(values: F8, held: NDArray[np.bool_] | None) -> F8:
    """Return an index (cell, effect) without cells that are noise; without any, if most are."""
    if held is None:
        return values
    if held.mean() > MOST_NOISE:
        return np.full_like(values, np.nan)
    return np.where(held[:, None], np.nan, values)
