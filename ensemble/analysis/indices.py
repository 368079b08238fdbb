"""Analyse a finished run: the design's own indices, and variance shares of a factorial.

A failed member never biases an index silently: it removes its whole Morris trajectory or
Saltelli row, and whole levels of a factorial; so does one that ``limits:`` excludes. What is left
is stored beside the indices, and where more than a fifth is lost there is no index.
"""

import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.analysis import shares as splitting
from ensemble.analysis.cells import read_cells
from ensemble.analysis.factorial import (
    REST,
    Subset,
    drop_failed,
    factorial,
    order_of,
    shares,
    subsets,
)
from ensemble.errors import PlanError
from ensemble.members.layout import Keep, Layout
from ensemble.members.limits import left_out, remedy
from ensemble.members.reopening import open_layout
from ensemble.members.statistics import REFUSE_ABOVE
from ensemble.store.arrays import ArraySpec
from ensemble.store.coordinates import is_copy
from ensemble.store.store import Store, add_arrays, read
from ensemble.tables.indices import output_tables, row_tables
from ensemble.tables.responses import analysis_tables
from ensemble.tables.shares import variance_tables
from kernels import F8, OK

Found = dict[str, tuple[ArraySpec, NDArray[Any]]]

READ_BYTES = 256 << 20
"""Responses of all forcings that are held at a time, bytes."""


class NoIndices(PlanError):
    """What is stored, or the design, has no indices of its own; the run is complete."""


def analyze_store(path: Path, *, every_row: bool = False) -> list[dict[str, Any]]:
    """Compute, store and return the analysis of all that is stored.

    The design's own indices go to ``sensitivity/``, shares of variance of models, forcings and
    parameters to ``variance/``.

    Parameters
    ----------
    path : Path
        A finished run that keeps responses or outputs.
    every_row : bool
        Whether the tables tell of each layer and year of outputs, and not of their means
        alone; the store holds all in any case.

    Returns
    -------
    list of dict
        Tables of text: title, header, rows, notes.

    Raises
    ------
    PlanError
        Not finished, nothing kept, too many failures, or a design without analysis.
    """
    store = read(path)
    found, split = _both(store)
    # What an earlier analysis had and this one has not would be the work of other code.
    every = {**found, **split}
    ours = (f"{splitting.GROUP}/", "sensitivity/")
    left = {p: s for p, s in store.specs.items() if p in every or not p.startswith(ours)}
    grown = add_arrays(replace(store, specs=left), every)
    for stale in store.specs.keys() - grown.specs.keys():
        store.root.remove_folder(stale)
    tables = [*analysis_tables(store, found), *output_tables(store, found)]
    if every_row:
        tables += row_tables(store, found)
    tables += variance_tables(store, split)
    return [
        {"title": t.title, "header": t.header, "rows": t.rows, "notes": t.notes} for t in tables
    ]


def _both(store: Store) -> tuple[Found, Found]:
    """Return the design's own indices and the shares of variance; one may be empty."""
    try:
        found = results(store)
    except NoIndices:
        layout = open_layout(store)
        split = splitting.splits(store, layout)
        if not splitting.any_known(split):
            raise
        return {}, split
    return found, splitting.splits(store, open_layout(store))


def _ours(path: str) -> bool:
    return path.startswith("sensitivity/")


def stored(store: Store) -> Found:
    """Return what an earlier `analyze_store` wrote; empty where it never ran."""
    found: Found = {}
    for path, spec in store.specs.items():
        if is_copy(store.specs, path):
            continue
        if _ours(path) and spec.dtype == "string":
            found[path] = spec, np.array(store.read_strings(path), dtype=object)
        elif _ours(path):
            found[path] = spec, store.read_whole(path)
    return found


