"""What the variance of stored values is due to: models, forcings, parameters, together.

Factors are models side by side, the forcings, and the samples: the factors of a full
factorial, or all parameters as one. Every cell, a location, band, year or pool, is split on its
own, some locations at a time.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.analysis.cells import read_cells
from ensemble.analysis.factorial import (
    REST,
    Subset,
    drop_failed,
    factorial,
    order_of,
    shares,
    terms_of,
)
from ensemble.analysis.indices import GROUP as INDICES
from ensemble.analysis.indices import Found, NoIndices, results, too_many_lost, whole_words
from ensemble.analysis.ranks import is_ranked, ranked
from ensemble.members.layout import Layout
from ensemble.members.reopening import open_layout
from ensemble.members.space import sums
from ensemble.members.statistics import REFUSE_ABOVE
from ensemble.store.arrays import ArraySpec
from ensemble.store.coordinates import is_copy
from ensemble.store.store import Store
from kernels import F8, I8, MODEL

Read = Callable[[slice], F8]

GROUP = "variance"
SUMS = f"{GROUP}/aggregates"

READ_BYTES = 64 << 20
"""Values that are held at a time, unless one location has more."""

PARAMETERS = "parameters"


@dataclass(frozen=True)
class Source:
    """Stored values of every member, of an output, a response or a sum over space.

    Attributes
    ----------
    name : str
    path : str
        Where its shares go, without their ending.
    place : str
        What its cells in space are: ``location``, ``band``, or nothing.
    places : int
    dims : tuple of str
        Between place and sample.
    shape : tuple of int
    read : callable
        Returns values (forcing, place, *dims, sample) at some places.
    step : int
        Places that are read at a time, where they fit.
    """

    name: str
    path: str
    place: str
    places: int
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    read: Read
    step: int = 1


class Splitter:
    """The split of a store, source by source.

    Parameters
    ----------
    store : Store
        Complete.
    layout : Layout

    Attributes
    ----------
    refused : list of str
        Where too much was lost; the shares there are NaN.
    """

    def __init__(self, store: Store, layout: Layout) -> None:
        self.store, self.layout = store, layout
        self.refused: list[str] = []
        self._buffer = np.empty(0)
        # What tells pools apart is not what their variance is due to.
        self.named = {MODEL}
        design = layout.sampler.first
        self.factors = factorial(design) or ((PARAMETERS, layout.shape[2]),)
        self.nested = "forcing" in layout.sampler.independent and layout.shape[0] > 1

    def sources(self, *, outputs: bool) -> Iterator[Source]:
        """Yield everything that is stored and may be split."""
        layout = self.layout
        if layout.keeps_responses:
            for aggregate in layout.aggregates.all:
                yield self._of_sums(aggregate)
            for name in layout.functionals:
                yield self._of_members(name, (), ())
        for name, kept in layout.outputs.items() if outputs else ():
            yield self._of_members(name, kept.dims, kept.shape)

    def _of_members(self, name: str, dims: tuple[str, ...], shape: tuple[int, ...]) -> Source:
        rows = slice(0, math.prod(shape))
        forcings, locations, samples = self.layout.shape

        def read(places: slice) -> F8:
            out = self._room((forcings, places.stop - places.start, rows.stop, samples))
            for f in range(forcings):
                read_cells(self.store, self.layout, name, f, places, rows, out[f])
            if is_ranked(self.layout, name):
                # Among all that shares are of: members of every forcing.
                together = ranked(np.moveaxis(out[:, :, 0], 0, 1).reshape(out.shape[1], -1))
                out = np.moveaxis(together.reshape(out.shape[1], forcings, -1), 1, 0)
            return out.reshape(forcings, -1, *shape, samples)

        step = self.layout.grid.axes[1].length
        return Source(name, f"{GROUP}/{name}", "location", locations, dims, shape, read, step)

    def _room(self, shape: tuple[int, ...]) -> F8:
        """Return an array in memory that is used again and again: fresh pages take longer."""
        count = math.prod(shape)
        if self._buffer.size < count:
            self._buffer = np.empty(count)
        return self._buffer[:count].reshape(shape)

    def _of_sums(self, aggregate: sums.Aggregate) -> Source:
        path = f"{sums.GROUP}/{aggregate.name}"
        spec = self.store.specs[path]
        places = spec.shape[1] if aggregate.zonal else 1
        blocks = self.layout.grid.axes[2]

        def read(some: slice) -> F8:
            shape = (spec.shape[0], some.stop - some.start, *aggregate.shape, blocks.size)
            out = np.empty(shape)
            for f, s in np.ndindex(spec.shape[0], blocks.blocks):
                index = (f, *(0,) * (len(spec.shape) - 2), s)
                chunk = self.store.read_sound(path, index)[0]
                out[f, ..., blocks.span(s)] = chunk[some] if aggregate.zonal else chunk[None]
            return out

        place = "band" if aggregate.zonal else ""
        about = (aggregate.name, f"{SUMS}/{aggregate.name}", place, places)
        return Source(*about, aggregate.dims, aggregate.shape, read, places)

    def split(self, source: Source) -> Found:
        """Return shares and levels of a source; nothing where one factor alone varies."""
        plan = _Plan(self, source)
        if len(plan.labels) < 2:
            return {}
        cells = [n for n, dim in zip(source.shape, source.dims, strict=True) if dim in plan.other]
        table = np.full((source.places, *cells, len(plan.terms)), np.nan)
        levels = np.zeros((source.places, len(plan.labels)), dtype=np.int64)
        for places in self._batches(source):
            values = source.read(places)
            # A sum is finite where all its values are, and needs no array of its own.
            good = np.isfinite(values.sum(axis=(0, *range(2, values.ndim))))
            first = places.start
            if good.any():
                some = values if good.all() else values[:, good]
                here = first + np.flatnonzero(good)
                table[here], levels[here] = plan.shares(some), plan.whole
            for k in np.flatnonzero(~good).tolist():
                at = first + k
                table[at], levels[at] = plan.without_failed(values[:, k : k + 1])
                if np.isnan(table[at]).all():
                    self._refuse(source, at, levels[at][len(plan.named) :])
        return plan.arrays(table, levels)

    def _refuse(self, source: Source, place: int, levels: I8) -> None:
        """Say what is left of a place that has lost more than a fifth of its members."""
        forcings, _, samples = self.layout.shape
        left, every = math.prod(levels.tolist()), forcings * samples
        if left < (1 - REFUSE_ABOVE) * every:
            self.refused.append(
                f"{source.name}{self._where(source, place)}: {left:,} of {every:,} members are in "
                f"whole levels {whole_words(self.layout)}"
            )

    def _where(self, source: Source, place: int) -> str:
        """Return a place of a source in words; nothing of a sum over all locations."""
        if source.place == "location":
            return f", {self.layout.experiment.locations.names[place]}"
        if source.place == "band":
            south, north = self.layout.aggregates.bands.bounds[place]
            return f", {south:g} to {north:g} degrees north"
        return ""

    def _batches(self, source: Source) -> Iterator[slice]:
        forcings, _, samples = self.layout.shape
        each = 8 * forcings * samples * math.prod(source.shape)
        step = max(1, READ_BYTES // each)
        step = step // source.step * source.step or step
        for first in range(0, source.places, step):
            yield slice(first, min(first + step, source.places))


class _Plan:
    """Which axes of a source are factors, and what its arrays are called."""

    def __init__(self, splitter: Splitter, source: Source) -> None:
        self.splitter, self.source = splitter, source
        named = [d for d in source.dims if d in splitter.named]
        sizes = dict(zip(source.dims, source.shape, strict=True))
        self.named = [d for d in named if sizes[d] > 1]
        self.other = [d for d in source.dims if d not in self.named]
        self.forcings = splitter.layout.shape[0]
        # A sample axis of one is no factor.
        self.factors = [(label, n) for label, n in splitter.factors if n > 1]
        self.whole = [sizes[d] for d in self.named]
        self.whole += [self.forcings] * (self.forcings > 1) + [n for _, n in self.factors]
        self.labels = [
            *self.named,
            *["forcing"] * (self.forcings > 1),
            *(label for label, _ in self.factors),
        ]

    @cached_property
    def nest(self) -> tuple[int, int] | None:
        """Return which factor the parameters are drawn anew for, and which the first is."""
        outer = len(self.named)
        return (outer, outer + 1) if self.splitter.nested and self.factors else None

    @cached_property
    def order(self) -> int | None:
        """Return the highest order of interaction that is told apart."""
        return order_of(len(self.labels))

    @cached_property
    def terms(self) -> dict[Subset, str]:
        """Return the terms and what they are called."""
        terms = terms_of(len(self.labels), self.order, self.nest)
        return {subset: self._label(subset) for subset in terms}

    def _label(self, subset: Subset) -> str:
        if subset == REST:
            return f"interactions of more than {self.order}"
        inner = self.nest is not None and any(f >= self.nest[1] for f in subset)
        return " x ".join(self.labels[f] for f in subset) + " within forcing" * inner

    def shares(self, values: F8, levels: tuple[int, ...] = ()) -> F8:
        """Return shares (place, *other dims, term) of (forcing, place, *dims, sample)."""
        dims = self.source.dims
        values = values.reshape(*values.shape[:-1], *(levels or [n for _, n in self.factors]))
        axes = [2 + dims.index(d) for d in self.named] + [0] * (self.forcings > 1)
        axes += [2 + len(dims) + k for k in range(len(self.factors))]
        if self.forcings == 1:
            values, axes = values[0], [a - 1 for a in axes]
        by_subset = shares(values, axes, order=self.order, nest=self.nest)
        return np.stack([by_subset[subset] for subset in self.terms], axis=-1)

    def without_failed(self, values: F8) -> tuple[F8, list[int]]:
        """Return shares and levels of one place with failed members, whole levels left out."""
        every = [n for _, n in self.factors]
        bad = ~np.isfinite(values).all(axis=tuple(range(1, values.ndim - 1)))
        which = np.arange(bad.size, dtype=np.float64).reshape(bad.shape)
        which[bad] = np.nan
        left, removed = drop_failed(which.reshape(self.forcings, *every))
        kept = [n - gone for n, gone in zip((self.forcings, *every), removed, strict=True)]
        levels = [values.shape[2 + self.source.dims.index(d)] for d in self.named]
        levels += kept[0 if self.forcings > 1 else 1 :]
        cells = [n for n, d in zip(self.source.shape, self.source.dims, strict=True)
                 if d in self.other]  # fmt: skip
        if left.size < (1 - REFUSE_ABOVE) * bad.size:
            return np.full((1, *cells, len(self.terms)), np.nan)[0], levels
        forcing, sample = np.divmod(left.astype(np.int64).reshape(kept[0], -1), bad.shape[1])
        some = values[forcing[:, 0]][..., sample[0]]
        return self.shares(some, tuple(kept[1:]))[0], levels

    def arrays(self, table: F8, levels: I8) -> Found:
        """Return the arrays of the store, and the names along their last axes."""
        source, end = self.source, "_".join(["", *self.named])
        place = (source.place,) if source.place else ()
        if not place:
            table, levels = table[0], levels[0]
        attrs = {"units": "1", "target": source.name}
        words = f"share of the variance of {source.name} over {', '.join(self.labels)}"
        count = "levels that entered the shares, without those of failed or excluded members"
        return {
            **_names(f"{GROUP}/term{end}", list(self.terms.values())),
            **_names(f"{GROUP}/axis{end}", self.labels),
            **_array(
                f"{source.path}_share",
                (*place, *self.other, f"term{end}"),
                table,
                {**attrs, "long_name": words},
            ),
            **_array(
                f"{source.path}_levels",
                (*place, f"axis{end}"),
                levels,
                {**attrs, "long_name": count, "whole": self.whole},
            ),
        }


def _array(path: str, dims: tuple[str, ...], values: NDArray[Any], attrs: dict[str, Any]) -> Found:
    fill = 0 if values.dtype.kind == "i" else math.nan
    spec = ArraySpec(path, values.dtype.name, dims, values.shape, values.shape, fill, attrs)
    return {path: (spec, values)}


def _names(path: str, names: list[str]) -> Found:
    values = np.array(names, dtype=object)
    dims = (path.rpartition("/")[2],)
    return {path: (ArraySpec(path, "string", dims, values.shape, values.shape, ""), values)}


def splits(store: Store, layout: Layout, *, outputs: bool = True) -> Found:
    """Return every array of the split of a complete store; none where nothing can be.

    Parameters
    ----------
    store : Store
    layout : Layout
    outputs : bool
        Whether outputs are split too, not only responses and sums over space.
    """
    return split(Splitter(store, layout), outputs=outputs)


def split(splitter: Splitter, *, outputs: bool = True) -> Found:
    """Return every array of a split; see `splits`. What is refused the splitter keeps."""
    arrays: Found = {}
    store = splitter.store
    for source in splitter.sources(outputs=outputs):
        arrays |= splitter.split(source)
    if any(spec.dims[:1] == ("band",) for spec, _ in arrays.values()):
        band = store.specs[f"{sums.GROUP}/band"]
        spec = ArraySpec(f"{SUMS}/band", band.dtype, band.dims, band.shape, band.shape,
                         attrs={k: v for k, v in band.attrs.items() if k != "bounds"})  # fmt: skip
        arrays[spec.path] = spec, store.read_whole(band.path)
    return arrays


def analyse(store: Store, *, outputs: bool = True) -> tuple[Found, Found]:
    """Return the design's own indices and the shares of variance; one may be empty.

    Raises
    ------
    NoIndices
        There is neither.
    PlanError
        Not finished, or too many failures.
    """
    without: NoIndices | None = None
    indices: Found = {}
    try:
        indices = results(store, outputs=outputs)
    except NoIndices as error:
        without = error
    splitter = Splitter(store, open_layout(store))
    parts = split(splitter, outputs=outputs)
    if without and not any_known(parts):
        if splitter.refused:
            raise too_many_lost(store, splitter.refused)
        # A factorial of what does not vary is analysed: its shares are dashes.
        if not (parts and factorial(splitter.layout.sampler.first)):
            raise without
    return indices, parts


def _former(store: Store) -> Found:
    """Return shares of responses as earlier versions kept them, beside the design's indices."""
    arrays: Found = {}
    for path, spec in store.specs.items():
        index, name = spec.attrs.get("index"), spec.attrs.get("response")
        if not path.startswith(f"{INDICES}/") or index not in ("variance_share", "levels"):
            continue
        word = "share" if index == "variance_share" else "levels"
        attrs = {**spec.attrs, "target": name}
        arrays[f"{GROUP}/{name}_{word}"] = replace(spec, attrs=attrs), store.read_whole(path)
        dim = spec.dims[-1]
        names = store.read_strings(f"{INDICES}/{dim}")
        arrays |= _names(f"{GROUP}/{dim}", list(names))
    return arrays


def any_known(found: Found) -> bool:
    """Return whether there are shares anywhere."""
    return any(np.isfinite(v).any() for p, (_, v) in found.items() if p.endswith("_share"))


def stored(store: Store) -> Found:
    """Return what an earlier analysis wrote; empty where it never ran."""
    arrays = _former(store)
    for path, spec in store.specs.items():
        if not path.startswith(f"{GROUP}/") or is_copy(store.specs, path):
            continue
        if spec.dtype == "string":
            arrays[path] = spec, np.array(store.read_strings(path), dtype=object)
        else:
            arrays[path] = spec, store.read_whole(path)
    return arrays
