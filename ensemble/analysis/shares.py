"""What the variance of stored values is due to: models, forcings, parameters, together.

Factors are models side by side, the forcings, and the samples: the factors of a full
factorial, or all parameters as one. Every cell, a location, band, year or pool, is split on its
own, some locations at a time.
"""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ensemble.analysis.cells import read_cells
from ensemble.analysis.factorial import drawn_rows, factorial
from ensemble.analysis.indices import GROUP as INDICES
from ensemble.analysis.indices import Found, NoIndices, results, too_many_lost, whole_words
from ensemble.analysis.ranks import is_ranked, ranked
from ensemble.analysis.scores import read_score
from ensemble.analysis.share_intervals import Spread
from ensemble.analysis.split_plan import GROUP, Plan, Source, names_of
from ensemble.members.evaluation.asked import Scored
from ensemble.members.experiment import beside
from ensemble.members.layout import Layout
from ensemble.members.reopening import open_layout
from ensemble.members.space import sums
from ensemble.members.statistics import REFUSE_ABOVE
from ensemble.store.arrays import ArraySpec
from ensemble.store.coordinates import is_copy
from ensemble.store.store import Store
from kernels import F8, I8

SUMS, SCORES = f"{GROUP}/aggregates", f"{GROUP}/evaluation"

READ_BYTES = 64 << 20
"""Values that are held at a time, unless one location has more."""

PARAMETERS = "parameters"


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
        self.named = beside(layout.experiment)
        design = layout.sampler.first
        self.factors = factorial(design) or ((PARAMETERS, layout.shape[2]),)
        self.nested = "forcing" in layout.sampler.independent and layout.shape[0] > 1
        self.own_draws = "location" in layout.sampler.independent
        # Rows of a unit of each factor; of what is not known no interval is.
        self.drawn = drawn_rows(design) or (0,) * len(self.factors)

    def sources(self, *, outputs: bool) -> Iterator[Source]:
        """Yield everything that is stored and may be split."""
        layout = self.layout
        if layout.keeps_responses:
            for aggregate in layout.aggregates.all:
                yield self._of_sums(aggregate)
            for scored in layout.evaluation.all:
                yield self._of_score(scored)
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
        places = spec.shape[1] if aggregate.dim else 1
        blocks = self.layout.grid.axes[2]

        def read(some: slice) -> F8:
            shape = (spec.shape[0], some.stop - some.start, *aggregate.shape, blocks.size)
            out = np.empty(shape)
            for f, s in np.ndindex(spec.shape[0], blocks.blocks):
                index = (f, *(0,) * (len(spec.shape) - 2), s)
                chunk = self.store.read_sound(path, index)[0]
                out[f, ..., blocks.span(s)] = chunk[some] if aggregate.dim else chunk[None]
            return out

        about = (aggregate.name, f"{SUMS}/{aggregate.name}", aggregate.dim, places)
        return Source(*about, aggregate.dims, aggregate.shape, read, places)

    def _of_score(self, scored: Scored) -> Source:
        """Return a score of the whole of its benchmark."""
        forcings = range(self.layout.shape[0])

        def read(some: slice) -> F8:
            each = [read_score(self.store, self.layout, scored.name, f)[0] for f in forcings]
            return np.stack(each).reshape(len(each), 1, *scored.shape, -1)

        about = (scored.name, f"{SCORES}/{scored.name}", "", 1)
        return Source(*about, scored.dims, scored.shape, read)

    def split(self, source: Source) -> Found:
        """Return shares and levels of a source; nothing where one factor alone varies."""
        plan = Plan(self, source)
        if len(plan.labels) < 2:
            return {}
        cells = [n for n, dim in zip(source.shape, source.dims, strict=True) if dim in plan.other]
        table = np.full((source.places, *cells, len(plan.terms)), np.nan)
        levels = np.zeros((source.places, len(plan.labels)), dtype=np.int64)
        spread = Spread(table.shape, own_draws=self.own_draws)
        for places in self._batches(source):
            values = source.read(places)
            # A sum is finite where all its values are, and needs no array of its own.
            good = np.isfinite(values.sum(axis=(0, *range(2, values.ndim))))
            first = places.start
            if good.any():
                some = values if good.all() else values[:, good]
                here = first + np.flatnonzero(good)
                table[here], levels[here] = plan.shares(some), plan.whole
                spread.add(here, plan.moves(some))
            for k in np.flatnonzero(~good).tolist():
                at = first + k
                left = plan.left_of(values[:, k : k + 1])
                levels[at] = left.levels
                if left.values is not None:
                    table[at] = plan.shares(left.values, left.shape)[0]
                    spread.add(np.array([at]), plan.moves(left.values, left))
                if np.isnan(table[at]).all():
                    self._refuse(source, at, levels[at][len(plan.named) :])
        return plan.arrays(table, levels, spread)

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
        if source.place:
            return f", {self.layout.aggregates.regions_of(source.place).labels[place]}"
        return ""

    def _batches(self, source: Source) -> Iterator[slice]:
        forcings, _, samples = self.layout.shape
        each = 8 * forcings * samples * math.prod(source.shape)
        step = max(1, READ_BYTES // each)
        step = step // source.step * source.step or step
        for first in range(0, source.places, step):
            yield slice(first, min(first + step, source.places))


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
    regions = {*filter(None, splitter.layout.aggregates.kinds().values())} if arrays else set()
    for dim in sorted(regions & {spec.dims[0] for spec, _ in arrays.values() if spec.dims}):
        known = store.specs[f"{sums.GROUP}/{dim}"]
        if known.dtype == "string":
            arrays |= names_of(f"{SUMS}/{dim}", list(store.read_strings(known.path)))
            continue
        spec = ArraySpec(f"{SUMS}/{dim}", known.dtype, known.dims, known.shape, known.shape,
                         attrs={k: v for k, v in known.attrs.items() if k != "bounds"})  # fmt: skip
        arrays[spec.path] = spec, store.read_whole(known.path)
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
        arrays |= names_of(f"{GROUP}/{dim}", list(names))
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