def results(store: Store, *, outputs: bool = True) -> Found:
    """Return every array of the analysis, of responses alone or of outputs too.

    Raises as `analyze_store`.
    """
    layout = open_layout(store)
    path, done = store.path, len(store.committed())
    if done < layout.grid.blocks:
        raise PlanError(
            f"{path}: {done}/{layout.grid.blocks} blocks are committed; run it to the end"
        )
    own = bool(layout.sampler.first.attributes.get("effects"))
    kept = list(layout.outputs) if own and outputs else []
    responses = list(layout.functionals) if layout.keeps_responses else []
    if not (responses or kept):
        raise NoIndices(f"{path}: {_nothing(layout)}")
    analysis = _Analysis(store, layout)
    for name in responses:
        analysis.add(name)
    for name in kept:
        analysis.add_output(name)
    if not analysis.found:
        method = layout.sampler.first.attributes["method"]
        raise NoIndices(
            f"{path}: a {method} design has no indices of its own; use a cross, morris or sobol"
        )
    if not analysis.accepted:
        listed = "\n".join(f"  - {text}" for text in analysis.refused[:5])
        raise PlanError(f"{path}: too many members {_are_lost(store)}; {remedy(store)}\n{listed}")
    return analysis.found


def _are_lost(store: Store) -> str:
    """Return what became of the members that indices lack."""
    committed = store.committed()
    failed = any(code != OK for entry in committed.values() for code in entry.status)
    excluded = left_out(committed) > 0
    return (
        "failed or are excluded"
        if failed and excluded
        else ("are excluded" if excluded else "failed")
    )


def indices_of(store: Store, names: Iterable[str]) -> Found:
    """Return the arrays of some responses and outputs; indices that are lost are NaN."""
    layout = open_layout(store)
    analysis = _Analysis(store, layout)
    for name in names:
        (analysis.add if name in layout.functionals else analysis.add_output)(name)
    return analysis.found


def _nothing(layout: Layout) -> str:
    """Return why there is nothing to analyse, and what to do."""
    if layout.in_units:
        return "keeps no member; its indices were computed inside the run and are in statistics/"
    inside = "or ask for indices inside the run, such as statistics: {NAME: [mu_star]} or [S1, ST]"
    if layout.functionals:
        many = f"{layout.sampler.size:,} samples are too many to keep responses"
        return f"{many}; keep outputs:, {inside}"
    return f"nothing to analyse; name responses: in the scenario, {inside}"


class _Analysis:
    """The analysis of a store, response by response.

    Attributes
    ----------
    found : dict
        Arrays, by path.
    refused : list of str
        Where too much was lost; the indices there are NaN.
    accepted : bool
        Whether it was not so everywhere.
    """

    def __init__(self, store: Store, layout: Layout) -> None:
        self.store = store
        self.layout = layout
        self.design = layout.sampler.first
        self.independent = layout.sampler.independent
        self.found: Found = {}
        self.refused: list[str] = []
        self.accepted = False
        self._opened = lru_cache(maxsize=8)(layout.setup.design)
        many = layout.shape[0] > 1
        self.axes = ((("forcing", layout.shape[0]),) if many else ()) + factorial(self.design)
        self.nested = many and "forcing" in self.independent
        excluded = layout.excluding
        self.whole = "without a failed or excluded member" if excluded else "without failure"
        self.crossed = bool(factorial(self.design)) and len(self.axes) > 1

    def add(self, name: str) -> None:
        """Analyse one response, some locations at a time."""
        parts: dict[str, list[NDArray[Any]]] = {}
        for places in self._batches():
            values = self._read(name, places)
            for index, array in self._indices(name, values, places).items():
                parts.setdefault(index, []).append(array)
            if self.crossed:
                for index, array in self._variance(name, values, places).items():
                    parts.setdefault(index, []).append(array)
        for index, arrays in parts.items():
            over = 0 if index in ("variance_share", "levels") else 1
            self._keep(name, index, np.concatenate(arrays, axis=over))

    def add_output(self, name: str) -> None:
        """Analyse every cell of an output, some locations and rows at a time."""
        kept = self.layout.outputs[name]
        forcings, locations, samples = self.layout.shape
        count = math.prod(kept.shape)
        deep = max(1, READ_BYTES // (8 * samples * count))
        wide = max(1, READ_BYTES // (8 * samples))
        whole: dict[str, F8] = {}
        for f, first in itertools.product(range(forcings), range(0, locations, deep)):
            places = slice(first, min(first + deep, locations))
            for start in range(0, count, wide):
                rows = slice(start, min(start + wide, count))
                values = read_cells(self.store, self.layout, name, f, places, rows)
                for index, array in self._one_forcing(f, values, places).items():
                    shape = (forcings, locations, count, *array.shape[2:])
                    whole.setdefault(index, np.empty(shape))[f, places, rows] = array
        self._drop_lost(name, whole)
        for index, array in whole.items():
            shape = (forcings, locations, *kept.shape, *array.shape[3:])
            self._keep(name, index, array.reshape(shape), kept)

    def _drop_lost(self, name: str, whole: dict[str, F8]) -> None:
        """Blank the indices of cells that have lost too much, and say where."""
        units = self.design.size // self.design.rows_together
        left = whole["effective"].min(axis=-1)
        lost = left < (1 - REFUSE_ABOVE) * units
        for f, k in np.argwhere(lost.any(axis=-1)):
            text = (
                f"{lost[f, k].sum():,} of {lost.shape[-1]:,} cells have too few of {units:,} units"
            )
            where = self._where(name, k, f)
            self.refused.append(f"{where}: {text} {self.whole}, at worst {left[f, k].min():,.0f}")
        for index, array in whole.items():
            if index != "effective":
                array[lost] = np.nan
        self.accepted |= not lost.all()

    def _batches(self) -> Iterator[slice]:
        forcings, locations, samples = self.layout.shape
        step = max(1, READ_BYTES // (8 * forcings * samples))
        for first in range(0, locations, step):
            yield slice(first, min(first + step, locations))

    def _read(self, name: str, places: slice) -> F8:
        """Return a response at some locations, (forcing, location, sample)."""
        forcings, one = range(self.layout.shape[0]), slice(0, 1)
        parts = (read_cells(self.store, self.layout, name, f, places, one) for f in forcings)
        return np.stack([part[:, 0] for part in parts])

    def _indices(self, name: str, values: F8, places: slice) -> dict[str, F8]:
        """Return the design's own indices, each (forcing, location, effect, ...)."""
        rows = [self._one_forcing(f, part, places) for f, part in enumerate(values)]
        found = {index: np.stack([row[index] for row in rows]) for index in rows[0]}
        if not found:
            return {}
        whole = self.design.size // self.design.rows_together
        left = found["effective"].min(axis=-1)
        lost = left < (1 - REFUSE_ABOVE) * whole
        for f, k in np.argwhere(lost):
            where = self._where(name, places.start + k, f)
            kind = f"units of {self.design.rows_together} members"
            self.refused.append(f"{where}: {left[f, k]:,.0f} of {whole:,} {kind} are {self.whole}")
        for index, array in found.items():
            if index != "effective":
                array[lost] = np.nan
        self.accepted |= not lost.all()
        return found

    def _one_forcing(self, forcing: int, values: F8, places: slice) -> dict[str, F8]:
        """Return the indices (location, effect, ...) by the design that made these rows."""
        f = forcing if "forcing" in self.independent else 0
        if "location" not in self.independent:
            return self._opened(f, 0).analyze(values)
        each = [self._opened(f, places.start + k).analyze(v) for k, v in enumerate(values)]
        return {index: np.stack([row[index] for row in each]) for index in each[0]}

    def _where(self, name: str, place: int, forcing: int | None = None) -> str:
        parts = [name] if forcing is None else [name, self.layout.setup.forcings[forcing]]
        return ", ".join([*parts, self.layout.setup.locations.names[place]])

    @cached_property
    def _order(self) -> int | None:
        """Return the highest order of interaction told apart; None for all."""
        return order_of(len(self.axes) - self.nested)

    @cached_property
    def terms(self) -> dict[Subset, str]:
        """Return the terms of the variance and what they are called."""
        return {s: self._label(s) for s in subsets(len(self.axes), self._order, nested=self.nested)}

    def _label(self, subset: Subset) -> str:
        if subset == REST:
            return f"interactions of more than {self._order}"
        within = " within forcing" if self.nested and subset != (0,) else ""
        return " x ".join(self.axes[a][0] for a in subset) + within

    def _variance(self, name: str, values: F8, places: slice) -> dict[str, NDArray[Any]]:
        """Return shares (location, term) and the levels that entered (location, factor)."""
        units = [n for _, n in factorial(self.design)]
        depth = values.shape[1]
        table = np.full((depth, len(self.terms)), np.nan)
        levels = np.zeros((depth, len(self.axes)), dtype=np.int64)
        for k in range(depth):
            cube, _ = drop_failed(values[:, k].reshape(-1, *units))
            levels[k] = cube.shape if len(values) > 1 else cube.shape[1:]
            if cube.size < (1 - REFUSE_ABOVE) * values[:, k].size:
                where = self._where(name, places.start + k)
                text = f"{cube.size:,} of {values[:, k].size:,} members are in whole levels"
                self.refused.append(f"{where}: {text} {self.whole}")
                continue
            self.accepted = True
            cube = cube if len(values) > 1 else cube[0]
            parts = shares(cube, order=self._order, nested=self.nested)
            table[k] = [parts[subset] for subset in self.terms]
        return {"variance_share": table, "levels": levels}

    def _keep(self, name: str, index: str, array: NDArray[Any], output: Keep | None = None) -> None:
        """Add an array and the names of its last axes."""
        path = f"sensitivity/{name}_{index}"
        about: dict[str, Any] = {"response" if output is None else "output": name, "index": index}
        dims: tuple[str, ...]
        if index == "variance_share":
            dims, units = ("location", "term"), "1"
            about["long_name"] = f"share of the variance of {name}, over samples and forcings"
            self._name("term", list(self.terms.values()))
        elif index == "levels":
            dims, units = ("location", "axis"), "1"
            about["long_name"] = (
                f"levels that entered the shares of {name}, all of whose members did"
            )
            about["whole"] = [n for _, n in self.axes]
            self._name("axis", [label for label, _ in self.axes])
        else:
            middle = () if output is None else output.dims
            dims = ("forcing", "location", *middle, "effect", "effect_2")[: array.ndim]
            same = index.removesuffix("_conf") in ("mu", "mu_star", "sigma")
            target = self.layout.functionals[name] if output is None else output.variable
            units = target.units if same else "1"
            about["long_name"] = f"{_meaning(index)} of {name}"
            if index == "effective":
                about["whole"] = self.design.size // self.design.rows_together
            for axis in dims[2 + len(middle) :]:
                self._name(axis, self._effects(array.shape[-1]))
        fill = 0 if array.dtype.kind == "i" else float("nan")
        attrs = {"units": units, **about}
        spec = ArraySpec(path, array.dtype.name, dims, array.shape, array.shape, fill, attrs)
        self.found[path] = spec, array

    def _effects(self, count: int) -> list[str]:
        """Return what the last axis of the design's indices is called."""
        attributes = self.design.attributes
        labels = list(attributes.get("effects") or self.design.parameters)
        assert len(labels) == count, f"{len(labels)} labels {labels} for {count} effects"
        return labels

    def _name(self, dim: str, names: list[str]) -> None:
        values = np.array(names, dtype=object)
        spec = ArraySpec(f"sensitivity/{dim}", "string", (dim,), values.shape, values.shape, "")
        self.found[spec.path] = spec, values


MEANINGS = {
    "S1": "first-order Sobol index",
    "ST": "total Sobol index",
    "S2": "second-order Sobol index",
    "mu": "mean elementary effect",
    "mu_star": "mean absolute elementary effect",
    "sigma": "standard deviation of the elementary effects",
    "theta": "importance beside the other parameters, sqrt(mu^2 + sigma^2) over its deviation,",
    "effective": "units without a failed or excluded member, which entered the indices",
}


def _meaning(index: str) -> str:
    plain = index.removesuffix("_conf")
    words = MEANINGS.get(plain, plain)
    return f"half width of the interval of the {words}" if plain != index else words
